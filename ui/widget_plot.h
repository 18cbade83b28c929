/* The dots of a chart: curves turned into dots on a grid of cells, apart from axes and words. Used by widget_chart.c
 * and the tests that compare dots with values. */
#ifndef QGAN_UI_WIDGET_PLOT_H
#define QGAN_UI_WIDGET_PLOT_H

#include "engine/base/series.h"
#include "ui/canvas.h"
#include "ui/chart_clock.h"

/* A curve and how its steps are told. */
struct plot_source {
	const struct series *series;
	const struct series *detail;     /* finer buckets of part of it, used there; NULL: none */
	const struct chart_clock *clock; /* NULL: steps only */
	double smoothing;                /* how much of a smoothed value comes from before, a point; 0: not smoothed */
};

/* What a curve did in one dot column. points 0: nothing there. */
struct plot_column {
	int64_t points;
	double sum;
	float min, max;
	double smooth; /* sum of smoothed values; of nothing when they are not asked for */
	bool passes;   /* without points: a line to one out of sight crosses this edge; sum and smooth are values here */
};

/* Puts every bucket into the column of its middle step. Smoothed is an exponential mean of all points before, corrected
 * for its start, so that it is the same at every zoom. */
void plot_gather(const struct plot_source *source, const struct chart_scale *scale, struct plot_column *columns, int count);

/* The bucket nearest to a place on the x axis (in the scale's unit), and what it is smoothed (NaN: not asked for); NULL:
 * there is none. */
const struct series_bucket *plot_nearest(const struct plot_source *source, enum chart_unit unit, double at, double *smoothed);

struct plot_dots {
	int columns, rows;   /* cells */
	int across, down;    /* dots in a cell: 2 x 4 (braille) or 1 x 1 */
	uint8_t *line, *reach; /* the curve, what lies behind it: one byte a cell, bit (y * across + x); owned */
	bool *above, *below; /* one flag a cell column: something lies beyond the scale; owned */
};

void plot_init(struct plot_dots *dots, int columns, int rows, bool unicode);
void plot_clear(struct plot_dots *dots);

/* Tell lines apart without colour. */
enum plot_pen { PLOT_SOLID, PLOT_DOTTED, PLOT_DASHED, PLOT_DASH_DOTTED, PLOT_PENS };

/* Draws one curve: means joined by straight lines, and for every cell column the smallest and the largest value as single
 * dots, in dot column `side` (0 or 1) of the cell; below 0: no such dots. `smooth`: the smoothed values are joined, and the
 * means lie behind them. `columns` has dots->columns x dots->across entries. */
void plot_draw(struct plot_dots *dots, const struct plot_column *columns, const struct axis *values, enum plot_pen pen,
	int side, bool smooth);

/* Dot row (0: top) of a value, rounded to the nearest; may lie outside 0 .. rows x down - 1. */
int plot_row(const struct plot_dots *dots, const struct axis *values, double value);

/* Braille with these dots, or the ASCII mark `plain`. */
uint32_t plot_character(const struct plot_dots *dots, uint8_t mask, char plain);

#endif
