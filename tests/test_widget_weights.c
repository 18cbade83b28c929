/* The figure of a layer's weights, cell by cell: histograms keep their mass on any axis, bars stand at their levels and
 * are as high as their counts, strips shade what they are given. */
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
#include "ui/widget_histogram.h"
#include "ui/widget_strip.h"
#include "ui/widget_weights.h"

static uint64_t noise_state = 1;

static double noise(void)
{
	noise_state = noise_state * 6364136223846793005u + 1442695040888963407u;
	return (double)(noise_state >> 40) / (double)(1 << 24);
}

/* Height in eighths of what is drawn in a column of rows first .. last, upwards from the last. */
static int column_eighths(const struct canvas *canvas, int x, int first, int last)
{
	int eighths = 0;
	for (int y = last; y >= first; y--) {
		uint32_t character = canvas_get(canvas, x, y).character;
		if (character < 0x2581 || character > 0x2588)
			break;
		eighths += (int)(character - 0x2580);
	}
	return eighths;
}

/* ---- histograms */

static void histograms_keep_their_mass(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint32_t bins[96];
		double total = 0, drawn = 0, columns[200], low = noise() - 0.7, high = low + 0.01 + noise();
		int width = 1 + (int)(noise() * 200);
		for (int i = 0; i < 96; i++)
			total += bins[i] = noise() < 0.3 ? 0 : (uint32_t)(noise() * 1e6);
		struct histogram histogram = {bins, 96, low, round % 10 ? high : low};
		struct axis axis = axis_for_values(low - noise() * 0.1, high + noise(), 5);
		double fullest = histogram_gather(&histogram, &axis, columns, width);
		for (int x = 0; x < width; x++) {
			drawn += columns[x];
			assert_true(columns[x] >= 0 && columns[x] <= fullest);
		}
		assert_true(fabs(drawn - total) <= 1e-6 * total + 1e-6);
	}
}

/* One weight among a million is still an eighth of a cell, at its place; empty bins are blanks. */
static void a_single_weight_is_seen(void **state)
{
	(void)state;
	for (int bin = 0; bin < 96; bin++)
		for (int width = 20; width <= 192; width += 43) {
			uint32_t bins[96] = {0};
			bins[48] = 1000000;
			bins[bin] += 1;
			struct canvas *canvas = canvas_create(width, 6, true);
			struct axis axis = axis_between(-1, 1, 4, false);
			histogram_draw(canvas, &(struct histogram){bins, 96, -1, 1}, &axis, ROLE_BAR);
			int x = histogram_column(&axis, -1 + 2 * (bin + 0.5) / 96, width);
			assert_true(column_eighths(canvas, x, 0, 5) >= 1);
			for (int other = 0; other < width; other++) {
				double from = 96.0 * other / width, to = 96.0 * (other + 1) / width;
				bool holds = (from < bin + 1 && to > bin) || (from < 49 && to > 48);
				assert_true((column_eighths(canvas, other, 0, 5) > 0) == holds);
			}
			canvas_destroy(canvas);
		}
}

/* Two peaks stay two peaks: nothing between them is invented. */
static void two_values_stay_two(void **state)
{
	(void)state;
	uint32_t bins[96] = {[0] = 500, [95] = 400};
	struct canvas *canvas = canvas_create(80, 5, true);
	struct axis axis = axis_between(-1, 1, 4, false);
	histogram_draw(canvas, &(struct histogram){bins, 96, -0.5, 0.5}, &axis, ROLE_BAR);
	int filled = 0;
	for (int x = 0; x < 80; x++)
		filled += column_eighths(canvas, x, 0, 4) > 0;
	assert_in_range(filled, 2, 4);
	canvas_destroy(canvas);
}

static void courses_go_from_low_to_high(void **state)
{
	(void)state;
	static const float values[] = {8, 4, NAN, 2, 1, 1};
	struct canvas *canvas = canvas_create(20, 1, true);
	assert_int_equal(histogram_draw_course(canvas, 2, 0, 10, values, 6, ROLE_BAR), 6);
	assert_int_equal(canvas_get(canvas, 2, 0).character, 0x2588);
	assert_int_equal(canvas_get(canvas, 4, 0).character, ' ');
	assert_int_equal(canvas_get(canvas, 7, 0).character, 0x2581);
	canvas_clear(canvas);
	assert_int_equal(histogram_draw_course(canvas, 0, 0, 3, values, 6, ROLE_BAR), 3); /* the newest of each share */
	assert_int_equal(canvas_get(canvas, 2, 0).character, 0x2581);
	assert_int_equal(histogram_draw_course(canvas, 0, 0, 0, values, 6, ROLE_BAR), 0);
	assert_int_equal(histogram_draw_course(canvas, 0, 0, 5, values, 0, ROLE_BAR), 0);
	canvas_destroy(canvas);
}

/* ---- the figure */

static struct view_layer make_layer(int bits, double alpha, double beta)
{
	struct view_layer layer = {.bits = bits, .states = 1 << bits, .alpha = alpha, .beta = beta,
		.histogram_min = -0.09f, .histogram_max = 0.09f};
	for (int z = 0; z < layer.states; z++) {
		layer.levels[z] = beta + alpha * z;
		layer.counts[z] = 100 + (uint64_t)(noise() * 100000);
		layer.weights += layer.counts[z];
	}
	for (int i = 0; i < VIEW_BINS; i++)
		layer.histogram[i] = 1 + (uint32_t)(noise() * 1000);
	return layer;
}

static struct axis axis_of(const struct view_layer *layer, int width)
{
	struct weights_span span = {0};
	weights_span_add(&span, layer);
	return weights_span_axis(&span, width);
}

static int find_row(const struct canvas *canvas, uint32_t character)
{
	for (int y = 0; y < canvas->height; y++)
		for (int x = 0; x < canvas->width; x++)
			if (canvas_get(canvas, x, y).character == character)
				return y;
	return -1;
}

/* Where levels are far enough apart: a mark at each, and below it a bar as high as its count. */
static void bars_stand_below_their_levels(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		int bits = 1 + round % 3;
		double alpha = 0.16 / (1 << bits);
		struct view_layer layer = make_layer(bits, alpha, -0.08 + alpha / 2);
		struct canvas *canvas = canvas_create(110 + round % 40, 24, true);
		struct axis axis = axis_of(&layer, canvas->width);
		weights_draw(canvas, &layer, &axis, ROLE_D, false);
		int line = find_row(canvas, 0x25B2), bottom = 20; /* three rows of words below */
		uint64_t largest = 0;
		for (int z = 0; z < layer.states; z++)
			largest = layer.counts[z] > largest ? layer.counts[z] : largest;
		for (int z = 0; z < layer.states; z++) {
			int x = histogram_column(&axis, layer.levels[z], canvas->width), full = 8 * (bottom - line - 1);
			assert_int_equal(canvas_get(canvas, x, line).character, 0x25B2);
			int expected = (int)((double)layer.counts[z] / (double)largest * full + 0.5);
			assert_int_equal(column_eighths(canvas, x, line + 2, bottom), expected < 1 ? 1 : expected);
		}
		canvas_destroy(canvas);
	}
}

static int count_cells(const struct canvas *canvas, uint32_t character)
{
	int count = 0;
	for (int y = 0; y < canvas->height; y++)
		for (int x = 0; x < canvas->width; x++)
			count += canvas_get(canvas, x, y).character == character;
	return count;
}

/* However close the levels: as many bars as there are states (or groups), a cross for each that holds nothing. */
static void no_state_is_lost(void **state)
{
	(void)state;
	for (int bits = 1; bits <= 8; bits++)
		for (int width = WEIGHTS_MIN_WIDTH; width <= 200; width += 8)
			for (int height = WEIGHTS_MIN_HEIGHT; height <= 30; height += 3) {
				struct view_layer layer = make_layer(bits, bits % 2 ? 1e-7 : 0.0008, 0.001);
				memset(layer.counts, 0, sizeof layer.counts);
				struct canvas *canvas = canvas_create(width, height, true);
				struct axis axis = axis_of(&layer, width);
				weights_draw(canvas, &layer, &axis, ROLE_D, false);
				int bars = layer.states > 32 ? 32 : layer.states;
				while (bars > width / 2)
					bars /= 2;
				assert_int_equal(count_cells(canvas, 0xD7), bars);
				canvas_destroy(canvas);
			}
}

/* Levels nobody can reach are pointed at; the histogram keeps a quarter of the width. */
static void far_levels_leave_room(void **state)
{
	(void)state;
	struct view_layer layer = make_layer(3, 0, 0);
	for (int z = 0; z < 8; z++)
		layer.levels[z] = z == 0 ? -INFINITY : z == 7 ? INFINITY : (z - 3.5) * (z > 4 || z < 3 ? 10 : 0.01);
	struct axis axis = axis_of(&layer, 100);
	assert_true((0.09 - -0.09) / (axis.high - axis.low) >= 0.24);
	struct canvas *canvas = canvas_create(100, 20, true);
	weights_draw(canvas, &layer, &axis, ROLE_G, false);
	char *text = canvas_to_text(canvas);
	assert_non_null(strstr(text, "-inf, 3 levels"));
	assert_non_null(strstr(text, "+inf, 3 levels"));
	assert_int_equal(count_cells(canvas, 0x25B2), 2);
	free(text);
	canvas_destroy(canvas);
}

static void odd_layers_are_drawn(void **state)
{
	(void)state;
	struct view_layer constant = {.bits = 2, .states = 4, .counts = {7}, .histogram = {7}, .histogram_min = 0.5f,
		.histogram_max = 0.5f, .levels = {0.5, 0.5, 0.5, 0.5}};
	struct view_layer unknown = {.bits = 2, .states = 4, .histogram_min = NAN, .histogram_max = NAN, .levels = {NAN, NAN, NAN, NAN}};
	struct view_layer zeros = {.bits = 32, .histogram = {9}};
	const struct view_layer *layers[] = {&constant, &unknown, &zeros};
	for (int i = 0; i < 3; i++) {
		struct canvas *canvas = canvas_create(60, 14, true);
		struct axis axis = axis_of(layers[i], 60);
		assert_true(isfinite(axis.low) && isfinite(axis.high) && axis.high > axis.low);
		weights_draw(canvas, layers[i], &axis, ROLE_D, false);
		char *text = canvas_to_text(canvas);
		assert_null(strstr(text, "nan"));
		free(text);
		canvas_destroy(canvas);
	}
}

/* ---- strips */

static const uint32_t shades[] = {0x2591, 0x2592, 0x2593, 0x2588};

/* One column a record of two states: dead, under half, even, more. */
static void shades_compare_with_an_even_spread(void **state)
{
	(void)state;
	static const float upper[] = {0, 0.2f, 0.5f, 0.7f, 0.95f};
	static const uint32_t shown[] = {0xB7, 0x2591, 0x2592, 0x2593, 0x2588}, lower[] = {0x2588, 0x2593, 0x2592, 0x2592, 0x2591};
	struct view_history history = {.count = 5, .merged = 1};
	for (int i = 0; i < 5; i++)
		history.columns[i] = (struct view_history_column){.step = 10 * (i + 1), .bits = 1, .shares = {1 - upper[i], upper[i]}};
	struct canvas *canvas = canvas_create(13 + 5, 4, true);
	strip_draw(canvas, &history, ROLE_D);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(canvas_get(canvas, 8 + i, 0).character, shown[i]);
		assert_int_equal(canvas_get(canvas, 8 + i, 1).character, lower[i]);
	}
	char *text = canvas_to_text(canvas);
	assert_non_null(strstr(text, "95 %"));
	assert_non_null(strstr(text, "50"));
	free(text);
	canvas_destroy(canvas);
}

static bool is_shade(uint32_t character)
{
	for (int i = 0; i < 4; i++)
		if (character == shades[i])
			return true;
	return false;
}

/* Any number of records on any width: the newest at the right end, nothing outside. */
static void the_newest_is_at_the_right(void **state)
{
	(void)state;
	static const int counts[] = {1, 2, 3, 40, 41, 255, VIEW_HISTORY};
	struct view_history *history = memory_zeroed(1, sizeof *history);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		for (int width = 14; width <= 200; width += 13) {
			history->count = counts[i];
			for (int c = 0; c < counts[i]; c++)
				history->columns[c] = (struct view_history_column){.step = c, .bits = 2, .shares = {0.25f, 0.25f, 0.25f, 0.25f}};
			history->columns[counts[i] - 1].shares[3] = 0.9f;
			struct canvas *canvas = canvas_create(width, 6, true);
			strip_draw(canvas, history, ROLE_D);
			for (int y = 0; y < 4; y++)
				assert_true(is_shade(canvas_get(canvas, width - 6, y).character));
			int cells = width - 13, merged = (counts[i] + cells - 1) / cells;
			if (merged == 1)
				assert_int_equal(canvas_get(canvas, width - 6, 0).character, 0x2588);
			canvas_destroy(canvas);
		}
	free(history);
}

static void changes_of_bits_are_marked(void **state)
{
	(void)state;
	struct view_history *history = memory_zeroed(1, sizeof *history);
	history->count = 60;
	for (int c = 0; c < 60; c++) {
		struct view_history_column *column = &history->columns[c];
		*column = (struct view_history_column){.step = 100 * c, .bits = c < 20 ? 32 : c < 40 ? 2 : 1};
		for (int z = 0; column->bits < 32 && z < 1 << column->bits; z++)
			column->shares[z] = 1.0f / (float)(1 << column->bits);
	}
	struct canvas *canvas = canvas_create(80, 8, true);
	strip_draw(canvas, history, ROLE_G);
	char *text = canvas_to_text(canvas);
	static const char *const expected[] = {"float", "\xe2\x96\xb8" "2 bit", "\xe2\x96\xb8" "1 bit", "2,000", "4,000", "5,900",
		"z1", "50 %"};
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		assert_non_null(strstr(text, expected[i]));
	assert_true(strip_has_states(history));
	assert_int_equal(strip_height(history), 4 + STRIP_AXIS_ROWS);
	history->count = 20;
	assert_false(strip_has_states(history));
	history->count = 0;
	assert_false(strip_has_states(history));
	free(text);
	canvas_destroy(canvas);
	free(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histograms_keep_their_mass),
		cmocka_unit_test(a_single_weight_is_seen),
		cmocka_unit_test(two_values_stay_two),
		cmocka_unit_test(courses_go_from_low_to_high),
		cmocka_unit_test(bars_stand_below_their_levels),
		cmocka_unit_test(no_state_is_lost),
		cmocka_unit_test(far_levels_leave_room),
		cmocka_unit_test(odd_layers_are_drawn),
		cmocka_unit_test(shades_compare_with_an_even_spread),
		cmocka_unit_test(the_newest_is_at_the_right),
		cmocka_unit_test(changes_of_bits_are_marked),
	};
	return cmocka_run_group_tests_name("widget_weights", tests, NULL, NULL);
}
