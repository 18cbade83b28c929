/* What a training may be set to, at its start and while it goes on. A live change applies to the same float master
 * weights; optimizer state and running statistics stay (see trainer.h). */
#include <math.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/gan/trainer_state.h"

static const char *const names[NETWORK_COUNT] = {[NETWORK_D] = "D", [NETWORK_G] = "G"};

static bool bits_check(enum network_id network, int bits, struct error *error)
{
	if (quant_bits_valid(bits))
		return true;
	return error_set(error, ERROR_INPUT, "%s bits %d: must be %d to %d, or %d for float", names[network], bits, QUANT_MIN_BITS,
	                 QUANT_MAX_BITS, QUANT_FLOAT_BITS);
}

static bool rate_check(enum network_id network, double rate, struct error *error)
{
	if (isfinite(rate) && rate >= 0)
		return true;
	return error_set(error, ERROR_INPUT, "%s learning rate %g: must be a finite number, 0 or more", names[network], rate);
}

static bool numbers_check(const struct gan_settings *settings, struct error *error)
{
	if (!(settings->beta1 >= 0 && settings->beta1 < 1) || !(settings->beta2 >= 0 && settings->beta2 < 1))
		return error_set(error, ERROR_INPUT, "beta1 %g and beta2 %g: must be 0 or more and below 1", settings->beta1,
		                 settings->beta2);
	if (settings->quantizer_iterations < 0 || settings->steps < 0 || settings->epochs < 0)
		return error_set(error, ERROR_INPUT, "quantizer iterations, steps and epochs must not be negative");
	return true;
}

const struct model_family *trainer_check_settings(const struct gan_settings *settings, struct error *error)
{
	const struct model_family *family = model_family_check(settings, error);
	if (!family || !optimizer_find(settings->optimizer, error) || !quantizer_find(settings->quantizer, error) ||
	    !numbers_check(settings, error) || !model_game_check(settings, error))
		return NULL;
	for (int id = 0; id < NETWORK_COUNT; id++)
		if (!bits_check(id, settings->bits[id], error) || !rate_check(id, settings->learning_rate[id], error))
			return NULL;
	return family;
}

void trainer_make_plans(const struct gan_settings *settings, const struct layer_plan *layers, struct tensor_plan plans[])
{
	const struct quantizer *quantizer = quantizer_find(settings->quantizer, NULL);
	for (int i = 0; i < layers->count; i++)
		plans[i] = (struct tensor_plan){
			.quantizer = quantizer, .bits = layers->rows[i].bits, .literal = settings->literal, .per_channel = settings->per_channel,
		};
}

bool trainer_plan(struct trainer *trainer, const struct gan_settings *settings, struct error *error)
{
	struct layer_plan layers[NETWORK_COUNT];
	struct tensor_plan plans[NETWORK_COUNT][QUANTIZATION_MAX_TENSORS];
	_Static_assert((int)LAYER_PLAN_MAX <= (int)QUANTIZATION_MAX_TENSORS, "a plan for every layer");
	if (!layer_plans_make(settings, layers, error))
		return false;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		trainer_make_plans(settings, &layers[id], plans[id]);
		if (!quantization_reserve(&trainer->gan.quantization[id], plans[id], error))
			return false;
	}
	for (int id = 0; id < NETWORK_COUNT; id++)
		quantization_set(&trainer->gan.quantization[id], plans[id], error); /* its memory is there */
	trainer->settings = *settings;
	return true;
}

bool trainer_set_bits(struct trainer *trainer, enum network_id network, int bits, struct error *error)
{
	struct gan_settings wanted = trainer->settings;
	wanted.bits[network] = bits;
	return bits_check(network, bits, error) && trainer_plan(trainer, &wanted, error);
}

bool trainer_set_quantizer(struct trainer *trainer, const char *name, struct error *error)
{
	struct gan_settings wanted = trainer->settings;
	if (!quantizer_find(name, error))
		return false;
	memset(wanted.quantizer, 0, sizeof wanted.quantizer);
	text_copy(wanted.quantizer, sizeof wanted.quantizer, name);
	return trainer_plan(trainer, &wanted, error);
}

bool trainer_set_layer_bits(struct trainer *trainer, enum network_id network, const char *layer, int bits, struct error *error)
{
	struct gan_settings wanted = trainer->settings;
	return layer_bits_change(&wanted, network, layer, bits, error) && trainer_plan(trainer, &wanted, error);
}

bool trainer_set_learning_rate(struct trainer *trainer, enum network_id network, double rate, struct error *error)
{
	if (!rate_check(network, rate, error))
		return false;
	trainer->gan.optimization[network].learning_rate = rate;
	trainer->settings.learning_rate[network] = rate;
	return true;
}
