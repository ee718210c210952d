/* Kubeconfig files; no file that the input names is opened. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "supervisor/config/kubeconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses its buffer of a long quoted scalar that has no end: at most the size of a file that is refused anyway. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sy_kubeconfig_options options = {.role = "kcp", .no_files = true};
	struct sy_access access = {0};
	struct sy_error err = {0};

	/* The warning about impersonation would only fill the screen. */
	sy_log_set_level(SY_LOG_ERROR);
	if (sy_kubeconfig_parse("/k", (const char *)data, size, &options, &access, &err) < 0) {
		assert(strncmp(err.text, "/k:", 3) == 0);
		return 0;
	}
	assert(access.server && !access.insecure && !access.token_file);
	assert(!access.cert_pem == !access.key_pem);
	sy_access_done(&access);
	return 0;
}
