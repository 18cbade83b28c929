/* A line chart of curves over a run's steps, told in the unit of the look. Every line shows its mean a column, and around
 * it, fainter, how far the values of that column reached: single points at their minimum and maximum, as the envelope on an
 * oscilloscope. Smoothed, the smoothed line stands in front of the raw one. Pens and marks tell lines apart without
 * colour. A value beyond the scale (which leaves out the utmost fiftieth of the reaches, and of means only what an untrained
 * generator scored where it is far from all else) is marked by an arrow at the edge. With Unicode a cell holds 2 x 4 braille
 * dots; without, one character: the line's mark, else one of "*o=-" by its pen; ':' for what lies behind. */
#ifndef QGAN_UI_WIDGET_CHART_H
#define QGAN_UI_WIDGET_CHART_H

#include <stdbool.h>

#include "engine/base/series.h"
#include "ui/canvas.h"
#include "ui/chart_look.h"
#include "ui/view.h"
#include "ui/widget_plot.h"

enum { CHART_MAX_LINES = 8, CHART_TITLE_SIZE = 96 };

struct chart_line {
	const struct series *series; /* borrowed, as the rest */
	const char *name;            /* in the legend; NULL: it and those after it are not there */
	enum theme_role role;
	enum plot_pen pen;
	char mark;                   /* written on the line now and then, such as its number; 0: none */
	const struct series *detail; /* finer buckets of a part of it; NULL: none */
	const struct chart_clock *clock; /* of the run it belongs to; NULL: the chart's */
	bool sparse;                 /* few points, each worth seeing: marked, never smoothed */
	const struct series *before; /* what a cursor before its first point tells; a line of its own draws it; NULL: nothing */
};

struct chart {
	struct chart_line lines[CHART_MAX_LINES];
	int line_count;
	double low, high;              /* a fixed scale; equal: taken from the values in sight */
	bool log_scale;                /* whatever the look says; linear all the same while no value is positive */
	const struct view_mark *marks; /* rising steps; borrowed */
	int mark_count;
	const struct chart_clock *clock; /* NULL: steps only */
	struct chart_look *look;       /* NULL: everything, over steps; shared by all charts of a screen */
	bool means_only;               /* no reaches: they would bury each other where many lines lie; smoothed, the raw means stay */
	const char *empty;             /* shown while no line has a point */
};

/* Fills the whole canvas: scale at the left, x axis below, marks as vertical lines named on the axis. The mouse moves the
 * cursor, zooms with the wheel, and zooms to what is dragged over. */
void chart_draw(struct canvas *canvas, const struct chart *chart);

/* "loss, nats", and what the look adds to it: "loss, nats, log, smooth 0.9, 8x". Returns target. */
char *chart_title(char *target, size_t size, const char *what, const struct chart *chart);

/* One entry a line: pen, name, value: under the cursor if there is one, else the newest; right-aligned so that it ends
 * before right_x. Entries that do not fit in `room` columns are left out from the last. Returns the columns used. */
int chart_draw_legend(struct canvas *canvas, int right_x, int y, int room, const struct chart *chart);

#endif
