#include "supervisor/metrics/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "httpd/httpd.h"
#include "supervisor/metrics/exposition.h"

/* Whoever may connect cannot keep the supervisor busy with counting: who asks again within this time, or within so many times what the last
 * answer has cost, gets the same text. */
#define FRESH_MS 500
#define FRESH_COSTS 20
#define HEALTH_FRESH_MS 100
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

static const struct sy_httpd_limits limits = SY_HTTPD_LIMITS;

struct sy_metrics {
	struct sy_httpd *httpd;
	struct sy_httpd_page *page; /* the last answer; NULL = none that could be made */
	int64_t stale_ms;	    /* loop time from which on it is made anew */
	struct sy_health ready;
	int64_t ready_stale_ms;
};

int sy_metrics_write(struct sy_supervisor *sup, struct sy_buf *out, struct sy_error *err)
{
	struct sy_exposition to;

	sy_exposition_init(&to, out);
	sy_metrics_instance(sup, &to);
	sy_metrics_target(sup, &to);
	sy_metrics_workspaces(sup, &to);
	sy_metrics_process(sup, &to);
	if (to.r == -EMSGSIZE)
		return sy_error_set(err, EMSGSIZE, "the metrics are larger than %zu bytes: lower metrics.maxWorkspaces", out->max);
	return to.r < 0 ? sy_error_set(err, -to.r, "the metrics cannot be written: %s", strerror(-to.r)) : 0;
}

static void fail(struct sy_httpd_answer *answer, const struct sy_error *err)
{
	answer->code = 500;
	sy_buf_reset(&answer->body);
	(void)sy_buf_printf(&answer->body, "%s\n", err->text); /* the code says it, too */
}

static int64_t clock_us(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const struct sy_health *readiness(struct sy_supervisor *sup)
{
	struct sy_metrics *metrics = sup->metrics;

	if (sy_loop_now_ms(sup->loop) >= metrics->ready_stale_ms) {
		sy_health_ready(sup, &metrics->ready);
		metrics->ready_stale_ms = sy_loop_now_ms(sup->loop) + HEALTH_FRESH_MS;
	}
	return &metrics->ready;
}

static int make_page(struct sy_supervisor *sup, struct sy_error *err)
{
	struct sy_metrics *metrics = sup->metrics;
	struct sy_buf text;
	int r;

	sy_httpd_page_free(metrics->page);
	metrics->page = NULL;
	sy_buf_init(&text, limits.answer_bytes);
	r = sy_metrics_write(sup, &text, err);
	if (r == 0)
		r = sy_httpd_page_new(&metrics->page, METRICS_TYPE, &text, err);
	sy_buf_done(&text);
	return r;
}

static void answer_metrics(struct sy_supervisor *sup, struct sy_httpd_answer *answer)
{
	struct sy_metrics *metrics = sup->metrics;
	struct sy_error err = {0};

	if (!metrics->page || sy_loop_now_ms(sup->loop) >= metrics->stale_ms) {
		int64_t begun = clock_us(), cost;

		if (make_page(sup, &err) < 0) {
			fail(answer, &err);
			return;
		}
		cost = (clock_us() - begun) * FRESH_COSTS / 1000;
		metrics->stale_ms = sy_loop_now_ms(sup->loop) + (cost > FRESH_MS ? cost : FRESH_MS);
	}
	answer->code = 200;
	answer->page = metrics->page;
}

/* rest: what follows "/readyz": "" for all checks, or "/NAME" for one. */
static void answer_health(const struct sy_health *health, const char *name, const char *rest, bool verbose, struct sy_httpd_answer *answer)
{
	struct sy_health one = {0};
	int r;

	for (size_t i = 0; rest[0] == '/' && i < health->count; i++) {
		if (strcmp(health->checks[i].name, rest + 1) == 0)
			one.checks[one.count++] = health->checks[i];
	}
	if (rest[0] && one.count == 0)
		return; /* not found */
	if (rest[0])
		health = &one;
	answer->code = sy_health_ok(health) ? 200 : 503;
	r = sy_health_print(health, name, verbose, &answer->body);
	if (r < 0)
		fail(answer, &(struct sy_error){.text = "out of memory"});
}

static void on_request(void *arg, const struct sy_httpd_request *request, const char *path, struct sy_httpd_answer *answer)
{
	struct sy_supervisor *sup = arg;
	bool verbose = sy_httpd_has_query(request, "verbose");
	struct sy_health health;

	if (strcmp(path, "/metrics") == 0) {
		answer_metrics(sup, answer);
	} else if (strncmp(path, "/healthz", 8) == 0) {
		sy_health_live(sup, &health);
		answer_health(&health, "healthz", path + 8, verbose, answer);
	} else if (strncmp(path, "/readyz", 7) == 0) {
		answer_health(readiness(sup), "readyz", path + 7, verbose, answer);
	}
	if (answer->code == 404)
		(void)sy_buf_add_str(&answer->body, "not found; there are /metrics, /healthz and /readyz\n");
}

int sy_metrics_open(struct sy_supervisor *sup, struct sy_error *err)
{
	const char *listen = sup->config->metrics_listen;
	struct sy_httpd_address address = {.loopback = true};
	struct sy_metrics *metrics;
	int r;

	if (!listen[0])
		return 0;
	metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		return sy_error_oom(err);
	r = sy_httpd_new(&metrics->httpd, sup->loop, listen, "metrics.listen", &limits, on_request, sup, err);
	if (r < 0) {
		free(metrics);
		return r;
	}
	sup->metrics = metrics;
	if (!sy_httpd_address_parse(listen, &address) && !address.loopback)
		sy_warn(NULL, "metrics.listen %s: whoever reaches this address can read the names and states of workspaces", listen);
	return 0;
}

void sy_metrics_close(struct sy_supervisor *sup)
{
	if (!sup->metrics)
		return;
	sy_httpd_free(sup->metrics->httpd);
	sy_httpd_page_free(sup->metrics->page);
	free(sup->metrics);
	sup->metrics = NULL;
}
