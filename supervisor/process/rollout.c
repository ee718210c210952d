#include "supervisor/process/rollout.h"

#include <string.h>

/* In the order in which they are taken. */
static bool before(const struct sy_rollout_fact *a, const struct sy_rollout_fact *b)
{
	if (a->in_step != b->in_step)
		return a->in_step;
	if (a->objects != b->objects)
		return a->objects < b->objects;
	return strcmp(a->cluster, b->cluster) < 0;
}

static enum sy_rollout_deed take_next(struct sy_rollout *rollout, const struct sy_rollout_fact *facts, size_t count, size_t *ret_at)
{
	const struct sy_rollout_fact *next = NULL;
	bool left = false;

	for (size_t i = 0; i < count; i++) {
		if (facts[i].moved)
			continue;
		left = true;
		if (facts[i].settled && (!next || before(&facts[i], next)))
			next = &facts[i];
	}
	if (!next)
		return left ? SY_ROLLOUT_WAIT : SY_ROLLOUT_DONE;
	(void)strlcpy(rollout->cluster, next->cluster, sizeof(rollout->cluster));
	rollout->was_degraded = next->degraded;
	rollout->since_ms = 0;
	rollout->well_ms = 0;
	*ret_at = (size_t)(next - facts);
	return SY_ROLLOUT_MOVE;
}

/* DONE: it has passed. */
static enum sy_rollout_deed judge_well(struct sy_rollout *rollout, const struct sy_rollout_rule *rule, const struct sy_rollout_fact *fact,
				       int64_t now_ms)
{
	int64_t need = rollout->passed == 0 ? SY_ROLLOUT_CANARY * rule->stable_ms : rule->stable_ms;

	if (!fact->on_target || !fact->running || !fact->in_step || (fact->degraded && !rollout->was_degraded))
		rollout->well_ms = 0;
	else if (rollout->well_ms == 0)
		rollout->well_ms = now_ms;
	if (rollout->well_ms)
		return now_ms - rollout->well_ms >= need ? SY_ROLLOUT_DONE : SY_ROLLOUT_WAIT;
	return rollout->since_ms && now_ms - rollout->since_ms >= rule->deadline_ms ? SY_ROLLOUT_LATE : SY_ROLLOUT_WAIT;
}

/* Of a worker that did not do well with the old program either. */
static enum sy_rollout_deed judge_ill(const struct sy_rollout *rollout, const struct sy_rollout_rule *rule,
				      const struct sy_rollout_fact *fact, int64_t now_ms)
{
	if (fact->on_target && fact->running)
		return SY_ROLLOUT_DONE;
	if (!rollout->since_ms || now_ms - rollout->since_ms < rule->deadline_ms)
		return SY_ROLLOUT_WAIT;
	return rollout->proved ? SY_ROLLOUT_DONE : SY_ROLLOUT_LATE;
}

static enum sy_rollout_deed judge(struct sy_rollout *rollout, const struct sy_rollout_rule *rule, const struct sy_rollout_fact *fact,
				  int64_t now_ms)
{
	if (fact->on_target && rollout->since_ms == 0)
		rollout->since_ms = now_ms ? now_ms : 1;
	if (fact->on_target && fact->running)
		rollout->proved = true;
	if (fact->fell)
		return fact->moved_well || !rollout->proved ? SY_ROLLOUT_ENDED : SY_ROLLOUT_DONE;
	return fact->moved_well ? judge_well(rollout, rule, fact, now_ms) : judge_ill(rollout, rule, fact, now_ms);
}

enum sy_rollout_deed sy_rollout_step(struct sy_rollout *rollout, const struct sy_rollout_rule *rule, const struct sy_rollout_fact *facts,
				     size_t count, int64_t now_ms, size_t *ret_at)
{
	enum sy_rollout_deed deed = SY_ROLLOUT_DONE;
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		bool in_hand = strcmp(facts[i].cluster, rollout->cluster) == 0;

		if (in_hand)
			deed = judge(rollout, rule, &facts[i], now_ms);
		else if (facts[i].fell && facts[i].moved_well)
			deed = SY_ROLLOUT_ENDED;
		if (in_hand || deed == SY_ROLLOUT_ENDED)
			*ret_at = i;
		if (deed == SY_ROLLOUT_ENDED)
			return deed;
		found = found || in_hand;
	}
	if (deed != SY_ROLLOUT_DONE)
		return deed;
	rollout->passed += found;
	rollout->cluster[0] = '\0'; /* it has passed, is gone, or there was none */
	return take_next(rollout, facts, count, ret_at);
}
