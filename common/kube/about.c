#include "kube/about.h"

#include <errno.h>
#include <string.h>

#include "kube/span.h"

#define MAX_VALUE (1024u * 1024)

#define MAX_MANAGERS 64u /* servers keep about ten */

static const char *const wanted[] = {"name",	   "namespace", "uid",	       "resourceVersion", "generation", "deletionTimestamp",
				     "finalizers", "labels",	"annotations", "ownerReferences"};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))
#define NAMES 2u /* the first ones: enough to say which object it is */

struct slice {
	const char *data;
	size_t len;
};

static void skip(struct slice *text, size_t len)
{
	text->data += len;
	text->len -= len;
}

static bool take_char(struct slice *text, char c)
{
	while (text->len > 0 && sy_span_is_space(*text->data))
		skip(text, 1);
	if (text->len == 0 || *text->data != c)
		return false;
	skip(text, 1);
	return true;
}

/* One whole value. */
static bool take_value(struct slice *text, struct slice *ret_value)
{
	struct sy_span span = {0};
	bool done = false;

	while (text->len > 0 && sy_span_is_space(*text->data))
		skip(text, 1);
	if (text->len == 0)
		return false;
	size_t len = sy_span_feed(&span, text->data, text->len, &done);
	if (!done)
		return false;
	*ret_value = (struct slice){text->data, len};
	skip(text, len);
	return true;
}

/* "key": in front of a value. */
static bool take_key(struct slice *text, struct slice *ret_key)
{
	return take_value(text, ret_key) && *ret_key->data == '"' && take_char(text, ':');
}

/* Is the slice this key, written plainly, as servers do? */
static bool is_key(const struct slice *slice, const char *name)
{
	size_t len = strlen(name);

	return slice->len == len + 2 && memcmp(slice->data + 1, name, len) == 0;
}

/* The value of a member of the object that text begins with, as far as text goes. False: none, or more than one. */
static bool find_member(struct slice text, const char *name, struct slice *ret_value)
{
	struct slice key, value;
	bool found = false;

	if (!take_char(&text, '{'))
		return false;
	do {
		if (!take_key(&text, &key) || !take_value(&text, &value))
			return found;
		if (!is_key(&key, name))
			continue;
		if (found)
			return false;
		*ret_value = value;
		found = true;
	} while (take_char(&text, ','));
	return found;
}

/* 1: added; 0: not there, or not to be used; negative: out of memory. */
static int copy_member(struct slice metadata, const char *name, json_object *into, bool *ret_whole)
{
	struct slice value;
	json_object *parsed = NULL;

	if (!find_member(metadata, name, &value))
		return 0;
	int r = sy_json_parse(value.data, value.len, MAX_VALUE, &parsed, NULL);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		*ret_whole = false;
		return 0;
	}
	return parsed ? (sy_json_add(into, name, parsed) < 0 ? -ENOMEM : 1) : 0;
}

/* The same, of what may be missing from the entry. */
static int copy_part(struct slice from, const char *name, json_object *into)
{
	bool whole = true;
	int r = copy_member(from, name, into, &whole);

	return r < 0 ? r : 0;
}

/* Which labels an entry holds, as {"f:metadata": {"f:labels": ...}}. */
static int copy_labels(struct slice entry, json_object *into)
{
	sy_auto_json json_object *fields = json_object_new_object(), *labels = json_object_new_object();
	struct slice text;

	if (!find_member(entry, "fieldsV1", &text) || !find_member(text, "f:metadata", &text))
		return 0;
	if (!fields || !labels || copy_part(text, "f:labels", labels) < 0 || sy_json_add(fields, "f:metadata", sy_take_ptr(labels)) < 0 ||
	    sy_json_add(into, "fieldsV1", sy_take_ptr(fields)) < 0)
		return -ENOMEM;
	return 0;
}

/* managedFields repeats the names of all members, and so has whatever made the object unreadable. */
static int copy_managers(struct slice metadata, json_object *into)
{
	sy_auto_json json_object *list = json_object_new_array();
	struct slice text, value;

	if (!list)
		return -ENOMEM;
	if (!find_member(metadata, "managedFields", &text) || !take_char(&text, '['))
		return 0;
	for (unsigned i = 0; i < MAX_MANAGERS && take_value(&text, &value); i++) {
		json_object *entry = json_object_new_object();

		if (!entry || json_object_array_add(list, entry) != 0) {
			json_object_put(entry);
			return -ENOMEM;
		}
		if (copy_part(value, "manager", entry) < 0 || copy_labels(value, entry) < 0)
			return -ENOMEM;
		if (!take_char(&text, ','))
			break;
	}
	return json_object_array_length(list) > 0 && sy_json_add(into, "managedFields", sy_take_ptr(list)) < 0 ? -ENOMEM : 0;
}

int sy_about_read(const char *data, size_t len, json_object **ret_about, bool *ret_whole)
{
	sy_auto_json json_object *about = json_object_new_object(), *metadata = json_object_new_object();
	struct slice text;
	bool whole = true;
	int r = 0;

	if (!about || !metadata)
		return -ENOMEM;
	*ret_about = NULL;
	*ret_whole = false;
	if (!find_member((struct slice){data, len}, "metadata", &text))
		return 0;
	for (size_t i = 0; r >= 0 && i < WANTED; i++)
		r = copy_member(text, wanted[i], metadata, &whole);
	if (r < 0)
		return r;
	if (!sy_json_str(metadata, "name", NULL))
		return 0;
	for (size_t i = NAMES; !whole && i < WANTED; i++)
		json_object_object_del(metadata, wanted[i]);
	if (whole && copy_managers(text, metadata) < 0)
		return -ENOMEM;
	if (sy_json_add(about, "metadata", sy_take_ptr(metadata)) < 0)
		return -ENOMEM;
	*ret_about = sy_take_ptr(about);
	*ret_whole = whole;
	return 0;
}
