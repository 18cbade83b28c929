/* curses is given a file in memory instead of the terminal: its writes never block, its bytes are sent together with
 * the pictures in one go, and it leaves line settings, signals and keys alone. */
#include "ui/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/terminal_guard.h"
#include "ui/terminal_probe.h"

enum { OWN_COLOURS = 256, SLOW_CHUNK = 512, LEAVE_PATIENCE_MS = 500, ANSWER_PATIENCE_MS = 1000, DIRECT_COLOURS = 1 << 20 };

struct terminal {
	struct terminal_ability ability;
	struct terminal_probe probe;
	struct termios line;         /* as we found it */
	int output;                  /* own description of the terminal, so that O_NONBLOCK is ours alone */
	bool blocking;               /* none could be had: small writes, each after asking */
	bool dead;
	int width, height;
	SCREEN *screen;
	FILE *memory;                /* where curses writes */
	struct text out;
	size_t frame;                /* where in `out` the present one's own bytes begin */
	size_t sent;                 /* bytes of `out` already gone */
	struct cell *shown;          /* width x height; what curses was told last */
	bool all_stale;
	bool mouse;                  /* its presses, its moves while a button is held, any column: what the person lets us have */
	const struct theme *theme;
	int role_pairs[ROLE_COUNT];
	int first_own_pair, next_pair;
	int (*own_pairs)[OWN_COLOURS]; /* [foreground][background], 0: none yet */
};

/* --- colours --- */

/* curses' number for an index of 256: itself, one of 8, or 0xRRGGBB where colours are direct (there 0..7 are the basic
 * ones, so near black becomes 8). */
static int curses_colour(int index, bool foreground)
{
	unsigned char rgb[3];
	if (index < 0)
		return -1;
	if (COLORS >= DIRECT_COLOURS) {
		theme_colour_rgb(index, rgb);
		int value = rgb[0] << 16 | rgb[1] << 8 | rgb[2];
		return value < 8 ? 8 : value;
	}
	if (COLORS >= OWN_COLOURS)
		return index;
	int basic = theme_basic_colour(index);
	return foreground && basic == 0 ? -1 : basic; /* dark grey on black would vanish */
}

static void start_role_pairs(struct terminal *terminal)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		const struct theme_colour *colour = &terminal->theme->roles[role];
		terminal->role_pairs[role] = 0;
		if (role + 1 < COLOR_PAIRS &&
		    init_extended_pair(role + 1, curses_colour(colour->foreground, true), curses_colour(colour->background, false)) == OK)
			terminal->role_pairs[role] = role + 1;
	}
	terminal->first_own_pair = terminal->next_pair = ROLE_COUNT + 1;
}

static void start_colours(struct terminal *terminal, bool no_color)
{
	if (no_color)
		terminal->theme = theme_find("mono");
	terminal->ability.grey = no_color;
	if (!has_colors() || start_color() != OK) {
		terminal->theme = theme_find("mono");
		return;
	}
	use_default_colors();
	terminal->ability.colours = COLORS;
	start_role_pairs(terminal);
	if (COLORS >= OWN_COLOURS)
		terminal->own_pairs = memory_zeroed(OWN_COLOURS, sizeof *terminal->own_pairs);
}

void terminal_set_theme(struct terminal *terminal, const struct theme *theme)
{
	if (!terminal->ability.colours || terminal->ability.grey)
		return;
	terminal->theme = theme;
	start_role_pairs(terminal);
	if (terminal->own_pairs)
		memset(terminal->own_pairs, 0, OWN_COLOURS * sizeof *terminal->own_pairs);
	terminal_clear(terminal);
}

/* Pairs are made when first used. When all are in use everything begins anew with the next frame. */
static int own_pair(struct terminal *terminal, uint8_t foreground, uint8_t background)
{
	if (!terminal->own_pairs)
		return 0;
	int *pair = &terminal->own_pairs[foreground][background];
	if (!*pair) {
		if (terminal->next_pair >= COLOR_PAIRS || terminal->next_pair >= INT16_MAX) {
			memset(terminal->own_pairs, 0, OWN_COLOURS * sizeof *terminal->own_pairs);
			terminal->next_pair = terminal->first_own_pair;
			terminal->all_stale = true;
		}
		init_extended_pair(terminal->next_pair, curses_colour(foreground, true), curses_colour(background, false));
		*pair = terminal->next_pair++;
	}
	return *pair;
}

/* --- drawing --- */

static const char begin_synchronized[] = "\033[?2026h";

static attr_t curses_attributes(unsigned attributes)
{
	return (attributes & CELL_BOLD ? A_BOLD : 0) | (attributes & CELL_DIM ? A_DIM : 0) |
		(attributes & CELL_UNDERLINE ? A_UNDERLINE : 0) | (attributes & CELL_REVERSE ? A_REVERSE : 0);
}

static void tell_cell(struct terminal *terminal, int x, int y, const struct cell *cell)
{
	wchar_t text[2] = {(wchar_t)cell->character, 0};
	cchar_t character;
	bool own = cell->attributes & CELL_OWN_COLOURS;
	int pair = own ? own_pair(terminal, cell->foreground, cell->background) : terminal->role_pairs[cell->role];
	unsigned attributes = cell->attributes | (own ? 0 : terminal->theme->roles[cell->role].attributes);
	if (setcchar(&character, text, curses_attributes(attributes), 0, &pair) == OK)
		mvadd_wch(y, x, &character); /* says ERR for the last cell of the screen, though it is set */
}

static void tell_row(struct terminal *terminal, const struct cell *cells, struct cell *shown, int y)
{
	for (int x = 0; x < terminal->width; x++) {
		bool same = !terminal->all_stale && memcmp(&cells[x], &shown[x], sizeof *cells) == 0;
		bool wide = x + 1 < terminal->width && cells[x + 1].character == 0;
		if (same && !(wide && memcmp(&cells[x + 1], &shown[x + 1], sizeof *cells) != 0))
			continue;
		if (cells[x].character)
			tell_cell(terminal, x, y, &cells[x]);
	}
	memcpy(shown, cells, (size_t)terminal->width * sizeof *cells);
}

/* What curses wrote since the last time joins the other bytes. */
static void collect(struct terminal *terminal)
{
	int descriptor = fileno(terminal->memory);
	off_t length = lseek(descriptor, 0, SEEK_CUR);
	char bytes[16384];
	for (off_t at = 0; at < length;) {
		size_t left = (size_t)(length - at);
		ssize_t got = pread(descriptor, bytes, left < sizeof bytes ? left : sizeof bytes, at);
		if (got <= 0)
			break;
		text_append(&terminal->out, bytes, (size_t)got);
		at += got;
	}
	lseek(descriptor, 0, SEEK_SET);
}

void terminal_draw(struct terminal *terminal, const struct canvas *canvas)
{
	if (canvas->width != terminal->width || canvas->height != terminal->height)
		return; /* the size has just changed; the next frame fits */
	size_t width = (size_t)terminal->width;
	for (int y = 0; y < terminal->height; y++)
		tell_row(terminal, canvas->cells + (size_t)y * width, terminal->shown + (size_t)y * width, y);
	terminal->all_stale = false;
	move(0, 0);
	refresh();
	collect(terminal);
}

void terminal_begin_frame(struct terminal *terminal)
{
	if (terminal->ability.synchronized)
		text_format(&terminal->out, "%s", begin_synchronized);
	terminal->frame = terminal->out.length;
}

/* A frame that changes nothing sends nothing. */
void terminal_end_frame(struct terminal *terminal)
{
	bool empty = terminal->out.length == terminal->frame;
	if (terminal->ability.synchronized && empty)
		terminal->out.length -= strlen(begin_synchronized);
	else if (terminal->ability.synchronized)
		text_format(&terminal->out, "\033[?2026l");
}

void terminal_add(struct terminal *terminal, const char *bytes, size_t length)
{
	int y, x;
	if (!length)
		return;
	text_append(&terminal->out, bytes, length);
	getyx(curscr, y, x);
	text_format(&terminal->out, "\033[%d;%dH", y + 1, x + 1);
}

void terminal_clear(struct terminal *terminal)
{
	clearok(curscr, TRUE);
	terminal->all_stale = true;
}

/* --- the line --- */

bool terminal_flush(struct terminal *terminal)
{
	while (!terminal->dead && terminal->sent < terminal->out.length) {
		size_t length = terminal->out.length - terminal->sent;
		if (terminal->blocking) {
			if (poll(&(struct pollfd){terminal->output, POLLOUT, 0}, 1, 0) <= 0)
				return true;
			length = length < SLOW_CHUNK ? length : SLOW_CHUNK;
		}
		ssize_t written = write(terminal->output, terminal->out.bytes + terminal->sent, length);
		if (written > 0)
			terminal->sent += (size_t)written;
		else if (written < 0 && errno == EAGAIN)
			return true;
		else if (written == 0 || errno != EINTR)
			terminal->dead = true;
	}
	if (terminal->sent == terminal->out.length)
		terminal->out.length = terminal->sent = 0;
	return !terminal->dead;
}

bool terminal_is_sending(const struct terminal *terminal) { return terminal->sent < terminal->out.length; }
int terminal_input(const struct terminal *terminal) { (void)terminal; return STDIN_FILENO; }
int terminal_output(const struct terminal *terminal) { return terminal->output; }
const struct terminal_ability *terminal_ability(const struct terminal *terminal) { return &terminal->ability; }

static void flush_all(struct terminal *terminal)
{
	while (terminal_flush(terminal) && terminal_is_sending(terminal))
		if (poll(&(struct pollfd){terminal->output, POLLOUT, 0}, 1, LEAVE_PATIENCE_MS) <= 0)
			return;
}

/* Signals (Ctrl-C, Ctrl-Z) stay with the line; output bytes go out as they are. */
static void set_raw(const struct terminal *terminal)
{
	struct termios raw = terminal->line;
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

/* --- size --- */

static bool system_size(struct terminal *terminal, int *width, int *height)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col || !size.ws_row)
		return false;
	*width = size.ws_col;
	*height = size.ws_row;
	terminal_probe_pixels(&terminal->probe, &terminal->ability, size.ws_xpixel / size.ws_col, size.ws_ypixel / size.ws_row);
	return true;
}

void terminal_size(const struct terminal *terminal, int *width, int *height)
{
	*width = terminal->width;
	*height = terminal->height;
}

void terminal_resize(struct terminal *terminal)
{
	int width = terminal->width ? terminal->width : COLS, height = terminal->height ? terminal->height : LINES;
	system_size(terminal, &width, &height);
	resizeterm(height, width);
	terminal_probe_cell(&terminal->probe, &terminal->out);
	terminal->width = width;
	terminal->height = height;
	free(terminal->shown);
	terminal->shown = memory_zeroed((size_t)width * (size_t)height, sizeof *terminal->shown);
	terminal_clear(terminal);
}

/* --- questions --- */

void terminal_take_reply(struct terminal *terminal, const struct input_event *reply)
{
	terminal_probe_take(&terminal->probe, &terminal->ability, reply, &terminal->out);
}

/* Answers that are still under way would be read by the shell as typed text. */
static void await_answers(struct terminal *terminal)
{
	struct input input = {0};
	struct input_event event;
	double end = clock_seconds() + ANSWER_PATIENCE_MS / 1000.0;
	while (terminal_probe_expects(&terminal->probe)) {
		double left = end - clock_seconds();
		if (left <= 0 || poll(&(struct pollfd){STDIN_FILENO, POLLIN, 0}, 1, (int)(left * 1000) + 1) <= 0)
			return;
		if (input_read(&input, STDIN_FILENO) < 0)
			return;
		while (input_next(&input, false, &event))
			if (event.kind == INPUT_REPLY)
				terminal_probe_count(&terminal->probe, &event);
	}
}

/* --- life --- */

static void enter(struct terminal *terminal)
{
	set_raw(terminal);
	guard_arm(true);
	text_format(&terminal->out, "\033[?2004h%s", terminal->mouse ? "\033[?1000h\033[?1002h\033[?1006h" : "");
}

static void leave(struct terminal *terminal)
{
	text_format(&terminal->out, "\033[?2004l%s", terminal->mouse ? "\033[?1006l\033[?1002l\033[?1000l" : "");
	terminal_probe_restore(&terminal->probe, &terminal->out);
	endwin();
	collect(terminal);
	flush_all(terminal);
	await_answers(terminal);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal->line);
	guard_arm(false);
}

void terminal_reenter(struct terminal *terminal)
{
	enter(terminal);
	terminal_resize(terminal);
	terminal_probe_again(&terminal->probe, &terminal->out);
}

void terminal_suspend(struct terminal *terminal)
{
	leave(terminal);
	guard_suspend();
	terminal_reenter(terminal);
}

static bool refuse(struct error *error)
{
	const char *type = getenv("TERM");
	if (!type || !*type)
		return error_set(error, ERROR_INPUT, "TERM is not set: the workbench needs a terminal type, for example xterm-256color");
	return error_set(error, ERROR_INPUT, "the terminal type \"%s\" is unknown or cannot place the cursor: "
		"set TERM to the right one (for example xterm-256color)", type);
}

/* curses cannot ask a file for the size; a wrong one at the start would leave a scrolling region behind. What the
 * user's LINES and COLUMNS say does not count: they would freeze the size. */
static void start_at_size(struct terminal *terminal)
{
	char text[16];
	int width, height;
	unsetenv("LINES");
	unsetenv("COLUMNS");
	bool known = system_size(terminal, &width, &height);
	if (known) {
		snprintf(text, sizeof text, "%d", height);
		setenv("LINES", text, 1);
		snprintf(text, sizeof text, "%d", width);
		setenv("COLUMNS", text, 1);
	}
	terminal->screen = newterm(NULL, terminal->memory, stdin);
	unsetenv("LINES");
	unsetenv("COLUMNS");
}

static bool start_curses(struct terminal *terminal, const struct terminal_options *options, struct error *error)
{
	setlocale(LC_CTYPE, "");
	terminal->ability.unicode = !options->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	terminal->memory = fdopen(memfd_create("screen", MFD_CLOEXEC), "w");
	if (!terminal->memory)
		return error_set_errno(error, "cannot make a buffer for the screen");
	start_at_size(terminal);
	if (!terminal->screen || !cursor_address)
		return refuse(error);
	nonl();
	typeahead(-1);
	curs_set(0);
	idlok(stdscr, FALSE); /* shifting lines and characters would shift pictures in them */
	idcok(stdscr, FALSE);
	leaveok(stdscr, FALSE); /* else curses would not say where the cursor is */
	return true;
}

static void open_output(struct terminal *terminal)
{
	const char *name = ttyname(STDOUT_FILENO);
	terminal->output = name ? open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
	terminal->blocking = terminal->output < 0;
	if (terminal->blocking)
		terminal->output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void free_terminal(struct terminal *terminal)
{
	if (terminal->screen)
		delscreen(terminal->screen);
	if (terminal->memory)
		fclose(terminal->memory);
	if (terminal->output >= 0)
		close(terminal->output);
	text_clear(&terminal->out);
	free(terminal->own_pairs);
	free(terminal->shown);
	free(terminal);
}

bool terminal_check(struct error *error)
{
	int found;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return error_set(error, ERROR_INPUT, "the workbench needs a terminal on standard input and output");
	if (setupterm(NULL, STDOUT_FILENO, &found) != OK)
		return refuse(error);
	bool places = cursor_address != NULL;
	del_curterm(cur_term);
	return places || refuse(error);
}

struct terminal *terminal_open(const struct terminal_options *options, struct error *error)
{
	if (!terminal_check(error))
		return NULL;
	struct terminal *terminal = memory_zeroed(1, sizeof *terminal);
	terminal->output = -1;
	terminal->theme = options->theme ? options->theme : themes;
	terminal->mouse = !options->no_mouse;
	tcgetattr(STDIN_FILENO, &terminal->line);
	if (!start_curses(terminal, options, error)) {
		free_terminal(terminal);
		return NULL;
	}
	open_output(terminal);
	if (!guard_install(terminal->output, &terminal->line, error)) {
		free_terminal(terminal);
		return NULL;
	}
	start_colours(terminal, options->no_color);
	enter(terminal);
	terminal_probe_start(&terminal->probe, &terminal->out);
	terminal_resize(terminal);
	return terminal;
}

void terminal_close(struct terminal *terminal, bool lost)
{
	if (!terminal)
		return;
	terminal->dead |= lost;
	if (terminal->dead) {
		guard_arm(false);
		endwin();
	} else {
		leave(terminal);
	}
	guard_remove(terminal->dead);
	free_terminal(terminal);
}
