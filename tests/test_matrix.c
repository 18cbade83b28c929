/* engine/tensor/matrix: tiled products against plain loops, LAPACK's eigenvalues against rotations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/tensor/matrix.h"
#include "engine/tensor/random.h"

static double *make_matrix(uint64_t seed, size_t count)
{
	struct random random;
	float *floats = malloc(count * sizeof *floats);
	double *values = malloc(count * sizeof *values);
	assert_true(floats && values);
	random_start(&random, seed, RANDOM_TEST);
	random_fill_normal(&random, floats, count, 0, 1);
	for (size_t i = 0; i < count; i++)
		values[i] = (double)floats[i];
	free(floats);
	return values;
}

static void assert_close(const double *a, const double *b, size_t count, double tolerance)
{
	for (size_t i = 0; i < count; i++)
		if (!(fabs(a[i] - b[i]) <= tolerance))
			fail_msg("value %zu is %.17g, expected %.17g", i, a[i], b[i]);
}

static const struct { int m, n, k; } shapes[] = {{1, 1, 1}, {3, 5, 2}, {256, 1, 7}, {257, 300, 33}, {40, 600, 9}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void products_are_right(void **state)
{
	(void)state;
	struct parallel *pool = parallel_create(3, NULL);
	for (int s = 0; s < SHAPES; s++) {
		int m = shapes[s].m, n = shapes[s].n, k = shapes[s].k;
		size_t count = (size_t)m * (size_t)n;
		double *a = make_matrix(1, (size_t)m * (size_t)k), *b = make_matrix(2, (size_t)n * (size_t)k);
		double *turned = malloc((size_t)n * (size_t)k * sizeof *turned);
		double *expected = malloc(count * sizeof *expected), *c = malloc(count * sizeof *c), *again = malloc(count * sizeof *again);
		assert_true(turned && expected && c && again);
		for (int i = 0; i < n; i++)
			for (int l = 0; l < k; l++)
				turned[l * n + i] = b[i * k + l];
		matrix_multiply_transposed_ref(m, n, k, a, b, expected);
		matrix_multiply_transposed(NULL, m, n, k, a, b, c);
		assert_close(c, expected, count, 1e-12 * k);
		matrix_multiply_transposed(pool, m, n, k, a, b, again);
		assert_memory_equal(again, c, count * sizeof *c);
		matrix_multiply(pool, m, n, k, a, turned, c);
		assert_close(c, expected, count, 1e-12 * k);
		matrix_multiply_tile(m, n, k, a, k, b, k, c, n);
		assert_close(c, expected, count, 1e-12 * k);
		free(a), free(b), free(turned), free(expected), free(c), free(again);
	}
	parallel_destroy(pool);
}

static void outer_products_add_up(void **state)
{
	(void)state;
	struct parallel *pool = parallel_create(3, NULL);
	static const int sizes[] = {1, 5, 256, 300, 513};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		int n = sizes[s], rows = 11;
		size_t count = (size_t)n * (size_t)n;
		double *a = make_matrix(3, (size_t)rows * (size_t)n), *sums = make_matrix(4, count), *expected = make_matrix(4, count);
		double *again = make_matrix(4, count);
		matrix_add_outer_products_ref(rows, n, a, expected);
		matrix_add_outer_products(NULL, rows, n, a, sums);
		matrix_add_outer_products(pool, rows, n, a, again);
		assert_memory_equal(again, sums, count * sizeof *sums);
		matrix_mirror_upper(n, expected);
		matrix_mirror_upper(n, sums);
		assert_close(sums, expected, count, 1e-12);
		for (int i = 0; i < n; i++)
			for (int j = 0; j < i; j++)
				assert_true(sums[i * n + j] == sums[j * n + i]);
		free(a), free(sums), free(expected), free(again);
	}
	parallel_destroy(pool);
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

/* matrix v = value v, unit lengths, and the same values as by rotations. */
static void eigenvalues_are_right(void **state)
{
	(void)state;
	for (int n = 1; n <= 40; n += 13) {
		size_t count = (size_t)n * (size_t)n;
		double *matrix = make_matrix(5, count), *vectors = malloc(count * sizeof *vectors), *spoilt = malloc(count * sizeof *spoilt);
		double *other = malloc(count * sizeof *other), *values = malloc((size_t)n * sizeof *values);
		double *expected = malloc((size_t)n * sizeof *expected);
		assert_true(vectors && spoilt && other && values && expected);
		matrix_mirror_upper(n, matrix);
		memcpy(vectors, matrix, count * sizeof *matrix);
		assert_true(matrix_eigen(n, vectors, true, values, NULL));
		for (int i = 0; i < n; i++) {
			double length = 0;
			for (int row = 0; row < n; row++) {
				double product = 0;
				for (int j = 0; j < n; j++)
					product += matrix[row * n + j] * vectors[i * n + j];
				assert_true(fabs(product - values[i] * vectors[i * n + row]) < 1e-12);
				length += vectors[i * n + row] * vectors[i * n + row];
			}
			assert_true(fabs(length - 1) < 1e-13 && (i == 0 || values[i] >= values[i - 1]));
		}
		memcpy(spoilt, matrix, count * sizeof *matrix);
		matrix_eigen_ref(n, spoilt, other, expected);
		qsort(expected, (size_t)n, sizeof *expected, compare_doubles);
		assert_close(values, expected, (size_t)n, 1e-12);
		memcpy(spoilt, matrix, count * sizeof *matrix);
		assert_true(matrix_eigen(n, spoilt, false, values, NULL));
		assert_close(values, expected, (size_t)n, 1e-12);
		free(matrix), free(vectors), free(spoilt), free(other), free(values), free(expected);
	}
}

static void positive_matrices_are_told_from_others(void **state)
{
	(void)state;
	double positive[4] = {2, 1, 1, 2}, singular[4] = {1, 1, 1, 1}, indefinite[4] = {1, 2, 2, 1}, one[1] = {1e-300}, none[1] = {0};
	assert_true(matrix_is_positive(2, positive));
	assert_false(matrix_is_positive(2, singular));
	assert_false(matrix_is_positive(2, indefinite));
	assert_true(matrix_is_positive(1, one));
	assert_false(matrix_is_positive(1, none));
}

static void norms_do_not_overflow_early(void **state)
{
	(void)state;
	const double plain[4] = {3, 0, 0, -4}, large[4] = {3e200, 0, 0, -4e200}, endless[1] = {INFINITY};
	assert_true(fabs(matrix_frobenius_norm(2, plain) - 5) < 1e-14);
	assert_true(fabs(matrix_frobenius_norm(2, large) / 5e200 - 1) < 1e-14);
	assert_true(matrix_frobenius_norm(1, (const double[1]){0}) == 0);
	assert_true(isinf(matrix_frobenius_norm(1, endless)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_are_right),
		cmocka_unit_test(outer_products_add_up),
		cmocka_unit_test(eigenvalues_are_right),
		cmocka_unit_test(positive_matrices_are_told_from_others),
		cmocka_unit_test(norms_do_not_overflow_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
