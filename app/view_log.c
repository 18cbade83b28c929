/* The log of a recorded run, put together from its row, journal, checkpoints and scores. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/view_fill.h"
#include "engine/base/text.h"

static void add_row(struct view *view, const struct run *run)
{
	char step[32];
	view_log(view, run->created, false, "%.40s begins: %s %dx%dx%d w%d on %.60s, seed %" PRIu64, run->name, run->model, run->size,
	         run->size, run->channels, run->width, run->data, run->seed);
	if (run->ended > 0 && (run->status != RUN_STOPPED || *run->message)) /* the journal tells of a stop */
		view_log(view, run->ended, run->status == RUN_FAILED, "step %s  %s%s%.120s", text_count(step, sizeof step, run->step),
		         run_status_name(run->status), *run->message ? ": " : "", run->message);
}

static bool add_checkpoints(struct view *view, struct store *store, int64_t run, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	char step[32], amount[32];
	if (!store_list_checkpoints(store, run, &rows, &count, error))
		return false;
	for (size_t i = 0; i < count; i++)
		view_log(view, rows[i].time, false, "step %s  checkpoint%s%s, %s", text_count(step, sizeof step, rows[i].step),
		         rows[i].kept ? " kept" : "", rows[i].best ? " of the best FID" : "",
		         text_bytes_amount(amount, sizeof amount, (double)rows[i].bytes));
	free(rows);
	return true;
}

static void add_score(void *context, const struct score *score)
{
	char step[32], text[96] = "";
	size_t used = 0;
	if (isfinite(score->fid))
		used += (size_t)snprintf(text + used, sizeof text - used, "  FID %.2f", score->fid);
	if (isfinite(score->is_mean))
		snprintf(text + used, sizeof text - used, "  IS %.2f", score->is_mean);
	view_log(context, score->time, false, "step %s%s  %.80s", text_count(step, sizeof step, score->step), text, score->features);
}

static int compare_times(const void *left, const void *right)
{
	double a = ((const struct view_log_line *)left)->time, b = ((const struct view_log_line *)right)->time;
	return (a > b) - (a < b);
}

/* A journal that fills the log alone is left as it is. */
bool view_load_log(struct view *view, struct store *store, const struct run *run, struct error *error)
{
	view->mark_count = 0;
	view->log_count = 0;
	add_row(view, run);
	if (!add_checkpoints(view, store, run->id, error) || !store_visit_scores(store, run->id, NULL, add_score, view, error) ||
	    !store_visit_journal(store, run->id, view_take_journal, view, error))
		return false;
	if (view->log_count <= VIEW_LOG_LINES)
		qsort(view->log, (size_t)view->log_count, sizeof *view->log, compare_times);
	return true;
}
