#include "engine/metric/frechet.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/tensor/matrix.h"

struct work {
	struct parallel *parallel;
	const atomic_bool *cancelled;
	struct error *error;
	int n;                   /* dimensions that vary in both sets */
	double *first, *second;  /* [n][n]: the covariance that is decomposed, and the other */
	double *values;          /* [n] */
	double *left, *product;  /* [n][n] */
	bool singular;           /* one of them */
	double roots;            /* their sum */
};

static double *allocate_square(int n, struct error *error)
{
	return memory_try_bytes((size_t)n * (size_t)n * sizeof(double), "the Frechet distance", error);
}

static void release(struct work *w)
{
	free(w->first);
	free(w->second);
	free(w->values);
	free(w->left);
	free(w->product);
}

static bool goes_on(const struct work *w)
{
	return !w->cancelled || !atomic_load(w->cancelled) ||
	       error_set(w->error, ERROR_CANCELLED, "the Frechet distance was stopped");
}

/* Indices of the dimensions that vary in both. */
static int find_varying(const struct metric_statistics *a, const struct metric_statistics *b, int *varying)
{
	int n = 0;
	for (int i = 0; i < a->dimensions; i++) {
		size_t diagonal = (size_t)i * (size_t)a->dimensions + (size_t)i;
		if (a->covariance[diagonal] > 0 && b->covariance[diagonal] > 0)
			varying[n++] = i;
	}
	return n;
}

static double *pick_dimensions(const struct metric_statistics *s, const int *varying, int n, struct error *error)
{
	double *picked = allocate_square(n, error), *to = picked;
	for (int i = 0; picked && i < n; i++)
		for (int j = 0; j < n; j++)
			*to++ = s->covariance[(size_t)varying[i] * (size_t)s->dimensions + (size_t)varying[j]];
	return picked;
}

static double rounding(int n, const double *covariance) { return n * DBL_EPSILON * matrix_frobenius_norm(n, covariance); }

/* Eigenvalues are above the rounding exactly when taking it from the diagonal leaves a positive matrix. */
static bool second_is_singular(struct work *w, uint64_t count)
{
	size_t n = (size_t)w->n;
	double zero = rounding(w->n, w->second);
	if (count && count - 1 < n)
		return true;
	for (size_t i = 0; i < n * n; i++)
		w->product[i] = w->second[i];
	for (size_t i = 0; i < n; i++)
		w->product[i * n + i] -= zero;
	return !matrix_is_positive(w->n, w->product);
}

/* Decomposes the first; *rank eigenvectors, each times the root of its eigenvalue, are then its last rows. */
static bool find_root(struct work *w, int *rank)
{
	size_t n = (size_t)w->n;
	double zero = rounding(w->n, w->first);
	*rank = 0;
	if (!matrix_eigen(w->n, w->first, true, w->values, w->error))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (w->values[i] <= zero)
			continue;
		++*rank;
		for (size_t j = 0; j < n; j++)
			w->first[i * n + j] *= sqrt(w->values[i]);
	}
	return true;
}

static bool sum_roots(struct work *w, int rank)
{
	const double *root = w->first + (size_t)(w->n - rank) * (size_t)w->n;
	matrix_multiply(w->parallel, rank, w->n, w->n, root, w->second, w->left);
	matrix_multiply_transposed(w->parallel, rank, rank, w->n, w->left, root, w->product);
	if (!isfinite(matrix_frobenius_norm(rank, w->product)))
		return error_set(w->error, ERROR_NUMERIC, "the covariances are too large for a Frechet distance");
	if (!goes_on(w) || !matrix_eigen(rank, w->product, false, w->values, w->error))
		return false;
	for (int i = 0; i < rank; i++)
		w->roots += w->values[i] > 0 ? sqrt(w->values[i]) : 0;
	return true;
}

static uint64_t most_rank(const struct metric_statistics *s)
{
	return s->count && s->count <= (uint64_t)s->dimensions ? s->count - 1 : (uint64_t)s->dimensions;
}

static bool allocate(struct work *w, const struct metric_statistics *first, const struct metric_statistics *second,
                     const int *varying)
{
	return (w->first = pick_dimensions(first, varying, w->n, w->error)) &&
	       (w->second = pick_dimensions(second, varying, w->n, w->error)) && (w->left = allocate_square(w->n, w->error)) &&
	       (w->product = allocate_square(w->n, w->error)) &&
	       (w->values = memory_try_bytes((size_t)w->n * sizeof *w->values, "the Frechet distance", w->error));
}

/* Fills roots and singular. */
static bool measure_root(struct work *w, const struct metric_statistics *a, const struct metric_statistics *b, int *rank)
{
	int *varying = memory_zeroed((size_t)a->dimensions, sizeof *varying);
	const struct metric_statistics *first = most_rank(b) < most_rank(a) ? b : a, *second = first == a ? b : a;
	*rank = 0;
	w->n = find_varying(a, b, varying);
	bool ok = w->n == 0 || allocate(w, first, second, varying);
	free(varying);
	if (w->n == 0 || !ok)
		return ok;
	w->singular = second_is_singular(w, second->count);
	ok = goes_on(w) && find_root(w, rank) && goes_on(w);
	w->singular = w->singular || *rank < w->n;
	return ok && (*rank == 0 || sum_roots(w, *rank));
}

static double trace(const struct metric_statistics *s)
{
	double sum = 0;
	for (int i = 0; i < s->dimensions; i++)
		sum += s->covariance[(size_t)i * (size_t)s->dimensions + (size_t)i];
	return sum;
}

static double squared_distance(const struct metric_statistics *a, const struct metric_statistics *b)
{
	double sum = 0;
	for (int i = 0; i < a->dimensions; i++)
		sum += (a->mean[i] - b->mean[i]) * (a->mean[i] - b->mean[i]);
	return sum;
}

bool frechet_measure(struct parallel *parallel, const struct metric_statistics *a, const struct metric_statistics *b,
                     const atomic_bool *cancelled, struct frechet *frechet, struct error *error)
{
	struct work work = {.parallel = parallel, .cancelled = cancelled, .error = error};
	double means = squared_distance(a, b), traces = trace(a) + trace(b);
	int rank = 0;
	if (!isfinite(means + traces + matrix_frobenius_norm(a->dimensions, a->covariance) +
	              matrix_frobenius_norm(b->dimensions, b->covariance)))
		return error_set(error, ERROR_NUMERIC, "the means or covariances are too large for a Frechet distance");
	bool ok = measure_root(&work, a, b, &rank);
	release(&work);
	if (ok)
		*frechet = (struct frechet){fmax(0, means + traces - 2 * work.roots), means, rank, work.singular};
	return ok;
}
