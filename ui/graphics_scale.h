/* Pictures fitted into a space: whole multiples when they are smaller, averaged when they are larger. Any thread. */
#ifndef QGAN_UI_GRAPHICS_SCALE_H
#define QGAN_UI_GRAPHICS_SCALE_H

#include "engine/base/image.h"

struct extent {
	int width, height;
};

/* The largest size within `space` that keeps the proportions: a whole multiple of the picture's where one fits, so
 * that every pixel is a square of equal size; at least 1 x 1. */
struct extent graphics_fit(struct extent picture, struct extent space);

/* A new picture of that size: nearest pixel where it grows, area average where it shrinks. NULL when memory is refused. */
struct image *graphics_scale(const struct image *image, struct extent size);

#endif
