#include "supervisor/status/conditions.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX 5 /* items of a list in a message */

const char *sy_condition_type_name(enum sy_condition_type type)
{
	static const char *const names[SY_CONDITION_MAX] = {
		"Ready", "APIImporterReady", "HeartbeatHealthy", "Schedulable", "SyncerAuthorized", "SyncerReady", "WorkersReady"};

	return names[type];
}

const char *sy_condition_status_name(enum sy_condition_status status)
{
	return status == SY_TRUE ? "True" : status == SY_FALSE ? "False" : "Unknown";
}

static void is_true(struct sy_condition *condition, const char *reason)
{
	*condition = (struct sy_condition){.status = SY_TRUE, .reason = reason};
}

static void is_false(struct sy_condition *condition, const char *severity, const char *reason, const char *message)
{
	*condition = (struct sy_condition){.status = SY_FALSE, .severity = severity, .reason = reason};
	(void)snprintf(condition->message, sizeof(condition->message), "%s", message);
}

static void is_unknown(struct sy_condition *condition, const char *reason)
{
	*condition = (struct sy_condition){.status = SY_UNKNOWN, .reason = reason};
}

static void list_message(struct sy_condition *condition, const struct sy_strv *list, const char *sep)
{
	struct sy_buf text;

	sy_buf_init(&text, sizeof(condition->message) - 1);
	if (list && sy_strv_join(list, sep, LIST_MAX, &text) == 0)
		(void)snprintf(condition->message, sizeof(condition->message), "%s", sy_buf_str(&text));
	else if (list)
		(void)snprintf(condition->message, sizeof(condition->message), "%zu entries", list->count);
	sy_buf_done(&text);
}

/* Which of several shards it is. */
static void upstream_urls(const struct sy_condition_facts *facts, struct sy_condition *condition)
{
	struct sy_condition urls = {0};

	if (!facts->upstream_urls || facts->upstream_urls->count == 0)
		return;
	list_message(&urls, facts->upstream_urls, ", ");
	(void)strlcat(condition->message, ": ", sizeof(condition->message));
	(void)strlcat(condition->message, urls.message, sizeof(condition->message));
}

static void syncer_ready(const struct sy_condition_facts *facts, struct sy_condition *condition)
{
	switch (facts->syncer) {
	case SY_SYNCER_STARTING:
		is_unknown(condition, "Starting");
		break;
	case SY_SYNCER_OK:
		is_true(condition, "AsExpected");
		break;
	case SY_SYNCER_DOWNSTREAM_UNREACHABLE:
		is_false(condition, "Error", "DownstreamUnreachable", "the physical cluster does not answer");
		break;
	case SY_SYNCER_DOWNSTREAM_UNAUTHORIZED:
		is_false(condition, "Error", "DownstreamUnauthorized", "the physical cluster refuses the credentials");
		break;
	case SY_SYNCER_UPSTREAM_UNAUTHORIZED:
		is_false(condition, "Error", "UpstreamUnauthorized", "kcp refuses the credentials for a virtual workspace");
		upstream_urls(facts, condition);
		break;
	case SY_SYNCER_UPSTREAM_DEGRADED:
		is_false(condition, "Warning", "UpstreamDegraded", "a virtual workspace cannot be read");
		upstream_urls(facts, condition);
		break;
	case SY_SYNCER_DELETING:
		is_false(condition, "Warning", "Deleting",
			 facts->leaving && facts->leaving[0] ? facts->leaving : "the SyncTarget is being deleted");
		break;
	case SY_SYNCER_FACT_MAX:
		break;
	}
}

static void importer_ready(const struct sy_condition_facts *facts, struct sy_condition *condition)
{
	switch (facts->importer) {
	case SY_IMPORTER_PENDING:
		is_unknown(condition, "Pending");
		break;
	case SY_IMPORTER_OK:
		is_true(condition, "AsExpected");
		break;
	case SY_IMPORTER_NO_EXPORTS:
		is_false(condition, "Error", "NoSupportedExports", "spec.supportedAPIExports is empty");
		break;
	case SY_IMPORTER_NOT_FOUND:
		is_false(condition, "Error", "ExportNotFound", "");
		list_message(condition, facts->importer_names, ", ");
		break;
	case SY_IMPORTER_FORBIDDEN:
		is_false(condition, "Error", "ExportForbidden", "");
		list_message(condition, facts->importer_names, ", ");
		break;
	case SY_IMPORTER_FAILING:
		is_unknown(condition, "Pending");
		list_message(condition, facts->importer_names, ", ");
		break;
	case SY_IMPORTER_INCOMPATIBLE:
		is_false(condition, facts->accepted > 0 ? "Info" : "Error", "ResourcesIncompatible", "");
		list_message(condition, facts->importer_names, "; ");
		break;
	case SY_IMPORTER_FACT_MAX:
		break;
	}
}

/* They never lower Ready: a removal that was asked for, or one tenant's or provider's doing. */
static void importer_notes(const struct sy_condition_facts *facts, struct sy_condition *condition)
{
	struct sy_condition notes = {0};

	if (!facts->importer_notes || facts->importer_notes->count == 0)
		return;
	list_message(&notes, facts->importer_notes, "; ");
	if (condition->status == SY_TRUE) {
		is_false(condition, "Info", facts->importer_note_reason, notes.message);
		return;
	}
	if (condition->message[0])
		(void)strlcat(condition->message, "; ", sizeof(condition->message));
	(void)strlcat(condition->message, notes.message, sizeof(condition->message));
}

static void syncer_authorized(const struct sy_condition_facts *facts, struct sy_condition *condition)
{
	if (facts->authorized == SY_AUTHORIZED_OK) {
		is_true(condition, "AsExpected");
	} else if (facts->authorized == SY_AUTHORIZED_FAILED) {
		is_unknown(condition, "ReviewFailed");
	} else {
		is_false(condition, "Error", "SyncerUnauthorized", "");
		list_message(condition, facts->denied, "; ");
	}
}

static void workers_ready(const struct sy_condition_facts *facts, struct sy_condition *condition)
{
	char message[96];

	if (!facts->workers_known) {
		is_unknown(condition, "Starting");
	} else if (facts->workers_total == 0) {
		is_true(condition, "NoWorkspaces");
	} else if (facts->workers_ready == facts->workers_total && facts->upgrade && facts->upgrade[0]) {
		is_false(condition, "Info", "UpgradeStopped", facts->upgrade);
	} else if (facts->workers_ready == facts->workers_total) {
		is_true(condition, "AllWorkersReady");
	} else {
		(void)snprintf(message, sizeof(message), "%zu of %zu workers ready", facts->workers_ready, facts->workers_total);
		is_false(condition, facts->workers_ready > 0 ? "Info" : "Error", "WorkersNotReady", message);
	}
}

static void take_over(struct sy_condition *ready, const struct sy_condition *from, enum sy_condition_type type)
{
	*ready = *from;
	(void)snprintf(ready->message, sizeof(ready->message), "%s: %.1000s", sy_condition_type_name(type),
		       from->message[0] ? from->message : from->reason);
}

/* First False/Error, else first False/Warning, else first Unknown, else True; False/Info never counts. */
static void summarise(struct sy_condition conditions[SY_CONDITION_MAX])
{
	static const enum sy_condition_type order[] = {SY_CONDITION_HEARTBEAT, SY_CONDITION_SYNCER, SY_CONDITION_AUTHORIZED,
						       SY_CONDITION_IMPORTER, SY_CONDITION_WORKERS};
	static const char *const severities[] = {"Error", "Warning"};
	const size_t count = sizeof(order) / sizeof(order[0]);

	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < count; i++) {
			const struct sy_condition *condition = &conditions[order[i]];

			if (condition->status == SY_FALSE && strcmp(condition->severity, severities[s]) == 0) {
				take_over(&conditions[SY_CONDITION_READY], condition, order[i]);
				return;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (conditions[order[i]].status == SY_UNKNOWN) {
			take_over(&conditions[SY_CONDITION_READY], &conditions[order[i]], order[i]);
			return;
		}
	}
	is_true(&conditions[SY_CONDITION_READY], "AsExpected");
}

/* The end of an eviction is said in words that a script may wait for. */
static void schedulable(const struct sy_condition_facts *facts, struct sy_condition *condition)
{
	if (facts->evicted)
		is_false(condition, "Info", "Evicted", "0 workspaces left");
	else if (facts->evicting)
		is_false(condition, "Info", "Evicting", facts->evict_left ? facts->evict_left : "");
	else if (facts->unschedulable)
		is_false(condition, "Info", "Cordoned", "");
	else
		is_true(condition, "AsExpected");
}

void sy_conditions_compute(const struct sy_condition_facts *facts, struct sy_condition ret_conditions[SY_CONDITION_MAX])
{
	is_true(&ret_conditions[SY_CONDITION_HEARTBEAT], "HeartbeatFresh");
	syncer_ready(facts, &ret_conditions[SY_CONDITION_SYNCER]);
	importer_ready(facts, &ret_conditions[SY_CONDITION_IMPORTER]);
	importer_notes(facts, &ret_conditions[SY_CONDITION_IMPORTER]);
	syncer_authorized(facts, &ret_conditions[SY_CONDITION_AUTHORIZED]);
	workers_ready(facts, &ret_conditions[SY_CONDITION_WORKERS]);
	schedulable(facts, &ret_conditions[SY_CONDITION_SCHEDULABLE]);
	summarise(ret_conditions);
}

static const char *known_severity(const char *text)
{
	static const char *const names[] = {"Error", "Warning", "Info"};

	for (size_t i = 0; text && i < 3; i++) {
		if (strcmp(text, names[i]) == 0)
			return names[i];
	}
	return "Error";
}

static bool decode_one(json_object *stored, const char *wanted, struct sy_condition *ret)
{
	for (size_t i = 0; stored && i < json_object_array_length(stored); i++) {
		json_object *item = json_object_array_get_idx(stored, i);
		const char *type = sy_json_str(item, "type", NULL), *status = sy_json_str(item, "status", NULL);
		const char *reason = sy_json_str(item, "reason", NULL), *message = sy_json_str(item, "message", NULL);

		if (!type || !status || !reason || strcmp(type, wanted) != 0)
			continue;
		if (strcmp(status, "True") == 0)
			is_true(ret, reason);
		else if (strcmp(status, "False") == 0)
			is_false(ret, known_severity(sy_json_str(item, "severity", NULL)), reason, "");
		else
			is_unknown(ret, reason);
		(void)snprintf(ret->message, sizeof(ret->message), "%s", message ? message : "");
		return true;
	}
	return false;
}

static bool decode_all(json_object *stored, struct sy_condition ret_conditions[SY_CONDITION_MAX])
{
	for (int type = 0; type < SY_CONDITION_MAX; type++) {
		if (!decode_one(stored, sy_condition_type_name((enum sy_condition_type)type), &ret_conditions[type]))
			return false;
	}
	return true;
}

bool sy_conditions_back(json_object *stored, struct sy_condition ret_conditions[SY_CONDITION_MAX])
{
	if (!decode_all(stored, ret_conditions))
		return false;
	is_true(&ret_conditions[SY_CONDITION_HEARTBEAT], "HeartbeatFresh");
	is_unknown(&ret_conditions[SY_CONDITION_SYNCER], "Starting");
	is_unknown(&ret_conditions[SY_CONDITION_WORKERS], "Starting");
	summarise(ret_conditions);
	return true;
}

bool sy_conditions_stopped(json_object *stored, struct sy_condition ret_conditions[SY_CONDITION_MAX])
{
	if (!decode_all(stored, ret_conditions))
		return false;
	is_false(&ret_conditions[SY_CONDITION_HEARTBEAT], "Warning", "SyncerStopped", "syncerd was stopped");
	summarise(ret_conditions);
	return true;
}

/* The time of the last change of status: of the stored condition when its status is the same. */
static const char *transition_time(json_object *stored, const char *type, const char *status, const char *now)
{
	for (size_t i = 0; stored && i < json_object_array_length(stored); i++) {
		json_object *condition = json_object_array_get_idx(stored, i);
		const char *stored_type = sy_json_str(condition, "type", NULL);
		const char *stored_status = sy_json_str(condition, "status", NULL);
		const char *time = sy_json_str(condition, "lastTransitionTime", NULL);

		if (stored_type && strcmp(stored_type, type) == 0)
			return stored_status && time && strcmp(stored_status, status) == 0 ? time : now;
	}
	return now;
}

static json_object *encode_one(const struct sy_condition *condition, const char *type, int64_t generation, json_object *stored,
			       const char *now)
{
	const char *status = sy_condition_status_name(condition->status);
	json_object *out = json_object_new_object();
	int r = sy_json_add_str(out, "type", type);

	if (r == 0)
		r = sy_json_add_str(out, "status", status);
	if (r == 0 && condition->severity)
		r = sy_json_add_str(out, "severity", condition->severity);
	if (r == 0)
		r = sy_json_add_str(out, "reason", condition->reason);
	if (r == 0)
		r = sy_json_add_str(out, "message", condition->message);
	if (r == 0)
		r = sy_json_add_str(out, "lastTransitionTime", transition_time(stored, type, status, now));
	if (r == 0)
		r = sy_json_add_int(out, "observedGeneration", generation);
	if (r < 0) {
		json_object_put(out);
		return NULL;
	}
	return out;
}

int sy_conditions_encode(const struct sy_condition conditions[SY_CONDITION_MAX], int64_t generation, json_object *stored, const char *now,
			 json_object **ret_array, struct sy_error *err)
{
	json_object *array = json_object_new_array();

	for (int type = 0; array && type < SY_CONDITION_MAX; type++) {
		json_object *one =
			encode_one(&conditions[type], sy_condition_type_name((enum sy_condition_type)type), generation, stored, now);

		if (!one || json_object_array_add(array, one) < 0) {
			json_object_put(one);
			json_object_put(array);
			array = NULL;
		}
	}
	if (!array)
		return sy_error_oom(err);
	*ret_array = array;
	return 0;
}
