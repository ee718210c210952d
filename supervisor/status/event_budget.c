#include "supervisor/status/event_budget.h"

#include <string.h>

static void refill(struct sy_bucket *bucket, int burst, int64_t interval_ms, int64_t now_ms)
{
	int64_t passed = (now_ms - bucket->refilled_ms) / interval_ms;

	if (passed <= 0)
		return;
	bucket->tokens = passed >= burst - bucket->tokens ? burst : bucket->tokens + (int)passed;
	bucket->refilled_ms += passed * interval_ms;
}

void sy_event_budget_init(struct sy_event_budget *budget, int64_t now_ms)
{
	memset(budget, 0, sizeof(*budget));
	budget->all = (struct sy_bucket){SY_BUDGET_ALL_BURST, now_ms};
}

static struct sy_budget_share *share_of(struct sy_event_budget *budget, const char *cluster, int64_t now_ms)
{
	struct sy_budget_share *oldest = &budget->shares[0];

	for (size_t i = 0; i < SY_BUDGET_CLUSTERS; i++) {
		struct sy_budget_share *share = &budget->shares[i];

		if (strcmp(share->cluster, cluster) == 0 && cluster[0])
			return share;
		if (!share->cluster[0] ? oldest->cluster[0] != '\0' : oldest->cluster[0] && share->used_ms < oldest->used_ms)
			oldest = share;
	}
	*oldest = (struct sy_budget_share){.bucket = {SY_BUDGET_BURST, now_ms}};
	(void)strlcpy(oldest->cluster, cluster, sizeof(oldest->cluster));
	return oldest;
}

bool sy_event_budget_take(struct sy_event_budget *budget, const char *cluster, int64_t now_ms, bool *ret_first)
{
	struct sy_budget_share *share = share_of(budget, cluster, now_ms);

	*ret_first = false;
	share->used_ms = now_ms;
	refill(&budget->all, SY_BUDGET_ALL_BURST, SY_BUDGET_ALL_REFILL_MS, now_ms);
	refill(&share->bucket, SY_BUDGET_BURST, SY_BUDGET_REFILL_MS, now_ms);
	if (share->bucket.tokens == 0 || budget->all.tokens == 0) {
		*ret_first = !share->starved;
		share->starved = true;
		return false;
	}
	share->bucket.tokens--;
	budget->all.tokens--;
	share->starved = false;
	return true;
}
