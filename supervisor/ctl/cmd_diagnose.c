/* syncerctl diagnose: collect, write, and say what is missing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "diagnose.h"
#include "table.h"
#include "withhold.h"

#define TIMEOUT_MS 60000

enum { OPT_FILE = 256, OPT_DIRECTORY, OPT_FORCE, OPT_TIMEOUT, OPT_CONFIG };

struct diagnose_line {
	struct ctl *ctl;
	const char *file;
	const char *directory;
	const char *config;
	bool force;
	int64_t timeout_ms;
};

static const struct argp_option options[] = {
	{"output-file", OPT_FILE, "FILE", 0, "The archive (- = standard output; default syncerd-diagnose-TIME.tar.gz here)", 0},
	{"output-dir", OPT_DIRECTORY, "DIR", 0, "A new directory instead of an archive", 0},
	{"force", OPT_FORCE, NULL, 0, "Replace an archive that is there already", 0},
	{"timeout", OPT_TIMEOUT, "DURATION", 0, "How long to collect (default 60s); what is not there by then is missing", 0},
	{"config", OPT_CONFIG, "FILE", 0, "Configuration (default: that of the running syncerd, else /etc/syncerd/syncerd.yaml)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct diagnose_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = line->ctl;
		return 0;
	case OPT_FILE:
		line->file = arg;
		return 0;
	case OPT_DIRECTORY:
		line->directory = arg;
		return 0;
	case OPT_FORCE:
		line->force = true;
		return 0;
	case OPT_TIMEOUT:
		if (!sy_duration_parse(arg, &line->timeout_ms) || line->timeout_ms < 1000)
			argp_error(state, "--timeout %s: want a duration of at least 1s", arg);
		return 0;
	case OPT_CONFIG:
		line->config = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (line->file && line->directory)
			argp_error(state, "--output-file and --output-dir exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int64_t ctl_diagnose_left(struct ctl_diagnose *diagnose, const char *name)
{
	int64_t left = diagnose->until_ms - ctl_now_ms();

	if (left > 0)
		return left;
	ctl_bundle_missing(&diagnose->bundle, name, "the time was over: raise --timeout");
	return 0;
}

static void add_versions(struct ctl_diagnose *diagnose)
{
	sy_auto_json json_object *out = ctl_args("syncerctl", SY_VERSION);
	const char *version = sy_json_str(diagnose->status, "version", NULL);

	if (version)
		ctl_args_add(out, "syncerd", json_object_new_string(version));
	ctl_args_add(out, "controlProtocol", json_object_new_int(SY_CONTROL_VERSION));
	ctl_bundle_add_json(&diagnose->bundle, "versions.json", out);
}

static void collect(struct ctl_diagnose *diagnose, const struct diagnose_line *line)
{
	diagnose->ctl->answer_seconds = CTL_PATIENCE;
	diagnose->until_ms = ctl_now_ms() + line->timeout_ms;
	diagnose->pid = ctl_proc_syncerd(diagnose->ctl, &diagnose->status, &diagnose->trouble);
	if (line->config)
		(void)strlcpy(diagnose->config_file, line->config, sizeof(diagnose->config_file));
	else if (diagnose->pid <= 0 || !ctl_proc_config(diagnose->pid, diagnose->config_file))
		(void)strlcpy(diagnose->config_file, CTL_CONFIG, sizeof(diagnose->config_file));
	/* What is here first: it takes no time. */
	add_versions(diagnose);
	ctl_diagnose_config(diagnose);
	ctl_diagnose_host(diagnose);
	ctl_diagnose_ask(diagnose);
	ctl_diagnose_http(diagnose);
	ctl_diagnose_unit(diagnose);
}

/* What there is no room for is better known before half a minute has gone by. */
static bool is_free(const char *path, const struct diagnose_line *line)
{
	struct stat st;
	bool file;

	if (lstat(path, &st) < 0)
		return true;
	file = S_ISREG(st.st_mode) && !line->directory;
	if (file && line->force)
		return true;
	ctl_error("%s exists already%s", path, file ? "; --force replaces it" : "; name one that does not");
	return false;
}

static int write_out(const struct ctl_diagnose *diagnose, const struct diagnose_line *line, const char *path)
{
	struct sy_error err = {0};
	int r;

	if (line->directory)
		r = ctl_bundle_write_directory(&diagnose->bundle, path, &err);
	else if (strcmp(path, "-") == 0)
		r = ctl_bundle_write_stream(&diagnose->bundle, STDOUT_FILENO, &err);
	else
		r = ctl_bundle_write_file(&diagnose->bundle, path, line->force, &err);
	if (r < 0)
		ctl_error("%s", err.text);
	return r < 0 ? CTL_FAILED : CTL_OK;
}

static int say(struct ctl_diagnose *diagnose, const char *path)
{
	const struct ctl_bundle *bundle = &diagnose->bundle;
	bool to_pipe = strcmp(path, "-") == 0;
	char size[32];

	for (size_t i = 0; i < bundle->note_count; i++)
		if (bundle->notes[i].missing)
			ctl_error("missing: %s: %s", bundle->notes[i].name, bundle->notes[i].why);
	if (!to_pipe && !ctl_wants_table(diagnose->ctl)) {
		sy_auto_json json_object *manifest = ctl_bundle_manifest(bundle);

		ctl_args_add(manifest, "writtenTo", json_object_new_string(path));
		(void)ctl_print_value(diagnose->ctl, manifest);
	} else {
		ctl_format_bytes((long)bundle->bytes, size, sizeof(size));
		fprintf(to_pipe ? stderr : stdout, "%s: %zu files, %s before compression; look into it before you pass it on\n",
			to_pipe ? "written" : path, bundle->count, size);
	}
	return ctl_bundle_complete(bundle) ? CTL_OK : CTL_INCOMPLETE;
}

int ctl_diagnose(struct ctl *ctl, int argc, char **argv)
{
	const struct argp_child children[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.doc = "Collect what one needs to know to help: versions, state, events, metrics, configuration, limits and the "
		       "journal, without secrets and without what objects hold. Works without a syncerd, too."};
	struct diagnose_line line = {.ctl = ctl, .timeout_ms = TIMEOUT_MS};
	struct ctl_diagnose diagnose = {.ctl = ctl};
	char name[96];
	const char *path = name;
	int rc;

	ctl_argp(&argp, "diagnose", argc, argv, &line);
	ctl_bundle_init(&diagnose.bundle);
	(void)snprintf(name, sizeof(name), "%s.tar.gz", diagnose.bundle.title);
	if (line.file || line.directory)
		path = line.file ? line.file : line.directory;
	if (strcmp(path, "-") != 0 && !is_free(path, &line)) {
		ctl_bundle_done(&diagnose.bundle);
		return CTL_FAILED;
	}
	collect(&diagnose, &line);
	rc = write_out(&diagnose, &line, path);
	if (rc == CTL_OK)
		rc = say(&diagnose, path);
	json_object_put(diagnose.status);
	sy_config_free(diagnose.config);
	ctl_bundle_done(&diagnose.bundle);
	return rc;
}
