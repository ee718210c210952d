#include "base/tokens.h"

void sy_tokens_refill(struct sy_tokens *tokens, int64_t now_ms, unsigned burst, int64_t interval_ms)
{
	int64_t earned = (now_ms - tokens->refilled_ms) / interval_ms;

	if (earned <= 0)
		return;
	tokens->left = tokens->left >= burst || earned >= burst - tokens->left ? burst : tokens->left + (unsigned)earned;
	tokens->refilled_ms += earned * interval_ms;
}

bool sy_tokens_take(struct sy_tokens *tokens, int64_t now_ms, unsigned burst, int64_t interval_ms)
{
	sy_tokens_refill(tokens, now_ms, burst, interval_ms);
	if (tokens->left == 0)
		return false;
	tokens->left--;
	return true;
}
