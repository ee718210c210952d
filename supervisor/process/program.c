#include "supervisor/process/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sy_program {
	unsigned references;
	int fd; /* O_PATH */
	char *path;
	struct stat file; /* as it was looked at */
};

int sy_program_open(const char *path, struct sy_program **ret_program, struct sy_error *err)
{
	struct sy_program *program = calloc(1, sizeof(*program));

	if (!program || !(program->path = strdup(path))) {
		free(program);
		return sy_error_oom(err);
	}
	program->references = 1;
	program->fd = open(path, O_PATH | O_CLOEXEC);
	int rc = program->fd < 0 || fstat(program->fd, &program->file) < 0 ? sy_error_set(err, errno, "%s: %s", path, strerror(errno)) : 0;
	if (rc == 0 && !S_ISREG(program->file.st_mode))
		rc = sy_error_set(err, EACCES, "%s: not a program", path);
	if (rc < 0) {
		sy_program_unref(program);
		return rc;
	}
	*ret_program = program;
	return 0;
}

struct sy_program *sy_program_ref(struct sy_program *program)
{
	program->references++;
	return program;
}

void sy_program_unref(struct sy_program *program)
{
	if (!program || --program->references > 0)
		return;
	if (program->fd >= 0)
		close(program->fd);
	free(program->path);
	free(program);
}

const char *sy_program_path(const struct sy_program *program)
{
	return program->path;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool sy_program_same(const struct sy_program *a, const struct sy_program *b)
{
	return a == b || (strcmp(a->path, b->path) == 0 && same_file(&a->file, &b->file));
}

bool sy_program_in_place(const struct sy_program *program)
{
	struct stat now;

	return stat(program->path, &now) == 0 && same_file(&now, &program->file);
}

bool sy_program_exec_path(const struct sy_program *program, char out[PATH_MAX])
{
	bool in_place = sy_program_in_place(program);

	if (in_place)
		(void)snprintf(out, PATH_MAX, "%s", program->path);
	else
		(void)snprintf(out, PATH_MAX, "/proc/%d/fd/%d", (int)getpid(), program->fd);
	return in_place;
}
