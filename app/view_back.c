/* Looking back at a recorded run, or at what a live one has recorded: curves in finer buckets, samples and layers of
 * earlier steps. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "app/view_fill.h"
#include "engine/data/picture_file.h"

/* As many dots as a chart of 200 columns has; who looks closer gets the detail. Twice as many would take twice as long. */
enum { CURVE_BUCKETS = 400 };

/* ---- curves ---- */

/* Where a recorded quantity is shown: in the view, and in its finer part. */
static const struct {
	size_t in_view, in_detail;
	enum metric_series metric;
} curves[] = {
	{offsetof(struct view, loss[VIEW_D]), offsetof(struct view_detail, loss[VIEW_D]), METRIC_LOSS_D},
	{offsetof(struct view, loss[VIEW_G]), offsetof(struct view_detail, loss[VIEW_G]), METRIC_LOSS_G},
	{offsetof(struct view, d_real), offsetof(struct view_detail, d_real), METRIC_D_REAL},
	{offsetof(struct view, d_fake), offsetof(struct view_detail, d_fake), METRIC_D_FAKE},
	{offsetof(struct view, wasserstein), offsetof(struct view_detail, wasserstein), METRIC_WASSERSTEIN},
	{offsetof(struct view, penalty), offsetof(struct view_detail, penalty), METRIC_PENALTY},
};
enum { CURVES = sizeof curves / sizeof *curves };

static void visit_detail(void *context, const struct metric_bucket *bucket)
{
	for (int i = 0; i < CURVES; i++)
		view_append_bucket((struct series *)((char *)context + curves[i].in_detail), bucket, curves[i].metric);
}

bool view_load_detail(struct view *view, struct store *store, int64_t first, int64_t last, struct error *error)
{
	struct view_detail *detail = &view->detail;
	detail->known = false;
	if (view->loss[VIEW_D].points_per_bucket <= 1)
		return true;
	for (int i = 0; i < CURVES; i++)
		series_reset((struct series *)((char *)detail + curves[i].in_detail));
	detail->first = first;
	detail->last = last;
	detail->known = store_visit_metric_buckets(store, view->run.id, first, last, CURVE_BUCKETS, visit_detail, detail, error);
	return detail->known;
}

static void visit_bucket(void *context, const struct metric_bucket *bucket)
{
	struct view *view = context;
	for (int i = 0; i < CURVES; i++)
		view_append_bucket((struct series *)((char *)view + curves[i].in_view), bucket, curves[i].metric);
	view_clock_add(view, bucket->last_step, bucket->last_epochs, bucket->last_time, bucket->values[METRIC_IMAGES_PER_SECOND].mean);
}

static void visit_point(void *context, const struct metric_point *point) { view_add_point(context, point); }
static void visit_newest(void *context, const struct metric_point *point) { view_take_numbers(context, point); }

/* As many points as the series holds are read one by one; more would only be merged again. The newest is a point in any
 * case: its numbers are shown. */
bool view_load_curves(struct view *view, struct store *store, int64_t run, struct error *error)
{
	bool more;
	if (!store_has_more_metrics(store, run, SERIES_BUCKETS, &more, error))
		return false;
	if (!more)
		return store_visit_metrics(store, run, -1, visit_point, view, error);
	if (!store_visit_metric_buckets(store, run, -1, -1, CURVE_BUCKETS, visit_bucket, view, error))
		return false;
	const struct series *known = &view->seconds;
	return store_visit_metrics(store, run, known->buckets[known->count - 1].last_step - 1, visit_newest, view, error);
}

/* ---- records ---- */

typedef bool list_steps(struct store *store, int64_t run, int64_t **steps, size_t *count, struct error *error);

/* The index of the last step <= `step`; -1: none. */
static int index_of(const int64_t *steps, size_t count, int64_t step)
{
	int found = -1;
	for (size_t i = 0; i < count && steps[i] <= step; i++)
		found = (int)i;
	return found;
}

/* Where `by` records away from the one at `shown` leads; *step is there. False: nothing is recorded, or an error. */
static bool walk(struct view *view, struct store *store, list_steps *list, int64_t shown, int64_t by, struct view_back *back,
                 int64_t *step, struct error *error)
{
	int64_t *steps;
	size_t count;
	if (!list(store, view->run.id, &steps, &count, error))
		return false;
	if (count == 0) {
		free(steps);
		return error_set(error, ERROR_STATE, "nothing is recorded of %s yet", view->run.name);
	}
	int64_t position = index_of(steps, count, shown) + by, last = (int64_t)count - 1;
	position = position < 0 ? 0 : position > last ? last : position;
	*back = (struct view_back){.on = position < last, .position = (int)position, .count = (int)count};
	*step = steps[position];
	free(steps);
	return true;
}

/* What is shown already is not read again. */
static bool show_samples(struct view *view, struct store *store, int64_t from, int64_t by, struct error *error)
{
	struct view_back back;
	struct sample sample = {0};
	int64_t step = 0;
	bool found = false;
	if (!walk(view, store, store_list_sample_steps, from, by, &back, &step, error))
		return false;
	if (view->sample && view->sample_step == step && view->sample_seed == 0) {
		view->sample_back = back;
		return true;
	}
	if (!store_find_sample(store, view->run.id, step, &sample, &found, error))
		return false;
	struct image *picture = found ? picture_decode(sample.png, sample.png_size, 0, "the run's sample", error) : NULL;
	if (picture) {
		view_set_sample(view, &sample, picture);
		view->sample_back = back;
	}
	sample_clear(&sample);
	return picture != NULL || (!found && error_set(error, ERROR_STATE, "the samples of step %lld are gone", (long long)step));
}

bool view_walk_samples(struct view *view, struct store *store, int64_t by, struct error *error)
{
	return show_samples(view, store, view->sample_step, by, error);
}

static bool show_layers(struct view *view, struct store *store, int64_t from, int64_t by, struct error *error)
{
	struct view_back back;
	int64_t step = 0;
	if (!walk(view, store, store_list_layer_steps, from, by, &back, &step, error) ||
	    (step != view->layers_step && !view_load_layers(view, store, view->run.id, step, error)))
		return false;
	view->layers_back = back;
	return true;
}

bool view_walk_layers(struct view *view, struct store *store, int64_t by, struct error *error)
{
	return show_layers(view, store, view->layers_step, by, error);
}

bool view_look_back_to(struct view *view, struct store *store, int64_t step, struct error *error)
{
	return (view->sample_back.count < 1 || show_samples(view, store, step, 0, error)) &&
	       (view->layers_back.count < 1 || show_layers(view, store, step, 0, error));
}

static bool count_steps(struct view *view, struct store *store, list_steps *list, int64_t shown, struct view_back *back,
                        struct error *error)
{
	int64_t *steps;
	size_t count;
	if (!list(store, view->run.id, &steps, &count, error))
		return false;
	back->count = (int)count;
	back->position = index_of(steps, count, shown);
	free(steps);
	return true;
}

bool view_count_records(struct view *view, struct store *store, struct error *error)
{
	return count_steps(view, store, store_list_sample_steps, view->sample_step, &view->sample_back, error) &&
	       count_steps(view, store, store_list_layer_steps, view->layers_step, &view->layers_back, error);
}
