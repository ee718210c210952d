#include "supervisor/process/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "json/json.h"
#include "kcp/ids.h"
#include "supervisor/config/file.h"

#define MAX_MARKS SY_MAX_WORKERS

static int damaged(const struct sy_marks *marks, const char *what, struct sy_error *err)
{
	return sy_error_set(err, EINVAL, "%s is damaged: %s", marks->path, what);
}

static int take(struct sy_marks *marks, json_object *root, struct sy_error *err)
{
	json_object *list = sy_json_array(root, marks->name, NULL);
	const char *last = "";
	int64_t version = 0;

	if (!list || !sy_json_int(root, &version, "version", NULL) || version != 1 || json_object_object_length(root) != 2)
		return damaged(marks, "it must have \"version\": 1 and the list it is named after, and nothing else", err);
	if (json_object_array_length(list) > MAX_MARKS)
		return damaged(marks, "it names more workspaces than there can be", err);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *item = json_object_array_get_idx(list, i);
		const char *name = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";

		if (!sy_cluster_name_valid(name) || strcmp(last, name) >= 0)
			return damaged(marks, "an entry is no logical cluster, or not in order", err);
		if (sy_strv_add(&marks->clusters, name, err) < 0)
			return -ENOMEM;
		last = name;
	}
	return 0;
}

static int load(struct sy_marks *marks, struct sy_error *err)
{
	sy_auto_json json_object *root = NULL;
	struct sy_error reason = {0};
	char *data = NULL;
	size_t len = 0;
	int r;

	if (access(marks->path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = sy_file_read(marks->path, SY_MARKS_BYTES, &data, &len, NULL, err);
	if (r < 0)
		return r;
	r = sy_json_parse(data, len, SY_MARKS_BYTES, &root, &reason);
	sy_file_wipe(data, len);
	if (r == -ENOMEM)
		return sy_error_oom(err);
	return r < 0 ? damaged(marks, reason.text, err) : take(marks, root, err);
}

int sy_marks_open(struct sy_marks *marks, const char *directory, const char *name, struct sy_error *err)
{
	int r;

	*marks = (struct sy_marks){.name = name};
	if (!directory)
		return 0;
	if (asprintf(&marks->path, "%s/%s.json", directory, name) < 0) {
		marks->path = NULL;
		return sy_error_oom(err);
	}
	r = load(marks, err);
	if (r < 0)
		sy_strv_done(&marks->clusters); /* half of it would be a guess */
	return r;
}

void sy_marks_done(struct sy_marks *marks)
{
	sy_strv_done(&marks->clusters);
	free(marks->path);
	marks->path = NULL;
}

bool sy_marks_has(const struct sy_marks *marks, const char *cluster)
{
	return sy_strv_has(&marks->clusters, cluster);
}

static char *text_of(const struct sy_marks *marks)
{
	sy_auto_json json_object *root = json_object_new_object();
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < marks->clusters.count; i++) {
		json_object *item = json_object_new_string(marks->clusters.items[i]);

		if (!item || json_object_array_add(list, item) < 0) {
			json_object_put(item);
			json_object_put(list);
			return NULL;
		}
	}
	if (sy_json_add_int(root, "version", 1) < 0) {
		json_object_put(list);
		return NULL;
	}
	return sy_json_add(root, marks->name, list) < 0 ? NULL : sy_json_text(root);
}

static int write_text(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* A new file in place of the old one: what is read at the next start is one of the two, whole. */
static int save(const struct sy_marks *marks, struct sy_error *err)
{
	sy_auto_free char *text = text_of(marks);
	sy_auto_free char *fresh = NULL;
	int fd, r;

	if (!text || asprintf(&fresh, "%s.new", marks->path) < 0)
		return sy_error_oom(err);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sy_error_set(err, EIO, "%s: %s", fresh, strerror(errno));
	r = write_text(fd, text);
	(void)close(fd);
	if (r == 0 && rename(fresh, marks->path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(fresh);
		return sy_error_set(err, EIO, "%s: %s", marks->path, strerror(-r));
	}
	return 0;
}

int sy_marks_set(struct sy_marks *marks, const char *cluster, bool set, struct sy_error *err)
{
	int r;

	if (sy_marks_has(marks, cluster) == set)
		return 0;
	if (set && marks->clusters.count >= MAX_MARKS)
		return sy_error_set(err, ENOSPC, "more than %d workspaces are %s", MAX_MARKS, marks->name);
	if (set) {
		r = sy_strv_add(&marks->clusters, cluster, err);
		if (r < 0)
			return r;
		sy_strv_sort(&marks->clusters);
	} else {
		sy_strv_remove(&marks->clusters, cluster);
	}
	return marks->path ? save(marks, err) : 0;
}
