#include "engine/tensor/matrix.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include <cblas.h>

#include "engine/base/memory.h"
#include "engine/tensor/gemm.h"

/* LAPACK as Fortran knows it: everything by address, the lengths of texts last. Its matrices are column-major, so that our
 * upper half is its lower one, and its columns are our rows. */
void dsyevd_(const char *job, const char *half, const int *n, double *a, const int *lda, double *values, double *work,
             const int *work_size, int *iwork, const int *iwork_size, int *info, size_t job_length, size_t half_length);
void dpotrf_(const char *half, const int *n, double *a, const int *lda, int *info, size_t half_length);

enum { TILE = 256 }; /* rows and columns of a task: enough work to forget its start, few enough for all cores to share */

static int tiles_of(int n) { return (n + TILE - 1) / TILE; }
static int tile_size(int n, int tile) { return n - tile * TILE < TILE ? n - tile * TILE : TILE; }

struct product {
	int m, n, k;
	const double *a, *b;
	double *c;
	CBLAS_TRANSPOSE transpose_b;
};

static void multiply_task(void *context, int index)
{
	const struct product *p = context;
	int columns = tiles_of(p->n), i = index / columns, j = index % columns, ldb = p->transpose_b == CblasTrans ? p->k : p->n;
	const double *a = p->a + (size_t)i * TILE * (size_t)p->k;
	const double *b = p->b + (size_t)j * TILE * (p->transpose_b == CblasTrans ? (size_t)p->k : 1);
	double *c = p->c + (size_t)i * TILE * (size_t)p->n + (size_t)j * TILE;
	cblas_dgemm(CblasRowMajor, CblasNoTrans, p->transpose_b, tile_size(p->m, i), tile_size(p->n, j), p->k, 1, a, p->k, b, ldb,
	            0, c, p->n);
}

static void multiply(struct parallel *parallel, struct product product)
{
	gemm_settle_blas();
	parallel_run(parallel, multiply_task, &product, tiles_of(product.m) * tiles_of(product.n));
}

void matrix_multiply(struct parallel *parallel, int m, int n, int k, const double *a, const double *b, double *c)
{
	multiply(parallel, (struct product){m, n, k, a, b, c, CblasNoTrans});
}

void matrix_multiply_transposed(struct parallel *parallel, int m, int n, int k, const double *a, const double *b, double *c)
{
	multiply(parallel, (struct product){m, n, k, a, b, c, CblasTrans});
}

void matrix_multiply_tile(int m, int n, int k, const double *a, int lda, const double *b, int ldb, double *c, int ldc)
{
	gemm_settle_blas();
	cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
}

struct outer_products {
	int rows, n;
	const double *a;
	double *sums;
};

/* Tasks count the tiles of the upper half row by row. */
static void outer_products_task(void *context, int index)
{
	const struct outer_products *p = context;
	int i = 0, left = index;
	for (; left >= tiles_of(p->n) - i; i++)
		left -= tiles_of(p->n) - i;
	int j = i + left;
	const double *a = p->a + (size_t)i * TILE, *b = p->a + (size_t)j * TILE;
	double *sums = p->sums + (size_t)i * TILE * (size_t)p->n + (size_t)j * TILE;
	if (i == j)
		cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, tile_size(p->n, i), p->rows, 1, a, p->n, 1, sums, p->n);
	else
		cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, tile_size(p->n, i), tile_size(p->n, j), p->rows, 1, a, p->n, b, p->n,
		            1, sums, p->n);
}

void matrix_add_outer_products(struct parallel *parallel, int rows, int n, const double *a, double *sums)
{
	struct outer_products job = {rows, n, a, sums};
	gemm_settle_blas();
	parallel_run(parallel, outer_products_task, &job, tiles_of(n) * (tiles_of(n) + 1) / 2);
}

void matrix_mirror_upper(int n, double *matrix)
{
	size_t size = (size_t)n;
	for (size_t i = 0; i < size; i++)
		for (size_t j = 0; j < i; j++)
			matrix[i * size + j] = matrix[j * size + i];
}

struct workspace { /* what LAPACK asks for */
	double *work;
	int *iwork;
	int work_size, iwork_size;
};

static int run_eigen(int n, double *matrix, bool vectors, double *values, struct workspace *space)
{
	int info = 0;
	dsyevd_(vectors ? "V" : "N", "L", &n, matrix, &n, values, space->work, &space->work_size, space->iwork, &space->iwork_size,
	        &info, 1, 1);
	return info;
}

static bool allocate_workspace(int n, bool vectors, struct workspace *space, struct error *error)
{
	static const char what[] = "the decomposition of a covariance";
	double wanted = 0;
	int iwanted = 0;
	*space = (struct workspace){&wanted, &iwanted, -1, -1}; /* a question */
	run_eigen(n, NULL, vectors, NULL, space);
	*space = (struct workspace){.work_size = (int)wanted, .iwork_size = iwanted};
	space->work = memory_try_bytes((size_t)space->work_size * sizeof *space->work, what, error);
	space->iwork = space->work ? memory_try_bytes((size_t)space->iwork_size * sizeof *space->iwork, what, error) : NULL;
	return space->iwork != NULL;
}

bool matrix_eigen(int n, double *matrix, bool vectors, double *values, struct error *error)
{
	struct workspace space;
	gemm_settle_blas();
	bool ok = allocate_workspace(n, vectors, &space, error);
	if (ok && run_eigen(n, matrix, vectors, values, &space) != 0)
		ok = error_set(error, ERROR_NUMERIC, "the eigenvalues of a %d x %d matrix were not found", n, n);
	free(space.work);
	free(space.iwork);
	return ok;
}

bool matrix_is_positive(int n, double *matrix)
{
	int info = 0;
	gemm_settle_blas();
	dpotrf_("L", &n, matrix, &n, &info, 1);
	return info == 0;
}

double matrix_frobenius_norm(int n, const double *matrix)
{
	double largest = 0, sum = 0;
	size_t count = (size_t)n * (size_t)n;
	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabs(matrix[i]));
	if (largest == 0 || !isfinite(largest))
		return largest;
	for (size_t i = 0; i < count; i++)
		sum += matrix[i] / largest * (matrix[i] / largest);
	return largest * sqrt(sum);
}
