/* Label and field selectors of lists and watches. */
#include <string.h>

#include "sim.h"

static char *copy_query(struct sim_request *request, const char *name)
{
	const char *text = sim_query(request, name);

	return text && text[0] ? strdup(text) : NULL;
}

static bool read_fields(struct sim_filter *filter, struct sim_request *request)
{
	sy_auto_free char *text = copy_query(request, "fieldSelector");
	char *rest = text;

	for (char *term = strsep(&rest, ","); term; term = strsep(&rest, ",")) {
		char *value = strchr(term, '=');

		if (value)
			*value++ = '\0';
		if (value && *value == '=')
			value++;
		if (value && strcmp(term, "metadata.name") == 0) {
			free(filter->name);
			filter->name = strdup(value);
		} else if (value && strcmp(term, "metadata.namespace") == 0) {
			free(filter->ns);
			filter->ns = strdup(value);
		} else {
			sim_fail(request, 400, "BadRequest", "field label not supported: %s", term);
			return false;
		}
	}
	return true;
}

bool sim_filter_init(struct sim_filter *filter, struct sim_request *request)
{
	memset(filter, 0, sizeof(*filter));
	filter->labels = copy_query(request, "labelSelector");
	if (filter->labels && strpbrk(filter->labels, "()")) {
		sim_fail(request, 400, "BadRequest", "unable to parse requirement: sets are not simulated");
		sim_filter_done(filter);
		return false;
	}
	if (!read_fields(filter, request)) {
		sim_filter_done(filter);
		return false;
	}
	return true;
}

void sim_filter_done(struct sim_filter *filter)
{
	free(filter->labels);
	free(filter->name);
	free(filter->ns);
	memset(filter, 0, sizeof(*filter));
}

/* One term: "k", "!k", "k=v", "k==v", "k!=v". */
static bool term_matches(char *term, json_object *labels)
{
	char *value = strchr(term, '=');
	bool negate = false;
	const char *have;

	if (value) {
		if (value > term && value[-1] == '!') {
			negate = true;
			value[-1] = '\0';
		}
		*value++ = '\0';
		if (*value == '=')
			value++;
	} else if (term[0] == '!') {
		negate = true;
		term++;
	}
	have = sy_json_str(labels, term, NULL);
	if (!value)
		return (have != NULL) != negate;
	return (have && strcmp(have, value) == 0) != negate;
}

bool sim_filter_match(const struct sim_filter *filter, json_object *value)
{
	const char *name = sy_json_str(value, "metadata", "name", NULL);
	const char *ns = sy_json_str(value, "metadata", "namespace", NULL);
	sy_auto_free char *copy = filter->labels ? strdup(filter->labels) : NULL;
	char *rest = copy;

	if (filter->name && (!name || strcmp(name, filter->name) != 0))
		return false;
	if (filter->ns && (!ns || strcmp(ns, filter->ns) != 0))
		return false;
	for (char *term = strsep(&rest, ","); term; term = strsep(&rest, ","))
		if (!term_matches(term, sy_json_get(value, "metadata", "labels", NULL)))
			return false;
	return true;
}
