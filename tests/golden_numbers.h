/* The generator that the golden values were computed from (golden_numbers.py), and comparison of float arrays. */
#ifndef QGAN_TESTS_GOLDEN_NUMBERS_H
#define QGAN_TESTS_GOLDEN_NUMBERS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct numbers {
	uint64_t state;
};

static inline float numbers_next(struct numbers *numbers, double scale, double shift)
{
	numbers->state = (numbers->state * 1103515245 + 12345) % 2147483648u;
	return (float)(((double)numbers->state / 2147483648.0 - 0.5) * 2 * scale + shift);
}

static inline void numbers_fill(struct numbers *numbers, float *values, size_t count, double scale, double shift)
{
	for (size_t i = 0; i < count; i++)
		values[i] = numbers_next(numbers, scale, shift);
}

/* Largest |a - b|, as a share of the largest |b|. */
static inline double difference(const float *a, const float *b, size_t count)
{
	double largest = 0, scale = 0;
	for (size_t i = 0; i < count; i++) {
		double apart = fabs((double)a[i] - b[i]);
		largest = apart > largest || isnan(apart) ? apart : largest;
		scale = fmax(scale, fabs(b[i]));
	}
	return largest / fmax(scale, 1e-30);
}

/* For assert_true: says by how much the arrays differ when it is too much. */
static inline int close_to(const float *a, const float *b, size_t count, double tolerance, const char *what)
{
	double apart = difference(a, b, count);
	if (apart <= tolerance)
		return 1;
	fprintf(stderr, "%s: differs by %.3g of the largest value, at most %.3g is allowed\n", what, apart, tolerance);
	return 0;
}

#endif
