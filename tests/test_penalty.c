/* engine/gan: the gradient penalty against PyTorch's automatic differentiation, against finite differences in double, and on
 * quantized weights; the families' losses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/gan/gan.h"
#include "engine/tensor/kernel.h"
#include "tests/golden/penalty.h"
#include "tests/golden_numbers.h"

/* As make_golden_penalty.py has them. */
enum { SIZE = 16, CHANNELS = 3, WIDTH = 6, PICTURES = 4, VALUES = SIZE * SIZE * CHANNELS * PICTURES, MOST_TENSORS = 8 };
static const double WEIGHT = 10;
static const struct shape PICTURE = {SIZE, SIZE, CHANNELS};

/* A small critic of every layer a critic may hold. */
struct critic_case {
	const char *name;
	bool layer_norm, linear;
	const float *penalty, *norms, *gradients[MOST_TENSORS];
};

static const struct critic_case cases[] = {
	{"plain", false, false, plain_penalty, plain_norms, {plain_gradient0, plain_gradient1, plain_gradient2}},
	{"normed", true, false, normed_penalty, normed_norms,
	 {normed_gradient0, normed_gradient1, normed_gradient2, normed_gradient3, normed_gradient4}},
	{"linear", false, true, linear_penalty, linear_norms, {linear_gradient0, linear_gradient1, linear_gradient2, linear_gradient3}},
};
enum { CASES = sizeof cases / sizeof *cases };

struct bench {
	struct network *d;
	struct penalty penalty;
	float real[VALUES], fake[VALUES], mix[PICTURES];
};

static struct bench *make_bench(const struct critic_case *c, enum precision precision, struct parallel *parallel)
{
	struct bench *bench = memory_zeroed(1, sizeof *bench);
	struct network_recipe recipe = {.count = 0};
	struct layer_spec conv = {.kind = "conv2d", .channels = WIDTH, .kernel = 4, .stride = 2, .padding = 1};
	for (int size = SIZE, number = 1; size > 4; size /= 2, number++, conv.channels *= 2) {
		snprintf(conv.name, sizeof conv.name, "conv%d", number);
		recipe.layers[recipe.count++] = conv;
		if (c->layer_norm && number > 1)
			network_recipe_add(&recipe, "layer_norm", "norm", number);
		network_recipe_add(&recipe, "leaky_relu", "leaky", number)->slope = 0.2f;
	}
	struct layer_spec *last = network_recipe_add(&recipe, c->linear ? "linear" : "conv2d", "last", 1);
	last->channels = 1;
	last->bias = c->linear;
	last->kernel = 4;
	last->stride = 1;
	bench->d = network_create(recipe.layers, recipe.count, PICTURE, PICTURES, precision, &optimizer_sgd, NULL);
	assert_non_null(bench->d);
	struct numbers numbers = {21};
	for (int i = 0; i < bench->d->trained.count; i++) {
		const struct parameter *tensor = &bench->d->trained.items[i];
		float *theirs = memory_zeroed(tensor->count, sizeof *theirs);
		numbers_fill(&numbers, theirs, tensor->count, 0.3, tensor->mean);
		parameter_import(tensor, theirs, bench->d->weights + tensor->offset);
		free(theirs);
	}
	network_pack(bench->d, parallel);
	numbers_fill(&numbers, bench->real, VALUES, 1, 0);
	numbers_fill(&numbers, bench->fake, VALUES, 1, 0);
	numbers_fill(&numbers, bench->mix, PICTURES, 0.5, 0.5);
	assert_true(penalty_init(&bench->penalty, WEIGHT, bench->d, PICTURES, NULL));
	return bench;
}

static void free_bench(struct bench *bench)
{
	penalty_clear(&bench->penalty);
	network_destroy(bench->d);
	free(bench);
}

static double add(struct bench *bench, struct parallel *parallel)
{
	return penalty_add(&bench->penalty, bench->d, parallel, PICTURES, bench->real, bench->fake, bench->mix);
}

/* Every value to 1e-4 of itself, or of `small` times the tensor's largest where it is smaller than that. */
static void assert_gradient(const float *ours, const float *golden, size_t count, double small, const char *name)
{
	double largest = 0;
	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabs(golden[i]));
	for (size_t i = 0; i < count; i++)
		if (!(fabs((double)ours[i] - golden[i]) <= 1e-4 * fmax(fabs(golden[i]), small * largest)))
			fail_msg("%s[%zu]: %.9g, expected %.9g", name, i, ours[i], golden[i]);
}

/* Split operands lack the last 8 bits of a float, which small values among large ones notice first. */
static void assert_agrees(const struct critic_case *c, enum precision precision, struct parallel *parallel)
{
	const double small = precision == PRECISION_BF16_SPLIT ? 0.1 : 0.01;
	struct bench *bench = make_bench(c, precision, parallel);
	assert_float_equal(add(bench, parallel), c->penalty[0], 1e-5 * c->penalty[0]);
	for (int t = 0; t < bench->d->trained.count; t++) {
		const struct parameter *tensor = &bench->d->trained.items[t];
		float *theirs = memory_zeroed(tensor->count, sizeof *theirs);
		parameter_export(tensor, bench->d->gradients + tensor->offset, theirs);
		assert_non_null(c->gradients[t]);
		assert_gradient(theirs, c->gradients[t], tensor->count, small, tensor->name);
		free(theirs);
	}
	free_bench(bench);
}

static void agrees_with_automatic_differentiation(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(2, NULL);
	for (int i = 0; i < CASES; i++)
		assert_agrees(&cases[i], PRECISION_FLOAT32, parallel);
	parallel_destroy(parallel);
}

/* What a penalised critic is made of under --precision bf16. */
static void agrees_in_split_bf16(void **state)
{
	(void)state;
	for (int k = 0; kernel_name(k); k++) {
		if (!kernel_use(kernel_name(k)) || !kernel_of_pairs() || strcmp(kernel_of_pairs()->name, kernel_name(k)) != 0)
			continue;
		for (int i = 0; i < CASES; i++)
			assert_agrees(&cases[i], PRECISION_BF16_SPLIT, NULL);
	}
	assert_non_null(kernel_of_pairs());
}

/* Gradients are added to what is there, and evaluation in between harms nothing. */
static void adds_to_the_gradients_that_are_there(void **state)
{
	(void)state;
	for (int i = 0; i < CASES; i++) {
		struct bench *bench = make_bench(&cases[i], PRECISION_FLOAT32, NULL);
		size_t floats = bench->d->trained.floats;
		float *once = memory_zeroed(floats, sizeof *once);
		add(bench, NULL);
		memcpy(once, bench->d->gradients, floats * sizeof *once);
		network_forward(bench->d, NULL, 2, false, bench->real);
		add(bench, NULL);
		for (size_t k = 0; k < floats; k++)
			assert_float_equal(bench->d->gradients[k], 2 * once[k], 1e-5 * (1 + fabsf(once[k])));
		free(once);
		free_bench(bench);
	}
}

/* ---- the same in double, by definition ---- */

/* Plain loops over one picture [H][W][C]; values[i] is what goes into layer i. */
struct truth {
	const struct network *network;
	double *weights;                         /* as the network's block */
	double *values[NETWORK_MAX_LAYERS + 1];
	double *gradient[2];
};

struct truth_norm {
	double mean, scale;
};

static struct truth_norm truth_norm_of(const double *x, size_t count)
{
	double mean = 0, square = 0;
	for (size_t i = 0; i < count; i++)
		mean += x[i] / (double)count;
	for (size_t i = 0; i < count; i++)
		square += (x[i] - mean) * (x[i] - mean) / (double)count;
	return (struct truth_norm){mean, 1 / sqrt(square + 1e-5)};
}

/* Forward: out += W in. Back: in += W^T out. */
static void truth_convolve(const struct layer *layer, const double *weights, double *in, double *out, bool back)
{
	struct shape big = layer->input, small = layer->output;
	bool linear = layer->spec.bias;
	int kernel = linear ? big.height : layer->spec.kernel, stride = linear ? 1 : layer->spec.stride;
	int padding = linear ? 0 : layer->spec.padding;
	for (int y = 0; y < small.height; y++)
		for (int x = 0; x < small.width; x++)
			for (int tap = 0; tap < kernel * kernel; tap++) {
				int v = y * stride + tap / kernel - padding, u = x * stride + tap % kernel - padding;
				if (v < 0 || v >= big.height || u < 0 || u >= big.width)
					continue;
				for (int b = 0; b < big.channels; b++)
					for (int s = 0; s < small.channels; s++) {
						double weight = weights[(tap * big.channels + b) * small.channels + s];
						double *from = &in[(v * big.width + u) * big.channels + b];
						double *to = &out[(y * small.width + x) * small.channels + s];
						if (back)
							*from += weight * *to;
						else
							*to += weight * *from;
					}
			}
}

static void truth_forward(struct truth *truth, int index)
{
	const struct layer *layer = &truth->network->layers[index];
	const double *x = truth->values[index];
	double *y = truth->values[index + 1];
	size_t count = shape_count(layer->input);
	if (!strcmp(layer->kind->name, "leaky_relu")) {
		for (size_t i = 0; i < count; i++)
			y[i] = x[i] > 0 ? x[i] : (double)layer->spec.slope * x[i];
		return;
	}
	const double *weights = truth->weights + (layer->trained[0] - truth->network->weights);
	if (!strcmp(layer->kind->name, "layer_norm")) {
		struct truth_norm norm = truth_norm_of(x, count);
		const double *beta = truth->weights + (layer->trained[1] - truth->network->weights);
		for (size_t i = 0; i < count; i++) {
			size_t c = i % (size_t)layer->input.channels;
			y[i] = weights[c] * (x[i] - norm.mean) * norm.scale + beta[c];
		}
		return;
	}
	memset(y, 0, shape_count(layer->output) * sizeof *y); /* a bias changes no gradient */
	truth_convolve(layer, weights, truth->values[index], y, false);
}

static void truth_backward(struct truth *truth, int index, double *dy, double *dx)
{
	const struct layer *layer = &truth->network->layers[index];
	const double *x = truth->values[index];
	size_t count = shape_count(layer->input);
	if (!strcmp(layer->kind->name, "leaky_relu")) {
		for (size_t i = 0; i < count; i++)
			dx[i] = x[i] > 0 ? dy[i] : (double)layer->spec.slope * dy[i];
		return;
	}
	const double *weights = truth->weights + (layer->trained[0] - truth->network->weights);
	if (!strcmp(layer->kind->name, "layer_norm")) {
		struct truth_norm norm = truth_norm_of(x, count);
		double sum = 0, products = 0;
		for (size_t i = 0; i < count; i++) {
			double p = weights[i % (size_t)layer->input.channels] * dy[i];
			sum += p / (double)count;
			products += p * (x[i] - norm.mean) * norm.scale / (double)count;
		}
		for (size_t i = 0; i < count; i++)
			dx[i] = norm.scale * (weights[i % (size_t)layer->input.channels] * dy[i] - sum -
			                      (x[i] - norm.mean) * norm.scale * products);
		return;
	}
	memset(dx, 0, count * sizeof *dx);
	truth_convolve(layer, weights, dx, dy, true);
}

static double truth_penalty(struct truth *truth, const struct bench *bench)
{
	double sum = 0;
	for (int n = 0; n < PICTURES; n++) {
		for (int i = 0; i < SIZE * SIZE * CHANNELS; i++) {
			int at = (i / CHANNELS * PICTURES + n) * CHANNELS + i % CHANNELS;
			truth->values[0][i] = bench->mix[n] * (double)bench->real[at] + (1 - (double)bench->mix[n]) * bench->fake[at];
		}
		for (int l = 0; l < truth->network->layer_count; l++)
			truth_forward(truth, l);
		truth->gradient[0][0] = 1;
		for (int l = truth->network->layer_count - 1; l >= 0; l--) {
			truth_backward(truth, l, truth->gradient[0], truth->gradient[1]);
			double *kept = truth->gradient[0];
			truth->gradient[0] = truth->gradient[1];
			truth->gradient[1] = kept;
		}
		double square = 0;
		for (int i = 0; i < SIZE * SIZE * CHANNELS; i++)
			square += truth->gradient[0][i] * truth->gradient[0][i];
		sum += (sqrt(square) - 1) * (sqrt(square) - 1);
	}
	return WEIGHT * sum / PICTURES;
}

static void assert_slopes(struct truth *truth, struct bench *bench)
{
	const double step = 1e-5;
	for (int t = 0; t < bench->d->trained.count; t++) {
		const struct parameter *tensor = &bench->d->trained.items[t];
		double largest = 0;
		for (size_t i = 0; i < tensor->count; i++)
			largest = fmax(largest, fabs(bench->d->gradients[tensor->offset + i]));
		for (size_t i = 0; i < tensor->count; i += tensor->count > 60 ? tensor->count / 23 : 1) {
			double *weight = &truth->weights[tensor->offset + i], kept = *weight;
			*weight = kept + step;
			double above = truth_penalty(truth, bench);
			*weight = kept - step;
			double slope = (above - truth_penalty(truth, bench)) / (2 * step);
			*weight = kept;
			if (!(fabs(slope - bench->d->gradients[tensor->offset + i]) <= 1e-4 * fmax(fabs(slope), 0.01 * largest)))
				fail_msg("%s[%zu]: %.9g, by difference %.9g", tensor->name, i, bench->d->gradients[tensor->offset + i], slope);
		}
	}
}

static void agrees_with_finite_differences_in_double(void **state)
{
	(void)state;
	enum { MOST = SIZE * SIZE * WIDTH };
	for (int i = 0; i < CASES; i++) {
		struct bench *bench = make_bench(&cases[i], PRECISION_FLOAT32, NULL);
		struct truth truth = {.network = bench->d, .weights = memory_zeroed(bench->d->trained.floats, sizeof(double))};
		for (int l = 0; l <= bench->d->layer_count; l++)
			truth.values[l] = memory_zeroed(MOST, sizeof(double));
		for (int k = 0; k < 2; k++)
			truth.gradient[k] = memory_zeroed(MOST, sizeof(double));
		for (size_t k = 0; k < bench->d->trained.floats; k++)
			truth.weights[k] = bench->d->weights[k];
		assert_float_equal(add(bench, NULL), truth_penalty(&truth, bench), 1e-4);
		assert_slopes(&truth, bench);
		for (int l = 0; l <= bench->d->layer_count; l++)
			free(truth.values[l]);
		free(truth.gradient[0]);
		free(truth.gradient[1]);
		free(truth.weights);
		free_bench(bench);
	}
}

/* ---- quantized weights ---- */

/* The penalty of a quantized critic is that of Q(W), and so is its gradient, which is what W gets. */
static void straight_through_is_around_the_penalty(void **state)
{
	(void)state;
	for (int i = 0; i < CASES; i++)
		for (int q = 0; quantizers[q]; q++) {
			struct bench *bench = make_bench(&cases[i], PRECISION_FLOAT32, NULL), *plain = make_bench(&cases[i], PRECISION_FLOAT32, NULL);
			struct quantization quantization;
			struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
			quantization_init(&quantization, bench->d);
			for (int t = 0; t < quantization.count; t++)
				plans[t] = (struct tensor_plan){.quantizer = quantizers[q], .bits = 2};
			assert_true(quantization_set(&quantization, plans, NULL) && quantization_refresh(&quantization, NULL, NULL));
			memcpy(plain->d->weights, bench->d->weights, bench->d->trained.floats * sizeof(float));
			for (int t = 0; t < quantization.count; t++)
				memcpy(plain->d->weights + quantization.tensors[t]->offset, bench->d->effective + quantization.tensors[t]->offset,
				       quantization.tensors[t]->count * sizeof(float));
			network_pack(plain->d, NULL);
			double penalty = add(bench, NULL);
			assert_true(penalty == add(plain, NULL) && fabs(penalty - cases[i].penalty[0]) > 1e-3);
			assert_memory_equal(bench->d->gradients, plain->d->gradients, bench->d->trained.floats * sizeof(float));
			quantization_clear(&quantization);
			free_bench(bench);
			free_bench(plain);
		}
}

/* Without any slope there is no direction to push in: the penalty counts, its gradient is 0, and nothing is NaN. */
static void a_flat_critic_is_penalised_but_not_pushed(void **state)
{
	(void)state;
	struct bench *bench = make_bench(&cases[0], PRECISION_FLOAT32, NULL);
	memset(bench->d->weights, 0, bench->d->trained.floats * sizeof(float));
	network_pack(bench->d, NULL);
	assert_true(add(bench, NULL) == WEIGHT);
	for (size_t i = 0; i < bench->d->trained.floats; i++)
		assert_true(bench->d->gradients[i] == 0);
	free_bench(bench);
}

static void layers_without_second_derivatives_are_named(void **state)
{
	(void)state;
	struct gan_settings settings = {
		.model = "dcgan", .size = 32, .channels = 1, .width = 2, .latent = 4, .batch = 2, .optimizer = "adam", .critic_steps = 1,
		.gradient_penalty = 10, .bits = {QUANT_FLOAT_BITS, QUANT_FLOAT_BITS}, .loss_b = 1, .loss_c = 1};
	static const struct { const struct model_family *family; const char *layer; } rows[] = {
		{&model_dcgan, "norm2 (batch_norm_leaky)"}, {&model_lsgan, "norm2 (batch_norm_leaky)"},
		{&model_hinge, "conv1 (spectral_conv2d)"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gan gan;
		struct error error = {0};
		assert_false(gan_init(&gan, rows[i].family, &settings, &optimizer_adam, NULL, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, rows[i].layer));
		assert_non_null(strstr(error.text, "gradient penalty"));
		gan_clear(&gan);
		assert_true(gan_init(&gan, rows[i].family, &settings, NULL, NULL, &error)); /* to be looked at */
		gan_clear(&gan);
	}
}

/* ---- losses ---- */

enum { SCORES = sizeof bce_scores / sizeof *bce_scores };

static void losses_agree_with_pytorch(void **state)
{
	(void)state;
	struct gan_settings settings = {.loss_a = 0, .loss_b = 1, .loss_c = -1};
	static const struct { const struct model_family *family; enum loss_role role; const float *loss, *gradient; } rows[] = {
		{&model_dcgan, LOSS_D_REAL, bce_loss1, bce_gradient1}, {&model_dcgan, LOSS_D_FAKE, bce_loss0, bce_gradient0},
		{&model_dcgan, LOSS_G, bce_loss1, bce_gradient1},
		{&model_lsgan, LOSS_D_REAL, squares_loss1, squares_gradient1}, {&model_lsgan, LOSS_D_FAKE, squares_loss0, squares_gradient0},
		{&model_lsgan, LOSS_G, squares_loss2, squares_gradient2},
		{&model_hinge, LOSS_D_REAL, hinge_loss1, hinge_gradient1}, {&model_hinge, LOSS_D_FAKE, hinge_loss0, hinge_gradient0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		float gradient[SCORES];
		double loss = model_loss(&settings, rows[i].family, rows[i].role, SCORES, bce_scores, gradient);
		assert_float_equal(loss, rows[i].loss[0], 1e-6 * rows[i].loss[0] + 1e-6);
		assert_true(close_to(gradient, rows[i].gradient, SCORES, 1e-6, "slope of the loss"));
	}
	const float scores[] = {0, -1000, 1000, 2};
	assert_float_equal(model_mean_told(&model_dcgan, 4, scores), (0.5 + 0 + 1 + 1 / (1 + exp(-2))) / 4, 1e-12);
	assert_float_equal(model_mean_told(&model_wgan_gp, 4, scores), 0.5, 1e-12);
}

static void every_loss_agrees_with_its_slope(void **state)
{
	(void)state;
	const struct gan_settings settings = {.loss_a = -1, .loss_b = 1.5, .loss_c = 0.25};
	const double step = 1e-5;
	for (int i = 0; model_families[i]; i++)
		for (int role = 0; role < LOSS_ROLES; role++)
			for (double score = -30.1; score < 31; score += 1.7) {
				const struct model_family *family = model_families[i];
				double above = family->loss(&settings, role, score + step), below = family->loss(&settings, role, score - step);
				assert_float_equal(family->slope(&settings, role, score), (above - below) / (2 * step), 1e-6);
			}
}

/* What the judge of trainings sees: 0 surely generated, 1 surely real, or that it cannot know. */
static void scores_are_put_on_the_judge_s_scale(void **state)
{
	(void)state;
	static const struct { const char *model; double real, fake, loss_g; double on_scale[3]; } rows[] = {
		{"dcgan", 0.9, 0.2, 3, {0.9, 0.2, 3}}, {"lsgan", 1.5, -1, 0.5, {1, 0, 0.5}}, {"hinge", 1, -1, 1, {1, 0, 1}},
		{"wgan-gp", 30, 20, -20, {NAN, NAN, NAN}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gan_settings settings = {.loss_a = -1, .loss_b = 1.5};
		snprintf(settings.model, sizeof settings.model, "%s", rows[i].model);
		struct verdict_point point = {.d_real = rows[i].real, .d_fake = rows[i].fake, .loss_g = rows[i].loss_g, .gradient_g = 7};
		model_put_on_scale(&settings, &point);
		const double found[] = {point.d_real, point.d_fake, point.loss_g};
		for (int k = 0; k < 3; k++)
			assert_true(found[k] == rows[i].on_scale[k] || (isnan(found[k]) && isnan(rows[i].on_scale[k])));
		assert_true(point.gradient_g == 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_automatic_differentiation),
		cmocka_unit_test(agrees_in_split_bf16),
		cmocka_unit_test(adds_to_the_gradients_that_are_there),
		cmocka_unit_test(agrees_with_finite_differences_in_double),
		cmocka_unit_test(straight_through_is_around_the_penalty),
		cmocka_unit_test(a_flat_critic_is_penalised_but_not_pushed),
		cmocka_unit_test(layers_without_second_derivatives_are_named),
		cmocka_unit_test(losses_agree_with_pytorch),
		cmocka_unit_test(every_loss_agrees_with_its_slope),
		cmocka_unit_test(scores_are_put_on_the_judge_s_scale),
	};
	return cmocka_run_group_tests_name("penalty", tests, NULL, NULL);
}
