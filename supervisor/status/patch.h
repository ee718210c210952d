/* JSON patches (RFC 6902) of a few operations. */
#ifndef SY_SUPERVISOR_PATCH_H
#define SY_SUPERVISOR_PATCH_H

#include "json/json.h"

/* Append an operation; value is taken over (also on failure) and left out when NULL. 0 or -ENOMEM; accepts a NULL patch (-ENOMEM), so that a
 * chain can be checked once. */
int sy_patch_op(json_object *patch, const char *op, const char *path, json_object *value);
int sy_patch_test_str(json_object *patch, const char *path, const char *value);

/* Position of a string in an array; -1 = not there. */
int sy_patch_index(json_object *array, const char *text);

#endif
