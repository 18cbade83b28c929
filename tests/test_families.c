/* engine/gan: what every model family owes a training: bits of any kind, live changes, states that continue bit for bit, forks,
 * pictures, and steps with several updates of D. */
#include "tests/trainer_fixture.h"

#include "engine/gan/inspection.h"
#include "engine/gan/model.h"
#include "engine/gan/packed_model.h"

/* The family's defaults as far as the engine reads them. */
static struct gan_settings settings_of(const struct model_family *family, int d_bits, int g_bits)
{
	struct gan_settings settings = small_settings(d_bits, g_bits);
	const char *critic_steps = model_family_default(family, "critic-steps");
	const char *penalty = model_family_default(family, "gradient-penalty");
	snprintf(settings.model, sizeof settings.model, "%s", family->name);
	settings.critic_steps = critic_steps ? atoi(critic_steps) : 1;
	settings.gradient_penalty = penalty ? atof(penalty) : 0;
	settings.learning_rate[NETWORK_D] = settings.learning_rate[NETWORK_G] = 2e-3;
	settings.epochs = 0;
	return settings;
}

/* Two steps, a state, three more; and three from the state: the same to the bit, whatever is asked in between. */
static void assert_continues(const struct gan_settings *settings)
{
	char at_two[CHECKPOINT_HASH_SIZE], at_five[CHECKPOINT_HASH_SIZE], again[CHECKPOINT_HASH_SIZE];
	struct outcome outcomes[3];
	struct trainer *trainer = make(settings, NULL);
	step(trainer);
	step(trainer);
	save(trainer, at_two);
	struct checkpoint *checkpoint = saved(at_two);
	for (int i = 0; i < 3; i++)
		outcomes[i] = step(trainer);
	save(trainer, at_five);
	trainer_destroy(trainer);
	trainer = make(settings, checkpoint);
	for (int i = 0; i < 3; i++) {
		struct layer_report reports[2 * TRAINER_MAX_LAYERS];
		struct outcome outcome = step(trainer);
		assert_memory_equal(&outcome, &outcomes[i], sizeof outcome);
		trainer_describe_layers(trainer, reports, 2 * TRAINER_MAX_LAYERS);
		image_destroy(trainer_sample(trainer, 4, 0, NULL));
	}
	save(trainer, again);
	assert_string_equal(again, at_five);
	trainer_destroy(trainer);
	checkpoint_destroy(checkpoint);
}

static void every_family_continues_bit_for_bit(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++) {
		struct gan_settings settings = settings_of(model_families[f], QUANT_FLOAT_BITS, QUANT_FLOAT_BITS);
		assert_continues(&settings);
		for (int q = 0; quantizers[q]; q++) {
			settings = settings_of(model_families[f], 2, 3);
			snprintf(settings.quantizer, sizeof settings.quantizer, "%s", quantizers[q]->name);
			assert_continues(&settings);
		}
	}
	struct gan_settings normed = settings_of(&model_wgan_gp, 1, QUANT_FLOAT_BITS);
	normed.layer_norm = true;
	assert_continues(&normed);
}

/* Bits, a layer's bits, method and rate, live: the next steps are finite, and the state continues under what was set. */
static void every_family_obeys_live(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++) {
		struct gan_settings settings = settings_of(model_families[f], QUANT_FLOAT_BITS, QUANT_FLOAT_BITS);
		struct trainer *trainer = make(&settings, NULL);
		step(trainer);
		assert_true(trainer_set_bits(trainer, NETWORK_D, 1, NULL) && trainer_set_bits(trainer, NETWORK_G, 3, NULL));
		step(trainer);
		assert_true(trainer_set_quantizer(trainer, "minmax", NULL) && trainer_set_learning_rate(trainer, NETWORK_D, 1e-4, NULL));
		assert_true(trainer_set_layer_bits(trainer, NETWORK_D, "conv2", 4, NULL));
		struct outcome last = step(trainer);
		for (int i = 0; i < 6; i++)
			assert_true(isfinite(last.values[i]));
		settings = *trainer_settings(trainer);
		char hash[CHECKPOINT_HASH_SIZE];
		save(trainer, hash);
		struct checkpoint *checkpoint = saved(hash);
		struct trainer *other = make(&settings, checkpoint);
		struct outcome ours = step(trainer), theirs = step(other);
		assert_memory_equal(&ours, &theirs, sizeof ours);
		trainer_destroy(other);
		trainer_destroy(trainer);
		checkpoint_destroy(checkpoint);
	}
}

/* Full precision, then D at 1 bit and G at 3 from the same state: the master weights are taken over. */
static void every_family_forks_to_fewer_bits(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++) {
		struct gan_settings settings = settings_of(model_families[f], QUANT_FLOAT_BITS, QUANT_FLOAT_BITS);
		struct trainer *trainer = make(&settings, NULL);
		step(trainer);
		char hash[CHECKPOINT_HASH_SIZE], forked[CHECKPOINT_HASH_SIZE];
		save(trainer, hash);
		struct checkpoint *checkpoint = saved(hash);
		settings.bits[NETWORK_D] = 1;
		settings.bits[NETWORK_G] = 3;
		struct trainer *fork = make(&settings, checkpoint);
		save(fork, forked);
		assert_string_equal(forked, hash);
		struct layer_report reports[2 * TRAINER_MAX_LAYERS];
		int count = trainer_describe_layers(fork, reports, 2 * TRAINER_MAX_LAYERS);
		assert_int_equal(count, 8);
		for (int i = 0; i < count; i++)
			assert_int_equal(reports[i].statistics.fit.bits, reports[i].network == NETWORK_D ? 1 : 3);
		assert_true(isfinite(step(fork).values[0]));
		trainer_destroy(fork);
		trainer_destroy(trainer);
		checkpoint_destroy(checkpoint);
	}
}

/* A saved state looked at: the pictures that training would draw, every layer under every method, and both networks as packed
 * codes that give back what training used. */
static void every_family_is_looked_at_and_shipped(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++) {
		struct gan_settings settings = settings_of(model_families[f], 1, 3);
		struct trainer *trainer = make(&settings, NULL);
		step(trainer);
		step(trainer);
		struct error error = {0};
		struct checkpoint *checkpoint = trainer_checkpoint(trainer, &error);
		struct inspection *inspection = inspection_create(checkpoint, 1, &error);
		if (!inspection)
			fail_msg("%s: %s", model_families[f]->name, error.text);
		struct what_if as_trained = {.network = NETWORK_G, .layer = -1};
		struct image *ours = inspection_sample(inspection, &as_trained, 4, 0, &error), *theirs = trainer_sample(trainer, 4, 0, &error);
		assert_memory_equal(ours->pixels, theirs->pixels, (size_t)ours->width * (size_t)ours->height * (size_t)ours->channels);
		image_destroy(ours);
		image_destroy(theirs);
		for (int q = 0; quantizers[q]; q++)
			for (int layer = 0; layer < inspection_layers(inspection, NETWORK_D); layer++) {
				struct what_if asked = {.network = NETWORK_D, .layer = layer, .quantizer = quantizers[q], .bits = 2};
				struct layer_report report;
				assert_true(inspection_describe(inspection, &asked, layer, &report, &error));
			}
		struct packed_source source = {.settings = inspection_settings(inspection), .step = 2};
		for (int id = 0; id < NETWORK_COUNT; id++)
			source.networks[id] = inspection_as_trained(inspection, id, &error);
		struct packed_model *model = packed_model_open(packed_model_make(&source, &error), "made", &error);
		if (!model || !packed_model_check(model, &source, &error))
			fail_msg("%s: %s", model_families[f]->name, error.text);
		packed_model_destroy(model);
		inspection_destroy(inspection);
		checkpoint_destroy(checkpoint);
		trainer_destroy(trainer);
	}
}

/* 40 pictures in batches of 6 are 6 batches an epoch. */
static void steps_with_several_updates_use_up_epochs_faster(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of(&model_wgan_gp, QUANT_FLOAT_BITS, QUANT_FLOAT_BITS);
	settings.critic_steps = 4;
	settings.epochs = 3;
	struct trainer *trainer = make(&settings, NULL);
	const struct trainer_facts *facts = trainer_facts(trainer);
	assert_int_equal(facts->last_step, 5); /* 18 batches, 4 a step */
	assert_int_equal(facts->steps_per_epoch, 2);
	struct outcome first = step(trainer), second = step(trainer);
	assert_float_equal(first.epochs, 4 / 6.0, 1e-9);
	assert_float_equal(second.epochs, 8 / 6.0, 1e-9);
	assert_int_equal(second.epoch, 1);
	trainer_destroy(trainer);
}

static void the_penalty_is_reported_where_there_is_one(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++) {
		struct gan_settings settings = settings_of(model_families[f], 2, 2);
		struct trainer *trainer = make(&settings, NULL);
		struct step_report report;
		assert_true(trainer_step(trainer, &report, NULL));
		if (settings.gradient_penalty > 0) {
			assert_true(report.penalty > 0 && report.penalty < 1000);
			assert_float_equal(report.loss[NETWORK_D], report.d_fake - report.d_real + report.penalty, 1e-4 * (1 + report.penalty));
		} else {
			assert_true(isnan(report.penalty));
		}
		trainer_destroy(trainer);
	}
}

static void impossible_games_are_named(void **state)
{
	(void)state;
	static const struct { const char *model; double penalty, a, b; int critic_steps; const char *named; } rows[] = {
		{"dcgan", 10, 0, 1, 1, "norm2"}, {"wgan-gp", -1, 0, 1, 1, "gradient penalty"}, {"wgan-gp", NAN, 0, 1, 1, "gradient penalty"},
		{"lsgan", 0, 1, 1, 1, "loss labels"}, {"lsgan", 0, 0, INFINITY, 1, "loss labels"}, {"lsgan", 0, 0, 1, 0, "critic steps"},
		{"lsgan", 0, 0, 1, 101, "critic steps"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gan_settings settings = small_settings(QUANT_FLOAT_BITS, QUANT_FLOAT_BITS);
		snprintf(settings.model, sizeof settings.model, "%s", rows[i].model);
		settings.gradient_penalty = rows[i].penalty;
		settings.loss_a = rows[i].a;
		settings.loss_b = rows[i].b;
		settings.critic_steps = rows[i].critic_steps;
		struct error error = {0};
		assert_null(trainer_create(&settings, &dataset, NULL, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, rows[i].named));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_family_continues_bit_for_bit),
		cmocka_unit_test(every_family_obeys_live),
		cmocka_unit_test(every_family_forks_to_fewer_bits),
		cmocka_unit_test(every_family_is_looked_at_and_shipped),
		cmocka_unit_test(steps_with_several_updates_use_up_epochs_faster),
		cmocka_unit_test(the_penalty_is_reported_where_there_is_one),
		cmocka_unit_test(impossible_games_are_named),
	};
	return cmocka_run_group_tests_name("families", tests, prepare, clean_up);
}
