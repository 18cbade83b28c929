/* The comparison: compared with golden files, tried with anything at every size, steered by scripted keys. */
#include <math.h>
#include <time.h>

#include "tests/golden_screens.h"

#include "tests/compare_fixture.h"
#include "ui/keymap.h"

enum { PANES = 6 };

/* ---- golden screens */

static void press_keys(struct screen_state *state, const struct view *view, const char *keys)
{
	const struct screen *screen = screen_named("compare");
	char copy[64], *rest = NULL;
	snprintf(copy, sizeof copy, "%s", keys);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		uint32_t key = 0;
		struct action_request out = {0};
		assert_true(keymap_parse(word, &key));
		assert_true(screen->act(state, view, keymap_resolve(SCOPE_COMPARE, key), &out));
	}
}

#define SCENE(function, count, keys) \
	static void function(struct view *view, struct screen_state *state, struct dialog *dialog) \
	{ \
		(void)dialog; \
		fixture_compare(view, count); \
		press_keys(state, view, keys); \
	}

SCENE(compare_four, 4, "")
SCENE(compare_curves, 4, "Tab")
SCENE(compare_samples, 4, "Tab Tab")
SCENE(compare_smoothed, 4, "Tab z W W W")
SCENE(compare_states, 4, "Tab Tab Tab Right Down")
SCENE(compare_journal, 4, "S-Tab S-Tab")
SCENE(compare_sizes, 4, "S-Tab")
SCENE(compare_all_settings, 4, "d")
SCENE(compare_scores, 4, "Tab v v v v")
SCENE(compare_seeds, 2, "m")
SCENE(compare_eight, 8, "")
SCENE(compare_zoomed, 4, "Tab z W W W c Left Left")

static void compare_recipes(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	struct view_compare *compare = fixture_compare(view, 3);
	compare->runs[2].recipe_number = 2;
	text_copy(compare->runs[2].recipe, sizeof compare->runs[2].recipe,
	          "inception 6726825d, 50000 pictures in 10 splits, against cifar10 train 9f86d081");
	for (int i = 0; i < compare->point_count; i++)
		compare->points[i].recipe_number = compare->runs[compare->points[i].run].recipe_number;
	press_keys(state, view, "v v v v");
}

static void compare_drawn(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	struct view_compare *compare = fixture_compare(view, 2);
	compare->may_draw = compare->drawn = true;
	press_keys(state, view, "Tab Tab");
}

/* Fresh runs: nothing was recorded but their settings. */
static void compare_fresh(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	struct view_compare *compare = fixture_compare(view, 2);
	for (int i = 0; i < 2; i++) {
		struct view_compared fresh = {.id = i + 1, .loaded = true, .group = i, .fid = NAN, .fid_std = NAN, .best_fid = NAN,
			.best_fid_std = NAN, .is = NAN, .is_std = NAN, .best_is = NAN, .best_is_std = NAN, .packed_bytes = NAN,
			.float_bytes = NAN, .sample_step = -1, .status = "live"};
		snprintf(fresh.name, sizeof fresh.name, "fresh-%d", i);
		compare->runs[i] = fresh;
	}
	compare->point_count = 0;
	compare->strips = NULL;
	compare->first_sample = compare->last_sample = compare->scrub = -1;
}

static void compare_loading(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	compare_fresh(view, state, dialog);
	struct view_compare *compare = (struct view_compare *)view->compare;
	compare->loading = true;
	compare->runs[0].loaded = compare->runs[1].loaded = false;
	compare->marked = 12;
}

static void no_runs(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->run = (struct view_run){.state = VIEW_NOTHING};
	fixture_list(view)->view.count = 0;
	view->log_count = 0;
}

static const struct scene scenes[] = {
	{"compare-80x24", "compare", 80, 24, .change = compare_four},
	{"compare-curves-80x24", "compare", 80, 24, .change = compare_curves},
	{"compare-samples-80x24", "compare", 80, 24, .change = compare_samples},
	{"compare-drawn-80x24", "compare", 80, 24, .change = compare_drawn},
	{"compare-drawn-150x44", "compare", 150, 44, .change = compare_drawn},
	{"compare-smoothed-100x30", "compare", 100, 30, .change = compare_smoothed},
	{"compare-smoothed-ascii-80x24", "compare", 80, 24, .ascii = true, .change = compare_smoothed},
	{"compare-states-80x24", "compare", 80, 24, .change = compare_states},
	{"compare-journal-80x24", "compare", 80, 24, .change = compare_journal},
	{"compare-sizes-80x24", "compare", 80, 24, .change = compare_sizes},
	{"compare-ascii-80x24", "compare", 80, 24, .ascii = true, .change = compare_four},
	{"compare-ascii-curves-80x24", "compare", 80, 24, .ascii = true, .change = compare_curves},
	{"compare-ascii-sizes-80x24", "compare", 80, 24, .ascii = true, .change = compare_sizes},
	{"compare-150x44", "compare", 150, 44, .change = compare_four},
	{"compare-all-settings-150x44", "compare", 150, 44, .change = compare_all_settings},
	{"compare-scores-110x32", "compare", 110, 32, .change = compare_scores},
	{"compare-seeds-150x44", "compare", 150, 44, .change = compare_seeds},
	{"compare-recipes-150x44", "compare", 150, 44, .change = compare_recipes},
	{"compare-eight-150x44", "compare", 150, 44, .change = compare_eight},
	{"compare-eight-80x24", "compare", 80, 24, .change = compare_eight},
	{"compare-zoomed-150x44", "compare", 150, 44, .change = compare_zoomed},
	{"compare-300x100", "compare", 300, 100, .change = compare_eight},
	{"compare-fresh-150x44", "compare", 150, 44, .change = compare_fresh},
	{"compare-loading-150x44", "compare", 150, 44, .change = compare_loading},
	{"compare-nothing-80x24", "compare", 80, 24},
	{"compare-no-runs-80x24", "compare", 80, 24, .change = no_runs},
	{"compare-40x10", "compare", 40, 10, .change = compare_four},
	{"compare-help-80x24", "compare", 80, 24, .change = compare_four, .help = true},
	{"compare-too-small-20x5", "compare", 20, 5, .change = compare_four},
};

static void screens_look_as_agreed(void **state)
{
	(void)state;
	int different = 0;
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
		different += count_different(&scenes[i], 1);
	assert_int_equal(different, 0);
}

/* ---- robustness */

/* Only the strips are ever shown as a picture, and inside the canvas. */
static void draw_on(struct screen_state *state, const struct view *view, int width, int height)
{
	struct canvas *canvas = canvas_create(width, height, random_below(2));
	struct picture_request picture = {0};
	screen_named("compare")->draw(state, view, canvas, &picture);
	assert_true(!picture.image || picture.image == view->compare->strips);
	shade_picture(canvas, &picture);
	canvas_destroy(canvas);
}

static void act_randomly(struct screen_state *state, const struct view *view)
{
	for (int i = 0; i < 6; i++) {
		struct action_request out = {0};
		screen_named("compare")->act(state, view, (enum action)random_below(ACTION_COUNT), &out);
		assert_in_range(out.action, ACTION_NONE, ACTION_COUNT - 1);
	}
}

static void anything_is_drawn_at_every_size(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct view_compare *compare = fixture_compare(view, 4);
	for (int width = 40; width <= 70; width += 3)
		for (int height = 10; height <= 40; height += height < 14 ? 1 : 5)
			for (int pane = 0; pane < PANES; pane++) {
				draw_on(memory, view, width, height);
				press_keys(memory, view, "Tab");
			}
	const struct image *strips = compare->strips;
	for (int round = 0; round < 150; round++) {
		compare->strips = strips;
		random_compare(compare);
		act_randomly(memory, view);
		draw_on(memory, view, 1 + (int)random_below(200), 1 + (int)random_below(70));
	}
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* ---- what must be seen */

static char *draw_text(struct screen_state *state, const struct view *view, int width, int height, bool unicode)
{
	struct canvas *canvas = canvas_create(width, height, unicode);
	struct picture_request picture = {0};
	screen_named("compare")->draw(state, view, canvas, &picture);
	char *text = canvas_to_text(canvas);
	canvas_destroy(canvas);
	return text;
}

static void assert_drawn(struct screen_state *state, const struct view *view, int width, int height, const char *words, bool there)
{
	char *text = draw_text(state, view, width, height, true);
	if ((strstr(text, words) != NULL) != there)
		print_error("%s \"%s\" in:\n%s", there ? "missing" : "unwanted", words, text);
	assert_true((strstr(text, words) != NULL) == there);
	free(text);
}

static void only_what_differs_is_listed(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	fixture_compare(view, 2); /* they differ in the seed alone */
	press_keys(memory, view, "z");
	assert_drawn(memory, view, 80, 36, "seed              7", true);
	assert_drawn(memory, view, 80, 36, "quantizer", false);
	assert_drawn(memory, view, 80, 36, "1 of 9 differ", true);
	press_keys(memory, view, "d");
	assert_drawn(memory, view, 80, 36, "quantizer", true);
	press_keys(memory, view, "d");
	assert_drawn(memory, view, 80, 36, "quantizer", false);
	struct view_compare *compare = (struct view_compare *)view->compare;
	for (int i = 0; i < compare->setting_count; i++)
		compare->settings[i].differs = false;
	assert_drawn(memory, view, 80, 36, "no setting differs: the same training", true);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* Losses 2 and 4 over two seeds: mean 3, sample deviation 1.414; FIDs of another recipe are no part of a mean. */
static void seeds_have_a_mean_and_a_spread(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct view_compare *compare = fixture_compare(view, 3);
	press_keys(memory, view, "z");
	for (int i = 0; i < 2; i++) {
		series_reset(&compare->runs[i].curves[VIEW_LOSS_D]);
		series_append(&compare->runs[i].curves[VIEW_LOSS_D], 10, 2 + 2 * i);
	}
	compare->runs[0].best_fid = 50;
	compare->runs[1].best_fid = 56;
	assert_drawn(memory, view, 130, 40, "12 mean \xc2\xb1 sd", true);
	assert_drawn(memory, view, 130, 40, "3.0 \xc2\xb1" "1.4", true);
	assert_drawn(memory, view, 130, 40, "53.0 \xc2\xb1" "4.2", true);
	compare->runs[1].recipe_number = 2;
	assert_drawn(memory, view, 130, 40, "53.0 \xc2\xb1" "4.2", false);
	/* the float run belongs to nobody's group */
	press_keys(memory, view, "Tab m");
	assert_drawn(memory, view, 130, 40, "mean and range over seeds", true);
	compare->runs[1].group = 1;
	assert_drawn(memory, view, 130, 40, "mean and range over seeds", false);
	assert_drawn(memory, view, 130, 40, "\xc2\xb1 sd", false);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static void mixed_recipes_are_told(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct view_compare *compare = fixture_compare(view, 2);
	press_keys(memory, view, "z");
	assert_drawn(memory, view, 150, 44, "not to be compared", false);
	assert_drawn(memory, view, 150, 44, "recipe A: classifier/cifar10 1a2b3c4d", true);
	compare->runs[1].recipe_number = 2;
	assert_drawn(memory, view, 150, 44, "recipes differ: FID and IS of A, B .. are not to be compared", true);
	assert_drawn(memory, view, 150, 44, "recipe B: ", true);
	press_keys(memory, view, "z v v v v");
	assert_drawn(memory, view, 150, 44, "recipes differ: not to be compared", true);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* Probabilities keep their scale from 0 to 1, also when logarithms are asked for; a critic's scores have none. */
static void scores_are_not_cut_to_probabilities(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct view_compare *compare = fixture_compare(view, 2);
	press_keys(memory, view, "Tab v v y");
	assert_drawn(memory, view, 150, 44, "D(x), what D says of real pictures", true);
	assert_drawn(memory, view, 150, 44, "log scale", false);
	series_append(&compare->runs[1].curves[VIEW_D_REAL], compare->runs[1].step + 10, 17);
	assert_drawn(memory, view, 150, 44, "D(x), what D says of real pictures, log scale", true);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* Changes of the same step stand on one line, each in its run's column. */
static void journals_are_aligned(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	fixture_compare(view, 2);
	press_keys(memory, view, "S-Tab S-Tab");
	char *text = draw_text(memory, view, 80, 24, true);
	char *same = strstr(text, "1,900"), *other = strstr(text, "2,400"), *last = strstr(text, "2,500");
	assert_true(same && other && last && same < other && other < last);
	assert_int_equal(strspn(same + 5, " "), 1);
	assert_true(strncmp(same + 6, "D>1 ", 4) == 0 && strstr(same + 9, "D>1") < strchr(same, '\n'));
	assert_true(strstr(other, "G>2 Glr>0.0001") && strstr(other, "G>2 Glr>0.0001") < strchr(other, '\n'));
	free(text);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* ---- keys */

static struct action_request press(struct screen_state *state, const struct view *view, const char *name)
{
	uint32_t key = 0;
	struct action_request out = {0};
	assert_true(keymap_parse(name, &key));
	enum action action = keymap_resolve(SCOPE_COMPARE, key);
	if (!screen_named("compare")->act(state, view, action, &out))
		out.action = action;
	return out;
}

static void keys_belong_to_the_chosen_pane(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	fixture_compare(view, 8);
	assert_drawn(memory, view, 80, 24, "1/6 scores and settings", true);
	assert_drawn(memory, view, 80, 24, "1-4 of 11", true);
	press(memory, view, "Right");
	assert_drawn(memory, view, 80, 24, "2-5 of 11", true);
	for (int i = 0; i < 30; i++)
		press(memory, view, "Right");
	assert_drawn(memory, view, 80, 24, "1256 \xc2\xb1 sd", true);
	press(memory, view, "Tab");
	assert_drawn(memory, view, 80, 24, "2/6 loss of G", true);
	press(memory, view, "Down");
	assert_drawn(memory, view, 80, 24, "2/6 loss of D", true);
	press(memory, view, "v");
	assert_drawn(memory, view, 80, 24, "2/6 D(x)", true);
	press(memory, view, "Tab");
	assert_drawn(memory, view, 80, 24, "3/6 samples", true);
	assert_int_equal(press(memory, view, "Left").action, ACTION_COMPARE_BEFORE);
	assert_int_equal(press(memory, view, "Right").action, ACTION_COMPARE_AFTER);
	assert_int_equal(press(memory, view, "Home").action, ACTION_COMPARE_FIRST);
	assert_int_equal(press(memory, view, "G").action, ACTION_COMPARE_LAST);
	assert_int_equal(press(memory, view, "<").action, ACTION_COMPARE_BEFORE);
	press(memory, view, "Tab");
	assert_drawn(memory, view, 80, 24, "4/6 states of D.conv1", true);
	press(memory, view, "Right");
	press(memory, view, "Down");
	assert_drawn(memory, view, 80, 24, "states of G.deconv2", true);
	for (int i = 0; i < 9; i++)
		press(memory, view, "Down");
	assert_drawn(memory, view, 80, 24, "states of G.deconv4", true);
	press(memory, view, "Up");
	assert_drawn(memory, view, 80, 24, "states of G.deconv3", true);
	press(memory, view, "S-Tab");
	assert_drawn(memory, view, 80, 24, "3/6 samples", true);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* What no run has recorded is passed over, in both directions. */
static void quantities_are_those_recorded(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct view_compare *compare = fixture_compare(view, 3);
	press_keys(memory, view, "Tab z Up");
	assert_drawn(memory, view, 80, 24, "Inception Score", true);
	assert_drawn(memory, view, 80, 24, "v: 6 of 6", true);
	series_append(&compare->runs[1].curves[VIEW_SPEED], 10, 512);
	press_keys(memory, view, "v");
	assert_drawn(memory, view, 80, 24, "images a second", true);
	assert_drawn(memory, view, 80, 24, "v: 7 of 7", true);
	press_keys(memory, view, "v");
	assert_drawn(memory, view, 80, 24, "loss of G", true);
	press_keys(memory, view, "Up");
	assert_drawn(memory, view, 80, 24, "images a second", true);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* Which noise the samples are of stands above them; how to change it, where that can be done. */
static void the_noise_of_the_samples_is_told(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct view_compare *compare = fixture_compare(view, 2);
	press_keys(memory, view, "Tab Tab z");
	assert_drawn(memory, view, 80, 24, "noise differs with the seed ", true);
	compare->may_draw = true;
	assert_drawn(memory, view, 80, 24, "noise differs with the seed, n: the same", true);
	assert_int_equal(press(memory, view, "n").action, ACTION_COMPARE_NOISE);
	compare->drawn = compare->drawing = true;
	assert_drawn(memory, view, 80, 24, "drawing ...", true);
	compare->drawing = false;
	assert_drawn(memory, view, 80, 24, "samples drawn from checkpoints", true);
	assert_drawn(memory, view, 80, 24, "noise of 1 for all, n: as recorded", true);
	compare->drawn = compare->may_draw = false;
	compare->same_noise = true;
	assert_drawn(memory, view, 80, 24, "the same noise", true);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static void zoom_shows_one_pane(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	fixture_compare(view, 4);
	assert_drawn(memory, view, 150, 44, "loss of G", true);
	assert_drawn(memory, view, 150, 44, "states of", true);
	press(memory, view, "z");
	assert_drawn(memory, view, 150, 44, "loss of G", false);
	assert_drawn(memory, view, 150, 44, "1/6 scores and settings", true);
	press(memory, view, "z");
	assert_drawn(memory, view, 150, 44, "loss of G", true);
	/* with nothing compared the keys are nobody's */
	free((struct view_compare *)view->compare);
	view->compare = NULL;
	assert_int_equal(press(memory, view, "Down").action, ACTION_DOWN);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens_look_as_agreed),
		cmocka_unit_test(anything_is_drawn_at_every_size),
		cmocka_unit_test(only_what_differs_is_listed),
		cmocka_unit_test(seeds_have_a_mean_and_a_spread),
		cmocka_unit_test(mixed_recipes_are_told),
		cmocka_unit_test(scores_are_not_cut_to_probabilities),
		cmocka_unit_test(journals_are_aligned),
		cmocka_unit_test(keys_belong_to_the_chosen_pane),
		cmocka_unit_test(quantities_are_those_recorded),
		cmocka_unit_test(the_noise_of_the_samples_is_told),
		cmocka_unit_test(zoom_shows_one_pane),
	};
	return cmocka_run_group_tests_name("screen_compare", tests, NULL, NULL);
}
