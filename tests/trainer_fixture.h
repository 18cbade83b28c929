/* What the suites about trainers share: a made-up data set, small trainings, and their states in a file. */
#ifndef QGAN_TESTS_TRAINER_FIXTURE_H
#define QGAN_TESTS_TRAINER_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/trainer.h"
#include "tests/golden_numbers.h"
#include "tests/temporary_folder.h"

enum { PICTURES = 40, BATCH = 6, SIZE = 32, STEPS_PER_EPOCH = 6 };

static uint8_t pixels[PICTURES * SIZE * SIZE];
static const struct dataset dataset = {.spec = "made-up", .kind = "made-up", .size = SIZE, .channels = 1, .count = PICTURES,
                                       .pixels = pixels};
static struct temporary_folder folder;
static char path[128];

static inline int prepare(void **state)
{
	(void)state;
	struct numbers numbers = {11};
	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)numbers_next(&numbers, 80 + (double)(i / (SIZE * SIZE)), 128);
	temporary_folder_create(&folder);
	snprintf(path, sizeof path, "%s/state.safetensors", folder.path);
	return 0;
}

static inline int clean_up(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static inline struct gan_settings small_settings(int d_bits, int g_bits)
{
	return (struct gan_settings){
		.model = "dcgan", .data = "made-up", .size = SIZE, .channels = 0, .width = 4, .latent = 10, .batch = BATCH,
		.bits = {[NETWORK_D] = d_bits, [NETWORK_G] = g_bits}, .quantizer = "em", .optimizer = "adam",
		.critic_steps = 1, .loss_b = 1, .loss_c = 1, .learning_rate = {2e-4, 2e-4}, .beta1 = 0.5, .beta2 = 0.999,
		.seed = 12345678901234567890u, .threads = 1,
		.epochs = 3, .metric_every = 1, .samples = 9,
	};
}

static inline struct trainer *make(const struct gan_settings *settings, const struct checkpoint *checkpoint)
{
	struct error error = {0};
	struct trainer *trainer = trainer_create(settings, &dataset, checkpoint, &error);
	if (!trainer)
		fail_msg("%s", error.text);
	return trainer;
}

/* The numbers of a step that must repeat: all but times. */
struct outcome {
	int64_t step, epoch;
	double epochs;
	float values[6];
};

static inline struct outcome step(struct trainer *trainer)
{
	struct step_report report;
	struct error error = {0};
	if (!trainer_step(trainer, &report, &error))
		fail_msg("%s", error.text);
	return (struct outcome){report.step, report.epoch, report.epochs,
	                        {report.loss[0], report.loss[1], report.d_real, report.d_fake,
	                        report.gradient_norm[0], report.gradient_norm[1]}};
}

/* Writes the state to `path`; its checksum covers weights, moments and running statistics. */
static inline void save(struct trainer *trainer, char hash[CHECKPOINT_HASH_SIZE])
{
	struct error error = {0};
	uint64_t bytes;
	struct checkpoint *checkpoint = trainer_checkpoint(trainer, &error);
	assert_non_null(checkpoint);
	assert_true(checkpoint_write(checkpoint, path, hash, &bytes, &error));
	checkpoint_destroy(checkpoint);
}

static inline struct checkpoint *saved(const char *hash)
{
	struct error error = {0};
	struct checkpoint *checkpoint = checkpoint_read(path, hash, &error);
	if (!checkpoint)
		fail_msg("%s", error.text);
	return checkpoint;
}

#endif
