/* Pictures as 8-bit pixels, row-major, channels interleaved: pixels[(y * width + x) * channels + c]. Any thread. */
#ifndef QGAN_ENGINE_BASE_IMAGE_H
#define QGAN_ENGINE_BASE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct image {
	int width, height, channels; /* channels: 1 grey or 3 RGB */
	uint8_t *pixels;             /* owned */
};

/* Zeroed; NULL and an error when refused or a size is not positive. Destroy with image_destroy (NULL is fine). */
struct image *image_create(int width, int height, int channels, struct error *error);
struct image *image_copy(const struct image *image, struct error *error);
void image_destroy(struct image *image);

#endif
