#include "engine/tensor/gemm.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

/* Our pool owns the cores: BLAS rests at one thread, so that two pools never fight for them. */
static void hold_to_one_thread(void) { openblas_set_num_threads(1); }

void gemm_settle_blas(void)
{
	static pthread_once_t settled = PTHREAD_ONCE_INIT;
	pthread_once(&settled, hold_to_one_thread);
}

void gemm_blas(int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
	gemm_settle_blas();
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void gemm_ref(int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
	for (int i = 0; i < m; i++) {
		for (int j = 0; j < n; j++) {
			double sum = 0;
			for (int l = 0; l < k; l++)
				sum += (double)a[(size_t)i * (size_t)lda + (size_t)l] * (double)b[(size_t)l * (size_t)ldb + (size_t)j];
			float *target = c + (size_t)i * (size_t)ldc + (size_t)j;
			*target = (float)((double)alpha * sum + (beta == 0 ? 0 : (double)beta * (double)*target)); /* 0 hides NaN, as in BLAS */
		}
	}
}

/* Shapes at which a BLAS shows its best: square, and the flat ones of a network's layers. */
static const struct { int m, n, k; } peak_shapes[] = {
	{768, 768, 768}, {1024, 1024, 1024}, {1536, 1536, 1536}, {2048, 1024, 512}, {2048, 512, 1024},
};
enum { PEAK_SHAPES = sizeof peak_shapes / sizeof *peak_shapes, PEAK_OPERAND = 2048 * 1152 };

struct peak_job {
	float *block; /* per thread: A, B and C, PEAK_OPERAND floats each */
	int shape;
};

static void peak_product(void *context, int index)
{
	const struct peak_job *job = context;
	float *a = job->block + (size_t)index * 3 * PEAK_OPERAND, *b = a + PEAK_OPERAND, *c = b + PEAK_OPERAND;
	int m = peak_shapes[job->shape].m, n = peak_shapes[job->shape].n, k = peak_shapes[job->shape].k;
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
}

/* GFLOP/s of one round: `calls` products at once on the pool's threads. */
static double peak_rate(struct parallel *pool, struct peak_job *job, int calls)
{
	double flops = 2.0 * calls * peak_shapes[job->shape].m * peak_shapes[job->shape].n * peak_shapes[job->shape].k;
	double start = clock_seconds();
	parallel_run(pool, peak_product, job, calls);
	double duration = clock_seconds() - start;
	return duration > 0 ? flops / duration * 1e-9 : 0;
}

/* Rounds over all shapes until the time is over, at least two (the first one warms up). */
static double best_rate(struct parallel *pool, float *block, int calls, double seconds)
{
	double best = 0, end = clock_seconds() + seconds;
	for (int round = 0; round < 2 || clock_seconds() < end; round++) {
		struct peak_job job = {.block = block, .shape = round % PEAK_SHAPES};
		double rate = peak_rate(pool, &job, calls);
		if (rate > best)
			best = rate;
	}
	return best;
}

double gemm_peak_gflops(int threads, double seconds)
{
	gemm_settle_blas();
	struct parallel *pool = parallel_create(threads, NULL);
	threads = parallel_threads(pool);
	float *block = memory_try_floats((size_t)threads * 3 * PEAK_OPERAND, "the sgemm measurement", NULL);
	double own = 0, many = 0;
	if (pool && block) {
		for (size_t i = 0; i < (size_t)threads * 3 * PEAK_OPERAND; i++)
			block[i] = (float)(i % 17) * 0.1f - 0.8f;
		many = best_rate(pool, block, threads, seconds / 2);
		openblas_set_num_threads(threads);
		own = best_rate(NULL, block, 1, seconds / 2);
		openblas_set_num_threads(1);
	}
	free(block);
	parallel_destroy(pool);
	return own > many ? own : many;
}

static char description[96];

static void describe_blas(void)
{
	const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..." */
	int version = (int)strcspn(config, " ");
	version += config[version] ? 1 + (int)strcspn(config + version + 1, " ") : 0;
	snprintf(description, sizeof description, "%.*s %s", version, config, openblas_get_corename());
}

const char *gemm_blas_description(void)
{
	static pthread_once_t described = PTHREAD_ONCE_INIT;
	pthread_once(&described, describe_blas);
	return description;
}
