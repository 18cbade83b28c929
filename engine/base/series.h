/* A curve of any length in bounded memory, spikes kept: values fall into buckets that remember min, max and mean;
 * when all SERIES_BUCKETS are in use, neighbours merge in pairs and every bucket stands for twice as many points.
 * Plain data, one owner at a time. */
#ifndef QGAN_ENGINE_BASE_SERIES_H
#define QGAN_ENGINE_BASE_SERIES_H

#include <stdbool.h>
#include <stdint.h>

enum { SERIES_BUCKETS = 2048 };

struct series_bucket {
	int64_t first_step, last_step;
	float min, max;
	double sum; /* mean = sum / points */
	int64_t points;
};

struct series {
	int count;                /* buckets in use */
	int64_t points_per_bucket; /* 0 means 1: a zeroed struct is an empty series */
	float last;               /* the newest value, exactly */
	struct series_bucket buckets[SERIES_BUCKETS];
};

void series_reset(struct series *series);

/* Appends a value; steps must not fall (an earlier step is ignored); NaN and Inf are ignored. */
void series_append(struct series *series, int64_t step, double value);

/* Appends what others have summed up; buckets must rise, and when all are in use the rest is left out. */
void series_append_bucket(struct series *series, const struct series_bucket *bucket);

static inline double series_mean(const struct series_bucket *bucket) { return bucket->sum / (double)bucket->points; }

/* Smallest and largest value between two steps (inclusive); false when there is none. */
bool series_range(const struct series *series, int64_t first_step, int64_t last_step, double *min, double *max);

#endif
