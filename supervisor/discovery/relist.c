#include "supervisor/discovery/relist.h"

#define FIRST_MS 10000
#define MOST_MS 60000

static void on_timer(void *arg)
{
	struct sy_relist *relist = arg;

	relist->last_ms = sy_loop_now_ms(relist->loop);
	relist->fruitless++;
	if (*relist->reflector)
		sy_reflector_relist(*relist->reflector);
}

int sy_relist_init(struct sy_relist *relist, struct sy_loop *loop, struct sy_reflector **reflector, struct sy_error *err)
{
	*relist = (struct sy_relist){.loop = loop, .reflector = reflector};
	return sy_timer_new(&relist->timer, loop, on_timer, relist, err);
}

void sy_relist_done(struct sy_relist *relist)
{
	sy_timer_free(relist->timer);
	relist->timer = NULL;
}

void sy_relist_ask(struct sy_relist *relist)
{
	int64_t wait = FIRST_MS, age = sy_loop_now_ms(relist->loop) - relist->last_ms;

	if (sy_timer_active(relist->timer))
		return;
	for (unsigned i = 1; i < relist->fruitless && wait < MOST_MS; i++)
		wait *= 2;
	wait = relist->fruitless == 0 ? 0 : wait < MOST_MS ? wait : MOST_MS;
	sy_timer_start(relist->timer, wait > age ? wait - age : 0);
}

void sy_relist_helped(struct sy_relist *relist)
{
	relist->fruitless = 0;
	sy_timer_stop(relist->timer);
}
