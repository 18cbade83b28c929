/* The scores' part of view_fill.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/score_row.h"
#include "app/view_fill.h"
#include "engine/base/text.h"

void view_forget_scores(struct view *view)
{
	struct view_scores *scores = &view->scores;
	scores->recipe[0] = scores->identity[0] = scores->asked[0] = '\0';
	series_reset(&scores->fid_curve);
	series_reset(&scores->is_curve);
	scores->fid = scores->fid_std = scores->is = scores->is_std = scores->best_fid = scores->best_is = NAN;
	scores->best_fid_step = scores->best_is_step = 0;
	scores->now = (struct view_scoring){0};
}

void view_append_score(struct series *series, int64_t step, double value, double error)
{
	double reach = isfinite(error) ? error : 0;
	struct series_bucket *last = series->count ? &series->buckets[series->count - 1] : NULL;
	if (!isfinite(value) || (last && step < last->last_step))
		return;
	if (series->count == SERIES_BUCKETS) { /* more than are ever seen apart: neighbours join */
		series_append(series, step, value);
		return;
	}
	series_append_bucket(series, &(struct series_bucket){
		.first_step = step, .last_step = step, .min = (float)(value - reach), .max = (float)(value + reach), .sum = value,
		.points = 1});
}

/* "classifier/fashion-mnist 1a2b3c4d" of 1000 pictures: "classifier/fashion-mnist, N 1,000". */
static void name_recipe(char *target, size_t size, const struct score *score)
{
	char count[32];
	snprintf(target, size, "%.*s, N %s", (int)strcspn(score->features, " "), score->features,
	         text_count(count, sizeof count, score->samples));
}

static void begin_recipe(struct view *view, const struct score *score, const char *identity)
{
	struct view_scores *scores = &view->scores;
	series_reset(&scores->fid_curve);
	series_reset(&scores->is_curve);
	scores->best_fid = scores->best_is = NAN;
	text_copy(scores->identity, sizeof scores->identity, identity);
	name_recipe(scores->recipe, sizeof scores->recipe, score);
}

static void add_live(struct view *view, const struct score *score)
{
	struct view_scores *scores = &view->scores;
	char identity[SCORE_IDENTITY_SIZE];
	score_identity(score, identity);
	if (strcmp(identity, scores->identity) != 0)
		begin_recipe(view, score, identity);
	view_append_score(&scores->fid_curve, score->step, score->fid, score->fid_std);
	view_append_score(&scores->is_curve, score->step, score->is_mean, score->is_std);
	scores->fid = score->fid;
	scores->fid_std = score->fid_std;
	scores->is = score->is_mean;
	scores->is_std = score->is_std;
	if (!(score->fid >= scores->best_fid)) {
		scores->best_fid = score->fid;
		scores->best_fid_step = score->step;
	}
	if (!(score->is_mean <= scores->best_is)) {
		scores->best_is = score->is_mean;
		scores->best_is_step = score->step;
	}
}

static void add_asked(struct view *view, const struct score *score)
{
	char fid[24], fid_std[24], is[24], is_std[24], count[32], step[32];
	snprintf(view->scores.asked, sizeof view->scores.asked, "FID %s \xc2\xb1%s, IS %s \xc2\xb1%s, N %s, step %s",
	         text_loss(fid, sizeof fid, score->fid), text_loss(fid_std, sizeof fid_std, score->fid_std),
	         text_loss(is, sizeof is, score->is_mean), text_loss(is_std, sizeof is_std, score->is_std),
	         text_count(count, sizeof count, score->samples), text_count(step, sizeof step, score->step));
}

void view_add_score(void *context, const struct score *score)
{
	struct view *view = context;
	if (score->live)
		add_live(view, score);
	else
		add_asked(view, score);
}

void view_take_score(struct view *view, const struct event *event)
{
	struct score row = {0};
	score_row_fill(&row, event->score);
	view_add_score(view, &row);
	if (!row.live)
		view_log(view, event->time, false, "evaluation  %s", view->scores.asked);
}

void view_take_scoring(struct view *view, const struct event *event)
{
	const struct scoring_progress *now = &event->scoring;
	view->scores.now = (struct view_scoring){
		.active = now->active, .live = now->live, .held = now->held, .reference = now->reference,
		.samples = (int64_t)now->samples, .step = now->step, .share = now->share, .seconds_left = now->seconds_left};
	if (event->error.code != ERROR_NONE)
		view_log(view, event->time, true, "scores: %.180s", event->error.text);
}

bool view_load_scores(struct view *view, struct store *store, int64_t run, struct error *error)
{
	view_forget_scores(view);
	return store_visit_scores(store, run, NULL, view_add_score, view, error);
}
