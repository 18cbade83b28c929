#include "engine/file/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"
#include "engine/file/npy_header.h"

enum {
	DATA_ALIGNMENT = 64, /* of the data in the files numpy writes, and in ours */
	PREFIX = 10,         /* magic, version 1.0, length of the header */
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written, and '<f4' read, as they lie in memory");

static uint64_t load(const uint8_t *bytes, int size, bool big_endian)
{
	uint64_t bits = 0;
	for (int i = 0; i < size; i++)
		bits |= (uint64_t)bytes[i] << 8 * (big_endian ? size - 1 - i : i);
	return bits;
}

/* In elements: how far the source moves when index `dimension` rises by one. */
static void strides_of(const struct npy_header *header, size_t strides[NPY_MAX_DIMENSIONS])
{
	size_t stride = 1;
	for (int i = 0; i < header->dimensions; i++) {
		int dimension = header->fortran_order ? i : header->dimensions - 1 - i;
		strides[dimension] = stride;
		stride *= header->shape[dimension];
	}
}

/* The source element of the next value in C order: the last index moves fastest. */
static size_t next_element(const struct npy_header *header, const size_t strides[], size_t indices[], size_t element)
{
	for (int d = header->dimensions - 1; d >= 0; d--) {
		element += strides[d];
		if (++indices[d] < header->shape[d])
			return element;
		element -= strides[d] * header->shape[d];
		indices[d] = 0;
	}
	return element;
}

static bool convert_values(const struct npy_header *header, const uint8_t *data, const char *name, float *values,
                           struct error *error)
{
	size_t strides[NPY_MAX_DIMENSIONS], indices[NPY_MAX_DIMENSIONS] = {0}, element = 0;
	strides_of(header, strides);
	for (size_t i = 0; i < header->count; i++) {
		uint64_t bits = load(data + element * (size_t)header->type->size, header->type->size, header->big_endian);
		double value = header->type->convert(bits);
		values[i] = (float)value;
		if (isinf(values[i]) && isfinite(value))
			return error_set(error, ERROR_INPUT, "%s: value %zu is %g, which does not fit a 32-bit float", name, i, value);
		element = next_element(header, strides, indices, element);
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

static bool read_at(int file, size_t offset, void *target, size_t size, const char *path, struct error *error)
{
	for (uint8_t *to = target; size > 0;) {
		ssize_t got = pread(file, to, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(error, "%s cannot be read", path);
		if (got == 0)
			return error_set(error, ERROR_INPUT, "%s became shorter while it was read", path);
		to += got;
		offset += (size_t)got;
		size -= (size_t)got;
	}
	return true;
}

/* Values in the file as they are in memory need no second copy. */
static bool read_image(int file, const struct npy_header *header, const char *path, struct npy *npy, struct error *error)
{
	float *values = memory_try_floats(header->count, path, error);
	if (!values || !read_at(file, header->data_offset, values, header->count * sizeof *values, path, error)) {
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
	bool done = data && read_at(file, header->data_offset, data, size, path, error) &&
	            convert_into(header, data, path, npy, error);
	free(data);
	return done;
}

static bool read_open_file(int file, const char *path, struct npy *npy, struct error *error)
{
	struct stat status;
	struct npy_header header;
	if (fstat(file, &status) != 0)
		return error_set_errno(error, "%s cannot be read", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_INPUT, "%s is not a regular file", path);
	size_t size = (size_t)status.st_size, first = size < NPY_MAX_DATA_OFFSET ? size : NPY_MAX_DATA_OFFSET;
	uint8_t *bytes = memory_try_bytes(first, path, error);
	bool done = bytes && read_at(file, 0, bytes, first, path, error) &&
	            npy_header_parse(bytes, first, size, path, &header, error);
	free(bytes);
	if (!done)
		return false;
	return is_memory_image(&header) ? read_image(file, &header, path, npy, error)
	                                : read_and_convert(file, &header, path, npy, error);
}

/* O_NONBLOCK: opening a pipe must not wait for its writer. */
bool npy_read(const char *path, struct npy *npy, struct error *error)
{
	*npy = (struct npy){0};
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return error_set(error, ERROR_INPUT, "%s cannot be read: %s", path, strerror(errno));
	bool done = read_open_file(file, path, npy, error);
	close(file);
	return done;
}

static void format_header(const struct npy *npy, struct text *header)
{
	text_format(header, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
	for (int i = 0; i < npy->dimensions; i++)
		text_format(header, "%zu%s", npy->shape[i], npy->dimensions == 1 ? "," : i + 1 < npy->dimensions ? ", " : "");
	text_format(header, "), }");
	while ((PREFIX + header->length + 1) % DATA_ALIGNMENT)
		text_append(header, " ", 1);
	text_append(header, "\n", 1);
}

bool npy_write(const char *path, const struct npy *npy, struct error *error)
{
	struct text header = {0};
	format_header(npy, &header);
	const uint8_t prefix[PREFIX] = {
		0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)(header.length & 255), (uint8_t)(header.length >> 8),
	};
	const struct file_part parts[] = {
		{prefix, sizeof prefix}, {header.bytes, header.length}, {npy->values, npy->count * sizeof *npy->values},
	};
	bool done = replace_file(path, parts, sizeof parts / sizeof *parts, error);
	text_clear(&header);
	return done;
}

void npy_clear(struct npy *npy)
{
	free(npy->values);
	*npy = (struct npy){0};
}
