#include "engine/file/npy_header.h"

#include <math.h>
#include <string.h>

enum {
	MAGIC_SIZE = 6,
	PREFIX_1 = 10, /* magic, version, u16 */
	PREFIX_2 = 12, /* magic, version, u32 */
	MAX_WORD = 32,
	DATA_ALIGNMENT = 64, /* of the data in the files numpy writes, and in ours */
	MAX_HEADER = NPY_MAX_DATA_OFFSET - PREFIX_2,
};

static double from_f2(uint64_t bits)
{
	int exponent = bits >> 10 & 31, fraction = bits & 1023;
	double magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
	                   : exponent == 0 ? ldexp(fraction, -24)
	                                   : ldexp(1024 + fraction, exponent - 25);
	return bits >> 15 ? -magnitude : magnitude;
}

static double from_f4(uint64_t bits)
{
	uint32_t word = (uint32_t)bits;
	float value;
	memcpy(&value, &word, sizeof value);
	return (double)value;
}

static double from_f8(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static double from_i1(uint64_t bits) { return (int8_t)bits; }
static double from_i2(uint64_t bits) { return (int16_t)bits; }
static double from_i4(uint64_t bits) { return (int32_t)bits; }
static double from_i8(uint64_t bits) { return (double)(int64_t)bits; }
static double from_unsigned(uint64_t bits) { return (double)bits; }

static const struct npy_type types[] = {
	{'f', 2, from_f2}, {'f', 4, from_f4}, {'f', 8, from_f8},
	{'i', 1, from_i1}, {'i', 2, from_i2}, {'i', 4, from_i4}, {'i', 8, from_i8},
	{'u', 1, from_unsigned}, {'u', 2, from_unsigned}, {'u', 4, from_unsigned}, {'u', 8, from_unsigned},
	{'b', 1, from_unsigned},
};

/* The dictionary being read. */
struct cursor {
	const char *at, *end;
	const char *name; /* of the file */
	struct npy_header *header;
	struct error *error;
};

static bool refuse(struct cursor *c, const char *field, const char *expected)
{
	return error_set(c->error, ERROR_INPUT, "%s: the field %s of the .npy header is wrong: expected %s", c->name, field,
	                 expected);
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
		c->at++;
}

/* Takes one character after blanks. */
static bool take(struct cursor *c, char character)
{
	skip_blanks(c);
	if (c->at == c->end || *c->at != character)
		return false;
	c->at++;
	return true;
}

/* Takes a quoted word of printable ASCII, so that it may appear in error texts. */
static bool take_quoted(struct cursor *c, char word[MAX_WORD])
{
	size_t length = 0;
	char quote = take(c, '\'') ? '\'' : take(c, '"') ? '"' : '\0';
	if (!quote)
		return false;
	for (; c->at < c->end && *c->at != quote; c->at++) {
		if (length + 1 >= MAX_WORD || *c->at < ' ' || *c->at > '~' || *c->at == '\\')
			return false;
		word[length++] = *c->at;
	}
	word[length] = '\0';
	return take(c, quote);
}

static bool take_name(struct cursor *c, const char *word)
{
	size_t length = strlen(word);
	skip_blanks(c);
	if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
		return false;
	c->at += length;
	return true;
}

static bool take_size(struct cursor *c, size_t *size)
{
	skip_blanks(c);
	const char *first = c->at;
	for (*size = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(*size, (size_t)10, size) || __builtin_add_overflow(*size, (size_t)(*c->at - '0'), size))
			return false;
	bool found = c->at > first;
	if (found && c->at < c->end && *c->at == 'L') /* as Python 2 wrote it */
		c->at++;
	return found;
}

static bool read_descr(struct cursor *c)
{
	char word[MAX_WORD];
	if (!take_quoted(c, word))
		return refuse(c, "'descr'", "a plain type like '<f4'");
	char order = word[0], kind = order ? word[1] : '\0';
	int64_t size;
	if (kind && strchr("<>|=", order) && text_to_int64(word + 2, &size))
		for (size_t i = 0; i < sizeof types / sizeof *types; i++)
			if (types[i].kind == kind && types[i].size == size && (order != '|' || size == 1)) {
				c->header->type = &types[i];
				c->header->big_endian = order == '>';
				return true;
			}
	return error_set(c->error, ERROR_INPUT, "%s: values of type '%s' cannot be read; expected floats ('<f2', '<f4', '<f8'), "
	                 "integers ('|i1' to '<i8', '|u1' to '<u8') or '|b1', of either byte order", c->name, word);
}

static bool read_order(struct cursor *c)
{
	c->header->fortran_order = take_name(c, "True");
	return c->header->fortran_order || take_name(c, "False") || refuse(c, "'fortran_order'", "True or False");
}

/* "()", "(3,)", "(3, 4)", "(3, 4,)" */
static bool read_shape(struct cursor *c)
{
	static const char expected[] = "a tuple of natural numbers like (64, 3)";
	struct npy_header *h = c->header;
	if (!take(c, '('))
		return refuse(c, "'shape'", expected);
	bool comma = true; /* a value may follow */
	for (h->dimensions = 0; !take(c, ')'); h->dimensions++) {
		if (h->dimensions == NPY_MAX_DIMENSIONS)
			return error_set(c->error, ERROR_INPUT, "%s: the shape has more than %d dimensions", c->name, NPY_MAX_DIMENSIONS);
		if (!comma || !take_size(c, &h->shape[h->dimensions]))
			return refuse(c, "'shape'", expected);
		comma = take(c, ',');
	}
	return !(h->dimensions == 1 && !comma) || refuse(c, "'shape'", expected);
}

static const struct field {
	const char *name;
	bool (*read)(struct cursor *c);
} fields[] = {{"descr", read_descr}, {"fortran_order", read_order}, {"shape", read_shape}};
enum { FIELDS = sizeof fields / sizeof *fields };

static bool read_field(struct cursor *c, bool seen[FIELDS])
{
	char word[MAX_WORD];
	if (!take_quoted(c, word) || !take(c, ':'))
		return error_set(c->error, ERROR_INPUT, "%s: the .npy header is not a dictionary of 'descr', 'fortran_order' and 'shape'",
		                 c->name);
	for (int i = 0; i < FIELDS; i++) {
		if (strcmp(fields[i].name, word) != 0)
			continue;
		if (seen[i])
			return error_set(c->error, ERROR_INPUT, "%s: the .npy header has the field '%s' twice", c->name, word);
		seen[i] = true;
		return fields[i].read(c);
	}
	return error_set(c->error, ERROR_INPUT, "%s: the .npy header has an unknown field '%s'", c->name, word);
}

static bool read_dictionary(struct cursor *c)
{
	bool seen[FIELDS] = {false}, comma = true;
	if (!take(c, '{'))
		return error_set(c->error, ERROR_INPUT, "%s: the .npy header does not begin with '{'", c->name);
	while (!take(c, '}')) {
		if (!comma)
			return error_set(c->error, ERROR_INPUT, "%s: the .npy header lacks a comma or its end", c->name);
		if (!read_field(c, seen))
			return false;
		comma = take(c, ',');
	}
	skip_blanks(c);
	if (c->at != c->end)
		return error_set(c->error, ERROR_INPUT, "%s: the .npy header has text after its '}'", c->name);
	for (int i = 0; i < FIELDS; i++)
		if (!seen[i])
			return error_set(c->error, ERROR_INPUT, "%s: the .npy header lacks the field '%s'", c->name, fields[i].name);
	return true;
}

static bool check_size(struct npy_header *header, size_t size, const char *name, struct error *error)
{
	size_t bytes = (size_t)header->type->size;
	bool empty = false, fits = true;
	header->count = 1;
	for (int i = 0; i < header->dimensions; i++) {
		empty = empty || header->shape[i] == 0;
		fits = fits && !__builtin_mul_overflow(bytes, header->shape[i], &bytes);
		header->count *= header->shape[i];
	}
	if (empty)
		header->count = bytes = 0;
	size_t there = size - header->data_offset;
	if (!fits && !empty)
		return error_set(error, ERROR_INPUT, "%s: the shape is larger than any memory", name);
	if (there < bytes)
		return error_set(error, ERROR_INPUT, "%s is cut: its header promises %zu bytes of data, but %zu follow", name, bytes,
		                 there);
	if (there > bytes)
		return error_set(error, ERROR_INPUT, "%s has %zu bytes after the %zu bytes of data that its header promises", name,
		                 there - bytes, bytes);
	return true;
}

/* Where the dictionary begins, and its length. */
static bool read_prefix(const uint8_t *bytes, size_t available, const char *name, size_t *first, size_t *length,
                        struct error *error)
{
	if (available < PREFIX_1 || memcmp(bytes, "\x93NUMPY", MAGIC_SIZE) != 0)
		return error_set(error, ERROR_INPUT, "%s is not a .npy file", name);
	int major = bytes[MAGIC_SIZE], minor = bytes[MAGIC_SIZE + 1];
	if (major < 1 || major > 3 || minor != 0)
		return error_set(error, ERROR_INPUT, "%s: version %d.%d of the .npy format is unknown; expected 1.0, 2.0 or 3.0", name,
		                 major, minor);
	*first = major == 1 ? PREFIX_1 : PREFIX_2;
	*length = bytes[8] | (size_t)bytes[9] << 8;
	if (major > 1 && available >= PREFIX_2)
		*length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
	if (*length > MAX_HEADER)
		return error_set(error, ERROR_INPUT, "%s: a .npy header of %zu bytes is too long; at most %d are read", name, *length,
		                 MAX_HEADER);
	if (available < *first || available - *first < *length)
		return error_set(error, ERROR_INPUT, "%s is cut inside its .npy header", name);
	return true;
}

bool npy_header_parse(const uint8_t *bytes, size_t available, size_t size, const char *name, struct npy_header *header,
                      struct error *error)
{
	size_t first = 0, length = 0;
	*header = (struct npy_header){0};
	if (!read_prefix(bytes, available, name, &first, &length, error))
		return false;
	struct cursor cursor = {
		.at = (const char *)bytes + first, .end = (const char *)bytes + first + length, .name = name, .header = header,
		.error = error,
	};
	header->data_offset = first + length;
	return read_dictionary(&cursor) && check_size(header, size, name, error);
}

void npy_header_format(const char *descr, int dimensions, const size_t shape[], struct text *text)
{
	size_t first = text->length;
	text_append(text, "\x93NUMPY\x01\0\0", PREFIX_1);
	text_format(text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
	for (int i = 0; i < dimensions; i++)
		text_format(text, "%zu%s", shape[i], dimensions == 1 ? "," : i + 1 < dimensions ? ", " : "");
	text_format(text, "), }");
	while ((text->length - first + 1) % DATA_ALIGNMENT)
		text_append(text, " ", 1);
	text_append(text, "\n", 1);
	size_t length = text->length - first - PREFIX_1;
	text->bytes[first + PREFIX_1 - 2] = (char)(length & 255);
	text->bytes[first + PREFIX_1 - 1] = (char)(length >> 8);
}
