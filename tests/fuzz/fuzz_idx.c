/* libFuzzer: idx_decode on arbitrary bytes, as pictures and as labels; what it accepts must be whole and readable. Seeds:
 * tests/fuzz/corpus/idx, written by tests/fuzz/make_data_seeds.py. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/data/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void try(const uint8_t *bytes, size_t size, int dimensions)
{
	struct error error;
	struct idx idx;
	if (!idx_decode(bytes, size, dimensions, "input", &idx, &error))
		return;
	size_t count = 1;
	volatile uint8_t sum = 0;
	for (int i = 0; i < idx.dimensions; i++)
		count *= idx.sizes[i];
	if (count != idx.count || idx.dimensions != dimensions)
		abort();
	for (size_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + idx.values[i]);
	idx_clear(&idx);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try(bytes, size, 3);
	try(bytes, size, 1);
	return 0;
}
