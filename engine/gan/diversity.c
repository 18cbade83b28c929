#include "engine/gan/diversity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum { MOST_PICTURES = 512 }; /* enough for one percent */

/* Sum over the pictures of a value's squared distance from its mean; sums are whole numbers, so the order is no matter. */
static double scatter(const uint8_t *pixels, size_t count, size_t stride)
{
	uint64_t sum = 0, squares = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t value = pixels[i * stride];
		sum += value;
		squares += value * value;
	}
	return (double)squares - (double)sum * (double)sum / (double)count;
}

/* The mean squared distance over pairs is twice the variance with count - 1. */
double diversity_of_pictures(const uint8_t *pixels, size_t count, size_t values, size_t stride)
{
	double total = 0;
	if (count < 2 || values == 0)
		return NAN;
	for (size_t v = 0; v < values; v++)
		total += scatter(pixels + v, count, stride);
	return sqrt(2 * total / (double)(count - 1) / (double)values);
}

double diversity_of_grid(const struct image *grid, int tiles, int columns)
{
	if (tiles < 2 || columns < 1)
		return NAN;
	size_t side = (size_t)(grid->width / columns), row = (size_t)grid->width * (size_t)grid->channels;
	size_t line = side * (size_t)grid->channels, picture = side * line;
	uint8_t *pictures = memory_zeroed((size_t)tiles, picture);
	for (size_t i = 0; i < (size_t)tiles; i++) {
		const uint8_t *tile = grid->pixels + i / (size_t)columns * side * row + i % (size_t)columns * line;
		for (size_t y = 0; y < side; y++)
			memcpy(pictures + i * picture + y * line, tile + y * row, line);
	}
	double diversity = diversity_of_pictures(pictures, (size_t)tiles, picture, picture);
	free(pictures);
	return diversity;
}

bool diversity_of_dataset(const struct dataset *dataset, double *diversity, struct error *error)
{
	size_t picture = dataset_picture_bytes(dataset);
	size_t step = dataset->count > MOST_PICTURES ? dataset->count / MOST_PICTURES : 1;
	size_t count = dataset->count / step < MOST_PICTURES ? dataset->count / step : MOST_PICTURES;
	uint32_t numbers[MOST_PICTURES];
	for (size_t i = 0; i < count; i++)
		numbers[i] = (uint32_t)(i * step);
	uint8_t *pixels = memory_try_bytes(count * picture, "some pictures", error);
	bool good = pixels && dataset_pick(dataset, NULL, numbers, count, pixels, error);
	if (good)
		*diversity = diversity_of_pictures(pixels, count, picture, picture);
	free(pixels);
	return good;
}
