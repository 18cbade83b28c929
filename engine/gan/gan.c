#include "engine/gan/gan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/tensor/precision.h"

static const char *const names[NETWORK_COUNT] = {[NETWORK_D] = "D", [NETWORK_G] = "G"};

/* A gradient of a gradient asks for more than bf16 has: a critic that is penalised can have it split. */
static enum precision precision_of(const struct gan_settings *settings, enum network_id id, const struct optimizer *optimizer)
{
	const enum precision precision = precision_of_wish(settings->precision);
	const bool penalised = id == NETWORK_D && optimizer && settings->gradient_penalty != 0;
	return precision == PRECISION_BF16 && penalised ? PRECISION_BF16_SPLIT : precision;
}

static bool init_network(struct gan *gan, enum network_id id, const struct gan_settings *settings,
                         const struct optimizer *optimizer, struct error *error)
{
	struct network_recipe *recipe = memory_zeroed(1, sizeof *recipe);
	gan->family->describe(settings, id, recipe);
	struct network *network = network_create(recipe->layers, recipe->count, recipe->input, settings->batch,
	                                         precision_of(settings, id, optimizer), optimizer, error);
	free(recipe);
	if (!network)
		return error_prefix(error, "%s", names[id]);
	gan->networks[id] = network;
	quantization_init(&gan->quantization[id], network);
	gan->quantization[id].iterations = settings->quantizer_iterations;
	gan->optimization[id] = (struct optimizer_options){
		.learning_rate = settings->learning_rate[id], .beta1 = settings->beta1, .beta2 = settings->beta2,
	};
	gan->statistics_before[id] = memory_zeroed(network->running.floats, sizeof(float));
	return true;
}

bool gan_init(struct gan *gan, const struct model_family *family, const struct gan_settings *settings,
              const struct optimizer *optimizer, struct parallel *parallel, struct error *error)
{
	*gan = (struct gan){.family = family, .settings = *settings, .parallel = parallel, .batch = settings->batch};
	gan->score_gradient = memory_zeroed((size_t)settings->batch, sizeof(float));
	double penalty = optimizer ? settings->gradient_penalty : 0;
	return init_network(gan, NETWORK_D, settings, optimizer, error) &&
	       init_network(gan, NETWORK_G, settings, optimizer, error) &&
	       penalty_init(&gan->penalty, penalty, gan->networks[NETWORK_D], settings->batch, error);
}

void gan_clear(struct gan *gan)
{
	for (int id = 0; id < NETWORK_COUNT; id++) {
		quantization_clear(&gan->quantization[id]);
		network_destroy(gan->networks[id]);
		free(gan->statistics_before[id]);
	}
	penalty_clear(&gan->penalty);
	free(gan->score_gradient);
}

static void keep_statistics(const struct gan *gan)
{
	for (int id = 0; id < NETWORK_COUNT; id++)
		memcpy(gan->statistics_before[id], gan->networks[id]->statistics, gan->networks[id]->running.floats * sizeof(float));
}

/* Some layers pack their weights by them: what is packed no longer holds. */
static void put_back_statistics(struct gan *gan)
{
	for (int id = 0; id < NETWORK_COUNT; id++) {
		memcpy(gan->networks[id]->statistics, gan->statistics_before[id], gan->networks[id]->running.floats * sizeof(float));
		gan->quantization[id].packed = false;
	}
}

static void clear_gradients(struct gan *gan, enum network_id id)
{
	double start = clock_seconds();
	network_clear_gradients(gan->networks[id], gan->parallel);
	work_clock_add(&gan->clear_clocks[id], start);
}

static bool update(struct gan *gan, enum network_id id, struct gan_measures *measures, struct error *error)
{
	struct network *network = gan->networks[id];
	double start = clock_seconds();
	double norm = network_gradient_norm(network, gan->parallel);
	measures->gradient_norm[id] = (float)norm;
	if (!isfinite(measures->loss[id]) || !isfinite(norm))
		return error_set(error, ERROR_NUMERIC, "%s's %s is not finite (its learning rate is %g)", names[id],
		                 isfinite(measures->loss[id]) ? "gradient" : "loss", gan->optimization[id].learning_rate);
	gan->optimization[id].step++;
	network_update(network, gan->parallel, &gan->optimization[id]);
	quantization_invalidate(&gan->quantization[id]);
	work_clock_add(&gan->optimizer_clocks[id], start);
	return true;
}

/* D's scores of `pictures`, told, and what they cost; adds to D's gradients. */
static double judge(struct gan *gan, enum loss_role role, const float *pictures, float *told)
{
	struct network *d = gan->networks[NETWORK_D];
	const float *scores = network_forward(d, gan->parallel, gan->batch, true, pictures);
	double loss = model_loss(&gan->settings, gan->family, role, gan->batch, scores, gan->score_gradient);
	*told = (float)model_mean_told(gan->family, gan->batch, scores);
	network_backward(d, gan->parallel, gan->batch, (struct network_wants){.weight_gradients = true}, pictures,
	                 gan->score_gradient);
	return loss;
}

static double penalise(struct gan *gan, const struct gan_batch *batch, const float *fake, float *penalty)
{
	*penalty = NAN;
	if (gan->penalty.weight == 0)
		return 0;
	double value = penalty_add(&gan->penalty, gan->networks[NETWORK_D], gan->parallel, gan->batch, batch->real, fake, batch->mix);
	*penalty = (float)value;
	return value;
}

static bool step_d(struct gan *gan, const struct gan_batch *batch, const float *fake, struct gan_measures *measures,
                   struct error *error)
{
	if (!quantization_refresh(&gan->quantization[NETWORK_D], gan->parallel, error))
		return error_prefix(error, "D");
	clear_gradients(gan, NETWORK_D);
	double loss = judge(gan, LOSS_D_REAL, batch->real, &measures->d_real);
	loss += judge(gan, LOSS_D_FAKE, fake, &measures->d_fake);
	loss += penalise(gan, batch, fake, &measures->penalty);
	measures->loss[NETWORK_D] = (float)loss;
	return update(gan, NETWORK_D, measures, error);
}

static bool step_g(struct gan *gan, const struct gan_batch *batch, const float *fake, struct gan_measures *measures,
                   struct error *error)
{
	struct network *d = gan->networks[NETWORK_D], *g = gan->networks[NETWORK_G];
	if (!quantization_refresh(&gan->quantization[NETWORK_D], gan->parallel, error))
		return error_prefix(error, "D");
	const float *scores = network_forward(d, gan->parallel, gan->batch, true, fake);
	measures->loss[NETWORK_G] =
		(float)model_loss(&gan->settings, gan->family, LOSS_G, gan->batch, scores, gan->score_gradient);
	const float *fake_gradient = network_backward(d, gan->parallel, gan->batch, (struct network_wants){.input_gradient = true},
	                                              fake, gan->score_gradient);
	clear_gradients(gan, NETWORK_G);
	network_backward(g, gan->parallel, gan->batch, (struct network_wants){.weight_gradients = true}, batch->noise, fake_gradient);
	return update(gan, NETWORK_G, measures, error);
}

bool gan_step(struct gan *gan, const struct gan_feed *feed, struct gan_measures *measures, struct error *error)
{
	if (!quantization_refresh(&gan->quantization[NETWORK_G], gan->parallel, error))
		return error_prefix(error, "G");
	keep_statistics(gan);
	struct gan_batch batch = {0};
	const float *fake = NULL;
	bool done = true;
	for (int i = 0; done && i < gan->settings.critic_steps; i++) {
		done = feed->next(feed->context, &batch, error);
		fake = done ? network_forward(gan->networks[NETWORK_G], gan->parallel, gan->batch, true, batch.noise) : NULL;
		done = done && step_d(gan, &batch, fake, measures, error);
	}
	done = done && step_g(gan, &batch, fake, measures, error);
	if (!done)
		put_back_statistics(gan);
	return done;
}
