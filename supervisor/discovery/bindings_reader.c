#include "supervisor/discovery/bindings_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kcp/ids.h"

static void reader_free(struct sy_bindings_reader *reader)
{
	if (!reader)
		return;
	sy_reflector_free(reader->reflector);
	free(reader->url);
	free(reader);
}

static void reader_begin(void *arg)
{
	struct sy_bindings_reader *reader = arg;

	sy_bindings_list_begin(reader->owner, reader->export, reader->url);
}

static void reader_event(void *arg, enum sy_reflector_event type, json_object *object, const char *raw, size_t raw_len)
{
	struct sy_bindings_reader *reader = arg;
	struct sy_error err = {0};

	(void)raw;
	(void)raw_len;
	if (sy_bindings_take(reader->owner, reader->export, reader->url, type == SY_DELETED, object, &err) < 0)
		sy_warn(NULL, "APIBinding of export %s: %s", reader->export->label, err.text);
	reader->owner->changed(reader->owner->arg);
}

static void reader_synced(void *arg)
{
	struct sy_bindings_reader *reader = arg;

	reader->listed = true;
	reader->given_up = false;
	sy_bindings_list_end(reader->owner, reader->export, reader->url);
	reader->owner->changed(reader->owner->arg);
}

static void reader_state(void *arg, enum sy_reflector_state state, const struct sy_kube_result *result)
{
	struct sy_bindings_reader *reader = arg;

	/* While the slice does not name the URL, its 404 and 403 are what we expect. */
	if (state == SY_REFLECTOR_FAILING && result && reader->lost_since_ms == 0)
		sy_warn(NULL, "reading APIBindings of export %s: %s", reader->export->label, result->message);
	reader->owner->changed(reader->owner->arg);
}

static void reader_broken(void *arg, const struct sy_reflector_broken *broken)
{
	struct sy_bindings_reader *reader = arg;
	const char *name = sy_json_str(broken->about, "metadata", "name", NULL);
	const char *cluster = sy_json_str(broken->about, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);

	sy_warn(&(struct sy_log_ref){.cluster = cluster}, "APIBinding %s of export %s cannot be read: %s", name ? name : "without a name",
		reader->export->label, broken->why->text);
	sy_bindings_take_broken(reader->owner, reader->export, reader->url, broken->type == SY_DELETED, broken->about);
	reader->owner->changed(reader->owner->arg);
}

static const struct sy_reflector_ops reader_ops = {reader_begin, reader_event, reader_synced, reader_state};

static int reader_new(struct sy_bindings *bindings, struct sy_export *export, const char *url, struct sy_error *err)
{
	struct sy_reflector_spec spec = {.gvr = {"apis.kcp.io", "v1alpha2", "apibindings"}, .broken = reader_broken};
	struct sy_bindings_reader **readers, *reader;
	struct sy_buf base;
	int r;

	readers = reallocarray(bindings->readers, bindings->reader_count + 1, sizeof(struct sy_bindings_reader *));
	if (!readers)
		return sy_error_oom(err);
	bindings->readers = readers;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return sy_error_oom(err);
	reader->owner = bindings;
	reader->export = export;
	reader->url = strdup(url);
	sy_buf_init(&base, 4096);
	r = reader->url && sy_buf_printf(&base, "%s/clusters/*", url) == 0 ? 0 : sy_error_oom(err);
	spec.base = sy_buf_str(&base);
	if (r == 0)
		r = sy_reflector_new(&reader->reflector, bindings->kube, &spec, &reader_ops, reader, err);
	sy_buf_done(&base);
	if (r < 0) {
		reader_free(reader);
		return r;
	}
	readers[bindings->reader_count++] = reader;
	return 0;
}

static void remove_reader(struct sy_bindings *bindings, size_t index)
{
	reader_free(bindings->readers[index]);
	for (size_t i = index + 1; i < bindings->reader_count; i++)
		bindings->readers[i - 1] = bindings->readers[i];
	bindings->reader_count--;
}

void sy_bindings_close_readers(struct sy_bindings *bindings, const struct sy_export *export)
{
	for (size_t i = bindings->reader_count; i > 0; i--) {
		if (bindings->readers[i - 1]->export != export)
			continue;
		sy_bindings_forget_url(bindings, bindings->readers[i - 1]->url);
		remove_reader(bindings, i - 1);
	}
}

void sy_bindings_plan_tick(struct sy_bindings *bindings, int64_t delay_ms)
{
	int64_t at = sy_loop_now_ms(bindings->loop) + delay_ms;

	if (sy_timer_active(bindings->tick) && bindings->tick_at_ms <= at)
		return;
	bindings->tick_at_ms = at;
	sy_timer_start(bindings->tick, delay_ms);
}

/* A URL that its slice no longer names: after the grace time, and only while export and slice can be read, its consumers are gone. */
static void look_at_lost(struct sy_bindings *bindings)
{
	int64_t now = sy_loop_now_ms(bindings->loop);

	for (size_t i = bindings->reader_count; i > 0; i--) {
		struct sy_bindings_reader *reader = bindings->readers[i - 1];

		if (reader->lost_since_ms == 0)
			continue;
		if (!sy_bindings_readable(reader->export)) {
			reader->lost_since_ms = now; /* the minute starts anew when it is readable again */
			sy_bindings_plan_tick(bindings, bindings->timings->gone_ms);
			continue;
		}
		if (now - reader->lost_since_ms < bindings->timings->gone_ms) {
			sy_bindings_plan_tick(bindings, bindings->timings->gone_ms - (now - reader->lost_since_ms));
			continue;
		}
		sy_bindings_url_gone(bindings, reader->export, reader->url);
		sy_bindings_forget_url(bindings, reader->url);
		remove_reader(bindings, i - 1);
	}
}

static bool has_missing(const struct sy_bindings *bindings, const struct sy_bindings_reader *reader)
{
	for (size_t i = 0; i < bindings->count; i++) {
		const struct sy_binding *binding = bindings->items[i];

		if (binding->export == reader->export && (binding->missing_since_ms || binding->deleted) && !binding->gone &&
		    strcmp(binding->url, reader->url) == 0)
			return true;
	}
	return false;
}

static bool has_full(const struct sy_bindings *bindings, const struct sy_bindings_reader *reader)
{
	for (size_t i = 0; i < bindings->full_count; i++) {
		if (strcmp(bindings->full[i].url, reader->url) == 0)
			return true;
	}
	return false;
}

static void tick(void *arg)
{
	struct sy_bindings *bindings = arg;

	look_at_lost(bindings);
	sy_bindings_look_at_retired(bindings);
	for (size_t i = 0; i < bindings->reader_count; i++) {
		const struct sy_bindings_reader *reader = bindings->readers[i];

		if (has_missing(bindings, reader) || has_full(bindings, reader) || sy_bindings_untaken(bindings, reader->url))
			sy_reflector_relist(reader->reflector);
	}
	bindings->changed(bindings->arg);
}

int sy_bindings_new(struct sy_bindings **ret_bindings, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		    sy_loop_fn *changed, void *arg, struct sy_error *err)
{
	struct sy_bindings *bindings = calloc(1, sizeof(*bindings));
	int r;

	if (!bindings)
		return sy_error_oom(err);
	*bindings = (struct sy_bindings){.loop = loop, .kube = kube, .timings = timings, .changed = changed, .arg = arg};
	r = sy_timer_new(&bindings->tick, loop, tick, bindings, err);
	if (r < 0) {
		free(bindings);
		return r;
	}
	*ret_bindings = bindings;
	return 0;
}

void sy_bindings_free(struct sy_bindings *bindings)
{
	if (!bindings)
		return;
	while (bindings->reader_count > 0)
		remove_reader(bindings, bindings->reader_count - 1);
	while (bindings->count > 0)
		sy_bindings_forget_export(bindings, bindings->items[0]->export);
	sy_timer_free(bindings->tick);
	sy_strv_done(&bindings->untaken);
	sy_strv_done(&bindings->cut);
	sy_bindings_room_done(bindings);
	sy_strv_done(&bindings->allowed);
	free(bindings->readers);
	free(bindings->items);
	free(bindings);
}

static struct sy_bindings_reader *find_reader(const struct sy_bindings *bindings, const struct sy_export *export, const char *url)
{
	for (size_t i = 0; i < bindings->reader_count; i++) {
		if (bindings->readers[i]->export == export && strcmp(bindings->readers[i]->url, url) == 0)
			return bindings->readers[i];
	}
	return NULL;
}

void sy_bindings_merge_readers(struct sy_bindings *bindings, const struct sy_export *from, struct sy_export *into)
{
	for (size_t i = bindings->reader_count; i > 0; i--) {
		struct sy_bindings_reader *reader = bindings->readers[i - 1];

		if (reader->export != from)
			continue;
		if (find_reader(bindings, into, reader->url))
			remove_reader(bindings, i - 1);
		else
			reader->export = into;
	}
}

static void mark_lost(struct sy_bindings *bindings)
{
	for (size_t i = 0; i < bindings->reader_count; i++) {
		struct sy_bindings_reader *reader = bindings->readers[i];
		bool named = sy_strv_has(&reader->export->urls, reader->url);

		if (named && reader->lost_since_ms) {
			reader->lost_since_ms = 0;
			sy_reflector_kick(reader->reflector);
		} else if (!named && reader->lost_since_ms == 0) {
			reader->lost_since_ms = sy_loop_now_ms(bindings->loop);
			if (reader->lost_since_ms == 0)
				reader->lost_since_ms = 1;
			sy_bindings_plan_tick(bindings, bindings->timings->gone_ms);
		}
	}
}

int sy_bindings_follow(struct sy_bindings *bindings, const struct sy_exports *exports, struct sy_error *err)
{
	for (size_t i = 0; i < sy_exports_count(exports); i++) {
		struct sy_export *export = sy_exports_at(exports, i);

		for (size_t j = 0; j < export->urls.count; j++) {
			int r = 0;

			if (!find_reader(bindings, export, export->urls.items[j]))
				r = reader_new(bindings, export, export->urls.items[j], err);
			if (r < 0)
				return r;
		}
	}
	mark_lost(bindings);
	sy_bindings_look_at_retired(bindings);
	return 0;
}

static bool reader_failing(const struct sy_bindings_reader *reader)
{
	return reader->lost_since_ms == 0 && !reader->given_up && sy_reflector_state(reader->reflector) == SY_REFLECTOR_FAILING;
}

bool sy_bindings_complete(const struct sy_bindings *bindings, const struct sy_exports *exports)
{
	for (size_t i = 0; i < sy_exports_count(exports); i++) {
		const struct sy_export *export = sy_exports_at(exports, i);

		/* What a retired export has is only what its URLs still show. */
		if (!sy_bindings_readable(export) && !export->retired)
			return false;
		for (size_t j = 0; j < export->urls.count; j++) {
			const struct sy_bindings_reader *reader = find_reader(bindings, export, export->urls.items[j]);

			if (reader && reader->given_up)
				continue;
			if (!reader || !reader->listed || reader_failing(reader) || sy_bindings_untaken(bindings, reader->url))
				return false;
		}
	}
	return true;
}

bool sy_bindings_failing(const struct sy_bindings *bindings)
{
	return sy_bindings_verdict(bindings) != SY_KUBE_OK;
}

enum sy_kube_verdict sy_bindings_verdict(const struct sy_bindings *bindings)
{
	enum sy_kube_verdict worst = SY_KUBE_OK;

	for (size_t i = 0; i < bindings->reader_count; i++) {
		enum sy_kube_verdict verdict = sy_reflector_verdict(bindings->readers[i]->reflector);

		if (reader_failing(bindings->readers[i]) && verdict > worst)
			worst = verdict;
	}
	return worst;
}

int sy_bindings_failing_urls(const struct sy_bindings *bindings, enum sy_kube_verdict verdict, struct sy_strv *urls)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < bindings->reader_count; i++) {
		const struct sy_bindings_reader *reader = bindings->readers[i];

		if (reader_failing(reader) && (verdict == SY_KUBE_OK || sy_reflector_verdict(reader->reflector) == verdict))
			r = sy_strv_add_new(urls, reader->url, NULL);
	}
	return r;
}
