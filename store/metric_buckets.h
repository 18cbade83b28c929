/* Curves at coarser levels, kept while points come. Used by store/metrics.c. */
#ifndef QGAN_STORE_METRIC_BUCKETS_H
#define QGAN_STORE_METRIC_BUCKETS_H

#include "store/store.h"

enum { METRIC_LEVELS = 4, METRIC_LEVEL_POINTS = 64, METRIC_LEVEL_FACTOR = 8 }; /* 64, 512, 4096, 32768 points */

/* After points have been inserted, the lowest of them at step `lowest`: buckets it changes are made anew, and those that
 * are full now are added. Inside a span. */
bool metric_buckets_extend(struct store *store, int64_t run, int64_t lowest, struct error *error);

#endif
