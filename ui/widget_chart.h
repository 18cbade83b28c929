/* A line chart of curves over training steps. Every line shows its mean a column, and around it, fainter, how far
 * the values of that column reached: single points at their minimum and maximum, as the envelope on an oscilloscope.
 * Pens and marks tell lines apart without colour. A value beyond the scale (which leaves out the utmost fiftieth of the
 * reaches, never a mean) is marked by an arrow at the edge. With Unicode a cell holds 2 x 4 braille dots; without, one
 * character: the line's mark, else '*' solid, 'o' dotted; ':' the reach. */
#ifndef QGAN_UI_WIDGET_CHART_H
#define QGAN_UI_WIDGET_CHART_H

#include <stdbool.h>

#include "engine/base/series.h"
#include "ui/canvas.h"
#include "ui/view.h"
#include "ui/widget_plot.h"

enum { CHART_MAX_LINES = 8 };
enum chart_pen {
	CHART_SOLID = PLOT_SOLID, CHART_DOTTED = PLOT_DOTTED, CHART_DASHED = PLOT_DASHED, CHART_DASH_DOTTED = PLOT_DASH_DOTTED,
};

struct chart_line {
	const struct series *series; /* borrowed */
	const char *name;            /* in the legend */
	enum theme_role role;
	enum chart_pen pen;
	char mark;                   /* written on the line now and then, such as its number; 0: none */
};

struct chart {
	struct chart_line lines[CHART_MAX_LINES];
	int line_count;
	double low, high;              /* a fixed scale; equal: taken from the values */
	bool log_scale;                /* linear all the same while no value is positive */
	const struct view_mark *marks; /* rising steps; borrowed */
	int mark_count;
	bool means_only;               /* no reaches: they would bury each other where many lines lie */
	const char *empty;             /* shown while no line has a point */
};

/* Fills the whole canvas: scale at the left, steps below, marks as vertical lines named on the axis. */
void chart_draw(struct canvas *canvas, const struct chart *chart);

/* One entry a line: pen, name, newest value; right-aligned so that it ends before right_x. Entries that do not fit in
 * `room` columns are left out from the last. Returns the columns used. */
int chart_draw_legend(struct canvas *canvas, int right_x, int y, int room, const struct chart *chart);

#endif
