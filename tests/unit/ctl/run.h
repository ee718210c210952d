/* Runs syncerctl in a child process, and plays the syncerd it talks to. Everything has a deadline: a test that hangs is ended by alarm(2). */
#ifndef TESTS_UNIT_CTL_RUN_H
#define TESTS_UNIT_CTL_RUN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/ctl/ctl.h"

#define RUN_SECONDS 50
#define RUN_ARGS 32

struct run {
	char folder[32];
	char socket[64];
	int listener;
	int client; /* the accepted connection, -1 */
	pid_t pid;
	FILE *out_file;
	FILE *err_file;
	int code;
	char out[65536];
	char err[16384];
	char request[8192];
};

/* A folder of its own with a listening socket in it. */
static inline void run_init(struct run *run)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	alarm(RUN_SECONDS);
	memset(run, 0, sizeof(*run));
	strlcpy(run->folder, "/tmp/test_ctl.XXXXXX", sizeof(run->folder));
	assert_non_null(mkdtemp(run->folder));
	snprintf(run->socket, sizeof(run->socket), "%s/s", run->folder);
	strlcpy(address.sun_path, run->socket, sizeof(address.sun_path));
	run->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(run->listener >= 0);
	assert_int_equal(bind(run->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(run->listener, 8), 0);
	run->client = -1;
}

static inline void run_done(struct run *run)
{
	if (run->client >= 0)
		close(run->client);
	if (run->listener >= 0)
		close(run->listener);
	unlink(run->socket);
	assert_int_equal(rmdir(run->folder), 0);
	alarm(0);
}

/* args: words separated by blanks; "@" stands for "--socket <socket>". */
static inline void run_start(struct run *run, const char *args)
{
	char text[4096];
	char program[] = "syncerctl";
	char option[] = "--socket";
	char *argv[RUN_ARGS + 3] = {program};
	int argc = 1;
	char *rest = text;

	strlcpy(text, args, sizeof(text));
	for (char *word; (word = strsep(&rest, " ")) && argc < RUN_ARGS;) {
		if (!strcmp(word, "@")) {
			argv[argc++] = option;
			word = run->socket;
		}
		if (*word)
			argv[argc++] = word;
	}
	run->out_file = tmpfile();
	run->err_file = tmpfile();
	assert_true(run->out_file && run->err_file);
	fflush(NULL);
	run->pid = fork();
	assert_true(run->pid >= 0);
	if (run->pid == 0) {
		dup2(fileno(run->out_file), STDOUT_FILENO);
		dup2(fileno(run->err_file), STDERR_FILENO);
		setenv("COLUMNS", "80", 1);
		exit(ctl_main(argc, argv));
	}
}

static inline void read_all(FILE *file, char *text, size_t size)
{
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static inline void run_finish(struct run *run)
{
	int status = 0;

	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	read_all(run->out_file, run->out, sizeof(run->out));
	read_all(run->err_file, run->err, sizeof(run->err));
	assert_true(WIFEXITED(status));
	run->code = WEXITSTATUS(status);
	if (run->client >= 0)
		close(run->client);
	run->client = -1;
}

/* The next request line on the connection that is there, into run->request. */
static inline void serve_next(struct run *run)
{
	size_t len = 0;

	while (len < sizeof(run->request) - 1 && !memchr(run->request, '\n', len)) {
		ssize_t n = recv(run->client, run->request + len, sizeof(run->request) - 1 - len, 0);

		assert_true(n > 0);
		len += (size_t)n;
	}
	run->request[len] = '\0';
}

/* Take the client's connection and its request line. */
static inline void serve_request(struct run *run)
{
	run->client = accept(run->listener, NULL, NULL);
	assert_true(run->client >= 0);
	serve_next(run);
}

static inline void serve(struct run *run, const char *text)
{
	assert_int_equal(send(run->client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void serve_end(struct run *run)
{
	close(run->client);
	run->client = -1;
}

/* The whole exchange: the command, its one answer (NULL: hang up without one), its end. */
static inline void run_with_answer(struct run *run, const char *args, const char *answer)
{
	run_start(run, args);
	serve_request(run);
	if (answer)
		serve(run, answer);
	serve_end(run);
	run_finish(run);
}

static inline void run_alone(struct run *run, const char *args)
{
	run_start(run, args);
	run_finish(run);
}

#endif
