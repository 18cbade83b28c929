/* ui/graphics: fitting and scaling, sixel bytes read back pixel by pixel, colours that are kept, characters, and the
 * account of what the terminal shows. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "ui/graphics.h"
#include "ui/graphics_scale.h"
#include "ui/graphics_sixel.h"
#include "ui/graphics_text.h"

enum { PATIENCE_MS = 20000 };

static void pictures_fit_in_whole_multiples(void **state)
{
	(void)state;
	static const struct {
		struct extent picture, space, fitted;
	} cases[] = {
		{{32, 32}, {100, 200}, {96, 96}}, {{32, 32}, {32, 32}, {32, 32}}, {{32, 32}, {31, 100}, {31, 31}},
		{{256, 256}, {90, 60}, {60, 60}}, {{256, 128}, {64, 64}, {64, 32}}, {{10, 1000}, {5, 10}, {1, 10}}, {{3, 5}, {1, 1}, {1, 1}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct extent fitted = graphics_fit(cases[i].picture, cases[i].space);
		assert_int_equal(fitted.width, cases[i].fitted.width);
		assert_int_equal(fitted.height, cases[i].fitted.height);
	}
}

static struct image *make_image(int width, int height, int channels)
{
	struct image *image = image_create(width, height, channels, NULL);
	assert_non_null(image);
	for (int i = 0; i < width * height * channels; i++)
		image->pixels[i] = (uint8_t)(i * 37 + i / 7);
	return image;
}

static void scaling_repeats_or_averages(void **state)
{
	(void)state;
	struct image *image = make_image(4, 3, 3);
	struct image *large = graphics_scale(image, (struct extent){12, 9});
	for (int y = 0; y < 9; y++)
		for (int x = 0; x < 12; x++)
			assert_memory_equal(large->pixels + 3 * (12 * y + x), image->pixels + 3 * (4 * (y / 3) + x / 3), 3);
	struct image *small = graphics_scale(large, (struct extent){4, 3}); /* the mean of equal pixels */
	assert_memory_equal(small->pixels, image->pixels, 4 * 3 * 3);
	image_destroy(small);
	image_destroy(large);
	image->pixels[0] = 10;
	image->pixels[3] = 20;
	image->pixels[12] = 30;
	image->pixels[15] = 41;
	struct extent half = {2, 1};
	small = graphics_scale(image, half); /* 3 rows become 1, 4 columns 2 */
	int sum = 10 + 20 + 30 + 41 + image->pixels[24] + image->pixels[27];
	assert_int_equal(small->pixels[0], (sum + 3) / 6);
	image_destroy(small);
	image_destroy(image);
}

/* --- a reader of sixel sequences, after the VT340's manual --- */

struct drawing {
	int width, height, colours;
	int registers[256];    /* 0xRRGGBB */
	int *pixels;           /* register of each; -1: not painted */
};

static const char *number(const char *at, int *value)
{
	char *end;
	*value = (int)strtol(at, &end, 10);
	return end;
}

static const char *read_colour(struct drawing *drawing, const char *at, int *chosen)
{
	int kind, red, green, blue;
	at = number(at + 1, chosen);
	assert_in_range(*chosen, 0, 255);
	if (*at != ';')
		return at;
	at = number(at + 1, &kind);
	assert_int_equal(kind, 2);
	at = number(number(number(at + 1, &red) + 1, &green) + 1, &blue);
	drawing->registers[*chosen] = (red * 255 + 50) / 100 << 16 | (green * 255 + 50) / 100 << 8 | (blue * 255 + 50) / 100;
	drawing->colours++;
	return at;
}

static void paint(struct drawing *drawing, int x, int y, char sixel, int colour, int times)
{
	assert_in_range(sixel, '?', '~');
	for (int i = 0; i < times; i++)
		for (int bit = 0; bit < 6; bit++)
			if ((sixel - '?') >> bit & 1) {
				assert_in_range(x + i, 0, drawing->width - 1);
				assert_in_range(y + bit, 0, drawing->height - 1);
				drawing->pixels[(y + bit) * drawing->width + x + i] = colour;
			}
}

static struct drawing read_sixel(const struct text *bytes)
{
	struct drawing drawing = {0};
	static const char introducer[] = "\033P0;1;0q\"1;1;";
	assert_memory_equal(bytes->bytes, introducer, sizeof introducer - 1);
	const char *at = number(number(bytes->bytes + sizeof introducer - 1, &drawing.width) + 1, &drawing.height);
	drawing.pixels = memory_zeroed((size_t)drawing.width * (size_t)drawing.height, sizeof(int));
	memset(drawing.pixels, 0xFF, (size_t)drawing.width * (size_t)drawing.height * sizeof(int));
	int x = 0, y = 0, colour = 0, times = 1;
	while (*at != '\033') {
		if (*at == '#') {
			at = read_colour(&drawing, at, &colour);
		} else if (*at == '!') {
			at = number(at + 1, &times);
		} else if (*at == '$') {
			x = 0;
			at++;
		} else if (*at == '-') {
			x = 0;
			y += 6;
			at++;
		} else {
			paint(&drawing, x, y, *at++, colour, times);
			x += times;
			times = 1;
		}
	}
	assert_string_equal(at, "\033\\");
	return drawing;
}

static int largest_difference(int colour, const uint8_t *pixel, int channels)
{
	int largest = 0;
	for (int c = 0; c < 3; c++) {
		int difference = abs((colour >> (16 - 8 * c) & 0xFF) - pixel[channels == 1 ? 0 : c]);
		largest = difference > largest ? difference : largest;
	}
	return largest;
}

/* Encodes at three times the size and compares every pixel. */
static void assert_shows(struct sixel_palette *palette, const struct image *image, int registers, int64_t run, int tolerance)
{
	struct text bytes = {0};
	assert_true(sixel_encode_image(palette, image, (struct extent){3 * image->width, 3 * image->height}, registers, run, &bytes));
	struct drawing drawing = read_sixel(&bytes);
	assert_int_equal(drawing.width, 3 * image->width);
	assert_int_equal(drawing.height, 3 * image->height);
	assert_true(drawing.colours <= registers);
	for (int y = 0; y < drawing.height; y++)
		for (int x = 0; x < drawing.width; x++) {
			int colour = drawing.pixels[y * drawing.width + x];
			assert_int_not_equal(colour, -1);
			const uint8_t *pixel = image->pixels + (y / 3 * image->width + x / 3) * image->channels;
			assert_in_range(largest_difference(drawing.registers[colour], pixel, image->channels), 0, tolerance);
		}
	free(drawing.pixels);
	text_clear(&bytes);
}

static struct image *few_colours(void)
{
	static const uint8_t colours[4][3] = {{250, 10, 10}, {10, 250, 10}, {10, 10, 250}, {128, 128, 128}};
	struct image *image = image_create(16, 9, 3, NULL);
	for (int i = 0; i < 16 * 9; i++)
		memcpy(image->pixels + 3 * i, colours[(i * 7 + i / 5) % 4], 3);
	return image;
}

static void sixels_show_every_pixel(void **state)
{
	(void)state;
	struct sixel_palette *palette = memory_zeroed(1, sizeof *palette);
	struct image *image = few_colours();
	struct image *copy = image_copy(image, NULL);
	assert_shows(palette, image, 256, 1, 8); /* 5 bits of each channel decide */
	assert_memory_equal(image->pixels, copy->pixels, 16 * 9 * 3); /* the caller's pixels are left alone */
	assert_shows(palette, image, 4, 1, 8);
	image_destroy(image);
	image_destroy(copy);
	image = image_create(16, 16, 1, NULL);
	for (int i = 0; i < 256; i++)
		image->pixels[i] = (uint8_t)i;
	assert_shows(palette, image, 256, 1, 4); /* 64 greys, 101 levels */
	assert_shows(palette, image, 16, 1, 10);
	assert_shows(palette, image, 2, 1, 128);
	image_destroy(image);
	image = make_image(5, 2, 3); /* ten colours in ten pixels, one band high */
	assert_shows(palette, image, 256, 2, 8);
	image_destroy(image);
	image = image_create(1, 1, 3, NULL);
	struct text bytes = {0};
	assert_false(sixel_encode_image(palette, image, (struct extent){5, 5}, 256, 1, &bytes)); /* lower than a band */
	assert_int_equal(bytes.length, 0);
	image_destroy(image);
	free(palette);
}

static void colours_of_a_run_are_kept(void **state)
{
	(void)state;
	struct sixel_palette *palette = memory_zeroed(1, sizeof *palette), *before = memory_zeroed(1, sizeof *before);
	struct image *image = make_image(32, 32, 3);
	struct text bytes = {0};
	assert_true(sixel_encode_image(palette, image, (struct extent){64, 64}, 256, 7, &bytes));
	memcpy(before, palette, sizeof *before);
	for (int i = 0; i < 32 * 32 * 3; i += 5)
		image->pixels[i] ^= 3; /* a little different */
	assert_true(sixel_encode_image(palette, image, (struct extent){64, 64}, 256, 7, &bytes));
	assert_memory_equal(palette, before, sizeof *before);
	struct image *other = few_colours(); /* another run: colours of its own */
	assert_shows(palette, other, 256, 8, 8);
	assert_int_not_equal(memcmp(palette->colours, before->colours, sizeof before->colours), 0);
	memcpy(before, palette, sizeof *before);
	assert_true(sixel_encode_image(palette, image, (struct extent){64, 64}, 256, 8, &bytes)); /* too poor for this: made anew */
	assert_int_not_equal(memcmp(palette->colours, before->colours, sizeof before->colours), 0);
	text_clear(&bytes);
	image_destroy(image);
	image_destroy(other);
	free(palette);
	free(before);
}

static void large_pictures_shrink(void **state)
{
	(void)state;
	struct sixel_palette *palette = memory_zeroed(1, sizeof *palette);
	struct image *image = image_create(64, 64, 1, NULL);
	memset(image->pixels, 200, 64 * 64);
	struct text bytes = {0};
	assert_true(sixel_encode_image(palette, image, (struct extent){20, 20}, 256, 1, &bytes));
	struct drawing drawing = read_sixel(&bytes);
	assert_int_equal(drawing.width, 20);
	for (int i = 0; i < 400; i++)
		assert_in_range(drawing.registers[drawing.pixels[i]] & 0xFF, 196, 204);
	free(drawing.pixels);
	text_clear(&bytes);
	image_destroy(image);
	free(palette);
}

/* --- characters --- */

static void half_blocks_hold_two_pixels(void **state)
{
	(void)state;
	struct terminal_ability ability = {.unicode = true, .colours = 256};
	struct canvas *canvas = canvas_create(8, 4, true);
	struct image *image = image_create(2, 2, 3, NULL);
	static const uint8_t pixels[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
	memcpy(image->pixels, pixels, sizeof pixels);
	struct picture_request request = {.image = image, .cells = {3, 1, 2, 1}};
	graphics_draw_blocks(&ability, &request, canvas);
	struct cell left = canvas_get(canvas, 3, 1), right = canvas_get(canvas, 4, 1);
	assert_int_equal(left.character, 0x2580);
	assert_int_equal(left.foreground, 196);
	assert_int_equal(left.background, 21);
	assert_int_equal(right.foreground, 46);
	assert_int_equal(right.background, 231);
	ability.grey = true;
	graphics_draw_blocks(&ability, &request, canvas);
	left = canvas_get(canvas, 3, 1);
	assert_true(left.foreground >= 232);
	assert_int_equal(canvas_get(canvas, 2, 1).character, ' ');
	assert_int_equal(canvas_get(canvas, 5, 1).character, ' ');
	image_destroy(image);
	canvas_destroy(canvas);
}

static void characters_go_from_dark_to_light(void **state)
{
	(void)state;
	struct canvas *canvas = canvas_create(10, 1, false);
	struct image *image = image_create(10, 2, 1, NULL);
	for (int i = 0; i < 20; i++)
		image->pixels[i] = (uint8_t)(i % 10 * 255 / 9);
	graphics_draw_ascii(&(struct terminal_ability){0}, &(struct picture_request){.image = image, .cells = {0, 0, 10, 1}}, canvas);
	char *text = canvas_to_text(canvas);
	assert_string_equal(text, " .:-=+*#%@\n");
	free(text);
	image_destroy(image);
	canvas_destroy(canvas);
}

/* Eight by eight tiles in 40 square pixels would be 5 pixels each: two by two are shown instead. */
static void small_room_shows_fewer_tiles(void **state)
{
	(void)state;
	struct terminal_ability ability = {.unicode = true, .colours = 256};
	struct canvas *canvas = canvas_create(40, 20, true);
	struct image *image = image_create(256, 256, 1, NULL);
	for (int y = 0; y < 256; y++)
		for (int x = 0; x < 256; x++)
			image->pixels[256 * y + x] = x < 64 && y < 64 ? 255 : 0;
	struct picture_request request = {.image = image, .cells = {0, 0, 40, 20}, .tile = 32};
	graphics_draw_blocks(&ability, &request, canvas);
	for (int y = 0; y < 20; y++)
		for (int x = 0; x < 40; x++)
			assert_int_equal(canvas_get(canvas, x, y).foreground, 231);
	request.tile = 0; /* one picture: all of it */
	graphics_draw_blocks(&ability, &request, canvas);
	assert_int_equal(canvas_get(canvas, 39, 19).foreground, 16);
	image_destroy(image);
	canvas_destroy(canvas);
}

/* Two pictures in one place: halves of it as characters. */
static void a_pair_shares_its_place(void **state)
{
	(void)state;
	struct terminal_ability ability = {.unicode = true, .colours = 256, .known = true};
	struct graphics *graphics = graphics_create(UI_GRAPHICS_BLOCKS);
	struct canvas *canvas = canvas_create(25, 9, true);
	struct image *white = image_create(32, 32, 1, NULL), *black = image_create(32, 32, 1, NULL);
	memset(white->pixels, 255, 32 * 32);
	struct picture_request request = {.image = white, .beside = black, .version = 1, .cells = {2, 1, 21, 6}};
	graphics_compose(graphics, &ability, &request, canvas);
	assert_int_equal(canvas_get(canvas, 2, 3).foreground, 231);
	assert_int_equal(canvas_get(canvas, 11, 3).foreground, 231);
	assert_int_equal(canvas_get(canvas, 12, 3).character, ' ');
	assert_int_equal(canvas_get(canvas, 13, 3).foreground, 16);
	assert_int_equal(canvas_get(canvas, 22, 3).foreground, 16);
	assert_int_equal(canvas_get(canvas, 23, 3).character, ' ');
	image_destroy(white);
	image_destroy(black);
	canvas_destroy(canvas);
	graphics_destroy(graphics);
}

/* --- the account of what is shown --- */

struct stage {
	struct graphics *graphics;
	struct terminal_ability ability;
	struct canvas *canvas;
	struct image *image;
	struct picture_request request;
};

static struct stage set_stage(void)
{
	struct stage stage = {
		.graphics = graphics_create(UI_GRAPHICS_AUTO),
		.ability = {.unicode = true, .colours = 256, .known = true, .sixel = true, .registers = 256, .cell_width = 10,
			.cell_height = 20},
		.canvas = canvas_create(40, 20, true),
		.image = few_colours(),
	};
	stage.request = (struct picture_request){.image = stage.image, .version = 1, .run = 1, .cells = {4, 2, 30, 17}};
	return stage;
}

static void clear_stage(struct stage *stage)
{
	graphics_destroy(stage->graphics);
	canvas_destroy(stage->canvas);
	image_destroy(stage->image);
}

static void compose(struct stage *stage)
{
	canvas_clear(stage->canvas);
	graphics_compose(stage->graphics, &stage->ability, &stage->request, stage->canvas);
	graphics_uncover(stage->graphics, stage->canvas);
}

static void await_picture(struct stage *stage)
{
	struct pollfd wait = {graphics_wake_descriptor(stage->graphics), POLLIN, 0};
	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	assert_true(graphics_take_ready(stage->graphics));
}

/* Bytes that the frame sends for pictures: before its text and after it. */
static void assert_frame(struct stage *stage, bool erases, bool shows)
{
	struct text before = {0}, after = {0};
	graphics_erase(stage->graphics, &before);
	graphics_emit(stage->graphics, &after);
	assert_int_equal(before.length > 0, erases);
	assert_int_equal(after.length > 0, shows);
	text_clear(&before);
	text_clear(&after);
}

static void picture_is_sent_once_and_after_an_answer(void **state)
{
	(void)state;
	struct stage stage = set_stage();
	compose(&stage);
	assert_frame(&stage, false, false); /* not encoded yet: the frame does not wait */
	await_picture(&stage);
	assert_frame(&stage, false, true);
	compose(&stage);
	assert_frame(&stage, false, false);
	stage.request.version = 2;
	compose(&stage);
	await_picture(&stage);
	assert_frame(&stage, false, false); /* the terminal has not drawn the first one */
	graphics_acknowledge(stage.graphics);
	assert_frame(&stage, false, true);
	graphics_acknowledge(stage.graphics);
	graphics_screen_cleared(stage.graphics);
	compose(&stage);
	assert_frame(&stage, false, true); /* from memory, at once */
	clear_stage(&stage);
}

/* As sixel one picture: left, a gap, right. */
static void a_pair_is_sent_as_one(void **state)
{
	(void)state;
	struct stage stage = set_stage();
	struct image *white = image_create(32, 32, 1, NULL), *black = image_create(32, 32, 1, NULL);
	struct text before = {0}, after = {0};
	memset(white->pixels, 255, 32 * 32);
	stage.request.image = white;
	stage.request.beside = black;
	compose(&stage);
	await_picture(&stage);
	graphics_erase(stage.graphics, &before);
	graphics_emit(stage.graphics, &after);
	char *start = strstr(after.bytes, "\033P"), *end = strstr(start, "\033\\");
	end[2] = '\0';
	struct drawing drawing = read_sixel(&(struct text){.bytes = start, .length = strlen(start)});
	int zoom = drawing.height / 32, middle = drawing.width * (drawing.height / 2);
	assert_true(zoom >= 1 && drawing.width == zoom * (2 * 32 + 2));
	assert_int_equal(drawing.registers[drawing.pixels[middle + 16 * zoom]], 0xFFFFFF);
	assert_int_equal(drawing.registers[drawing.pixels[middle + 50 * zoom]], 0);
	free(drawing.pixels);
	text_clear(&before);
	text_clear(&after);
	image_destroy(white);
	image_destroy(black);
	clear_stage(&stage);
}

static void picture_that_moves_or_hides_is_erased(void **state)
{
	(void)state;
	struct stage stage = set_stage();
	compose(&stage);
	await_picture(&stage);
	assert_frame(&stage, false, true);
	graphics_acknowledge(stage.graphics);
	canvas_clear(stage.canvas);
	graphics_compose(stage.graphics, &stage.ability, &stage.request, stage.canvas);
	canvas_text(stage.canvas, 18, 10, ROLE_TEXT, 0, "over it");
	graphics_uncover(stage.graphics, stage.canvas);
	assert_frame(&stage, true, false);
	for (int y = 0; y < 20; y++)
		for (int x = 0; x < 40; x++)
			assert_int_not_equal(canvas_get(stage.canvas, x, y).role, ROLE_PICTURE);
	compose(&stage);
	assert_frame(&stage, false, true); /* back again */
	graphics_acknowledge(stage.graphics);
	stage.request.cells.x++;
	compose(&stage);
	assert_frame(&stage, true, false);
	await_picture(&stage);
	assert_frame(&stage, false, true);
	stage.request.image = NULL; /* a screen without a picture */
	compose(&stage);
	assert_frame(&stage, true, false);
	clear_stage(&stage);
}

static void picture_never_reaches_the_last_row(void **state)
{
	(void)state;
	struct stage stage = set_stage();
	for (int height = 1; height <= 20; height++) {
		stage.request.cells = (struct rect){0, 20 - height, 40, height};
		compose(&stage);
		for (int x = 0; x < 40; x++)
			assert_int_not_equal(canvas_get(stage.canvas, x, 19).role, ROLE_PICTURE);
	}
	clear_stage(&stage);
}

static void way_follows_ability_and_wish(void **state)
{
	(void)state;
	static const struct {
		enum ui_graphics wanted;
		struct terminal_ability ability;
		const char *name; /* NULL: wait */
	} cases[] = {
		{UI_GRAPHICS_AUTO, {.unicode = true, .colours = 256}, NULL},
		{UI_GRAPHICS_AUTO, {.known = true, .unicode = true, .colours = 256}, "blocks"},
		{UI_GRAPHICS_AUTO, {.known = true, .sixel = true, .registers = 256, .cell_width = 8, .cell_height = 16}, "sixel"},
		{UI_GRAPHICS_AUTO, {.known = true, .sixel = true, .registers = 256, .unicode = true, .colours = 256}, "blocks"},
		{UI_GRAPHICS_AUTO, {.known = true, .unicode = true, .colours = 8}, "ascii"},
		{UI_GRAPHICS_AUTO, {.known = true, .colours = 256}, "ascii"},
		{UI_GRAPHICS_SIXEL, {.known = true}, "sixel"},
		{UI_GRAPHICS_BLOCKS, {.unicode = true, .colours = 256, .sixel = true}, "blocks"},
		{UI_GRAPHICS_BLOCKS, {.known = true}, "ascii"},
		{UI_GRAPHICS_ASCII, {.unicode = true, .colours = 256}, "ascii"},
		{UI_GRAPHICS_NONE, {.known = true, .sixel = true}, "none"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct graphics *graphics = graphics_create(cases[i].wanted);
		const struct graphics_backend *backend = graphics_backend(graphics, &cases[i].ability);
		if (cases[i].name)
			assert_string_equal(backend->name, cases[i].name);
		else
			assert_null(backend);
		graphics_destroy(graphics);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_fit_in_whole_multiples),
		cmocka_unit_test(scaling_repeats_or_averages),
		cmocka_unit_test(sixels_show_every_pixel),
		cmocka_unit_test(colours_of_a_run_are_kept),
		cmocka_unit_test(large_pictures_shrink),
		cmocka_unit_test(half_blocks_hold_two_pixels),
		cmocka_unit_test(characters_go_from_dark_to_light),
		cmocka_unit_test(small_room_shows_fewer_tiles),
		cmocka_unit_test(a_pair_shares_its_place),
		cmocka_unit_test(picture_is_sent_once_and_after_an_answer),
		cmocka_unit_test(a_pair_is_sent_as_one),
		cmocka_unit_test(picture_that_moves_or_hides_is_erased),
		cmocka_unit_test(picture_never_reaches_the_last_row),
		cmocka_unit_test(way_follows_ability_and_wish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
