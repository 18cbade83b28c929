/* The parameters and pictures of tests/make_golden_inception.py, by the same formula, and how far off outputs may be. */
#ifndef QGAN_TESTS_INCEPTION_PARAMETERS_H
#define QGAN_TESTS_INCEPTION_PARAMETERS_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/file/checkpoint.h"
#include "engine/metric/inception_network.h"

/* index-th number in [0, 1) of the name */
static inline double inception_noise(uint32_t seed, size_t index)
{
	uint32_t h = (uint32_t)index * 2654435761u + seed;
	for (int i = 0; i < 2; i++)
		h = (h ^ h >> 16) * 0x45D9F3Bu;
	return (double)((h ^ h >> 16) >> 8) / (1 << 24);
}

static inline uint32_t inception_seed(const char *name)
{
	uint32_t seed = 2166136261u;
	for (; *name; name++)
		seed = (seed ^ (uint8_t)*name) * 16777619u;
	return seed;
}

static inline bool inception_ends(const char *name, const char *end)
{
	return strlen(name) >= strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

static inline void inception_fill_parameter(const char *name, int dimensions, const size_t shape[], float *values)
{
	const uint32_t seed = inception_seed(name);
	const bool around_one = inception_ends(name, "bn.weight") || inception_ends(name, "running_var");
	size_t count = 1;
	for (int i = 0; i < dimensions; i++)
		count *= shape[i];
	const double reach = sqrt((dimensions == 4 ? 6 : 3) / ((double)count / (double)shape[0]));
	for (size_t i = 0; i < count; i++) {
		const double u = inception_noise(seed, i);
		values[i] = (float)(dimensions > 1 ? (2 * u - 1) * reach : around_one ? 0.8 + 0.4 * u : 0.2 * (u - 0.5));
	}
}

/* What a set of parameters has otherwise than the network: names, or NULL. */
struct inception_changes {
	struct checkpoint *checkpoint;
	const char *without, *widened; /* 8 more in its first dimension */
};

static inline bool inception_declare_parameter(void *context, const char *name, int dimensions, const size_t shape[],
                                               struct error *error)
{
	const struct inception_changes *changes = context;
	size_t changed[4] = {0};
	(void)error;
	memcpy(changed, shape, (size_t)dimensions * sizeof *shape);
	changed[0] += changes->widened && !strcmp(name, changes->widened) ? 8 : 0;
	if (!changes->without || strcmp(name, changes->without) != 0)
		checkpoint_declare(changes->checkpoint, name, dimensions, changed);
	return true;
}

/* Behind what the checkpoint has already, of which the values are made likewise. */
static inline struct checkpoint *inception_make_changed(struct inception_changes changes, int divisor)
{
	if (!inception_visit_parameters(divisor, inception_declare_parameter, &changes, NULL) ||
	    !checkpoint_allocate(changes.checkpoint, NULL))
		return NULL;
	for (int i = 0; i < checkpoint_tensor_count(changes.checkpoint); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(changes.checkpoint, i);
		inception_fill_parameter(tensor->name, tensor->dimensions, tensor->shape, checkpoint_fill(changes.checkpoint, tensor->name));
	}
	return changes.checkpoint;
}

static inline struct checkpoint *inception_make_parameters(int divisor)
{
	return inception_make_changed((struct inception_changes){.checkpoint = checkpoint_create()}, divisor);
}

static inline void inception_fill_picture(int size, int channels, uint8_t *pixels)
{
	char name[32];
	snprintf(name, sizeof name, "picture %d", size);
	const uint32_t seed = inception_seed(name);
	for (int y = 0; y < size; y++)
		for (int x = 0; x < size; x++)
			for (int c = 0; c < channels; c++) {
				const int i = (y * size + x) * channels + c, wave = (y * 7 * 32 / size + x * 5 * 32 / size + c * 40) % 200;
				pixels[i] = (uint8_t)(wave + (int)floor(56 * inception_noise(seed, (size_t)i)));
			}
}

static const double INCEPTION_TOLERANCE = 1e-4; /* of inception_worst_error */

/* The worst value's error as a share of the root mean square. */
static inline double inception_worst_error(const float *values, const float *expected, size_t count)
{
	double worst = 0, squares = 0;
	for (size_t i = 0; i < count; i++) {
		worst = fmax(worst, fabs((double)values[i] - (double)expected[i]));
		squares += (double)expected[i] * (double)expected[i];
	}
	return worst / sqrt(squares / (double)count);
}

#endif
