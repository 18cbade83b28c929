#include "ui/widget_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

/* Goes through the buckets of a source: those that begin before the finer ones, the finer ones, those that end after.
 * Buckets that lie across an end of the finer ones count as well: better twice than a gap. */
struct walk {
	const struct plot_source *source;
	enum { WALK_BEFORE, WALK_FINE, WALK_AFTER } stage;
	int next, next_fine;
};

static bool has_detail(const struct plot_source *source) { return source->detail && source->detail->count > 0; }

static bool goes_before(const struct plot_source *source, const struct series_bucket *bucket)
{
	return !has_detail(source) || bucket->first_step < source->detail->buckets[0].first_step;
}

static bool goes_after(const struct plot_source *source, const struct series_bucket *bucket)
{
	const struct series *fine = source->detail;
	return !has_detail(source) || bucket->last_step > fine->buckets[fine->count - 1].last_step;
}

static const struct series_bucket *next_bucket(struct walk *walk)
{
	const struct series *series = walk->source->series, *fine = walk->source->detail;
	if (walk->stage == WALK_BEFORE && walk->next < series->count && goes_before(walk->source, &series->buckets[walk->next]))
		return &series->buckets[walk->next++];
	if (walk->stage == WALK_BEFORE)
		walk->stage = WALK_FINE;
	if (walk->stage == WALK_FINE && has_detail(walk->source) && walk->next_fine < fine->count)
		return &fine->buckets[walk->next_fine++];
	walk->stage = WALK_AFTER;
	while (walk->next < series->count && !goes_after(walk->source, &series->buckets[walk->next]))
		walk->next++;
	return walk->next < series->count ? &series->buckets[walk->next++] : NULL;
}

/* An exponential mean over points; a bucket counts as so many points of its mean. */
struct smoother {
	double past, value, weight;
};

static double smooth(struct smoother *smoother, const struct series_bucket *bucket)
{
	double kept = pow(smoother->past, (double)bucket->points);
	smoother->value = kept * smoother->value + (1 - kept) * series_mean(bucket);
	smoother->weight = kept * smoother->weight + (1 - kept);
	return smoother->value / smoother->weight;
}

static double bucket_at(const struct plot_source *source, enum chart_unit unit, const struct series_bucket *bucket)
{
	return chart_clock_at(source->clock, unit, ((double)bucket->first_step + (double)bucket->last_step) / 2);
}

static void add_bucket(struct plot_column *column, const struct series_bucket *bucket, double smoothed)
{
	column->min = column->points ? fminf(column->min, bucket->min) : bucket->min;
	column->max = column->points ? fmaxf(column->max, bucket->max) : bucket->max;
	column->sum += bucket->sum;
	column->smooth += smoothed * (double)bucket->points;
	column->points += bucket->points;
}

/* A point of the line: its place across (0..1 is in sight), its value, and smoothed. */
struct place {
	double position, value, smooth;
	bool known;
};

/* Where the line from one point to another crosses an edge that has no point of its own. */
static void cross_edge(struct plot_column *edge, double position, const struct place *from, const struct place *to)
{
	if (edge->points || !from->known || !to->known || !(to->position > from->position))
		return;
	double share = (position - from->position) / (to->position - from->position);
	edge->passes = true;
	edge->sum = from->value + share * (to->value - from->value);
	edge->smooth = from->smooth + share * (to->smooth - from->smooth);
}

void plot_gather(const struct plot_source *source, const struct chart_scale *scale, struct plot_column *columns, int count)
{
	const struct series_bucket *bucket;
	struct walk walk = {.source = source};
	struct smoother smoother = {.past = source->smoothing};
	struct place before = {0}, first = {0}, last = {0}, after = {0};
	memset(columns, 0, (size_t)count * sizeof *columns);
	while ((bucket = next_bucket(&walk))) {
		if (bucket->points < 1)
			continue;
		double smoothed = source->smoothing > 0 ? smooth(&smoother, bucket) : 0;
		double position = chart_scale_position(scale, bucket_at(source, scale->unit, bucket));
		struct place place = {position, series_mean(bucket), smoothed, true};
		if (position >= 0 && position <= 1) {
			add_bucket(&columns[(int)lround(position * (count - 1))], bucket, smoothed);
			first = first.known ? first : place;
			last = place;
		} else if (position < 0) {
			before = place;
		} else if (!after.known) {
			after = place;
		}
	}
	cross_edge(&columns[0], 0, &before, first.known ? &first : &after);
	cross_edge(&columns[count - 1], 1, last.known ? &last : &before, &after);
}

const struct series_bucket *plot_nearest(const struct plot_source *source, enum chart_unit unit, double at, double *smoothed)
{
	struct smoother smoother = {.past = source->smoothing};
	const struct series_bucket *bucket, *nearest = NULL;
	double least = INFINITY;
	*smoothed = NAN;
	for (struct walk walk = {.source = source}; (bucket = next_bucket(&walk));) {
		if (bucket->points < 1)
			continue;
		double distance = fabs(bucket_at(source, unit, bucket) - at), value = source->smoothing > 0 ? smooth(&smoother, bucket) : NAN;
		if (distance > least)
			continue;
		least = distance;
		nearest = bucket;
		*smoothed = value;
	}
	return nearest;
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
	const double far = 64.0 * (last + 1); /* a line to there is as good as upright */
	double row = last * (1 - axis_position(values, value));
	return (int)lround(fmax(fmin(row, last + far), -far));
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
	uint8_t *masks; /* where it draws: dots->line or dots->reach */
	int x, y;       /* where it stands */
};

/* Gaps belong to columns, so that they stay put while the curve grows; the extremes in a gap are still drawn. */
static void mark(struct plot_dots *dots, const struct pen *pen)
{
	static const struct { int period; unsigned drawn; } pens[PLOT_PENS] = { /* which columns of a period, bit by bit */
		[PLOT_SOLID] = {1, 0x1}, [PLOT_DOTTED] = {5, 0x7}, [PLOT_DASHED] = {12, 0xFF}, [PLOT_DASH_DOTTED] = {13, 0x63F},
	};
	if (pens[pen->kind].drawn >> pen->x % pens[pen->kind].period & 1)
		set_dot(dots, pen->masks, pen->x, pen->y);
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

static void draw_means(struct plot_dots *dots, const struct plot_column *columns, const struct axis *values, struct pen pen,
	bool smooth)
{
	bool down = false;
	for (int x = 0; x < dots->columns * dots->across; x++) {
		if (!columns[x].points && !columns[x].passes)
			continue;
		double points = columns[x].points ? (double)columns[x].points : 1;
		const double mean = (smooth ? columns[x].smooth : columns[x].sum) / points;
		int y = plot_row(dots, values, mean);
		if (columns[x].points) {
			dots->above[x / dots->across] |= axis_position(values, mean) > 1 + 1e-9;
			dots->below[x / dots->across] |= axis_position(values, mean) < -1e-9;
		}
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

void plot_draw(struct plot_dots *dots, const struct plot_column *columns, const struct axis *values, enum plot_pen pen,
	int side, bool smooth)
{
	for (int cell = 0; side >= 0 && cell < dots->columns; cell++) {
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
	if (smooth)
		draw_means(dots, columns, values, (struct pen){.kind = PLOT_SOLID, .masks = dots->reach}, false);
	draw_means(dots, columns, values, (struct pen){.kind = pen, .masks = dots->line}, smooth);
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
