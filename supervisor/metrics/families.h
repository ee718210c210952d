/* Every metric that syncerd shows, as data: one row says name, type, labels and meaning. The text format is written by these rows, and the
 * test of syncerd-metrics(7) walks them; a new metric is a new row. */
#ifndef SY_SUPERVISOR_FAMILIES_H
#define SY_SUPERVISOR_FAMILIES_H

enum sy_family {
	SY_M_BUILD_INFO = 0,
	SY_M_INSTANCE_INFO,
	SY_M_READY,
	SY_M_RELOAD_OK,
	SY_M_RELOAD_TIME,
	SY_M_SERVER_UP,
	SY_M_REQUESTS,
	SY_M_REQUEST_FAILURES,
	SY_M_REQUESTS_THROTTLED,
	SY_M_SYNCTARGET_INFO,
	SY_M_HEARTBEAT,
	SY_M_CONDITION,
	SY_M_CONDITION_INFO,
	SY_M_RESOURCES,
	SY_M_WORKSPACES,
	SY_M_WORKSPACES_SUMMED,
	SY_M_WORKSPACE_INFO,
	SY_M_WORKER_UP,
	SY_M_WORKER_RESTARTS,
	SY_M_WORKER_MEMORY,
	SY_M_WORKER_CPU,
	SY_M_WORKER_LAG,
	SY_M_WORKER_OBJECTS,
	SY_M_WORKER_SYNCED,
	SY_M_WORKER_PENDING,
	SY_M_WORKER_FAILING,
	SY_M_WORKER_FOREIGN,
	SY_M_WORKER_NAMESPACES,
	SY_M_WORKER_REQUESTS,
	SY_M_WORKER_WRITES,
	SY_M_PROCESS_CPU,
	SY_M_PROCESS_MEMORY,
	SY_M_PROCESS_VIRTUAL,
	SY_M_PROCESS_FDS,
	SY_M_PROCESS_MAX_FDS,
	SY_M_PROCESS_START,
	SY_FAMILY_MAX
};

enum sy_family_type { SY_GAUGE = 0, SY_COUNTER };

struct sy_family_info {
	const char *name;
	enum sy_family_type type;
	const char *labels; /* names, in order, separated by one blank; "" = none */
	const char *help;   /* one line without backslashes */
};

/* family must be below SY_FAMILY_MAX. */
const struct sy_family_info *sy_family_info(enum sy_family family);
const char *sy_family_type_name(enum sy_family_type type); /* "gauge", "counter" */

#endif
