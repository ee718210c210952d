/* A supervisor without servers or workers, but with tenants: what is shown of it. Every other one of them has a problem, and is Pending. */
#ifndef SY_TESTS_METRICS_FIXTURE_H
#define SY_TESTS_METRICS_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "supervisor/metrics/metrics.h"

struct world {
	struct sy_supervisor sup;
	struct sy_config config;
	struct sy_loop *loop;
};

/* limit: metrics.maxWorkspaces */
static inline struct world *make_world(size_t tenants, int64_t limit)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	assert_int_equal(sy_loop_new(&world->loop, NULL), 0);
	world->config = (struct sy_config){.metrics_workspaces = limit};
	world->sup = (struct sy_supervisor){.loop = world->loop, .config = &world->config};
	for (size_t i = 0; i < tenants; i++) {
		struct sy_tenant *tenant = NULL;
		char cluster[32], path[64];

		(void)snprintf(cluster, sizeof(cluster), "cluster%04zu", i);
		(void)snprintf(path, sizeof(path), "root:org:\"evil\"\\\n%zu", i);
		assert_int_equal(sy_tenants_get(&world->sup.tenants, cluster, path, &tenant, NULL), 0);
		(void)snprintf(tenant->problem, sizeof(tenant->problem), "%s", i % 2 ? "it has one" : "");
	}
	return world;
}

static inline void free_world(struct world *world)
{
	sy_tenants_done(&world->sup.tenants);
	sy_loop_free(world->loop);
	free(world);
}

#endif
