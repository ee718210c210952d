/* syncerctl upgrade check: rules against rules, schema against schema. */
#include <stdlib.h>
#include <string.h>

#include "upgrade.h"

#define SHOWN 5

static size_t length_of(json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static const char *text_at(json_object *array, size_t index)
{
	const char *text = json_object_get_string(json_object_array_get_idx(array, index));

	return text ? text : "";
}

static void append(json_object *array, char *text)
{
	if (json_object_array_add(array, ctl_checked(json_object_new_string(text))) < 0)
		(void)ctl_checked(NULL);
	free(text);
}

static bool holds(json_object *array, const char *text)
{
	for (size_t i = 0; i < length_of(array); i++)
		if (strcmp(text_at(array, i), text) == 0 || strcmp(text_at(array, i), "*") == 0)
			return true;
	return false;
}

struct grant {
	const char *group;
	const char *resource;
	const char *name; /* NULL = all */
	const char *verb;
};

static bool is_granted(json_object *rules, const struct grant *grant)
{
	for (size_t i = 0; i < length_of(rules); i++) {
		json_object *rule = json_object_array_get_idx(rules, i), *names = sy_json_array(rule, "resourceNames", NULL);

		if (holds(sy_json_array(rule, "apiGroups", NULL), grant->group) &&
		    holds(sy_json_array(rule, "resources", NULL), grant->resource) &&
		    holds(sy_json_array(rule, "verbs", NULL), grant->verb) &&
		    (length_of(names) == 0 || (grant->name && holds(names, grant->name))))
			return true;
	}
	return false;
}

static void add_beyond(json_object *out, json_object *others, const struct grant *grant)
{
	if (!is_granted(others, grant))
		append(out, ctl_format("%s %s%s%s%s%s", grant->verb, grant->resource, *grant->group ? "." : "", grant->group,
				       grant->name ? " " : "", grant->name ? grant->name : ""));
}

/* Every verb on every name of one resource of a rule. */
static void add_resource(json_object *out, json_object *rule, json_object *others, const char *group, const char *resource)
{
	json_object *names = sy_json_array(rule, "resourceNames", NULL), *verbs = sy_json_array(rule, "verbs", NULL);
	size_t count = length_of(names) ? length_of(names) : 1;

	for (size_t i = 0; i < count * length_of(verbs); i++) {
		struct grant grant = {.group = group,
				      .resource = resource,
				      .name = length_of(names) ? text_at(names, i % count) : NULL,
				      .verb = text_at(verbs, i / count)};

		add_beyond(out, others, &grant);
	}
}

json_object *ctl_rules_beyond(json_object *rules, json_object *others)
{
	json_object *out = ctl_checked(json_object_new_array());

	for (size_t i = 0; i < length_of(rules); i++) {
		json_object *rule = json_object_array_get_idx(rules, i);
		json_object *groups = sy_json_array(rule, "apiGroups", NULL), *resources = sy_json_array(rule, "resources", NULL);
		json_object *urls = sy_json_array(rule, "nonResourceURLs", NULL);

		for (size_t j = 0; j < length_of(groups); j++)
			for (size_t k = 0; k < length_of(resources); k++)
				add_resource(out, rule, others, text_at(groups, j), text_at(resources, k));
		for (size_t j = 0; j < length_of(urls); j++)
			append(out, ctl_format("URL %s", text_at(urls, j)));
	}
	return out;
}

static void add_fields(json_object *out, const char *path, json_object *schema, json_object *other)
{
	json_object *properties = sy_json_object(schema, "properties", NULL);
	json_object *items = sy_json_object(schema, "items", NULL), *values = sy_json_object(schema, "additionalProperties", NULL);

	if (items)
		add_fields(out, path, items, sy_json_object(other, "items", NULL));
	if (values)
		add_fields(out, path, values, sy_json_object(other, "additionalProperties", NULL));
	if (!properties)
		return;
	json_object_object_foreach(properties, name, property)
	{
		sy_auto_free char *below = ctl_format("%s%s%s", path, *path ? "." : "", name);
		json_object *theirs = sy_json_object(other, "properties", name, NULL);

		if (theirs)
			add_fields(out, below, property, theirs);
		else
			append(out, sy_take_ptr(below));
	}
}

static json_object *root_of(json_object *schema)
{
	json_object *versions = sy_json_array(schema, "spec", "versions", NULL);

	return length_of(versions) ? sy_json_object(json_object_array_get_idx(versions, 0), "schema", NULL) : NULL;
}

json_object *ctl_fields_beyond(json_object *schema, json_object *other)
{
	json_object *out = ctl_checked(json_object_new_array());

	add_fields(out, "", root_of(schema), root_of(other));
	return out;
}

char *ctl_some_of(json_object *texts)
{
	char *out = ctl_format("%s", "");

	for (size_t i = 0; i < length_of(texts) && i < SHOWN; i++) {
		char *more = ctl_format("%s%s%s", out, i ? ", " : "", text_at(texts, i));

		free(out);
		out = more;
	}
	if (length_of(texts) > SHOWN) {
		char *more = ctl_format("%s and %zu more", out, length_of(texts) - SHOWN);

		free(out);
		out = more;
	}
	return out;
}
