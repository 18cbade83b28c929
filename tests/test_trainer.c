/* engine/gan: the trainer as its users see it: resuming bit for bit, live changes, reports that disturb nothing. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/trainer_fixture.h"

struct way { /* to quantize */
	int d_bits, g_bits, before, after;
	const char *optimizer, *quantizer, *layer_bits, *exempt;
	int iterations;
	bool literal, per_channel;
};
static const struct way resumed[] = {
	{32, 32, 4, 5, "adam", "em"},
	{2, 1, 4, 5, "adam", "em"},
	{2, 1, STEPS_PER_EPOCH, 4, "adam", "em"},       /* just at the end of an epoch */
	{32, 4, 2 * STEPS_PER_EPOCH, 3, "adam", "em"},
	{1, 32, 3, 4, "sgd", "em", .iterations = 3},
	{2, 3, 3, 4, "adam", "em", .literal = true},
	{2, 3, 3, 4, "adam", "em", .literal = true, .iterations = 2},
	{2, 1, 3, 4, "adam", "em", .per_channel = true},
	{3, 2, 3, 4, "adam", "minmax", .per_channel = true, .exempt = "last"},
	{32, 2, 3, 4, "adam", "em", .layer_bits = "D.conv2=1,G.conv4=32,G.deconv1=8", .exempt = "first"},
	{2, 4, 3, 4, "adam", "log"},
	{3, 2, 3, 4, "adam", "tanh", .layer_bits = "G.deconv2=5"},
	{1, 3, 3, 4, "adam", "log", .per_channel = true}, /* degenerate */
};

static struct gan_settings settings_for(const struct way *way)
{
	struct gan_settings settings = small_settings(way->d_bits, way->g_bits);
	text_copy(settings.optimizer, sizeof settings.optimizer, way->optimizer);
	text_copy(settings.quantizer, sizeof settings.quantizer, way->quantizer);
	text_copy(settings.layer_bits, sizeof settings.layer_bits, way->layer_bits ? way->layer_bits : "");
	text_copy(settings.exempt, sizeof settings.exempt, way->exempt ? way->exempt : "none");
	settings.quantizer_iterations = way->iterations;
	settings.literal = way->literal;
	settings.per_channel = way->per_channel;
	settings.allow_degenerate = true;
	return settings;
}

static void a_resumed_training_is_the_same_bit_for_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof resumed / sizeof *resumed; i++) {
		struct gan_settings settings = settings_for(&resumed[i]);
		char hash[CHECKPOINT_HASH_SIZE], whole[CHECKPOINT_HASH_SIZE], again[CHECKPOINT_HASH_SIZE];
		struct trainer *uninterrupted = make(&settings, NULL), *first = make(&settings, NULL);
		for (int s = 0; s < resumed[i].before; s++) {
			struct outcome a = step(uninterrupted), b = step(first);
			assert_memory_equal(&a, &b, sizeof a);
		}
		save(first, hash);
		trainer_destroy(first);
		struct checkpoint *checkpoint = saved(hash);
		struct trainer *second = make(&settings, checkpoint);
		checkpoint_destroy(checkpoint);
		assert_int_equal(trainer_steps_done(second), resumed[i].before);
		for (int s = 0; s < resumed[i].after; s++) {
			struct outcome a = step(uninterrupted), b = step(second);
			assert_int_equal(a.step, resumed[i].before + s + 1);
			assert_memory_equal(&a, &b, sizeof a);
		}
		save(uninterrupted, whole);
		save(second, again);
		assert_string_equal(whole, again);
		assert_string_not_equal(whole, hash);
		trainer_destroy(uninterrupted);
		trainer_destroy(second);
	}
}

/* The child's whole life: trains on, a checkpoint after every step; says when the first is there. */
static void train_until_killed(const struct gan_settings *settings, int first_done)
{
	struct trainer *trainer = trainer_create(settings, &dataset, NULL, NULL);
	for (int s = 0; trainer; s++) {
		struct step_report report;
		char hash[CHECKPOINT_HASH_SIZE];
		uint64_t bytes;
		struct checkpoint *checkpoint = trainer_step(trainer, &report, NULL) ? trainer_checkpoint(trainer, NULL) : NULL;
		if (!checkpoint || !checkpoint_write(checkpoint, path, hash, &bytes, NULL) || write(first_done, "", s == 0) < 0)
			break;
		checkpoint_destroy(checkpoint);
	}
	_exit(1);
}

static void a_killed_training_resumes_as_if_never_interrupted(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 1);
	int done[2], status;
	char byte;
	assert_int_equal(pipe(done), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		train_until_killed(&settings, done[1]);
	close(done[1]);
	assert_int_equal(read(done[0], &byte, 1), 1);
	close(done[0]);
	usleep(30000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	struct checkpoint *checkpoint = saved(NULL);
	struct trainer *resumed_trainer = make(&settings, checkpoint), *uninterrupted = make(&settings, NULL);
	checkpoint_destroy(checkpoint);
	assert_true(trainer_steps_done(resumed_trainer) >= 1);
	while (trainer_steps_done(uninterrupted) < trainer_steps_done(resumed_trainer))
		step(uninterrupted);
	for (int s = 0; s < 3; s++) {
		struct outcome a = step(uninterrupted), b = step(resumed_trainer);
		assert_memory_equal(&a, &b, sizeof a);
	}
	char hash[CHECKPOINT_HASH_SIZE], again[CHECKPOINT_HASH_SIZE];
	save(uninterrupted, hash);
	save(resumed_trainer, again);
	assert_string_equal(hash, again);
	trainer_destroy(uninterrupted);
	trainer_destroy(resumed_trainer);
}

/* Two threads, and reports of every kind between the steps: the same bits as one thread left alone. */
static void looking_and_threads_change_nothing(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 1);
	struct trainer *alone = make(&settings, NULL);
	settings.threads = 2;
	struct trainer *watched = make(&settings, NULL);
	struct layer_report *reports = memory_zeroed(2 * TRAINER_MAX_LAYERS, sizeof *reports);
	for (int s = 0; s < 8; s++) {
		struct outcome a = step(alone), b = step(watched);
		assert_memory_equal(&a, &b, sizeof a);
		assert_int_equal(trainer_describe_layers(watched, reports, 2 * TRAINER_MAX_LAYERS), 8);
		struct image *grid = trainer_sample(watched, 9, s % 2, NULL);
		assert_non_null(grid);
		image_destroy(grid);
		struct checkpoint *checkpoint = trainer_checkpoint(watched, NULL);
		assert_non_null(checkpoint);
		checkpoint_destroy(checkpoint);
	}
	char hash[CHECKPOINT_HASH_SIZE], again[CHECKPOINT_HASH_SIZE];
	save(alone, hash);
	save(watched, again);
	assert_string_equal(hash, again);
	free(reports);
	trainer_destroy(alone);
	trainer_destroy(watched);
}

static void assert_same_tile(const struct image *a, int a_columns, const struct image *b, int b_columns, int tile)
{
	for (int y = 0; y < SIZE; y++) {
		const uint8_t *from_a = a->pixels + (size_t)(tile / a_columns * SIZE + y) * (size_t)a->width + tile % a_columns * SIZE;
		const uint8_t *from_b = b->pixels + (size_t)(tile / b_columns * SIZE + y) * (size_t)b->width + tile % b_columns * SIZE;
		assert_memory_equal(from_a, from_b, SIZE);
	}
}

static void samples_depend_on_weights_and_seed_alone(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(32, 3);
	struct trainer *trainer = make(&settings, NULL);
	for (int s = 0; s < 4; s++)
		step(trainer);
	struct image *nine = trainer_sample(trainer, 9, 0, NULL), *four = trainer_sample(trainer, 4, 0, NULL);
	struct image *again = trainer_sample(trainer, 9, 0, NULL), *other = trainer_sample(trainer, 9, 77, NULL);
	assert_true(nine->width == 3 * SIZE && nine->height == 3 * SIZE && nine->channels == 1);
	assert_true(four->width == 2 * SIZE && four->height == 2 * SIZE);
	size_t bytes = (size_t)nine->width * (size_t)nine->height;
	assert_memory_equal(nine->pixels, again->pixels, bytes);
	assert_memory_not_equal(nine->pixels, other->pixels, bytes);
	for (int tile = 0; tile < 4; tile++)
		assert_same_tile(nine, 3, four, 2, tile);
	struct error error = {0};
	assert_null(trainer_sample(trainer, 0, 0, &error));
	assert_non_null(strstr(error.text, "samples 0"));
	image_destroy(nine);
	image_destroy(four);
	image_destroy(again);
	image_destroy(other);
	trainer_destroy(trainer);
}

static void layers_are_described_with_their_flips(void **state)
{
	(void)state;
	static const char *const names[] = {"conv1", "conv2", "conv3", "conv4", "deconv1", "deconv2", "deconv3", "deconv4"};
	static const char *const shapes[] = {"4x1x4x4", "8x4x4x4", "16x8x4x4", "1x16x4x4", "10x16x4x4", "16x8x4x4", "8x4x4x4",
	                                     "4x1x4x4"};
	struct gan_settings settings = small_settings(2, 32);
	settings.learning_rate[NETWORK_D] = 1e-2;
	struct trainer *trainer = make(&settings, NULL);
	struct layer_report *reports = memory_zeroed(2 * TRAINER_MAX_LAYERS, sizeof *reports);
	assert_int_equal(trainer_describe_layers(trainer, reports, 2 * TRAINER_MAX_LAYERS), 8);
	for (int i = 0; i < 8; i++) {
		const struct quant_statistics *statistics = &reports[i].statistics;
		assert_string_equal(reports[i].name, names[i]);
		assert_string_equal(reports[i].shape, shapes[i]);
		assert_int_equal(reports[i].network, i < 4 ? NETWORK_D : NETWORK_G);
		assert_true(isnan(reports[i].flips) && statistics->weights > 0 && statistics->variance > 0);
		assert_int_equal(statistics->fit.bits, i < 4 ? 2 : 32);
		uint64_t counted = 0;
		for (int z = 0; i < 4 && z < 4; z++)
			counted += statistics->counts[z];
		assert_int_equal(counted, i < 4 ? statistics->weights : 0);
	}
	for (int s = 0; s < 5; s++)
		step(trainer);
	trainer_describe_layers(trainer, reports, 2 * TRAINER_MAX_LAYERS);
	assert_true(reports[2].flips > 0 && reports[2].flips <= 1 && reports[2].flip_steps == 5 && isnan(reports[5].flips));
	trainer_describe_layers(trainer, reports, 2 * TRAINER_MAX_LAYERS);
	assert_true(reports[2].flips == 0 && reports[2].flip_steps == 0);
	assert_true(trainer_set_bits(trainer, NETWORK_D, 3, NULL) && trainer_set_bits(trainer, NETWORK_G, 1, NULL));
	trainer_describe_layers(trainer, reports, 2 * TRAINER_MAX_LAYERS);
	assert_true(isnan(reports[2].flips) && isnan(reports[5].flips) && reports[5].statistics.fit.bits == 1);
	assert_int_equal(trainer_describe_layers(trainer, reports, 3), 3);
	free(reports);
	trainer_destroy(trainer);
}

static void copy_tensor(struct trainer *trainer, const char *name, float *values, size_t count)
{
	struct checkpoint *checkpoint = trainer_checkpoint(trainer, NULL);
	assert_non_null(checkpoint);
	assert_true(checkpoint_get_tensor(checkpoint, name, count, values, NULL));
	checkpoint_destroy(checkpoint);
}

static void changes_take_effect_at_the_next_step(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(32, 32);
	struct trainer *changed = make(&settings, NULL), *plain = make(&settings, NULL);
	float before[128], after[128]; /* the last layer of G, 8x1x4x4 at most */
	step(changed);
	step(plain);
	assert_true(trainer_set_learning_rate(changed, NETWORK_G, 0, NULL));
	copy_tensor(changed, "G.deconv4.weight", before, 64);
	step(changed);
	copy_tensor(changed, "G.deconv4.weight", after, 64);
	assert_memory_equal(before, after, 64 * sizeof *before);
	step(plain);
	struct outcome a = step(changed), b = step(plain);
	assert_memory_not_equal(&a, &b, sizeof a);
	assert_true(trainer_set_learning_rate(changed, NETWORK_G, 2e-4, NULL));
	assert_true(trainer_set_bits(changed, NETWORK_D, 1, NULL));
	assert_true(trainer_set_quantizer(changed, "minmax", NULL));
	assert_int_equal(trainer_settings(changed)->bits[NETWORK_D], 1);
	assert_string_equal(trainer_settings(changed)->quantizer, "minmax");
	step(changed);
	assert_true(trainer_set_bits(changed, NETWORK_D, 32, NULL));
	step(changed);
	trainer_destroy(changed);
	trainer_destroy(plain);
}

static void wrong_changes_are_refused(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 2);
	struct trainer *trainer = make(&settings, NULL);
	struct error error = {0};
	assert_false(trainer_set_bits(trainer, NETWORK_D, 9, &error));
	assert_non_null(strstr(error.text, "D bits 9"));
	assert_false(trainer_set_quantizer(trainer, "none", &error));
	assert_non_null(strstr(error.text, "minmax"));
	assert_false(trainer_set_learning_rate(trainer, NETWORK_G, -1, &error));
	assert_false(trainer_set_learning_rate(trainer, NETWORK_G, NAN, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_int_equal(trainer_settings(trainer)->bits[NETWORK_D], 2);
	trainer_destroy(trainer);
}

static void facts_are_worked_out(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 2);
	struct trainer *trainer = make(&settings, NULL);
	const struct trainer_facts *facts = trainer_facts(trainer);
	const uint64_t d = 16 * (4 + 8 * 4 + 16 * 8 + 16), g = 16 * (10 * 16 + 16 * 8 + 8 * 4 + 4);
	assert_int_equal(facts->settings.channels, 1);
	assert_int_equal(facts->steps_per_epoch, STEPS_PER_EPOCH);
	assert_int_equal(facts->last_step, 3 * STEPS_PER_EPOCH);
	assert_int_equal(facts->layers[NETWORK_D] + facts->layers[NETWORK_G], 8);
	assert_true(facts->weights[NETWORK_D] == d && facts->weights[NETWORK_G] == g);
	assert_true(facts->parameters[NETWORK_D] == d + 2 * (8 + 16) && facts->parameters[NETWORK_G] == g + 2 * (16 + 8 + 4));
	const double d_forward = 16 * (256 * 4 + 64 * 8 * 4 + 16 * 16 * 8 + 16);
	const double g_forward = 16 * (160 + 16 * 16 * 8 + 64 * 8 * 4 + 256 * 4);
	assert_float_equal(facts->multiply_adds_per_step, BATCH * (8 * d_forward + 3 * g_forward), 0.5);
	struct outcome last = {0};
	for (int s = 0; s < STEPS_PER_EPOCH; s++) {
		last = step(trainer);
		assert_int_equal(last.epoch, 0);
	}
	assert_float_equal(last.epochs, 1, 1e-12);
	assert_int_equal(step(trainer).epoch, 1);
	struct trainer_work works[TRAINER_MAX_WORKS];
	int rows = trainer_describe_works(trainer, works, TRAINER_MAX_WORKS), seen = 0;
	double multiply_adds = 0;
	for (int i = 0; i < rows; i++) {
		seen += works[i].seconds > 0 && works[i].calls > 0 &&
		        (strcmp(works[i].name, "forward") == 0 || strcmp(works[i].name, "quantize") == 0);
		multiply_adds += works[i].multiply_adds;
	}
	assert_int_equal(seen, facts->layers[NETWORK_D] + facts->layers[NETWORK_G] + 7 + 2);
	const double steps = STEPS_PER_EPOCH + 1, unneeded = 2 * 16 * 256 * 4 + 16 * 160; /* gradients of D's and G's inputs */
	assert_float_equal(multiply_adds, steps * (facts->multiply_adds_per_step - BATCH * unneeded), 0.5);
	trainer_destroy(trainer);
}

static void wrong_settings_are_refused(void **state)
{
	(void)state;
	struct error error = {0};
	struct gan_settings settings = small_settings(7, 10);
	assert_null(trainer_create(&settings, &dataset, NULL, &error));
	assert_non_null(strstr(error.text, "G bits 10"));
	settings = small_settings(32, 32);
	settings.channels = 3;
	assert_null(trainer_create(&settings, &dataset, NULL, &error));
	assert_non_null(strstr(error.text, "made-up"));
	settings = small_settings(32, 32);
	settings.batch = PICTURES + 1;
	assert_null(trainer_create(&settings, &dataset, NULL, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	settings = small_settings(32, 32);
	settings.beta2 = 1;
	assert_null(trainer_create(&settings, &dataset, NULL, &error));
	assert_non_null(strstr(error.text, "beta2 1"));
	settings = small_settings(32, 32);
	snprintf(settings.optimizer, sizeof settings.optimizer, "none");
	assert_null(trainer_create(&settings, &dataset, NULL, &error));
	assert_non_null(strstr(error.text, "adam"));
}

/* --from: other bits, method, rates or optimizer on the same master weights. */
static void a_fork_keeps_weights_moments_and_cursor(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(32, 32);
	struct trainer *parent = make(&settings, NULL);
	for (int s = 0; s < 8; s++)
		step(parent);
	struct checkpoint *checkpoint = trainer_checkpoint(parent, NULL);
	float weights[512], forked[512];
	copy_tensor(parent, "D.conv2.weight.first_moment", weights, 512);
	settings.bits[NETWORK_D] = settings.bits[NETWORK_G] = 2;
	settings.learning_rate[NETWORK_D] = 1e-5;
	struct trainer *child = make(&settings, checkpoint);
	copy_tensor(child, "D.conv2.weight.first_moment", forked, 512);
	assert_memory_equal(weights, forked, sizeof weights);
	assert_int_equal(trainer_steps_done(child), 8);
	assert_true(step(child).step == 9 && step(parent).step == 9);
	trainer_destroy(child);
	snprintf(settings.optimizer, sizeof settings.optimizer, "sgd");
	child = make(&settings, checkpoint);
	step(child);
	trainer_destroy(child);
	checkpoint_set_integer(checkpoint, "data.picture", PICTURES + 100); /* as of a larger set */
	child = make(&settings, checkpoint);
	assert_int_equal(step(child).epoch, 2);
	trainer_destroy(child);
	checkpoint_destroy(checkpoint);
	trainer_destroy(parent);
}

static void checkpoints_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 32);
	struct trainer *trainer = make(&settings, NULL);
	struct checkpoint *checkpoint = trainer_checkpoint(trainer, NULL);
	trainer_destroy(trainer);
	struct gan_settings read;
	struct error error = {0};
	assert_true(gan_settings_from_checkpoint(&read, checkpoint, &error));
	assert_int_equal(read.seed, settings.seed);
	assert_true(read.bits[NETWORK_D] == 2 && read.bits[NETWORK_G] == 32 && read.learning_rate[NETWORK_D] == 2e-4 &&
	            read.epochs == 3);
	settings.width = 8;
	assert_null(trainer_create(&settings, &dataset, checkpoint, &error));
	assert_true(error.code == ERROR_INPUT && strstr(error.text, "D.conv1.weight") && strstr(error.text, "8x1x4x4"));
	settings.width = 4;
	static const struct { const char *key, *value, *said; } rows[] = {
		{"format", "other", "\"other\""},
		{"settings.width", "four", "settings.width"},
		{"settings.batch", "99999999999", "settings.batch"},
		{"step", "18446744073709551615", "\"step\""},
		{"data.picture", "-1", "data.picture"},
		{"D.conv1.weight.fit.bits", "3", "for 3 bits, not 2"},
		{"D.conv1.weight.fit.alpha", "nan", "fit.alpha"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *kept;
		assert_true(checkpoint_get_text(checkpoint, rows[i].key, &kept, NULL));
		char *copy = memory_text(kept);
		checkpoint_set_text(checkpoint, rows[i].key, rows[i].value);
		assert_null(trainer_create(&settings, &dataset, checkpoint, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		if (!strstr(error.text, rows[i].said))
			fail_msg("%s: %s", rows[i].key, error.text);
		checkpoint_set_text(checkpoint, rows[i].key, copy);
		free(copy);
	}
	struct checkpoint *empty = checkpoint_create();
	assert_null(trainer_create(&settings, &dataset, empty, &error));
	assert_non_null(strstr(error.text, "\"format\" is missing"));
	checkpoint_destroy(empty);
	checkpoint_destroy(checkpoint);
}

static void a_training_that_blows_up_says_so(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(32, 32);
	settings.learning_rate[NETWORK_D] = 1e30;
	struct trainer *trainer = make(&settings, NULL);
	struct step_report report;
	struct error error = {0};
	int64_t done = 0;
	while (done < 10 && trainer_step(trainer, &report, &error))
		done++;
	assert_in_range(done, 0, 9);
	assert_int_equal(error.code, ERROR_NUMERIC);
	assert_non_null(strstr(error.text, "learning rate"));
	assert_int_equal(trainer_steps_done(trainer), done);
	trainer_destroy(trainer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_training_resumes_as_if_never_interrupted),
		cmocka_unit_test(a_resumed_training_is_the_same_bit_for_bit),
		cmocka_unit_test(looking_and_threads_change_nothing),
		cmocka_unit_test(samples_depend_on_weights_and_seed_alone),
		cmocka_unit_test(layers_are_described_with_their_flips),
		cmocka_unit_test(changes_take_effect_at_the_next_step),
		cmocka_unit_test(wrong_changes_are_refused),
		cmocka_unit_test(facts_are_worked_out),
		cmocka_unit_test(wrong_settings_are_refused),
		cmocka_unit_test(a_fork_keeps_weights_moments_and_cursor),
		cmocka_unit_test(checkpoints_that_do_not_fit_are_refused),
		cmocka_unit_test(a_training_that_blows_up_says_so),
	};
	return cmocka_run_group_tests_name("trainer", tests, prepare, clean_up);
}
