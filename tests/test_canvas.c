/* ui/canvas, ui/theme: cells in memory, clipped; UTF-8 and wide characters; ASCII twins; frames; colours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/canvas.h"
#include "ui/theme.h"

static void assert_shows(const struct canvas *canvas, const char *expected)
{
	char *text = canvas_to_text(canvas);
	assert_string_equal(text, expected);
	free(text);
}

static void text_is_clipped_on_every_side(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(10, 4, true);
	struct canvas part = canvas_part(canvas, (struct rect){2, 1, 5, 2});
	assert_int_equal(canvas_text(&part, -2, 0, ROLE_TEXT, 0, "abcdefghij"), 10);
	canvas_text(&part, 3, 1, ROLE_TEXT, 0, "xyz");
	canvas_text(&part, 0, 2, ROLE_TEXT, 0, "below");
	canvas_text(&part, 0, -1, ROLE_TEXT, 0, "above");
	assert_shows(canvas, "\n  cdefg\n     xy\n\n");
	struct canvas outside = canvas_part(&part, (struct rect){7, 7, 3, 3});
	canvas_text(&outside, 0, 0, ROLE_TEXT, 0, "nowhere");
	canvas_fill(&part, (struct rect){-5, -5, 100, 100}, '#', ROLE_TEXT, 0);
	assert_shows(canvas, "\n  #####\n  #####\n\n");
	canvas_clear(&part);
	assert_shows(canvas, "\n\n\n\n");
	canvas_destroy(canvas);
}

static void parts_of_parts_stay_inside(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(8, 8, true);
	struct canvas part = canvas_part(canvas, (struct rect){-3, -2, 6, 6});
	assert_int_equal(part.clip.x, 0);
	assert_int_equal(part.clip.width, 3);
	assert_int_equal(part.clip.height, 4);
	struct canvas deeper = canvas_part(&part, (struct rect){1, 1, 100, 100});
	assert_int_equal(deeper.clip.x, 1);
	assert_int_equal(deeper.clip.width, 2);
	assert_int_equal(deeper.clip.height, 3);
	canvas_destroy(canvas);
}

static void wide_characters_take_two_cells(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(5, 1, true);
	assert_int_equal(canvas_text(canvas, 0, 0, ROLE_TEXT, 0, "a\xe6\xbc\xa2" "b"), 4);
	assert_int_equal(canvas_get(canvas, 1, 0).character, 0x6f22);
	assert_int_equal(canvas_get(canvas, 2, 0).character, 0);
	assert_shows(canvas, "a\xe6\xbc\xa2" "b\n");
	canvas_put(canvas, 2, 0, 'x', ROLE_TEXT, 0); /* over the right half: the left one goes as well */
	assert_shows(canvas, "a xb\n");
	canvas_text(canvas, 1, 0, ROLE_TEXT, 0, "\xe6\xbc\xa2");
	canvas_put(canvas, 1, 0, 'y', ROLE_TEXT, 0); /* over the left half */
	assert_shows(canvas, "ay b\n");
	canvas_text(canvas, 4, 0, ROLE_TEXT, 0, "\xe6\xbc\xa2"); /* no room for both halves */
	assert_shows(canvas, "ay b\n");
	canvas_destroy(canvas);
}

static void broken_text_never_breaks_the_screen(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(12, 1, true);
	canvas_text(canvas, 0, 0, ROLE_TEXT, 0, "a\033[31m\x80\xc3(\xed\xa0\x80");
	assert_shows(canvas, "a?[31m?" "?(???\n");
	canvas_clear(canvas);
	assert_int_equal(canvas_text(canvas, 0, 0, ROLE_TEXT, 0, "e\xcc\x81\xe2\x82"), 3); /* combining accent; cut sequence */
	assert_shows(canvas, "e??\n");
	canvas_destroy(canvas);
}

static void width_does_not_depend_on_the_locale(void **state)
{
	(void)state;
	assert_int_equal(canvas_text_width("abc"), 3);
	assert_int_equal(canvas_text_width("\xe2\x96\x84\xe2\xa1\xb0\xce\xb1"), 3); /* block, braille, alpha */
	assert_int_equal(canvas_text_width("\xe6\xbc\xa2\xf0\x9f\x98\x80"), 4);     /* ideograph, face */
	assert_int_equal(canvas_text_width("e\xcc\x81"), 1);
}

static void right_aligned_text_ends_where_told(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(10, 2, true);
	canvas_text_right(canvas, 7, 0, ROLE_TEXT, 0, "12.5");
	canvas_format(canvas, 0, 1, ROLE_D, CELL_BOLD, "%d %s", 42, "x");
	assert_shows(canvas, "    12.5\n42 x\n");
	assert_int_equal(canvas_get(canvas, 0, 1).role, ROLE_D);
	assert_int_equal(canvas_get(canvas, 0, 1).attributes, CELL_BOLD);
	canvas_destroy(canvas);
}

static void frames_carry_title_and_note(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(20, 3, true);
	struct canvas inside = canvas_frame(canvas, (struct rect){0, 0, 20, 3}, "loss", "steps", false);
	assert_int_equal(inside.clip.x, 1);
	assert_int_equal(inside.clip.width, 18);
	assert_int_equal(inside.clip.height, 1);
	canvas_text(&inside, 0, 0, ROLE_TEXT, 0, "inside");
	assert_shows(canvas,
		"\u250c\u2500 loss \u2500\u2500\u2500 steps \u2500\u2510\n"
		"\u2502inside            \u2502\n"
		"\u2514\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2518\n");
	canvas_destroy(canvas);
	for (int width = 0; width < 8; width++) { /* tiny frames never write outside */
		canvas = canvas_create(8, 4, true);
		struct canvas part = canvas_part(canvas, (struct rect){0, 0, width, width / 2});
		inside = canvas_frame(&part, (struct rect){0, 0, width, width / 2}, "a long title", "note", true);
		assert_true(inside.clip.width >= 0 && inside.clip.height >= 0);
		assert_int_equal(canvas_get(canvas, 7, 3).character, ' ');
		canvas_destroy(canvas);
	}
}

static void without_unicode_twins_are_drawn(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(12, 3, false);
	canvas_frame(canvas, (struct rect){0, 0, 12, 3}, "D\u25b82", NULL, false);
	canvas_text(canvas, 1, 1, ROLE_TEXT, 0, "\u2581\u2584\u2588\u2801\u2880\u28ff\u03b1\u2207\u6f22");
	assert_shows(canvas, "+- D>2 ----+\n|_-#'.#ad? |\n+----------+\n");
	canvas_destroy(canvas);
	for (uint32_t character = 0; character < 0x30000; character++) {
		char twin = canvas_ascii_twin(character);
		assert_in_range(twin, ' ', '~');
	}
}

static void pictures_keep_their_own_colours(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(2, 1, true);
	canvas_put_colours(canvas, 0, 0, 0x2580, 196, 21);
	struct cell cell = canvas_get(canvas, 0, 0);
	assert_int_equal(cell.foreground, 196);
	assert_int_equal(cell.background, 21);
	assert_true(cell.attributes & CELL_OWN_COLOURS);
	canvas_put(canvas, 0, 0, 'x', ROLE_TEXT, 0);
	assert_false(canvas_get(canvas, 0, 0).attributes & CELL_OWN_COLOURS);
	canvas_destroy(canvas);
}

/* The blanks under a sixel picture must differ from every other blank. */
static void every_theme_keeps_the_picture_pair_apart(void **state)
{
	(void)state;
	int count = 0;
	for (const struct theme *theme = themes; theme->name; theme++, count++) {
		assert_ptr_equal(theme_find(theme->name), theme);
		assert_true(strlen(theme->help) > 0);
		for (int role = 0; role < ROLE_PICTURE; role++) {
			const struct theme_colour *a = &theme->roles[role], *b = &theme->roles[ROLE_PICTURE];
			assert_false(a->foreground == b->foreground && a->background == b->background);
			assert_in_range(a->foreground + 1, 0, 256);
		}
		const struct theme_colour *selected = &theme->roles[ROLE_SELECTED];
		assert_true(selected->background >= 0 || selected->attributes & CELL_REVERSE);
	}
	assert_true(count >= 4);
	assert_string_equal(themes[0].name, "dark");
	assert_null(theme_find("plaid"));
}

static void nearest_colours_are_nearest(void **state)
{
	(void)state;
	unsigned char rgb[3];
	for (int index = 16; index < 256; index++) {
		theme_colour_rgb(index, rgb);
		unsigned char found[3];
		theme_colour_rgb(theme_nearest_colour(rgb[0], rgb[1], rgb[2]), found);
		assert_memory_equal(rgb, found, 3);
	}
	for (int grey = 0; grey < 256; grey++) { /* against a search through all of them */
		int best = 1 << 20;
		for (int index = 16; index < 256; index++) {
			theme_colour_rgb(index, rgb);
			int distance = abs(rgb[0] - grey);
			if (rgb[0] == rgb[1] && rgb[1] == rgb[2] && (index >= 232 || index == 16 || index == 231) && distance < best)
				best = distance;
		}
		theme_colour_rgb(theme_nearest_grey(grey), rgb);
		assert_int_equal(abs(rgb[0] - grey), best);
	}
	assert_int_equal(theme_basic_colour(203), 1); /* red */
	assert_int_equal(theme_basic_colour(114), 2); /* green */
	assert_int_equal(theme_basic_colour(255), 7); /* white */
	assert_int_equal(theme_basic_colour(232), 0); /* black */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_clipped_on_every_side),
		cmocka_unit_test(parts_of_parts_stay_inside),
		cmocka_unit_test(wide_characters_take_two_cells),
		cmocka_unit_test(broken_text_never_breaks_the_screen),
		cmocka_unit_test(width_does_not_depend_on_the_locale),
		cmocka_unit_test(right_aligned_text_ends_where_told),
		cmocka_unit_test(frames_carry_title_and_note),
		cmocka_unit_test(without_unicode_twins_are_drawn),
		cmocka_unit_test(pictures_keep_their_own_colours),
		cmocka_unit_test(every_theme_keeps_the_picture_pair_apart),
		cmocka_unit_test(nearest_colours_are_nearest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
