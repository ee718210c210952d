/* The only user of json-c's parser and printer. Bytes from a peer pass the strict scanner (json/scan.h) before json-c sees them.
 *
 * Trees are json-c's `json_object`; numbers that are not int64/uint64 (integers beyond them too) are of type double and keep their text. A
 * tree must live for one event only: what is kept per object is hashes. Building trees with json_object_new_* and json_object_object_add is fine anywhere; parsing, printing and
 * comparing happen here.
 */
#ifndef SY_JSON_JSON_H
#define SY_JSON_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

SY_DEFINE_AUTO(json_object *, json_object_put)
#define sy_auto_json sy_auto(json_object_put)

/* Parse exactly one value of len bytes; trailing white space only. Refuses what json-c 0.16 would silently change:
 * duplicate keys, NUL in keys, invalid UTF-8, raw control characters, malformed numbers and those of more than 400 characters, depth above
 * SY_MAX_JSON_DEPTH, trees above SY_MAX_JSON_TREE. Every other number comes through with its text.
 * -EINVAL with the byte offset and the reason, -EMSGSIZE above max, -ENOMEM.
 * The caller owns *ret_value (a JSON null gives a NULL pointer and 0). */
int sy_json_parse(const char *data, size_t len, size_t max, json_object **ret_value, struct sy_error *err);

/* Compact text, no escaped slashes, unknown fields and number texts intact. Appends to out. */
int sy_json_print(json_object *value, struct sy_buf *out, struct sy_error *err);
/* Same, as a malloc'ed string. */
char *sy_json_text(json_object *value);

/* Copy JSON text to out in a form that is safe for an apply-patch body, which the API server reads as YAML: raw U+007F-U+009F, U+2028/2029,
 * U+FEFF, U+FFFE/FFFF become \u escapes; characters beyond the BMP are raw, also where text has them as surrogate escapes
 * (syncerd-rules(7) 5.2). text is valid JSON. */
int sy_json_yaml_safe(const char *text, size_t len, struct sy_buf *out, struct sy_error *err);

/* Walk objects by names, e.g. sy_json_get(obj, "metadata", "name", NULL). Borrowed; NULL when absent or not an object on the way. */
json_object *sy_json_get(json_object *value, ...) __attribute__((sentinel));
/* The same with a type test: NULL, fallback or false when absent or of another type. Strings with an embedded NUL count as absent. */
const char *sy_json_str(json_object *value, ...) __attribute__((sentinel));
bool sy_json_int(json_object *value, int64_t *ret_number, ...) __attribute__((sentinel));
bool sy_json_bool(json_object *value, bool *ret_bool, ...) __attribute__((sentinel));
json_object *sy_json_array(json_object *value, ...) __attribute__((sentinel));
json_object *sy_json_object(json_object *value, ...) __attribute__((sentinel));

/* Adders that own the failure: 0 or -ENOMEM. add takes ownership of value also on failure. str NULL = leave out. */
int sy_json_add(json_object *obj, const char *key, json_object *value);
int sy_json_add_str(json_object *obj, const char *key, const char *str);
int sy_json_add_int(json_object *obj, const char *key, int64_t number);
int sy_json_add_bool(json_object *obj, const char *key, bool value);

/* Hash of the canonical form: keys sorted by bytes, numbers by value (1, 1.0 and 1e0 are equal; beyond
 * exponents of 15 digits by their text), object members that are null left
 * out. Equal hashes mean semantically equal values. */
int sy_json_hash(json_object *value, struct sy_hash *ret_hash, struct sy_error *err);
bool sy_json_equal(json_object *a, json_object *b); /* by the same rules */

/* RFC 7386 merge patch that turns from into to: changed and new members, null for members only in from, arrays whole.
 * *ret_patch is NULL when they are equal (sy_json_equal). */
int sy_json_merge_diff(json_object *from, json_object *to, json_object **ret_patch, struct sy_error *err);

/* Deep copy that keeps number texts. NULL when out of memory. */
json_object *sy_json_copy(json_object *value);

/* Remove what an RFC 6901 pointer names ("/spec/replicas"); absent is no error. -EINVAL for a malformed pointer. */
int sy_json_remove(json_object *value, const char *pointer, struct sy_error *err);

#endif
