/* A bound on how often something is done: so many at once, then one more in each interval. Pure: the caller says what time it is. */
#ifndef SY_BASE_TOKENS_H
#define SY_BASE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

struct sy_tokens {
	int64_t refilled_ms;
	unsigned left;
};

/* Add what was earned since the last time, up to burst. Times must not run backwards. */
void sy_tokens_refill(struct sy_tokens *tokens, int64_t now_ms, unsigned burst, int64_t interval_ms);
/* The same, and take one: false when there is none. */
bool sy_tokens_take(struct sy_tokens *tokens, int64_t now_ms, unsigned burst, int64_t interval_ms);

#endif
