#include "engine/metric/rows.h"

#include <stdlib.h>

#include "engine/base/memory.h"

static bool read_array(void *context, size_t first, size_t count, double *values, struct error *error)
{
	const struct metric_array *array = context;
	const float *from = array->values + first * array->dimensions;
	(void)error;
	for (size_t i = 0; i < count * array->dimensions; i++)
		values[i] = (double)from[i];
	return true;
}

struct metric_rows metric_rows_of_array(struct metric_array *array)
{
	return (struct metric_rows){array->count, array->dimensions, read_array, array};
}

static bool read_file(void *context, size_t first, size_t count, double *values, struct error *error)
{
	return npy_rows_read(context, first, count, values, error);
}

struct metric_rows metric_rows_of_file(struct npy_rows *file)
{
	return (struct metric_rows){npy_rows_count(file), npy_rows_columns(file), read_file, file};
}

bool metric_rows_visit(const struct metric_rows *rows,
                       bool (*visit)(void *context, const double *values, size_t count, struct error *error), void *context,
                       struct error *error)
{
	enum { BLOCK_BYTES = 1 << 20 };
	size_t bytes, block = rows->dimensions ? BLOCK_BYTES / sizeof(double) / rows->dimensions + 1 : 1;
	if (__builtin_mul_overflow(rows->dimensions, sizeof(double) * block, &bytes))
		return error_set(error, ERROR_MEMORY, "a sample is larger than any memory");
	double *values = memory_try_bytes(bytes, "a block of samples", error);
	bool ok = values != NULL;
	for (size_t first = 0; ok && first < rows->count; first += block) {
		size_t count = rows->count - first < block ? rows->count - first : block;
		ok = rows->read(rows->context, first, count, values, error) && visit(context, values, count, error);
	}
	free(values);
	return ok;
}
