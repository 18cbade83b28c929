/* Draws samples of several runs anew, all from one noise: their checkpoints go to an inspector one after the other. Plain
 * data but for the inspector, which is borrowed and nobody else's while it draws. Main thread. */
#ifndef QGAN_APP_STRIP_DRAWER_H
#define QGAN_APP_STRIP_DRAWER_H

#include "app/inspector.h"
#include "store/store.h"
#include "ui/view.h"

struct strip_drawer { /* zeroed: it can draw nothing */
	struct inspector *inspector;
	uint64_t seed;    /* of the noise; never 0 */
	int tiles;
	int drawing;      /* a run's index + 1; 0: none is being drawn */
	uint64_t id;      /* of the question the inspector is at */
	struct strip_order {
		bool waits;
		char path[STORE_PATH_SIZE], hash[65];
	} orders[VIEW_COMPARED];
};

/* This checkpoint is the run's to be drawn; NULL: none. What was ordered for it before is not wanted any more. */
void strip_drawer_order(struct strip_drawer *drawer, int index, const struct checkpoint_row *checkpoint);

bool strip_drawer_waits(const struct strip_drawer *drawer); /* strip_drawer_begin has something to do */
bool strip_drawer_begin(struct strip_drawer *drawer);       /* false: not */
bool strip_drawer_busy(const struct strip_drawer *drawer);  /* some are still to come */

/* The next picture that is finished: the run's index and its grid, or NULL and why there is none. False: nothing is. */
bool strip_drawer_take(struct strip_drawer *drawer, int *index, struct image **picture, struct error *error);

void strip_drawer_stop(struct strip_drawer *drawer); /* gives the inspector back, with nothing to do */

#endif
