/* Files of packaging/ that syncerctl carries with it. */
#ifndef SY_CTL_EMBEDDED_H
#define SY_CTL_EMBEDDED_H

#include "json/json.h"

/* packaging/kcp/apiresourceschema-synctargets.yaml as a tree; the caller owns it. */
int ctl_embedded_schema(json_object **ret_object, struct sy_error *err);

#endif
