/* What figures are drawn with: words, boxes and axes in pixels, over cairo. Words may be any bytes: what is not UTF-8 is
 * drawn as "?". The context keeps the first thing that went wrong (cairo_status). Any thread, a context each. */
#ifndef QGAN_APP_FIGURE_PAINT_H
#define QGAN_APP_FIGURE_PAINT_H

#include <stdbool.h>

#include <cairo.h>

#include "engine/base/error.h"
#include "ui/widget_axis.h"

/* Blue and vermillion are told apart by every kind of eye, and by a grey printer. */
enum paint_colour { PAINT_PAPER, PAINT_INK, PAINT_QUIET, PAINT_RULE, PAINT_FILL, PAINT_STATE, PAINT_WARNING };
enum paint_align { PAINT_LEFT, PAINT_CENTRE, PAINT_RIGHT };

enum { PAINT_TINY = 12, PAINT_SMALL = 14, PAINT_TITLE = 21 }; /* heights of letters */

struct paint_style {
	int size; /* 0: PAINT_SMALL */
	enum paint_align align;
	enum paint_colour colour;
	bool bold, upright; /* upright: read from below to above */
	bool halo;          /* paper behind the letters, where they stand on lines */
};

struct paint_box {
	double left, top, width, height;
};
static inline double paint_right(const struct paint_box *box) { return box->left + box->width; }
static inline double paint_bottom(const struct paint_box *box) { return box->top + box->height; }

/* A font with letters in it: without one every figure would be silent about its numbers. */
bool paint_check_font(cairo_t *cairo, struct error *error);

void paint_set_colour(cairo_t *cairo, enum paint_colour colour);
void paint_text(cairo_t *cairo, double x, double baseline, struct paint_style style, const char *text);
double paint_text_width(cairo_t *cairo, struct paint_style style, const char *text);
void paint_line(cairo_t *cairo, double x1, double y1, double x2, double y2, enum paint_colour colour, double width);
void paint_dashes(cairo_t *cairo, double x1, double y1, double x2, double y2, enum paint_colour colour);
void paint_bar(cairo_t *cairo, double x, double y, double width, double height, enum paint_colour colour);
void paint_arrow(cairo_t *cairo, double x, double y, int direction, enum paint_colour colour); /* -1: points left */

/* The scale below or at the left of a box, and its name; faint lines cross the box at the ticks of the left one. */
void paint_bottom_axis(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name);
void paint_left_axis(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name);

/* Likewise: steps below, any values at the left (the axes above hold weights and counts). */
void paint_bottom_scale(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name);
void paint_left_scale(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name);

/* A picture of that many pixels, drawn by `paint`, as a PNG file: whole or not at all. Errors name the file. */
bool paint_write_png(int width, int height, void (*paint)(cairo_t *cairo, void *context), void *context, const char *path,
                     struct error *error);

#endif
