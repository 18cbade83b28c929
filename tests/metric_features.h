/* Features as tests/make_golden_metrics.py makes them, and how tests compare scores. */
#ifndef QGAN_TESTS_METRIC_FEATURES_H
#define QGAN_TESTS_METRIC_FEATURES_H

#include <stdlib.h>

#include "engine/metric/moments.h"
#include "tests/golden_numbers.h"

/* [count][dimensions], to be freed: neighbours depend on each other, spreads and means differ. */
static inline float *make_features(uint64_t seed, size_t count, size_t dimensions, double spread, double shift)
{
	struct numbers numbers = {seed};
	float *values = malloc(count * dimensions * sizeof *values);
	if (!values)
		abort();
	for (size_t row = 0; row < count; row++) {
		double last = 0;
		for (size_t i = 0; i < dimensions; i++) {
			numbers_next(&numbers, 1, 0);
			last = ((double)numbers.state / 2147483648.0 - 0.5) * 2 + 0.5 * last;
			values[row * dimensions + i] = (float)(last * (spread * (double)(1 + i % 5)) + shift * (double)i);
		}
	}
	return values;
}

static inline struct metric_statistics statistics_of(const float *values, size_t count, size_t dimensions)
{
	struct metric_moments moments;
	struct metric_statistics statistics;
	if (!metric_moments_init(&moments, dimensions, "features", NULL) ||
	    !metric_moments_add_floats(&moments, NULL, values, count, NULL) ||
	    !metric_moments_finish(&moments, NULL, &statistics, NULL))
		abort();
	metric_moments_clear(&moments);
	return statistics;
}

/* For assert_true: says by how much a value is off when it is too much. */
static inline int near(double value, double expected, double tolerance)
{
	if (fabs(value - expected) <= tolerance)
		return 1;
	fprintf(stderr, "%.17g is not within %.3g of %.17g\n", value, tolerance, expected);
	return 0;
}

static inline int nearly_equal(double value, double expected, double share) { return near(value, expected, share * fabs(expected)); }

#endif
