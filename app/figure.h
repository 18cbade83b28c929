/* A layer's weights as files for papers and spreadsheets: the picture of the weights screen (float histogram, levels as
 * ticks, exact counts of every state as bars) and the same numbers as CSV. Written whole or not at all. Any thread. */
#ifndef QGAN_APP_FIGURE_H
#define QGAN_APP_FIGURE_H

#include "engine/base/error.h"
#include "ui/view.h"

struct figure {
	const char *title;              /* "fmnist-dcgan-7f3a, step 3,120" */
	const char *network;            /* "D" */
	const struct view_layer *layer; /* borrowed */
	const struct view_layer *other; /* drawn below with the same axis, NULL: none */
	const char *other_title;
};

enum { FIGURE_WIDTH = 1200, FIGURE_HEIGHT = 700 }; /* pixels of one layer; two stand one above the other */

bool figure_write_png(const struct figure *figure, const char *path, struct error *error);

/* Four blocks, each with a heading line: numbers (name,value), states (state,level,count,share), histogram (low,high,count)
 * and the fit's errors (iteration,mse). The first column of every line, "layer", names run, step and layer so that files can
 * be joined; all lines have five fields, the last ones of short blocks are empty. `other` follows in the same form. Infinite
 * levels are written "inf" and "-inf", unknown numbers are empty. */
bool figure_write_csv(const struct figure *figure, const char *path, struct error *error);

#endif
