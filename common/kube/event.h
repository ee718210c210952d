/* A core/v1 Event as JSON: the one that is made, and the patch that raises it. Pure; nothing is sent here. */
#ifndef SY_KUBE_EVENT_H
#define SY_KUBE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

/* What it is about. NULL = left out. */
struct sy_kube_subject {
	const char *api_version;
	const char *kind;
	const char *ns;
	const char *name;
	const char *uid;
	const char *resource_version;
};

/* Borrowed strings. */
struct sy_kube_event {
	const char *ns; /* where it stands: that of the object, or default */
	const char *name;
	struct sy_kube_subject about;
	const char *host; /* beside the component syncerd; NULL = left out */
	bool warning;
	const char *reason;
	const char *message;
	const char *now; /* sy_time_format */
	uint64_t count;	 /* what does not fit into the API's 32 bits is cut */
};

/* Both are owned by the caller; NULL without memory. */
json_object *sy_kube_event_body(const struct sy_kube_event *event);
/* A merge patch: last time, count, message. */
json_object *sy_kube_event_raise(const char *message, const char *now, uint64_t count);

#endif
