#include "engine/base/image.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

struct image *image_create(int width, int height, int channels, struct error *error)
{
	if (width <= 0 || height <= 0 || (channels != 1 && channels != 3)) {
		error_set(error, ERROR_INPUT, "a picture of %d x %d pixels and %d channels cannot be made", width, height, channels);
		return NULL;
	}
	uint8_t *pixels = memory_try_bytes((size_t)width * (size_t)height * (size_t)channels, "a picture", error);
	if (!pixels)
		return NULL;
	struct image *image = memory_zeroed(1, sizeof *image);
	*image = (struct image){.width = width, .height = height, .channels = channels, .pixels = pixels};
	return image;
}

struct image *image_copy(const struct image *image, struct error *error)
{
	struct image *copy = image_create(image->width, image->height, image->channels, error);
	if (copy)
		memcpy(copy->pixels, image->pixels, (size_t)image->width * (size_t)image->height * (size_t)image->channels);
	return copy;
}

void image_destroy(struct image *image)
{
	if (!image)
		return;
	free(image->pixels);
	free(image);
}
