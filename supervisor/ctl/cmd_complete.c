/* kubectl_complete-syncer: kubectl (1.26 and later) runs it to complete `kubectl syncer ...`: the words so far, the last one unfinished, and
 * the answer is one candidate a line, with its meaning behind a tab, then ":" and a sum of the completion directives of cobra, which kubectl is made with. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "explain.h"

#define NO_FILES 4
#define FILES 0

#define COMPLETE_WORDS 2 /* behind the command */

/* What the words behind a command are: fixed ones, or one of these two. */
#define WORKSPACES "@workspaces"
#define REASONS "@reasons"

static const struct {
	const char *command;
	const char *words[COMPLETE_WORDS];
} arguments[] = {
	{"restart", {WORKSPACES}},
	{"approve", {WORKSPACES}},
	{"pause", {WORKSPACES}},
	{"resume", {WORKSPACES}},
	{"loglevel", {"error warning info debug", WORKSPACES}},
	{"events", {WORKSPACES}},
	{"dump", {WORKSPACES}},
	{"describe", {"workspace object", WORKSPACES}},
	{"explain", {REASONS}},
	{"install", {"kcp cluster"}},
	{"uninstall", {"kcp cluster"}},
	{"upgrade", {"check"}},
};

struct line {
	const char *command;
	size_t count;	     /* words behind the command */
	const char *pending; /* the option whose value is being typed */
	const char *socket;
};

static void offer_with(const char *candidate, const char *meaning, const char *typed)
{
	if (candidate && strncmp(candidate, typed, strlen(typed)) == 0) {
		sy_auto_free char *visible = ctl_visible(candidate);

		printf("%s%s%s\n", visible, *meaning ? "\t" : "", meaning);
	}
}

static void offer(const char *candidate, const char *typed)
{
	offer_with(candidate, "", typed);
}

static void offer_words(const char *words, const char *typed)
{
	sy_auto_free char *copy = strdup(words);
	char *rest = copy;

	for (char *word; rest && (word = strsep(&rest, " "));)
		offer(word, typed);
}

static void offer_workspaces(const struct line *line, const char *typed)
{
	struct ctl ctl = {.socket = line->socket ? line->socket : CTL_SOCKET};
	sy_auto_json json_object *value = NULL;

	if (ctl_request(&ctl, "workspaces", NULL, &value) != CTL_OK || !json_object_is_type(value, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		json_object *item = json_object_array_get_idx(value, i);
		const char *path = sy_json_str(item, "path", NULL);

		offer(path && *path ? path : sy_json_str(item, "cluster", NULL), typed);
	}
}

static void offer_reasons(const char *typed)
{
	const struct ctl_explanation *const tables[] = {ctl_explain_conditions, ctl_explain_workspaces, ctl_explain_objects};
	const size_t count = sizeof(tables) / sizeof(tables[0]);

	for (size_t i = 0; i < count; i++) {
		for (const struct ctl_explanation *row = tables[i]; row->name; row++) {
			const struct ctl_explanation *first = NULL; /* names have several meanings */

			for (size_t j = 0; j <= i && (!first || !first->name); j++)
				for (first = tables[j]; first->name && strcmp(first->name, row->name) != 0; first++)
					;
			if (first == row)
				offer(row->name, typed);
		}
	}
}

static void offer_arguments(const struct line *line, const char *typed)
{
	for (size_t i = 0; line->count < COMPLETE_WORDS && i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		const char *words = arguments[i].words[line->count];

		if (!words || strcmp(arguments[i].command, line->command) != 0)
			continue;
		if (strcmp(words, WORKSPACES) == 0)
			offer_workspaces(line, typed);
		else if (strcmp(words, REASONS) == 0)
			offer_reasons(typed);
		else
			offer_words(words, typed);
	}
}

static bool is_option(const char *word, const char *letter, const char *name)
{
	return word && (strcmp(word, letter) == 0 || strcmp(word, name) == 0);
}

static bool is_socket(const char *word)
{
	return is_option(word, "-s", "--socket");
}

static void read_line(int count, char **words, struct line *line)
{
	for (int i = 0; i < count; i++) {
		const char *word = words[i];

		if (line->pending) {
			if (is_socket(line->pending))
				line->socket = word;
			line->pending = NULL;
		} else if (is_socket(word) || is_option(word, "-o", "--output")) {
			line->pending = word;
		} else if (strncmp(word, "--socket=", 9) == 0) {
			line->socket = word + 9;
		} else if (*word != '-' && !line->command) {
			line->command = word;
		} else if (*word != '-') {
			line->count++;
		}
	}
}

/* Returns the directive. */
static int complete(const struct line *line, const char *typed)
{
	if (is_socket(line->pending))
		return FILES;
	if (line->pending) {
		offer_words("table wide json yaml name", typed);
	} else if (*typed == '-') {
		offer_words("--socket --output --help --version", typed);
	} else if (line->command) {
		offer_arguments(line, typed);
	} else {
		for (size_t i = 0; ctl_command_at(i); i++)
			offer_with(ctl_command_at(i)->name, ctl_command_at(i)->summary, typed);
	}
	return NO_FILES;
}

int ctl_complete(int argc, char **argv)
{
	struct line line = {0};

	/* An error message would end up in the middle of the line that is being typed. */
	if (!freopen("/dev/null", "w", stderr))
		return CTL_FAILED;
	read_line(argc - 2, argv + 1, &line);
	printf(":%d\n", complete(&line, argc > 1 ? argv[argc - 1] : ""));
	return CTL_OK;
}
