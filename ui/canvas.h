/* A grid of character cells that screens draw on: clipped, in memory, independent of curses, so that tests compare
 * it as text. ui/terminal.c copies it to the terminal. Coordinates are columns (x) and rows (y) from the top left
 * of the canvas's clip region. Text is UTF-8; wide characters take two cells; what does not fit is cut. */
#ifndef QGAN_UI_CANVAS_H
#define QGAN_UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/hit.h"
#include "ui/theme.h"

struct cell {
	uint32_t character; /* code point; 0: the right half of a wide character */
	uint8_t role;       /* enum theme_role */
	uint8_t attributes; /* CELL_* */
	uint8_t foreground, background; /* 256-colour indices, with CELL_OWN_COLOURS: instead of the role's */
};
enum { CELL_BOLD = 1, CELL_DIM = 2, CELL_UNDERLINE = 4, CELL_REVERSE = 8, CELL_OWN_COLOURS = 16 };

struct canvas {
	int width, height;
	struct cell *cells;   /* owned by the creator, width x height */
	struct rect clip;     /* drawing is relative to and cut at this */
	bool unicode;         /* false: draw with ASCII twins */
	struct hits *hits;    /* where the mouse means something is recorded here; borrowed, NULL: nowhere */
};

struct canvas *canvas_create(int width, int height, bool unicode);
void canvas_destroy(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);
/* The same cells seen through a smaller window (clipped to the present one). */
struct canvas canvas_part(const struct canvas *canvas, struct rect rect);

void canvas_put(struct canvas *canvas, int x, int y, uint32_t character, enum theme_role role, int attributes);
/* For pictures made of characters. */
void canvas_put_colours(struct canvas *canvas, int x, int y, uint32_t character, uint8_t foreground, uint8_t background);
/* Returns the columns used. Control characters and broken UTF-8 become '?'; combining marks are left out. */
int canvas_text(struct canvas *canvas, int x, int y, enum theme_role role, int attributes, const char *utf8);
int canvas_format(struct canvas *canvas, int x, int y, enum theme_role role, int attributes, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
void canvas_text_right(struct canvas *canvas, int right_x, int y, enum theme_role role, int attributes, const char *utf8);
void canvas_fill(struct canvas *canvas, struct rect rect, uint32_t character, enum theme_role role, int attributes);
/* A character and its colours as they stand; outside the clip region a blank. */
struct cell canvas_get(const struct canvas *canvas, int x, int y);
/* A frame with a title in its top edge and, if not NULL, a note right-aligned in it. Returns the inside. */
struct canvas canvas_frame(struct canvas *canvas, struct rect rect, const char *title, const char *note, bool focused);
/* The mouse means something there: rect as for drawing, cut at the clip region; hit->cells is filled in. */
void canvas_hit(const struct canvas *canvas, struct rect rect, struct hit hit);
int canvas_text_width(const char *utf8); /* columns */
int canvas_character_width(uint32_t character); /* 0 combining, 1 or 2 */
/* Decodes one character of UTF-8 and moves *utf8 behind it; broken bytes give '?', one at a time. */
uint32_t canvas_next_character(const char **utf8);
/* What stands for a character where there is no Unicode; printable ASCII. */
char canvas_ascii_twin(uint32_t character);

/* Line by line as UTF-8, trailing blanks cut; free() it. For tests and `--once`. */
char *canvas_to_text(const struct canvas *canvas);

#endif
