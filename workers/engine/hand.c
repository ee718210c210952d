#include "hand.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* Trees are about 17 times the text: few, and small ones only. */
#define MAX_TREES (2u * SY_MAX_INFLIGHT_WRITES)
#define MAX_TREE_TEXT (16u * 1024)

struct held {
	json_object *tree;
	char *text;
	size_t len;
};

struct sy_hand {
	struct held side[2];
};

static void drop(struct sy_hand_budget *budget, struct held *held)
{
	if (held->tree)
		budget->trees--;
	budget->bytes -= held->len;
	json_object_put(held->tree);
	free(held->text);
	*held = (struct held){0};
}

static void free_empty(struct sy_object *object)
{
	const struct sy_hand *hand = object->hand;
	if (!hand || hand->side[0].tree || hand->side[0].text || hand->side[1].tree || hand->side[1].text)
		return;
	free(object->hand);
	object->hand = NULL;
}

void sy_hand_put(struct sy_hand_budget *budget, struct sy_object *object, bool up, json_object *tree, const char *raw, size_t raw_len)
{
	if (!object->hand)
		object->hand = calloc(1, sizeof(*object->hand));
	if (!object->hand)
		return;
	struct held *held = &object->hand->side[up];
	drop(budget, held);
	if (budget->trees < MAX_TREES && raw_len <= MAX_TREE_TEXT) {
		held->tree = json_object_get(tree);
		budget->trees++;
	} else if (raw && raw_len <= SY_MAX_PENDING_BODIES && budget->bytes <= SY_MAX_PENDING_BODIES - raw_len) {
		held->text = malloc(raw_len + 1);
		if (held->text) {
			memcpy(held->text, raw, raw_len);
			held->len = raw_len;
			budget->bytes += raw_len;
		}
	}
	free_empty(object);
}

json_object *sy_hand_take(struct sy_hand_budget *budget, struct sy_object *object, bool up)
{
	json_object *tree = NULL;
	if (!object->hand)
		return NULL;
	struct held *held = &object->hand->side[up];
	if (held->tree)
		tree = json_object_get(held->tree);
	else if (held->text && sy_json_parse(held->text, held->len, SY_MAX_OBJECT_BYTES, &tree, NULL))
		tree = NULL; /* it was parsed before, so memory is short: it will be fetched */
	drop(budget, held);
	free_empty(object);
	return tree;
}

void sy_hand_drop(struct sy_hand_budget *budget, struct sy_object *object)
{
	if (!object->hand)
		return;
	drop(budget, &object->hand->side[0]);
	drop(budget, &object->hand->side[1]);
	free_empty(object);
}
