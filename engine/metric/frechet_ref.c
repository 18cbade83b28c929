#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/metric/frechet.h"
#include "engine/tensor/matrix.h"

/* root[n][n] = sum over i of sqrt(values[i]) v_i v_i^T, v_i a row of vectors. */
static void make_root(size_t n, const double *vectors, const double *values, double *root)
{
	for (size_t row = 0; row < n; row++)
		for (size_t column = 0; column < n; column++) {
			double sum = 0;
			for (size_t i = 0; i < n; i++)
				sum += sqrt(fmax(values[i], 0)) * vectors[i * n + row] * vectors[i * n + column];
			root[row * n + column] = sum;
		}
}

/* [4][n][n]: matrix, vectors, root, left. */
static double sum_of_roots(size_t n, const double *a, const double *b, double *space, double *values)
{
	double *matrix = space, *vectors = space + n * n, *root = space + 2 * n * n, *left = space + 3 * n * n, sum = 0;
	memcpy(matrix, a, n * n * sizeof *matrix);
	matrix_eigen_ref((int)n, matrix, vectors, values);
	make_root(n, vectors, values, root);
	matrix_multiply_transposed_ref((int)n, (int)n, (int)n, root, b, left); /* b and root are their own mirror images */
	matrix_multiply_transposed_ref((int)n, (int)n, (int)n, left, root, matrix);
	matrix_eigen_ref((int)n, matrix, vectors, values);
	for (size_t i = 0; i < n; i++)
		sum += sqrt(fmax(values[i], 0));
	return sum;
}

double frechet_distance_ref(const struct metric_statistics *a, const struct metric_statistics *b)
{
	size_t n = (size_t)a->dimensions;
	double *space = memory_zeroed(4 * n * n, sizeof *space), *values = memory_zeroed(n, sizeof *values);
	double distance = -2 * sum_of_roots(n, a->covariance, b->covariance, space, values);
	for (size_t i = 0; i < n; i++)
		distance += (a->mean[i] - b->mean[i]) * (a->mean[i] - b->mean[i]) + a->covariance[i * n + i] + b->covariance[i * n + i];
	free(space);
	free(values);
	return distance;
}
