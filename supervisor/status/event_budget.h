/* How many Events may be written: a share for each logical cluster below a bound for all, so that one noisy tenant uses up its own share only.
 * Pure: the caller says what time it is. */
#ifndef SY_SUPERVISOR_EVENT_BUDGET_H
#define SY_SUPERVISOR_EVENT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tokens.h"

#define SY_BUDGET_CLUSTERS 256	  /* shares kept; beyond, the one that was used longest ago is forgotten */
#define SY_BUDGET_BURST 10	  /* of one cluster */
#define SY_BUDGET_REFILL_MS 15000 /* one more for it */
#define SY_BUDGET_ALL_BURST 100	  /* of all together */
#define SY_BUDGET_ALL_REFILL_MS 1000

struct sy_budget_share {
	char cluster[129]; /* "" = free */
	struct sy_tokens tokens;
	int64_t used_ms;
	bool starved; /* was refused since it last had one */
};

struct sy_event_budget {
	struct sy_budget_share shares[SY_BUDGET_CLUSTERS];
	struct sy_tokens all;
};

void sy_event_budget_init(struct sy_event_budget *budget, int64_t now_ms);
/* May one more be written? *ret_first tells the first refusal after an Event of this cluster: worth a line in the log. */
bool sy_event_budget_take(struct sy_event_budget *budget, const char *cluster, int64_t now_ms, bool *ret_first);

#endif
