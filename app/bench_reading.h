/* One plain reading of memory on all threads: what work that only moves memory is measured against. Main thread. */
#ifndef QGAN_APP_BENCH_READING_H
#define QGAN_APP_BENCH_READING_H

#include <stddef.h>

#include "engine/tensor/parallel.h"

/* Reads every value once. The compiler must believe that the sum is wanted: it is returned. */
unsigned bench_read(struct parallel *parallel, const float *values, size_t count);

/* GB/s of the fastest of several readings of so much memory that caches do not hold it; 0 when it is refused. */
double bench_reading_rate(struct parallel *parallel);

#endif
