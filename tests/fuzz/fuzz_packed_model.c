/* libFuzzer: packed_model_open on arbitrary bytes, past the hash of the data; what it accepts must expand to finite
 * numbers. Seeds: tests/fuzz/corpus/packed_model, written by tests/fuzz/make_packed_model_seeds.py. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/file/checkpoint_data.h"
#include "engine/file/safetensors.h"
#include "engine/gan/packed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* As checkpoint_parse, but with damaged data too. */
static struct checkpoint *parse(const uint8_t *bytes, size_t size)
{
	size_t header;
	struct error error;
	if (size < SAFETENSORS_PREFIX || !safetensors_header_size(bytes, size, "input", &header, &error))
		return NULL;
	const uint8_t *data = bytes + SAFETENSORS_PREFIX + header;
	size_t data_size = size - SAFETENSORS_PREFIX - header;
	struct checkpoint *file =
		safetensors_parse_header((const char *)bytes + SAFETENSORS_PREFIX, header, data_size, "input", &error);
	if (file && checkpoint_allocate(file, &error)) {
		memcpy(file->data, data, data_size);
		return file;
	}
	checkpoint_destroy(file);
	return NULL;
}

static void expand(const struct packed_model *model, const struct packed_tensor *tensor)
{
	struct error error;
	size_t count = quant_layout_count(tensor->codes.layout);
	float *values = malloc((count + 1) * sizeof *values);
	if (!values || !packed_model_expand(model, tensor->name, count, values, &error))
		abort();
	for (size_t i = 0; i < count; i++)
		if (!isfinite(values[i]))
			abort();
	free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error error;
	struct checkpoint *file = parse(bytes, size);
	struct packed_model *model = file ? packed_model_open(file, "input", &error) : NULL;
	for (int i = 0; model && i < model->count; i++)
		expand(model, &model->tensors[i]);
	packed_model_destroy(model);
	return 0;
}
