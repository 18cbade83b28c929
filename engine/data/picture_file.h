/* PNG and JPEG files to pictures and back. Hostile input gives an error, never a crash or an over-read: sizes are
 * bounded (PICTURE_MAX_SIDE, PICTURE_MAX_PIXELS, and what a file of that length can hold) before memory is asked for.
 * 16-bit samples become 8-bit, palettes RGB, transparent pixels lie on white, CMYK becomes RGB. Any thread. */
#ifndef QGAN_ENGINE_DATA_PICTURE_FILE_H
#define QGAN_ENGINE_DATA_PICTURE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/image.h"
#include "engine/base/text.h"

enum { PICTURE_MAX_SIDE = 16384, PICTURE_MAX_PIXELS = 1 << 27 }; /* 134 million: 400 MB as RGB */

/* By content, not by name; channels 0: as stored (1 or 3), else converted. name is for error texts. */
struct image *picture_decode(const void *bytes, size_t size, int channels, const char *name, struct error *error);
struct image *picture_read(const char *path, int channels, struct error *error);

/* What the beginning of a file says of its picture: what picture_read would give, at a small part of the time. A file
 * that is damaged further on is not noticed. picture_outline leaves file_bytes alone; its bytes may be the first ones of
 * a file, and it fails when they are too few. */
struct picture_outline {
	int width, height, channels; /* channels 1 or 3 */
	uint64_t file_bytes;
};
bool picture_outline(const void *bytes, size_t size, const char *name, struct picture_outline *outline, struct error *error);
bool picture_read_outline(const char *path, struct picture_outline *outline, struct error *error);

/* Interleaved RGB to grey (ITU-R BT.601 luma, as JPEG and PIL do); grey may be rgb. */
void picture_grey_from_rgb(const uint8_t *rgb, size_t count, uint8_t *grey);

/* PNG in memory (appended to `png`) and as a file (written aside, then renamed). */
bool picture_encode_png(const struct image *image, struct text *png, struct error *error);
bool picture_write_png(const struct image *image, const char *path, struct error *error);

/* Centre crop to a square, then antialiased (triangle filter, support scaled when shrinking) resize to size x size. */
struct image *picture_square(const struct image *image, int size, struct error *error);

/* The same with a square of `side` pixels from the middle, which must lie within the picture. */
struct image *picture_middle(const struct image *image, int side, int size, struct error *error);

/* `count` pictures of size x size x channels (one after the other) as a grid of `columns`, `gap` pixels of black between. */
struct image *picture_grid(const uint8_t *pixels, int count, int size, int channels, int columns, int gap, struct error *error);

#endif
