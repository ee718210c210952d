/* So many at once, then one in each interval; silence saves up no more than one burst. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/tokens.h"

#define BURST 10
#define INTERVAL 15000

static unsigned take_all(struct sy_tokens *tokens, int64_t now)
{
	unsigned taken = 0;

	for (int i = 0; i < 100; i++)
		taken += sy_tokens_take(tokens, now, BURST, INTERVAL);
	return taken;
}

static void a_burst_then_one_by_one(void **state)
{
	struct sy_tokens tokens = {1000, BURST};

	(void)state;
	assert_int_equal(take_all(&tokens, 1000), BURST);
	assert_int_equal(take_all(&tokens, 1000 + INTERVAL - 1), 0);
	assert_int_equal(take_all(&tokens, 1000 + INTERVAL), 1);
	assert_int_equal(take_all(&tokens, 1000 + 2 * INTERVAL + INTERVAL / 2), 1); /* the half is not lost, */
	assert_int_equal(take_all(&tokens, 1000 + 3 * INTERVAL), 1);		    /* nor counted twice */
	assert_int_equal(take_all(&tokens, INT64_MAX / 2), BURST);
	sy_tokens_refill(&tokens, INT64_MAX / 2 + INTERVAL, BURST, INTERVAL);
	assert_int_equal(tokens.left, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_burst_then_one_by_one)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
