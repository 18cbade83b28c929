#include "app/figure_levels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"

enum {
	TOLD_STATES = 16,    /* so many bars carry their numbers */
	TOLD_ROOM = 68,      /* pixels a bar with numbers needs: "1,234,567" */
	BAR_ROOM = 4,        /* a bar without */
	WIDEST_BAR = 56,
	LINED_STATES = 32,   /* more lines would hide what they cross */
	SHORT_MARK = 14,
};

/* ---- places ---- */

static double least_distance(const struct figure_levels *levels)
{
	double least = levels->below->width;
	for (int z = 1; z < levels->layer->states; z++)
		least = fmin(least, levels->marks[z] - levels->marks[z - 1]);
	return least;
}

/* The bars' numbers need half their room at the ends too. */
static bool fits_at_levels(const struct figure_levels *levels)
{
	int states = levels->layer->states;
	double room = states <= TOLD_STATES ? TOLD_ROOM : BAR_ROOM;
	for (int z = 0; z < states; z++)
		if (levels->outside[z])
			return false;
	return least_distance(levels) >= room && levels->marks[0] - levels->below->left >= room / 2 &&
	       paint_right(levels->below) - levels->marks[states - 1] >= room / 2;
}

void figure_levels_place(struct figure_levels *levels, const struct view_layer *layer, const struct axis *weights,
                         const struct paint_box *above, const struct paint_box *below)
{
	*levels = (struct figure_levels){.layer = layer, .above = above, .below = below, .weights = weights};
	for (int z = 0; z < layer->states; z++) {
		double position = isnan(layer->levels[z]) ? 0 : axis_position(weights, layer->levels[z]);
		levels->outside[z] = position < 0 ? -1 : position > 1 ? 1 : 0;
		levels->marks[z] = above->left + fmin(fmax(position, 0), 1) * above->width;
	}
	levels->at_levels = fits_at_levels(levels);
	double slot = below->width / layer->states;
	for (int z = 0; z < layer->states; z++)
		levels->bars[z] = levels->at_levels ? levels->marks[z] : below->left + (z + 0.5) * slot;
	double room = levels->at_levels && layer->states > 1 ? least_distance(levels) : slot;
	levels->bar_width = fmin(fmax(room * 0.7, 1), WIDEST_BAR);
}

/* ---- marks ---- */

static enum paint_colour colour_of(const struct view_layer *layer, int z)
{
	return layer->counts[z] ? PAINT_STATE : PAINT_WARNING;
}

/* z names above the histogram, as many as stand clear of each other. */
static void paint_names(cairo_t *cairo, const struct figure_levels *levels)
{
	const struct view_layer *layer = levels->layer;
	struct paint_style style = {.align = PAINT_CENTRE, .size = layer->states > 8 ? PAINT_TINY : PAINT_SMALL};
	double free_from = 0;
	for (int z = 0; z < layer->states; z++) {
		char name[16];
		snprintf(name, sizeof name, "z=%d", z);
		double half = paint_text_width(cairo, style, name) / 2;
		if (levels->outside[z] || levels->marks[z] - half < free_from)
			continue;
		style.colour = colour_of(layer, z);
		paint_text(cairo, levels->marks[z], levels->above->top - 8, style, name);
		free_from = levels->marks[z] + half + 6;
	}
}

static void describe_level(char *target, size_t size, double level)
{
	if (isinf(level))
		snprintf(target, size, "%sinf", level < 0 ? "-" : "+");
	else
		snprintf(target, size, "%.3g", level == 0 ? 0 : level);
}

/* "z=0 at -inf", "z=12 to z=15 at 1.2 to +inf": what lies beyond one end of the axis. */
static void paint_beyond(cairo_t *cairo, const struct figure_levels *levels, int side)
{
	int first = -1, last = -1;
	for (int z = 0; z < levels->layer->states; z++)
		if (levels->outside[z] == side) {
			first = first < 0 ? z : first;
			last = z;
		}
	if (first < 0)
		return;
	char low[32], high[32], text[128];
	describe_level(low, sizeof low, levels->layer->levels[first]);
	describe_level(high, sizeof high, levels->layer->levels[last]);
	if (first == last)
		snprintf(text, sizeof text, "z=%d at %s", first, low);
	else
		snprintf(text, sizeof text, "z=%d to z=%d at %s to %s", first, last, low, high);
	const struct paint_box *box = levels->above;
	double edge = side < 0 ? box->left : paint_right(box), y = box->top + box->height * 0.62;
	paint_arrow(cairo, edge - side * 3, y, side, PAINT_STATE);
	paint_text(cairo, edge - side * 26, y + 5,
	           (struct paint_style){.align = side < 0 ? PAINT_LEFT : PAINT_RIGHT, .colour = PAINT_STATE, .halo = true}, text);
}

void figure_levels_paint_marks(cairo_t *cairo, const struct figure_levels *levels)
{
	bool lined = levels->layer->states <= LINED_STATES;
	double end = lined ? paint_bottom(levels->above) : levels->above->top + SHORT_MARK;
	for (int z = 0; z < levels->layer->states; z++) {
		enum paint_colour colour = colour_of(levels->layer, z);
		if (levels->outside[z])
			continue;
		if (lined)
			paint_dashes(cairo, levels->marks[z], levels->above->top, levels->marks[z], end, colour);
		else
			paint_line(cairo, levels->marks[z], levels->above->top, levels->marks[z], end, colour, 1);
	}
	paint_names(cairo, levels);
	paint_beyond(cairo, levels, -1);
	paint_beyond(cairo, levels, 1);
}

/* ---- bars ---- */

/* From the end of a level's mark (an arrow's edge for one beyond the axis) to the bar. */
static void paint_leaders(cairo_t *cairo, const struct figure_levels *levels)
{
	const struct paint_box *box = levels->below;
	for (int z = 0; z < levels->layer->states && levels->layer->states <= LINED_STATES; z++) {
		paint_line(cairo, levels->marks[z], paint_bottom(levels->above) + 1, levels->bars[z], box->top, PAINT_FILL, 1);
		paint_dashes(cairo, levels->bars[z], box->top, levels->bars[z], paint_bottom(box), PAINT_RULE);
	}
}

static double most_counted(const struct view_layer *layer)
{
	uint64_t most = 1;
	for (int z = 0; z < layer->states; z++)
		most = layer->counts[z] > most ? layer->counts[z] : most;
	return (double)most;
}

static void paint_bar_numbers(cairo_t *cairo, const struct figure_levels *levels, int z, double top)
{
	const struct view_layer *layer = levels->layer;
	double x = levels->bars[z], share = layer->weights ? 100 * (double)layer->counts[z] / (double)layer->weights : 0;
	struct paint_style style = {.size = PAINT_TINY, .align = PAINT_CENTRE, .colour = PAINT_INK, .halo = true};
	char text[48];
	if (layer->counts[z]) {
		paint_text(cairo, x, top - 18, style, text_count(text, sizeof text, (int64_t)layer->counts[z]));
		snprintf(text, sizeof text, share < 0.005 ? "< 0.01 %%" : share < 9.995 ? "%.2f %%" : "%.1f %%", share);
		style.colour = PAINT_QUIET;
	} else {
		snprintf(text, sizeof text, "dead");
		style.colour = PAINT_WARNING;
	}
	paint_text(cairo, x, top - 5, style, text);
}

static void paint_bar_names(cairo_t *cairo, const struct figure_levels *levels)
{
	const struct view_layer *layer = levels->layer;
	int stride = layer->states <= TOLD_STATES ? 1 : layer->states / TOLD_STATES;
	struct paint_style style = {.size = PAINT_TINY, .align = PAINT_CENTRE, .halo = true};
	for (int z = 0; z < layer->states; z += stride) {
		char text[32];
		double y = paint_bottom(levels->below);
		snprintf(text, sizeof text, "z=%d", z);
		style.colour = colour_of(layer, z);
		paint_text(cairo, levels->bars[z], y + 17, style, text);
		describe_level(text, sizeof text, layer->levels[z]);
		style.colour = PAINT_QUIET;
		paint_text(cairo, levels->bars[z], y + 33, style, text);
	}
}

void figure_levels_paint_bars(cairo_t *cairo, const struct figure_levels *levels)
{
	const struct view_layer *layer = levels->layer;
	const struct paint_box *box = levels->below;
	bool told = layer->states <= TOLD_STATES;
	struct axis axis = axis_between(0, most_counted(layer) * (told ? 1.3 : 1.05), 4, true); /* room for the numbers */
	paint_leaders(cairo, levels);
	paint_left_axis(cairo, box, &axis, "weights in the state");
	for (int z = 0; z < layer->states; z++) {
		double height = axis_position(&axis, (double)layer->counts[z]) * box->height;
		height = layer->counts[z] ? fmax(height, 1) : 0; /* a single weight shows */
		double top = paint_bottom(box) - height;
		paint_bar(cairo, levels->bars[z] - levels->bar_width / 2, top, levels->bar_width, height, PAINT_STATE);
		if (told)
			paint_bar_numbers(cairo, levels, z, top);
	}
	paint_line(cairo, box->left, floor(paint_bottom(box)) + 0.5, paint_right(box), floor(paint_bottom(box)) + 0.5, PAINT_INK, 1);
	paint_bar_names(cairo, levels);
}
