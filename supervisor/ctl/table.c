#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl.h"

struct ctl_table {
	const char *const *headings;
	size_t columns;
	size_t rows;
	size_t used;  /* cells filled in the last row */
	char **cells; /* rows * columns */
};

struct ctl_table *ctl_table_new(const char *const *headings)
{
	struct ctl_table *table = ctl_checked(calloc(1, sizeof(*table)));

	table->headings = headings;
	while (headings[table->columns])
		table->columns++;
	return table;
}

void ctl_table_free(struct ctl_table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

void ctl_table_row(struct ctl_table *table)
{
	table->cells = ctl_checked(reallocarray(table->cells, (table->rows + 1) * table->columns, sizeof(char *)));
	for (size_t i = 0; i < table->columns; i++)
		table->cells[table->rows * table->columns + i] = NULL;
	table->rows++;
	table->used = 0;
}

void ctl_table_cell(struct ctl_table *table, const char *text)
{
	if (table->used < table->columns)
		table->cells[(table->rows - 1) * table->columns + table->used++] = ctl_visible(text && *text ? text : "-");
}

void ctl_table_cellf(struct ctl_table *table, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	ctl_table_cell(table, ctl_checked(text));
	free(text);
}

void ctl_table_number(struct ctl_table *table, json_object *value, const char *key)
{
	int64_t number = 0;

	if (sy_json_int(value, &number, key, NULL))
		ctl_table_cellf(table, "%lld", (long long)number);
	else
		ctl_table_cell(table, NULL);
}

/* Columns on screen; names here are ASCII by the servers' rules, messages may not be. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_line(const struct ctl_table *table, char *const *cells, const size_t *widths, FILE *out)
{
	for (size_t i = 0; i < table->columns; i++) {
		const char *text = cells[i] ? cells[i] : "-";

		fputs(text, out);
		if (i + 1 < table->columns)
			fprintf(out, "%*s", (int)(widths[i] - width_of(text) + 3), "");
	}
	fputc('\n', out);
}

void ctl_table_print(const struct ctl_table *table, FILE *out)
{
	size_t widths[CTL_TABLE_COLUMNS] = {0};
	char *headings[CTL_TABLE_COLUMNS] = {0};

	for (size_t i = 0; i < table->columns; i++) {
		headings[i] = ctl_checked(strdup(table->headings[i]));
		widths[i] = width_of(headings[i]);
		for (size_t row = 0; row < table->rows; row++) {
			const char *text = table->cells[row * table->columns + i];

			if (text && width_of(text) > widths[i])
				widths[i] = width_of(text);
		}
	}
	print_line(table, headings, widths, out);
	for (size_t row = 0; row < table->rows; row++)
		print_line(table, table->cells + row * table->columns, widths, out);
	for (size_t i = 0; i < table->columns; i++)
		free(headings[i]);
}

void ctl_format_age(long seconds, char *out, size_t size)
{
	if (seconds < 0)
		snprintf(out, size, "-");
	else if (seconds < 120)
		snprintf(out, size, "%lds", seconds);
	else if (seconds < 600)
		snprintf(out, size, "%ldm%lds", seconds / 60, seconds % 60);
	else if (seconds < 3 * 3600)
		snprintf(out, size, "%ldm", seconds / 60);
	else if (seconds < 48 * 3600)
		snprintf(out, size, "%ldh", seconds / 3600);
	else
		snprintf(out, size, "%ldd", seconds / 86400);
}

void ctl_format_bytes(long bytes, char *out, size_t size)
{
	if (bytes <= 0)
		snprintf(out, size, "-");
	else if (bytes < 1024 * 1024)
		snprintf(out, size, "%ldKi", bytes / 1024);
	else
		snprintf(out, size, "%.1fMi", (double)bytes / (1024 * 1024));
}
