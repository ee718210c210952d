#include "base/backoff.h"

int64_t sy_backoff_delay_ms(const struct sy_backoff_rule *rule, unsigned failures, uint32_t random)
{
	int64_t max = rule->max_ms > 0 ? rule->max_ms : 0;
	int64_t delay = rule->first_ms > 0 ? rule->first_ms : 0;

	for (unsigned i = 1; i < failures && delay > 0 && delay < max; i++)
		delay = delay > max / 2 ? max : delay * 2;
	if (delay > max)
		delay = max;
	int64_t half = delay / 2;
	return delay - (int64_t)(random % (uint64_t)(half + 1));
}
