#include "engine/search/allocation.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/memory.h"

/* A combination of choices for the layers so far: the last layer's choice, and which combination of those before. */
struct combination {
	double bytes, cost;
	int before, choice;
};

/* Combinations of the first layers that none beats, rising in bytes and falling in cost. */
struct front {
	struct combination *items;
	size_t count;
};

static int by_bytes_then_cost(const void *left, const void *right)
{
	const struct combination *a = left, *b = right;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return a->cost < b->cost ? -1 : a->cost > b->cost;
}

/* Sorted, and without what another beats. */
static void thin_out(struct front *front)
{
	size_t kept = 0;
	qsort(front->items, front->count, sizeof *front->items, by_bytes_then_cost);
	for (size_t i = 0; i < front->count; i++)
		if (!kept || front->items[i].cost < front->items[kept - 1].cost)
			front->items[kept++] = front->items[i];
	front->count = kept;
}

static struct front join(const struct front *before, const struct allocation_layer *layer, double budget_bytes)
{
	struct front joined = {.items = memory_zeroed(before->count * (size_t)layer->choice_count + 1, sizeof *joined.items)};
	for (size_t i = 0; i < before->count; i++)
		for (int c = 0; c < layer->choice_count; c++) {
			struct combination next = {before->items[i].bytes + layer->choices[c].bytes,
			                           before->items[i].cost + layer->choices[c].cost, (int)i, c};
			if (isfinite(layer->choices[c].cost) && next.bytes <= budget_bytes)
				joined.items[joined.count++] = next;
		}
	thin_out(&joined);
	return joined;
}

static double least_bytes(const struct allocation_layer layers[], int count)
{
	double sum = 0;
	for (int l = 0; l < count; l++) {
		double least = INFINITY;
		for (int c = 0; c < layers[l].choice_count; c++)
			if (isfinite(layers[l].choices[c].cost) && layers[l].choices[c].bytes < least)
				least = layers[l].choices[c].bytes;
		sum += least;
	}
	return sum;
}

static void follow_back(const struct front fronts[], int count, struct allocation *allocation)
{
	const struct combination *end = &fronts[count].items[fronts[count].count - 1];
	allocation->bytes = end->bytes;
	allocation->cost = end->cost;
	for (int l = count; l > 0; l--) {
		allocation->choice[l - 1] = end->choice;
		end = &fronts[l - 1].items[end->before];
	}
}

bool allocation_solve(const struct allocation_layer layers[], int count, double budget_bytes, struct allocation *allocation,
                      struct error *error)
{
	struct combination nothing = {0};
	struct front fronts[ALLOCATION_LAYERS + 1] = {{&nothing, 1}};
	int joined = 0;
	assert(count >= 0 && count <= ALLOCATION_LAYERS);
	while (joined < count && fronts[joined].count) {
		fronts[joined + 1] = join(&fronts[joined], &layers[joined], budget_bytes);
		joined++;
	}
	bool fits = fronts[joined].count > 0;
	*allocation = (struct allocation){0};
	if (fits)
		follow_back(fronts, count, allocation);
	for (int l = 1; l <= joined; l++)
		free(fronts[l].items);
	return fits || error_set(error, ERROR_INPUT, "a budget of %.0f bytes is not enough: the fewest bits there are take %.0f",
	                         budget_bytes, least_bytes(layers, count));
}
