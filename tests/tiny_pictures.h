/* The smallest data set worth the name: a folder that "mnist:DIR" reads in no time, 64 pictures of bars. */
#ifndef QGAN_TESTS_TINY_PICTURES_H
#define QGAN_TESTS_TINY_PICTURES_H

#include <stdint.h>
#include <string.h>

#include "tests/temporary_folder.h"

enum { TINY_PICTURES = 64, TINY_SIDE = 28 };

/* Writes the folder's two files and the spec that names it. */
static inline void tiny_pictures_write(const struct temporary_folder *into, char *spec, size_t spec_size)
{
	static uint8_t pictures[16 + TINY_PICTURES * TINY_SIDE * TINY_SIDE];
	uint8_t labels[8 + TINY_PICTURES] = {0, 0, 8, 1, 0, 0, 0, TINY_PICTURES};
	static const uint8_t head[16] = {0, 0, 8, 3, 0, 0, 0, TINY_PICTURES, 0, 0, 0, TINY_SIDE, 0, 0, 0, TINY_SIDE};
	memcpy(pictures, head, sizeof head);
	for (int i = 0; i < TINY_PICTURES; i++) {
		labels[8 + i] = (uint8_t)(i % 10);
		for (int y = 0; y < TINY_SIDE; y++)
			for (int x = 0; x < TINY_SIDE; x++)
				pictures[16 + (i * TINY_SIDE + y) * TINY_SIDE + x] = (x + y * (i % 3)) / (2 + i % 5) % 2 ? 220 : (uint8_t)i;
	}
	temporary_write(temporary_path(into, "train-images-idx3-ubyte"), pictures, sizeof pictures);
	temporary_write(temporary_path(into, "train-labels-idx1-ubyte"), labels, sizeof labels);
	snprintf(spec, spec_size, "mnist:%s", into->path);
}

#endif
