/* libFuzzer: checkpoint_parse_foreign on arbitrary bytes; what it accepts must be usable, and checkpoint_parse accepts no
 * more. Seeds: tests/fuzz/corpus/checkpoint, written by tests/fuzz/make_checkpoint_seeds.py. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/file/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error error;
	struct checkpoint *ours = checkpoint_parse(bytes, size, "input", &error);
	struct checkpoint *checkpoint = checkpoint_parse_foreign(bytes, size, "input", &error);
	if (ours && !checkpoint)
		abort();
	checkpoint_destroy(ours);
	if (!checkpoint)
		return 0;
	unsigned sum = 0;
	for (int i = 0; i < checkpoint_tensor_count(checkpoint); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(checkpoint, i);
		const uint8_t *data = tensor->data;
		if (checkpoint_find_type(checkpoint, tensor->type, tensor->name) != tensor ||
		    (tensor->values != NULL) != (tensor->type == CHECKPOINT_F32) || (uintptr_t)data % checkpoint_types[tensor->type].size != 0)
			abort();
		for (size_t j = 0; j < tensor->count * checkpoint_types[tensor->type].size; j++)
			sum += data[j];
	}
	volatile unsigned used = sum;
	(void)used;
	checkpoint_destroy(checkpoint);
	return 0;
}
