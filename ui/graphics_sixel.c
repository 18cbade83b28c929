/* Each source pixel is mapped to its colour once, before the picture is enlarged; libsixel gets indices and only
 * writes. No dithering: enlarged pixels stay flat, which also compresses best, and nothing boils between frames. */
#include "ui/graphics_sixel.h"

#include <stdlib.h>
#include <string.h>

#include <sixel/sixel.h>

enum { GREY_RAMP = 64, FEWEST_COLOURS = 2, LEVELS = 1 << SIXEL_TABLE_BITS, SHIFT = 8 - SIXEL_TABLE_BITS };
enum { SAMPLED_PIXELS = 18383, SAMPLE_STEP = 6 }; /* libsixel's */

/* A palette is given up when its error is this many times what it was at first, and worth noticing at all. */
static const double poor_factor = 2, poor_least = 16;

static int square(int value) { return value * value; }

static int nearest_colour(const struct sixel_palette *palette, int red, int green, int blue)
{
	int best = 0, best_distance = 1 << 30;
	for (int i = 0; i < palette->count; i++) {
		const uint8_t *colour = palette->colours + 3 * i;
		int distance = square(colour[0] - red) + square(colour[1] - green) + square(colour[2] - blue);
		if (distance < best_distance) {
			best_distance = distance;
			best = i;
		}
	}
	return best;
}

static void make_grey_ramp(struct sixel_palette *palette)
{
	palette->count = palette->limit < GREY_RAMP ? palette->limit : GREY_RAMP;
	for (int i = 0; i < palette->count; i++)
		memset(palette->colours + 3 * i, (i * 255 + (palette->count - 1) / 2) / (palette->count - 1), 3);
	for (int level = 0; level < 256; level++)
		palette->nearest[level] = (uint8_t)nearest_colour(palette, level, level, level);
}

/* Median cut by libsixel. */
static bool cut_colours(struct sixel_palette *palette, const struct image *image)
{
	sixel_dither_t *dither;
	int wanted = palette->limit < SIXEL_COLOURS ? palette->limit : SIXEL_COLOURS;
	if (SIXEL_FAILED(sixel_dither_new(&dither, wanted, NULL)))
		return false;
	bool done = !SIXEL_FAILED(sixel_dither_initialize(dither, image->pixels, image->width, image->height,
		SIXEL_PIXELFORMAT_RGB888, SIXEL_LARGE_NORM, SIXEL_REP_CENTER_BOX, SIXEL_QUALITY_HIGH));
	if (done) {
		palette->count = sixel_dither_get_num_of_palette_colors(dither);
		palette->count = palette->count > wanted ? wanted : palette->count;
		memcpy(palette->colours, sixel_dither_get_palette(dither), (size_t)palette->count * 3);
	}
	sixel_dither_unref(dither);
	return done && palette->count > 0;
}

/* libsixel looks only at every sixth pixel of a picture below about 18,000: there each is given six times. */
static bool choose_colours(struct sixel_palette *palette, const struct image *image)
{
	if ((long)image->width * image->height >= SAMPLED_PIXELS)
		return cut_colours(palette, image);
	struct image *wide = graphics_scale(image, (struct extent){SAMPLE_STEP * image->width, image->height});
	bool done = wide && cut_colours(palette, wide);
	image_destroy(wide);
	return done;
}

static void fill_table(struct sixel_palette *palette)
{
	enum { MIDDLE = 1 << (SHIFT - 1) };
	for (int i = 0; i < SIXEL_TABLE; i++) {
		int red = i >> (2 * SIXEL_TABLE_BITS), green = i >> SIXEL_TABLE_BITS & (LEVELS - 1), blue = i & (LEVELS - 1);
		red = (red << SHIFT) + MIDDLE, green = (green << SHIFT) + MIDDLE, blue = (blue << SHIFT) + MIDDLE;
		palette->nearest[i] = (uint8_t)nearest_colour(palette, red, green, blue);
	}
}

static uint8_t index_of(const struct sixel_palette *palette, const uint8_t *pixel, bool grey)
{
	if (grey)
		return palette->nearest[pixel[0]];
	return palette->nearest[pixel[0] >> SHIFT << (2 * SIXEL_TABLE_BITS) | pixel[1] >> SHIFT << SIXEL_TABLE_BITS | pixel[2] >> SHIFT];
}

static double mean_error(const struct sixel_palette *palette, const struct image *image)
{
	double sum = 0;
	long count = (long)image->width * image->height;
	for (long i = 0; i < count; i++) {
		const uint8_t *pixel = image->pixels + i * 3, *colour = palette->colours + 3 * index_of(palette, pixel, false);
		sum += square(pixel[0] - colour[0]) + square(pixel[1] - colour[1]) + square(pixel[2] - colour[2]);
	}
	return sum / (double)count;
}

static bool fits(const struct sixel_palette *palette, const struct image *image, int limit, int64_t run)
{
	bool grey = image->channels == 1;
	if (palette->count == 0 || palette->limit != limit || palette->grey != grey)
		return false;
	if (grey)
		return true;
	double error = palette->run == run ? mean_error(palette, image) : 0;
	return palette->run == run && (error < poor_least || error <= poor_factor * palette->best_error);
}

static bool prepare(struct sixel_palette *palette, const struct image *image, int registers, int64_t run)
{
	int limit = registers < FEWEST_COLOURS ? FEWEST_COLOURS : registers < SIXEL_COLOURS ? registers : SIXEL_COLOURS;
	if (fits(palette, image, limit, run))
		return true;
	palette->run = run;
	palette->limit = limit;
	palette->grey = image->channels == 1;
	palette->count = 0;
	if (palette->grey) {
		make_grey_ramp(palette);
		return true;
	}
	if (!choose_colours(palette, image))
		return false;
	fill_table(palette);
	palette->best_error = mean_error(palette, image);
	return true;
}

static struct image *to_indices(const struct sixel_palette *palette, const struct image *image)
{
	struct image *indices = image_create(image->width, image->height, 1, NULL);
	long count = (long)image->width * image->height;
	for (long i = 0; indices && i < count; i++)
		indices->pixels[i] = index_of(palette, image->pixels + i * image->channels, palette->grey);
	return indices;
}

/* The picture at its final size, as indices. A picture that grows is mapped first (fewer pixels), one that shrinks
 * last (indices cannot be averaged). */
static struct image *sized_indices(const struct sixel_palette *palette, const struct image *image, struct extent size)
{
	bool grows = size.width >= image->width && size.height >= image->height;
	struct image *first = grows ? to_indices(palette, image) : graphics_scale(image, size);
	struct image *second = !first ? NULL : grows ? graphics_scale(first, size) : to_indices(palette, first);
	image_destroy(first);
	return second;
}

static int collect(char *bytes, int length, void *out)
{
	text_append(out, bytes, (size_t)length);
	return length;
}

static bool write_body(const struct sixel_palette *palette, struct image *indices, struct text *body)
{
	sixel_dither_t *dither = NULL;
	sixel_output_t *output = NULL;
	bool done = !SIXEL_FAILED(sixel_dither_new(&dither, palette->count, NULL)) &&
		!SIXEL_FAILED(sixel_output_new(&output, collect, body, NULL));
	if (done) {
		sixel_dither_set_palette(dither, (unsigned char *)palette->colours);
		sixel_dither_set_pixelformat(dither, SIXEL_PIXELFORMAT_PAL8);
		done = !SIXEL_FAILED(sixel_encode(indices->pixels, indices->width, indices->height, 8, dither, output));
	}
	if (output)
		sixel_output_unref(output);
	if (dither)
		sixel_dither_unref(dither);
	return done;
}

bool sixel_encode_image(struct sixel_palette *palette, const struct image *image, struct extent size, int registers,
	int64_t run, struct text *out)
{
	if (size.height < SIXEL_LEAST_HEIGHT || !prepare(palette, image, registers, run))
		return false;
	struct image *indices = sized_indices(palette, image, size);
	struct text body = {0};
	bool done = indices && write_body(palette, indices, &body);
	const char *rest = done && body.bytes ? strchr(body.bytes, 'q') : NULL;
	if (rest) { /* libsixel says P2 = 0, which first blackens the whole rectangle: seen as flicker */
		text_format(out, "\033P0;1;0");
		text_append(out, rest, body.length - (size_t)(rest - body.bytes));
	}
	image_destroy(indices);
	text_clear(&body);
	return rest != NULL;
}
