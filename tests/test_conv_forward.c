/* Convolutions and pools of finished networks against their definitions: oblong kernels, padding, strides, widths beside
 * the vector's, slices of wider tensors, other batches and other numbers of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_forward.h"
#include "engine/tensor/kernel.h"
#include "engine/tensor/pool.h"
#include "engine/tensor/random.h"

static const struct conv_forward_geometry shapes[] = {
	{{9, 9, 3}, 32, 3, 3, 2, 0, 0, true},
	{{7, 8, 5}, 48, 3, 3, 1, 1, 1, true},
	{{6, 9, 16}, 20, 1, 7, 1, 0, 3, true},
	{{9, 6, 16}, 80, 7, 1, 1, 3, 0, true},
	{{8, 8, 33}, 7, 5, 5, 1, 2, 2, false},
	{{5, 5, 12}, 96, 1, 1, 1, 0, 0, true},
	{{8, 7, 8}, 33, 3, 3, 2, 1, 1, true}, /* a stride that leaves a rest */
	{{1, 1, 64}, 100, 1, 1, 1, 0, 0, false},
	{{2, 2, 4}, 16, 5, 5, 1, 2, 2, true}, /* every tap is outside somewhere */
};
enum { SHAPES = sizeof shapes / sizeof *shapes, BATCH = 14, BESIDE = 5 /* channels of the wider tensor that belong to others */ };

static float *noise(size_t count, uint64_t seed)
{
	struct random random;
	float *values = memory_try_floats(count, "noise", NULL);
	random_start(&random, seed, RANDOM_TEST);
	random_fill_normal(&random, values, count, 0, 1);
	return values;
}

struct layer_data {
	float *weights, *scale, *bias, *input, *output, *expected;
	size_t inputs, outputs;
	int width;
};

static struct layer_data make(const struct conv_forward_geometry *g, int batch)
{
	const struct shape shape = conv_forward_output(g);
	struct layer_data data = {.width = g->channels + BESIDE};
	data.inputs = shape_count(g->input) * (size_t)batch;
	data.outputs = (size_t)(shape.height * shape.width * batch * data.width);
	data.weights = noise(conv_forward_weight_count(g), 1);
	data.scale = noise((size_t)g->channels, 2);
	data.bias = noise((size_t)g->channels, 3);
	data.input = noise(data.inputs, 4);
	data.output = noise(data.outputs, 5);
	data.expected = noise(data.outputs, 5);
	return data;
}

static void release(struct layer_data *data)
{
	free(data->weights);
	free(data->scale);
	free(data->bias);
	free(data->input);
	free(data->output);
	free(data->expected);
}

/* The channels of others count too: they must be as they were. */
static void assert_near(const struct layer_data *data, double tolerance)
{
	for (size_t i = 0; i < data->outputs; i++)
		assert_true(fabs((double)data->output[i] - (double)data->expected[i]) <= tolerance * (1 + fabs((double)data->expected[i])));
}

static void run_layer(const struct conv_forward_geometry *g, const struct layer_data *data, struct parallel *parallel, int batch)
{
	struct conv_forward *layer = conv_forward_create(g, data->weights, data->scale, data->bias, NULL);
	assert_non_null(layer);
	conv_forward_run(layer, parallel, batch, data->input, data->output, data->width);
	conv_forward_destroy(layer);
}

static void convolutions_follow_the_definition(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(2, NULL);
	const char *chosen = kernel_current()->name;
	for (int k = 0; kernel_name(k); k++) {
		if (!kernel_use(kernel_name(k)))
			continue;
		for (int i = 0; i < SHAPES; i++) {
			struct layer_data data = make(&shapes[i], BATCH);
			run_layer(&shapes[i], &data, parallel, BATCH);
			conv_forward_ref(&shapes[i], data.weights, data.scale, data.bias, BATCH, data.input, data.expected, data.width);
			assert_near(&data, 2e-4);
			release(&data);
		}
	}
	assert_true(kernel_use(chosen));
	parallel_destroy(parallel);
}

/* Picture n of a batch of BATCH, taken out of [pixels][N][channels]. */
static void take_picture(const float *batch, size_t pixels, int channels, int n, float *picture)
{
	for (size_t pixel = 0; pixel < pixels; pixel++)
		memcpy(picture + pixel * (size_t)channels, batch + (pixel * BATCH + (size_t)n) * (size_t)channels,
		       (size_t)channels * sizeof *picture);
}

static void pictures_are_alone(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(3, NULL);
	for (int i = 0; i < SHAPES; i++) {
		const struct conv_forward_geometry *g = &shapes[i];
		const struct shape shape = conv_forward_output(g);
		struct layer_data many = make(g, BATCH), one = make(g, 1);
		run_layer(g, &many, parallel, BATCH);
		for (int n = 0; n < BATCH; n += BATCH - 1) {
			take_picture(many.input, (size_t)(g->input.height * g->input.width), g->input.channels, n, one.input);
			run_layer(g, &one, NULL, 1);
			take_picture(many.output, (size_t)(shape.height * shape.width), many.width, n, one.expected);
			for (size_t j = 0; j < one.outputs; j++)
				if (j % (size_t)one.width < (size_t)g->channels)
					assert_memory_equal(&one.output[j], &one.expected[j], sizeof(float));
		}
		release(&many);
		release(&one);
	}
	parallel_destroy(parallel);
}

static void what_is_no_number_stays(void **state)
{
	(void)state;
	const struct conv_forward_geometry g = {{1, 1, 4}, 16, 1, 1, 1, 0, 0, true};
	struct layer_data data = make(&g, 1);
	data.input[2] = NAN;
	run_layer(&g, &data, NULL, 1);
	for (int c = 0; c < g.channels; c++)
		assert_true(isnan(data.output[c]));
	release(&data);
}

static void pools_follow_the_definition(void **state)
{
	(void)state;
	static const struct pool_geometry pools[] = {
		{{9, 9, 19}, 3, 2, 0, false}, {{8, 7, 5}, 3, 2, 0, false}, {{6, 5, 16}, 3, 1, 1, true},
		{{5, 4, 3}, 3, 1, 1, false}, {{8, 8, 4}, 2, 2, 0, true},
	};
	struct parallel *parallel = parallel_create(2, NULL);
	for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
		const struct shape shape = pool_output(&pools[i]);
		struct layer_data data = {.width = shape.channels + BESIDE};
		data.outputs = (size_t)(shape.height * shape.width * BATCH * data.width);
		data.input = noise(shape_count(pools[i].input) * BATCH, 6);
		data.output = noise(data.outputs, 7);
		data.expected = noise(data.outputs, 7);
		pool_run(&pools[i], parallel, BATCH, data.input, data.output, data.width);
		pool_ref(&pools[i], BATCH, data.input, data.expected, data.width);
		assert_near(&data, 1e-6);
		release(&data);
	}
	parallel_destroy(parallel);
}

static void the_whole_picture_is_a_window(void **state)
{
	(void)state;
	const struct shape shape = {3, 4, 6};
	const struct pool_geometry same = {{3, 3, 6}, 3, 1, 0, true};
	float *input = noise(shape_count(shape) * BATCH, 8), whole[BATCH * 6], window[BATCH * 6];
	pool_whole(shape, NULL, BATCH, input, whole);
	for (int i = 0; i < BATCH * 6; i++) {
		double sum = 0;
		for (int pixel = 0; pixel < 12; pixel++)
			sum += (double)input[pixel * BATCH * 6 + i];
		assert_true(fabs((double)whole[i] - sum / 12) < 1e-6);
	}
	pool_whole(same.input, NULL, BATCH, input, whole);
	pool_run(&same, NULL, BATCH, input, window, 6);
	for (int i = 0; i < BATCH * 6; i++)
		assert_true(fabsf(whole[i] - window[i]) < 1e-6f);
	free(input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(convolutions_follow_the_definition),
		cmocka_unit_test(pictures_are_alone),
		cmocka_unit_test(what_is_no_number_stays),
		cmocka_unit_test(pools_follow_the_definition),
		cmocka_unit_test(the_whole_picture_is_a_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
