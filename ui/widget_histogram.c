#include "ui/widget_histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum { EIGHTHS = 8, EIGHTH_BLOCK = 0x2581, FULL_BLOCK = 0x2588 };

int histogram_column(const struct axis *axis, double value, int width)
{
	double column = floor(axis_position(axis, value) * width);
	return !(column >= 1) || width < 1 ? 0 : column > width - 1 ? width - 1 : (int)column; /* NaN: the first */
}

/* Less of a column is a rounding error, not weights. */
static const double SLIVER = 1e-9;

/* Shares the bin's weights out over the columns that it covers; from and to in columns. */
static void spread(double *columns, int width, double from, double to, double amount)
{
	double span = to - from;
	for (int x = (int)fmax(floor(from), 0); x < width && x < to; x++) {
		double part = fmin(to, x + 1) - fmax(from, x);
		if (part > SLIVER)
			columns[x] += amount * part / span;
	}
}

double histogram_gather(const struct histogram *histogram, const struct axis *axis, double *columns, int width)
{
	double fullest = 0, bin = (histogram->high - histogram->low) / histogram->count;
	memset(columns, 0, (size_t)width * sizeof *columns);
	for (int i = 0; i < histogram->count; i++) {
		double low = histogram->low + bin * i;
		double from = axis_position(axis, low) * width, to = axis_position(axis, low + bin) * width;
		if (!histogram->bins[i])
			continue;
		if (to > from && isfinite(to - from))
			spread(columns, width, from, to, histogram->bins[i]);
		else
			columns[histogram_column(axis, histogram->low, width)] += histogram->bins[i];
	}
	for (int x = 0; x < width; x++)
		fullest = fmax(fullest, columns[x]);
	return fullest;
}

void histogram_draw_column(struct canvas *canvas, int x, int width, int eighths, enum theme_role role)
{
	for (int y = canvas->clip.height - 1; y >= 0 && eighths > 0; y--, eighths -= EIGHTHS) {
		uint32_t block = eighths >= EIGHTHS ? FULL_BLOCK : (uint32_t)(EIGHTH_BLOCK + eighths - 1);
		canvas_fill(canvas, (struct rect){x, y, width, 1}, block, role, 0);
	}
}

void histogram_draw(struct canvas *canvas, const struct histogram *histogram, const struct axis *axis, enum theme_role role)
{
	int width = canvas->clip.width, full = canvas->clip.height * EIGHTHS;
	if (width < 1 || full < 1)
		return;
	double *columns = memory_zeroed((size_t)width, sizeof *columns);
	double fullest = histogram_gather(histogram, axis, columns, width);
	for (int x = 0; x < width; x++) {
		int eighths = columns[x] > 0 ? (int)lround(columns[x] / fullest * full) : 0;
		histogram_draw_column(canvas, x, 1, columns[x] > 0 && eighths < 1 ? 1 : eighths, role);
	}
	free(columns);
}

int histogram_draw_course(struct canvas *canvas, int x, int y, int width, const float *values, int count, enum theme_role role)
{
	int used = count < width ? count : width;
	float low = INFINITY, high = -INFINITY;
	for (int i = 0; i < count; i++) {
		low = isfinite(values[i]) ? fminf(low, values[i]) : low;
		high = isfinite(values[i]) ? fmaxf(high, values[i]) : high;
	}
	for (int i = 0; i < used; i++) {
		float value = values[(int)(((int64_t)i + 1) * count / used) - 1];
		double share = high > low ? ((double)value - low) / ((double)high - low) : 0;
		if (isfinite(value))
			canvas_put(canvas, x + i, y, (uint32_t)(EIGHTH_BLOCK + (int)lround(share * (EIGHTHS - 1))), role, 0);
	}
	return used > 0 ? used : 0;
}
