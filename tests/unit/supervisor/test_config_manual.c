/* Every key of the configuration's tables is described in syncerd.yaml(5), with its default, limits and words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "supervisor/config/config_table.h"
#include "supervisor/config/file.h"

/* The entry of one key in the manual: from ".It Ic name" to the next entry or the end of its section. */
struct entry {
	const char *at;
	size_t len;
	const char *name;
};

static const char *nearest(const char *a, const char *b)
{
	return !a || (b && b < a) ? b : a;
}

static const char *section_end(const char *at)
{
	const char *end = nearest(strstr(at + 1, "\n.Ss "), strstr(at + 1, "\n.Sh "));

	return end ? end : at + strlen(at);
}

static void says(const struct entry *entry, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void says(const struct entry *entry, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!memmem(entry->at, entry->len, text, strlen(text)))
		fail_msg("the manual's entry of %s does not say \"%s\"", entry->name, text);
}

static void check_entry(const struct sy_key *key, const struct entry *entry)
{
	char least[32], most[32];

	if (key->fallback)
		says(entry, "\nDefault: %s.", key->fallback);
	if (key->kind == SY_KEY_DURATION) {
		sy_config_duration_text(key->min, least, sizeof(least));
		sy_config_duration_text(key->max, most, sizeof(most));
		says(entry, "\nFrom %s to %s.", least, most);
	}
	if (key->kind == SY_KEY_INT)
		says(entry, "\nFrom %lld to %lld.", (long long)key->min, (long long)key->max);
	if (key->kind == SY_KEY_BYTES) {
		sy_config_bytes_text(key->min, least, sizeof(least));
		sy_config_bytes_text(key->max, most, sizeof(most));
		says(entry, "\nFrom %s to %s.", least, most);
	}
	for (size_t i = 0; key->words && key->words[i]; i++)
		says(entry, "\n.Ql %s", key->words[i]);
}

static void check_documented(const char *manual, const struct sy_key *keys, const char *section)
{
	char text[128];

	snprintf(text, sizeof(text), "\n.Ss %s\n", section[0] ? section : "Top level");
	const char *at = strstr(manual, text);
	if (!at)
		fail_msg("the manual has no section \"%s\"", section);
	const char *end = section_end(at);
	for (; keys->name; keys++) {
		struct entry entry = {.name = keys->name};

		snprintf(text, sizeof(text), "\n.It Ic %s ", keys->name);
		entry.at = strstr(at, text);
		if (!entry.at || entry.at > end)
			fail_msg("the manual does not describe %s in \"%s\"", keys->name, section);
		const char *next = nearest(strstr(entry.at + 1, "\n.It Ic "), end);
		entry.len = (size_t)(next - entry.at);
		check_entry(keys, &entry);
		if (keys->sub) {
			snprintf(text, sizeof(text), "%s%s%s", section, section[0] ? "." : "", keys->name);
			check_documented(manual, keys->sub, text);
		}
	}
}

static void test_manual(void **state)
{
	char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(sy_file_read("packaging/man/syncerd.yaml.5", 1u << 20, &text, &len, NULL, NULL), 0);
	check_documented(text, sy_config_keys(), "");
	sy_file_wipe(text, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_manual)};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
