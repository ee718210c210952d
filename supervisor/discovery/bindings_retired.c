/* URLs of retired exports that stay out of reach: nothing can be released there any more, so nothing waits for them after the grace time. */
#include <string.h>

#include "base/log.h"
#include "supervisor/discovery/bindings_reader.h"

bool sy_bindings_readable(const struct sy_export *export)
{
	return export->state == SY_EXPORT_READY && export->slice_state == SY_EXPORT_READY;
}

/* Refused, or not there any more. What is named in the SyncTarget may come back from that; what is not, nobody wants back. */
static bool out_of_reach(const struct sy_bindings_reader *reader)
{
	enum sy_kube_verdict verdict = sy_reflector_verdict(reader->reflector);

	if (sy_reflector_state(reader->reflector) != SY_REFLECTOR_FAILING)
		return false;
	/* kcp answers 500 for the virtual workspace of an export that was deleted. */
	return verdict == SY_KUBE_FORBIDDEN || verdict == SY_KUBE_NOT_FOUND || verdict == SY_KUBE_NOT_SERVED ||
	       (verdict == SY_KUBE_SERVER_ERROR && reader->export->state == SY_EXPORT_NOT_FOUND);
}

/* It is named again: whether its consumers are there, the next list tells. */
static void take_back(struct sy_bindings *bindings, struct sy_bindings_reader *reader)
{
	for (size_t i = 0; reader->given_up && i < bindings->count; i++) {
		struct sy_binding *binding = bindings->items[i];

		if (binding->export == reader->export && strcmp(binding->url, reader->url) == 0)
			binding->gone = false;
	}
	reader->refused_since_ms = 0;
	reader->probed = reader->given_up = false;
}

static void give_up(struct sy_bindings *bindings, struct sy_bindings_reader *reader)
{
	sy_warn(NULL,
		"export %s is not named any more, and %s cannot be read: its workspaces count as gone, what they hold keeps our finalizer",
		reader->export->label, reader->url);
	reader->given_up = true;
	sy_bindings_url_gone(bindings, reader->export, reader->url);
}

void sy_bindings_look_at_retired(struct sy_bindings *bindings)
{
	int64_t now = sy_loop_now_ms(bindings->loop);

	for (size_t i = 0; i < bindings->reader_count; i++) {
		struct sy_bindings_reader *reader = bindings->readers[i];

		if (!reader->export->retired) {
			take_back(bindings, reader);
			continue;
		}
		if (!sy_bindings_readable(reader->export) && !reader->probed)
			sy_reflector_relist(reader->reflector);
		reader->probed = !sy_bindings_readable(reader->export);
		if (!out_of_reach(reader))
			reader->refused_since_ms = 0;
		else if (reader->refused_since_ms == 0)
			reader->refused_since_ms = now ? now : 1;
		if (reader->refused_since_ms == 0 || reader->given_up)
			continue;
		if (now - reader->refused_since_ms >= bindings->timings->gone_ms)
			give_up(bindings, reader);
		else
			sy_bindings_plan_tick(bindings, bindings->timings->gone_ms - (now - reader->refused_since_ms));
	}
}
