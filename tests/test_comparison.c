/* app/comparison: what the comparison shows is what the store holds, piece by piece; groups of seeds, recipes, the front of
 * scores against size, strips under a scrubber, runs that grow. */
#include <unistd.h>

#include "tests/store_fixture.h"

#include "app/comparison.h"
#include "app/comparison_strips.h"
#include "app/inspector.h"
#include "app/settings.h"
#include "engine/base/memory.h"
#include "engine/data/picture_file.h"

enum { TILE = 4, TILES = 9, TILE_COLUMNS = 3 };

static int64_t add_run(struct store *store, const char *name, uint64_t seed, int g_bits, enum run_status status)
{
	struct gan_settings settings;
	struct run run = new_run(name);
	struct error error;
	settings_set_defaults(&settings);
	settings.seed = run.seed = seed;
	settings.bits[NETWORK_G] = run.g_bits = g_bits;
	run.status = status;
	run.config_json = settings_to_text(&settings);
	assert_true(store_insert_run(store, &run, true, &error));
	run_clear(&run);
	return run.id;
}

static void add_points(struct store *store, int64_t run, int64_t first, int64_t last, double loss)
{
	struct error error;
	for (int64_t step = first; step <= last; step++) {
		struct metric_point point = {.step = step, .time = 1000 + (double)step, .epochs = (double)step / 100, .loss_d = loss,
			.loss_g = 2 * loss + (step == 77 ? 50 : 0), .d_real = 0.7, .d_fake = 0.2, .images_per_second = 128 * 4};
		assert_true(store_insert_metrics(store, run, &point, 1, &error));
	}
}

/* Every tile of one grey: 10 x its number + the step's last digit. */
static void add_sample(struct store *store, int64_t run, int64_t step)
{
	struct error error;
	struct image *grid = image_create(TILE * TILE_COLUMNS, TILE * TILES / TILE_COLUMNS, 1, &error);
	struct text png = {0};
	for (int y = 0; y < grid->height; y++)
		for (int x = 0; x < grid->width; x++)
			grid->pixels[y * grid->width + x] = (uint8_t)(10 * (y / TILE * TILE_COLUMNS + x / TILE) + step % 10);
	assert_true(picture_encode_png(grid, &png, &error));
	struct sample sample = {.step = step, .tiles = TILES, .columns = TILE_COLUMNS, .diversity = NAN, .png = (uint8_t *)png.bytes,
		.png_size = png.length};
	assert_true(store_insert_sample(store, run, &sample, &error));
	text_clear(&png);
	image_destroy(grid);
}

static void add_score(struct store *store, int64_t run, int64_t step, double fid, const char *features)
{
	struct error error;
	struct score score = {.step = step, .live = true, .samples = 100, .reference_samples = 100, .splits = 10, .dimensions = 64,
		.fid = fid, .fid_std = 1, .kid = NAN, .kid_std = NAN, .is_mean = fid / 10, .is_std = 0.1, .seconds = 1};
	text_copy(score.recipe, sizeof score.recipe, "standard");
	text_copy(score.features, sizeof score.features, features);
	text_copy(score.reference, sizeof score.reference, "shapes");
	text_copy(score.split, sizeof score.split, "train");
	assert_true(store_insert_score(store, run, &score, &error));
}

static void add_layer(struct store *store, int64_t run, int64_t step, int64_t weights, int bits)
{
	struct error error;
	const double levels[2] = {-1, 1};
	const int64_t counts[2] = {weights / 2, weights - weights / 2}, histogram[1] = {weights};
	struct layer_stats stats = {.step = step, .network = 'G', .layer = "deconv1", .shape = "1x1", .quantizer = "em", .bits = bits,
		.alpha = 2, .beta = -1, .mse = 0.1, .variance = 1, .sqnr_db = 10, .utilization = 1, .flips = NAN, .states = 2, .groups = 1,
		.weights = weights, .packed_bytes = (double)weights * bits / 8, .levels = levels, .counts = counts, .bins = 1,
		.histogram = histogram, .histogram_min = -1, .histogram_max = 1};
	assert_true(store_insert_layer_stats(store, run, &stats, 1, &error));
}

static void add_change(struct store *store, int64_t run, int64_t step, const char *field, const char *value)
{
	struct error error;
	struct journal_entry entry = {.step = step, .time = 5};
	text_copy(entry.kind, sizeof entry.kind, "set-bits");
	text_copy(entry.field, sizeof entry.field, field);
	text_copy(entry.value, sizeof entry.value, value);
	assert_true(store_insert_journal(store, run, &entry, &error));
}

static struct comparison *compare(struct store *store, const int64_t runs[], size_t count)
{
	struct error error = {0};
	struct comparison *comparison = comparison_create(store, NULL, runs, count, &error);
	if (!comparison)
		fail_msg("%s", error.text);
	return comparison;
}

static const struct view_compare *finish(struct comparison *comparison)
{
	int pieces = 0;
	while (comparison_work(comparison))
		assert_true(++pieces < 1000);
	assert_false(comparison_waits(comparison));
	const struct view_compare *view = comparison_view(comparison);
	assert_false(view->loading);
	assert_string_equal(view->message, "");
	return view;
}

static const struct view_setting *setting(const struct view_compare *view, const char *name)
{
	for (int i = 0; i < view->setting_count; i++)
		if (!strcmp(view->settings[i].name, name))
			return &view->settings[i];
	fail_msg("no setting %s", name);
	return NULL;
}

static void settings_are_there_at_once(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t runs[3] = {add_run(store, "a", 7, 2, RUN_FINISHED), add_run(store, "b", 8, 2, RUN_STOPPED),
		add_run(store, "c", 7, 4, RUN_FINISHED)};
	struct comparison *comparison = compare(store, runs, 3);
	const struct view_compare *view = comparison_view(comparison);
	assert_int_equal(view->count, 3);
	assert_true(view->loading && comparison_waits(comparison));
	assert_string_equal(view->runs[1].name, "b");
	assert_string_equal(view->runs[1].status, "stopped");
	assert_true(setting(view, "seed")->differs);
	assert_string_equal(setting(view, "seed")->values[1], "8");
	assert_true(setting(view, "g-bits")->differs);
	assert_string_equal(setting(view, "g-bits")->values[2], "4");
	assert_false(setting(view, "d-bits")->differs);
	assert_false(setting(view, "forked from")->differs);
	/* a and b are seeds of one setting */
	assert_true(view->runs[0].group == 0 && view->runs[1].group == 0 && view->runs[2].group == 2);
	assert_false(view->same_noise);
	comparison_destroy(comparison);
	comparison = compare(store, (int64_t[]){runs[0], runs[2]}, 2);
	assert_true(comparison_view(comparison)->same_noise);
	comparison_destroy(comparison);
	struct error error = {0};
	assert_null(comparison_create(store, NULL, (int64_t[]){runs[0], 99}, 2, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	store_close(store);
}

static void everything_recorded_is_shown(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t runs[2] = {add_run(store, "a", 7, 2, RUN_FINISHED), add_run(store, "b", 7, 1, RUN_FINISHED)};
	add_points(store, runs[0], 1, 200, 0.5);
	add_points(store, runs[1], 1, 100, 1.5);
	add_change(store, runs[0], 20, "g-bits", "2");
	add_change(store, runs[0], 20, "state", "paused");
	add_change(store, runs[0], 40, "quantizer", "log");
	add_layer(store, runs[0], 100, 1000, 2);
	add_layer(store, runs[1], 100, 1000, 1);
	for (int64_t step = 50; step <= 200; step += 50)
		add_score(store, runs[0], step, 100 - (double)step / 10, "classifier");
	struct comparison *comparison = compare(store, runs, 2);
	const struct view_compare *view = finish(comparison);
	const struct view_compared *a = &view->runs[0], *b = &view->runs[1];
	assert_true(a->loaded && b->loaded);
	assert_int_equal(a->curves[VIEW_LOSS_G].count, 200);
	double low, high;
	assert_true(series_range(&a->curves[VIEW_LOSS_G], 0, 300, &low, &high) && low == 1 && high == 51);
	assert_true(series_range(&b->curves[VIEW_LOSS_D], 0, 300, &low, &high) && low == 1.5 && high == 1.5);
	assert_int_equal(b->curves[VIEW_LOSS_D].buckets[b->curves[VIEW_LOSS_D].count - 1].last_step, 100);
	/* 128 pictures a step at 512 a second: a quarter of a second a step */
	assert_true(fabs(a->seconds.last - 50) < 0.01);
	assert_int_equal(a->tweak_count, 2);
	assert_string_equal(a->tweaks[0].label, "G>2");
	assert_string_equal(a->tweaks[1].label, "Q>log");
	assert_int_equal(a->tweaks[1].step, 40);
	assert_int_equal(b->tweak_count, 0);
	assert_int_equal(a->layer_count[VIEW_G], 1);
	assert_int_equal(a->layers[VIEW_G][0].counts[0], 500);
	assert_true(a->packed_bytes == 250 && b->packed_bytes == 125 && a->float_bytes == 4000);
	assert_int_equal(a->curves[VIEW_FID].count, 4);
	assert_int_equal(a->curves[VIEW_KID].count, 0); /* not known */
	assert_true(series_range(&a->curves[VIEW_SPEED], 0, 300, &low, &high) && low == 512 && high == 512);
	assert_true(a->fid == 80 && a->best_fid == 80 && a->is == 8 && a->best_is == 9.5);
	assert_true(isnan(b->fid) && b->recipe_number == 0 && a->recipe_number == 1);
	assert_int_equal(view->point_count, 1);
	comparison_destroy(comparison);
	store_close(store);
}

/* Smaller and better beats; another recipe's scores beat nothing. */
static void the_front_is_of_one_recipe(void **state)
{
	struct store *store = open_for_writing(state);
	static const struct { int64_t weights; double fid; const char *features; bool front; } rows[] = {
		{1000, 90, "classifier", true}, {2000, 95, "classifier", false}, {3000, 50, "classifier", true},
		{4000, 70, "inception", true}, {5000, 60, "classifier", false}, {6000, 20, "classifier", true},
	};
	enum { RUNS = sizeof rows / sizeof *rows };
	int64_t runs[RUNS + 6];
	for (int i = 0; i < RUNS + 6; i++) {
		char name[8];
		snprintf(name, sizeof name, "r%d", i);
		runs[i] = add_run(store, name, 7, 2, RUN_FINISHED);
		if (i < RUNS) {
			add_layer(store, runs[i], 10, rows[i].weights, 8);
			add_score(store, runs[i], 10, rows[i].fid, rows[i].features);
		}
	}
	struct comparison *comparison = compare(store, runs, RUNS + 6);
	const struct view_compare *view = finish(comparison);
	assert_int_equal(view->count, VIEW_COMPARED);
	assert_int_equal(view->marked, RUNS + 6);
	assert_int_equal(view->point_count, RUNS);
	for (int i = 0; i < RUNS; i++) {
		assert_int_equal(view->points[i].run, i);
		assert_true(view->points[i].fid == rows[i].fid && view->points[i].front == rows[i].front);
	}
	assert_int_equal(view->runs[3].recipe_number, 2);
	assert_int_equal(view->runs[4].recipe_number, 1);
	comparison_destroy(comparison);
	store_close(store);
}

/* A fork counts on where its parent was: the parent took 128 images and a quarter of a second a step. */
static void forks_count_on_from_their_parents(void **state)
{
	struct store *store = open_for_writing(state);
	struct error error = {0};
	int64_t parent = add_run(store, "parent", 7, 2, RUN_FINISHED);
	struct run run = new_run("fork");
	run.parent_id = parent;
	run.parent_step = 100;
	run.batch = 64;
	assert_true(store_insert_run(store, &run, true, &error));
	add_points(store, parent, 1, 150, 0.5);
	add_points(store, run.id, 101, 200, 0.5);
	struct comparison *comparison = compare(store, (int64_t[]){parent, run.id}, 2);
	const struct view_compare *view = finish(comparison);
	double low, high;
	assert_true(series_range(&view->runs[0].images, 100, 100, &low, &high) && low == 12800);
	assert_true(series_range(&view->runs[1].images, 101, 101, &low, &high) && low == 12800 + 64);
	assert_true(series_range(&view->runs[1].images, 200, 200, &low, &high) && low == 12800 + 6400);
	assert_true(series_range(&view->runs[1].seconds, 200, 200, &low, &high) && fabs(low - 25 - 12.5) < 0.01);
	assert_true(series_range(&view->runs[1].epochs, 150, 150, &low, &high) && low == 1.5);
	comparison_destroy(comparison);
	store_close(store);
}

static uint8_t pixel(const struct image *image, int x, int y) { return image->pixels[y * image->width + x]; }

static void strips_follow_the_scrubber(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t runs[2] = {add_run(store, "a", 7, 2, RUN_FINISHED), add_run(store, "b", 7, 1, RUN_FINISHED)};
	for (int64_t step = 101; step <= 105; step += 2)
		add_sample(store, runs[0], step);
	add_sample(store, runs[1], 102);
	add_layer(store, runs[0], 102, 8, 2);
	add_layer(store, runs[0], 106, 8, 1);
	struct comparison *comparison = compare(store, runs, 2);
	const struct view_compare *view = finish(comparison);
	assert_true(view->first_sample == 101 && view->last_sample == 105);
	assert_int_equal(view->runs[0].layers_step, 106); /* the newest, until somebody looks back */
	/* the latest step that both reach */
	assert_true(view->scrub == 102 && view->runs[0].sample_step == 101 && view->runs[1].sample_step == 102);
	const struct image *strips = view->strips;
	int margin = TILE / 2 + 2, strip = 3 * TILE + 2;
	assert_int_equal(strips->width, margin + 12 * TILE);
	assert_int_equal(strips->height, 2 * strip - 2);
	assert_int_equal(pixel(strips, margin, 0), 1);
	assert_int_equal(pixel(strips, margin + 5 * TILE, 0), 51);
	assert_int_equal(pixel(strips, margin + 5 * TILE + TILE - 1, strip + TILE - 1), 52);
	assert_int_equal(pixel(strips, margin + TILES * TILE, 0), 0);
	unsigned version = view->strips_version;
	assert_true(comparison_scrub(comparison, ACTION_COMPARE_AFTER));
	finish(comparison);
	assert_true(view->scrub == 103 && view->runs[0].sample_step == 103 && view->runs[1].sample_step == 102);
	assert_int_not_equal(view->strips_version, version);
	assert_int_equal(pixel(view->strips, margin, 0), 3);
	assert_true(view->runs[0].layers_step == 102 && view->runs[0].layer_count[VIEW_G] == 1 && view->runs[1].layer_count[VIEW_G] == 0);
	assert_true(comparison_scrub(comparison, ACTION_COMPARE_FIRST));
	finish(comparison);
	assert_true(view->scrub == 101 && view->runs[1].sample_step == -1);
	assert_int_equal(pixel(view->strips, margin + 5 * TILE, strip), 0);
	assert_int_equal(view->runs[0].layer_count[VIEW_G], 0); /* none so early */
	assert_false(comparison_scrub(comparison, ACTION_COMPARE_BEFORE));
	assert_true(comparison_scrub(comparison, ACTION_COMPARE_LAST));
	assert_false(comparison_scrub(comparison, ACTION_COMPARE_AFTER));
	assert_int_equal(finish(comparison)->scrub, 105);
	assert_int_equal(view->runs[0].layers_step, 106);
	comparison_destroy(comparison);
	store_close(store);
}

static void runs_without_samples_have_no_strips(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t runs[2] = {add_run(store, "a", 7, 2, RUN_FINISHED), add_run(store, "b", 7, 1, RUN_FINISHED)};
	struct comparison *comparison = compare(store, runs, 2);
	const struct view_compare *view = finish(comparison);
	assert_true(view->last_sample == -1 && !view->strips && view->point_count == 0);
	assert_false(comparison_scrub(comparison, ACTION_COMPARE_LAST));
	assert_false(comparison_scrub(comparison, ACTION_COMPARE_BEFORE));
	comparison_destroy(comparison);
	store_close(store);
}

/* A live run is read again when the store has changed; a finished one is not. */
static void live_runs_grow(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t runs[2] = {add_run(store, "a", 7, 2, RUN_LIVE), add_run(store, "b", 7, 1, RUN_FINISHED)};
	add_points(store, runs[0], 1, 10, 0.5);
	add_points(store, runs[1], 1, 10, 0.5);
	add_sample(store, runs[0], 10);
	struct comparison *comparison = compare(store, runs, 2);
	const struct view_compare *view = finish(comparison);
	assert_true(view->scrub == 10 && view->runs[0].curves[VIEW_LOSS_D].count == 10);
	add_points(store, runs[0], 11, 20, 0.25);
	add_points(store, runs[1], 11, 20, 0.25);
	add_sample(store, runs[0], 20);
	add_change(store, runs[0], 15, "d-bits", "1");
	comparison_refresh(comparison);
	assert_true(comparison_waits(comparison));
	finish(comparison);
	assert_int_equal(view->runs[0].curves[VIEW_LOSS_D].count, 20);
	assert_int_equal(view->runs[1].curves[VIEW_LOSS_D].count, 10);
	assert_int_equal(view->runs[0].tweak_count, 1);
	/* the strips were at the newest step and stay there */
	assert_int_equal(view->scrub, 20);
	assert_true(comparison_scrub(comparison, ACTION_COMPARE_FIRST));
	finish(comparison);
	add_sample(store, runs[0], 30);
	comparison_refresh(comparison);
	assert_true(finish(comparison)->scrub == 10 && view->last_sample == 30);
	comparison_destroy(comparison);
	store_close(store);
}

/* ---- one noise for runs of different seeds */

enum { DRAWN_TILES = 36, DRAWN_SIZE = 32 };

/* A checkpoint of untrained networks under a seed. */
static void add_checkpoint(struct store *store, int64_t id, int64_t step, uint64_t seed)
{
	static uint8_t pixels[8 * DRAWN_SIZE * DRAWN_SIZE];
	const struct dataset dataset = {.spec = "shapes", .kind = "made-up", .size = DRAWN_SIZE, .channels = 1, .count = 8, .pixels = pixels};
	struct gan_settings settings;
	struct error error = {0};
	struct run run = {0};
	struct checkpoint_row row = {.step = step};
	char name[24];
	settings_set_defaults(&settings);
	settings.width = 4;
	settings.batch = 8;
	settings.threads = 1;
	settings.channels = 1;
	settings.seed = seed;
	text_copy(settings.data, sizeof settings.data, "shapes");
	snprintf(name, sizeof name, "%lld", (long long)id);
	assert_true(store_find_run(store, name, &run, &error));
	assert_true(store_checkpoint_path(store, &run, step, row.path, &error));
	struct trainer *trainer = trainer_create(&settings, &dataset, NULL, &error);
	struct checkpoint *state = trainer ? trainer_checkpoint(trainer, &error) : NULL;
	if (!state || !checkpoint_write(state, row.path, row.hash, &row.bytes, &error) || !store_insert_checkpoint(store, id, &row, &error))
		fail_msg("%s", error.text);
	checkpoint_destroy(state);
	trainer_destroy(trainer);
	run_clear(&run);
}

/* What the checkpoint's generator draws from the noise of a seed. */
static struct image *draw(struct store *store, int64_t run, int64_t step, uint64_t seed)
{
	struct error error = {0};
	struct checkpoint_row row;
	assert_true(store_find_checkpoint(store, run, step, &row, &error));
	struct checkpoint *state = checkpoint_read(row.path, row.hash, &error);
	struct inspection *inspection = state ? inspection_create(state, 1, &error) : NULL;
	struct image *grid = inspection ? inspection_sample(inspection, &(struct what_if){.network = NETWORK_G, .layer = -1}, DRAWN_TILES,
	                                                    seed, &error) : NULL;
	if (!grid)
		fail_msg("%s", error.text);
	inspection_destroy(inspection);
	checkpoint_destroy(state);
	return grid;
}

static void assert_strip(const struct view_compare *view, int index, const struct image *grid)
{
	int margin = DRAWN_SIZE / 2 + 2, top = index * (3 * DRAWN_SIZE + 2); /* two runs: three rows of twelve each */
	for (int tile = 0; tile < DRAWN_TILES; tile++)
		for (int x = 0; x < DRAWN_SIZE; x += 5)
			assert_int_equal(pixel(view->strips, margin + tile % 12 * DRAWN_SIZE + x, top + tile / 12 * DRAWN_SIZE + 7),
				pixel(grid, tile % 6 * DRAWN_SIZE + x, tile / 6 * DRAWN_SIZE + 7));
}

static const struct view_compare *finish_drawing(struct comparison *comparison, struct inspector *inspector)
{
	do
		while (comparison_work(comparison))
			continue;
	while (inspector_run_inline(inspector));
	return comparison_view(comparison);
}

static void seeds_are_drawn_from_one_noise(void **state)
{
	struct store *store = open_for_writing(state);
	struct error error = {0};
	int64_t runs[2] = {add_run(store, "a", 7, 32, RUN_FINISHED), add_run(store, "b", 8, 32, RUN_FINISHED)};
	add_sample(store, runs[0], 50);
	add_sample(store, runs[1], 50);
	add_checkpoint(store, runs[0], 20, 7);
	add_checkpoint(store, runs[0], 40, 17);
	add_checkpoint(store, runs[1], 30, 8);
	struct inspector *inspector = inspector_create_inline(&error);
	struct comparison *comparison = comparison_create(store, inspector, runs, 2, &error);
	assert_non_null(comparison);
	assert_true(comparison_view(comparison)->drawn && comparison_view(comparison)->may_draw);
	const struct view_compare *view = finish_drawing(comparison, inspector);
	assert_string_equal(view->message, "");
	assert_false(view->loading || view->drawing);
	/* the latest step that both have been at; of either what it saved nearest to it */
	assert_true(view->scrub == 30 && view->runs[0].sample_step == 20 && view->runs[1].sample_step == 30);
	struct image *first = draw(store, runs[0], 20, 7), *second = draw(store, runs[1], 30, 7), *later = draw(store, runs[0], 40, 7);
	assert_strip(view, 0, first);
	assert_strip(view, 1, second);
	/* scrubbing faster than pictures come: only the last place counts */
	assert_true(comparison_scrub(comparison, ACTION_COMPARE_FIRST));
	while (comparison_work(comparison))
		continue;
	assert_true(view->scrub == 20 && view->runs[0].sample_step == 20 && view->runs[1].sample_step == 30);
	assert_true(comparison_scrub(comparison, ACTION_COMPARE_LAST));
	finish_drawing(comparison, inspector);
	assert_true(view->scrub == 40 && view->runs[0].sample_step == 40 && view->runs[1].sample_step == 30);
	assert_strip(view, 0, later);
	assert_strip(view, 1, second);
	/* what was recorded, and back */
	assert_true(comparison_change_noise(comparison, &error));
	finish_drawing(comparison, inspector);
	assert_true(!view->drawn && view->last_sample == 50 && pixel(view->strips, TILE / 2 + 2 + 5 * TILE, 0) == 50);
	assert_true(comparison_change_noise(comparison, &error) && view->drawn);
	finish_drawing(comparison, inspector);
	assert_strip(view, 1, second);
	image_destroy(first);
	image_destroy(second);
	image_destroy(later);
	comparison_destroy(comparison);
	inspector_destroy(inspector);
	store_close(store);
}

/* A file that is gone or damaged is told, and takes nothing else away. */
static void a_checkpoint_that_cannot_be_read_is_told(void **state)
{
	struct store *store = open_for_writing(state);
	struct error error = {0};
	struct checkpoint_row row;
	int64_t runs[3] = {add_run(store, "a", 7, 32, RUN_FINISHED), add_run(store, "b", 8, 32, RUN_FINISHED),
		add_run(store, "c", 9, 32, RUN_FINISHED)};
	add_checkpoint(store, runs[0], 20, 7);
	add_checkpoint(store, runs[1], 20, 8);
	assert_true(store_find_checkpoint(store, runs[0], 20, &row, &error) && truncate(row.path, 100) == 0);
	struct inspector *inspector = inspector_create_inline(&error);
	struct comparison *comparison = comparison_create(store, inspector, runs, 2, &error);
	const struct view_compare *view = finish_drawing(comparison, inspector);
	assert_true(view->drawn && strncmp(view->message, "a: ", 3) == 0);
	assert_true(view->runs[0].sample_step == -1 && view->runs[1].sample_step == 20 && !view->drawing);
	comparison_destroy(comparison);
	/* one without a checkpoint: what was recorded, and why there is no more */
	comparison = comparison_create(store, inspector, (int64_t[]){runs[1], runs[2]}, 2, &error);
	assert_false(comparison_view(comparison)->drawn || comparison_view(comparison)->may_draw);
	assert_false(comparison_change_noise(comparison, &error));
	assert_string_equal(error.text, "no checkpoint of c is there to draw from");
	comparison_destroy(comparison);
	comparison = comparison_create(store, inspector, (int64_t[]){runs[1], runs[1]}, 2, &error);
	assert_false(comparison_change_noise(comparison, &error));
	assert_string_equal(error.text, "the recorded samples are of the same noise already");
	comparison_destroy(comparison);
	inspector_destroy(inspector);
	store_close(store);
}

/* Small pictures grow by whole multiples beside large ones, grey beside colour, odd grids break nothing. */
static void strips_of_unlike_grids(void **state)
{
	(void)state;
	struct image *grey = image_create(4, 4, 1, NULL), *colour = image_create(8, 4, 3, NULL), *low = image_create(4, 2, 1, NULL);
	memset(grey->pixels, 90, 16);
	memset(low->pixels, 60, 8);
	for (int i = 0; i < 96; i++)
		colour->pixels[i] = (uint8_t)(i % 3 * 50);
	struct strip_source sources[] = {{grey, 4, 2}, {colour, 2, 2}, {NULL, 0, 0}, {low, 9, 1}, {grey, 4, 0}};
	struct image *strips = strips_compose(sources, 5);
	assert_int_equal(strips->channels, 3);
	assert_int_equal(strips->width, 4 + 12 * 4);
	assert_int_equal(strips->height, 5 * 6 - 2);
	const uint8_t *first = strips->pixels + 3 * 4, *second = strips->pixels + 3 * (6 * strips->width + 4);
	assert_true(first[0] == 90 && first[1] == 90 && first[2] == 90);
	assert_true(second[0] == 0 && second[1] == 50 && second[2] == 100);
	image_destroy(strips);
	assert_null(strips_compose(sources + 2, 1));
	assert_null(strips_compose(sources, 0));
	image_destroy(grey);
	image_destroy(colour);
	image_destroy(low);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(settings_are_there_at_once),
		IN_FOLDER(everything_recorded_is_shown),
		IN_FOLDER(forks_count_on_from_their_parents),
		IN_FOLDER(the_front_is_of_one_recipe),
		IN_FOLDER(strips_follow_the_scrubber),
		IN_FOLDER(runs_without_samples_have_no_strips),
		IN_FOLDER(live_runs_grow),
		IN_FOLDER(seeds_are_drawn_from_one_noise),
		IN_FOLDER(a_checkpoint_that_cannot_be_read_is_told),
		cmocka_unit_test(strips_of_unlike_grids),
	};
	return cmocka_run_group_tests_name("comparison", tests, NULL, NULL);
}
