/* Where a forked run comes from: its ancestors' curves and changes up to the checkpoints they handed on, as if they were its
 * own, and what their steps were worth in epochs, images and time. */
#include <math.h>
#include <string.h>

#include "app/lineage.h"
#include "app/view_fill.h"
#include "engine/base/text.h"

enum { ANCESTOR_BUCKETS = 256 };
static const char FORK[] = "fork";

struct lineage_reader {
	struct view_before *before;
	struct ancestor ancestor; /* that is read */
	struct run_work work;     /* by then */
	struct view *scratch;     /* journals are read as those of a shown run */
};

void view_append_bucket(struct series *series, const struct metric_bucket *bucket, enum metric_series metric)
{
	double mean = bucket->values[metric].mean;
	if (isfinite(mean))
		series_append_bucket(series, &(struct series_bucket){
			bucket->first_step, bucket->last_step, (float)bucket->values[metric].low, (float)bucket->values[metric].high,
			mean * (double)bucket->points, bucket->points});
}

static void count_work(struct lineage_reader *reader, const struct metric_bucket *bucket)
{
	run_work_add(&reader->work, bucket->last_step, bucket->values[METRIC_IMAGES_PER_SECOND].mean);
	series_append(&reader->before->epochs, bucket->last_step, bucket->last_epochs);
	series_append(&reader->before->images, bucket->last_step, reader->work.images);
	series_append(&reader->before->seconds, bucket->last_step, reader->work.seconds);
}

static void visit_bucket(void *context, const struct metric_bucket *bucket)
{
	struct lineage_reader *reader = context;
	struct view_before *before = reader->before;
	count_work(reader, bucket);
	view_append_bucket(&before->loss[VIEW_D], bucket, METRIC_LOSS_D);
	view_append_bucket(&before->loss[VIEW_G], bucket, METRIC_LOSS_G);
	view_append_bucket(&before->d_real, bucket, METRIC_D_REAL);
	view_append_bucket(&before->d_fake, bucket, METRIC_D_FAKE);
	view_append_bucket(&before->wasserstein, bucket, METRIC_WASSERSTEIN);
	view_append_bucket(&before->penalty, bucket, METRIC_PENALTY);
}

static void visit_score(void *context, const struct score *score)
{
	struct lineage_reader *reader = context;
	if (!score->live || score->step < reader->ancestor.first || score->step > reader->ancestor.last)
		return;
	view_append_score(&reader->before->fid_curve, score->step, score->fid, score->fid_std);
	view_append_score(&reader->before->is_curve, score->step, score->is_mean, score->is_std);
}

static void add_mark(struct view_before *before, int64_t step, const char *label)
{
	if (before->mark_count == VIEW_MAX_MARKS)
		memmove(before->marks, before->marks + 1, (size_t)--before->mark_count * sizeof *before->marks);
	struct view_mark *mark = &before->marks[before->mark_count++];
	mark->step = step;
	text_copy(mark->label, sizeof mark->label, label);
}

/* What was changed up to the checkpoint it handed on, and where it comes from itself. */
static bool read_marks(struct lineage_reader *reader, struct store *store, struct error *error)
{
	const struct ancestor *ancestor = &reader->ancestor;
	reader->scratch->mark_count = 0;
	if (!store_visit_journal(store, ancestor->run, view_take_journal, reader->scratch, error))
		return false;
	if (ancestor->first > 0)
		add_mark(reader->before, ancestor->first - 1, FORK);
	for (int i = 0; i < reader->scratch->mark_count; i++)
		if (reader->scratch->marks[i].step <= ancestor->last)
			add_mark(reader->before, reader->scratch->marks[i].step, reader->scratch->marks[i].label);
	return true;
}

static bool read_ancestor(struct lineage_reader *reader, struct store *store, struct error *error)
{
	const struct ancestor *ancestor = &reader->ancestor;
	const char *identity = reader->before->identity;
	return ancestor->first > ancestor->last ||
	       (read_marks(reader, store, error) &&
	        store_visit_metric_buckets(store, ancestor->run, ancestor->first, ancestor->last, ANCESTOR_BUCKETS, visit_bucket, reader,
	                                   error) &&
	        (!*identity || store_visit_scores(store, ancestor->run, identity, visit_score, reader, error)));
}

/* Its own marks come first when there are too many. */
void view_mark_fork(struct view *view)
{
	const struct view_before *before = &view->before;
	if (!before->known)
		return;
	for (int i = 0; i < view->mark_count; i++)
		if (view->marks[i].step == before->fork_step && !strcmp(view->marks[i].label, FORK))
			return;
	int room = VIEW_MAX_MARKS - view->mark_count, added = before->mark_count < room ? before->mark_count : room;
	memmove(view->marks + added, view->marks, (size_t)view->mark_count * sizeof *view->marks);
	memcpy(view->marks, before->marks + before->mark_count - added, (size_t)added * sizeof *view->marks);
	view->mark_count += added;
}

bool view_load_lineage(struct view *view, struct store *store, int64_t parent, int64_t step, struct error *error)
{
	struct ancestor ancestors[LINEAGE_MOST];
	struct view_before *before = &view->before;
	if (parent <= 0 || before->known)
		return true;
	int count = lineage_find(store, parent, step, ancestors);
	text_copy(before->identity, sizeof before->identity, count ? ancestors[count - 1].identity : ""); /* of scores: the parent's */
	struct lineage_reader reader = {.before = before, .scratch = view_create()};
	bool good = true;
	for (int i = 0; good && i < count; i++) {
		reader.ancestor = ancestors[i];
		reader.work.batch = ancestors[i].batch;
		good = read_ancestor(&reader, store, error);
	}
	view_destroy(reader.scratch);
	if (!good) {
		view_forget_lineage(view);
		return false;
	}
	add_mark(before, step, FORK);
	before->known = true;
	before->fork_step = step;
	return true;
}

void view_forget_lineage(struct view *view)
{
	struct view_before *before = &view->before;
	struct series *const all[] = {&before->loss[VIEW_D], &before->loss[VIEW_G], &before->d_real, &before->d_fake, &before->wasserstein,
		&before->penalty, &before->fid_curve, &before->is_curve, &before->epochs, &before->images, &before->seconds};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		series_reset(all[i]);
	before->known = false;
	before->fork_step = before->mark_count = 0;
	before->identity[0] = '\0';
}

bool view_load_marks(struct view *view, struct store *store, const struct run *run, struct error *error)
{
	if (!store_visit_journal(store, run->id, view_take_journal, view, error) ||
	    !view_load_lineage(view, store, run->parent_id, run->parent_step, error))
		return false;
	view_mark_fork(view);
	return true;
}
