/* The largest value of each window, channel by channel. Where several are equal the first in reading order is meant, as in
 * PyTorch: it alone gets the gradient. */
#include <string.h>

#include "engine/nn/pooling.h"

enum { BLOCK = 256 }; /* values whose gradients wait on the stack */

static void take_largest(const struct pooling_call *call, const struct pooling_window *window, size_t in, size_t out)
{
	float *restrict y = call->result + out;
	memcpy(y, call->x + in, window->values * sizeof *y);
	for (int tap = 1; tap < window->kernel * window->kernel; tap++) {
		const float *restrict x = call->x + in + (size_t)(tap / window->kernel) * window->row +
		                          (size_t)(tap % window->kernel) * window->values;
		for (size_t i = 0; i < window->values; i++)
			y[i] = x[i] > y[i] ? x[i] : y[i];
	}
}

/* Values first..first + count - 1 of the window's pixels. */
static void give_back_block(const struct pooling_call *call, const struct pooling_window *window, size_t in, size_t out,
                            size_t count)
{
	float left[BLOCK]; /* of dy: what no pixel has taken yet */
	const float *restrict y = call->y + out;
	memcpy(left, call->dy + out, count * sizeof *left);
	for (int tap = 0; tap < window->kernel * window->kernel; tap++) {
		size_t pixel = in + (size_t)(tap / window->kernel) * window->row + (size_t)(tap % window->kernel) * window->values;
		const float *restrict x = call->x + pixel;
		float *restrict dx = call->result + pixel;
		for (size_t i = 0; i < count; i++) {
			float dy = left[i];
			bool meant = x[i] == y[i];
			dx[i] = meant ? dy : 0;
			left[i] = meant ? 0 : dy;
		}
	}
}

static void give_back(const struct pooling_call *call, const struct pooling_window *window, size_t in, size_t out)
{
	for (size_t first = 0; first < window->values; first += BLOCK) {
		size_t rest = window->values - first;
		give_back_block(call, window, in + first, out + first, rest < BLOCK ? rest : BLOCK);
	}
}

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	struct pooling_call call = {.work = take_largest, .layer = layer, .batch = pass->batch, .x = x, .result = y};
	pooling_run(pass->parallel, &call);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	struct pooling_call call = {.work = give_back, .layer = layer, .batch = pass->batch, .x = x, .y = y, .dy = dy, .result = dx};
	if (dx)
		pooling_run(pass->parallel, &call);
}

const struct layer_kind layer_max_pool = {
	.name = "max_pool",
	.help = "largest value of each window of kernel x kernel pixels",
	.backward_reads_output = true,
	.shape = pooling_shape,
	.forward = forward,
	.backward = backward,
};
