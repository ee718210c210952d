/* syncerctl diagnose: /metrics, /healthz and /readyz, from the address in the configuration. syncerd closes after each answer, so reading to
 * the end is all there is to do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "diagnose.h"
#include "httpd/httpd.h"
#include "withhold.h"

#define ANSWER_BYTES (17u * 1024 * 1024) /* SY_HTTPD_LIMITS and a head */
#define SECONDS 10

static int connect_to(const char *listen, int64_t left_ms, int *ret_fd, struct sy_error *err)
{
	struct sy_httpd_address address = {0};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	const char *wrong = sy_httpd_address_parse(listen, &address);
	struct timeval limit = {.tv_sec = left_ms / 1000 < SECONDS ? (time_t)(left_ms / 1000) + 1 : SECONDS};
	sy_auto_close int fd = -1;

	if (wrong)
		return sy_error_set(err, EINVAL, "metrics.listen %s", wrong);
	if (address.path && strlcpy(local.sun_path, address.path, sizeof(local.sun_path)) >= sizeof(local.sun_path))
		return sy_error_set(err, ENAMETOOLONG, "%s: the path is too long", address.path);
	fd = socket(address.path ? AF_UNIX : address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return sy_error_set(err, errno, "socket: %s", strerror(errno));
	if ((address.path ? connect(fd, (const struct sockaddr *)&local, sizeof(local))
			  : connect(fd, (const struct sockaddr *)&address.storage, address.len)) < 0)
		return sy_error_set(err, errno, "%s: %s", listen, strerror(errno));
	*ret_fd = sy_take_fd(fd);
	return 0;
}

static int get(const char *listen, const char *path, int64_t left_ms, struct sy_buf *answer, struct sy_error *err)
{
	char request[128], chunk[16384];
	sy_auto_close int fd = -1;
	int64_t until = ctl_now_ms() + left_ms;
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
	int r = connect_to(listen, left_ms, &fd, err);

	if (r < 0)
		return r;
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		return sy_error_set(err, errno, "%s: %s", listen, strerror(errno));
	for (ssize_t n; (n = recv(fd, chunk, sizeof(chunk), 0)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sy_error_set(err, errno, "%s: %s", listen, strerror(errno));
		if (ctl_now_ms() >= until)
			return sy_error_set(err, ETIME, "%s: the answer was not whole in time: raise --timeout", listen);
		if (sy_buf_add(answer, chunk, (size_t)n) < 0)
			return sy_error_set(err, EMSGSIZE, "%s: the answer is larger than %u bytes", listen, ANSWER_BYTES);
	}
	return 0;
}

static void add_answer(struct ctl_diagnose *diagnose, const char *file, const struct sy_buf *answer)
{
	const char *body = strstr(sy_buf_str(answer), "\r\n\r\n");

	if (!body) {
		ctl_bundle_missing(&diagnose->bundle, file, "no answer of HTTP");
		return;
	}
	sy_auto_free char *kept = ctl_without_values(body + 4);
	ctl_bundle_add(&diagnose->bundle, file, kept, strlen(kept));
}

void ctl_diagnose_http(struct ctl_diagnose *diagnose)
{
	static const char *const files[][2] = {
		{"metrics.txt", "/metrics"}, {"healthz.txt", "/healthz?verbose"}, {"readyz.txt", "/readyz?verbose"}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *file = files[i][0];
		struct sy_error err = {0};
		struct sy_buf answer;
		int64_t left;

		if (!diagnose->config) {
			ctl_bundle_missing(&diagnose->bundle, file, "without a configuration its address is not known");
			continue;
		}
		if (!*diagnose->config->metrics_listen) {
			ctl_bundle_absent(&diagnose->bundle, file, "metrics.listen is empty");
			continue;
		}
		left = ctl_diagnose_left(diagnose, file);
		if (left == 0)
			continue;
		sy_buf_init(&answer, ANSWER_BYTES);
		if (get(diagnose->config->metrics_listen, files[i][1], left, &answer, &err) < 0)
			ctl_bundle_missing(&diagnose->bundle, file, "%s", err.text);
		else
			add_answer(diagnose, file, &answer);
		sy_buf_done(&answer);
	}
}
