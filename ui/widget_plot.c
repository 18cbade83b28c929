#include "ui/widget_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

void plot_gather(const struct series *series, const struct axis *steps, struct plot_column *columns, int count)
{
	memset(columns, 0, (size_t)count * sizeof *columns);
	for (int i = 0; i < series->count; i++) {
		const struct series_bucket *bucket = &series->buckets[i];
		double middle = ((double)bucket->first_step + (double)bucket->last_step) / 2;
		double position = axis_position(steps, middle);
		if (bucket->points < 1 || position < 0 || position > 1)
			continue;
		struct plot_column *column = &columns[(int)lround(position * (count - 1))];
		column->min = column->points ? fminf(column->min, bucket->min) : bucket->min;
		column->max = column->points ? fmaxf(column->max, bucket->max) : bucket->max;
		column->sum += bucket->sum;
		column->points += bucket->points;
	}
}

void plot_init(struct plot_dots *dots, int columns, int rows, bool unicode)
{
	*dots = (struct plot_dots){.columns = columns, .rows = rows, .across = unicode ? 2 : 1, .down = unicode ? 4 : 1};
	size_t cells = (size_t)columns * (size_t)rows;
	dots->line = memory_zeroed(cells, 1);
	dots->reach = memory_zeroed(cells, 1);
	dots->above = memory_zeroed((size_t)columns, sizeof *dots->above);
	dots->below = memory_zeroed((size_t)columns, sizeof *dots->below);
}

void plot_clear(struct plot_dots *dots)
{
	free(dots->line);
	free(dots->reach);
	free(dots->above);
	free(dots->below);
	*dots = (struct plot_dots){0};
}

int plot_row(const struct plot_dots *dots, const struct axis *values, double value)
{
	int last = dots->rows * dots->down - 1;
	double row = last * (1 - axis_position(values, value));
	return (int)lround(fmax(fmin(row, last + 1), -1));
}

static void set_dot(const struct plot_dots *dots, uint8_t *masks, int x, int y)
{
	if (x < 0 || y < 0 || x >= dots->columns * dots->across || y >= dots->rows * dots->down)
		return;
	int cell = y / dots->down * dots->columns + x / dots->across;
	masks[cell] |= (uint8_t)(1u << (y % dots->down * dots->across + x % dots->across));
}

struct pen {
	enum plot_pen kind;
	int x, y; /* where it stands */
};

/* Gaps belong to columns, so that they stay put while the curve grows; the extremes in a gap are still drawn. */
static void mark(struct plot_dots *dots, const struct pen *pen)
{
	static const struct { int period; unsigned drawn; } pens[] = { /* which columns of a period, bit by bit */
		[PLOT_SOLID] = {1, 0x1}, [PLOT_DOTTED] = {5, 0x7}, [PLOT_DASHED] = {12, 0xFF}, [PLOT_DASH_DOTTED] = {13, 0x63F},
	};
	if (pens[pen->kind].drawn >> pen->x % pens[pen->kind].period & 1)
		set_dot(dots, dots->line, pen->x, pen->y);
}

/* Moves the pen to (x, y) in dots, one dot at a time along the longer side. */
static void draw_to(struct plot_dots *dots, struct pen *pen, int x, int y)
{
	int from_x = pen->x, from_y = pen->y, length = abs(x - from_x) > abs(y - from_y) ? abs(x - from_x) : abs(y - from_y);
	for (int i = 1; i <= length; i++) {
		pen->x = from_x + (int)lround((double)(x - from_x) * i / length);
		pen->y = from_y + (int)lround((double)(y - from_y) * i / length);
		mark(dots, pen);
	}
}

static void draw_means(struct plot_dots *dots, const struct plot_column *columns, const struct axis *values, enum plot_pen kind)
{
	struct pen pen = {.kind = kind};
	bool down = false;
	for (int x = 0; x < dots->columns * dots->across; x++) {
		if (!columns[x].points)
			continue;
		int y = plot_row(dots, values, columns[x].sum / (double)columns[x].points);
		if (down) {
			draw_to(dots, &pen, x, y);
		} else {
			pen.x = x;
			pen.y = y;
			mark(dots, &pen);
		}
		down = true;
	}
}

static void draw_reach(struct plot_dots *dots, int cell, float min, float max, const struct axis *values, int side)
{
	int top = plot_row(dots, values, max), bottom = plot_row(dots, values, min);
	int x = cell * dots->across + (side < dots->across ? side : 0);
	set_dot(dots, dots->reach, x, top);
	set_dot(dots, dots->reach, x, bottom);
	dots->above[cell] |= axis_position(values, max) > 1 + 1e-9;
	dots->below[cell] |= axis_position(values, min) < -1e-9;
}

void plot_draw(struct plot_dots *dots, const struct plot_column *columns, const struct axis *values, enum plot_pen pen, int side)
{
	for (int cell = 0; cell < dots->columns; cell++) {
		struct plot_column both = {0};
		for (int x = cell * dots->across; x < (cell + 1) * dots->across; x++) {
			if (!columns[x].points)
				continue;
			both.min = both.points ? fminf(both.min, columns[x].min) : columns[x].min;
			both.max = both.points ? fmaxf(both.max, columns[x].max) : columns[x].max;
			both.points += columns[x].points;
		}
		if (both.points)
			draw_reach(dots, cell, both.min, both.max, values, side);
	}
	draw_means(dots, columns, values, pen);
}

uint32_t plot_character(const struct plot_dots *dots, uint8_t mask, char plain)
{
	/* Braille numbers its dots down the left column, then down the right, with the lowest pair added later. */
	static const uint8_t braille[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
	if (dots->across == 1)
		return (uint32_t)plain;
	uint32_t pattern = 0;
	for (int bit = 0; bit < 8; bit++)
		if (mask >> bit & 1)
			pattern |= braille[bit];
	return 0x2800 + pattern;
}
