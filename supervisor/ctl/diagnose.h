/* `syncerctl diagnose`: a bundle of what one needs to know to help, without secrets. Each collector adds its files to the bundle or notes why
 * they are missing; none of them fails. */
#ifndef SY_CTL_DIAGNOSE_H
#define SY_CTL_DIAGNOSE_H

#include "bundle.h"
#include "proc.h"
#include "supervisor/config/config.h"

struct ctl_diagnose {
	struct ctl *ctl;
	struct ctl_bundle bundle;
	struct sy_config *config; /* NULL = cannot be read */
	char config_file[PATH_MAX];
	pid_t pid;		 /* of syncerd, 0 = none */
	json_object *status;	 /* its first answer, NULL = it gives none */
	struct sy_error trouble; /* why it gives none */
	int64_t until_ms;	 /* ctl_now_ms() at which nothing new is begun */
};

/* Milliseconds that are left, at least 0. When none are, the file is noted as missing. */
int64_t ctl_diagnose_left(struct ctl_diagnose *diagnose, const char *name);

/* diagnose_ask.c: status, workspaces, events and dumps, over the control socket. */
void ctl_diagnose_ask(struct ctl_diagnose *diagnose);
/* diagnose_config.c: the effective configuration, and of the credentials what is no secret. */
void ctl_diagnose_config(struct ctl_diagnose *diagnose);
/* diagnose_http.c: metrics and health. */
void ctl_diagnose_http(struct ctl_diagnose *diagnose);
/* diagnose_host.c: versions, the machine, processes and their limits, folders. */
void ctl_diagnose_host(struct ctl_diagnose *diagnose);
/* diagnose_unit.c: the systemd units and the end of their journal. */
void ctl_diagnose_unit(struct ctl_diagnose *diagnose);

#endif
