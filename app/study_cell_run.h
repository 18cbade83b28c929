/* One cell of a study: its training, its scores, its row. What study_run.c calls; main thread. */
#ifndef QGAN_APP_STUDY_CELL_RUN_H
#define QGAN_APP_STUDY_CELL_RUN_H

#include "app/study_run.h"

struct cell_work {
	struct store *store;       /* for the study's rows; the run's are the recorder's */
	struct recorder *recorder;
	const struct study_watcher *watcher;
	struct study_moment moment;

	/* of the cell at work */
	struct study_cell *cell;
	struct training *training;
	struct error failure;
	struct verdict verdict;
	bool may_cut, stopping;
	double looked;             /* clock_seconds() of the last look at what others ask for */
};

bool cell_work_open(struct cell_work *work, const char *store_path, struct error *error);
void cell_work_close(struct cell_work *work);

/* Trains and scores the cell from where it is. True: it is over, or a signal came and it can be gone on with (*cell and its
 * row say which). False: nothing can go on, the store is gone. */
bool cell_work_run(struct cell_work *work, const struct study_spec *spec, const struct study_cell cells[], size_t count,
                   struct study_cell *cell, struct error *error);

/* The cell with the bits that cost least within the spec's budget, from what every layer alone was measured to cost. */
bool cell_work_choose_bits(struct cell_work *work, const struct study_spec *spec, const struct study_cell cells[], size_t count,
                           struct study_cell *cell, struct error *error);

#endif
