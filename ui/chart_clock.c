#include "ui/chart_clock.h"

#include <math.h>
#include <stdio.h>

#include "engine/base/text.h"

struct chart_clock chart_clock_of(const struct view *view)
{
	const struct view_before *before = &view->before;
	bool counted = view->run.epochs > 0 && view->run.step > 0;
	struct chart_clock clock = {
		.steps_per_epoch = counted ? (double)view->run.step / view->run.epochs : 0,
		.batch = view->run.batch,
		.own = {[CHART_TIME] = &view->seconds},
	};
	if (!before->known)
		return clock;
	if (view->run.epochs > view->first_epochs && view->run.step > view->first_step) /* its own, not its ancestors' */
		clock.steps_per_epoch = (double)(view->run.step - view->first_step) / (view->run.epochs - view->first_epochs);
	clock.fork_step = before->fork_step;
	clock.past[CHART_EPOCHS] = &before->epochs;
	clock.past[CHART_IMAGES] = &before->images;
	clock.past[CHART_TIME] = &before->seconds;
	return clock;
}

/* NULL: not told so. */
static const struct series *told(const struct series *series) { return series && series->count > 1 ? series : NULL; }

bool chart_clock_knows(const struct chart_clock *clock, enum chart_unit unit)
{
	if (!clock || unit == CHART_STEPS)
		return unit == CHART_STEPS;
	if (told(clock->own[unit]))
		return true;
	return (unit == CHART_EPOCHS && clock->steps_per_epoch > 0) || (unit == CHART_IMAGES && clock->batch > 0);
}

static double middle_step(const struct series_bucket *bucket)
{
	return ((double)bucket->first_step + (double)bucket->last_step) / 2;
}

static double bucket_place(const struct series_bucket *bucket, bool by_step)
{
	return by_step ? middle_step(bucket) : series_mean(bucket);
}

/* Where `from` lies among the buckets by one of the two numbers, the other one there; beyond the ends as between the
 * nearest two. Both rise. */
static double look_up(const struct series *series, double from, bool by_step)
{
	int low = 0, high = series->count - 1;
	while (high - low > 1) {
		int middle = (low + high) / 2;
		if (bucket_place(&series->buckets[middle], by_step) <= from)
			low = middle;
		else
			high = middle;
	}
	const struct series_bucket *before = &series->buckets[low], *after = &series->buckets[high];
	double begin = bucket_place(before, by_step), span = bucket_place(after, by_step) - begin;
	double to_begin = bucket_place(before, !by_step), to_span = bucket_place(after, !by_step) - to_begin;
	return span > 0 ? to_begin + (from - begin) / span * to_span : to_begin;
}

/* As if the run had always trained at its own pace. */
static double own_at(const struct chart_clock *clock, enum chart_unit unit, double step)
{
	const struct series *own = told(clock->own[unit]);
	if (own)
		return look_up(own, step, true);
	return unit == CHART_EPOCHS ? step / clock->steps_per_epoch : step * clock->batch;
}

static double own_step(const struct chart_clock *clock, enum chart_unit unit, double at)
{
	const struct series *own = told(clock->own[unit]);
	if (own)
		return look_up(own, at, false);
	return unit == CHART_EPOCHS ? at * clock->steps_per_epoch : at / clock->batch;
}

double chart_clock_at(const struct chart_clock *clock, enum chart_unit unit, double step)
{
	if (!chart_clock_knows(clock, unit) || unit == CHART_STEPS)
		return step;
	const struct series *past = told(clock->past[unit]);
	double fork = (double)clock->fork_step;
	if (past && step < fork)
		return look_up(past, step, true);
	return own_at(clock, unit, step) + (past ? look_up(past, fork, true) - own_at(clock, unit, fork) : 0);
}

double chart_clock_step(const struct chart_clock *clock, enum chart_unit unit, double at)
{
	if (!chart_clock_knows(clock, unit) || unit == CHART_STEPS)
		return at;
	const struct series *past = told(clock->past[unit]);
	double fork = (double)clock->fork_step, done = past ? look_up(past, fork, true) : 0;
	if (past && at < done)
		return look_up(past, at, false);
	return own_step(clock, unit, at - done + (past ? own_at(clock, unit, fork) : 0));
}

static void name_scale(struct chart_scale *scale, double span)
{
	static const char *const names[CHART_UNITS] = {"steps", "epochs", "images", "seconds"};
	static const struct { double from, divisor; const char *name; } times[] = {
		{3 * 86400.0, 86400, "days"}, {3 * 3600.0, 3600, "hours"}, {3 * 60.0, 60, "minutes"},
	};
	scale->name = names[scale->unit];
	scale->divisor = 1;
	for (size_t i = 0; scale->unit == CHART_TIME && i < sizeof times / sizeof *times; i++)
		if (span >= times[i].from) {
			scale->name = times[i].name;
			scale->divisor = times[i].divisor;
			return;
		}
}

struct chart_scale chart_scale_between(enum chart_unit unit, double first, double last, double intervals)
{
	struct chart_scale scale = {.unit = unit};
	bool whole = unit == CHART_STEPS || unit == CHART_IMAGES;
	name_scale(&scale, last - first);
	scale.axis = axis_between(first / scale.divisor, last / scale.divisor, intervals, whole);
	return scale;
}

bool chart_scale_counts(const struct chart_scale *scale)
{
	return scale->unit == CHART_STEPS || scale->unit == CHART_IMAGES;
}

double chart_scale_position(const struct chart_scale *scale, double at)
{
	return axis_position(&scale->axis, at / scale->divisor);
}

char *chart_scale_label(char *target, size_t size, const struct chart_scale *scale, double tick)
{
	if (chart_scale_counts(scale))
		return axis_step_label(target, size, &scale->axis, tick);
	return axis_label(target, size, &scale->axis, tick);
}

char *chart_scale_value(char *target, size_t size, const struct chart_scale *scale, double at)
{
	if (chart_scale_counts(scale))
		return text_count(target, size, (int64_t)llround(at));
	snprintf(target, size, "%.2f", at / scale->divisor);
	return target;
}
