/* Compiled once per instruction set, with UNIFORM_SET naming it (engine/quant/meson.build). */
#include "engine/quant/uniform_kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/quant/uniform_vectors.h"

#define JOIN_NAMES(a, b) a##b
#define WITH_SUFFIX(name, suffix) JOIN_NAMES(name, suffix)
#define UNIFORM_KERNELS WITH_SUFFIX(uniform_kernels_, UNIFORM_SET)
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

/* Adding 1.5 * 2^23, or 2^52 to a double, rounds a small number to a whole one, halves to even. What is too large for
 * that stays large, and is clipped. */
static const float rounder = 0x1.8p23f;
static const double double_rounder = 0x1.8p52;

/* ---- states ---- */

INLINE double state_of(const struct uniform_grid *grid, double w)
{
	double x = (w - grid->beta) / grid->divisor;
	x = x > 0 ? x : 0;
	x = x < grid->top ? x : grid->top;
	return (x + double_rounder) - double_rounder;
}

/* The limits are applied to the float, which may have become infinite: compilers vectorize it so. */
INLINE float level_of(const struct uniform_grid *grid, double z)
{
	float level = (float)(grid->alpha * z + grid->beta);
	level = level > -FLT_MAX ? level : -FLT_MAX;
	return level < FLT_MAX ? level : FLT_MAX;
}

/* Weights whose states are found at a time; the work around them is on the stack, in the nearest cache. */
enum { BLOCK = 128 };

/* False where a weight is so near the middle of two levels that float arithmetic does not tell. */
INLINE bool find_near_states(const struct uniform_grid *grid, const float *weights, float *states)
{
	const vector beta = all(grid->near_beta), reciprocal = all(grid->reciprocal), top = all(grid->near_top), none = all(0);
	const vector round = all(rounder);
	vector farthest = none;
	for (int i = 0; i < BLOCK; i += WIDTH) {
		vector d = load(weights + i) - beta, z = fused(d, reciprocal, round) - round, off = fused(d, reciprocal, -z);
		vector clipped = smaller(larger(z, none), top);
		farthest = larger(off * off, farthest);
		store(states + i, clipped);
	}
	return !any_above(farthest, all(grid->sure));
}

/* The states of one whole block. */
INLINE void find_states(const struct uniform_grid *grid, const float *restrict weights, float *restrict states)
{
	if (grid->tame && find_near_states(grid, weights, states))
		return;
	for (int i = 0; i < BLOCK; i++)
		states[i] = (float)state_of(grid, weights[i]);
}

/* A short last block is filled up with its first weight. */
INLINE void fill_block(const float *weights, size_t count, float block[BLOCK])
{
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = weights[i < count ? i : 0];
}

/* A grid, with its levels where they are few enough to be looked up in a register. */
struct level_maker {
	struct uniform_grid grid;
	bool looks_up;
	float table[TABLE];
};

INLINE struct level_maker level_maker_of(const struct uniform_grid *grid)
{
	struct level_maker maker = {.grid = *grid, .looks_up = grid->tame && grid->top < TABLE};
	for (int z = 0; maker.looks_up && z <= (int)grid->top; z++)
		maker.table[z] = level_of(grid, z);
	return maker;
}

/* As find_near_states, but the rounder stays on the state, whose last bits then are the place in the table. */
INLINE bool look_up_levels(const struct level_maker *maker, bool few, const float *restrict weights, float *restrict levels)
{
	const struct uniform_grid *grid = &maker->grid;
	const vector beta = all(grid->near_beta), reciprocal = all(grid->reciprocal);
	const vector first = all(rounder), last = all(rounder + grid->near_top);
	vector farthest = all(0);
	for (int i = 0; i < BLOCK; i += WIDTH) {
		vector d = load(weights + i) - beta, z = fused(d, reciprocal, first), off = fused(d, reciprocal, first - z);
		farthest = larger(off * off, farthest);
		store(levels + i, looked_up(maker->table, smaller(larger(z, first), last), few));
	}
	return !any_above(farthest, all(grid->sure));
}

/* The levels of one whole block. */
INLINE void make_levels(const struct level_maker *maker, const float *restrict weights, float *restrict levels)
{
	float states[BLOCK];
	if (maker->looks_up && (maker->grid.top < TABLE / 2 ? look_up_levels(maker, true, weights, levels)
	                                                    : look_up_levels(maker, false, weights, levels)))
		return;
	find_states(&maker->grid, weights, states);
	for (int i = 0; i < BLOCK; i++)
		levels[i] = level_of(&maker->grid, states[i]);
}

static void quantize(const struct uniform_grid *grid, const float *weights, size_t count, float *quantized)
{
	const struct level_maker maker = level_maker_of(grid);
	float rest[BLOCK], levels[BLOCK];
	size_t i = 0;
	for (; i + BLOCK <= count; i += BLOCK)
		make_levels(&maker, weights + i, quantized + i);
	if (i == count)
		return;
	fill_block(weights + i, count - i, rest);
	make_levels(&maker, rest, levels);
	memcpy(quantized + i, levels, (count - i) * sizeof *levels);
}

INLINE void narrow(const float *restrict states, uint8_t *restrict codes)
{
	for (int i = 0; i < BLOCK; i++)
		codes[i] = (uint8_t)(int)states[i];
}

static void encode(const struct uniform_grid *grid, const float *weights, size_t count, uint8_t *codes)
{
	const struct uniform_grid local = *grid;
	float states[BLOCK], rest[BLOCK];
	uint8_t last[BLOCK];
	size_t i = 0;
	for (; i + BLOCK <= count; i += BLOCK) {
		find_states(&local, weights + i, states);
		narrow(states, codes + i);
	}
	if (i == count)
		return;
	fill_block(weights + i, count - i, rest);
	find_states(&local, rest, states);
	narrow(states, last);
	memcpy(codes + i, last, count - i);
}

/* ---- sums in double ---- */

enum { LANES = 64 };

INLINE double lanes_sum(const double *values, int count)
{
	double sum = 0;
	for (int l = 0; l < count; l++)
		sum += values[l];
	return sum;
}

INLINE void lanes_error(double *restrict sums, const float *restrict weights, const float *restrict levels, int count)
{
	for (int l = 0; l < count; l++) {
		double difference = (double)weights[l] - (double)levels[l];
		sums[l] += difference * difference;
	}
}

static double squared_error(const struct uniform_grid *grid, const float *weights, size_t count)
{
	const struct level_maker maker = level_maker_of(grid);
	double sums[BLOCK] = {0};
	float rest[BLOCK], levels[BLOCK];
	size_t i = 0;
	for (; i + BLOCK <= count; i += BLOCK) {
		make_levels(&maker, weights + i, levels);
		lanes_error(sums, weights + i, levels, BLOCK);
	}
	if (i < count) {
		fill_block(weights + i, count - i, rest);
		make_levels(&maker, rest, levels);
		lanes_error(sums, rest, levels, (int)(count - i));
	}
	return lanes_sum(sums, BLOCK);
}

/* Partial results, one a lane. */
struct range_lanes {
	double sum[LANES];
	float min[LANES], max[LANES];
};

INLINE void range_begin(struct range_lanes *lanes, float first)
{
	*lanes = (struct range_lanes){0};
	for (int l = 0; l < LANES; l++)
		lanes->min[l] = lanes->max[l] = first;
}

INLINE void lanes_range(struct range_lanes *restrict lanes, const float *restrict weights, int count)
{
	for (int l = 0; l < count; l++) {
		lanes->sum[l] += (double)weights[l];
		lanes->min[l] = weights[l] < lanes->min[l] ? weights[l] : lanes->min[l];
		lanes->max[l] = weights[l] > lanes->max[l] ? weights[l] : lanes->max[l];
	}
}

INLINE void include(struct uniform_range *range, float min, float max)
{
	range->min = min < range->min ? min : range->min;
	range->max = max > range->max ? max : range->max;
}

static void range(const float *weights, size_t count, struct uniform_range *range)
{
	struct range_lanes lanes;
	range_begin(&lanes, weights[0]);
	size_t i = 0;
	for (; i + LANES <= count; i += LANES)
		lanes_range(&lanes, weights + i, LANES);
	lanes_range(&lanes, weights + i, (int)(count - i));
	*range = (struct uniform_range){.count = count, .min = weights[0], .max = weights[0], .sum = lanes_sum(lanes.sum, LANES)};
	for (int l = 0; l < LANES; l++)
		include(range, lanes.min[l], lanes.max[l]);
}

/* Partial sums, one a lane. */
struct lanes {
	double z[LANES], zz[LANES], r[LANES], rz[LANES], rr[LANES];
};

INLINE void lanes_moments(struct lanes *restrict lanes, const struct uniform_grid *grid, const float *restrict weights, int count)
{
	for (int l = 0; l < count; l++) {
		double z = state_of(grid, weights[l]), r = (weights[l] - grid->beta) - grid->alpha * z;
		lanes->z[l] += z;
		lanes->zz[l] += z * z;
		lanes->r[l] += r;
		lanes->rz[l] += r * z;
		lanes->rr[l] += r * r;
	}
}

static void moments_ref(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments)
{
	const struct uniform_grid local = *grid;
	struct lanes lanes = {0};
	size_t i = 0;
	for (; i + LANES <= count; i += LANES)
		lanes_moments(&lanes, &local, weights + i, LANES);
	lanes_moments(&lanes, &local, weights + i, (int)(count - i));
	*moments = (struct uniform_moments){
		.z = lanes_sum(lanes.z, LANES), .zz = lanes_sum(lanes.zz, LANES), .r = lanes_sum(lanes.r, LANES),
		.rz = lanes_sum(lanes.rz, LANES), .rr = lanes_sum(lanes.rr, LANES), .alpha = grid->alpha, .beta = grid->beta,
	};
}

/* ---- sums in float ---- */

enum {
	NEAR_LANES = 16,
	UNITS = NEAR_LANES / WIDTH, /* registers for one value a lane */
};
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 4")
#endif

struct near_sums {
	vector z[UNITS], zz[UNITS], r[UNITS], rz[UNITS], rr[UNITS];
};

struct near_range {
	vector min[UNITS], max[UNITS];
};

struct near_totals { /* z, zz, r, rz, rr, emptied lane by lane */
	wide_vector z[2 * UNITS], zz[2 * UNITS], r[2 * UNITS], rz[2 * UNITS], rr[2 * UNITS];
};

struct near_line { /* what a step needs to know of the grid */
	vector beta, minus_alpha, reciprocal, first, last; /* first, last: states with the rounder still added */
};

INLINE struct near_line near_line_of(const struct uniform_grid *grid)
{
	return (struct near_line){
		.beta = all(grid->near_beta), .minus_alpha = all(-grid->near_alpha), .reciprocal = all(grid->reciprocal),
		.first = all(rounder), .last = all(rounder + grid->near_top),
	};
}

/* With r the sums fill the registers: what is constant is then read from memory, as compilers would rather spill a sum, which
 * would have to wait for itself. Stage by stage, so that the units do not wait one after the other either. */
INLINE void near_step(struct near_sums *sums, struct near_line *line, bool with_r, const float *weights)
{
	vector d[UNITS], z[UNITS], r[UNITS];
	if (with_r)
		__asm__("" : "+m"(*line));
	UNROLL for (int u = 0; u < UNITS; u++)
		d[u] = load(weights + u * WIDTH) - line->beta;
	UNROLL for (int u = 0; u < UNITS; u++)
		z[u] = smaller(larger(fused(d[u], line->reciprocal, line->first), line->first), line->last) - line->first;
	UNROLL for (int u = 0; u < UNITS; u++)
		r[u] = fused(line->minus_alpha, z[u], d[u]);
	UNROLL for (int u = 0; u < UNITS; u++) {
		sums->z[u] += z[u];
		sums->zz[u] = fused(z[u], z[u], sums->zz[u]);
		if (with_r)
			sums->r[u] += r[u];
		sums->rz[u] = fused(r[u], z[u], sums->rz[u]);
		sums->rr[u] = fused(r[u], r[u], sums->rr[u]);
	}
}

INLINE void near_empty(vector from[UNITS], wide_vector to[2 * UNITS])
{
	UNROLL for (int u = 0; u < UNITS; u++) {
		to[2 * u] += low_half(from[u]);
		to[2 * u + 1] += high_half(from[u]);
		from[u] = all(0);
	}
}

INLINE double near_sum(const wide_vector totals[2 * UNITS])
{
	double lanes[NEAR_LANES];
	memcpy(lanes, totals, sizeof lanes);
	return lanes_sum(lanes, NEAR_LANES);
}

INLINE void near_flush(struct near_sums *sums, struct near_totals *totals, bool with_r)
{
	near_empty(sums->z, totals->z);
	near_empty(sums->zz, totals->zz);
	if (with_r)
		near_empty(sums->r, totals->r);
	near_empty(sums->rz, totals->rz);
	near_empty(sums->rr, totals->rr);
}

INLINE void near_range_begin(struct near_range *range, float first)
{
	for (int u = 0; u < UNITS; u++)
		range->min[u] = range->max[u] = all(first);
}

INLINE void near_range_step(struct near_range *range, const float *weights)
{
	UNROLL for (int u = 0; u < UNITS; u++) {
		vector w = load(weights + u * WIDTH);
		range->min[u] = smaller(w, range->min[u]);
		range->max[u] = larger(w, range->max[u]);
	}
}

/* Of the lanes, and of the last few weights, which did not fill them; a weight is alpha z + beta + r. */
INLINE void near_range_join(const struct near_range *lanes, const float *weights, size_t count, const struct uniform_moments *moments,
                            struct uniform_range *range)
{
	*range = (struct uniform_range){
		.count = count, .min = weights[0], .max = weights[0], .rr = moments->rr,
		.sum = moments->alpha * moments->z + (double)count * moments->beta + moments->r,
	};
	for (int u = 0; u < UNITS; u++)
		for (int l = 0; l < WIDTH; l++)
			include(range, lanes->min[u][l], lanes->max[u][l]);
	for (size_t i = count / NEAR_LANES * NEAR_LANES; i < count; i++)
		include(range, weights[i], weights[i]);
}

/* A weight of beta adds nothing to any sum, so the last lanes are filled up with it. Extremes, which a later look
 * does not want, have a loop of their own, while the weights are in the nearest cache. */
INLINE void near_look(const struct uniform_grid *grid, const float *weights, size_t count, bool first,
                      struct uniform_moments *moments, struct uniform_range *range)
{
	struct near_line line = near_line_of(grid);
	struct near_sums sums = {0};
	struct near_totals totals = {0};
	struct near_range lanes;
	size_t whole = count / NEAR_LANES * NEAR_LANES;
	near_range_begin(&lanes, weights[0]);
	for (size_t i = 0; i < whole;) {
		size_t begin = i, end = whole - i < UNIFORM_FLUSH ? whole : i + UNIFORM_FLUSH;
		for (; i < end; i += NEAR_LANES)
			near_step(&sums, &line, first, weights + i);
		near_flush(&sums, &totals, first);
		for (i = first ? begin : end; i < end; i += NEAR_LANES)
			near_range_step(&lanes, weights + i);
	}
	if (whole < count) {
		float last[NEAR_LANES];
		for (size_t l = 0; l < NEAR_LANES; l++)
			last[l] = whole + l < count ? weights[whole + l] : grid->near_beta;
		near_step(&sums, &line, first, last);
		near_flush(&sums, &totals, first);
	}
	*moments = (struct uniform_moments){
		.z = near_sum(totals.z), .zz = near_sum(totals.zz), .r = near_sum(totals.r), .rz = near_sum(totals.rz),
		.rr = near_sum(totals.rr), .alpha = grid->near_alpha, .beta = grid->near_beta,
	};
	if (first)
		near_range_join(&lanes, weights, count, moments, range);
}

static void near_first_moments(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments,
                               struct uniform_range *range)
{
	near_look(grid, weights, count, true, moments, range);
}

static void near_moments(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments)
{
	near_look(grid, weights, count, false, moments, NULL);
}

extern const struct uniform_kernels UNIFORM_KERNELS;
const struct uniform_kernels UNIFORM_KERNELS = {
	.name = TEXT(UNIFORM_SET), .range = range, .first_moments = near_first_moments, .moments = near_moments,
	.moments_ref = moments_ref,
	.squared_error = squared_error, .quantize = quantize, .encode = encode,
};
