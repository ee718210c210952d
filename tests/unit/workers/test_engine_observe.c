/* What is taken from an object, without any server. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

static json_object *parse(const char *text)
{
	json_object *value = NULL;
	if (sy_json_parse(text, strlen(text), 1 << 20, &value, NULL))
		fail_msg("%s", text);
	return value;
}

struct fixture {
	struct sy_loop *loop;
	struct sy_engine_ops ops;
	struct sy_engine engine;
	struct sy_resource resource;
	char group[16], name[16];
};

static void open_fixture(struct fixture *f)
{
	*f = (struct fixture){.group = "example.dev", .name = "gadgets"};
	assert_int_equal(sy_loop_new(&f->loop, NULL), 0);
	assert_int_equal(sy_events_new(&f->engine.events, f->loop, &f->ops, NULL, NULL), 0);
	f->engine.loop = f->loop;
	f->resource.engine = &f->engine;
	f->resource.rule.group = f->group;
	f->resource.rule.resource = f->name;
}

static void close_fixture(struct fixture *f)
{
	sy_events_free(f->engine.events);
	sy_loop_free(f->loop);
}

/* ns1/a and ns2/a would share the key "a". */
static void refuses_namespaced_objects_of_a_cluster_scoped_type(void **state)
{
	(void)state;
	struct fixture f;
	char key[SY_KEY_TEXT_MAX] = "";
	sy_auto_json json_object *inside = parse("{\"metadata\":{\"name\":\"a\",\"namespace\":\"ns1\",\"uid\":\"u\"}}");
	sy_auto_json json_object *plain = parse("{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}}");
	open_fixture(&f);
	assert_false(sy_observe_key_up(&f.resource, inside, key));
	assert_false(sy_observe_key_down(&f.resource, inside, key));
	assert_true(sy_observe_key_up(&f.resource, plain, key));
	assert_string_equal(key, "a");
	assert_true(sy_observe_key_down(&f.resource, plain, key));
	assert_string_equal(key, "a");
	close_fixture(&f);
}

/* Each refusal without a cause is a failed test as long as the object moves: only what is refused as it stands is refused for itself. */
static void loses_races_without_being_refused(void **state)
{
	(void)state;
	sy_auto_json json_object *caused = parse("{\"kind\":\"Status\",\"details\":{\"causes\":[{\"field\":\"spec\"}]}}");
	const struct sy_kube_result failed = {.verdict = SY_KUBE_INVALID}, conflict = {.verdict = SY_KUBE_CONFLICT};
	const struct sy_kube_result refused = {.verdict = SY_KUBE_INVALID, .object = caused};
	struct sy_op op = {.action = SY_ACT_ADD_FINALIZER};
	for (uint64_t rv = 5; rv < 9; rv++) {
		op.asked_rv[SY_SIDE_UP] = rv;
		assert_false(sy_op_rejected(&op, SY_SIDE_UP, &failed));
	}
	for (int i = 0; i < 4; i++)
		assert_false(sy_op_rejected(&op, SY_SIDE_UP, &conflict));
	assert_true(sy_op_rejected(&op, SY_SIDE_UP, &failed));
	op.action = SY_ACT_RELEASE;
	assert_false(sy_op_rejected(&op, SY_SIDE_UP, &failed));
	assert_true(sy_op_rejected(&op, SY_SIDE_UP, &refused));
	/* The other side's versions mean nothing. */
	op = (struct sy_op){.action = SY_ACT_DELETE, .asked_rv = {1, 7}};
	assert_false(sy_op_rejected(&op, SY_SIDE_DOWN, &failed));
	op.asked_rv[SY_SIDE_UP] = 2;
	assert_true(sy_op_rejected(&op, SY_SIDE_DOWN, &failed));
}

/* An answer that says nothing about the object must not keep it from being missed in the list. */
static void hears_only_answers_about_the_object(void **state)
{
	(void)state;
	struct sy_resource resource = {.view = {{.epoch = 7}, {.epoch = 9}}};
	struct sy_object object = {.resource = &resource};
	struct sy_op op = {.object = &object};
	const struct sy_kube_result busy = {.verdict = SY_KUBE_SERVER_ERROR}, nobody = {.verdict = SY_KUBE_UNREACHABLE};
	const struct sy_kube_result ok = {.verdict = SY_KUBE_OK}, absent = {.verdict = SY_KUBE_NOT_FOUND};
	sy_op_answered(&op, SY_SIDE_UP, &busy);
	sy_op_answered(&op, SY_SIDE_DOWN, &nobody);
	assert_int_equal(object.up_answer_epoch, 0);
	assert_int_equal(object.down_answer_epoch, 0);
	sy_op_answered(&op, SY_SIDE_UP, &ok);
	sy_op_answered(&op, SY_SIDE_DOWN, &absent);
	assert_int_equal(object.up_answer_epoch, 7);
	assert_int_equal(object.down_answer_epoch, 9);
}

#define FIELDS(manager, fields) "{\"metadata\":{\"managedFields\":[{\"manager\":\"" manager "\",\"fieldsV1\":" fields "}]}}"
#define LABEL "{\"f:metadata\":{\"f:labels\":{\"f:internal.workload.kcp.io/cluster\":{}}}}"

static void tells_our_labels_from_copied_ones(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool made;
	} rows[] = {
		{FIELDS("syncerd", LABEL), true},
		{FIELDS("controller", LABEL), false},
		{FIELDS("syncerd", "{\"f:spec\":{\"f:x\":{}}}"), false},
		{"{\"metadata\":{}}", true},
		{"{\"metadata\":{\"managedFields\":[],\"ownerReferences\":[]}}", true},
		{"{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u\"}]}}", false},
		{"{\"metadata\":{\"managedFields\":[7,null]}}", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sy_auto_json json_object *tree = parse(rows[i].text);
		if (sy_observe_made(tree) != rows[i].made)
			fail_msg("%s", rows[i].text);
	}
}

#define UP(members) "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"" members "}}"
#define LABELS(labels) ",\"labels\":{" labels "}"
#define STATE(key, value) "\"state.workload.kcp.io/" key "\":\"" value "\""
#define FINALIZERS(list) ",\"finalizers\":[" list "]"
#define OUR "\"workload.kcp.io/syncer-KEY\""
#define THEIR "\"workload.kcp.io/syncer-OTHER\""

/* syncerd-rules(7) 4.5 */
static void tells_whose_an_object_is(void **state)
{
	static const struct {
		const char *text;
		bool claimed, leave, shared;
	} rows[] = {
		{UP(""), false, false, false},
		{UP(LABELS(STATE("KEY", "Sync"))), false, false, false},
		{UP(LABELS(STATE("KEY", ""))), false, true, false},
		{UP(LABELS(STATE("OTHER", "Sync"))), false, true, true},
		{UP(LABELS(STATE("OTHER", "Sync"))), true, true, true},
		{UP(LABELS(STATE("KEYS", "Sync"))), false, true, true},
		{UP(LABELS(STATE("OTHER", "Sync") "," STATE("KEY", "Sync"))), false, false, true},
		{UP(LABELS(STATE("OTHER", "") "," STATE("KEY", "Sync"))), false, false, false},
		{UP(LABELS("\"state.workload.kcp.io/KEY\":7")), false, true, false},
		{UP(FINALIZERS(THEIR)), false, true, false},
		{UP(FINALIZERS(THEIR)), true, false, false},
		{UP(FINALIZERS(THEIR "," OUR)), false, false, true},
		{UP(FINALIZERS(OUR "," OUR)), false, false, false},
		{UP(LABELS(STATE("KEY", "")) FINALIZERS(OUR)), false, true, false},
		{UP(LABELS(STATE("KEY", "")) FINALIZERS(OUR "," THEIR)), false, true, true},
		{UP(LABELS(STATE("KEY", "Sync")) FINALIZERS(OUR "," THEIR)), false, false, false},
		{UP(FINALIZERS("\"example.dev/hold\",7")), false, false, false},
		{UP(LABELS(STATE("KEY", "Sync")) FINALIZERS(THEIR)), false, false, false},
		{UP(LABELS(STATE("OTHER", "Sync")) FINALIZERS(OUR)), false, true, true},
		{UP(",\"annotations\":{\"deletion.internal.workload.kcp.io/KEY\":\"now\"}" LABELS(STATE("KEY", "Sync"))), false, true,
		 false},
	};
	char key[] = "KEY", finalizer[] = "workload.kcp.io/syncer-KEY", soft[] = "finalizers.workload.kcp.io/KEY";
	char leave[] = "deletion.internal.workload.kcp.io/KEY";
	struct sy_error why = {0};
	struct fixture f;
	struct sy_object *object = calloc(1, sizeof(*object) + 8);
	(void)state;
	open_fixture(&f);
	f.engine.plan.key = key;
	f.engine.finalizer = finalizer;
	f.engine.soft_annotation = soft;
	f.engine.leave_annotation = leave;
	assert_non_null(object);
	object->resource = &f.resource;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sy_auto_json json_object *tree = parse(rows[i].text);
		struct sy_reflector_broken broken = {.about = tree, .why = &why};
		f.resource.rule.claimed = rows[i].claimed;
		sy_observe_broken(object, SY_SIDE_UP, &broken);
		if (object->up_leave != rows[i].leave || object->up_shared != rows[i].shared)
			fail_msg("%s", rows[i].text);
	}
	free(object);
	close_fixture(&f);
}

/* Of an unreadable copy, too, the labels alone do not say that it is ours. */
static void tells_copied_labels_of_what_cannot_be_read(void **state)
{
	static const struct {
		const char *text;
		bool copied;
	} rows[] = {
		{"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"managedFields\":[{\"manager\":\"syncerd\",\"fieldsV1\":" LABEL "}]}}",
		 false},
		{"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"managedFields\":[{\"manager\":\"other\",\"fieldsV1\":" LABEL "}]}}", true},
		{"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"managedFields\":[{}]}}", true},
		{"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"ownerReferences\":[{\"uid\":\"p\"}]}}", true},
		{"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}}", false}, /* a server without managedFields */
	};
	struct sy_error why = {0};
	struct fixture f;
	struct sy_object *object = calloc(1, sizeof(*object) + 8);
	(void)state;
	open_fixture(&f);
	assert_non_null(object);
	object->resource = &f.resource;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sy_auto_json json_object *tree = parse(rows[i].text);
		struct sy_reflector_broken broken = {.about = tree, .why = &why};
		sy_observe_broken(object, SY_SIDE_DOWN, &broken);
		if (object->down_copied != rows[i].copied || !object->down_broken)
			fail_msg("%s", rows[i].text);
	}
	free(object);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_namespaced_objects_of_a_cluster_scoped_type),
		cmocka_unit_test(hears_only_answers_about_the_object),
		cmocka_unit_test(loses_races_without_being_refused),
		cmocka_unit_test(tells_our_labels_from_copied_ones),
		cmocka_unit_test(tells_whose_an_object_is),
		cmocka_unit_test(tells_copied_labels_of_what_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
