#include "step.h"

const char *sy_action_name(enum sy_action action)
{
	static const char *const names[SY_ACT_MAX] = {
		[SY_ACT_NONE] = "None",
		[SY_ACT_FORGET] = "Forget",
		[SY_ACT_GET_UP] = "GetUpstream",
		[SY_ACT_GET_DOWN] = "GetDownstream",
		[SY_ACT_ADD_FINALIZER] = "AddFinalizer",
		[SY_ACT_CREATE] = "Create",
		[SY_ACT_RENAME] = "RenameOperation",
		[SY_ACT_APPLY] = "Apply",
		[SY_ACT_STATUS] = "Status",
		[SY_ACT_RESET] = "ResetStatus",
		[SY_ACT_DELETE] = "Delete",
		[SY_ACT_ORPHAN] = "Orphan",
		[SY_ACT_RELEASE] = "Release",
		[SY_ACT_AWAIT_DELETION] = "AwaitDeletion",
	};
	return action < SY_ACT_MAX ? names[action] : "";
}

/* Our copy is there and shall stay: keep it and the status in step. */
static enum sy_action keep(const struct sy_facts *facts)
{
	if (facts->broken)
		return facts->down_deleting ? SY_ACT_AWAIT_DELETION : SY_ACT_NONE;
	if (!facts->in_step && !facts->permanent && !facts->contended && !facts->down_deleting)
		return facts->rename ? SY_ACT_RENAME : SY_ACT_APPLY;
	if (facts->status_due)
		return SY_ACT_STATUS;
	return facts->down_deleting ? SY_ACT_AWAIT_DELETION : SY_ACT_NONE;
}

static enum sy_action live(const struct sy_facts *facts)
{
	if (facts->broken)
		return facts->down == SY_PRESENT ? keep(facts) : SY_ACT_NONE;
	if (facts->finalize && !facts->finalizer)
		return facts->full ? SY_ACT_NONE : SY_ACT_ADD_FINALIZER;
	if (facts->down == SY_PRESENT)
		return keep(facts);
	if (facts->down == SY_FOREIGN)
		return SY_ACT_NONE;
	return facts->permanent || facts->contended ? SY_ACT_NONE : SY_ACT_CREATE;
}

/* Nothing of ours is downstream any more. */
static enum sy_action gone(const struct sy_facts *facts)
{
	bool upstream = facts->up == SY_PRESENT || facts->up == SY_MAYBE;
	if (upstream && facts->finalizer && !facts->upstream_gone)
		return SY_ACT_RELEASE;
	return upstream && !facts->upstream_gone ? SY_ACT_NONE : SY_ACT_FORGET;
}

static enum sy_action leaving(const struct sy_facts *facts)
{
	bool upstream = facts->up == SY_PRESENT && !facts->upstream_gone;
	if (facts->down == SY_FOREIGN || facts->down == SY_ABSENT)
		return gone(facts);
	if (facts->down == SY_PRESENT) {
		if (facts->held || (upstream && facts->soft))
			return upstream ? keep(facts) : SY_ACT_NONE;
		/* While the copy is there: afterwards nothing tells whose the status upstream is. */
		if (facts->reset && upstream)
			return SY_ACT_RESET;
		if ((facts->drain || facts->removed) && facts->orphan)
			return SY_ACT_ORPHAN;
		if (facts->down_deleting)
			return upstream && facts->status_due && !facts->broken ? SY_ACT_STATUS : SY_ACT_AWAIT_DELETION;
		return SY_ACT_DELETE;
	}
	/* Unseen or unsure: a finalizer may only go after a GET said NotFound. */
	if (facts->finalizer && !facts->upstream_gone)
		return SY_ACT_GET_DOWN;
	return facts->down == SY_MAYBE ? SY_ACT_GET_DOWN : gone(facts);
}

/* Nothing can be downstream: who goes is let go, who lives waits for the resource to be served again, unless its binding leaves. */
static enum sy_action absent(const struct sy_facts *facts)
{
	if (facts->upstream_gone || facts->up == SY_ABSENT || facts->up == SY_UNSEEN)
		return SY_ACT_FORGET;
	if (facts->up == SY_MAYBE)
		return SY_ACT_GET_UP;
	return facts->finalizer && (facts->up_deleting || facts->drain || facts->removed) ? SY_ACT_RELEASE : SY_ACT_NONE;
}

enum sy_action sy_step(const struct sy_facts *facts)
{
	if (!facts->ready || facts->paused)
		return SY_ACT_NONE;
	if (facts->absent)
		return absent(facts);
	if (facts->check_down)
		return SY_ACT_GET_DOWN;
	bool sweep = facts->drain || facts->removed;
	if (!sweep) {
		if (facts->up == SY_MAYBE)
			return SY_ACT_GET_UP;
		if (facts->up == SY_UNSEEN)
			return facts->down == SY_PRESENT || facts->down == SY_MAYBE ? SY_ACT_GET_UP : SY_ACT_FORGET;
	}
	if (sweep || facts->up == SY_ABSENT || facts->up_deleting || facts->leave)
		return leaving(facts);
	return live(facts);
}
