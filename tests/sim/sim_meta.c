/* Small pieces of object metadata. Running out of memory ends the simulator: it is a test tool. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>

#include "base/num.h"
#include "sim.h"

void sim_set(json_object *object, const char *key, json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		abort();
}

void sim_set_str(json_object *object, const char *key, const char *text)
{
	sim_set(object, key, json_object_new_string(text));
}

bool sim_is_object(json_object *value)
{
	return json_object_is_type(value, json_type_object);
}

json_object *sim_meta(json_object *value)
{
	json_object *meta = sy_json_object(value, "metadata", NULL);

	if (!meta) {
		meta = json_object_new_object();
		sim_set(value, "metadata", meta);
	}
	return meta;
}

char *sim_now(char out[21])
{
	sy_time_format(time(NULL), out);
	return out;
}

static void new_uid(char out[37])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		abort();
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-4%01x%02x-a%01x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
		 b[6] & 15, b[7], b[8] & 15, b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* What the server sets itself on every new object; a client's wishes for these members are ignored. */
void sim_fill_new(struct sim_server *server, const struct sim_type *type, const char *cluster, json_object *value)
{
	json_object *meta = sim_meta(value);
	char text[320];

	sim_type_api_version(type, text);
	sim_set_str(value, "apiVersion", text);
	sim_set_str(value, "kind", type->kind);
	json_object_object_del(meta, "resourceVersion");
	json_object_object_del(meta, "managedFields");
	json_object_object_del(meta, "deletionTimestamp");
	new_uid(text);
	sim_set_str(meta, "uid", text);
	sim_set_str(meta, "creationTimestamp", sim_now(text));
	sim_set(meta, "generation", json_object_new_int64(1));
	if (server->side == SIM_KCP) {
		json_object *annotations = sy_json_object(meta, "annotations", NULL);

		if (!annotations) {
			annotations = json_object_new_object();
			sim_set(meta, "annotations", annotations);
		}
		sim_set_str(annotations, "kcp.io/cluster", cluster);
	}
	if (sim_type_is(type, "", "namespaces")) {
		json_object *labels = sy_json_object(meta, "labels", NULL);
		json_object *status = json_object_new_object();

		if (!labels) {
			labels = json_object_new_object();
			sim_set(meta, "labels", labels);
		}
		sim_set_str(labels, "kubernetes.io/metadata.name", sy_json_str(meta, "name", NULL));
		sim_set_str(status, "phase", "Active");
		sim_set(value, "status", status);
	}
}

bool sim_has_finalizers(json_object *value)
{
	json_object *list = sy_json_array(value, "metadata", "finalizers", NULL);

	return list && json_object_array_length(list) > 0;
}

bool sim_is_deleting(json_object *value)
{
	return sy_json_str(value, "metadata", "deletionTimestamp", NULL) != NULL;
}

json_object *sim_condition(const char *type, const char *status, const char *reason)
{
	json_object *condition = json_object_new_object();
	char now[21];

	sim_set_str(condition, "type", type);
	sim_set_str(condition, "status", status);
	sim_set_str(condition, "lastTransitionTime", sim_now(now));
	sim_set_str(condition, "reason", reason);
	sim_set_str(condition, "message", "");
	return condition;
}
