/* engine/nn, engine/gan: whole networks and the adversarial step: layers of the published DCGAN, the blocks, quantized
 * weights, and PyTorch's gradients and losses for the same weights, pictures and noise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/gan/gan.h"
#include "tests/golden/dcgan.h"
#include "tests/golden_numbers.h"
#include "tests/sanitized.h"

/* Where the sanitizers do not own the allocator, this program's own one counts. */
#if defined(__GLIBC__) && !SANITIZED
#define COUNTS_ALLOCATIONS
static atomic_int allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_memalign(alignment, size);
}
#endif

static struct gan_settings small_settings(int width, int channels, int latent, int batch)
{
	return (struct gan_settings){
		.model = "dcgan", .size = 32, .channels = channels, .width = width, .latent = latent, .batch = batch,
		.bits = {QUANT_FLOAT_BITS, QUANT_FLOAT_BITS}, .quantizer = "em", .optimizer = "adam",
		.critic_steps = 1, .loss_b = 1, .loss_c = 1,
		.learning_rate = {2e-4, 2e-4}, .beta1 = 0.5, .beta2 = 0.999, .seed = 1,
	};
}

/* The same for every tensor. */
static bool set_bits(struct quantization *quantization, const struct quantizer *quantizer, int bits, struct error *error)
{
	struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
	for (int i = 0; i < QUANTIZATION_MAX_TENSORS; i++)
		plans[i] = (struct tensor_plan){.quantizer = quantizer, .bits = bits};
	return quantization_set(quantization, plans, error);
}

static void init_gan(struct gan *gan, const struct gan_settings *settings, struct parallel *parallel)
{
	struct error error = {0};
	const struct model_family *family = model_family_check(settings, &error);
	assert_string_equal(error.text, "");
	assert_true(gan_init(gan, family, settings, optimizer_find(settings->optimizer, &error), parallel, &error));
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct random random;
		random_start(&random, settings->seed, id == NETWORK_D ? RANDOM_INIT_D : RANDOM_INIT_G);
		network_initialise(gan->networks[id], &random);
		const struct quantizer *quantizer = quantizer_find(settings->quantizer, &error);
		assert_true(set_bits(&gan->quantization[id], quantizer, settings->bits[id], &error));
	}
}

static bool hand_out(void *context, struct gan_batch *batch, struct error *error)
{
	(void)error;
	*batch = *(const struct gan_batch *)context;
	return true;
}

/* A step with known pictures and noise, the same for every update of D; the penalty is taken half way between real and fake. */
static bool play(struct gan *gan, const float *real, const float *noise, struct gan_measures *measures, struct error *error)
{
	static const float half[] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f};
	struct gan_batch batch = {.real = real, .noise = noise, .mix = half};
	assert_true(gan->batch <= (int)(sizeof half / sizeof *half));
	return gan_step(gan, &(struct gan_feed){hand_out, &batch}, measures, error);
}

/* The families' own defaults, as far as they concern the game. */
static void set_model(struct gan_settings *settings, const struct model_family *family)
{
	const char *critic_steps = model_family_default(family, "critic-steps");
	const char *penalty = model_family_default(family, "gradient-penalty");
	snprintf(settings->model, sizeof settings->model, "%s", family->name);
	settings->critic_steps = critic_steps ? atoi(critic_steps) : 1;
	settings->gradient_penalty = penalty ? atof(penalty) : 0;
}

/* As make_golden_dcgan.py's draw. */
static void draw_weights(struct network *network, struct numbers *numbers, double scale)
{
	for (int i = 0; i < network->trained.count; i++) {
		const struct parameter *tensor = &network->trained.items[i];
		float *theirs = memory_zeroed(tensor->count, sizeof *theirs);
		numbers_fill(numbers, theirs, tensor->count, scale, tensor->mean);
		parameter_import(tensor, theirs, network->weights + tensor->offset);
		free(theirs);
	}
}

/* All tensors of a list in PyTorch's order, one after the other; owned by the caller. */
static float *flatten(const struct parameter_list *list, const float *block, size_t expected)
{
	float *flat = memory_zeroed(expected, sizeof *flat);
	size_t used = 0;
	for (int i = 0; i < list->count; i++) {
		assert_true(used + list->items[i].count <= expected);
		parameter_export(&list->items[i], block + list->items[i].offset, flat + used);
		used += list->items[i].count;
	}
	assert_int_equal(used, expected);
	return flat;
}

static void assert_block(const struct parameter_list *list, const float *block, const float *golden, size_t count,
                         double tolerance,
                         const char *what)
{
	float *flat = flatten(list, block, count);
	assert_true(close_to(flat, golden, count, tolerance, what));
	free(flat);
}

/* Adam's first step moves a weight by about its rate, whichever way its gradient points: a gradient that is only rounding
 * noise may point either way, so weights with such gradients may differ by two rates. */
static void assert_updated(const struct network *network, const float *gradients, const float *golden, size_t count)
{
	float *flat = flatten(&network->trained, network->weights, count);
	for (size_t i = 0; i < count; i++)
		assert_float_equal(flat[i], golden[i], fabsf(gradients[i]) > 1e-5f ? 3e-6f : 4.1e-4f);
	free(flat);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void one_step_agrees_with_pytorch(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 1, 4, 4);
	struct gan gan;
	init_gan(&gan, &settings, NULL);
	struct numbers numbers = {STEP_SEED};
	draw_weights(gan.networks[NETWORK_D], &numbers, 0.3);
	draw_weights(gan.networks[NETWORK_G], &numbers, 0.3);
	float real[32 * 32 * 4], noise[4 * 4];
	numbers_fill(&numbers, real, COUNT(real), 1, 0);
	numbers_fill(&numbers, noise, COUNT(noise), 1.7, 0);
	struct gan_measures measures;
	assert_true(play(&gan, real, noise, &measures, NULL));
	assert_float_equal(measures.loss[NETWORK_D], step_measures[0], 2e-6);
	assert_float_equal(measures.loss[NETWORK_G], step_measures[1], 2e-6);
	assert_float_equal(measures.d_real, step_measures[2], 1e-6);
	assert_float_equal(measures.d_fake, step_measures[3], 1e-6);
	const struct network *d = gan.networks[NETWORK_D], *g = gan.networks[NETWORK_G];
	assert_block(&d->trained, d->gradients, step_d_gradients, COUNT(step_d_gradients), 5e-6, "gradients of D");
	assert_block(&g->trained, g->gradients, step_g_gradients, COUNT(step_g_gradients), 1e-5, "gradients of G");
	assert_block(&d->running, d->statistics, step_d_statistics, COUNT(step_d_statistics), 2e-6, "statistics of D");
	assert_block(&g->running, g->statistics, step_g_statistics, COUNT(step_g_statistics), 2e-6, "statistics of G");
	assert_updated(d, step_d_gradients, step_d_weights, COUNT(step_d_weights));
	assert_updated(g, step_g_gradients, step_g_weights, COUNT(step_g_weights));
	double norm = 0;
	for (size_t i = 0; i < COUNT(step_g_gradients); i++)
		norm += (double)step_g_gradients[i] * step_g_gradients[i];
	assert_float_equal(measures.gradient_norm[NETWORK_G], sqrt(norm), 1e-4 * sqrt(norm));
	gan_clear(&gan);
}

/* Two programs round differently, by some 1e-7 a step at these losses near 1. */
static void twenty_steps_agree_with_pytorch(void **state)
{
	(void)state;
	enum { BATCH = 8, LATENT = 16, BATCHES = 3, STEPS = 20, PICTURES = 32 * 32 * BATCH * 3 };
	struct gan_settings settings = small_settings(8, 3, LATENT, BATCH);
	struct gan gan;
	init_gan(&gan, &settings, NULL);
	struct numbers numbers = {CURVE_SEED};
	draw_weights(gan.networks[NETWORK_D], &numbers, 0.035);
	draw_weights(gan.networks[NETWORK_G], &numbers, 0.035);
	float *real = memory_zeroed(BATCHES * PICTURES, sizeof *real), noise[BATCH * LATENT];
	numbers_fill(&numbers, real, BATCHES * PICTURES, 1, 0);
	for (int step = 0; step < STEPS; step++) {
		struct gan_measures measures;
		numbers_fill(&numbers, noise, COUNT(noise), 1.7, 0);
		assert_true(play(&gan, real + step % BATCHES * PICTURES, noise, &measures, NULL));
		const float *golden = &curve[4 * step];
		assert_float_equal(measures.loss[NETWORK_D], golden[0], 5e-6);
		assert_float_equal(measures.loss[NETWORK_G], golden[1], 5e-6);
		assert_float_equal(measures.d_real, golden[2], 2e-6);
		assert_float_equal(measures.d_fake, golden[3], 2e-6);
	}
	free(real);
	gan_clear(&gan);
}

static uint64_t count_parameters(const struct gan *gan, enum network_id id)
{
	uint64_t count = 0;
	for (int i = 0; i < gan->networks[id]->trained.count; i++)
		count += gan->networks[id]->trained.items[i].count;
	return count;
}

/* pytorch/examples at 64 x 64 prints 3,576,704 parameters for G and 2,765,568 for D. */
static void dcgan_is_the_published_one(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(64, 3, 100, 1);
	settings.size = 64;
	struct gan gan;
	init_gan(&gan, &settings, NULL);
	assert_int_equal(count_parameters(&gan, NETWORK_G), 3576704);
	assert_int_equal(count_parameters(&gan, NETWORK_D), 2765568);
	gan_clear(&gan);
}

static void dcgan_at_32_pixels_has_the_paper_s_layers(void **state)
{
	(void)state;
	static const struct { enum network_id network; const char *name, *shape; } rows[] = {
		{NETWORK_D, "conv1.weight", "128x3x4x4"}, {NETWORK_D, "conv2.weight", "256x128x4x4"},
		{NETWORK_D, "norm2.weight", "256"}, {NETWORK_D, "norm2.bias", "256"},
		{NETWORK_D, "conv3.weight", "512x256x4x4"}, {NETWORK_D, "norm3.weight", "512"}, {NETWORK_D, "norm3.bias", "512"},
		{NETWORK_D, "conv4.weight", "1x512x4x4"},
		{NETWORK_G, "deconv1.weight", "100x512x4x4"}, {NETWORK_G, "norm1.weight", "512"}, {NETWORK_G, "norm1.bias", "512"},
		{NETWORK_G, "deconv2.weight", "512x256x4x4"}, {NETWORK_G, "norm2.weight", "256"}, {NETWORK_G, "norm2.bias", "256"},
		{NETWORK_G, "deconv3.weight", "256x128x4x4"}, {NETWORK_G, "norm3.weight", "128"}, {NETWORK_G, "norm3.bias", "128"},
		{NETWORK_G, "deconv4.weight", "128x3x4x4"},
	};
	struct gan_settings settings = small_settings(128, 3, 100, 1);
	struct gan gan;
	init_gan(&gan, &settings, NULL);
	int seen[NETWORK_COUNT] = {0};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct parameter_list *list = &gan.networks[rows[i].network]->trained;
		const struct parameter *tensor = &list->items[seen[rows[i].network]++];
		char shape[64];
		assert_string_equal(tensor->name, rows[i].name);
		assert_string_equal(parameter_shape_text(tensor, shape, sizeof shape), rows[i].shape);
		assert_int_equal(tensor->quantized, strstr(rows[i].name, "conv") != NULL);
	}
	assert_int_equal(seen[NETWORK_D], gan.networks[NETWORK_D]->trained.count);
	assert_int_equal(seen[NETWORK_G], gan.networks[NETWORK_G]->trained.count);
	gan_clear(&gan);
}

/* Mean and deviation of what a tensor was drawn from, within five standard errors. */
static void assert_drawn(const struct parameter *tensor, const float *values, double mean, double deviation)
{
	double sum = 0, squares = 0, count = (double)tensor->count;
	for (size_t i = 0; i < tensor->count; i++)
		sum += values[i];
	for (size_t i = 0; i < tensor->count; i++)
		squares += (values[i] - sum / count) * (values[i] - sum / count);
	assert_float_equal(sum / count, mean, 5 * deviation / sqrt(count) + 1e-9);
	assert_float_equal(sqrt(squares / count), deviation, 5 * deviation / sqrt(2 * count) + 1e-9);
}

static void every_family_and_size_builds_and_starts_as_published(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++)
		for (int s = 0; model_families[f]->sizes[s]; s++) {
			struct gan_settings settings = small_settings(16, s % 2 ? 1 : 3, 24, 2);
			set_model(&settings, model_families[f]);
			settings.size = model_families[f]->sizes[s];
			settings.layer_norm = s % 2;
			struct gan gan;
			init_gan(&gan, &settings, NULL);
			struct shape picture = gan.networks[NETWORK_G]->output, score = gan.networks[NETWORK_D]->output;
			assert_true(picture.height == settings.size && picture.width == settings.size &&
			            picture.channels == settings.channels);
			assert_true(shape_count(score) == 1 && shape_count(gan.networks[NETWORK_D]->input) == shape_count(picture));
			for (int id = 0; id < NETWORK_COUNT; id++)
				for (int i = 0; i < gan.networks[id]->trained.count; i++) {
					const struct parameter *tensor = &gan.networks[id]->trained.items[i];
					bool gamma = tensor->dimensions == 1 && strstr(tensor->name, "weight");
					double deviation = tensor->dimensions == 1 && !gamma ? 0 : 0.02;
					assert_drawn(tensor, gan.networks[id]->weights + tensor->offset, gamma ? 1 : 0, deviation);
				}
			gan_clear(&gan);
		}
}

static void impossible_settings_are_named(void **state)
{
	(void)state;
	static const struct { int size, channels, width, latent, batch; const char *model, *named; } rows[] = {
		{48, 3, 8, 8, 4, "dcgan", "size 48"}, {32, 2, 8, 8, 4, "dcgan", "channels 2"}, {32, 3, 0, 8, 4, "dcgan", "width 0"},
		{32, 3, 5000, 8, 4, "dcgan", "width 5000"}, {32, 3, 8, -1, 4, "dcgan", "latent -1"}, {32, 3, 8, 8, 0, "dcgan", "batch 0"},
		{32, 3, 8, 8, 4, "biggan", "known: dcgan"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gan_settings settings = small_settings(rows[i].width, rows[i].channels, rows[i].latent, rows[i].batch);
		settings.size = rows[i].size;
		snprintf(settings.model, sizeof settings.model, "%s", rows[i].model);
		struct error error = {0};
		assert_null(model_family_check(&settings, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, rows[i].named));
	}
}

/* The same three steps of a quantized game with any number of threads: bit for bit. */
static void any_thread_count_plays_the_same(const struct model_family *family, bool layer_norm)
{
	enum { BATCH = 5, LATENT = 7 };
	struct gan_settings settings = small_settings(12, 3, LATENT, BATCH);
	set_model(&settings, family);
	settings.layer_norm = layer_norm;
	settings.bits[NETWORK_D] = 2;
	settings.bits[NETWORK_G] = 1;
	float *real = memory_zeroed(32 * 32 * BATCH * 3, sizeof *real), noise[BATCH * LATENT], *first[NETWORK_COUNT] = {0};
	struct gan_measures measured[3];
	for (int threads = 1; threads <= 3; threads++) {
		struct parallel *parallel = parallel_create(threads, NULL);
		struct numbers numbers = {5};
		struct gan gan;
		init_gan(&gan, &settings, parallel);
		for (int step = 0; step < 3; step++) {
			struct gan_measures measures;
			numbers_fill(&numbers, real, 32 * 32 * BATCH * 3, 1, 0);
			numbers_fill(&numbers, noise, COUNT(noise), 1.7, 0);
			assert_true(play(&gan, real, noise, &measures, NULL));
			if (threads == 1)
				measured[step] = measures;
			assert_memory_equal(&measures, &measured[step], sizeof measures);
		}
		for (int id = 0; id < NETWORK_COUNT; id++) {
			size_t bytes = gan.networks[id]->trained.floats * sizeof(float);
			if (threads == 1)
				first[id] = memcpy(memory_zeroed(bytes, 1), gan.networks[id]->weights, bytes);
			assert_memory_equal(first[id], gan.networks[id]->weights, bytes);
		}
		gan_clear(&gan);
		parallel_destroy(parallel);
	}
	free(real);
	free(first[0]);
	free(first[1]);
}

static void thread_count_does_not_change_a_bit(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++)
		any_thread_count_plays_the_same(model_families[f], false);
	any_thread_count_plays_the_same(&model_wgan_gp, true);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

static int different_values(const float *values, size_t count)
{
	float *sorted = memory_zeroed(count, sizeof *sorted);
	memcpy(sorted, values, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, by_value);
	int different = count > 0;
	for (size_t i = 1; i < count; i++)
		different += sorted[i] != sorted[i - 1];
	free(sorted);
	return different;
}

/* Every method at every width of bits it can train with: at most 2^k values a tensor, norms untouched. */
static void effective_weights_take_few_values(void **state)
{
	(void)state;
	for (int q = 0; quantizers[q]; q++)
		for (int bits = 1; bits <= 4; bits++) {
			struct gan_settings settings = small_settings(8, 1, 8, 2);
			settings.bits[NETWORK_D] = settings.bits[NETWORK_G] = bits;
			snprintf(settings.quantizer, sizeof settings.quantizer, "%s", quantizers[q]->name);
			struct gan gan;
			init_gan(&gan, &settings, NULL);
			for (int id = 0; id < NETWORK_COUNT; id++) {
				const struct network *network = gan.networks[id];
				assert_true(quantization_refresh(&gan.quantization[id], NULL, NULL));
				for (int i = 0; i < gan.quantization[id].count; i++) {
					const struct parameter *tensor = gan.quantization[id].tensors[i];
					assert_in_range(different_values(network->effective + tensor->offset, tensor->count), 1, 1 << bits);
					assert_true(different_values(network->weights + tensor->offset, tensor->count) > 16);
				}
			}
			gan_clear(&gan);
		}
}

/* A tensor each: quantized, float beside it to the last bit; a change forgets the fits of its own tensor only. */
static void float_layers_of_a_quantized_network_are_the_masters(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(8, 1, 8, 2);
	struct gan gan;
	init_gan(&gan, &settings, NULL);
	struct quantization *d = &gan.quantization[NETWORK_D];
	const struct network *network = d->network;
	struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
	assert_int_equal(d->count, 4);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			plans[i] = (struct tensor_plan){.quantizer = &quantizer_em, .bits = i == 1 + round ? QUANT_FLOAT_BITS : 2};
		struct quant_fit first = *d->fits[0];
		assert_true(quantization_set(d, plans, NULL) && quantization_refresh(d, NULL, NULL));
		for (int i = 0; i < 4; i++) {
			size_t bytes = d->tensors[i]->count * sizeof(float), offset = d->tensors[i]->offset;
			bool same = memcmp(network->effective + offset, network->weights + offset, bytes) == 0;
			assert_int_equal(same, i == 1 + round);
		}
		assert_int_equal(memcmp(&first, d->fits[0], sizeof first) == 0, round == 1);
	}
	for (int i = 0; i < 4; i++)
		plans[i].bits = QUANT_FLOAT_BITS;
	assert_false(quantization_is_float(d));
	assert_true(quantization_set(d, plans, NULL) && quantization_is_float(d));
	assert_null(network->effective);
	gan_clear(&gan);
}

/* Straight-through: a quantized network has the gradients of a float network that holds Q(W). */
static void gradients_are_those_at_the_quantized_weights(void **state)
{
	(void)state;
	enum { BATCH = 3, LATENT = 6 };
	struct gan_settings settings = small_settings(8, 3, LATENT, BATCH);
	struct gan quantized, plain;
	init_gan(&plain, &settings, NULL);
	settings.bits[NETWORK_D] = settings.bits[NETWORK_G] = 2;
	init_gan(&quantized, &settings, NULL);
	const struct network_wants everything = {.weight_gradients = true, .input_gradient = true};
	struct numbers numbers = {3};
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct network *with = quantized.networks[id], *without = plain.networks[id];
		assert_true(quantization_refresh(&quantized.quantization[id], NULL, NULL));
		for (int i = 0; i < with->trained.count; i++) {
			const struct parameter *tensor = &with->trained.items[i];
			if (tensor->quantized)
				memcpy(without->weights + tensor->offset, with->effective + tensor->offset, tensor->count * sizeof(float));
		}
		assert_true(quantization_refresh(&plain.quantization[id], NULL, NULL));
		assert_null(without->effective);
		size_t inputs = shape_count(with->input) * BATCH, outputs = shape_count(with->output) * BATCH;
		float *x = memory_zeroed(inputs, sizeof *x), *dy = memory_zeroed(outputs, sizeof *dy);
		numbers_fill(&numbers, x, inputs, 1, 0);
		numbers_fill(&numbers, dy, outputs, 1, 0);
		const float *y = network_forward(with, NULL, BATCH, true, x);
		assert_memory_equal(y, network_forward(without, NULL, BATCH, true, x), outputs * sizeof *y);
		const float *dx = network_backward(with, NULL, BATCH, everything, x, dy);
		assert_memory_equal(dx, network_backward(without, NULL, BATCH, everything, x, dy), inputs * sizeof *dx);
		assert_memory_equal(with->gradients, without->gradients, with->trained.floats * sizeof(float));
		assert_true(network_gradient_norm(with, NULL) > 0);
		free(x);
		free(dy);
	}
	gan_clear(&quantized);
	gan_clear(&plain);
}

/* The update goes to the master weights, which stay off the levels. */
static void updates_go_to_the_master_weights(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(8, 1, 8, 2);
	settings.bits[NETWORK_D] = settings.bits[NETWORK_G] = 1;
	struct gan gan;
	init_gan(&gan, &settings, NULL);
	struct network *d = gan.networks[NETWORK_D];
	float *before = memory_zeroed(d->trained.floats, sizeof *before), *real = memory_zeroed(32 * 32 * 2, sizeof *real), noise[16];
	struct numbers numbers = {9};
	numbers_fill(&numbers, real, 32 * 32 * 2, 1, 0);
	numbers_fill(&numbers, noise, 16, 1, 0);
	memcpy(before, d->weights, d->trained.floats * sizeof *before);
	struct gan_measures measures;
	assert_true(play(&gan, real, noise, &measures, NULL));
	const struct parameter *tensor = gan.quantization[NETWORK_D].tensors[1];
	for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++)
		assert_true(fabsf(d->weights[i] - before[i]) <= 2.001e-4f);
	assert_true(different_values(d->weights + tensor->offset, tensor->count) > 100);
	assert_true(memcmp(before, d->weights, d->trained.floats * sizeof *before) != 0);
	free(before);
	free(real);
	gan_clear(&gan);
}

static void what_is_not_finite_is_not_applied(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(4, 1, 4, 2);
	struct gan gan;
	init_gan(&gan, &settings, NULL);
	float *real = memory_zeroed(32 * 32 * 2, sizeof *real), noise[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct gan_measures measures;
	assert_true(play(&gan, real, noise, &measures, NULL));
	struct network *d = gan.networks[NETWORK_D], *g = gan.networks[NETWORK_G];
	size_t bytes[] = {d->trained.floats * sizeof(float), d->running.floats * sizeof(float)};
	float *weights = memcpy(memory_zeroed(bytes[0], 1), d->weights, bytes[0]);
	float *moments = memcpy(memory_zeroed(bytes[0], 1), d->optimizer_state[1], bytes[0]);
	float *statistics = memcpy(memory_zeroed(bytes[1], 1), d->statistics, bytes[1]);
	real[100] = NAN;
	struct error error = {0};
	assert_false(play(&gan, real, noise, &measures, &error));
	assert_int_equal(error.code, ERROR_NUMERIC);
	assert_non_null(strstr(error.text, "D's loss"));
	assert_memory_equal(weights, d->weights, bytes[0]);
	assert_memory_equal(moments, d->optimizer_state[1], bytes[0]);
	assert_memory_equal(statistics, d->statistics, bytes[1]);
	assert_int_equal(gan.optimization[NETWORK_D].step, 1);
	real[100] = 0;
	assert_true(play(&gan, real, noise, &measures, NULL));
	g->weights[g->trained.items[0].offset] = INFINITY;
	set_bits(&gan.quantization[NETWORK_G], quantizers[0], 2, NULL);
	assert_false(play(&gan, real, noise, &measures, &error));
	assert_int_equal(error.code, ERROR_NUMERIC);
	assert_non_null(strstr(error.text, "deconv1.weight"));
	free(weights);
	free(moments);
	free(statistics);
	free(real);
	gan_clear(&gan);
}

#ifdef COUNTS_ALLOCATIONS
static void no_step_allocates(const struct model_family *family)
{
	struct gan_settings settings = small_settings(8, 3, 8, 4);
	set_model(&settings, family);
	settings.bits[NETWORK_D] = 2;
	struct parallel *parallel = parallel_create(2, NULL);
	struct gan gan;
	init_gan(&gan, &settings, parallel);
	float *real = memory_zeroed(32 * 32 * 3 * 4, sizeof *real), noise[32] = {1};
	struct gan_measures measures;
	assert_true(play(&gan, real, noise, &measures, NULL)); /* first fits may sort a copy of the weights */
	int before = atomic_load(&allocations);
	assert_true(before > 10);
	for (int step = 0; step < 3; step++)
		assert_true(play(&gan, real, noise, &measures, NULL));
	assert_int_equal(atomic_load(&allocations), before);
	free(real);
	gan_clear(&gan);
	parallel_destroy(parallel);
}

static void a_step_allocates_nothing(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++)
		no_step_allocates(model_families[f]);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef COUNTS_ALLOCATIONS
		cmocka_unit_test(a_step_allocates_nothing),
#endif
		cmocka_unit_test(one_step_agrees_with_pytorch),
		cmocka_unit_test(twenty_steps_agree_with_pytorch),
		cmocka_unit_test(dcgan_is_the_published_one),
		cmocka_unit_test(dcgan_at_32_pixels_has_the_paper_s_layers),
		cmocka_unit_test(every_family_and_size_builds_and_starts_as_published),
		cmocka_unit_test(impossible_settings_are_named),
		cmocka_unit_test(thread_count_does_not_change_a_bit),
		cmocka_unit_test(effective_weights_take_few_values),
		cmocka_unit_test(float_layers_of_a_quantized_network_are_the_masters),
		cmocka_unit_test(gradients_are_those_at_the_quantized_weights),
		cmocka_unit_test(updates_go_to_the_master_weights),
		cmocka_unit_test(what_is_not_finite_is_not_applied),
	};
	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
