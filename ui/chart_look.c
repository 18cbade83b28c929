#include "ui/chart_look.h"

#include <math.h>
#include <stddef.h>

const double chart_smoothings[] = {0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998};
const int chart_smoothing_count = sizeof chart_smoothings / sizeof *chart_smoothings;

enum { ZOOM = 2, PAN = 4 /* a quarter of what is shown */, USUAL_COLUMNS = 60 };
static const double NARROWEST = 1e-5; /* of everything */
static const double MARGIN = 0.5;     /* of the range, read finer at both sides of it: a pan finds it there */

bool chart_look_zoomed(const struct chart_look *look) { return look->last > look->first; }

double chart_look_smoothing(const struct chart_look *look) { return look ? chart_smoothings[look->smoothing] : 0; }

static double shown_first(const struct chart_look *look) { return chart_look_zoomed(look) ? look->first : look->data_first; }
static double shown_last(const struct chart_look *look) { return chart_look_zoomed(look) ? look->last : look->data_last; }

/* ---- the range */

static void fit(struct chart_look *look)
{
	look->first = look->last = 0;
	look->follows = false;
}

/* A range inside of all there is; one as wide as that is no range. At the newest end it follows. */
static void set_range(struct chart_look *look, double first, double width)
{
	double all = look->data_last - look->data_first;
	width = fmax(width, all * NARROWEST);
	if (!(all > 0) || width >= all * (1 - 1e-9)) {
		fit(look);
		return;
	}
	first = fmax(look->data_first, fmin(first, look->data_last - width));
	look->first = first;
	look->last = first + width;
	look->follows = look->last >= look->data_last - all * 1e-9;
}

/* Keeps the place under `centre` where it is. */
static void zoom(struct chart_look *look, double factor, double centre)
{
	double first = shown_first(look), width = shown_last(look) - first;
	set_range(look, centre - (centre - first) * factor, width * factor);
}

/* A key zooms about the cursor, else about the newest end while that is in sight and moves, else about the middle. */
static double zoom_centre(const struct chart_look *look, const struct pointer *pointer)
{
	double first = shown_first(look), last = shown_last(look);
	if (pointer)
		return pointer->at;
	if (look->cursor && look->at >= first && look->at <= last)
		return look->at;
	return look->follows || !chart_look_zoomed(look) ? last : (first + last) / 2;
}

static void pan(struct chart_look *look, int direction)
{
	double width = look->last - look->first;
	if (chart_look_zoomed(look))
		set_range(look, look->first + direction * width / PAN, width);
}

/* ---- the cursor */

static void place_cursor(struct chart_look *look, double at)
{
	double width = look->last - look->first;
	look->at = fmax(look->data_first, fmin(at, look->data_last));
	if (chart_look_zoomed(look) && look->at < look->first)
		set_range(look, look->at, width);
	else if (chart_look_zoomed(look) && look->at > look->last)
		set_range(look, look->at - width, width);
}

static void move_cursor(struct chart_look *look, int direction)
{
	int columns = look->columns > 1 ? look->columns : USUAL_COLUMNS;
	place_cursor(look, look->at + direction * (shown_last(look) - shown_first(look)) / (columns - 1));
}

static void toggle_cursor(struct chart_look *look)
{
	double first = shown_first(look), last = shown_last(look);
	look->cursor = !look->cursor;
	if (look->cursor && !(look->at > first && look->at <= last))
		look->at = last;
}

static void sideways(struct chart_look *look, int direction)
{
	if (look->cursor)
		move_cursor(look, direction);
	else
		pan(look, direction);
}

static void go_to_end(struct chart_look *look, bool newest)
{
	double width = look->last - look->first, end = newest ? look->data_last : look->data_first;
	if (look->cursor)
		place_cursor(look, end);
	else if (chart_look_zoomed(look))
		set_range(look, newest ? end - width : end, width);
}

/* ---- the unit */

static double in_unit(const struct chart_clock *clock, enum chart_unit from, enum chart_unit to, double at)
{
	return chart_clock_at(clock, to, chart_clock_step(clock, from, at));
}

/* The same steps stay in sight. */
static void set_unit(struct chart_look *look, const struct chart_clock *clock, enum chart_unit unit)
{
	double *const places[] = {&look->first, &look->last, &look->at, &look->data_first, &look->data_last};
	bool zoomed = chart_look_zoomed(look);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		*places[i] = in_unit(clock, look->unit, unit, *places[i]);
	if (!zoomed)
		look->first = look->last = 0;
	look->unit = unit;
}

static void next_unit(struct chart_look *look, const struct chart_clock *clock)
{
	enum chart_unit unit = look->unit;
	do
		unit = (unit + 1) % CHART_UNITS;
	while (!chart_clock_knows(clock, unit));
	set_unit(look, clock, unit);
}

/* ---- the mouse */

static void mark(struct chart_look *look, const struct pointer *pointer)
{
	look->marking = true;
	look->mark_from = fmin(pointer->from, pointer->at);
	look->mark_to = fmax(pointer->from, pointer->at);
}

static void take_marked(struct chart_look *look)
{
	if (look->marking && look->mark_to > look->mark_from)
		set_range(look, look->mark_from, look->mark_to - look->mark_from);
	look->marking = false;
}

static bool act_pointer(struct chart_look *look, enum action action, const struct pointer *pointer)
{
	switch ((int)action) {
	case ACTION_CHART_POINT:
		look->cursor = true;
		place_cursor(look, pointer->at);
		break;
	case ACTION_CHART_DRAG: mark(look, pointer); break;
	case ACTION_CHART_DROP: take_marked(look); break;
	default: return false;
	}
	return true;
}

/* ---- all of it */

static void smooth(struct chart_look *look, int more)
{
	int level = look->smoothing + more;
	look->smoothing = level < 0 ? 0 : level < chart_smoothing_count ? level : chart_smoothing_count - 1;
}

bool chart_look_act(struct chart_look *look, const struct chart_clock *clock, enum action action, const struct pointer *pointer)
{
	switch ((int)action) {
	case ACTION_ZOOM_IN: zoom(look, 1.0 / ZOOM, zoom_centre(look, pointer)); break;
	case ACTION_ZOOM_OUT: zoom(look, ZOOM, zoom_centre(look, pointer)); break;
	case ACTION_FIT: fit(look); break;
	case ACTION_LEFT: sideways(look, -1); break;
	case ACTION_RIGHT: sideways(look, 1); break;
	case ACTION_HOME: go_to_end(look, false); break;
	case ACTION_END: go_to_end(look, true); break;
	case ACTION_LOG_SCALE: look->log_scale = !look->log_scale; break;
	case ACTION_SMOOTH_LESS: smooth(look, -1); break;
	case ACTION_SMOOTH_MORE: smooth(look, 1); break;
	case ACTION_CURSOR: toggle_cursor(look); break;
	case ACTION_X_AXIS: next_unit(look, clock); break;
	default: return pointer && act_pointer(look, action, pointer);
	}
	return true;
}

void chart_look_cover_all(struct chart_look *look, const struct chart_span spans[], int count)
{
	if (!chart_clock_knows(count ? spans[0].clock : NULL, look->unit)) {
		fit(look);
		look->cursor = false;
		look->unit = CHART_STEPS;
	}
	look->data_first = INFINITY;
	look->data_last = -INFINITY;
	for (int i = 0; i < count; i++) {
		if (!chart_clock_knows(spans[i].clock, look->unit))
			continue;
		look->data_first = fmin(look->data_first, chart_clock_at(spans[i].clock, look->unit, (double)spans[i].first_step));
		look->data_last = fmax(look->data_last, chart_clock_at(spans[i].clock, look->unit, (double)spans[i].last_step));
	}
	if (!(look->data_last > look->data_first))
		look->data_first = look->data_last = isfinite(look->data_first) ? look->data_first : 0;
	if (chart_look_zoomed(look)) {
		double width = look->last - look->first;
		set_range(look, look->follows ? look->data_last - width : look->first, width);
	}
	look->at = fmax(look->data_first, fmin(look->at, look->data_last));
}

void chart_look_cover(struct chart_look *look, const struct chart_clock *clock, int64_t first_step, int64_t last_step)
{
	chart_look_cover_all(look, &(struct chart_span){clock, first_step, last_step}, 1);
}

bool chart_look_steps(const struct chart_look *look, const struct chart_clock *clock, int64_t *first, int64_t *last)
{
	if (!chart_look_zoomed(look))
		return false;
	double from = chart_clock_step(clock, look->unit, look->first), to = chart_clock_step(clock, look->unit, look->last);
	double margin = MARGIN * (to - from);
	*first = (int64_t)floor(fmax(0, from - margin));
	*last = (int64_t)ceil(to + margin);
	return true;
}
