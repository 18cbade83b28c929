#include "engine/metric/classifier_training.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/metric/classifier.h"
#include "engine/nn/cross_entropy.h"
#include "engine/tensor/gemm.h"

/* Rise of the learning rate, as a share of all steps. */
static const double RISE = 0.2;

enum { MAX_EPOCHS = 10000, MAX_BATCH = 4096 };

/* How the ready-made weights came about (assets/features/README.md). Digits must not be mirrored. */
static const struct recipe {
	const char *data;
	int epochs, shift;
	bool flip;
} recipes[] = {
	{"fashion-mnist", 4, 2, true},
	{"mnist", 3, 2, false},
	{"cifar10", 14, 4, true},
	{"shapes", 5, 3, true},
};
enum { RECIPES = sizeof recipes / sizeof *recipes };

struct classifier_training {
	const struct dataset *dataset;
	struct classifier_options options;
	struct parallel *parallel;
	struct network *network;
	int64_t step, steps_per_epoch;
	uint32_t *order;         /* of the pictures in this epoch */
	uint8_t *pixels;         /* of the batch, one picture after the other */
	uint16_t *labels;
	float *input, *gradient; /* of the batch; gradient: with respect to the logits */
};

struct classifier_options classifier_options_for(const char *data_kind)
{
	struct classifier_options options = {
		.epochs = 10, .batch = 64, .learning_rate = 3e-3, .shift = 3, .flip = false, .seed = 1,
	};
	for (int i = 0; i < RECIPES; i++)
		if (!strcmp(recipes[i].data, data_kind)) {
			options.epochs = recipes[i].epochs;
			options.shift = recipes[i].shift;
			options.flip = recipes[i].flip;
		}
	return options;
}

/* ---- life ---- */

static bool check_arguments(const struct dataset *dataset, const struct classifier_options *options, struct error *error)
{
	if (!dataset->labels)
		return error_set(error, ERROR_INPUT, "data set \"%.200s\" has no labels: a classifier needs a class for each picture",
		                 dataset->spec);
	if (dataset->classes < 2 || dataset->classes > CLASSIFIER_MAX_CLASSES)
		return error_set(error, ERROR_INPUT, "data set \"%.200s\" has %d classes; expected 2..%d", dataset->spec, dataset->classes,
		                 CLASSIFIER_MAX_CLASSES);
	if (options->batch < 2 || options->batch > MAX_BATCH || (size_t)options->batch > dataset->count)
		return error_set(error, ERROR_INPUT, "the batch is %d pictures; expected 2..%d and no more than the %zu of \"%.200s\"",
		                 options->batch, MAX_BATCH, dataset->count, dataset->spec);
	if (options->epochs < 1 || options->epochs > MAX_EPOCHS)
		return error_set(error, ERROR_INPUT, "epochs is %d; expected 1..%d", options->epochs, MAX_EPOCHS);
	if (options->shift < 0 || options->shift >= CLASSIFIER_SIZE)
		return error_set(error, ERROR_INPUT, "shift is %d; expected 0..%d pixels", options->shift, CLASSIFIER_SIZE - 1);
	return true;
}

static bool reserve(struct classifier_training *training, struct error *error)
{
	const struct dataset *dataset = training->dataset;
	size_t batch = (size_t)training->options.batch, classes = (size_t)dataset->classes;
	size_t values = batch * CLASSIFIER_SIZE * CLASSIFIER_SIZE * (size_t)dataset->channels;
	return (training->order = memory_try_bytes(dataset->count * sizeof *training->order, "the order of the pictures", error))
	       && (training->pixels = memory_try_bytes(values, "a batch", error))
	       && (training->labels = memory_try_bytes(batch * sizeof *training->labels, "a batch", error))
	       && (training->input = memory_try_floats(values, "a batch", error))
	       && (training->gradient = memory_try_floats(batch * classes, "a batch", error))
	       && (training->network = classifier_create(dataset->channels, dataset->classes, training->options.batch,
	                                                 &optimizer_adam, error));
}

struct classifier_training *classifier_training_create(const struct dataset *dataset, const struct classifier_options *options,
                                                       struct parallel *parallel, struct error *error)
{
	assert(dataset->size == CLASSIFIER_SIZE);
	if (!check_arguments(dataset, options, error))
		return NULL;
	struct classifier_training *training = memory_zeroed(1, sizeof *training);
	*training = (struct classifier_training){
		.dataset = dataset, .options = *options, .parallel = parallel,
		.steps_per_epoch = (int64_t)(dataset->count / (size_t)options->batch),
	};
	if (reserve(training, error)) {
		struct random random;
		random_start(&random, options->seed, RANDOM_CLASSIFIER_INIT);
		network_initialise(training->network, &random);
		return training;
	}
	classifier_training_destroy(training);
	return NULL;
}

void classifier_training_destroy(struct classifier_training *training)
{
	if (!training)
		return;
	network_destroy(training->network);
	free(training->order);
	free(training->pixels);
	free(training->labels);
	free(training->input);
	free(training->gradient);
	free(training);
}

int64_t classifier_training_steps(const struct classifier_training *training)
{
	return training->steps_per_epoch * training->options.epochs;
}

int64_t classifier_training_steps_done(const struct classifier_training *training) { return training->step; }

/* ---- batches ---- */

static int held(int value, int side) { return value < 0 ? 0 : value >= side ? side - 1 : value; }

void classifier_move_picture(const uint8_t *from, int side, int channels, int x, int y, bool mirror, uint8_t *to)
{
	for (int row = 0; row < side; row++)
		for (int column = 0; column < side; column++, to += channels) {
			int source = held((mirror ? side - 1 - column : column) - x, side);
			memcpy(to, from + (held(row - y, side) * side + source) * channels, (size_t)channels);
		}
}

/* One random block a picture and epoch, whatever the order. */
static void move_at_random(const struct classifier_training *training, int64_t epoch, uint32_t index, uint8_t *to)
{
	const struct dataset *dataset = training->dataset;
	size_t bytes = (size_t)dataset->size * (size_t)dataset->size * (size_t)dataset->channels;
	struct random random;
	float draws[3];
	int range = 2 * training->options.shift + 1;
	random_start(&random, training->options.seed, RANDOM_CLASSIFIER_MOVES);
	random.counter = (uint64_t)epoch * dataset->count + index;
	random_fill_uniform(&random, draws, 3);
	int x = (int)(draws[0] * (float)range) - training->options.shift, y = (int)(draws[1] * (float)range) - training->options.shift;
	classifier_move_picture(dataset->pixels + index * bytes, dataset->size, dataset->channels, x, y,
	                        training->options.flip && draws[2] < 0.5f, to);
}

static void begin_epoch(struct classifier_training *training, int64_t epoch)
{
	struct random random;
	random_start(&random, training->options.seed, RANDOM_CLASSIFIER_ORDER);
	random.counter = (uint64_t)epoch * random_permutation_blocks;
	random_permutation(&random, training->order, (uint32_t)training->dataset->count);
}

static void fill_batch(struct classifier_training *training)
{
	int64_t epoch = training->step / training->steps_per_epoch, first = training->step % training->steps_per_epoch;
	int batch = training->options.batch;
	size_t bytes = shape_count(training->network->input);
	if (first == 0)
		begin_epoch(training, epoch);
	for (int i = 0; i < batch; i++) {
		uint32_t index = training->order[first * batch + i];
		move_at_random(training, epoch, index, training->pixels + (size_t)i * bytes);
		training->labels[i] = training->dataset->labels[index];
	}
	tensor_from_pixels(training->pixels, batch, training->network->input, training->input);
}

/* ---- steps ---- */

static double learning_rate(const struct classifier_training *training)
{
	double done = ((double)training->step + 0.5) / (double)classifier_training_steps(training);
	return training->options.learning_rate * (done < RISE ? done / RISE : (1 - done) / (1 - RISE));
}

static void update(struct classifier_training *training)
{
	const struct optimizer_options options = {
		.learning_rate = learning_rate(training), .beta1 = 0.9, .beta2 = 0.999, .step = training->step + 1,
	};
	network_update(training->network, training->parallel, &options);
}

bool classifier_training_step(struct classifier_training *training, struct classifier_step *step, struct error *error)
{
	assert(training->step < classifier_training_steps(training));
	struct network *network = training->network;
	int batch = training->options.batch;
	size_t correct;
	fill_batch(training);
	network_pack(network, training->parallel);
	const float *logits = network_forward(network, training->parallel, batch, true, training->input);
	step->loss = cross_entropy((size_t)batch, (size_t)training->dataset->classes, logits, training->labels, training->gradient,
	                           &correct);
	if (!isfinite(step->loss))
		return error_set(error, ERROR_NUMERIC, "the classifier's loss is not finite in step %jd: try a lower learning rate",
		                 (intmax_t)training->step + 1);
	step->pictures = batch;
	step->correct = (int)correct;
	network_clear_gradients(network, training->parallel);
	network_backward(network, training->parallel, batch, (struct network_wants){.weight_gradients = true}, training->input,
	                 training->gradient);
	update(training);
	training->step++;
	return true;
}

/* ---- result ---- */

static void describe_classes(const struct dataset *dataset, struct checkpoint *checkpoint)
{
	for (int i = 0; i < dataset->classes; i++) {
		char key[32];
		snprintf(key, sizeof key, "class.%d", i);
		checkpoint_set_text(checkpoint, key, dataset->class_names[i]);
	}
}

struct checkpoint *classifier_training_store(const struct classifier_training *training, struct error *error)
{
	const struct classifier_options *options = &training->options;
	struct checkpoint *checkpoint = classifier_store(training->network, error);
	if (!checkpoint)
		return NULL;
	checkpoint_set_text(checkpoint, "data", training->dataset->kind);
	checkpoint_set_integer(checkpoint, "train_count", training->dataset->count);
	checkpoint_set_integer(checkpoint, "epochs", (uint64_t)options->epochs);
	checkpoint_set_integer(checkpoint, "batch", (uint64_t)options->batch);
	checkpoint_set_number(checkpoint, "learning_rate", options->learning_rate);
	checkpoint_set_integer(checkpoint, "shift", (uint64_t)options->shift);
	checkpoint_set_integer(checkpoint, "flip", options->flip);
	checkpoint_set_integer(checkpoint, "seed", options->seed);
	checkpoint_set_text(checkpoint, "kernel", tensor_kernel_name());
	describe_classes(training->dataset, checkpoint);
	return checkpoint;
}
