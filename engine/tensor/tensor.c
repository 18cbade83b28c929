#include "engine/tensor/tensor.h"

/* 0..255 <-> -1..1, so that 127.5 is 0. */
static const float half_range = 127.5f;

void tensor_from_pixels(const uint8_t *pixels, int batch, struct shape shape, float *activations)
{
	size_t points = (size_t)shape.height * (size_t)shape.width, channels = (size_t)shape.channels;
	for (int n = 0; n < batch; n++) {
		for (size_t point = 0; point < points; point++) {
			const uint8_t *from = pixels + ((size_t)n * points + point) * channels;
			float *to = activations + (point * (size_t)batch + (size_t)n) * channels;
			for (size_t c = 0; c < channels; c++)
				to[c] = (float)from[c] / half_range - 1;
		}
	}
}

static uint8_t pixel_of(float activation)
{
	float level = (activation + 1) * half_range + 0.5f;
	if (!(level > 0)) /* also NaN */
		return 0;
	return level >= 255 ? 255 : (uint8_t)level;
}

void tensor_to_pixels(const float *activations, int batch, struct shape shape, uint8_t *pixels)
{
	size_t points = (size_t)shape.height * (size_t)shape.width, channels = (size_t)shape.channels;
	for (int n = 0; n < batch; n++) {
		for (size_t point = 0; point < points; point++) {
			const float *from = activations + (point * (size_t)batch + (size_t)n) * channels;
			uint8_t *to = pixels + ((size_t)n * points + point) * channels;
			for (size_t c = 0; c < channels; c++)
				to[c] = pixel_of(from[c]);
		}
	}
}
