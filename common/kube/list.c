/* Incremental reading of a List. */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "kube/list.h"

#define MAX_KEY 256u
#define MAX_MEMBER (64u * 1024) /* kind, apiVersion, metadata */

enum state {
	AT_START = 0,
	AT_FIRST_KEY, /* or '}' */
	AT_KEY,
	IN_KEY,
	AT_COLON,
	AT_VALUE,
	IN_VALUE,
	AFTER_VALUE,
	AT_FIRST_ITEM, /* or ']' */
	AT_ITEM,
	IN_ITEM,
	AFTER_ITEM,
	AT_END,
};

enum member { MEMBER_OTHER = 0, MEMBER_KIND, MEMBER_API_VERSION, MEMBER_METADATA, MEMBER_ITEMS };

static const char *const member_names[] = {
	[MEMBER_OTHER] = "",
	[MEMBER_KIND] = "\"kind\"",
	[MEMBER_API_VERSION] = "\"apiVersion\"",
	[MEMBER_METADATA] = "\"metadata\"",
	[MEMBER_ITEMS] = "\"items\"",
};

struct feed {
	struct sy_list *list;
	const char *data;
	size_t len;
	sy_list_item_fn *fn;
	void *arg;
};

void sy_list_init(struct sy_list *list, size_t max_item)
{
	memset(list, 0, sizeof(*list));
	list->max_item = max_item;
	sy_buf_init(&list->value, max_item > MAX_MEMBER ? max_item : MAX_MEMBER);
}

void sy_list_done(struct sy_list *list)
{
	sy_buf_done(&list->value);
	free(list->kind);
	free(list->api_version);
	free(list->resource_version);
	free(list->continue_token);
	memset(list, 0, sizeof(*list));
}

static int malformed(struct sy_error *err)
{
	return sy_error_set(err, EINVAL, "the answer is no well-formed list");
}

/* Collect bytes of the value under way; *ret_done when it is complete. keep = false only skips. */
static int collect(struct feed *feed, size_t max, bool keep, bool *ret_done, struct sy_error *err)
{
	struct sy_list *list = feed->list;
	bool fresh = !list->span.started;
	size_t len = sy_span_feed(&list->span, feed->data, feed->len, ret_done);

	if (fresh && len == 0)
		return malformed(err);
	if (keep && list->value.len + len > max) {
		if (list->state != IN_ITEM || !list->broken)
			return sy_error_set(err, EMSGSIZE, "the list holds a value above %zu bytes", max);
		list->oversized = true; /* what is there of it has to do */
	}
	if (keep && !list->oversized && sy_buf_add(&list->value, feed->data, len) < 0)
		return sy_error_oom(err);
	feed->data += len;
	feed->len -= len;
	return 0;
}

static void begin_value(struct sy_list *list, enum state state)
{
	sy_buf_reset(&list->value);
	list->oversized = false;
	list->span = (struct sy_span){0};
	list->state = (int)state;
}

static int end_key(struct sy_list *list, struct sy_error *err)
{
	list->member = MEMBER_OTHER;
	for (int i = MEMBER_KIND; i <= MEMBER_ITEMS; i++)
		if (strcmp(sy_buf_str(&list->value), member_names[i]) == 0)
			list->member = i;
	if (list->member != MEMBER_OTHER && (list->seen & (1u << list->member)))
		return sy_error_set(err, EINVAL, "the list has the member %s twice", member_names[list->member]);
	list->seen |= 1u << list->member;
	list->state = AT_COLON;
	return 0;
}

static int keep_text(char **place, const char *text, struct sy_error *err)
{
	if (!text)
		return 0;
	*place = strdup(text);
	return *place ? 0 : sy_error_oom(err);
}

/* A member other than the items is complete. */
static int end_member(struct sy_list *list, struct sy_error *err)
{
	sy_auto_json json_object *value = NULL;

	list->state = AFTER_VALUE;
	if (list->member == MEMBER_OTHER)
		return 0;
	int r = sy_json_parse(list->value.data, list->value.len, MAX_MEMBER, &value, err);
	if (r < 0)
		return sy_error_wrap(err, "list member %s", member_names[list->member]);
	if (list->member == MEMBER_ITEMS) /* only null comes here */
		return value ? malformed(err) : 0;
	if (list->member == MEMBER_METADATA) {
		r = keep_text(&list->resource_version, sy_json_str(value, "resourceVersion", NULL), err);
		return r < 0 ? r : keep_text(&list->continue_token, sy_json_str(value, "continue", NULL), err);
	}
	if (!json_object_is_type(value, json_type_string))
		return malformed(err);
	return keep_text(list->member == MEMBER_KIND ? &list->kind : &list->api_version, json_object_get_string(value), err);
}

/* Put one member in front of the item, in the tree and in the text. */
static int fill_in(struct sy_buf *text, json_object *object, const char *key, const char *value, size_t value_len)
{
	json_object *string = json_object_new_string_len(value, (int)value_len);

	if (!string)
		return -ENOMEM;
	const char *quoted = json_object_to_json_string_ext(string, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	int r = quoted ? sy_buf_printf(text, "\"%s\":%s,", key, quoted) : -ENOMEM;
	if (sy_json_add(object, key, string) < 0) /* takes string in any case */
		r = -ENOMEM;
	return r;
}

static int complete_item(struct sy_list *list, json_object *object, struct sy_buf *text, struct sy_error *err)
{
	size_t suffix = strlen("List"), kind_len = list->kind ? strlen(list->kind) : 0;
	bool want_kind = !json_object_object_get_ex(object, "kind", NULL) && kind_len > suffix &&
			 strcmp(list->kind + kind_len - suffix, "List") == 0;
	bool want_version = !json_object_object_get_ex(object, "apiVersion", NULL) && list->api_version && *list->api_version;
	bool empty = json_object_object_length(object) == 0;
	int r = 0;

	if (!want_kind && !want_version)
		return 0;
	r = sy_buf_add_str(text, "{");
	if (r == 0 && want_kind)
		r = fill_in(text, object, "kind", list->kind, kind_len - suffix);
	if (r == 0 && want_version)
		r = fill_in(text, object, "apiVersion", list->api_version, strlen(list->api_version));
	if (r == 0 && empty)
		text->len--; /* no comma in front of '}' */
	if (r == 0)
		r = sy_buf_add(text, list->value.data + 1, list->value.len - 1);
	return r < 0 ? sy_error_set(err, -r, "list item %zu cannot be completed with kind and apiVersion", list->items) : 0;
}

/* Hand on what there is of an item that cannot be read, or end the list with the reason. */
static int end_broken(struct feed *feed, int r, const struct sy_error *why, struct sy_error *err)
{
	struct sy_list *list = feed->list;

	if (r == -ENOMEM)
		return sy_error_oom(err);
	if (!list->broken)
		return sy_error_set(err, -r, "list item %zu: %s", list->items, why->text);
	list->items++;
	return list->broken(feed->arg, list->value.data, list->value.len, why);
}

static int end_item(struct feed *feed, struct sy_error *err)
{
	struct sy_list *list = feed->list;
	sy_auto_json json_object *object = NULL;
	struct sy_error why = {0};
	struct sy_buf text;
	int r;

	list->state = AFTER_ITEM;
	if (list->oversized)
		r = sy_error_set(&why, EMSGSIZE, "an object above %zu bytes", list->max_item);
	else
		r = sy_json_parse(list->value.data, list->value.len, list->max_item, &object, &why);
	if (r < 0)
		return end_broken(feed, r, &why, err);
	if (!json_object_is_type(object, json_type_object))
		return malformed(err);
	sy_buf_init(&text, list->max_item + 1024);
	r = complete_item(list, object, &text, err);
	if (r == 0) {
		const struct sy_buf *raw = text.len > 0 ? &text : &list->value;

		list->items++;
		r = feed->fn(feed->arg, object, raw->data, raw->len, err);
	}
	sy_buf_done(&text);
	return r;
}

/* A byte of structure between values; the state says which ones may come. */
static int step(struct sy_list *list, char c, struct sy_error *err)
{
	switch ((enum state)list->state) {
	case AT_START:
		list->state = AT_FIRST_KEY;
		return c == '{' ? 0 : malformed(err);
	case AT_COLON:
		list->state = AT_VALUE;
		return c == ':' ? 0 : malformed(err);
	case AFTER_VALUE:
		list->state = c == ',' ? AT_KEY : AT_END;
		return c == ',' || c == '}' ? 0 : malformed(err);
	case AFTER_ITEM:
		list->state = c == ',' ? AT_ITEM : AFTER_VALUE;
		return c == ',' || c == ']' ? 0 : malformed(err);
	case AT_FIRST_KEY:
		list->state = AT_END;
		return c == '}' ? 0 : malformed(err);
	case AT_FIRST_ITEM:
		list->state = AFTER_VALUE;
		return c == ']' ? 0 : malformed(err);
	case AT_VALUE: /* the items' '[' */
		list->state = AT_FIRST_ITEM;
		return c == '[' ? 0 : malformed(err);
	case AT_KEY:
	case AT_ITEM:
	case IN_KEY:
	case IN_VALUE:
	case IN_ITEM:
	case AT_END:
		break;
	}
	return malformed(err);
}

/* Does a value begin with this byte in this state? */
static bool begins_value(const struct sy_list *list, char c, enum state *ret_state)
{
	switch ((enum state)list->state) {
	case AT_FIRST_KEY:
	case AT_KEY:
		*ret_state = IN_KEY;
		return c == '"';
	case AT_VALUE:
		*ret_state = IN_VALUE;
		return list->member != MEMBER_ITEMS || c != '[';
	case AT_FIRST_ITEM:
	case AT_ITEM:
		*ret_state = IN_ITEM;
		return c == '{';
	default:
		return false;
	}
}

static int feed_value(struct feed *feed, struct sy_error *err)
{
	struct sy_list *list = feed->list;
	size_t max = list->state == IN_KEY ? MAX_KEY : (list->state == IN_ITEM ? list->max_item : MAX_MEMBER);
	bool keep = list->state != IN_VALUE || list->member != MEMBER_OTHER;
	bool done = false;
	int r = collect(feed, max, keep, &done, err);

	if (r < 0 || !done)
		return r;
	if (list->state == IN_KEY)
		return end_key(list, err);
	return list->state == IN_ITEM ? end_item(feed, err) : end_member(list, err);
}

int sy_list_feed(struct sy_list *list, const char *data, size_t len, sy_list_item_fn *fn, void *arg, struct sy_error *err)
{
	struct feed feed = {list, data, len, fn, arg};
	int r = 0;

	while (r == 0 && feed.len > 0) {
		enum state next;

		if (list->state == IN_KEY || list->state == IN_VALUE || list->state == IN_ITEM) {
			r = feed_value(&feed, err);
			continue;
		}
		char c = *feed.data;
		if (!sy_span_is_space(c) && begins_value(list, c, &next)) {
			begin_value(list, next);
			continue;
		}
		if (!sy_span_is_space(c))
			r = step(list, c, err);
		feed.data++;
		feed.len--;
	}
	return r;
}

int sy_list_end(const struct sy_list *list, struct sy_error *err)
{
	if (list->state != AT_END)
		return sy_error_set(err, EINVAL, "the list ends in the middle");
	if (!(list->seen & (1u << MEMBER_ITEMS)) || !list->resource_version || !*list->resource_version)
		return sy_error_set(err, EINVAL, "the answer is no list: it has no items or no resourceVersion");
	return 0;
}
