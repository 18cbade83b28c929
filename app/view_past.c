/* The reading half of view_fill.h: a recorded run, from the store. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_verdict.h"
#include "app/settings.h"
#include "app/view_fill.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/picture_file.h"

static void visit_metric(void *context, const struct metric_point *point)
{
	view_add_point(context, point);
}

void view_take_numbers(struct view *view, const struct metric_point *point)
{
	view->run.step = point->step > view->run.step ? point->step : view->run.step;
	view->run.loss_d = point->loss_d;
	view->run.loss_g = point->loss_g;
	view->run.d_real = point->d_real;
	view->run.d_fake = point->d_fake;
	view->run.wasserstein = point->wasserstein;
	view->run.penalty = point->penalty;
	view->run.gradient_norm[VIEW_D] = point->gradient_d;
	view->run.gradient_norm[VIEW_G] = point->gradient_g;
}

void view_add_point(struct view *view, const struct metric_point *point)
{
	series_append(&view->loss[VIEW_D], point->step, point->loss_d);
	series_append(&view->loss[VIEW_G], point->step, point->loss_g);
	series_append(&view->d_real, point->step, point->d_real);
	series_append(&view->d_fake, point->step, point->d_fake);
	series_append(&view->wasserstein, point->step, point->wasserstein);
	series_append(&view->penalty, point->step, point->penalty);
	view_clock_add(view, point->step, point->epochs, point->time, point->images_per_second);
	view_take_numbers(view, point);
}

void view_take_journal(void *context, const struct journal_entry *entry)
{
	struct event event = {.kind = EVENT_JOURNAL, .step = entry->step, .time = entry->time};
	text_copy(event.field, sizeof event.field, entry->field);
	text_copy(event.value, sizeof event.value, entry->value);
	text_copy(event.text, sizeof event.text, entry->text);
	view_take_event(context, &event);
}

static void visit_layer(void *context, const struct layer_stats *stats)
{
	struct view *view = context;
	int network = stats->network == 'D' ? VIEW_D : VIEW_G;
	if (view->layer_count[network] == VIEW_MAX_LAYERS)
		return;
	view_fill_stored_layer(&view->layers[network][view->layer_count[network]++], stats);
	view->run.weights[network] += (uint64_t)stats->weights;
	view->layers_step = stats->step;
}

static void visit_states(void *context, const struct layer_states *states)
{
	struct view *view = context;
	int network = states->network == 'D' ? VIEW_D : VIEW_G;
	if (states->position >= 0 && states->position < VIEW_MAX_LAYERS)
		view_history_add(&view->history[network][states->position], states->step, states->bits, states->states, states->counts);
}

/* The newest record may have been replaced by one of the same step since it was read: it is read again. */
static int64_t last_known_record(const struct view *view)
{
	const struct view_history *history = &view->history[VIEW_D][0];
	return history->count > 0 ? history->columns[history->count - 1].step - 1 : -1;
}

bool view_load_layers(struct view *view, struct store *store, int64_t run, int64_t step, struct error *error)
{
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		view->layer_count[network] = 0;
		view->run.weights[network] = 0;
	}
	bool good = store_visit_layer_stats(store, run, step, visit_layer, view, error);
	view_sum_sizes(view);
	return good;
}

static bool load_layers(struct view *view, struct store *store, int64_t run, struct error *error)
{
	return (view->layers_back.on || view_load_layers(view, store, run, -1, error)) &&
	       store_visit_layer_states(store, run, last_known_record(view), visit_states, view, error);
}

static bool load_sample(struct view *view, struct store *store, int64_t run, struct error *error)
{
	struct sample sample = {0};
	bool found = false;
	if (!store_find_sample(store, run, -1, &sample, &found, error))
		return false;
	if (found)
		view->run.diversity = sample.diversity;
	if (found && sample.step != view->sample_step && !view->sample_back.on) {
		struct image *picture = picture_decode(sample.png, sample.png_size, 0, "the run's sample", error);
		if (picture)
			view_set_sample(view, &sample, picture);
	}
	sample_clear(&sample);
	return true;
}

static bool load_row(struct view *view, struct store *store, int64_t id, struct error *error)
{
	char name[24];
	snprintf(name, sizeof name, "%" PRId64, id);
	struct run run = {0};
	if (!store_find_run(store, name, &run, error))
		return false;
	struct gan_settings config;
	bool known = run.config_json && settings_from_text(run.config_json, &config, NULL);
	view_set_run(view, &run, known ? &config : NULL);
	struct run_verdict verdict;
	bool good = run_verdict_find(store, &run, &verdict, error);
	if (good) {
		view_set_verdict(view, &verdict);
		good = view_load_log(view, store, &run, error) &&
		       view_load_lineage(view, store, run.parent_id, run.parent_step, error);
		view_mark_fork(view);
	}
	run_clear(&run);
	return good;
}

bool view_load_past(struct view *view, struct store *store, int64_t run, struct error *error)
{
	view_forget_run(view);
	view->sample_step = -1;
	return load_row(view, store, run, error) &&
	       view_load_curves(view, store, run, error) &&
	       load_layers(view, store, run, error) && load_sample(view, store, run, error) &&
	       view_load_scores(view, store, run, error) &&
	       view_count_records(view, store, error);
}

bool view_follow_past(struct view *view, struct store *store, struct error *error)
{
	int64_t run = view->run.id;
	int64_t last = view->loss[VIEW_D].count ? view->loss[VIEW_D].buckets[view->loss[VIEW_D].count - 1].last_step : -1;
	return load_row(view, store, run, error) &&
	       store_visit_metrics(store, run, last, visit_metric, view, error) &&
	       load_layers(view, store, run, error) && load_sample(view, store, run, error) &&
	       view_load_scores(view, store, run, error) &&
	       view_count_records(view, store, error);
}
