/* PNG through libpng's row interface, which takes limits and leaves colour values as they are stored. */
#include "engine/data/picture_codec.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/data/picture_file.h"

/* Deflate makes at most 1032 bytes of one (a 258-byte match in 2 bits), so a short file cannot ask for much memory. */
enum { DEFLATE_MAX_RATIO = 1032, MAX_ANCILLARY_BYTES = 8 << 20, MAX_ANCILLARY_CHUNKS = 256 };

/* libpng leaves by longjmp: whatever must survive that lives here and not in local variables. */
struct png_source {
	const uint8_t *bytes;
	size_t size, position;
	const char *name;
	struct error *error;
	png_structp png;
	png_infop info;
	uint8_t *samples; /* height rows of `channels` bytes a pixel, alpha included */
	uint8_t **rows;
	int width, height, channels;
};

static void on_error(png_structp png, png_const_charp message)
{
	struct png_source *source = png_get_error_ptr(png);
	error_set(source->error, ERROR_INPUT, "%s is a damaged PNG file: %s", source->name, message);
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png; /* ancillary chunks only: the pixels are not concerned */
	(void)message;
}

static void on_read(png_structp png, png_bytep target, size_t length)
{
	struct png_source *source = png_get_io_ptr(png);
	if (length > source->size - source->position)
		png_error(png, "it ends too early");
	memcpy(target, source->bytes + source->position, length);
	source->position += length;
}

static bool header_is_sane(struct png_source *source)
{
	uint32_t width = png_get_image_width(source->png, source->info), height = png_get_image_height(source->png, source->info);
	if (!picture_check_size(width, height, source->name, source->error))
		return false;
	uint64_t stored = (uint64_t)png_get_rowbytes(source->png, source->info) * height;
	if (stored / DEFLATE_MAX_RATIO > source->size)
		return error_set(source->error, ERROR_INPUT, "%s is a damaged PNG file: %zu bytes cannot hold %u x %u pixels",
		                 source->name, source->size, width, height);
	source->width = (int)width;
	source->height = (int)height;
	return true;
}

static bool reserve_rows(struct png_source *source)
{
	size_t stride = png_get_rowbytes(source->png, source->info), height = (size_t)source->height;
	source->channels = png_get_channels(source->png, source->info);
	source->samples = memory_try_bytes(stride * height, source->name, source->error);
	source->rows = source->samples ? memory_try_bytes(height * sizeof *source->rows, source->name, source->error) : NULL;
	for (size_t y = 0; source->rows && y < height; y++)
		source->rows[y] = source->samples + y * stride;
	return source->rows != NULL;
}

/* Everything that can longjmp. */
static bool read_samples(struct png_source *source)
{
	if (setjmp(png_jmpbuf(source->png)))
		return false;
	png_set_read_fn(source->png, source, on_read);
	png_set_user_limits(source->png, PICTURE_MAX_SIDE, PICTURE_MAX_SIDE);
	png_set_chunk_malloc_max(source->png, MAX_ANCILLARY_BYTES);
	png_set_chunk_cache_max(source->png, MAX_ANCILLARY_CHUNKS);
	png_read_info(source->png, source->info);
	if (!header_is_sane(source))
		return false;
	png_set_expand(source->png); /* palette to RGB, 1, 2, 4 bits to 8, a transparent colour to alpha */
	png_set_scale_16(source->png);
	png_set_interlace_handling(source->png);
	png_read_update_info(source->png, source->info);
	if (!reserve_rows(source))
		return false;
	png_read_image(source->png, source->rows);
	png_read_end(source->png, NULL);
	return true;
}

/* Samples with or without alpha, laid on white, to a picture of 1 or 3 channels. */
static struct image *image_from_samples(const struct png_source *source)
{
	int stored = source->channels, colours = stored >= 3 ? 3 : 1;
	struct image *image = image_create(source->width, source->height, colours, source->error);
	if (!image)
		return NULL;
	size_t count = (size_t)source->width * (size_t)source->height;
	if (stored == colours) {
		memcpy(image->pixels, source->samples, count * (size_t)colours);
		return image;
	}
	for (size_t i = 0; i < count; i++) {
		const uint8_t *sample = source->samples + i * (size_t)stored;
		int alpha = sample[colours];
		for (int c = 0; c < colours; c++)
			image->pixels[i * (size_t)colours + (size_t)c] = (uint8_t)((sample[c] * alpha + 255 * (255 - alpha) + 127) / 255);
	}
	return image;
}

struct image *picture_decode_png(const uint8_t *bytes, size_t size, const char *name, struct error *error)
{
	/* libpng forgives chunks before IHDR; the format does not, nor does the outline. */
	if (size >= 16 && memcmp(bytes + 12, "IHDR", 4) != 0) {
		error_set(error, ERROR_INPUT, "%s is a damaged PNG file: it has no header", name);
		return NULL;
	}
	struct png_source source = {.bytes = bytes, .size = size, .name = name, .error = error};
	struct image *image = NULL;
	source.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, on_error, on_warning);
	source.info = source.png ? png_create_info_struct(source.png) : NULL;
	if (!source.info)
		error_set(error, ERROR_MEMORY, "%s: no memory for the PNG decoder", name);
	else if (read_samples(&source))
		image = image_from_samples(&source);
	free(source.rows);
	free(source.samples);
	png_destroy_read_struct(&source.png, &source.info, NULL);
	return image;
}

/* The file begins with its signature and then, always, this: length 13, "IHDR", width, height, bits, colour type. */
bool picture_outline_png(const uint8_t *bytes, size_t size, const char *name, struct picture_outline *outline, struct error *error)
{
	enum { TYPE_AT = 12, WIDTH_AT = 16, HEIGHT_AT = 20, COLOUR_AT = 25, HEADER = 33, GREY = 0, GREY_ALPHA = 4 };
	if (size < HEADER || memcmp(bytes + TYPE_AT, "IHDR", 4) != 0)
		return error_set(error, ERROR_INPUT, "%s is a damaged PNG file: it has no header", name);
	uint32_t width = png_get_uint_32(bytes + WIDTH_AT), height = png_get_uint_32(bytes + HEIGHT_AT);
	if (!picture_check_size(width, height, name, error))
		return false;
	outline->width = (int)width;
	outline->height = (int)height;
	outline->channels = bytes[COLOUR_AT] == GREY || bytes[COLOUR_AT] == GREY_ALPHA ? 1 : 3;
	return true;
}

struct png_target {
	struct text *png;
	struct error *error;
	png_structp writer;
	png_infop info;
};

static void on_write_error(png_structp png, png_const_charp message)
{
	struct png_target *target = png_get_error_ptr(png);
	error_set(target->error, ERROR_STATE, "a picture cannot be written as PNG: %s", message);
	png_longjmp(png, 1);
}

static void on_write(png_structp png, png_bytep bytes, size_t length)
{
	text_append(png_get_io_ptr(png), (const char *)bytes, length);
}

static void on_flush(png_structp png) { (void)png; }

static bool write_samples(struct png_target *target, const struct image *image)
{
	if (setjmp(png_jmpbuf(target->writer)))
		return false;
	png_set_write_fn(target->writer, target->png, on_write, on_flush);
	png_set_IHDR(target->writer, target->info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
	             image->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
	             PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(target->writer, target->info);
	for (int y = 0; y < image->height; y++)
		png_write_row(target->writer, image->pixels + (size_t)y * (size_t)image->width * (size_t)image->channels);
	png_write_end(target->writer, NULL);
	return true;
}

bool picture_encode_png(const struct image *image, struct text *png, struct error *error)
{
	struct text encoded = {0};
	struct png_target target = {.png = &encoded, .error = error};
	target.writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, &target, on_write_error, on_warning);
	target.info = target.writer ? png_create_info_struct(target.writer) : NULL;
	bool good = false;
	if (!target.info)
		error_set(error, ERROR_MEMORY, "no memory for the PNG encoder");
	else
		good = write_samples(&target, image);
	png_destroy_write_struct(&target.writer, &target.info);
	if (good)
		text_append(png, encoded.bytes, encoded.length);
	text_clear(&encoded);
	return good;
}
