/* Tokens, base64 and PEM: what the values of a kubeconfig must look like. All of it is secret. */
#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/config/file.h"
#include "supervisor/config/kubeconfig.h"

const char *sy_token_check(const char *text)
{
	if (text[0] == '\0')
		return "is empty";
	if (strlen(text) > SY_MAX_TOKEN_BYTES)
		return "is too long for a token";
	for (; *text; text++)
		if (*text <= 0x20 || *text >= 0x7f)
			return "has a character that no bearer token has (blank, control or non-ASCII character)";
	return NULL;
}

int sy_token_read(const char *path, char **ret_token, struct stat *ret_stat, struct sy_error *err)
{
	char *data = NULL;
	size_t len = 0;
	int r = sy_file_read(path, SY_MAX_TOKEN_BYTES, &data, &len, ret_stat, err);

	if (r < 0)
		return r;
	size_t end = len, start = 0;
	while (end > 0 && isspace((unsigned char)data[end - 1]))
		end--;
	while (start < end && isspace((unsigned char)data[start]))
		start++;
	memmove(data, data + start, end - start);
	data[end - start] = '\0';
	/* A NUL inside would cut the token short. */
	const char *reason = strlen(data) < end - start ? "holds a NUL character" : sy_token_check(data);
	if (reason) {
		sy_file_wipe(data, len);
		return sy_error_set(err, EINVAL, "%s: the token in this file %s", path, reason);
	}
	/* The caller wipes by strlen: what stood behind the token must not stay. */
	explicit_bzero(data + (end - start), len - (end - start));
	*ret_token = data;
	return 0;
}

/* EVP_DecodeBlock pads with zero bytes and takes blanks at the ends, so the form is checked first. */
static bool base64_form(const char *text, size_t len, size_t *ret_padding)
{
	size_t padding = 0;

	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < len - padding; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '+' && text[i] != '/')
			return false;
	*ret_padding = padding;
	return len > 0 && len % 4 == 0;
}

const char *sy_base64_text(const char *text, char **ret_data)
{
	size_t size = strlen(text), len = 0, padding = 0;
	char *packed = malloc(size + 1);
	char *data = malloc(size + 4);
	const char *reason = NULL;
	int n = -1;

	if (!packed || !data) {
		reason = "cannot be decoded: out of memory";
		goto out;
	}
	for (size_t i = 0; i < size; i++)
		if (text[i] != '\n' && text[i] != '\r')
			packed[len++] = text[i];
	if (base64_form(packed, len, &padding))
		n = EVP_DecodeBlock((unsigned char *)data, (const unsigned char *)packed, (int)len);
	if (n < 0) {
		reason = "is not base64";
		goto out;
	}
	data[(size_t)n - padding] = '\0';
	if (strlen(data) != (size_t)n - padding) {
		reason = "holds a NUL character once decoded";
		goto out;
	}
	*ret_data = data;
	data = NULL;
out:
	sy_file_wipe(packed, len);
	sy_file_wipe(data, n > 0 ? (size_t)n : 0);
	return reason;
}

const char *sy_pem_check(const char *text)
{
	/* Text before the block (a certificate in readable form) is usual. */
	const char *begin = strncmp(text, "-----BEGIN ", 11) == 0 ? text : strstr(text, "\n-----BEGIN ");

	if (!begin)
		return "is not PEM: no line begins with -----BEGIN";
	return strstr(begin, "\n-----END ") ? NULL : "is cut short: no line begins with -----END";
}
