/* The classifier (classifier.h) as a feature network: ready-made weights that are part of the program, or a file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file_bytes.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/picture_file.h"
#include "engine/metric/classifier.h"
#include "engine/metric/feature_network.h"
#include "engine/metric/ready_weights.h"

enum { CHUNK = 32, MAX_FILE_BYTES = 64 << 20 };

struct classifier {
	struct network *network;
	uint8_t *pixels; /* of a chunk, as the network wants them */
	float *input;
};

/* ---- opening ---- */

/* A key that the file need not have. */
static double number_of(const struct checkpoint *checkpoint, const char *key)
{
	double value;
	return checkpoint_get_number(checkpoint, key, &value, NULL) ? value : NAN;
}

static void describe(struct feature_network *network, const struct checkpoint *checkpoint, const char *weights)
{
	const struct classifier *classifier = network->state;
	struct feature_facts *facts = &network->facts;
	const char *data;
	const char *slash = strrchr(weights, '/');
	text_copy(facts->weights, sizeof facts->weights, weights);
	text_copy(facts->data, sizeof facts->data, checkpoint_get_text(checkpoint, "data", &data, NULL) ? data : "unknown");
	snprintf(facts->recipe, sizeof facts->recipe, "classifier/%.70s %.8s", slash ? slash + 1 : weights, facts->hash);
	snprintf(facts->resize, sizeof facts->resize, "antialiased triangle filter to %d x %d", CLASSIFIER_SIZE, CLASSIFIER_SIZE);
	facts->dimensions = CLASSIFIER_FEATURES;
	facts->classes = classifier->network->output.channels;
	facts->size = CLASSIFIER_SIZE;
	facts->channels = classifier->network->input.channels;
	facts->multiply_adds = network_multiply_adds(classifier->network);
	facts->accuracy = number_of(checkpoint, "accuracy");
	if (!checkpoint_get_integer(checkpoint, "test_count", &facts->test_count, NULL))
		facts->test_count = 0;
}

static void close_classifier(struct feature_network *network)
{
	struct classifier *classifier = network->state;
	network_destroy(classifier->network);
	free(classifier->pixels);
	free(classifier->input);
	free(classifier);
}

static bool load(struct feature_network *network, const struct checkpoint *checkpoint, struct error *error)
{
	struct classifier *classifier = network->state;
	classifier->network = classifier_load(checkpoint, CHUNK, error);
	if (!classifier->network)
		return false;
	size_t values = CHUNK * shape_count(classifier->network->input);
	classifier->pixels = memory_try_bytes(values, "a batch", error);
	classifier->input = classifier->pixels ? memory_try_floats(values, "a batch", error) : NULL;
	return classifier->input != NULL;
}

static bool open_bytes(struct feature_network *network, const void *bytes, size_t size, const char *weights, struct error *error)
{
	struct checkpoint *checkpoint = checkpoint_parse(bytes, size, weights, error);
	if (!checkpoint)
		return false;
	network->state = memory_zeroed(1, sizeof(struct classifier));
	sha256_text(bytes, size, network->facts.hash);
	network->facts.weight_bytes = size;
	bool good = load(network, checkpoint, error) || error_prefix(error, "%s", weights);
	if (good)
		describe(network, checkpoint, weights);
	else
		close_classifier(network);
	checkpoint_destroy(checkpoint);
	return good;
}

static bool open_ready(struct feature_network *network, const struct ready_weights *ready, struct error *error)
{
	return open_bytes(network, ready->bytes, (size_t)(ready->end - ready->bytes), ready->data, error);
}

static bool open_file(struct feature_network *network, const char *path, struct error *error)
{
	struct file_bytes file;
	if (!file_bytes_read(path, MAX_FILE_BYTES, &file, error))
		return error_prefix(error, "the weights of a classifier");
	bool good = open_bytes(network, file.bytes, file.size, path, error);
	file_bytes_clear(&file);
	return good;
}

static bool open_classifier(struct feature_network *network, const char *weights, const char *data_kind, struct error *error)
{
	const struct ready_weights *ready = weights ? ready_weights_find(weights) : ready_weights_for(data_kind);
	if (ready)
		return open_ready(network, ready, error);
	if (weights)
		return open_file(network, weights, error);
	return error_set(error, ERROR_INPUT, "there are no ready-made weights for %s; make some with qgan features train",
	                 data_kind ? data_kind : "these pictures");
}

static const char *ready_name(int index) { return ready_weights[index].data; }

/* ---- computing ---- */

static void convert_colours(const uint8_t *from, int from_channels, uint8_t *to, int to_channels)
{
	size_t count = CLASSIFIER_SIZE * CLASSIFIER_SIZE;
	if (from_channels == to_channels)
		memcpy(to, from, count * (size_t)to_channels);
	else if (to_channels == 1)
		picture_grey_from_rgb(from, count, to);
	else
		for (size_t i = 0; i < count; i++)
			memset(to + 3 * i, from[i], 3);
}

/* Picture by picture to the network's size and channels. */
static bool prepare(struct classifier *classifier, const struct feature_pictures *pictures, struct error *error)
{
	int channels = classifier->network->input.channels;
	size_t bytes = (size_t)pictures->size * (size_t)pictures->size * (size_t)pictures->channels;
	for (size_t n = 0; n < pictures->count; n++) {
		const uint8_t *from = pictures->pixels + n * bytes;
		uint8_t *to = classifier->pixels + n * shape_count(classifier->network->input);
		struct image *resized = NULL;
		if (pictures->size != CLASSIFIER_SIZE) {
			uint8_t *borrowed = (uint8_t *)(uintptr_t)from; /* an image's pixels are not const, though they are only read here */
			struct image original = {pictures->size, pictures->size, pictures->channels, borrowed};
			resized = picture_square(&original, CLASSIFIER_SIZE, error);
			if (!resized)
				return false;
		}
		convert_colours(resized ? resized->pixels : from, pictures->channels, to, channels);
		image_destroy(resized);
	}
	tensor_from_pixels(classifier->pixels, (int)pictures->count, classifier->network->input, classifier->input);
	return true;
}

static bool compute(struct feature_network *network, struct parallel *parallel, const struct feature_pictures *pictures,
                    float *features, float *logits, struct error *error)
{
	struct classifier *classifier = network->state;
	if (!prepare(classifier, pictures, error))
		return false;
	const float *outputs = network_forward(classifier->network, parallel, (int)pictures->count, false, classifier->input);
	memcpy(features, classifier_features(classifier->network), pictures->count * CLASSIFIER_FEATURES * sizeof *features);
	memcpy(logits, outputs, pictures->count * (size_t)network->facts.classes * sizeof *logits);
	return true;
}

const struct feature_network_kind feature_classifier = {
	.name = "classifier",
	.usage = "classifier[:WEIGHTS]",
	.help = "small classifier trained by qgan: ready-made weights (fashion-mnist, cifar10, shapes), or a file of them",
	.chunk = CHUNK,
	.ready = ready_name,
	.open = open_classifier,
	.compute = compute,
	.close = close_classifier,
};
