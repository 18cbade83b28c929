#include "engine/gan/quantization.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

static bool is_float(const struct tensor_plan *plan)
{
	return plan->bits == QUANT_FLOAT_BITS;
}

bool tensor_plan_same(const struct tensor_plan *a, const struct tensor_plan *b)
{
	if (is_float(a) || is_float(b))
		return a->bits == b->bits;
	return a->quantizer == b->quantizer && a->bits == b->bits && a->literal == b->literal && a->per_channel == b->per_channel;
}

static size_t channels_of(const struct parameter *tensor)
{
	return tensor->shape[tensor->channel_dimension];
}

/* Tensors lie without gaps, so what varies faster than the channel lies inside it and the rest outside. */
struct quant_layout quantization_layout(const struct parameter *tensor, const struct tensor_plan *plan)
{
	if (!plan->per_channel || is_float(plan))
		return quant_layout_whole(tensor->count);
	size_t channels = channels_of(tensor), inner = tensor->stride[tensor->channel_dimension];
	return (struct quant_layout){.outer = tensor->count / (channels * inner), .groups = channels, .inner = inner};
}

void quantization_init(struct quantization *quantization, struct network *network)
{
	size_t total = 0;
	*quantization = (struct quantization){.network = network};
	for (int i = 0; i < network->trained.count; i++) {
		const struct parameter *tensor = &network->trained.items[i];
		if (!tensor->quantized)
			continue;
		assert(quantization->count < QUANTIZATION_MAX_TENSORS);
		quantization->plans[quantization->count] = (struct tensor_plan){.quantizer = quantizers[0], .bits = QUANT_FLOAT_BITS};
		quantization->tensors[quantization->count++] = tensor;
		total += channels_of(tensor);
	}
	quantization->fit_block = memory_zeroed(total + 1, sizeof *quantization->fit_block);
	quantization->fresh_block = memory_zeroed(total + 1, sizeof *quantization->fresh_block);
	struct quant_fit *place = quantization->fit_block;
	for (int i = 0; i < quantization->count; i++) {
		quantization->fits[i] = place;
		place += channels_of(quantization->tensors[i]);
	}
}

void quantization_clear(struct quantization *quantization)
{
	free(quantization->fit_block);
	free(quantization->fresh_block);
	*quantization = (struct quantization){0};
}

static bool all_float(const struct tensor_plan plans[], int count)
{
	for (int i = 0; i < count; i++)
		if (!is_float(&plans[i]))
			return false;
	return true;
}

bool quantization_is_float(const struct quantization *quantization)
{
	return all_float(quantization->plans, quantization->count);
}

bool quantization_reserve(struct quantization *quantization, const struct tensor_plan plans[], struct error *error)
{
	return all_float(plans, quantization->count) || network_keep_effective(quantization->network, error);
}

bool quantization_set(struct quantization *quantization, const struct tensor_plan plans[], struct error *error)
{
	if (!quantization_reserve(quantization, plans, error))
		return false;
	for (int i = 0; i < quantization->count; i++) {
		if (tensor_plan_same(&quantization->plans[i], &plans[i]))
			continue;
		quantization->plans[i] = plans[i];
		quantization_forget(quantization, i);
	}
	if (quantization_is_float(quantization))
		network_drop_effective(quantization->network);
	return true;
}

void quantization_forget(struct quantization *quantization, int tensor)
{
	memset(quantization->fits[tensor], 0, channels_of(quantization->tensors[tensor]) * sizeof *quantization->fits[tensor]);
	quantization->traces[tensor].count = 0;
	quantization->fitted[tensor] = false;
	quantization->packed = false;
}

void quantization_invalidate(struct quantization *quantization)
{
	memset(quantization->fitted, 0, sizeof quantization->fitted);
	quantization->packed = false;
}

void quantization_restore(struct quantization *quantization, int tensor, const struct quant_fit fits[])
{
	struct quant_layout layout = quantization_layout(quantization->tensors[tensor], &quantization->plans[tensor]);
	memcpy(quantization->fits[tensor], fits, layout.groups * sizeof *fits);
	quantization->fitted[tensor] = true;
	quantization->packed = false;
}

static bool wants_fit(const struct quantization *quantization, int tensor)
{
	return !is_float(&quantization->plans[tensor]) && !quantization->fitted[tensor];
}

/* A literal fit takes the number of iterations as the paper's T; otherwise it is what one refresh adds to the last fit,
 * and a first one goes as far as the method finds good. */
bool quantization_fit_tensor(struct quantization *quantization, int tensor, struct parallel *parallel, struct quant_fit fresh[],
                             struct error *error)
{
	const struct parameter *parameter = quantization->tensors[tensor];
	const struct tensor_plan *plan = &quantization->plans[tensor];
	bool warm = !plan->literal && quantization->fits[tensor][0].valid;
	struct quant_options options = {
		.bits = plan->bits,
		.literal = plan->literal,
		.iterations = warm || plan->literal ? quantization->iterations : 0,
		.warm = warm ? quantization->fits[tensor] : NULL,
		.trace = &quantization->traces[tensor],
	};
	const float *weights = quantization->network->weights + parameter->offset;
	return quant_fit_groups(plan->quantizer, &options, parallel, weights, quantization_layout(parameter, plan), fresh, error) ||
	       error_prefix(error, "%s", parameter->name);
}

static bool fit(struct quantization *quantization, struct parallel *parallel, struct error *error)
{
	struct quant_fit *fresh = quantization->fresh_block;
	for (int i = 0; i < quantization->count; i++)
		if (wants_fit(quantization, i) &&
		    !quantization_fit_tensor(quantization, i, parallel, fresh + (quantization->fits[i] - quantization->fit_block), error))
			return false;
	for (int i = 0; i < quantization->count; i++)
		if (wants_fit(quantization, i))
			quantization_restore(quantization, i, fresh + (quantization->fits[i] - quantization->fit_block));
	return true;
}

static void apply(struct quantization *quantization, struct parallel *parallel)
{
	const struct network *network = quantization->network;
	for (int i = 0; i < quantization->count; i++) {
		const struct parameter *tensor = quantization->tensors[i];
		const struct tensor_plan *plan = &quantization->plans[i];
		const float *weights = network->weights + tensor->offset;
		float *effective = network->effective + tensor->offset;
		if (is_float(plan))
			memcpy(effective, weights, tensor->count * sizeof *weights);
		else
			quant_apply_groups(plan->quantizer, quantization->fits[i], parallel, weights, quantization_layout(tensor, plan), NULL,
			                   effective, NULL);
	}
}

bool quantization_refresh(struct quantization *quantization, struct parallel *parallel, struct error *error)
{
	double start = clock_seconds();
	if (!fit(quantization, parallel, error))
		return false;
	if (quantization->packed)
		return true;
	if (!quantization_is_float(quantization))
		apply(quantization, parallel);
	work_clock_add(&quantization->quantize_clock, start);
	start = clock_seconds();
	network_pack(quantization->network, parallel);
	quantization->packed = true;
	work_clock_add(&quantization->pack_clock, start);
	return true;
}
