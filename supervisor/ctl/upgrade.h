/* `syncerctl upgrade check`: does what runs, what is installed and what the servers hold fit together? Reads only. */
#ifndef SY_CTL_UPGRADE_H
#define SY_CTL_UPGRADE_H

#include "install.h"
#include "proc.h"

struct ctl_upgrade {
	struct ctl_install install; /* the administrators' kubeconfigs; workspace, name and exports of the SyncTarget */
	const char *config_given;   /* --config */
	char config_file[PATH_MAX];
	struct sy_config *config; /* NULL = cannot be read */
	json_object *status;	  /* of the running syncerd, NULL = it does not answer */
	struct sy_error trouble;  /* why not */
	pid_t pid;		  /* of the running syncerd, 0 = none */
	char program[PATH_MAX];	  /* the installed syncerd */
	json_object *rows;	  /* array of {check, state, found, todo} */
	bool attention;		  /* a row needs somebody */
};

/* Add a row. todo NULL: nothing is to be done. What is skipped needs nobody, but tells how to have it checked. found is formatted. */
void ctl_upgrade_good(struct ctl_upgrade *upgrade, const char *check, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void ctl_upgrade_skipped(struct ctl_upgrade *upgrade, const char *check, const char *todo, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void ctl_upgrade_attention(struct ctl_upgrade *upgrade, const char *check, const char *todo, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* upgrade_programs.c: programs, workers, control protocol, configuration, state directory. */
void ctl_upgrade_programs(struct ctl_upgrade *upgrade);
/* upgrade_servers.c: the type SyncTarget and the roles in kcp, the role in the cluster. */
void ctl_upgrade_servers(struct ctl_upgrade *upgrade);

/* upgrade_compare.c, pure. What rules (an RBAC array) grant that others do not, as "VERB RESOURCE[.GROUP][ NAME]" in an array that the caller
 * owns; NULL rules grant nothing. A "*" of the others covers everything. */
json_object *ctl_rules_beyond(json_object *rules, json_object *others);
/* Paths of the properties ("spec.cells.*") of an APIResourceSchema that another has not; an array that the caller owns. */
json_object *ctl_fields_beyond(json_object *schema, json_object *other);
/* "a, b, c and 4 more" of an array of texts. malloc'ed. */
char *ctl_some_of(json_object *texts);

#endif
