/* Runs of the store as JSON and as words: shared by `qgan runs list` and `qgan runs show`. Main thread. */
#ifndef QGAN_APP_RUNS_JSON_H
#define QGAN_APP_RUNS_JSON_H

#include <jansson.h>

#include "store/store.h"

json_t *run_to_json(const struct run *run); /* without the settings */
void bits_to_text(int bits, char text[8]);  /* "2", or "float" */

#endif
