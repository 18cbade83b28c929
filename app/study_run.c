#include "app/study_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/interrupt.h"
#include "app/study_cell_run.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

struct work {
	struct cell_work cell_work;
	struct study study;
	struct study_spec spec;
	struct study_cell *cells;
	size_t count;
	double told;  /* clock_seconds() up to which the study's row has been told of the work */
};

static bool read_cells(struct work *work, struct error *error)
{
	free(work->cells);
	return store_list_cells(work->cell_work.store, work->study.id, &work->cells, &work->count, error);
}

/* The targets may have been changed by another process since. */
static bool read_study(struct work *work, const char *name, struct error *error)
{
	study_clear(&work->study);
	return store_find_study(work->cell_work.store, name, &work->study, error) && study_read_spec(&work->study, &work->spec, error);
}

static bool tell(struct work *work, enum study_status status, const char *message, struct error *error)
{
	double now = clock_seconds(), seconds = now - work->told;
	work->told = now;
	return store_update_study(work->cell_work.store, work->study.id, status, message, seconds, error);
}

/* What is left takes as long as what was done took on the average; a search's cells that are not yet asked for are not
 * counted. */
static double seconds_left(const struct work *work)
{
	double spent = 0;
	size_t done = 0, waiting = 0;
	for (size_t i = 0; i < work->count; i++) {
		bool counts = work->cells[i].status == CELL_DONE && !study_cell_is_base(&work->cells[i]);
		spent += counts ? work->cells[i].seconds : 0;
		done += counts;
		waiting += !study_cell_is_over(&work->cells[i]);
	}
	return done ? spent / (double)done * (double)waiting : NAN;
}

static size_t count_over(const struct work *work)
{
	size_t over = 0;
	for (size_t i = 0; i < work->count; i++)
		over += study_cell_is_over(&work->cells[i]);
	return over;
}

static bool add_if_new(struct work *work, struct study_cell *cell, struct error *error)
{
	return cell->id || (store_add_cell(work->cell_work.store, work->study.id, cell, NULL, error) && read_cells(work, error));
}

static bool work_on(struct work *work, struct study_cell *cell, struct error *error)
{
	if (!add_if_new(work, cell, error) || !tell(work, STUDY_RUNNING, cell->key, error))
		return false;
	work->cell_work.moment.cells = work->count;
	work->cell_work.moment.cells_done = count_over(work);
	work->cell_work.moment.seconds_left = seconds_left(work);
	return cell_work_run(&work->cell_work, &work->spec, work->cells, work->count, cell, error);
}

static bool work_off(struct work *work, struct study_next *next, struct error *error)
{
	while (!interrupt_count()) {
		if (!read_study(work, work->study.name, error) || !read_cells(work, error))
			return false;
		study_plan_next(&work->spec, work->cells, work->count, next);
		if (next->kind == STUDY_NEXT_END)
			return true;
		if (next->kind == STUDY_NEXT_SUM && !cell_work_choose_bits(&work->cell_work, &work->spec, work->cells, work->count,
		                                                           &next->cell, error))
			return false;
		if (!work_on(work, &next->cell, error))
			return false;
	}
	*next = (struct study_next){.kind = STUDY_NEXT_END, .status = STUDY_OPEN};
	text_copy(next->message, sizeof next->message, "interrupted");
	return true;
}

static bool work_claimed(struct work *work, struct error *error)
{
	struct study_next next = {0};
	struct error ignored;
	if (work_off(work, &next, error))
		return tell(work, next.status, next.message, error);
	tell(work, STUDY_OPEN, error ? error->text : "", &ignored);
	return false;
}

bool study_work(const char *store_path, const char *name, const struct study_watcher *watcher, struct study *study,
                struct error *error)
{
	struct work work = {.told = clock_seconds(), .cell_work = {.watcher = watcher}};
	*study = (struct study){0};
	bool good = cell_work_open(&work.cell_work, store_path, error);
	work.cell_work.moment.study = &work.study;
	good = good && read_study(&work, name, error) && store_claim_study(work.cell_work.store, work.study.id, error) &&
	       work_claimed(&work, error);
	if (good)
		good = store_find_study(work.cell_work.store, name, study, error);
	cell_work_close(&work.cell_work);
	study_clear(&work.study);
	free(work.cells);
	return good;
}
