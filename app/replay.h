/* A recorded run trained once more, with every change of its journal at the step it was made: the same losses to the last
 * bit, on the same kind of processor. Main thread. */
#ifndef QGAN_APP_REPLAY_H
#define QGAN_APP_REPLAY_H

#include "app/training.h"

struct replay {
	int64_t run;             /* the original; 0: this is no replay */
	char name[RUN_NAME_SIZE];
	struct engine_cue *cues; /* owned */
	int count;
};
void replay_clear(struct replay *replay); /* a zeroed one is fine */

/* Fills *start, which borrows the cues: from where the run began to the step it has reached. ERROR_INPUT: there is nothing to
 * replay, or what it began from is gone. */
bool replay_prepare(struct store *store, const char *run, struct replay *replay, struct training_start *start, struct error *error);

struct replay_result {
	int64_t points;     /* metric points of equal steps */
	int64_t differs_at; /* the first step where they are not the same; 0: they all are */
};
/* Of the original and its replay, as recorded. */
bool replay_compare(struct store *store, const struct replay *replay, int64_t copy, struct replay_result *result,
                    struct error *error);

#endif
