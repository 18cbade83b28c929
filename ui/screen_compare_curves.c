/* The comparison's charts: one quantity of every run over steps, and scores against size. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/screen_compare.h"
#include "ui/widget_axis.h"
#include "ui/widget_chart.h"

enum { LABEL_COLUMNS = 12, ROWS_PER_LABEL = 2, AXIS_ROWS = 2, LEGEND_MIN_HEIGHT = 9 };

static const struct {
	const char *title;
	bool output, score; /* of D: between 0 and 1 where that is a probability; depends on a recipe */
} quantities[VIEW_QUANTITIES] = {
	[VIEW_LOSS_G] = {"loss of G", false, false}, [VIEW_LOSS_D] = {"loss of D", false, false},
	[VIEW_D_REAL] = {"D(x), what D says of real pictures", true, false},
	[VIEW_D_FAKE] = {"D(G(z)), what D says of samples", true, false},
	[VIEW_FID] = {"FID, lower is better", false, true}, [VIEW_IS] = {"Inception Score, higher is better", false, true},
};

/* What D says is a probability only of some models: others give scores, which may lie anywhere. */
static bool is_fraction(const struct view_compare *compare, enum view_quantity quantity)
{
	bool fraction = quantities[quantity].output;
	for (int i = 0; fraction && i < compare_count(compare); i++) {
		double low, high;
		fraction = !series_range(&compare->runs[i].curves[quantity], 0, INT64_MAX, &low, &high) || (low >= 0 && high <= 1);
	}
	return fraction;
}

static bool shows_groups(const struct view_compare *compare, const struct compare_state *state)
{
	return state->by_seed && compare_has_seeds(compare);
}

void compare_title_curves(const struct view_compare *compare, const struct compare_state *state, char *title, char *note)
{
	bool mixed = quantities[state->quantity].score && compare_recipes_differ(compare), groups = shows_groups(compare, state);
	struct chart_look look = state->look;
	struct chart chart = {.look = &look, .high = is_fraction(compare, state->quantity)};
	chart_title(title, COMPARE_TEXT, quantities[state->quantity].title, &chart);
	snprintf(note, COMPARE_TEXT, "%s%s%s", mixed ? "recipes differ: not to be compared" : "", mixed && groups ? ", " : "",
		groups ? "mean and range over seeds" : "");
	if (!note[0])
		snprintf(note, COMPARE_TEXT, "v: %d of %d", state->quantity + 1, VIEW_QUANTITIES);
}

/* ---- mean and range over seeds */

/* The next bucket of the curve that lags most behind; -1: all have been taken. */
static int next_curve(const struct view_compare *compare, int group, enum view_quantity quantity, const int taken[])
{
	int found = -1;
	int64_t step = 0;
	for (int i = 0; i < compare_count(compare); i++) {
		const struct series *series = &compare->runs[i].curves[quantity];
		if (compare->runs[i].group != group || taken[i] >= series->count)
			continue;
		if (found < 0 || series->buckets[taken[i]].first_step < step) {
			found = i;
			step = series->buckets[taken[i]].first_step;
		}
	}
	return found;
}

/* Runs of equal settings record at equal steps, so that their points meet in one column of the chart, which draws the mean
 * and how far they reach. */
static void merge_group(struct series *merged, const struct view_compare *compare, int group, enum view_quantity quantity)
{
	int taken[VIEW_COMPARED] = {0};
	for (int i; (i = next_curve(compare, group, quantity, taken)) >= 0; taken[i]++) {
		const struct series_bucket *bucket = &compare->runs[i].curves[quantity].buckets[taken[i]];
		if (bucket->points > 0)
			series_append(merged, bucket->first_step, series_mean(bucket));
	}
}

/* ---- curves */

static struct chart_clock clock_of(const struct view_compared *run)
{
	bool known = run->epochs > 0 && isfinite(run->epochs) && run->step > 0;
	return (struct chart_clock){known ? (double)run->step / run->epochs : 0, run->batch > 0 ? run->batch : 0, &run->seconds};
}

static struct chart_line line_of(const struct series *series, const struct chart_clock *clock, int index, bool sparse)
{
	static const enum plot_pen pens[] = {PLOT_SOLID, PLOT_DASHED, PLOT_DOTTED, PLOT_DASH_DOTTED};
	static const char *const names[VIEW_COMPARED] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	return (struct chart_line){.series = series, .name = names[index], .role = compare_role(index), .pen = pens[index % 4],
		.mark = (char)('1' + index), .clock = clock, .sparse = sparse};
}

/* What there is of all runs; other runs than before are shown whole. */
static void look_at(struct compare_state *state, const struct view_compare *compare)
{
	int64_t first = INT64_MAX, last = 0;
	bool others = false;
	for (int i = 0; i < VIEW_COMPARED; i++) {
		const struct series *series = i < compare_count(compare) ? &compare->runs[i].curves[VIEW_LOSS_D] : NULL;
		int64_t id = series ? compare->runs[i].id : 0;
		others |= state->looked[i] != id;
		state->looked[i] = id;
		if (!series || !series->count)
			continue;
		first = series->buckets[0].first_step < first ? series->buckets[0].first_step : first;
		last = series->buckets[series->count - 1].last_step > last ? series->buckets[series->count - 1].last_step : last;
	}
	if (others)
		state->look.first = state->look.last = 0;
	state->clock = clock_of(&compare->runs[0]);
	state->look.columns = 0;
	chart_look_cover(&state->look, &state->clock, first < last ? first : 0, last);
}

static bool any_point(const struct chart *chart)
{
	for (int i = 0; i < chart->line_count; i++)
		if (chart->lines[i].series->count)
			return true;
	return false;
}

static const char *empty_text(const struct view_compare *compare, enum view_quantity quantity)
{
	if (compare->loading)
		return "reading the curves ...";
	return quantities[quantity].score ? "none of these runs was scored\n\nv shows the next quantity" : "no points are recorded";
}

/* Values at the cursor, or the newest; none where they would leave too little of the chart. */
static struct canvas draw_legend(struct canvas *canvas, const struct chart *chart)
{
	int row = canvas->clip.height >= LEGEND_MIN_HEIGHT;
	if (row)
		chart_draw_legend(canvas, canvas->clip.width, 0, canvas->clip.width, chart);
	return canvas_part(canvas, (struct rect){0, row, canvas->clip.width, canvas->clip.height - row});
}

void compare_draw_curves(struct canvas *canvas, const struct view_compare *compare, struct compare_state *state)
{
	bool groups = shows_groups(compare, state), sparse = quantities[state->quantity].score;
	struct chart_clock clocks[VIEW_COMPARED];
	struct series *merged = groups ? memory_zeroed(VIEW_COMPARED, sizeof *merged) : NULL;
	struct chart chart = {.means_only = !groups && compare_count(compare) > 1, .empty = "", .clock = &state->clock,
		.look = &state->look, .high = is_fraction(compare, state->quantity)};
	look_at(state, compare);
	for (int i = 0; i < compare_count(compare); i++) {
		const struct view_compared *run = &compare->runs[i];
		bool alone = !groups || compare_group_size(compare, i) == 1;
		if (groups && !compare_leads_group(compare, i))
			continue;
		clocks[i] = clock_of(run);
		if (!alone)
			merge_group(&merged[i], compare, run->group, state->quantity);
		chart.lines[chart.line_count++] = line_of(alone ? &run->curves[state->quantity] : &merged[i], &clocks[i], i, sparse);
	}
	if (any_point(&chart)) {
		struct canvas plot = draw_legend(canvas, &chart);
		chart_draw(&plot, &chart);
	} else {
		screen_draw_centred(canvas, ROLE_QUIET, empty_text(compare, state->quantity));
	}
	free(merged);
}

/* ---- scores against size */

struct plane {
	struct canvas plot;
	struct axis bytes, fids;
	int left; /* columns of the scale */
};

static int column_of(const struct plane *plane, double bytes)
{
	return (int)lround(axis_position(&plane->bytes, bytes) * (plane->plot.clip.width - 1));
}

static int row_of(const struct plane *plane, double fid)
{
	return (int)lround((1 - axis_position(&plane->fids, fid)) * (plane->plot.clip.height - 1));
}

static bool is_drawable(const struct view_point *point)
{
	return isfinite(point->bytes) && isfinite(point->fid) && point->bytes > 0 && point->bytes < 1e15 && fabs(point->fid) < 1e15;
}

static int point_count(const struct view_compare *compare)
{
	return compare->point_count < 0 ? 0 : compare->point_count > VIEW_POINTS ? VIEW_POINTS : compare->point_count;
}

static bool find_extent(const struct view_compare *compare, double bytes[2], double fids[2])
{
	bytes[0] = fids[0] = INFINITY;
	bytes[1] = fids[1] = -INFINITY;
	for (int i = 0; i < point_count(compare); i++) {
		const struct view_point *point = &compare->points[i];
		if (!is_drawable(point))
			continue;
		bytes[0] = fmin(bytes[0], point->bytes);
		bytes[1] = fmax(bytes[1], point->bytes);
		fids[0] = fmin(fids[0], point->fid);
		fids[1] = fmax(fids[1], point->fid);
	}
	return isfinite(bytes[0]);
}

static struct plane lay_out(struct canvas *canvas, const double bytes[2], const double fids[2])
{
	int rows = canvas->clip.height - AXIS_ROWS;
	char label[COMPARE_NUMBER];
	struct plane plane = {
		.bytes = axis_for_magnitudes(bytes[0], bytes[1], canvas->clip.width / LABEL_COLUMNS),
		.fids = axis_for_values(fids[0], fids[1], fmax(1, (rows - 1.0) / ROWS_PER_LABEL)),
	};
	for (int i = 0; i < plane.fids.tick_count; i++) {
		int width = (int)strlen(axis_label(label, sizeof label, &plane.fids, plane.fids.ticks[i]));
		plane.left = width > plane.left ? width : plane.left;
	}
	plane.plot = canvas_part(canvas, (struct rect){plane.left + 1, 0, canvas->clip.width - plane.left - 1, rows});
	return plane;
}

static void draw_axes(struct canvas *canvas, const struct plane *plane)
{
	char label[COMPARE_NUMBER];
	int rows = plane->plot.clip.height, columns = plane->plot.clip.width, used = 0;
	canvas_fill(canvas, (struct rect){plane->left, 0, 1, rows}, 0x2502, ROLE_FRAME, 0);
	canvas_fill(canvas, (struct rect){plane->left + 1, rows, columns, 1}, 0x2500, ROLE_FRAME, 0);
	canvas_put(canvas, plane->left, rows, 0x2514, ROLE_FRAME, 0);
	for (int i = 0; i < plane->fids.tick_count; i++) {
		int y = row_of(plane, plane->fids.ticks[i]);
		canvas_text_right(canvas, plane->left - 1, y, ROLE_QUIET, 0, axis_label(label, sizeof label, &plane->fids, plane->fids.ticks[i]));
		canvas_put(canvas, plane->left, y, 0x2524, ROLE_FRAME, 0);
	}
	for (int i = 0; i < plane->bytes.tick_count; i++) {
		text_bytes_amount(label, sizeof label, plane->bytes.ticks[i]);
		int x = plane->left + 1 + column_of(plane, plane->bytes.ticks[i]), width = canvas_text_width(label), start = x - width / 2;
		start = start + width > canvas->clip.width ? canvas->clip.width - width : start;
		canvas_put(canvas, x, rows, 0x2534, ROLE_FRAME, 0);
		if (start < used)
			continue;
		used = start + 1 + canvas_text(canvas, start, rows + 1, ROLE_QUIET, 0, label);
	}
}

/* The front is a staircase: right of a point nothing smaller is as good, until the next one of the front. */
static void draw_front(struct plane *plane, const struct view_compare *compare)
{
	int x = -1, y = 0, width = plane->plot.clip.width;
	for (int i = 0; i < point_count(compare); i++) {
		const struct view_point *point = &compare->points[i];
		if (!point->front || !is_drawable(point) || point->recipe_number != compare->points[0].recipe_number)
			continue;
		int next = column_of(plane, point->bytes), row = row_of(plane, point->fid);
		if (x >= 0)
			canvas_fill(&plane->plot, (struct rect){x, y, next - x, 1}, 0x2508, ROLE_GOOD, 0);
		for (int k = y; x >= 0 && k <= row; k++)
			canvas_put(&plane->plot, next, k, 0x250A, ROLE_GOOD, 0);
		x = next;
		y = row;
	}
	if (x >= 0)
		canvas_fill(&plane->plot, (struct rect){x, y, width - x, 1}, 0x2508, ROLE_GOOD, 0);
}

static void draw_points(struct plane *plane, const struct view_compare *compare)
{
	for (int numbered = 0; numbered <= 1; numbered++)
		for (int i = 0; i < point_count(compare); i++) {
			const struct view_point *point = &compare->points[i];
			bool named = point->run >= 0 && point->run < compare_count(compare);
			if (named != numbered || !is_drawable(point))
				continue;
			uint32_t character = named ? (uint32_t)('1' + point->run) : 0xB7;
			canvas_put(&plane->plot, column_of(plane, point->bytes), row_of(plane, point->fid), character,
				named ? compare_role(point->run) : ROLE_TEXT, point->front ? CELL_BOLD | CELL_UNDERLINE : CELL_BOLD);
		}
}

static bool points_mixed(const struct view_compare *compare)
{
	for (int i = 1; i < point_count(compare); i++)
		if (compare->points[i].recipe_number != compare->points[0].recipe_number)
			return true;
	return false;
}

void compare_draw_sizes(struct canvas *canvas, const struct view_compare *compare)
{
	double bytes[2], fids[2];
	if (!find_extent(compare, bytes, fids)) {
		screen_draw_centred(canvas, ROLE_QUIET, compare->loading ? "reading the scores ..." :
			"none of the marked runs has a FID\n\n`qgan eval RUN` scores a recorded one");
		return;
	}
	bool mixed = points_mixed(compare);
	struct canvas chart = canvas_part(canvas, (struct rect){0, mixed, canvas->clip.width, canvas->clip.height - mixed});
	if (chart.clip.height <= AXIS_ROWS)
		return;
	if (mixed)
		canvas_text(canvas, 0, 0, ROLE_WARNING, CELL_BOLD, "recipes differ: FIDs are not to be compared");
	struct plane plane = lay_out(&chart, bytes, fids);
	draw_axes(&chart, &plane);
	draw_front(&plane, compare);
	draw_points(&plane, compare);
}
