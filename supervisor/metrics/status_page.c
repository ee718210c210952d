/* The HTML of the status page, put together once from its three files, with the policy that names their digests. SY_SOURCE_DIR comes from
 * the build, which also rebuilds this when they change. */
#include "supervisor/metrics/status_page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define SHA256_BYTES 32
#define SHA256_TEXT (SHA256_BYTES / 3 * 4 + 4 + 1)
#define PAGE_MAX_BYTES (256u * 1024)

#define EMBED(symbol, file)                                                                                                                \
	".section .rodata\n"                                                                                                               \
	".global " symbol "\n" symbol ":\n"                                                                                                \
	".incbin \"" SY_SOURCE_DIR "/supervisor/metrics/" file "\"\n"                                                                      \
	".byte 0\n"                                                                                                                        \
	".previous\n"
__asm__(EMBED("sy_status_page_html", "status_page.html") EMBED("sy_status_page_css", "status_page.css")
		EMBED("sy_status_page_js", "status_page.js"));

extern const char sy_status_page_html[];
extern const char sy_status_page_css[];
extern const char sy_status_page_js[];

/* Where a file goes in the HTML: between tags, so that what the browser digests is the file and nothing else. */
static const struct {
	const char *mark;
	const char *text;
} parts[] = {{"@CSS@", sy_status_page_css}, {"@JS@", sy_status_page_js}};

static int put_together(struct sy_buf *out)
{
	const char *rest = sy_status_page_html;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *mark = strstr(rest, parts[i].mark);

		if (!mark)
			return -EINVAL;
		r = sy_buf_add(out, rest, (size_t)(mark - rest));
		if (r == 0)
			r = sy_buf_add_str(out, parts[i].text);
		rest = mark + strlen(parts[i].mark);
	}
	return r == 0 ? sy_buf_add_str(out, rest) : r;
}

static int digest_of(const char *text, char ret_digest[SHA256_TEXT])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(text, strlen(text), bytes, &len, EVP_sha256(), NULL) != 1 || len != SHA256_BYTES)
		return -EIO;
	(void)EVP_EncodeBlock((unsigned char *)ret_digest, bytes, (int)len);
	return 0;
}

int sy_status_page_protect(struct sy_httpd_page *page, const char *policy, struct sy_error *err)
{
	static const char nothing[] = "default-src 'none'; frame-ancestors 'none'";
	int r = sy_httpd_page_header(page, "Content-Security-Policy", policy ? policy : nothing, err);

	if (r == 0)
		r = sy_httpd_page_header(page, "Referrer-Policy", "no-referrer", err);
	return r == 0 ? sy_httpd_page_header(page, "Cross-Origin-Resource-Policy", "same-origin", err) : r;
}

static int protect(struct sy_httpd_page *page, struct sy_error *err)
{
	char css[SHA256_TEXT], js[SHA256_TEXT];
	char policy[512];
	int r = digest_of(sy_status_page_css, css);

	if (r == 0)
		r = digest_of(sy_status_page_js, js);
	if (r < 0)
		return sy_error_set(err, -r, "the digests of the status page cannot be made: %s", strerror(-r));
	(void)snprintf(policy, sizeof(policy),
		       "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; connect-src 'self'; img-src data:; "
		       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		       css, js);
	return sy_status_page_protect(page, policy, err);
}

int sy_status_page_new(struct sy_httpd_page **ret_page, struct sy_error *err)
{
	struct sy_httpd_page *page = NULL;
	struct sy_buf text;
	int r;

	sy_buf_init(&text, PAGE_MAX_BYTES);
	r = put_together(&text);
	if (r < 0) {
		sy_buf_done(&text);
		return sy_error_set(err, -r, "the status page cannot be put together: %s", strerror(-r));
	}
	r = sy_httpd_page_new(&page, SY_STATUS_PAGE_TYPE, &text, err);
	if (r == 0)
		r = protect(page, err);
	if (r < 0) {
		sy_httpd_page_free(page);
		return r;
	}
	*ret_page = page;
	return 0;
}
