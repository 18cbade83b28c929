/* The terminal: the only place that knows curses, and the only writer. curses writes into memory; its bytes, pictures
 * and questions are gathered in order in one buffer that goes to the terminal as fast as it takes them, so that a slow
 * or dead line never holds the program. Questions are asked at the start and answered whenever the answer comes. One
 * terminal a process; main thread. */
#ifndef QGAN_UI_TERMINAL_H
#define QGAN_UI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "ui/canvas.h"
#include "ui/input.h"
#include "ui/theme.h"

/* What the terminal can do, as far as known by now. */
struct terminal_ability {
	bool unicode;
	int colours;                      /* 0, 8, 16, 256 or more */
	bool grey;                        /* pictures in grey only (NO_COLOR) */
	bool known;                       /* all questions are answered; what follows is zero or a guess before */
	bool sixel, synchronized;
	int registers;                    /* colours of one sixel picture */
	int largest_width, largest_height; /* of a sixel picture in pixels; 0: not told */
	int cell_width, cell_height;      /* pixels; 0: not told */
};

struct terminal_options {
	bool no_color, ascii, no_mouse;
	const struct theme *theme; /* NULL: the default; without colour "mono" is taken */
};

struct terminal;

/* Is there a terminal that can place the cursor? Cheap, writes nothing: to be asked before anything is begun. */
bool terminal_check(struct error *error);

/* Refuses with one sentence, and without having written anything, where there is no terminal or it cannot place the
 * cursor. */
struct terminal *terminal_open(const struct terminal_options *options, struct error *error);

/* Puts everything back. `lost`: the line is dead, nothing is written. NULL is fine. */
void terminal_close(struct terminal *terminal, bool lost);

/* Stops the process as Ctrl-Z should; back again, everything must be drawn anew. */
void terminal_suspend(struct terminal *terminal);
void terminal_reenter(struct terminal *terminal); /* after SIGCONT: somebody else may have used the terminal */

void terminal_size(const struct terminal *terminal, int *width, int *height); /* cells, at least 1 x 1 */
void terminal_resize(struct terminal *terminal); /* takes the size the system tells now; the screen is cleared */
/* Other colours from the next frame on; without colour it stays as it is. */
void terminal_set_theme(struct terminal *terminal, const struct theme *theme);
void terminal_clear(struct terminal *terminal);  /* the next draw begins with a cleared screen */

const struct terminal_ability *terminal_ability(const struct terminal *terminal);
void terminal_take_reply(struct terminal *terminal, const struct input_event *reply);

/* Brackets a frame: between the two the terminal may hold its picture back. */
void terminal_begin_frame(struct terminal *terminal);
void terminal_end_frame(struct terminal *terminal);
/* Adds what differs from the frame before. The canvas has the terminal's size. */
void terminal_draw(struct terminal *terminal, const struct canvas *canvas);
/* Adds bytes of the caller's own and puts the cursor back where curses believes it to be. */
void terminal_add(struct terminal *terminal, const char *bytes, size_t length);

/* Sends what the line takes now. False: the line is dead. */
bool terminal_flush(struct terminal *terminal);
bool terminal_is_sending(const struct terminal *terminal); /* bytes wait; poll terminal_output for POLLOUT */
int terminal_input(const struct terminal *terminal);
int terminal_output(const struct terminal *terminal);

#endif
