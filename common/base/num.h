/* Checked conversions of text that people and peers write. No atoi, no strtol elsewhere. All refuse leading blanks and trailing text. */
#ifndef SY_BASE_NUM_H
#define SY_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Decimal integer within [min, max]. */
bool sy_num_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value);
/* Go-style duration as Kubernetes writes it: "20s", "1m30s", "500ms", "2h"; no sign, no fraction; result in milliseconds. */
bool sy_duration_parse(const char *text, int64_t *ret_ms);
/* Kubernetes quantity of bytes: "64Mi", "1Gi", "512k", "100". */
bool sy_bytes_parse(const char *text, int64_t *ret_bytes);
/* RFC 3339 in UTC with whole seconds, "2026-11-24T05:45:00Z". out holds at least 21 bytes. */
void sy_time_format(time_t t, char out[21]);
/* Accepts fractions and offsets as RFC 3339 allows. */
bool sy_time_parse(const char *text, time_t *ret_time);
/* "Tue, 24 Nov 2026 05:45:00 GMT" (RFC 9110 IMF-fixdate). */
bool sy_http_date_parse(const char *text, time_t *ret_time);

#endif
