/* How a bundle is written. tar(1) and gzip(1) make the archive: a library for it would load 40 MB of others into every syncerctl. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "run_program.h"

#define TAR_MS 60000

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_one(int folder, const char *name, const char *data, size_t len, struct sy_error *err)
{
	const char *slash = strchr(name, '/');
	sy_auto_free char *parent = slash ? strndup(name, (size_t)(slash - name)) : NULL;
	sy_auto_close int fd = -1;
	int r;

	if (parent && mkdirat(folder, parent, 0700) < 0 && errno != EEXIST)
		return sy_error_set(err, errno, "%s: %s", parent, strerror(errno));
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return sy_error_set(err, errno, "%s: %s", name, strerror(errno));
	r = write_all(fd, data, len);
	return r == 0 ? 0 : sy_error_set(err, -r, "%s: %s", name, strerror(-r));
}

static int fill(const struct ctl_bundle *bundle, int folder, struct sy_error *err)
{
	sy_auto_json json_object *manifest = ctl_bundle_manifest(bundle);
	const char *text = json_object_to_json_string_ext(manifest, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	int r = text ? write_one(folder, "manifest.json", text, strlen(text), err) : sy_error_oom(err);

	for (size_t i = 0; r == 0 && i < bundle->count; i++)
		r = write_one(folder, bundle->files[i].name, bundle->files[i].data, bundle->files[i].len, err);
	return r;
}

/* What fill has made, and the folder. */
static void remove_folder(const struct ctl_bundle *bundle, const char *path)
{
	sy_auto_close int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0)
		return;
	(void)unlinkat(folder, "manifest.json", 0);
	for (size_t i = 0; i < bundle->count; i++)
		(void)unlinkat(folder, bundle->files[i].name, 0);
	for (size_t i = 0; i < bundle->count; i++) {
		const char *slash = strchr(bundle->files[i].name, '/');
		sy_auto_free char *parent = slash ? strndup(bundle->files[i].name, (size_t)(slash - bundle->files[i].name)) : NULL;

		if (parent)
			(void)unlinkat(folder, parent, AT_REMOVEDIR);
	}
	(void)rmdir(path);
}

int ctl_bundle_write_directory(const struct ctl_bundle *bundle, const char *path, struct sy_error *err)
{
	sy_auto_close int folder = -1;
	int r;

	if (mkdir(path, 0700) < 0)
		return sy_error_set(err, errno, "%s: %s%s", path, strerror(errno), errno == EEXIST ? "; name a new directory" : "");
	folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = folder < 0 ? sy_error_set(err, errno, "%s: %s", path, strerror(errno)) : fill(bundle, folder, err);
	if (r < 0)
		remove_folder(bundle, path);
	return r;
}

static int run_tar(const char *place, const char *title, int fd, struct sy_error *err)
{
	const char *const argv[] = {"tar", "-C", place, "-c", "-z", "-f", "-", title, NULL};
	const struct ctl_run call = {.argv = argv, .timeout_ms = TAR_MS};
	int status = ctl_run_into(&call, fd, err);

	if (status == -ENOENT)
		return sy_error_set(err, ENOENT, "there is no tar here: use --output-dir");
	return status <= 0 ? status : sy_error_set(err, EIO, "tar ended with status %d", status);
}

int ctl_bundle_write_stream(const struct ctl_bundle *bundle, int fd, struct sy_error *err)
{
	const char *place = getenv("TMPDIR");
	sy_auto_free char *folder = NULL, *inner = NULL;
	int r;

	if (asprintf(&folder, "%s/syncerctl.XXXXXX", place && *place ? place : "/tmp") < 0)
		folder = NULL;
	if (!folder)
		return sy_error_oom(err);
	if (!mkdtemp(folder))
		return sy_error_set(err, errno, "%s: %s", folder, strerror(errno));
	if (asprintf(&inner, "%s/%s", folder, bundle->title) < 0)
		inner = NULL;
	r = inner ? ctl_bundle_write_directory(bundle, inner, err) : sy_error_oom(err);
	if (inner && r == 0) {
		r = run_tar(folder, bundle->title, fd, err);
		remove_folder(bundle, inner);
	}
	(void)rmdir(folder);
	return r;
}

/* From its first name to the one that was asked for. */
static int publish(const char *from, const char *to, bool force, struct sy_error *err)
{
	int r = force ? rename(from, to) : renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	/* Not every file system can do that; a second name cannot replace anything either. */
	if (r < 0 && errno == EINVAL && !force)
		r = link(from, to) < 0 ? -1 : unlink(from);
	if (r == 0)
		return 0;
	return sy_error_set(err, errno, "%s: %s%s", to, strerror(errno), errno == EEXIST ? "; --force replaces it" : "");
}

int ctl_bundle_write_file(const struct ctl_bundle *bundle, const char *path, bool force, struct sy_error *err)
{
	sy_auto_free char *part = NULL;
	sy_auto_close int fd = -1;
	int r;

	if (asprintf(&part, "%s.XXXXXX", path) < 0)
		part = NULL;
	if (!part)
		return sy_error_oom(err);
	fd = mkostemp(part, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return sy_error_set(err, errno, "%s: %s", path, strerror(errno));
	r = ctl_bundle_write_stream(bundle, fd, err);
	if (r == 0 && fsync(fd) < 0)
		r = sy_error_set(err, errno, "%s: %s", path, strerror(errno));
	if (r == 0)
		r = publish(part, path, force, err);
	if (r < 0)
		(void)unlink(part);
	return r;
}
