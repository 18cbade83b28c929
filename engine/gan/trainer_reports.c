/* What a trainer shows of itself between steps: weights, pictures, times. Nothing here changes the training state. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/picture_file.h"
#include "engine/gan/trainer_state.h"

static double share_different(const uint8_t *a, const uint8_t *b, size_t count)
{
	size_t different = 0;
	for (size_t i = 0; i < count; i++)
		different += a[i] != b[i];
	return count ? (double)different / (double)count : 0;
}

/* How many weights have left the state they were in at the last report, by that report's grid; then remembers the states
 * and the grid of now. */
static void count_flips(struct trainer *trainer, enum network_id id, int index, struct layer_report *report)
{
	const struct quantization *quantization = &trainer->gan.quantization[id];
	const struct parameter *tensor = quantization->tensors[index];
	const struct tensor_plan *plan = &quantization->plans[index];
	struct known_states *known = &trainer->known[id][index];
	const float *weights = quantization->network->weights + tensor->offset;
	struct quant_layout layout = quantization_layout(tensor, plan);
	bool quantized = plan->bits != QUANT_FLOAT_BITS;
	if (quantized && tensor_plan_same(plan, &known->plan)) {
		quant_apply_groups(plan->quantizer, known->fits, trainer->parallel, weights, layout, trainer->fresh_states, NULL, NULL);
		report->flips = share_different(known->states, trainer->fresh_states, tensor->count);
		report->flip_steps = trainer->steps - known->step;
	}
	known->plan = *plan;
	known->step = trainer->steps;
	if (!quantized)
		return;
	memcpy(known->fits, quantization->fits[index], layout.groups * sizeof *known->fits);
	quant_apply_groups(plan->quantizer, known->fits, trainer->parallel, weights, layout, known->states, NULL, NULL);
}

bool trainer_describe_layer(const struct quantization *quantization, int index, struct parallel *parallel,
                            struct layer_report *report, struct error *error)
{
	const struct parameter *tensor = quantization->tensors[index];
	const struct tensor_plan *plan = &quantization->plans[index];
	const struct quant_fit unquantized = {.bits = QUANT_FLOAT_BITS};
	bool quantized = plan->bits != QUANT_FLOAT_BITS;
	*report = (struct layer_report){.quantizer = quantized ? plan->quantizer : NULL, .flips = NAN,
	                                .trace = quantization->traces[index]};
	text_copy(report->name, sizeof report->name, tensor->layer);
	parameter_shape_text(tensor, report->shape, sizeof report->shape);
	return quant_describe_groups(plan->quantizer, quantized ? quantization->fits[index] : &unquantized, parallel,
	                             quantization->network->weights + tensor->offset, quantization_layout(tensor, plan),
	                             &report->statistics, error) ||
	       error_prefix(error, "%s", tensor->name);
}

int trainer_describe_layers(struct trainer *trainer, struct layer_report reports[], int max)
{
	int count = 0;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct quantization *quantization = &trainer->gan.quantization[id];
		if (!quantization_refresh(quantization, trainer->parallel, NULL))
			return count;
		for (int i = 0; i < quantization->count && count < max; i++, count++) {
			if (!trainer_describe_layer(quantization, i, trainer->parallel, &reports[count], NULL))
				return count;
			reports[count].network = id;
			count_flips(trainer, id, i, &reports[count]);
		}
	}
	return count;
}

/* Generates the next count (<= batch) pictures; each draws its noise alone, so that a picture depends on its number only. */
static void generate(struct trainer *trainer, struct random *random, int count, uint8_t *pixels)
{
	const struct network *g = trainer->gan.networks[NETWORK_G];
	size_t latent = (size_t)trainer->settings.latent;
	for (int i = 0; i < count; i++)
		random_fill_normal(random, trainer->noise + (size_t)i * latent, latent, 0, 1);
	const float *pictures = network_forward(trainer->gan.networks[NETWORK_G], trainer->parallel, count, false, trainer->noise);
	tensor_to_pixels(pictures, count, g->output, pixels);
}

bool trainer_draw(struct trainer *trainer, struct random *noise, int count, uint8_t *pixels, struct error *error)
{
	size_t bytes = shape_count(trainer->gan.networks[NETWORK_G]->output);
	if (!quantization_refresh(&trainer->gan.quantization[NETWORK_G], trainer->parallel, error))
		return false;
	for (int done = 0; done < count; done += trainer->settings.batch) {
		int part = count - done < trainer->settings.batch ? count - done : trainer->settings.batch;
		generate(trainer, noise, part, pixels + (size_t)done * bytes);
	}
	return true;
}

struct image *trainer_sample(struct trainer *trainer, int count, uint64_t seed, struct error *error)
{
	const struct shape shape = trainer->gan.networks[NETWORK_G]->output;
	if (count < 1) {
		error_set(error, ERROR_INPUT, "samples %d: must be 1 or more", count);
		return NULL;
	}
	uint8_t *pixels = memory_try_bytes((size_t)count * shape_count(shape), "a sample grid", error);
	if (!pixels)
		return NULL;
	struct random random;
	random_start(&random, seed ? seed : trainer->settings.seed, RANDOM_FIXED_NOISE);
	int columns = (int)ceil(sqrt(count));
	bool drawn = trainer_draw(trainer, &random, count, pixels, error);
	struct image *grid = drawn ? picture_grid(pixels, count, shape.height, shape.channels, columns, 0, error) : NULL;
	free(pixels);
	return grid;
}
