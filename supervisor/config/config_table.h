/* The keys of the configuration file as data: one row per key says its type, limits, default and where the value goes. The reader
 * (config_read.c) and the test of the manual page walk these tables; a new key is a new row. */
#ifndef SY_SUPERVISOR_CONFIG_TABLE_H
#define SY_SUPERVISOR_CONFIG_TABLE_H

#include "supervisor/config/config.h"
#include "supervisor/config/yaml.h"

enum sy_key_kind {
	SY_KEY_CONST,	 /* must be words[0]; not stored */
	SY_KEY_STRING,	 /* char *; an empty string counts as absent */
	SY_KEY_PATH,	 /* char *; relative to the configuration file */
	SY_KEY_BOOL,	 /* bool */
	SY_KEY_DURATION, /* int64_t milliseconds within min..max */
	SY_KEY_INT,	 /* int64_t within min..max */
	SY_KEY_BYTES,	 /* int64_t within min..max; a number, or one with a unit such as Mi */
	SY_KEY_ENUM,	 /* unsigned: index in words */
	SY_KEY_STRINGS,	 /* char ** and count of at most max; no duplicates */
	SY_KEY_LABELS,	 /* json_object *: object of strings */
	SY_KEY_SECTION,	 /* mapping with the keys of sub */
	SY_KEY_OBJECTS,	 /* array of structures of size bytes and count of at most max, each with the keys of sub */
};

struct sy_key {
	const char *name; /* NULL ends a table */
	enum sy_key_kind kind;
	size_t offset; /* of the value in the structure of the table; SECTION: of the structure of sub */
	size_t count_offset;
	size_t size;
	int64_t min, max;
	const char *fallback; /* default in the file's own notation; NULL = none */
	bool required;
	bool keep_empty; /* STRING: "" is a value of its own */
	const struct sy_key *sub;
	const char *const *words;		/* NULL-terminated */
	const char *(*check)(const char *text); /* strings: reason of a refusal, NULL = fine */
};

/* Root table; offsets are those of struct sy_config. */
const struct sy_key *sy_config_keys(void);

/* Set defaults, then read the mapping `root` into config. Everything allocated belongs to config, also on failure. */
int sy_config_read(const struct sy_yaml *yaml, struct sy_config *config, struct sy_error *err);

/* Value of a duration for messages: "20s", "500ms". */
void sy_config_duration_text(int64_t ms, char *out, size_t size);
/* The same of a size in bytes: "64Mi", "1000". */
void sy_config_bytes_text(int64_t bytes, char *out, size_t size);

#endif
