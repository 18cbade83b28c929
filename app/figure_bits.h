/* Scores over bits, one line a method, as the paper's Figure 4 has them, as a picture. Written whole or not at all. Any
 * thread. */
#ifndef QGAN_APP_FIGURE_BITS_H
#define QGAN_APP_FIGURE_BITS_H

#include <stdbool.h>

#include "engine/base/error.h"

enum { FIGURE_BITS_LINES = 12, FIGURE_BITS_POINTS = 9, FIGURE_BITS_WIDTH = 900, FIGURE_BITS_HEIGHT = 520 };

struct figure_bits {
	const char *title, *axis;   /* "D and G quantized", "FID, lower is better" */
	bool log_scale;             /* where every value is positive */
	double baseline;            /* of the float cell: a dashed line; NaN: none */
	int count;
	struct figure_bits_line {
		const char *name;
		int count;
		struct { int bits; double value, spread; } points[FIGURE_BITS_POINTS]; /* rising bits; spread NaN: no error bar */
	} lines[FIGURE_BITS_LINES];
};

bool figure_bits_write_png(const struct figure_bits *figure, const char *path, struct error *error);

#endif
