/* The networks of a trainer without a data set: weights, running statistics and fits as saved. A question changes the plans
 * of the tensors it is about, and puts plans and fits back before it is answered. */
#include "engine/gan/inspection.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/gan/trainer_state.h"

enum { BATCH = 16 }; /* pictures at a time: what activations take grows with it, speed hardly */

struct inspection {
	struct gan_settings settings; /* as trained */
	struct trainer trainer;       /* its networks only: no data, nothing to train with */
	/* As trained: plans, and all fits of a network in the places of its fit_block (owned). */
	struct tensor_plan plans[NETWORK_COUNT][QUANTIZATION_MAX_TENSORS];
	struct quant_fit *fits[NETWORK_COUNT];
	struct quant_fit *asked;      /* owned: room for one tensor's */
};

static size_t room_for_fits(const struct quantization *quantization)
{
	size_t room = 1;
	for (int i = 0; i < quantization->count; i++)
		room += quantization->tensors[i]->shape[quantization->tensors[i]->channel_dimension];
	return room;
}

static bool keep_as_trained(struct inspection *inspection, struct error *error)
{
	size_t most = 0;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct quantization *quantization = &inspection->trainer.gan.quantization[id];
		if (!quantization_refresh(quantization, inspection->trainer.parallel, error))
			return false;
		size_t room = room_for_fits(quantization);
		most = room > most ? room : most;
		inspection->fits[id] = memory_zeroed(room, sizeof *inspection->fits[id]);
		memcpy(inspection->fits[id], quantization->fit_block, (room - 1) * sizeof *inspection->fits[id]);
		memcpy(inspection->plans[id], quantization->plans, sizeof quantization->plans);
		quantization->iterations = 0; /* what is asked about is fitted as far as the method finds good */
	}
	inspection->asked = memory_zeroed(most, sizeof *inspection->asked);
	return true;
}

struct inspection *inspection_create(const struct checkpoint *checkpoint, int threads, struct error *error)
{
	struct inspection *inspection = memory_zeroed(1, sizeof *inspection);
	struct trainer *trainer = &inspection->trainer;
	bool good = gan_settings_from_checkpoint(&inspection->settings, checkpoint, error);
	if (good) {
		trainer->settings = inspection->settings;
		trainer->settings.batch = BATCH;
		trainer->settings.threads = threads;
		trainer->settings.allow_degenerate = true; /* what has been trained may be looked at */
		good = trainer_build_networks(trainer, NULL, error) && trainer_load(trainer, checkpoint, false, error) &&
		       keep_as_trained(inspection, error);
	}
	if (good)
		return inspection;
	inspection_destroy(inspection);
	return NULL;
}

void inspection_destroy(struct inspection *inspection)
{
	if (!inspection)
		return;
	trainer_clear_networks(&inspection->trainer);
	for (int id = 0; id < NETWORK_COUNT; id++)
		free(inspection->fits[id]);
	free(inspection->asked);
	free(inspection);
}

const struct gan_settings *inspection_settings(const struct inspection *inspection)
{
	return &inspection->settings;
}

int64_t inspection_step(const struct inspection *inspection)
{
	return inspection->trainer.steps;
}

int inspection_layers(const struct inspection *inspection, enum network_id network)
{
	return inspection->trainer.gan.quantization[network].count;
}

int inspection_find_layer(const struct inspection *inspection, enum network_id network, const char *name)
{
	const struct quantization *quantization = &inspection->trainer.gan.quantization[network];
	struct layer_plan layers = {.count = quantization->count};
	for (int i = 0; i < quantization->count; i++)
		memcpy(layers.rows[i].name, quantization->tensors[i]->layer, NN_NAME_SIZE);
	return layer_plan_find(&layers, name);
}

const float *inspection_weights(const struct inspection *inspection, enum network_id network, int layer, size_t *count)
{
	const struct quantization *quantization = &inspection->trainer.gan.quantization[network];
	assert(layer >= 0 && layer < quantization->count);
	*count = quantization->tensors[layer]->count;
	return quantization->network->weights + quantization->tensors[layer]->offset;
}

const struct quantization *inspection_as_trained(struct inspection *inspection, enum network_id network, struct error *error)
{
	struct quantization *quantization = &inspection->trainer.gan.quantization[network];
	return quantization_refresh(quantization, inspection->trainer.parallel, error) ? quantization : NULL;
}

static struct tensor_plan plan_of(const struct what_if *what_if)
{
	return (struct tensor_plan){
		.quantizer = what_if->quantizer, .bits = what_if->bits, .literal = what_if->literal, .per_channel = what_if->per_channel,
	};
}

static bool check_question(const struct what_if *what_if, struct error *error)
{
	if (!what_if->quantizer || quant_bits_valid(what_if->bits))
		return true;
	return error_set(error, ERROR_INPUT, "bits %d: must be %d to %d, or %d for float", what_if->bits, QUANT_MIN_BITS,
	                 QUANT_MAX_BITS, QUANT_FLOAT_BITS);
}

/* A fit on the side: plans and fits as trained stay where they are. */
static bool describe_asked(struct inspection *inspection, const struct what_if *what_if, int layer, struct layer_report *report,
                           struct error *error)
{
	struct quantization aside = inspection->trainer.gan.quantization[what_if->network];
	memset(inspection->asked, 0, aside.tensors[layer]->shape[aside.tensors[layer]->channel_dimension] * sizeof *inspection->asked);
	aside.plans[layer] = plan_of(what_if);
	aside.fits[layer] = inspection->asked;
	aside.traces[layer].count = 0;
	if (what_if->bits != QUANT_FLOAT_BITS &&
	    !quantization_fit_tensor(&aside, layer, inspection->trainer.parallel, inspection->asked, error))
		return false;
	return trainer_describe_layer(&aside, layer, inspection->trainer.parallel, report, error);
}

bool inspection_describe(struct inspection *inspection, const struct what_if *what_if, int layer, struct layer_report *report,
                         struct error *error)
{
	const struct quantization *trained = &inspection->trainer.gan.quantization[what_if->network];
	assert(layer >= 0 && layer < trained->count);
	if (!check_question(what_if, error))
		return false;
	bool good = what_if->quantizer ? describe_asked(inspection, what_if, layer, report, error)
	                               : trainer_describe_layer(trained, layer, inspection->trainer.parallel, report, error);
	report->network = what_if->network;
	return good;
}

static bool concerns(const struct what_if *what_if, int layer)
{
	return what_if->network == NETWORK_G && what_if->quantizer && (what_if->layer < 0 || what_if->layer == layer);
}

static bool put_question(struct inspection *inspection, const struct what_if *what_if, struct error *error)
{
	struct quantization *g = &inspection->trainer.gan.quantization[NETWORK_G];
	struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
	for (int i = 0; i < g->count; i++)
		plans[i] = concerns(what_if, i) ? plan_of(what_if) : inspection->plans[NETWORK_G][i];
	if (!quantization_set(g, plans, error))
		return false;
	for (int i = 0; i < g->count; i++)
		if (concerns(what_if, i))
			quantization_forget(g, i);
	return true;
}

static bool take_back(struct inspection *inspection, const struct what_if *what_if, struct error *error)
{
	struct quantization *g = &inspection->trainer.gan.quantization[NETWORK_G];
	if (!quantization_set(g, inspection->plans[NETWORK_G], error))
		return false;
	for (int i = 0; i < g->count; i++)
		if (concerns(what_if, i))
			quantization_restore(g, i, inspection->fits[NETWORK_G] + (g->fits[i] - g->fit_block));
	return true;
}

struct image *inspection_sample(struct inspection *inspection, const struct what_if *what_if, int count, uint64_t seed,
                                struct error *error)
{
	if (!check_question(what_if, error) || !put_question(inspection, what_if, error))
		return NULL;
	struct image *picture = trainer_sample(&inspection->trainer, count, seed, error);
	if (take_back(inspection, what_if, error))
		return picture;
	image_destroy(picture);
	return NULL;
}

void inspection_picture(const struct inspection *inspection, int *size, int *channels)
{
	const struct shape shape = inspection->trainer.gan.networks[NETWORK_G]->output;
	*size = shape.height;
	*channels = shape.channels;
}

bool inspection_draw(struct inspection *inspection, struct random *noise, int count, uint8_t *pixels, struct error *error)
{
	return trainer_draw(&inspection->trainer, noise, count, pixels, error);
}
