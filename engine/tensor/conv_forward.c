/* As in conv_direct.c an output pixel is a sum of products over its taps. With stride 1 the pixels of a row that have the
 * same taps lie one after the other, and so do their inputs, tap by tap: the whole run is one product of
 * (pixels x N) rows. Pixels near the border have fewer taps and are runs of their own.
 *
 * A task is one panel of output channels and a few rows of pixels. Tasks that share the rows follow each other, so that the
 * rows come from memory once. */
#include "engine/tensor/conv_forward.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_plan.h"

/* Enough for the panel's weights to be read from far away once in many uses; few enough for tasks to be many. */
enum { PIXELS_A_TASK = 48 };

struct conv_forward {
	struct conv_forward_geometry geometry;
	struct shape output;
	const struct kernel *kernel;
	float *weights; /* per panel: [tap][C in][width] */
	float *bias;    /* [panels][panel] */
};

static int taps_of(const struct conv_forward_geometry *g) { return g->kernel_height * g->kernel_width; }

struct shape conv_forward_output(const struct conv_forward_geometry *g)
{
	return (struct shape){(g->input.height + 2 * g->padding_y - g->kernel_height) / g->stride + 1,
	                      (g->input.width + 2 * g->padding_x - g->kernel_width) / g->stride + 1, g->channels};
}

size_t conv_forward_weight_count(const struct conv_forward_geometry *g)
{
	return (size_t)taps_of(g) * (size_t)g->input.channels * (size_t)g->channels;
}

double conv_forward_multiply_adds(const struct conv_forward_geometry *g)
{
	return (double)conv_forward_weight_count(g) * conv_pixels(conv_forward_output(g));
}

/* ---- life ---- */

/* One panel: its columns' weights from [C out][C in][tap] to [tap][C in][width]. */
static void pack_panel(struct conv_forward *layer, int panel, const float *weights, const float *scale, const float *bias)
{
	const struct conv_forward_geometry *g = &layer->geometry;
	const int taps = taps_of(g), depth = g->input.channels, first = panel * layer->kernel->panel;
	const int used = conv_panel_columns(layer->kernel, g->channels, panel);
	const int width = conv_panel_width(layer->kernel, g->channels, panel);
	float *to = layer->weights + conv_panel_begin(layer->kernel, (size_t)taps * (size_t)depth, panel);
	for (int column = 0; column < used; column++) {
		const float *from = weights + (size_t)(first + column) * (size_t)depth * (size_t)taps;
		for (int c = 0; c < depth; c++)
			for (int tap = 0; tap < taps; tap++)
				to[((size_t)tap * (size_t)depth + (size_t)c) * (size_t)width + (size_t)column] = *from++ * scale[first + column];
		layer->bias[first + column] = bias[first + column];
	}
}

struct conv_forward *conv_forward_create(const struct conv_forward_geometry *g, const float *weights, const float *scale,
                                         const float *bias, struct error *error)
{
	assert(g->kernel_height >= 1 && g->kernel_height <= CONV_MAX_KERNEL);
	assert(g->kernel_width >= 1 && g->kernel_width <= CONV_MAX_KERNEL);
	assert(g->padding_y >= 0 && g->padding_y < g->kernel_height && g->padding_x >= 0 && g->padding_x < g->kernel_width);
	struct conv_forward *layer = memory_zeroed(1, sizeof *layer);
	layer->geometry = *g;
	layer->output = conv_forward_output(g);
	layer->kernel = kernel_current();
	const int panels = conv_panels(layer->kernel, g->channels);
	const size_t rows = (size_t)taps_of(g) * (size_t)g->input.channels;
	assert(g->stride >= 1 && layer->output.height >= 1 && layer->output.width >= 1);
	layer->weights = memory_try_floats(conv_panels_count(layer->kernel, rows, g->channels), "packed convolution weights", error);
	layer->bias = memory_try_floats((size_t)(panels * layer->kernel->panel), "a bias", error);
	if (!layer->weights || !layer->bias) {
		conv_forward_destroy(layer);
		return NULL;
	}
	for (int panel = 0; panel < panels; panel++)
		pack_panel(layer, panel, weights, scale, bias);
	return layer;
}

void conv_forward_destroy(struct conv_forward *layer)
{
	if (!layer)
		return;
	free(layer->weights);
	free(layer->bias);
	free(layer);
}

const struct conv_forward_geometry *conv_forward_geometry(const struct conv_forward *layer) { return &layer->geometry; }

/* ---- running ---- */

struct run_call {
	const struct conv_forward *layer;
	const float *input;
	float *output;
	int batch, width, panels, rows_a_task;
};

/* The taps of one direction that fall inside the input: first..end - 1. */
struct tap_range {
	int first, end;
};

static struct tap_range taps_inside(int position, int stride, int padding, int kernel, int length)
{
	const int begin = position * stride - padding, first = begin < 0 ? -begin : 0;
	return (struct tap_range){first, conv_at_most(kernel, length - begin)};
}

/* One past the last pixel of row x.. with the same taps across. */
static int run_end(const struct conv_forward *layer, int x, struct tap_range taps)
{
	const struct conv_forward_geometry *g = &layer->geometry;
	int end = x + 1;
	if (g->stride != 1)
		return end;
	for (; end < layer->output.width; end++) {
		struct tap_range next = taps_inside(end, 1, g->padding_x, g->kernel_width, g->input.width);
		if (next.first != taps.first || next.end != taps.end)
			break;
	}
	return end;
}

/* Pixels x..end - 1 of row y, whose taps across are the same. */
static void run_pixels(const struct run_call *call, int panel, int y, int x, int end, struct tap_range across)
{
	const struct conv_forward *layer = call->layer;
	const struct conv_forward_geometry *g = &layer->geometry;
	const int depth = g->input.channels, width = conv_panel_width(layer->kernel, g->channels, panel);
	const struct tap_range down = taps_inside(y, g->stride, g->padding_y, g->kernel_height, g->input.height);
	const float *weights = layer->weights + conv_panel_begin(layer->kernel, (size_t)taps_of(g) * (size_t)depth, panel);
	const float *a[CONV_MAX_TAPS], *b[CONV_MAX_TAPS];
	int terms = 0;
	for (int ky = down.first; ky < down.end; ky++) {
		for (int kx = across.first; kx < across.end; kx++, terms++) {
			const int from_y = y * g->stride - g->padding_y + ky, from_x = x * g->stride - g->padding_x + kx;
			const size_t pixel = (size_t)from_y * (size_t)g->input.width + (size_t)from_x;
			a[terms] = call->input + pixel * (size_t)call->batch * (size_t)depth;
			b[terms] = weights + (size_t)(ky * g->kernel_width + kx) * (size_t)depth * (size_t)width;
		}
	}
	const size_t pixel = (size_t)y * (size_t)layer->output.width + (size_t)x;
	layer->kernel->product(&(struct product){
		.rows = (end - x) * call->batch, .columns = conv_panel_columns(layer->kernel, g->channels, panel), .depth = depth,
		.terms = terms, .a = a, .b = b, .a_row = depth, .a_depth = 1,
		.c = call->output + pixel * (size_t)call->batch * (size_t)call->width + panel * layer->kernel->panel, .c_row = call->width,
		.bias = layer->bias + panel * layer->kernel->panel, .rectify = g->rectify,
	});
}

static void run_task(void *context, int index)
{
	const struct run_call *call = context;
	const struct conv_forward *layer = call->layer;
	const struct conv_forward_geometry *g = &layer->geometry;
	const int panel = index % call->panels, first = index / call->panels * call->rows_a_task;
	const int last = conv_at_most(first + call->rows_a_task, layer->output.height);
	for (int y = first; y < last; y++) {
		for (int x = 0, end; x < layer->output.width; x = end) {
			const struct tap_range across = taps_inside(x, g->stride, g->padding_x, g->kernel_width, g->input.width);
			end = run_end(layer, x, across);
			run_pixels(call, panel, y, x, end, across);
		}
	}
}

void conv_forward_run(const struct conv_forward *layer, struct parallel *parallel, int batch, const float *input,
                      float *output, int width)
{
	assert(batch >= 1 && width >= layer->geometry.channels);
	struct run_call call = {
		.layer = layer, .input = input, .output = output, .batch = batch, .width = width,
		.panels = conv_panels(layer->kernel, layer->geometry.channels),
		.rows_a_task = 1 + (PIXELS_A_TASK - 1) / layer->output.width,
	};
	const int groups = (layer->output.height + call.rows_a_task - 1) / call.rows_a_task;
	parallel_run(parallel, run_task, &call, groups * call.panels);
}

/* ---- the slow truth ---- */

/* One output value, summed in double. */
static double sum_of(const struct conv_forward_geometry *g, const float *weights, int batch, const float *input, int y, int x,
                     int n)
{
	const int depth = g->input.channels;
	double sum = 0;
	for (int ky = 0; ky < g->kernel_height; ky++) {
		for (int kx = 0; kx < g->kernel_width; kx++) {
			const int from_y = y * g->stride - g->padding_y + ky, from_x = x * g->stride - g->padding_x + kx;
			if (from_y < 0 || from_y >= g->input.height || from_x < 0 || from_x >= g->input.width)
				continue;
			const float *from = input + (size_t)((from_y * g->input.width + from_x) * batch + n) * (size_t)depth;
			for (int c = 0; c < depth; c++)
				sum += (double)from[c] * (double)weights[c * taps_of(g) + ky * g->kernel_width + kx];
		}
	}
	return sum;
}

void conv_forward_ref(const struct conv_forward_geometry *g, const float *weights, const float *scale,
                      const float *bias, int batch, const float *input, float *output, int width)
{
	const struct shape shape = conv_forward_output(g);
	for (int i = 0; i < conv_pixels(shape) * batch; i++) {
		const int n = i % batch, y = i / batch / shape.width, x = i / batch % shape.width;
		for (int c = 0; c < g->channels; c++) {
			const float *own = weights + (size_t)c * (size_t)(g->input.channels * taps_of(g));
			const double sum = sum_of(g, own, batch, input, y, x, n) * (double)scale[c] + (double)bias[c];
			output[(size_t)i * (size_t)width + (size_t)c] = (float)(g->rectify && sum < 0 ? 0 : sum);
		}
	}
}
