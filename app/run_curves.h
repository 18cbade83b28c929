/* Everything a run recorded over its steps as one table: a row a step, a column a quantity. What is exported, charted and
 * reported is read from here, so that all of them say the same. Main thread or any other with a store of its own. */
#ifndef QGAN_APP_RUN_CURVES_H
#define QGAN_APP_RUN_CURVES_H

#include "app/lineage.h"
#include "store/store.h"
#include "ui/chart_clock.h"

enum { CURVES_MAX_COLUMNS = 32, CURVE_NAME_SIZE = 64 };

struct run_curves {
	int column_count;
	char names[CURVES_MAX_COLUMNS][CURVE_NAME_SIZE]; /* "loss/d": what stands before the slash gathers them */
	size_t count;     /* rows, their steps rising */
	int64_t *steps;
	double *times;    /* unix seconds; NaN: not recorded */
	double *values;   /* count x CURVES_MAX_COLUMNS; NaN: not known at this step */
	char scores_of[STORE_TEXT_SIZE]; /* what the scores depend on; only scores of one identity stand in a table; empty: none */
	size_t capacity;
	struct run_work work; /* up to the last point read; of a fork what its ancestors had done as well */
};

/* Columns without a single value are there all the same: files of several runs can be joined. */
bool run_curves_read(struct store *store, const struct run *run, struct run_curves *curves, struct error *error);
/* What the runs it was forked from recorded up to the fork, as one table of the same columns: no rows when it is no fork. */
bool run_curves_read_before(struct store *store, const struct run *run, struct run_curves *before, struct error *error);
void run_curves_clear(struct run_curves *curves); /* a zeroed one is fine */

/* Where every row lies on an x axis, in epochs, images or seconds of training; between points by a straight line. Rows of
 * which nothing is known: NaN. `places` has room for all rows. */
void run_curves_place(const struct run_curves *curves, enum chart_unit unit, double *places);

int run_curves_find(const struct run_curves *curves, const char *name); /* column; -1: none of that name */

static inline double run_curves_value(const struct run_curves *curves, size_t row, int column)
{
	return curves->values[row * CURVES_MAX_COLUMNS + (size_t)column];
}

#endif
