#include "engine/gan/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
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

/* Everything that needs no memory; the family, or NULL and the error. */
static const struct model_family *settings_check(const struct gan_settings *settings, const struct dataset *dataset,
                                                 struct error *error)
{
	const struct model_family *family = model_family_check(settings, error);
	if (!family || !optimizer_find(settings->optimizer, error) || !quantizer_find(settings->quantizer, error) ||
	    !numbers_check(settings, error))
		return NULL;
	for (int id = 0; id < NETWORK_COUNT; id++)
		if (!bits_check(id, settings->bits[id], error) || !rate_check(id, settings->learning_rate[id], error))
			return NULL;
	if (dataset->size == settings->size && dataset->channels == settings->channels)
		return family;
	error_set(error, ERROR_INPUT, "the data set %s has %d x %d pixels and %d channels, but the settings ask for %d x %d and %d",
	          dataset->spec, dataset->size, dataset->size, dataset->channels, settings->size, settings->size, settings->channels);
	return NULL;
}

static void initialise(struct trainer *trainer)
{
	static const enum random_stream streams[NETWORK_COUNT] = {[NETWORK_D] = RANDOM_INIT_D, [NETWORK_G] = RANDOM_INIT_G};
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct random random;
		random_start(&random, trainer->settings.seed, streams[id]);
		network_initialise(trainer->gan.networks[id], &random);
	}
}

static bool allocate_states(struct trainer *trainer, struct error *error)
{
	size_t total = 0, largest = 0;
	for (int id = 0; id < NETWORK_COUNT; id++)
		for (int i = 0; i < trainer->gan.quantization[id].count; i++) {
			size_t count = trainer->gan.quantization[id].tensors[i]->count;
			total += count;
			largest = count > largest ? count : largest;
		}
	trainer->states = memory_try_bytes(total, "the states of the weights", error);
	trainer->fresh_states = trainer->states ? memory_try_bytes(largest, "the states of the weights", error) : NULL;
	uint8_t *place = trainer->states;
	for (int id = 0; trainer->fresh_states && id < NETWORK_COUNT; id++)
		for (int i = 0; i < trainer->gan.quantization[id].count; i++) {
			trainer->known[id][i].states = place;
			place += trainer->gan.quantization[id].tensors[i]->count;
		}
	return trainer->fresh_states != NULL;
}

static void work_out_facts(struct trainer *trainer)
{
	struct trainer_facts *facts = &trainer->facts;
	const struct gan_settings *settings = &trainer->settings;
	facts->settings = *settings;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		const struct network *network = trainer->gan.networks[id];
		facts->layers[id] = trainer->gan.quantization[id].count;
		for (int i = 0; i < network->trained.count; i++) {
			facts->parameters[id] += network->trained.items[i].count;
			facts->weights[id] += network->trained.items[i].quantized ? network->trained.items[i].count : 0;
		}
		facts->bytes[id] = (double)facts->parameters[id] * sizeof(float);
	}
	facts->steps_per_epoch = batcher_steps_per_epoch(trainer->batcher);
	facts->last_step = settings->steps ? settings->steps : settings->epochs * facts->steps_per_epoch;
	facts->multiply_adds_per_step = settings->batch * (8 * network_multiply_adds(trainer->gan.networks[NETWORK_D]) +
	                                                   3 * network_multiply_adds(trainer->gan.networks[NETWORK_G]));
}

static bool build(struct trainer *trainer, const struct checkpoint *checkpoint, struct error *error)
{
	struct gan_settings *settings = &trainer->settings;
	const struct model_family *family = settings_check(settings, trainer->dataset, error);
	if (!family)
		return false;
	trainer->parallel = parallel_create(settings->threads, error);
	if (!trainer->parallel)
		return false;
	settings->threads = parallel_threads(trainer->parallel);
	if (!gan_init(&trainer->gan, family, settings, trainer->parallel, error))
		return false;
	const struct quantizer *quantizer = quantizer_find(settings->quantizer, error);
	for (int id = 0; id < NETWORK_COUNT; id++)
		if (!quantization_set(&trainer->gan.quantization[id], quantizer, settings->bits[id], error))
			return false;
	trainer->noise = memory_try_floats((size_t)settings->batch * (size_t)settings->latent, "the noise of a batch", error);
	if (!trainer->noise || !allocate_states(trainer, error))
		return false;
	random_start(&trainer->latent, settings->seed, RANDOM_LATENT);
	if (!checkpoint)
		initialise(trainer);
	else if (!trainer_load(trainer, checkpoint, error))
		return false;
	trainer->batcher = batcher_create(trainer->dataset, settings->batch, settings->seed, trainer->start, error);
	return trainer->batcher != NULL;
}

struct trainer *trainer_create(const struct gan_settings *settings, const struct dataset *dataset,
                               const struct checkpoint *checkpoint, struct error *error)
{
	struct trainer *trainer = memory_zeroed(1, sizeof *trainer);
	trainer->settings = *settings;
	trainer->dataset = dataset;
	if (trainer->settings.channels == 0)
		trainer->settings.channels = dataset->channels;
	if (!build(trainer, checkpoint, error)) {
		trainer_destroy(trainer);
		return NULL;
	}
	work_out_facts(trainer);
	return trainer;
}

void trainer_destroy(struct trainer *trainer)
{
	if (!trainer)
		return;
	batcher_destroy(trainer->batcher);
	gan_clear(&trainer->gan);
	parallel_destroy(trainer->parallel);
	free(trainer->noise);
	free(trainer->states);
	free(trainer->fresh_states);
	free(trainer);
}

const struct trainer_facts *trainer_facts(const struct trainer *trainer)
{
	return &trainer->facts;
}

/* The batch just used belongs to the epoch before a position at an epoch's very beginning. */
static void report_progress(const struct trainer *trainer, struct step_report *report)
{
	struct batcher_position next = batcher_position(trainer->batcher);
	double epoch_pictures = (double)trainer->facts.steps_per_epoch * trainer->settings.batch;
	report->step = trainer->steps;
	report->epoch = next.picture > 0 ? next.epoch : next.epoch - 1;
	report->epochs = (double)next.epoch + (double)next.picture / epoch_pictures;
}

static double quantize_seconds(const struct trainer *trainer)
{
	return trainer->gan.quantization[NETWORK_D].seconds + trainer->gan.quantization[NETWORK_G].seconds;
}

bool trainer_step(struct trainer *trainer, struct step_report *report, struct error *error)
{
	double start = clock_seconds(), quantized = quantize_seconds(trainer);
	const float *real = batcher_next(trainer->batcher);
	trainer->data_seconds += clock_seconds() - start;
	size_t values = (size_t)trainer->settings.batch * (size_t)trainer->settings.latent;
	random_fill_normal(&trainer->latent, trainer->noise, values, 0, 1);
	struct gan_measures measures = {0};
	if (!gan_step(&trainer->gan, real, trainer->noise, &measures, error))
		return error_prefix(error, "step %lld", (long long)trainer->steps + 1);
	trainer->steps++;
	*report = (struct step_report){.d_real = measures.d_real, .d_fake = measures.d_fake};
	memcpy(report->loss, measures.loss, sizeof report->loss);
	memcpy(report->gradient_norm, measures.gradient_norm, sizeof report->gradient_norm);
	report_progress(trainer, report);
	report->quantize_seconds = quantize_seconds(trainer) - quantized;
	report->seconds = clock_seconds() - start;
	return true;
}

int64_t trainer_steps_done(const struct trainer *trainer)
{
	return trainer->steps;
}

bool trainer_set_bits(struct trainer *trainer, enum network_id network, int bits, struct error *error)
{
	struct quantization *quantization = &trainer->gan.quantization[network];
	if (!bits_check(network, bits, error) || !quantization_set(quantization, quantization->quantizer, bits, error))
		return false;
	trainer->settings.bits[network] = bits;
	return true;
}

bool trainer_set_quantizer(struct trainer *trainer, const char *name, struct error *error)
{
	const struct quantizer *quantizer = quantizer_find(name, error);
	if (!quantizer)
		return false;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct quantization *quantization = &trainer->gan.quantization[id];
		if (!quantization_set(quantization, quantizer, quantization->bits, error))
			return false;
	}
	memset(trainer->settings.quantizer, 0, sizeof trainer->settings.quantizer);
	memcpy(trainer->settings.quantizer, name, strlen(name));
	return true;
}

bool trainer_set_learning_rate(struct trainer *trainer, enum network_id network, double rate, struct error *error)
{
	if (!rate_check(network, rate, error))
		return false;
	trainer->gan.optimization[network].learning_rate = rate;
	trainer->settings.learning_rate[network] = rate;
	return true;
}

const struct gan_settings *trainer_settings(const struct trainer *trainer)
{
	return &trainer->settings;
}
