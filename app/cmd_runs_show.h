/* Everything the store knows about one run, read at once, for `qgan runs show`. Main thread. */
#ifndef QGAN_APP_CMD_RUNS_SHOW_H
#define QGAN_APP_CMD_RUNS_SHOW_H

#include <jansson.h>

#include "store/store.h"

struct run_report {
	struct run run;
	json_t *settings, *origins, *journal, *checkpoints, *samples;
	json_t *scores;   /* in order of steps, each with all it depends on */
	json_t *metrics;  /* the last point, or null */
	json_t *layers;   /* as last recorded */
	json_t *networks; /* their sums: D, G, both; empty without layers */
};

bool run_report_read(struct store *store, const char *name_or_id, struct run_report *report, struct error *error);
void run_report_clear(struct run_report *report); /* a zeroed one is fine */

json_t *run_report_to_json(const struct run_report *report);
int run_report_print(const struct run_report *report); /* on stdout; the exit status */

#endif
