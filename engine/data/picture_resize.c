/* Separable resampling with a triangle filter. For output pixel i the filter sits at c = (i + 1/2) s, s = input pixels
 * per output pixel, and reaches max(s, 1) to both sides, so that shrinking averages everything under it (no aliasing)
 * and enlarging is bilinear. Weights of pixels outside the picture are left out and the rest is scaled to sum 1. */
#include "engine/data/picture_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

struct taps {
	int width;      /* weights a row, the most that any output pixel needs */
	int *first;     /* per output pixel: first input pixel */
	int *count;     /* and how many */
	float *weights; /* [output][width] */
};

static void taps_clear(struct taps *taps)
{
	free(taps->first);
	free(taps->count);
	free(taps->weights);
}

static void taps_of_pixel(struct taps *taps, int output, int input_size, double scale)
{
	double reach = fmax(scale, 1), centre = (output + 0.5) * scale, sum = 0;
	int first = (int)fmax(centre - reach + 0.5, 0), last = (int)fmin(centre + reach + 0.5, input_size);
	float *weights = taps->weights + (size_t)output * (size_t)taps->width;
	for (int i = first; i < last; i++)
		sum += fmax(0, 1 - fabs(i + 0.5 - centre) / reach);
	for (int i = first; i < last; i++)
		weights[i - first] = (float)(fmax(0, 1 - fabs(i + 0.5 - centre) / reach) / sum);
	taps->first[output] = first;
	taps->count[output] = last - first;
}

static bool taps_init(struct taps *taps, int input_size, int output_size, struct error *error)
{
	double scale = (double)input_size / output_size;
	size_t outputs = (size_t)output_size;
	*taps = (struct taps){.width = 2 * (int)ceil(fmax(scale, 1)) + 1};
	taps->first = memory_zeroed(outputs, sizeof *taps->first);
	taps->count = memory_zeroed(outputs, sizeof *taps->count);
	taps->weights = memory_try_floats(outputs * (size_t)taps->width, "resizing a picture", error);
	for (int i = 0; taps->weights && i < output_size; i++)
		taps_of_pixel(taps, i, input_size, scale);
	return taps->weights != NULL;
}

/* One row of `channels` interleaved bytes to taps-many floats a channel. */
static void resize_row(const struct taps *taps, int size, int channels, const uint8_t *row, float *target)
{
	for (int x = 0; x < size; x++) {
		const float *weights = taps->weights + (size_t)x * (size_t)taps->width;
		const uint8_t *source = row + (size_t)taps->first[x] * (size_t)channels;
		float sum[3] = {0};
		for (int i = 0; i < taps->count[x]; i++)
			for (int c = 0; c < channels; c++)
				sum[c] += weights[i] * (float)source[i * channels + c];
		memcpy(target + (size_t)x * (size_t)channels, sum, (size_t)channels * sizeof *sum);
	}
}

/* rows: [input][line] floats; sum: `line` floats of scratch. */
static void resize_columns(const struct taps *taps, int size, size_t line, const float *rows, float *sum, uint8_t *target)
{
	for (int y = 0; y < size; y++, target += line) {
		memset(sum, 0, line * sizeof *sum);
		for (int i = 0; i < taps->count[y]; i++) {
			float weight = taps->weights[(size_t)y * (size_t)taps->width + (size_t)i];
			const float *source = rows + (size_t)(taps->first[y] + i) * line;
			for (size_t x = 0; x < line; x++)
				sum[x] += weight * source[x];
		}
		for (size_t x = 0; x < line; x++)
			target[x] = (uint8_t)fminf(sum[x] + 0.5f, 255); /* weights are positive: never below 0 */
	}
}

static bool resize_square(const uint8_t *origin, size_t stride, int side, struct image *target, struct error *error)
{
	size_t line = (size_t)target->width * (size_t)target->channels;
	struct taps taps;
	float *rows = memory_try_floats(((size_t)side + 1) * line, "resizing a picture", error);
	bool good = taps_init(&taps, side, target->width, error) && rows;
	for (int y = 0; good && y < side; y++)
		resize_row(&taps, target->width, target->channels, origin + (size_t)y * stride, rows + (size_t)y * line);
	if (good)
		resize_columns(&taps, target->width, line, rows, rows + (size_t)side * line, target->pixels);
	taps_clear(&taps);
	free(rows);
	return good;
}

struct image *picture_middle(const struct image *image, int side, int size, struct error *error)
{
	if (size < 1 || size > PICTURE_MAX_SIDE) {
		error_set(error, ERROR_INPUT, "a picture cannot be resized to %d pixels; expected 1..%d", size, PICTURE_MAX_SIDE);
		return NULL;
	}
	if (side < 1 || side > image->width || side > image->height) {
		error_set(error, ERROR_INPUT, "a square of %d pixels cannot be cut from a picture of %d x %d", side, image->width,
		          image->height);
		return NULL;
	}
	size_t stride = (size_t)image->width * (size_t)image->channels;
	size_t left = (size_t)((image->width - side) / 2), top = (size_t)((image->height - side) / 2);
	const uint8_t *origin = image->pixels + top * stride + left * (size_t)image->channels;
	struct image *square = image_create(size, size, image->channels, error);
	if (!square)
		return NULL;
	if (side == size) {
		size_t line = (size_t)size * (size_t)image->channels;
		for (int y = 0; y < size; y++)
			memcpy(square->pixels + (size_t)y * line, origin + (size_t)y * stride, line);
	} else if (!resize_square(origin, stride, side, square, error)) {
		image_destroy(square);
		return NULL;
	}
	return square;
}

struct image *picture_square(const struct image *image, int size, struct error *error)
{
	return picture_middle(image, image->width < image->height ? image->width : image->height, size, error);
}
