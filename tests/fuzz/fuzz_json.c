/* Text that the scanner accepts must parse, print, and parse again to the same value; text that it refuses must not parse. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "json/json.h"
#include "json/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_yaml_safe(const struct sy_buf *text, const struct sy_hash *hash)
{
	struct sy_buf safe;
	struct sy_hash again;
	sy_auto_json json_object *value = NULL;

	sy_buf_init(&safe, 8 * text->len + 8);
	must(sy_json_yaml_safe(text->data, text->len, &safe, NULL) == 0);
	must(sy_json_parse(safe.data, safe.len, safe.len, &value, NULL) == 0);
	must(sy_json_hash(value, &again, NULL) == 0 && sy_hash_equal(hash, &again));
	sy_buf_done(&safe);
}

/* From any value to any object with a merge patch: only that nothing breaks, and that equal means no patch. */
static void check_diff(json_object *value)
{
	sy_auto_json json_object *empty = json_object_new_object();
	sy_auto_json json_object *patch = NULL;

	must(sy_json_merge_diff(value, value, &patch, NULL) == 0 && !patch);
	if (value)
		must(sy_json_merge_diff(empty, value, &patch, NULL) == 0);
}

static void check_value(json_object *value)
{
	struct sy_buf text;
	struct sy_buf second;
	struct sy_hash hash;
	struct sy_hash again;
	sy_auto_json json_object *reparsed = NULL;

	sy_buf_init(&text, INT32_MAX);
	sy_buf_init(&second, INT32_MAX);
	must(sy_json_hash(value, &hash, NULL) == 0);
	must(sy_json_print(value, &text, NULL) == 0);
	must(sy_json_parse(text.data, text.len, text.len, &reparsed, NULL) == 0);
	must(sy_json_print(reparsed, &second, NULL) == 0);
	must(text.len == second.len && memcmp(text.data, second.data, text.len) == 0);
	must(sy_json_hash(reparsed, &again, NULL) == 0);
	must(sy_hash_equal(&hash, &again) && sy_json_equal(value, reparsed));
	check_yaml_safe(&text, &hash);
	check_diff(value);
	sy_buf_done(&text);
	sy_buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct sy_error err = {0};
	sy_auto_json json_object *value = NULL;
	int scanned = sy_json_scan(text, size, SY_MAX_JSON_DEPTH, &err);

	must(scanned == 0 || (scanned < 0 && err.code > 0 && strncmp(err.text, "offset ", 7) == 0));
	must(sy_json_parse(text, size, SY_MAX_OBJECT_BYTES, &value, NULL) == (size > SY_MAX_OBJECT_BYTES ? -EMSGSIZE : scanned));
	if (size <= SY_MAX_OBJECT_BYTES && scanned == 0)
		check_value(value);
	return 0;
}
