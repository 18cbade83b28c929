/* Random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), counter based:
 * a seed and a stream name a sequence, the counter is the position in it, so that the whole state is three numbers
 * that a checkpoint stores. Plain data, one owner. */
#ifndef QGAN_ENGINE_TENSOR_RANDOM_H
#define QGAN_ENGINE_TENSOR_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* One stream per purpose, so that drawing more of one thing never shifts another. Append only: checkpoints know them. */
enum random_stream {
	RANDOM_INIT_D, RANDOM_INIT_G, /* initial weights */
	RANDOM_LATENT,                /* z of the training steps */
	RANDOM_FIXED_NOISE,           /* z of the sample grid */
	RANDOM_SHUFFLE,               /* order of the training pictures */
	RANDOM_SHAPES,                /* the generated data set */
	RANDOM_TEST,
	RANDOM_SUBSETS,               /* samples that a kernel distance compares */
	RANDOM_CLASSIFIER_INIT, RANDOM_CLASSIFIER_ORDER, RANDOM_CLASSIFIER_MOVES, /* training of a feature network */
	RANDOM_MIX,                   /* where between a real and a generated picture the gradient penalty is taken */
	RANDOM_EVALUATION,            /* z of pictures that are scored */
	RANDOM_EVALUATION_ORDER,      /* order in which real pictures are */
};

struct random {
	uint64_t seed, stream, counter; /* counter: blocks of four 32-bit numbers drawn so far */
};

void random_start(struct random *random, uint64_t seed, enum random_stream stream);

/* The raw block function, for known-answer tests. */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

/* Each call uses whole blocks, so the state between calls is only the counter. */
void random_fill_normal(struct random *random, float *values, size_t count, float mean, float deviation); /* Box-Muller */
void random_fill_uniform(struct random *random, float *values, size_t count);                               /* [0, 1) */
uint32_t random_below(struct random *random, uint32_t limit); /* 0..limit-1, unbiased; limit > 0 */

/* order[0..count-1] becomes 0..count-1 in random order; draws fewer blocks than random_permutation_blocks. */
void random_permutation(struct random *random, uint32_t *order, uint32_t count);
extern const uint64_t random_permutation_blocks;

#endif
