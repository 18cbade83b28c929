#include "engine/quant/packed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

/* Takes codes from a stream one after the other. */
struct code_reader {
	const uint8_t *next;
	int bits, held_bits;
	uint32_t held; /* the next code is in the lowest bits */
};

static inline uint8_t read_code(struct code_reader *reader)
{
	if (reader->held_bits < reader->bits) {
		reader->held |= (uint32_t)*reader->next++ << reader->held_bits;
		reader->held_bits += 8;
	}
	uint8_t code = (uint8_t)(reader->held & ((1u << reader->bits) - 1));
	reader->held >>= reader->bits;
	reader->held_bits -= reader->bits;
	return code;
}

void packed_write(int bits, const uint8_t *states, size_t count, uint8_t *bytes)
{
	uint32_t held = 0;
	int held_bits = 0;
	for (size_t i = 0; i < count; i++) {
		held |= (uint32_t)states[i] << held_bits;
		held_bits += bits;
		if (held_bits >= 8) {
			*bytes++ = (uint8_t)held;
			held >>= 8;
			held_bits -= 8;
		}
	}
	if (held_bits > 0)
		*bytes = (uint8_t)held;
}

void packed_read(int bits, const uint8_t *bytes, size_t count, uint8_t *states)
{
	struct code_reader reader = {.next = bytes, .bits = bits};
	for (size_t i = 0; i < count; i++)
		states[i] = read_code(&reader);
}

bool packed_codes_make(struct packed_codes *packed, const struct quantizer *quantizer, const struct quant_fit fits[],
                       struct parallel *parallel, const float *weights, struct quant_layout layout, struct error *error)
{
	size_t count = quant_layout_count(layout);
	int bits = fits[0].bits;
	assert(bits >= QUANT_MIN_BITS && bits <= QUANT_MAX_BITS);
	*packed = (struct packed_codes){.quantizer = quantizer, .bits = bits, .layout = layout};
	uint8_t *states = memory_try_bytes(count, "the states of a layer", error);
	packed->bytes = states ? memory_try_bytes(packed_bytes(bits, count), "the codes of a layer", error) : NULL;
	if (!packed->bytes) {
		free(states);
		return false;
	}
	packed->fits = memory_zeroed(layout.groups, sizeof *packed->fits);
	memcpy(packed->fits, fits, layout.groups * sizeof *packed->fits);
	quant_apply_groups(quantizer, fits, parallel, weights, layout, states, NULL, NULL);
	packed_write(bits, states, count, packed->bytes);
	free(states);
	return true;
}

void packed_codes_clear(struct packed_codes *packed)
{
	free(packed->fits);
	free(packed->bytes);
	*packed = (struct packed_codes){0};
}

size_t packed_codes_size(const struct packed_codes *packed)
{
	return packed_bytes(packed->bits, quant_layout_count(packed->layout)) + packed->layout.groups * PACKED_SCALE_BYTES;
}

float *packed_codes_levels(const struct packed_codes *packed)
{
	size_t states = (size_t)1 << packed->bits;
	float *levels = memory_zeroed(packed->layout.groups * states, sizeof *levels), group[QUANT_MAX_STATES];
	for (size_t g = 0; g < packed->layout.groups; g++) {
		quant_levels(packed->quantizer, &packed->fits[g], group);
		memcpy(levels + g * states, group, states * sizeof *group);
	}
	return levels;
}

void packed_codes_expand(const struct packed_codes *packed, float *quantized)
{
	const struct quant_layout layout = packed->layout;
	struct code_reader reader = {.next = packed->bytes, .bits = packed->bits};
	float *levels = packed_codes_levels(packed);
	for (size_t o = 0; o < layout.outer; o++)
		for (size_t g = 0; g < layout.groups; g++) {
			const float *own = levels + (g << packed->bits);
			for (size_t i = 0; i < layout.inner; i++)
				*quantized++ = own[read_code(&reader)];
		}
	free(levels);
}

void packed_codes_unpack(const struct packed_codes *packed, uint8_t *states)
{
	packed_read(packed->bits, packed->bytes, quant_layout_count(packed->layout), states);
}
