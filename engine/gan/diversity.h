/* How different pictures are from each other: cheap, and blind to what they show. Pure functions, any thread. */
#ifndef QGAN_ENGINE_GAN_DIVERSITY_H
#define QGAN_ENGINE_GAN_DIVERSITY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/image.h"
#include "engine/data/dataset.h"

/* Root mean square distance of a value between two of `count` pictures, over all pairs, in grey levels of 8 bits: from the
 * variances, without walking the pairs. Pictures follow each other every `stride` of `values` values; NaN for fewer than two. */
double diversity_of_pictures(const uint8_t *pixels, size_t count, size_t values, size_t stride);

/* Of the first `tiles` square tiles of a grid without gaps. */
double diversity_of_grid(const struct image *grid, int tiles, int columns);

/* Of up to 512 pictures spread evenly over the data set; fails when one cannot be read. */
bool diversity_of_dataset(const struct dataset *dataset, double *diversity, struct error *error);

#endif
