/* Files of packaging/ that syncerctl carries with it. */
#ifndef SY_CTL_EMBEDDED_H
#define SY_CTL_EMBEDDED_H

#include "json/json.h"

/* packaging/kcp/apiresourceschema-synctargets.yaml as a tree; the caller owns it. */
int ctl_embedded_schema(json_object **ret_object, struct sy_error *err);

/* YAML of our own as a tree: plain scalars get their types, floats stay text. name is for messages. An empty document is an error. */
int ctl_yaml_to_json(const char *name, const char *data, size_t len, json_object **ret_value, struct sy_error *err);

#endif
