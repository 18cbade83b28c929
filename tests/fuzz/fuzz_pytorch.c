/* libFuzzer: pytorch_file_parse on arbitrary bytes, and the pickle machine alone, since few inputs get through an archive's
 * checksums. What is accepted must be whole and readable. Seeds: tests/fuzz/corpus/pytorch, written by
 * tests/fuzz/make_pytorch_seeds.py. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/file/pytorch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { MOST_VALUES = 1 << 16 }; /* of a tensor that is copied: strides of 0 make any number of them */

static void copy_tensor(const struct pytorch_file *file, const struct pickle_tensor *tensor)
{
	uint64_t count = 1;
	for (int i = 0; i < tensor->dimensions; i++)
		if (__builtin_mul_overflow(count, tensor->shape[i], &count))
			return;
	if (count > MOST_VALUES)
		return;
	float *values = malloc((size_t)count * sizeof *values + 1);
	struct error error = {0};
	if (!pytorch_file_copy(file, tensor, values, &error) && (error.code == ERROR_NONE || !error.text[0]))
		abort();
	free(values);
}

static void read_pickle(const uint8_t *bytes, size_t size)
{
	struct error error = {0};
	struct pickle pickle;
	if (!pickle_read(bytes, size, "input", &pickle, &error)) {
		if (error.code == ERROR_NONE || !error.text[0] || pickle.values)
			abort();
		return;
	}
	if (pickle.top >= pickle.count || pickle.size > size)
		abort();
	pickle_get(&pickle, &pickle.values[pickle.top], "state_dict");
	pickle_clear(&pickle);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const names[] = {"conv.weight", "conv.bias", "plain", "turned", "wide", "double", "a"};
	struct error error = {0};
	struct pytorch_file *file = pytorch_file_parse(bytes, size, "input", &error);
	if (!file && (error.code == ERROR_NONE || !error.text[0]))
		abort();
	for (size_t i = 0; file && i < sizeof names / sizeof *names; i++) {
		const struct pickle_tensor *tensor = pytorch_file_find(file, names[i]);
		if (tensor)
			copy_tensor(file, tensor);
	}
	pytorch_file_destroy(file);
	read_pickle(bytes, size);
	return 0;
}
