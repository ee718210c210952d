/* Pages of lists: the first byte says how large the slices are, the rest is the page. What is read must not depend on slices, and a page that
 * is taken as whole must be JSON. Then once more with items that cannot be read handed on: of them, what can be read. */
#include <stdint.h>
#include <stdlib.h>

#include "kube/about.h"
#include "kube/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_item(void *arg, json_object *object, const char *raw, size_t raw_len, struct sy_error *err)
{
	size_t *count = arg;
	sy_auto_json json_object *parsed = NULL;

	if (sy_json_parse(raw, raw_len, 16384, &parsed, err) < 0 || !sy_json_equal(parsed, object))
		abort();
	(*count)++;
	return 0;
}

static int on_broken(void *arg, const char *raw, size_t raw_len, const struct sy_error *why)
{
	size_t *count = arg;
	sy_auto_json json_object *about = NULL;
	bool whole = false;

	if (sy_about_read(raw, raw_len, &about, &whole) < 0 || why->code == 0 || (whole && !about) ||
	    (about && !sy_json_str(about, "metadata", "name", NULL)))
		abort();
	(*count)++;
	return 0;
}

static int run(const char *data, size_t size, size_t slice, sy_list_broken_fn *broken, size_t *ret_count)
{
	struct sy_list list;
	int r = 0;

	*ret_count = 0;
	sy_list_init(&list, broken ? 256 : 4096);
	list.broken = broken;
	for (size_t at = 0; r == 0 && at < size; at += slice)
		r = sy_list_feed(&list, data + at, size - at < slice ? size - at : slice, on_item, ret_count, NULL);
	if (r == 0)
		r = sy_list_end(&list, NULL);
	sy_list_done(&list);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole, sliced;

	if (size < 2 || size > 8000)
		return 0;
	const char *text = (const char *)data + 1;
	size_t slice = (size_t)data[0] % 64 + 1;
	for (int pass = 0; pass < 2; pass++) {
		int a = run(text, size - 1, size, pass ? on_broken : NULL, &whole);
		int b = run(text, size - 1, slice, pass ? on_broken : NULL, &sliced);
		if ((a == 0) != (b == 0) || whole != sliced)
			abort();
	}
	return 0;
}
