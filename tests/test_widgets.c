/* Widgets on a canvas in memory: axes, chart dots against values, state bars against counts, tables, keys. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "ui/action.h"
#include "ui/keymap.h"
#include "ui/widget_axis.h"
#include "ui/widget_chart.h"
#include "ui/widget_footer.h"
#include "ui/widget_plot.h"
#include "ui/widget_progress.h"
#include "ui/widget_segments.h"
#include "ui/widget_states.h"
#include "ui/widget_table.h"

static uint64_t noise_state = 1;

static double noise(void)
{
	noise_state = noise_state * 6364136223846793005u + 1442695040888963407u;
	return (double)(noise_state >> 40) / (double)(1 << 24);
}

static void assert_shows(const struct canvas *canvas, const char *text, bool shown)
{
	char *all = canvas_to_text(canvas);
	if ((strstr(all, text) != NULL) != shown)
		print_error("%s \"%s\" in:\n%s", shown ? "missing" : "unwanted", text, all);
	assert_true((strstr(all, text) != NULL) == shown);
	free(all);
}

/* ---- axes */

static void steps_are_one_two_five(void **state)
{
	(void)state;
	static const struct { double span, intervals, step; } cases[] = {
		{1, 5, 0.2}, {1, 4, 0.5}, {1, 10, 0.1}, {7, 5, 2}, {0.003, 3, 0.001}, {3e38, 4, 1e38}, {12345, 6, 5000}, {4.5, 2.5, 2},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(fabs(axis_nice_step(cases[i].span, cases[i].intervals) / cases[i].step - 1) < 1e-9);
}

/* Whatever the values: they lie inside, ticks lie inside and rise, the range wastes at most half, labels differ. */
static void axes_hold_their_values(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		double size = pow(10, 70 * noise() - 35), low = (noise() - 0.5) * size, high = low + noise() * size;
		bool logarithmic = i % 4 == 0;
		if (logarithmic) {
			low = size * 1e-4 + fabs(low);
			high = low * pow(10, 6 * noise());
		}
		struct axis axis = logarithmic ? axis_for_magnitudes(low, high, 5) : axis_for_values(low, high, 5);
		assert_true(axis.low <= low * (1 + 1e-9) + fabs(high) * 1e-9 || axis.low <= low);
		assert_true(axis.high >= high - fabs(high) * 1e-9);
		assert_in_range(axis.tick_count, 1, AXIS_MAX_TICKS);
		for (int k = 0; k < axis.tick_count; k++) {
			double position = axis_position(&axis, axis.ticks[k]);
			assert_true(position > -1e-6 && position < 1 + 1e-6);
			assert_true(k == 0 || axis.ticks[k] > axis.ticks[k - 1]);
			char label[24], before[24];
			axis_label(label, sizeof label, &axis, axis.ticks[k]);
			if (k > 0)
				assert_string_not_equal(label, axis_label(before, sizeof before, &axis, axis.ticks[k - 1]));
		}
	}
}

static void labels_have_the_digits_they_need(void **state)
{
	(void)state;
	char text[24];
	struct axis axis = axis_between(0, 1, 5, false);
	assert_string_equal(axis_label(text, sizeof text, &axis, 0.2), "0.2");
	assert_string_equal(axis_label(text, sizeof text, &axis, 0), "0");
	axis = axis_between(0, 40, 4, false);
	assert_string_equal(axis_label(text, sizeof text, &axis, 20), "20");
	axis = axis_between(0, 2.5e-5, 5, false);
	assert_string_equal(axis_label(text, sizeof text, &axis, 1.5e-5), "1.5e-5");
	axis = axis_between(0, 6000, 6, true);
	assert_string_equal(axis_step_label(text, sizeof text, &axis, 2000), "2k");
	axis = axis_between(0, 2500, 5, true);
	assert_string_equal(axis_step_label(text, sizeof text, &axis, 1500), "1.5k");
	axis = axis_between(1000, 1200, 4, true);
	assert_string_equal(axis_step_label(text, sizeof text, &axis, 1050), "1,050");
	axis = axis_between(0, 3, 10, true);
	assert_int_equal(axis.tick_count, 4);
}

static void constants_get_room(void **state)
{
	(void)state;
	static const double values[] = {0, 1, -3, 1e-30, 1e30, 0.7};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct axis axis = axis_for_values(values[i], values[i], 4);
		double position = axis_position(&axis, values[i]);
		assert_true(axis.high > axis.low && position > 0.01 && position < 0.99);
	}
}

/* ---- charts */

/* Lines and envelope of one curve: what the dots of a column must hold. */
static void dots_match_values(void **state)
{
	(void)state;
	enum { COLUMNS = 40, ROWS = 9, DOTS = 2 * COLUMNS };
	struct series *series = memory_zeroed(1, sizeof *series);
	for (int64_t step = 0; step < 100 * DOTS; step++) {
		double spike = step == 4321 ? 2 : step == 6000 ? -1.5 : 0;
		series_append(series, step, sin((double)step / 500) + 0.3 * (noise() - 0.5) + spike);
	}
	struct chart_scale steps = chart_scale_between(CHART_STEPS, 0, 100 * DOTS - 1, 5);
	struct axis values = axis_between(-2.5, 3.5, 5, false);
	struct plot_column columns[DOTS];
	struct plot_dots dots;
	plot_init(&dots, COLUMNS, ROWS, true);
	plot_gather(&(struct plot_source){.series = series}, &steps, columns, DOTS);
	plot_draw(&dots, columns, &values, PLOT_SOLID, 0, false);
	for (int x = 0; x < DOTS; x++) {
		assert_true(columns[x].points > 0);
		int y = plot_row(&dots, &values, columns[x].sum / (double)columns[x].points);
		assert_true(dots.line[y / 4 * COLUMNS + x / 2] >> (y % 4 * 2 + x % 2) & 1);
	}
	for (int cell = 0; cell < COLUMNS; cell++) {
		int top = plot_row(&dots, &values, fmaxf(columns[2 * cell].max, columns[2 * cell + 1].max));
		int bottom = plot_row(&dots, &values, fminf(columns[2 * cell].min, columns[2 * cell + 1].min));
		for (int y = 0; y < 4 * ROWS; y++)
			assert_int_equal(dots.reach[y / 4 * COLUMNS + cell] >> (y % 4 * 2) & 1, y == top || y == bottom);
	}
	plot_clear(&dots);
	free(series);
}

/* The highest dot of the whole chart is the spike, in its column, at the height that the scale says. */
static void a_spike_stays_visible(void **state)
{
	(void)state;
	struct series *series = memory_zeroed(1, sizeof *series);
	for (int64_t step = 0; step <= 100000; step++)
		series_append(series, step, step == 50000 ? 9.0 : 1.0);
	struct chart_scale steps = chart_scale_between(CHART_STEPS, 0, 100000, 5);
	struct axis values = axis_between(0, 10, 5, false);
	struct plot_column columns[80];
	struct plot_dots dots;
	plot_init(&dots, 40, 11, true);
	plot_gather(&(struct plot_source){.series = series}, &steps, columns, 80);
	plot_draw(&dots, columns, &values, PLOT_SOLID, 1, false);
	int highest = -1, column = -1;
	for (int cell = 40 * 11 - 1; cell >= 0; cell--)
		if (dots.reach[cell])
			highest = cell / 40, column = cell % 40;
	assert_int_equal(highest, plot_row(&dots, &values, 9.0) / 4);
	assert_in_range(column, 19, 20);
	assert_false(dots.above[column]);
	plot_clear(&dots);
	free(series);
}

static struct chart chart_with(const struct series *d, const struct series *g)
{
	return (struct chart){.lines = {{d, "D", ROLE_D, PLOT_SOLID}, {g, "G", ROLE_G, PLOT_DOTTED}}, .line_count = 2,
		.empty = "nothing yet"};
}

static int row_with(const struct canvas *canvas, const char *label)
{
	for (int y = 0; y < canvas->height; y++) {
		struct canvas line = canvas_part(canvas, (struct rect){0, y, canvas->width, 1});
		char *text = canvas_to_text(&line);
		bool found = strstr(text, label) != NULL;
		free(text);
		if (found)
			return y;
	}
	return -1;
}

/* Cells of a role, by row. */
static int count_role(const struct canvas *canvas, int y, enum theme_role role)
{
	int count = 0;
	for (int x = 0; x < canvas->width; x++)
		count += canvas_get(canvas, x, y).role == role && canvas_get(canvas, x, y).character != ' ';
	return count;
}

static void a_constant_lies_on_its_tick(void **state)
{
	(void)state;
	for (int unicode = 0; unicode <= 1; unicode++) {
		struct series *d = memory_zeroed(1, sizeof *d), *g = memory_zeroed(1, sizeof *g);
		for (int64_t step = 0; step <= 500; step++) {
			series_append(d, step, 2);
			series_append(g, step, 8);
		}
		struct canvas *canvas = canvas_create(60, 20, unicode);
		struct chart chart = chart_with(d, g);
		chart_draw(canvas, &chart);
		int two = row_with(canvas, unicode ? "2\xe2\x94\xa4" : "2+"), eight = row_with(canvas, unicode ? "8\xe2\x94\xa4" : "8+");
		assert_in_range(two, eight + 1, 19);
		assert_true(count_role(canvas, two, ROLE_D) >= 55 && count_role(canvas, two, ROLE_G) == 0);
		assert_true(count_role(canvas, eight, ROLE_G) >= 33 && count_role(canvas, eight, ROLE_D) == 0);
		if (!unicode) {
			assert_shows(canvas, "*****", true);
			assert_shows(canvas, "ooo", true);
		}
		canvas_destroy(canvas);
		free(d);
		free(g);
	}
}

/* Every pen leaves gaps of its own: told apart without colour. */
static void pens_differ(void **state)
{
	(void)state;
	static const int drawn[] = {[PLOT_SOLID] = 60, [PLOT_DOTTED] = 36, [PLOT_DASHED] = 40, [PLOT_DASH_DOTTED] = 38};
	struct plot_column columns[60];
	struct axis values = axis_between(0, 1, 2, false);
	for (int x = 0; x < 60; x++)
		columns[x] = (struct plot_column){1, 0.5, 0.5f, 0.5f};
	for (enum plot_pen pen = PLOT_SOLID; pen <= PLOT_DASH_DOTTED; pen++) {
		struct plot_dots dots;
		plot_init(&dots, 30, 1, true);
		plot_draw(&dots, columns, &values, pen, 0, false);
		int count = 0;
		for (int cell = 0; cell < 30; cell++)
			count += __builtin_popcount(dots.line[cell]);
		assert_int_equal(count, drawn[pen]);
		plot_clear(&dots);
	}
}

/* Eight level lines, each with its number on it, at other columns than its neighbours; spikes do not widen the scale. */
static void many_lines_carry_their_marks(void **state)
{
	(void)state;
	struct series *series = memory_zeroed(CHART_MAX_LINES, sizeof *series);
	struct chart chart = {.line_count = CHART_MAX_LINES, .means_only = true};
	for (int i = 0; i < CHART_MAX_LINES; i++) {
		for (int64_t step = 0; step < 2 * SERIES_BUCKETS; step++)
			series_append(&series[i], step, i + 1 + (step == 3000) * 100 - (step == 3001) * 100);
		chart.lines[i] = (struct chart_line){&series[i], "", (enum theme_role)(ROLE_RUN_1 + i), PLOT_SOLID, (char)('1' + i)};
	}
	struct canvas *canvas = canvas_create(120, 34, true);
	chart_draw(canvas, &chart);
	for (int i = 0; i < CHART_MAX_LINES; i++) {
		int found = 0;
		for (int y = 0; y < 32; y++)
			for (int x = 3; x < canvas->width; x++) {
				struct cell cell = canvas_get(canvas, x, y);
				bool mark = cell.role == ROLE_RUN_1 + i && cell.character == (uint32_t)('1' + i);
				if (mark)
					assert_in_range(canvas_get(canvas, x - 1, y).character, 0x2801, 0x28FF);
				found += mark;
			}
		assert_in_range(found, 4, 6);
	}
	assert_shows(canvas, "\xe2\x96\xb4", false);
	canvas_destroy(canvas);
	free(series);
}

static void few_points_are_joined(void **state)
{
	(void)state;
	struct plot_column columns[20] = {[0] = {1, 0, 0, 0}, [19] = {1, 1, 1, 1}};
	struct axis values = axis_between(0, 1, 2, false);
	struct plot_dots dots;
	plot_init(&dots, 10, 5, true);
	plot_draw(&dots, columns, &values, PLOT_SOLID, 0, false);
	for (int x = 0; x < 20; x++) {
		bool any = false;
		for (int y = 0; y < 20; y++)
			any |= dots.line[y / 4 * 10 + x / 2] >> (y % 4 * 2 + x % 2) & 1;
		assert_true(any);
	}
	plot_clear(&dots);
}

static void nothing_says_so(void **state)
{
	(void)state;
	struct series *empty = memory_zeroed(1, sizeof *empty);
	struct canvas *canvas = canvas_create(40, 8, true);
	struct chart chart = chart_with(empty, empty);
	series_append(empty, 1, NAN);
	chart_draw(canvas, &chart);
	assert_shows(canvas, "nothing yet", true);
	canvas_clear(canvas);
	assert_true(chart_draw_legend(canvas, 40, 0, 40, &chart) > 0);
	assert_shows(canvas, "D \xe2\x94\x80\xe2\x94\x80\xe2\x94\x80 -", true);
	canvas_destroy(canvas);
	free(empty);
}

static void one_point_is_one_dot(void **state)
{
	(void)state;
	struct series *one = memory_zeroed(1, sizeof *one), *none = memory_zeroed(1, sizeof *none);
	struct canvas *canvas = canvas_create(40, 8, true);
	struct chart chart = chart_with(one, none);
	series_append(one, 1, 0.7);
	chart_draw(canvas, &chart);
	int cells = 0;
	for (int y = 0; y < 8; y++)
		cells += count_role(canvas, y, ROLE_D);
	assert_int_equal(cells, 1);
	canvas_destroy(canvas);
	free(one);
	free(none);
}

static void outliers_are_pointed_at(void **state)
{
	(void)state;
	struct series *d = memory_zeroed(1, sizeof *d), *none = memory_zeroed(1, sizeof *none);
	for (int64_t step = 0; step < 20000; step++)
		series_append(d, step, 1 + 0.1 * noise() + (step == 10001 ? 500 : 0));
	struct canvas *canvas = canvas_create(80, 12, true);
	struct chart chart = chart_with(d, none);
	chart_draw(canvas, &chart);
	int arrows = 0;
	for (int x = 0; x < 80; x++)
		arrows += canvas_get(canvas, x, 0).character == 0x25B4;
	assert_int_equal(arrows, 1);
	assert_shows(canvas, "500", false); /* the scale stays with the rest */
	canvas_destroy(canvas);
	free(d);
	free(none);
}

static void logarithms_only_of_positive_values(void **state)
{
	(void)state;
	struct series *d = memory_zeroed(1, sizeof *d), *g = memory_zeroed(1, sizeof *g);
	struct canvas *canvas = canvas_create(60, 14, true);
	struct chart chart = chart_with(d, g);
	chart.log_scale = true;
	for (int64_t step = 0; step < 100; step++)
		series_append(d, step, -1);
	chart_draw(canvas, &chart);
	assert_shows(canvas, "-1.0", true);
	canvas_clear(canvas);
	for (int64_t step = 0; step < 100; step++)
		series_append(g, step, pow(10, (double)step / 25 - 2));
	chart_draw(canvas, &chart);
	assert_shows(canvas, "0.01", true);
	assert_shows(canvas, "100", true);
	canvas_destroy(canvas);
	free(d);
	free(g);
}

static void newest_marks_are_named(void **state)
{
	(void)state;
	struct series *d = memory_zeroed(1, sizeof *d), *none = memory_zeroed(1, sizeof *none);
	struct view_mark marks[] = {{100, "D>8"}, {500, "D>4"}, {501, "D>3"}, {520, "D>2"}, {999, "G>1"}, {5000, "later"}};
	for (int64_t step = 0; step < 1000; step++)
		series_append(d, step, noise());
	struct canvas *canvas = canvas_create(60, 10, false);
	struct chart chart = chart_with(d, none);
	chart.marks = marks;
	chart.mark_count = 6;
	chart_draw(canvas, &chart);
	assert_shows(canvas, "D>8", true);
	assert_shows(canvas, "D>2", true);
	assert_shows(canvas, "G>1", true);
	assert_shows(canvas, "D>3++D>2", true); /* no room at its right: named at its left */
	assert_shows(canvas, "D>4", false);
	assert_shows(canvas, "later", false);
	canvas_destroy(canvas);
	free(d);
	free(none);
}

/* Any curve on any canvas: nothing to see is fine, a crash is not. Every number on the scale is finite. */
static void charts_survive_anything(void **state)
{
	(void)state;
	static const double values[] = {0, -0.0, 1, -1, NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, FLT_MIN, 1e-40, 1e5, 3};
	enum { VALUES = sizeof values / sizeof *values };
	struct series *d = memory_zeroed(1, sizeof *d), *g = memory_zeroed(1, sizeof *g);
	for (int round = 0; round < 600; round++) {
		series_reset(d);
		series_reset(g);
		int64_t step = (int64_t)(noise() * 1e6) * (round % 3);
		for (int i = (int)(noise() * 200); i > 0; i--) {
			series_append(d, step, values[(int)(noise() * VALUES)]);
			series_append(g, step, (noise() - 0.5) * pow(10, 60 * noise() - 30));
			step += (int64_t)(noise() * 1000);
		}
		struct canvas *canvas = canvas_create(1 + (int)(noise() * 90), 1 + (int)(noise() * 30), round % 2);
		struct chart chart = chart_with(d, g);
		chart.log_scale = round % 5 == 0;
		chart.high = round % 7 == 0;
		chart_draw(canvas, &chart);
		chart_draw_legend(canvas, canvas->width, 0, canvas->width, &chart);
		assert_shows(canvas, "nan", false);
		assert_shows(canvas, "inf", false);
		canvas_destroy(canvas);
	}
	free(d);
	free(g);
}

/* ---- states */

/* Height in eighths of the bar drawn in a column, from the bottom up. */
static int drawn_eighths(const struct canvas *canvas, int x)
{
	int eighths = 0;
	for (int y = canvas->height - 1; y >= 0; y--) {
		uint32_t character = canvas_get(canvas, x, y).character;
		if (character >= 0x2581 && character <= 0x2588)
			eighths += (int)(character - 0x2580);
	}
	return eighths;
}

static void bars_are_proportional(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		int states = 1 << (1 + round % 8), width = states > 32 ? 32 : states, height = 1 + round % 3, full = 8 * height - 1;
		uint64_t counts[STATES_MAX], groups[32] = {0}, largest = 0;
		for (int i = 0; i < states; i++) {
			counts[i] = noise() < 0.2 ? 0 : (uint64_t)(noise() * noise() * 1e6);
			groups[i / (states / width)] += counts[i];
		}
		for (int i = 0; i < width; i++)
			largest = groups[i] > largest ? groups[i] : largest;
		struct canvas *canvas = canvas_create(width, height, true);
		assert_int_equal(states_draw(canvas, counts, states, ROLE_D), width);
		for (int i = 0; i < width && largest; i++) {
			double exact = (double)groups[i] / (double)largest * full;
			int drawn = drawn_eighths(canvas, i);
			bool cross = canvas_get(canvas, i, height - 1).character == 0xD7;
			assert_true(cross == (groups[i] == 0));
			assert_true((drawn == 0) == (groups[i] == 0));
			assert_true(fabs(drawn - exact) <= 0.5 + 1e-9 || (drawn == 1 && exact < 1));
		}
		canvas_destroy(canvas);
	}
}

static void every_state_is_counted_once(void **state)
{
	(void)state;
	for (int bits = 1; bits <= 8; bits++)
		for (int width = 0; width < 120; width++) {
			int per_bar = 0, columns = 0, bars = states_layout(1 << bits, width, &per_bar, &columns);
			if (width == 0) {
				assert_int_equal(bars, 0);
				continue;
			}
			assert_int_equal(bars * per_bar, 1 << bits);
			assert_true(bars * columns <= width && columns >= 1);
		}
}

/* ---- tables, pieces, bars, footer */

static const struct table_column three_columns[] = {
	{"name", 8, 12, 0, false}, {"size", 5, 0, 2, true}, {"age", 4, 0, 1, true},
};

static void columns_leave_by_priority(void **state)
{
	(void)state;
	struct table table = {.columns = three_columns, .column_count = 3};
	int widths[TABLE_MAX_COLUMNS];
	for (int width = 0; width < 60; width++) {
		int gap = table_layout(&table, width, widths), shown = (widths[1] > 0) + (widths[2] > 0);
		assert_true(widths[0] >= 8);
		assert_int_equal(widths[1] > 0, width >= 19);
		assert_int_equal(widths[2] > 0, width >= 13);
		if (width >= 8)
			assert_true(widths[0] + widths[1] + widths[2] + shown * gap <= width);
	}
	assert_int_equal(widths[0], 12);
}

static void scrolling_keeps_the_cursor_in_sight(void **state)
{
	(void)state;
	int top = 0;
	for (int i = 0; i < 3000; i++) {
		int count = (int)(noise() * 50), rows = 1 + (int)(noise() * 20), selected = count ? (int)(noise() * count) : -1;
		top = table_scroll(top, selected, count, rows);
		assert_true(top >= 0);
		if (selected >= 0)
			assert_true(selected >= top && selected < top + rows);
		if (count > rows)
			assert_true(top + rows <= count);
	}
}

static void bars_fill_in_eighths(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(10, 1, true);
	static const struct { double fraction; int full; uint32_t next; } cases[] = {
		{0, 0, 0x2591}, {0.05, 0, 0x258C}, {0.5, 5, 0x2591}, {0.999, 9, 0x2589}, {1, 10, ' '}, {7, 10, ' '}, {-1, 0, 0x2591},
		{NAN, 0, 0x2591},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		progress_draw(canvas, 0, 0, 10, cases[i].fraction, ROLE_BAR);
		int full = 0;
		while (full < 10 && canvas_get(canvas, full, 0).character == 0x2588)
			full++;
		assert_int_equal(full, cases[i].full);
		assert_int_equal(canvas_get(canvas, full, 0).character, cases[i].next);
	}
	canvas_destroy(canvas);
}

static void pieces_leave_by_priority(void **state)
{
	(void)state;
	struct segments segments = {.gap = 2};
	segments_add(&segments, 0, ROLE_TEXT, 0, "keep");
	segments_add(&segments, 2, ROLE_TEXT, 0, "second");
	segments_add(&segments, 3, ROLE_TEXT, 0, "first");
	segments_add_bar(&segments, 1, 10, 0.5);
	assert_int_equal(segments_width(&segments), 4 + 6 + 5 + 10 + 3 * 2);
	segments_fit(&segments, 30);
	assert_int_equal(segments.count, 3);
	assert_string_equal(segments.items[1].text, "second");
	segments_fit(&segments, 16);
	assert_int_equal(segments.count, 2);
	segments_fit(&segments, 1);
	assert_int_equal(segments.count, 1);
	assert_string_equal(segments.items[0].text, "keep");
}

static void footer_keeps_help_and_quit(void **state)
{
	(void)state;
	static const enum action actions[] = {ACTION_PAUSE, ACTION_D_BITS_DOWN, ACTION_D_BITS_UP, ACTION_SCREEN_RUNS, ACTION_NONE};
	for (int width = 20; width < 120; width++) {
		struct canvas *canvas = canvas_create(width, 1, true);
		footer_draw(canvas, 0, actions, true);
		assert_shows(canvas, "? help  q quit", true);
		assert_shows(canvas, "[ ] D bits", width >= 37);
		canvas_clear(canvas);
		footer_draw(canvas, 0, actions, false);
		assert_shows(canvas, "D bits", false);
		assert_shows(canvas, "5 Runs", width >= 24);
		canvas_destroy(canvas);
	}
}

/* ---- keys */

/* The keys of a row, parsed; asserts that each is spelled well. */
static int keys_of(const struct action_row *row, uint32_t keys[8])
{
	char copy[64], *rest = NULL;
	int count = 0;
	snprintf(copy, sizeof copy, "%s", row->keys);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		assert_true(count < 8 && keymap_parse(word, &keys[count]));
		char name[16];
		assert_string_equal(keymap_name(name, sizeof name, keys[count], false), word);
		count++;
	}
	return count;
}

static void no_key_means_two_things(void **state)
{
	(void)state;
	uint32_t keys[8], others[8];
	for (const struct action_row *row = action_rows; row->name; row++) {
		int count = keys_of(row, keys);
		assert_true((count > 0) == (row->scope != SCOPE_INTERNAL));
		for (int i = 0; i < count; i++)
			assert_int_equal(keymap_resolve(row->scope, keys[i]), row->action);
		for (const struct action_row *other = row + 1; other->name; other++) {
			assert_string_not_equal(row->name, other->name);
			assert_int_not_equal(row->action, other->action);
			int other_count = keys_of(other, others);
			for (int i = 0; i < count; i++)
				for (int k = 0; k < other_count; k++)
					assert_false(row->scope == other->scope && keys[i] == others[k]);
		}
	}
}

/* A screen's own key may hide one that works everywhere only if that one has another. */
static void hidden_actions_keep_a_key(void **state)
{
	(void)state;
	uint32_t keys[8];
	for (enum action_scope scope = SCOPE_TRAIN; scope < SCOPE_INTERNAL; scope++)
		for (const struct action_row *row = action_rows; row->name; row++) {
			int count = row->scope == SCOPE_EVERYWHERE ? keys_of(row, keys) : 0, reachable = 0;
			for (int i = 0; i < count; i++)
				reachable += keymap_resolve(scope, keys[i]) == row->action;
			assert_true(count == 0 || reachable > 0);
		}
}

static void every_action_has_a_row(void **state)
{
	(void)state;
	for (enum action action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
		const struct action_row *row = action_find(action);
		assert_non_null(row);
		assert_true(row->action == action && *row->brief && *row->help && row->help[strlen(row->help) - 1] == '.');
	}
	assert_null(action_find(ACTION_NONE));
}

static void promised_keys(void **state)
{
	(void)state;
	static const struct { const char *key; enum action_scope scope; enum action action; } cases[] = {
		{"p", SCOPE_RUNS, ACTION_PAUSE}, {".", SCOPE_TRAIN, ACTION_STEP}, {"[", SCOPE_TRAIN, ACTION_D_BITS_DOWN},
		{"]", SCOPE_TRAIN, ACTION_D_BITS_UP}, {"{", SCOPE_TRAIN, ACTION_G_BITS_DOWN}, {"}", SCOPE_TRAIN, ACTION_G_BITS_UP},
		{"F7", SCOPE_TRAIN, ACTION_D_BITS_DOWN}, {"F8", SCOPE_TRAIN, ACTION_D_BITS_UP}, {"m", SCOPE_TRAIN, ACTION_QUANTIZER},
		{"l", SCOPE_TRAIN, ACTION_RATES}, {"l", SCOPE_RUNS, ACTION_RIGHT}, {"s", SCOPE_TRAIN, ACTION_CHECKPOINT},
		{"i", SCOPE_TRAIN, ACTION_SAMPLE}, {"I", SCOPE_TRAIN, ACTION_SAMPLE_NOISE}, {"x", SCOPE_TRAIN, ACTION_STOP},
		{"?", SCOPE_RUNS, ACTION_HELP}, {"F1", SCOPE_RUNS, ACTION_HELP}, {"1", SCOPE_RUNS, ACTION_SCREEN_TRAIN},
		{"2", SCOPE_TRAIN, ACTION_SCREEN_SAMPLES}, {"5", SCOPE_TRAIN, ACTION_SCREEN_RUNS}, {"7", SCOPE_TRAIN, ACTION_SCREEN_LOG},
		{"-", SCOPE_TRAIN, ACTION_ZOOM_OUT}, {"-", SCOPE_RUNS, ACTION_LAST_SCREEN}, {"Backspace", SCOPE_TRAIN, ACTION_LAST_SCREEN},
		{"q", SCOPE_TRAIN, ACTION_QUIT}, {"j", SCOPE_RUNS, ACTION_DOWN},
		{"Down", SCOPE_RUNS, ACTION_DOWN}, {"y", SCOPE_TRAIN, ACTION_LOG_SCALE}, {"y", SCOPE_RUNS, ACTION_NONE},
		{"Ctrl-L", SCOPE_RUNS, ACTION_REDRAW}, {"Enter", SCOPE_RUNS, ACTION_RUN_OPEN}, {"t", SCOPE_RUNS, ACTION_RUN_RESUME},
		{"r", SCOPE_RUNS, ACTION_RUNS_REVERSE}, {"u", SCOPE_RUNS, ACTION_RUN_UNDO},
		{"F9", SCOPE_RUNS, ACTION_ROLLBACK},
		{"r", SCOPE_TRAIN, ACTION_NONE}, {"Esc", SCOPE_RUNS, ACTION_BACK}, {"Tab", SCOPE_TRAIN, ACTION_NEXT_PANE},
		{"3", SCOPE_TRAIN, ACTION_SCREEN_WEIGHTS}, {"m", SCOPE_WEIGHTS, ACTION_WHAT_IF_METHOD}, {"F6", SCOPE_WEIGHTS, ACTION_QUANTIZER},
		{"(", SCOPE_WEIGHTS, ACTION_WHAT_IF_BITS_DOWN}, {"B", SCOPE_WEIGHTS, ACTION_WHAT_IF_BITS_UP},
		{"n", SCOPE_WEIGHTS, ACTION_WHAT_IF_SCOPE}, {"c", SCOPE_WEIGHTS, ACTION_WHAT_IF_CHANNELS},
		{"Space", SCOPE_WEIGHTS, ACTION_BLINK}, {"Enter", SCOPE_WEIGHTS, ACTION_WHAT_IF_APPLY}, {"w", SCOPE_WEIGHTS, ACTION_SORT_LAYERS},
		{"o", SCOPE_WEIGHTS, ACTION_OTHER_OPEN}, {"<", SCOPE_WEIGHTS, ACTION_OTHER_BEFORE}, {">", SCOPE_WEIGHTS, ACTION_OTHER_AFTER},
		{"O", SCOPE_WEIGHTS, ACTION_OTHER_CLOSE}, {"E", SCOPE_WEIGHTS, ACTION_EXPORT_LAYER}, {"E", SCOPE_TRAIN, ACTION_EXPORT_CHARTS},
		{"[", SCOPE_WEIGHTS, ACTION_D_BITS_DOWN}, {"Down", SCOPE_WEIGHTS, ACTION_DOWN}, {"Right", SCOPE_WEIGHTS, ACTION_RIGHT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t key = 0;
		assert_true(keymap_parse(cases[i].key, &key));
		assert_int_equal(keymap_resolve(cases[i].scope, key), cases[i].action);
	}
}

static void spelling_of_keys(void **state)
{
	(void)state;
	uint32_t key;
	char name[16];
	assert_true(keymap_parse("\xc3\xa9", &key) && key == 0xE9);
	assert_true(keymap_parse("S-F12", &key) && key == KEYMAP_SHIFT_F1 + 11);
	assert_string_equal(keymap_name(name, sizeof name, KEYMAP_UP, true), "\xe2\x86\x91");
	static const char *const wrong[] = {"", "F0", "F13", "Ctrl-", "Ctrl-l", "ab", "\xff", "\xc3", "S-", "enter"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(keymap_parse(wrong[i], &key));
}

static void the_manual_lists_every_key(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	action_print_manual(file);
	fclose(file);
	for (const struct action_row *row = action_rows; row->name; row++)
		if (*row->keys)
			assert_non_null(strstr(text, row->help));
	assert_null(strstr(text, "(null)")); /* every screen has its words */
	assert_non_null(strstr(text, "*\\[*, *F7*\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_one_two_five),
		cmocka_unit_test(axes_hold_their_values),
		cmocka_unit_test(labels_have_the_digits_they_need),
		cmocka_unit_test(constants_get_room),
		cmocka_unit_test(dots_match_values),
		cmocka_unit_test(a_spike_stays_visible),
		cmocka_unit_test(a_constant_lies_on_its_tick),
		cmocka_unit_test(pens_differ),
		cmocka_unit_test(many_lines_carry_their_marks),
		cmocka_unit_test(few_points_are_joined),
		cmocka_unit_test(nothing_says_so),
		cmocka_unit_test(one_point_is_one_dot),
		cmocka_unit_test(outliers_are_pointed_at),
		cmocka_unit_test(logarithms_only_of_positive_values),
		cmocka_unit_test(newest_marks_are_named),
		cmocka_unit_test(charts_survive_anything),
		cmocka_unit_test(bars_are_proportional),
		cmocka_unit_test(every_state_is_counted_once),
		cmocka_unit_test(columns_leave_by_priority),
		cmocka_unit_test(scrolling_keeps_the_cursor_in_sight),
		cmocka_unit_test(bars_fill_in_eighths),
		cmocka_unit_test(pieces_leave_by_priority),
		cmocka_unit_test(footer_keeps_help_and_quit),
		cmocka_unit_test(no_key_means_two_things),
		cmocka_unit_test(hidden_actions_keep_a_key),
		cmocka_unit_test(every_action_has_a_row),
		cmocka_unit_test(promised_keys),
		cmocka_unit_test(spelling_of_keys),
		cmocka_unit_test(the_manual_lists_every_key),
	};
	return cmocka_run_group_tests_name("widgets", tests, NULL, NULL);
}
