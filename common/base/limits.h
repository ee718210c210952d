/* Every limit of the project in one place: what a peer may make us hold. */
#ifndef SY_BASE_LIMITS_H
#define SY_BASE_LIMITS_H

#define SY_MAX_OBJECT_BYTES (3u * 1024 * 1024 + 64 * 1024) /* one API object or watch event: kcp's own body limit of 3 MiB plus framing */
#define SY_MAX_RESPONSE_BYTES (8u * 1024 * 1024)	   /* one answer that is not streamed (a list page) */
#define SY_MAX_JSON_DEPTH 128
#define SY_MAX_JSON_TREE (64u * 1024 * 1024) /* memory of the tree of one JSON text, as the scanner estimates it */
#define SY_MAX_IPC_BYTES (4u * 1024 * 1024)  /* one IPC message: a plan, a report, a dump */
#define SY_MAX_CONTROL_BYTES (64u * 1024)    /* one control request; answers may be SY_MAX_IPC_BYTES */
#define SY_MAX_CONFIG_BYTES (64u * 1024)     /* configuration and kubeconfig files: bounds the time that their parser can take */
#define SY_MAX_CLUSTER_NAME 128
#define SY_MAX_WORKERS 4096
#define SY_MAX_PLAN_RESOURCES 512
#define SY_MAX_INFLIGHT_WRITES 16 /* per worker; measured: more in flight write no faster, and each costs memory */
#define SY_LIST_PAGE 500
#define SY_MAX_PENDING_BODIES                                                                                                              \
	(4u * 1024 * 1024) /* event bodies a worker keeps for its backlog: 1,000 of up to a page; then it asks again */
#define SY_MAX_CONTROL_CLIENTS 32
#define SY_MAX_EVENTS_KEPT 256 /* ring of events shown by syncerctl events */

#endif
