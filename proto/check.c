#include "proto/schema.h"

#include <string.h>
#include <sys/un.h>

#include "kcp/ids.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool only(const char *text, const char *allowed)
{
	return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

bool sy_check_name(const char *text)
{
	size_t len = strlen(text);

	return only(text, LOWER DIGITS "-.") && len <= 253 && text[0] != '-' && text[0] != '.' && text[len - 1] != '-' &&
	       text[len - 1] != '.' && !strstr(text, "..");
}

bool sy_check_group(const char *text)
{
	return text[0] == '\0' || sy_check_name(text);
}

bool sy_check_version(const char *text)
{
	return only(text, LOWER DIGITS);
}

bool sy_check_word(const char *text)
{
	return only(text, LOWER UPPER DIGITS);
}

bool sy_check_word_or_empty(const char *text)
{
	return text[0] == '\0' || sy_check_word(text);
}

bool sy_check_printable(const char *text)
{
	const char *p = text;

	while (*p >= 0x20 && *p <= 0x7e)
		p++;
	return p != text && *p == '\0';
}

bool sy_check_url(const char *text)
{
	return (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0) && sy_check_printable(text) &&
	       !strpbrk(text, " \"'<>\\^`{|}?#@") && !strstr(text, "/../") && !strstr(text, "/./");
}

bool sy_check_path(const char *text)
{
	return text[0] == '\0' || sy_workspace_path_valid(text);
}

bool sy_check_identity(const char *text)
{
	return only(text, LOWER UPPER DIGITS "-.:");
}

bool sy_check_identity_or_empty(const char *text)
{
	return text[0] == '\0' || sy_check_identity(text);
}

bool sy_check_pointer(const char *text)
{
	if (text[0] != '/')
		return false;
	for (const char *p = strchr(text, '~'); p; p = strchr(p + 1, '~'))
		if (p[1] != '0' && p[1] != '1')
			return false;
	return true;
}

bool sy_check_absolute(const char *text)
{
	struct sockaddr_un address;

	return text[0] == '/' && sy_check_printable(text) && strlen(text) < sizeof(address.sun_path);
}
