/* Pictures as Inception-v3 takes them (inception_network.h, 1 to 3). Private to engine/metric. */
#ifndef QGAN_ENGINE_METRIC_INCEPTION_INPUT_H
#define QGAN_ENGINE_METRIC_INCEPTION_INPUT_H

#include "engine/metric/inception_network.h"

/* input: [299][299][N][3]. */
void inception_prepare(struct parallel *parallel, const struct inception_pictures *pictures, float *input);

#endif
