/* The levels of a layer in its picture: marks on the axis of the weights, and below a bar for every state, at its level
 * where there is room for that, else side by side with a line from each level to its bar. Any thread. */
#ifndef QGAN_APP_FIGURE_LEVELS_H
#define QGAN_APP_FIGURE_LEVELS_H

#include "app/figure_paint.h"
#include "ui/view.h"

struct figure_levels {
	const struct view_layer *layer;       /* borrowed; quantized */
	const struct paint_box *above, *below; /* the histogram's box and the bars' */
	const struct axis *weights;           /* the histogram's horizontal axis */
	bool at_levels;                       /* bars stand below their levels */
	double bar_width;
	double marks[VIEW_MAX_STATES], bars[VIEW_MAX_STATES]; /* middles, in pixels */
	int outside[VIEW_MAX_STATES];         /* -1, 1: the level lies beyond the left or right end of the axis */
};

void figure_levels_place(struct figure_levels *levels, const struct view_layer *layer, const struct axis *weights,
                         const struct paint_box *above, const struct paint_box *below);
void figure_levels_paint_marks(cairo_t *cairo, const struct figure_levels *levels);
void figure_levels_paint_bars(cairo_t *cairo, const struct figure_levels *levels);

#endif
