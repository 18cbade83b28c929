#include "engine/metric/moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/tensor/matrix.h"

enum { BLOCK = 256 }; /* samples: enough to keep products out of memory's way */

bool metric_moments_init(struct metric_moments *moments, size_t dimensions, const char *what, struct error *error)
{
	struct metric_statistics sums; /* the same two arrays */
	*moments = (struct metric_moments){0};
	if (!metric_statistics_allocate(dimensions, what, &sums, error))
		return false;
	double *rows = memory_try_bytes((BLOCK + 2) * dimensions * sizeof *rows, what, error);
	if (!rows) {
		metric_statistics_clear(&sums);
		return false;
	}
	*moments = (struct metric_moments){.dimensions = (int)dimensions, .origin = rows, .mean = sums.mean,
	                                   .products = sums.covariance, .block = rows + dimensions};
	return true;
}

void metric_moments_clear(struct metric_moments *moments)
{
	free(moments->mean);
	free(moments->products);
	free(moments->origin); /* and the block */
	*moments = (struct metric_moments){0};
}

uint64_t metric_moments_count(const struct metric_moments *moments) { return moments->count + (uint64_t)moments->waiting; }

static void find_block_mean(const double *block, int rows, size_t n, double *mean)
{
	memset(mean, 0, n * sizeof *mean);
	for (int row = 0; row < rows; row++)
		for (size_t i = 0; i < n; i++)
			mean[i] += block[(size_t)row * n + i];
	for (size_t i = 0; i < n; i++)
		mean[i] /= rows;
}

/* The step from one mean to the other, so scaled that its outer product is what two sums of products lack to be the
 * sum of their union; `mean` moves to the union's. */
static void join_means(double *mean, double count, double *step, const double *other, double other_count, size_t n)
{
	double all = count + other_count, scale = sqrt(count / all * other_count);
	for (size_t i = 0; i < n; i++) {
		double distance = other[i] - mean[i];
		mean[i] += distance * (other_count / all);
		step[i] = distance * scale;
	}
}

/* The row behind the block holds its mean, then the step between the means as one more sample. */
static void fold_block(struct metric_moments *m, struct parallel *parallel)
{
	size_t n = (size_t)m->dimensions;
	int rows = m->waiting;
	double *extra = m->block + (size_t)rows * n;
	if (rows == 0)
		return;
	find_block_mean(m->block, rows, n, extra);
	for (int row = 0; row < rows; row++)
		for (size_t i = 0; i < n; i++)
			m->block[(size_t)row * n + i] -= extra[i];
	join_means(m->mean, (double)m->count, extra, extra, rows, n);
	matrix_add_outer_products(parallel, rows + 1, m->dimensions, m->block, m->products);
	m->count += (uint64_t)rows;
	m->waiting = 0;
}

static bool refuse_value(const struct metric_moments *m, size_t index, double value, struct error *error)
{
	size_t n = (size_t)m->dimensions;
	return error_set(error, ERROR_INPUT, "row %zu, column %zu is %s; expected finite numbers",
	                 (size_t)metric_moments_count(m) + index / n, index % n, isnan(value) ? "NaN" : value > 0 ? "Inf" : "-Inf");
}

/* Rows that still fit into the block. */
static size_t take_rows(const struct metric_moments *m, size_t count)
{
	size_t room = BLOCK - (size_t)m->waiting;
	return count < room ? count : room;
}

static void end_rows(struct metric_moments *m, struct parallel *parallel, size_t rows)
{
	m->waiting += (int)rows;
	if (m->waiting == BLOCK)
		fold_block(m, parallel);
}

bool metric_moments_add(struct metric_moments *m, struct parallel *parallel, const double *values, size_t count,
                        struct error *error)
{
	size_t n = (size_t)m->dimensions;
	for (size_t i = 0; i < count * n; i++)
		if (!isfinite(values[i]))
			return refuse_value(m, i, values[i], error);
	if (count > 0 && metric_moments_count(m) == 0)
		memcpy(m->origin, values, n * sizeof *values);
	for (size_t rows; count > 0; count -= rows, values += rows * n) {
		double *to = m->block + (size_t)m->waiting * n;
		rows = take_rows(m, count);
		for (size_t row = 0; row < rows; row++)
			for (size_t i = 0; i < n; i++)
				to[row * n + i] = values[row * n + i] - m->origin[i];
		end_rows(m, parallel, rows);
	}
	return true;
}

bool metric_moments_add_floats(struct metric_moments *m, struct parallel *parallel, const float *values, size_t count,
                               struct error *error)
{
	enum { PART = 32 };
	size_t n = (size_t)m->dimensions;
	double *part = memory_try_bytes(PART * n * sizeof *part, "samples", error);
	bool ok = part != NULL;
	for (size_t i = 0; ok && i < count * n; i++)
		if (!isfinite(values[i]))
			ok = refuse_value(m, i, (double)values[i], error);
	for (size_t rows; ok && count > 0; count -= rows, values += rows * n) {
		rows = count < PART ? count : PART;
		for (size_t i = 0; i < rows * n; i++)
			part[i] = (double)values[i];
		ok = metric_moments_add(m, parallel, part, rows, error);
	}
	free(part);
	return ok;
}

void metric_moments_merge(struct metric_moments *m, struct parallel *parallel, struct metric_moments *other)
{
	size_t n = (size_t)m->dimensions;
	fold_block(m, parallel);
	fold_block(other, parallel);
	if (other->count == 0)
		return;
	if (m->count == 0)
		memcpy(m->origin, other->origin, n * sizeof *m->origin);
	for (size_t i = 0; i < n; i++)
		m->block[i] = other->mean[i] + (other->origin[i] - m->origin[i]);
	join_means(m->mean, (double)m->count, m->block, m->block, (double)other->count, n);
	matrix_add_outer_products(parallel, 1, m->dimensions, m->block, m->products);
	for (size_t i = 0; i < n * n; i++)
		m->products[i] += other->products[i];
	m->count += other->count;
}

bool metric_moments_finish(struct metric_moments *m, struct parallel *parallel, struct metric_statistics *statistics,
                           struct error *error)
{
	size_t n = (size_t)m->dimensions;
	fold_block(m, parallel);
	*statistics = (struct metric_statistics){0};
	if (m->count < 2)
		return error_set(error, ERROR_INPUT, "%ju sample%s: a covariance needs at least 2", (uintmax_t)m->count,
		                 m->count == 1 ? "" : "s");
	if (!metric_statistics_allocate(n, "a covariance", statistics, error))
		return false;
	statistics->count = m->count;
	for (size_t i = 0; i < n; i++)
		statistics->mean[i] = m->origin[i] + m->mean[i];
	for (size_t i = 0; i < n * n; i++)
		statistics->covariance[i] = m->products[i] / (double)(m->count - 1);
	matrix_mirror_upper(m->dimensions, statistics->covariance);
	return true;
}

void metric_moments_ref(const double *values, size_t count, struct metric_statistics *statistics)
{
	size_t n = (size_t)statistics->dimensions;
	statistics->count = count;
	for (size_t i = 0; i < n; i++) {
		long double sum = 0;
		for (size_t row = 0; row < count; row++)
			sum += values[row * n + i];
		statistics->mean[i] = (double)(sum / count);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			long double sum = 0;
			for (size_t row = 0; row < count; row++)
				sum += ((long double)values[row * n + i] - statistics->mean[i]) * ((long double)values[row * n + j] - statistics->mean[j]);
			statistics->covariance[i * n + j] = (double)(sum / (count - 1));
		}
}
