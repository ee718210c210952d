/* Inside of the configuration reader: single values, and where in the file the reader is. */
#ifndef SY_SUPERVISOR_CONFIG_VALUE_H
#define SY_SUPERVISOR_CONFIG_VALUE_H

#include "supervisor/config/config_table.h"

struct sy_config_place {
	const struct sy_yaml *yaml;
	const struct sy_config *config;
	struct sy_error *err;
	char path[128]; /* full name of the key, "direct.resources[0].group"; "" at the root */
};

/* "<file>:<line>:<column>: <path> <formatted text>" with -EINVAL. */
int sy_place_refuse(struct sy_config_place *place, const struct sy_yaml_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int sy_place_wrong_type(struct sy_config_place *place, const struct sy_yaml_node *node, const char *wanted);

/* Append to the path; sy_place_leave takes the returned length to go back. */
size_t sy_place_enter(struct sy_config_place *place, const char *name);
size_t sy_place_enter_index(struct sy_config_place *place, size_t index);
void sy_place_leave(struct sy_config_place *place, size_t len);

/* A string into a malloc'ed, checked string. */
int sy_value_string(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, char **ret_text);
/* Every kind that is neither a list nor a mapping, stored at `at` (the row says what is there). */
int sy_value_scalar(struct sy_config_place *place, const struct sy_key *key, const struct sy_yaml_node *node, void *at);

#endif
