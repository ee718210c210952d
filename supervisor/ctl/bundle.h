/* What `syncerctl diagnose` has collected: small files in memory, what could not be had and why, and how all of it is written. Functions that
 * add exit when memory is short. */
#ifndef SY_CTL_BUNDLE_H
#define SY_CTL_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "json/json.h"

#define CTL_BUNDLE_BYTES (64u * 1024 * 1024) /* of all files together, before they are compressed */
#define CTL_BUNDLE_NAME 192

struct ctl_bundle_file {
	char name[CTL_BUNDLE_NAME]; /* "status.json", "workers/1abc-dump.json": at most one folder deep */
	char *data;
	size_t len;
};

struct ctl_bundle_note {
	char name[CTL_BUNDLE_NAME];
	char *why;
	bool missing; /* it should have been there */
};

struct ctl_bundle {
	struct ctl_bundle_file *files;
	size_t count;
	size_t bytes;
	struct ctl_bundle_note *notes;
	size_t note_count;
	char title[64]; /* of the folder in the archive: "syncerd-diagnose-20261124T054500Z" */
};

void ctl_bundle_init(struct ctl_bundle *bundle);
void ctl_bundle_done(struct ctl_bundle *bundle);

/* Add a file (copied). What goes beyond CTL_BUNDLE_BYTES is left out and noted. */
void ctl_bundle_add(struct ctl_bundle *bundle, const char *name, const char *data, size_t len);
/* The same as indented JSON; value is borrowed. */
void ctl_bundle_add_json(struct ctl_bundle *bundle, const char *name, json_object *value);
/* Note that something is missing, or that this machine has no such thing, which is no fault. */
void ctl_bundle_missing(struct ctl_bundle *bundle, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void ctl_bundle_absent(struct ctl_bundle *bundle, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool ctl_bundle_complete(const struct ctl_bundle *bundle);

/* The list of files and notes, as it also stands in manifest.json. Owned by the caller. */
json_object *ctl_bundle_manifest(const struct ctl_bundle *bundle);

/* All files into a new directory of mode 0700. -EEXIST, -errno. */
int ctl_bundle_write_directory(const struct ctl_bundle *bundle, const char *path, struct sy_error *err);
/* All files as .tar.gz, made by tar(1), into fd. */
int ctl_bundle_write_stream(const struct ctl_bundle *bundle, int fd, struct sy_error *err);
/* The same into a file of mode 0600 that is there whole or not at all. -EEXIST unless force. */
int ctl_bundle_write_file(const struct ctl_bundle *bundle, const char *path, bool force, struct sy_error *err);

#endif
