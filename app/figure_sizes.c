#include "app/figure_sizes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/figure_paint.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

enum { LEFT = 96, RIGHT = 60, TOP = 62, BOTTOM = 84, DOT = 4, LABEL_HEIGHT = 14, LABEL_GAP = 9 };
static const double LOGARITHMIC_FROM = 4; /* largest over smallest size */
static const double ROOM = 1.25;          /* beside the outermost points of a logarithmic scale */

void figure_sizes_add(struct figure_sizes *sizes, const struct run *run)
{
	if (!isfinite(run->scores.best_fid) || !(run->sizes.packed_g >= 1) || !isfinite(run->sizes.packed_g))
		return;
	if (sizes->count == 0)
		text_copy(sizes->scores_of, sizeof sizes->scores_of, run->scores.identity);
	if (strcmp(sizes->scores_of, run->scores.identity) != 0) {
		sizes->left_out++;
		return;
	}
	sizes->points = memory_resized(sizes->points, (size_t)sizes->count + 1, sizeof *sizes->points);
	struct figure_size *point = &sizes->points[sizes->count++];
	*point = (struct figure_size){.bytes = run->sizes.packed_g, .fid = run->scores.best_fid, .spread = run->scores.best_fid_std};
	text_copy(point->name, sizeof point->name, run->name);
}

void figure_sizes_clear(struct figure_sizes *sizes)
{
	free(sizes->points);
	*sizes = (struct figure_sizes){0};
}

static int by_size(const void *left, const void *right)
{
	const struct figure_size *a = left, *b = right;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return (a->fid > b->fid) - (a->fid < b->fid);
}

static void find_front(struct figure_sizes *sizes)
{
	double best = INFINITY;
	qsort(sizes->points, (size_t)sizes->count, sizeof *sizes->points, by_size);
	for (int i = 0; i < sizes->count; i++) {
		sizes->points[i].front = sizes->points[i].fid < best;
		best = fmin(best, sizes->points[i].fid);
	}
}

/* ---- drawing ---- */

struct label {
	double left, top, width;
};

struct drawing {
	cairo_t *cairo;
	const struct figure_sizes *sizes;
	struct paint_box box;
	struct axis bytes, values;
	double unit; /* bytes */
	const char *unit_name;
	struct label *labels; /* owned */
	int label_count;
};

static double reach(const struct figure_size *point) { return isfinite(point->spread) ? point->spread : 0; }

static void choose_scales(struct drawing *drawing)
{
	static const struct { double from, unit; const char *name; } units[] = {{2e6, 1e6, "MB"}, {2e3, 1e3, "kB"}, {0, 1, "bytes"}};
	const struct figure_sizes *sizes = drawing->sizes;
	double least = sizes->points[0].bytes, most = sizes->points[sizes->count - 1].bytes, low = INFINITY, high = -INFINITY;
	int unit = 0;
	while (most < units[unit].from)
		unit++;
	drawing->unit = units[unit].unit;
	drawing->unit_name = units[unit].name;
	least /= drawing->unit;
	most /= drawing->unit;
	drawing->bytes = most >= LOGARITHMIC_FROM * least ? axis_for_magnitudes(least / ROOM, most * ROOM, 6) : axis_for_values(least, most, 6);
	for (int i = 0; i < sizes->count; i++) {
		low = fmin(low, sizes->points[i].fid - reach(&sizes->points[i]));
		high = fmax(high, sizes->points[i].fid + reach(&sizes->points[i]));
	}
	drawing->values = axis_for_values(low, high, 6);
}

static double x_of(const struct drawing *drawing, const struct figure_size *point)
{
	return drawing->box.left + axis_position(&drawing->bytes, point->bytes / drawing->unit) * drawing->box.width;
}

static double y_of(const struct drawing *drawing, double value)
{
	return paint_bottom(&drawing->box) - axis_position(&drawing->values, value) * drawing->box.height;
}

/* The best FID that every size can have: from each point of the front to the right, then down to the next. */
static void paint_front(const struct drawing *drawing)
{
	double y = NAN;
	cairo_new_path(drawing->cairo);
	paint_set_colour(drawing->cairo, PAINT_STATE);
	cairo_set_line_width(drawing->cairo, 2);
	for (int i = 0; i < drawing->sizes->count; i++) {
		const struct figure_size *point = &drawing->sizes->points[i];
		if (!point->front)
			continue;
		if (isfinite(y))
			cairo_line_to(drawing->cairo, x_of(drawing, point), y);
		y = y_of(drawing, point->fid);
		cairo_line_to(drawing->cairo, x_of(drawing, point), y);
	}
	cairo_line_to(drawing->cairo, paint_right(&drawing->box), y);
	cairo_stroke(drawing->cairo);
}

static void paint_point(const struct drawing *drawing, const struct figure_size *point)
{
	double x = x_of(drawing, point), y = y_of(drawing, point->fid), spread = reach(point);
	enum paint_colour colour = point->front ? PAINT_STATE : PAINT_QUIET;
	paint_line(drawing->cairo, x, y_of(drawing, point->fid - spread), x, y_of(drawing, point->fid + spread), colour, 1.5);
	paint_bar(drawing->cairo, x - DOT, y - DOT, 2 * DOT, 2 * DOT, colour);
}

static bool is_free(const struct drawing *drawing, const struct label *label)
{
	if (label->left < drawing->box.left || label->left + label->width > FIGURE_SIZES_WIDTH)
		return false;
	for (int i = 0; i < drawing->label_count; i++) {
		const struct label *other = &drawing->labels[i];
		if (label->left < other->left + other->width && other->left < label->left + label->width &&
		    fabs(label->top - other->top) < LABEL_HEIGHT)
			return false;
	}
	return true;
}

/* Above the line that leads on from its point, right of it, left, above or below; nowhere where all of these are taken: the
 * point stays. */
static void paint_name(struct drawing *drawing, const struct figure_size *point)
{
	const struct paint_style style = {.size = PAINT_TINY, .colour = PAINT_INK, .bold = point->front, .halo = true};
	double width = paint_text_width(drawing->cairo, style, point->name), x = x_of(drawing, point), y = y_of(drawing, point->fid);
	const struct label places[] = {
		{x + LABEL_GAP, y - LABEL_GAP, width}, {x + LABEL_GAP, y, width}, {x - LABEL_GAP - width, y, width},
		{x - width / 2, y - LABEL_HEIGHT, width}, {x - width / 2, y + LABEL_HEIGHT, width},
	};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (is_free(drawing, &places[i])) {
			drawing->labels[drawing->label_count++] = places[i];
			paint_text(drawing->cairo, places[i].left, places[i].top + 4, style, point->name);
			return;
		}
}

static void paint_words(const struct drawing *drawing)
{
	struct text words = {0};
	text_append(&words, drawing->sizes->scores_of, strlen(drawing->sizes->scores_of)); /* may be nothing */
	if (drawing->sizes->left_out)
		text_format(&words, "; %d run%s scored otherwise: not shown", drawing->sizes->left_out, drawing->sizes->left_out == 1 ? "" : "s");
	paint_text(drawing->cairo, LEFT, 34, (struct paint_style){.size = PAINT_TITLE, .colour = PAINT_INK, .bold = true},
	           "Best FID against the size of G");
	paint_text(drawing->cairo, LEFT, FIGURE_SIZES_HEIGHT - 14, (struct paint_style){.size = PAINT_TINY, .colour = PAINT_QUIET},
	           words.bytes);
	text_clear(&words);
}

static void paint(cairo_t *cairo, void *context)
{
	char axis[64];
	const struct figure_sizes *sizes = context;
	struct drawing drawing = {.cairo = cairo, .sizes = sizes, .labels = memory_zeroed((size_t)sizes->count, sizeof *drawing.labels),
		.box = {LEFT, TOP, FIGURE_SIZES_WIDTH - LEFT - RIGHT, FIGURE_SIZES_HEIGHT - TOP - BOTTOM}};
	paint_set_colour(cairo, PAINT_PAPER);
	cairo_paint(cairo);
	choose_scales(&drawing);
	paint_words(&drawing);
	paint_left_scale(cairo, &drawing.box, &drawing.values, "best FID, lower is better");
	snprintf(axis, sizeof axis, "packed weights of G, %s", drawing.unit_name);
	paint_bottom_axis(cairo, &drawing.box, &drawing.bytes, axis);
	paint_front(&drawing);
	for (int i = 0; i < sizes->count; i++)
		paint_point(&drawing, &sizes->points[i]);
	for (int front = 1; front >= 0; front--) /* those of the front first: they are what is looked for */
		for (int i = 0; i < sizes->count; i++)
			if (sizes->points[i].front == front)
				paint_name(&drawing, &sizes->points[i]);
	free(drawing.labels);
}

bool figure_sizes_write_png(struct figure_sizes *sizes, const char *path, struct error *error)
{
	find_front(sizes);
	return paint_write_png(FIGURE_SIZES_WIDTH, FIGURE_SIZES_HEIGHT, paint, sizes, path, error);
}
