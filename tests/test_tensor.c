/* engine/tensor: the thread pool, random numbers, matrix products, pixels to activations and back. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/tensor/gemm.h"
#include "engine/tensor/kernel.h"
#include "engine/tensor/parallel.h"
#include "engine/tensor/random.h"
#include "engine/tensor/tensor.h"

static void philox_known_answers(void **state)
{
	(void)state;
	/* Random123's known-answer file, philox4x32 with 10 rounds. */
	static const struct { uint32_t counter[4], key[2], output[4]; } known[] = {
		{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		uint32_t output[4];
		random_philox(known[i].counter, known[i].key, output);
		assert_memory_equal(output, known[i].output, sizeof output);
	}
}

static void random_moments_are_right(void **state)
{
	(void)state;
	enum { COUNT = 200001 };
	float *values = memory_try_floats(COUNT, "test", NULL);
	struct random random;
	double sum = 0, squares = 0, fourth = 0;
	random_start(&random, 7, RANDOM_TEST);
	random_fill_normal(&random, values, COUNT, 1, 2);
	for (int i = 0; i < COUNT; i++) {
		double z = (values[i] - 1) / 2;
		sum += z;
		squares += z * z;
		fourth += z * z * z * z;
	}
	assert_true(fabs(sum / COUNT) < 0.01 && fabs(squares / COUNT - 1) < 0.015 && fabs(fourth / COUNT - 3) < 0.1);
	assert_int_equal(random.counter, (COUNT + 3) / 4);
	random_fill_uniform(&random, values, COUNT);
	sum = 0;
	for (int i = 0; i < COUNT; i++) {
		assert_true(values[i] >= 0 && values[i] < 1);
		sum += values[i];
	}
	assert_true(fabs(sum / COUNT - 0.5) < 0.005);
	free(values);
}

static void a_counter_resumes_a_stream(void **state)
{
	(void)state;
	float whole[24], parts[24];
	struct random random, later, other;
	random_start(&random, 5, RANDOM_LATENT);
	random_fill_normal(&random, whole, 24, 0, 1);
	random_start(&random, 5, RANDOM_LATENT);
	random_fill_normal(&random, parts, 8, 0, 1);
	random_start(&later, 5, RANDOM_LATENT);
	later.counter = random.counter;
	random_fill_normal(&later, parts + 8, 16, 0, 1);
	assert_memory_equal(whole, parts, sizeof whole);
	random_start(&other, 5, RANDOM_SHUFFLE);
	random_fill_normal(&other, parts, 24, 0, 1);
	assert_memory_not_equal(whole, parts, sizeof whole);
	random_start(&other, 6, RANDOM_LATENT);
	random_fill_normal(&other, parts, 24, 0, 1);
	assert_memory_not_equal(whole, parts, sizeof whole);
}

static void random_below_is_even(void **state)
{
	(void)state;
	struct random random;
	int counts[7] = {0};
	random_start(&random, 1, RANDOM_TEST);
	for (int i = 0; i < 70000; i++) {
		uint32_t value = random_below(&random, 7);
		assert_true(value < 7);
		counts[value]++;
	}
	for (int i = 0; i < 7; i++)
		assert_in_range(counts[i], 9600, 10400);
	assert_int_equal(random_below(&random, 1), 0);
	for (int i = 0; i < 1000; i++) /* nearly half of all numbers are drawn again */
		assert_true(random_below(&random, 0x80000001u) <= 0x80000000u);
}

struct tally {
	atomic_int calls;
	int seen[5000];
};

static void tally_task(void *context, int index)
{
	struct tally *tally = context;
	tally->seen[index]++; /* not atomic: the thread sanitizer tells when an index is handed out twice */
	atomic_fetch_add(&tally->calls, 1);
}

static void every_task_runs_once(void **state)
{
	(void)state;
	static const int counts[] = {0, 1, 2, 3, 100, 5000};
	for (int threads = 1; threads <= 5; threads++) {
		struct parallel *parallel = parallel_create(threads, NULL);
		assert_int_equal(parallel_threads(parallel), threads);
		for (int round = 0; round < 300; round++) {
			int count = round % 50 == 49 ? 5000 : counts[round % 5];
			struct tally *tally = memory_zeroed(1, sizeof *tally);
			parallel_run(parallel, tally_task, tally, count);
			assert_int_equal(tally->calls, count);
			for (int i = 0; i < count; i++)
				assert_int_equal(tally->seen[i], 1);
			free(tally);
			if (round % 100 == 99)
				usleep(2000); /* long enough that the workers sleep and must be woken */
		}
		parallel_destroy(parallel);
	}
}

static void slow_task(void *context, int index)
{
	(void)index;
	usleep(3000);
	atomic_fetch_add((atomic_int *)context, 1);
}

/* The caller runs out of spinning and must be woken by the last worker. */
static void a_sleeping_caller_is_woken(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(3, NULL);
	atomic_int calls = 0;
	for (int round = 0; round < 20; round++)
		parallel_run(parallel, slow_task, &calls, 4);
	assert_int_equal(calls, 80);
	parallel_destroy(parallel);
}

static void note_signal_mask(void *context, int index)
{
	(void)index;
	sigset_t mask;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	if (sigismember(&mask, SIGTERM))
		atomic_fetch_add((atomic_int *)context, 1);
	usleep(2000); /* so that the others get some too */
}

static void workers_block_signals(void **state)
{
	(void)state;
	struct parallel *parallel = parallel_create(3, NULL);
	atomic_int blocked = 0;
	sigset_t mask;
	parallel_run(parallel, note_signal_mask, &blocked, 30);
	assert_in_range(blocked, 1, 29);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGTERM));
	parallel_destroy(parallel);
}

static void thread_counts_are_checked(void **state)
{
	(void)state;
	struct error error;
	assert_null(parallel_create(-1, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_null(parallel_create(PARALLEL_MAX_THREADS + 1, &error));
	assert_int_equal(parallel_threads(NULL), 1);
	struct parallel *parallel = parallel_create(0, &error);
	assert_int_equal(parallel_threads(parallel), parallel_usable_cores());
	parallel_destroy(parallel);
	parallel_destroy(NULL);
}

static void pixels_and_back(void **state)
{
	(void)state;
	const struct shape shape = {3, 2, 3};
	uint8_t pixels[2 * 18], again[2 * 18];
	float activations[2 * 18];
	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i * 7);
	pixels[0] = 0;
	pixels[1] = 255;
	tensor_from_pixels(pixels, 2, shape, activations);
	assert_float_equal(activations[0], -1, 0);
	assert_float_equal(activations[1], 1, 0);
	/* picture 1, pixel (2, 1), channel 2 lies at [2][1][1][2] */
	assert_float_equal(activations[((2 * 2 + 1) * 2 + 1) * 3 + 2], (float)pixels[18 + (2 * 2 + 1) * 3 + 2] / 127.5f - 1, 0);
	tensor_to_pixels(activations, 2, shape, again);
	assert_memory_equal(pixels, again, sizeof pixels);
}

static void pixels_are_clamped_and_rounded(void **state)
{
	(void)state;
	const float activations[] = {-3, 3, NAN, INFINITY, -INFINITY, 0, 0.0038f, 0.0040f};
	const uint8_t expected[] = {0, 255, 0, 255, 0, 128, 128, 128};
	uint8_t pixels[8];
	tensor_to_pixels(activations, 1, (struct shape){8, 1, 1}, pixels);
	assert_memory_equal(pixels, expected, sizeof pixels);
	for (int level = 0; level < 256; level++) { /* just inside half a level up and down */
		float pair[2] = {((float)level + 0.49f) / 127.5f - 1, ((float)level - 0.49f) / 127.5f - 1};
		tensor_to_pixels(pair, 1, (struct shape){2, 1, 1}, pixels);
		assert_int_equal(pixels[0], level);
		assert_int_equal(pixels[1], level);
	}
}

static void blas_agrees_with_the_slow_truth(void **state)
{
	(void)state;
	enum { M = 37, N = 29, K = 53 };
	static float a[M * K], b[K * N], fast[M * N], slow[M * N];
	struct random random;
	random_start(&random, 3, RANDOM_TEST);
	random_fill_normal(&random, a, M * K, 0, 1);
	random_fill_normal(&random, b, K * N, 0, 1);
	random_fill_normal(&random, fast, M * N, 0, 1);
	memcpy(slow, fast, sizeof fast);
	gemm_blas(M, N, K, 0.5f, a, K, b, N, 2, fast, N);
	gemm_ref(M, N, K, 0.5f, a, K, b, N, 2, slow, N);
	for (int i = 0; i < M * N; i++)
		assert_float_equal(fast[i], slow[i], 1e-4);
	for (int i = 0; i < M * N; i++)
		fast[i] = slow[i] = NAN;
	gemm_blas(M, N, K, 1, a, K, b, N, 0, fast, N);
	gemm_ref(M, N, K, 1, a, K, b, N, 0, slow, N);
	for (int i = 0; i < M * N; i++)
		assert_float_equal(fast[i], slow[i], 1e-4);
}

static void the_peak_is_measured(void **state)
{
	(void)state;
	assert_true(gemm_peak_gflops(2, 0.01) > 0.01);
	assert_non_null(strstr(gemm_blas_description(), "OpenBLAS"));
}

static void kernels_are_chosen_by_name(void **state)
{
	(void)state;
	assert_string_equal(tensor_kernel_name(), kernel_current()->name);
	assert_false(kernel_use("nonsense"));
	assert_true(kernel_use("baseline"));
	assert_string_equal(tensor_kernel_name(), "baseline");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(philox_known_answers),
		cmocka_unit_test(random_moments_are_right),
		cmocka_unit_test(a_counter_resumes_a_stream),
		cmocka_unit_test(random_below_is_even),
		cmocka_unit_test(every_task_runs_once),
		cmocka_unit_test(a_sleeping_caller_is_woken),
		cmocka_unit_test(workers_block_signals),
		cmocka_unit_test(thread_counts_are_checked),
		cmocka_unit_test(pixels_and_back),
		cmocka_unit_test(pixels_are_clamped_and_rounded),
		cmocka_unit_test(blas_agrees_with_the_slow_truth),
		cmocka_unit_test(the_peak_is_measured),
		cmocka_unit_test(kernels_are_chosen_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
