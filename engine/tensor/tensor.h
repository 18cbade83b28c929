/* Shapes and layout.
 *
 *   N  pictures in a batch     C  channels     H, W  height and width in pixels
 *
 * Activations lie pixel-major, [H][W][N][C]: for each pixel one N x C matrix, so that a convolution is, per output
 * pixel, a sum over kernel taps of small matrix products without any im2col. The layout is private to engine/tensor,
 * engine/nn and engine/gan; everyone else sees struct image. Engine thread. */
#ifndef QGAN_ENGINE_TENSOR_TENSOR_H
#define QGAN_ENGINE_TENSOR_TENSOR_H

#include <stddef.h>
#include <stdint.h>

struct shape {
	int height, width, channels;
};

static inline size_t shape_count(struct shape shape) /* values of one picture */
{
	return (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
}

/* 8-bit pictures, one after the other, each [H][W][C], to activations in -1..1 and back (rounded to nearest, clamped). */
void tensor_from_pixels(const uint8_t *pixels, int batch, struct shape shape, float *activations);
void tensor_to_pixels(const float *activations, int batch, struct shape shape, uint8_t *pixels);

#endif
