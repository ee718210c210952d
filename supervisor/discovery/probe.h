/* Asks cheaply whether a server still serves the same types: the aggregated discovery document of /apis, with the ETag of the last one. As
 * long as nothing has changed the answer is a 304 without a body; when something has, the body is thrown away unread. Every account may ask
 * this, unlike a watch of CustomResourceDefinitions. Servers before Kubernetes 1.26 have no such tag. */
#ifndef SY_SUPERVISOR_PROBE_H
#define SY_SUPERVISOR_PROBE_H

#include "kube/client.h"

enum sy_probe_answer {
	SY_PROBE_UNKNOWN = 0, /* the server gives no tag, or does not answer; the tag is forgotten */
	SY_PROBE_FIRST,	      /* there was no tag to compare with; there is one now */
	SY_PROBE_SAME,
	SY_PROBE_CHANGED,
	SY_PROBE_ANSWER_MAX
};

typedef void sy_probe_fn(void *arg, enum sy_probe_answer answer);

struct sy_probe;

/* kube is borrowed and may be NULL when nothing is asked (unit tests). */
int sy_probe_new(struct sy_probe **ret_probe, struct sy_kube *kube, sy_probe_fn *fn, void *arg, struct sy_error *err);
void sy_probe_free(struct sy_probe *probe); /* accepts NULL */
/* fn is called once, later, unless the probe is freed before. Nothing while a question is under way. */
int sy_probe_ask(struct sy_probe *probe, struct sy_error *err);
bool sy_probe_asking(const struct sy_probe *probe);

#endif
