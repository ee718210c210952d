/* Facts -> action, the table of syncerd-rules(7) 7.2 and its crash points 7.3. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/step.h"

struct row {
	const char *what;
	struct sy_facts facts;
	enum sy_action action;
};

#define READY .ready = true, .finalize = true
#define LIVE READY, .up = SY_PRESENT
#define HELD LIVE, .finalizer = true
#define SYNCED HELD, .down = SY_PRESENT, .in_step = true
#define DELETING HELD, .up_deleting = true
#define DRAIN READY, .drain = true

static const struct row rows[] = {
	{"lists incomplete", {.finalize = true, .up = SY_PRESENT}, SY_ACT_NONE},
	{"paused", {LIVE, .paused = true}, SY_ACT_NONE},
	{"paused, drift", {HELD, .down = SY_PRESENT, .paused = true}, SY_ACT_NONE},
	/* Live */
	{"unknown: take the finalizer first", {LIVE}, SY_ACT_ADD_FINALIZER},
	{"no room for the finalizer: left alone", {LIVE, .full = true}, SY_ACT_NONE},
	{"claimed: no finalizer", {.ready = true, .up = SY_PRESENT}, SY_ACT_CREATE},
	{"C1 held, nothing downstream", {HELD}, SY_ACT_CREATE},
	{"held, copy in doubt: POST is atomic", {HELD, .down = SY_MAYBE}, SY_ACT_CREATE},
	{"held, copy deleted by somebody", {HELD, .down = SY_ABSENT}, SY_ACT_CREATE},
	{"foreign: left alone", {HELD, .down = SY_FOREIGN}, SY_ACT_NONE},
	{"foreign, time to look again", {HELD, .down = SY_FOREIGN, .check_down = true}, SY_ACT_GET_DOWN},
	{"refused for good", {HELD, .permanent = true}, SY_ACT_NONE},
	{"contended copy: not now", {HELD, .down = SY_PRESENT, .contended = true}, SY_ACT_NONE},
	{"contended: status goes on", {HELD, .down = SY_PRESENT, .contended = true, .status_due = true}, SY_ACT_STATUS},
	{"deleted again and again: not now", {HELD, .down = SY_ABSENT, .contended = true}, SY_ACT_NONE},
	{"contended, but it goes: delete", {DELETING, .down = SY_PRESENT, .contended = true}, SY_ACT_DELETE},
	{"in step", {SYNCED}, SY_ACT_NONE},
	{"C3 operation still Update", {HELD, .down = SY_PRESENT, .rename = true}, SY_ACT_RENAME},
	{"C4 drift or new spec", {HELD, .down = SY_PRESENT}, SY_ACT_APPLY},
	{"apply refused for good: status goes on", {HELD, .down = SY_PRESENT, .permanent = true, .status_due = true}, SY_ACT_STATUS},
	{"apply before status", {HELD, .down = SY_PRESENT, .status_due = true}, SY_ACT_APPLY},
	{"C5 status differs", {SYNCED, .status_due = true}, SY_ACT_STATUS},
	{"copy being deleted by somebody", {HELD, .down = SY_PRESENT, .down_deleting = true}, SY_ACT_AWAIT_DELETION},
	{"its status still flows", {HELD, .down = SY_PRESENT, .down_deleting = true, .status_due = true}, SY_ACT_STATUS},
	{"tenant took the finalizer off", {LIVE, .down = SY_PRESENT, .in_step = true}, SY_ACT_ADD_FINALIZER},
	/* Knowledge */
	{"absent from a complete list: ask", {READY, .up = SY_MAYBE, .down = SY_PRESENT}, SY_ACT_GET_UP},
	{"C9 copy without counterpart: ask", {READY, .up = SY_UNSEEN, .down = SY_PRESENT}, SY_ACT_GET_UP},
	{"nothing on either side", {READY}, SY_ACT_FORGET},
	{"404 upstream: delete", {READY, .up = SY_ABSENT, .down = SY_PRESENT}, SY_ACT_DELETE},
	{"the same, but held back", {READY, .up = SY_ABSENT, .down = SY_PRESENT, .held = true}, SY_ACT_NONE},
	{"gone on both sides", {READY, .up = SY_ABSENT, .down = SY_ABSENT}, SY_ACT_FORGET},
	{"gone upstream, foreign downstream", {READY, .up = SY_ABSENT, .down = SY_FOREIGN}, SY_ACT_FORGET},
	/* Deleting */
	/* Eviction */
	{"evicted: status first, while the copy tells whose it is",
	 {DRAIN, .up = SY_PRESENT, .finalizer = true, .down = SY_PRESENT, .reset = true},
	 SY_ACT_RESET},
	{"evicted, copy already going",
	 {DRAIN, .up = SY_PRESENT, .finalizer = true, .down = SY_PRESENT, .down_deleting = true, .reset = true},
	 SY_ACT_RESET},
	{"evicted, soft finalizers: no reset yet",
	 {DRAIN, .up = SY_PRESENT, .finalizer = true, .down = SY_PRESENT, .in_step = true, .soft = true, .reset = true},
	 SY_ACT_NONE},
	{"evicted, status taken off or not ours", {DRAIN, .up = SY_PRESENT, .finalizer = true, .down = SY_PRESENT}, SY_ACT_DELETE},
	{"evicted, nothing left of it", {DRAIN, .up = SY_PRESENT, .finalizer = true, .down = SY_ABSENT}, SY_ACT_RELEASE},
	{"never had our finalizer", {LIVE, .up_deleting = true}, SY_ACT_NONE},
	{"deleting", {DELETING, .down = SY_PRESENT}, SY_ACT_DELETE},
	{"soft finalizers: keep in step", {DELETING, .down = SY_PRESENT, .soft = true}, SY_ACT_APPLY},
	{"soft finalizers: nothing to do", {DELETING, .down = SY_PRESENT, .soft = true, .in_step = true}, SY_ACT_NONE},
	{"C6 waiting for foreign finalizers", {DELETING, .down = SY_PRESENT, .down_deleting = true}, SY_ACT_AWAIT_DELETION},
	{"waiting, status flows", {DELETING, .down = SY_PRESENT, .down_deleting = true, .status_due = true}, SY_ACT_STATUS},
	{"C7 not in the list: a GET must say so", {DELETING}, SY_ACT_GET_DOWN},
	{"copy in doubt", {DELETING, .down = SY_MAYBE}, SY_ACT_GET_DOWN},
	{"gone: release", {DELETING, .down = SY_ABSENT}, SY_ACT_RELEASE},
	{"re-created by somebody: release", {DELETING, .down = SY_FOREIGN}, SY_ACT_RELEASE},
	{"C8 released, others hold it", {LIVE, .up_deleting = true, .down = SY_ABSENT}, SY_ACT_NONE},
	{"deletion annotation", {HELD, .down = SY_PRESENT, .in_step = true, .leave = true}, SY_ACT_DELETE},
	{"deletion annotation, gone", {HELD, .down = SY_ABSENT, .leave = true}, SY_ACT_RELEASE},
	{"deletion annotation, released", {LIVE, .down = SY_ABSENT, .leave = true}, SY_ACT_NONE},
	/* Drain */
	{"drain: delete", {DRAIN, .up = SY_PRESENT, .finalizer = true, .down = SY_PRESENT}, SY_ACT_DELETE},
	{"drain: orphan", {DRAIN, .orphan = true, .up = SY_PRESENT, .finalizer = true, .down = SY_PRESENT}, SY_ACT_ORPHAN},
	{"drain: release", {DRAIN, .up = SY_PRESENT, .finalizer = true, .down = SY_ABSENT}, SY_ACT_RELEASE},
	{"drain: upstream lives on", {DRAIN, .up = SY_PRESENT, .down = SY_ABSENT}, SY_ACT_NONE},
	{"drain: never create", {DRAIN, .up = SY_PRESENT}, SY_ACT_NONE},
	{"drain without upstream: delete", {DRAIN, .upstream_gone = true, .down = SY_PRESENT}, SY_ACT_DELETE},
	{"drain without upstream: no release",
	 {DRAIN, .upstream_gone = true, .up = SY_PRESENT, .finalizer = true, .down = SY_ABSENT},
	 SY_ACT_FORGET},
	{"drain without upstream: soft finalizers cannot hold",
	 {DRAIN, .upstream_gone = true, .up = SY_PRESENT, .soft = true, .down = SY_PRESENT},
	 SY_ACT_DELETE},
	{"resource removed: delete the copy", {HELD, .removed = true, .down = SY_PRESENT, .in_step = true}, SY_ACT_DELETE},
	{"resource removed: release", {HELD, .removed = true, .down = SY_ABSENT}, SY_ACT_RELEASE},
	{"resource removed: orphan the copy", {HELD, .removed = true, .orphan = true, .down = SY_PRESENT}, SY_ACT_ORPHAN},
	{"who is deleted while others stay is no orphan", {DELETING, .orphan = true, .down = SY_PRESENT}, SY_ACT_DELETE},
	{"unreadable: nothing is taken or made", {LIVE, .broken = true}, SY_ACT_NONE},
	{"unreadable: nothing is made", {HELD, .broken = true}, SY_ACT_NONE},
	{"unreadable: the copy stays as it is", {HELD, .broken = true, .down = SY_PRESENT, .status_due = true}, SY_ACT_NONE},
	{"unreadable: it can go", {DELETING, .broken = true, .down = SY_PRESENT}, SY_ACT_DELETE},
	{"unreadable: and is let go", {DELETING, .broken = true, .down = SY_ABSENT}, SY_ACT_RELEASE},
	{"unreadable: waits for others",
	 {DELETING, .broken = true, .down = SY_PRESENT, .down_deleting = true, .status_due = true},
	 SY_ACT_AWAIT_DELETION},
	{"resource absent: who lives waits", {HELD, .absent = true}, SY_ACT_NONE},
	{"resource absent: nothing is taken", {LIVE, .absent = true}, SY_ACT_NONE},
	{"resource absent: who goes is let go", {HELD, .absent = true, .up_deleting = true}, SY_ACT_RELEASE},
	{"resource absent: soft finalizers hold nothing that is gone",
	 {HELD, .absent = true, .up_deleting = true, .soft = true},
	 SY_ACT_RELEASE},
	{"resource absent: a drain lets all go", {HELD, .absent = true, .drain = true}, SY_ACT_RELEASE},
	{"resource absent: a leaving binding lets all go", {HELD, .absent = true, .removed = true}, SY_ACT_RELEASE},
	{"resource absent: released before", {LIVE, .absent = true, .up_deleting = true}, SY_ACT_NONE},
	{"resource absent: in doubt upstream", {READY, .finalizer = true, .absent = true, .up = SY_MAYBE}, SY_ACT_GET_UP},
	{"resource absent: gone upstream", {READY, .finalizer = true, .absent = true, .up = SY_ABSENT}, SY_ACT_FORGET},
};

static void decides_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum sy_action action = sy_step(&rows[i].facts);
		if (action != rows[i].action)
			fail_msg("%s: %s, not %s", rows[i].what, sy_action_name(action), sy_action_name(rows[i].action));
	}
}

/* All combinations: what must never happen. */
static void never_breaks_a_promise(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1u << 19; bits++) {
		for (unsigned sides = 0; sides < 5 * 5; sides++) {
#define BIT(n) (((bits >> (n)) & 1u) != 0)
			struct sy_facts facts = {.ready = BIT(0),
						 .paused = BIT(1),
						 .drain = BIT(2),
						 .orphan = BIT(3),
						 .upstream_gone = BIT(2) && BIT(4),
						 .removed = BIT(5),
						 .finalize = BIT(6),
						 .held = BIT(7),
						 .up_deleting = BIT(8),
						 .finalizer = BIT(9),
						 .soft = BIT(10),
						 .leave = BIT(11),
						 .down_deleting = BIT(12),
						 .in_step = BIT(13),
						 .permanent = BIT(14),
						 .rename = BIT(15),
						 .status_due = BIT(16),
						 .absent = BIT(17),
						 .broken = BIT(18),
						 .up = (enum sy_presence)(sides % 4),
						 .down = (enum sy_presence)(sides / 5)};
			enum sy_action action = sy_step(&facts);
			if (facts.absent) { /* the only writes are releases of what goes; nothing is asked downstream */
				assert_true(action == SY_ACT_NONE || action == SY_ACT_FORGET || action == SY_ACT_GET_UP ||
					    (action == SY_ACT_RELEASE && facts.up == SY_PRESENT && facts.finalizer &&
					     (facts.up_deleting || facts.drain || facts.removed)));
				continue;
			}
			if (facts.broken) /* what cannot be read is never written */
				assert_true(action != SY_ACT_CREATE && action != SY_ACT_APPLY && action != SY_ACT_RENAME &&
					    action != SY_ACT_STATUS && action != SY_ACT_ADD_FINALIZER);
			bool sweep = facts.drain || facts.removed;
			bool known = sweep || facts.up == SY_ABSENT || (facts.up == SY_PRESENT && (facts.up_deleting || facts.leave));
			if (!facts.ready || facts.paused)
				assert_int_equal(action, SY_ACT_NONE);
			if (action == SY_ACT_DELETE || action == SY_ACT_ORPHAN)
				assert_true(known && facts.down == SY_PRESENT);
			if (action == SY_ACT_ORPHAN)
				assert_true(sweep && facts.orphan);
			if (action == SY_ACT_RELEASE)
				assert_true(known && (facts.down == SY_ABSENT || facts.down == SY_FOREIGN));
			if (action == SY_ACT_CREATE)
				assert_true(!known && facts.up == SY_PRESENT && (!facts.finalize || facts.finalizer));
			if (action == SY_ACT_APPLY || action == SY_ACT_RENAME)
				assert_true(facts.up == SY_PRESENT && facts.down == SY_PRESENT && !facts.down_deleting);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_every_row),
		cmocka_unit_test(never_breaks_a_promise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
