/* Where a forked run comes from: its ancestors' curves up to the checkpoints they handed on, as one curve before its own. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/view_fill.h"
#include "engine/base/text.h"

enum { MOST_ANCESTORS = 16, ANCESTOR_BUCKETS = 256 };

struct ancestor {
	int64_t run, first, last; /* its steps that count */
};

void view_append_bucket(struct series *series, const struct metric_bucket *bucket, enum metric_series metric)
{
	double mean = bucket->values[metric].mean;
	if (isfinite(mean))
		series_append_bucket(series, &(struct series_bucket){
			bucket->first_step, bucket->last_step, (float)bucket->values[metric].low, (float)bucket->values[metric].high,
			mean * (double)bucket->points, bucket->points});
}

static void visit_bucket(void *context, const struct metric_bucket *bucket)
{
	struct view_before *before = context;
	view_append_bucket(&before->loss[VIEW_D], bucket, METRIC_LOSS_D);
	view_append_bucket(&before->loss[VIEW_G], bucket, METRIC_LOSS_G);
	view_append_bucket(&before->d_real, bucket, METRIC_D_REAL);
	view_append_bucket(&before->d_fake, bucket, METRIC_D_FAKE);
}

/* From the parent back; one that was deleted ends the line. Returns how many there are. */
static int find_ancestors(struct store *store, int64_t run, int64_t step, struct ancestor ancestors[MOST_ANCESTORS])
{
	int count = 0;
	for (char id[24]; run > 0 && count < MOST_ANCESTORS; count++) {
		struct run row = {0};
		snprintf(id, sizeof id, "%" PRId64, run);
		if (!store_find_run(store, id, &row, NULL))
			break;
		ancestors[count] = (struct ancestor){row.id, row.parent_id > 0 ? row.parent_step + 1 : 0, step};
		run = row.parent_id;
		step = row.parent_step;
		run_clear(&row);
	}
	return count;
}

void view_mark_fork(struct view *view)
{
	int64_t step = view->before.fork_step;
	if (!view->before.known || (view->mark_count > 0 && !strcmp(view->marks[0].label, "fork")))
		return;
	int kept = view->mark_count < VIEW_MAX_MARKS ? view->mark_count : VIEW_MAX_MARKS - 1;
	memmove(view->marks + 1, view->marks, (size_t)kept * sizeof *view->marks);
	view->marks[0].step = step;
	text_copy(view->marks[0].label, sizeof view->marks[0].label, "fork");
	view->mark_count = kept + 1;
}

bool view_load_lineage(struct view *view, struct store *store, int64_t parent, int64_t step, struct error *error)
{
	struct ancestor ancestors[MOST_ANCESTORS];
	struct view_before *before = &view->before;
	if (parent <= 0 || before->known)
		return true;
	for (int i = find_ancestors(store, parent, step, ancestors) - 1; i >= 0; i--)
		if (ancestors[i].first <= ancestors[i].last && !store_visit_metric_buckets(store, ancestors[i].run, ancestors[i].first, ancestors[i].last,
		                                                                          ANCESTOR_BUCKETS, visit_bucket, before, error))
			return false;
	before->known = true;
	before->fork_step = step;
	return true;
}

void view_forget_lineage(struct view *view)
{
	view->before.known = false;
	view->before.fork_step = 0;
	series_reset(&view->before.loss[VIEW_D]);
	series_reset(&view->before.loss[VIEW_G]);
	series_reset(&view->before.d_real);
	series_reset(&view->before.d_fake);
}
