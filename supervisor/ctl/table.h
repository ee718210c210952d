/* Tables as kubectl prints them: upper-case headings, columns three blanks apart, "<none>" never, empty cells "-". */
#ifndef SY_CTL_TABLE_H
#define SY_CTL_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "json/json.h"

#define CTL_TABLE_COLUMNS 20

struct ctl_table;

/* headings are borrowed for the table's life; NULL ends them. Exits when memory is short. */
struct ctl_table *ctl_table_new(const char *const *headings);
void ctl_table_free(struct ctl_table *table);
/* Start a row, then add its cells from left to right (copied, made visible; NULL and "" show as "-"). */
void ctl_table_row(struct ctl_table *table);
void ctl_table_cell(struct ctl_table *table, const char *text);
void ctl_table_cellf(struct ctl_table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The whole number at key of an object; "-" without one. */
void ctl_table_number(struct ctl_table *table, json_object *value, const char *key);
void ctl_table_print(const struct ctl_table *table, FILE *out);

/* "4s", "3m10s", "5h", "2d": ages as kubectl writes them. */
void ctl_format_age(long seconds, char *out, size_t size);
/* "1.9Mi" */
void ctl_format_bytes(long bytes, char *out, size_t size);

#endif
