/* How charts are looked at: ranges, cursor, units, smoothing, finer buckets, and what the mouse finds on them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "ui/widget_chart.h"

enum { LAST = 10000, COLUMNS = 100 };

static struct series *series_of(double (*value)(int64_t step), int64_t first, int64_t last)
{
	struct series *series = memory_zeroed(1, sizeof *series);
	for (int64_t step = first; step <= last; step++)
		series_append(series, step, value(step));
	return series;
}

static double ramp(int64_t step) { return (double)step; }
static double one(int64_t step) { (void)step; return 1; }
static double saw(int64_t step) { return step % 2 ? 3 : 1; }
static double spike(int64_t step) { return step == 4321 ? 9 : 1; }

static struct chart_look whole(void)
{
	struct chart_look look = {.columns = COLUMNS};
	chart_look_cover(&look, NULL, 0, LAST);
	return look;
}

static void press(struct chart_look *look, enum action action) { assert_true(chart_look_act(look, NULL, action, NULL)); }

/* ---- range */

static void zooming_keeps_the_newest_end(void **state)
{
	(void)state;
	struct chart_look look = whole();
	assert_false(chart_look_zoomed(&look));
	press(&look, ACTION_ZOOM_IN);
	press(&look, ACTION_ZOOM_IN);
	assert_true(look.first == 7500 && look.last == LAST && look.follows);
	chart_look_cover(&look, NULL, 0, LAST + 500); /* it goes along */
	assert_true(look.first == 8000 && look.last == LAST + 500);
	press(&look, ACTION_LEFT);
	assert_true(look.first == 7375 && look.last == 9875 && !look.follows);
	chart_look_cover(&look, NULL, 0, LAST + 1000); /* it stays */
	assert_true(look.first == 7375 && look.last == 9875);
	press(&look, ACTION_END);
	assert_true(look.last == LAST + 1000 && look.follows);
	press(&look, ACTION_HOME);
	assert_true(look.first == 0 && look.last == 2500);
	press(&look, ACTION_FIT);
	assert_false(chart_look_zoomed(&look));
}

/* Whatever is pressed: the range lies inside, is not empty, and zooming out ends at everything. */
static void ranges_stay_inside(void **state)
{
	(void)state;
	static const enum action actions[] = {ACTION_ZOOM_IN, ACTION_ZOOM_IN, ACTION_ZOOM_OUT, ACTION_LEFT, ACTION_RIGHT,
		ACTION_HOME, ACTION_END, ACTION_CURSOR};
	struct chart_look look = whole();
	uint32_t random = 7;
	for (int i = 0; i < 20000; i++) {
		random = random * 1664525u + 1013904223u;
		press(&look, actions[random >> 29]);
		assert_true(look.first >= 0 && look.last <= LAST && look.at >= 0 && look.at <= LAST);
		assert_true(!chart_look_zoomed(&look) || look.last - look.first >= LAST * 0.9e-5);
	}
	for (int i = 0; i < 40; i++)
		press(&look, ACTION_ZOOM_OUT);
	assert_false(chart_look_zoomed(&look));
}

static void nothing_cannot_be_zoomed(void **state)
{
	(void)state;
	struct chart_look look = {0};
	chart_look_cover(&look, NULL, 0, 0);
	press(&look, ACTION_ZOOM_IN);
	press(&look, ACTION_CURSOR);
	press(&look, ACTION_LEFT);
	assert_false(chart_look_zoomed(&look));
	assert_true(look.at == 0);
}

static void the_cursor_walks_by_columns_and_drags_the_range(void **state)
{
	(void)state;
	struct chart_look look = whole();
	press(&look, ACTION_CURSOR);
	assert_true(look.cursor && look.at == LAST);
	press(&look, ACTION_LEFT);
	assert_true(fabs(look.at - LAST * (1 - 1.0 / (COLUMNS - 1))) < 1e-6);
	press(&look, ACTION_ZOOM_IN); /* about the cursor: it stays where it is on the screen */
	assert_true(fabs((look.at - look.first) / (look.last - look.first) - (1 - 1.0 / (COLUMNS - 1))) < 1e-6);
	press(&look, ACTION_HOME);
	assert_true(look.at == 0 && look.first == 0);
	press(&look, ACTION_CURSOR);
	assert_false(look.cursor);
}

static void the_mouse_marks_a_range(void **state)
{
	(void)state;
	struct chart_look look = whole();
	struct pointer pointer = {.from = 6000, .at = 2000};
	assert_true(chart_look_act(&look, NULL, ACTION_CHART_DRAG, &pointer));
	assert_true(look.marking && look.mark_from == 2000 && look.mark_to == 6000);
	assert_true(chart_look_act(&look, NULL, ACTION_CHART_DROP, &pointer));
	assert_true(!look.marking && look.first == 2000 && look.last == 6000);
	assert_true(chart_look_act(&look, NULL, ACTION_ZOOM_IN, &pointer)); /* the wheel: about the mouse */
	assert_true(look.first == 2000 && look.last == 4000);
	assert_true(chart_look_act(&look, NULL, ACTION_CHART_POINT, &pointer));
	assert_true(look.cursor && look.at == 2000);
	assert_false(chart_look_act(&look, NULL, ACTION_CHART_POINT, NULL)); /* not without a mouse */
	assert_false(chart_look_act(&look, NULL, ACTION_PAUSE, NULL));
}

static void finer_buckets_are_asked_for_with_room_at_both_sides(void **state)
{
	(void)state;
	struct chart_look look = whole();
	int64_t first = -1, last = -1;
	assert_false(chart_look_steps(&look, NULL, &first, &last));
	look.first = 4000;
	look.last = 5000;
	assert_true(chart_look_steps(&look, NULL, &first, &last));
	assert_true(first == 3500 && last == 5500);
}

/* ---- units */

static double uneven(int64_t step) { return step < 5000 ? 0.5 * (double)step : 2500 + 2 * (double)(step - 5000); }

static void units_turn_into_each_other(void **state)
{
	(void)state;
	struct series *seconds = series_of(uneven, 0, LAST);
	struct chart_clock clock = {.steps_per_epoch = 937.5, .batch = 64, .own = {[CHART_TIME] = seconds}};
	for (enum chart_unit unit = CHART_STEPS; unit < CHART_UNITS; unit++)
		for (double step = 0; step <= LAST; step += 250)
			assert_true(fabs(chart_clock_step(&clock, unit, chart_clock_at(&clock, unit, step)) - step) < 0.01);
	assert_true(fabs(chart_clock_at(&clock, CHART_EPOCHS, 1875) - 2) < 1e-9);
	assert_true(chart_clock_at(&clock, CHART_IMAGES, 10) == 640);
	assert_true(fabs(chart_clock_at(&clock, CHART_TIME, 2000) - 1000) < 1 && fabs(chart_clock_at(&clock, CHART_TIME, 6000) - 4500) < 3);
	free(seconds);
}

static double tenth(int64_t step) { return (double)step / 10; }
static double fourfold(int64_t step) { return 4 * (double)step; }
static double threefold(int64_t step) { return 3 * (double)step; }

/* The ancestors took 10 steps an epoch, 4 images and 3 seconds a step; the fork takes 20, 2 and half a second. */
static void a_fork_goes_on_counting_where_it_was_forked(void **state)
{
	(void)state;
	struct series *epochs = series_of(tenth, 1, 1000), *images = series_of(fourfold, 1, 1000), *past = series_of(threefold, 1, 1000);
	struct series *seconds = memory_zeroed(1, sizeof *seconds);
	for (int64_t step = 1001; step <= 2000; step++)
		series_append(seconds, step, 0.5 * (double)(step - 1001)); /* a clock of its own begins at nothing */
	struct chart_clock clock = {.steps_per_epoch = 20, .batch = 2, .own = {[CHART_TIME] = seconds}, .fork_step = 1000,
		.past = {[CHART_EPOCHS] = epochs, [CHART_IMAGES] = images, [CHART_TIME] = past}};
	assert_true(fabs(chart_clock_at(&clock, CHART_EPOCHS, 500) - 50) < 1e-3 &&
	            fabs(chart_clock_at(&clock, CHART_EPOCHS, 1200) - 110) < 1e-3);
	assert_true(fabs(chart_clock_at(&clock, CHART_IMAGES, 500) - 2000) < 1 && fabs(chart_clock_at(&clock, CHART_IMAGES, 1200) - 4400) < 1);
	assert_true(fabs(chart_clock_at(&clock, CHART_TIME, 500) - 1500) < 1 && fabs(chart_clock_at(&clock, CHART_TIME, 1200) - 3100) < 1);
	for (enum chart_unit unit = CHART_STEPS; unit < CHART_UNITS; unit++)
		for (double step = 5; step <= 2000; step += 35)
			assert_true(fabs(chart_clock_step(&clock, unit, chart_clock_at(&clock, unit, step)) - step) < 0.05);
	free(epochs);
	free(images);
	free(past);
	free(seconds);
}

/* A slow run beside a fast one: over time all of both is in sight; one that is not timed is no part of that. */
static void the_range_holds_every_run(void **state)
{
	(void)state;
	struct series *slow = series_of(threefold, 1, 1000), *fast = series_of(tenth, 1, 1000);
	struct chart_clock clocks[] = {{.own = {[CHART_TIME] = fast}}, {.own = {[CHART_TIME] = slow}}, {0}};
	const struct chart_span spans[] = {{&clocks[0], 10, 1000}, {&clocks[1], 500, 900}, {&clocks[2], 1, 90000}};
	struct chart_look look = {.unit = CHART_TIME};
	chart_look_cover_all(&look, spans, 3);
	assert_true(fabs(look.data_first - 1) < 1e-3 && fabs(look.data_last - 2700) < 1);
	look.unit = CHART_STEPS;
	chart_look_cover_all(&look, spans, 3);
	assert_true(look.data_first == 1 && look.data_last == 90000);
	chart_look_cover_all(&look, spans, 0);
	assert_true(look.data_first == 0 && look.data_last == 0);
	free(slow);
	free(fast);
}

static void changing_the_unit_keeps_the_steps_in_sight(void **state)
{
	(void)state;
	struct series *seconds = series_of(uneven, 0, LAST);
	struct chart_clock clock = {.steps_per_epoch = 1000, .batch = 64, .own = {[CHART_TIME] = seconds}};
	struct chart_look look = {.first = 4000, .last = 6000, .at = 4500, .cursor = true};
	static const double ends[][2] = {{4, 6}, {256000, 384000}, {2000, 4500}, {4000, 6000}};
	chart_look_cover(&look, &clock, 0, LAST);
	for (int i = 0; i < CHART_UNITS; i++) {
		assert_true(chart_look_act(&look, &clock, ACTION_X_AXIS, NULL));
		chart_look_cover(&look, &clock, 0, LAST);
		assert_true(fabs(look.first / ends[i][0] - 1) < 1e-3 && fabs(look.last / ends[i][1] - 1) < 1e-3);
		assert_true(look.cursor && look.at > look.first && look.at < look.last);
	}
	assert_int_equal(look.unit, CHART_STEPS);
	assert_true(chart_look_act(&look, NULL, ACTION_X_AXIS, NULL)); /* nothing else is known */
	assert_int_equal(look.unit, CHART_STEPS);
	look.unit = CHART_TIME;
	chart_look_cover(&look, NULL, 0, LAST);
	assert_int_equal(look.unit, CHART_STEPS);
	free(seconds);
}

static void long_times_are_told_in_large_units(void **state)
{
	(void)state;
	static const struct { double seconds; const char *name; double divisor; } cases[] = {
		{90, "seconds", 1}, {600, "minutes", 60}, {20000, "hours", 3600}, {1e6, "days", 86400},
	};
	char text[24];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct chart_scale scale = chart_scale_between(CHART_TIME, 0, cases[i].seconds, 6);
		assert_string_equal(scale.name, cases[i].name);
		assert_true(scale.divisor == cases[i].divisor && fabs(chart_scale_position(&scale, cases[i].seconds) - 1) < 1e-9);
	}
	struct chart_scale steps = chart_scale_between(CHART_STEPS, 0, 5000, 5);
	assert_string_equal(chart_scale_value(text, sizeof text, &steps, 2310.4), "2,310");
	assert_string_equal(chart_scale_label(text, sizeof text, &steps, 2000), "2k");
}

/* ---- curves */

static void gather(const struct plot_source *source, double first, double last, struct plot_column *columns)
{
	struct chart_scale scale = chart_scale_between(CHART_STEPS, first, last, 5);
	plot_gather(source, &scale, columns, COLUMNS);
}

/* A plain exponential mean over every point, corrected for its start, is what the columns must hold: at every zoom. */
static void smoothing_is_an_exponential_mean_at_every_zoom(void **state)
{
	(void)state;
	static double expected[1001];
	struct series *series = series_of(ramp, 0, 1000);
	double value = 0, weight = 0;
	for (int i = 0; i <= 1000; i++) {
		value = 0.9 * value + 0.1 * i;
		weight = 0.9 * weight + 0.1;
		expected[i] = value / weight;
	}
	assert_true(expected[0] == 0 && fabs(expected[1] - 0.1 / 0.19) < 1e-9); /* no pull towards zero at the start */
	struct plot_source source = {.series = series, .smoothing = 0.9};
	struct plot_column columns[COLUMNS];
	for (double first = 0; first <= 900; first += 300) { /* one point a column */
		gather(&source, first, first + COLUMNS - 1, columns);
		for (int x = 0; x < COLUMNS; x++) {
			assert_true(columns[x].points == 1 && columns[x].sum == first + x);
			assert_true(fabs(columns[x].smooth - expected[(int)first + x]) < 1e-6);
		}
	}
	double at_500;
	assert_non_null(plot_nearest(&source, CHART_STEPS, 500, &at_500));
	assert_true(fabs(at_500 - expected[500]) < 1e-6);
	gather(&source, 0, 990, columns);
	for (int x = 1; x < COLUMNS - 1; x++) {
		double sum = 0;
		for (int i = 0; i < 10; i++)
			sum += expected[10 * x - 5 + i];
		assert_true(fabs(columns[x].smooth / (double)columns[x].points - sum / 10) < 1.1);
	}
	free(series);
}

static void smoothing_a_constant_changes_nothing(void **state)
{
	(void)state;
	struct series *series = series_of(one, 0, 50000);
	struct plot_column columns[COLUMNS];
	gather(&(struct plot_source){.series = series, .smoothing = 0.998}, 0, 50000, columns);
	for (int x = 0; x < COLUMNS; x++)
		assert_true(fabs(columns[x].smooth / (double)columns[x].points - 1) < 1e-9);
	free(series);
}

/* Finer buckets take the place of the coarse ones where they are, and nothing is missing at their ends. */
static void finer_buckets_show_what_coarse_ones_hide(void **state)
{
	(void)state;
	struct series *coarse = series_of(spike, 0, 1 << 20), *fine = series_of(spike, 4000, 4800);
	assert_true(coarse->points_per_bucket >= 512);
	struct plot_source source = {.series = coarse, .detail = fine};
	struct plot_column columns[COLUMNS];
	gather(&source, 4300, 4300 + COLUMNS - 1, columns);
	for (int x = 0; x < COLUMNS; x++) {
		assert_int_equal(columns[x].points, 1);
		assert_true(columns[x].max == (x == 21 ? 9 : 1));
	}
	gather(&source, 0, 1 << 20, columns);
	int64_t points = 0;
	for (int x = 0; x < COLUMNS; x++)
		points += columns[x].points;
	assert_in_range(points, (1 << 20) + 1, (1 << 20) + 1 + 2 * coarse->points_per_bucket);
	assert_true(columns[0].max == 9);
	double smoothed;
	assert_int_equal(plot_nearest(&source, CHART_STEPS, 4321, &smoothed)->first_step, 4321);
	assert_true(isnan(smoothed));
	assert_true(plot_nearest(&source, CHART_STEPS, 4321, &smoothed)->max == 9);
	struct series *later = series_of(spike, 1000, 1010); /* inside one coarse bucket */
	source.detail = later;
	assert_int_equal(plot_nearest(&source, CHART_STEPS, 1005, &smoothed)->last_step, 1005);
	free(coarse);
	free(fine);
	free(later);
}

/* Between two points of a sparse curve there is still a line; beyond its ends there is none. */
static void lines_go_on_out_of_sight(void **state)
{
	(void)state;
	struct series *series = memory_zeroed(1, sizeof *series);
	series_append(series, 1000, 10);
	series_append(series, 2000, 30);
	struct plot_source source = {.series = series};
	struct plot_column columns[COLUMNS];
	gather(&source, 1250, 1500, columns);
	assert_true(columns[0].passes && fabs(columns[0].sum - 15) < 1e-9 && columns[0].points == 0);
	assert_true(columns[COLUMNS - 1].passes && fabs(columns[COLUMNS - 1].sum - 20) < 1e-9);
	gather(&source, 1500, 2500, columns);
	assert_true(columns[0].passes && fabs(columns[0].sum - 20) < 1e-9 && !columns[COLUMNS - 1].passes);
	gather(&source, 500, 1500, columns);
	assert_true(!columns[0].passes && columns[COLUMNS - 1].passes);
	gather(&source, 2100, 2200, columns);
	assert_true(!columns[0].passes && !columns[COLUMNS - 1].passes);
	gather(&source, 1000, 2000, columns); /* points of its own */
	assert_true(columns[0].points == 1 && !columns[0].passes && columns[COLUMNS - 1].points == 1);
	free(series);
}

/* ---- on the canvas */

struct drawing {
	struct canvas *canvas;
	struct hits hits;
	struct chart chart;
	struct chart_look look;
	char *text;
};

static void draw(struct drawing *drawing, bool unicode)
{
	free(drawing->text);
	canvas_destroy(drawing->canvas);
	drawing->canvas = canvas_create(80, 16, unicode);
	drawing->canvas->hits = &drawing->hits;
	hits_clear(&drawing->hits);
	drawing->chart.look = &drawing->look;
	chart_draw(drawing->canvas, &drawing->chart);
	drawing->text = canvas_to_text(drawing->canvas);
}

static void free_drawing(struct drawing *drawing)
{
	free(drawing->text);
	canvas_destroy(drawing->canvas);
}

static int count_character(const struct drawing *drawing, uint32_t character, enum theme_role role, int attributes)
{
	int found = 0;
	for (int y = 0; y < drawing->canvas->height; y++)
		for (int x = 0; x < drawing->canvas->width; x++) {
			struct cell cell = canvas_get(drawing->canvas, x, y);
			found += cell.character == character && cell.role == role && (cell.attributes & CELL_DIM) == attributes;
		}
	return found;
}

/* The raw trace stays, dim, behind the smooth line. */
static void the_raw_trace_lies_behind_the_smooth_line(void **state)
{
	(void)state;
	struct series *series = series_of(saw, 0, 60);
	struct drawing drawing = {.chart = {.lines = {{.series = series, .name = "D", .role = ROLE_D}}, .line_count = 1}};
	draw(&drawing, false);
	int raw = count_character(&drawing, '*', ROLE_D, 0);
	drawing.look.smoothing = 5;
	draw(&drawing, false);
	assert_true(count_character(&drawing, ':', ROLE_D, CELL_DIM) > 60);
	assert_true(count_character(&drawing, '*', ROLE_D, 0) < raw / 3);
	char title[CHART_TITLE_SIZE];
	assert_string_equal(chart_title(title, sizeof title, "loss", &drawing.chart), "loss, smooth 0.98");
	free_drawing(&drawing);
	free(series);
}

static void the_legend_tells_the_value_under_the_cursor(void **state)
{
	(void)state;
	struct series *series = series_of(ramp, 0, 100);
	struct drawing drawing = {.chart = {.lines = {{.series = series, .name = "D", .role = ROLE_D}}, .line_count = 1}};
	drawing.look = (struct chart_look){.cursor = true, .at = 40};
	chart_look_cover(&drawing.look, NULL, 0, 100);
	draw(&drawing, true);
	assert_true(count_character(&drawing, 0x2502, ROLE_FOCUS, 0) >= 10);
	assert_non_null(strstr(drawing.text, " 40 "));
	canvas_clear(drawing.canvas);
	chart_draw_legend(drawing.canvas, 80, 0, 80, &drawing.chart);
	char *legend = canvas_to_text(drawing.canvas);
	assert_non_null(strstr(legend, " 40"));
	assert_null(strstr(legend, "100"));
	free(legend);
	free_drawing(&drawing);
	free(series);
}

/* The rectangle the chart leaves for the mouse spans the plot, and its ends are those of the axis. */
static void the_mouse_finds_the_axis(void **state)
{
	(void)state;
	struct series *series = series_of(ramp, 0, LAST);
	struct drawing drawing = {.chart = {.lines = {{.series = series, .name = "D", .role = ROLE_D}}, .line_count = 1}};
	drawing.look = (struct chart_look){.first = 2000, .last = 4000};
	chart_look_cover(&drawing.look, NULL, 0, LAST);
	draw(&drawing, true);
	const struct hit *hit = hits_at(&drawing.hits, 40, 5);
	assert_non_null(hit);
	assert_true(hit->low == 2000 && hit->high == 4000 && hit->drag == ACTION_CHART_DRAG);
	assert_true(hit_place(hit, hit->cells.x) == 2000 && hit_place(hit, hit->cells.x + hit->cells.width - 1) == 4000);
	assert_true(hit_place(hit, 0) == 2000 && hit_place(hit, 500) == 4000);
	assert_null(hits_at(&drawing.hits, 40, 15)); /* the axis' labels */
	assert_int_equal(drawing.look.columns, hit->cells.width);
	free_drawing(&drawing);
	free(series);
}

static void every_point_of_a_sparse_line_is_marked(void **state)
{
	(void)state;
	struct series *series = memory_zeroed(1, sizeof *series);
	for (int64_t step = 0; step <= 6000; step += 1000)
		series_append(series, step, 50 - (double)step / 1000);
	struct drawing drawing = {.chart = {.lines = {{.series = series, .name = "FID", .role = ROLE_G, .sparse = true}},
		.line_count = 1}, .look = {.smoothing = 6}};
	draw(&drawing, true);
	assert_int_equal(count_character(&drawing, 'o', ROLE_G, 0), 7);
	free_drawing(&drawing);
	free(series);
}

/* What an untrained generator scores would make a flat line of all that follows: an arrow tells of it. */
static void the_score_of_noise_does_not_set_the_scale(void **state)
{
	(void)state;
	static const double values[][5] = {{400, 30, 28, 24, 20}, {60, 50, 40, 30, 20}, {400, 30, 20}};
	static const int points[] = {5, 5, 3}, arrows[] = {1, 0, 0};
	for (int i = 0; i < 3; i++)
		for (int means_only = 0; means_only < 2; means_only++) {
			struct series *series = memory_zeroed(1, sizeof *series);
			for (int64_t k = 0; k < points[i]; k++)
				series_append(series, 1000 * k, values[i][k]);
			struct drawing drawing = {.chart = {.lines = {{.series = series, .name = "FID", .role = ROLE_G, .sparse = true}},
				.line_count = 1, .means_only = means_only}};
			draw(&drawing, true);
			assert_int_equal(count_character(&drawing, 'o', ROLE_G, 0), points[i] - arrows[i]);
			assert_int_equal(count_character(&drawing, 0x25B4, ROLE_G, 0), arrows[i]);
			free_drawing(&drawing);
			free(series);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zooming_keeps_the_newest_end),
		cmocka_unit_test(ranges_stay_inside),
		cmocka_unit_test(nothing_cannot_be_zoomed),
		cmocka_unit_test(the_cursor_walks_by_columns_and_drags_the_range),
		cmocka_unit_test(the_mouse_marks_a_range),
		cmocka_unit_test(finer_buckets_are_asked_for_with_room_at_both_sides),
		cmocka_unit_test(units_turn_into_each_other),
		cmocka_unit_test(a_fork_goes_on_counting_where_it_was_forked),
		cmocka_unit_test(the_range_holds_every_run),
		cmocka_unit_test(changing_the_unit_keeps_the_steps_in_sight),
		cmocka_unit_test(long_times_are_told_in_large_units),
		cmocka_unit_test(smoothing_is_an_exponential_mean_at_every_zoom),
		cmocka_unit_test(smoothing_a_constant_changes_nothing),
		cmocka_unit_test(finer_buckets_show_what_coarse_ones_hide),
		cmocka_unit_test(lines_go_on_out_of_sight),
		cmocka_unit_test(the_raw_trace_lies_behind_the_smooth_line),
		cmocka_unit_test(the_legend_tells_the_value_under_the_cursor),
		cmocka_unit_test(the_mouse_finds_the_axis),
		cmocka_unit_test(every_point_of_a_sparse_line_is_marked),
		cmocka_unit_test(the_score_of_noise_does_not_set_the_scale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
