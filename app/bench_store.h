/* A store as a year of work would leave it, made up: for `qgan bench store` and for trying the workbench on it. */
#ifndef QGAN_APP_BENCH_STORE_H
#define QGAN_APP_BENCH_STORE_H

#include "store/store.h"

/* `runs` runs that are over, of several models, data sets, bits, tags and scores, with `points` metric points in all: a tenth
 * of them in the last one, the rest spread evenly; spikes now and then. The same arguments make the same store, but for times. `told`
 * hears how many points are done, and stops the making (ERROR_CANCELLED) by returning false. */
bool bench_store_fill(struct store *store, int64_t runs, int64_t points, bool (*told)(void *context, int64_t done), void *context,
                      struct error *error);

#endif
