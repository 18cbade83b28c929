/* Screens as text: compared with golden files at several sizes, tried with random views at every size, steered by
 * scripted keys. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "tests/golden_screens.h"
#include "tests/random_view.h"
#include "tests/screen_scenes.h"
#include "tests/view_fixture.h"
#include "ui/chart_clock.h"
#include "ui/dialog.h"
#include "ui/keymap.h"
#include "ui/screen.h"

/* ---- golden screens */

static const struct scene scenes[] = {
	{"train-80x24", "train", 80, 24},
	{"train-120x36", "train", 120, 36},
	{"train-200x60", "train", 200, 60},
	{"train-40x10", "train", 40, 10},
	{"train-ascii-80x24", "train", 80, 24, .ascii = true},
	{"train-ascii-120x36", "train", 120, 36, .ascii = true},
	{"train-paused-100x30", "train", 100, 30, .change = make_paused},
	{"train-float-110x32", "train", 110, 32, .change = make_float},
	{"train-zoomed-120x36", "train", 120, 36, .change = zoom_charts},
	{"train-zoomed-80x24", "train", 80, 24, .change = zoom_charts},
	{"train-zoomed-ascii-80x24", "train", 80, 24, .ascii = true, .change = zoom_charts},
	{"train-time-100x30", "train", 100, 30, .change = look_over_time},
	{"train-fork-120x36", "train", 120, 36, .change = make_fork},
	{"train-fork-time-150x44", "train", 150, 44, .change = fork_over_time},
	{"train-past-80x24", "train", 80, 24, .change = make_past},
	{"train-wgan-gp-120x36", "train", 120, 36, .change = make_critic},
	{"train-wgan-gp-80x24", "train", 80, 24, .change = make_critic},
	{"train-lsgan-120x36", "train", 120, 36, .change = make_least_squares},
	{"train-scored-80x24", "train", 80, 24, .change = make_scored},
	{"train-scored-fid-80x24", "train", 80, 24, .change = show_fid},
	{"train-scored-120x36", "train", 120, 36, .change = make_scored},
	{"train-scored-150x44", "train", 150, 44, .change = make_scored},
	{"train-scored-200x60", "train", 200, 60, .change = make_scored},
	{"train-scored-ascii-120x36", "train", 120, 36, .ascii = true, .change = make_scored},
	{"train-evaluating-80x24", "train", 80, 24, .change = evaluate},
	{"train-evaluating-150x44", "train", 150, 44, .change = evaluate},
	{"train-evaluated-100x30", "train", 100, 30, .change = finish_evaluation},
	{"train-evaluation-held-100x30", "train", 100, 30, .change = hold_evaluation},
	{"train-first-score-150x44", "train", 150, 44, .change = make_first_score},
	{"train-loading-80x24", "train", 80, 24, .change = make_loading},
	{"train-fresh-120x36", "train", 120, 36, .change = make_fresh},
	{"train-held-80x24", "train", 80, 24, .change = make_held},
	{"train-held-140x40", "train", 140, 40, .change = make_held},
	{"train-failed-80x24", "train", 80, 24, .change = make_failed},
	{"train-nothing-80x24", "train", 80, 24, .change = make_nothing},
	{"train-help-80x24", "train", 80, 24, .help = true},
	{"train-help-150x44", "train", 150, 44, .help = true},
	{"train-quit-80x24", "train", 80, 24, .change = ask_to_quit},
	{"train-rollback-80x24", "train", 80, 24, .change = ask_to_go_back},
	{"train-rates-80x24", "train", 80, 24, .change = ask_rates},
	{"samples-80x24", "samples", 80, 24},
	{"samples-back-80x24", "samples", 80, 24, .change = look_back},
	{"samples-back-ascii-80x24", "samples", 80, 24, .ascii = true, .change = look_back},
	{"samples-back-40x10", "samples", 40, 10, .change = look_back},
	{"weights-back-150x44", "weights", 150, 44, .change = look_back},
	{"run-80x24", "run", 80, 24},
	{"run-150x44", "run", 150, 44},
	{"run-all-150x44", "run", 150, 44, .change = all_settings},
	{"run-ascii-80x24", "run", 80, 24, .ascii = true, .change = all_settings},
	{"run-40x10", "run", 40, 10},
	{"run-help-80x24", "run", 80, 24, .help = true},
	{"run-unwritten-80x24", "run", 80, 24, .change = forget_page},
	{"run-nothing-80x24", "run", 80, 24, .change = make_nothing},
	{"runs-80x24", "runs", 80, 24},
	{"runs-200x60", "runs", 200, 60},
	{"runs-ascii-80x24", "runs", 80, 24, .ascii = true},
	{"runs-nothing-80x24", "runs", 80, 24, .change = make_nothing},
	{"runs-40x10", "runs", 40, 10},
	{"runs-300x100", "runs", 300, 100},
	{"runs-too-small-20x5", "runs", 20, 5},
	{"runs-filtered-150x44", "runs", 150, 44, .change = runs_filtered},
	{"runs-typing-100x30", "runs", 100, 30, .change = runs_typing},
	{"runs-wrong-filter-80x24", "runs", 80, 24, .change = runs_wrong_filter},
	{"runs-none-match-80x24", "runs", 80, 24, .change = runs_none_match},
	{"runs-trash-80x24", "runs", 80, 24, .change = runs_trash},
	{"runs-purge-80x24", "runs", 80, 24, .change = runs_purge},
	{"runs-tags-80x24", "runs", 80, 24, .change = runs_tags},
	{"runs-columns-80x24", "runs", 80, 24, .change = runs_columns},
	{"runs-views-80x24", "runs", 80, 24, .change = runs_views},
	{"runs-delete-ascii-80x24", "runs", 80, 24, .ascii = true, .change = runs_delete},
	{"runs-range-80x24", "runs", 80, 24, .change = runs_range},
	{"runs-help-150x44", "runs", 150, 44, .help = true},
	{"log-120x36", "log", 120, 36},
	{"too-small-20x5", "train", 20, 5},
};

static void screens_look_as_agreed(void **state)
{
	(void)state;
	assert_int_equal(count_different(scenes, sizeof scenes / sizeof *scenes), 0);
}

/* ---- robustness */

/* Every screen, the help and every dialog, on a canvas of any size; a picture only where there is one, inside. */
static void draw_everything(struct screen_state *state, const struct view *view, int width, int height)
{
	static const enum action asked[] = {
		ACTION_NONE, ACTION_QUIT, ACTION_STOP, ACTION_RATES, ACTION_WHAT_IF_APPLY, ACTION_OTHER_OPEN,
	};
	for (int i = 0; screens[i]; i++) {
		struct canvas *canvas = canvas_create(width, height, random_below(2));
		struct picture_request picture = {0};
		struct dialog dialog = {0};
		screens[i]->draw(state, view, canvas, &picture);
		assert_true(!picture.image || picture.image == view->sample);
		shade_picture(canvas, &picture);
		if (dialog_open(&dialog, asked[random_below(6)], view))
			dialog_draw(&dialog, view, canvas);
		static const enum action of_list[] = {
			ACTION_RUNS_FILTER, ACTION_RUNS_COLUMNS, ACTION_RUNS_VIEW, ACTION_RUN_TAGS, ACTION_RUN_DELETE, ACTION_RUNS_VIEW_SAVE,
		};
		if (dialog_ask(&dialog, &(struct action_request){.action = of_list[random_below(6)], .text = "some text"}, view))
			dialog_draw(&dialog, view, canvas);
		char *text = canvas_to_text(canvas);
		assert_true(width < 40 || height < 10 || strlen(text) > 40);
		free(text);
		canvas_destroy(canvas);
	}
}

static void act_randomly(struct screen_state *state, const struct view *view)
{
	for (int i = 0; i < 6; i++) {
		int which = (int)random_below(6);
		struct action_request out = {0};
		if (screens[which]->act)
			screens[which]->act(state, view, (enum action)random_below(ACTION_COUNT), &out);
		assert_in_range(out.action, ACTION_NONE, ACTION_COUNT - 1);
	}
}

static void random_views_never_crash(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct image *image = image_create(64, 64, 3, NULL);
	struct screen_state *memory = screen_state_create();
	for (int round = 0; round < 250; round++) {
		view->sample = random_below(2) ? image : NULL;
		random_view(view);
		act_randomly(memory, view);
		draw_everything(memory, view, 1 + (int)random_below(round % 10 ? 150 : 300), 1 + (int)random_below(round % 10 ? 50 : 100));
	}
	screen_state_destroy(memory);
	image_destroy(image);
	fixture_destroy(view);
}

/* The real view at every width and height up to 60 x 40, then some large ones. */
static void every_size_is_drawn(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	for (int width = 1; width <= 60; width += width < 45 ? 1 : 3)
		for (int height = 1; height <= 40; height += height < 14 ? 1 : 5)
			draw_everything(memory, view, width, height);
	draw_everything(memory, view, 300, 100);
	draw_everything(memory, view, 300, 10);
	draw_everything(memory, view, 40, 100);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* ---- what must be seen */

static char *draw_train(const struct view *view, int width, int height)
{
	struct screen_state *state = screen_state_create();
	struct canvas *canvas = canvas_create(width, height, true);
	struct picture_request picture = {0};
	screen_named("train")->draw(state, view, canvas, &picture);
	char *text = canvas_to_text(canvas);
	canvas_destroy(canvas);
	screen_state_destroy(state);
	return text;
}

static void every_state_is_a_word(void **state)
{
	(void)state;
	static const int sizes[][2] = {{40, 10}, {80, 24}, {200, 60}};
	struct view *view = fixture_create();
	for (enum view_state run = VIEW_NOTHING; run <= VIEW_FAILED; run++)
		for (int i = 0; i < 3; i++) {
			view->run.state = run;
			char *text = draw_train(view, sizes[i][0], sizes[i][1]);
			assert_non_null(strstr(text, view_state_name(run)));
			for (enum view_state other = VIEW_NOTHING; other <= VIEW_FAILED; other++)
				assert_true(other == run || !strstr(text, view_state_name(other)));
			free(text);
		}
	fixture_destroy(view);
}

static void past_runs_offer_no_steering(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	char *live = draw_train(view, 200, 60);
	view->run.steerable = false;
	view->run.state = VIEW_STOPPED;
	char *past = draw_train(view, 200, 60);
	static const char *const steering[] = {"p pause", "[ ] D bits", "{ } G bits", "m quantizer", "x stop", "s save",
		"l learning rates"};
	for (size_t i = 0; i < sizeof steering / sizeof *steering; i++) {
		assert_non_null(strstr(live, steering[i]));
		assert_null(strstr(past, steering[i]));
	}
	assert_non_null(strstr(past, "5 Runs"));
	free(live);
	free(past);
	fixture_destroy(view);
}

static void too_few_lines_keep_the_worst_layers(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	view->layers[VIEW_G][1].dead_states = 1;
	view->layers[VIEW_D][2].sqnr_db = -3;
	char *text = draw_train(view, 80, 18);
	assert_non_null(strstr(text, "of 8"));
	assert_non_null(strstr(text, "G deconv2"));
	assert_non_null(strstr(text, "D conv4"));
	assert_null(strstr(text, "D conv2"));
	free(text);
	fixture_destroy(view);
}

static void warnings_stay_in_sight(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	text_copy(view->warning, sizeof view->warning, "disk full");
	for (int i = 0; screens[i]; i++) {
		if (screens[i]->overlay)
			continue;
		struct screen_state *memory = screen_state_create();
		struct canvas *canvas = canvas_create(80, 24, true);
		struct picture_request picture = {0};
		screens[i]->draw(memory, view, canvas, &picture);
		struct canvas line = canvas_part(canvas, (struct rect){0, 22, 80, 1});
		char *text = canvas_to_text(&line);
		assert_string_equal(text, " ! disk full\n");
		free(text);
		canvas_destroy(canvas);
		screen_state_destroy(memory);
	}
	fixture_destroy(view);
}

/* ---- keys */

/* Presses a key on a screen as ui.c would: by the keymap of its scope, then act. */
static struct action_request press(const struct screen *screen, struct screen_state *state, const struct view *view,
	const char *name)
{
	uint32_t key = 0;
	struct action_request out = {0};
	assert_true(keymap_parse(name, &key));
	enum action action = keymap_resolve(screen->scope, key);
	if (screen->act && screen->act(state, view, action, &out))
		return out;
	out.action = action;
	return out;
}

static void draw_on(const struct screen *screen, struct screen_state *state, const struct view *view, int width, int height)
{
	struct canvas *canvas = canvas_create(width, height, true);
	struct picture_request picture = {0};
	screen->draw(state, view, canvas, &picture);
	canvas_destroy(canvas);
}

static void the_run_list_is_walked(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	const struct screen *runs = screen_named("runs");
	draw_on(runs, memory, view, 80, 24);
	assert_int_equal(press(runs, memory, view, "Enter").run, 7);
	assert_int_equal(press(runs, memory, view, "Up").action, ACTION_NONE);
	press(runs, memory, view, "j");
	press(runs, memory, view, "Down");
	struct action_request out = press(runs, memory, view, "t");
	assert_int_equal(out.action, ACTION_RUN_RESUME);
	assert_int_equal(out.run, 5);
	/* a newer run comes: the cursor stays on its run */
	struct fixture_row *rows = fixture_list(view)->rows;
	memmove(&rows[1], &rows[0], 5 * sizeof *rows);
	rows[0].id = 99;
	draw_on(runs, memory, view, 80, 24);
	assert_int_equal(press(runs, memory, view, "Enter").run, 5);
	/* its run goes: the row stays */
	rows[3].id = 77;
	assert_int_equal(press(runs, memory, view, "Enter").run, 77);
	press(runs, memory, view, "End");
	assert_int_equal(press(runs, memory, view, "Enter").run, rows[5].id);
	press(runs, memory, view, "PgUp");
	assert_int_equal(press(runs, memory, view, "Enter").run, 99);
	fixture_list(view)->view.count = 0;
	draw_on(runs, memory, view, 80, 24);
	assert_int_equal(press(runs, memory, view, "Enter").action, ACTION_NONE);
	assert_int_equal(press(runs, memory, view, "p").action, ACTION_PAUSE);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* Charts are written over the x axis they are looked at. */
static void charts_are_exported_as_they_are_shown(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	const struct screen *train = screen_named("train");
	draw_on(train, memory, view, 120, 36);
	struct action_request out = press(train, memory, view, "E");
	assert_true(out.action == ACTION_EXPORT_CHARTS && out.value == CHART_STEPS);
	press(train, memory, view, "t");
	out = press(train, memory, view, "E");
	assert_true(out.action == ACTION_EXPORT_CHARTS && out.value == CHART_EPOCHS);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* Name, tags and note of the shown run are changed where they are read, beginning with what it has. */
static void the_run_page_edits_its_run(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	const struct screen *page = screen_named("run");
	text_copy(view->page.tags, sizeof view->page.tags, "paper good");
	text_copy(view->page.note, sizeof view->page.note, "a note");
	const struct { const char *key, *text; enum action action; } cases[] = {
		{"R", view->run.name, ACTION_RUN_RENAME}, {"T", "paper good", ACTION_RUN_TAGS}, {"N", "a note", ACTION_RUN_NOTE},
	};
	for (int i = 0; i < 3; i++) {
		struct action_request out = press(page, memory, view, cases[i].key);
		assert_true(out.action == cases[i].action && out.run == view->run.id);
		assert_string_equal(out.text, cases[i].text);
	}
	view->run = (struct view_run){.state = VIEW_NOTHING};
	assert_int_equal(press(page, memory, view, "R").action, ACTION_NONE);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static struct action_request press_after(const struct screen *screen, struct screen_state *state, const struct view *view,
	const char *keys)
{
	struct action_request out = {0};
	char copy[64], *rest = NULL;
	snprintf(copy, sizeof copy, "%s", keys);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		out = press(screen, state, view, word);
	return out;
}

static void the_run_list_is_steered(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	const struct screen *runs = screen_named("runs");
	struct view_runs *list = &fixture_list(view)->view;
	draw_on(runs, memory, view, 120, 30);
	struct action_request out = press_after(runs, memory, view, "Space");
	assert_true(out.action == ACTION_RUN_MARK && out.run == 7);
	out = press_after(runs, memory, view, "Space"); /* the cursor went on */
	assert_true(out.action == ACTION_RUN_MARK && out.run == 6);
	/* a range: nothing is sent before its end is known */
	out = press_after(runs, memory, view, "g v");
	assert_int_equal(out.action, ACTION_NONE);
	out = press_after(runs, memory, view, "Down Down v");
	assert_true(out.action == ACTION_RUN_MARK_RANGE && out.run == 7 && out.other == 5);
	press_after(runs, memory, view, "v Esc"); /* given up */
	assert_int_equal(press_after(runs, memory, view, "v").action, ACTION_NONE);
	press(runs, memory, view, "Esc");
	assert_int_equal(press_after(runs, memory, view, "*").action, ACTION_RUN_MARK_ALL);
	assert_int_equal(press_after(runs, memory, view, "U").action, ACTION_RUN_MARK_NONE);
	out = press_after(runs, memory, view, "c");
	assert_true(out.action == ACTION_RUN_COMPARE && out.run == 5);
	out = press_after(runs, memory, view, "f");
	assert_true(out.action == ACTION_RUN_FORK && out.run == 5 && out.step == -1);
	/* sorting walks over the shown columns and ends at newest first */
	assert_string_equal(press_after(runs, memory, view, ">").text, "name");
	assert_string_equal(press_after(runs, memory, view, "<").text, "age");
	assert_string_equal(press_after(runs, memory, view, "r").text, "id");
	list->sorted = 10;
	assert_string_equal(press_after(runs, memory, view, ">").text, "fid.best");
	assert_string_equal(press_after(runs, memory, view, "r").text, "-fid");
	list->falling = true;
	assert_string_equal(press_after(runs, memory, view, "r").text, "fid");
	list->sorted = 14;
	out = press_after(runs, memory, view, ">");
	assert_int_equal(out.action, ACTION_RUNS_SORT);
	assert_string_equal(out.text, "");
	/* prompts begin with what there is */
	assert_string_equal(press_after(runs, memory, view, "R").text, "cifar-float");
	assert_string_equal(press_after(runs, memory, view, "T").text, "paper base");
	text_copy(list->filter, sizeof list->filter, "fid<80");
	assert_string_equal(press_after(runs, memory, view, "/").text, "fid<80");
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static void assert_log_shows(struct screen_state *memory, const struct view *view, const char *first, const char *last)
{
	struct canvas *canvas = canvas_create(80, 13, true);
	struct picture_request picture = {0};
	screen_named("log")->draw(memory, view, canvas, &picture);
	struct canvas top = canvas_part(canvas, (struct rect){0, 3, 80, 1}), bottom = canvas_part(canvas, (struct rect){0, 10, 80, 1});
	char *top_text = canvas_to_text(&top), *bottom_text = canvas_to_text(&bottom);
	assert_non_null(strstr(top_text, first));
	assert_non_null(strstr(bottom_text, last));
	free(top_text);
	free(bottom_text);
	canvas_destroy(canvas);
}

static void add_lines(struct view *view, int count)
{
	char text[32];
	for (; count > 0; count--) {
		snprintf(text, sizeof text, "line %lld.", (long long)view->log_count);
		fixture_log(view, 0, false, text);
	}
}

static void the_log_is_scrolled(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	const struct screen *log = screen_named("log");
	view->log_count = 0;
	add_lines(view, 20);
	assert_log_shows(memory, view, "line 12.", "line 19.");
	press(log, memory, view, "Up");
	assert_log_shows(memory, view, "line 11.", "line 18.");
	add_lines(view, 5); /* scrolled back: stays put */
	assert_log_shows(memory, view, "line 11.", "line 18.");
	press(log, memory, view, "PgUp");
	assert_log_shows(memory, view, "line 4.", "line 11.");
	press(log, memory, view, "Home");
	assert_log_shows(memory, view, "line 0.", "line 7.");
	add_lines(view, VIEW_LOG_LINES); /* the oldest lines are gone */
	assert_log_shows(memory, view, "line 25.", "line 32.");
	press(log, memory, view, "G");
	assert_log_shows(memory, view, "line 529.", "line 536.");
	add_lines(view, 1);
	assert_log_shows(memory, view, "line 530.", "line 537.");
	fixture_log(view, 0, true, "too long for a row: it goes on below, beside its time, so that its end can be read, however narrow "
	            "the terminal is that shows it");
	assert_log_shows(memory, view, "line 532.", "terminal is that shows it");
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static bool help_mentions(const struct screen *below, const char *words)
{
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct canvas *canvas = canvas_create(160, 60, true);
	struct picture_request picture = {0};
	below->draw(memory, view, canvas, &picture);
	canvas_clear(canvas);
	screen_named("help")->draw(memory, view, canvas, &picture);
	char *text = canvas_to_text(canvas);
	bool found = strstr(text, words) != NULL;
	free(text);
	canvas_destroy(canvas);
	screen_state_destroy(memory);
	fixture_destroy(view);
	return found;
}

static void help_is_about_the_screen_below(void **state)
{
	(void)state;
	assert_true(help_mentions(screen_named("train"), "Charts: zoom out."));
	assert_false(help_mentions(screen_named("runs"), "Charts: zoom out."));
	assert_true(help_mentions(screen_named("runs"), "Train the run on where it was saved."));
	assert_false(help_mentions(screen_named("log"), "Train the run on where it was saved."));
	for (const struct action_row *row = action_rows; row->name; row++)
		if (row->scope == SCOPE_EVERYWHERE)
			assert_true(help_mentions(screen_named("samples"), row->help));
}

/* ---- dialogs */

/* Opens a dialog and presses keys; what it sends. `open` says whether it is still open afterwards. */
static struct action_request answer(const struct view *view, enum action asked, const char *keys, bool open)
{
	struct dialog dialog = {0};
	struct action_request out = {0};
	char copy[64], *rest = NULL;
	snprintf(copy, sizeof copy, "%s", keys);
	assert_true(dialog_open(&dialog, asked, view));
	bool closed = false;
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		uint32_t key = 0;
		assert_false(closed);
		assert_true(keymap_parse(word, &key));
		closed = dialog_key(&dialog, view, key, &out);
	}
	assert_int_equal(closed, !open);
	assert_int_equal(dialog.asked == ACTION_NONE, !open);
	return out;
}

/* Asks about a request of the run list and presses keys; the last thing sent. */
static struct action_request answer_list(const struct view *view, enum action action, const char *text, const char *keys, bool open)
{
	struct dialog dialog = {0};
	struct action_request request = {.action = action, .run = 5}, out = {0};
	char copy[64], *rest = NULL;
	snprintf(copy, sizeof copy, "%s", keys);
	text_copy(request.text, sizeof request.text, text);
	assert_true(dialog_ask(&dialog, &request, view));
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		uint32_t key = 0;
		assert_true(dialog.asked && keymap_parse(word, &key));
		dialog_key(&dialog, view, key, &out);
	}
	assert_int_equal(dialog.asked == ACTION_NONE, !open);
	return out;
}

static void the_list_asks(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct view_runs *runs = &fixture_list(view)->view;
	/* a name: what stands there is replaced by the first key */
	struct action_request out = answer_list(view, ACTION_RUN_RENAME, "old", "n e w Enter", false);
	assert_true(out.action == ACTION_RUN_RENAME && out.run == 5 && !strcmp(out.text, "new"));
	assert_int_equal(answer_list(view, ACTION_RUN_RENAME, "old", "n Esc", false).action, ACTION_NONE);
	assert_string_equal(answer_list(view, ACTION_RUN_TAGS, "a", "Space b Enter", false).text, "a b");
	assert_string_equal(answer_list(view, ACTION_RUN_NOTE, "ab", "Backspace Enter", false).text, "a");
	/* a filter is sent with every key; Esc puts back what was there; a wrong one is not kept */
	assert_string_equal(answer_list(view, ACTION_RUNS_FILTER, "fid", "< 8", true).text, "fid<8");
	assert_string_equal(answer_list(view, ACTION_RUNS_FILTER, "fid", "< 8 Esc", false).text, "fid");
	assert_int_equal(answer_list(view, ACTION_RUNS_FILTER, "fid", "Enter", false).action, ACTION_NONE);
	text_copy(runs->complaint, sizeof runs->complaint, "filter, character 1: no");
	answer_list(view, ACTION_RUNS_FILTER, "fid", "Enter", true);
	runs->complaint[0] = '\0';
	/* columns come, go and move */
	out = answer_list(view, ACTION_RUNS_COLUMNS, "", "End Space", true);
	assert_int_equal(out.action, ACTION_RUNS_COLUMNS);
	assert_string_equal(strrchr(out.text, ',') + 1, "seed");
	out = answer_list(view, ACTION_RUNS_COLUMNS, "", "j Space", true);
	assert_true(strncmp(out.text, "name,verdict,tags,", 18) == 0);
	out = answer_list(view, ACTION_RUNS_COLUMNS, "", "j >", true);
	assert_true(strncmp(out.text, "name,verdict,status,tags,", 25) == 0);
	assert_int_equal(answer_list(view, ACTION_RUNS_COLUMNS, "", "<", true).action, ACTION_NONE);
	answer_list(view, ACTION_RUNS_COLUMNS, "", "j Esc", false);
	runs->shown_count = 1; /* never none */
	assert_int_equal(answer_list(view, ACTION_RUNS_COLUMNS, "", "Space", true).action, ACTION_NONE);
	/* views */
	out = answer_list(view, ACTION_RUNS_VIEW, "", "j Enter", false);
	assert_true(out.action == ACTION_RUNS_VIEW && !strcmp(out.text, "paper"));
	assert_string_equal(answer_list(view, ACTION_RUNS_VIEW, "", "Enter", false).text, "");
	out = answer_list(view, ACTION_RUNS_VIEW, "", "End d", true);
	assert_true(out.action == ACTION_RUNS_VIEW_DELETE && !strcmp(out.text, "this-week"));
	/* deleting: the safe answer is chosen at first; what is in the trash comes back unasked */
	assert_int_equal(answer_list(view, ACTION_RUN_DELETE, "", "Enter", false).action, ACTION_NONE);
	assert_int_equal(answer_list(view, ACTION_RUN_DELETE, "", "Up Enter", false).action, ACTION_RUN_DELETE);
	assert_int_equal(answer_list(view, ACTION_RUN_DELETE, "", "d", false).run, 5);
	/* a click on a line: a column comes or goes, a view is chosen */
	struct dialog dialog = {0};
	dialog_ask(&dialog, &(struct action_request){.action = ACTION_RUNS_VIEW}, view);
	assert_true(dialog_pick(&dialog, view, 1, &out) && out.action == ACTION_RUNS_VIEW && !strcmp(out.text, "paper"));
	dialog_ask(&dialog, &(struct action_request){.action = ACTION_RUNS_COLUMNS}, view);
	assert_true(!dialog_pick(&dialog, view, 3, &out) && out.action == ACTION_RUNS_COLUMNS && dialog.asked == ACTION_RUNS_COLUMNS);
	/* for ever: the safe answer first, these runs, or all; asked in the trash only */
	dialog = (struct dialog){0};
	assert_false(dialog_ask(&dialog, &(struct action_request){.action = ACTION_RUN_PURGE, .run = 5}, view));
	runs->trash = true;
	assert_int_equal(answer_list(view, ACTION_RUN_PURGE, "", "Enter", false).action, ACTION_NONE);
	assert_int_equal(answer_list(view, ACTION_RUN_PURGE, "", "Esc", false).action, ACTION_NONE);
	assert_int_equal(answer_list(view, ACTION_RUN_PURGE, "", "d", true).action, ACTION_NONE);
	out = answer_list(view, ACTION_RUN_PURGE, "", "D", false);
	assert_true(out.action == ACTION_RUN_PURGE && out.run == 5 && out.value == 0);
	assert_true(answer_list(view, ACTION_RUN_PURGE, "", "Up Enter", false).value == 1);
	assert_true(answer_list(view, ACTION_RUN_PURGE, "", "a", false).value == 1);
	assert_false(dialog_ask(&dialog, &(struct action_request){.action = ACTION_RUN_DELETE, .run = 5}, view));
	assert_false(dialog_ask(&dialog, &(struct action_request){.action = ACTION_RUN_OPEN, .run = 5}, view));
	fixture_destroy(view);
}

static void quitting_asks_and_is_safe(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	assert_int_equal(answer(view, ACTION_QUIT, "Enter", false).action, ACTION_NONE);
	assert_int_equal(answer(view, ACTION_QUIT, "Esc", false).action, ACTION_NONE);
	assert_int_equal(answer(view, ACTION_QUIT, "s", false).action, ACTION_QUIT_SAVE);
	assert_int_equal(answer(view, ACTION_QUIT, "d", false).action, ACTION_QUIT_DETACH);
	assert_int_equal(answer(view, ACTION_QUIT, "Up Enter", false).action, ACTION_QUIT_DETACH);
	assert_int_equal(answer(view, ACTION_QUIT, "Down Enter", false).action, ACTION_QUIT_SAVE);
	assert_int_equal(answer(view, ACTION_QUIT, "z F5 q", true).action, ACTION_NONE);
	assert_int_equal(answer(view, ACTION_STOP, "x", false).action, ACTION_STOP);
	assert_int_equal(answer(view, ACTION_STOP, "Enter", false).action, ACTION_NONE);
	assert_int_equal(answer(view, ACTION_ROLLBACK, "u", false).action, ACTION_ROLLBACK);
	assert_int_equal(answer(view, ACTION_ROLLBACK, "Enter", false).action, ACTION_NONE);
	fixture_destroy(view);
}

static void nothing_live_asks_nothing(void **state)
{
	(void)state;
	static const enum view_state quiet[] = {VIEW_NOTHING, VIEW_FINISHED, VIEW_STOPPED, VIEW_CRASHED, VIEW_FAILED};
	struct view *view = fixture_create();
	struct dialog dialog = {0};
	assert_false(dialog_open(&dialog, ACTION_PAUSE, view));
	fixture_list(view)->view.here[0] = '\0';
	for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++) {
		view->run.state = quiet[i];
		assert_false(dialog_open(&dialog, ACTION_QUIT, view));
		assert_false(dialog_open(&dialog, ACTION_RATES, view));
	}
	view->run.state = VIEW_LIVE;
	view->run.steerable = false;
	assert_false(dialog_open(&dialog, ACTION_STOP, view));
	assert_int_equal(dialog.asked, ACTION_NONE);
	fixture_destroy(view);
}

/* A past run is opened while this process trains another: leaving and stopping still ask, and name the right one. */
static void the_live_run_is_asked_about_behind_a_past_one(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct dialog dialog = {0};
	text_copy(view->run.name, sizeof view->run.name, "an-old-one");
	view->run.state = VIEW_FINISHED;
	view->run.steerable = false;
	assert_false(dialog_open(&dialog, ACTION_RATES, view));
	assert_true(dialog_open(&dialog, ACTION_STOP, view));
	assert_true(dialog_open(&dialog, ACTION_QUIT, view));
	struct canvas *canvas = canvas_create(80, 24, true);
	dialog_draw(&dialog, view, canvas);
	char *text = canvas_to_text(canvas);
	assert_non_null(strstr(text, "fmnist-dcgan-7f3a is being trained."));
	free(text);
	canvas_destroy(canvas);
	fixture_destroy(view);
}

static void rates_are_checked(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	view->run.learning_rate[VIEW_G] = 5e-5;
	struct action_request out = answer(view, ACTION_RATES, "3 e - 4 Enter", false);
	assert_int_equal(out.action, ACTION_RATES);
	assert_int_equal(out.network, VIEW_D);
	assert_true(out.value == 3e-4);
	out = answer(view, ACTION_RATES, "Tab 0 . 1 Enter", false);
	assert_true(out.network == VIEW_G && out.value == 0.1);
	out = answer(view, ACTION_RATES, "g Enter", false);
	assert_true(out.network == VIEW_G && out.value == 5e-5);
	out = answer(view, ACTION_RATES, "Backspace 5 Enter", false);
	assert_true(out.network == VIEW_D && out.value == 0.0005);
	assert_int_equal(answer(view, ACTION_RATES, "1 Esc", false).action, ACTION_NONE);
	static const char *const wrong[] = {"0 Enter", "- 1 Enter", "2 Enter", "e Enter", "1 e 9 Enter", "1 - 1 Enter",
		"1 Backspace Enter"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(answer(view, ACTION_RATES, wrong[i], true).action, ACTION_NONE);
	answer(view, ACTION_RATES, "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", true);
	fixture_destroy(view);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens_look_as_agreed),
		cmocka_unit_test(random_views_never_crash),
		cmocka_unit_test(every_size_is_drawn),
		cmocka_unit_test(every_state_is_a_word),
		cmocka_unit_test(past_runs_offer_no_steering),
		cmocka_unit_test(too_few_lines_keep_the_worst_layers),
		cmocka_unit_test(warnings_stay_in_sight),
		cmocka_unit_test(the_run_list_is_walked),
		cmocka_unit_test(the_run_page_edits_its_run),
		cmocka_unit_test(charts_are_exported_as_they_are_shown),
		cmocka_unit_test(the_run_list_is_steered),
		cmocka_unit_test(the_list_asks),
		cmocka_unit_test(the_log_is_scrolled),
		cmocka_unit_test(help_is_about_the_screen_below),
		cmocka_unit_test(quitting_asks_and_is_safe),
		cmocka_unit_test(nothing_live_asks_nothing),
		cmocka_unit_test(the_live_run_is_asked_about_behind_a_past_one),
		cmocka_unit_test(rates_are_checked),
	};
	return cmocka_run_group_tests_name("screens", tests, NULL, NULL);
}
