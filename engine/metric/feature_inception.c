/* Inception-v3 (inception_network.h) as a feature network: the weights that qgan import put in the user's cache, or a file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/metric/feature_network.h"
#include "engine/metric/inception_file.h"
#include "engine/metric/inception_network.h"
#include "engine/metric/inception_steps.h"

enum { CHUNK = 8, WHOLE = 1 };

/* The same as the SHA-256 of the copy in the cache, whatever file the weights came in. */
static void hash_weights(const struct checkpoint *parameters, char hash[SHA256_TEXT_SIZE])
{
	struct sha256 state;
	sha256_begin(&state);
	for (int i = 0; i < checkpoint_tensor_count(parameters); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(parameters, i);
		sha256_add(&state, tensor->data, tensor->count * sizeof(float));
	}
	sha256_end_text(&state, hash);
}

static void describe(struct feature_network *network, const char *source, const char *hash, uint64_t bytes)
{
	struct feature_facts *facts = &network->facts;
	text_copy(facts->weights, sizeof facts->weights, source);
	text_copy(facts->hash, sizeof facts->hash, hash);
	text_copy(facts->data, sizeof facts->data, "imagenet");
	snprintf(facts->recipe, sizeof facts->recipe, "%s %.8s", network->kind->name, facts->hash);
	snprintf(facts->resize, sizeof facts->resize, "bilinear without antialiasing to %d x %d", INCEPTION_SIZE, INCEPTION_SIZE);
	facts->dimensions = INCEPTION_FEATURES;
	facts->classes = INCEPTION_CLASSES;
	facts->size = INCEPTION_SIZE;
	facts->channels = INCEPTION_CHANNELS;
	facts->weight_bytes = (size_t)bytes;
	facts->multiply_adds = inception_multiply_adds(network->state);
	facts->accuracy = NAN;
}

static struct checkpoint *read_file(const char *path, struct inception_cached *weights, struct error *error)
{
	struct inception_origin origin;
	struct checkpoint *parameters = inception_file_read(path, WHOLE, &origin, error);
	if (!parameters)
		return NULL;
	text_copy(weights->source, sizeof weights->source, origin.source);
	hash_weights(parameters, weights->hash);
	weights->bytes = origin.bytes;
	return parameters;
}

static bool open_inception(struct feature_network *network, const char *path, const char *data_kind, struct error *error)
{
	(void)data_kind;
	struct inception_cached weights = {0};
	struct checkpoint *parameters = path ? read_file(path, &weights, error) : inception_cache_read(&weights, error);
	if (!parameters)
		return false;
	network->state = inception_create(parameters, WHOLE, CHUNK, error);
	checkpoint_destroy(parameters);
	if (!network->state)
		return error_prefix(error, "%s", path ? path : weights.path);
	describe(network, weights.source, weights.hash, weights.bytes);
	return true;
}

static bool tell_weights(struct text *words)
{
	struct inception_cached cached;
	struct error error;
	char amount[32];
	struct checkpoint *parameters = inception_cache_read(&cached, &error);
	if (parameters)
		text_format(words, "imported from %s: %s, SHA-256 %.12s", cached.source,
		            text_bytes_amount(amount, sizeof amount, (double)cached.bytes), cached.hash);
	else
		text_format(words, "%s", error.text);
	checkpoint_destroy(parameters);
	return parameters != NULL;
}

static bool compute(struct feature_network *network, struct parallel *parallel, const struct feature_pictures *pictures,
                    float *features, float *logits, struct error *error)
{
	(void)error;
	inception_forward(network->state, parallel,
	                  &(struct inception_pictures){pictures->pixels, pictures->count, pictures->size, pictures->channels}, features,
	                  logits);
	return true;
}

static void close_inception(struct feature_network *network) { inception_destroy(network->state); }

const struct feature_network_kind feature_inception = {
	.name = "inception-v3",
	.usage = "inception-v3[:FILE]",
	.help = "torchvision's Inception-v3, as papers use it: weights that qgan import took, or a file of them",
	.chunk = CHUNK,
	.tell_weights = tell_weights,
	.open = open_inception,
	.compute = compute,
	.close = close_inception,
};
