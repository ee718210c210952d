#include "bundle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "ctl.h"
#include "withhold.h"

static const char *const left_out[] = {
	"the content of objects: of a tenant's object there are its names, versions and reasons, never spec, data, labels or annotations",
	"messages about single objects, which may quote their values",
	"kubeconfig files, tokens and keys: of credentials there are the server's host, their kind, and fingerprint and end of "
	"certificates",
	"environment variables",
};

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

void ctl_bundle_init(struct ctl_bundle *bundle)
{
	char now[21];
	size_t at;

	*bundle = (struct ctl_bundle){.count = 0};
	sy_time_format(time(NULL), now);
	at = strlcpy(bundle->title, "syncerd-diagnose-", sizeof(bundle->title));
	for (const char *c = now; *c; c++)
		if (*c != '-' && *c != ':')
			bundle->title[at++] = *c;
	bundle->title[at] = '\0';
}

void ctl_bundle_done(struct ctl_bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++)
		free(bundle->files[i].data);
	for (size_t i = 0; i < bundle->note_count; i++)
		free(bundle->notes[i].why);
	free(bundle->files);
	free(bundle->notes);
	*bundle = (struct ctl_bundle){.count = 0};
}

static void add_note(struct ctl_bundle *bundle, bool missing, const char *name, const char *fmt, va_list ap)
{
	struct ctl_bundle_note *notes = reallocarray(bundle->notes, bundle->note_count + 1, sizeof(*notes));
	struct ctl_bundle_note *note;
	char *why = NULL;

	if (!notes)
		out_of_memory();
	bundle->notes = notes;
	note = &notes[bundle->note_count++];
	*note = (struct ctl_bundle_note){.missing = missing};
	(void)strlcpy(note->name, name, sizeof(note->name));
	if (vasprintf(&why, fmt, ap) < 0)
		out_of_memory();
	note->why = ctl_without_values(why);
	free(why);
}

void ctl_bundle_missing(struct ctl_bundle *bundle, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(bundle, true, name, fmt, ap);
	va_end(ap);
}

void ctl_bundle_absent(struct ctl_bundle *bundle, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(bundle, false, name, fmt, ap);
	va_end(ap);
}

bool ctl_bundle_complete(const struct ctl_bundle *bundle)
{
	for (size_t i = 0; i < bundle->note_count; i++)
		if (bundle->notes[i].missing)
			return false;
	return true;
}

void ctl_bundle_add(struct ctl_bundle *bundle, const char *name, const char *data, size_t len)
{
	struct ctl_bundle_file *files, *file;

	if (len > CTL_BUNDLE_BYTES - bundle->bytes) {
		ctl_bundle_missing(bundle, name, "%zu bytes are more than what is left of %u for all files", len, CTL_BUNDLE_BYTES);
		return;
	}
	files = reallocarray(bundle->files, bundle->count + 1, sizeof(*files));
	if (!files)
		out_of_memory();
	bundle->files = files;
	file = &files[bundle->count++];
	*file = (struct ctl_bundle_file){.data = malloc(len + 1), .len = len};
	if (!file->data)
		out_of_memory();
	memcpy(file->data, data, len);
	file->data[len] = '\0';
	(void)strlcpy(file->name, name, sizeof(file->name));
	bundle->bytes += len;
}

void ctl_bundle_add_json(struct ctl_bundle *bundle, const char *name, json_object *value)
{
	const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		out_of_memory();
	ctl_bundle_add(bundle, name, text, strlen(text));
}

static void append(json_object *array, json_object *item)
{
	if (!array || !item || json_object_array_add(array, item) < 0)
		out_of_memory();
}

static json_object *notes_value(const struct ctl_bundle *bundle, bool missing)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < bundle->note_count; i++) {
		json_object *item;

		if (bundle->notes[i].missing != missing)
			continue;
		item = ctl_args("name", bundle->notes[i].name);
		ctl_args_add(item, "why", json_object_new_string(bundle->notes[i].why));
		append(list, item);
	}
	return list;
}

json_object *ctl_bundle_manifest(const struct ctl_bundle *bundle)
{
	json_object *out = ctl_args("title", bundle->title), *files = json_object_new_array(), *kept_back = json_object_new_array();

	ctl_args_add(out, "syncerctl", json_object_new_string(SY_VERSION));
	ctl_args_add(out, "bytes", json_object_new_int64((int64_t)bundle->bytes));
	ctl_args_add(out, "bytesAtMost", json_object_new_int64(CTL_BUNDLE_BYTES));
	for (size_t i = 0; i < bundle->count; i++) {
		json_object *item = ctl_args("name", bundle->files[i].name);

		ctl_args_add(item, "bytes", json_object_new_int64((int64_t)bundle->files[i].len));
		append(files, item);
	}
	ctl_args_add(out, "files", files);
	ctl_args_add(out, "missing", notes_value(bundle, true));
	ctl_args_add(out, "absent", notes_value(bundle, false));
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		append(kept_back, json_object_new_string(left_out[i]));
	ctl_args_add(out, "leftOutAlways", kept_back);
	return out;
}
