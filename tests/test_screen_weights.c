/* The weights screen: golden texts, every count in sight, what its keys send, odd views at every size; its dialogs. */
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
#include "tests/view_fixture.h"
#include "ui/dialog.h"
#include "ui/keymap.h"
#include "ui/screen.h"

/* ---- golden screens */

static struct action_request act(struct screen_state *state, const struct view *view, enum action action)
{
	struct action_request out = {.action = ACTION_NONE};
	assert_true(screen_named("weights")->act(state, view, action, &out));
	return out;
}

static void go_to_g(struct view *view, struct screen_state *state)
{
	act(state, view, ACTION_RIGHT);
	for (int i = 0; i < 3; i++)
		act(state, view, ACTION_DOWN);
}

/* G.deconv4, answered with pictures. */
static void ask(struct view *view, struct screen_state *state, const char *method, int bits)
{
	go_to_g(view, state);
	fixture_ask(view, VIEW_G, 3, method, bits);
	view->what_if.picture[VIEW_BLINK_QUANTIZED] = view->what_if.picture[VIEW_BLINK_FLOAT] = view->sample;
}

static void ask_tanh(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	ask(view, state, "tanh", 3);
}

static void ask_em(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	ask(view, state, "em", 2);
}

static void ask_pictures(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	ask_em(view, state, dialog);
	for (int i = 0; i < 3; i++)
		act(state, view, ACTION_LOWER_PANE);
	view->what_if.blink = VIEW_BLINK_FLOAT;
	view->what_if.whole_network = true;
}

static void ask_d(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_ask(view, VIEW_D, 0, "minmax", 4);
	view->what_if.per_channel = true;
	view->what_if.answer.groups = 64;
}

static void ask_busy(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	go_to_g(view, state);
	fixture_ask(view, VIEW_G, 3, "log", 1);
	view->what_if.busy = true;
	view->what_if.answer.name[0] = '\0';
	view->what_if.best_error = view->what_if.network_bytes = view->what_if.seconds[0] = view->what_if.seconds[1] = NAN;
	for (int k = 1; k < VIEW_WHAT_IF_BITS; k++)
		view->what_if.errors[2][k] = view->what_if.errors[3][k] = NAN;
}

static void ask_refused(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	ask_busy(view, state, dialog);
	view->what_if.busy = false;
	text_copy(view->what_if.message, sizeof view->what_if.message, "no checkpoint at step 3,120");
}

static void compare(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_other(view);
}

static void compare_missing(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	compare(view, state, dialog);
	view->other.layer_count[VIEW_D] = 0;
}

static void over_time(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	act(state, view, ACTION_LOWER_PANE);
}

static void make_float(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_layers(view, 32, 32);
	fixture_history(view);
}

static void make_many_bits(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	fixture_layers(view, 8, 4);
	fixture_history(view);
	for (int z = 0; z < 6; z++)
		view->layers[VIEW_D][0].counts[z] = 0;
	act(state, view, ACTION_SORT_LAYERS);
}

static void make_four_bits(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	make_many_bits(view, state, dialog);
	act(state, view, ACTION_RIGHT);
}

static void make_mixed(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_set_bits(&view->layers[VIEW_G][3], "em", 32);
	view->layers[VIEW_G][3].states = 0;
}

/* As a study of layers has measured them: one failed, one was not measured. */
static void make_measured(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	static const struct view_search_layer layers[] = {
		{"D.conv1", 2, NAN}, {"G.deconv4", 2, 61.4}, {"G.deconv1", 2, 3.25}, {"D.conv4", 2, 1.07}, {"D.conv2", 2, 0.4},
		{"G.deconv2", 2, 0.31}, {"D.conv3", 2, -0.2},
	};
	(void)dialog;
	text_copy(view->costs.study, sizeof view->costs.study, "sensitive");
	view->costs.count = sizeof layers / sizeof *layers;
	memcpy(view->costs.layers, layers, sizeof layers);
	go_to_g(view, state);
}

static void make_nothing(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->run = (struct view_run){.state = VIEW_NOTHING};
}

static void make_fresh(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->layer_count[VIEW_D] = view->layer_count[VIEW_G] = 0;
}

static void ask_to_apply(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	ask(view, state, "minmax", 2);
	assert_true(dialog_open(dialog, ACTION_WHAT_IF_APPLY, view));
}

static void ask_other(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	struct action_request out;
	assert_true(dialog_open(dialog, ACTION_OTHER_OPEN, view));
	dialog_key(dialog, view, KEYMAP_TAB, &out);
	for (const char *key = "@400"; *key; key++)
		dialog_key(dialog, view, (uint32_t)*key, &out);
}

static const struct scene scenes[] = {
	{"weights-80x24", "weights", 80, 24},
	{"weights-100x30", "weights", 100, 30},
	{"weights-150x44", "weights", 150, 44},
	{"weights-200x60", "weights", 200, 60},
	{"weights-40x10", "weights", 40, 10},
	{"weights-ascii-80x24", "weights", 80, 24, .ascii = true},
	{"weights-asked-80x24", "weights", 80, 24, .change = ask_em},
	{"weights-asked-100x30", "weights", 100, 30, .change = ask_tanh},
	{"weights-asked-150x44", "weights", 150, 44, .change = ask_tanh},
	{"weights-asked-200x60", "weights", 200, 60, .change = ask_em},
	{"weights-asked-ascii-80x24", "weights", 80, 24, .ascii = true, .change = ask_tanh},
	{"weights-asked-d-150x44", "weights", 150, 44, .change = ask_d},
	{"weights-busy-150x44", "weights", 150, 44, .change = ask_busy},
	{"weights-refused-80x24", "weights", 80, 24, .change = ask_refused},
	{"weights-pictures-80x24", "weights", 80, 24, .change = ask_pictures},
	{"weights-other-80x24", "weights", 80, 24, .change = compare},
	{"weights-other-150x44", "weights", 150, 44, .change = compare},
	{"weights-other-missing-100x30", "weights", 100, 30, .change = compare_missing},
	{"weights-time-80x24", "weights", 80, 24, .change = over_time},
	{"weights-time-ascii-80x24", "weights", 80, 24, .ascii = true, .change = over_time},
	{"weights-float-80x24", "weights", 80, 24, .change = make_float},
	{"weights-8-bit-150x44", "weights", 150, 44, .change = make_many_bits},
	{"weights-4-bit-150x44", "weights", 150, 44, .change = make_four_bits},
	{"weights-4-bit-80x24", "weights", 80, 24, .change = make_four_bits},
	{"weights-mixed-150x44", "weights", 150, 44, .change = make_mixed},
	{"weights-mixed-train-120x36", "train", 120, 36, .change = make_mixed},
	{"weights-measured-150x44", "weights", 150, 44, .change = make_measured},
	{"weights-measured-100x30", "weights", 100, 30, .change = make_measured},
	{"weights-nothing-80x24", "weights", 80, 24, .change = make_nothing},
	{"weights-fresh-80x24", "weights", 80, 24, .change = make_fresh},
	{"weights-help-80x24", "weights", 80, 24, .help = true},
	{"weights-help-150x44", "weights", 150, 44, .help = true},
	{"weights-apply-80x24", "weights", 80, 24, .change = ask_to_apply},
	{"weights-compare-80x24", "weights", 80, 24, .change = ask_other},
};

static void screens_look_as_agreed(void **state)
{
	(void)state;
	assert_int_equal(count_different(scenes, sizeof scenes / sizeof *scenes), 0);
}

/* ---- what must be seen */

static char *draw(struct screen_state *state, const struct view *view, int width, int height, struct picture_request *picture)
{
	struct canvas *canvas = canvas_create(width, height, true);
	screen_named("weights")->draw(state, view, canvas, picture);
	char *text = canvas_to_text(canvas);
	canvas_destroy(canvas);
	return text;
}

static char *draw_once(const struct view *view, int width, int height)
{
	struct screen_state *state = screen_state_create();
	struct picture_request picture = {0};
	char *text = draw(state, view, width, height, &picture);
	screen_state_destroy(state);
	return text;
}

static void assert_counts_shown(const char *text, const struct view_layer *layer)
{
	for (int z = 0; z < layer->states; z++) {
		char count[32];
		assert_non_null(strstr(text, text_count(count, sizeof count, (int64_t)layer->counts[z])));
	}
}

/* Every one of the 2^k states with its exact count, also in the smallest terminal people have. */
static void every_count_is_in_sight(void **state)
{
	(void)state;
	static const int sizes[][2] = {{80, 24}, {100, 30}, {120, 36}, {150, 44}, {200, 60}};
	struct view *view = fixture_create();
	for (int bits = 1; bits <= 4; bits++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			fixture_layers(view, bits, bits);
			for (int z = 0; z < 1 << bits; z++)
				view->layers[VIEW_D][0].counts[z] = 12345 + 1111 * (uint64_t)z;
			char *text = draw_once(view, sizes[i][0], sizes[i][1]);
			assert_counts_shown(text, &view->layers[VIEW_D][0]);
			free(text);
		}
	fixture_destroy(view);
}

static void groups_are_said(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	for (int bits = 6; bits <= 8; bits++) {
		char expected[64];
		fixture_layers(view, bits, bits);
		char *text = draw_once(view, 150, 44);
		snprintf(expected, sizeof expected, "%d neighbours a bar", (1 << bits) / 32);
		assert_non_null(strstr(text, expected));
		free(text);
	}
	fixture_destroy(view);
}

static void dead_states_are_named(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct view_layer *layer = &view->layers[VIEW_D][0];
	layer->counts[0] = layer->counts[3] = 0;
	layer->dead_states = 2;
	char *text = draw_once(view, 80, 24);
	assert_non_null(strstr(text, "dead z0, z3"));
	free(text);
	fixture_layers(view, 6, 6);
	for (int z = 0; z < 64; z++)
		layer->counts[z] = z < 5 || z == 9 || z > 60 ? 0 : 16;
	text = draw_once(view, 150, 44);
	assert_non_null(strstr(text, "9 of 64: z0-4, z9, z61-63"));
	free(text);
	fixture_destroy(view);
}

static void infinite_levels_are_at_the_edges(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct picture_request picture = {0};
	ask(view, memory, "tanh", 2);
	char *text = draw(memory, view, 150, 44, &picture);
	assert_non_null(strstr(text, "z0 -inf"));
	assert_non_null(strstr(text, "z3 +inf"));
	assert_non_null(strstr(text, "\xe2\x97\x80")); /* arrows */
	assert_non_null(strstr(text, "\xe2\x96\xb6"));
	free(text);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

/* What is not trained always says so. */
static void a_question_is_never_taken_for_trained(void **state)
{
	(void)state;
	static const int sizes[][2] = {{60, 20}, {80, 24}, {100, 30}, {150, 44}, {200, 60}};
	struct view *view = fixture_create();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct screen_state *memory = screen_state_create();
		struct picture_request picture = {0};
		ask(view, memory, "minmax", 2);
		char *text = draw(memory, view, sizes[i][0], sizes[i][1], &picture);
		assert_non_null(strstr(text, "what if  G.deconv4  minmax 2 bit  not trained"));
		free(text);
		/* the cursor is elsewhere: the answer is about another layer and is not shown */
		view->what_if.layer = 1;
		text = draw(memory, view, sizes[i][0], sizes[i][1], &picture);
		assert_null(strstr(text, "not trained  "));
		assert_non_null(strstr(text, "G.deconv4  em 1 bit"));
		free(text);
		screen_state_destroy(memory);
	}
	fixture_destroy(view);
}

static void pictures_blink_in_place(void **state)
{
	(void)state;
	static const int sizes[][2] = {{80, 24}, {150, 44}, {200, 60}};
	struct view *view = fixture_create();
	struct image *plain = image_create(256, 256, 1, NULL), *quantized = image_create(256, 256, 1, NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct screen_state *memory = screen_state_create();
		struct picture_request first = {0}, second = {0}, third = {0};
		ask(view, memory, "em", 2);
		view->what_if.picture[VIEW_BLINK_FLOAT] = plain;
		view->what_if.picture[VIEW_BLINK_QUANTIZED] = quantized;
		free(draw(memory, view, sizes[i][0], sizes[i][1], &first));
		view->what_if.blink = VIEW_BLINK_FLOAT;
		free(draw(memory, view, sizes[i][0], sizes[i][1], &second));
		assert_ptr_equal(first.image, plain); /* the float ones stay, the others blink */
		assert_ptr_equal(first.beside, quantized);
		assert_ptr_equal(second.beside, plain);
		assert_memory_equal(&first.cells, &second.cells, sizeof first.cells);
		assert_int_not_equal(first.version, second.version);
		view->what_if.picture[VIEW_BLINK_FLOAT] = NULL; /* not there yet: what is there is shown alone */
		view->what_if.blink = VIEW_BLINK_QUANTIZED;
		free(draw(memory, view, sizes[i][0], sizes[i][1], &third));
		assert_ptr_equal(third.image, quantized);
		assert_null(third.beside);
		screen_state_destroy(memory);
	}
	image_destroy(plain);
	image_destroy(quantized);
	fixture_destroy(view);
}

static void the_same_axis_for_both(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	fixture_other(view);
	char *text = draw_once(view, 80, 24);
	const char *first = strstr(text, "-0.10"), *second = first ? strstr(first + 1, "-0.10") : NULL;
	assert_true(first && second);
	assert_non_null(strstr(text, "cifar-1d2g-b@26100"));
	free(text);
	fixture_destroy(view);
}

static void sizes_come_from_the_layers(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	view->run.packed_bytes[VIEW_G] = 7; /* what the run's row would say */
	for (int i = 0; i < view->layer_count[VIEW_G]; i++)
		view->layers[VIEW_G][i].packed_bytes = 1000;
	char *text = draw_once(view, 150, 44);
	assert_non_null(strstr(text, "4.0 kB packed (1066.0x)"));
	free(text);
	view->layers[VIEW_G][0].packed_bytes = NAN;
	text = draw_once(view, 150, 44);
	assert_null(strstr(text, "4.0 kB packed"));
	free(text);
	fixture_destroy(view);
}

/* ---- keys */

static struct action_request press(struct screen_state *state, const struct view *view, const char *name)
{
	uint32_t key = 0;
	struct action_request out = {.action = ACTION_NONE};
	const struct screen *screen = screen_named("weights");
	assert_true(keymap_parse(name, &key));
	enum action action = keymap_resolve(screen->scope, key);
	if (!screen->act(state, view, action, &out))
		out.action = action;
	return out;
}

static void assert_sent(struct action_request request, enum action action, enum view_network network, int layer)
{
	assert_int_equal(request.action, action);
	assert_int_equal(request.network, network);
	assert_int_equal(request.layer, layer);
}

static void keys_send_the_layer_under_the_cursor(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct picture_request picture = {0};
	free(draw(memory, view, 150, 44, &picture));
	assert_sent(press(memory, view, "m"), ACTION_WHAT_IF_METHOD, VIEW_D, 0);
	assert_int_equal(press(memory, view, "Down").action, ACTION_NONE);
	assert_sent(press(memory, view, ")"), ACTION_WHAT_IF_BITS_UP, VIEW_D, 1);
	press(memory, view, "Right");
	assert_sent(press(memory, view, "b"), ACTION_WHAT_IF_BITS_DOWN, VIEW_G, 1);
	press(memory, view, "End");
	assert_sent(press(memory, view, "E"), ACTION_EXPORT_LAYER, VIEW_G, 3);
	assert_sent(press(memory, view, "n"), ACTION_WHAT_IF_SCOPE, VIEW_G, 3);
	press(memory, view, "Tab");
	press(memory, view, "Home");
	press(memory, view, "Up");
	assert_sent(press(memory, view, "c"), ACTION_WHAT_IF_CHANNELS, VIEW_D, 0);
	/* fewer layers come: the cursor stays on one that exists */
	press(memory, view, "End");
	view->layer_count[VIEW_D] = 2;
	assert_sent(press(memory, view, "E"), ACTION_EXPORT_LAYER, VIEW_D, 1);
	view->layer_count[VIEW_D] = 0;
	assert_sent(press(memory, view, "E"), ACTION_EXPORT_LAYER, VIEW_G, 1);
	view->layer_count[VIEW_G] = 0;
	assert_int_equal(press(memory, view, "E").action, ACTION_NONE);
	assert_int_equal(press(memory, view, "[").action, ACTION_D_BITS_DOWN);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static void an_open_question_follows_the_cursor(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	assert_int_equal(press(memory, view, "Down").action, ACTION_NONE);
	assert_int_equal(press(memory, view, "Space").action, ACTION_NONE); /* nothing to blink, nothing to apply */
	assert_int_equal(press(memory, view, "Enter").action, ACTION_NONE);
	fixture_ask(view, VIEW_D, 1, "em", 2);
	assert_sent(press(memory, view, "Down"), ACTION_LAYER_SHOWN, VIEW_D, 2);
	assert_sent(press(memory, view, "Left"), ACTION_LAYER_SHOWN, VIEW_G, 2);
	press(memory, view, "End");
	assert_int_equal(press(memory, view, "Down").action, ACTION_NONE); /* at the end nothing moves */
	assert_int_equal(press(memory, view, "Space").action, ACTION_BLINK);
	assert_int_equal(press(memory, view, "Enter").action, ACTION_WHAT_IF_APPLY);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static void escape_closes_one_thing_after_another(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	fixture_ask(view, VIEW_D, 0, "em", 2);
	fixture_other(view);
	assert_int_equal(press(memory, view, "Esc").action, ACTION_WHAT_IF_CLOSE);
	view->what_if.asked = false;
	assert_int_equal(press(memory, view, ">").action, ACTION_OTHER_AFTER);
	assert_int_equal(press(memory, view, "Esc").action, ACTION_OTHER_CLOSE);
	view->other.shown = false;
	assert_int_equal(press(memory, view, "<").action, ACTION_LAYERS_BEFORE); /* of this run */
	assert_int_equal(press(memory, view, "O").action, ACTION_NONE);
	view->layers_back.on = true;
	assert_int_equal(press(memory, view, "O").action, ACTION_LAYERS_NEWEST);
	assert_int_equal(press(memory, view, "Esc").action, ACTION_LAYERS_NEWEST);
	view->layers_back.on = false;
	assert_int_equal(press(memory, view, "Esc").action, ACTION_BACK); /* left to the workbench: the dashboard */
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static void worst_used_layers_come_first(void **state)
{
	(void)state;
	static const int sizes[][2] = {{80, 30}, {150, 44}};
	struct view *view = fixture_create();
	view->layers[VIEW_D][2].utilization = 0.3;
	view->layers[VIEW_G][3].utilization = 0.2;
	view->layers[VIEW_D][0].utilization = NAN;
	for (int i = 0; i < 2; i++) {
		struct screen_state *memory = screen_state_create();
		struct picture_request picture = {0};
		free(draw(memory, view, sizes[i][0], sizes[i][1], &picture));
		press(memory, view, "w");
		press(memory, view, "Home");
		bool one_table = i == 0;
		assert_sent(press(memory, view, "E"), ACTION_EXPORT_LAYER, one_table ? VIEW_G : VIEW_D, one_table ? 3 : 2);
		press(memory, view, "End"); /* unknown is last among D's */
		if (!one_table)
			assert_sent(press(memory, view, "E"), ACTION_EXPORT_LAYER, VIEW_D, 0);
		press(memory, view, "w");
		press(memory, view, "Home");
		assert_sent(press(memory, view, "E"), ACTION_EXPORT_LAYER, VIEW_D, 0);
		screen_state_destroy(memory);
	}
	fixture_destroy(view);
}

/* ---- dialogs */

static struct action_request answer(const struct view *view, enum action asked, const char *keys)
{
	struct dialog dialog = {0};
	struct action_request out = {0};
	char copy[256], *rest = NULL;
	snprintf(copy, sizeof copy, "%s", keys);
	assert_true(dialog_open(&dialog, asked, view));
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		uint32_t key = 0;
		assert_true(dialog.asked != ACTION_NONE && keymap_parse(word, &key));
		dialog_key(&dialog, view, key, &out);
	}
	assert_int_equal(dialog.asked, ACTION_NONE);
	return out;
}

static void applying_asks_first(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct dialog dialog = {0};
	assert_false(dialog_open(&dialog, ACTION_WHAT_IF_APPLY, view));
	fixture_ask(view, VIEW_G, 3, "em", 2);
	assert_sent(answer(view, ACTION_WHAT_IF_APPLY, "Enter"), ACTION_WHAT_IF_APPLY, VIEW_G, 3);
	assert_sent(answer(view, ACTION_WHAT_IF_APPLY, "a"), ACTION_WHAT_IF_APPLY, VIEW_G, 3);
	assert_int_equal(answer(view, ACTION_WHAT_IF_APPLY, "Esc").action, ACTION_NONE);
	assert_int_equal(answer(view, ACTION_WHAT_IF_APPLY, "Down Enter").action, ACTION_NONE);
	view->run.state = VIEW_FINISHED; /* nothing to train on: the session says why */
	assert_false(dialog_open(&dialog, ACTION_WHAT_IF_APPLY, view));
	view->run.state = VIEW_LIVE;
	view->run.steerable = false;
	assert_false(dialog_open(&dialog, ACTION_WHAT_IF_APPLY, view));
	fixture_destroy(view);
}

static void others_are_typed_or_offered(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct action_request out = answer(view, ACTION_OTHER_OPEN, "c i f a r @ 4 0 Backspace Enter");
	assert_int_equal(out.action, ACTION_OTHER_OPEN);
	assert_string_equal(out.text, "cifar@4");
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "Enter").text, "");
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "Tab Enter").text, "cifar-1d2g-b"); /* not the opened one */
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "Tab Tab @ 9 Enter").text, "cifar-float@9");
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "Up Enter").text, "shapes-nan");
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "\xc3\xa9 x Backspace Enter").text, "\xc3\xa9");
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "\xc3\xa9 Backspace Backspace Enter").text, "");
	assert_int_equal(answer(view, ACTION_OTHER_OPEN, "q Esc").action, ACTION_NONE);
	fixture_list(view)->view.count = 1; /* only the opened one */
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "Tab Up Enter").text, "");
	fixture_list(view)->view.count = 0;
	assert_string_equal(answer(view, ACTION_OTHER_OPEN, "Tab Enter").text, "");
	view->run.state = VIEW_NOTHING;
	struct dialog dialog = {0};
	assert_false(dialog_open(&dialog, ACTION_OTHER_OPEN, view));
	fixture_destroy(view);
}

static void long_names_are_cut_whole(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct dialog dialog = {0};
	struct action_request out;
	assert_true(dialog_open(&dialog, ACTION_OTHER_OPEN, view));
	for (int i = 0; i < 300; i++)
		assert_false(dialog_key(&dialog, view, 0xE9, &out));
	assert_true(dialog_key(&dialog, view, KEYMAP_ENTER, &out));
	assert_true(strlen(out.text) > 100 && strlen(out.text) % 2 == 0 && strlen(out.text) < sizeof out.text);
	fixture_destroy(view);
}

/* ---- robustness */

/* "nan" never; "inf" only as a level's name. */
static void assert_numbers_are_real(const char *text)
{
	assert_null(strstr(text, "nan"));
	for (const char *at = strstr(text, "inf"); at; at = strstr(at + 1, "inf"))
		if (!(at > text && (at[-1] == '-' || at[-1] == '+')))
			fail_msg("%.40s in\n%s", at, text);
}

static void random_weights_never_crash(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct image *image = image_create(64, 64, 3, NULL);
	struct screen_state *memory = screen_state_create();
	for (int round = 0; round < 200; round++) {
		view->sample = random_below(4) ? image : NULL;
		random_view(view);
		for (int i = 0; i < 5; i++) {
			struct action_request out = {0};
			screen_named("weights")->act(memory, view, (enum action)random_below(ACTION_COUNT), &out);
			assert_in_range(out.action, ACTION_NONE, ACTION_COUNT - 1);
			assert_true(out.action < ACTION_WHAT_IF_METHOD || out.layer < view->layer_count[out.network]);
		}
		int width = 1 + (int)random_below(round % 8 ? 170 : 300), height = 1 + (int)random_below(round % 8 ? 60 : 100);
		struct canvas *canvas = canvas_create(width, height, random_below(2));
		struct picture_request picture = {0};
		view->log_count = 0; /* random words of the log are not ours */
		view->warning[0] = '\0';
		screen_named("weights")->draw(memory, view, canvas, &picture);
		shade_picture(canvas, &picture);
		char *text = canvas_to_text(canvas);
		assert_numbers_are_real(text);
		free(text);
		canvas_destroy(canvas);
	}
	screen_state_destroy(memory);
	image_destroy(image);
	fixture_destroy(view);
}

/* A question, another run and pictures at every size. */
static void every_size_is_drawn(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct image *image = image_create(256, 256, 1, NULL);
	struct screen_state *memory = screen_state_create();
	view->sample = image;
	ask(view, memory, "tanh", 4);
	for (int round = 0; round < 4; round++) {
		view->what_if.asked = round & 1;
		if (round & 2)
			fixture_other(view);
		for (int width = 30; width <= 200; width += width < 60 ? 3 : 11)
			for (int height = 8; height <= 64; height += height < 30 ? 2 : 7) {
				struct picture_request picture = {0};
				struct canvas *canvas = canvas_create(width, height, true);
				screen_named("weights")->draw(memory, view, canvas, &picture);
				shade_picture(canvas, &picture);
				char *text = canvas_to_text(canvas);
				assert_numbers_are_real(text);
				free(text);
				canvas_destroy(canvas);
			}
	}
	screen_state_destroy(memory);
	image_destroy(image);
	fixture_destroy(view);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens_look_as_agreed),
		cmocka_unit_test(every_count_is_in_sight),
		cmocka_unit_test(groups_are_said),
		cmocka_unit_test(dead_states_are_named),
		cmocka_unit_test(infinite_levels_are_at_the_edges),
		cmocka_unit_test(a_question_is_never_taken_for_trained),
		cmocka_unit_test(pictures_blink_in_place),
		cmocka_unit_test(the_same_axis_for_both),
		cmocka_unit_test(sizes_come_from_the_layers),
		cmocka_unit_test(keys_send_the_layer_under_the_cursor),
		cmocka_unit_test(an_open_question_follows_the_cursor),
		cmocka_unit_test(escape_closes_one_thing_after_another),
		cmocka_unit_test(worst_used_layers_come_first),
		cmocka_unit_test(applying_asks_first),
		cmocka_unit_test(others_are_typed_or_offered),
		cmocka_unit_test(long_names_are_cut_whole),
		cmocka_unit_test(random_weights_never_crash),
		cmocka_unit_test(every_size_is_drawn),
	};
	return cmocka_run_group_tests_name("screen_weights", tests, NULL, NULL);
}
