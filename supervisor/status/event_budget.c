#include "supervisor/status/event_budget.h"

#include <string.h>

void sy_event_budget_init(struct sy_event_budget *budget, int64_t now_ms)
{
	memset(budget, 0, sizeof(*budget));
	budget->all = (struct sy_tokens){now_ms, SY_BUDGET_ALL_BURST};
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
	*oldest = (struct sy_budget_share){.tokens = {now_ms, SY_BUDGET_BURST}};
	(void)strlcpy(oldest->cluster, cluster, sizeof(oldest->cluster));
	return oldest;
}

bool sy_event_budget_take(struct sy_event_budget *budget, const char *cluster, int64_t now_ms, bool *ret_first)
{
	struct sy_budget_share *share = share_of(budget, cluster, now_ms);

	*ret_first = false;
	share->used_ms = now_ms;
	sy_tokens_refill(&budget->all, now_ms, SY_BUDGET_ALL_BURST, SY_BUDGET_ALL_REFILL_MS);
	sy_tokens_refill(&share->tokens, now_ms, SY_BUDGET_BURST, SY_BUDGET_REFILL_MS);
	if (share->tokens.left == 0 || budget->all.left == 0) {
		*ret_first = !share->starved;
		share->starved = true;
		return false;
	}
	share->tokens.left--;
	budget->all.left--;
	share->starved = false;
	return true;
}
