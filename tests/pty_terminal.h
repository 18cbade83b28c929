/* A terminal without a screen: runs a program (or a function) behind a pseudo-terminal with a size in cells and pixels,
 * answers its questions as told (also late, or never), takes sixel pictures out of the stream and gives the rest to
 * libvterm, so that tests read cells and pictures. Everything waits for a condition with a time limit, never for a
 * fixed time. One thread. */
#ifndef QGAN_TESTS_PTY_TERMINAL_H
#define QGAN_TESTS_PTY_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pty_options {
	int columns, rows;           /* 0: 80 x 24 */
	int cell_width, cell_height; /* pixels; 0: 10 x 20; negative: the size in pixels is not told (0 x 0) */
	bool sixel;                  /* device attributes name it */
	int registers;               /* 0: 256; may be raised by the program up to 1024 */
	int largest_width, largest_height; /* of a picture in pixels, 0: 1000 x 1000 */
	bool synchronized;           /* mode 2026 is known */
	bool silent;                 /* answers nothing, ever */
	double answer_delay;         /* seconds before each answer */
	const char *const *environment; /* "NAME=VALUE" ..., NULL at the end, over the base: PATH, HOME, TERM=xterm-256color,
	                                   LANG=C.UTF-8; "NAME" alone takes one away. NULL: the base only */
};

struct pty_terminal;

/* The program is its own foreground job of a little shell, so that it can be stopped and continued. NULL: no
 * pseudo-terminal. argv[0] is the file, searched in PATH. */
struct pty_terminal *pty_start(const struct pty_options *options, char *const argv[]);

/* Runs a function of the test program in a child instead; its result is the exit status. */
struct pty_terminal *pty_start_function(const struct pty_options *options, int (*function)(void *context), void *context);

/* Kills what still runs, frees all. NULL is fine. */
void pty_destroy(struct pty_terminal *terminal);

pid_t pty_program(const struct pty_terminal *terminal); /* its process id */
pid_t pty_last_thread(const struct pty_terminal *terminal); /* the number of the program's thread started last */
void pty_keys(struct pty_terminal *terminal, const char *bytes);
void pty_resize(struct pty_terminal *terminal, int columns, int rows);
void pty_signal(struct pty_terminal *terminal, int signal_number); /* to the program */
void pty_hang_up(struct pty_terminal *terminal); /* closes our side: the line is dead */

/* Reads what comes until the condition holds (true) or the time is over or nothing can come any more (false). */
typedef bool pty_condition(struct pty_terminal *terminal, void *context);
bool pty_wait(struct pty_terminal *terminal, pty_condition *condition, void *context, double seconds);
bool pty_wait_text(struct pty_terminal *terminal, const char *text, double seconds);    /* is on the screen */
bool pty_wait_no_text(struct pty_terminal *terminal, const char *text, double seconds); /* is not on the screen */
bool pty_wait_pictures(struct pty_terminal *terminal, int count, double seconds);       /* so many came so far */
bool pty_wait_stopped(struct pty_terminal *terminal, double seconds);                   /* by job control */
/* Status as from waitpid. Works also after pty_hang_up. */
bool pty_wait_exit(struct pty_terminal *terminal, int *status, double seconds);
/* Reads until nothing has come for `seconds`: for checks that something does not happen. */
void pty_settle(struct pty_terminal *terminal, double seconds);

struct pty_cell {
	uint32_t character;          /* ' ' for an empty cell */
	int foreground, background;  /* 0xRRGGBB */
	bool bold, underline, reverse, default_background;
};
struct pty_cell pty_cell(struct pty_terminal *terminal, int x, int y);
char *pty_text(struct pty_terminal *terminal);       /* line by line, trailing blanks cut; free() it */
bool pty_has_text(struct pty_terminal *terminal, const char *text);
int pty_columns(const struct pty_terminal *terminal);
int pty_rows(const struct pty_terminal *terminal);

struct pty_picture {
	int x, y;              /* cell of its top left corner */
	int width, height;     /* pixels, from its raster attributes */
	int columns, rows;     /* cells it touches */
	int touched;           /* cells of it written or erased since */
	int colours;           /* registers it defined */
	bool keeps_background; /* P2 = 1 */
	bool too_low;          /* reaches the last row: a real terminal would scroll */
	bool too_large;        /* a real terminal would not show it */
};
int pty_picture_count(const struct pty_terminal *terminal); /* so far */
/* 0: the first; negative: from the newest, -1. */
struct pty_picture pty_picture(const struct pty_terminal *terminal, int index);
/* Its whole sequence; the terminal's. */
const char *pty_picture_bytes(const struct pty_terminal *terminal, int index, size_t *length);
size_t pty_bytes(const struct pty_terminal *terminal);            /* the program wrote */
const char *pty_output(const struct pty_terminal *terminal);      /* all of them, with a zero at the end */
bool pty_mode(const struct pty_terminal *terminal, int number);   /* a DEC private mode is set */
int pty_registers(const struct pty_terminal *terminal);
int pty_unread(const struct pty_terminal *terminal);              /* bytes sent that nobody has read */

/* What a leaving program must have put back: alternate screen, cursor, mouse, paste mode, line settings. NULL: all
 * of it; else which is not. */
const char *pty_disorder(struct pty_terminal *terminal);

#endif
