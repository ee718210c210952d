/* Somebody else keeps changing what we write (syncerd-rules(7) 5.4): two controllers that both insist would write for ever. We give way for
 * a while, and say with whom. */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "ownership.h"

/* Who else has written last. */
static const char *other_manager(json_object *tree)
{
	json_object *entries = sy_json_array(tree, "metadata", "managedFields", NULL);
	size_t n = entries ? json_object_array_length(entries) : 0;
	const char *name = NULL, *newest = "";
	for (size_t i = 0; i < n; i++) {
		json_object *entry = json_object_array_get_idx(entries, i);
		const char *manager = sy_json_str(entry, "manager", NULL), *time = sy_json_str(entry, "time", NULL);
		if (!manager || strcmp(manager, SY_FIELD_MANAGER) == 0 || sy_json_str(entry, "subresource", NULL))
			continue;
		if (name && strcmp(time ? time : "", newest) < 0)
			continue;
		name = manager;
		newest = time ? time : ""; /* RFC 3339 in UTC: sorts as text */
	}
	return name;
}

void sy_fight_look(struct sy_op *op)
{
	const char *name = other_manager(op->down);
	strlcpy(op->rival, name ? name : "", sizeof(op->rival));
}

static void tell(const struct sy_object *object, const char *rival)
{
	char text[512];
	snprintf(text, sizeof(text),
		 "%s changes or deletes the copy in the cluster again and again; it is corrected every 5 minutes only. Let one of the "
		 "two decide: leave the fields to the other with ignoreFields, or stop it",
		 *rival ? rival : "somebody");
	sy_object_tell(object, SY_REASON_CONTENDED, text);
}

void sy_fight_corrected(struct sy_object *object, const char *rival)
{
	uint32_t now = sy_object_now_ms(object);
	if (object->corrections == 0 || now - object->fight_ms > SY_FIGHT_MS) {
		object->corrections = 0;
		object->fight_ms = now;
	}
	if (++object->corrections <= SY_FIGHT_CORRECTIONS)
		return;
	object->contended = true;
	object->fight_ms = now + SY_FIGHT_MS;
	tell(object, rival);
}

int64_t sy_fight_remaining(const struct sy_object *object)
{
	int32_t remaining = (int32_t)(object->fight_ms - sy_object_now_ms(object));
	return !object->contended ? -1 : remaining > 0 ? remaining : 0;
}

void sy_fight_tick(struct sy_object *object)
{
	if (sy_fight_remaining(object) != 0)
		return;
	object->contended = false;
	object->corrections = SY_FIGHT_CORRECTIONS; /* one more, and it is contended again */
	object->fight_ms = sy_object_now_ms(object);
}

void sy_fight_over(struct sy_object *object)
{
	object->contended = false;
	object->corrections = 0;
}
