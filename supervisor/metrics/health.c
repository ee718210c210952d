#include "supervisor/metrics/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/visible.h"
#include "supervisor/control/verbs.h"

#define HEARTBEAT_OLD_S 60 /* from then on the SyncTarget's status is history (syncerd-rules(7) 8.2) */

void sy_health_add(struct sy_health *health, const char *name, bool ok, const char *fmt, ...)
{
	struct sy_health_check *check = &health->checks[health->count];
	va_list ap;

	if (health->count >= SY_HEALTH_CHECKS)
		return;
	health->count++;
	check->name = name;
	check->ok = ok;
	check->reason[0] = '\0';
	if (ok)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(check->reason, sizeof(check->reason), fmt, ap);
	va_end(ap);
}

bool sy_health_ok(const struct sy_health *health)
{
	for (size_t i = 0; i < health->count; i++) {
		if (!health->checks[i].ok)
			return false;
	}
	return true;
}

int sy_health_print(const struct sy_health *health, const char *name, bool verbose, struct sy_buf *out)
{
	bool ok = sy_health_ok(health);
	int r = 0;

	if (ok && !verbose)
		return sy_buf_add_str(out, "ok\n");
	for (size_t i = 0; r == 0 && i < health->count; i++) {
		const struct sy_health_check *check = &health->checks[i];

		r = sy_buf_printf(out, check->ok ? "[+]%s ok" : "[-]%s failed: ", check->name);
		if (r == 0 && !check->ok)
			r = sy_visible_add(out, check->reason); /* servers' texts stand in reasons */
		if (r == 0)
			r = sy_buf_add_str(out, "\n");
	}
	return r == 0 ? sy_buf_printf(out, "%s check %s\n", name, ok ? "passed" : "failed") : r;
}

void sy_health_live(const struct sy_supervisor *sup, struct sy_health *ret_health)
{
	const struct sy_config *config = sup->config;
	const char *place = sup->control ? sy_control_place(sup->control) : "";
	struct stat st;

	*ret_health = (struct sy_health){0};
	sy_health_add(ret_health, "ping", true, " "); /* the loop turns, or nobody would answer */
	sy_health_add(ret_health, "runtime-directory", access(config->runtime_directory, R_OK | W_OK | X_OK) == 0,
		      "%s is gone or not writable: no worker can be started", config->runtime_directory);
	/* The one that is served, which a service manager may have opened elsewhere; without a path there is nothing that could go. */
	sy_health_add(ret_health, "control-socket", !place[0] || (lstat(place, &st) == 0 && S_ISSOCK(st.st_mode)),
		      "%s is gone: syncerctl cannot reach this syncerd", place);
}

static void add_server(struct sy_health *health, const char *name, json_object *server, const char *what)
{
	const char *message = sy_json_str(server, "message", NULL);
	bool reachable = false;

	(void)sy_json_bool(server, &reachable, "reachable", NULL);
	sy_health_add(health, name, reachable, "%s", message && message[0] ? message : what);
}

static void add_target(struct sy_health *health, const struct sy_supervisor *sup)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	const char *text = sy_json_str(view->status, "lastSyncerHeartbeatTime", NULL);
	bool ours = view->state == SY_TARGET_ACTIVE && view->owned;
	long long age;
	time_t beat;

	sy_health_add(health, "synctarget", ours, "%s",
		      view->message[0]			 ? view->message
		      : view->state == SY_TARGET_WAITING ? "it has not been read yet"
							 : "it is not served by this syncerd now");
	if (!ours)
		return;
	if (!text || !sy_time_parse(text, &beat)) {
		sy_health_add(health, "heartbeat", false, "the SyncTarget has had no heartbeat yet");
		return;
	}
	age = (long long)(sy_target_now(sup->target) - beat);
	sy_health_add(health, "heartbeat", age <= HEARTBEAT_OLD_S, "the last heartbeat that the SyncTarget holds is %lld s old", age);
}

static void add_conditions(struct sy_health *health, struct sy_supervisor *sup)
{
	/* Ready is the summary of these; Schedulable is an administrator's wish, and the heartbeat has its own check. */
	static const enum sy_condition_type shown[] = {SY_CONDITION_IMPORTER, SY_CONDITION_AUTHORIZED, SY_CONDITION_SYNCER,
						       SY_CONDITION_WORKERS};
	struct sy_condition conditions[SY_CONDITION_MAX];

	if (!sy_assess_now(sup, conditions)) {
		sy_health_add(health, "conditions", false, "nothing is known yet, or it is another syncer's to say");
		return;
	}
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		const struct sy_condition *condition = &conditions[shown[i]];
		bool informs = condition->severity && strcmp(condition->severity, "Info") == 0;
		bool ok = condition->status == SY_TRUE || (condition->status == SY_FALSE && informs);

		sy_health_add(health, sy_condition_type_name(shown[i]), ok, "%s%s%s", condition->reason, condition->message[0] ? ": " : "",
			      condition->message);
	}
}

/* Direct mode: the configuration names at least one workspace, so that nothing to serve is a trouble, too. */
static void add_workers(struct sy_health *health, struct sy_supervisor *sup)
{
	const char *trouble = sy_direct_trouble(sup);
	size_t total, ready;

	sy_assess_workers(sup, &total, &ready);
	if (total == 0)
		sy_health_add(health, "workers", false, "%s", trouble[0] ? trouble : "no workspace of the configuration can be served yet");
	else
		sy_health_add(health, "workers", ready > 0, "none of %zu workers is ready", total);
}

void sy_health_ready(struct sy_supervisor *sup, struct sy_health *ret_health)
{
	sy_auto_json json_object *status = sy_verbs_status(sup);

	*ret_health = (struct sy_health){0};
	sy_health_add(ret_health, "shutdown", !sup->stopping, "syncerd is stopping");
	add_server(ret_health, "kcp", sy_json_object(status, "upstream", NULL), "kcp does not answer");
	add_server(ret_health, "cluster", sy_json_object(status, "downstream", NULL), "the physical cluster does not answer");
	if (sup->target) {
		add_target(ret_health, sup);
		add_conditions(ret_health, sup);
	} else {
		add_workers(ret_health, sup);
	}
}
