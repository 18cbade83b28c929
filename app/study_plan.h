/* What comes next in a study, worked out from its spec and its cells alone, so that it can be stopped anywhere and gone on
 * with: nothing else is remembered.
 *
 *   1  a cell that was begun and interrupted
 *   2  the float run its cells start from and are compared with ("base"), one a model and seed
 *   3  cells that somebody queued by hand
 *   4  what the study itself asks for: the next of the grid, or the search's next step
 *
 * Pure; any thread. */
#ifndef QGAN_APP_STUDY_PLAN_H
#define QGAN_APP_STUDY_PLAN_H

#include "app/study_spec.h"
#include "engine/search/greedy.h"

enum study_next_kind {
	STUDY_NEXT_CELL, /* work on `cell`; id 0: it is to be added first */
	STUDY_NEXT_SUM,  /* layers: all are measured, and bits within the budget are to be chosen */
	STUDY_NEXT_END,  /* nothing is left: `status` and `message` say how it ended */
};

struct study_next {
	enum study_next_kind kind;
	struct study_cell cell;
	enum study_status status;
	char message[STORE_TEXT_SIZE];
};

/* *cells are all of the study, in queue order. */
void study_plan_next(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct study_next *next);

/* How a search of one method stands: `rules` with the target in numbers. False: it is not known yet, since the float run that
 * the target is a ratio of has no score. */
bool study_plan_rules(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct search_rules *rules);
void study_plan_search(const struct study_spec *spec, const char *method, const struct search_rules *rules,
                       const struct study_cell cells[], size_t count, struct search_step *step);

/* The outcome over all methods: of those that met the target the fewest bytes, else the nearest miss; while one is still under
 * way, that one and its next cell (step.kind SEARCH_MEASURE). False: the target is not known. */
struct study_result {
	const char *method;
	struct search_step step;
	double bytes, target;
};
bool study_plan_result(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct study_result *result);

/* The cell that cells of a model and seed start from and are compared with; NULL: there is none, as they start from scratch
 * and no target asks for it. */
const struct study_cell *study_plan_base(const struct study_spec *spec, const struct study_cell cells[], size_t count,
                                         const char *model, uint64_t seed);

bool study_cell_is_base(const struct study_cell *cell);
bool study_cell_is_over(const struct study_cell *cell); /* done, cut or failed */

#endif
