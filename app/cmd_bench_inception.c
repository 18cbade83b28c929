/* Inception-v3's part of qgan bench metrics: the forward pass takes the same time whatever the parameters and pictures are, so
 * that both are noise and no file is needed. */
#include "app/cmd_bench_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/metric/inception_network.h"
#include "engine/metric/inception_steps.h"
#include "engine/tensor/random.h"

enum { BATCH = 8, PICTURE_SIZE = 32 };

static bool declare(void *context, const char *name, int dimensions, const size_t shape[], struct error *error)
{
	(void)error;
	checkpoint_declare(context, name, dimensions, shape);
	return true;
}

/* As much comes out of a layer as goes in, so that nothing overflows or vanishes into slow small numbers. */
static void fill(struct checkpoint *parameters, struct random *random, const struct checkpoint_tensor *tensor)
{
	float *values = checkpoint_fill(parameters, tensor->name);
	const float inputs = (float)(tensor->count / tensor->shape[0]);
	const bool one = strstr(tensor->name, "bn.weight") || strstr(tensor->name, "running_var");
	if (tensor->dimensions > 1)
		random_fill_normal(random, values, tensor->count, 0, sqrtf(2 / inputs));
	else
		for (size_t i = 0; i < tensor->count; i++)
			values[i] = one;
}

static struct inception_network *make_network(struct error *error)
{
	struct checkpoint *parameters = checkpoint_create();
	struct inception_network *network = NULL;
	struct random random;
	random_start(&random, 1, RANDOM_TEST);
	if (inception_visit_parameters(1, declare, parameters, error) && checkpoint_allocate(parameters, error)) {
		for (int i = 0; i < checkpoint_tensor_count(parameters); i++)
			fill(parameters, &random, checkpoint_tensor_at(parameters, i));
		network = inception_create(parameters, 1, BATCH, error);
	}
	checkpoint_destroy(parameters);
	return network;
}

static double time_batches(struct inception_network *network, struct parallel *parallel, const uint8_t *pixels, size_t count,
                           float *features, float *logits)
{
	double start = clock_seconds();
	for (size_t first = 0; first < count; first += BATCH) {
		struct inception_pictures pictures = {pixels, count - first < BATCH ? count - first : BATCH, PICTURE_SIZE, INCEPTION_CHANNELS};
		inception_forward(network, parallel, &pictures, features, logits);
	}
	return clock_seconds() - start;
}

bool bench_inception(struct parallel *parallel, size_t count, struct bench_inception *result, struct error *error)
{
	const size_t bytes = (size_t)BATCH * PICTURE_SIZE * PICTURE_SIZE * INCEPTION_CHANNELS;
	struct inception_network *network = make_network(error);
	uint8_t *pixels = network ? bench_noise(bytes, error) : NULL;
	float *outputs = pixels ? memory_try_floats(BATCH * (INCEPTION_FEATURES + INCEPTION_CLASSES), "the features", error) : NULL;
	if (outputs) {
		float *logits = outputs + (size_t)BATCH * INCEPTION_FEATURES;
		time_batches(network, parallel, pixels, BATCH, outputs, logits); /* touches the memory */
		result->seconds = time_batches(network, parallel, pixels, count, outputs, logits);
		result->gflops = 2e-9 * inception_multiply_adds(network) * (double)count / result->seconds;
	}
	bool good = outputs != NULL;
	free(outputs);
	free(pixels);
	inception_destroy(network);
	return good;
}
