#include "engine/quant/magnitudes.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "engine/quant/chunks.h"
#include "engine/quant/uniform.h"

#define SIGN_BIT 0x80000000u

/* Of float bits: magnitudes, and the signs that occur. */
struct extremes {
	uint32_t smallest, largest;
	uint32_t any, all; /* bits set in any weight, in all weights */
};

struct pass {
	const float *weights;
	struct chunks chunks;
	struct extremes parts[CHUNKS_MAX];
};

static uint32_t bits_of(float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits;
}

static float float_of(uint32_t bits)
{
	float value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static void extremes_task(void *context, int index)
{
	struct pass *pass = context;
	const float *weights = pass->weights + chunk_first(pass->chunks, index);
	size_t count = chunk_count(pass->chunks, index);
	uint32_t smallest = ~SIGN_BIT, largest = 0, any = 0, all = UINT32_MAX;
	for (size_t i = 0; i < count; i++) {
		uint32_t bits = bits_of(weights[i]), magnitude = bits & ~SIGN_BIT;
		smallest = magnitude < smallest ? magnitude : smallest;
		largest = magnitude > largest ? magnitude : largest;
		any |= bits;
		all &= bits;
	}
	pass->parts[index] = (struct extremes){.smallest = smallest, .largest = largest, .any = any, .all = all};
}

static struct extremes join(const struct extremes parts[], int count)
{
	struct extremes joined = parts[0];
	for (int i = 1; i < count; i++) {
		joined.smallest = parts[i].smallest < joined.smallest ? parts[i].smallest : joined.smallest;
		joined.largest = parts[i].largest > joined.largest ? parts[i].largest : joined.largest;
		joined.any |= parts[i].any;
		joined.all &= parts[i].all;
	}
	return joined;
}

bool magnitudes_find(struct parallel *parallel, const float *weights, size_t count, struct magnitudes *magnitudes,
                     struct error *error)
{
	struct pass pass = {.weights = weights, .chunks = chunks_of(count)};
	assert(count > 0);
	parallel_run(parallel, extremes_task, &pass, chunks_number(pass.chunks));
	struct extremes found = join(pass.parts, chunks_number(pass.chunks));
	bool one_sign = !((found.any ^ found.all) & SIGN_BIT);
	*magnitudes = (struct magnitudes){
		.smallest = float_of(found.smallest), .largest = float_of(found.largest),
		.constant = found.smallest == found.largest && (one_sign || found.largest == 0),
	};
	return isfinite(magnitudes->largest) || uniform_check_finite(weights, count, error);
}
