#include "engine/tensor/pool.h"

#include <assert.h>
#include <string.h>

struct shape pool_output(const struct pool_geometry *g)
{
	return (struct shape){(g->input.height + 2 * g->padding - g->kernel) / g->stride + 1,
	                      (g->input.width + 2 * g->padding - g->kernel) / g->stride + 1, g->input.channels};
}

struct pool_call {
	const struct pool_geometry *geometry;
	const float *input;
	float *output;
	int batch, width;
};

static inline void take_largest(size_t count, const float *restrict from, float *restrict to)
{
	for (size_t i = 0; i < count; i++)
		to[i] = from[i] > to[i] || from[i] != from[i] ? from[i] : to[i]; /* NaN stays */
}

static inline void take_sum(size_t count, const float *restrict from, float *restrict to)
{
	for (size_t i = 0; i < count; i++)
		to[i] += from[i];
}

static inline void multiply(size_t count, float factor, float *values)
{
	for (size_t i = 0; i < count; i++)
		values[i] *= factor;
}

/* One picture's channels at one output pixel. */
static void pool_channels(const struct pool_call *call, int y, int x, int n, float *to)
{
	const struct pool_geometry *g = call->geometry;
	const size_t channels = (size_t)g->input.channels;
	bool first = true;
	for (int ky = 0; ky < g->kernel; ky++) {
		for (int kx = 0; kx < g->kernel; kx++) {
			const int from_y = y * g->stride - g->padding + ky, from_x = x * g->stride - g->padding + kx;
			if (from_y < 0 || from_y >= g->input.height || from_x < 0 || from_x >= g->input.width)
				continue;
			const size_t pixel = (size_t)from_y * (size_t)g->input.width + (size_t)from_x;
			const float *from = call->input + (pixel * (size_t)call->batch + (size_t)n) * channels;
			if (first)
				memcpy(to, from, channels * sizeof *to);
			else
				(g->mean ? take_sum : take_largest)(channels, from, to);
			first = false;
		}
	}
	if (g->mean)
		multiply(channels, 1 / (float)(g->kernel * g->kernel), to);
}

/* One row of output pixels. */
static void pool_task(void *context, int y)
{
	const struct pool_call *call = context;
	const int columns = pool_output(call->geometry).width;
	for (int x = 0; x < columns; x++) {
		for (int n = 0; n < call->batch; n++) {
			const size_t place = ((size_t)y * (size_t)columns + (size_t)x) * (size_t)call->batch + (size_t)n;
			pool_channels(call, y, x, n, call->output + place * (size_t)call->width);
		}
	}
}

void pool_run(const struct pool_geometry *geometry, struct parallel *parallel, int batch, const float *input, float *output,
              int width)
{
	assert(geometry->padding >= 0 && geometry->padding < geometry->kernel && width >= geometry->input.channels);
	struct pool_call call = {.geometry = geometry, .input = input, .output = output, .batch = batch, .width = width};
	parallel_run(parallel, pool_task, &call, pool_output(geometry).height);
}

struct whole_call {
	struct shape shape;
	const float *input;
	float *output;
	int batch;
};

/* One picture. */
static void whole_task(void *context, int n)
{
	const struct whole_call *call = context;
	const size_t channels = (size_t)call->shape.channels, pixels = (size_t)call->shape.height * (size_t)call->shape.width;
	float *to = call->output + (size_t)n * channels;
	memset(to, 0, channels * sizeof *to);
	for (size_t pixel = 0; pixel < pixels; pixel++)
		take_sum(channels, call->input + (pixel * (size_t)call->batch + (size_t)n) * channels, to);
	multiply(channels, 1 / (float)pixels, to);
}

void pool_whole(struct shape input, struct parallel *parallel, int batch, const float *activations, float *output)
{
	struct whole_call call = {.shape = input, .input = activations, .output = output, .batch = batch};
	parallel_run(parallel, whole_task, &call, batch);
}

/* ---- the slow truth ---- */

void pool_ref(const struct pool_geometry *g, int batch, const float *input, float *output, int width)
{
	const struct shape shape = pool_output(g);
	const int channels = shape.channels;
	for (int i = 0; i < shape.height * shape.width * batch * channels; i++) {
		const int c = i % channels, n = i / channels % batch, x = i / channels / batch % shape.width;
		const int y = i / channels / batch / shape.width;
		double sum = 0, largest = 0;
		bool found = false;
		for (int tap = 0; tap < g->kernel * g->kernel; tap++) {
			const int from_y = y * g->stride - g->padding + tap / g->kernel, from_x = x * g->stride - g->padding + tap % g->kernel;
			if (from_y < 0 || from_y >= g->input.height || from_x < 0 || from_x >= g->input.width)
				continue;
			const double value = (double)input[((from_y * g->input.width + from_x) * batch + n) * channels + c];
			sum += value;
			largest = !found || value > largest ? value : largest;
			found = true;
		}
		output[(i / channels) * width + c] = (float)(g->mean ? sum / (g->kernel * g->kernel) : largest);
	}
}
