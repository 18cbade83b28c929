/* SHA-256 (FIPS 180-4), for the checksums of files. Any thread. */
#ifndef QGAN_ENGINE_BASE_SHA256_H
#define QGAN_ENGINE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_TEXT_SIZE = 2 * SHA256_BYTES + 1 };

struct sha256 {
	uint32_t state[8];
	uint64_t length;   /* bytes so far */
	uint8_t block[64]; /* the last length % 64 of them */
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t size);
void sha256_end(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);
void sha256_end_text(struct sha256 *hash, char text[SHA256_TEXT_SIZE]); /* in lower-case hex */

/* Of one block, likewise. */
void sha256_text(const void *bytes, size_t size, char text[SHA256_TEXT_SIZE]);

#endif
