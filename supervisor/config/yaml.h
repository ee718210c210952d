/* YAML in, YAML out: the only user of libfyaml. What comes in is configuration and kubeconfig files, so text may hold secrets: no message
 * of this module quotes the source, nothing is printed, and a document is wiped when it is freed.
 *
 * A document is a read-only tree with the position of every node. Aliases and merge keys ("<<") are resolved: an alias is a second
 * pointer to the node of its anchor. Walking the tree is bounded all the same: documents whose expanded form would have more than
 * SY_YAML_MAX_NODES nodes or more than SY_YAML_MAX_DEPTH levels are refused. */
#ifndef SY_SUPERVISOR_YAML_H
#define SY_SUPERVISOR_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SY_YAML_MAX_NODES 10000 /* keys and values, aliases counted as often as they are used */
#define SY_YAML_MAX_DEPTH 32

/* Types of the YAML 1.2 core schema: only plain (unquoted) scalars can be anything but a string. */
enum sy_yaml_type {
	SY_YAML_NULL = 0,
	SY_YAML_BOOL,
	SY_YAML_INT,
	SY_YAML_FLOAT,
	SY_YAML_STRING,
	SY_YAML_LIST,
	SY_YAML_MAP,
	SY_YAML_TYPE_MAX
};

struct sy_yaml_node;

struct sy_yaml_item {
	const struct sy_yaml_node *key; /* a string in a map, NULL in a list */
	const struct sy_yaml_node *value;
};

struct sy_yaml_node {
	enum sy_yaml_type type;
	unsigned line;			  /* from 1, of the place where the value stands (for an alias: its anchor's) */
	unsigned column;		  /* from 1, in characters */
	bool truth;			  /* BOOL */
	const char *text;		  /* scalars: NUL-terminated, no NUL inside; else NULL */
	const struct sy_yaml_item *items; /* LIST, MAP */
	size_t count;
};

struct sy_yaml;

/* Parse exactly one document of at most SY_MAX_CONFIG_BYTES. name is used in messages: "<name>:<line>:<column>: <reason>".
 * -EMSGSIZE when too large, -EINVAL for everything else that is wrong with it, -ENOMEM. */
int sy_yaml_parse(const char *name, const char *data, size_t len, struct sy_yaml **ret_yaml, struct sy_error *err);
/* Wipe and free; accepts NULL. */
void sy_yaml_free(struct sy_yaml *yaml);

/* The root node; a NULL node for an empty document. Borrowed, as all nodes are, until sy_yaml_free. */
const struct sy_yaml_node *sy_yaml_root(const struct sy_yaml *yaml);
const char *sy_yaml_name(const struct sy_yaml *yaml);

/* Value or whole item of a key; NULL when node is not a map or has no such key. */
const struct sy_yaml_node *sy_yaml_get(const struct sy_yaml_node *node, const char *key);
const struct sy_yaml_item *sy_yaml_find(const struct sy_yaml_node *node, const char *key);

/* "a string", "a list", ... for messages. */
const char *sy_yaml_type_name(enum sy_yaml_type type);

/* Set "<name>:<line>:<column>: <formatted text>" with -EINVAL. */
int sy_yaml_error(const struct sy_yaml *yaml, const struct sy_yaml_node *node, struct sy_error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* JSON text (one value, at most SY_MAX_IPC_BYTES) as block YAML, ending with a newline. Every string comes out in a form that YAML 1.1 and
 * 1.2 readers take for the same string. *ret_yaml is malloc'ed. */
int sy_yaml_from_json(const char *json, size_t len, char **ret_yaml, struct sy_error *err);

#endif
