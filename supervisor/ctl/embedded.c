/* Files of packaging/ that syncerctl carries with it. SY_SOURCE_DIR comes from the build, which also rebuilds this when they change. */
#include "embedded.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "supervisor/config/yaml.h"

__asm__(".section .rodata\n"
	".global ctl_schema_yaml\n"
	"ctl_schema_yaml:\n"
	".incbin \"" SY_SOURCE_DIR "/packaging/kcp/apiresourceschema-synctargets.yaml\"\n"
	".global ctl_schema_yaml_end\n"
	"ctl_schema_yaml_end:\n"
	".byte 0\n"
	".previous\n");

extern const char ctl_schema_yaml[];
extern const char ctl_schema_yaml_end[];

static json_object *node_to_json(const struct sy_yaml_node *node);

static json_object *items_to_json(const struct sy_yaml_node *node)
{
	bool is_map = node->type == SY_YAML_MAP;
	json_object *out = is_map ? json_object_new_object() : json_object_new_array();

	for (size_t i = 0; out && i < node->count; i++) {
		json_object *value = node_to_json(node->items[i].value);

		if (is_map ? sy_json_add(out, node->items[i].key->text, value) < 0 : json_object_array_add(out, value) < 0) {
			json_object_put(out);
			return NULL;
		}
	}
	return out;
}

static json_object *node_to_json(const struct sy_yaml_node *node)
{
	int64_t number;

	switch (node->type) {
	case SY_YAML_LIST:
	case SY_YAML_MAP:
		return items_to_json(node);
	case SY_YAML_BOOL:
		return json_object_new_boolean(node->truth);
	case SY_YAML_INT:
		if (sy_num_parse(node->text, INT64_MIN, INT64_MAX, &number))
			return json_object_new_int64(number);
		break;
	case SY_YAML_NULL:
		return NULL;
	case SY_YAML_FLOAT:
	case SY_YAML_STRING:
	case SY_YAML_TYPE_MAX:
		break;
	}
	return json_object_new_string(node->text);
}

int ctl_yaml_to_json(const char *name, const char *data, size_t len, json_object **ret_value, struct sy_error *err)
{
	struct sy_yaml *yaml = NULL;
	int rc = sy_yaml_parse(name, data, len, &yaml, err);

	if (rc < 0)
		return rc;
	*ret_value = node_to_json(sy_yaml_root(yaml));
	sy_yaml_free(yaml);
	return *ret_value ? 0 : sy_error_oom(err);
}

int ctl_embedded_schema(json_object **ret_object, struct sy_error *err)
{
	return ctl_yaml_to_json("apiresourceschema-synctargets.yaml", ctl_schema_yaml, (size_t)(ctl_schema_yaml_end - ctl_schema_yaml),
				ret_object, err);
}
