/* Layer normalisation (Ba et al. 2016) of every picture by itself, over all its pixels and channels, with gamma and beta for
 * each channel; PyTorch's GroupNorm with one group. z = (x - mean) r with r = 1 / sqrt(variance + epsilon), y = gamma z + beta.
 *
 * Below, m(..) is the mean over one picture, and p = gamma dy. The derivative by x is symmetric but for gamma:
 *
 *   dx = r (p - m(p) - z m(pz))                                u = gamma r (t - m(t) - z m(tz))
 *
 * and with a = m(pz), b = m(tz) the number p . r (t - m(t) - z b) has the gradient by x
 *
 *   -r^2 ( z (m(pt) - m(p) m(t) - 3 a b) + b (p - m(p)) + a (t - m(t)) ) */
#include <math.h>
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/nn/layer.h"

static const double EPSILON = 1e-5;

struct norm_state {
	float *mean, *scale;     /* a picture: mean and r */
	double *gamma, *beta;    /* a picture and channel: its part of the gradients by them */
};

/* One call, a task a picture. */
struct norm_call {
	const struct layer *layer;
	int batch;
	bool weight_gradients;
	const float *x, *dy, *t;
	float *result, *curvature;
};

static void declare(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running)
{
	(void)running;
	size_t channels = (size_t)layer->input.channels;
	struct parameter gamma = parameter_vector(layer->spec.name, "weight", channels, 1, layer->spec.deviation);
	struct parameter beta = parameter_vector(layer->spec.name, "bias", channels, 0, 0);
	parameter_list_add(trained, &gamma);
	parameter_list_add(trained, &beta);
}

static bool create(struct layer *layer, int max_batch, struct error *error)
{
	(void)error;
	size_t pictures = (size_t)max_batch, parts = pictures * (size_t)layer->input.channels;
	struct norm_state *state = memory_zeroed(1, sizeof *state);
	state->mean = memory_zeroed(pictures, sizeof(float));
	state->scale = memory_zeroed(pictures, sizeof(float));
	state->gamma = memory_zeroed(parts, sizeof(double));
	state->beta = memory_zeroed(parts, sizeof(double));
	layer->state = state;
	return true;
}

static void clear(struct layer *layer)
{
	struct norm_state *state = layer->state;
	free(state->mean);
	free(state->scale);
	free(state->gamma);
	free(state->beta);
	free(state);
}

static size_t pixels_of(const struct layer *layer)
{
	return (size_t)layer->input.height * (size_t)layer->input.width;
}

/* Where the channels of one pixel of one picture begin. */
static size_t place_of(const struct norm_call *call, size_t pixel, int picture)
{
	return (pixel * (size_t)call->batch + (size_t)picture) * (size_t)call->layer->input.channels;
}

static void normalise(void *context, int n)
{
	const struct norm_call *call = context;
	const struct norm_state *state = call->layer->state;
	const float *gamma = call->layer->trained[0], *beta = call->layer->trained[1];
	size_t pixels = pixels_of(call->layer);
	int channels = call->layer->input.channels;
	double sum = 0, squares = 0, count = (double)pixels * channels;
	for (size_t i = 0; i < pixels; i++) {
		const float *x = call->x + place_of(call, i, n);
		for (int c = 0; c < channels; c++)
			sum += x[c];
	}
	double mean = sum / count;
	for (size_t i = 0; i < pixels; i++) {
		const float *x = call->x + place_of(call, i, n);
		for (int c = 0; c < channels; c++)
			squares += (x[c] - mean) * (x[c] - mean);
	}
	float middle = state->mean[n] = (float)mean, scale = state->scale[n] = (float)(1 / sqrt(squares / count + EPSILON));
	for (size_t i = 0; i < pixels; i++) {
		const float *x = call->x + place_of(call, i, n);
		float *y = call->result + place_of(call, i, n);
		for (int c = 0; c < channels; c++)
			y[c] = gamma[c] * ((x[c] - middle) * scale) + beta[c];
	}
}

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	struct norm_call call = {.layer = layer, .batch = pass->batch, .x = x, .result = y};
	parallel_run(pass->parallel, normalise, &call, pass->batch);
}

static void go_back(void *context, int n)
{
	const struct norm_call *call = context;
	const struct norm_state *state = call->layer->state;
	const float *gamma = call->layer->trained[0];
	const float mean = state->mean[n], scale = state->scale[n];
	size_t pixels = pixels_of(call->layer);
	int channels = call->layer->input.channels;
	double p_sum = 0, pz_sum = 0, count = (double)pixels * channels;
	double *gamma_part = state->gamma + (size_t)n * (size_t)channels, *beta_part = state->beta + (size_t)n * (size_t)channels;
	for (int c = 0; c < channels; c++)
		gamma_part[c] = beta_part[c] = 0;
	for (size_t i = 0; i < pixels; i++) {
		const float *x = call->x + place_of(call, i, n), *dy = call->dy + place_of(call, i, n);
		for (int c = 0; c < channels; c++) {
			double z = (x[c] - mean) * scale;
			gamma_part[c] += dy[c] * z;
			beta_part[c] += dy[c];
		}
	}
	for (int c = 0; c < channels; c++) {
		p_sum += gamma[c] * beta_part[c];
		pz_sum += gamma[c] * gamma_part[c];
	}
	const float p_mean = (float)(p_sum / count), pz_mean = (float)(pz_sum / count);
	for (size_t i = 0; call->result && i < pixels; i++) {
		const float *x = call->x + place_of(call, i, n), *dy = call->dy + place_of(call, i, n);
		float *dx = call->result + place_of(call, i, n);
		for (int c = 0; c < channels; c++)
			dx[c] = scale * (gamma[c] * dy[c] - p_mean - (x[c] - mean) * scale * pz_mean);
	}
}

static void add_parts(struct layer *layer, int batch, bool beta)
{
	const struct norm_state *state = layer->state;
	int channels = layer->input.channels;
	for (int n = 0; n < batch; n++)
		for (int c = 0; c < channels; c++) {
			layer->gradients[0][c] += (float)state->gamma[n * channels + c];
			if (beta)
				layer->gradients[1][c] += (float)state->beta[n * channels + c];
		}
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)y;
	struct norm_call call = {.layer = layer, .batch = pass->batch, .x = x, .dy = dy, .result = dx};
	parallel_run(pass->parallel, go_back, &call, pass->batch);
	if (pass->weight_gradients)
		add_parts(layer, pass->batch, true);
}

/* Means over one picture. */
struct norm_means {
	double p, t, pt, pz, tz;
};

static struct norm_means means_of(const struct norm_call *call, int n)
{
	const struct norm_state *state = call->layer->state;
	const float *gamma = call->layer->trained[0];
	const double mean = state->mean[n], scale = state->scale[n];
	size_t pixels = pixels_of(call->layer);
	int channels = call->layer->input.channels;
	struct norm_means sums = {0};
	for (size_t i = 0; i < pixels; i++) {
		size_t at = place_of(call, i, n);
		for (int c = 0; c < channels; c++) {
			double z = (call->x[at + (size_t)c] - mean) * scale, t = call->t[at + (size_t)c];
			double p = (double)gamma[c] * call->dy[at + (size_t)c];
			sums.p += p;
			sums.t += t;
			sums.pt += p * t;
			sums.pz += p * z;
			sums.tz += t * z;
		}
	}
	double count = (double)pixels * channels;
	return (struct norm_means){sums.p / count, sums.t / count, sums.pt / count, sums.pz / count, sums.tz / count};
}

static void go_second(void *context, int n)
{
	const struct norm_call *call = context;
	const struct norm_state *state = call->layer->state;
	const float *gamma = call->layer->trained[0];
	const double mean = state->mean[n], scale = state->scale[n];
	size_t pixels = pixels_of(call->layer);
	int channels = call->layer->input.channels;
	const struct norm_means m = means_of(call, n);
	const double along = m.pt - m.p * m.t - 3 * m.pz * m.tz;
	double *gamma_part = state->gamma + (size_t)n * (size_t)channels;
	for (int c = 0; c < channels; c++)
		gamma_part[c] = 0;
	for (size_t i = 0; i < pixels; i++) {
		size_t at = place_of(call, i, n);
		for (int c = 0; c < channels; c++, at++) {
			double z = (call->x[at] - mean) * scale, t = call->t[at], dy = call->dy[at], p = gamma[c] * dy;
			double change = scale * (t - m.t - z * m.tz);
			gamma_part[c] += dy * change;
			call->curvature[at] = (float)(-scale * scale * (z * along + m.tz * (p - m.p) + m.pz * (t - m.t)));
			if (call->result)
				call->result[at] = (float)(gamma[c] * change);
		}
	}
}

static void second(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                   const float *t, float *u, float *dx)
{
	(void)y;
	struct norm_call call = {.layer = layer, .batch = pass->batch, .x = x, .dy = dy, .t = t, .result = u, .curvature = dx};
	parallel_run(pass->parallel, go_second, &call, pass->batch);
	add_parts(layer, pass->batch, false);
}

const struct layer_kind layer_layer_norm = {
	.name = "layer_norm",
	.help = "normalisation of every picture by itself, over pixels and channels",
	.backward_in_place = true,
	.curved = true,
	.shape = layer_same_shape,
	.declare = declare,
	.create = create,
	.forward = forward,
	.backward = backward,
	.second = second,
	.clear = clear,
};
