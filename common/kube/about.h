/* What can still be read of an API object that is too large, or that the strict parser refuses: enough to name it, and to let it go. */
#ifndef SY_KUBE_ABOUT_H
#define SY_KUBE_ABOUT_H

#include "json/json.h"

/* data: the object's text, or the beginning of it. *ret_about is new: {"metadata": {...}} with name and namespace, and where *ret_whole is
 * true with everything of uid, resourceVersion, generation, deletionTimestamp, finalizers, labels, annotations and ownerReferences that the
 * object has, and with "managedFields": [{"manager", "fieldsV1": {"f:metadata": {"f:labels"}}}], the first 64 entries, of each what can be
 * read of that; all of it has passed the strict parser. *ret_about is NULL and the result 0 when not even a name can be read. 0 or -ENOMEM. */
int sy_about_read(const char *data, size_t len, json_object **ret_about, bool *ret_whole);

#endif
