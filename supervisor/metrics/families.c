#include "supervisor/metrics/families.h"

#define WORKSPACE "cluster path"

static const struct sy_family_info families[SY_FAMILY_MAX] = {
	[SY_M_BUILD_INFO] = {"syncerd_build_info", SY_GAUGE, "version", "Always 1; the version of syncerd."},
	[SY_M_INSTANCE_INFO] = {"syncerd_instance_info", SY_GAUGE, "mode identity",
				"Always 1; the mode (SyncTarget or Direct) and the identity that holds the SyncTarget."},
	[SY_M_READY] = {"syncerd_ready", SY_GAUGE, "", "1 while /readyz answers 200, else 0."},
	[SY_M_RELOAD_OK] = {"syncerd_config_last_reload_successful", SY_GAUGE, "",
			    "1 when the last reading of the configuration was taken, 0 when it was refused and the old one is in force."},
	[SY_M_RELOAD_TIME] = {"syncerd_config_last_reload_success_timestamp_seconds", SY_GAUGE, "",
			      "When the configuration in force was read."},
	[SY_M_SERVER_UP] = {"syncerd_server_up", SY_GAUGE, "side", "1 while the server answers the supervisor, else 0."},
	[SY_M_REQUESTS] = {"syncerd_requests_total", SY_COUNTER, "side",
			   "Requests that the supervisor itself has started, watches included."},
	[SY_M_REQUEST_FAILURES] = {"syncerd_request_failures_total", SY_COUNTER, "side",
				   "Those of them that got no HTTP answer or a 5xx code."},
	[SY_M_REQUESTS_THROTTLED] = {"syncerd_requests_throttled_total", SY_COUNTER, "side", "Those of them that were answered 429."},
	[SY_M_SYNCTARGET_INFO] = {"syncerd_synctarget_info", SY_GAUGE, "cluster path name uid key",
				  "Always 1; the SyncTarget, and each cell of its spec as a label cell_NAME."},
	[SY_M_HEARTBEAT] = {"syncerd_heartbeat_timestamp_seconds", SY_GAUGE, "",
			    "Time of the last heartbeat that the SyncTarget holds, by kcp's clock; the SyncTarget is history 60 s later."},
	[SY_M_CONDITION] = {"syncerd_condition", SY_GAUGE, "type status",
			    "1 for the status (True, False, Unknown) that a condition of the SyncTarget has, 0 for the two others."},
	[SY_M_CONDITION_INFO] = {"syncerd_condition_info", SY_GAUGE, "type reason severity",
				 "Always 1; the reason of each condition, and the severity of those that are False."},
	[SY_M_RESOURCES] = {"syncerd_resources", SY_GAUGE, "state", "Resources of the exports by state."},
	[SY_M_WORKSPACES] = {"syncerd_workspaces", SY_GAUGE, "phase", "Workspaces by phase."},
	[SY_M_WORKSPACES_SUMMED] = {"syncerd_workspaces_summed", SY_GAUGE, "",
				    "Workspaces beyond metrics.maxWorkspaces, which are summed up as cluster=\"other\"."},
	[SY_M_WORKSPACE_INFO] = {"syncerd_workspace_info", SY_GAUGE, WORKSPACE " phase reason",
				 "Always 1; the phase of a workspace and its reason."},
	[SY_M_WORKER_UP] = {"syncerd_worker_up", SY_GAUGE, WORKSPACE,
			    "1 while the workspace's worker runs and has reported in time, else 0; of other: 1 while all are up."},
	[SY_M_WORKER_RESTARTS] = {"syncerd_worker_restarts_total", SY_COUNTER, WORKSPACE,
				  "Starts of the workspace's worker after the first, for whatever cause."},
	[SY_M_WORKER_MEMORY] = {"syncerd_worker_memory_bytes", SY_GAUGE, WORKSPACE, "Anonymous memory of the worker's process."},
	[SY_M_WORKER_CPU] = {"syncerd_worker_cpu_seconds_total", SY_COUNTER, WORKSPACE, "Processor time of the worker's present process."},
	[SY_M_WORKER_LAG] = {"syncerd_worker_lag_seconds", SY_GAUGE, WORKSPACE,
			     "Age of the oldest change that is not synced yet, 0 when there is none; of other: the greatest."},
	[SY_M_WORKER_OBJECTS] = {"syncerd_worker_objects", SY_GAUGE, WORKSPACE, "Objects known in kcp."},
	[SY_M_WORKER_SYNCED] = {"syncerd_worker_objects_synced", SY_GAUGE, WORKSPACE, "Objects that are in step on both sides."},
	[SY_M_WORKER_PENDING] = {"syncerd_worker_objects_pending", SY_GAUGE, WORKSPACE, "Objects with something still to do."},
	[SY_M_WORKER_FAILING] = {"syncerd_worker_objects_failing", SY_GAUGE, WORKSPACE,
				 "Objects with an error that lasts or is being retried."},
	[SY_M_WORKER_FOREIGN] = {"syncerd_worker_objects_foreign", SY_GAUGE, WORKSPACE,
				 "Objects whose name in the cluster belongs to somebody else."},
	[SY_M_WORKER_NAMESPACES] = {"syncerd_worker_namespaces", SY_GAUGE, WORKSPACE, "Namespaces of the workspace in the cluster."},
	[SY_M_WORKER_REQUESTS] = {"syncerd_worker_requests_total", SY_COUNTER, WORKSPACE " side",
				  "Requests that the worker's present process has started, watches included."},
	[SY_M_WORKER_WRITES] = {"syncerd_worker_writes_total", SY_COUNTER, WORKSPACE " side", "Those of them that write."},
	[SY_M_PROCESS_CPU] = {"process_cpu_seconds_total", SY_COUNTER, "", "Processor time of the supervisor."},
	[SY_M_PROCESS_MEMORY] = {"process_resident_memory_bytes", SY_GAUGE, "", "Resident memory of the supervisor."},
	[SY_M_PROCESS_VIRTUAL] = {"process_virtual_memory_bytes", SY_GAUGE, "", "Virtual memory of the supervisor."},
	[SY_M_PROCESS_FDS] = {"process_open_fds", SY_GAUGE, "", "Open descriptors of the supervisor."},
	[SY_M_PROCESS_MAX_FDS] = {"process_max_fds", SY_GAUGE, "", "How many descriptors the supervisor may have."},
	[SY_M_PROCESS_START] = {"process_start_time_seconds", SY_GAUGE, "", "When the supervisor was started."},
};

const struct sy_family_info *sy_family_info(enum sy_family family)
{
	return &families[family];
}

const char *sy_family_type_name(enum sy_family_type type)
{
	return type == SY_COUNTER ? "counter" : "gauge";
}
