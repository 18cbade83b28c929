#include "engine/data/idx.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/base/memory.h"

enum {
	UNSIGNED_BYTE = 8,
	PREFIX = 4,              /* bytes before the sizes, and bytes of each size */
	DEFLATE_MAX_RATIO = 1032, /* no deflate stream grows by more */
	GZIP_WINDOW = 15 + 16,    /* zlib: gzip with the largest window */
	MAX_VALUES_MB = 4096,
};

/* Bytes of a file, as they are or through inflate. */
struct source {
	const char *name;
	const uint8_t *bytes;
	size_t size, position; /* of a plain file */
	bool compressed, ended; /* ended: the stream's end and its checksum were seen */
	z_stream stream;
};

static bool source_init(struct source *source, const uint8_t *bytes, size_t size, const char *name, struct error *error)
{
	*source = (struct source){.name = name, .bytes = bytes, .size = size};
	source->compressed = size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
	if (!source->compressed)
		return true;
	if (size > UINT_MAX)
		return error_set(error, ERROR_INPUT, "%s has %zu bytes; expected at most %u of a gzip file", name, size, UINT_MAX);
	source->stream.next_in = (Bytef *)bytes;
	source->stream.avail_in = (uInt)size;
	return inflateInit2(&source->stream, GZIP_WINDOW) == Z_OK
	       || error_set(error, ERROR_MEMORY, "%s: no memory for the gzip decoder", name);
}

static void source_clear(struct source *source)
{
	if (source->compressed)
		inflateEnd(&source->stream);
}

/* Up to `wanted` bytes; fewer only at the end; false when the stream is damaged. */
static bool inflate_some(struct source *source, uint8_t *target, size_t wanted, size_t *got, struct error *error)
{
	*got = 0;
	while (*got < wanted && !source->ended) {
		size_t room = wanted - *got < UINT_MAX ? wanted - *got : UINT_MAX;
		source->stream.next_out = target + *got;
		source->stream.avail_out = (uInt)room;
		int status = inflate(&source->stream, Z_NO_FLUSH);
		*got += room - source->stream.avail_out;
		source->ended = status == Z_STREAM_END;
		if (status == Z_BUF_ERROR || (status == Z_OK && source->stream.avail_in == 0 && source->stream.avail_out > 0))
			return true; /* cut */
		if (status != Z_OK && status != Z_STREAM_END)
			return error_set(error, ERROR_INPUT, "%s is a damaged gzip file: %s", source->name,
			                 source->stream.msg ? source->stream.msg : "its checksum does not fit");
	}
	return true;
}

static bool source_read(struct source *source, uint8_t *target, size_t wanted, size_t *got, struct error *error)
{
	if (source->compressed)
		return inflate_some(source, target, wanted, got, error);
	size_t left = source->size - source->position;
	*got = wanted < left ? wanted : left;
	memcpy(target, source->bytes + source->position, *got);
	source->position += *got;
	return true;
}

static bool read_header(struct source *source, int dimensions, struct idx *idx, struct error *error)
{
	uint8_t header[PREFIX * (1 + IDX_MAX_DIMENSIONS)];
	size_t length = (size_t)PREFIX * (size_t)(1 + dimensions), got;
	if (!source_read(source, header, length, &got, error))
		return false;
	if (got >= PREFIX && (header[0] || header[1] || header[2] != UNSIGNED_BYTE || header[3] != dimensions))
		return error_set(error, ERROR_INPUT, "%s begins with the bytes %d %d %d %d; expected 0 0 8 %d (an IDX file)",
		                 source->name, header[0], header[1], header[2], header[3], dimensions);
	if (got < length)
		return error_set(error, ERROR_INPUT, "%s ends inside its header; expected %zu bytes of it, found %zu", source->name,
		                 length, got);
	idx->dimensions = dimensions;
	idx->count = 1;
	for (int i = 0; i < dimensions; i++) {
		const uint8_t *field = header + PREFIX * (1 + i);
		idx->sizes[i] = (uint32_t)field[0] << 24 | (uint32_t)field[1] << 16 | (uint32_t)field[2] << 8 | field[3];
		if (idx->sizes[i] == 0)
			return error_set(error, ERROR_INPUT, "%s: size %d is 0; expected at least 1", source->name, i + 1);
		if (__builtin_mul_overflow(idx->count, idx->sizes[i], &idx->count) || idx->count > (size_t)MAX_VALUES_MB << 20)
			return error_set(error, ERROR_INPUT, "%s says it holds more than %d MB of values", source->name, MAX_VALUES_MB);
	}
	return true;
}

static bool read_values(struct source *source, struct idx *idx, struct error *error)
{
	size_t most = source->compressed ? source->size * DEFLATE_MAX_RATIO : source->size, got;
	if (idx->count > most)
		return error_set(error, ERROR_INPUT, "%s is cut: %zu bytes cannot hold the %zu values that its header promises",
		                 source->name, source->size, idx->count);
	idx->values = memory_try_bytes(idx->count, source->name, error);
	if (!idx->values || !source_read(source, idx->values, idx->count, &got, error))
		return false;
	return got == idx->count || error_set(error, ERROR_INPUT, "%s is cut: expected %zu values after its header, found %zu",
	                                      source->name, idx->count, got);
}

/* Nothing may follow, and a gzip file's checksum must be there and right. */
static bool read_end(struct source *source, struct error *error)
{
	uint8_t more;
	size_t got;
	if (!source_read(source, &more, 1, &got, error))
		return false;
	if (got > 0)
		return error_set(error, ERROR_INPUT, "%s goes on after its last value; expected it to end there", source->name);
	if (source->compressed && !source->ended)
		return error_set(error, ERROR_INPUT, "%s is cut: expected the gzip checksum at its end", source->name);
	return true;
}

bool idx_decode(const uint8_t *bytes, size_t size, int dimensions, const char *name, struct idx *idx, struct error *error)
{
	struct idx read = {0};
	struct source source;
	bool good = source_init(&source, bytes, size, name, error) && read_header(&source, dimensions, &read, error)
	            && read_values(&source, &read, error) && read_end(&source, error);
	source_clear(&source);
	if (good)
		*idx = read;
	else
		idx_clear(&read);
	return good;
}

void idx_clear(struct idx *idx)
{
	free(idx->values);
	*idx = (struct idx){0};
}
