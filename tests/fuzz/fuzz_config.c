/* The configuration file: whatever the bytes are, the result is a whole configuration or an error text that begins with the path. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "supervisor/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses its buffer of a long quoted scalar that has no end: at most the size of a file that is refused anyway. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sy_config *config = NULL;
	struct sy_error err = {0};

	if (sy_config_parse("/s.yaml", (const char *)data, size, &config, &err) < 0) {
		assert(!config);
		assert(strncmp(err.text, "/s.yaml:", 8) == 0);
		return 0;
	}
	assert(config->kcp.kubeconfig && config->control_socket && config->worker_program);
	assert(config->is_direct ? config->direct_workspace_count > 0 : config->target_name != NULL);
	sy_config_free(config);
	return 0;
}
