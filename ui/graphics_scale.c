#include "ui/graphics_scale.h"

#include <string.h>

struct extent graphics_fit(struct extent picture, struct extent space)
{
	int across = space.width / picture.width, down = space.height / picture.height;
	int zoom = across < down ? across : down;
	if (zoom >= 1)
		return (struct extent){picture.width * zoom, picture.height * zoom};
	struct extent fitted = {space.width, (int)((long)picture.height * space.width / picture.width)};
	if (fitted.height > space.height)
		fitted = (struct extent){(int)((long)picture.width * space.height / picture.height), space.height};
	fitted.width = fitted.width < 1 ? 1 : fitted.width;
	fitted.height = fitted.height < 1 ? 1 : fitted.height;
	return fitted;
}

/* Pixels first .. last-1 of the source that target pixel i of n stands for; at least one. */
static void span(int i, int target, int source, int *first, int *last)
{
	*first = (int)((long)i * source / target);
	*last = (int)((long)(i + 1) * source / target);
	if (*last <= *first)
		*last = *first + 1;
}

static void average(const struct image *image, int x0, int x1, int y0, int y1, uint8_t *target)
{
	int channels = image->channels, count = (x1 - x0) * (y1 - y0);
	for (int c = 0; c < channels; c++) {
		long sum = 0;
		for (int y = y0; y < y1; y++)
			for (int x = x0; x < x1; x++)
				sum += image->pixels[((long)y * image->width + x) * channels + c];
		target[c] = (uint8_t)((sum + count / 2) / count);
	}
}

struct image *graphics_scale(const struct image *image, struct extent size)
{
	struct image *scaled = image_create(size.width, size.height, image->channels, NULL);
	if (!scaled)
		return NULL;
	size_t row = (size_t)size.width * (size_t)image->channels;
	int first_before = -1, last_before = -1;
	for (int y = 0; y < size.height; y++) {
		int y0, y1, x0, x1;
		uint8_t *target = scaled->pixels + (size_t)y * row;
		span(y, size.height, image->height, &y0, &y1);
		if (y0 == first_before && y1 == last_before) { /* the same line again: a picture that grows */
			memcpy(target, target - row, row);
			continue;
		}
		for (int x = 0; x < size.width; x++) {
			span(x, size.width, image->width, &x0, &x1);
			average(image, x0, x1, y0, y1, target + x * image->channels);
		}
		first_before = y0;
		last_before = y1;
	}
	return scaled;
}
