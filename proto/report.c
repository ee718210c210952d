#include "proto/report.h"

#include <string.h>

#include "base/limits.h"
#include "proto/schema.h"

#define TEXT_BYTES 1024

static const char *const phase_names[] = {
	[SY_PHASE_FAILED] = "Failed",	[SY_PHASE_DEGRADED] = "Degraded", [SY_PHASE_DRAINING] = "Draining",
	[SY_PHASE_PENDING] = "Pending", [SY_PHASE_STARTING] = "Starting", [SY_PHASE_PAUSED] = "Paused",
	[SY_PHASE_REFUSED] = "Refused", [SY_PHASE_SYNCING] = "Syncing",
};
_Static_assert(sizeof(phase_names) / sizeof(phase_names[0]) == SY_PHASE_MAX, "one name per phase");

const char *sy_phase_name(enum sy_phase phase)
{
	return phase < SY_PHASE_MAX ? phase_names[phase] : "Unknown";
}

bool sy_phase_parse(const char *text, enum sy_phase *ret_phase)
{
	for (unsigned i = 0; i < SY_PHASE_MAX; i++) {
		if (strcmp(text, phase_names[i]) == 0) {
			*ret_phase = (enum sy_phase)i;
			return true;
		}
	}
	return false;
}

static const char *phase_name_of(int phase)
{
	return sy_phase_name((enum sy_phase)phase);
}

static const char *verdict_name_of(int verdict)
{
	return sy_kube_verdict_name((enum sy_kube_verdict)verdict);
}

#define R(member) offsetof(struct sy_report_resource, member)
#define P(member) offsetof(struct sy_report, member)
#define E(member) offsetof(struct sy_event, member)

static const struct sy_field resource_fields[] = {
	{.name = "group", .offset = R(group), .limit = 253, .check = sy_check_group, .expected = "an API group"},
	{.name = "resource", .offset = R(resource), .limit = 63, .check = sy_check_name, .expected = "a plural resource name"},
	{.name = "objects", .kind = SY_FIELD_UINT, .offset = R(objects)},
	{.name = "synced", .kind = SY_FIELD_UINT, .offset = R(synced)},
	{.name = "pending", .kind = SY_FIELD_UINT, .offset = R(pending)},
	{.name = "failing", .kind = SY_FIELD_UINT, .offset = R(failing)},
	{.name = "foreign", .kind = SY_FIELD_UINT, .offset = R(foreign)},
	{.name = "copies", .kind = SY_FIELD_UINT, .offset = R(copies)},
	{.name = "held", .kind = SY_FIELD_BOOL, .offset = R(held)},
	{.name = "upSynced", .kind = SY_FIELD_BOOL, .offset = R(up_synced)},
	{.name = "downSynced", .kind = SY_FIELD_BOOL, .offset = R(down_synced)},
	{.name = "reason", .offset = R(reason), .limit = 63, .check = sy_check_word_or_empty, .expected = "a CamelCase word"},
};
static const struct sy_record resource_record = {"resource", resource_fields, sizeof(resource_fields) / sizeof(resource_fields[0]),
						 sizeof(struct sy_report_resource)};

static const struct sy_field report_fields[] = {
	{.name = "planGeneration", .kind = SY_FIELD_UINT, .offset = P(plan_generation)},
	{.name = "phase", .kind = SY_FIELD_ENUM, .offset = P(phase), .limit = SY_PHASE_MAX, .name_of = phase_name_of},
	{.name = "reason", .offset = P(reason), .limit = 63, .check = sy_check_word_or_empty, .expected = "a CamelCase word"},
	{.name = "message", .kind = SY_FIELD_TEXT, .offset = P(message), .limit = TEXT_BYTES},
	{.name = "drained", .kind = SY_FIELD_BOOL, .offset = P(drained)},
	{.name = "upstream", .kind = SY_FIELD_ENUM, .offset = P(upstream), .limit = SY_KUBE_VERDICT_MAX, .name_of = verdict_name_of},
	{.name = "downstream", .kind = SY_FIELD_ENUM, .offset = P(downstream), .limit = SY_KUBE_VERDICT_MAX, .name_of = verdict_name_of},
	{.name = "lagMs", .kind = SY_FIELD_INT, .offset = P(lag_ms)},
	{.name = "upRequests", .kind = SY_FIELD_UINT, .offset = P(up_requests)},
	{.name = "downRequests", .kind = SY_FIELD_UINT, .offset = P(down_requests)},
	{.name = "writesUp", .kind = SY_FIELD_UINT, .offset = P(writes_up)},
	{.name = "writesDown", .kind = SY_FIELD_UINT, .offset = P(writes_down)},
	{.name = "namespaces", .kind = SY_FIELD_UINT, .offset = P(namespaces)},
	{.name = "resources",
	 .kind = SY_FIELD_RECORDS,
	 .offset = P(resources),
	 .count_offset = P(resource_count),
	 .limit = SY_MAX_PLAN_RESOURCES,
	 .record = &resource_record},
};
static const struct sy_record report_record = {"report", report_fields, sizeof(report_fields) / sizeof(report_fields[0]),
					       sizeof(struct sy_report)};

/* No cluster here: whose event it is follows from the link it came by. */
static const struct sy_field event_fields[] = {
	{.name = "warning", .kind = SY_FIELD_BOOL, .offset = E(warning)},
	{.name = "told", .kind = SY_FIELD_BOOL, .offset = E(told)},
	{.name = "group", .offset = E(group), .limit = 253, .check = sy_check_group, .expected = "an API group"},
	{.name = "resource", .kind = SY_FIELD_TEXT, .offset = E(resource), .limit = TEXT_BYTES},
	{.name = "object", .kind = SY_FIELD_TEXT, .offset = E(object), .limit = TEXT_BYTES},
	{.name = "reason", .offset = E(reason), .limit = 63, .check = sy_check_word, .expected = "a CamelCase word"},
	{.name = "message", .kind = SY_FIELD_TEXT, .offset = E(message), .limit = TEXT_BYTES},
	{.name = "count", .kind = SY_FIELD_UINT, .offset = E(count)},
	{.name = "time", .kind = SY_FIELD_INT, .offset = E(time)},
};
static const struct sy_record event_record = {"event", event_fields, sizeof(event_fields) / sizeof(event_fields[0]),
					      sizeof(struct sy_event)};

void sy_report_done(struct sy_report *report)
{
	sy_record_done(&report_record, report);
}

int sy_report_encode(const struct sy_report *report, json_object **ret_value, struct sy_error *err)
{
	return sy_record_encode(&report_record, report, ret_value, err);
}

int sy_report_decode(json_object *value, struct sy_report *ret_report, struct sy_error *err)
{
	struct sy_report report = {0};
	int rc = sy_record_decode(&report_record, value, &report, err);

	if (rc == 0)
		*ret_report = report;
	return rc;
}

int sy_report_copy(const struct sy_report *from, struct sy_report *ret_to, struct sy_error *err)
{
	struct sy_report copy;
	int rc = sy_record_copy(&report_record, from, &copy, err);

	if (rc == 0)
		*ret_to = copy;
	return rc;
}

bool sy_report_equal(const struct sy_report *a, const struct sy_report *b)
{
	return sy_record_equal(&report_record, a, b);
}

void sy_event_done(struct sy_event *event)
{
	free(event->cluster);
	sy_record_done(&event_record, event);
}

int sy_event_encode(const struct sy_event *event, json_object **ret_value, struct sy_error *err)
{
	return sy_record_encode(&event_record, event, ret_value, err);
}

int sy_event_decode(json_object *value, struct sy_event *ret_event, struct sy_error *err)
{
	struct sy_event event = {0};
	int rc = sy_record_decode(&event_record, value, &event, err);

	if (rc == 0)
		*ret_event = event;
	return rc;
}
