#include "top.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "table.h"

#define PATH_LEAST 16 /* characters of a path that are worth more than another column */
#define GAP 2

static const struct {
	const char *heading;
	unsigned worth; /* on a narrow screen the least goes first; 0 = never */
} columns[TOP_COLUMNS] = {
	[TOP_PATH] = {"WORKSPACE", 0},	  [TOP_PHASE] = {"PHASE", 0},	[TOP_OBJECTS] = {"OBJECTS", 6}, [TOP_WRITES] = {"WRITES/S", 3},
	[TOP_REQUESTS] = {"REQ/S", 8},	  [TOP_LAG] = {"LAG", 9},	[TOP_PRIVATE] = {"PRIVATE", 7}, [TOP_RSS] = {"RSS", 1},
	[TOP_RESTARTS] = {"RESTARTS", 5}, [TOP_REPORT] = {"REPORT", 2},
};

const char *top_heading(enum top_column column)
{
	return columns[column].heading;
}

static void cell_rate(int64_t milli, char out[TOP_CELL_MAX])
{
	if (milli == TOP_UNKNOWN)
		snprintf(out, TOP_CELL_MAX, "-");
	else if (milli < 100 * 1000)
		snprintf(out, TOP_CELL_MAX, "%.1f", (double)milli / 1000);
	else
		snprintf(out, TOP_CELL_MAX, "%lld", (long long)(milli / 1000));
}

static void cell_lag(int64_t ms, char out[TOP_CELL_MAX])
{
	if (ms <= 0)
		snprintf(out, TOP_CELL_MAX, "0");
	else if (ms < 10 * 1000)
		snprintf(out, TOP_CELL_MAX, "%lldms", (long long)ms);
	else
		ctl_format_age((long)(ms / 1000), out, TOP_CELL_MAX);
}

void top_cell(const struct top_row *row, enum top_column column, char out[TOP_CELL_MAX])
{
	switch (column) {
	case TOP_PHASE:
		snprintf(out, TOP_CELL_MAX, "%s", *row->phase ? row->phase : "-");
		break;
	case TOP_OBJECTS:
		snprintf(out, TOP_CELL_MAX, "%lld", (long long)row->objects);
		break;
	case TOP_WRITES:
		cell_rate(row->write_milli, out);
		break;
	case TOP_REQUESTS:
		cell_rate(row->request_milli, out);
		break;
	case TOP_LAG:
		cell_lag(row->lag_ms, out);
		break;
	case TOP_PRIVATE:
		ctl_format_bytes((long)row->anonymous_bytes, out, TOP_CELL_MAX);
		break;
	case TOP_RSS:
		ctl_format_bytes((long)row->resident_bytes, out, TOP_CELL_MAX);
		break;
	case TOP_RESTARTS:
		snprintf(out, TOP_CELL_MAX, "%lld", (long long)row->restarts);
		break;
	case TOP_REPORT:
		ctl_format_age(row->report_age_ms < 0 ? -1 : (long)(row->report_age_ms / 1000), out, TOP_CELL_MAX);
		break;
	default:
		snprintf(out, TOP_CELL_MAX, "%s", row->path);
		break;
	}
}

char *top_summary(const struct top_sample *sample)
{
	const char *why = *sample->reason && strcmp(sample->ready, "True") != 0 ? sample->reason : "";
	char age[32];

	ctl_format_age((long)(sample->uptime_ms / 1000), age, sizeof(age));
	if (!*sample->target)
		return ctl_format("syncerd %s, up %s   direct mode", sample->version, age);
	return ctl_format("syncerd %s, up %s   SyncTarget %s   Ready %s%s%s", sample->version, age, sample->target, sample->ready,
			  *why ? " " : "", why);
}

char *top_totals(const struct top_sample *sample)
{
	char anonymous[32], resident[32];

	ctl_format_bytes((long)sample->anonymous_bytes, anonymous, sizeof(anonymous));
	ctl_format_bytes((long)sample->resident_bytes, resident, sizeof(resident));
	return ctl_format("Workers %zu of %zu running   Objects %lld   Memory of syncerd %s private, %s RSS", sample->running,
			  sample->workers, (long long)sample->objects, anonymous, resident);
}

/* What a screen without a locale can show, one character for one column. */
static char *plain(const char *text)
{
	char *visible = ctl_visible(text), *to = visible;

	for (const char *from = visible; *from; from++) {
		unsigned char c = (unsigned char)*from;

		if ((c & 0xc0) != 0x80)
			*to++ = c < 0x80 ? *from : '?';
	}
	*to = '\0';
	return visible;
}

char *top_ellipsis(const char *text, size_t width)
{
	size_t len = strlen(text);

	if (len <= width)
		return ctl_format("%s", text);
	if (width < 8)
		return ctl_format("%.*s", (int)width, text);
	size_t head = (width - 3) / 3, tail = width - 3 - head;
	return ctl_format("%.*s...%s", (int)head, text, text + len - tail);
}

/* text is plain. */
static void add(struct top_screen *screen, enum top_style style, const char *text)
{
	if (screen->count >= screen->height)
		return;
	screen->styles[screen->count] = style;
	screen->lines[screen->count++] = ctl_format("%.*s", (int)screen->width, text);
}

static void add_foreign(struct top_screen *screen, enum top_style style, const char *text)
{
	sy_auto_free char *shown = plain(text);

	add(screen, style, shown);
}

/* A cell as it stands on the screen: a phase is foreign, too. */
static char *shown_cell(const struct top_row *row, enum top_column column)
{
	char cell[TOP_CELL_MAX];

	top_cell(row, column, cell);
	return plain(cell);
}

struct widths {
	size_t of[TOP_COLUMNS]; /* 0 = not shown */
};

static size_t total(const struct widths *widths)
{
	size_t width = 0;

	for (int i = TOP_PHASE; i < TOP_COLUMNS; i++)
		width += widths->of[i] ? widths->of[i] + GAP : 0;
	return width;
}

static void drop_least(struct widths *widths)
{
	int least = TOP_COLUMNS;

	for (int i = TOP_PHASE; i < TOP_COLUMNS; i++) {
		if (widths->of[i] && columns[i].worth && (least == TOP_COLUMNS || columns[i].worth < columns[least].worth))
			least = i;
	}
	if (least < TOP_COLUMNS)
		widths->of[least] = 0;
	else
		widths->of[TOP_PHASE] = 0;
}

/* Over all rows, not only those that are shown: columns do not jump while somebody scrolls. */
static void measure(const struct top_sample *sample, size_t width, struct widths *out)
{
	size_t path = strlen(columns[TOP_PATH].heading);

	for (int i = TOP_PHASE; i < TOP_COLUMNS; i++)
		out->of[i] = strlen(columns[i].heading);
	for (size_t row = 0; row < sample->count; row++) {
		sy_auto_free char *shown = plain(sample->rows[row].path);

		path = strlen(shown) > path ? strlen(shown) : path;
		for (int i = TOP_PHASE; i < TOP_COLUMNS; i++) {
			sy_auto_free char *cell = shown_cell(&sample->rows[row], (enum top_column)i);

			out->of[i] = strlen(cell) > out->of[i] ? strlen(cell) : out->of[i];
		}
	}
	while (total(out) > 0 && total(out) + (path < PATH_LEAST ? path : PATH_LEAST) > width)
		drop_least(out);
	out->of[TOP_PATH] = width - total(out) < path ? width - total(out) : path;
}

/* A row, or the headings without one. */
static char *compose(const struct widths *widths, const struct top_row *row)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = ctl_checked(open_memstream(&line, &size));

	sy_auto_free char *path = plain(row ? row->path : columns[TOP_PATH].heading);
	sy_auto_free char *shown = top_ellipsis(path, widths->of[TOP_PATH]);
	fprintf(out, "%-*s", (int)widths->of[TOP_PATH], shown);
	for (int i = TOP_PHASE; i < TOP_COLUMNS; i++) {
		if (!widths->of[i])
			continue;
		sy_auto_free char *cell = row ? shown_cell(row, (enum top_column)i) : ctl_format("%s", columns[i].heading);
		fprintf(out, "%*s%*s", GAP, "", i == TOP_PHASE ? -(int)widths->of[i] : (int)widths->of[i], cell);
	}
	fclose(out);
	return line;
}

static enum top_style style_of(const struct top_row *row)
{
	if (strcmp(row->phase, "Failed") == 0)
		return TOP_ALARM;
	return strcmp(row->phase, "Syncing") == 0 ? TOP_PLAIN : TOP_WARNING;
}

static void add_rows(const struct top_sample *sample, struct top_view *view, struct top_screen *out)
{
	struct widths widths;
	size_t room;

	measure(sample, out->width, &widths);
	sy_auto_free char *headings = compose(&widths, NULL);
	add(out, TOP_HEAD, headings);
	if (sample->count == 0)
		add(out, TOP_PLAIN, "No workspaces: no consumer has bound a supported export yet.");
	room = out->height - out->count;
	/* The last line says how many there are more. */
	view->page = sample->count <= room || room == 0 ? room : room - 1;
	view->last = sample->count > view->page ? sample->count - view->page : 0;
	if (view->first > view->last)
		view->first = view->last;
	for (size_t i = view->first; i < sample->count && i < view->first + view->page; i++) {
		sy_auto_free char *line = compose(&widths, sample->order[i]);

		add(out, style_of(sample->order[i]), line);
	}
	if (sample->count > view->page) {
		sy_auto_free char *more = ctl_format("%zu more (%zu above, %zu below)", sample->count - view->page, view->first,
						     sample->count - view->page - view->first);

		add(out, TOP_DIM, more);
	}
}

void top_layout(const struct top_sample *sample, struct top_view *view, const char *trouble, size_t width, size_t height,
		struct top_screen *ret_screen)
{
	*ret_screen = (struct top_screen){.width = width, .height = height};
	ret_screen->lines = ctl_checked(calloc(height + 1, sizeof(char *)));
	ret_screen->styles = ctl_checked(calloc(height + 1, sizeof(enum top_style)));
	if (sample) {
		sy_auto_free char *summary = top_summary(sample);
		sy_auto_free char *totals = top_totals(sample);

		add_foreign(ret_screen, strcmp(sample->ready, "False") == 0 ? TOP_ALARM : TOP_PLAIN, summary);
		add(ret_screen, TOP_PLAIN, totals);
	}
	if (*trouble) {
		add_foreign(ret_screen, TOP_ALARM, trouble);
	} else {
		sy_auto_free char *keys = ctl_format("By %s. Keys: p path, r rate, l lag, m memory, s restarts, arrows and pages, q quit",
						     top_sort_name(view->sort));
		add(ret_screen, TOP_DIM, sample ? keys : "Asking syncerd ...");
	}
	if (sample)
		add_rows(sample, view, ret_screen);
}

void top_screen_done(struct top_screen *screen)
{
	for (size_t i = 0; i < screen->count; i++)
		free(screen->lines[i]);
	free(screen->lines);
	free(screen->styles);
	*screen = (struct top_screen){0};
}
