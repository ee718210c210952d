/* Names on the two sides (syncerd-rules(7) 5.5): one map, both directions, used for every request and every event. Pure. */
#ifndef SY_WORKERS_NAMES_H
#define SY_WORKERS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/plan.h"

enum sy_direction { SY_DOWN = 0, SY_UP, SY_DIRECTION_MAX };

#define SY_NAME_MAX 254 /* with NUL */

struct sy_names {
	const char *prefix; /* downstream namespace of (cluster, ""), for SY_NAMING_PREFIXED */
	enum sy_plan_naming naming;
	bool configmaps, secrets; /* the core resources with rules of their own */
	bool sync_root_ca;
	bool sync_tokens;
};

/* The name on the other side. 0; -ENOENT: has no counterpart there (a server's own object, or a name that this map never makes);
 * -ENAMETOOLONG; -EINVAL: not usable as a name. */
int sy_name_map(const struct sy_names *names, enum sy_direction direction, const char *name, char ret_name[SY_NAME_MAX]);

/* Upstream namespaces that are never synced. */
bool sy_namespace_excluded(const char *ns);
/* A name from a server that may become part of a key and a path: 1..max bytes, printable ASCII, no '/', '=' first, "." or "..". */
bool sy_name_usable(const char *name, size_t max);

#endif
