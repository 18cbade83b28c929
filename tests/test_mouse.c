/* The mouse: what presses, moves and turns come to, and that everything it does is done by a key as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/golden_screens.h"
#include "ui/keymap.h"
#include "ui/mouse.h"
#include "ui/screen_parts.h"

static const struct hit row = {.cells = {0, 5, 80, 1}, .click = ACTION_PICK_ROW, .twice = ACTION_RUN_OPEN, .value = 7};
static const struct hit plot = {.cells = {10, 8, 41, 10}, .click = ACTION_CHART_POINT, .twice = ACTION_FIT, .up = ACTION_ZOOM_IN,
	.down = ACTION_ZOOM_OUT, .drag = ACTION_CHART_DRAG, .drop = ACTION_CHART_DROP, .low = 0, .high = 4000};
static const struct hit choice = {.cells = {20, 20, 10, 1}, .key = 's'};

struct fixture {
	struct hits hits;
	struct mouse mouse;
};

static struct fixture fixture(void)
{
	struct fixture fixture = {0};
	hits_add(&fixture.hits, &row);
	hits_add(&fixture.hits, &plot);
	hits_add(&fixture.hits, &choice);
	return fixture;
}

static struct mouse_answer take(struct fixture *fixture, enum mouse_button button, bool pressed, bool moved, int x, int y, double now)
{
	struct input_event event = {.kind = INPUT_MOUSE, .button = button, .pressed = pressed, .moved = moved, .x = x, .y = y};
	return mouse_take(&fixture->mouse, &fixture->hits, &event, now);
}

static struct mouse_answer click(struct fixture *fixture, int x, int y, double now)
{
	struct mouse_answer pressed = take(fixture, MOUSE_LEFT, true, false, x, y, now);
	struct mouse_answer released = take(fixture, MOUSE_LEFT, false, false, x, y, now + 0.01);
	return pressed.action || pressed.key ? pressed : released;
}

static void a_second_click_opens(void **state)
{
	(void)state;
	struct fixture mouse = fixture();
	struct mouse_answer answer = click(&mouse, 30, 5, 1);
	assert_true(answer.action == ACTION_PICK_ROW && answer.pointer.value == 7 && answer.times == 1);
	assert_int_equal(click(&mouse, 30, 5, 1.2).action, ACTION_RUN_OPEN);
	assert_int_equal(click(&mouse, 30, 5, 1.3).action, ACTION_PICK_ROW); /* the third is a first one */
	assert_int_equal(click(&mouse, 30, 5, 2).action, ACTION_PICK_ROW);   /* too late */
	assert_int_equal(click(&mouse, 50, 5, 2.1).action, ACTION_PICK_ROW); /* elsewhere */
	assert_int_equal(click(&mouse, 30, 6, 3).action, ACTION_NONE);
	assert_true(click(&mouse, 20, 20, 4).key == 's');
}

static void a_drag_marks_and_a_click_points(void **state)
{
	(void)state;
	struct fixture mouse = fixture();
	assert_int_equal(take(&mouse, MOUSE_LEFT, true, false, 20, 9, 1).action, ACTION_NONE);
	assert_int_equal(take(&mouse, MOUSE_LEFT, true, true, 21, 9, 1.1).action, ACTION_NONE); /* a tremble */
	struct mouse_answer drag = take(&mouse, MOUSE_LEFT, true, true, 30, 30, 1.2);
	assert_true(drag.action == ACTION_CHART_DRAG && drag.pointer.from == 1000 && drag.pointer.at == 2000);
	struct mouse_answer drop = take(&mouse, MOUSE_LEFT, false, false, 79, 2, 1.3); /* beyond the edge */
	assert_true(drop.action == ACTION_CHART_DROP && drop.pointer.from == 1000 && drop.pointer.at == 4000);
	assert_int_equal(take(&mouse, MOUSE_LEFT, false, false, 30, 9, 1.4).action, ACTION_NONE);
	struct mouse_answer point = click(&mouse, 40, 9, 3);
	assert_true(point.action == ACTION_CHART_POINT && point.pointer.at == 3000);
	assert_int_equal(click(&mouse, 40, 9, 3.2).action, ACTION_FIT);
}

static void the_wheel_scrolls_and_zooms(void **state)
{
	(void)state;
	struct fixture mouse = fixture();
	struct mouse_answer zoom = take(&mouse, MOUSE_WHEEL_UP, true, false, 50, 9, 1);
	assert_true(zoom.action == ACTION_ZOOM_IN && zoom.pointer.at == 4000 && zoom.times == 1);
	assert_int_equal(take(&mouse, MOUSE_WHEEL_DOWN, true, false, 50, 9, 1).action, ACTION_ZOOM_OUT);
	struct mouse_answer scroll = take(&mouse, MOUSE_WHEEL_DOWN, true, false, 3, 5, 1);
	assert_true(scroll.action == ACTION_DOWN && scroll.times == 3);
	assert_int_equal(take(&mouse, MOUSE_WHEEL_UP, true, false, 79, 23, 1).action, ACTION_UP); /* on nothing at all */
	assert_int_equal(take(&mouse, MOUSE_OTHER, true, false, 30, 5, 1).action, ACTION_NONE);
}

/* ---- the screens */

struct screen_fixture {
	struct view *view;
	struct image *image;
	struct screen_state *state;
	struct canvas *canvas;
	struct hits hits;
};

static struct screen_fixture open_screen(int width, int height)
{
	struct screen_fixture opened = {.view = fixture_create(), .image = image_create(256, 256, 1, NULL),
		.state = screen_state_create(), .canvas = canvas_create(width, height, true)};
	opened.view->sample = opened.image;
	return opened;
}

static void draw(struct screen_fixture *opened, const char *name)
{
	struct picture_request picture = {0};
	hits_clear(&opened->hits);
	canvas_clear(opened->canvas);
	opened->canvas->hits = &opened->hits;
	screen_named(name)->draw(opened->state, opened->view, opened->canvas, &picture);
}

static void close_screen(struct screen_fixture *opened)
{
	canvas_destroy(opened->canvas);
	screen_state_destroy(opened->state);
	image_destroy(opened->image);
	fixture_destroy(opened->view);
}

/* Every place on every screen lies on it, and its actions are known: those without a key are what a mouse needs to say
 * where it is. */
static void hits_lie_on_the_screen_and_have_keys(void **state)
{
	(void)state;
	static const int sizes[][2] = {{20, 5}, {40, 10}, {80, 24}, {150, 44}, {300, 100}};
	for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++)
		for (int i = 0; screens[i]; i++) {
			struct screen_fixture opened = open_screen(sizes[size][0], sizes[size][1]);
			draw(&opened, screens[i]->name);
			for (int k = 0; k < opened.hits.count; k++) {
				const struct hit *hit = &opened.hits.items[k];
				assert_true(hit->cells.x >= 0 && hit->cells.y >= 0);
				assert_true(hit->cells.x + hit->cells.width <= sizes[size][0] && hit->cells.y + hit->cells.height <= sizes[size][1]);
				const enum action keyed[] = {hit->twice, hit->up, hit->down};
				for (size_t a = 0; a < sizeof keyed / sizeof *keyed; a++)
					assert_true(!keyed[a] || *action_find(keyed[a])->keys);
			}
			assert_true(opened.hits.count < HITS);
			close_screen(&opened);
		}
}

static const struct hit *find_hit(const struct screen_fixture *opened, enum action click, int value)
{
	for (int i = 0; i < opened->hits.count; i++)
		if (opened->hits.items[i].click == click && opened->hits.items[i].value == value)
			return &opened->hits.items[i];
	return NULL;
}

static void a_footer_entry_is_its_key(void **state)
{
	(void)state;
	struct screen_fixture opened = open_screen(150, 44);
	draw(&opened, "train");
	static const enum action expected[] = {ACTION_PAUSE, ACTION_D_BITS_DOWN, ACTION_D_BITS_UP, ACTION_HELP, ACTION_QUIT};
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		const struct hit *hit = find_hit(&opened, expected[i], 0);
		char key[16];
		assert_non_null(hit);
		assert_int_equal(hit->cells.y, 43);
		keymap_key_of(key, sizeof key, expected[i], true);
		assert_int_equal(canvas_get(opened.canvas, hit->cells.x, 43).character, (uint32_t)key[0]);
	}
	close_screen(&opened);
}

static void rows_are_picked(void **state)
{
	(void)state;
	struct screen_fixture opened = open_screen(150, 44);
	struct action_request out = {0};
	draw(&opened, "runs");
	const struct hit *third = find_hit(&opened, ACTION_PICK_ROW, 2);
	assert_non_null(third);
	screen_state_point(opened.state, &(struct pointer){.value = third->value});
	assert_true(screen_named("runs")->act(opened.state, opened.view, ACTION_PICK_ROW, &out));
	assert_true(screen_named("runs")->act(opened.state, opened.view, third->twice, &out));
	assert_true(out.action == ACTION_RUN_OPEN && out.run == view_run_at(opened.view, 2).id);
	draw(&opened, "train"); /* a layer of G, then the weights screen shows it */
	const struct hit *layer = find_hit(&opened, ACTION_PICK_ROW, VIEW_MAX_LAYERS + 1);
	assert_true(layer && layer->twice == ACTION_SCREEN_WEIGHTS);
	screen_state_point(opened.state, &(struct pointer){.value = layer->value});
	assert_true(screen_named("train")->act(opened.state, opened.view, ACTION_PICK_ROW, &out));
	assert_true(opened.state->weights.network == VIEW_G && opened.state->weights.layer == 1);
	close_screen(&opened);
}

/* Both charts zoom to what is marked on one of them, and the session is asked for finer buckets. */
static void a_drag_zooms_every_chart(void **state)
{
	(void)state;
	struct screen_fixture opened = open_screen(150, 44);
	struct action_request out = {0};
	draw(&opened, "train");
	const struct hit *chart = find_hit(&opened, ACTION_CHART_POINT, 0);
	assert_non_null(chart);
	screen_state_point(opened.state, &(struct pointer){.from = 1000, .at = 2000});
	assert_true(screen_named("train")->act(opened.state, opened.view, ACTION_CHART_DRAG, &out));
	assert_int_equal(out.action, ACTION_NONE);
	draw(&opened, "train");
	assert_true(screen_named("train")->act(opened.state, opened.view, ACTION_CHART_DROP, &out));
	assert_true(out.action == ACTION_CHART_RANGE && out.first_step == 500 && out.last_step == 2500 && out.step == -1);
	draw(&opened, "train");
	int charts = 0;
	for (int i = 0; i < opened.hits.count; i++)
		if (opened.hits.items[i].drag) {
			assert_true(opened.hits.items[i].low == 1000 && opened.hits.items[i].high == 2000);
			charts++;
		}
	assert_int_equal(charts, 2);
	screen_state_point(opened.state, &(struct pointer){.from = 1500, .at = 1500});
	assert_true(screen_named("train")->act(opened.state, opened.view, ACTION_CHART_POINT, &out));
	assert_true(out.action == ACTION_CHART_RANGE && out.step == 1500); /* samples and layers follow */
	screen_state_point(opened.state, NULL);
	assert_true(screen_named("train")->act(opened.state, opened.view, ACTION_FIT, &out));
	assert_true(out.action == ACTION_CHART_RANGE && out.first_step == out.last_step);
	close_screen(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_click_opens),
		cmocka_unit_test(a_drag_marks_and_a_click_points),
		cmocka_unit_test(the_wheel_scrolls_and_zooms),
		cmocka_unit_test(hits_lie_on_the_screen_and_have_keys),
		cmocka_unit_test(a_footer_entry_is_its_key),
		cmocka_unit_test(rows_are_picked),
		cmocka_unit_test(a_drag_zooms_every_chart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
