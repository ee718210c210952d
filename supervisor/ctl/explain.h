/* What conditions, phases and reasons mean, and what to do: one table, printed by `syncerctl explain` and by syncerd-conditions(7). A check
 * compares both, and finds each reason that the code can give. */
#ifndef SY_CTL_EXPLAIN_H
#define SY_CTL_EXPLAIN_H

enum ctl_topic {
	CTL_CONDITION = 0,
	CTL_CONDITION_REASON,
	CTL_PHASE,
	CTL_PHASE_REASON,
	CTL_STATE,
	CTL_STATE_REASON,
	CTL_OBJECT_REASON,
	CTL_TOPIC_MAX
};

/* Texts are whole sentences in one line, without quotes and backslashes. */
struct ctl_explanation {
	const char *name;
	enum ctl_topic topic;
	const char *of;	   /* of reasons: the conditions, phases or states that it belongs to; else "" */
	const char *level; /* of a condition's reason: "True", "Unknown", "False/Error", ...; else "" */
	const char *meaning;
	const char *action; /* "" = nothing is to be done */
};

/* Each ends with a row without a name. */
extern const struct ctl_explanation ctl_explain_conditions[];
extern const struct ctl_explanation ctl_explain_workspaces[];
extern const struct ctl_explanation ctl_explain_objects[];

/* The row with exactly this name; NULL when there is none, or no name. */
const struct ctl_explanation *ctl_explain_find(enum ctl_topic topic, const char *name);

#endif
