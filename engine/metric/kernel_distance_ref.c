#include <math.h>

#include "engine/metric/kernel_distance.h"

static double kernel(const double *x, const double *y, size_t dimensions)
{
	double product = 0;
	for (size_t i = 0; i < dimensions; i++)
		product += x[i] * y[i];
	return pow(product / (double)dimensions + 1, 3);
}

/* The mean over pairs; of a set with itself without a sample's pair with itself. */
static double mean_kernel(const double *a, size_t m, const double *b, size_t n, size_t dimensions)
{
	double sum = 0;
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++)
			sum += a == b && i == j ? 0 : kernel(a + i * dimensions, b + j * dimensions, dimensions);
	return sum / ((double)m * (double)(a == b ? n - 1 : n));
}

double kernel_distance_ref(const double *a, size_t m, const double *b, size_t n, size_t dimensions)
{
	return mean_kernel(a, m, a, m, dimensions) + mean_kernel(b, n, b, n, dimensions) - 2 * mean_kernel(a, m, b, n, dimensions);
}
