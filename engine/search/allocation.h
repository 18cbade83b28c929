/* Bits where they matter: beyond the paper, which gives every layer of a network the same. From what each layer costs in
 * quality at each width (measured with only that layer lowered) and what it takes in bytes, the widths whose summed cost is
 * least within a budget of bytes. That costs add up over layers is an assumption; the result is to be measured as a whole.
 *
 * Exact: layers are joined one by one, and of all combinations so far only those are kept that no other beats in both bytes
 * and cost. Plain data; any thread. */
#ifndef QGAN_ENGINE_SEARCH_ALLOCATION_H
#define QGAN_ENGINE_SEARCH_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"

enum { ALLOCATION_LAYERS = 32, ALLOCATION_CHOICES = 9 };

struct allocation_layer {
	int choice_count; /* at least 1 */
	struct allocation_choice {
		int bits;
		double bytes; /* of the layer packed at these bits, 0 or more */
		double cost;  /* how much worse the score gets; not finite: the choice is out of the question */
	} choices[ALLOCATION_CHOICES];
};

struct allocation {
	int choice[ALLOCATION_LAYERS]; /* index a layer */
	double bytes, cost;            /* sums */
};

/* Of equal costs the fewer bytes. ERROR_INPUT: even the fewest bytes exceed the budget; the sentence says by how much. */
bool allocation_solve(const struct allocation_layer layers[], int count, double budget_bytes, struct allocation *allocation,
                      struct error *error);

#endif
