#include "engine/file/npy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/replace_file.h"
#include "engine/file/npy_file.h"
#include "engine/file/npy_walk.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written, and '<f4' read, as they lie in memory");

static bool convert_values(const struct npy_header *header, const uint8_t *data, const char *name, float *values,
                           struct error *error)
{
	struct npy_walk walk;
	npy_walk_begin(&walk, header, data);
	for (size_t i = 0; i < header->count; i++) {
		double value = npy_walk_next(&walk);
		values[i] = (float)value;
		if (isinf(values[i]) && isfinite(value))
			return error_set(error, ERROR_INPUT, "%s: value %zu is %g, which does not fit a 32-bit float", name, i, value);
	}
	return true;
}

static bool is_memory_image(const struct npy_header *header)
{
	return header->type->kind == 'f' && header->type->size == sizeof(float) && !header->big_endian && !header->fortran_order;
}

static struct npy npy_of(const struct npy_header *header, float *values)
{
	struct npy npy = {.dimensions = header->dimensions, .count = header->count, .values = values};
	memcpy(npy.shape, header->shape, sizeof npy.shape);
	return npy;
}

static bool convert_into(const struct npy_header *header, const uint8_t *data, const char *name, struct npy *npy,
                         struct error *error)
{
	float *values = memory_try_floats(header->count, name, error);
	if (!values)
		return false;
	if (is_memory_image(header)) {
		memcpy(values, data, header->count * sizeof *values);
	} else if (!convert_values(header, data, name, values, error)) {
		free(values);
		return false;
	}
	*npy = npy_of(header, values);
	return true;
}

bool npy_parse(const void *bytes, size_t size, const char *name, struct npy *npy, struct error *error)
{
	struct npy_header header;
	*npy = (struct npy){0};
	return npy_header_parse(bytes, size, size, name, &header, error) &&
	       convert_into(&header, (const uint8_t *)bytes + header.data_offset, name, npy, error);
}

/* Values in the file as they are in memory need no second copy. */
static bool read_image(int file, const struct npy_header *header, const char *path, struct npy *npy, struct error *error)
{
	float *values = memory_try_floats(header->count, path, error);
	if (!values || !npy_file_read(file, header->data_offset, values, header->count * sizeof *values, path, error)) {
		free(values);
		return false;
	}
	*npy = npy_of(header, values);
	return true;
}

static bool read_and_convert(int file, const struct npy_header *header, const char *path, struct npy *npy, struct error *error)
{
	size_t size = header->count * (size_t)header->type->size;
	uint8_t *data = memory_try_bytes(size, path, error);
	bool done = data && npy_file_read(file, header->data_offset, data, size, path, error) &&
	            convert_into(header, data, path, npy, error);
	free(data);
	return done;
}

bool npy_read(const char *path, struct npy *npy, struct error *error)
{
	struct npy_header header;
	int file;
	*npy = (struct npy){0};
	if (!npy_file_open(path, &file, &header, error))
		return false;
	bool done = is_memory_image(&header) ? read_image(file, &header, path, npy, error)
	                                     : read_and_convert(file, &header, path, npy, error);
	close(file);
	return done;
}

bool npy_write(const char *path, const struct npy *npy, struct error *error)
{
	struct text header = {0};
	npy_header_format("<f4", npy->dimensions, npy->shape, &header);
	const struct file_part parts[] = {{header.bytes, header.length}, {npy->values, npy->count * sizeof *npy->values}};
	bool done = replace_file(path, parts, sizeof parts / sizeof *parts, error);
	text_clear(&header);
	return done;
}

void npy_clear(struct npy *npy)
{
	free(npy->values);
	*npy = (struct npy){0};
}
