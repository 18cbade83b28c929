/* The scores of a cell: its newest checkpoint evaluated several times, each time with noise of its own. Main thread. */
#ifndef QGAN_APP_STUDY_SCORE_H
#define QGAN_APP_STUDY_SCORE_H

#include "app/study_cell_run.h"

/* Fills the cell's scores, size and verdict. Evaluations that an interruption left are not made again. A signal ends it with
 * ERROR_CANCELLED. */
bool study_score_cell(struct cell_work *work, const struct study_spec *spec, struct error *error);

#endif
