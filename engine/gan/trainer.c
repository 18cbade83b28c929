#include "engine/gan/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/gan/gan_size.h"
#include "engine/gan/trainer_state.h"

static void initialise(struct trainer *trainer)
{
	static const enum random_stream streams[NETWORK_COUNT] = {[NETWORK_D] = RANDOM_INIT_D, [NETWORK_G] = RANDOM_INIT_G};
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct random random;
		random_start(&random, trainer->settings.seed, streams[id]);
		network_initialise(trainer->gan.networks[id], &random);
	}
}

/* Where the states and fits of the last report are kept, one after the other. */
static void place_known(struct trainer *trainer)
{
	uint8_t *states = trainer->states;
	struct quant_fit *fits = trainer->known_fits;
	for (int id = 0; id < NETWORK_COUNT; id++)
		for (int i = 0; i < trainer->gan.quantization[id].count; i++) {
			const struct parameter *tensor = trainer->gan.quantization[id].tensors[i];
			trainer->known[id][i] = (struct known_states){.states = states, .fits = fits, .plan.bits = QUANT_FLOAT_BITS};
			states += tensor->count;
			fits += tensor->shape[tensor->channel_dimension];
		}
}

bool trainer_allocate_states(struct trainer *trainer, struct error *error)
{
	size_t total = 0, largest = 0, channels = 0;
	for (int id = 0; id < NETWORK_COUNT; id++)
		for (int i = 0; i < trainer->gan.quantization[id].count; i++) {
			const struct parameter *tensor = trainer->gan.quantization[id].tensors[i];
			total += tensor->count;
			largest = tensor->count > largest ? tensor->count : largest;
			channels += tensor->shape[tensor->channel_dimension];
		}
	trainer->states = memory_try_bytes(total, "the states of the weights", error);
	trainer->fresh_states = trainer->states ? memory_try_bytes(largest, "the states of the weights", error) : NULL;
	if (!trainer->fresh_states)
		return false;
	trainer->known_fits = memory_zeroed(channels, sizeof *trainer->known_fits);
	place_known(trainer);
	return true;
}

static void work_out_facts(struct trainer *trainer)
{
	struct trainer_facts *facts = &trainer->facts;
	const struct gan_settings *settings = &trainer->settings;
	facts->settings = *settings;
	facts->pictures = (double)trainer->dataset->count;
	facts->picture_bytes = facts->pictures * (double)dataset_picture_bytes(trainer->dataset);
	facts->pictures_kept = trainer->dataset->pixels != NULL;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		const struct network *network = trainer->gan.networks[id];
		facts->layers[id] = trainer->gan.quantization[id].count;
		for (int i = 0; i < network->trained.count; i++) {
			facts->parameters[id] += network->trained.items[i].count;
			facts->weights[id] += network->trained.items[i].quantized ? network->trained.items[i].count : 0;
		}
		facts->bytes[id] = (double)facts->parameters[id] * sizeof(float);
	}
	int64_t batches = batcher_steps_per_epoch(trainer->batcher), updates = settings->critic_steps;
	facts->steps_per_epoch = (batches + updates - 1) / updates;
	facts->last_step = settings->steps ? settings->steps : (settings->epochs * batches + updates - 1) / updates;
	facts->multiply_adds_per_step = gan_multiply_adds_per_step(settings, network_multiply_adds(trainer->gan.networks[NETWORK_D]),
	                                                           network_multiply_adds(trainer->gan.networks[NETWORK_G]));
}

bool trainer_build_networks(struct trainer *trainer, const struct optimizer *optimizer, struct error *error)
{
	struct gan_settings *settings = &trainer->settings;
	const struct model_family *family = trainer_check_settings(settings, error);
	if (!family || !layer_bits_settle(settings, error))
		return false;
	trainer->parallel = parallel_create(settings->threads, error);
	if (!trainer->parallel)
		return false;
	settings->threads = parallel_threads(trainer->parallel);
	if (!gan_init(&trainer->gan, family, settings, optimizer, trainer->parallel, error) || !trainer_plan(trainer, settings, error))
		return false;
	random_start(&trainer->latent, settings->seed, RANDOM_LATENT);
	random_start(&trainer->mixing, settings->seed, RANDOM_MIX);
	trainer->mix = memory_zeroed((size_t)settings->batch, sizeof(float));
	trainer->noise = memory_try_floats((size_t)settings->batch * (size_t)settings->latent, "the noise of a batch", error);
	return trainer->noise != NULL;
}

static bool check_dataset(const struct gan_settings *settings, const struct dataset *dataset, struct error *error)
{
	if (dataset->size == settings->size && dataset->channels == settings->channels)
		return true;
	return error_set(error, ERROR_INPUT,
	                 "the data set %s has %d x %d pixels and %d channels, but the settings ask for %d x %d and %d", dataset->spec,
	                 dataset->size, dataset->size, dataset->channels, settings->size, settings->size, settings->channels);
}

static bool build(struct trainer *trainer, const struct checkpoint *checkpoint, struct error *error)
{
	const struct gan_settings *settings = &trainer->settings;
	if (!trainer_check_settings(settings, error) || !check_dataset(settings, trainer->dataset, error) ||
	    !trainer_build_networks(trainer, optimizer_find(settings->optimizer, error), error) || !trainer_allocate_states(trainer, error))
		return false;
	if (!checkpoint)
		initialise(trainer);
	else if (!trainer_load(trainer, checkpoint, true, error))
		return false;
	if ((uint64_t)trainer->start.picture > trainer->dataset->count) /* a fork onto a smaller set */
		trainer->start = (struct batcher_position){trainer->start.epoch + 1, 0};
	trainer->batcher = batcher_create(trainer->dataset, settings->batch, settings->seed, trainer->start, error);
	return trainer->batcher && trainer_memory(settings, settings->channels, &trainer->facts.memory_bytes, error);
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

void trainer_clear_networks(struct trainer *trainer)
{
	gan_clear(&trainer->gan);
	parallel_destroy(trainer->parallel);
	free(trainer->noise);
	free(trainer->mix);
}

void trainer_release(struct trainer *trainer)
{
	trainer_clear_networks(trainer);
	free(trainer->states);
	free(trainer->fresh_states);
	free(trainer->known_fits);
	free(trainer);
}

void trainer_destroy(struct trainer *trainer)
{
	if (!trainer)
		return;
	batcher_destroy(trainer->batcher);
	trainer_release(trainer);
}

const struct trainer_facts *trainer_facts(const struct trainer *trainer)
{
	return &trainer->facts;
}

/* The batch just used belongs to the epoch before a position at an epoch's very beginning. */
static void report_progress(const struct trainer *trainer, struct step_report *report)
{
	struct batcher_position next = batcher_position(trainer->batcher);
	double epoch_pictures = (double)batcher_steps_per_epoch(trainer->batcher) * trainer->settings.batch;
	report->step = trainer->steps;
	report->epoch = next.picture > 0 ? next.epoch : next.epoch - 1;
	report->epochs = (double)next.epoch + (double)next.picture / epoch_pictures;
}

static double quantize_seconds(const struct trainer *trainer)
{
	return trainer->gan.quantization[NETWORK_D].quantize_clock.seconds + trainer->gan.quantization[NETWORK_G].quantize_clock.seconds;
}

/* The next pictures, noise and, for a penalty, numbers to mix by: each from a random stream of its own. */
static bool next_batch(void *context, struct gan_batch *batch, struct error *error)
{
	struct trainer *trainer = context;
	double start = clock_seconds();
	batch->real = batcher_next(trainer->batcher, error);
	work_clock_add(&trainer->data_clock, start);
	if (!batch->real)
		return false;
	size_t pictures = (size_t)trainer->settings.batch;
	random_fill_normal(&trainer->latent, trainer->noise, pictures * (size_t)trainer->settings.latent, 0, 1);
	batch->noise = trainer->noise;
	if (trainer->settings.gradient_penalty > 0)
		random_fill_uniform(&trainer->mixing, trainer->mix, pictures);
	batch->mix = trainer->mix;
	return true;
}

bool trainer_step(struct trainer *trainer, struct step_report *report, struct error *error)
{
	double start = clock_seconds(), quantized = quantize_seconds(trainer);
	const struct gan_feed feed = {next_batch, trainer};
	struct gan_measures measures = {0};
	if (!gan_step(&trainer->gan, &feed, &measures, error))
		return error_prefix(error, "step %lld", (long long)trainer->steps + 1);
	trainer->steps++;
	*report = (struct step_report){.d_real = measures.d_real, .d_fake = measures.d_fake, .penalty = measures.penalty};
	report->wasserstein = trainer->gan.family->wasserstein ? measures.d_real - measures.d_fake : NAN;
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

struct parallel *trainer_parallel(const struct trainer *trainer)
{
	return trainer->parallel;
}

const struct gan_settings *trainer_settings(const struct trainer *trainer)
{
	return &trainer->settings;
}
