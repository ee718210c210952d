/* Messages as data: one table of fields per type says what a member is called, what it may hold and where it lives in the struct. Encoding,
 * strict decoding, copying, comparing and freeing all follow the same table, so they cannot drift apart.
 *
 * Private to proto/. Decoding refuses unknown and missing members, wrong types, values out of range and anything longer than its bound;
 * the error names the member's path ("plan.resources[3].group").
 */
#ifndef SY_PROTO_SCHEMA_H
#define SY_PROTO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "json/json.h"

enum sy_field_kind {
	SY_FIELD_STRING = 0, /* char *; limit = bytes; check = syntax */
	SY_FIELD_TEXT,	     /* char * for people: cut to the limit and made UTF-8 by the encoder, free of controls by the decoder */
	SY_FIELD_UINT,	     /* uint64_t; limit = largest value, 0 = any */
	SY_FIELD_INT,	     /* int64_t >= 0; limit = largest value, 0 = any */
	SY_FIELD_BOOL,	     /* bool */
	SY_FIELD_ENUM,	     /* an enum, by name; limit = its _MAX */
	SY_FIELD_LABELS,     /* json_object * of short strings; limit = members; always optional */
	SY_FIELD_VALUE,	     /* json_object * of any content; always optional */
	SY_FIELD_STRINGS,    /* char ** and a count; limit = elements */
	SY_FIELD_RECORDS,    /* array of structs and a count; limit = elements */
	SY_FIELD_CUSTOM	     /* a struct with functions of its own */
};

struct sy_record;

struct sy_custom {
	int (*encode)(const void *field, json_object **ret_value, struct sy_error *err);
	int (*decode)(json_object *value, void *field, struct sy_error *err);
	void (*done)(void *field);
};

struct sy_field {
	const char *name;
	enum sy_field_kind kind;
	bool optional; /* strings: absent = NULL */
	bool secret;   /* strings: wiped when freed */
	bool verbatim; /* TEXT: left as it is by the decoder; whoever shows it makes it visible */
	size_t offset;
	size_t count_offset; /* STRINGS, RECORDS */
	uint64_t limit;
	bool (*check)(const char *text); /* STRING, STRINGS: NULL = any text */
	const char *expected;		 /* what check wants, for the error */
	const char *(*name_of)(int value);
	const struct sy_record *record;
	const struct sy_custom *custom;
};

struct sy_record {
	const char *name; /* start of the path in errors */
	const struct sy_field *fields;
	size_t count;
	size_t size;
};

#define SY_STRING_BYTES 1024 /* longest element of STRINGS and value of LABELS */

/* *ret_value is owned by the caller. */
int sy_record_encode(const struct sy_record *record, const void *from, json_object **ret_value, struct sy_error *err);
/* to must be zeroed; on failure it is zeroed again and owns nothing. */
int sy_record_decode(const struct sy_record *record, json_object *value, void *to, struct sy_error *err);
/* to is overwritten. CUSTOM fields are not copied. */
int sy_record_copy(const struct sy_record *record, const void *from, void *to, struct sy_error *err);
/* CUSTOM fields are not compared. A missing string equals an empty one unless the field is optional. */
bool sy_record_equal(const struct sy_record *record, const void *a, const void *b);
/* Frees everything and zeroes the struct. */
void sy_record_done(const struct sy_record *record, void *value);

/* Overwrite every string of a tree: for trees that held secrets, before they are put. */
void sy_json_wipe(json_object *value);

/* Checks for SY_FIELD_STRING. */
bool sy_check_group(const char *text);	 /* "" or a DNS name */
bool sy_check_name(const char *text);	 /* DNS name: [-a-z0-9.] */
bool sy_check_version(const char *text); /* [a-z0-9]+ */
bool sy_check_word(const char *text);	 /* [A-Za-z0-9]+: kinds, verbs, reasons */
bool sy_check_word_or_empty(const char *text);
bool sy_check_url(const char *text);	   /* http(s)://, printable ASCII without blanks, quotes, '?' and '#' */
bool sy_check_printable(const char *text); /* printable ASCII, not empty */
bool sy_check_path(const char *text);	   /* workspace path or "" */
bool sy_check_identity(const char *text);  /* what may stand in a locator: [-a-z0-9.:A-Z]+ */
bool sy_check_identity_or_empty(const char *text);
bool sy_check_pointer(const char *text);  /* RFC 6901, not empty */
bool sy_check_absolute(const char *text); /* absolute file name that fits a socket address */

#endif
