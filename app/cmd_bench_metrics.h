/* What the files of qgan bench metrics share. Main thread. */
#ifndef QGAN_APP_CMD_BENCH_METRICS_H
#define QGAN_APP_CMD_BENCH_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/tensor/parallel.h"

uint8_t *bench_noise(size_t bytes, struct error *error); /* the caller's to free */

struct bench_inception {
	double seconds, gflops; /* of count pictures; useful operations a second, a multiplication and an addition being two */
};

/* Inception-v3 forward with parameters of noise, from 8-bit pictures of 32 x 32 to features and logits. */
bool bench_inception(struct parallel *parallel, size_t count, struct bench_inception *result, struct error *error);

#endif
