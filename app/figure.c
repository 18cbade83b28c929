/* A figure is one panel or two: title, what the layer is, its numbers, the float histogram, the bars of its states. */
#include "app/figure.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/figure_levels.h"
#include "engine/base/text.h"

/* ---- the numbers, as "name value" items ---- */

struct items {
	cairo_t *cairo;
	double x, baseline;
};

enum { MARGIN_LEFT = 104, MARGIN_RIGHT = 32, ITEM_GAP = 20, LINE_HEIGHT = 22 };

__attribute__((format(printf, 4, 5)))
static void add_item(struct items *items, const char *name, enum paint_colour colour, const char *format, ...)
{
	char value[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	struct paint_style quiet = {.colour = PAINT_QUIET}, plain = {.colour = colour};
	double name_width = *name ? paint_text_width(items->cairo, quiet, name) + 6 : 0;
	double width = name_width + paint_text_width(items->cairo, plain, value);
	if (items->x + width > FIGURE_WIDTH - MARGIN_RIGHT) {
		items->x = MARGIN_LEFT;
		items->baseline += LINE_HEIGHT;
	}
	paint_text(items->cairo, items->x, items->baseline, quiet, name);
	paint_text(items->cairo, items->x + name_width, items->baseline, plain, value);
	items->x += width + ITEM_GAP;
}

static void add_dead_states(struct items *items, const struct view_layer *layer)
{
	enum { NAMED = 4 };
	char named[96] = "none";
	size_t length = 0;
	for (int z = 0, seen = 0; z < layer->states && seen < NAMED; z++)
		if (!layer->counts[z]) {
			length += (size_t)snprintf(named + length, sizeof named - length, "%sz=%d", length ? ", " : "", z);
			seen++;
		}
	if (layer->dead_states > NAMED)
		add_item(items, "dead states", PAINT_WARNING, "%d of %d", layer->dead_states, layer->states);
	else
		add_item(items, "dead states", layer->dead_states ? PAINT_WARNING : PAINT_INK, "%s", named);
}

static void add_size(struct items *items, const struct view_layer *layer)
{
	char bytes[32];
	if (!(layer->packed_bytes > 0))
		return;
	text_bytes_amount(bytes, sizeof bytes, layer->packed_bytes);
	if (layer->states)
		add_item(items, "packed", PAINT_INK, "%s, %.1fx smaller", bytes, 4 * (double)layer->weights / layer->packed_bytes);
	else
		add_item(items, "size", PAINT_INK, "%s", bytes);
}

static void add_errors(struct items *items, const struct view_layer *layer)
{
	if (isfinite(layer->mse))
		add_item(items, "MSE", PAINT_INK, "%.3g", layer->mse);
	if (isfinite(layer->mse) && layer->variance > 0)
		add_item(items, "MSE/variance", PAINT_INK, "%.3g", layer->mse / layer->variance);
	if (isinf(layer->sqnr_db))
		add_item(items, "SQNR", PAINT_INK, "no error");
	else if (isfinite(layer->sqnr_db))
		add_item(items, "SQNR", PAINT_INK, "%.2f dB", layer->sqnr_db);
	if (isfinite(layer->utilization))
		add_item(items, "utilization", PAINT_INK, "%.1f %%", 100 * layer->utilization);
}

static void add_quantized(struct items *items, const struct view_layer *layer)
{
	const char *of = layer->groups > 1 ? "mean " : "";
	if (isfinite(layer->alpha))
		add_item(items, "alpha", PAINT_INK, "%s%.4g", of, layer->alpha);
	if (isfinite(layer->beta))
		add_item(items, "beta", PAINT_INK, "%s%.4g", of, layer->beta);
	add_errors(items, layer);
	add_dead_states(items, layer);
	if (isfinite(layer->flips) && layer->flip_steps > 0)
		add_item(items, "flips", PAINT_INK, "%.2g %% per 1,000 steps", 100 * layer->flips * 1000 / (double)layer->flip_steps);
	else if (isfinite(layer->flips))
		add_item(items, "flips", PAINT_INK, "%.2g %%", 100 * layer->flips);
	if (layer->iterations > 0)
		add_item(items, "iterations", PAINT_INK, "%d", layer->iterations);
	if (layer->groups > 1)
		add_item(items, "scales", PAINT_INK, "%d, one a channel: levels are means", layer->groups);
	if (layer->degenerate)
		add_item(items, "degenerate", PAINT_WARNING, "fewer bits than this method has states for");
}

static void paint_numbers(cairo_t *cairo, const struct view_layer *layer, double baseline)
{
	struct items items = {.cairo = cairo, .x = MARGIN_LEFT, .baseline = baseline};
	if (layer->states)
		add_quantized(&items, layer);
	else if (layer->variance > 0)
		add_item(&items, "standard deviation", PAINT_INK, "%.4g", sqrt(layer->variance));
	add_item(&items, "weights from", PAINT_INK, "%.4g to %.4g", (double)layer->histogram_min, (double)layer->histogram_max);
	add_size(&items, layer);
}

/* A long name is written smaller rather than cut. */
static void paint_titles(cairo_t *cairo, const struct figure *figure, const struct view_layer *layer, const char *title,
                         double top)
{
	char weights[32];
	struct text text = {0};
	text_format(&text, "%s: %s.%s", title ? title : "", figure->network, layer->name);
	struct paint_style style = {.size = PAINT_TITLE, .colour = PAINT_INK, .bold = true};
	while (style.size > PAINT_TINY && paint_text_width(cairo, style, text.bytes) > FIGURE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT)
		style.size--;
	paint_text(cairo, MARGIN_LEFT, top + 38, style, text.bytes);
	text_clear(&text);
	text_count(weights, sizeof weights, (int64_t)layer->weights);
	if (layer->states)
		text_format(&text, "%s, %s weights; %s at %d bit%s, %d states", layer->shape, weights, layer->quantizer, layer->bits,
		            layer->bits == 1 ? "" : "s", layer->states);
	else
		text_format(&text, "%s, %s weights; 32-bit floating point, not quantized", layer->shape, weights);
	paint_text(cairo, MARGIN_LEFT, top + 63, (struct paint_style){.size = PAINT_SMALL + 1, .colour = PAINT_INK}, text.bytes);
	text_clear(&text);
}

/* ---- the histogram ---- */

static void paint_histogram(cairo_t *cairo, const struct view_layer *layer, const struct axis *weights,
                            const struct paint_box *box)
{
	uint32_t most = 1;
	for (int bin = 0; bin < VIEW_BINS; bin++)
		most = layer->histogram[bin] > most ? layer->histogram[bin] : most;
	struct axis counts = axis_between(0, most * 1.06, 5, true);
	double low = layer->histogram_min, width = ((double)layer->histogram_max - low) / VIEW_BINS;
	paint_left_axis(cairo, box, &counts, "weights in a bin");
	for (int bin = 0; bin < VIEW_BINS; bin++) {
		if (!layer->histogram[bin])
			continue;
		/* neighbours share a whole pixel's edge, so that no seam shows */
		double left = round(box->left + axis_position(weights, low + bin * width) * box->width);
		double right = round(box->left + axis_position(weights, low + (bin + 1) * width) * box->width);
		double height = fmax(axis_position(&counts, layer->histogram[bin]) * box->height, 1); /* a single weight shows */
		paint_bar(cairo, left, paint_bottom(box) - height, fmax(right - left, 1), height, PAINT_FILL);
	}
}

/* The error after every iteration of the fit, in a corner of the histogram. */
static void paint_trace(cairo_t *cairo, const struct view_layer *layer, const struct paint_box *box)
{
	enum { WIDTH = 170, HEIGHT = 56, TOP = 26 };
	if (layer->trace_count < 2)
		return;
	float low = layer->trace[0], high = layer->trace[0];
	for (int i = 0; i < layer->trace_count; i++) {
		low = fminf(low, layer->trace[i]);
		high = fmaxf(high, layer->trace[i]);
	}
	char text[64];
	double left = paint_right(box) - WIDTH - 6, top = box->top + TOP;
	snprintf(text, sizeof text, "MSE by iteration: %.4g to %.4g", (double)layer->trace[0],
	         (double)layer->trace[layer->trace_count - 1]);
	paint_text(cairo, paint_right(box) - 6, box->top + 16,
	           (struct paint_style){.size = PAINT_TINY, .align = PAINT_RIGHT, .colour = PAINT_QUIET, .halo = true}, text);
	cairo_new_path(cairo);
	for (int i = 0; i < layer->trace_count; i++) {
		double share = high > low ? (double)((layer->trace[i] - low) / (high - low)) : 0.5;
		cairo_line_to(cairo, left + WIDTH * (double)i / (layer->trace_count - 1), top + HEIGHT * (1 - share));
	}
	paint_set_colour(cairo, PAINT_STATE);
	cairo_set_line_width(cairo, 1.5);
	cairo_stroke(cairo);
}

/* ---- panels ---- */

struct range { double low, high; };

/* The weights, and levels that leave them a good part of the width; what lies further away becomes an arrow. */
static struct range range_of(const struct view_layer *layer)
{
	struct range range = {layer->histogram_min, layer->histogram_max};
	double reach = 2 * (range.high - range.low), low = range.low - reach, high = range.high + reach;
	double largest = 4 * fmax(fabs(range.low), fabs(range.high)); /* a level and its negative share their fate */
	for (int z = 0; z < layer->states; z++) {
		double level = layer->levels[z];
		if (level < low || level > high || fabs(level) > largest)
			continue;
		range.low = fmin(range.low, level);
		range.high = fmax(range.high, level);
	}
	return range;
}

static struct axis weight_axis(const struct figure *figure)
{
	struct range range = range_of(figure->layer);
	if (figure->other) {
		struct range other = range_of(figure->other);
		range.low = fmin(range.low, other.low);
		range.high = fmax(range.high, other.high);
	}
	double room = (range.high - range.low) * 0.035; /* for the numbers of a bar at the end */
	if (room > 0)
		return axis_between(range.low - room, range.high + room, 10, false);
	return axis_for_values(range.low, range.high, 10);
}

static void paint_panel(cairo_t *cairo, const struct figure *figure, const struct view_layer *layer, const char *title,
                        const struct axis *weights, double top)
{
	enum { HEADER = 146, HISTOGRAM = 250, BETWEEN = 62, BARS = 176, WHOLE = 488 };
	const double width = FIGURE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT;
	struct paint_box histogram = {MARGIN_LEFT, top + HEADER, width, layer->states ? HISTOGRAM : WHOLE};
	struct paint_box bars = {MARGIN_LEFT, paint_bottom(&histogram) + BETWEEN, width, BARS};
	paint_titles(cairo, figure, layer, title, top);
	paint_numbers(cairo, layer, top + 88);
	paint_histogram(cairo, layer, weights, &histogram);
	if (layer->states) {
		struct figure_levels levels;
		figure_levels_place(&levels, layer, weights, &histogram, &bars);
		figure_levels_paint_bars(cairo, &levels);
		figure_levels_paint_marks(cairo, &levels);
	}
	paint_trace(cairo, layer, &histogram);
	paint_bottom_axis(cairo, &histogram, weights, "weight");
}

static void paint_figure(cairo_t *cairo, const struct figure *figure)
{
	struct axis weights = weight_axis(figure);
	paint_set_colour(cairo, PAINT_PAPER);
	cairo_paint(cairo);
	paint_panel(cairo, figure, figure->layer, figure->title, &weights, 0);
	if (figure->other)
		paint_panel(cairo, figure, figure->other, figure->other_title, &weights, FIGURE_HEIGHT);
}

/* ---- the file ---- */

static void paint_in(cairo_t *cairo, void *figure)
{
	paint_figure(cairo, figure);
}

bool figure_write_png(const struct figure *figure, const char *path, struct error *error)
{
	struct figure copy = *figure;
	return paint_write_png(FIGURE_WIDTH, figure->other ? 2 * FIGURE_HEIGHT : FIGURE_HEIGHT, paint_in, &copy, path, error);
}
