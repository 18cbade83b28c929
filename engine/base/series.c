#include "engine/base/series.h"

#include <math.h>
#include <stddef.h>

void series_reset(struct series *series)
{
	series->count = 0;
	series->points_per_bucket = 1;
	series->last = 0;
}

static void merge(struct series_bucket *into, const struct series_bucket *from)
{
	into->last_step = from->last_step;
	into->min = fminf(into->min, from->min);
	into->max = fmaxf(into->max, from->max);
	into->sum += from->sum;
	into->points += from->points;
}

static void halve(struct series *series)
{
	for (int i = 0; i < SERIES_BUCKETS / 2; i++) {
		struct series_bucket joined = series->buckets[2 * i];
		merge(&joined, &series->buckets[2 * i + 1]);
		series->buckets[i] = joined;
	}
	series->count = SERIES_BUCKETS / 2;
	series->points_per_bucket *= 2;
}

void series_append(struct series *series, int64_t step, double value)
{
	if (!isfinite(value))
		return;
	if (series->points_per_bucket < 1)
		series->points_per_bucket = 1;
	struct series_bucket *last = series->count ? &series->buckets[series->count - 1] : NULL;
	if (last && step < last->last_step)
		return;
	series->last = (float)value;
	struct series_bucket point = {step, step, (float)value, (float)value, value, 1};
	if (last && last->points < series->points_per_bucket) {
		merge(last, &point);
		return;
	}
	if (series->count == SERIES_BUCKETS)
		halve(series);
	series->buckets[series->count++] = point;
}

void series_append_bucket(struct series *series, const struct series_bucket *bucket)
{
	if (series->count == SERIES_BUCKETS || bucket->points < 1 || !isfinite(bucket->sum))
		return;
	if (series->points_per_bucket < bucket->points)
		series->points_per_bucket = bucket->points;
	series->last = (float)series_mean(bucket);
	series->buckets[series->count++] = *bucket;
}

bool series_range(const struct series *series, int64_t first_step, int64_t last_step, double *min, double *max)
{
	bool any = false;
	for (int i = 0; i < series->count; i++) {
		const struct series_bucket *bucket = &series->buckets[i];
		if (bucket->last_step < first_step || bucket->first_step > last_step)
			continue;
		*min = any ? fmin(*min, bucket->min) : bucket->min;
		*max = any ? fmax(*max, bucket->max) : bucket->max;
		any = true;
	}
	return any;
}
