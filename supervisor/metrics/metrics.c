#include "supervisor/metrics/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "httpd/httpd.h"
#include "supervisor/metrics/exposition.h"
#include "supervisor/metrics/status_page.h"

/* Whoever may connect cannot keep the supervisor busy with counting: who asks again within this time, or within so many times what the last
 * answer has cost, gets the same text. */
#define FRESH_MS 500
#define FRESH_COSTS 20
#define HEALTH_FRESH_MS 100
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

static const struct sy_httpd_limits limits = SY_HTTPD_LIMITS;

/* An answer that is made at most so often. */
struct kept {
	struct sy_httpd_page *page; /* the last one; NULL = none that could be made */
	int64_t stale_ms;	    /* loop time from which on it is made anew */
};
typedef int make_fn(struct sy_supervisor *sup, struct sy_httpd_page **ret_page, struct sy_error *err);

struct sy_metrics {
	struct sy_httpd *httpd;
	bool loopback; /* nobody but this machine reaches it by its address */
	struct kept text;
	struct kept json;
	struct sy_httpd_page *page; /* the status page, the same for all and for ever; NULL = nobody has asked for it */
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

static int make_text(struct sy_supervisor *sup, struct sy_httpd_page **ret_page, struct sy_error *err)
{
	struct sy_buf text;
	int r;

	sy_buf_init(&text, limits.answer_bytes);
	r = sy_metrics_write(sup, &text, err);
	if (r == 0)
		r = sy_httpd_page_new(ret_page, METRICS_TYPE, &text, err);
	sy_buf_done(&text);
	return r;
}

static int make_json(struct sy_supervisor *sup, struct sy_httpd_page **ret_page, struct sy_error *err)
{
	struct sy_httpd_page *page = NULL;
	struct sy_buf text;
	int r;

	sy_buf_init(&text, limits.answer_bytes);
	r = sy_status_json_write(sup, readiness(sup), &text, err);
	if (r == 0)
		r = sy_httpd_page_new(&page, SY_STATUS_JSON_TYPE, &text, err);
	sy_buf_done(&text);
	if (r == 0)
		r = sy_status_page_protect(page, NULL, err);
	if (r == 0)
		*ret_page = page;
	else
		sy_httpd_page_free(page);
	return r;
}

static void answer_kept(struct sy_supervisor *sup, struct kept *kept, make_fn *make, struct sy_httpd_answer *answer)
{
	struct sy_error err = {0};

	if (!kept->page || sy_loop_now_ms(sup->loop) >= kept->stale_ms) {
		int64_t begun = clock_us(), cost;

		sy_httpd_page_free(kept->page);
		kept->page = NULL;
		if (make(sup, &kept->page, &err) < 0) {
			fail(answer, &err);
			return;
		}
		cost = (clock_us() - begun) * FRESH_COSTS / 1000;
		kept->stale_ms = sy_loop_now_ms(sup->loop) + (cost > FRESH_MS ? cost : FRESH_MS);
	}
	answer->code = 200;
	answer->page = kept->page;
}

static void answer_page(struct sy_metrics *metrics, struct sy_httpd_answer *answer)
{
	struct sy_error err = {0};

	if (!metrics->page && sy_status_page_new(&metrics->page, &err) < 0) {
		fail(answer, &err);
		return;
	}
	answer->code = 200;
	answer->page = metrics->page;
}

/* The page and its data. Somebody's page in a browser of this machine must not read them under a name of its own. */
static void answer_status(struct sy_supervisor *sup, const struct sy_httpd_request *request, bool page, struct sy_httpd_answer *answer)
{
	if (sup->metrics->loopback && !sy_httpd_host_is_local(sy_httpd_header(request, "Host"))) {
		answer->code = 421;
		(void)sy_buf_add_str(&answer->body, "the status page is for the names localhost, 127.0.0.1 and [::1] only\n");
	} else if (page) {
		answer_page(sup->metrics, answer);
	} else {
		answer_kept(sup, &sup->metrics->json, make_json, answer);
	}
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
		answer_kept(sup, &sup->metrics->text, make_text, answer);
	} else if (sup->config->metrics_page && (strcmp(path, "/") == 0 || strcmp(path, "/status.json") == 0)) {
		answer_status(sup, request, path[1] == '\0', answer);
	} else if (strncmp(path, "/healthz", 8) == 0) {
		sy_health_live(sup, &health);
		answer_health(&health, "healthz", path + 8, verbose, answer);
	} else if (strncmp(path, "/readyz", 7) == 0) {
		answer_health(readiness(sup), "readyz", path + 7, verbose, answer);
	}
	if (answer->code == 404)
		(void)sy_buf_printf(&answer->body, "not found; there are %s/metrics, /healthz and /readyz\n",
				    sup->config->metrics_page ? "/, /status.json, " : "");
}

int sy_metrics_open(struct sy_supervisor *sup, struct sy_error *err)
{
	const char *listen = sup->config->metrics_listen;
	struct sy_httpd_address address = {0};
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
	metrics->loopback = !sy_httpd_address_parse(listen, &address) && address.loopback;
	if (!metrics->loopback)
		sy_warn(NULL, "metrics.listen %s: whoever reaches this address can read the names and states of workspaces", listen);
	return 0;
}

void sy_metrics_close(struct sy_supervisor *sup)
{
	if (!sup->metrics)
		return;
	sy_httpd_free(sup->metrics->httpd);
	sy_httpd_page_free(sup->metrics->text.page);
	sy_httpd_page_free(sup->metrics->json.page);
	sy_httpd_page_free(sup->metrics->page);
	free(sup->metrics);
	sup->metrics = NULL;
}
