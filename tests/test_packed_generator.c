/* engine/gan/packed_generator: the pictures of a packed model are those of the fake-quantized generator it was made from, bit for
 * bit, for every method and number of bits, whatever the batch and the number of threads; a model that lacks something is
 * refused by name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/inspection.h"
#include "engine/gan/model.h"
#include "engine/gan/packed_generator.h"

enum { LARGEST_BATCH = 64 };

static const int batches[] = {1, 3, LARGEST_BATCH};

static struct gan_settings settings_of(const char *model, int size, int width, const char *quantizer, int bits)
{
	struct gan_settings settings = {
		.size = size, .channels = 3, .width = width, .latent = 10, .batch = LARGEST_BATCH, .bits = {32, bits}, .optimizer = "adam",
		.critic_steps = 1, .loss_b = 1, .loss_c = 1, .learning_rate = {2e-4, 2e-4}, .seed = 5, .allow_degenerate = true,
	};
	text_copy(settings.model, sizeof settings.model, model);
	text_copy(settings.data, sizeof settings.data, "made-up");
	text_copy(settings.quantizer, sizeof settings.quantizer, quantizer);
	return settings;
}

/* A generator as a training would leave it: batch norms have seen something. */
struct subject {
	struct gan_settings settings;
	struct network *network;
	struct quantization quantization;
	struct packed_model *model;
	float *noise;
};

static void fill_norms(struct network *network, struct random *random)
{
	for (int i = 0; i < network->running.count; i++) {
		const struct parameter *tensor = &network->running.items[i];
		float *values = network->statistics + tensor->offset;
		random_fill_normal(random, values, tensor->count, 0, 0.3f);
		for (size_t j = 0; strstr(tensor->name, "running_var") && j < tensor->count; j++)
			values[j] = values[j] * values[j] + 0.01f;
	}
	for (int i = 0; i < network->trained.count; i++)
		if (strstr(network->trained.items[i].name, "bias"))
			random_fill_normal(random, network->weights + network->trained.items[i].offset, network->trained.items[i].count, 0, 0.5f);
}

/* float_layer: the index of one that stays float, or -1. */
static struct subject make(const struct gan_settings *settings, int float_layer)
{
	struct error error = {0};
	struct subject subject = {.settings = *settings};
	const struct model_family *family = model_family_check(settings, &error);
	struct network_recipe *recipe = memory_zeroed(1, sizeof *recipe);
	struct random random;
	random_start(&random, settings->seed, RANDOM_TEST);
	family->describe(settings, NETWORK_G, recipe);
	subject.network = network_create(recipe->layers, recipe->count, recipe->input, LARGEST_BATCH, PRECISION_FLOAT32, NULL, &error);
	assert_non_null(subject.network);
	free(recipe);
	network_initialise(subject.network, &random);
	fill_norms(subject.network, &random);
	quantization_init(&subject.quantization, subject.network);
	struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
	for (int i = 0; i < subject.quantization.count; i++)
		plans[i] = (struct tensor_plan){
			.quantizer = quantizer_find(settings->quantizer, NULL), .per_channel = settings->per_channel,
			.bits = i == float_layer ? QUANT_FLOAT_BITS : settings->bits[NETWORK_G],
		};
	assert_true(quantization_set(&subject.quantization, plans, &error));
	assert_true(quantization_refresh(&subject.quantization, NULL, &error));
	const struct packed_source source = {.settings = settings, .networks = {[NETWORK_G] = &subject.quantization}};
	struct checkpoint *file = packed_model_make(&source, &error);
	assert_non_null(file);
	subject.model = packed_model_open(file, "model", &error);
	assert_non_null(subject.model);
	subject.noise = memory_try_floats((size_t)(LARGEST_BATCH * settings->latent), "noise", NULL);
	random_fill_normal(&random, subject.noise, (size_t)(LARGEST_BATCH * settings->latent), 0, 1);
	return subject;
}

static void release(struct subject *subject)
{
	quantization_clear(&subject->quantization);
	network_destroy(subject->network);
	packed_model_destroy(subject->model);
	free(subject->noise);
}

static struct packed_generator *open(const struct packed_model *model, int threads)
{
	struct error error = {0};
	struct packed_generator *generator = packed_generator_create(model, LARGEST_BATCH, threads, &error);
	if (!generator)
		fail_msg("%s", error.text);
	return generator;
}

/* batch 0: all of them. */
static void expect_same(const struct gan_settings *settings, int float_layer, int only_batch, int threads)
{
	struct subject subject = make(settings, float_layer);
	struct packed_generator *generator = open(subject.model, threads);
	const size_t values = shape_count(subject.network->output);
	assert_int_equal(packed_generator_threads(generator), threads);
	for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
		const int batch = batches[i];
		if (only_batch && batch != only_batch)
			continue;
		const float *expected = network_forward(subject.network, NULL, batch, false, subject.noise);
		const float *found = packed_generator_run(generator, batch, subject.noise);
		double spread = 0;
		for (size_t j = 0; j < values; j++)
			spread += fabs(expected[j]);
		assert_true(spread > 0 && spread <= (double)values); /* no picture of nothing, none beyond all bounds */
		if (memcmp(expected, found, values * (size_t)batch * sizeof *found) != 0)
			fail_msg("%s %d, %s %d bits, batch %d, %d threads: the pictures differ", settings->model, settings->size,
			         settings->quantizer, settings->bits[NETWORK_G], batch, threads);
	}
	packed_generator_destroy(generator);
	release(&subject);
}

static void every_method_and_every_bit(void **state)
{
	(void)state;
	for (int row = 0; quantizers[row]; row++)
		for (int bits = 1; bits <= 8; bits++) {
			struct gan_settings settings = settings_of("dcgan", 32, 11, quantizers[row]->name, bits);
			settings.per_channel = bits % 3 == 2;
			expect_same(&settings, -1, bits % 4 ? batches[bits % 2] : 0, 1 + bits % 2);
		}
}

static void every_family_and_size(void **state)
{
	(void)state;
	static const int sizes[] = {32, 64};
	for (int family = 0; model_families[family]; family++)
		for (int i = 0; i < 2; i++) {
			struct gan_settings settings = settings_of(model_families[family]->name, sizes[i], 8 + family, "em", 2);
			settings.channels = family % 2 ? 1 : 3;
			expect_same(&settings, -1, family ? 3 : 0, 2);
		}
}

static void float_layers_stay_float(void **state)
{
	(void)state;
	for (int layer = -1; layer < 4; layer++) {
		struct gan_settings settings = settings_of("dcgan", 32, 20, "minmax", layer < 0 ? QUANT_FLOAT_BITS : 3);
		expect_same(&settings, layer, layer < 0 ? 0 : 3, 1);
	}
}

/* A narrow one: every layer but the first is thin. */
static void narrow_generators_too(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of("dcgan", 32, 2, "log", 4);
	expect_same(&settings, -1, 0, 2);
}

static void samples_are_those_of_a_run(void **state)
{
	(void)state;
	struct error error = {0};
	struct gan_settings settings = settings_of("dcgan", 32, 8, "em", 2);
	struct subject subject = make(&settings, -1);
	struct packed_generator *generator = packed_generator_create(subject.model, 4, 1, &error);
	for (uint64_t seed = 0; seed < 2; seed++) {
		const struct shape shape = subject.network->output;
		struct image *grid = packed_generator_sample(generator, 7, seed, &error);
		assert_non_null(grid);
		assert_true(grid->width == 3 * shape.width && grid->height == 3 * shape.height && grid->channels == 3);
		struct random random;
		float *noise = memory_zeroed(70, sizeof *noise);
		random_start(&random, seed ? seed : settings.seed, RANDOM_FIXED_NOISE);
		for (int i = 0; i < 7; i++)
			random_fill_normal(&random, noise + i * 10, 10, 0, 1);
		uint8_t *pixels = memory_zeroed(7 * shape_count(shape), 1);
		tensor_to_pixels(network_forward(subject.network, NULL, 7, false, noise), 7, shape, pixels);
		for (int i = 0; i < 7; i++)
			for (int y = 0; y < shape.height; y++)
				assert_memory_equal(grid->pixels + ((size_t)(i / 3 * shape.height + y) * (size_t)grid->width + (size_t)(i % 3 * shape.width)) * 3,
				                    pixels + ((size_t)i * (size_t)shape.height + (size_t)y) * (size_t)shape.width * 3, (size_t)shape.width * 3);
		image_destroy(grid);
		free(noise);
		free(pixels);
	}
	packed_generator_destroy(generator);
	release(&subject);
}

/* Two bits a weight and little more, never the floats. */
static void it_holds_codes_and_no_floats(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of("dcgan", 32, 32, "em", 2);
	struct subject subject = make(&settings, -1);
	struct packed_generator *generator = open(subject.model, 1);
	double weights = 0, packed = (double)packed_generator_bytes(generator);
	for (int i = 0; i < subject.quantization.count; i++)
		weights += (double)subject.quantization.tensors[i]->count;
	assert_true(packed > weights * 2 / 8 && packed < weights * 2.2 / 8);
	packed_generator_destroy(generator);
	release(&subject);
}

static void expect_refusal(const struct packed_model *model, const char *sentence)
{
	struct error error = {0};
	assert_null(packed_generator_create(model, 1, 1, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	if (!strstr(error.text, sentence))
		fail_msg("\"%s\" does not say \"%s\"", error.text, sentence);
}

static void what_does_not_fit_is_named(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of("dcgan", 32, 8, "em", 2);
	struct subject subject = make(&settings, -1);
	struct packed_model *model = subject.model;
	model->settings.width = 9;
	expect_refusal(model, "tensor G.norm1.weight has 32 values");
	model->settings.width = 8;
	model->settings.latent = 11;
	expect_refusal(model, "G.deconv1.weight is not 11 x 32 x 4 x 4");
	model->settings.latent = 10;
	model->settings.size = 64;
	expect_refusal(model, "norm1.weight has 32 values");
	model->settings.size = 33;
	expect_refusal(model, "size 33");
	model->settings.size = 32;
	model->tensors[0].codes.layout = (struct quant_layout){1, 10, 32 * 16};
	expect_refusal(model, "scales for something else");
	model->holds[NETWORK_G] = false;
	expect_refusal(model, "holds no generator");
	release(&subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_method_and_every_bit),
		cmocka_unit_test(every_family_and_size),
		cmocka_unit_test(float_layers_stay_float),
		cmocka_unit_test(narrow_generators_too),
		cmocka_unit_test(samples_are_those_of_a_run),
		cmocka_unit_test(it_holds_codes_and_no_floats),
		cmocka_unit_test(what_does_not_fit_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
