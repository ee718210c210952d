#include "top_screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <term.h>
#include <unistd.h>

#include "top_feed.h"

#undef lines /* macros of term.h */
#undef columns

#define ESCAPE_MS 25 /* a lone escape is told from a key's sequence after that */

enum { COLOUR_WARNING = 1, COLOUR_ALARM };

struct screen {
	const struct top_options *top;
	struct top_feed feed;
	struct top_sample sample;
	struct top_view view;
	int64_t shown;
	bool have; /* a sample */
	bool colour;
	bool done;
	int signals; /* signalfd */
	int raise;   /* signal to end by, 0 = none */
};

static void restore(void)
{
	if (!isendwin())
		(void)endwin();
}

/* --- drawing --- */

static chtype attributes(const struct screen *screen, enum top_style style)
{
	switch (style) {
	case TOP_HEAD:
		return A_REVERSE;
	case TOP_WARNING:
		return screen->colour ? (chtype)COLOR_PAIR(COLOUR_WARNING) : A_NORMAL;
	case TOP_ALARM:
		return A_BOLD | (screen->colour ? (chtype)COLOR_PAIR(COLOUR_ALARM) : A_NORMAL);
	case TOP_DIM:
		return screen->colour ? A_DIM : A_NORMAL;
	default:
		return A_NORMAL;
	}
}

static void draw(struct screen *screen)
{
	int height = getmaxy(stdscr), width = getmaxx(stdscr);
	sy_auto_free char *trouble = NULL;
	struct top_screen out;

	if (screen->feed.code != CTL_OK)
		trouble = ctl_format("syncerd does not answer, trying again: %s", screen->feed.trouble.text);
	top_layout(screen->have ? &screen->sample : NULL, &screen->view, trouble ? trouble : "", width > 0 ? (size_t)width : 0,
		   height > 0 ? (size_t)height : 0, &out);
	(void)erase();
	for (size_t i = 0; i < out.count; i++) {
		(void)attrset((int)attributes(screen, out.styles[i]));
		(void)mvaddstr((int)i, 0, out.lines[i]);
		if (out.styles[i] == TOP_HEAD)
			(void)mvchgat((int)i, 0, -1, A_REVERSE, 0, NULL);
	}
	(void)refresh();
	top_screen_done(&out);
}

/* --- what happens --- */

static void sort_by(struct screen *screen, enum top_sort sort)
{
	screen->view.sort = sort;
	screen->view.first = 0;
	if (screen->have)
		top_sample_sort(&screen->sample, sort);
}

static void scroll_by(struct screen *screen, size_t up, size_t down)
{
	struct top_view *view = &screen->view;

	view->first = (view->first > up ? view->first - up : 0) + down;
	if (view->first > view->last)
		view->first = view->last;
}

static void on_key(struct screen *screen, int key)
{
	static const char sorts[] = "prlms"; /* by enum top_sort */
	const char *sort = key > 0 && key < 128 ? strchr(sorts, key) : NULL;
	size_t page = screen->view.page ? screen->view.page : 1;

	if (sort)
		sort_by(screen, (enum top_sort)(sort - sorts));
	else if (key == 'q' || key == 'Q')
		screen->done = true;
	else if (key == KEY_UP || key == 'k')
		scroll_by(screen, 1, 0);
	else if (key == KEY_DOWN || key == 'j')
		scroll_by(screen, 0, 1);
	else if (key == KEY_PPAGE)
		scroll_by(screen, page, 0);
	else if (key == KEY_NPAGE || key == ' ')
		scroll_by(screen, 0, page);
	else if (key == KEY_HOME)
		screen->view.first = 0;
	else if (key == KEY_END)
		screen->view.first = screen->view.last;
	else if (key == ('L' & 0x1f))
		(void)clearok(curscr, TRUE);
}

static void on_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		(void)resizeterm(size.ws_row, size.ws_col);
}

static void take_signals(struct screen *screen)
{
	struct signalfd_siginfo info;

	while (read(screen->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			on_resize();
			continue;
		}
		screen->done = true;
		screen->raise = info.ssi_signo == SIGINT ? 0 : (int)info.ssi_signo;
	}
}

static void take_keys(struct screen *screen, short events)
{
	int key;

	if (!(events & POLLIN) && (events & (POLLHUP | POLLERR | POLLNVAL)))
		screen->done = true;
	if (!(events & POLLIN))
		return;
	bool any = false;
	while ((key = getch()) != ERR) {
		any = true;
		on_key(screen, key);
	}
	if (!any && (events & POLLHUP))
		screen->done = true;
}

static void take_sample(struct screen *screen, json_object *value)
{
	struct top_sample sample;

	top_sample_read(value, &sample);
	if (screen->have)
		top_sample_rates(&sample, &screen->sample);
	top_sample_done(&screen->sample);
	screen->sample = sample;
	/* The first has no rates and is not one of those that were asked for. */
	if (screen->have && ++screen->shown == screen->top->count)
		screen->done = true;
	screen->have = true;
	top_sample_sort(&screen->sample, screen->view.sort);
}

/* True when there is something new to see. */
static bool wait_and_take(struct screen *screen)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
			       {.fd = screen->signals, .events = POLLIN},
			       {.fd = screen->feed.fd, .events = POLLIN}};
	json_object *value = NULL;
	int n = poll(fds, 3, top_feed_wait_ms(&screen->feed, ctl_now_ms()));

	if (n < 0)
		return true; /* a stop and its end, most likely */
	if (fds[1].revents)
		take_signals(screen);
	if (fds[0].revents)
		take_keys(screen, fds[0].revents);
	if (top_feed_step(&screen->feed, ctl_now_ms(), &value))
		take_sample(screen, value);
	return value || fds[0].revents || fds[1].revents || screen->feed.fd < 0;
}

/* --- start and end --- */

static bool usable(void)
{
	const char *type = getenv("TERM");
	int known = 0;

	if (setupterm(NULL, STDOUT_FILENO, &known) != OK || known != 1) {
		ctl_error("terminal type '%s': its description (terminfo) is not installed here; showing one look as text",
			  type ? type : "");
		return false;
	}
	const char *move = tigetstr("cup");
	bool can = move && move != (const char *)-1;
	(void)del_curterm(cur_term);
	if (!can)
		ctl_error("terminal type '%s' cannot show a screen; showing one look as text", type ? type : "");
	return can;
}

static int open_signals(sigset_t *ret_before)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	(void)sigaddset(&set, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &set, ret_before);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void open_screen(struct screen *screen)
{
	(void)cbreak();
	(void)noecho();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_MS);
	(void)curs_set(0);
	screen->colour = screen->top->ctl->colour && has_colors();
	if (!screen->colour || start_color() != OK)
		return;
	short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
	(void)init_pair(COLOUR_WARNING, COLOR_YELLOW, background);
	(void)init_pair(COLOUR_ALARM, COLOR_RED, background);
}

static int run(struct screen *screen)
{
	SCREEN *terminal;

	(void)use_tioctl(TRUE); /* the size as it is, before LINES and COLUMNS */
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		ctl_error("the terminal cannot be opened; showing one look as text");
		return TOP_NO_SCREEN;
	}
	(void)atexit(restore);
	open_screen(screen);
	draw(screen);
	while (!screen->done) {
		if (wait_and_take(screen))
			draw(screen);
	}
	restore();
	delscreen(terminal);
	return CTL_OK;
}

int top_screen_run(const struct top_options *top)
{
	struct screen screen = {.top = top, .view.sort = top->sort, .signals = -1};
	sigset_t before;

	if (!usable())
		return TOP_NO_SCREEN;
	screen.signals = open_signals(&before);
	if (screen.signals < 0) {
		ctl_error("signalfd: %s", strerror(errno));
		return CTL_FAILED;
	}
	top_feed_init(&screen.feed, top->ctl->socket, top->interval_ms);
	int rc = run(&screen);
	top_feed_done(&screen.feed);
	top_sample_done(&screen.sample);
	close(screen.signals);
	if (screen.raise)
		(void)signal(screen.raise, SIG_DFL); /* ncurses has put a handler of its own there */
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (screen.raise)
		(void)raise(screen.raise);
	return rc;
}
