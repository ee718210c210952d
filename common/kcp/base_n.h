/* Private to kcp/: SHA-224 digests as numbers in base 36 and 62 (syncerd-rules(7) 3.1). */
#ifndef SY_KCP_BASE_N_H
#define SY_KCP_BASE_N_H

#include <stddef.h>

#define SY_DIGEST_TEXT_MAX 64 /* 44 base36 digits at most, zeros of leading zero bytes included, and the NUL */

/* SHA-224 of text, read as one big-endian number, digits 0-9a-zA-Z, no padding. 0 or -EIO. */
int sy_digest_base62(const char *text, char out[SY_DIGEST_TEXT_MAX]);
/* The same with digits 0-9a-z and one '0' in front for each leading zero byte. */
int sy_digest_base36(const char *text, char out[SY_DIGEST_TEXT_MAX]);

#endif
