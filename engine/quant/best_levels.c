/* The weights that share a level lie side by side in sorted order, so levels are boundaries between sorted weights. Equal
 * weights are one item. With C(i, j) the squared error of items i .. j - 1 about their mean, the best error of m levels is
 *   F_m(j) = min over i of F_(m-1)(i) + C(i, j)
 * The best i never falls as j rises, so a layer of the table is solved by halving.
 *
 * To leave most of the table out, items are first cut into blocks, and only the block of each boundary is sought, where
 * a block with a boundary in it costs nothing. That is never above the truth. So where the best choice through a block,
 * taken from both sides, exceeds the error of levels that are already known, no boundary of the best ones lies in it. The
 * blocks that are left become windows for smaller blocks, and in the end for single items, which are solved exactly. */
#include "engine/quant/best_levels.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/quant/sorted_weights.h"

enum {
	MOST_LEVELS = 256,
	BLOCKS_A_LEVEL = 64, /* at first */
	SHRINK = 8,          /* a block becomes so many */
	LLOYD_ROUNDS = 100,
	LOOK_AFTER = 65536,  /* sums between two looks at `cancelled` */
};

struct item { /* sums over the weights before an item, w - centre; one more than there are items */
	double weights, sum, squares;
};

/* From first to last, both among them. */
struct window {
	ptrdiff_t first, last;
};

struct problem {
	const struct item *items;
	ptrdiff_t count;
	int levels;
	struct window boundaries[MOST_LEVELS]; /* 1 .. levels - 1: the items that boundary m may stand before */
	const atomic_bool *cancelled;
};

/* One boundary of a table. */
struct layer {
	struct window places; /* blocks, or items where the table is exact */
	double *errors;       /* the least up to each place */
	int32_t *from;        /* the best place of the boundary before, as its number within that layer */
};

struct table {
	const struct problem *problem;
	ptrdiff_t stride, blocks; /* items a block; 0: places are items and nothing is left out */
	bool mirrored;            /* from the last item to the first */
	struct layer layers[MOST_LEVELS + 1]; /* 0 and `levels` are the two ends */
	double *errors;           /* owned: of all layers */
	int32_t *from;            /* owned */
	ptrdiff_t looked;
	bool stopped;
};

static double error_between(const struct item *items, ptrdiff_t first, ptrdiff_t end)
{
	if (end <= first + 1)
		return 0;
	double weights = items[end].weights - items[first].weights, sum = items[end].sum - items[first].sum;
	return fmax(items[end].squares - items[first].squares - sum * sum / weights, 0);
}

/* Error of what lies between two neighbouring boundaries; blocks -1 and `blocks` are the two ends. */
static inline double link_error(const struct table *t, ptrdiff_t before, ptrdiff_t after)
{
	const struct problem *p = t->problem;
	if (t->stride == 0)
		return error_between(p->items, before, after);
	ptrdiff_t low = t->mirrored ? t->blocks - 1 - after : before, high = t->mirrored ? t->blocks - 1 - before : after;
	ptrdiff_t end = high * t->stride;
	return error_between(p->items, (low + 1) * t->stride, end < p->count ? end : p->count);
}

static void look_at_cancelled(struct table *t, ptrdiff_t sums)
{
	t->looked += sums;
	if (t->looked < LOOK_AFTER || !t->problem->cancelled)
		return;
	t->stopped = atomic_load_explicit(t->problem->cancelled, memory_order_relaxed);
	t->looked = 0;
}

/* Places low .. high of layer m, whose best predecessors lie among from .. to. */
static void solve_places(struct table *t, int m, ptrdiff_t low, ptrdiff_t high, ptrdiff_t from, ptrdiff_t to)
{
	const struct layer *before = &t->layers[m - 1], *layer = &t->layers[m];
	while (low <= high && !t->stopped) {
		ptrdiff_t place = low + (high - low) / 2, end = place < to ? place : to, best = from;
		double least = INFINITY;
		for (ptrdiff_t p = from; p <= end; p++) {
			double error = before->errors[p - before->places.first] + link_error(t, p, place);
			if (error < least) {
				least = error;
				best = p;
			}
		}
		layer->errors[place - layer->places.first] = least;
		layer->from[place - layer->places.first] = (int32_t)(best - before->places.first);
		look_at_cancelled(t, end - from + 1);
		solve_places(t, m, low, place - 1, from, best);
		low = place + 1;
		from = best;
	}
}

static struct window places_of(const struct table *t, int m)
{
	const struct problem *p = t->problem;
	ptrdiff_t first = t->stride ? -1 : 0, last = t->stride ? t->blocks : p->count;
	if (m == 0 || m == p->levels)
		return m == 0 ? (struct window){first, first} : (struct window){last, last};
	struct window items = p->boundaries[t->mirrored ? p->levels - m : m];
	if (t->stride == 0)
		return items;
	struct window blocks = {items.first / t->stride, items.last / t->stride};
	return t->mirrored ? (struct window){t->blocks - 1 - blocks.last, t->blocks - 1 - blocks.first} : blocks;
}

/* Solved to its end. Clear it in any case. */
static bool table_make(struct table *t, const struct problem *problem, ptrdiff_t stride, bool mirrored, struct error *error)
{
	size_t total = 0;
	*t = (struct table){.problem = problem, .stride = stride, .mirrored = mirrored};
	t->blocks = stride ? (problem->count + stride - 1) / stride : 0;
	for (int m = 0; m <= problem->levels; m++) {
		t->layers[m].places = places_of(t, m);
		total += (size_t)(t->layers[m].places.last - t->layers[m].places.first + 1);
	}
	t->errors = memory_try_bytes(total * sizeof *t->errors, "the table of levels", error);
	t->from = t->errors ? memory_try_bytes(total * sizeof *t->from, "the table of levels", error) : NULL;
	if (!t->from)
		return false;
	total = 0;
	for (int m = 0; m <= problem->levels; m++) {
		struct layer *layer = &t->layers[m];
		layer->errors = t->errors + total;
		layer->from = t->from + total;
		total += (size_t)(layer->places.last - layer->places.first + 1);
		if (m > 0) /* the one place of layer 0 has error 0 */
			solve_places(t, m, layer->places.first, layer->places.last, t->layers[m - 1].places.first, t->layers[m - 1].places.last);
	}
	return t->stopped ? error_set(error, ERROR_CANCELLED, "the search for the best levels was cancelled") : true;
}

static void table_clear(struct table *t)
{
	free(t->errors);
	free(t->from);
}

/* The boundaries of the least error, from the end back. boundaries[0] and [levels] are the ends. */
static void trace_back(const struct table *t, ptrdiff_t boundaries[MOST_LEVELS + 1])
{
	const struct problem *p = t->problem;
	ptrdiff_t number = 0;
	boundaries[0] = 0;
	boundaries[p->levels] = p->count;
	for (int m = p->levels; m > 1; m--) {
		number = t->layers[m].from[number];
		ptrdiff_t place = t->layers[m - 1].places.first + number;
		boundaries[m - 1] = t->stride ? place * t->stride + t->stride / 2 : place;
		boundaries[m - 1] = boundaries[m - 1] < p->count ? boundaries[m - 1] : p->count;
	}
}

static double mean_of(const struct item *items, ptrdiff_t first, ptrdiff_t end)
{
	double weights = items[end].weights - items[first].weights;
	return weights > 0 ? (items[end].sum - items[first].sum) / weights : NAN;
}

/* The first item from `first` on whose value is at least `value`. */
static ptrdiff_t find_item(const struct problem *p, ptrdiff_t first, double value)
{
	ptrdiff_t last = p->count;
	while (first < last) {
		ptrdiff_t middle = first + (last - first) / 2;
		if (mean_of(p->items, middle, middle + 1) < value)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

static double error_of(const struct problem *p, const ptrdiff_t boundaries[])
{
	double sum = 0;
	for (int m = 0; m < p->levels; m++)
		sum += error_between(p->items, boundaries[m], boundaries[m + 1]);
	return sum;
}

/* Lloyd's rounds lower the error of given boundaries as far as they do. */
static double settle(const struct problem *p, ptrdiff_t boundaries[])
{
	double error = error_of(p, boundaries), last = INFINITY;
	for (int round = 0; round < LLOYD_ROUNDS && error < last; round++) {
		double below = mean_of(p->items, boundaries[0], boundaries[1]);
		for (int m = 1; m < p->levels; m++) {
			double above = mean_of(p->items, boundaries[m], boundaries[m + 1]);
			if (!isnan(below) && !isnan(above))
				boundaries[m] = find_item(p, boundaries[m - 1], 0.5 * (below + above));
			below = above;
		}
		last = error;
		error = error_of(p, boundaries);
	}
	return fmin(error, last);
}

/* Narrows the windows to the blocks that may hold the best boundaries. */
static void keep_blocks(struct problem *p, const struct table *forward, const struct table *backward, double limit)
{
	for (int m = 1; m < p->levels; m++) {
		const struct layer *left = &forward->layers[m], *right = &backward->layers[p->levels - m];
		ptrdiff_t first = left->places.last, last = left->places.first;
		for (ptrdiff_t block = left->places.first; block <= left->places.last; block++) {
			ptrdiff_t mirrored = forward->blocks - 1 - block;
			if (left->errors[block - left->places.first] + right->errors[mirrored - right->places.first] > limit)
				continue;
			first = block < first ? block : first;
			last = block;
		}
		struct window *window = &p->boundaries[m];
		ptrdiff_t low = first * forward->stride, high = (last + 1) * forward->stride - 1;
		window->first = low > window->first ? low : window->first;
		window->last = high < window->last ? high : window->last;
	}
}

static bool narrow(struct problem *p, ptrdiff_t stride, double *known, struct error *error)
{
	struct table *forward = memory_zeroed(2, sizeof *forward), *backward = forward + 1;
	bool made = table_make(forward, p, stride, false, error) && table_make(backward, p, stride, true, error);
	if (made) {
		ptrdiff_t boundaries[MOST_LEVELS + 1];
		trace_back(forward, boundaries);
		*known = fmin(*known, settle(p, boundaries));
		keep_blocks(p, forward, backward, *known + 1e-12 * p->items[p->count].squares);
	}
	table_clear(forward);
	table_clear(backward);
	free(forward);
	return made;
}

static bool solve(struct problem *p, ptrdiff_t boundaries[MOST_LEVELS + 1], struct error *error)
{
	double known = INFINITY;
	for (int m = 1; m < p->levels; m++)
		p->boundaries[m] = (struct window){m, p->count - (p->levels - m)};
	for (ptrdiff_t stride = p->count / (p->levels * BLOCKS_A_LEVEL); stride >= SHRINK; stride /= SHRINK)
		if (!narrow(p, stride, &known, error))
			return false;
	struct table *exact = memory_zeroed(1, sizeof *exact);
	bool made = table_make(exact, p, 0, false, error);
	if (made)
		trace_back(exact, boundaries);
	table_clear(exact);
	free(exact);
	return made;
}

/* Equal weights become one item. */
static ptrdiff_t fill_items(const struct sorted_weights *sorted, struct item *items)
{
	ptrdiff_t count = 0;
	struct item sum = {0};
	for (size_t i = 0, end; i < sorted->count; i = end) {
		items[count++] = sum;
		for (end = i; end < sorted->count && sorted->values[end] == sorted->values[i]; end++)
			;
		double d = (double)sorted->values[i] - sorted->centre, equal = (double)(end - i);
		sum.weights += equal;
		sum.sum += equal * d;
		sum.squares += equal * d * d;
	}
	items[count] = sum;
	return count;
}

/* The levels of boundaries between items, and their error summed anew, free of what cancels in the running sums. */
static void finish(const struct problem *p, const struct sorted_weights *sorted, const ptrdiff_t boundaries[], double levels[],
                   int *used, double *mean_squared_error)
{
	double error = 0;
	*used = 0;
	for (int m = 0; m < p->levels; m++) {
		if (boundaries[m] == boundaries[m + 1])
			continue;
		size_t first = (size_t)p->items[boundaries[m]].weights, end = (size_t)p->items[boundaries[m + 1]].weights;
		bool alone = boundaries[m + 1] == boundaries[m] + 1; /* one value: it is kept exactly */
		double sum = 0;
		for (size_t i = first; i < end; i++)
			sum += sorted->values[i] - sorted->centre;
		double level = alone ? sorted->values[first] : sorted->centre + sum / (double)(end - first);
		levels[(*used)++] = level;
		for (size_t i = first; i < end; i++)
			error += (sorted->values[i] - level) * (sorted->values[i] - level);
	}
	*mean_squared_error = error / (double)sorted->count;
}

static bool find_on_sorted(const struct sorted_weights *sorted, int count_levels, double levels[], int *used,
                           double *mean_squared_error, const atomic_bool *cancelled, struct error *error)
{
	struct item *items = memory_try_bytes((sorted->count + 1) * sizeof *items, "sums of the weights", error);
	if (!items)
		return false;
	struct problem problem = {.items = items, .levels = count_levels, .cancelled = cancelled};
	ptrdiff_t boundaries[MOST_LEVELS + 1];
	bool solved = true;
	problem.count = fill_items(sorted, items);
	if (problem.count <= count_levels) {
		problem.levels = (int)problem.count;
		for (int m = 0; m <= problem.levels; m++)
			boundaries[m] = m;
	} else {
		solved = solve(&problem, boundaries, error);
	}
	if (solved)
		finish(&problem, sorted, boundaries, levels, used, mean_squared_error);
	free(items);
	return solved;
}

bool best_levels_find(const float *weights, size_t count, int count_levels, double levels[], int *used,
                      double *mean_squared_error, const atomic_bool *cancelled, struct error *error)
{
	assert(count_levels >= 1 && count_levels <= MOST_LEVELS);
	*used = 0;
	*mean_squared_error = 0;
	if (count == 0)
		return true;
	struct sorted_weights sorted;
	bool found = sorted_weights_make(&sorted, NULL, weights, count, error) &&
	             find_on_sorted(&sorted, count_levels, levels, used, mean_squared_error, cancelled, error);
	sorted_weights_clear(&sorted);
	return found;
}
