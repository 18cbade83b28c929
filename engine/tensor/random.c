#include "engine/tensor/random.h"

#include <math.h>

enum { PHILOX_ROUNDS = 10, BLOCK = 4 };

void random_start(struct random *random, uint64_t seed, enum random_stream stream)
{
	*random = (struct random){.seed = seed, .stream = (uint64_t)stream};
}

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4])
{
	/* Multipliers and Weyl increments of Salmon et al., table 2 and section 4.3. */
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
	for (int round = 0; round < PHILOX_ROUNDS; round++) {
		uint64_t even = (uint64_t)0xD2511F53u * c0, odd = (uint64_t)0xCD9E8D57u * c2;
		c0 = (uint32_t)(odd >> 32) ^ c1 ^ k0;
		c2 = (uint32_t)(even >> 32) ^ c3 ^ k1;
		c1 = (uint32_t)odd;
		c3 = (uint32_t)even;
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
	output[0] = c0;
	output[1] = c1;
	output[2] = c2;
	output[3] = c3;
}

/* The seed is the key; stream and position share the 128-bit counter. */
static void next_block(struct random *random, uint32_t block[BLOCK])
{
	const uint32_t counter[4] = {(uint32_t)random->counter, (uint32_t)(random->counter >> 32),
	                             (uint32_t)random->stream, (uint32_t)(random->stream >> 32)};
	const uint32_t key[2] = {(uint32_t)random->seed, (uint32_t)(random->seed >> 32)};
	random_philox(counter, key, block);
	random->counter++;
}

/* In (0, 1): the logarithm below must not see 0. */
static double open_uniform(uint32_t bits) { return ((double)bits + 0.5) * 0x1p-32; }

void random_fill_normal(struct random *random, float *values, size_t count, float mean, float deviation)
{
	for (size_t i = 0; i < count; i += BLOCK) {
		uint32_t block[BLOCK];
		double normal[BLOCK];
		next_block(random, block);
		for (int pair = 0; pair < BLOCK; pair += 2) {
			double radius = sqrt(-2 * log(open_uniform(block[pair]))), angle = 2 * M_PI * open_uniform(block[pair + 1]);
			normal[pair] = radius * cos(angle);
			normal[pair + 1] = radius * sin(angle);
		}
		for (size_t j = 0; j < BLOCK && i + j < count; j++)
			values[i + j] = (float)(mean + deviation * normal[j]);
	}
}

void random_fill_uniform(struct random *random, float *values, size_t count)
{
	for (size_t i = 0; i < count; i += BLOCK) {
		uint32_t block[BLOCK];
		next_block(random, block);
		for (size_t j = 0; j < BLOCK && i + j < count; j++)
			values[i + j] = (float)(block[j] >> 8) * 0x1p-24f; /* 24 bits: exact, never rounded up to 1 */
	}
}

/* Numbers below 2^32 mod limit would make small results likelier: drawn again. */
uint32_t random_below(struct random *random, uint32_t limit)
{
	uint32_t reject = (uint32_t)-limit % limit;
	for (;;) {
		uint32_t block[BLOCK];
		next_block(random, block);
		for (int i = 0; i < BLOCK; i++) {
			if (block[i] >= reject)
				return block[i] % limit;
		}
	}
}

/* More than any permutation draws: there are at most 2^32 values. */
const uint64_t random_permutation_blocks = (uint64_t)1 << 34;

/* Fisher and Yates (Durstenfeld 1964). */
void random_permutation(struct random *random, uint32_t *order, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	for (uint32_t i = count; i > 1; i--) {
		uint32_t j = random_below(random, i), last = order[i - 1];
		order[i - 1] = order[j];
		order[j] = last;
	}
}
