/* The truth of a quantized tensor: its k-bit codes, k bits each, least significant bit first, one stream without gaps
 * over the bytes, with the scales (alpha, beta in double) that expand them bit-identically to what training used.
 * Plain data; any thread. */
#ifndef QGAN_ENGINE_QUANT_PACKED_H
#define QGAN_ENGINE_QUANT_PACKED_H

#include "engine/quant/grouped.h"

enum { PACKED_SCALE_BYTES = 16 }; /* alpha and beta of one group */

struct packed_codes {
	const struct quantizer *quantizer;
	int bits;                   /* 1..8 */
	struct quant_layout layout;
	struct quant_fit *fits;     /* owned: layout.groups */
	uint8_t *bytes;             /* owned: packed_bytes(bits, count) of codes */
};

/* Bytes of `count` codes alone: ceil(count * bits / 8). */
static inline size_t packed_bytes(int bits, size_t count) { return (count * (size_t)bits + 7) / 8; }

/* Encodes the weights; fits: layout.groups of the same bits (1..8). False: memory refused. Clear it in any case. */
bool packed_codes_make(struct packed_codes *packed, const struct quantizer *quantizer, const struct quant_fit fits[],
                       struct parallel *parallel, const float *weights, struct quant_layout layout, struct error *error);
void packed_codes_clear(struct packed_codes *packed);

size_t packed_codes_size(const struct packed_codes *packed); /* codes and scales, in bytes */

/* The values training used, in the order of the weights. */
void packed_codes_expand(const struct packed_codes *packed, float *quantized);

/* The 2^bits values of every group, group after group; free(). */
float *packed_codes_levels(const struct packed_codes *packed);

/* The codes, one a byte, in the order of the weights. */
void packed_codes_unpack(const struct packed_codes *packed, uint8_t *states);

/* The bit stream itself, for tests and files: count codes of `bits` bits. */
void packed_write(int bits, const uint8_t *states, size_t count, uint8_t *bytes);
void packed_read(int bits, const uint8_t *bytes, size_t count, uint8_t *states);

#endif
