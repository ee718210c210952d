/* syncerctl describe: the whole story of one workspace or one object, put together from what syncerd answers and what reasons mean. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "explain.h"
#include "table.h"

#define NAME_WIDTH 12
#define EVENTS_SHOWN 10 /* the newest */

static void line(const char *name, const char *text)
{
	ctl_print_line(name, NAME_WIDTH, text);
}

static const char *text_of(json_object *value, const char *key)
{
	const char *text = sy_json_str(value, key, NULL);

	return text ? text : "";
}

static long long number_of(json_object *value, const char *key)
{
	int64_t number = 0;

	sy_json_int(value, &number, key, NULL);
	return number;
}

static bool flag_of(json_object *value, const char *key)
{
	bool flag = false;

	sy_json_bool(value, &flag, key, NULL);
	return flag;
}

static size_t length_of(json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

/* value, which memory may have been too short for. */
static json_object *there(json_object *value)
{
	if (value)
		return value;
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

static void append(json_object *array, json_object *item)
{
	if (json_object_array_add(array, there(item)) < 0)
		(void)there(NULL);
}

static void add_text(json_object *to, const char *key, const char *text)
{
	ctl_args_add(to, key, there(json_object_new_string(text)));
}

/* What a reason means and what to do about it; nothing for a name without an explanation. */
static void add_explanation(json_object *to, enum ctl_topic topic, const char *name)
{
	const struct ctl_explanation *row = ctl_explain_find(topic, name);

	if (!row)
		return;
	add_text(to, "meaning", row->meaning);
	add_text(to, "action", row->action);
}

static bool is_about(json_object *event, const char *resource, const char *object)
{
	return !object || (strcmp(text_of(event, "object"), object) == 0 && strcmp(text_of(event, "resource"), resource) == 0);
}

/* The newest events, newest last; object NULL = of everything. The caller owns the array. */
static json_object *last_events(json_object *events, const char *resource, const char *object)
{
	json_object *out = there(json_object_new_array());
	size_t matching = 0;

	for (size_t i = 0; i < length_of(events); i++)
		matching += is_about(json_object_array_get_idx(events, i), resource, object);
	for (size_t i = 0; i < length_of(events); i++) {
		json_object *event = json_object_array_get_idx(events, i);

		if (is_about(event, resource, object) && matching-- <= EVENTS_SHOWN)
			append(out, json_object_get(event));
	}
	return out;
}

static void print_events(json_object *value)
{
	puts("\nLast events:");
	ctl_print_events(sy_json_array(value, "events", NULL));
}

/* --- a workspace --- */

static void print_process(json_object *value)
{
	char memory[32], most[32];
	const char *detail = text_of(value, "lastExitDetail");

	if (number_of(value, "pid") > 0)
		ctl_print_linef("Process:", NAME_WIDTH, "%s, pid %lld, %lld restarts", text_of(value, "process"), number_of(value, "pid"),
				number_of(value, "restarts"));
	else
		ctl_print_linef("Process:", NAME_WIDTH, "%s, %lld restarts",
				*text_of(value, "process") ? text_of(value, "process") : "none", number_of(value, "restarts"));
	ctl_print_linef("Last exit:", NAME_WIDTH, "%s%s%s", text_of(value, "lastExit"), *detail ? ": " : "", detail);
	if (number_of(value, "retryInMs") > 0)
		ctl_print_linef("Next start:", NAME_WIDTH, "in %lldms", number_of(value, "retryInMs"));
	ctl_format_bytes((long)number_of(value, "memoryBytes"), memory, sizeof(memory));
	ctl_format_bytes((long)number_of(value, "memoryMaxBytes"), most, sizeof(most));
	line("Memory:", memory);
	if (*text_of(value, "limitedBy"))
		ctl_print_linef("Limits:", NAME_WIDTH, "by %s, memory %s%s", text_of(value, "limitedBy"),
				strcmp(most, "-") == 0 ? "without limit" : most, strcmp(most, "-") == 0 ? "" : " at most");
}

static void print_resources(json_object *resources)
{
	static const char *const headings[] = {"RESOURCE", "OBJECTS", "SYNCED", "PENDING", "FAILING", "FOREIGN", "REASON", NULL};
	struct ctl_table *table;

	if (!length_of(resources))
		return;
	table = ctl_table_new(headings);
	for (size_t i = 0; i < length_of(resources); i++) {
		json_object *resource = json_object_array_get_idx(resources, i);
		const char *group = text_of(resource, "group");

		ctl_table_row(table);
		ctl_table_cellf(table, "%s%s%s", text_of(resource, "resource"), *group ? "." : "", group);
		for (size_t column = 1; column + 1 < sizeof(headings) / sizeof(headings[0]) - 1; column++) {
			static const char *const keys[] = {"objects", "synced", "pending", "failing", "foreign"};

			ctl_table_number(table, resource, keys[column - 1]);
		}
		ctl_table_cell(table, text_of(resource, "reason"));
	}
	putchar('\n');
	ctl_table_print(table, stdout);
	ctl_table_free(table);
}

static void print_bindings(json_object *bindings)
{
	static const char *const headings[] = {"BINDING", "EXPORT", "PHASE", "CLAIMS", "REFUSED", NULL};
	struct ctl_table *table;

	if (!length_of(bindings))
		return;
	table = ctl_table_new(headings);
	for (size_t i = 0; i < length_of(bindings); i++) {
		json_object *binding = json_object_array_get_idx(bindings, i);

		ctl_table_row(table);
		ctl_table_cell(table, text_of(binding, "name"));
		ctl_table_cell(table, text_of(binding, "export"));
		ctl_table_cell(table, text_of(binding, "phase"));
		ctl_table_cellf(table, "%zu", length_of(sy_json_array(binding, "acceptedClaims", NULL)));
		ctl_table_cellf(table, "%zu", length_of(sy_json_array(binding, "refusedClaims", NULL)));
	}
	putchar('\n');
	ctl_table_print(table, stdout);
	ctl_table_free(table);
}

static void print_workspace(json_object *value)
{
	line("Workspace:", *text_of(value, "path") ? text_of(value, "path") : "-");
	line("Cluster:", text_of(value, "cluster"));
	line("State:", text_of(value, "state"));
	line("Reason:", text_of(value, "reason"));
	line("Message:", text_of(value, "message"));
	line("Meaning:", text_of(value, "meaning"));
	line("To do:", text_of(value, "action"));
	print_process(value);
	ctl_print_linef("Lag:", NAME_WIDTH, "%lldms", number_of(value, "lagMs"));
	ctl_print_linef("Objects:", NAME_WIDTH, "%lld, %lld synced, %lld pending, %lld failing", number_of(value, "objects"),
			number_of(value, "synced"), number_of(value, "pending"), number_of(value, "failing"));
	print_resources(sy_json_array(value, "resources", NULL));
	print_bindings(sy_json_array(value, "bindings", NULL));
	print_events(value);
}

static int describe_workspace(struct ctl *ctl, const char *name)
{
	sy_auto_json json_object *value = NULL, *events = NULL;
	int rc = ctl_request(ctl, "workspace", ctl_args("workspace", name), &value);
	const char *reason;

	if (rc == CTL_OK)
		rc = ctl_request(ctl, "events", ctl_args("workspace", name), &events);
	if (rc != CTL_OK)
		return rc;
	if (!json_object_is_type(value, json_type_object)) {
		ctl_error("syncerd told nothing about workspace %s; is it of another version?", name);
		return CTL_FAILED;
	}
	reason = text_of(value, "reason");
	if (*reason)
		add_explanation(value, CTL_PHASE_REASON, reason);
	else
		add_explanation(value, CTL_PHASE, text_of(value, "state"));
	ctl_args_add(value, "events", last_events(events, NULL, NULL));
	if (!ctl_wants_table(ctl))
		return ctl_print_value(ctl, value);
	print_workspace(value);
	return CTL_OK;
}

/* --- an object --- */

/* Its message is in the last event with its reason. */
static const char *message_of(json_object *events, const char *reason)
{
	for (size_t i = length_of(events); *reason && i > 0; i--) {
		json_object *event = json_object_array_get_idx(events, i - 1);

		if (strcmp(text_of(event, "reason"), reason) == 0)
			return text_of(event, "message");
	}
	return "";
}

static json_object *compose(json_object *workspace, json_object *objects, json_object *events)
{
	static const char *const kept[] = {"path", "cluster", "state", "reason", "message"};
	json_object *out = there(json_object_new_object()), *where = there(json_object_new_object());
	json_object *list = there(json_object_new_array());

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		add_text(where, kept[i], text_of(workspace, kept[i]));
	ctl_args_add(out, "workspace", where);
	for (size_t i = 0; i < length_of(objects); i++) {
		json_object *object = there(sy_json_copy(json_object_array_get_idx(objects, i)));
		const char *reason = text_of(object, "reason");
		json_object *own = last_events(events, text_of(object, "resource"), text_of(object, "key"));

		add_text(object, "message", message_of(own, reason));
		add_explanation(object, CTL_OBJECT_REASON, reason);
		ctl_args_add(object, "events", own);
		append(list, object);
	}
	ctl_args_add(out, "objects", list);
	return out;
}

static const char *presence_of(json_object *side, bool down)
{
	const char *presence = text_of(side, "presence");

	if (down && strcmp(presence, "present") == 0)
		return "present, ours";
	if (strcmp(presence, "foreign") == 0)
		return "foreign: somebody else's";
	return strcmp(presence, "unseen") == 0 ? "not there as far as is known" : presence;
}

static void print_side(const char *name, json_object *side, const char *where)
{
	const char *uid = text_of(side, "uid");

	ctl_print_linef(name, NAME_WIDTH, "%s, %s%s%s%s%s", where, presence_of(side, !sy_json_get(side, "finalizer", NULL)),
			*uid ? ", uid " : "", uid, flag_of(side, "deleting") ? ", being deleted" : "",
			flag_of(side, "elsewhere") ? ", not for this SyncTarget" : "");
	if (*uid)
		ctl_print_linef("", NAME_WIDTH, "generation %lld, resourceVersion %lld%s", number_of(side, "generation"),
				number_of(side, "resourceVersion"),
				!sy_json_get(side, "finalizer", NULL) ? ""
				: flag_of(side, "finalizer")	      ? ", with our finalizer"
								      : ", without our finalizer");
}

static void print_next(json_object *object)
{
	long long wait = number_of(object, "retryInMilliseconds"), failures = number_of(object, "failures");
	const char *next = text_of(object, "next");
	char when[64] = "", age[32];

	if (flag_of(object, "inProgress")) {
		line("Next:", "a request is under way");
		return;
	}
	if (wait > 0) {
		ctl_format_age((long)((wait + 999) / 1000), age, sizeof(age));
		(void)snprintf(when, sizeof(when), ", looked at again in %s", age);
	}
	ctl_print_linef("Next:", NAME_WIDTH, "%s%s",
			strcmp(next, "None") != 0    ? next
			: *text_of(object, "reason") ? "waits"
						     : "nothing to write",
			when);
	if (failures > 0)
		ctl_print_linef("Failures:", NAME_WIDTH, "%lld in a row", failures);
}

static void print_object(json_object *workspace, json_object *object)
{
	json_object *down = sy_json_object(object, "downstream", NULL);
	const char *ns = text_of(down, "namespace"), *reason = text_of(object, "reason"), *why = text_of(workspace, "reason");
	sy_auto_free char *where = NULL;

	if (asprintf(&where, "%s%s%s", ns, *ns ? "/" : "", text_of(down, "name")) < 0)
		(void)there(NULL);
	ctl_print_linef("Object:", NAME_WIDTH, "%s %s", text_of(object, "resource"), text_of(object, "key"));
	ctl_print_linef("Workspace:", NAME_WIDTH, "%s (%s), %s%s%s", *text_of(workspace, "path") ? text_of(workspace, "path") : "-",
			text_of(workspace, "cluster"), text_of(workspace, "state"), *why ? ": " : "", why);
	line("State:", flag_of(object, "inStep") ? "in step" : *reason ? "not in step" : "not in step yet");
	line("Reason:", reason);
	line("Message:", text_of(object, "message"));
	line("Meaning:", text_of(object, "meaning"));
	line("To do:", text_of(object, "action"));
	if (!flag_of(object, "readable"))
		line("Content:", "cannot be read: only its metadata is known");
	print_next(object);
	if (number_of(object, "appliedGeneration") > 0)
		ctl_print_linef("Applied:", NAME_WIDTH, "generation %lld", number_of(object, "appliedGeneration"));
	print_side("In kcp:", sy_json_object(object, "upstream", NULL), text_of(object, "key"));
	print_side("In cluster:", down, where);
	print_events(object);
}

static int describe_object(struct ctl *ctl, const char *name, const char *key)
{
	sy_auto_json json_object *workspace = NULL, *dump = NULL, *events = NULL, *value = NULL;
	json_object *objects;
	int rc = ctl_request(ctl, "workspace", ctl_args("workspace", name), &workspace);

	if (rc != CTL_OK)
		return rc;
	rc = ctl_request(ctl, "dump", ctl_dump_args(name, key), &dump);
	if (rc == CTL_FAILED)
		ctl_error("workspace %s is %s; see syncerctl describe workspace %s", name, text_of(workspace, "state"), name);
	if (rc == CTL_OK)
		rc = ctl_request(ctl, "events", ctl_args("workspace", name), &events);
	if (rc != CTL_OK)
		return rc;
	value = compose(workspace, sy_json_array(dump, "objects", NULL), events);
	if (!ctl_wants_table(ctl))
		return ctl_print_value(ctl, value);
	objects = sy_json_array(value, "objects", NULL);
	for (size_t i = 0; i < length_of(objects); i++) {
		if (i > 0)
			puts("\n");
		print_object(sy_json_object(value, "workspace", NULL), json_object_array_get_idx(objects, i));
	}
	return CTL_OK;
}

int ctl_describe(struct ctl *ctl, int argc, char **argv)
{
	const char *names[3];

	ctl_parse(ctl, argc, argv, "workspace WORKSPACE\nobject WORKSPACE KEY",
		  "Show all that is known about one workspace, or about one object of it (KEY is [RESOURCE/]NAMESPACE/NAME or "
		  "[RESOURCE/]NAME): where it is, what state it is in and why, what to do, and the last events.",
		  2, names, 3);
	if (strcmp(names[0], "workspace") == 0 && !names[2])
		return describe_workspace(ctl, names[1]);
	if (strcmp(names[0], "object") == 0 && names[2])
		return describe_object(ctl, names[1], names[2]);
	ctl_error("describe: want workspace WORKSPACE, or object WORKSPACE KEY");
	return CTL_USAGE;
}
