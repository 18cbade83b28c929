#include "engine/data/picture_file.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/file_bytes.h"
#include "engine/base/memory.h"
#include "engine/base/replace_file.h"
#include "engine/data/picture_codec.h"

/* A compressed picture of the largest allowed area stays below this. */
static const size_t max_file_bytes = (size_t)1 << 30;

static const struct {
	const char *signature;
	size_t length;
	struct image *(*decode)(const uint8_t *bytes, size_t size, const char *name, struct error *error);
	bool (*outline)(const uint8_t *bytes, size_t size, const char *name, struct picture_outline *outline, struct error *error);
} codecs[] = {
	{"\x89PNG\r\n\x1a\n", 8, picture_decode_png, picture_outline_png},
	{"\xff\xd8\xff", 3, picture_decode_jpeg, picture_outline_jpeg},
};
enum { CODECS = sizeof codecs / sizeof *codecs };

/* Index of the codec whose signature the bytes begin with; -1 and the error. */
static int find_codec(const void *bytes, size_t size, const char *name, struct error *error)
{
	for (int i = 0; i < CODECS; i++)
		if (size >= codecs[i].length && !memcmp(bytes, codecs[i].signature, codecs[i].length))
			return i;
	error_set(error, ERROR_INPUT, "%s is neither a PNG nor a JPEG file", name);
	return -1;
}

bool picture_check_size(int64_t width, int64_t height, const char *name, struct error *error)
{
	bool good = width >= 1 && height >= 1 && width <= PICTURE_MAX_SIDE && height <= PICTURE_MAX_SIDE
	            && width * height <= PICTURE_MAX_PIXELS;
	return good || error_set(error, ERROR_INPUT, "%s says it has %jd x %jd pixels; expected sides of 1..%d and at most %d in all",
	                         name, (intmax_t)width, (intmax_t)height, PICTURE_MAX_SIDE, PICTURE_MAX_PIXELS);
}

void picture_grey_from_rgb(const uint8_t *rgb, size_t count, uint8_t *grey)
{
	enum { RED = 19595, GREEN = 38470, BLUE = 7471, HALF = 1 << 15, BITS = 16 }; /* 0.299, 0.587, 0.114 of 65536 */
	for (size_t i = 0; i < count; i++)
		grey[i] = (uint8_t)((RED * rgb[3 * i] + GREEN * rgb[3 * i + 1] + BLUE * rgb[3 * i + 2] + HALF) >> BITS);
}

/* Takes the picture; gives one of `channels` (0: as it is), or NULL. */
static struct image *convert(struct image *image, int channels, struct error *error)
{
	if (!image || channels == 0 || channels == image->channels)
		return image;
	size_t count = (size_t)image->width * (size_t)image->height;
	struct image *converted = image_create(image->width, image->height, channels, error);
	if (converted && channels == 1)
		picture_grey_from_rgb(image->pixels, count, converted->pixels);
	for (size_t i = 0; converted && channels == 3 && i < count; i++)
		memset(converted->pixels + 3 * i, image->pixels[i], 3);
	image_destroy(image);
	return converted;
}

struct image *picture_decode(const void *bytes, size_t size, int channels, const char *name, struct error *error)
{
	int codec = find_codec(bytes, size, name, error);
	return codec < 0 ? NULL : convert(codecs[codec].decode(bytes, size, name, error), channels, error);
}

struct image *picture_read(const char *path, int channels, struct error *error)
{
	struct file_bytes file;
	if (!file_bytes_read(path, max_file_bytes, &file, error))
		return NULL;
	struct image *image = picture_decode(file.bytes, file.size, channels, path, error);
	file_bytes_clear(&file);
	return image;
}

bool picture_outline(const void *bytes, size_t size, const char *name, struct picture_outline *outline, struct error *error)
{
	int codec = find_codec(bytes, size, name, error);
	return codec >= 0 && codecs[codec].outline(bytes, size, name, outline, error);
}

bool picture_read_outline(const char *path, struct picture_outline *outline, struct error *error)
{
	enum { USUALLY_ENOUGH = 8192 }; /* what cameras put before the header may be longer */
	struct file_bytes file;
	uint64_t whole;
	if (!file_bytes_read_start(path, USUALLY_ENOUGH, &file, &whole, error))
		return false;
	bool good = picture_outline(file.bytes, file.size, path, outline, error);
	bool more = !good && whole > file.size;
	file_bytes_clear(&file);
	if (more) {
		if (!file_bytes_read(path, max_file_bytes, &file, error))
			return false;
		good = picture_outline(file.bytes, file.size, path, outline, error);
		file_bytes_clear(&file);
	}
	outline->file_bytes = whole;
	return good;
}

bool picture_write_png(const struct image *image, const char *path, struct error *error)
{
	struct text png = {0};
	bool good = picture_encode_png(image, &png, error)
	            && replace_file(path, &(struct file_part){png.bytes, png.length}, 1, error);
	text_clear(&png);
	return good;
}

struct image *picture_grid(const uint8_t *pixels, int count, int size, int channels, int columns, int gap, struct error *error)
{
	int64_t rows = count > 0 && columns > 0 ? ((int64_t)count + columns - 1) / columns : 0;
	int64_t width = (int64_t)columns * size + (int64_t)(columns - 1) * gap, height = rows * size + (rows - 1) * gap;
	if (!picture_check_size(width, height, "the grid", error))
		return NULL;
	struct image *grid = image_create((int)width, (int)height, channels, error);
	if (!grid)
		return NULL;
	size_t line = (size_t)size * (size_t)channels, stride = (size_t)width * (size_t)channels;
	for (int i = 0; i < count; i++) {
		size_t top = (size_t)(i / columns) * (size_t)(size + gap), left = (size_t)(i % columns) * (size_t)(size + gap);
		for (int y = 0; y < size; y++, pixels += line)
			memcpy(grid->pixels + (top + (size_t)y) * stride + left * (size_t)channels, pixels, line);
	}
	return grid;
}
