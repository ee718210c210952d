/* syncerctl: what an operator types. One table row per subcommand (main.c), one file per family of them (cmd_*.c). Unlike syncerd it may
 * block and may exit when memory is short. */
#ifndef SY_CTL_CTL_H
#define SY_CTL_CTL_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "proto/control.h"

/* Exit codes, documented in syncerctl(1). */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,	     /* the request was refused or an object could not be written */
	CTL_USAGE = 2,	     /* wrong command line */
	CTL_INCOMPLETE = 3,  /* install, uninstall, release, orphans: a part needs another administrator, or was left; it was printed */
	CTL_WAITING = 4,     /* install: the SyncTarget does not exist yet, only the first part was printed */
	CTL_NOT_FOUND = 5,   /* no such workspace or object */
	CTL_UNREACHABLE = 6, /* no syncerd behind the socket */
	CTL_TIMEOUT = 7,     /* drain --wait: not over within --timeout; it goes on */
};

#define CTL_SOCKET "/run/syncerd/control.sock" /* syncerd's default */
#define CTL_CONFIG "/etc/syncerd/syncerd.yaml" /* the same */
#define CTL_PATIENCE 5			       /* seconds that a syncerd which is well does not need for a first answer */

enum ctl_output { CTL_TABLE = 0, CTL_WIDE, CTL_JSON, CTL_YAML, CTL_NAME };

struct ctl {
	const char *socket;
	enum ctl_output output;
	bool colour;	       /* standard output is a terminal that can, and NO_COLOR is unset or empty */
	bool nameless;	       /* a command runs whose answer has no names: --output name is refused */
	int answer_seconds;    /* how long to wait for an answer; 0 = the usual time */
	struct sy_error *told; /* where ctl_request puts what went wrong; NULL = on stderr */
};

/* One subcommand. argv[0] is its name. Returns an enum ctl_exit. */
struct ctl_command {
	const char *name;
	const char *summary;
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

/* The whole program: the options before the command, then the command. Returns an exit code, or exits like ctl_parse. */
int ctl_main(int argc, char **argv);
/* The same for kubectl_complete-syncer, which kubectl runs with the words after `kubectl syncer`, the last one unfinished: one candidate a
 * line, then ":" and a number that says whether file names may follow (cmd_complete.c). Always CTL_OK: who completes wants no messages. */
int ctl_complete(int argc, char **argv);
/* What the user typed to start this program: "syncerctl", or "kubectl syncer" under its name as a plugin, kubectl-syncer. */
const char *ctl_program(void);
/* The table of commands, one row after the other; NULL after the last. */
const struct ctl_command *ctl_command_at(size_t index);

int ctl_status(struct ctl *ctl, int argc, char **argv);
int ctl_workspaces(struct ctl *ctl, int argc, char **argv);
int ctl_top(struct ctl *ctl, int argc, char **argv);
int ctl_restart(struct ctl *ctl, int argc, char **argv);
int ctl_approve(struct ctl *ctl, int argc, char **argv);
int ctl_pause(struct ctl *ctl, int argc, char **argv);
int ctl_resume(struct ctl *ctl, int argc, char **argv);
int ctl_cordon(struct ctl *ctl, int argc, char **argv);
int ctl_uncordon(struct ctl *ctl, int argc, char **argv);
int ctl_drain(struct ctl *ctl, int argc, char **argv);
int ctl_loglevel(struct ctl *ctl, int argc, char **argv);
int ctl_events(struct ctl *ctl, int argc, char **argv);
int ctl_dump(struct ctl *ctl, int argc, char **argv);
int ctl_describe(struct ctl *ctl, int argc, char **argv);
int ctl_explain(struct ctl *ctl, int argc, char **argv);
int ctl_diagnose(struct ctl *ctl, int argc, char **argv);
int ctl_install(struct ctl *ctl, int argc, char **argv);
int ctl_uninstall(struct ctl *ctl, int argc, char **argv);
int ctl_orphans(struct ctl *ctl, int argc, char **argv);
int ctl_release(struct ctl *ctl, int argc, char **argv);
int ctl_watch_heartbeat(struct ctl *ctl, int argc, char **argv);
int ctl_upgrade(struct ctl *ctl, int argc, char **argv);
int ctl_version(struct ctl *ctl, int argc, char **argv);

/* Parse a subcommand's line: --socket and --output (-o) plus at most max positional arguments, of which the first `required` must be there.
 * args_doc like "WORKSPACE [KEY]". Missing ones stay NULL. Exits with CTL_USAGE after a message, or 0 after --help. */
void ctl_parse(struct ctl *ctl, int argc, char **argv, const char *args_doc, const char *doc, int required, const char **positional,
	       int max);
/* For commands with options of their own: put this into argp_child with &(struct ctl *) as input. */
extern const struct argp ctl_common_argp;
/* argp_parse for such a command, whose usage text says "<ctl_program()> <command>"; the words are those behind argv[0]. */
void ctl_argp(const struct argp *argp, const char *command, int argc, char **argv, void *input);

/* Send one request and read its answer. On failure prints one line to stderr and returns an exit code; on success CTL_OK and the value,
 * which the caller owns (may be NULL). args is taken over (NULL = none). */
int ctl_request(struct ctl *ctl, const char *verb, json_object *args, json_object **ret_value);
/* The same for requests with several answers: show is called for each value until it returns false or the server ends. */
int ctl_stream(struct ctl *ctl, const char *verb, json_object *args, bool (*show)(struct ctl *ctl, json_object *value));

/* Print a value in the form the user asked for: JSON indented, YAML, or names: one a line, as a WORKSPACE, KEY or NAME can be typed. */
int ctl_print_value(struct ctl *ctl, json_object *value);
/* One of many values: JSON in one line, or a YAML document with "---" in front. */
int ctl_print_item(struct ctl *ctl, json_object *value);
bool ctl_wants_table(const struct ctl *ctl);
/* Print "name   text\n" with name padded to width; nothing without text. */
void ctl_print_line(const char *name, int width, const char *text);
void ctl_print_linef(const char *name, int width, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Events as `syncerctl events` shows them, newest last; "No events." without one. */
void ctl_print_events(json_object *events);
/* Arguments of `dump` for KEY, which is "[RESOURCE/]NAMESPACE/NAME" or "[RESOURCE/]NAME"; NULL = all that fail. */
json_object *ctl_dump_args(const char *workspace, const char *key);
/* Text from syncerd or a server, made safe for a terminal (base/visible.h). malloc'ed; exits when memory is short. */
char *ctl_visible(const char *text);

/* memory, which must not be NULL: exits with a message otherwise. */
void *ctl_checked(void *memory);
/* Formatted text, malloc'ed; exits when memory is short. */
char *ctl_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Milliseconds of the monotonic clock. */
int64_t ctl_now_ms(void);

/* One line on stderr, made visible. */
void ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Build {"key": value}-style arguments; exits when memory is short. NULL values are left out. */
json_object *ctl_args(const char *key, const char *value);
void ctl_args_add(json_object *args, const char *key, json_object *value);

#endif
