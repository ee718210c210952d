/* What syncerd shows of itself over HTTP (syncerd-metrics(7)): /metrics, /healthz, /readyz and the status page. Reads the whole process, changes nothing. */
#ifndef SY_SUPERVISOR_METRICS_H
#define SY_SUPERVISOR_METRICS_H

#include "supervisor/metrics/health.h"
#include "supervisor/supervisor.h"

/* Listen where metrics.listen says; an empty one is off, which is no error. */
int sy_metrics_open(struct sy_supervisor *sup, struct sy_error *err);
void sy_metrics_close(struct sy_supervisor *sup);

/* Everything as Prometheus text. */
int sy_metrics_write(struct sy_supervisor *sup, struct sy_buf *out, struct sy_error *err);

/* Inside of this folder: the parts of it. */
struct sy_exposition;
void sy_metrics_instance(struct sy_supervisor *sup, struct sy_exposition *to);
void sy_metrics_target(struct sy_supervisor *sup, struct sy_exposition *to);
void sy_metrics_workspaces(struct sy_supervisor *sup, struct sy_exposition *to);
void sy_metrics_process(const struct sy_supervisor *sup, struct sy_exposition *to);

#endif
