/* engine/tensor convolution: every kernel the CPU has against the slow truth, the slow truth against a literal
 * reading of the definition, adjointness, and equal bits for any number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_plan.h"
#include "engine/tensor/kernel.h"
#include "engine/tensor/random.h"

struct example {
	struct conv_geometry geometry;
	int batch;
};

/* Odd channel counts, batches and borders; a first, an inner and a last layer of the network; more than one block of
 * pixels in the weight gradient, and more pixels in a block than one product takes; strides without padding, kernels
 * smaller than the stride (big pixels nobody sees). */
static const struct example examples[] = {
	{{{6, 6, 3}, {3, 3, 20}, 4, 2, 1}, 5},
	{{{8, 8, 1}, {4, 4, 33}, 4, 2, 1}, 70},
	{{{8, 8, 12}, {4, 4, 40}, 4, 2, 1}, 9},
	{{{8, 6, 33}, {4, 3, 17}, 4, 2, 1}, 3},
	{{{4, 4, 37}, {1, 1, 1}, 4, 1, 0}, 15},
	{{{4, 4, 50}, {1, 1, 100}, 4, 1, 0}, 6},
	{{{5, 5, 9}, {5, 5, 65}, 3, 1, 1}, 1},
	{{{7, 7, 10}, {3, 3, 16}, 1, 3, 0}, 4},
	{{{7, 7, 2}, {3, 3, 5}, 1, 3, 0}, 4},
	{{{16, 16, 9}, {8, 8, 19}, 4, 2, 1}, 66},
	{{{9, 9, 8}, {2, 2, 6}, 8, 1, 0}, 2},
	{{{8, 8, 64}, {4, 4, 64}, 4, 2, 1}, 13},
	{{{20, 20, 9}, {10, 10, 5}, 4, 2, 1}, 1},
	/* enough for Winograd's way: sides that its blocks fill or not, batches in slices, odd channels, narrow last panels */
	{{{8, 8, 40}, {4, 4, 100}, 4, 2, 1}, 40},
	{{{20, 14, 40}, {10, 7, 170}, 4, 2, 1}, 5},
	{{{16, 16, 140}, {8, 8, 9}, 4, 2, 1}, 33},
	{{{8, 8, 1}, {4, 4, 90}, 4, 2, 1}, 190}, /* more pictures than the pairs of a picture layer take at once */
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

struct tensors {
	size_t weight_count, big_count, small_count;
	float *weights, *big, *small;
};

static float *random_block(size_t count, uint64_t seed)
{
	float *block = memory_try_floats(count, "test", NULL);
	struct random random;
	random_start(&random, seed, RANDOM_TEST);
	random_fill_normal(&random, block, count, 0, 1);
	return block;
}

static struct tensors make_tensors(const struct example *example)
{
	struct tensors t = {
		.weight_count = conv_weight_count(&example->geometry),
		.big_count = shape_count(example->geometry.big) * (size_t)example->batch,
		.small_count = shape_count(example->geometry.small) * (size_t)example->batch,
	};
	t.weights = random_block(t.weight_count, 1);
	t.big = random_block(t.big_count, 2);
	t.small = random_block(t.small_count, 3);
	return t;
}

/* Small integers: they, and the sums of four that Winograd's way multiplies, are bf16. */
static void round_to_integers(float *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		values[i] = rintf(fmaxf(-60, fminf(60, 8 * values[i])));
}

static struct tensors rounded_tensors(const struct example *example)
{
	struct tensors t = make_tensors(example);
	round_to_integers(t.weights, t.weight_count);
	round_to_integers(t.big, t.big_count);
	round_to_integers(t.small, t.small_count);
	return t;
}

static void free_tensors(struct tensors *t)
{
	free(t->weights);
	free(t->big);
	free(t->small);
}

static struct conv_scratch scratch;

static struct conv_plan *make_plan(const struct conv_geometry *geometry, int max_batch, enum precision precision)
{
	struct conv_plan *plan = conv_plan_create(geometry, max_batch, precision, &scratch, NULL);
	assert_non_null(plan);
	assert_true(conv_scratch_allocate(&scratch, NULL));
	memset(scratch.values, 0xff, scratch.count * sizeof *scratch.values); /* NaN: nothing that was there may count */
	return plan;
}

static void destroy_plan(struct conv_plan *plan)
{
	conv_plan_destroy(plan);
	conv_scratch_clear(&scratch);
}

/* Rounding of a float sum grows with its size: compare with the largest value. */
static void assert_near(const float *values, const float *expected, size_t count, float bound, const char *what)
{
	float largest = 0;
	for (size_t i = 0; i < count; i++)
		largest = fmaxf(largest, fabsf(expected[i]));
	for (size_t i = 0; i < count; i++) {
		if (!(fabsf(values[i] - expected[i]) <= bound * largest + 1e-6f))
			fail_msg("%s: value %zu of %zu is %g, expected %g", what, i, count, (double)values[i], (double)expected[i]);
	}
}

/* What the three directions give, one after the other in one block: gradient, small, big. */
static size_t results_count(const struct tensors *t) { return t->weight_count + t->small_count + t->big_count; }

static float *slow_results(const struct example *example, const struct tensors *t)
{
	float *results = random_block(results_count(t), 4); /* the gradient is added to what is there */
	conv_weight_gradient_ref(&example->geometry, example->batch, t->big, t->small, results);
	conv_gather_ref(&example->geometry, example->batch, t->weights, t->big, results + t->weight_count);
	conv_scatter_ref(&example->geometry, example->batch, t->weights, t->small, results + t->weight_count + t->small_count);
	return results;
}

/* The outputs start as NaN, so that a value never written is found. */
static float *fast_results(const struct example *example, const struct tensors *t, struct conv_plan *plan,
                           struct parallel *parallel, bool literal)
{
	float *results = random_block(results_count(t), 4);
	memset(results + t->weight_count, 0xff, (t->small_count + t->big_count) * sizeof *results);
	const struct conv_call call = {parallel, example->batch, .exact = true, .literal = literal};
	conv_pack(plan, parallel, t->weights);
	conv_weight_gradient(plan, call, t->big, t->small, results);
	conv_gather(plan, call, t->big, results + t->weight_count);
	conv_scatter(plan, call, t->small, results + t->weight_count + t->small_count);
	return results;
}

/* What float sums of exact products may be off by, and of products that lack the smallest of four parts. */
static const float near = 2e-5f, near_split = 6e-5f;

static void compare_results(const struct example *example, const struct tensors *t, const float *slow, struct conv_plan *plan,
                            struct parallel *parallel, bool literal, float bound, const char *name)
{
	float *fast = fast_results(example, t, plan, parallel, literal);
	size_t small = t->weight_count, big = small + t->small_count;
	char what[3][64];
	static const char *const directions[3] = {"weight gradient", "gather", "scatter"};
	for (int i = 0; i < 3; i++)
		snprintf(what[i], sizeof what[i], "%s, %s", name, directions[i]);
	assert_near(fast, slow, t->weight_count, bound, what[0]);
	assert_near(fast + small, slow + small, t->small_count, bound, what[1]);
	assert_near(fast + big, slow + big, t->big_count, bound, what[2]);
	free(fast);
}

static void compare_directions(const struct example *example, const struct tensors *t, const float *slow,
                               struct conv_plan *plan, struct parallel *parallel, float bound, const char *name)
{
	for (int literal = 0; literal < 2; literal++)
		compare_results(example, t, slow, plan, parallel, literal, bound, name);
}

extern const struct kernel kernel_played_amx;

/* The k-th kernel, in use: one of this build's, or after them AMX's on tiles played by plain code. NULL: the CPU cannot run it. */
static const struct kernel *take_kernel(int k)
{
	if (!kernel_name(k)) {
		kernel_take(&kernel_played_amx);
		return &kernel_played_amx;
	}
	if (!kernel_use(kernel_name(k)))
		return NULL;
	return kernel_of_pairs() && strcmp(kernel_of_pairs()->name, kernel_name(k)) == 0 ? kernel_of_pairs() : kernel_current();
}

static int kernel_count(void)
{
	int count = 0;
	while (kernel_name(count))
		count++;
	return count + 1;
}

/* Played tiles are slow: large shapes are for the others. */
static bool too_much(const struct kernel *kernel, const struct example *example)
{
	return kernel == &kernel_played_amx && conv_multiply_adds(&example->geometry) * example->batch > 2e7;
}

/* Makes a plan with each kernel that the CPU has; returns how many there are for this precision. Operands of bf16 are
 * compared where rounding has nothing left to do, split ones where it has. */
static int compare_kernels(const struct example *example, enum precision precision, struct parallel *parallel)
{
	const bool pairs = precision != PRECISION_FLOAT32;
	struct tensors t = (precision == PRECISION_BF16 ? rounded_tensors : make_tensors)(example);
	float *slow = slow_results(example, &t);
	int kernels = 0;
	for (int k = 0; k < kernel_count(); k++) {
		const struct kernel *kernel = take_kernel(k);
		if (!kernel || kernel->pairs != pairs || too_much(kernel, example))
			continue;
		struct conv_plan *plan = make_plan(&example->geometry, example->batch, precision);
		compare_directions(example, &t, slow, plan, parallel, precision == PRECISION_BF16_SPLIT ? near_split : near, kernel->name);
		destroy_plan(plan);
		kernels++;
	}
	free(slow);
	free_tensors(&t);
	return kernels;
}

static void every_kernel_agrees_with_the_slow_truth(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(2, NULL);
	for (int e = 0; e < EXAMPLES; e++) {
		assert_true(compare_kernels(&examples[e], PRECISION_FLOAT32, parallel) >= 1);
		assert_true(compare_kernels(&examples[e], PRECISION_BF16, parallel) >= 1);
		assert_true(compare_kernels(&examples[e], PRECISION_BF16_SPLIT, parallel) >= 1);
	}
	parallel_destroy(parallel);
}

/* A shape drawn at random that is one: the big side follows from the small one. */
static struct example random_example(struct random *random)
{
	struct example example = {.batch = 1 + (int)random_below(random, 20)};
	struct conv_geometry *g = &example.geometry;
	g->kernel = 1 + (int)random_below(random, 5);
	g->stride = 1 + (int)random_below(random, 3);
	g->small = (struct shape){1 + (int)random_below(random, 4), 1 + (int)random_below(random, 4), 1 + (int)random_below(random, 50)};
	const int height = (g->small.height - 1) * g->stride + g->kernel, width = (g->small.width - 1) * g->stride + g->kernel;
	const int least = height < width ? height : width;
	g->padding = (int)random_below(random, (uint32_t)(1 + (least > g->kernel ? g->kernel - 1 : 0) / 2));
	g->big = (struct shape){height - 2 * g->padding, width - 2 * g->padding, 1 + (int)random_below(random, 50)};
	return example;
}

static void every_kernel_agrees_on_random_shapes(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 77, RANDOM_TEST);
	for (int i = 0; i < 60; i++) {
		const struct example example = random_example(&random);
		for (int precision = PRECISION_FLOAT32; precision <= PRECISION_BF16_SPLIT; precision++)
			assert_true(compare_kernels(&example, (enum precision)precision, NULL) >= 1);
	}
}

/* A plan made for many pictures serves fewer, and again many. */
static void serve_smaller_batches(const struct conv_geometry *geometry, enum precision precision)
{
	static const int batches[] = {21, 1, 21, 20};
	struct conv_plan *plan = make_plan(geometry, 21, precision);
	for (int i = 0; i < 4; i++) {
		struct example some = {*geometry, batches[i]};
		struct tensors t = make_tensors(&some);
		float *slow = slow_results(&some, &t);
		compare_directions(&some, &t, slow, plan, NULL, precision == PRECISION_FLOAT32 ? near : near_split, "a smaller batch");
		free(slow);
		free_tensors(&t);
	}
	destroy_plan(plan);
}

static void a_plan_serves_smaller_batches(void **state)
{
	(void)state;
	assert_true(kernel_use("portable-bf16"));
	for (int e = 0; e < 4; e++) {
		serve_smaller_batches(&examples[e].geometry, PRECISION_FLOAT32);
		serve_smaller_batches(&examples[e].geometry, PRECISION_BF16_SPLIT);
	}
}

/* The definition, written with coordinates and nothing shared: small[oy][ox] = sum big[oy s - p + ky][...] w[ky][kx]. */
static void slow_truth_is_the_definition(void **state)
{
	(void)state;
	const struct example example = {{{5, 7, 2}, {3, 4, 3}, 3, 2, 1}, 2};
	const int cb = 2, cs = 3, batch = 2, height = 5, width = 7;
	struct tensors t = make_tensors(&example);
	float *small = random_block(t.small_count, 5);
	conv_gather_ref(&example.geometry, batch, t.weights, t.big, small);
	for (int i = 0; i < 3 * 4 * batch * cs; i++) {
		int j = i % cs, n = i / cs % batch, ox = i / cs / batch % 4, oy = i / cs / batch / 4;
		double sum = 0;
		for (int k = 0; k < 3 * 3 * cb; k++) {
			int y = oy * 2 - 1 + k / cb / 3, x = ox * 2 - 1 + k / cb % 3;
			if (y >= 0 && y < height && x >= 0 && x < width)
				sum += (double)t.big[((y * width + x) * batch + n) * cb + k % cb] * (double)t.weights[k * cs + j];
		}
		assert_float_equal(small[i], (float)sum, 1e-5);
	}
	free(small);
	free_tensors(&t);
}

static double dot(const float *a, const float *b, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (double)a[i] * (double)b[i];
	return sum;
}

/* <gather(big), small> = <big, scatter(small)> = <weights, weight gradient>: the three are derivatives of one another. */
static void directions_are_adjoint(void **state)
{
	(void)state;
	for (int e = 0; e < EXAMPLES; e++) {
		const struct conv_geometry *g = &examples[e].geometry;
		struct tensors t = make_tensors(&examples[e]);
		float *small = random_block(t.small_count, 6), *big = random_block(t.big_count, 6);
		float *gradient = memory_try_floats(t.weight_count, "test", NULL);
		conv_gather_ref(g, examples[e].batch, t.weights, t.big, small);
		conv_scatter_ref(g, examples[e].batch, t.weights, t.small, big);
		conv_weight_gradient_ref(g, examples[e].batch, t.big, t.small, gradient);
		double one = dot(small, t.small, t.small_count);
		double size = sqrt(dot(small, small, t.small_count) * dot(t.small, t.small, t.small_count));
		assert_true(fabs(one - dot(t.big, big, t.big_count)) < 1e-6 * size);
		assert_true(fabs(one - dot(t.weights, gradient, t.weight_count)) < 1e-6 * size);
		free(small);
		free(big);
		free(gradient);
		free_tensors(&t);
	}
}

static float *results_with_threads(const struct example *example, const struct tensors *t, enum precision precision, int threads)
{
	struct parallel *parallel = parallel_create(threads, NULL);
	struct conv_plan *plan = make_plan(&example->geometry, example->batch, precision);
	float *results = fast_results(example, t, plan, parallel, false);
	destroy_plan(plan);
	parallel_destroy(parallel);
	return results;
}

static void assert_threads_agree(const struct example *example, enum precision precision)
{
	struct tensors t = make_tensors(example);
	float *one = results_with_threads(example, &t, precision, 1);
	for (int threads = 2; threads <= 3; threads++) {
		float *several = results_with_threads(example, &t, precision, threads);
		assert_memory_equal(one, several, results_count(&t) * sizeof *one);
		free(several);
	}
	free(one);
	free_tensors(&t);
}

static void bits_do_not_depend_on_threads(void **state)
{
	(void)state;
	for (int e = 0; e < EXAMPLES; e++) {
		assert_threads_agree(&examples[e], PRECISION_FLOAT32);
		for (int k = 0; k < kernel_count(); k++) {
			const struct kernel *kernel = take_kernel(k);
			if (kernel && kernel->pairs && !too_much(kernel, &examples[e]))
				assert_threads_agree(&examples[e], PRECISION_BF16_SPLIT);
		}
	}
}

/* Where a call need not be exact a split plan does what one of plain bf16 does. */
static void a_split_plan_is_also_a_plain_one(void **state)
{
	(void)state;
	assert_true(kernel_use("portable-bf16"));
	for (int e = 0; e < EXAMPLES; e++) {
		struct tensors t = make_tensors(&examples[e]);
		float *small[2];
		for (int i = 0; i < 2; i++) {
			struct conv_plan *plan = make_plan(&examples[e].geometry, examples[e].batch,
			                                          i ? PRECISION_BF16_SPLIT : PRECISION_BF16);
			small[i] = random_block(t.small_count, 5);
			conv_pack(plan, NULL, t.weights);
			conv_gather(plan, (struct conv_call){.batch = examples[e].batch, .exact = i == 0}, t.big, small[i]);
			destroy_plan(plan);
		}
		assert_memory_equal(small[0], small[1], t.small_count * sizeof **small);
		free(small[0]);
		free(small[1]);
		free_tensors(&t);
	}
}

static float *gathered(const struct example *example, const struct tensors *t, enum precision precision)
{
	struct conv_plan *plan = make_plan(&example->geometry, example->batch, precision);
	float *small = random_block(t->small_count, 5);
	conv_pack(plan, NULL, t->weights);
	conv_gather(plan, (struct conv_call){.batch = example->batch, .exact = true}, t->big, small);
	destroy_plan(plan);
	return small;
}

/* Three products of pairs are one of floats where the kernel says that this is faster. */
static void exact_calls_are_those_of_floats_where_pairs_do_not_split(void **state)
{
	(void)state;
	for (int k = 0; k < kernel_count(); k++) {
		const struct kernel *kernel = take_kernel(k);
		if (!kernel || !kernel->pairs)
			continue;
		for (int e = 0; e < EXAMPLES && !too_much(kernel, &examples[e]); e++) {
			struct tensors t = make_tensors(&examples[e]);
			float *split = gathered(&examples[e], &t, PRECISION_BF16_SPLIT), *floats = gathered(&examples[e], &t, PRECISION_FLOAT32);
			assert_int_equal(memcmp(split, floats, t.small_count * sizeof *split) != 0, kernel->splits);
			free(split);
			free(floats);
			free_tensors(&t);
		}
	}
}

/* So that the tests above have seen it. */
static void winograd_is_tried_in_every_direction(void **state)
{
	(void)state;
	for (int k = 0; k < kernel_count(); k++) {
		int found[CONV_DIRECTIONS] = {0};
		const struct kernel *kernel = take_kernel(k);
		if (!kernel)
			continue;
		for (int e = 0; e < EXAMPLES; e++) {
			struct conv_plan *plan = make_plan(&examples[e].geometry, examples[e].batch, kernel->pairs ? PRECISION_BF16 : PRECISION_FLOAT32);
			for (int direction = 0; direction < CONV_DIRECTIONS; direction++)
				found[direction] += plan->winograd[direction];
			destroy_plan(plan);
		}
		for (int direction = 0; direction < CONV_DIRECTIONS; direction++)
			assert_int_equal(found[direction] > 0, kernel->copies);
	}
}

static void counts_work(void **state)
{
	(void)state;
	const struct conv_geometry g = {{16, 16, 128}, {8, 8, 256}, 4, 2, 1};
	assert_int_equal(conv_weight_count(&g), 524288);
	assert_true(conv_multiply_adds(&g) == 33554432.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_truth_is_the_definition),
		cmocka_unit_test(directions_are_adjoint),
		cmocka_unit_test(every_kernel_agrees_with_the_slow_truth),
		cmocka_unit_test(every_kernel_agrees_on_random_shapes),
		cmocka_unit_test(a_plan_serves_smaller_batches),
		cmocka_unit_test(bits_do_not_depend_on_threads),
		cmocka_unit_test(a_split_plan_is_also_a_plain_one),
		cmocka_unit_test(exact_calls_are_those_of_floats_where_pairs_do_not_split),
		cmocka_unit_test(winograd_is_tried_in_every_direction),
		cmocka_unit_test(counts_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
