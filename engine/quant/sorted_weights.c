/* Sorted by their bits, eight at a time: floats in rising order are unsigned integers in rising order, once the sign bit
 * of the positive ones and all bits of the negative ones are turned over. Every round counts and moves a few pieces side
 * by side; keys keep their order among equal digits, so the result does not depend on the threads. */
#include "engine/quant/sorted_weights.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum {
	DIGIT_BITS = 8,
	DIGITS = 1 << DIGIT_BITS,
	ROUNDS = 4,           /* even: the keys end where they began */
	MOST_PIECES = 16,
	PIECE_WEIGHTS = 8192, /* at least; a multiple of SORTED_STRIDE */
};

struct sorting {
	struct sorted_weights *sorted;
	const float *weights;
	uint32_t *keys, *scratch; /* the keys lie in the memory of the values */
	int round, pieces;
	size_t length;            /* weights a piece; the last one may be shorter */
	size_t starts[MOST_PIECES][DIGITS];       /* counts, then where the next key of that piece and digit goes */
	double sums[MOST_PIECES], squares[MOST_PIECES];
};

static size_t piece_first(const struct sorting *s, int piece) { return (size_t)piece * s->length; }

static size_t piece_end(const struct sorting *s, int piece)
{
	size_t end = piece_first(s, piece) + s->length;
	return end < s->sorted->count ? end : s->sorted->count;
}

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

static void key_task(void *context, int piece)
{
	struct sorting *s = context;
	for (size_t i = piece_first(s, piece), end = piece_end(s, piece); i < end; i++)
		s->keys[i] = key_of(s->weights[i]);
}

static void count_task(void *context, int piece)
{
	struct sorting *s = context;
	size_t *counts = s->starts[piece];
	const uint32_t *from = s->round % 2 ? s->scratch : s->keys;
	memset(counts, 0, sizeof s->starts[piece]);
	for (size_t i = piece_first(s, piece), end = piece_end(s, piece); i < end; i++)
		counts[digit_of(from[i], s->round)]++;
}

/* How often each digit occurs becomes where its first key goes. */
static void place_digits(struct sorting *s)
{
	size_t start = 0;
	for (int d = 0; d < DIGITS; d++)
		for (int piece = 0; piece < s->pieces; piece++) {
			size_t count = s->starts[piece][d];
			s->starts[piece][d] = start;
			start += count;
		}
}

static void move_task(void *context, int piece)
{
	struct sorting *s = context;
	size_t *starts = s->starts[piece];
	const uint32_t *from = s->round % 2 ? s->scratch : s->keys;
	uint32_t *to = s->round % 2 ? s->keys : s->scratch;
	for (size_t i = piece_first(s, piece), end = piece_end(s, piece); i < end; i++)
		to[starts[digit_of(from[i], s->round)]++] = from[i];
}

/* Keys become values, each in its place. */
static void value_task(void *context, int piece)
{
	struct sorting *s = context;
	for (size_t i = piece_first(s, piece), end = piece_end(s, piece); i < end; i++)
		s->sorted->values[i] = value_of(s->keys[i]);
}

/* The running sums of a piece, from 0. */
static void sum_task(void *context, int piece)
{
	struct sorting *s = context;
	struct sorted_weights *sorted = s->sorted;
	double sum = 0, squares = 0;
	for (size_t i = piece_first(s, piece), end = piece_end(s, piece); i < end; i++) {
		double d = sorted->values[i] - sorted->centre;
		if (i % SORTED_STRIDE == 0) {
			sorted->sums[i / SORTED_STRIDE] = sum;
			sorted->squares[i / SORTED_STRIDE] = squares;
		}
		sum += d;
		squares += d * d;
	}
	s->sums[piece] = sum;
	s->squares[piece] = squares;
}

/* What the pieces before add to each running sum; one more stands behind the last weight where a stride ends there. */
static void join_sums(struct sorting *s)
{
	struct sorted_weights *sorted = s->sorted;
	double sum = 0, squares = 0;
	for (int piece = 0; piece < s->pieces; piece++) {
		size_t end = (piece_end(s, piece) + SORTED_STRIDE - 1) / SORTED_STRIDE;
		for (size_t i = piece_first(s, piece) / SORTED_STRIDE; i < end; i++) {
			sorted->sums[i] += sum;
			sorted->squares[i] += squares;
		}
		sum += s->sums[piece];
		squares += s->squares[piece];
	}
	if (sorted->count % SORTED_STRIDE == 0) {
		sorted->sums[sorted->count / SORTED_STRIDE] = sum;
		sorted->squares[sorted->count / SORTED_STRIDE] = squares;
	}
}

static void sort(struct sorting *s, struct parallel *parallel)
{
	struct sorted_weights *sorted = s->sorted;
	parallel_run(parallel, key_task, s, s->pieces);
	for (s->round = 0; s->round < ROUNDS; s->round++) {
		parallel_run(parallel, count_task, s, s->pieces);
		place_digits(s);
		parallel_run(parallel, move_task, s, s->pieces);
	}
	parallel_run(parallel, value_task, s, s->pieces);
	sorted->centre = sorted->values[sorted->count / 2];
	parallel_run(parallel, sum_task, s, s->pieces);
	join_sums(s);
}

bool sorted_weights_make(struct sorted_weights *sorted, struct parallel *parallel, const float *weights, size_t count,
                         struct error *error)
{
	struct sorting sorting = {.sorted = sorted, .weights = weights};
	*sorted = (struct sorted_weights){.count = count};
	sorting.length = (count / MOST_PIECES / PIECE_WEIGHTS + 1) * PIECE_WEIGHTS;
	sorting.pieces = (int)((count + sorting.length - 1) / sorting.length);
	sorting.scratch = memory_try_bytes(count * sizeof *sorting.scratch, "a sorted copy of the weights", error);
	sorted->values = sorting.scratch ? memory_try_floats(count, "a sorted copy of the weights", error) : NULL;
	if (sorted->values)
		sorted->sums = memory_try_bytes(2 * (count / SORTED_STRIDE + 1) * sizeof(double), "sums of the weights", error);
	if (sorted->sums) {
		sorted->squares = sorted->sums + count / SORTED_STRIDE + 1;
		sorting.keys = (void *)sorted->values;
		sort(&sorting, parallel);
	}
	free(sorting.scratch);
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
