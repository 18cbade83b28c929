/* The search screen: compared with golden files, steered by keys, drawn at every size with odd numbers. */
#include <time.h>

#include "tests/golden_screens.h"
#include "tests/search_fixture.h"
#include "ui/keymap.h"

static void search_running(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_search(view);
}

static void search_done(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	struct view_search *search = fixture_search(view);
	(void)state;
	(void)dialog;
	search->working = false;
	search->stage = 0;
	search->seconds_left = NAN;
	search->cells[2].chosen = true;
	search->first_cell = 3;
	text_copy(search->status, sizeof search->status, "met");
	text_copy(search->message, sizeof search->message, "em D 2 bit, G 32 bit: FID 11.2, target at most 12.9");
}

static void search_layers(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_layers_study(view);
}

static void search_none(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)view;
	(void)state;
	(void)dialog;
}

static void search_asks(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	fixture_search(view);
	assert_true(dialog_open(dialog, ACTION_SEARCH_CUT, view));
}

static const struct scene scenes[] = {
	{"search-150x44", "search", 150, 44, false, search_running, false},
	{"search-80x24", "search", 80, 24, false, search_running, false},
	{"search-ascii-80x24", "search", 80, 24, true, search_running, false},
	{"search-done-120x36", "search", 120, 36, false, search_done, false},
	{"search-layers-150x44", "search", 150, 44, false, search_layers, false},
	{"search-layers-80x24", "search", 80, 24, false, search_layers, false},
	{"search-none-80x24", "search", 80, 24, false, search_none, false},
	{"search-cut-80x24", "search", 80, 24, false, search_asks, false},
	{"search-too-small-20x5", "search", 20, 5, false, search_running, false},
};


static void screens_look_as_agreed(void **state)
{
	(void)state;
	assert_int_equal(count_different(scenes, sizeof scenes / sizeof *scenes), 0);
}

static struct action_request press(struct screen_state *state, const struct view *view, const char *name)
{
	struct action_request out = {0};
	uint32_t key = 0;
	assert_true(keymap_parse(name, &key));
	enum action action = keymap_resolve(SCOPE_SEARCH, key);
	if (!screen_named("search")->act(state, view, action, &out))
		out.action = action;
	return out;
}

static void draw_at(struct screen_state *state, const struct view *view, int width, int height)
{
	struct canvas *canvas = canvas_create(width, height, true);
	struct picture_request picture = {0};
	screen_named("search")->draw(state, view, canvas, &picture);
	canvas_destroy(canvas);
}

static void keys_move_over_the_map(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	fixture_search(view);
	draw_at(memory, view, 150, 44);
	struct action_request out = press(memory, view, "Enter"); /* where something happens: D2 G2 */
	assert_true(out.action == ACTION_RUN_OPEN && out.run == 105);
	out = press(memory, view, "Right");
	assert_true(out.action == ACTION_SEARCH_CELL && out.run == 4);
	out = press(memory, view, "Up");
	assert_true(out.action == ACTION_SEARCH_CELL && out.run == 0); /* D3 G1 is not asked for */
	out = press(memory, view, "a");
	assert_true(out.action == ACTION_SEARCH_QUEUE && out.run == 0 && out.layer == 3 && out.value == 1);
	out = press(memory, view, "Enter");
	assert_int_equal(out.action, ACTION_NONE); /* it has no run */
	out = press(memory, view, "Home");
	assert_true(out.action == ACTION_SEARCH_CELL && out.run == 0); /* float, float */
	for (int i = 0; i < 20; i++)
		out = press(memory, view, "Up");
	assert_int_equal(out.action, ACTION_SEARCH_CELL);
	assert_int_equal(press(memory, view, "x").action, ACTION_SEARCH_CUT);
	assert_int_equal(press(memory, view, "+").action, ACTION_SEARCH_EASIER);
	assert_int_equal(press(memory, view, "-").action, ACTION_SEARCH_HARDER);
	assert_int_equal(press(memory, view, "w").action, ACTION_SEARCH_WORK);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static void keys_move_over_the_list(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct screen_state *memory = screen_state_create();
	struct view_search *search = fixture_layers_study(view);
	draw_at(memory, view, 80, 24);
	assert_int_equal(press(memory, view, "Enter").run, 100 + search->cell_count);
	assert_int_equal(press(memory, view, "Down").run, search->cell_count); /* the last one stays */
	assert_int_equal(press(memory, view, "Home").run, 1);
	assert_int_equal(press(memory, view, "Down").run, 2);
	screen_state_destroy(memory);
	fixture_destroy(view);
}

static double odd_number(void)
{
	static const double odd[] = {NAN, INFINITY, -INFINITY, 0, -1, 1e300, 1e-300, 12.5};
	return odd[(int)(fixture_random() * 8) & 7];
}

static void odd_numbers_are_drawn_at_every_size(void **state)
{
	(void)state;
	struct screen_state *memory = screen_state_create();
	for (int trial = 0; trial < 60; trial++) {
		struct view *view = fixture_create();
		struct view_search *search = trial % 2 ? fixture_search(view) : fixture_layers_study(view);
		search->target = odd_number();
		search->seconds = odd_number();
		search->seconds_left = odd_number();
		for (int i = 0; i < search->cell_count; i++) {
			struct view_search_cell *cell = &search->cells[i];
			cell->state = (enum view_cell_state)(fixture_random() * 5);
			cell->fid = odd_number();
			cell->fid_spread = odd_number();
			cell->is_mean = odd_number();
			cell->bytes = odd_number();
			cell->ratio = odd_number();
			cell->done = odd_number();
			cell->front = fixture_random() < 0.5;
		}
		for (int i = 0; i < search->layer_count; i++)
			search->layers[i].rise = odd_number();
		for (int width = 1; width < 320; width += 23)
			for (int height = 1; height < 110; height += 17)
				draw_at(memory, view, width, height);
		fixture_destroy(view);
	}
	screen_state_destroy(memory);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens_look_as_agreed),
		cmocka_unit_test(keys_move_over_the_map),
		cmocka_unit_test(keys_move_over_the_list),
		cmocka_unit_test(odd_numbers_are_drawn_at_every_size),
	};
	return cmocka_run_group_tests_name("screen_search", tests, NULL, NULL);
}
