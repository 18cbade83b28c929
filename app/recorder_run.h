/* How a run's row comes to be or is taken up again. Recorder's thread; used by recorder.c only. */
#ifndef QGAN_APP_RECORDER_RUN_H
#define QGAN_APP_RECORDER_RUN_H

#include "app/recorder_facts.h"

/* A new row, or an old one claimed and rewound. NULL and an error when refused; free with recorded_run_destroy. */
struct recorded_run *recorded_run_begin(struct store *store, const struct recorder_run_start *start, struct error *error);
void recorded_run_destroy(struct recorded_run *run); /* NULL is fine */

#endif
