/* The most memory this process has held at once (Linux keeps it), for benchmarks. Any thread. */
#ifndef QGAN_APP_PEAK_MEMORY_H
#define QGAN_APP_PEAK_MEMORY_H

void peak_memory_reset(void); /* what was held before no longer counts, what still is does */
double peak_memory_mb(void);  /* since then, else since the start */

#endif
