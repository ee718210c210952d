/* Annotations that anyone can write: what is taken for a locator of ours must say the same to both readers, and be the same again when it
 * is written anew. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kcp/ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_written(const struct sy_target_id *target, const char *cluster, const char *ns)
{
	sy_auto_free char *text = NULL;
	sy_auto_free char *cluster_again = NULL;
	sy_auto_free char *ns_again = NULL;
	struct sy_error err;

	if (sy_locator(target, cluster, ns, &text, &err) < 0)
		return; /* bytes that syncerd itself never writes */
	must(sy_locator_matches(text, target, cluster, ns));
	must(sy_locator_parse(text, target, &cluster_again, &ns_again));
	must(strcmp(cluster, cluster_again) == 0 && strcmp(ns, ns_again) == 0);
}

static void check_text(const char *text, const struct sy_target_id *target, const struct sy_target_id *stranger)
{
	char *cluster = NULL;
	char *ns = NULL;

	if (!sy_locator_parse(text, target, &cluster, &ns)) {
		must(!cluster && !ns);
		must(!sy_locator_matches(text, target, "abc", NULL) && !sy_locator_matches(text, target, "", ""));
		return;
	}
	must(cluster[0] != '\0');
	must(sy_locator_matches(text, target, cluster, ns) && sy_locator_matches(text, target, cluster, NULL));
	must(!sy_locator_matches(text, stranger, cluster, ns));
	must(!sy_locator_matches(text, target, "", ns));
	/* A longer name is another name. */
	size_t size = strlen(cluster) + 2;
	sy_auto_free char *longer = malloc(size);
	must(longer != NULL);
	strlcpy(longer, cluster, size);
	strlcat(longer, "x", size);
	must(!sy_locator_matches(text, target, longer, ns));
	check_written(target, cluster, ns);
	free(cluster);
	free(ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sy_target_id edge = {"2hcp7bc8tzbntimb", "edge-1", "3b1d3f0c-7a3f-4a2b-9d5e-0123456789ab"};
	static const struct sy_target_id stranger = {"2hcp7bc8tzbntimb", "edge-1", "00000000-7a3f-4a2b-9d5e-0123456789ab"};
	static const struct sy_target_id direct = {"", "site-a", "0b6f8b1e-3c3e-4c0e-8d35-0a3b0a6f3b21"};
	static const struct sy_target_id other_direct = {"", "site-b", "0b6f8b1e-3c3e-4c0e-8d35-0a3b0a6f3b21"};
	sy_auto_free char *text = malloc(size + 1);

	must(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_text(text, &edge, &stranger);
	check_text(text, &direct, &other_direct);
	(void)sy_cluster_name_valid(text);
	(void)sy_workspace_path_valid(text);
	return 0;
}
