/* Works a study off: trains, scores and records one cell after the other until nothing is left or a signal comes. Every cell
 * is a run like any other; the study's rows say which. Killed at any point, the next call goes on where this one was: begun
 * runs are resumed from their last checkpoint, finished cells are left alone. Main thread; interrupts are those of
 * app/interrupt.h. */
#ifndef QGAN_APP_STUDY_RUN_H
#define QGAN_APP_STUDY_RUN_H

#include "app/study_plan.h"
#include "app/training.h"

/* Makes the study's row and the cells it has from the beginning. The spec is checked; with `from` its settings are those of
 * that run (study_spec_adopt). */
bool study_create(struct store *store, const char *name, const struct study_spec *spec, struct study *study, struct error *error);

/* The settings of the run that `from` names, under what `text` says: a file's values win over the run's. */
bool study_spec_adopt(struct store *store, const char *name, const char *text, struct study_spec *spec, struct error *error);

/* The spec a study was made with. */
bool study_read_spec(const struct study *study, struct study_spec *spec, struct error *error);

struct study_moment {               /* what a watcher is told */
	const struct study *study;
	const struct study_cell *cell;
	bool scoring;                   /* else training */
	int64_t step, first_step, last_step; /* training */
	double share;                   /* of the scoring, 0..1 */
	double loss_d, loss_g, images_per_second;
	size_t cells_done, cells;       /* of the study so far */
	double seconds_left;            /* of all cells known of, from those done; NaN: not known */
};

struct study_watcher {
	void *context;
	void (*progress)(void *context, const struct study_moment *moment);
	void (*cell)(void *context, const struct study_cell *cell); /* it is over */
	void (*warn)(void *context, const char *text);
};

/* True: nothing is left (study->status, message) or a signal stopped it (status STUDY_OPEN). False: it cannot go on; what was
 * done is kept. *study is read anew at the end. */
bool study_work(const char *store_path, const char *name, const struct study_watcher *watcher, struct study *study,
                struct error *error);

#endif
