/* A layer as a picture and as a table: what is in them, and that hostile numbers, names and places do no harm. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/figure.h"
#include "app/figure_chart.h"
#include "app/figure_sizes.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/picture_file.h"
#include "tests/temporary_folder.h"

static struct temporary_folder folder;

static int create_folder(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

/* A bell of 96,000 weights between -1 and 1, and evenly spaced levels that take what is nearest. */
static struct view_layer bell(int bits)
{
	struct view_layer layer = {
		.name = "conv2", .shape = "128x64x4x4", .quantizer = "em", .bits = bits, .states = bits == 32 ? 0 : 1 << bits, .groups = 1,
		.alpha = NAN, .beta = NAN, .mse = NAN, .variance = 0.09, .sqnr_db = NAN, .utilization = NAN, .flips = NAN,
		.packed_bytes = 24016, .histogram_min = -1, .histogram_max = 1,
	};
	for (int bin = 0; bin < VIEW_BINS; bin++) {
		double x = (bin + 0.5) / VIEW_BINS * 2 - 1;
		layer.histogram[bin] = (uint32_t)lround(2660 * exp(-x * x / 0.18));
		layer.weights += layer.histogram[bin];
	}
	for (int z = 0; z < layer.states; z++)
		layer.levels[z] = layer.states == 1 ? 0 : -0.6 + 1.2 * z / (layer.states - 1);
	for (int bin = 0; layer.states && bin < VIEW_BINS; bin++) {
		double x = (bin + 0.5) / VIEW_BINS * 2 - 1, z = round((x + 0.6) / 1.2 * (layer.states - 1));
		layer.counts[(int)fmin(fmax(z, 0), layer.states - 1)] += layer.histogram[bin];
	}
	for (int z = 0; z < layer.states; z++)
		layer.dead_states += layer.counts[z] == 0;
	if (layer.states) {
		layer.alpha = 1.2 / (layer.states - 1);
		layer.beta = -0.6;
		layer.mse = 0.0105;
		layer.sqnr_db = 9.32;
		layer.utilization = 0.931;
		layer.iterations = 16;
	}
	for (int i = 0; layer.states && i < 16; i++)
		layer.trace[layer.trace_count++] = (float)(0.0105 + 0.03 * exp(-i / 3.0));
	return layer;
}

/* Written, read back. */
static struct image *draw(const struct view_layer *layer, const struct view_layer *other)
{
	struct error error;
	struct figure figure = {
		.title = "a run, step 3,120", .network = "D", .layer = layer, .other = other, .other_title = "another run",
	};
	char path[TEMPORARY_PATH_SIZE];
	text_copy(path, sizeof path, temporary_path(&folder, "layer.png"));
	if (!figure_write_png(&figure, path, &error))
		fail_msg("%s", error.text);
	struct image *picture = picture_read(path, 3, &error);
	if (!picture)
		fail_msg("%s", error.text);
	assert_int_equal(unlink(path), 0);
	return picture;
}

/* Pixels of that colour, give or take what smooth edges mix. */
static int count_colour(const struct image *picture, int red, int green, int blue, int top, int bottom)
{
	int count = 0;
	for (int y = top; y < bottom; y++)
		for (int x = 0; x < picture->width; x++) {
			const uint8_t *pixel = picture->pixels + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
			count += abs(pixel[0] - red) < 8 && abs(pixel[1] - green) < 8 && abs(pixel[2] - blue) < 8;
		}
	return count;
}

static int count_fill(const struct image *picture) { return count_colour(picture, 189, 199, 212, 0, picture->height); }
static int count_blue(const struct image *picture) { return count_colour(picture, 0, 114, 178, 0, picture->height); }
static int count_warning(const struct image *picture) { return count_colour(picture, 213, 94, 0, 0, picture->height); }

static void a_layer_is_a_histogram_and_bars(void **state)
{
	(void)state;
	struct view_layer layer = bell(2), whole = bell(32);
	struct image *picture = draw(&layer, NULL);
	assert_int_equal(picture->width, FIGURE_WIDTH);
	assert_int_equal(picture->height, FIGURE_HEIGHT);
	assert_true(count_fill(picture) > 30000);
	assert_true(count_blue(picture) > 10000);
	assert_int_equal(count_warning(picture), 0);
	int fill = count_fill(picture);
	image_destroy(picture);
	picture = draw(&whole, NULL); /* the histogram has the room of the bars, which float weights do not have */
	assert_true(count_fill(picture) > fill * 3 / 2);
	assert_int_equal(count_blue(picture), 0);
	image_destroy(picture);
}

/* Twice the weights in the state: a bar twice as high. */
static void bars_are_as_high_as_counts(void **state)
{
	(void)state;
	int pixels[2];
	for (int i = 0; i < 2; i++) {
		struct view_layer layer = bell(1);
		layer.counts[0] = 1000;
		layer.counts[1] = i ? 2000 : 0;
		layer.trace_count = 0;
		struct image *picture = draw(&layer, NULL);
		pixels[i] = count_colour(picture, 0, 114, 178, 460, 634);
		image_destroy(picture);
	}
	/* alone, state 0 is as high as the highest; beside one twice as high the two have one and a half of that */
	double ratio = (double)pixels[1] / pixels[0];
	if (ratio < 1.3 || ratio > 1.7)
		fail_msg("%d pixels of bars became %d", pixels[0], pixels[1]);
}

static void dead_states_warn(void **state)
{
	(void)state;
	struct view_layer layer = bell(2);
	layer.counts[3] = 0;
	layer.dead_states = 1;
	struct image *picture = draw(&layer, NULL);
	assert_true(count_warning(picture) > 50);
	image_destroy(picture);
}

static void a_second_layer_stands_below(void **state)
{
	(void)state;
	struct view_layer layer = bell(2), other = bell(3);
	struct image *picture = draw(&layer, &other);
	assert_int_equal(picture->height, 2 * FIGURE_HEIGHT);
	assert_true(count_colour(picture, 0, 114, 178, FIGURE_HEIGHT, 2 * FIGURE_HEIGHT) > 10000);
	image_destroy(picture);
}

/* Infinite, unknown, equal, huge and tiny numbers, every number of bits: nothing but a picture comes out. */
static void hostile_numbers_are_drawn(void **state)
{
	(void)state;
	for (int bits = 1; bits <= 8; bits++) {
		struct view_layer layer = bell(bits);
		layer.levels[0] = -INFINITY;
		layer.levels[layer.states - 1] = INFINITY;
		layer.sqnr_db = INFINITY;
		image_destroy(draw(&layer, NULL));
		for (int z = 0; z < layer.states; z++)
			layer.levels[z] = bits % 2 ? NAN : 0;
		layer.alpha = 0;
		layer.histogram_min = layer.histogram_max = bits % 3 ? 0.25f : 0;
		layer.variance = 0;
		layer.trace[3] = NAN;
		image_destroy(draw(&layer, NULL));
	}
	struct view_layer empty = {.bits = 2, .states = 4, .alpha = NAN, .beta = NAN, .mse = NAN, .packed_bytes = NAN};
	image_destroy(draw(&empty, NULL));
	struct view_layer huge = bell(4);
	huge.histogram_min = -3e38f;
	huge.histogram_max = 3e38f;
	huge.weights = huge.counts[0] = UINT64_MAX / 2;
	image_destroy(draw(&huge, &empty));
	struct view_layer tiny = bell(4);
	tiny.histogram_min = -1e-40f;
	tiny.histogram_max = 1e-40f;
	image_destroy(draw(&tiny, &huge));
}

static void names_may_be_any_bytes(void **state)
{
	(void)state;
	static const char *const titles[] = {"", "caf\xC3\xA9", "bro\xC3", "\xFF\xFE\x80", "\xED\xA0\x80 half a pair", "a\nb\tc", NULL};
	struct view_layer layer = bell(1);
	struct error error;
	for (int i = 0; i < 7; i++) {
		struct figure figure = {.title = titles[i], .network = "G", .layer = &layer};
		assert_true(figure_write_png(&figure, temporary_path(&folder, "name.png"), &error));
		assert_true(figure_write_csv(&figure, temporary_path(&folder, "name.csv"), &error));
	}
}

/* No font anywhere: the letters cairo carries itself, never a figure without words. A child of its own, before anything
 * here has looked for fonts. */
static void no_font_is_no_silence(void **state)
{
	(void)state;
	struct view_layer layer = bell(2);
	struct figure figure = {.title = "a run", .network = "D", .layer = &layer};
	struct error error = {0};
	char path[TEMPORARY_PATH_SIZE], fonts[TEMPORARY_PATH_SIZE];
	text_copy(path, sizeof path, temporary_path(&folder, "bare.png"));
	text_copy(fonts, sizeof fonts, temporary_path(&folder, "fonts.conf"));
	FILE *file = fopen(fonts, "w");
	assert_non_null(file);
	fputs("<?xml version=\"1.0\"?><fontconfig></fontconfig>", file);
	fclose(file);
	pid_t child = fork();
	if (child == 0) {
		setenv("FONTCONFIG_FILE", fonts, 1);
		_exit(!figure_write_png(&figure, path, &error));
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	struct image *picture = picture_read(path, 3, &error);
	assert_non_null(picture);
	enum { TITLE_TOP = 15, TITLE_BOTTOM = 45 };
	int paper = count_colour(picture, 255, 255, 255, TITLE_TOP, TITLE_BOTTOM);
	assert_true(paper < (TITLE_BOTTOM - TITLE_TOP) * FIGURE_WIDTH - 100);
	image_destroy(picture);
}

static void places_that_cannot_be_written_are_named(void **state)
{
	(void)state;
	static bool (*const writers[])(const struct figure *, const char *, struct error *) = {figure_write_png, figure_write_csv};
	struct view_layer layer = bell(2);
	struct figure figure = {.title = "a run", .network = "D", .layer = &layer};
	for (int i = 0; i < 2; i++) {
		struct error error = {0};
		char path[TEMPORARY_PATH_SIZE];
		snprintf(path, sizeof path, "%s/missing/file", folder.path);
		assert_false(writers[i](&figure, path, &error));
		assert_non_null(strstr(error.text, "missing/file"));
		assert_false(writers[i](&figure, folder.path, &error));
		assert_non_null(strstr(error.text, folder.path));
	}
}

/* ---- the table ---- */

enum { MOST_LINES = 1024, FIELDS = 5 };

struct table {
	char *bytes;
	int lines;
	char *fields[MOST_LINES][FIELDS];
};

/* One field of RFC 4180, unquoted in place; returns where the separator was, *end the separator itself. */
static char *take_field(char *c, char **field, char *end)
{
	char *out = c;
	*field = c;
	if (*c == '"') {
		for (c++; *c != '"' || c[1] == '"'; c++) {
			assert_true(*c != '\0');
			c += *c == '"';
			*out++ = *c;
		}
		c++;
	} else {
		for (; *c != ',' && *c != '\r'; c++) {
			assert_true(*c != '\0' && *c != '"' && *c != '\n');
			*out++ = *c;
		}
	}
	*end = *c;
	assert_true(*c == ',' || (*c == '\r' && c[1] == '\n'));
	*out = '\0';
	return c;
}

/* Every line has exactly five fields and ends with CR LF. */
static void read_table(struct table *table, const struct figure *figure)
{
	struct error error;
	char path[TEMPORARY_PATH_SIZE];
	text_copy(path, sizeof path, temporary_path(&folder, "layer.csv"));
	if (!figure_write_csv(figure, path, &error))
		fail_msg("%s", error.text);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	*table = (struct table){.bytes = memory_zeroed(1 << 18, 1)};
	assert_in_range(fread(table->bytes, 1, (1 << 18) - 1, file), 100, (1 << 18) - 2);
	fclose(file);
	for (char *c = table->bytes; *c; table->lines++) {
		assert_in_range(table->lines, 0, MOST_LINES - 1);
		char end = ',';
		for (int i = 0; i < FIELDS; i++) {
			assert_int_equal(end, ',');
			c = take_field(c, &table->fields[table->lines][i], &end) + 1;
		}
		assert_int_equal(end, '\r');
		c++;
	}
}

/* The line after the heading whose second field is `heading`, or the one whose second field is that name. */
static int find_line(const struct table *table, const char *name)
{
	for (int i = 0; i < table->lines; i++)
		if (!strcmp(table->fields[i][1], name))
			return i;
	fail_msg("no line \"%s\"", name);
	return -1;
}

static void tables_hold_every_number(void **state)
{
	(void)state;
	struct view_layer layer = bell(2);
	layer.levels[0] = -INFINITY;
	layer.levels[3] = INFINITY;
	struct figure figure = {.title = "a \"run\", step 3,120", .network = "D", .layer = &layer};
	struct table table;
	read_table(&table, &figure);
	assert_string_equal(table.fields[0][0], "layer");
	assert_string_equal(table.fields[1][0], "a \"run\", step 3,120, D.conv2");
	assert_string_equal(table.fields[find_line(&table, "method")][2], "em");
	assert_string_equal(table.fields[find_line(&table, "flips")][2], "");
	assert_true(strtod(table.fields[find_line(&table, "alpha")][2], NULL) == 0.4);
	assert_true(strtod(table.fields[find_line(&table, "mse")][2], NULL) == 0.0105);
	int states = find_line(&table, "state") + 1;
	double share = 0;
	for (int z = 0; z < 4; z++) {
		assert_int_equal(atoi(table.fields[states + z][1]), z);
		assert_int_equal(strtoull(table.fields[states + z][3], NULL, 10), layer.counts[z]);
		share += strtod(table.fields[states + z][4], NULL);
	}
	assert_true(fabs(share - 1) < 1e-12);
	assert_string_equal(table.fields[states][2], "-inf");
	assert_string_equal(table.fields[states + 3][2], "inf");
	int bins = find_line(&table, "low") + 1;
	for (int bin = 0; bin < VIEW_BINS; bin++)
		assert_int_equal(strtoul(table.fields[bins + bin][3], NULL, 10), layer.histogram[bin]);
	assert_string_equal(table.fields[bins][1], "-1");
	assert_string_equal(table.fields[bins + VIEW_BINS - 1][2], "1");
	int trace = find_line(&table, "iteration") + 1;
	assert_int_equal(table.lines - trace, layer.trace_count);
	assert_true((float)strtod(table.fields[trace][2], NULL) == layer.trace[0]);
	free(table.bytes);
}

static void two_layers_share_a_table(void **state)
{
	(void)state;
	struct view_layer layer = bell(8), other = bell(32);
	struct figure figure = {.title = "a run", .network = "D", .layer = &layer, .other = &other, .other_title = "another"};
	struct table table;
	read_table(&table, &figure);
	int lines[2] = {0};
	for (int i = 0; i < table.lines; i++) {
		lines[0] += !strcmp(table.fields[i][0], "a run, D.conv2");
		lines[1] += !strcmp(table.fields[i][0], "another, D.conv2");
	}
	assert_int_equal(lines[0], lines[1] + 256 + layer.trace_count);
	assert_int_equal(lines[0] + lines[1] + 2 * 4, table.lines); /* and four headings each */
	free(table.bytes);
}

/* ---- curves */

/* Of a run that lasted from one step to another. */
static struct run_curves curves_between(int64_t first, int64_t last)
{
	struct run_curves curves = {.column_count = 2, .names = {"loss/d", "loss/g"}, .count = (size_t)(last - first + 1)};
	curves.steps = memory_zeroed(curves.count, sizeof *curves.steps);
	curves.times = memory_zeroed(curves.count, sizeof *curves.times);
	curves.values = memory_zeroed(curves.count * CURVES_MAX_COLUMNS, sizeof *curves.values);
	for (size_t i = 0; i < curves.count; i++) {
		curves.steps[i] = first + (int64_t)i;
		curves.values[i * CURVES_MAX_COLUMNS] = 0.5;
		curves.values[i * CURVES_MAX_COLUMNS + 1] = 2;
	}
	return curves;
}

static struct image *draw_chart(const struct run_curves *curves, const struct run_curves *before)
{
	struct error error;
	char path[TEMPORARY_PATH_SIZE];
	const struct figure_chart_run run = {"a run", curves, before};
	const struct figure_chart chart = {chart_kind_find("loss"), &run, 1, NULL, 0};
	text_copy(path, sizeof path, temporary_path(&folder, "chart.png"));
	struct image *picture = figure_chart_write_png(&chart, path, &error) ? picture_read(path, 3, &error) : NULL;
	if (!picture)
		fail_msg("%s", error.text);
	assert_int_equal(unlink(path), 0);
	return picture;
}

/* The first half is grey, and the run's own curve half as long. */
static void a_fork_stands_behind_its_ancestors(void **state)
{
	(void)state;
	struct run_curves whole = curves_between(1, 1000), before = curves_between(1, 500), own = curves_between(501, 1000);
	struct image *alone = draw_chart(&whole, NULL), *fork = draw_chart(&own, &before);
	int grey = count_colour(fork, 128, 128, 128, 0, fork->height) - count_colour(alone, 128, 128, 128, 0, alone->height);
	assert_true(grey > 700 && count_blue(fork) > 700);
	assert_true(count_blue(fork) < count_blue(alone) * 2 / 3);
	image_destroy(alone);
	image_destroy(fork);
	run_curves_clear(&whole);
	run_curves_clear(&before);
	run_curves_clear(&own);
}

/* Rows between points lie between them; a score from before the first point, and one from after the last, beyond. */
static void rows_without_points_have_places(void **state)
{
	(void)state;
	static const double epochs[] = {NAN, 2, NAN, 4, NAN}, places[] = {0, 2, 3, 4, 5};
	struct run_curves curves = curves_between(1, 5);
	double found[5];
	for (int i = 0; i < 5; i++)
		curves.values[i * CURVES_MAX_COLUMNS] = epochs[i]; /* the first column */
	curves.steps[0] = 0;
	curves.steps[1] = 2;
	curves.steps[2] = 3;
	curves.steps[3] = 4;
	run_curves_place(&curves, CHART_EPOCHS, found);
	for (int i = 0; i < 5; i++)
		assert_true(fabs(found[i] - places[i]) < 1e-9);
	run_curves_place(&curves, CHART_STEPS, found);
	assert_true(found[0] == 0 && found[4] == 5);
	curves.values[3 * CURVES_MAX_COLUMNS] = NAN; /* one point tells no pace */
	run_curves_place(&curves, CHART_EPOCHS, found);
	assert_true(isnan(found[0]) && found[1] == 2 && isnan(found[4]));
	run_curves_clear(&curves);
}

/* ---- scores against size */

static void add_size(struct figure_sizes *sizes, const char *name, double bytes, double fid, const char *recipe)
{
	struct run run = {.sizes = {.packed_g = bytes}, .scores = {.best_fid = fid, .best_fid_std = NAN}};
	text_copy(run.name, sizeof run.name, name);
	text_copy(run.scores.identity, sizeof run.scores.identity, recipe);
	figure_sizes_add(sizes, &run);
}

static struct image *draw_sizes(struct figure_sizes *sizes)
{
	struct error error;
	char path[TEMPORARY_PATH_SIZE];
	text_copy(path, sizeof path, temporary_path(&folder, "sizes.png"));
	struct image *picture = figure_sizes_write_png(sizes, path, &error) ? picture_read(path, 3, &error) : NULL;
	if (!picture)
		fail_msg("%s", error.text);
	assert_int_equal(unlink(path), 0);
	return picture;
}

/* What is beaten in both is no part of the front; what was scored otherwise, or has no size, no point. */
static void the_front_is_what_no_run_beats(void **state)
{
	(void)state;
	struct figure_sizes sizes = {0};
	add_size(&sizes, "large", 90000, 20, "a");
	add_size(&sizes, "beaten", 50000, 45, "a");
	add_size(&sizes, "small", 10000, 60, "a");
	add_size(&sizes, "between", 30000, 40, "a");
	add_size(&sizes, "of another recipe", 20000, 1, "b");
	add_size(&sizes, "without a size", NAN, 1, "a");
	add_size(&sizes, "without a score", 20000, NAN, "a");
	assert_true(sizes.count == 4 && sizes.left_out == 1);
	struct image *picture = draw_sizes(&sizes);
	static const struct { const char *name; bool front; } expected[] = {{"small", true}, {"between", true}, {"beaten", false},
		{"large", true}};
	for (int i = 0; i < 4; i++) {
		assert_string_equal(sizes.points[i].name, expected[i].name);
		assert_true(sizes.points[i].front == expected[i].front);
	}
	assert_true(picture->width == FIGURE_SIZES_WIDTH && picture->height == FIGURE_SIZES_HEIGHT);
	assert_true(count_blue(picture) > 1500); /* the front's line, two pixels thick, across most of the picture */
	image_destroy(picture);
	figure_sizes_clear(&sizes);
}

/* Any number of points of any size, on one place or far apart. */
static void sizes_of_any_kind_are_drawn(void **state)
{
	(void)state;
	static const double numbers[][2] = {{1, 1e-6}, {1e12, 1e6}, {5000, 50}, {5000, 50}, {5000, 51}};
	for (int first = 0; first < 5; first++) {
		struct figure_sizes sizes = {0};
		for (int i = first; i < 300; i++)
			add_size(&sizes, first % 2 ? "a name that is as long as the name of any run may ever be, at most" : "x", numbers[i % 5][0],
			         numbers[i % 5][1], "a");
		image_destroy(draw_sizes(&sizes));
		figure_sizes_clear(&sizes);
		add_size(&sizes, "alone", numbers[first][0], numbers[first][1], "");
		image_destroy(draw_sizes(&sizes));
		figure_sizes_clear(&sizes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_font_is_no_silence),
		cmocka_unit_test(a_layer_is_a_histogram_and_bars),
		cmocka_unit_test(bars_are_as_high_as_counts),
		cmocka_unit_test(dead_states_warn),
		cmocka_unit_test(a_second_layer_stands_below),
		cmocka_unit_test(hostile_numbers_are_drawn),
		cmocka_unit_test(names_may_be_any_bytes),
		cmocka_unit_test(places_that_cannot_be_written_are_named),
		cmocka_unit_test(tables_hold_every_number),
		cmocka_unit_test(two_layers_share_a_table),
		cmocka_unit_test(a_fork_stands_behind_its_ancestors),
		cmocka_unit_test(rows_without_points_have_places),
		cmocka_unit_test(the_front_is_what_no_run_beats),
		cmocka_unit_test(sizes_of_any_kind_are_drawn),
	};
	return cmocka_run_group_tests(tests, create_folder, remove_folder);
}
