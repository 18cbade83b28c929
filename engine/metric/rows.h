/* Feature vectors that can be read again: in memory or in a file. The engine thread. */
#ifndef QGAN_ENGINE_METRIC_ROWS_H
#define QGAN_ENGINE_METRIC_ROWS_H

#include <stddef.h>

#include "engine/file/npy_doubles.h"

struct metric_rows {
	size_t count;      /* samples */
	size_t dimensions; /* values of a sample */
	bool (*read)(void *context, size_t first, size_t count, double *values, struct error *error); /* into [count][dimensions] */
	void *context;     /* borrowed */
};

struct metric_array { /* features in memory */
	const float *values; /* [count][dimensions] */
	size_t count, dimensions;
};

struct metric_rows metric_rows_of_array(struct metric_array *array);
struct metric_rows metric_rows_of_file(struct npy_rows *file);

/* Calls visit on all rows in order, a block at a time, until it returns false. */
bool metric_rows_visit(const struct metric_rows *rows,
                       bool (*visit)(void *context, const double *values, size_t count, struct error *error), void *context,
                       struct error *error);

#endif
