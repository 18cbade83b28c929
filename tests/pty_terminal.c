#include "tests/pty_terminal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <vterm.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

enum { MODES = 3000, SEQUENCE_SIZE = 64, MOST_ANSWERS = 64, ANSWER_SIZE = 48, CHUNK = 16384, MOST_REGISTERS = 1024 };

enum filter_state { PLAIN, ESCAPED, IN_CSI, IN_DCS, IN_DCS_ESCAPED };

struct answer {
	double due;
	char bytes[ANSWER_SIZE];
};

struct shown_picture {
	struct pty_picture picture;
	struct text bytes;
	bool *touched; /* columns x rows */
};

struct pty_terminal {
	struct pty_options options;
	int columns, rows, cell_width, cell_height, registers;
	int master, slave, report; /* report: wait statuses from the little shell; slave: kept to read the line settings */
	pid_t shell, program;
	struct termios line;       /* before the program started */
	bool stopped, exited;
	int status;

	VTerm *vterm;
	VTermScreen *screen;
	enum filter_state state;
	char sequence[SEQUENCE_SIZE];
	size_t sequence_length;
	struct text plain, dcs;    /* waiting for libvterm; the device control string being read */
	bool modes[MODES];
	struct text output;        /* all that came */
	struct answer answers[MOST_ANSWERS];
	int answer_count;
	struct shown_picture *pictures;
	int picture_count;
};

/* --- pictures --- */

static int touch_picture(struct shown_picture *shown, VTermRect rect)
{
	struct pty_picture *picture = &shown->picture;
	for (int row = 0; row < picture->rows; row++)
		for (int column = 0; column < picture->columns; column++) {
			int y = picture->y + row, x = picture->x + column;
			bool *cell = shown->touched + row * picture->columns + column;
			if (y >= rect.start_row && y < rect.end_row && x >= rect.start_col && x < rect.end_col && !*cell) {
				*cell = true;
				picture->touched++;
			}
		}
	return 1;
}

static int on_damage(VTermRect rect, void *context)
{
	struct pty_terminal *terminal = context;
	for (int i = 0; i < terminal->picture_count; i++)
		touch_picture(&terminal->pictures[i], rect);
	return 1;
}

static int count_colours(const char *body)
{
	int count = 0;
	for (const char *at = strchr(body, '#'); at; at = strchr(at + 1, '#')) {
		size_t digits = strspn(at + 1, "0123456789");
		count += digits && at[1 + digits] == ';';
	}
	return count;
}

static void take_picture(struct pty_terminal *terminal)
{
	const char *dcs = terminal->dcs.bytes, *body = strchr(dcs, 'q');
	int parameters[3] = {0}, width = 0, height = 0;
	sscanf(dcs, "%d;%d;%d", parameters, parameters + 1, parameters + 2);
	if (!body || sscanf(body, "q\"%*d;%*d;%d;%d", &width, &height) != 2)
		width = height = 0;
	VTermPos cursor;
	vterm_state_get_cursorpos(vterm_obtain_state(terminal->vterm), &cursor);
	int columns = (width + terminal->cell_width - 1) / terminal->cell_width;
	int rows = (height + terminal->cell_height - 1) / terminal->cell_height;
	int largest_width = terminal->options.largest_width ? terminal->options.largest_width : 1000;
	int largest_height = terminal->options.largest_height ? terminal->options.largest_height : 1000;
	terminal->pictures = memory_resized(terminal->pictures, (size_t)terminal->picture_count + 1, sizeof *terminal->pictures);
	terminal->pictures[terminal->picture_count++] = (struct shown_picture){
		.picture = {.x = cursor.col, .y = cursor.row, .width = width, .height = height, .columns = columns, .rows = rows,
			.colours = body ? count_colours(body) : 0, .keeps_background = parameters[1] == 1,
			.too_low = cursor.row + rows >= terminal->rows, .too_large = width > largest_width || height > largest_height},
		.touched = memory_zeroed((size_t)(columns * rows) + 1, sizeof(bool)),
	};
	text_format(&terminal->pictures[terminal->picture_count - 1].bytes, "\033P%s\033\\", dcs);
}

/* --- questions --- */

static void answer(struct pty_terminal *terminal, const char *bytes)
{
	if (terminal->options.silent || terminal->answer_count == MOST_ANSWERS)
		return;
	struct answer *next = &terminal->answers[terminal->answer_count++];
	next->due = clock_seconds() + terminal->options.answer_delay;
	text_copy(next->bytes, sizeof next->bytes, bytes);
}

static void answer_graphics(struct pty_terminal *terminal, int item, int action, int value)
{
	char bytes[ANSWER_SIZE];
	int largest_width = terminal->options.largest_width ? terminal->options.largest_width : 1000;
	int largest_height = terminal->options.largest_height ? terminal->options.largest_height : 1000;
	if (item == 1 && action == 3)
		terminal->registers = value > MOST_REGISTERS ? MOST_REGISTERS : value;
	if (item == 1)
		snprintf(bytes, sizeof bytes, "\033[?1;0;%dS", terminal->registers);
	else
		snprintf(bytes, sizeof bytes, "\033[?2;0;%d;%dS", largest_width, largest_height);
	answer(terminal, bytes);
}

static void set_modes(struct pty_terminal *terminal, const char *numbers, bool on)
{
	for (const char *at = numbers; *at >= '0' && *at <= '9'; at += *at == ';') {
		char *end;
		long number = strtol(at, &end, 10);
		if (number < MODES)
			terminal->modes[number] = on;
		at = end;
	}
}

/* A whole control sequence without its "ESC [", final byte included. */
static void look_at(struct pty_terminal *terminal)
{
	const char *text = terminal->sequence;
	char final = text[terminal->sequence_length - 1];
	int item, action, value = 0;
	if (strcmp(text, "c") == 0 || strcmp(text, "0c") == 0)
		answer(terminal, terminal->options.sixel ? "\033[?63;1;2;4;6;9;15;22c" : "\033[?1;2c");
	else if (final == 'S' && sscanf(text, "?%d;%d;%d", &item, &action, &value) == 3 && terminal->options.sixel)
		answer_graphics(terminal, item, action, value);
	else if (strcmp(text, "?2026$p") == 0)
		answer(terminal, terminal->options.synchronized ? "\033[?2026;2$y" : "\033[?2026;0$y");
	else if (strcmp(text, "5n") == 0)
		answer(terminal, "\033[0n");
	else if (text[0] == '?' && (final == 'h' || final == 'l'))
		set_modes(terminal, text + 1, final == 'h');
}

/* --- the stream --- */

static void give_plain(struct pty_terminal *terminal)
{
	if (terminal->plain.length)
		vterm_input_write(terminal->vterm, terminal->plain.bytes, terminal->plain.length);
	terminal->plain.length = 0;
	vterm_screen_flush_damage(terminal->screen);
}

static void pass(struct pty_terminal *terminal, char byte) { text_append(&terminal->plain, &byte, 1); }

static void filter_csi(struct pty_terminal *terminal, char byte)
{
	pass(terminal, byte);
	if (terminal->sequence_length + 1 < SEQUENCE_SIZE)
		terminal->sequence[terminal->sequence_length++] = byte;
	if (byte < 0x40 || byte > 0x7E)
		return;
	terminal->sequence[terminal->sequence_length] = '\0';
	give_plain(terminal);
	look_at(terminal);
	terminal->state = PLAIN;
}

static void filter_escaped(struct pty_terminal *terminal, char byte)
{
	terminal->state = byte == '[' ? IN_CSI : byte == 'P' ? IN_DCS : PLAIN;
	terminal->sequence_length = 0;
	if (byte == 'P') {
		give_plain(terminal);
		terminal->dcs.length = 0;
		text_append(&terminal->dcs, "", 0);
		return;
	}
	pass(terminal, '\033');
	pass(terminal, byte);
}

static void filter(struct pty_terminal *terminal, char byte)
{
	switch (terminal->state) {
	case PLAIN:
		if (byte == '\033')
			terminal->state = ESCAPED;
		else
			pass(terminal, byte);
		break;
	case ESCAPED:
		filter_escaped(terminal, byte);
		break;
	case IN_CSI:
		filter_csi(terminal, byte);
		break;
	case IN_DCS:
		if (byte == '\030') /* CAN: given up */
			terminal->state = PLAIN;
		else if (byte == '\033')
			terminal->state = IN_DCS_ESCAPED;
		else
			text_append(&terminal->dcs, &byte, 1);
		break;
	case IN_DCS_ESCAPED:
		take_picture(terminal);
		terminal->state = PLAIN;
		break;
	}
}

static bool read_some(struct pty_terminal *terminal)
{
	char bytes[CHUNK];
	ssize_t got = terminal->master < 0 ? -1 : read(terminal->master, bytes, sizeof bytes);
	if (got <= 0)
		return false;
	text_append(&terminal->output, bytes, (size_t)got);
	for (ssize_t i = 0; i < got; i++)
		filter(terminal, bytes[i]);
	give_plain(terminal);
	return true;
}

static void write_all(int descriptor, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(descriptor, bytes, length);
		if (written <= 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (written <= 0)
			poll(&(struct pollfd){descriptor, POLLOUT, 0}, 1, 100);
		else {
			bytes += written;
			length -= (size_t)written;
		}
	}
}

static void send_answers(struct pty_terminal *terminal)
{
	int sent = 0;
	while (sent < terminal->answer_count && terminal->answers[sent].due <= clock_seconds()) {
		write_all(terminal->master, terminal->answers[sent].bytes, strlen(terminal->answers[sent].bytes));
		sent++;
	}
	terminal->answer_count -= sent;
	memmove(terminal->answers, terminal->answers + sent, (size_t)terminal->answer_count * sizeof *terminal->answers);
}

static void read_report(struct pty_terminal *terminal)
{
	int status;
	if (read(terminal->report, &status, sizeof status) != sizeof status)
		return;
	if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
		terminal->stopped = WIFSTOPPED(status);
	} else {
		terminal->exited = true;
		terminal->status = status;
	}
}

/* One round: waits at most `seconds`; true when bytes came from the program. */
static bool pump(struct pty_terminal *terminal, double seconds)
{
	if (terminal->answer_count) {
		double due = terminal->answers[0].due - clock_seconds();
		seconds = due < seconds ? due : seconds;
	}
	struct pollfd waits[2] = {{terminal->master, POLLIN, 0}, {terminal->report, POLLIN, 0}};
	if (poll(waits, 2, seconds > 0 ? (int)(seconds * 1000) + 1 : 0) < 0)
		return false;
	if (waits[1].revents & POLLIN)
		read_report(terminal);
	bool came = waits[0].revents && read_some(terminal);
	send_answers(terminal);
	return came;
}

/* --- start and end --- */

/* Only what stands here reaches the program, so that a test does not depend on who runs it. */
static void set_environment(const struct pty_options *options)
{
	static const struct {
		const char *name, *standard; /* NULL: only if it is set */
	} base[] = {
		{"PATH", "/usr/bin:/bin"}, {"HOME", "/"}, {"ASAN_OPTIONS", NULL}, {"UBSAN_OPTIONS", NULL}, {"TSAN_OPTIONS", NULL},
	};
	enum { KEPT = sizeof base / sizeof *base };
	char *kept[KEPT];
	for (int i = 0; i < KEPT; i++)
		kept[i] = memory_text(getenv(base[i].name) ? getenv(base[i].name) : base[i].standard);
	clearenv();
	for (int i = 0; i < KEPT; i++) {
		if (kept[i])
			setenv(base[i].name, kept[i], 1);
		free(kept[i]);
	}
	setenv("TERM", "xterm-256color", 1);
	setenv("LANG", "C.UTF-8", 1);
	for (const char *const *line = options->environment; line && *line; line++) {
		char name[64];
		size_t length = strcspn(*line, "=");
		snprintf(name, sizeof name, "%.*s", (int)length, *line);
		unsetenv(name);
		if ((*line)[length])
			setenv(name, *line + length + 1, 1);
	}
}

/* Runs behind the pseudo-terminal as session leader: starts the program as a foreground job and reports what becomes
 * of it. Stays until our side closes the pipe, because its end would hang up the line. */
static void shell(pid_t program, int report)
{
	int status;
	while (waitpid(program, &status, WUNTRACED | WCONTINUED) == program) {
		if (write(report, &status, sizeof status) != sizeof status)
			break;
		if (!WIFSTOPPED(status) && !WIFCONTINUED(status))
			break;
	}
	poll(&(struct pollfd){report, 0, 0}, 1, -1); /* POLLERR: the reader is gone */
	_exit(0);
}

static struct pty_terminal *volatile parent_terminal; /* the copy of our side in the child, in a leak checker's sight */

static void child(struct pty_terminal *terminal, int report, int go, int (*function)(void *), void *context)
{
	parent_terminal = terminal;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a suite that fails leaves no training behind */
	close(terminal->master);
	login_tty(terminal->slave);
	set_environment(&terminal->options);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* the shell outlives its line and tells how the program ended */
	pid_t program = fork();
	if (program == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(report);
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		exit(function(context));
	}
	setpgid(program, program);
	tcsetpgrp(0, program);
	if (write(go, &program, sizeof program) != sizeof program)
		_exit(1);
	for (int descriptor = 0; descriptor < 3; descriptor++)
		close(descriptor); /* the line belongs to the program alone */
	shell(program, report);
}

static bool start_vterm(struct pty_terminal *terminal)
{
	static const VTermScreenCallbacks callbacks = {.damage = on_damage};
	terminal->vterm = vterm_new(terminal->rows, terminal->columns);
	vterm_set_utf8(terminal->vterm, 1);
	terminal->screen = vterm_obtain_screen(terminal->vterm);
	vterm_screen_set_callbacks(terminal->screen, &callbacks, terminal);
	vterm_screen_enable_altscreen(terminal->screen, 1);
	vterm_screen_reset(terminal->screen, 1);
	terminal->modes[25] = terminal->modes[7] = true;
	return true;
}

static struct winsize window_size(const struct pty_terminal *terminal)
{
	bool told = terminal->options.cell_width >= 0;
	return (struct winsize){
		.ws_row = (unsigned short)terminal->rows, .ws_col = (unsigned short)terminal->columns,
		.ws_xpixel = (unsigned short)(told ? terminal->columns * terminal->cell_width : 0),
		.ws_ypixel = (unsigned short)(told ? terminal->rows * terminal->cell_height : 0),
	};
}

struct pty_terminal *pty_start_function(const struct pty_options *options, int (*function)(void *context), void *context)
{
	struct pty_terminal *terminal = memory_zeroed(1, sizeof *terminal);
	terminal->options = *options;
	terminal->columns = options->columns ? options->columns : 80;
	terminal->rows = options->rows ? options->rows : 24;
	terminal->cell_width = options->cell_width > 0 ? options->cell_width : 10;
	terminal->cell_height = options->cell_height > 0 ? options->cell_height : 20;
	terminal->registers = options->registers ? options->registers : 256;
	struct winsize size = window_size(terminal);
	int report[2], go[2];
	if (openpty(&terminal->master, &terminal->slave, NULL, NULL, &size) != 0) {
		free(terminal);
		return NULL;
	}
	fcntl(terminal->master, F_SETFD, FD_CLOEXEC);
	tcgetattr(terminal->slave, &terminal->line);
	if (pipe2(report, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0)
		abort();
	fflush(NULL);
	terminal->shell = fork();
	if (terminal->shell == 0) {
		close(report[0]);
		child(terminal, report[1], go[1], function, context);
	}
	close(report[1]);
	close(go[1]);
	if (read(go[0], &terminal->program, sizeof terminal->program) != sizeof terminal->program)
		abort();
	close(go[0]);
	fcntl(terminal->slave, F_SETFD, FD_CLOEXEC);
	fcntl(terminal->master, F_SETFL, O_NONBLOCK);
	terminal->report = report[0];
	start_vterm(terminal);
	return terminal;
}

static int execute(void *context)
{
	char *const *argv = context;
	execvp(argv[0], argv);
	return 127;
}

struct pty_terminal *pty_start(const struct pty_options *options, char *const argv[])
{
	return pty_start_function(options, execute, (void *)argv);
}

void pty_destroy(struct pty_terminal *terminal)
{
	if (!terminal)
		return;
	if (!terminal->exited)
		kill(terminal->program, SIGKILL);
	kill(terminal->program, SIGCONT);
	if (terminal->master >= 0)
		close(terminal->master);
	close(terminal->slave);
	close(terminal->report);
	waitpid(terminal->shell, NULL, 0);
	vterm_free(terminal->vterm);
	for (int i = 0; i < terminal->picture_count; i++) {
		text_clear(&terminal->pictures[i].bytes);
		free(terminal->pictures[i].touched);
	}
	free(terminal->pictures);
	text_clear(&terminal->output);
	text_clear(&terminal->plain);
	text_clear(&terminal->dcs);
	free(terminal);
}

/* --- what the tests do and ask --- */

pid_t pty_program(const struct pty_terminal *terminal) { return terminal->program; }

pid_t pty_last_thread(const struct pty_terminal *terminal)
{
	char path[64];
	pid_t last = terminal->program;
	snprintf(path, sizeof path, "/proc/%d/task", (int)terminal->program);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		last = atoi(entry->d_name) > last ? atoi(entry->d_name) : last;
	if (folder)
		closedir(folder);
	return last;
}
void pty_signal(struct pty_terminal *terminal, int signal_number) { kill(terminal->program, signal_number); }
void pty_keys(struct pty_terminal *terminal, const char *bytes) { write_all(terminal->master, bytes, strlen(bytes)); }

void pty_resize(struct pty_terminal *terminal, int columns, int rows)
{
	terminal->columns = columns;
	terminal->rows = rows;
	vterm_set_size(terminal->vterm, rows, columns);
	struct winsize size = window_size(terminal);
	ioctl(terminal->master, TIOCSWINSZ, &size); /* tells the foreground job */
}

void pty_hang_up(struct pty_terminal *terminal)
{
	close(terminal->slave);
	close(terminal->master);
	terminal->slave = open("/dev/null", O_RDWR | O_CLOEXEC);
	terminal->master = -1;
	terminal->answer_count = 0;
}

bool pty_wait(struct pty_terminal *terminal, pty_condition *condition, void *context, double seconds)
{
	double end = clock_seconds() + seconds;
	while (!condition(terminal, context)) {
		double left = end - clock_seconds();
		if (left <= 0)
			return false;
		bool over = terminal->exited;
		if (!pump(terminal, over ? 0.01 : left) && over)
			return condition(terminal, context);
	}
	return true;
}

void pty_settle(struct pty_terminal *terminal, double seconds)
{
	while (pump(terminal, seconds))
		;
}

static bool text_is_there(struct pty_terminal *terminal, void *text) { return pty_has_text(terminal, text); }
static bool text_is_not_there(struct pty_terminal *terminal, void *text) { return !pty_has_text(terminal, text); }
static bool pictures_came(struct pty_terminal *terminal, void *count) { return terminal->picture_count >= *(int *)count; }
static bool has_stopped(struct pty_terminal *terminal, void *nothing) { (void)nothing; return terminal->stopped; }
static bool has_exited(struct pty_terminal *terminal, void *nothing) { (void)nothing; return terminal->exited; }

bool pty_wait_text(struct pty_terminal *terminal, const char *text, double seconds)
{
	return pty_wait(terminal, text_is_there, (void *)text, seconds);
}

bool pty_wait_no_text(struct pty_terminal *terminal, const char *text, double seconds)
{
	return pty_wait(terminal, text_is_not_there, (void *)text, seconds);
}

bool pty_wait_pictures(struct pty_terminal *terminal, int count, double seconds)
{
	return pty_wait(terminal, pictures_came, &count, seconds);
}

bool pty_wait_stopped(struct pty_terminal *terminal, double seconds) { return pty_wait(terminal, has_stopped, NULL, seconds); }

bool pty_wait_exit(struct pty_terminal *terminal, int *status, double seconds)
{
	bool exited = pty_wait(terminal, has_exited, NULL, seconds);
	while (exited && read_some(terminal))
		;
	*status = terminal->status;
	return exited;
}

static int colour_value(const struct pty_terminal *terminal, VTermColor colour)
{
	vterm_screen_convert_color_to_rgb(terminal->screen, &colour);
	return colour.rgb.red << 16 | colour.rgb.green << 8 | colour.rgb.blue;
}

struct pty_cell pty_cell(struct pty_terminal *terminal, int x, int y)
{
	VTermScreenCell cell = {0};
	vterm_screen_get_cell(terminal->screen, (VTermPos){.row = y, .col = x}, &cell);
	return (struct pty_cell){
		.character = cell.chars[0] ? cell.chars[0] : ' ',
		.foreground = colour_value(terminal, cell.fg), .background = colour_value(terminal, cell.bg),
		.bold = cell.attrs.bold, .underline = cell.attrs.underline != 0, .reverse = cell.attrs.reverse,
		.default_background = VTERM_COLOR_IS_DEFAULT_BG(&cell.bg),
	};
}

char *pty_text(struct pty_terminal *terminal)
{
	struct text all = {0};
	size_t size = (size_t)terminal->columns * 6 + 1;
	char *line = memory_zeroed(size, 1);
	for (int row = 0; row < terminal->rows; row++) {
		VTermRect rect = {.start_row = row, .end_row = row + 1, .start_col = 0, .end_col = terminal->columns};
		size_t length = vterm_screen_get_text(terminal->screen, line, size, rect);
		while (length && line[length - 1] == ' ')
			length--;
		text_append(&all, line, length);
		text_append(&all, "\n", 1);
	}
	free(line);
	return all.bytes;
}

bool pty_has_text(struct pty_terminal *terminal, const char *text)
{
	char *all = pty_text(terminal);
	bool found = strstr(all, text) != NULL;
	free(all);
	return found;
}

int pty_columns(const struct pty_terminal *terminal) { return terminal->columns; }
int pty_rows(const struct pty_terminal *terminal) { return terminal->rows; }
int pty_picture_count(const struct pty_terminal *terminal) { return terminal->picture_count; }
size_t pty_bytes(const struct pty_terminal *terminal) { return terminal->output.length; }
const char *pty_output(const struct pty_terminal *terminal) { return terminal->output.bytes ? terminal->output.bytes : ""; }
bool pty_mode(const struct pty_terminal *terminal, int number) { return terminal->modes[number]; }
int pty_registers(const struct pty_terminal *terminal) { return terminal->registers; }

static const struct shown_picture *picture_at(const struct pty_terminal *terminal, int index)
{
	return &terminal->pictures[index < 0 ? terminal->picture_count + index : index];
}

struct pty_picture pty_picture(const struct pty_terminal *terminal, int index) { return picture_at(terminal, index)->picture; }

const char *pty_picture_bytes(const struct pty_terminal *terminal, int index, size_t *length)
{
	const struct text *bytes = &picture_at(terminal, index)->bytes;
	*length = bytes->length;
	return bytes->bytes;
}

int pty_unread(const struct pty_terminal *terminal)
{
	int bytes = 0;
	struct termios line, raw;
	tcgetattr(terminal->slave, &line);
	raw = line;
	raw.c_lflag &= ~(tcflag_t)ICANON; /* else only whole lines count */
	tcsetattr(terminal->slave, TCSANOW, &raw);
	ioctl(terminal->slave, FIONREAD, &bytes);
	tcsetattr(terminal->slave, TCSANOW, &line);
	return bytes;
}

const char *pty_disorder(struct pty_terminal *terminal)
{
	static const struct {
		int mode;
		bool wanted;
		const char *what;
	} modes[] = {
		{1049, false, "the alternate screen is still shown"}, {25, true, "the cursor is hidden"}, {7, true, "lines do not wrap"},
		{1, false, "cursor keys are in application mode"}, {1000, false, "the mouse is on"}, {1002, false, "the mouse is on"},
		{1003, false, "the mouse is on"}, {1006, false, "the mouse is on"}, {2004, false, "bracketed paste is on"},
		{2026, false, "a synchronized update is open"},
	};
	if (terminal->state != PLAIN)
		return "a sequence is cut off";
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (terminal->modes[modes[i].mode] != modes[i].wanted)
			return modes[i].what;
	struct termios now;
	tcgetattr(terminal->slave, &now);
	bool same = now.c_iflag == terminal->line.c_iflag && now.c_oflag == terminal->line.c_oflag &&
		now.c_lflag == terminal->line.c_lflag && memcmp(now.c_cc, terminal->line.c_cc, sizeof now.c_cc) == 0;
	return same ? NULL : "the line settings differ";
}
