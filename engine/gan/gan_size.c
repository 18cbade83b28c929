#include "engine/gan/gan_size.h"

#include "engine/gan/layer_bits.h"
#include "engine/gan/model.h"
#include "engine/gan/trainer.h"
#include "engine/nn/optimizer.h"
#include "engine/quant/packed.h"
#include "engine/quant/quantizer.h"

/* What one network adds up to while its layers are walked through. */
struct walk {
	const struct gan_settings *settings;
	const struct layer_plan *plan; /* NULL: bits do not matter */
	int tensors; /* quantizable ones so far */
};

/* Every weight of a convolution meets each pixel of its smaller side: what it gives, or a transposed one takes. */
static double small_pixels(const struct layer *layer)
{
	double taken = (double)layer->input.height * layer->input.width, given = (double)layer->output.height * layer->output.width;
	return taken < given ? taken : given;
}

static void take_tensors(struct walk *walk, const struct parameter_list *trained, enum network_id id, double pixels,
                         struct gan_size *size)
{
	for (int i = 0; i < trained->count; i++) {
		const struct parameter *tensor = &trained->items[i];
		size->parameters[id] += tensor->count;
		if (!tensor->quantized)
			continue;
		int bits = walk->plan && walk->tensors < walk->plan->count ? walk->plan->rows[walk->tensors].bits : QUANT_FLOAT_BITS;
		size_t scales = walk->settings->per_channel ? tensor->shape[tensor->channel_dimension] : 1;
		walk->tensors++;
		size->weights[id] += tensor->count;
		size->multiply_adds[id] += (double)tensor->count * pixels;
		size->float_bytes[id] += (double)tensor->count * sizeof(float);
		size->packed_bytes[id] += bits == QUANT_FLOAT_BITS ? (double)tensor->count * sizeof(float)
		                                                   : (double)(packed_bytes(bits, tensor->count) + scales * PACKED_SCALE_BYTES);
	}
}

static bool walk_network(struct walk *walk, const struct network_recipe *recipe, enum network_id id, struct gan_size *size,
                         struct error *error)
{
	struct shape shape = recipe->input;
	for (int i = 0; i < recipe->count; i++) {
		struct parameter_list trained = {0}, running = {0};
		struct layer layer = {.kind = layer_kind_find(recipe->layers[i].kind, error), .spec = recipe->layers[i], .input = shape};
		if (!layer.kind || !layer.kind->shape(&layer.spec, shape, &layer.output, error))
			return false;
		shape = layer.output;
		if (layer.kind->declare)
			layer.kind->declare(&layer, &trained, &running);
		take_tensors(walk, &trained, id, small_pixels(&layer), size);
		parameter_list_clear(&trained);
		parameter_list_clear(&running);
	}
	return true;
}

/* An update of D: three passes on real, three on generated pictures and four for the penalty, and G's pictures; the update of
 * G: two passes through D, two through G. A pass is forward, backward, or weight gradients. */
double gan_multiply_adds_per_step(const struct gan_settings *settings, double d, double g)
{
	double update = (settings->gradient_penalty > 0 ? 10 : 6) * d + g;
	return settings->batch * (settings->critic_steps * update + 2 * d + 2 * g);
}

/* plans NULL: in float. */
static bool walk_networks(const struct gan_settings *settings, const struct layer_plan *plans, struct gan_size *size,
                          struct error *error)
{
	const struct model_family *family = model_family_check(settings, error);
	if (!family || !model_game_check(settings, error))
		return false;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct network_recipe recipe = {0};
		struct walk walk = {.settings = settings, .plan = plans ? &plans[id] : NULL};
		family->describe(settings, id, &recipe);
		if (!walk_network(&walk, &recipe, id, size, error))
			return false;
	}
	size->multiply_adds_per_step =
		gan_multiply_adds_per_step(settings, size->multiply_adds[NETWORK_D], size->multiply_adds[NETWORK_G]);
	return true;
}

static struct gan_settings with_channels(const struct gan_settings *settings, int channels)
{
	struct gan_settings resolved = *settings;
	resolved.channels = settings->channels ? settings->channels : channels;
	return resolved;
}

bool gan_work_of(const struct gan_settings *settings, int channels, double *multiply_adds_per_step, struct error *error)
{
	struct gan_settings resolved = with_channels(settings, channels);
	struct gan_size size = {0};
	bool good = walk_networks(&resolved, NULL, &size, error);
	*multiply_adds_per_step = size.multiply_adds_per_step;
	return good;
}

bool gan_size_of(const struct gan_settings *settings, int channels, struct gan_size *size, struct error *error)
{
	struct gan_settings resolved = with_channels(settings, channels);
	struct layer_plan plans[NETWORK_COUNT];
	*size = (struct gan_size){0};
	if (!model_family_check(&resolved, error) || !model_game_check(&resolved, error) || !layer_plans_make(&resolved, plans, error) ||
	    !walk_networks(&resolved, plans, size, error) || !trainer_memory(&resolved, channels, &size->memory_bytes, error))
		return false;
	double copied = 1 + optimizer_find(resolved.optimizer, NULL)->blocks;
	size->saving_bytes = sizeof(float) * copied * (double)(size->parameters[NETWORK_D] + size->parameters[NETWORK_G]);
	return true;
}
