/* libFuzzer: npy_parse on arbitrary bytes; what it accepts must be whole and readable. Seeds: tests/fuzz/corpus/npy,
 * written by tests/fuzz/make_npy_seeds.py. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/file/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error error = {0};
	struct npy npy;
	if (!npy_parse(bytes, size, "input", &npy, &error)) {
		if (error.code == ERROR_NONE || !error.text[0] || npy.values)
			abort();
		return 0;
	}
	size_t count = 1;
	volatile float sum = 0;
	for (int i = 0; i < npy.dimensions; i++)
		count *= npy.shape[i];
	if (count != npy.count || npy.dimensions > NPY_MAX_DIMENSIONS || count > size)
		abort();
	for (size_t i = 0; i < count; i++)
		sum += npy.values[i];
	(void)sum;
	npy_clear(&npy);
	return 0;
}
