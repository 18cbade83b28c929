#include "engine/quant/uniform_kernels.h"

#include <float.h>
#include <math.h>

/* Adding and taking away 1.5 * 2^52 rounds a small double to an integer, halves to even, in every vector unit. */
static const double rounder = 0x1.8p52;

#define INLINE static inline __attribute__((always_inline))

INLINE double state_of(const struct uniform_grid *grid, double w)
{
	double x = (w - grid->beta) / grid->divisor;
	x = x > 0 ? x : 0;
	x = x < grid->top ? x : grid->top;
	return (x + rounder) - rounder;
}

/* The limits are applied to the float, which may have become infinite: compilers vectorize it so. */
INLINE float level_of(const struct uniform_grid *grid, double z)
{
	float level = (float)(grid->alpha * z + grid->beta);
	level = level > -FLT_MAX ? level : -FLT_MAX;
	return level < FLT_MAX ? level : FLT_MAX;
}

double uniform_level(const struct uniform_grid *grid, double z) { return level_of(grid, z); }

/* Partial sums, one a lane. */
struct lanes {
	double z[UNIFORM_LANES], zz[UNIFORM_LANES], d[UNIFORM_LANES], dz[UNIFORM_LANES], dd[UNIFORM_LANES];
	float min[UNIFORM_LANES], max[UNIFORM_LANES];
};

INLINE double lanes_sum(const double values[UNIFORM_LANES])
{
	double sum = 0;
	for (int l = 0; l < UNIFORM_LANES; l++)
		sum += values[l];
	return sum;
}

INLINE void lanes_begin(struct lanes *lanes, float first)
{
	*lanes = (struct lanes){0};
	for (int l = 0; l < UNIFORM_LANES; l++)
		lanes->min[l] = lanes->max[l] = first;
}

INLINE void lanes_join(const struct lanes *lanes, struct uniform_moments *moments)
{
	*moments = (struct uniform_moments){
		.z = lanes_sum(lanes->z), .zz = lanes_sum(lanes->zz), .d = lanes_sum(lanes->d),
		.dz = lanes_sum(lanes->dz), .dd = lanes_sum(lanes->dd), .min = lanes->min[0], .max = lanes->max[0],
	};
	for (int l = 1; l < UNIFORM_LANES; l++) {
		moments->min = lanes->min[l] < moments->min ? lanes->min[l] : moments->min;
		moments->max = lanes->max[l] > moments->max ? lanes->max[l] : moments->max;
	}
}

INLINE void lanes_range(struct lanes *restrict lanes, const float *restrict weights, int count)
{
	for (int l = 0; l < count; l++) {
		float w = weights[l];
		lanes->d[l] += (double)w;
		lanes->min[l] = w < lanes->min[l] ? w : lanes->min[l];
		lanes->max[l] = w > lanes->max[l] ? w : lanes->max[l];
	}
}

INLINE void lanes_moments(struct lanes *restrict lanes, const struct uniform_grid *grid, const float *restrict weights, int count)
{
	for (int l = 0; l < count; l++) {
		double z = state_of(grid, weights[l]), d = weights[l] - grid->centre;
		lanes->z[l] += z;
		lanes->zz[l] += z * z;
		lanes->d[l] += d;
		lanes->dz[l] += d * z;
		lanes->dd[l] += d * d;
	}
	for (int l = 0; l < count; l++) {
		lanes->min[l] = weights[l] < lanes->min[l] ? weights[l] : lanes->min[l];
		lanes->max[l] = weights[l] > lanes->max[l] ? weights[l] : lanes->max[l];
	}
}

INLINE void lanes_error(double *restrict sums, const struct uniform_grid *grid, const float *restrict weights, int count)
{
	float levels[UNIFORM_LANES]; /* first, in a loop of its own: compilers vectorize it so */
	for (int l = 0; l < count; l++)
		levels[l] = level_of(grid, state_of(grid, weights[l]));
	for (int l = 0; l < count; l++) {
		double difference = (double)weights[l] - (double)levels[l];
		sums[l] += difference * difference;
	}
}

INLINE void range_body(const float *weights, size_t count, struct uniform_moments *moments)
{
	struct lanes lanes;
	lanes_begin(&lanes, weights[0]);
	size_t i = 0;
	for (; i + UNIFORM_LANES <= count; i += UNIFORM_LANES)
		lanes_range(&lanes, weights + i, UNIFORM_LANES);
	lanes_range(&lanes, weights + i, (int)(count - i));
	lanes_join(&lanes, moments);
}

INLINE void moments_body(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments)
{
	struct uniform_grid local = *grid;
	struct lanes lanes;
	lanes_begin(&lanes, weights[0]);
	size_t i = 0;
	for (; i + UNIFORM_LANES <= count; i += UNIFORM_LANES)
		lanes_moments(&lanes, &local, weights + i, UNIFORM_LANES);
	lanes_moments(&lanes, &local, weights + i, (int)(count - i));
	lanes_join(&lanes, moments);
}

INLINE double squared_error_body(const struct uniform_grid *grid, const float *weights, size_t count)
{
	struct uniform_grid local = *grid;
	double sums[UNIFORM_LANES] = {0};
	size_t i = 0;
	for (; i + UNIFORM_LANES <= count; i += UNIFORM_LANES)
		lanes_error(sums, &local, weights + i, UNIFORM_LANES);
	lanes_error(sums, &local, weights + i, (int)(count - i));
	return lanes_sum(sums);
}

INLINE void quantize_body(const struct uniform_grid *grid, const float *restrict weights, size_t count, float *restrict quantized)
{
	struct uniform_grid local = *grid;
	for (size_t i = 0; i < count; i++)
		quantized[i] = level_of(&local, state_of(&local, weights[i]));
}

INLINE void encode_body(const struct uniform_grid *grid, const float *restrict weights, size_t count, uint8_t *restrict states)
{
	struct uniform_grid local = *grid;
	for (size_t i = 0; i < count; i++)
		states[i] = (uint8_t)(int)state_of(&local, weights[i]);
}

/* One row of the table: the bodies above, compiled for one instruction set. */
#define KERNEL_SET(isa, attribute)                                                                                         \
	attribute static void range_##isa(const float *weights, size_t count, struct uniform_moments *moments)             \
	{                                                                                                                  \
		range_body(weights, count, moments);                                                                       \
	}                                                                                                                  \
	attribute static void moments_##isa(const struct uniform_grid *grid, const float *weights, size_t count,           \
	                                    struct uniform_moments *moments)                                               \
	{                                                                                                                  \
		moments_body(grid, weights, count, moments);                                                               \
	}                                                                                                                  \
	attribute static double squared_error_##isa(const struct uniform_grid *grid, const float *weights, size_t count)   \
	{                                                                                                                  \
		return squared_error_body(grid, weights, count);                                                           \
	}                                                                                                                  \
	attribute static void quantize_##isa(const struct uniform_grid *grid, const float *weights, size_t count,          \
	                                     float *quantized)                                                             \
	{                                                                                                                  \
		quantize_body(grid, weights, count, quantized);                                                            \
	}                                                                                                                  \
	attribute static void encode_##isa(const struct uniform_grid *grid, const float *weights, size_t count,            \
	                                   uint8_t *states)                                                                \
	{                                                                                                                  \
		encode_body(grid, weights, count, states);                                                                 \
	}                                                                                                                  \
	static const struct uniform_kernels kernels_##isa = {                                                              \
		.name = #isa, .range = range_##isa, .moments = moments_##isa, .squared_error = squared_error_##isa,        \
		.quantize = quantize_##isa, .encode = encode_##isa,                                                        \
	};

#if defined(__x86_64__)
KERNEL_SET(avx512, __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))))
KERNEL_SET(avx2, __attribute__((target("avx2"))))
#endif
KERNEL_SET(plain, )

const struct uniform_kernels *const uniform_kernel_sets[] = {
#if defined(__x86_64__)
	&kernels_avx512, &kernels_avx2,
#endif
	&kernels_plain, NULL,
};

bool uniform_kernels_usable(const struct uniform_kernels *kernels)
{
#if defined(__x86_64__)
	if (kernels == &kernels_avx512)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
	if (kernels == &kernels_avx2)
		return __builtin_cpu_supports("avx2");
#endif
	return kernels != NULL;
}

const struct uniform_kernels *uniform_kernels_best(void)
{
	int i = 0;
	while (!uniform_kernels_usable(uniform_kernel_sets[i]))
		i++;
	return uniform_kernel_sets[i];
}
