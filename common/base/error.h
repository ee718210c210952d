/* Errors: a code and one sentence that names the object, the place and, where there is one, the next step.
 *
 * Every fallible function returns 0 or a negative errno value and takes a `struct sy_error *` as its last argument, which may be NULL.
 * Creating an error returns its code, so "report and leave" is one line:
 *
 *     if (fd < 0)
 *         return sy_error_set(err, errno, "open %s: %s", path, strerror(errno));
 *
 * Functions in common/ and proto/ never log; the process that decides what to do with an error logs it once.
 */
#ifndef SY_BASE_ERROR_H
#define SY_BASE_ERROR_H

#define SY_ERROR_TEXT_MAX 512

struct sy_error {
	int code; /* positive errno value, 0 = no error */
	char text[SY_ERROR_TEXT_MAX];
};

/* Store code (positive errno value) and text, replacing what was there; a text too long is cut at a character boundary.
 * Returns -code. err may be NULL. */
int sy_error_set(struct sy_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "<formatted text>: " in front of the text. Returns -err->code (-EIO when err is NULL). */
int sy_error_wrap(struct sy_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Shorthand for the most frequent error. Returns -ENOMEM. */
int sy_error_oom(struct sy_error *err);

#endif
