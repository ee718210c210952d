/* Private to json/. */
#ifndef SY_JSON_JSON_IMPL_H
#define SY_JSON_JSON_IMPL_H

#include "base/error.h"

/* Nesting of trees that functions of this folder walk: parsed ones are at most SY_MAX_JSON_DEPTH deep, built ones wrap those. */
#define SY_JSON_TREE_DEPTH 256

/* Error for a code met while walking a tree. */
int sy_json_tree_error(int code, const char *what, struct sy_error *err);

#endif
