/* The runs that a forked run comes from, and which of their steps are its past. Any thread with a store of its own. */
#ifndef QGAN_APP_LINEAGE_H
#define QGAN_APP_LINEAGE_H

#include "store/store.h"

enum { LINEAGE_MOST = 16 };

struct ancestor {
	int64_t run, first, last; /* its steps that count: up to the checkpoint it handed on; none where first > last */
	int batch;
	char identity[STORE_TEXT_SIZE]; /* what its scores depend on; empty: never scored */
};

/* From the first one to the parent; one that was deleted ends the line. Returns how many there are; parent 0: none. */
int lineage_find(struct store *store, int64_t parent, int64_t step, struct ancestor ancestors[LINEAGE_MOST]);

/* What was done up to a step; zeroed: nothing, at step 0. `batch` is that of the run whose buckets come next. */
struct run_work {
	int batch;
	int64_t step;
	double images, seconds;
};

/* Up to that step, at that speed: so pauses do not count. No speed: the time stands still. */
void run_work_add(struct run_work *work, int64_t step, double images_per_second);

/* What all ancestors had done at the fork; parent 0: nothing. */
bool lineage_work(struct store *store, int64_t parent, int64_t step, struct run_work *work, struct error *error);

#endif
