/* engine/gan: quantization of single layers and channels in a training: who has which fit, what live changes keep, flips. */
#include "tests/trainer_fixture.h"

static const char *const layer_names[] = {"D.conv1", "D.conv2", "D.conv3", "D.conv4",
                                          "G.deconv1", "G.deconv2", "G.deconv3", "G.deconv4"};
enum { LAYERS = 8 };

static struct layer_report reports[2 * TRAINER_MAX_LAYERS];

static const struct layer_report *describe(struct trainer *trainer)
{
	assert_int_equal(trainer_describe_layers(trainer, reports, 2 * TRAINER_MAX_LAYERS), LAYERS);
	return reports;
}

static void assert_bits(struct trainer *trainer, const int bits[LAYERS])
{
	describe(trainer);
	for (int i = 0; i < LAYERS; i++) {
		assert_int_equal(reports[i].statistics.fit.bits, bits[i]);
		assert_int_equal(reports[i].quantizer == NULL, bits[i] == QUANT_FLOAT_BITS);
	}
}

static struct checkpoint *state_of(struct trainer *trainer)
{
	struct error error = {0};
	struct checkpoint *checkpoint = trainer_checkpoint(trainer, &error);
	if (!checkpoint)
		fail_msg("%s", error.text);
	return checkpoint;
}

/* A number of a layer's fit in a checkpoint: "alpha". */
static double fit_number(const struct checkpoint *checkpoint, const char *layer, const char *name)
{
	char key[96];
	double value;
	snprintf(key, sizeof key, "%s.weight.fit.%s", layer, name);
	assert_true(checkpoint_get_number(checkpoint, key, &value, NULL));
	return value;
}

static const float *weights_of(const struct checkpoint *checkpoint, const char *layer, size_t *count)
{
	char name[96];
	snprintf(name, sizeof name, "%s.weight", layer);
	const struct checkpoint_tensor *tensor = checkpoint_find(checkpoint, name);
	assert_non_null(tensor);
	*count = tensor->count;
	return tensor->values;
}

static bool same_weights(const struct checkpoint *a, const struct checkpoint *b)
{
	for (int i = 0; i < checkpoint_tensor_count(a); i++) {
		const struct checkpoint_tensor *left = checkpoint_tensor_at(a, i), *right = checkpoint_find(b, left->name);
		if (!right || memcmp(left->values, right->values, left->count * sizeof(float)) != 0)
			return false;
	}
	return true;
}

static bool same_pictures(struct trainer *a, struct trainer *b)
{
	struct image *left = trainer_sample(a, 9, 0, NULL), *right = trainer_sample(b, 9, 0, NULL);
	assert_true(left && right);
	bool same = memcmp(left->pixels, right->pixels, (size_t)left->width * (size_t)left->height) == 0;
	image_destroy(left);
	image_destroy(right);
	return same;
}

static void every_layer_has_the_bits_asked_for(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 32);
	text_copy(settings.layer_bits, sizeof settings.layer_bits, "G.conv1=4,D.conv4=8,D.conv2=32");
	text_copy(settings.exempt, sizeof settings.exempt, "ends");
	struct trainer *trainer = make(&settings, NULL);
	assert_string_equal(trainer_settings(trainer)->layer_bits, "D.conv2=32,D.conv4=8,G.deconv1=4");
	assert_bits(trainer, (int[]){32, 32, 2, 8, 4, 32, 32, 32});
	for (int s = 0; s < 3; s++)
		step(trainer);
	struct error error = {0};
	assert_true(trainer_set_layer_bits(trainer, NETWORK_G, "conv1", 0, &error));
	assert_true(trainer_set_bits(trainer, NETWORK_G, 1, &error));
	assert_bits(trainer, (int[]){32, 32, 2, 8, 32, 1, 1, 32});
	assert_false(trainer_set_layer_bits(trainer, NETWORK_D, "norm2", 2, &error));
	assert_string_equal(error.text, "bits: D has no layer \"norm2\"; it has conv1, conv2, conv3, conv4");
	assert_false(trainer_set_layer_bits(trainer, NETWORK_D, "conv2", 16, &error));
	assert_string_equal(trainer_settings(trainer)->layer_bits, "D.conv2=32,D.conv4=8");
	step(trainer);
	trainer_destroy(trainer);
}

/* Bits, method and layers come and go: the float weights stay to the last bit, and back at 32 the network is the float one. */
static void live_changes_keep_the_master_weights(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(32, 32);
	struct trainer *changed = make(&settings, NULL), *plain = make(&settings, NULL);
	for (int s = 0; s < 4; s++) {
		step(changed);
		step(plain);
	}
	struct checkpoint *before = state_of(changed);
	assert_true(same_pictures(changed, plain));
	assert_true(trainer_set_bits(changed, NETWORK_G, 1, NULL));
	assert_false(same_pictures(changed, plain));
	assert_true(trainer_set_bits(changed, NETWORK_D, 3, NULL) && trainer_set_quantizer(changed, "minmax", NULL));
	describe(changed);
	assert_true(trainer_set_layer_bits(changed, NETWORK_G, "deconv2", 32, NULL));
	assert_false(same_pictures(changed, plain));
	struct checkpoint *between = state_of(changed);
	assert_true(same_weights(before, between));
	assert_true(trainer_set_bits(changed, NETWORK_G, 32, NULL) && trainer_set_bits(changed, NETWORK_D, 32, NULL));
	assert_true(trainer_set_layer_bits(changed, NETWORK_G, "deconv2", 0, NULL));
	assert_true(same_pictures(changed, plain));
	for (int s = 0; s < 3; s++) {
		struct outcome a = step(changed), b = step(plain);
		assert_memory_equal(&a, &b, sizeof a);
	}
	checkpoint_destroy(before);
	checkpoint_destroy(between);
	trainer_destroy(changed);
	trainer_destroy(plain);
}

/* The fits of layers that a change is not about go on warm. */
static void other_layers_keep_their_fits(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 2);
	struct trainer *trainer = make(&settings, NULL);
	for (int s = 0; s < 4; s++)
		step(trainer);
	describe(trainer);
	int trace = reports[2].trace.count;
	assert_true(trace > 4);
	struct checkpoint *before = state_of(trainer);
	assert_true(trainer_set_layer_bits(trainer, NETWORK_D, "conv2", 4, NULL));
	struct checkpoint *after = state_of(trainer);
	for (int i = 0; i < LAYERS; i++) {
		bool same = fit_number(before, layer_names[i], "alpha") == fit_number(after, layer_names[i], "alpha");
		assert_int_equal(same, i != 1);
	}
	describe(trainer);
	assert_int_equal(reports[2].trace.count, trace);
	assert_true(isnan(reports[1].flips) && reports[2].flips == 0);
	checkpoint_destroy(before);
	checkpoint_destroy(after);
	trainer_destroy(trainer);
}

static void take_channel(const char *text, size_t channel, double *alpha, double *beta)
{
	for (; channel > 0; channel--)
		text = strchr(text, ';') + 1;
	assert_int_equal(sscanf(text, "%lf %lf", alpha, beta), 2);
}

/* Minmax-Q says which weights a fit has seen: beta is the smallest, alpha the range over the steps between. */
static void a_channel_is_what_pytorch_calls_an_output_channel(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 3);
	text_copy(settings.quantizer, sizeof settings.quantizer, "minmax");
	settings.per_channel = true;
	struct trainer *trainer = make(&settings, NULL);
	step(trainer);
	struct checkpoint *checkpoint = state_of(trainer);
	describe(trainer);
	for (int i = 0; i < LAYERS; i++) {
		char key[96];
		const char *fits;
		size_t shape[4], count;
		const float *weights = weights_of(checkpoint, layer_names[i], &count);
		assert_int_equal(sscanf(reports[i].shape, "%zux%zux%zux%zu", &shape[0], &shape[1], &shape[2], &shape[3]), 4);
		snprintf(key, sizeof key, "%s.weight.fit.channels", layer_names[i]);
		assert_true(checkpoint_get_text(checkpoint, key, &fits, NULL));
		size_t channels = i < 4 ? shape[0] : shape[1], plane = shape[2] * shape[3];
		assert_int_equal(reports[i].statistics.groups, channels);
		for (size_t channel = 0; channel < channels; channel++) {
			float low = INFINITY, high = -INFINITY;
			for (size_t w = 0; w < count; w++) {
				size_t out = i < 4 ? w / (shape[1] * plane) : w / plane % shape[1];
				low = out == channel ? fminf(low, weights[w]) : low;
				high = out == channel ? fmaxf(high, weights[w]) : high;
			}
			double alpha, beta;
			take_channel(fits, channel, &alpha, &beta);
			assert_true(beta == low);
			assert_float_equal(alpha, ((double)high - low) / (i < 4 ? 3 : 7), 1e-12);
		}
	}
	checkpoint_destroy(checkpoint);
	trainer_destroy(trainer);
}

static int state_on(double alpha, double beta, int bits, float weight)
{
	double z = rint((weight - beta) / alpha), top = (1 << bits) - 1;
	return (int)fmin(fmax(z, 0), top);
}

/* By hand: both weights on the grid of the first report. */
static void flips_are_counted_on_the_grid_of_the_last_report(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 3);
	settings.learning_rate[NETWORK_D] = settings.learning_rate[NETWORK_G] = 5e-3;
	struct trainer *trainer = make(&settings, NULL);
	describe(trainer);
	struct checkpoint *before = state_of(trainer);
	for (int s = 0; s < 4; s++)
		step(trainer);
	struct checkpoint *after = state_of(trainer);
	describe(trainer);
	for (int i = 0; i < LAYERS; i++) {
		size_t count, flipped = 0;
		const float *old = weights_of(before, layer_names[i], &count), *new = weights_of(after, layer_names[i], &count);
		double alpha = fit_number(before, layer_names[i], "alpha"), beta = fit_number(before, layer_names[i], "beta");
		int bits = i < 4 ? 2 : 3;
		for (size_t w = 0; w < count; w++)
			flipped += state_on(alpha, beta, bits, old[w]) != state_on(alpha, beta, bits, new[w]);
		assert_true(flipped > 0 && reports[i].flip_steps == 4);
		assert_float_equal(reports[i].flips, (double)flipped / (double)count, 1e-12);
	}
	checkpoint_destroy(before);
	checkpoint_destroy(after);
	trainer_destroy(trainer);
}

/* Fits are put off in a checkpoint and drift back while the weights stand still: states change, no weight flips. */
static void a_drifting_grid_alone_flips_nothing(void **state)
{
	(void)state;
	for (int per_channel = 0; per_channel < 2; per_channel++) {
		struct gan_settings settings = small_settings(3, 32);
		settings.per_channel = per_channel;
		settings.learning_rate[NETWORK_D] = 0;
		struct trainer *trainer = make(&settings, NULL);
		struct checkpoint *checkpoint = state_of(trainer);
		trainer_destroy(trainer);
		if (per_channel)
			checkpoint_set_text(checkpoint, "D.conv2.weight.fit.channels",
			                    "0.012 -0.05 0 0;0.012 -0.03 0 0;0.009 -0.04 0 0;0.012 -0.02 0 0;"
			                    "0.012 -0.03 0 0;0.015 -0.03 0 0;0.012 -0.06 0 0;0.012 -0.03 0 0");
		else
			checkpoint_set_number(checkpoint, "D.conv2.weight.fit.beta", fit_number(checkpoint, "D.conv2", "beta") * 0.6);
		trainer = make(&settings, checkpoint);
		struct quant_statistics before = describe(trainer)[1].statistics;
		step(trainer);
		const struct layer_report *report = &describe(trainer)[1];
		assert_true(report->statistics.fit.beta != before.fit.beta);
		assert_memory_not_equal(report->statistics.counts, before.counts, 8 * sizeof *before.counts);
		assert_true(report->flips == 0 && report->flip_steps == 1);
		checkpoint_destroy(checkpoint);
		trainer_destroy(trainer);
	}
}

/* A trace has one error a warm step and, in between, never more than QUANT_TRACE. */
static void traces_grow_with_the_steps(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 32);
	struct trainer *trainer = make(&settings, NULL);
	step(trainer);
	int first = describe(trainer)[0].trace.count;
	float last = reports[0].trace.errors[first - 1];
	assert_true(first > 0 && reports[4].trace.count == 0);
	step(trainer);
	describe(trainer);
	assert_true(reports[0].trace.count > first && reports[0].trace.errors[first - 1] == last);
	for (int s = 0; s < QUANT_TRACE; s++)
		step(trainer);
	assert_int_equal(describe(trainer)[0].trace.count, QUANT_TRACE);
	trainer_destroy(trainer);
}

/* D alone, G alone, both, with exceptions: the fork starts from the checkpoint's weights, moments and statistics. */
static void forks_quantize_what_they_are_told(void **state)
{
	(void)state;
	static const struct { int d_bits, g_bits; const char *layer_bits, *exempt; int bits[LAYERS]; } forks[] = {
		{2, 32, "", "none", {2, 2, 2, 2, 32, 32, 32, 32}},
		{32, 1, "", "none", {32, 32, 32, 32, 1, 1, 1, 1}},
		{2, 1, "", "ends", {32, 2, 2, 32, 32, 1, 1, 32}},
		{2, 1, "D.conv1=8,G.conv2=4", "first", {8, 2, 2, 2, 32, 4, 1, 1}},
	};
	struct gan_settings settings = small_settings(32, 32);
	struct trainer *parent = make(&settings, NULL);
	for (int s = 0; s < 5; s++)
		step(parent);
	struct checkpoint *checkpoint = state_of(parent);
	for (size_t i = 0; i < sizeof forks / sizeof *forks; i++) {
		settings.bits[NETWORK_D] = forks[i].d_bits;
		settings.bits[NETWORK_G] = forks[i].g_bits;
		text_copy(settings.layer_bits, sizeof settings.layer_bits, forks[i].layer_bits);
		text_copy(settings.exempt, sizeof settings.exempt, forks[i].exempt);
		struct trainer *child = make(&settings, checkpoint);
		assert_bits(child, forks[i].bits);
		struct checkpoint *state_of_child = state_of(child);
		assert_true(same_weights(checkpoint, state_of_child)); /* moments and running statistics too */
		checkpoint_destroy(state_of_child);
		assert_int_equal(step(child).step, 6);
		trainer_destroy(child);
	}
	checkpoint_destroy(checkpoint);
	trainer_destroy(parent);
}

static void what_cannot_be_trained_is_refused_live_too(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 2);
	text_copy(settings.quantizer, sizeof settings.quantizer, "tanh");
	struct trainer *trainer = make(&settings, NULL);
	struct error error = {0};
	assert_false(trainer_set_bits(trainer, NETWORK_D, 1, &error));
	assert_non_null(strstr(error.text, "D.conv1 cannot be trained at 1 bit with Tanh-Q"));
	assert_non_null(strstr(error.text, "allow-degenerate"));
	assert_false(trainer_set_layer_bits(trainer, NETWORK_G, "deconv3", 1, &error));
	assert_non_null(strstr(error.text, "G.deconv3"));
	assert_true(trainer_set_quantizer(trainer, "em", NULL) && trainer_set_layer_bits(trainer, NETWORK_G, "deconv3", 1, NULL));
	assert_false(trainer_set_quantizer(trainer, "log", &error));
	assert_non_null(strstr(error.text, "G.deconv3 cannot be trained at 1 bit with Log-Q"));
	assert_string_equal(trainer_settings(trainer)->quantizer, "em");
	assert_bits(trainer, (int[]){2, 2, 2, 2, 2, 2, 1, 2});
	trainer_destroy(trainer);
	settings.bits[NETWORK_G] = 1;
	assert_null(trainer_create(&settings, &dataset, NULL, &error));
	assert_non_null(strstr(error.text, "G.deconv1 cannot be trained"));
	settings.allow_degenerate = true;
	trainer = make(&settings, NULL);
	step(trainer);
	trainer_destroy(trainer);
}

/* Renames a key within a file's header to one nobody asks for; the checksum covers the tensors alone. */
static void hide_key(char *bytes, size_t size, const char *key)
{
	char *place = memmem(bytes, size, key, strlen(key));
	assert_non_null(place);
	place[0] = 'x';
}

/* Files written before there were these settings: what they lack is as it was then. */
static void older_checkpoints_are_read(void **state)
{
	(void)state;
	static const char *const later[] = {"settings.bits", "settings.exempt", "settings.literal", "settings.per-channel",
	                                    "settings.allow-degenerate"};
	struct gan_settings settings = small_settings(2, 1);
	struct trainer *trainer = make(&settings, NULL);
	step(trainer);
	char hash[CHECKPOINT_HASH_SIZE];
	save(trainer, hash);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char *bytes = memory_zeroed(1, 1 << 20);
	size_t size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		hide_key(bytes, size, later[i]);
	struct error error = {0};
	struct checkpoint *old = checkpoint_parse(bytes, size, "old", &error);
	if (!old)
		fail_msg("%s", error.text);
	struct gan_settings read;
	assert_true(gan_settings_from_checkpoint(&read, old, &error));
	assert_string_equal(read.layer_bits, "");
	assert_string_equal(read.exempt, "none");
	assert_false(read.literal || read.per_channel || read.allow_degenerate);
	struct trainer *resumed = make(&read, old);
	for (int s = 0; s < 3; s++) {
		struct outcome a = step(trainer), b = step(resumed);
		assert_memory_equal(&a, &b, sizeof a);
	}
	checkpoint_destroy(old);
	free(bytes);
	trainer_destroy(trainer);
	trainer_destroy(resumed);
}

static void damaged_fits_of_channels_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"", "1 2 3", "1 2 3 0", "nan 0 0 0;0 0 0 0;0 0 0 0;0 0 0 0", "a b c d;;;", "1 2 3 0;1 2 3 0;1 2 3 0;1 2 3 0;",
		"1 2 3 0;1 2 3 0;1 2 3 0;1 2 -3 0", "1 2 3 0;1 2 3 0;1 2 3 0;1 2 3 0;1 2 3 0", "1 2 3 0;1 2 3 0;1 2 3 0;1 2 3 0 ",
	};
	struct gan_settings settings = small_settings(2, 32);
	settings.per_channel = true;
	struct trainer *trainer = make(&settings, NULL);
	struct checkpoint *checkpoint = state_of(trainer);
	trainer_destroy(trainer);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error error = {0};
		checkpoint_set_text(checkpoint, "D.conv1.weight.fit.channels", wrong[i]);
		assert_null(trainer_create(&settings, &dataset, checkpoint, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, "D.conv1.weight.fit.channels"));
	}
	checkpoint_set_text(checkpoint, "D.conv1.weight.fit.channels", "1 2 3 0;1 2 3 0;1 2 3 0;1 2 3 1");
	trainer_destroy(make(&settings, checkpoint));
	checkpoint_destroy(checkpoint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layer_has_the_bits_asked_for),
		cmocka_unit_test(live_changes_keep_the_master_weights),
		cmocka_unit_test(other_layers_keep_their_fits),
		cmocka_unit_test(a_channel_is_what_pytorch_calls_an_output_channel),
		cmocka_unit_test(flips_are_counted_on_the_grid_of_the_last_report),
		cmocka_unit_test(a_drifting_grid_alone_flips_nothing),
		cmocka_unit_test(traces_grow_with_the_steps),
		cmocka_unit_test(forks_quantize_what_they_are_told),
		cmocka_unit_test(what_cannot_be_trained_is_refused_live_too),
		cmocka_unit_test(older_checkpoints_are_read),
		cmocka_unit_test(damaged_fits_of_channels_are_refused),
	};
	return cmocka_run_group_tests_name("trainer_bits", tests, prepare, clean_up);
}
