/* Capped exponential back-off with jitter. Holds no timer and no clock: the caller passes both, so tests can inject time. */
#ifndef SY_BASE_BACKOFF_H
#define SY_BASE_BACKOFF_H

#include <stdint.h>

struct sy_backoff_rule {
	int64_t first_ms;
	int64_t max_ms;
};

/* Delay before attempt number `failures` + 1 (failures >= 1): first_ms * 2^(failures-1), capped at max_ms, of which the last half is
 * drawn at random (result in [d/2, d]). random is any 32-bit random number (arc4random()). */
int64_t sy_backoff_delay_ms(const struct sy_backoff_rule *rule, unsigned failures, uint32_t random);

#endif
