/* engine/metric: the classifier as a network, on disk, in training and as a feature network. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/data/dataset.h"
#include "engine/data/picture_file.h"
#include "engine/metric/classifier.h"
#include "engine/metric/classifier_training.h"
#include "engine/metric/feature_network.h"
#include "tests/temporary_folder.h"

enum { SIZE = CLASSIFIER_SIZE, FEATURES = CLASSIFIER_FEATURES, CLASSES = 4, PICTURES = 35 };

static struct temporary_folder folder;
static uint8_t colours[PICTURES * SIZE * SIZE * 3], greys[PICTURES * SIZE * SIZE];
static const struct feature_pictures in_colour = {colours, PICTURES, SIZE, 3}, in_grey = {greys, PICTURES, SIZE, 1};

/* Weights that nobody trained, with running statistics that are no start values. */
static struct checkpoint *draw_classifier(int channels)
{
	struct random random;
	struct network *network = classifier_create(channels, CLASSES, 1, NULL, NULL);
	random_start(&random, 5, RANDOM_TEST);
	network_initialise(network, &random);
	for (size_t i = 0; i < network->running.floats; i++)
		network->statistics[i] += 0.1f * (float)(i % 7);
	struct checkpoint *checkpoint = classifier_store(network, NULL);
	network_destroy(network);
	assert_non_null(checkpoint);
	return checkpoint;
}

/* "classifier:FILE" */
static const char *save(struct checkpoint *checkpoint, const char *name)
{
	static char spec[TEMPORARY_PATH_SIZE + 16];
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	const char *path = temporary_path(&folder, "%s", name);
	assert_true(checkpoint_write(checkpoint, path, hash, &bytes, NULL));
	checkpoint_destroy(checkpoint);
	snprintf(spec, sizeof spec, "classifier:%s", path);
	return spec;
}

static struct feature_network *open_drawn(int channels)
{
	struct feature_network *network = feature_network_open(save(draw_classifier(channels), "drawn"), NULL, NULL);
	assert_non_null(network);
	return network;
}

static int prepare(void **state)
{
	(void)state;
	uint32_t number = 1;
	temporary_folder_create(&folder);
	for (size_t i = 0; i < sizeof colours; i++) {
		number = number * 1664525u + 1013904223u;
		colours[i] = (uint8_t)(number >> 24);
	}
	picture_grey_from_rgb(colours, sizeof greys, greys);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

/* ---- the network on disk ---- */

static void a_stored_classifier_comes_back_bit_for_bit(void **state)
{
	(void)state;
	struct random random;
	struct network *network = classifier_create(3, CLASSES, 2, &optimizer_adam, NULL);
	random_start(&random, 1, RANDOM_TEST);
	network_initialise(network, &random);
	network_pack(network, NULL);
	struct checkpoint *checkpoint = classifier_store(network, NULL);
	struct network *loaded = classifier_load(checkpoint, 2, NULL);
	assert_non_null(loaded);
	float *input = memory_try_floats(2 * shape_count(network->input), "input", NULL);
	random_fill_uniform(&random, input, 2 * shape_count(network->input));
	const float *logits = network_forward(network, NULL, 2, false, input), *again = network_forward(loaded, NULL, 2, false, input);
	assert_memory_equal(logits, again, 2 * CLASSES * sizeof *logits);
	assert_memory_equal(classifier_features(network), classifier_features(loaded), 2 * FEATURES * sizeof(float));
	const struct checkpoint_tensor *weight = checkpoint_find(checkpoint, "conv2.weight");
	const size_t shape[] = {48, 32, 3, 3};
	assert_non_null(weight);
	assert_memory_equal(weight->shape, shape, sizeof shape);
	free(input);
	checkpoint_destroy(checkpoint);
	network_destroy(loaded);
	network_destroy(network);
}

/* What refuses the file says so in a sentence with these words. */
static void assert_refused(struct checkpoint *checkpoint, const char *words)
{
	struct error error = {0};
	assert_null(feature_network_open(save(checkpoint, "wrong"), NULL, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	if (!strstr(error.text, words) || !strstr(error.text, "wrong"))
		fail_msg("\"%s\" does not say \"%s\"", error.text, words);
}

static void wrong_files_are_refused(void **state)
{
	(void)state;
	struct checkpoint *checkpoint = draw_classifier(3);
	checkpoint_set_text(checkpoint, "format", "qgan checkpoint 1");
	assert_refused(checkpoint, "expected \"qgan classifier 1\"");
	checkpoint = draw_classifier(3);
	checkpoint_set_integer(checkpoint, "channels", 2);
	assert_refused(checkpoint, "channels is 2; expected 1 or 3");
	checkpoint = draw_classifier(3);
	checkpoint_set_integer(checkpoint, "classes", 1000000);
	assert_refused(checkpoint, "classes is 1000000; expected 2..1000");
	checkpoint = draw_classifier(3);
	checkpoint_set_integer(checkpoint, "classes", CLASSES + 1);
	assert_refused(checkpoint, "classes.weight");
	checkpoint = draw_classifier(3);
	checkpoint_fill(checkpoint, "conv3.weight")[7] = NAN;
	assert_refused(checkpoint, "conv3.weight: value 7 is nan; expected a finite number");
	checkpoint = draw_classifier(3);
	checkpoint_fill(checkpoint, "norm2.running_var")[3] = -1;
	assert_refused(checkpoint, "norm2.running_var: value 3 is -1; expected a variance");
	checkpoint = checkpoint_create();
	checkpoint_declare(checkpoint, "other", 1, (size_t[]){3});
	assert_true(checkpoint_allocate(checkpoint, NULL));
	assert_refused(checkpoint, "no classifier");
}

static void damaged_files_are_refused(void **state)
{
	(void)state;
	save(draw_classifier(1), "wrong");
	FILE *file = fopen(temporary_path(&folder, "wrong"), "r+");
	fseek(file, -5, SEEK_END);
	fputc('!', file);
	fclose(file);
	char spec[TEMPORARY_PATH_SIZE + 16];
	struct error error = {0};
	snprintf(spec, sizeof spec, "classifier:%s", temporary_path(&folder, "wrong"));
	assert_null(feature_network_open(spec, NULL, &error));
	assert_non_null(strstr(error.text, "is damaged"));
}

static void specs_are_refused_in_words(void **state)
{
	(void)state;
	static const struct { const char *spec, *words; } rows[] = {
		{"inception-v9", "expected one of classifier[:WEIGHTS]"}, {"classifierx", "unknown feature network"},
		{"", "unknown feature network"}, {"classifier:", "names no weights"}, {"classifier:/no/such/file", "cannot be read"},
		{"classifier:/tmp", "not a regular file"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = {0};
		assert_null(feature_network_open(rows[i].spec, "cifar10", &error));
		assert_int_equal(error.code, ERROR_INPUT);
		if (!strstr(error.text, rows[i].words))
			fail_msg("\"%s\" does not say \"%s\"", error.text, rows[i].words);
	}
}

/* ---- features ---- */

struct result {
	float features[PICTURES * FEATURES], logits[PICTURES * CLASSES];
};

static struct result *compute(struct feature_network *network, struct parallel *parallel, const struct feature_pictures *pictures)
{
	struct result *result = memory_zeroed(1, sizeof *result);
	struct error error = {0};
	if (!feature_network_compute(network, parallel, pictures, NULL, result->features, result->logits, &error))
		fail_msg("%s", error.text);
	return result;
}

/* Each picture the same alone, among others, and with any number of threads; and the features lead to the logits. */
static void results_depend_on_the_picture_alone(void **state)
{
	(void)state;
	struct feature_network *network = open_drawn(3);
	struct parallel *three = parallel_create(3, NULL);
	struct result *one = compute(network, NULL, &in_colour), *many = compute(network, three, &in_colour);
	assert_memory_equal(one, many, sizeof *one);
	for (size_t n = 0; n < PICTURES; n += 17) {
		const struct feature_pictures alone = {colours + n * SIZE * SIZE * 3, 1, SIZE, 3};
		struct result *single = compute(network, NULL, &alone);
		assert_memory_equal(single->features, one->features + n * FEATURES, FEATURES * sizeof(float));
		assert_memory_equal(single->logits, one->logits + n * CLASSES, CLASSES * sizeof(float));
		free(single);
	}
	assert_memory_not_equal(one->features, one->features + FEATURES, FEATURES * sizeof(float));
	free(one);
	free(many);
	parallel_destroy(three);
	feature_network_close(network);
}

static void the_last_layer_turns_features_into_logits(void **state)
{
	(void)state;
	struct checkpoint *checkpoint = draw_classifier(3);
	float weight[CLASSES * FEATURES], bias[CLASSES];
	assert_true(checkpoint_get_tensor(checkpoint, "classes.weight", CLASSES * FEATURES, weight, NULL));
	assert_true(checkpoint_get_tensor(checkpoint, "classes.bias", CLASSES, bias, NULL));
	struct feature_network *network = feature_network_open(save(checkpoint, "drawn"), NULL, NULL);
	struct result *result = compute(network, NULL, &in_colour);
	for (size_t n = 0; n < PICTURES; n++)
		for (size_t c = 0; c < CLASSES; c++) {
			double sum = bias[c];
			for (size_t f = 0; f < FEATURES; f++)
				sum += (double)weight[c * FEATURES + f] * result->features[n * FEATURES + f];
			assert_float_equal(sum, result->logits[n * CLASSES + c], 1e-4 * (1 + fabs(sum)));
		}
	free(result);
	feature_network_close(network);
}

static void other_channels_are_converted(void **state)
{
	(void)state;
	struct feature_network *for_grey = open_drawn(1), *for_colour = open_drawn(3);
	struct result *grey = compute(for_grey, NULL, &in_grey), *from_colour = compute(for_grey, NULL, &in_colour);
	assert_memory_equal(grey, from_colour, sizeof *grey);
	static uint8_t tripled[sizeof colours];
	for (size_t i = 0; i < sizeof greys; i++)
		memset(tripled + 3 * i, greys[i], 3);
	const struct feature_pictures as_rgb = {tripled, PICTURES, SIZE, 3};
	struct result *replicated = compute(for_colour, NULL, &as_rgb), *from_grey = compute(for_colour, NULL, &in_grey);
	assert_memory_equal(replicated, from_grey, sizeof *replicated);
	free(grey);
	free(from_colour);
	free(replicated);
	free(from_grey);
	feature_network_close(for_grey);
	feature_network_close(for_colour);
}

static void other_sizes_are_resized(void **state)
{
	(void)state;
	enum { LARGE = 48, COUNT = sizeof colours / (LARGE * LARGE * 3) < 5 ? sizeof colours / (LARGE * LARGE * 3) : 5 };
	struct feature_network *network = open_drawn(3);
	const struct feature_pictures large = {colours, COUNT, LARGE, 3};
	uint8_t resized[COUNT * SIZE * SIZE * 3];
	for (size_t n = 0; n < COUNT; n++) {
		struct image image = {LARGE, LARGE, 3, colours + n * LARGE * LARGE * 3};
		struct image *square = picture_square(&image, SIZE, NULL);
		memcpy(resized + n * SIZE * SIZE * 3, square->pixels, SIZE * SIZE * 3);
		image_destroy(square);
	}
	const struct feature_pictures small = {resized, COUNT, SIZE, 3};
	struct result *a = compute(network, NULL, &large), *b = compute(network, NULL, &small);
	assert_memory_equal(a, b, sizeof *a);
	free(a);
	free(b);
	feature_network_close(network);
}

static bool stop_at_once(void *context, size_t done, size_t total)
{
	assert_int_equal(total, PICTURES);
	*(size_t *)context += 1;
	return done == 0;
}

static void computing_can_be_stopped_between_chunks(void **state)
{
	(void)state;
	struct feature_network *network = open_drawn(3);
	struct error error = {0};
	atomic_bool cancelled = true;
	size_t calls = 0;
	float features[PICTURES * FEATURES];
	const struct feature_run flag = {.cancelled = &cancelled}, asked = {.progress = stop_at_once, .context = &calls};
	assert_false(feature_network_compute(network, NULL, &in_colour, &flag, features, NULL, &error));
	assert_int_equal(error.code, ERROR_CANCELLED);
	error = (struct error){0};
	assert_false(feature_network_compute(network, NULL, &in_colour, &asked, features, NULL, &error));
	assert_int_equal(error.code, ERROR_CANCELLED);
	assert_int_equal(calls, 2);
	feature_network_close(network);
}

static void the_right_ones_are_counted(void **state)
{
	(void)state;
	struct feature_network *network = open_drawn(3);
	struct result *result = compute(network, NULL, &in_colour);
	uint16_t labels[PICTURES];
	size_t correct = 99;
	for (size_t n = 0; n < PICTURES; n++) {
		labels[n] = 0;
		for (uint16_t c = 1; c < CLASSES; c++)
			labels[n] = result->logits[n * CLASSES + c] > result->logits[n * CLASSES + labels[n]] ? c : labels[n];
	}
	assert_true(feature_network_count_correct(network, NULL, &in_colour, labels, NULL, &correct, NULL));
	assert_int_equal(correct, PICTURES);
	labels[3] = (labels[3] + 1) % CLASSES;
	assert_true(feature_network_count_correct(network, NULL, &in_colour, labels, NULL, &correct, NULL));
	assert_int_equal(correct, PICTURES - 1);
	struct error error = {0};
	labels[33] = CLASSES;
	assert_false(feature_network_count_correct(network, NULL, &in_colour, labels, NULL, &correct, &error));
	assert_non_null(strstr(error.text, "picture 33 is of class 4; the network knows classes 0..3"));
	free(result);
	feature_network_close(network);
}

static void the_facts_say_what_was_used(void **state)
{
	(void)state;
	struct checkpoint *checkpoint = draw_classifier(1);
	checkpoint_set_text(checkpoint, "data", "letters");
	checkpoint_set_number(checkpoint, "accuracy", 0.75);
	checkpoint_set_integer(checkpoint, "test_count", 1234);
	struct feature_network *network = feature_network_open(save(checkpoint, "named"), NULL, NULL);
	const struct feature_facts *facts = &network->facts;
	assert_string_equal(facts->data, "letters");
	assert_true(facts->accuracy == 0.75 && facts->test_count == 1234);
	assert_true(facts->dimensions == FEATURES && facts->classes == CLASSES && facts->channels == 1 && facts->size == SIZE);
	assert_true(facts->multiply_adds > 2e7 && facts->multiply_adds < 2.3e7);
	assert_int_equal(strlen(facts->hash), 64);
	assert_non_null(strstr(facts->recipe, "classifier/named "));
	assert_memory_equal(strchr(facts->recipe, ' ') + 1, facts->hash, 8);
	feature_network_close(network);
	network = open_drawn(1);
	assert_true(isnan(network->facts.accuracy));
	assert_string_equal(network->facts.data, "unknown");
	feature_network_close(network);
}

/* ---- ready-made weights ---- */

/* What each must reach on its test pictures, as measured when it was made. */
static const struct { const char *data; double accuracy; int channels; } promises[] = {
	{"fashion-mnist", 0.915, 1}, {"cifar10", 0.82, 3}, {"shapes", 0.95, 3},
};
enum { PROMISES = sizeof promises / sizeof *promises, MAX_READY_BYTES = 3000000 };

static void ready_weights_keep_their_promises(void **state)
{
	(void)state;
	size_t bytes = 0;
	int count = 0;
	for (int i = 0; feature_classifier.ready(i); i++, count++) {
		const char *name = feature_classifier.ready(i);
		int row = 0;
		while (row < PROMISES && strcmp(promises[row].data, name) != 0)
			row++;
		assert_in_range(row, 0, PROMISES - 1);
		struct feature_network *network = feature_network_open(NULL, name, NULL);
		assert_non_null(network);
		assert_string_equal(network->facts.weights, name);
		assert_string_equal(network->facts.data, name);
		assert_true(network->facts.accuracy >= promises[row].accuracy && network->facts.accuracy < 1);
		assert_true(network->facts.channels == promises[row].channels && network->facts.classes == 10);
		assert_in_range(network->facts.test_count, 4000, 10000);
		bytes += network->facts.weight_bytes;
		feature_network_close(network);
	}
	assert_int_equal(count, PROMISES);
	assert_in_range(bytes, 1, MAX_READY_BYTES);
}

/* A few of the test pictures, where they are on this machine: as many are named rightly as the file says, more or less. */
static void ready_weights_know_their_pictures(void **state)
{
	(void)state;
	enum { SOME = 100 };
	for (int i = 0; feature_classifier.ready(i); i++) {
		const char *name = feature_classifier.ready(i);
		const struct dataset_options options = {.size = SIZE, .seed = 1, .split = "test", .limit = SOME};
		struct dataset *dataset = dataset_open(name, &options, NULL);
		if (!dataset)
			continue;
		struct feature_network *network = feature_network_open(NULL, name, NULL);
		const struct feature_pictures pictures = {dataset->pixels, dataset->count, dataset->size, dataset->channels};
		size_t correct;
		assert_true(feature_network_count_correct(network, NULL, &pictures, dataset->labels, NULL, &correct, NULL));
		double accuracy = network->facts.accuracy, spread = sqrt(accuracy * (1 - accuracy) / SOME);
		assert_float_equal((double)correct / SOME, accuracy, 4 * spread);
		feature_network_close(network);
		dataset_destroy(dataset);
	}
}

/* ---- training ---- */

/* Two classes that one look tells apart: the upper or the lower half is bright. */
enum { TRAINED = 24, BATCH = 8 };
static uint8_t halves[TRAINED * SIZE * SIZE];
static uint16_t half_labels[TRAINED];
static char half_names[2][DATASET_CLASS_NAME_SIZE] = {"upper", "lower"};
static struct dataset half_set = {
	.spec = "halves", .kind = "halves", .size = SIZE, .channels = 1, .count = TRAINED, .pixels = halves, .labels = half_labels,
	.classes = 2, .class_names = half_names,
};

static void fill_halves(void)
{
	for (int n = 0; n < TRAINED; n++) {
		half_labels[n] = n % 2;
		for (int i = 0; i < SIZE * SIZE; i++)
			halves[n * SIZE * SIZE + i] = (uint8_t)((i / (SIZE * SIZE / 2) == n % 2 ? 160 : 40) + (i * 7 + n * 13) % 60);
	}
}

static const struct classifier_options few_steps = {
	.epochs = 3, .batch = BATCH, .learning_rate = 3e-3, .shift = 2, .flip = true, .seed = 4,
};

/* A picture's features between two steps, with the training's own threads. */
static void look_beside(struct feature_network *beside, struct parallel *parallel)
{
	const struct feature_pictures one = {colours, 1, SIZE, 3};
	float features[FEATURES], logits[CLASSES];
	if (beside)
		assert_true(feature_network_compute(beside, parallel, &one, NULL, features, logits, NULL));
}

/* The trained network as a checkpoint; losses[] of the steps. beside: a network that is used meanwhile, or NULL. */
static struct checkpoint *train(const struct classifier_options *options, int threads, struct feature_network *beside,
                                double losses[])
{
	struct parallel *parallel = parallel_create(threads, NULL);
	struct error error = {0};
	struct classifier_training *training = classifier_training_create(&half_set, options, parallel, &error);
	if (!training)
		fail_msg("%s", error.text);
	int64_t steps = classifier_training_steps(training);
	assert_int_equal(steps, options->epochs * (TRAINED / options->batch));
	for (int64_t i = 0; i < steps; i++) {
		struct classifier_step step;
		assert_int_equal(classifier_training_steps_done(training), i);
		assert_true(classifier_training_step(training, &step, &error));
		assert_true(step.pictures == BATCH && step.correct >= 0 && step.correct <= BATCH);
		losses[i] = step.loss;
		look_beside(beside, parallel);
	}
	struct checkpoint *checkpoint = classifier_training_store(training, NULL);
	classifier_training_destroy(training);
	parallel_destroy(parallel);
	return checkpoint;
}

/* The same with other threads and a feature network at work between the steps, another one with another seed. */
static void training_learns_and_repeats_itself(void **state)
{
	(void)state;
	double losses[9], again[9], other[9];
	fill_halves();
	struct checkpoint *checkpoint = train(&few_steps, 1, NULL, losses);
	assert_true(losses[8] < 0.5 * losses[0]);
	const char *name = NULL;
	uint64_t epochs = 0;
	assert_true(checkpoint_get_text(checkpoint, "class.1", &name, NULL));
	assert_true(checkpoint_get_integer(checkpoint, "epochs", &epochs, NULL));
	assert_string_equal(name, "lower");
	assert_int_equal(epochs, 3);
	struct feature_network *beside = open_drawn(3);
	struct checkpoint *repeated = train(&few_steps, 3, beside, again);
	feature_network_close(beside);
	assert_memory_equal(losses, again, sizeof losses);
	for (int i = 0; i < checkpoint_tensor_count(checkpoint); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(checkpoint, i), *twin = checkpoint_tensor_at(repeated, i);
		assert_memory_equal(tensor->data, twin->data, tensor->count * sizeof(float));
	}
	struct classifier_options seeded = few_steps;
	seeded.seed = 5;
	checkpoint_destroy(train(&seeded, 2, NULL, other));
	assert_true(other[0] != losses[0]);
	checkpoint_destroy(repeated);
	checkpoint_destroy(checkpoint);
}

static void pictures_are_moved_and_mirrored(void **state)
{
	(void)state;
	const uint8_t from[] = {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60, 7, 70, 8, 80, 9, 90};
	const uint8_t right_and_up[] = {4, 40, 4, 40, 5, 50, 7, 70, 7, 70, 8, 80, 7, 70, 7, 70, 8, 80};
	const uint8_t mirrored[] = {3, 30, 2, 20, 1, 10, 6, 60, 5, 50, 4, 40, 9, 90, 8, 80, 7, 70};
	uint8_t to[sizeof from];
	classifier_move_picture(from, 3, 2, 0, 0, false, to);
	assert_memory_equal(to, from, sizeof to);
	classifier_move_picture(from, 3, 2, 1, -1, false, to);
	assert_memory_equal(to, right_and_up, sizeof to);
	classifier_move_picture(from, 3, 2, 0, 0, true, to);
	assert_memory_equal(to, mirrored, sizeof to);
	classifier_move_picture(from, 3, 2, 30, 0, true, to);
	assert_true(to[0] == 1 && to[2] == 1 && to[4] == 1);
}

static void impossible_trainings_are_refused(void **state)
{
	(void)state;
	struct dataset unlabelled = half_set, single = half_set;
	unlabelled.labels = NULL;
	single.classes = 1;
	struct classifier_options large = few_steps, none = few_steps;
	large.batch = TRAINED + 1;
	none.epochs = 0;
	const struct { const struct dataset *dataset; const struct classifier_options *options; const char *words; } rows[] = {
		{&unlabelled, &few_steps, "has no labels"}, {&single, &few_steps, "has 1 classes; expected 2..1000"},
		{&half_set, &large, "the batch is 25 pictures; expected 2..4096 and no more than the 24"},
		{&half_set, &none, "epochs is 0; expected 1.."},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = {0};
		assert_null(classifier_training_create(rows[i].dataset, rows[i].options, NULL, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		if (!strstr(error.text, rows[i].words))
			fail_msg("\"%s\" does not say \"%s\"", error.text, rows[i].words);
	}
}

static void digits_are_not_mirrored(void **state)
{
	(void)state;
	assert_false(classifier_options_for("mnist").flip);
	assert_false(classifier_options_for("images").flip);
	assert_true(classifier_options_for("cifar10").flip);
	assert_true(classifier_options_for("something else").epochs > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stored_classifier_comes_back_bit_for_bit),
		cmocka_unit_test(wrong_files_are_refused),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(specs_are_refused_in_words),
		cmocka_unit_test(results_depend_on_the_picture_alone),
		cmocka_unit_test(the_last_layer_turns_features_into_logits),
		cmocka_unit_test(other_channels_are_converted),
		cmocka_unit_test(other_sizes_are_resized),
		cmocka_unit_test(computing_can_be_stopped_between_chunks),
		cmocka_unit_test(the_right_ones_are_counted),
		cmocka_unit_test(the_facts_say_what_was_used),
		cmocka_unit_test(ready_weights_keep_their_promises),
		cmocka_unit_test(ready_weights_know_their_pictures),
		cmocka_unit_test(training_learns_and_repeats_itself),
		cmocka_unit_test(pictures_are_moved_and_mirrored),
		cmocka_unit_test(impossible_trainings_are_refused),
		cmocka_unit_test(digits_are_not_mirrored),
	};
	return cmocka_run_group_tests_name("features", tests, prepare, remove_folder);
}
