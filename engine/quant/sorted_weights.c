/* Sorted by their bits, eleven at a time: floats in rising order are unsigned integers in rising order, once the sign bit
 * of the positive ones and all bits of the negative ones are turned over. */
#include "engine/quant/sorted_weights.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, ROUNDS = 3 };

static inline uint32_t key_of(float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static inline float value_of(uint32_t key)
{
	uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
	float value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static inline uint32_t digit_of(uint32_t key, int round) { return key >> (round * DIGIT_BITS) & (DIGITS - 1); }

static void sort_round(const uint32_t *from, uint32_t *to, size_t count, int round, size_t starts[DIGITS])
{
	for (size_t i = 0; i < count; i++)
		to[starts[digit_of(from[i], round)]++] = from[i];
}

/* How often each digit occurs becomes where its first key goes. */
static void starts_of_digits(size_t counts[DIGITS])
{
	size_t start = 0;
	for (int d = 0; d < DIGITS; d++) {
		size_t count = counts[d];
		counts[d] = start;
		start += count;
	}
}

/* The keys stand first where the values stand last; the number of rounds is odd. */
static void sort_into(void *values, uint32_t *scratch, const float *weights, size_t count)
{
	size_t counts[ROUNDS][DIGITS] = {{0}};
	uint32_t *keys = values;
	for (size_t i = 0; i < count; i++) {
		uint32_t key = keys[i] = key_of(weights[i]);
		for (int round = 0; round < ROUNDS; round++)
			counts[round][digit_of(key, round)]++;
	}
	for (int round = 0; round < ROUNDS; round++) {
		starts_of_digits(counts[round]);
		if (round % 2 == 0)
			sort_round(keys, scratch, count, round, counts[round]);
		else
			sort_round(scratch, keys, count, round, counts[round]);
	}
	float *sorted = values;
	for (size_t i = 0; i < count; i++)
		sorted[i] = value_of(scratch[i]);
}

static void fill_sums(struct sorted_weights *sorted)
{
	double sum = 0, squares = 0;
	for (size_t i = 0; i < sorted->count; i++) {
		double d = sorted->values[i] - sorted->centre;
		if (i % SORTED_STRIDE == 0) {
			sorted->sums[i / SORTED_STRIDE] = sum;
			sorted->squares[i / SORTED_STRIDE] = squares;
		}
		sum += d;
		squares += d * d;
	}
	if (sorted->count % SORTED_STRIDE == 0) {
		sorted->sums[sorted->count / SORTED_STRIDE] = sum;
		sorted->squares[sorted->count / SORTED_STRIDE] = squares;
	}
}

bool sorted_weights_make(struct sorted_weights *sorted, struct parallel *parallel, const float *weights, size_t count,
                         struct error *error)
{
	(void)parallel;
	*sorted = (struct sorted_weights){.count = count};
	uint32_t *scratch = memory_try_bytes(count * sizeof *scratch, "a sorted copy of the weights", error);
	sorted->values = scratch ? memory_try_floats(count, "a sorted copy of the weights", error) : NULL;
	if (sorted->values)
		sorted->sums = memory_try_bytes(2 * (count / SORTED_STRIDE + 1) * sizeof(double), "sums of the weights", error);
	if (sorted->sums) {
		sorted->squares = sorted->sums + count / SORTED_STRIDE + 1;
		sort_into(sorted->values, scratch, weights, count);
		sorted->centre = sorted->values[count / 2];
		fill_sums(sorted);
	}
	free(scratch);
	return sorted->sums != NULL;
}

void sorted_weights_clear(struct sorted_weights *sorted)
{
	free(sorted->values);
	free(sorted->sums);
	*sorted = (struct sorted_weights){0};
}

size_t sorted_weights_find(const struct sorted_weights *sorted, size_t first, double value, bool equal_too)
{
	const float *values = sorted->values + first;
	size_t left = sorted->count - first;
	while (left > 0) {
		size_t half = left / 2;
		bool before = equal_too ? values[half] < value : values[half] <= value;
		values = before ? values + half + 1 : values;
		left = before ? left - half - 1 : half;
	}
	return (size_t)(values - sorted->values);
}

double sorted_weights_sum(const struct sorted_weights *sorted, size_t end)
{
	size_t i = end / SORTED_STRIDE;
	double sum = sorted->sums[i];
	for (i *= SORTED_STRIDE; i < end; i++)
		sum += sorted->values[i] - sorted->centre;
	return sum;
}

double sorted_weights_squares(const struct sorted_weights *sorted, size_t end)
{
	size_t i = end / SORTED_STRIDE;
	double sum = sorted->squares[i];
	for (i *= SORTED_STRIDE; i < end; i++)
		sum += (sorted->values[i] - sorted->centre) * (sorted->values[i] - sorted->centre);
	return sum;
}
