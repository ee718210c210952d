#include "hand.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"

/* Trees are about 17 times the text, and to parse a small text again costs less than a hundredth of a request: few, and small ones only. */
#define MAX_TREES 4u
#define MAX_TREE_TEXT (16u * 1024)

struct held {
	json_object *tree;
	char *text; /* own pages: bodies come and go between records that stay, and would leave the heap full of holes */
	size_t len;
};

struct sy_hand {
	struct held side[2];
};

static size_t pages(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (len + page - 1) / page * page;
}

static void drop(struct sy_hand_budget *budget, struct held *held)
{
	if (held->tree)
		budget->trees--;
	json_object_put(held->tree);
	if (held->text) {
		budget->bytes -= pages(held->len);
		munmap(held->text, pages(held->len));
	}
	*held = (struct held){0};
}

static void keep_text(struct sy_hand_budget *budget, struct held *held, const char *raw, size_t len)
{
	if (!raw || !len || len > SY_MAX_PENDING_BODIES || pages(len) > SY_MAX_PENDING_BODIES - budget->bytes)
		return;
	void *text = mmap(NULL, pages(len), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (text == MAP_FAILED)
		return;
	memcpy(text, raw, len);
	held->text = text;
	held->len = len;
	budget->bytes += pages(len);
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
	} else {
		keep_text(budget, held, raw, raw_len);
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

void sy_hand_drop_side(struct sy_hand_budget *budget, struct sy_object *object, bool up)
{
	if (!object->hand)
		return;
	drop(budget, &object->hand->side[up]);
	free_empty(object);
}
