#include "engine/gan/quantization.h"

#include <assert.h>
#include <string.h>

#include "engine/base/clock.h"

void quantization_init(struct quantization *quantization, struct network *network)
{
	*quantization = (struct quantization){.network = network, .quantizer = quantizers[0], .bits = QUANT_FLOAT_BITS};
	for (int i = 0; i < network->trained.count; i++) {
		if (!network->trained.items[i].quantized)
			continue;
		assert(quantization->count < QUANTIZATION_MAX_TENSORS);
		quantization->tensors[quantization->count++] = &network->trained.items[i];
	}
}

bool quantization_set(struct quantization *quantization, const struct quantizer *quantizer, int bits, struct error *error)
{
	if (quantizer == quantization->quantizer && bits == quantization->bits)
		return true;
	if (bits == QUANT_FLOAT_BITS)
		network_drop_effective(quantization->network);
	else if (!network_keep_effective(quantization->network, error))
		return false;
	quantization->quantizer = quantizer;
	quantization->bits = bits;
	memset(quantization->fits, 0, sizeof quantization->fits);
	quantization_invalidate(quantization);
	return true;
}

void quantization_invalidate(struct quantization *quantization)
{
	quantization->fitted = false;
	quantization->packed = false;
}

void quantization_restore(struct quantization *quantization, const struct quant_fit fits[])
{
	memcpy(quantization->fits, fits, (size_t)quantization->count * sizeof *fits);
	quantization->fitted = true;
	quantization->packed = false;
}

static bool fit(struct quantization *quantization, struct parallel *parallel, struct error *error)
{
	struct quant_fit fits[QUANTIZATION_MAX_TENSORS];
	for (int i = 0; i < quantization->count; i++) {
		const struct parameter *tensor = quantization->tensors[i];
		bool warm = quantization->iterations == 0 && quantization->fits[i].valid;
		struct quant_options options = {
			.bits = quantization->bits,
			.iterations = quantization->iterations,
			.warm = warm ? &quantization->fits[i] : NULL,
		};
		const float *weights = quantization->network->weights + tensor->offset;
		if (!quantization->quantizer->fit(&options, parallel, weights, tensor->count, &fits[i], error))
			return error_prefix(error, "%s", tensor->name);
	}
	memcpy(quantization->fits, fits, (size_t)quantization->count * sizeof *fits);
	quantization->fitted = true;
	return true;
}

static void apply(struct quantization *quantization, struct parallel *parallel)
{
	const struct network *network = quantization->network;
	for (int i = 0; i < quantization->count; i++) {
		size_t offset = quantization->tensors[i]->offset, count = quantization->tensors[i]->count;
		quantization->quantizer->apply(&quantization->fits[i], parallel, network->weights + offset, count, NULL,
		                               network->effective + offset, NULL);
	}
}

bool quantization_refresh(struct quantization *quantization, struct parallel *parallel, struct error *error)
{
	double start = clock_seconds();
	bool quantized = quantization->bits != QUANT_FLOAT_BITS;
	if (quantized && !quantization->fitted && !fit(quantization, parallel, error))
		return false;
	if (quantization->packed)
		return true;
	if (quantized)
		apply(quantization, parallel);
	double applied = clock_seconds();
	network_pack(quantization->network, parallel);
	quantization->packed = true;
	quantization->seconds += applied - start;
	quantization->pack_seconds += clock_seconds() - applied;
	return true;
}
