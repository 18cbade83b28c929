/* Bars for the 2^k states of a quantized layer, drawn truthfully: one bar a state when there is room, else equal
 * groups of neighbouring states added up; heights in eighths of a cell, proportional to the largest bar (which leaves
 * the uppermost eighth free, so that rows of bars do not melt together). A state (or group) that holds a weight is
 * never drawn empty; one that holds none is a cross. */
#ifndef QGAN_UI_WIDGET_STATES_H
#define QGAN_UI_WIDGET_STATES_H

#include <stdint.h>

#include "ui/canvas.h"

enum {
	STATES_MAX = 256,
	STATES_MOST_BARS = 32, /* more are no longer read bar by bar */
};

/* How `states` (a power of two) states are shared out over at most `width` columns: *per_bar states a bar, *columns
 * columns a bar, a gap included where there are two or three; returns the number of bars. No bars when width < 1. */
int states_layout(int states, int width, int *per_bar, int *columns);

/* Height of a bar in eighths: 0 only for an empty bar, `full` for the largest. */
int states_eighths(uint64_t count, uint64_t largest, int full);

/* Fills the canvas (any height) from the left; returns the columns used. */
int states_draw(struct canvas *canvas, const uint64_t *counts, int states, enum theme_role role);

/* The same for the bins of a float histogram: no crosses, quiet. */
int states_draw_histogram(struct canvas *canvas, const uint32_t *bins, int count, enum theme_role role);

#endif
