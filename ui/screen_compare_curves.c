/* The comparison's charts: one quantity of every run over steps, and scores against size. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/screen_compare.h"
#include "ui/widget_chart.h"
#include "ui/widget_scatter.h"

enum { LEGEND_MIN_HEIGHT = 9 };

static const struct {
	const char *title;
	bool output, score; /* of D: between 0 and 1 where that is a probability; depends on a recipe */
} quantities[VIEW_QUANTITIES] = {
	[VIEW_LOSS_G] = {"loss of G", false, false}, [VIEW_LOSS_D] = {"loss of D", false, false},
	[VIEW_D_REAL] = {"D(x), what D says of real pictures", true, false},
	[VIEW_D_FAKE] = {"D(G(z)), what D says of samples", true, false},
	[VIEW_FID] = {"FID, lower is better", false, true}, [VIEW_IS] = {"Inception Score, higher is better", false, true},
	[VIEW_KID] = {"KID, lower is better", false, true}, [VIEW_WASSERSTEIN] = {"Wasserstein estimate", false, false},
	[VIEW_PENALTY] = {"gradient penalty", false, false}, [VIEW_GRADIENT_G] = {"norm of G's gradient", false, false},
	[VIEW_GRADIENT_D] = {"norm of D's gradient", false, false},
	[VIEW_DIVERSITY] = {"diversity of the samples, real pictures = 1", false, false}, [VIEW_SPEED] = {"images a second", false, false},
};

static bool is_offered(const struct view_compare *compare, int quantity)
{
	bool known = quantity < VIEW_USUAL_QUANTITIES;
	for (int i = 0; !known && i < compare_count(compare); i++)
		known = compare->runs[i].curves[quantity].count > 0;
	return known;
}

enum view_quantity compare_next_quantity(const struct view_compare *compare, enum view_quantity quantity, int direction)
{
	int next = (int)quantity;
	do
		next = (next + direction + VIEW_QUANTITIES) % VIEW_QUANTITIES;
	while (!is_offered(compare, next));
	return (enum view_quantity)next;
}

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
	int offered = 0, place = 1;
	for (int i = 0; i < VIEW_QUANTITIES; i++) {
		offered += is_offered(compare, i);
		place += i < (int)state->quantity && is_offered(compare, i);
	}
	if (!note[0])
		snprintf(note, COMPARE_TEXT, "v: %d of %d%s", place, offered, compare_has_seeds(compare) ? ", m: mean over seeds" : "");
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
	return (struct chart_clock){.own = {[CHART_EPOCHS] = &run->epochs, [CHART_IMAGES] = &run->images, [CHART_TIME] = &run->seconds}};
}

static struct chart_line line_of(const struct series *series, const struct chart_clock *clock, int index, bool sparse)
{
	static const enum plot_pen pens[] = {PLOT_SOLID, PLOT_DASHED, PLOT_DOTTED, PLOT_DASH_DOTTED};
	static const char *const names[VIEW_COMPARED] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	return (struct chart_line){.series = series, .name = names[index], .role = compare_role(index), .pen = pens[index % 4],
		.mark = (char)('1' + index), .clock = clock, .sparse = sparse};
}

/* What there is of all runs; other runs than before are shown whole. */
static void look_at(struct compare_state *state, const struct view_compare *compare, const struct chart_clock clocks[])
{
	struct chart_span spans[VIEW_COMPARED];
	int span_count = 0;
	bool others = false;
	for (int i = 0; i < VIEW_COMPARED; i++) {
		const struct series *series = i < compare_count(compare) ? &compare->runs[i].curves[VIEW_LOSS_D] : NULL;
		int64_t id = series ? compare->runs[i].id : 0;
		others |= state->looked[i] != id;
		state->looked[i] = id;
		if (series && series->count)
			spans[span_count++] = (struct chart_span){&clocks[i], series->buckets[0].first_step,
				series->buckets[series->count - 1].last_step};
	}
	if (others)
		state->look.first = state->look.last = 0;
	state->clock = span_count ? *spans[0].clock : (struct chart_clock){0};
	state->look.columns = 0;
	chart_look_cover_all(&state->look, spans, span_count);
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
	for (int i = 0; i < compare_count(compare); i++)
		clocks[i] = clock_of(&compare->runs[i]);
	look_at(state, compare, clocks);
	for (int i = 0; i < compare_count(compare); i++) {
		const struct view_compared *run = &compare->runs[i];
		bool alone = !groups || compare_group_size(compare, i) == 1;
		if ((groups && !compare_leads_group(compare, i)) || !chart_clock_knows(&clocks[i], state->look.unit))
			continue;
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

static int point_count(const struct view_compare *compare)
{
	return compare->point_count < 0 ? 0 : compare->point_count > VIEW_POINTS ? VIEW_POINTS : compare->point_count;
}

static bool is_named(const struct view_compare *compare, const struct view_point *point)
{
	return point->run >= 0 && point->run < compare_count(compare);
}

/* Runs that are compared stand as their numbers above those that are only marked. One recipe alone has a front. */
static struct scatter_point point_of(const struct view_compare *compare, const struct view_point *point)
{
	bool named = is_named(compare, point);
	return (struct scatter_point){
		.bytes = point->bytes, .score = point->fid, .mark = named ? (uint32_t)('1' + point->run) : 0xB7,
		.role = named ? compare_role(point->run) : ROLE_TEXT,
		.front = point->front && point->recipe_number == compare->points[0].recipe_number,
	};
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
	struct scatter_point points[VIEW_POINTS];
	struct scatter scatter = {.points = points, .target = NAN, .name = "FID"};
	for (int named = 0; named <= 1; named++)
		for (int i = 0; i < point_count(compare); i++)
			if (is_named(compare, &compare->points[i]) == named)
				points[scatter.count++] = point_of(compare, &compare->points[i]);
	if (!scatter_has_points(&scatter)) {
		screen_draw_centred(canvas, ROLE_QUIET, compare->loading ? "reading the scores ..." :
			"none of the marked runs has both a FID and a known size\n\n`qgan eval RUN` scores a recorded one");
		return;
	}
	bool mixed = points_mixed(compare);
	struct canvas chart = canvas_part(canvas, (struct rect){0, mixed, canvas->clip.width, canvas->clip.height - mixed});
	if (mixed)
		canvas_text(canvas, 0, 0, ROLE_WARNING, CELL_BOLD, "recipes differ: FIDs are not to be compared");
	scatter_draw(&chart, &scatter);
}
