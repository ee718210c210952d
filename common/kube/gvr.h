/* Resource names and URL paths. */
#ifndef SY_KUBE_GVR_H
#define SY_KUBE_GVR_H

#include "base/buf.h"
#include "base/error.h"

/* Borrowed strings. group "" = core. */
struct sy_gvr {
	const char *group;
	const char *version;
	const char *resource; /* plural */
};

/* Append "/api/v1/..." or "/apis/g/v/..." with optional "namespaces/<ns>/", "<name>", "<subresource>" (each may be NULL). Every segment is
 * percent-escaped; a segment that is "", "." or ".." or has a '/' is refused with -EINVAL. */
int sy_kube_path(struct sy_buf *out, const struct sy_gvr *gvr, const char *ns, const char *name, const char *subresource,
		 struct sy_error *err);
/* "widgets.example.dev" or "configmaps". */
int sy_kube_group_resource(struct sy_buf *out, const char *group, const char *resource);
/* Append "key=value" with value percent-escaped, with '&' in front unless out is empty. */
int sy_kube_query_add(struct sy_buf *out, const char *key, const char *value);

/* Kubernetes version order: v2 > v1 > v1beta2 > v1beta1 > v1alpha1 > others by name. Negative when a sorts first. */
int sy_kube_version_compare(const char *a, const char *b);

#endif
