/* The dashboard: one run in one look. Header, charts, samples, numbers, a row a layer, log line, keys. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/screen_layers.h"
#include "ui/screen_parts.h"
#include "ui/widget_chart.h"
#include "ui/widget_progress.h"
#include "ui/widget_segments.h"

enum {
	MIN_CHART_HEIGHT = 8,      /* title, five rows, axis */
	MIN_CHART_WIDTH = 34,
	WIDE_CHARTS = 130,         /* two charts beside each other */
	SIDE_BY_SIDE_TABLES = 110, /* narrower: one table for both networks */
	NUMBERS_MIN_HEIGHT = 12,   /* the line of numbers gives way below */
	VERDICT_MIN_HEIGHT = 16,   /* and the verdict's before it */
	ACTION_MIN_HEIGHT = 24,    /* what to try has a line of its own, if need be, from here on */
	MIN_TABLE_HEIGHT = 3,
	SAMPLES_MIN_WIDTH = 14,
	NUMBER_SIZE = 32,
	EVALUATION_BAR = 12,
	TWO_SCORED_CHARTS = 88,    /* likewise where there are scores to be shown too */
};
/* In the order they are shown; the last two only of a run that is scored. */
enum which_chart { CHART_LOSS, CHART_FID, CHART_OUTPUT, CHART_IS, CHARTS };
/* At most so much of the width goes to the samples. */
static const double SAMPLES_SHARE = 0.42;

static const enum action footer[] = {
	ACTION_PAUSE, ACTION_STEP, ACTION_D_BITS_DOWN, ACTION_D_BITS_UP, ACTION_G_BITS_DOWN, ACTION_G_BITS_UP, ACTION_SCREEN_WEIGHTS,
	ACTION_SCREEN_RUNS, ACTION_QUANTIZER, ACTION_RATES, ACTION_CHECKPOINT, ACTION_EVALUATE, ACTION_SAMPLE, ACTION_STOP, ACTION_ROLLBACK,
	ACTION_ZOOM_IN, ACTION_ZOOM_OUT, ACTION_FIT, ACTION_CURSOR, ACTION_SMOOTH_LESS, ACTION_SMOOTH_MORE, ACTION_X_AXIS,
	ACTION_LOG_SCALE, ACTION_EXPORT_CHARTS, ACTION_SCREEN_SAMPLES, ACTION_SCREEN_LOG, ACTION_NEXT_PANE, ACTION_NONE,
};

static const char *empty_text(const struct view *view)
{
	return screen_steerable(view) ? "the first point comes with the next report" : "no points stored";
}

static bool is_probability(const struct view *view)
{
	return strcmp(view->run.d_says, "P(real)") == 0;
}

static bool is_scored(const struct view *view)
{
	return *view->scores.recipe || (view->scores.now.active && view->scores.now.live);
}

/* The one to be shown in place `index`. */
static enum which_chart nth_chart(const struct screen_state *state, const struct view *view, int index)
{
	static const enum which_chart unscored[] = {CHART_LOSS, CHART_OUTPUT};
	int at = state->chart + index;
	return is_scored(view) ? (enum which_chart)(at % CHARTS) : unscored[at % 2];
}

/* Why there is no point yet. */
static const char *empty_scores(const struct view *view)
{
	if (!view->scores.now.active)
		return "never scored";
	return view->scores.now.reference ? "looking at real pictures, once for this data set" : "the first score is being taken";
}

/* Scores of another recipe are no part of the curve. */
static void add_scores(struct chart *chart, const struct view *view, bool fid)
{
	const struct view_scores *scores = &view->scores;
	const struct view_before *before = &view->before;
	bool comparable = *before->identity && !strcmp(before->identity, scores->identity);
	chart->lines[chart->line_count++] = (struct chart_line){
		.series = fid ? &scores->fid_curve : &scores->is_curve, .name = "now", .role = ROLE_G, .pen = PLOT_SOLID, .sparse = true,
		.before = !comparable ? NULL : fid ? &before->fid_curve : &before->is_curve};
	chart->empty = empty_scores(view);
}

static void add_line(struct chart *chart, const char *name, const struct series *series, const struct series *detail,
	const struct series *before)
{
	bool first = chart->line_count == 0;
	chart->lines[chart->line_count++] = (struct chart_line){.series = series, .name = name, .role = first ? ROLE_D : ROLE_G,
		.pen = first ? PLOT_SOLID : PLOT_DOTTED, .detail = detail, .before = before};
}

static void add_losses(struct chart *chart, const struct view *view, const struct view_detail *detail)
{
	add_line(chart, "D", &view->loss[VIEW_D], detail ? &detail->loss[VIEW_D] : NULL, &view->before.loss[VIEW_D]);
	add_line(chart, "G", &view->loss[VIEW_G], detail ? &detail->loss[VIEW_G] : NULL, &view->before.loss[VIEW_G]);
}

static void add_outputs(struct chart *chart, const struct view *view, const struct view_detail *detail)
{
	if (view->run.estimates_distance) {
		add_line(chart, "Wasserstein", &view->wasserstein, detail ? &detail->wasserstein : NULL, &view->before.wasserstein);
		add_line(chart, "penalty", &view->penalty, detail ? &detail->penalty : NULL, &view->before.penalty);
		return;
	}
	add_line(chart, "D(x)", &view->d_real, detail ? &detail->d_real : NULL, &view->before.d_real);
	add_line(chart, "D(G(z))", &view->d_fake, detail ? &detail->d_fake : NULL, &view->before.d_fake);
	chart->high = is_probability(view) ? 1 : 0;
}

/* Fainter, what it was forked from. */
static void add_before(struct chart *chart, const struct view *view)
{
	for (int i = 0, own = chart->line_count; i < own; i++) {
		const struct chart_line *line = &chart->lines[i];
		if (view->before.known && line->before && line->before->count)
			chart->lines[chart->line_count++] = (struct chart_line){
				.series = line->before, .role = ROLE_QUIET, .pen = line->pen, .sparse = line->sparse};
	}
}

static struct chart chart_of(struct screen_state *state, const struct view *view, enum which_chart which)
{
	const struct view_detail *detail = screen_detail(state, view);
	struct chart chart = {.marks = view->marks, .mark_count = view->mark_count, .empty = empty_text(view), .clock = &state->clock,
		.look = &state->look};
	if (which == CHART_FID || which == CHART_IS)
		add_scores(&chart, view, which == CHART_FID);
	else if (which == CHART_LOSS)
		add_losses(&chart, view, detail);
	else
		add_outputs(&chart, view, detail);
	add_before(&chart, view);
	return chart;
}

/* A score's name says by what, and from how many pictures; the best one where there is room. */
static void name_score(char *name, size_t size, const struct view_scores *scores, bool fid, bool with_best)
{
	char number[NUMBER_SIZE];
	double best = fid ? scores->best_fid : scores->best_is;
	int used = snprintf(name, size, "%s%s%s", fid ? "FID" : "IS", *scores->recipe ? ", " : "", scores->recipe);
	if (with_best && *scores->recipe && isfinite(best) && used < (int)size)
		snprintf(name + used, size - (size_t)used, ", best %s", screen_number(number, sizeof number, best, 3));
}

static void name_chart(char *name, size_t size, const struct view *view, enum which_chart which, bool whole)
{
	const struct view_run *run = &view->run;
	if (which == CHART_FID || which == CHART_IS)
		name_score(name, size, &view->scores, which == CHART_FID, whole);
	else if (which == CHART_LOSS)
		snprintf(name, size, "loss%s%s", *run->loss_unit ? ", " : "", run->loss_unit);
	else if (run->estimates_distance)
		snprintf(name, size, "distance by D, score");
	else
		snprintf(name, size, "%s by D", *run->d_says ? run->d_says : "score");
}

static void draw_chart(struct screen_state *state, const struct view *view, struct canvas *canvas, struct rect rect,
	enum which_chart which, bool boxed)
{
	struct chart chart = chart_of(state, view, which);
	char name[CHART_TITLE_SIZE], title[CHART_TITLE_SIZE];
	struct canvas none = canvas_part(canvas, (struct rect){0, 0, 0, 0});
	int right = rect.width - 4, legend = chart_draw_legend(&none, 0, 0, INT_MAX, &chart);
	name_chart(name, sizeof name, view, which, true);
	chart_title(title, sizeof title, name, &chart);
	if ((int)strlen(title) + 6 + legend > right) /* the values are more than what is said about them */
		name_chart(title, sizeof title, view, which, false);
	struct canvas inside = screen_pane(canvas, rect, title, NULL, boxed);
	chart_draw(&inside, &chart);
	struct canvas edge = canvas_part(canvas, (struct rect){rect.x, rect.y, rect.width, 1});
	int room = right - (int)strlen(title) - 6, width = chart_draw_legend(&none, 0, 0, room, &chart);
	canvas_fill(&edge, (struct rect){right - width - 1, 0, width ? width + 2 : 0, 1}, ' ', ROLE_TEXT, 0);
	chart_draw_legend(&edge, right, 0, room, &chart);
}

/* One chart or two above each other, in one column or two, as there is room. */
static void draw_charts(struct screen_state *state, const struct view *view, struct canvas *canvas, bool boxed)
{
	int width = canvas->clip.width, height = canvas->clip.height;
	int rows = height >= 2 * MIN_CHART_HEIGHT ? 2 : 1;
	int columns = is_scored(view) ? 1 + (width >= TWO_SCORED_CHARTS) : 1 + (width >= WIDE_CHARTS && rows == 1);
	screen_look_at(state, view);
	for (int row = 0; row < rows; row++)
		for (int column = 0; column < columns; column++) {
			int top = (height * row + row) / rows, bottom = (height * (row + 1) + row + 1) / rows;
			int left = width * column / columns, right = width * (column + 1) / columns;
			struct rect place = {left, top, right - left, (bottom < height ? bottom : height) - top};
			draw_chart(state, view, canvas, place, nth_chart(state, view, row * columns + column), boxed);
		}
}

/* Twice as many columns as rows make a square; 0: no room for samples beside a chart. */
static int samples_width(int width, int height, bool boxed)
{
	int rows = height - (boxed ? 3 : 2), wanted = 2 * rows + (boxed ? 4 : 2), most = (int)(width * SAMPLES_SHARE);
	int columns = wanted < most ? wanted : most;
	return columns < SAMPLES_MIN_WIDTH || width - columns < MIN_CHART_WIDTH ? 0 : columns;
}

static void draw_upper(struct screen_state *state, const struct view *view, struct canvas *canvas,
	struct picture_request *picture, bool boxed)
{
	int width = canvas->clip.width, height = canvas->clip.height, samples = samples_width(width, height, boxed);
	struct canvas charts = canvas_part(canvas, (struct rect){0, 0, width - samples, height});
	draw_charts(state, view, &charts, boxed);
	if (samples) {
		struct rect place = {width - samples, 0, samples, height};
		struct canvas inside = screen_pane(canvas, place, "samples", NULL, boxed);
		screen_draw_samples(&inside, view, picture);
	}
}

static void add_number(struct segments *segments, int priority, const char *format, double value, int digits)
{
	char number[NUMBER_SIZE];
	if (isfinite(value))
		segments_add(segments, priority, ROLE_TEXT, 0, format, screen_number(number, sizeof number, value, digits));
}

/* A score with its error, and the best one: "FID 18.7 +-0.2, best 16.1 at 1.2k". */
static void add_score(struct segments *segments, const char *name, double value, double error, double best, int64_t step)
{
	char number[NUMBER_SIZE], around[NUMBER_SIZE];
	if (!isfinite(value))
		return;
	screen_number(number, sizeof number, value, 3);
	if (isfinite(error))
		segments_add(segments, 1, ROLE_TEXT, CELL_BOLD, "%s %s \xc2\xb1%s", name, number,
			screen_number(around, sizeof around, error, 2));
	else
		segments_add(segments, 1, ROLE_TEXT, CELL_BOLD, "%s %s", name, number);
	if (isfinite(best))
		segments_add(segments, 2, ROLE_QUIET, 0, "best %s at %s", screen_number(number, sizeof number, best, 3),
			text_short_count(around, sizeof around, (double)step));
}

/* An evaluation that was asked for, while it runs. */
static void add_evaluation(struct segments *segments, const struct view_scoring *now)
{
	char count[NUMBER_SIZE], left[NUMBER_SIZE];
	if (!now->active || now->live)
		return;
	segments_add(segments, 0, ROLE_TITLE, CELL_BOLD, now->reference ? "evaluation: real pictures first" : "evaluating %s",
		text_count(count, sizeof count, now->samples));
	segments_add_bar(segments, 1, EVALUATION_BAR, now->share);
	segments_add(segments, 0, ROLE_TEXT, 0, "%.0f %%", 100 * now->share);
	if (now->held)
		segments_add(segments, 0, ROLE_WARNING, 0, "waits, e goes on");
	else if (now->share >= 1) /* the pictures are looked at: distances and their errors follow */
		segments_add(segments, 1, ROLE_TEXT, 0, "working out the scores");
	else if (isfinite(now->seconds_left))
		segments_add(segments, 1, ROLE_TEXT, 0, "%s left", text_duration(left, sizeof left, now->seconds_left));
}

static void draw_numbers(const struct view *view, struct canvas *canvas, int y)
{
	const struct view_run *run = &view->run;
	struct segments segments = {.gap = 3};
	add_evaluation(&segments, &view->scores.now);
	if (*view->scores.recipe) {
		const struct view_scores *scores = &view->scores;
		add_score(&segments, "FID", scores->fid, scores->fid_std, scores->best_fid, scores->best_fid_step);
		add_score(&segments, "IS", scores->is, scores->is_std, scores->best_is, scores->best_is_step);
	}
	add_number(&segments, 1, "D(x) %s", run->d_real, 2);
	add_number(&segments, 1, "D(G(z)) %s", run->d_fake, 2);
	add_number(&segments, 1, "Wasserstein %s", run->wasserstein, 3);
	add_number(&segments, 1, "penalty %s", run->penalty, 3);
	add_number(&segments, 2, "diversity %s", run->diversity, 2);
	add_number(&segments, 2, "|\xe2\x88\x87" "D| %s", run->gradient_norm[VIEW_D], 2);
	add_number(&segments, 2, "|\xe2\x88\x87" "G| %s", run->gradient_norm[VIEW_G], 2);
	add_number(&segments, 3, "rate D %s", run->learning_rate[VIEW_D], 2);
	add_number(&segments, 3, "rate G %s", run->learning_rate[VIEW_G], 2);
	add_number(&segments, 5, "%s GFLOP/s", run->gflops, 3);
	add_number(&segments, 4, "quantizing %s %% of step", 100 * run->quantize_share, 2);
	if (run->batch > 0)
		segments_add(&segments, 6, ROLE_QUIET, 0, "batch %d", run->batch);
	if (run->threads > 0)
		segments_add(&segments, 6, ROLE_QUIET, 0, "%d threads", run->threads);
	segments_fit(&segments, canvas->clip.width - 2);
	segments_draw(canvas, 1, y, &segments);
}

/* The word, why, and what to try next, as far as there is room. */
static struct segments verdict_segments(const struct view *view)
{
	const struct view_verdict *verdict = &view->run.verdict;
	struct segments segments = {.gap = 2};
	enum theme_role role = screen_verdict_role(verdict->kind);
	segments_add(&segments, 0, role, CELL_BOLD, "%s%s", verdict->warned ? "! " : "", verdict->kind);
	segments_add(&segments, 0, verdict->warned ? ROLE_WARNING : ROLE_TEXT, 0, "%s", verdict->reason);
	if (verdict->action[0])
		segments_add(&segments, 1, ROLE_TEXT, 0, "try: %s", verdict->action);
	return segments;
}

static int verdict_lines(const struct view *view, int width, int height)
{
	struct segments segments = verdict_segments(view);
	if (height < VERDICT_MIN_HEIGHT || !view->run.verdict.kind[0])
		return 0;
	return height >= ACTION_MIN_HEIGHT && segments_width(&segments) > width - 2 ? 2 : 1;
}

static void draw_verdict(const struct view *view, struct canvas *canvas, int y, int lines)
{
	struct segments segments = verdict_segments(view);
	segments_fit(&segments, canvas->clip.width - 2);
	segments_draw(canvas, 1, y, &segments);
	if (lines > 1)
		canvas_format(canvas, 1, y + 1, ROLE_TEXT, 0, "  try: %s", view->run.verdict.action);
}

static void draw_loading(const struct view *view, struct canvas *body)
{
	char text[VIEW_TEXT + 32];
	int y = body->clip.height / 2, width = body->clip.width > 60 ? 40 : body->clip.width * 2 / 3;
	bool known = isfinite(view->run.loading);
	snprintf(text, sizeof text, known ? "loading %s %.0f %%" : "loading %s", view->run.data, 100 * view->run.loading);
	canvas_text(body, (body->clip.width - canvas_text_width(text)) / 2, y - 1, ROLE_TEXT, 0, text);
	progress_draw(body, (body->clip.width - width) / 2, y, width, view->run.loading, ROLE_BAR);
}

static void draw_body(struct screen_state *state, const struct view *view, struct canvas *body,
	struct picture_request *picture, bool boxed)
{
	int width = body->clip.width, height = body->clip.height;
	bool side_by_side = width >= SIDE_BY_SIDE_TABLES;
	int verdict = verdict_lines(view, width, height), tables = layers_height(view, side_by_side, boxed);
	int numbers = (height >= NUMBERS_MIN_HEIGHT) + verdict;
	int room = height - numbers - MIN_CHART_HEIGHT - (boxed ? 2 : 0);
	tables = tables < room ? tables : room < MIN_TABLE_HEIGHT ? 0 : room;
	int upper = height - numbers - tables;
	struct canvas top = canvas_part(body, (struct rect){0, 0, width, upper});
	draw_upper(state, view, &top, picture, boxed);
	if (numbers)
		draw_numbers(view, body, upper);
	if (verdict)
		draw_verdict(view, body, upper + 1, verdict);
	struct canvas bottom = canvas_part(body, (struct rect){0, upper + numbers, width, tables});
	if (tables)
		layers_draw(&bottom, view, side_by_side, boxed);
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	state->scope = SCOPE_TRAIN;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	bool nothing_yet = !view->loss[VIEW_D].count && !view->layer_count[VIEW_D];
	if (view->run.state == VIEW_NOTHING)
		screen_draw_nothing(&body);
	else if (view->run.state == VIEW_LOADING && nothing_yet)
		draw_loading(view, &body);
	else
		draw_body(state, view, &body, picture, screen_is_boxed(canvas));
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	if (screen_act_charts(state, view, action, out))
		return true;
	if (action == ACTION_PICK_ROW) /* chosen for the weights screen */
		return layers_pick(&state->weights, state->pointer.value);
	if (action != ACTION_NEXT_PANE)
		return false;
	state->chart = (state->chart + 1) % (is_scored(view) ? CHARTS : 2);
	return true;
}

const struct screen screen_train = {
	.name = "train", .title = "Train", .action = ACTION_SCREEN_TRAIN, .scope = SCOPE_TRAIN, .draw = draw, .act = act,
};
