/* The status page (syncerd-metrics(7)): one HTML file without anything from elsewhere, and the JSON that it shows. What it shows is what
 * syncerctl and /readyz are told; nothing is counted or judged here.
 *
 * The JSON: {"time","health":{"ready","checks":[{"name","ok","reason"}]}, "status":{...}, "workspaces":[brief...], "phases":{PHASE: count},
 * "unlisted"}. status and brief are those of control/verbs.h, status with "anonymousBytes" of this process; workspaces come the worst first,
 * and at most metrics.maxWorkspaces of them; phases counts all, unlisted those that are left out. time is in seconds since the epoch.
 */
#ifndef SY_SUPERVISOR_STATUS_PAGE_H
#define SY_SUPERVISOR_STATUS_PAGE_H

#include "httpd/httpd.h"
#include "supervisor/metrics/health.h"
#include "supervisor/supervisor.h"

#define SY_STATUS_PAGE_TYPE "text/html; charset=utf-8"
#define SY_STATUS_JSON_TYPE "application/json"

/* The page as HTML. Its policy lets the browser load, run and ask nothing but what is in this file and this server. */
int sy_status_page_new(struct sy_httpd_page **ret_page, struct sy_error *err);
/* The headers of whatever belongs to the page: policy NULL = nothing may be loaded at all. */
int sy_status_page_protect(struct sy_httpd_page *page, const char *policy, struct sy_error *err);

/* Appends to out; -EMSGSIZE: out is too small. */
int sy_status_json_write(struct sy_supervisor *sup, const struct sy_health *health, struct sy_buf *out, struct sy_error *err);

#endif
