/* Private to json/scan*.c: finds duplicate keys.
 *
 * The keys of all objects that are open at the moment form one stack. When an object ends, its keys are on top; they are compared (few)
 * or sorted (many) and popped. So memory is bounded by the open path, and hostile input costs n log n, never n squared. */
#ifndef SY_JSON_SCAN_KEYS_H
#define SY_JSON_SCAN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sy_scan_key {
	uint32_t hash;
	uint32_t len;
	uint32_t from; /* in the text, or in plain when unescaped */
	uint32_t at;   /* in the text, for the message */
	bool unescaped;
};

struct sy_scan_keys {
	const char *text;
	struct sy_scan_key *stack; /* grows by doubling */
	size_t count;
	size_t cap;
	char *plain; /* stack of keys that had escapes, without them */
	size_t plain_len;
	size_t plain_cap;
};

void sy_scan_keys_init(struct sy_scan_keys *keys, const char *text);
void sy_scan_keys_done(struct sy_scan_keys *keys);

/* Mark the begin of an object. */
size_t sy_scan_keys_begin(const struct sy_scan_keys *keys);
/* A key of the innermost object: text[from..from+len), already checked by the scanner. 0 or -ENOMEM. */
int sy_scan_keys_push(struct sy_scan_keys *keys, size_t from, size_t len, bool escaped);
/* End of the object that began at base: true when two keys are equal, with the offset of the later one. */
bool sy_scan_keys_end(struct sy_scan_keys *keys, size_t base, size_t *ret_where);

#endif
