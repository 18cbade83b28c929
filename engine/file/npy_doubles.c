#include "engine/file/npy_doubles.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/file/npy_file.h"
#include "engine/file/npy_walk.h"

void npy_doubles_clear(struct npy_doubles *npy)
{
	free(npy->values);
	*npy = (struct npy_doubles){0};
}

static bool in_place(const struct npy_header *header, int size)
{
	return header->type->kind == 'f' && header->type->size == size && !header->big_endian && !header->fortran_order;
}

/* The usual types go fast. */
static void convert(const struct npy_header *header, const uint8_t *data, size_t count, double *values)
{
	if (in_place(header, sizeof(double))) {
		memcpy(values, data, count * sizeof *values);
	} else if (in_place(header, sizeof(float))) {
		for (size_t i = 0; i < count; i++) {
			float value;
			memcpy(&value, data + i * sizeof value, sizeof value);
			values[i] = (double)value;
		}
	} else {
		struct npy_walk walk;
		npy_walk_begin(&walk, header, data);
		for (size_t i = 0; i < count; i++)
			values[i] = npy_walk_next(&walk);
	}
}

static double *convert_all(const struct npy_header *header, const uint8_t *data, const char *name, struct error *error)
{
	size_t size;
	if (__builtin_mul_overflow(header->count, sizeof(double), &size)) {
		error_set(error, ERROR_MEMORY, "%s needs more memory than can be addressed", name);
		return NULL;
	}
	double *values = memory_try_bytes(size, name, error);
	if (values)
		convert(header, data, header->count, values);
	return values;
}

bool npy_doubles_parse(const void *bytes, size_t size, const char *name, struct npy_doubles *npy, struct error *error)
{
	struct npy_header header;
	*npy = (struct npy_doubles){0};
	if (!npy_header_parse(bytes, size, size, name, &header, error))
		return false;
	double *values = convert_all(&header, (const uint8_t *)bytes + header.data_offset, name, error);
	if (!values)
		return false;
	*npy = (struct npy_doubles){.dimensions = header.dimensions, .count = header.count, .values = values};
	memcpy(npy->shape, header.shape, sizeof npy->shape);
	return true;
}

void npy_describe_shape(int dimensions, const size_t shape[], struct text *text)
{
	text_format(text, "(");
	for (int i = 0; i < dimensions; i++)
		text_format(text, "%s%zu", i ? ", " : "", shape[i]);
	text_format(text, dimensions == 1 ? ",)" : ")");
}

/* ---- rows ---- */

struct npy_rows {
	char *path;
	int file;
	struct npy_header header;
	double *values;  /* all of a file in Fortran order; else NULL */
	uint8_t *buffer; /* as the rows lie in the file */
	size_t room;
};

void npy_rows_close(struct npy_rows *rows)
{
	if (!rows)
		return;
	if (rows->file >= 0)
		close(rows->file);
	free(rows->path);
	free(rows->values);
	free(rows->buffer);
	free(rows);
}

static bool check_shape(const struct npy_header *header, const char *path, struct error *error)
{
	struct text shape = {0};
	if (header->dimensions == 2)
		return true;
	npy_describe_shape(header->dimensions, header->shape, &shape);
	error_set(error, ERROR_INPUT, "%s has the shape %s; expected two dimensions: samples, values of a sample", path, shape.bytes);
	text_clear(&shape);
	return false;
}

static bool hold_scattered_rows(struct npy_rows *rows, struct error *error)
{
	const struct npy_header *header = &rows->header;
	if (!header->fortran_order || header->count == 0)
		return true;
	size_t size = header->count * (size_t)header->type->size;
	uint8_t *data = memory_try_bytes(size, rows->path, error);
	if (data && npy_file_read(rows->file, header->data_offset, data, size, rows->path, error))
		rows->values = convert_all(header, data, rows->path, error);
	free(data);
	return rows->values != NULL;
}

struct npy_rows *npy_rows_open(const char *path, struct error *error)
{
	struct npy_rows *rows = memory_zeroed(1, sizeof *rows);
	rows->path = memory_text(path);
	if (npy_file_open(path, &rows->file, &rows->header, error)) {
		if (check_shape(&rows->header, path, error) && hold_scattered_rows(rows, error))
			return rows;
	} else {
		rows->file = -1;
	}
	npy_rows_close(rows);
	return NULL;
}

const char *npy_rows_path(const struct npy_rows *rows) { return rows->path; }
size_t npy_rows_count(const struct npy_rows *rows) { return rows->header.shape[0]; }
size_t npy_rows_columns(const struct npy_rows *rows) { return rows->header.shape[1]; }

static bool make_room(struct npy_rows *rows, size_t size, struct error *error)
{
	if (rows->room >= size)
		return true;
	uint8_t *buffer = memory_try_bytes(size, rows->path, error);
	if (!buffer)
		return false;
	free(rows->buffer);
	rows->buffer = buffer;
	rows->room = size;
	return true;
}

bool npy_rows_read(struct npy_rows *rows, size_t first, size_t count, double *values, struct error *error)
{
	size_t columns = npy_rows_columns(rows), bytes = columns * (size_t)rows->header.type->size;
	if (count == 0 || columns == 0)
		return true;
	if (rows->values) {
		memcpy(values, rows->values + first * columns, count * columns * sizeof *values);
		return true;
	}
	struct npy_header part = rows->header;
	part.shape[0] = count;
	if (!make_room(rows, count * bytes, error) ||
	    !npy_file_read(rows->file, rows->header.data_offset + first * bytes, rows->buffer, count * bytes, rows->path, error))
		return false;
	convert(&part, rows->buffer, count * columns, values);
	return true;
}
