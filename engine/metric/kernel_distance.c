#include "engine/metric/kernel_distance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/tensor/matrix.h"
#include "engine/tensor/random.h"

enum { TILE = 128 }; /* samples on each side of a task */

/* One of the two sets. */
struct side {
	struct metric_rows rows;
	uint32_t *order;     /* [rows->count]: the first `size` are the subset */
	size_t size;
	double *values;      /* [size][dimensions]: the subset */
	double *own, *cross; /* [size]: a sample's kernel summed over the rest of its own subset, over the other subset */
};

struct kernel_distance {
	struct side sides[2];
	struct random random;
	double *estimates;  /* [steps] */
	int steps, done;
	double jackknife;   /* standard error of a single estimate */
	double *partials;   /* a task's sums over columns, then over rows */
};

static size_t tiles_of(size_t count) { return (count + TILE - 1) / TILE; }

/* ---- life ---- */

static bool allocate_side(struct side *side, const struct metric_rows *rows, int subset_size, struct error *error)
{
	static const char what[] = "the kernel distance";
	size_t bytes;
	side->rows = *rows;
	if (rows->count < 2)
		return error_set(error, ERROR_INPUT, "%zu sample%s: a kernel distance needs at least 2", rows->count,
		                 rows->count == 1 ? "" : "s");
	if (rows->count > UINT32_MAX)
		return error_set(error, ERROR_INPUT, "%zu samples are too many for a kernel distance; expected %u at most", rows->count,
		                 UINT32_MAX);
	side->size = rows->count < (size_t)subset_size ? rows->count : (size_t)subset_size;
	if (__builtin_mul_overflow(rows->dimensions * sizeof(double), side->size, &bytes))
		return error_set(error, ERROR_MEMORY, "a subset is larger than any memory");
	if (!(side->order = memory_try_bytes(rows->count * sizeof *side->order, what, error)) ||
	    !(side->values = memory_try_bytes(bytes, what, error)) ||
	    !(side->own = memory_try_bytes(side->size * sizeof *side->own, what, error)) ||
	    !(side->cross = memory_try_bytes(side->size * sizeof *side->cross, what, error)))
		return false;
	for (size_t i = 0; i < rows->count; i++)
		side->order[i] = (uint32_t)i;
	return true;
}

static bool allocate(struct kernel_distance *k, const struct kernel_distance_options *options, const struct metric_rows *a,
                     const struct metric_rows *b, struct error *error)
{
	if (!allocate_side(&k->sides[0], a, options->subset_size, error) ||
	    !allocate_side(&k->sides[1], b, options->subset_size, error))
		return false;
	size_t larger = k->sides[0].size > k->sides[1].size ? k->sides[0].size : k->sides[1].size;
	bool whole = k->sides[0].size == a->count && k->sides[1].size == b->count;
	k->steps = whole ? 1 : options->subsets;
	k->estimates = memory_try_bytes((size_t)k->steps * sizeof *k->estimates, "the kernel distance", error);
	k->partials = memory_try_bytes(tiles_of(larger) * tiles_of(larger) * 2 * TILE * sizeof *k->partials, "the kernel distance", error);
	return k->estimates && k->partials;
}

struct kernel_distance *kernel_distance_create(const struct kernel_distance_options *options, const struct metric_rows *a,
                                               const struct metric_rows *b, struct error *error)
{
	struct kernel_distance *k = memory_zeroed(1, sizeof *k);
	random_start(&k->random, options->seed, RANDOM_SUBSETS);
	if (allocate(k, options, a, b, error))
		return k;
	kernel_distance_destroy(k);
	return NULL;
}

void kernel_distance_destroy(struct kernel_distance *k)
{
	if (!k)
		return;
	for (int i = 0; i < 2; i++) {
		free(k->sides[i].order);
		free(k->sides[i].values);
		free(k->sides[i].own);
		free(k->sides[i].cross);
	}
	free(k->estimates);
	free(k->partials);
	free(k);
}

/* ---- a subset ---- */

static int compare_indices(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

/* The first steps of a shuffle of all indices; sorted, because files like that. */
static void draw_subset(struct side *side, struct random *random)
{
	size_t count = side->rows.count;
	for (size_t i = 0; side->size < count && i < side->size; i++) {
		size_t other = i + random_below(random, (uint32_t)(count - i));
		uint32_t index = side->order[i];
		side->order[i] = side->order[other];
		side->order[other] = index;
	}
	qsort(side->order, side->size, sizeof *side->order, compare_indices);
}

/* Neighbours in one call. */
static bool read_subset(struct side *side, struct error *error)
{
	const struct metric_rows *rows = &side->rows;
	for (size_t first = 0, end; first < side->size; first = end) {
		end = first + 1;
		while (end < side->size && side->order[end] == side->order[end - 1] + 1)
			end++;
		if (!rows->read(rows->context, side->order[first], end - first, side->values + first * rows->dimensions, error))
			return false;
	}
	return true;
}

/* ---- sums of the kernel ---- */

struct sums_job {
	const struct side *a, *b; /* the same one: pairs within it, each once */
	double *partials;
	size_t columns;           /* tiles of b */
};

static double kernel_of(double product, double dimensions)
{
	double base = product / dimensions + 1;
	return base * base * base;
}

/* Task: one tile of products. Within one side only the tiles on and above the diagonal have work. */
static void sums_task(void *context, int index)
{
	const struct sums_job *job = context;
	size_t i = (size_t)index / job->columns, j = (size_t)index % job->columns, d = job->a->rows.dimensions;
	double *rows = job->partials + (size_t)index * 2 * TILE, *columns = rows + TILE, products[TILE * TILE];
	int m = (int)(job->a->size - i * TILE), n = (int)(job->b->size - j * TILE);
	bool same = job->a == job->b;
	m = m < TILE ? m : TILE;
	n = n < TILE ? n : TILE;
	memset(rows, 0, 2 * TILE * sizeof *rows);
	if (same && j < i)
		return;
	matrix_multiply_tile(m, n, (int)d, job->a->values + i * TILE * d, (int)d, job->b->values + j * TILE * d, (int)d, products, n);
	for (int row = 0; row < m; row++)
		for (int column = 0; column < n; column++) {
			double value = same && i == j && row == column ? 0 : kernel_of(products[row * n + column], (double)d);
			rows[row] += value;
			columns[column] += value;
		}
}

static void gather(const struct sums_job *job, double *row_sums, double *column_sums)
{
	size_t row_tiles = tiles_of(job->a->size);
	for (size_t i = 0; i < row_tiles; i++)
		for (size_t j = 0; j < job->columns; j++) {
			const double *rows = job->partials + (i * job->columns + j) * 2 * TILE, *columns = rows + TILE;
			for (size_t t = 0; t < TILE && i * TILE + t < job->a->size; t++)
				row_sums[i * TILE + t] += rows[t];
			/* Within one side the diagonal tile has both halves already. */
			for (size_t t = 0; t < TILE && j * TILE + t < job->b->size && !(job->a == job->b && i == j); t++)
				column_sums[j * TILE + t] += columns[t];
		}
}

static void sum_kernel(struct parallel *parallel, const struct side *a, const struct side *b, double *partials, double *row_sums,
                       double *column_sums)
{
	struct sums_job job = {a, b, partials, tiles_of(b->size)};
	parallel_run(parallel, sums_task, &job, (int)(tiles_of(a->size) * job.columns));
	gather(&job, row_sums, column_sums);
}

static void sum_kernels(struct kernel_distance *k, struct parallel *parallel)
{
	struct side *a = &k->sides[0], *b = &k->sides[1];
	for (struct side *side = a; side <= b; side++) {
		memset(side->own, 0, side->size * sizeof *side->own);
		memset(side->cross, 0, side->size * sizeof *side->cross);
		sum_kernel(parallel, side, side, k->partials, side->own, side->own);
	}
	sum_kernel(parallel, a, b, k->partials, a->cross, b->cross);
}

/* ---- estimates ---- */

static double sum_of(const double *values, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

static double estimate(double own_a, double m, double own_b, double n, double cross)
{
	return own_a / (m * (m - 1)) + own_b / (n * (n - 1)) - 2 * cross / (m * n);
}

/* The part of the jackknife's variance that one side makes: what the estimate is without each of its samples. */
static double jackknife_side(const struct side *side, const struct side *other)
{
	double m = (double)side->size, n = (double)other->size, own = sum_of(side->own, side->size);
	double own_other = sum_of(other->own, other->size), cross = sum_of(side->cross, side->size), mean = 0, squares = 0;
	if (side->size < 3)
		return NAN;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < side->size; i++) {
			double without = estimate(own - 2 * side->own[i], m - 1, own_other, n, cross - side->cross[i]);
			if (pass == 0)
				mean += without / m;
			else
				squares += (without - mean) * (without - mean);
		}
	return (m - 1) / m * squares;
}

int kernel_distance_steps_left(const struct kernel_distance *distance) { return distance->steps - distance->done; }

bool kernel_distance_step(struct kernel_distance *k, struct parallel *parallel, struct error *error)
{
	struct side *a = &k->sides[0], *b = &k->sides[1];
	for (struct side *side = a; side <= b; side++) {
		draw_subset(side, &k->random);
		if (!read_subset(side, error))
			return false;
	}
	sum_kernels(k, parallel);
	double value = estimate(sum_of(a->own, a->size), (double)a->size, sum_of(b->own, b->size), (double)b->size,
	                        sum_of(a->cross, a->size));
	if (!isfinite(value))
		return error_set(error, ERROR_NUMERIC, "the features are not finite or too large for a kernel distance");
	if (k->steps == 1)
		k->jackknife = sqrt(jackknife_side(a, b) + jackknife_side(b, a));
	k->estimates[k->done++] = value;
	return true;
}

void kernel_distance_result(const struct kernel_distance *k, double *mean, double *spread)
{
	double squares = 0;
	*mean = sum_of(k->estimates, (size_t)k->done) / k->done;
	for (int i = 0; i < k->done; i++)
		squares += (k->estimates[i] - *mean) * (k->estimates[i] - *mean);
	*spread = k->steps == 1 ? k->jackknife : sqrt(squares / k->done);
}
