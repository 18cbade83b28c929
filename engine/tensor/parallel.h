/* A pool of worker threads for the engine thread.
 *
 * parallel_run calls task(context, i) once for every i in 0..tasks-1, on any thread including the caller's, and
 * returns when all are done. A task writes only what is its own; reductions write one partial result a task and the
 * caller adds them in order. How work is cut into tasks must not depend on the number of threads: then results are
 * bit-identical for any thread count. Workers block all signals and run at lower priority than the screen. */
#ifndef QGAN_ENGINE_TENSOR_PARALLEL_H
#define QGAN_ENGINE_TENSOR_PARALLEL_H

#include "engine/base/error.h"

struct parallel;

enum { PARALLEL_MAX_THREADS = 256 };

/* threads counts the caller; 1 makes no worker, 0 means one per usable core. NULL and an error on failure. */
struct parallel *parallel_create(int threads, struct error *error);
void parallel_destroy(struct parallel *parallel); /* NULL is fine */

int parallel_threads(const struct parallel *parallel);
int parallel_usable_cores(void); /* respects CPU affinity */

/* parallel may be NULL: everything runs in order on the calling thread. Not re-entrant from inside a task. */
void parallel_run(struct parallel *parallel, void (*task)(void *context, int index), void *context, int tasks);

/* Lowers the calling thread's priority as the workers' is (the engine thread calls it once at its start). */
void parallel_lower_priority(void);

#endif
