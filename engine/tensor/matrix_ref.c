#include <math.h>
#include <stddef.h>
#include <string.h>

#include "engine/tensor/matrix.h"

void matrix_multiply_transposed_ref(int m, int n, int k, const double *a, const double *b, double *c)
{
	for (int i = 0; i < m; i++)
		for (int j = 0; j < n; j++) {
			double sum = 0;
			for (int l = 0; l < k; l++)
				sum += a[(size_t)i * (size_t)k + (size_t)l] * b[(size_t)j * (size_t)k + (size_t)l];
			c[(size_t)i * (size_t)n + (size_t)j] = sum;
		}
}

void matrix_add_outer_products_ref(int rows, int n, const double *a, double *sums)
{
	for (int row = 0; row < rows; row++)
		for (int i = 0; i < n; i++)
			for (int j = i; j < n; j++)
				sums[(size_t)i * (size_t)n + (size_t)j] += a[(size_t)row * (size_t)n + (size_t)i] * a[(size_t)row * (size_t)n + (size_t)j];
}

/* Turns the plane of p and q so that matrix[p][q] becomes 0: Jacobi's rotation, t its tangent. */
static void rotate(size_t n, double *matrix, double *vectors, size_t p, size_t q)
{
	double off = matrix[p * n + q];
	if (off == 0)
		return;
	double theta = (matrix[q * n + q] - matrix[p * n + p]) / (2 * off);
	double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
	for (size_t i = 0; i < n; i++) {
		double left = matrix[i * n + p], right = matrix[i * n + q];
		matrix[i * n + p] = c * left - s * right;
		matrix[i * n + q] = s * left + c * right;
	}
	for (size_t i = 0; i < n; i++) {
		double upper = matrix[p * n + i], lower = matrix[q * n + i], first = vectors[p * n + i], second = vectors[q * n + i];
		matrix[p * n + i] = c * upper - s * lower;
		matrix[q * n + i] = s * upper + c * lower;
		vectors[p * n + i] = c * first - s * second;
		vectors[q * n + i] = s * first + c * second;
	}
}

static double off_diagonal(size_t n, const double *matrix)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			sum += i == j ? 0 : matrix[i * n + j] * matrix[i * n + j];
	return sqrt(sum);
}

void matrix_eigen_ref(int n, double *matrix, double *vectors, double *values)
{
	enum { MOST_SWEEPS = 60 };
	size_t size = (size_t)n;
	double norm = matrix_frobenius_norm(n, matrix);
	memset(vectors, 0, size * size * sizeof *vectors);
	for (size_t i = 0; i < size; i++)
		vectors[i * size + i] = 1;
	for (int sweep = 0; sweep < MOST_SWEEPS && off_diagonal(size, matrix) > 1e-17 * norm; sweep++)
		for (size_t p = 0; p < size; p++)
			for (size_t q = p + 1; q < size; q++)
				rotate(size, matrix, vectors, p, q);
	for (size_t i = 0; i < size; i++)
		values[i] = matrix[i * size + i];
}
