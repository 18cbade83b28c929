#include "app/figure_bits.h"

#include <math.h>
#include <stdio.h>

#include "app/figure_paint.h"

enum { LEFT = 96, RIGHT = 120, TOP = 56, BOTTOM = 62, END_LABEL_HEIGHT = 15 };

struct drawing {
	cairo_t *cairo;
	const struct figure_bits *figure;
	struct paint_box box;
	struct axis bits, values;
};

static struct axis choose_values(const struct figure_bits *figure)
{
	double low = figure->baseline, high = figure->baseline;
	for (int l = 0; l < figure->count; l++)
		for (int p = 0; p < figure->lines[l].count; p++) {
			double value = figure->lines[l].points[p].value, spread = figure->lines[l].points[p].spread;
			double room = isfinite(spread) ? spread : 0;
			low = fmin(low, value - room); /* NaN loses */
			high = fmax(high, value + room);
		}
	if (!isfinite(low))
		return axis_between(0, 1, 5, false);
	return figure->log_scale && low > 0 ? axis_for_magnitudes(low, high, 6) : axis_for_values(low, high, 6);
}

static struct axis choose_bits(const struct figure_bits *figure)
{
	int most = 4;
	for (int l = 0; l < figure->count; l++)
		for (int p = 0; p < figure->lines[l].count; p++)
			most = figure->lines[l].points[p].bits > most ? figure->lines[l].points[p].bits : most;
	return axis_between(0.5, most + 0.5, most, true);
}

/* As the charts of curves: told apart by every kind of eye. */
static void choose_pen(cairo_t *cairo, int line)
{
	static const double colours[][3] = {
		{0, 0.447, 0.698}, {0.835, 0.369, 0}, {0, 0.62, 0.451}, {0.8, 0.475, 0.655}, {0.902, 0.624, 0}, {0.35, 0.35, 0.35},
	};
	static const double dashes[][2] = {{0, 0}, {7, 4}, {2, 3}, {9, 3}};
	const double *colour = colours[line % 6];
	cairo_set_source_rgb(cairo, colour[0], colour[1], colour[2]);
	cairo_set_dash(cairo, dashes[line % 4], line % 4 ? 2 : 0, 0);
}

static double x_of(const struct drawing *drawing, double bits)
{
	return drawing->box.left + axis_position(&drawing->bits, bits) * drawing->box.width;
}

static double y_of(const struct drawing *drawing, double value)
{
	return paint_bottom(&drawing->box) - axis_position(&drawing->values, value) * drawing->box.height;
}

static void paint_points(struct drawing *drawing, const struct figure_bits_line *line)
{
	cairo_t *cairo = drawing->cairo;
	cairo_set_dash(cairo, NULL, 0, 0);
	for (int p = 0; p < line->count; p++) {
		double x = x_of(drawing, line->points[p].bits), value = line->points[p].value, spread = line->points[p].spread;
		cairo_rectangle(cairo, x - 3, y_of(drawing, value) - 3, 6, 6);
		cairo_fill(cairo);
		double low = value - spread > 0 || !drawing->values.logarithmic ? value - spread : drawing->values.low;
		if (isfinite(spread)) {
			cairo_move_to(cairo, x, y_of(drawing, low));
			cairo_line_to(cairo, x, y_of(drawing, value + spread));
			cairo_stroke(cairo);
		}
	}
}

static void paint_curve(struct drawing *drawing, int index)
{
	const struct figure_bits_line *line = &drawing->figure->lines[index];
	choose_pen(drawing->cairo, index);
	cairo_new_path(drawing->cairo); /* words leave a point behind them */
	cairo_set_line_width(drawing->cairo, 2);
	for (int p = 0; p < line->count; p++)
		cairo_line_to(drawing->cairo, x_of(drawing, line->points[p].bits), y_of(drawing, line->points[p].value));
	cairo_stroke(drawing->cairo);
	paint_points(drawing, line);
}

/* Names at the ends of the lines; one that would lie on another moves down. */
static void paint_names(struct drawing *drawing)
{
	double taken[FIGURE_BITS_LINES];
	int count = 0;
	for (int l = 0; l < drawing->figure->count; l++) {
		const struct figure_bits_line *line = &drawing->figure->lines[l];
		if (!line->count)
			continue;
		double y = y_of(drawing, line->points[line->count - 1].value) + 4;
		for (int t = 0; t < count; t++)
			if (fabs(taken[t] - y) < END_LABEL_HEIGHT) {
				y = taken[t] + END_LABEL_HEIGHT;
				t = -1;
			}
		taken[count++] = y;
		paint_text(drawing->cairo, x_of(drawing, line->points[line->count - 1].bits) + 10, y,
		           (struct paint_style){.colour = PAINT_INK, .halo = true}, line->name);
	}
}

static void paint(cairo_t *cairo, void *context)
{
	const struct figure_bits *figure = context;
	struct drawing drawing = {
		.cairo = cairo, .figure = figure, .bits = choose_bits(figure), .values = choose_values(figure),
		.box = {LEFT, TOP, FIGURE_BITS_WIDTH - LEFT - RIGHT, FIGURE_BITS_HEIGHT - TOP - BOTTOM},
	};
	paint_set_colour(cairo, PAINT_PAPER);
	cairo_paint(cairo);
	paint_text(cairo, LEFT, TOP - 24, (struct paint_style){.size = PAINT_TITLE, .colour = PAINT_INK, .bold = true}, figure->title);
	paint_left_scale(cairo, &drawing.box, &drawing.values, figure->axis);
	paint_bottom_scale(cairo, &drawing.box, &drawing.bits, "bits a weight");
	if (isfinite(figure->baseline)) {
		double y = y_of(&drawing, figure->baseline);
		paint_dashes(cairo, LEFT, y, paint_right(&drawing.box), y, PAINT_QUIET);
		paint_text(cairo, LEFT + 8, y - 5, (struct paint_style){.size = PAINT_TINY, .colour = PAINT_QUIET, .halo = true}, "float");
	}
	for (int l = 0; l < figure->count; l++)
		paint_curve(&drawing, l);
	paint_names(&drawing);
}

bool figure_bits_write_png(const struct figure_bits *figure, const char *path, struct error *error)
{
	return paint_write_png(FIGURE_BITS_WIDTH, FIGURE_BITS_HEIGHT, paint, (void *)figure, path, error);
}
