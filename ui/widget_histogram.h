/* A histogram of equal bins drawn over a value axis of its own choice: bins are cut and added up by area, so that the
 * same weights keep their shape on any axis, and a column that holds any weight is never drawn empty. */
#ifndef QGAN_UI_WIDGET_HISTOGRAM_H
#define QGAN_UI_WIDGET_HISTOGRAM_H

#include <stdint.h>

#include "ui/canvas.h"
#include "ui/widget_axis.h"

struct histogram {
	const uint32_t *bins; /* borrowed */
	int count;
	double low, high;     /* the bins' ends; equal: everything has this one value */
};

/* The column, 0 .. width - 1, that a value falls into; values outside go to the ends. */
int histogram_column(const struct axis *axis, double value, int width);

/* How much of the histogram every column holds. Returns the fullest; 0: nothing to draw. */
double histogram_gather(const struct histogram *histogram, const struct axis *axis, double *columns, int width);

/* Fills the canvas; the fullest column reaches the top. */
void histogram_draw(struct canvas *canvas, const struct histogram *histogram, const struct axis *axis, enum theme_role role);

/* A column of `eighths` eighths of a cell, standing on the canvas's last row. */
void histogram_draw_column(struct canvas *canvas, int x, int width, int eighths, enum theme_role role);

/* The course of some numbers on one line, low to high in eighths, the oldest left; unknown ones are left out. With more
 * numbers than columns, each column shows the last of its share. Returns the columns used. */
int histogram_draw_course(struct canvas *canvas, int x, int y, int width, const float *values, int count, enum theme_role role);

#endif
