/* Transposed convolutions from packed weights against a literal conv_scatter and the kernels that follow it in a network: the same bits,
 * for every number of bits, whatever the batch, the number of threads and the kernel. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_packed.h"
#include "engine/tensor/kernel.h"
#include "engine/tensor/pointwise.h"
#include "engine/tensor/random.h"

enum { LARGEST_BATCH = 7, STATES = 256 };

/* small, big, kernel, stride, padding */
static const struct conv_geometry shapes[] = {
	{.small = {1, 1, 10}, .big = {4, 4, 40}, .kernel = 4, .stride = 1, .padding = 0},
	{.small = {4, 4, 40}, .big = {8, 8, 20}, .kernel = 4, .stride = 2, .padding = 1},
	{.small = {5, 4, 33}, .big = {10, 8, 70}, .kernel = 4, .stride = 2, .padding = 1},
	{.small = {6, 6, 12}, .big = {6, 6, 19}, .kernel = 3, .stride = 1, .padding = 1},
	{.small = {3, 4, 7}, .big = {7, 9, 9}, .kernel = 3, .stride = 2, .padding = 0},
	{.small = {3, 3, 5}, .big = {7, 7, 16}, .kernel = 1, .stride = 3, .padding = 0}, /* pixels without any tap */
	{.small = {4, 5, 9}, .big = {12, 15, 17}, .kernel = 7, .stride = 3, .padding = 2},
	{.small = {8, 8, 21}, .big = {16, 16, 3}, .kernel = 4, .stride = 2, .padding = 1},
	{.small = {4, 4, 6}, .big = {8, 8, 1}, .kernel = 4, .stride = 2, .padding = 1},
	{.small = {5, 3, 11}, .big = {5, 3, 8}, .kernel = 3, .stride = 1, .padding = 1},
	{.small = {6, 7, 109}, .big = {12, 14, 43}, .kernel = 4, .stride = 2, .padding = 1}, /* training sums it in another way */
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* A layer's weights as codes and as floats in both orders, what follows it, its input, and what it should give. */
struct subject {
	struct conv_geometry geometry;
	int bits; /* 0: float */
	bool per_channel;
	uint8_t *codes;
	float *levels, *values, *ours, *vectors, *input;
	struct conv_packed_line *lines; /* NULL: levels are not evenly spaced */
	struct conv_packed_end end;
};

static float *noise(size_t count, uint64_t seed)
{
	struct random random;
	float *values = memory_try_floats(count, "noise", NULL);
	random_start(&random, seed, RANDOM_TEST);
	random_fill_normal(&random, values, count, 0, 1);
	return values;
}

/* From [C in][C out][K K] to [K K][C out][C in]. */
static float *reordered(const struct conv_geometry *g, const float *values)
{
	const size_t small = (size_t)g->small.channels, big = (size_t)g->big.channels, taps = (size_t)(g->kernel * g->kernel);
	float *ours = memory_try_floats(small * big * taps, "weights", NULL);
	for (size_t i = 0; i < small * big * taps; i++)
		ours[(i % taps * big + i / taps % big) * small + i / taps / big] = values[i];
	return ours;
}

/* Evenly spaced levels of every channel, of all sizes. */
static void make_even(struct subject *subject)
{
	const size_t channels = (size_t)subject->geometry.big.channels, states = (size_t)1 << subject->bits;
	struct random random;
	random_start(&random, 6, RANDOM_TEST);
	subject->lines = memory_zeroed(channels, sizeof *subject->lines);
	for (size_t c = 0; c < channels; c++) {
		const int exponent = (int)random_below(&random, 40) - 30;
		const double alpha = ldexp(1 + random_below(&random, 1000) / 1e3, exponent);
		subject->lines[c] = (struct conv_packed_line){alpha, -alpha * (double)states * random_below(&random, 1000) / 1e3};
		for (size_t z = 0; z < states; z++)
			subject->levels[c * states + z] = (float)(alpha * (double)z + subject->lines[c].beta);
	}
}

static struct subject make_some(const struct conv_geometry *g, int bits, bool per_channel, bool even)
{
	struct subject subject = {.geometry = *g, .bits = bits, .per_channel = per_channel};
	const size_t count = conv_weight_count(g), taps = (size_t)(g->kernel * g->kernel), channels = (size_t)g->big.channels;
	struct random random;
	random_start(&random, 3, RANDOM_TEST);
	subject.codes = memory_zeroed(count, 1);
	subject.values = noise(count, 1);
	subject.levels = noise(STATES * channels, 2);
	if (even)
		make_even(&subject);
	for (size_t i = 0; bits && i < count; i++) {
		const size_t group = per_channel ? i / taps % channels : 0;
		subject.codes[i] = (uint8_t)random_below(&random, 1u << bits);
		subject.values[i] = subject.levels[(group << bits) + subject.codes[i]];
	}
	subject.ours = reordered(g, subject.values);
	subject.vectors = noise(4 * channels, 4);
	subject.input = noise(shape_count(g->small) * LARGEST_BATCH, 5);
	for (size_t i = 0; i < shape_count(g->small) * LARGEST_BATCH; i++) /* half are not there, and the first row is empty */
		if (i < (size_t)g->small.channels || random_below(&random, 2))
			subject.input[i] = 0;
	for (size_t c = 0; c < channels; c++) /* a variance */
		subject.vectors[c] *= subject.vectors[c];
	return subject;
}

static struct subject make(const struct conv_geometry *g, int bits, bool per_channel)
{
	return make_some(g, bits, per_channel, false);
}

static void release(struct subject *subject)
{
	free(subject->lines);
	free(subject->codes);
	free(subject->levels);
	free(subject->values);
	free(subject->ours);
	free(subject->vectors);
	free(subject->input);
}

/* Nothing, batch norm with a rectifier, tanh, or both. */
static struct conv_packed_end end_of(const struct subject *subject, bool norm, bool tanh, float *scale)
{
	const size_t channels = (size_t)subject->geometry.big.channels;
	float *vectors = subject->vectors;
	const struct batch_norm own = {.channels = (int)channels, .epsilon = 1e-5f, .gamma = vectors + channels, .running_variance = vectors};
	batch_norm_running_scale(&own, scale);
	struct conv_packed_end end = {.slope = 0, .tanh = tanh};
	if (norm) {
		end.mean = vectors + 2 * channels;
		end.scale = scale;
		end.shift = vectors + 3 * channels;
	}
	return end;
}

static float *expected_of(const struct subject *subject, bool norm, bool tanh, int batch)
{
	const struct conv_geometry *g = &subject->geometry;
	const size_t channels = (size_t)g->big.channels, rows = (size_t)(g->big.height * g->big.width * batch);
	struct conv_scratch room = {0};
	struct conv_plan *plan = conv_plan_create(g, batch, PRECISION_FLOAT32, &room, NULL);
	assert_true(plan && conv_scratch_allocate(&room, NULL));
	float *expected = memory_try_floats(rows * channels, "pictures", NULL), *vectors = subject->vectors;
	double *scratch = memory_zeroed(batch_norm_scratch((int)channels), sizeof *scratch);
	conv_pack(plan, NULL, subject->ours);
	conv_scatter(plan, (struct conv_call){.batch = batch, .literal = true}, subject->input, expected);
	const struct batch_norm own = {
		.rows = rows, .channels = (int)channels, .epsilon = 1e-5f, .gamma = vectors + channels, .beta = vectors + 3 * channels,
		.running_mean = vectors + 2 * channels, .running_variance = vectors, .scratch = scratch,
	};
	if (norm)
		batch_norm_leaky_evaluate(NULL, &own, 0, expected, expected);
	if (tanh)
		pointwise_tanh(NULL, rows * channels, expected, expected);
	free(scratch);
	conv_plan_destroy(plan);
	conv_scratch_clear(&room);
	return expected;
}

static struct conv_packed *layer_of(const struct subject *subject, bool norm, bool tanh)
{
	float *scale = memory_zeroed((size_t)subject->geometry.big.channels, sizeof *scale);
	const struct conv_packed_end end = end_of(subject, norm, tanh, scale);
	const struct conv_packed_weights weights = {
		.bits = subject->bits, .codes = subject->bits ? subject->codes : NULL, .levels = subject->levels,
		.groups = subject->per_channel ? subject->geometry.big.channels : 1, .values = subject->values, .lines = subject->lines,
	};
	struct conv_packed *layer = conv_packed_create(&subject->geometry, &weights, &end, NULL);
	assert_non_null(layer);
	free(scale);
	return layer;
}

static void expect_same(const struct subject *subject, bool norm, bool tanh, int batch, struct parallel *parallel)
{
	struct conv_packed *layer = layer_of(subject, norm, tanh);
	struct conv_packed_pass pass;
	assert_true(conv_packed_pass_init(&pass, parallel, &layer, 1, batch, NULL));
	const size_t count = shape_count(subject->geometry.big) * (size_t)batch;
	float *expected = expected_of(subject, norm, tanh, batch), *output = noise(count, 9);
	conv_packed_run(&pass, batch, subject->input, output);
	for (size_t i = 0; i < count; i++)
		if (memcmp(&output[i], &expected[i], sizeof *output) != 0)
			fail_msg("%d bits, batch %d: value %zu is %.9g, not %.9g", subject->bits, batch, i, (double)output[i], (double)expected[i]);
	conv_packed_pass_clear(&pass);
	conv_packed_destroy(layer);
	free(expected);
	free(output);
}

static void all_bits_give_what_their_floats_give(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(2, NULL);
	const char *chosen = kernel_current()->name;
	for (int k = 0; kernel_name(k); k++) {
		if (!kernel_use(kernel_name(k)))
			continue;
		for (int i = 0; i < SHAPES * 9; i++) {
			const int shape = i / 9, bits = i % 9;
			struct subject subject = make(&shapes[shape], bits, bits && i % 2);
			expect_same(&subject, i % 3, i % 3 != 1, 1, NULL);
			expect_same(&subject, i % 3, i % 3 != 1, 1 + i % LARGEST_BATCH, parallel);
			release(&subject);
		}
	}
	assert_true(kernel_use(chosen));
	parallel_destroy(parallel);
}

/* One scale or one a channel, each with every number of bits, on the layer of a generator. */
static void scales_may_be_of_channels(void **state)
{
	(void)state;
	for (int bits = 1; bits <= 8; bits++) {
		for (int per_channel = 0; per_channel <= 1; per_channel++) {
			struct subject subject = make(&shapes[2], bits, per_channel);
			expect_same(&subject, true, false, 2, NULL);
			release(&subject);
		}
	}
}

static size_t bytes_of(const struct subject *subject)
{
	struct conv_packed *layer = layer_of(subject, false, false);
	const size_t bytes = conv_packed_bytes(layer);
	conv_packed_destroy(layer);
	return bytes;
}

/* Where a kernel works evenly spaced levels out, no table of them is kept; one level that is not where it should be, and all are
 * looked up. */
static void evenly_spaced_levels_are_worked_out(void **state)
{
	(void)state;
	static const struct conv_geometry geometry = {.small = {2, 3, 70}, .big = {4, 6, 140}, .kernel = 4, .stride = 2, .padding = 1};
	const char *chosen = kernel_current()->name;
	for (int i = 0; kernel_name(i); i++) {
		if (!kernel_use(kernel_name(i)))
			continue;
		for (int k = 2; k < 18; k++) {
			const int bits = k / 2;
			const bool per_channel = k % 2;
			const struct kernel_lookup *lookup = kernel_current()->lookup;
			const int panel = SPARSE_VECTORS * kernel_current()->lanes, channels = geometry.big.channels;
			struct subject subject = make_some(&geometry, bits, per_channel, true);
			const size_t even = bytes_of(&subject), columns = per_channel ? (size_t)((channels + panel - 1) / panel * panel) : 1;
			expect_same(&subject, true, false, 2, NULL);
			subject.levels[1] = nextafterf(subject.levels[1], INFINITY);
			const size_t looked_up = bytes_of(&subject), less = (((size_t)1 << bits) - LOOKUP_LINE) * columns * sizeof(float);
			assert_int_equal(looked_up - even, bits >= (per_channel ? lookup->even_columns : lookup->even_bits) ? less : 0);
			release(&subject);
		}
	}
	assert_true(kernel_use(chosen));
}

/* A layer reads what the one before it gives: nothing of it is lost on the way, and no zero is missed. */
static void layers_follow_each_other(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(2, NULL);
	static const struct conv_geometry geometries[] = {
		{.small = {1, 1, 70}, .big = {4, 4, 140}, .kernel = 4, .stride = 1},
		{.small = {4, 4, 140}, .big = {8, 8, 5}, .kernel = 4, .stride = 2, .padding = 1},
		{.small = {8, 8, 5}, .big = {8, 8, 11}, .kernel = 3, .stride = 1, .padding = 1},
		{.small = {8, 8, 11}, .big = {16, 16, 3}, .kernel = 4, .stride = 2, .padding = 1},
	};
	enum { LAYERS = sizeof geometries / sizeof *geometries };
	struct subject subjects[LAYERS];
	struct conv_packed *layers[LAYERS];
	struct conv_packed_pass pass;
	for (int i = 0; i < LAYERS; i++) {
		subjects[i] = make(&geometries[i], 1 + i, i % 2);
		layers[i] = layer_of(&subjects[i], i < 3, i == 3);
	}
	assert_true(conv_packed_pass_init(&pass, parallel, layers, LAYERS, LARGEST_BATCH, NULL));
	for (int batch = 1; batch <= LARGEST_BATCH; batch += 3) {
		float *output = noise(shape_count(geometries[LAYERS - 1].big) * (size_t)batch, 9), *expected = NULL;
		for (int i = 0; i < LAYERS; i++) {
			if (i > 0)
				memcpy(subjects[i].input, expected, shape_count(geometries[i].small) * (size_t)batch * sizeof *expected);
			free(expected);
			expected = expected_of(&subjects[i], i < 3, i == 3, batch);
		}
		conv_packed_run(&pass, batch, subjects[0].input, output);
		assert_memory_equal(output, expected, shape_count(geometries[LAYERS - 1].big) * (size_t)batch * sizeof *output);
		free(expected);
		free(output);
	}
	conv_packed_pass_clear(&pass);
	for (int i = 0; i < LAYERS; i++) {
		conv_packed_destroy(layers[i]);
		release(&subjects[i]);
	}
	parallel_destroy(parallel);
}

/* Products long enough to be cut into several tasks, in which one expansion serves hundreds of rows. */
static void large_batches_are_cut(void **state)
{
	(void)state;
	static const struct conv_geometry geometries[] = {
		{.small = {16, 16, 10}, .big = {32, 32, 12}, .kernel = 4, .stride = 2, .padding = 1},
		{.small = {1, 134, 5}, .big = {1, 400, 12}, .kernel = 3, .stride = 3, .padding = 1}, /* three phases of nine have pixels */
	};
	struct parallel *parallel = parallel_create(2, NULL);
	for (size_t i = 0; i < sizeof geometries / sizeof *geometries; i++) {
		struct subject subject = make(&geometries[i], 2, false);
		expect_same(&subject, true, false, LARGEST_BATCH, NULL);
		expect_same(&subject, true, false, LARGEST_BATCH, parallel);
		release(&subject);
	}
	parallel_destroy(parallel);
}

/* What is held are the codes: k bits each, but for what fills vectors and blocks. */
static void codes_take_their_bits(void **state)
{
	(void)state;
	const struct conv_geometry geometry = {.small = {4, 4, 128}, .big = {8, 8, 128}, .kernel = 4, .stride = 2, .padding = 1};
	for (int bits = 1; bits <= 8; bits++) {
		struct subject subject = make(&geometry, bits, false);
		struct conv_packed *layer = layer_of(&subject, false, false);
		assert_int_equal(conv_packed_bytes(layer), conv_weight_count(&geometry) * (size_t)bits / 8 + (sizeof(float) << bits));
		conv_packed_destroy(layer);
		release(&subject);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_bits_give_what_their_floats_give),
		cmocka_unit_test(scales_may_be_of_channels),
		cmocka_unit_test(evenly_spaced_levels_are_worked_out),
		cmocka_unit_test(layers_follow_each_other),
		cmocka_unit_test(large_batches_are_cut),
		cmocka_unit_test(codes_take_their_bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
