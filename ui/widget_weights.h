/* One layer's weights in one picture, as the paper's Figures 1 and 3 together: the float histogram over an axis of
 * weights, the quantized levels as marks on that axis, and below it, at the same places, a bar for the exact number of
 * weights in every state, named and counted. Where states lie too close for their words the bars move apart; where there
 * are more than can be told apart equal groups of neighbours share a bar; both are said. */
#ifndef QGAN_UI_WIDGET_WEIGHTS_H
#define QGAN_UI_WIDGET_WEIGHTS_H

#include "ui/canvas.h"
#include "ui/view.h"
#include "ui/widget_axis.h"

enum { WEIGHTS_MIN_HEIGHT = 6, WEIGHTS_MIN_WIDTH = 24 };

/* The span of several layers' weights and levels, so that their figures share an axis: start with {0}. Levels far out are
 * left out (the figure points at them), so that the histogram keeps a quarter of the width. */
struct weights_span {
	double low, high;
	bool known;
};
void weights_span_add(struct weights_span *span, const struct view_layer *layer);
struct axis weights_span_axis(const struct weights_span *span, int width);

bool weights_is_float(const struct view_layer *layer); /* no states */

/* Fills the canvas. `role`: colour of levels and states. `reserve`: a float layer leaves the room of states free, so that
 * its histogram is as high as that of a quantized one beside it. */
void weights_draw(struct canvas *canvas, const struct view_layer *layer, const struct axis *axis, enum theme_role role,
	bool reserve);

/* "none", "z0, z3", "12 of 64: z0-4, z61-63", cut to fit; empty for a float layer. Returns target. */
char *weights_dead(char *target, size_t size, const struct view_layer *layer);

#endif
