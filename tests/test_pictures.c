/* engine/data: PNG and JPEG files, cropping and resizing, grids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>
#include <turbojpeg.h>
#include <zlib.h>

#include "engine/base/memory.h"
#include "engine/data/picture_file.h"
#include "tests/golden/pictures.h"
#include "tests/temporary_folder.h"

/* The formula of tests/make_golden_pictures.py. */
static struct image *make_pattern(int width, int height, int channels)
{
	struct image *image = image_create(width, height, channels, NULL);
	uint8_t *target = image->pixels;
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			for (int c = 0; c < channels; c++)
				*target++ = (uint8_t)(x * 7 + y * 3 + c * 50 + x * y % 61 + (x / 5 + y / 4) % 2 * 90);
	return image;
}

static struct image *decode(const struct text *bytes, int channels)
{
	struct error error = {0};
	struct image *image = picture_decode(bytes->bytes, bytes->length, channels, "input", &error);
	if (!image)
		print_error("%s\n", error.text);
	assert_non_null(image);
	struct picture_outline outline; /* whatever is decoded was announced by its beginning */
	assert_true(picture_outline(bytes->bytes, bytes->length, "input", &outline, &error));
	assert_int_equal(outline.width, image->width);
	assert_int_equal(outline.height, image->height);
	assert_int_equal(channels ? channels : outline.channels, image->channels);
	return image;
}

/* Must fail with a sentence that has both the name and `expected`. */
static void assert_refused(const void *bytes, size_t size, const char *expected)
{
	struct error error = {0};
	void *exact = memory_zeroed(size, 1); /* a block of its own, so that an over-read is seen */
	memcpy(exact, bytes, size);
	struct image *image = picture_decode(exact, size, 0, "some/file.png", &error);
	free(exact);
	assert_null(image);
	assert_int_equal(error.code, ERROR_INPUT);
	if (!strstr(error.text, expected) || strncmp(error.text, "some/file.png ", 14))
		fail_msg("\"%s\" does not say \"%s\"", error.text, expected);
}

/* ---- PNG ---- */

static void on_png_write(png_structp png, png_bytep bytes, size_t size)
{
	text_append(png_get_io_ptr(png), (const char *)bytes, size);
}

/* samples: height rows of `stride` bytes as PNG stores them. */
struct png_form {
	int width, height, depth, colour_type, interlace;
	png_color palette[4];
	int palette_count;
	png_byte transparent[4];
	int transparent_count;
	png_color_16 key; /* the transparent colour, where has_key */
	bool has_key;
};

static struct text write_png(const struct png_form *form, const uint8_t *samples, size_t stride)
{
	struct text bytes = {0};
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	png_set_write_fn(png, &bytes, on_png_write, NULL);
	png_set_IHDR(png, info, (unsigned)form->width, (unsigned)form->height, form->depth, form->colour_type, form->interlace, 0, 0);
	if (form->palette_count)
		png_set_PLTE(png, info, form->palette, form->palette_count);
	if (form->transparent_count || form->has_key)
		png_set_tRNS(png, info, form->transparent, form->transparent_count, form->has_key ? &form->key : NULL);
	png_write_info(png, info);
	uint8_t **rows = memory_zeroed((size_t)form->height, sizeof *rows);
	for (int y = 0; y < form->height; y++)
		rows[y] = (uint8_t *)samples + (size_t)y * stride;
	png_write_image(png, rows);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	free(rows);
	return bytes;
}

static void assert_png_gives(const struct png_form *form, const uint8_t *samples, size_t stride, int channels,
                             const uint8_t *expected)
{
	struct text bytes = write_png(form, samples, stride);
	struct image *image = decode(&bytes, 0);
	assert_int_equal(image->width, form->width);
	assert_int_equal(image->height, form->height);
	assert_int_equal(image->channels, channels);
	assert_memory_equal(image->pixels, expected, (size_t)(form->width * form->height * channels));
	image_destroy(image);
	text_clear(&bytes);
}

static void png_goes_there_and_back(void **state)
{
	(void)state;
	static const int sizes[][2] = {{1, 1}, {7, 3}, {64, 64}};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int channels = 1; channels <= 3; channels += 2) {
			struct image *image = make_pattern(sizes[i][0], sizes[i][1], channels);
			struct text png = {0};
			text_append(&png, "before", 6);
			assert_true(picture_encode_png(image, &png, NULL));
			assert_memory_equal(png.bytes, "before", 6); /* appended */
			struct image *back = picture_decode(png.bytes + 6, png.length - 6, 0, "input", NULL);
			assert_non_null(back);
			assert_int_equal(back->channels, channels);
			assert_memory_equal(back->pixels, image->pixels, (size_t)(image->width * image->height * channels));
			image_destroy(back);
			image_destroy(image);
			text_clear(&png);
		}
}

static void every_kind_of_png_is_read(void **state)
{
	(void)state;
	static const png_color palette[4] = {{10, 20, 30}, {200, 100, 50}, {0, 0, 0}, {255, 255, 255}};
	struct png_form indexed = {.width = 4, .height = 1, .depth = 2, .colour_type = PNG_COLOR_TYPE_PALETTE, .palette_count = 4};
	memcpy(indexed.palette, palette, sizeof palette);
	assert_png_gives(&indexed, (uint8_t[]){0x1b}, 1, 3, (uint8_t[]){10, 20, 30, 200, 100, 50, 0, 0, 0, 255, 255, 255});
	indexed.transparent_count = 2; /* the first is gone, the second half gone: on white */
	indexed.transparent[0] = 0;
	indexed.transparent[1] = 51;
	assert_png_gives(&indexed, (uint8_t[]){0x1b}, 1, 3, (uint8_t[]){255, 255, 255, 244, 224, 214, 0, 0, 0, 255, 255, 255});

	struct png_form bits = {.width = 8, .height = 1, .depth = 1, .colour_type = PNG_COLOR_TYPE_GRAY};
	assert_png_gives(&bits, (uint8_t[]){0xa1}, 1, 1, (uint8_t[]){255, 0, 255, 0, 0, 0, 0, 255});
	struct png_form nibbles = {.width = 2, .height = 1, .depth = 4, .colour_type = PNG_COLOR_TYPE_GRAY};
	assert_png_gives(&nibbles, (uint8_t[]){0x3f}, 1, 1, (uint8_t[]){51, 255});
	nibbles.has_key = true; /* grey 3 is transparent */
	nibbles.key.gray = 3;
	assert_png_gives(&nibbles, (uint8_t[]){0x31}, 1, 1, (uint8_t[]){255, 17});

	struct png_form deep = {.width = 3, .height = 1, .depth = 16, .colour_type = PNG_COLOR_TYPE_GRAY};
	assert_png_gives(&deep, (uint8_t[]){0x12, 0x34, 0xff, 0xff, 0x80, 0x80}, 6, 1, (uint8_t[]){0x12, 0xff, 0x80});
	struct png_form deep_alpha = {.width = 1, .height = 1, .depth = 16, .colour_type = PNG_COLOR_TYPE_RGB_ALPHA};
	assert_png_gives(&deep_alpha, (uint8_t[]){0, 0, 0x80, 0x80, 0xff, 0xff, 0x33, 0x33}, 8, 3, (uint8_t[]){204, 230, 255});

	struct png_form alpha = {.width = 2, .height = 1, .depth = 8, .colour_type = PNG_COLOR_TYPE_RGB_ALPHA};
	assert_png_gives(&alpha, (uint8_t[]){1, 2, 3, 255, 9, 9, 9, 0}, 8, 3, (uint8_t[]){1, 2, 3, 255, 255, 255});
	struct png_form grey_alpha = {.width = 2, .height = 1, .depth = 8, .colour_type = PNG_COLOR_TYPE_GRAY_ALPHA};
	assert_png_gives(&grey_alpha, (uint8_t[]){100, 255, 0, 51}, 4, 1, (uint8_t[]){100, 204});

	struct image *pattern = make_pattern(13, 11, 3);
	struct png_form woven = {.width = 13, .height = 11, .depth = 8, .colour_type = PNG_COLOR_TYPE_RGB,
	                         .interlace = PNG_INTERLACE_ADAM7};
	assert_png_gives(&woven, pattern->pixels, 39, 3, pattern->pixels);
	image_destroy(pattern);
}

static void channels_are_converted(void **state)
{
	(void)state;
	struct image colour = {2, 1, 3, (uint8_t[]){255, 0, 0, 10, 200, 90}};
	struct text png = {0};
	assert_true(picture_encode_png(&colour, &png, NULL));
	struct image *grey = decode(&png, 1);
	assert_int_equal(grey->channels, 1);
	assert_memory_equal(grey->pixels, ((uint8_t[]){76, 131}), 2); /* 0.299 R + 0.587 G + 0.114 B */
	text_clear(&png);
	assert_true(picture_encode_png(grey, &png, NULL));
	struct image *back = decode(&png, 3);
	assert_memory_equal(back->pixels, ((uint8_t[]){76, 76, 76, 131, 131, 131}), 6);
	image_destroy(back);
	image_destroy(grey);
	text_clear(&png);
}

/* ---- JPEG ---- */

static struct text write_jpeg(const uint8_t *pixels, int width, int height, int format, int subsampling, int flags)
{
	tjhandle encoder = tjInitCompress();
	unsigned char *jpeg = NULL;
	unsigned long size = 0;
	assert_int_equal(tjCompress2(encoder, pixels, width, 0, height, format, &jpeg, &size, subsampling, 98, flags), 0);
	struct text bytes = {0};
	text_append(&bytes, (const char *)jpeg, size);
	tjFree(jpeg);
	tjDestroy(encoder);
	return bytes;
}

/* Slopes, which survive compression. */
static void fill_slopes(uint8_t *pixels, int width, int height, int channels)
{
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			for (int c = 0; c < channels; c++)
				*pixels++ = (uint8_t)(40 + 5 * x + 3 * y + 20 * c);
}

static void assert_near(const uint8_t *left, const uint8_t *right, size_t count, int most)
{
	for (size_t i = 0; i < count; i++)
		if (abs(left[i] - right[i]) > most)
			fail_msg("value %zu is %d; expected %d", i, left[i], right[i]);
}

static void every_kind_of_jpeg_is_read(void **state)
{
	(void)state;
	enum { WIDTH = 21, HEIGHT = 17, PIXELS = WIDTH * HEIGHT };
	static const struct { int format, channels, subsampling, flags; } forms[] = {
		{TJPF_RGB, 3, TJSAMP_444, 0}, {TJPF_RGB, 3, TJSAMP_420, 0}, {TJPF_RGB, 3, TJSAMP_444, TJFLAG_PROGRESSIVE},
		{TJPF_GRAY, 1, TJSAMP_GRAY, 0}, {TJPF_GRAY, 1, TJSAMP_GRAY, TJFLAG_PROGRESSIVE},
	};
	uint8_t pixels[PIXELS * 4];
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		fill_slopes(pixels, WIDTH, HEIGHT, forms[i].channels);
		struct text jpeg = write_jpeg(pixels, WIDTH, HEIGHT, forms[i].format, forms[i].subsampling, forms[i].flags);
		struct image *image = decode(&jpeg, 0);
		assert_int_equal(image->width, WIDTH);
		assert_int_equal(image->height, HEIGHT);
		assert_int_equal(image->channels, forms[i].channels);
		assert_near(image->pixels, pixels, (size_t)(PIXELS * forms[i].channels), 8);
		image_destroy(image);
		text_clear(&jpeg);
	}
	fill_slopes(pixels, WIDTH, HEIGHT, 4);
	struct text inks = write_jpeg(pixels, WIDTH, HEIGHT, TJPF_CMYK, TJSAMP_444, 0);
	struct image *image = decode(&inks, 0);
	assert_int_equal(image->channels, 3);
	for (int i = 0; i < PIXELS; i++)
		for (int c = 0; c < 3; c++)
			assert_near(&image->pixels[3 * i + c], &(uint8_t){(uint8_t)(pixels[4 * i + c] * pixels[4 * i + 3] / 255)}, 1, 8);
	image_destroy(image);
	text_clear(&inks);
}

/* A camera's remarks may come before the header, more than is read at first. */
static void late_headers_are_found(void **state)
{
	(void)state;
	enum { REMARKS = 60000 };
	struct temporary_folder folder;
	struct picture_outline outline;
	uint8_t pixels[3 * 5 * 4];
	fill_slopes(pixels, 5, 4, 3);
	struct text jpeg = write_jpeg(pixels, 5, 4, TJPF_RGB, TJSAMP_444, 0), padded = {0};
	char *remarks = memory_zeroed(REMARKS, 1);
	static const char marker[] = {(char)0xff, (char)0xe1, (char)((REMARKS + 2) >> 8), (char)(REMARKS + 2)};
	text_append(&padded, jpeg.bytes, 2);
	text_append(&padded, marker, sizeof marker);
	text_append(&padded, remarks, REMARKS);
	text_append(&padded, jpeg.bytes + 2, jpeg.length - 2);
	temporary_folder_create(&folder);
	const char *path = temporary_path(&folder, "late.jpg");
	temporary_write(path, padded.bytes, padded.length);
	assert_true(picture_read_outline(path, &outline, NULL));
	assert_int_equal(outline.width, 5);
	assert_int_equal(outline.height, 4);
	assert_int_equal(outline.file_bytes, padded.length);
	for (size_t cut = 0; cut < padded.length - jpeg.length + 100; cut += cut < 100 ? 1 : 997) { /* no header is whole yet */
		struct error error = {0};
		temporary_write(path, padded.bytes, cut);
		assert_false(picture_read_outline(path, &outline, &error));
		assert_int_equal(error.code, ERROR_INPUT);
	}
	free(remarks);
	text_clear(&jpeg);
	text_clear(&padded);
	temporary_folder_remove(&folder);
}

/* ---- hostile files ---- */

static void every_cut_is_refused(void **state)
{
	(void)state;
	uint8_t pixels[12 * 10 * 3];
	fill_slopes(pixels, 12, 10, 3);
	struct png_form form = {.width = 12, .height = 10, .depth = 8, .colour_type = PNG_COLOR_TYPE_RGB};
	struct text files[] = {
		write_png(&form, pixels, 36), write_jpeg(pixels, 12, 10, TJPF_RGB, TJSAMP_420, 0),
		write_jpeg(pixels, 12, 10, TJPF_RGB, TJSAMP_444, TJFLAG_PROGRESSIVE),
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		for (size_t length = 0; length < files[i].length; length++)
			assert_refused(files[i].bytes, length, length < 3 ? "neither a PNG nor a JPEG" : " is ");
		text_clear(&files[i]);
	}
}

/* Every byte of a small PNG changed: refused or read, never a crash; CRCs catch nearly all. */
static void changed_bytes_do_no_harm(void **state)
{
	(void)state;
	uint8_t pixels[12 * 10 * 3];
	fill_slopes(pixels, 12, 10, 3);
	struct png_form form = {.width = 12, .height = 10, .depth = 8, .colour_type = PNG_COLOR_TYPE_RGB};
	struct text png = write_png(&form, pixels, 36);
	int refused = 0;
	for (size_t i = 0; i < png.length; i++) {
		struct error error = {0};
		png.bytes[i] = (char)(png.bytes[i] ^ 0x55);
		struct image *image = picture_decode(png.bytes, png.length, 0, "input", &error);
		refused += !image && error.code == ERROR_INPUT;
		image_destroy(image);
		png.bytes[i] = (char)(png.bytes[i] ^ 0x55);
	}
	assert_int_equal(refused, png.length);
	text_clear(&png);
}

/* A PNG whose header promises width x height, with a valid CRC. */
static struct text png_that_promises(uint32_t width, uint32_t height)
{
	struct png_form form = {.width = 4, .height = 4, .depth = 8, .colour_type = PNG_COLOR_TYPE_RGB};
	uint8_t pixels[48] = {0};
	struct text png = write_png(&form, pixels, 12);
	uint8_t *header = (uint8_t *)png.bytes + 12; /* "IHDR", width, height, ..., CRC */
	for (int i = 0; i < 4; i++) {
		header[4 + i] = (uint8_t)(width >> (24 - 8 * i));
		header[8 + i] = (uint8_t)(height >> (24 - 8 * i));
	}
	uint32_t check = (uint32_t)crc32(0, header, 17);
	for (int i = 0; i < 4; i++)
		header[17 + i] = (uint8_t)(check >> (24 - 8 * i));
	return png;
}

static struct text jpeg_that_promises(int width, int height)
{
	uint8_t pixels[64] = {0};
	struct text jpeg = write_jpeg(pixels, 8, 8, TJPF_GRAY, TJSAMP_GRAY, 0);
	for (size_t i = 0; i + 8 < jpeg.length; i++)
		if ((uint8_t)jpeg.bytes[i] == 0xff && (uint8_t)jpeg.bytes[i + 1] == 0xc0) { /* SOF0: length, depth, height, width */
			jpeg.bytes[i + 5] = (char)(height >> 8);
			jpeg.bytes[i + 6] = (char)height;
			jpeg.bytes[i + 7] = (char)(width >> 8);
			jpeg.bytes[i + 8] = (char)width;
			return jpeg;
		}
	fail();
	return jpeg;
}

static void promised_sizes_are_bounded(void **state)
{
	(void)state;
	static const struct { uint32_t width, height; const char *expected; } pngs[] = {
		{0, 4, "PNG"}, {4, 0x80000000u, "PNG"}, {20000, 20000, "PNG"}, {16384, 16384, "16384 x 16384"}, {8192, 8192,
		                                                                                                 "cannot hold"},
	};
	for (size_t i = 0; i < sizeof pngs / sizeof *pngs; i++) {
		struct text png = png_that_promises(pngs[i].width, pngs[i].height);
		assert_refused(png.bytes, png.length, pngs[i].expected);
		text_clear(&png);
	}
	static const struct { int width, height; const char *expected; } jpegs[] = {
		{0, 8, "JPEG"}, {65000, 8, "65000 x 8"}, {16384, 16384, "16384 x 16384"}, {8000, 8000, "cannot hold"}, {800, 800, "JPEG"},
	};
	for (size_t i = 0; i < sizeof jpegs / sizeof *jpegs; i++) {
		struct text jpeg = jpeg_that_promises(jpegs[i].width, jpegs[i].height);
		assert_refused(jpeg.bytes, jpeg.length, jpegs[i].expected);
		text_clear(&jpeg);
	}
}

static void other_files_are_refused(void **state)
{
	(void)state;
	assert_refused("", 0, "neither a PNG nor a JPEG file");
	assert_refused("GIF89a", 6, "neither a PNG nor a JPEG file");
	assert_refused("\x89PNG\r\n\x1a\n", 8, "PNG file: it ends too early");
	assert_refused("\xff\xd8\xff", 3, "JPEG file");
	struct temporary_folder folder;
	temporary_folder_create(&folder);
	const char *pipe = temporary_path(&folder, "pipe.png"), *none = temporary_path(&folder, "none.png");
	struct error error = {0};
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_null(picture_read(pipe, 0, &error));
	assert_non_null(strstr(error.text, "pipe.png is not a regular file"));
	assert_null(picture_read(none, 0, &error));
	assert_non_null(strstr(error.text, "none.png cannot be read: No such file"));
	assert_int_equal(error.code, ERROR_INPUT);
	temporary_folder_remove(&folder);
}

/* ---- resizing ---- */

static void resizing_agrees_with_pil(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof golden_resizes / sizeof *golden_resizes; i++) {
		const struct golden_resize *golden = &golden_resizes[i];
		struct image *image = make_pattern(golden->width, golden->height, golden->channels);
		struct image *square = picture_square(image, golden->size, NULL);
		assert_int_equal(square->width, golden->size);
		assert_int_equal(square->height, golden->size);
		assert_int_equal(square->channels, golden->channels);
		/* PIL rounds to bytes between its two passes: one level of difference */
		assert_near(square->pixels, golden->pixels, (size_t)(golden->size * golden->size * golden->channels), 1);
		image_destroy(square);
		image_destroy(image);
	}
}

static void one_colour_stays_and_texture_averages(void **state)
{
	(void)state;
	static const int sizes[] = {1, 2, 7, 31, 32, 33, 100};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct image *plain = image_create(45, 32, 3, NULL);
		memset(plain->pixels, 255, 45 * 32 * 3);
		struct image *square = picture_square(plain, sizes[i], NULL);
		for (int j = 0; j < sizes[i] * sizes[i] * 3; j++)
			assert_int_equal(square->pixels[j], 255);
		image_destroy(square);
		image_destroy(plain);
	}
	struct image *checkers = image_create(128, 128, 1, NULL);
	for (int y = 0; y < 128; y++)
		for (int x = 0; x < 128; x++)
			checkers->pixels[y * 128 + x] = (x + y) % 2 ? 255 : 0;
	struct image *small = picture_square(checkers, 32, NULL);
	for (int j = 0; j < 32 * 32; j++) /* without antialiasing every pixel would be 0 or 255 */
		assert_in_range(small->pixels[j], 126, 129);
	image_destroy(small);
	image_destroy(checkers);
}

static void the_middle_is_cropped(void **state)
{
	(void)state;
	struct image wide = {5, 2, 1, (uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
	struct image *square = picture_square(&wide, 2, NULL);
	assert_memory_equal(square->pixels, ((uint8_t[]){2, 3, 7, 8}), 4);
	image_destroy(square);
	struct image tall = {1, 4, 3, (uint8_t[]){0, 0, 0, 10, 20, 30, 0, 0, 0, 0, 0, 0}};
	square = picture_square(&tall, 1, NULL);
	assert_memory_equal(square->pixels, ((uint8_t[]){10, 20, 30}), 3);
	image_destroy(square);
	struct error error = {0};
	assert_null(picture_square(&wide, 0, &error));
	assert_null(picture_square(&wide, PICTURE_MAX_SIDE + 1, &error));
	assert_non_null(strstr(error.text, "16385"));
}

/* ---- grids and files ---- */

static void grids_have_gaps_and_order(void **state)
{
	(void)state;
	uint8_t pixels[3 * 4];
	for (int i = 0; i < 12; i++)
		pixels[i] = (uint8_t)(i + 1);
	struct image *grid = picture_grid(pixels, 3, 2, 1, 2, 1, NULL);
	static const uint8_t expected[] = {
		1, 2, 0, 5, 6,
		3, 4, 0, 7, 8,
		0, 0, 0, 0, 0,
		9, 10, 0, 0, 0,
		11, 12, 0, 0, 0,
	};
	assert_int_equal(grid->width, 5);
	assert_int_equal(grid->height, 5);
	assert_memory_equal(grid->pixels, expected, sizeof expected);
	image_destroy(grid);
	struct error error = {0};
	assert_null(picture_grid(pixels, 3, 2, 1, 0, 1, &error));
	assert_null(picture_grid(pixels, 0, 2, 1, 1, 1, &error));
	assert_null(picture_grid(pixels, 1 << 30, 128, 3, 1 << 30, 1 << 30, &error));
	assert_int_equal(error.code, ERROR_INPUT);
}

static void files_are_replaced_whole(void **state)
{
	(void)state;
	struct temporary_folder folder;
	temporary_folder_create(&folder);
	const char *path = temporary_path(&folder, "picture.png");
	struct image *first = make_pattern(8, 8, 3), *second = make_pattern(5, 4, 1);
	assert_true(picture_write_png(first, path, NULL));
	assert_true(picture_write_png(second, path, NULL));
	struct image *back = picture_read(path, 0, NULL);
	assert_int_equal(back->width, 5);
	assert_memory_equal(back->pixels, second->pixels, 20);
	struct error error = {0};
	assert_false(picture_write_png(first, temporary_path(&folder, "picture.png/inside.png"), &error));
	assert_int_equal(error.code, ERROR_IO);
	assert_non_null(strstr(error.text, "inside.png cannot be written: Not a directory"));
	image_destroy(back);
	image_destroy(first);
	image_destroy(second);
	unlink(path);
	assert_int_equal(rmdir(folder.path), 0); /* nothing was left beside it */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(png_goes_there_and_back),
		cmocka_unit_test(every_kind_of_png_is_read),
		cmocka_unit_test(channels_are_converted),
		cmocka_unit_test(every_kind_of_jpeg_is_read),
		cmocka_unit_test(late_headers_are_found),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(promised_sizes_are_bounded),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(resizing_agrees_with_pil),
		cmocka_unit_test(one_colour_stays_and_texture_averages),
		cmocka_unit_test(the_middle_is_cropped),
		cmocka_unit_test(grids_have_gaps_and_order),
		cmocka_unit_test(files_are_replaced_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
