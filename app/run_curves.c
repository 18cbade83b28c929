#include "app/run_curves.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"

enum { EPOCH_COLUMN, IMAGES_COLUMN, SECONDS_COLUMN }; /* the x axes come first */
#define WORK SIZE_MAX

static const struct {
	const char *name;
	size_t offset; /* of a double in struct metric_point; WORK: worked out */
} point_columns[] = {
	{"epoch", offsetof(struct metric_point, epochs)},
	{"images", WORK},
	{"seconds", WORK},
	{"loss/d", offsetof(struct metric_point, loss_d)},
	{"loss/g", offsetof(struct metric_point, loss_g)},
	{"d/real", offsetof(struct metric_point, d_real)},
	{"d/fake", offsetof(struct metric_point, d_fake)},
	{"d/wasserstein", offsetof(struct metric_point, wasserstein)},
	{"d/penalty", offsetof(struct metric_point, penalty)},
	{"gradient/d", offsetof(struct metric_point, gradient_d)},
	{"gradient/g", offsetof(struct metric_point, gradient_g)},
	{"speed/images_per_second", offsetof(struct metric_point, images_per_second)},
};
enum { POINT_COLUMNS = sizeof point_columns / sizeof *point_columns };
static const struct {
	const char *name;
	size_t offset; /* of a double in struct score */
} score_columns[] = {
	{"fid", offsetof(struct score, fid)}, {"fid_std", offsetof(struct score, fid_std)},
	{"kid", offsetof(struct score, kid)}, {"kid_std", offsetof(struct score, kid_std)},
	{"is", offsetof(struct score, is_mean)}, {"is_std", offsetof(struct score, is_std)},
};
enum { SCORE_COLUMNS = sizeof score_columns / sizeof *score_columns };
enum { DIVERSITY_COLUMN = POINT_COLUMNS, FIRST_SCORE_COLUMN };

static void add_column(struct run_curves *curves, const char *name)
{
	text_copy(curves->names[curves->column_count++], CURVE_NAME_SIZE, name);
}

int run_curves_find(const struct run_curves *curves, const char *name)
{
	for (int i = 0; i < curves->column_count; i++)
		if (strcmp(curves->names[i], name) == 0)
			return i;
	return -1;
}

/* ---- rows ---- */

/* The first row whose step is not before `step`. Points come in order: the end is looked at first. */
static size_t find_place(const struct run_curves *curves, int64_t step)
{
	size_t low = 0, high = curves->count;
	if (high == 0 || curves->steps[high - 1] < step)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (curves->steps[middle] < step)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void grow(struct run_curves *curves)
{
	if (curves->count < curves->capacity)
		return;
	curves->capacity = curves->capacity ? 2 * curves->capacity : 256;
	curves->steps = memory_resized(curves->steps, curves->capacity, sizeof *curves->steps);
	curves->times = memory_resized(curves->times, curves->capacity, sizeof *curves->times);
	curves->values = memory_resized(curves->values, curves->capacity, CURVES_MAX_COLUMNS * sizeof *curves->values);
}

/* The values of a step, a new row where there is none yet. */
static double *row_of(struct run_curves *curves, int64_t step, double time)
{
	size_t at = find_place(curves, step), after = curves->count - at;
	if (after == 0 || curves->steps[at] != step) {
		grow(curves);
		double *row = curves->values + at * CURVES_MAX_COLUMNS;
		memmove(curves->steps + at + 1, curves->steps + at, after * sizeof *curves->steps);
		memmove(curves->times + at + 1, curves->times + at, after * sizeof *curves->times);
		memmove(row + CURVES_MAX_COLUMNS, row, after * CURVES_MAX_COLUMNS * sizeof *row);
		curves->steps[at] = step;
		curves->times[at] = NAN;
		for (int i = 0; i < CURVES_MAX_COLUMNS; i++)
			row[i] = NAN;
		curves->count++;
	}
	if (isnan(curves->times[at]))
		curves->times[at] = time;
	return curves->values + at * CURVES_MAX_COLUMNS;
}

static void take_point(void *context, const struct metric_point *point)
{
	struct run_curves *curves = context;
	double *row = row_of(curves, point->step, point->time);
	run_work_add(&curves->work, point->step, point->images_per_second);
	for (int i = 0; i < POINT_COLUMNS; i++)
		if (point_columns[i].offset != WORK)
			memcpy(&row[i], (const char *)point + point_columns[i].offset, sizeof row[i]);
	row[IMAGES_COLUMN] = curves->work.images;
	row[SECONDS_COLUMN] = curves->work.seconds;
}

static void take_diversity(void *context, int64_t step, double diversity)
{
	row_of(context, step, NAN)[DIVERSITY_COLUMN] = diversity;
}

static void take_score(void *context, const struct score *score)
{
	double *row = row_of(context, score->step, score->time);
	for (int i = 0; i < SCORE_COLUMNS; i++)
		memcpy(&row[FIRST_SCORE_COLUMN + i], (const char *)score + score_columns[i].offset, sizeof *row);
}

static void begin(struct run_curves *curves, const struct run *run)
{
	*curves = (struct run_curves){0};
	for (int i = 0; i < POINT_COLUMNS; i++)
		add_column(curves, point_columns[i].name);
	add_column(curves, "samples/diversity");
	for (int i = 0; i < SCORE_COLUMNS; i++)
		add_column(curves, score_columns[i].name);
	text_copy(curves->scores_of, sizeof curves->scores_of, run->scores.identity);
}

bool run_curves_read(struct store *store, const struct run *run, struct run_curves *curves, struct error *error)
{
	begin(curves, run);
	if (!lineage_work(store, run->parent_id, run->parent_step, &curves->work, error))
		return false;
	curves->work.batch = run->batch;
	return store_visit_metrics(store, run->id, -1, take_point, curves, error) &&
	       store_visit_diversities(store, run->id, take_diversity, curves, error) &&
	       (!*curves->scores_of || store_visit_scores(store, run->id, curves->scores_of, take_score, curves, error));
}

/* ---- before a fork ---- */

struct past {
	struct run_curves *curves;
	int64_t first, last;
};

static bool is_past(const struct past *past, int64_t step) { return step >= past->first && step <= past->last; }

static void take_past_point(void *context, const struct metric_point *point)
{
	struct past *past = context;
	if (is_past(past, point->step))
		take_point(past->curves, point);
}

static void take_past_diversity(void *context, int64_t step, double diversity)
{
	struct past *past = context;
	if (is_past(past, step))
		take_diversity(past->curves, step, diversity);
}

static void take_past_score(void *context, const struct score *score)
{
	struct past *past = context;
	if (is_past(past, score->step))
		take_score(past->curves, score);
}

bool run_curves_read_before(struct store *store, const struct run *run, struct run_curves *before, struct error *error)
{
	struct ancestor ancestors[LINEAGE_MOST];
	int count = lineage_find(store, run->parent_id, run->parent_step, ancestors);
	bool good = true;
	begin(before, run);
	for (int i = 0; good && i < count; i++) {
		struct past past = {before, ancestors[i].first, ancestors[i].last};
		before->work.batch = ancestors[i].batch;
		good = store_visit_metrics(store, ancestors[i].run, past.first - 1, take_past_point, &past, error) &&
		       store_visit_diversities(store, ancestors[i].run, take_past_diversity, &past, error) &&
		       (!*before->scores_of || store_visit_scores(store, ancestors[i].run, before->scores_of, take_past_score, &past, error));
	}
	return good;
}

void run_curves_clear(struct run_curves *curves)
{
	free(curves->steps);
	free(curves->times);
	free(curves->values);
	*curves = (struct run_curves){0};
}

/* ---- x axes ---- */

/* On the line through two rows of which the column is known. */
static double on_line(const struct run_curves *curves, int column, size_t a, size_t b, int64_t step)
{
	double from = run_curves_value(curves, a, column), to = run_curves_value(curves, b, column);
	return from + (to - from) * (double)(step - curves->steps[a]) / (double)(curves->steps[b] - curves->steps[a]);
}

/* Beyond the ends as between the nearest two. */
static void place_by_column(const struct run_curves *curves, int column, double *places)
{
	size_t *known = memory_zeroed(curves->count + 1, sizeof *known), count = 0;
	for (size_t row = 0; row < curves->count; row++)
		if (isfinite(run_curves_value(curves, row, column)))
			known[count++] = row;
	for (size_t row = 0, next = 0; row < curves->count; row++) { /* next: the first known one that is not before the row */
		while (next < count && known[next] < row)
			next++;
		size_t last = next < 1 ? 1 : next < count ? next : count - 1;
		if (next < count && known[next] == row)
			places[row] = run_curves_value(curves, row, column);
		else
			places[row] = count > 1 ? on_line(curves, column, known[last - 1], known[last], curves->steps[row]) : NAN;
	}
	free(known);
}

void run_curves_place(const struct run_curves *curves, enum chart_unit unit, double *places)
{
	static const int columns[CHART_UNITS] = {[CHART_EPOCHS] = EPOCH_COLUMN, [CHART_IMAGES] = IMAGES_COLUMN, [CHART_TIME] = SECONDS_COLUMN};
	if (unit != CHART_STEPS)
		place_by_column(curves, columns[unit], places);
	for (size_t row = 0; unit == CHART_STEPS && row < curves->count; row++)
		places[row] = (double)curves->steps[row];
}
