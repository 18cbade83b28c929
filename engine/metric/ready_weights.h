/* Weights that are part of the program: the files of assets/features, byte for byte. The table is written when the program
 * is built (embed_weights). Any thread. */
#ifndef QGAN_ENGINE_METRIC_READY_WEIGHTS_H
#define QGAN_ENGINE_METRIC_READY_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

struct ready_weights {
	const char *data;        /* kind of data set they were trained on: "cifar10" */
	const uint8_t *bytes, *end;
};

extern const struct ready_weights ready_weights[]; /* ends with a row without a name */

const struct ready_weights *ready_weights_find(const char *data); /* NULL: none */

/* For pictures of that kind of data set, which may be NULL or have no weights of its own: those of the most similar. */
const struct ready_weights *ready_weights_for(const char *data_kind);

#endif
