/* A score as the engine tells it and as the store keeps it, and how it is written for programs. Any thread. */
#ifndef QGAN_APP_SCORE_ROW_H
#define QGAN_APP_SCORE_ROW_H

#include <jansson.h>

#include "engine/protocol.h"
#include "store/store.h"

/* All but time, id and identity. */
void score_row_fill(struct score *row, const struct engine_score *score);

/* One object: scores, error bars, and all that they depend on. */
json_t *score_row_to_json(const struct score *row);

#endif
