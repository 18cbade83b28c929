/* Fits as metadata of a checkpoint, exactly. One scale a tensor is D.conv1.weight.fit.bits, .alpha, .beta, .iterations (and
 * .constant where all weights are equal); one a channel is .bits and .channels: "alpha beta iterations constant" of every
 * channel, separated by semicolons. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/trainer_state.h"

static const char *const names[NETWORK_COUNT] = {[NETWORK_D] = "D", [NETWORK_G] = "G"};
enum { KEY_SIZE = 128, CHANNEL_NUMBERS = 4 };

static const char *name_key(char key[KEY_SIZE], enum network_id id, const struct parameter *tensor, const char *end)
{
	snprintf(key, KEY_SIZE, "%s.%s.fit.%s", names[id], tensor->name, end);
	return key;
}

static void save_fit(struct checkpoint *checkpoint, enum network_id id, const struct parameter *tensor,
                     const struct quant_fit *fit)
{
	char key[KEY_SIZE];
	checkpoint_set_number(checkpoint, name_key(key, id, tensor, "alpha"), fit->alpha);
	checkpoint_set_number(checkpoint, name_key(key, id, tensor, "beta"), fit->beta);
	checkpoint_set_integer(checkpoint, name_key(key, id, tensor, "iterations"), (uint64_t)fit->iterations);
	if (fit->constant)
		checkpoint_set_integer(checkpoint, name_key(key, id, tensor, "constant"), 1);
}

static void save_channels(struct checkpoint *checkpoint, enum network_id id, const struct parameter *tensor,
                          const struct quant_fit fits[], size_t groups)
{
	char key[KEY_SIZE];
	struct text text = {0};
	for (size_t i = 0; i < groups; i++)
		text_format(&text, "%s%.17g %.17g %d %d", i ? ";" : "", fits[i].alpha, fits[i].beta, fits[i].iterations, fits[i].constant);
	checkpoint_set_text(checkpoint, name_key(key, id, tensor, "channels"), text.bytes);
	text_clear(&text);
}

void trainer_save_fits(const struct trainer *trainer, enum network_id id, struct checkpoint *checkpoint)
{
	const struct quantization *quantization = &trainer->gan.quantization[id];
	for (int i = 0; i < quantization->count; i++) {
		const struct parameter *tensor = quantization->tensors[i];
		const struct tensor_plan *plan = &quantization->plans[i];
		char key[KEY_SIZE];
		if (plan->bits == QUANT_FLOAT_BITS)
			continue;
		checkpoint_set_integer(checkpoint, name_key(key, id, tensor, "bits"), (uint64_t)plan->bits);
		if (plan->per_channel)
			save_channels(checkpoint, id, tensor, quantization->fits[i], quantization_layout(tensor, plan).groups);
		else
			save_fit(checkpoint, id, tensor, quantization->fits[i]);
	}
}

static bool load_fit(const struct checkpoint *checkpoint, enum network_id id, const struct parameter *tensor,
                     struct quant_fit *fit, struct error *error)
{
	char key[KEY_SIZE];
	uint64_t iterations, constant = 0;
	if (!checkpoint_get_number(checkpoint, name_key(key, id, tensor, "alpha"), &fit->alpha, error) ||
	    !checkpoint_get_number(checkpoint, name_key(key, id, tensor, "beta"), &fit->beta, error) ||
	    !checkpoint_get_integer(checkpoint, name_key(key, id, tensor, "iterations"), &iterations, error))
		return false;
	if (iterations > INT32_MAX)
		return error_set(error, ERROR_INPUT, "checkpoint: \"%s\" is %" PRIu64 ", more than %d", key, iterations, INT32_MAX);
	checkpoint_get_integer(checkpoint, name_key(key, id, tensor, "constant"), &constant, NULL); /* absent: it is not */
	fit->iterations = (int)iterations;
	fit->constant = constant != 0;
	return true;
}

/* The numbers of one channel; *at moves behind its semicolon, which something must follow, or to the end. */
static bool take_channel(const char **at, struct quant_fit *fit)
{
	double numbers[CHANNEL_NUMBERS];
	for (int i = 0; i < CHANNEL_NUMBERS; i++) {
		char number[40];
		size_t length = strcspn(*at, " ;");
		if (length >= sizeof number)
			return false;
		memcpy(number, *at, length);
		number[length] = '\0';
		*at += length;
		if (!text_to_double(number, &numbers[i]) || (**at == ' ') != (i < CHANNEL_NUMBERS - 1))
			return false;
		if (**at && !*++*at)
			return false;
	}
	if (!(numbers[2] >= 0 && numbers[2] <= INT32_MAX))
		return false;
	fit->alpha = numbers[0];
	fit->beta = numbers[1];
	fit->iterations = (int)numbers[2];
	fit->constant = numbers[3] != 0;
	return true;
}

static bool load_channels(const struct checkpoint *checkpoint, enum network_id id, const struct parameter *tensor,
                          struct quant_fit fits[], size_t groups, struct error *error)
{
	char key[KEY_SIZE];
	const char *at;
	if (!checkpoint_get_text(checkpoint, name_key(key, id, tensor, "channels"), &at, error))
		return false;
	size_t taken = 0;
	while (taken < groups && take_channel(&at, &fits[taken]))
		taken++;
	if (taken == groups && !*at)
		return true;
	return error_set(error, ERROR_INPUT, "checkpoint: \"%s\" is not \"alpha beta iterations constant\" of %zu channels: it stops "
	                 "making sense at channel %zu", key, groups, taken + 1);
}

static bool load_tensor(struct quantization *quantization, int index, enum network_id id, const struct checkpoint *checkpoint,
                        struct error *error)
{
	const struct parameter *tensor = quantization->tensors[index];
	const struct tensor_plan *plan = &quantization->plans[index];
	size_t groups = quantization_layout(tensor, plan).groups;
	char key[KEY_SIZE];
	uint64_t bits;
	if (!checkpoint_get_integer(checkpoint, name_key(key, id, tensor, "bits"), &bits, error))
		return false;
	if (bits != (uint64_t)plan->bits)
		return error_set(error, ERROR_INPUT, "checkpoint: the fit of %s.%s is for %" PRIu64 " bits, not %d", names[id],
		                 tensor->name, bits, plan->bits);
	struct quant_fit *fits = memory_zeroed(groups, sizeof *fits);
	bool good = plan->per_channel ? load_channels(checkpoint, id, tensor, fits, groups, error)
	                              : load_fit(checkpoint, id, tensor, fits, error);
	for (size_t i = 0; i < groups; i++) {
		fits[i].bits = plan->bits;
		fits[i].valid = true;
	}
	if (good)
		quantization_restore(quantization, index, fits);
	free(fits);
	return good;
}

/* Where bits and method are still the checkpoint's; else the next refresh fits from cold. */
bool trainer_load_fits(struct trainer *trainer, const struct gan_settings *saved, const struct checkpoint *checkpoint,
                       struct error *error)
{
	struct gan_settings as_saved = *saved;
	as_saved.allow_degenerate = true; /* whatever it was, it has been trained */
	struct layer_plan layers[NETWORK_COUNT];
	if (!layer_plans_make(&as_saved, layers, error))
		return error_prefix(error, "checkpoint");
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct quantization *quantization = &trainer->gan.quantization[id];
		struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
		trainer_make_plans(&as_saved, &layers[id], plans);
		for (int i = 0; i < quantization->count && i < layers[id].count; i++)
			if (plans[i].bits != QUANT_FLOAT_BITS && tensor_plan_same(&plans[i], &quantization->plans[i]) &&
			    !load_tensor(quantization, i, id, checkpoint, error))
				return false;
	}
	return true;
}
