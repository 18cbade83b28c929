/* engine/nn: every kind of layer against PyTorch's values and finite differences; losses and optimizers likewise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/nn/cross_entropy.h"
#include "engine/nn/network.h"
#include "tests/golden/layers.h"
#include "tests/golden_numbers.h"

enum { BATCH = 3, MOST_VALUES = 1024 };

/* One kind in one geometry: how the golden values were made, and what they are. */
struct layer_case {
	struct layer_spec spec;
	struct shape input;
	double input_scale;
	struct { double scale, shift; } drawn[LAYER_MAX_TENSORS];
	const float *y, *dx, *gradients[LAYER_MAX_TENSORS];
};

static const struct layer_case cases[] = {
	{{.kind = "conv2d", .name = "a", .channels = 5, .kernel = 4, .stride = 2, .padding = 1}, {6, 6, 3}, 1, {{0.5, 0}},
	 conv2d_y, conv2d_dx, {conv2d_gradient0}},
	{{.kind = "conv2d", .name = "a", .channels = 2, .kernel = 4, .stride = 1, .padding = 0}, {4, 4, 3}, 1, {{0.5, 0}},
	 conv2d_whole_y, conv2d_whole_dx, {conv2d_whole_gradient0}},
	{{.kind = "conv_transpose2d", .name = "a", .channels = 3, .kernel = 4, .stride = 2, .padding = 1}, {3, 3, 4}, 1, {{0.5, 0}},
	 conv_transpose2d_y, conv_transpose2d_dx, {conv_transpose2d_gradient0}},
	{{.kind = "conv_transpose2d", .name = "a", .channels = 3, .kernel = 4, .stride = 1, .padding = 0}, {1, 1, 4}, 1, {{0.5, 0}},
	 conv_transpose2d_whole_y, conv_transpose2d_whole_dx, {conv_transpose2d_whole_gradient0}},
	{{.kind = "linear", .name = "a", .channels = 4, .bias = true}, {3, 3, 2}, 1, {{0.5, 0}, {0.5, 0}},
	 linear_y, linear_dx, {linear_gradient0, linear_gradient1}},
	{{.kind = "batch_norm", .name = "a"}, {3, 3, 4}, 1, {{0.5, 1}, {0.5, 0}},
	 batch_norm_y, batch_norm_dx, {batch_norm_gradient0, batch_norm_gradient1}},
	{{.kind = "batch_norm_leaky", .name = "a", .slope = 0.2f}, {3, 3, 4}, 1, {{0.5, 1}, {0.5, 0}},
	 batch_norm_leaky_y, batch_norm_leaky_dx, {batch_norm_leaky_gradient0, batch_norm_leaky_gradient1}},
	{{.kind = "layer_norm", .name = "a"}, {3, 3, 4}, 1, {{0.5, 1}, {0.5, 0}},
	 layer_norm_y, layer_norm_dx, {layer_norm_gradient0, layer_norm_gradient1}},
	{{.kind = "spectral_conv2d", .name = "a", .channels = 5, .kernel = 4, .stride = 2, .padding = 1}, {6, 6, 3}, 1, {{0.5, 0}},
	 spectral_conv2d_y, spectral_conv2d_dx, {spectral_conv2d_gradient0}},
	{{.kind = "relu", .name = "a"}, {3, 3, 2}, 1, {{0}}, relu_y, relu_dx, {0}},
	{{.kind = "leaky_relu", .name = "a", .slope = 0.2f}, {3, 3, 2}, 1, {{0}}, leaky_relu_y, leaky_relu_dx, {0}},
	{{.kind = "tanh", .name = "a"}, {3, 3, 2}, 4, {{0}}, tanh_y, tanh_dx, {0}},
	{{.kind = "sigmoid", .name = "a"}, {3, 3, 2}, 8, {{0}}, sigmoid_y, sigmoid_dx, {0}},
	{{.kind = "max_pool", .name = "a", .kernel = 2}, {6, 6, 3}, 1, {{0}}, max_pool_y, max_pool_dx, {0}},
	{{.kind = "average_pool", .name = "a", .kernel = 3}, {6, 6, 3}, 1, {{0}}, average_pool_y, average_pool_dx, {0}},
};
enum { CASES = sizeof cases / sizeof *cases };

/* A network of that one layer with weights, input and output gradient drawn as the golden values' were. */
struct bench {
	struct network *network;
	float x[MOST_VALUES], dy[MOST_VALUES];
	size_t inputs, outputs;
};

static struct bench *make_bench(const struct layer_case *c)
{
	struct bench *bench = memory_zeroed(1, sizeof *bench);
	struct numbers for_x = {1}, for_weights = {2}, for_dy = {3};
	bench->network = network_create(&c->spec, 1, c->input, BATCH, PRECISION_FLOAT32, &optimizer_sgd, NULL);
	assert_non_null(bench->network);
	struct random random;
	random_start(&random, 1, RANDOM_TEST);
	network_initialise(bench->network, &random);
	for (int i = 0; i < bench->network->trained.count; i++) {
		const struct parameter *tensor = &bench->network->trained.items[i];
		float theirs[MOST_VALUES];
		assert_true(tensor->count <= MOST_VALUES);
		numbers_fill(&for_weights, theirs, tensor->count, c->drawn[i].scale, c->drawn[i].shift);
		parameter_import(tensor, theirs, bench->network->weights + tensor->offset);
	}
	for (size_t i = 0; !strcmp(c->spec.kind, "spectral_conv2d") && i < bench->network->running.floats; i++)
		bench->network->statistics[i] = 1; /* where the golden values' power iteration begins */
	network_pack(bench->network, NULL);
	bench->inputs = shape_count(c->input) * BATCH;
	bench->outputs = shape_count(bench->network->output) * BATCH;
	assert_true(bench->inputs <= MOST_VALUES && bench->outputs <= MOST_VALUES);
	numbers_fill(&for_x, bench->x, bench->inputs, c->input_scale, 0);
	numbers_fill(&for_dy, bench->dy, bench->outputs, 1, 0);
	return bench;
}

static void free_bench(struct bench *bench)
{
	network_destroy(bench->network);
	free(bench);
}

static const struct network_wants everything = {.weight_gradients = true, .input_gradient = true};

/* Lets power iterations come to rest: gradients hold singular vectors for constant, which they then nearly are. */
static void settle(struct bench *bench)
{
	for (int i = 0; i < 300 && !strcmp(bench->network->layers[0].kind->name, "spectral_conv2d"); i++) {
		network_forward(bench->network, NULL, BATCH, true, bench->x);
		network_backward(bench->network, NULL, BATCH, everything, bench->x, bench->dy);
		network_pack(bench->network, NULL);
	}
}

static void agrees_with_pytorch(void **state)
{
	(void)state;
	for (int i = 0; i < CASES; i++) {
		const struct layer_case *c = &cases[i];
		struct bench *bench = make_bench(c);
		const float *y = network_forward(bench->network, NULL, BATCH, true, bench->x);
		assert_true(close_to(y, c->y, bench->outputs, 1e-6, c->spec.kind));
		const float *dx = network_backward(bench->network, NULL, BATCH, everything, bench->x, bench->dy);
		assert_true(close_to(dx, c->dx, bench->inputs, 2e-6, c->spec.kind));
		for (int t = 0; t < bench->network->trained.count; t++) {
			const struct parameter *tensor = &bench->network->trained.items[t];
			float theirs[MOST_VALUES];
			assert_non_null(c->gradients[t]);
			parameter_export(tensor, bench->network->gradients + tensor->offset, theirs);
			assert_true(close_to(theirs, c->gradients[t], tensor->count, 2e-6, tensor->name));
		}
		free_bench(bench);
	}
}

/* Sum of outputs times dy: the scalar whose gradients the backward pass claims to compute. */
static double objective(struct bench *bench)
{
	const float *y = network_forward(bench->network, NULL, BATCH, true, bench->x);
	double sum = 0;
	for (size_t i = 0; i < bench->outputs; i++)
		sum += (double)y[i] * bench->dy[i];
	return sum;
}

static double slope_by_difference(struct bench *bench, float *value, float step)
{
	float kept = *value;
	*value = kept + step;
	network_pack(bench->network, NULL);
	double above = objective(bench);
	*value = kept - step;
	network_pack(bench->network, NULL);
	double below = objective(bench);
	*value = kept;
	network_pack(bench->network, NULL);
	return (above - below) / ((double)(kept + step) - (double)(kept - step));
}

/* Inputs so far from each other that no difference makes another one the largest. */
static void keep_apart(struct bench *bench)
{
	for (size_t j = 0; j < bench->inputs; j++)
		bench->x[j] = 0.05f * (float)(j * 37 % bench->inputs);
}

/* Moves inputs until none is near 0 and no leaky output is, so that no difference reaches over a kink. */
static void keep_off_kinks(struct bench *bench, float slope)
{
	for (size_t j = 0; j < bench->inputs; j++)
		if (fabsf(bench->x[j]) < 0.02f)
			bench->x[j] = 0.1f;
	bool moved = slope > 0;
	while (moved) {
		const float *y = network_forward(bench->network, NULL, BATCH, true, bench->x);
		moved = false;
		for (size_t j = 0; j < bench->outputs; j++)
			if (y[j] < 0.1f && y[j] > -0.1f * slope) {
				bench->x[j] += 0.37f;
				moved = true;
			}
	}
}

/* Central differences: error of order step^2, and rounding of about 1e-6 / step. */
static void agrees_with_finite_differences(void **state)
{
	(void)state;
	const float step = 0.01f;
	const double allowed = 2e-3;
	for (int i = 0; i < CASES; i++) {
		struct bench *bench = make_bench(&cases[i]);
		if (!strcmp(cases[i].spec.kind, "max_pool"))
			keep_apart(bench);
		else
			keep_off_kinks(bench, cases[i].spec.slope);
		settle(bench);
		objective(bench);
		float dx[MOST_VALUES];
		network_clear_gradients(bench->network, NULL);
		memcpy(dx, network_backward(bench->network, NULL, BATCH, everything, bench->x, bench->dy), bench->inputs * sizeof *dx);
		for (size_t j = 0; j < bench->inputs; j++)
			assert_float_equal(slope_by_difference(bench, &bench->x[j], step), dx[j], allowed);
		for (int t = 0; t < bench->network->trained.count; t++) {
			const struct parameter *tensor = &bench->network->trained.items[t];
			for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++)
				assert_float_equal(slope_by_difference(bench, &bench->network->weights[j], step),
				                   bench->network->gradients[j], 3 * allowed);
		}
		free_bench(bench);
	}
}

static void every_kind_is_tested(void **state)
{
	(void)state;
	for (int k = 0; layer_kinds[k]; k++) {
		bool found = false;
		for (int i = 0; i < CASES; i++)
			found = found || strcmp(cases[i].spec.kind, layer_kinds[k]->name) == 0;
		if (!found)
			fail_msg("no case for layer kind %s", layer_kinds[k]->name);
	}
	struct error error = {0};
	assert_null(layer_kind_find("conv3d", &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "conv_transpose2d"));
}

static void backward_adds_to_gradients_and_skips_what_is_not_wanted(void **state)
{
	(void)state;
	for (int i = 0; i < CASES; i++) {
		struct bench *bench = make_bench(&cases[i]);
		struct network *network = bench->network;
		size_t bytes = network->trained.floats * sizeof(float);
		float *once = memory_zeroed(network->trained.floats, sizeof *once);
		network_forward(network, NULL, BATCH, true, bench->x);
		const struct network_wants weights_only = {.weight_gradients = true}, input_only = {.input_gradient = true};
		assert_null(network_backward(network, NULL, BATCH, weights_only, bench->x, bench->dy));
		memcpy(once, network->gradients, bytes);
		assert_non_null(network_backward(network, NULL, BATCH, input_only, bench->x, bench->dy));
		assert_memory_equal(once, network->gradients, bytes);
		network_backward(network, NULL, BATCH, everything, bench->x, bench->dy);
		for (size_t j = 0; j < network->trained.floats; j++)
			assert_float_equal(network->gradients[j], 2 * once[j], 1e-5 * (1 + fabsf(once[j])));
		free(once);
		free_bench(bench);
	}
}

static void batch_norm_keeps_running_statistics(void **state)
{
	(void)state;
	const struct layer_case *c = &cases[5];
	struct bench *bench = make_bench(c);
	struct network *network = bench->network;
	network_forward(network, NULL, BATCH, true, bench->x);
	float *mean = network->layers[0].running[0], *variance = network->layers[0].running[1];
	assert_true(close_to(mean, batch_norm_running_mean, 4, 1e-6, "running mean"));
	assert_true(close_to(variance, batch_norm_running_var, 4, 1e-6, "running variance"));
	float before[8];
	memcpy(before, mean, 4 * sizeof *before);
	memcpy(before + 4, variance, 4 * sizeof *before);
	const float *y = network_forward(network, NULL, BATCH, false, bench->x);
	assert_true(close_to(y, batch_norm_evaluated, bench->outputs, 1e-6, "evaluation"));
	assert_memory_equal(before, mean, 4 * sizeof *before);
	assert_memory_equal(before + 4, variance, 4 * sizeof *before);
	free_bench(bench);
	bench = make_bench(&cases[6]);
	network_forward(bench->network, NULL, BATCH, true, bench->x);
	assert_true(close_to(bench->network->statistics, batch_norm_leaky_running_mean, 4, 1e-6, "running mean before a rectifier"));
	const float *evaluated = network_forward(bench->network, NULL, BATCH, false, bench->x);
	for (size_t i = 0; i < bench->outputs; i++)
		assert_float_equal(evaluated[i], batch_norm_evaluated[i] * (batch_norm_evaluated[i] > 0 ? 1 : 0.2f), 2e-6);
	free_bench(bench);
}

/* One iteration an update: packing again and again changes nothing, weight gradients take u over. */
static void spectral_norm_iterates_once_an_update(void **state)
{
	(void)state;
	struct bench *bench = make_bench(&cases[8]);
	struct network *network = bench->network;
	float first[MOST_VALUES];
	assert_string_equal(network->layers[0].kind->name, "spectral_conv2d");
	memcpy(first, network_forward(network, NULL, BATCH, true, bench->x), bench->outputs * sizeof *first);
	for (int i = 0; i < 3; i++) {
		network_pack(network, NULL);
		assert_memory_equal(network_forward(network, NULL, BATCH, i % 2, bench->x), first, bench->outputs * sizeof *first);
	}
	assert_true(network->statistics[0] == 1);
	const struct network_wants input_only = {.input_gradient = true};
	network_backward(network, NULL, BATCH, input_only, bench->x, bench->dy);
	assert_true(network->statistics[0] == 1);
	network_backward(network, NULL, BATCH, everything, bench->x, bench->dy);
	assert_true(close_to(network->statistics, spectral_conv2d_u, 5, 1e-6, "u"));
	settle(bench);
	const float *row = network->weights;
	double largest = 0; /* of M^T M in the direction of the settled u: sigma squared, by which no other direction is stretched more */
	for (int r = 0; r < 4 * 4 * 3; r++, row += 5) {
		double v = 0;
		for (int c = 0; c < 5; c++)
			v += (double)row[c] * network->statistics[c];
		largest += v * v;
	}
	for (int c = 0; c < 5; c++) {
		double column = 0;
		for (int r = 0; r < 4 * 4 * 3; r++)
			column += (double)network->weights[r * 5 + c] * network->weights[r * 5 + c];
		assert_true(column <= largest * (1 + 1e-6));
	}
	memset(network->weights, 0, network->trained.floats * sizeof(float));
	network_pack(network, NULL);
	assert_true(network_forward(network, NULL, BATCH, true, bench->x)[0] == 0);
	free_bench(bench);
}

static void impossible_layers_are_refused_by_name(void **state)
{
	(void)state;
	static const struct layer_spec wrong[] = {
		{.kind = "conv2d", .name = "first", .channels = 5, .kernel = 4, .stride = 2, .padding = 0},
		{.kind = "conv2d", .name = "first", .channels = 0, .kernel = 4, .stride = 2, .padding = 1},
		{.kind = "conv2d", .name = "first", .channels = 5, .kernel = 9, .stride = 1, .padding = 0},
		{.kind = "conv2d", .name = "first", .channels = 5, .kernel = 9, .stride = 1, .padding = 1},
		{.kind = "conv2d", .name = "first", .channels = 5, .kernel = 4, .stride = 0, .padding = 1},
		{.kind = "conv_transpose2d", .name = "first", .channels = 5, .kernel = 1, .stride = 1, .padding = 4},
		{.kind = "nothing", .name = "first"},
		{.kind = "max_pool", .name = "first", .kernel = 2},
		{.kind = "average_pool", .name = "first", .kernel = 0},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error error = {0};
		assert_null(network_create(&wrong[i], 1, (struct shape){7, 7, 3}, BATCH, PRECISION_FLOAT32, &optimizer_adam, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, "first"));
	}
	struct layer_spec linear = {.kind = "linear", .name = "last", .channels = 2};
	struct error error = {0};
	assert_null(network_create(&linear, 1, (struct shape){2, 3, 1}, BATCH, PRECISION_FLOAT32, &optimizer_adam, &error));
	assert_non_null(strstr(error.text, "square"));
}

/* Of equal values the first gets the gradient, and only that one. */
static void max_pool_gives_ties_to_the_first(void **state)
{
	(void)state;
	const struct layer_spec spec = {.kind = "max_pool", .name = "a", .kernel = 2};
	struct network *network = network_create(&spec, 1, (struct shape){2, 2, 1}, 2, PRECISION_FLOAT32, &optimizer_sgd, NULL);
	const float x[] = {1, -3, 1, -2, 0, -2, 1, -2}, dy[] = {5, 7}, dx[] = {5, 0, 0, 7, 0, 0, 0, 0};
	const float *y = network_forward(network, NULL, 2, true, x);
	assert_true(y[0] == 1 && y[1] == -2);
	assert_memory_equal(network_backward(network, NULL, 2, everything, x, dy), dx, sizeof dx);
	network_destroy(network);
}

static void cross_entropy_agrees_with_pytorch(void **state)
{
	(void)state;
	enum { SAMPLES = 6, CLASSES = 4 };
	struct numbers numbers = {5};
	float logits[SAMPLES * CLASSES], gradient[SAMPLES * CLASSES];
	uint16_t labels[SAMPLES];
	numbers_fill(&numbers, logits, SAMPLES * CLASSES, 4, 0);
	for (int i = 0; i < SAMPLES; i++)
		labels[i] = (uint16_t)(i % CLASSES);
	double loss = cross_entropy(SAMPLES, CLASSES, logits, labels, gradient, NULL);
	assert_float_equal(loss, cross_entropy_loss[0], 1e-6);
	assert_true(close_to(gradient, cross_entropy_gradient, SAMPLES * CLASSES, 1e-6, "slope of the cross entropy"));
	for (int i = 0; i < SAMPLES * CLASSES; i++) {
		const float step = 1.0f / 1024, kept = logits[i];
		logits[i] = kept + step;
		double above = cross_entropy(SAMPLES, CLASSES, logits, labels, NULL, NULL);
		logits[i] = kept - step;
		double below = cross_entropy(SAMPLES, CLASSES, logits, labels, NULL, NULL);
		logits[i] = kept;
		assert_float_equal(gradient[i], (above - below) / (2 * step), 1e-6);
	}
}

static void cross_entropy_bears_large_logits_and_counts_the_right_ones(void **state)
{
	(void)state;
	const float logits[] = {1000, -1000, 0, 3, 3, 3, -500, -499, -501};
	const uint16_t labels[] = {0, 0, 2};
	float gradient[9];
	size_t correct;
	double loss = cross_entropy(3, 3, logits, labels, gradient, &correct);
	assert_int_equal(correct, 2); /* the first, and the second by the order of equals */
	assert_float_equal(loss, (0 + log(3) + log(exp(1) + exp(2) + 1)) / 3, 1e-12);
	for (int i = 0; i < 9; i++)
		assert_true(isfinite(gradient[i]));
	const uint16_t unlikely[] = {1, 0, 2};
	assert_float_equal(cross_entropy(1, 3, logits, unlikely, NULL, &correct), 2000, 1e-9);
	assert_int_equal(correct, 0);
}

/* Walks the table: a row without golden values fails the test. */
static void optimizers_agree_with_pytorch(void **state)
{
	(void)state;
	static const struct { const char *name; double beta1; const float *weights; } rows[] = {
		{"adam", 0.5, adam_weights}, {"sgd", 0.9, sgd_weights},
	};
	for (int i = 0; optimizers[i]; i++) {
		assert_string_equal(optimizers[i]->name, rows[i].name);
		struct numbers numbers = {4};
		float weights[10], gradients[10], first[10] = {0}, second[10] = {0}, *blocks[] = {first, second};
		numbers_fill(&numbers, weights, 10, 1, 0);
		for (int step = 1; step <= 5; step++) {
			struct optimizer_options options = {.learning_rate = 2e-2, .beta1 = rows[i].beta1, .beta2 = 0.999, .step = step};
			numbers_fill(&numbers, gradients, 10, 0.1, 0);
			optimizers[i]->update(&options, NULL, 10, weights, gradients, blocks);
		}
		assert_true(close_to(weights, rows[i].weights, 10, 1e-6, rows[i].name));
	}
	struct error error = {0};
	assert_null(optimizer_find("lion", &error));
	assert_non_null(strstr(error.text, "adam, sgd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_pytorch),
		cmocka_unit_test(agrees_with_finite_differences),
		cmocka_unit_test(every_kind_is_tested),
		cmocka_unit_test(backward_adds_to_gradients_and_skips_what_is_not_wanted),
		cmocka_unit_test(batch_norm_keeps_running_statistics),
		cmocka_unit_test(spectral_norm_iterates_once_an_update),
		cmocka_unit_test(impossible_layers_are_refused_by_name),
		cmocka_unit_test(optimizers_agree_with_pytorch),
		cmocka_unit_test(max_pool_gives_ties_to_the_first),
		cmocka_unit_test(cross_entropy_agrees_with_pytorch),
		cmocka_unit_test(cross_entropy_bears_large_logits_and_counts_the_right_ones),
	};
	return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
