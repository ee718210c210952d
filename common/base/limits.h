/* Every limit of the project in one place: what a peer may make us hold. */
#ifndef SY_BASE_LIMITS_H
#define SY_BASE_LIMITS_H

#define SY_MAX_OBJECT_BYTES                                                                                                                \
	(3u * 1024 * 1024 + 64 * 1024)		 /* one API object or watch event: kcp's own body limit plus framing (kcp.md 13) */
#define SY_MAX_RESPONSE_BYTES (8u * 1024 * 1024) /* one answer that is not streamed (a list page) */
#define SY_MAX_JSON_DEPTH 128
#define SY_MAX_IPC_BYTES (4u * 1024 * 1024) /* one IPC message: a plan, a report, a dump */
#define SY_MAX_CONTROL_BYTES (64u * 1024)   /* one control request; answers may be SY_MAX_IPC_BYTES */
#define SY_MAX_CONFIG_BYTES (64u * 1024)    /* configuration and kubeconfig files (libraries.md 6) */
#define SY_MAX_CLUSTER_NAME 128
#define SY_MAX_WORKERS 4096
#define SY_MAX_PLAN_RESOURCES 512
#define SY_MAX_INFLIGHT_WRITES 16 /* per worker; the curve is flat after that (libraries.md 3) */
#define SY_LIST_PAGE 500
#define SY_MAX_PENDING_BODIES (1024u * 1024) /* event bodies a worker keeps for its backlog; beyond it objects are fetched again */
#define SY_MAX_CONTROL_CLIENTS 32
#define SY_MAX_EVENTS_KEPT 256 /* ring of events shown by syncerctl events */

#endif
