#include "engine/file/protobuf.h"

#include <string.h>

/* A field begins with its number and how its value is written:
 *
 *	varint  number << 3 | type      0: varint   1: eight bytes   2: varint length, then bytes   5: four bytes
 *
 * A varint has seven bits a byte, the lowest first; the eighth says that another byte follows. */
enum wire_type { WIRE_VARINT = 0, WIRE_EIGHT_BYTES = 1, WIRE_LENGTH = 2, WIRE_FOUR_BYTES = 5 };

static void add_varint(struct text *message, uint64_t value)
{
	char bytes[10];
	size_t length = 0;
	do {
		bytes[length++] = (char)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
		value >>= 7;
	} while (value);
	text_append(message, bytes, length);
}

static void add_little_endian(struct text *message, uint64_t value, int size)
{
	char bytes[8];
	for (int i = 0; i < size; i++)
		bytes[i] = (char)(value >> 8 * i);
	text_append(message, bytes, (size_t)size);
}

static void begin_field(struct text *message, uint32_t field, enum wire_type type)
{
	add_varint(message, (uint64_t)field << 3 | type);
}

static uint64_t bits_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits;
}

void protobuf_integer(struct text *message, uint32_t field, int64_t value)
{
	begin_field(message, field, WIRE_VARINT);
	add_varint(message, (uint64_t)value);
}

void protobuf_double(struct text *message, uint32_t field, double value)
{
	begin_field(message, field, WIRE_EIGHT_BYTES);
	add_little_endian(message, bits_of(value), 8);
}

void protobuf_float(struct text *message, uint32_t field, float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	begin_field(message, field, WIRE_FOUR_BYTES);
	add_little_endian(message, bits, 4);
}

void protobuf_bytes(struct text *message, uint32_t field, const void *bytes, size_t size)
{
	begin_field(message, field, WIRE_LENGTH);
	add_varint(message, size);
	if (size > 0)
		text_append(message, bytes, size);
}

void protobuf_text(struct text *message, uint32_t field, const char *text)
{
	protobuf_bytes(message, field, text, strlen(text));
}

void protobuf_message(struct text *message, uint32_t field, struct text *inner)
{
	protobuf_bytes(message, field, inner->bytes, inner->length);
	text_clear(inner);
}

void protobuf_doubles(struct text *message, uint32_t field, const double *values, size_t count)
{
	begin_field(message, field, WIRE_LENGTH);
	add_varint(message, 8 * count);
	for (size_t i = 0; i < count; i++)
		add_little_endian(message, bits_of(values[i]), 8);
}
