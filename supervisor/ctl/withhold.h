/* What of answers and logs may leave this machine: names, versions, states and reasons, never what objects hold. Functions exit when memory is
 * short. */
#ifndef SY_CTL_WITHHOLD_H
#define SY_CTL_WITHHOLD_H

#include "base/buf.h"
#include "json/json.h"

/* A copy with only these members (names, NULL-terminated), at every depth: what nobody has listed is not in it. Texts come through
 * ctl_without_values. The caller owns it. */
json_object *ctl_keep(json_object *value, const char *const *names);

/* Text without what servers quote of objects ("Invalid value: ..."), without credentials in URLs, and without what looks like a token or a
 * key; "[left out]" stands there instead. malloc'ed. */
char *ctl_without_values(const char *text);

/* One line of syncerd's log, text or JSON, without its newline: what it says about an object goes, its names and the reason stay. A line of
 * another form comes through ctl_without_values. malloc'ed. */
char *ctl_keep_log_line(const char *line);

/* The same for an entry of the journal, as `journalctl --output=json` prints it: "TIME IDENT[PID]: TEXT"; NULL for what is none. malloc'ed. */
char *ctl_keep_journal_entry(json_object *entry);

#endif
