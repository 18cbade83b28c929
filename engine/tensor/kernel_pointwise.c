/* Value by value and channel by channel, compiled once per instruction set (kernel.h). Plain loops that the compiler
 * turns into vectors; what stands in its way (calls, branches, possible overlap) is kept out of them. */
#include "engine/tensor/kernel_variant.h"

#include <math.h>
#include <stdint.h>

#define POINTWISE OF_KERNEL(kernel_pointwise_)

/* Promises that no pass of the loop reads what another one writes: true, because in and out are the same or apart. */
#ifdef __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

static inline float leaky_of(float x, float slope) { return x > 0 ? x : slope * x; }

/* exp x for -87 <= x <= 87: x = n ln 2 + r with |r| <= ln 2 / 2, Taylor's series of e^r up to r^7 (5e-9), and n added to
 * the exponent. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. */
static inline float exp_of(float x)
{
	const float round = 12582912.0f;
	union { float value; uint32_t bits; } shifted = {x * 1.44269504f + round}, result;
	float n = shifted.value - round, r = (x - n * 0.693359375f) + n * 2.12194440e-4f; /* ln 2 in two parts */
	float p = 1 / 5040.0f;
	p = p * r + 1 / 720.0f;
	p = p * r + 1 / 120.0f;
	p = p * r + 1 / 24.0f;
	p = p * r + 1 / 6.0f;
	p = p * r + 0.5f;
	p = p * r + 1;
	p = p * r + 1;
	result.value = p;
	result.bits += shifted.bits << 23;
	return result.value;
}

static inline float clamped(float x, float limit)
{
	x = x > limit ? limit : x;
	return x < -limit ? -limit : x;
}

static inline float tanh_of(float x)
{
	float y = 1 - 2 / (exp_of(2 * clamped(x, 20)) + 1);
	return x == x ? y : x; /* NaN stays */
}

static inline float sigmoid_of(float x)
{
	float y = 1 / (1 + exp_of(-clamped(x, 87)));
	return x == x ? y : x;
}

static void leaky(size_t count, float slope, const float *x, float *y)
{
	INDEPENDENT for (size_t i = 0; i < count; i++)
		y[i] = leaky_of(x[i], slope);
}

static void leaky_backward(size_t count, float slope, const float *y, const float *dy, float *dx)
{
	INDEPENDENT for (size_t i = 0; i < count; i++)
		dx[i] = y[i] > 0 ? dy[i] : slope * dy[i];
}

static void tanh_run(size_t count, const float *x, float *y)
{
	INDEPENDENT for (size_t i = 0; i < count; i++)
		y[i] = tanh_of(x[i]);
}

static void tanh_backward(size_t count, const float *y, const float *dy, float *dx)
{
	INDEPENDENT for (size_t i = 0; i < count; i++)
		dx[i] = dy[i] * (1 - y[i] * y[i]);
}

static void sigmoid(size_t count, const float *x, float *y)
{
	INDEPENDENT for (size_t i = 0; i < count; i++)
		y[i] = sigmoid_of(x[i]);
}

static void sigmoid_backward(size_t count, const float *y, const float *dy, float *dx)
{
	INDEPENDENT for (size_t i = 0; i < count; i++)
		dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

static void adam(size_t count, const struct adam_rates *rates, float *weights, const float *gradients, float *first, float *second)
{
	const struct adam_rates r = *rates;
	INDEPENDENT for (size_t i = 0; i < count; i++) {
		float g = gradients[i];
		float m = r.beta1 * first[i] + r.rest1 * g, v = r.beta2 * second[i] + r.rest2 * (g * g);
		first[i] = m;
		second[i] = v;
		weights[i] -= r.step_size * m / (sqrtf(v) * r.root_scale + r.epsilon);
	}
}

static void sgd(size_t count, float learning_rate, float momentum, float *weights, const float *gradients, float *velocity)
{
	if (momentum == 0) {
		INDEPENDENT for (size_t i = 0; i < count; i++)
			weights[i] -= learning_rate * gradients[i];
		return;
	}
	INDEPENDENT for (size_t i = 0; i < count; i++) {
		velocity[i] = momentum * velocity[i] + gradients[i];
		weights[i] -= learning_rate * velocity[i];
	}
}

/* Sixteen sums side by side: one would have to wait for itself. */
static double sum_of_squares(size_t count, const float *values)
{
	double sums[16] = {0}, total = 0;
	size_t i = 0;
	for (; i + 16 <= count; i += 16) {
		for (int j = 0; j < 16; j++)
			sums[j] += (double)values[i + (size_t)j] * (double)values[i + (size_t)j];
	}
	for (; i < count; i++)
		total += (double)values[i] * (double)values[i];
	for (int j = 0; j < 16; j++)
		total += sums[j];
	return total;
}

/* ---- pairs of bf16 ---- */

static inline uint32_t bits_of(float x) { return (union { float value; uint32_t bits; }){x}.bits; }
static inline float float_of(uint32_t bits) { return (union { uint32_t bits; float value; }){bits}.value; }

/* The float of the nearest bf16, ties to even; NaN stays one. */
static inline uint32_t rounded(float x)
{
	const uint32_t bits = bits_of(x), nearest = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
	return x == x ? nearest : bits | 0x00400000;
}

static inline uint32_t part_of(float x, int part)
{
	const uint32_t first = rounded(x);
	return part ? rounded(x - float_of(first)) : first;
}

ALWAYS_INLINE void zip_part(size_t rows, size_t count, int part, const float *values, size_t step, uint32_t *restrict pairs,
                            size_t pairs_step)
{
	size_t row = 0;
	for (; row + 2 <= rows; row += 2, values += 2 * step, pairs += pairs_step) {
		for (size_t i = 0; i < count; i++)
			pairs[i] = part_of(values[i], part) >> 16 | (part_of(values[step + i], part) & 0xffff0000);
	}
	for (size_t i = 0; row < rows && i < count; i++)
		pairs[i] = part_of(values[i], part) >> 16;
}

ALWAYS_INLINE void join_part(size_t rows, size_t count, int part, const float *values, size_t step, uint32_t *restrict pairs,
                             size_t pairs_step)
{
	for (size_t row = 0; row < rows; row++, values += step, pairs += pairs_step) {
		for (size_t i = 0; i < count / 2; i++)
			pairs[i] = part_of(values[2 * i], part) >> 16 | (part_of(values[2 * i + 1], part) & 0xffff0000);
		if (count % 2)
			pairs[count / 2] = part_of(values[count - 1], part) >> 16;
	}
}

/* A part that the compiler knows is one loop without a choice in it. */
static void zip_rows(size_t rows, size_t count, int part, const float *values, size_t step, float *pairs, size_t pairs_step)
{
	if (part)
		zip_part(rows, count, 1, values, step, (uint32_t *)pairs, pairs_step);
	else
		zip_part(rows, count, 0, values, step, (uint32_t *)pairs, pairs_step);
}

static void join_rows(size_t rows, size_t count, int part, const float *values, size_t step, float *pairs, size_t pairs_step)
{
	if (part)
		join_part(rows, count, 1, values, step, (uint32_t *)pairs, pairs_step);
	else
		join_part(rows, count, 0, values, step, (uint32_t *)pairs, pairs_step);
}

/* ---- sums of matrices ---- */

/* Row `row` of so many terms, a constant: each copy is one loop without a choice in it. */
static inline __attribute__((always_inline)) void sum_row(size_t columns, const int terms, const struct kernel_term *term,
                                                          ptrdiff_t row, float *to)
{
	const float *x[KERNEL_MOST_TERMS];
	float factor[KERNEL_MOST_TERMS];
	UNROLL for (int t = 0; t < terms; t++) {
		x[t] = term[t].values + row * term[t].step;
		factor[t] = term[t].factor;
	}
	INDEPENDENT for (size_t i = 0; i < columns; i++) {
		float sum = factor[0] * x[0][i];
		UNROLL for (int t = 1; t < terms; t++)
			sum += factor[t] * x[t][i];
		to[i] = sum;
	}
}

/* Rows of a panel are short and many. */
static inline __attribute__((always_inline)) void sum_rows(size_t rows, size_t columns, const int terms, const struct kernel_term *term,
                                                           float *to, ptrdiff_t to_step)
{
	for (ptrdiff_t r = 0; r < (ptrdiff_t)rows; r++, to += to_step) {
		if (columns == 32)
			sum_row(32, terms, term, r, to);
		else if (columns == 16)
			sum_row(16, terms, term, r, to);
		else
			sum_row(columns, terms, term, r, to);
	}
}

static void sum_terms(size_t rows, size_t columns, int terms, const struct kernel_term *term, float *to, ptrdiff_t to_step)
{
	switch (terms) {
	case 1: sum_rows(rows, columns, 1, term, to, to_step); break;
	case 2: sum_rows(rows, columns, 2, term, to, to_step); break;
	case 3: sum_rows(rows, columns, 3, term, to, to_step); break;
	case 4: sum_rows(rows, columns, 4, term, to, to_step); break;
	case 6: sum_rows(rows, columns, 6, term, to, to_step); break;
	default: sum_rows(rows, columns, 9, term, to, to_step);
	}
}

static inline __attribute__((always_inline)) void sum_pairs_of(size_t count, const int terms, const struct kernel_term *term, float *to)
{
	const uint32_t *x[KERNEL_MOST_TERMS];
	float factor[KERNEL_MOST_TERMS];
	uint32_t *pairs = (uint32_t *)to;
	UNROLL for (int t = 0; t < terms; t++) {
		x[t] = (const uint32_t *)term[t].values;
		factor[t] = term[t].factor;
	}
	INDEPENDENT for (size_t i = 0; i < count; i++) {
		float low = factor[0] * float_of(x[0][i] << 16), high = factor[0] * float_of(x[0][i] & 0xffff0000);
		UNROLL for (int t = 1; t < terms; t++) {
			low += factor[t] * float_of(x[t][i] << 16);
			high += factor[t] * float_of(x[t][i] & 0xffff0000);
		}
		pairs[i] = rounded(low) >> 16 | (rounded(high) & 0xffff0000);
	}
}

static void sum_pairs(size_t count, int terms, const struct kernel_term *term, float *to)
{
	switch (terms) {
	case 1: sum_pairs_of(count, 1, term, to); break;
	case 2: sum_pairs_of(count, 2, term, to); break;
	default: sum_pairs_of(count, 4, term, to);
	}
}

/* ---- channel by channel ---- */

/* Four rows at a time, so that the sums are loaded and stored a quarter as often. */
static void channel_sums(size_t rows, int channels, const float *x, double *restrict sum, double *restrict squares)
{
	size_t row = 0, step = (size_t)channels;
	for (; row + 4 <= rows; row += 4, x += 4 * step) {
		for (size_t c = 0; c < step; c++) {
			double p = x[c], q = x[c + step], r = x[c + 2 * step], s = x[c + 3 * step];
			sum[c] += (p + q) + (r + s);
			squares[c] += (p * p + q * q) + (r * r + s * s);
		}
	}
	for (; row < rows; row++, x += step) {
		for (size_t c = 0; c < step; c++) {
			double p = x[c];
			sum[c] += p;
			squares[c] += p * p;
		}
	}
}

static void channel_map(size_t rows, int channels, const struct channel_map *map, const float *x, float *y)
{
	const float *mean = map->mean, *scale = map->scale, *shift = map->shift, slope = map->slope;
	for (size_t row = 0; row < rows; row++, x += channels, y += channels) {
		INDEPENDENT for (int c = 0; c < channels; c++)
			y[c] = leaky_of((x[c] - mean[c]) * scale[c] + shift[c], slope);
	}
}

/* dy times the rectifier's slope at z. */
static inline float through_leaky(float centred, float scale, float shift, float slope, float dy)
{
	return centred * scale + shift > 0 ? dy : slope * dy;
}

static void channel_products(size_t rows, int channels, const struct channel_map *map, const float *x, const float *dy,
                             double *restrict sum, double *restrict products)
{
	const float *mean = map->mean, *scale = map->scale, *shift = map->shift, slope = map->slope;
	size_t row = 0, step = (size_t)channels;
	for (; row + 2 <= rows; row += 2, x += 2 * step, dy += 2 * step) {
		for (size_t c = 0; c < step; c++) {
			float u = x[c] - mean[c], v = x[c + step] - mean[c];
			double du = through_leaky(u, scale[c], shift[c], slope, dy[c]);
			double dv = through_leaky(v, scale[c], shift[c], slope, dy[c + step]);
			sum[c] += du + dv;
			products[c] += du * u + dv * v;
		}
	}
	for (; row < rows; row++, x += step, dy += step) {
		for (size_t c = 0; c < step; c++) {
			float u = x[c] - mean[c];
			double du = through_leaky(u, scale[c], shift[c], slope, dy[c]);
			sum[c] += du;
			products[c] += du * u;
		}
	}
}

static void channel_backward(size_t rows, int channels, const struct channel_map *map, const float *factor, const float *constant,
                             const float *x, const float *dy, float *dx)
{
	const float *mean = map->mean, *scale = map->scale, *shift = map->shift, slope = map->slope;
	for (size_t row = 0; row < rows; row++, x += channels, dy += channels, dx += channels) {
		INDEPENDENT for (int c = 0; c < channels; c++) {
			float u = x[c] - mean[c];
			dx[c] = scale[c] * through_leaky(u, scale[c], shift[c], slope, dy[c]) + (factor[c] * u + constant[c]);
		}
	}
}

extern const struct kernel_pointwise POINTWISE;
const struct kernel_pointwise POINTWISE = {
	.leaky = leaky,
	.leaky_backward = leaky_backward,
	.tanh = tanh_run,
	.tanh_backward = tanh_backward,
	.sigmoid = sigmoid,
	.sigmoid_backward = sigmoid_backward,
	.adam = adam,
	.sgd = sgd,
	.sum_of_squares = sum_of_squares,
	.zip_rows = zip_rows,
	.join_rows = join_rows,
	.sum_terms = sum_terms,
	.sum_pairs = sum_pairs,
	.channel_sums = channel_sums,
	.channel_map = channel_map,
	.channel_products = channel_products,
	.channel_backward = channel_backward,
};
