/* Syntax of the names in the configuration file. Each function returns NULL when the text is fine, else what is wrong with it, as the
 * end of a sentence that begins with the key; the text itself is never repeated. Pure. */
#ifndef SY_SUPERVISOR_CONFIG_CHECK_H
#define SY_SUPERVISOR_CONFIG_CHECK_H

const char *sy_config_check_workspace(const char *text);    /* path or logical cluster name */
const char *sy_config_check_target_name(const char *text);  /* DNS subdomain of at most 43 characters */
const char *sy_config_check_direct_name(const char *text);  /* DNS label */
const char *sy_config_check_uid(const char *text);	    /* UUID in lower case */
const char *sy_config_check_group(const char *text);	    /* API group; "" is the core group */
const char *sy_config_check_version(const char *text);	    /* v1, v1alpha1 */
const char *sy_config_check_resource(const char *text);	    /* plural of a resource */
const char *sy_config_check_claim(const char *text);	    /* configmaps or secrets */
const char *sy_config_check_claim_name(const char *text);   /* resource or resource.group */
const char *sy_config_check_ignore_field(const char *text); /* JSON pointer into what is synced */
const char *sy_config_check_label_key(const char *text);
const char *sy_config_check_label_value(const char *text);
const char *sy_config_check_listen(const char *text); /* address for HTTP (httpd/httpd.h), "" = none */
const char *sy_config_check_socket(const char *text); /* path that fits a Unix socket address */

#endif
