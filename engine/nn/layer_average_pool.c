/* The mean of each window, channel by channel. */
#include <string.h>

#include "engine/nn/pooling.h"

static void average(const struct pooling_call *call, const struct pooling_window *window, size_t in, size_t out)
{
	float *restrict y = call->result + out;
	int taps = window->kernel * window->kernel;
	memset(y, 0, window->values * sizeof *y);
	for (int tap = 0; tap < taps; tap++) {
		const float *restrict x = call->x + in + (size_t)(tap / window->kernel) * window->row +
		                          (size_t)(tap % window->kernel) * window->values;
		for (size_t i = 0; i < window->values; i++)
			y[i] += x[i];
	}
	for (size_t i = 0; i < window->values; i++)
		y[i] *= 1 / (float)taps;
}

static void spread(const struct pooling_call *call, const struct pooling_window *window, size_t in, size_t out)
{
	const float *restrict dy = call->dy + out;
	int taps = window->kernel * window->kernel;
	for (int tap = 0; tap < taps; tap++) {
		float *restrict dx = call->result + in + (size_t)(tap / window->kernel) * window->row +
		                     (size_t)(tap % window->kernel) * window->values;
		for (size_t i = 0; i < window->values; i++)
			dx[i] = dy[i] * (1 / (float)taps);
	}
}

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	struct pooling_call call = {.work = average, .layer = layer, .batch = pass->batch, .x = x, .result = y};
	pooling_run(pass->parallel, &call);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)x;
	(void)y;
	struct pooling_call call = {.work = spread, .layer = layer, .batch = pass->batch, .dy = dy, .result = dx};
	if (dx)
		pooling_run(pass->parallel, &call);
}

const struct layer_kind layer_average_pool = {
	.name = "average_pool",
	.help = "mean of each window of kernel x kernel pixels",
	.shape = pooling_shape,
	.forward = forward,
	.backward = backward,
};
