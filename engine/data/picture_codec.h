/* What picture_file.c and the two decoders share. Any thread. */
#ifndef QGAN_ENGINE_DATA_PICTURE_CODEC_H
#define QGAN_ENGINE_DATA_PICTURE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/image.h"

/* Each gives the picture with the channels it is stored with (1 or 3), or NULL and an error that begins with `name`. */
struct image *picture_decode_png(const uint8_t *bytes, size_t size, const char *name, struct error *error);
struct image *picture_decode_jpeg(const uint8_t *bytes, size_t size, const char *name, struct error *error);

/* The same for picture_outline. */
struct picture_outline;
bool picture_outline_png(const uint8_t *bytes, size_t size, const char *name, struct picture_outline *outline, struct error *error);
bool picture_outline_jpeg(const uint8_t *bytes, size_t size, const char *name, struct picture_outline *outline, struct error *error);

/* false and an error when a side is not in 1..PICTURE_MAX_SIDE or the area is above PICTURE_MAX_PIXELS. */
bool picture_check_size(int64_t width, int64_t height, const char *name, struct error *error);

#endif
