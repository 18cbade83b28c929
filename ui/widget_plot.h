/* The dots of a chart: curves turned into dots on a grid of cells, apart from axes and words. Used by widget_chart.c
 * and the tests that compare dots with values. */
#ifndef QGAN_UI_WIDGET_PLOT_H
#define QGAN_UI_WIDGET_PLOT_H

#include "engine/base/series.h"
#include "ui/canvas.h"
#include "ui/widget_axis.h"

/* What a curve did in one dot column. points 0: nothing there. */
struct plot_column {
	int64_t points;
	double sum;
	float min, max;
};

/* Puts every bucket into the column of its middle step. */
void plot_gather(const struct series *series, const struct axis *steps, struct plot_column *columns, int count);

enum plot_pen { PLOT_SOLID, PLOT_DOTTED, PLOT_DASHED, PLOT_DASH_DOTTED };

struct plot_dots {
	int columns, rows;   /* cells */
	int across, down;    /* dots in a cell: 2 x 4 (braille) or 1 x 1 */
	uint8_t *line, *reach; /* means, extremes: one byte a cell, bit (y * across + x); owned */
	bool *above, *below; /* one flag a cell column: something lies beyond the scale; owned */
};

void plot_init(struct plot_dots *dots, int columns, int rows, bool unicode);
void plot_clear(struct plot_dots *dots);

/* Draws one curve: means joined by straight lines (broken by the pen), and for every cell column the smallest and the
 * largest value as single dots, in dot column `side` (0 or 1) of the cell.
 * `columns` has dots->columns x dots->across entries. */
void plot_draw(struct plot_dots *dots, const struct plot_column *columns, const struct axis *values, enum plot_pen pen,
	int side);

/* Dot row (0: top) of a value, rounded to the nearest; may lie outside 0 .. rows x down - 1. */
int plot_row(const struct plot_dots *dots, const struct axis *values, double value);

/* Braille with these dots, or the ASCII mark `plain`. */
uint32_t plot_character(const struct plot_dots *dots, uint8_t mask, char plain);

#endif
