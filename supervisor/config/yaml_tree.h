/* Inside of yaml.h: how the tree of a document is made. Used by yaml.c only; knows nothing of libfyaml. */
#ifndef SY_SUPERVISOR_YAML_TREE_H
#define SY_SUPERVISOR_YAML_TREE_H

#include <stdint.h>

#include "supervisor/config/yaml.h"

struct sy_yaml_cell; /* a node with its bookkeeping */

struct sy_yaml {
	char *name;
	struct sy_yaml_cell *cells; /* all, for freeing */
	const struct sy_yaml_node *root;
	size_t cell_count;
	size_t merge_steps; /* work done for merge keys, bounded for the whole document */
};

struct sy_yaml_cell {
	struct sy_yaml_node node; /* first: a node pointer of this document is a cell pointer */
	struct sy_yaml_cell *next;
	char *anchor; /* NULL = none */
	char *text;
	struct sy_yaml_item *items;
	size_t cap;
	uint64_t weight; /* nodes of the expanded subtree */
	unsigned height; /* levels of the expanded subtree, 1 for a scalar */
	bool open;	 /* its end has not been read yet */
	bool merge;	 /* the plain scalar "<<" */
};

/* NULL when out of memory. */
struct sy_yaml_cell *sy_yaml_cell_new(struct sy_yaml *yaml, enum sy_yaml_type type, unsigned line, unsigned column);
/* Copies len bytes; plain decides whether the text may mean something else than a string. -EINVAL for an embedded NUL. */
int sy_yaml_cell_text(struct sy_yaml *yaml, struct sy_yaml_cell *cell, const char *text, size_t len, bool plain, struct sy_error *err);
/* Append to a list (key NULL) or map; duplicate keys are refused with the position of the second. */
int sy_yaml_cell_add(struct sy_yaml *yaml, struct sy_yaml_cell *cell, const struct sy_yaml_cell *key, const struct sy_yaml_cell *value,
		     struct sy_error *err);
/* All items are there: resolve merge keys, check the bounds. */
int sy_yaml_cell_close(struct sy_yaml *yaml, struct sy_yaml_cell *cell, struct sy_error *err);

#endif
