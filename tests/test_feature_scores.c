/* Scores of real pictures through the ready-made classifier: they know real from false, and little harm from much. */
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
#include "engine/metric/feature_network.h"
#include "engine/metric/frechet.h"
#include "engine/metric/inception_score.h"
#include "engine/metric/moments.h"

enum { COUNT = 400, SIZE = 32, CHANNELS = 3, PICTURE = SIZE * SIZE * CHANNELS };

static struct feature_network *network;
static struct dataset *real, *test;
static struct metric_statistics reference;

static struct scores {
	double fid, is;
} held_out; /* of the test pictures */

static double measure_is(const float *logits, size_t classes)
{
	double *values = memory_zeroed(COUNT * classes, sizeof *values), mean, deviation;
	for (size_t i = 0; i < COUNT * classes; i++)
		values[i] = logits[i];
	struct inception_score *score = inception_score_create(classes, 1, COUNT, NULL);
	assert_true(inception_score_add(score, values, COUNT, NULL));
	assert_true(inception_score_finish(score, &mean, &deviation, NULL));
	inception_score_destroy(score);
	free(values);
	return mean;
}

/* Features of COUNT pictures as statistics. */
static struct metric_statistics look_at(const uint8_t *pixels, double *is)
{
	size_t dimensions = (size_t)network->facts.dimensions, classes = (size_t)network->facts.classes;
	const struct feature_pictures pictures = {pixels, COUNT, SIZE, CHANNELS};
	struct metric_moments moments;
	struct metric_statistics statistics;
	float *features = memory_try_floats(COUNT * (dimensions + classes), "features", NULL), *logits = features + COUNT * dimensions;
	assert_true(feature_network_compute(network, NULL, &pictures, NULL, features, logits, NULL));
	assert_true(metric_moments_init(&moments, dimensions, "features", NULL));
	assert_true(metric_moments_add_floats(&moments, NULL, features, COUNT, NULL));
	assert_true(metric_moments_finish(&moments, NULL, &statistics, NULL));
	metric_moments_clear(&moments);
	*is = measure_is(logits, classes);
	free(features);
	return statistics;
}

static struct scores score(const uint8_t *pixels)
{
	struct scores scores;
	struct frechet frechet;
	struct metric_statistics statistics = look_at(pixels, &scores.is);
	assert_true(frechet_measure(NULL, &reference, &statistics, NULL, &frechet, NULL));
	metric_statistics_clear(&statistics);
	scores.fid = frechet.distance;
	return scores;
}

static struct dataset *open_shapes(const char *split)
{
	const struct dataset_options options = {.size = SIZE, .seed = 1, .split = split, .limit = COUNT};
	return dataset_open("shapes", &options, NULL);
}

static int prepare(void **state)
{
	(void)state;
	double is;
	network = feature_network_open("classifier:shapes", NULL, NULL);
	real = open_shapes("train");
	test = open_shapes("test");
	if (!network || !real || !test)
		return -1;
	reference = look_at(real->pixels, &is);
	held_out = score(test->pixels);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	metric_statistics_clear(&reference);
	feature_network_close(network);
	dataset_destroy(real);
	dataset_destroy(test);
	return 0;
}

/* The mean of a box of (2 radius + 1) squared pixels, cut at the edges. */
static uint8_t blurred_value(const uint8_t *picture, int y, int x, int channel, int radius)
{
	int sum = 0, count = 0;
	for (int v = y - radius; v <= y + radius; v++)
		for (int u = x - radius; u <= x + radius; u++)
			if (u >= 0 && u < SIZE && v >= 0 && v < SIZE) {
				sum += picture[(v * SIZE + u) * CHANNELS + channel];
				count++;
			}
	return (uint8_t)((sum + count / 2) / count);
}

static uint8_t *blur(const uint8_t *pixels, int radius)
{
	uint8_t *blurred = memory_zeroed(COUNT, PICTURE);
	for (int i = 0; i < COUNT * PICTURE; i++) {
		int place = i % PICTURE, pixel = place / CHANNELS;
		blurred[i] = blurred_value(pixels + i - place, pixel / SIZE, pixel % SIZE, place % CHANNELS, radius);
	}
	return blurred;
}

static uint8_t *make_noise(void)
{
	uint8_t *noise = memory_zeroed(COUNT, PICTURE);
	uint32_t number = 1;
	for (int i = 0; i < COUNT * PICTURE; i++) {
		number = number * 1664525u + 1013904223u;
		noise[i] = (uint8_t)(number >> 24);
	}
	return noise;
}

/* The same pictures score 0, others of their kind little, and the classes are all there. */
static void real_pictures_score_well(void **state)
{
	(void)state;
	struct scores same = score(real->pixels);
	print_message("same %.3g, held out %.3f (IS %.2f)\n", same.fid, held_out.fid, held_out.is);
	assert_true(same.fid < 1e-6);
	assert_true(held_out.fid > 0 && held_out.is > 7 && held_out.is < 10);
}

static void noise_scores_far_worse(void **state)
{
	(void)state;
	uint8_t *noise = make_noise();
	struct scores of_noise = score(noise);
	print_message("noise %.3f (IS %.2f)\n", of_noise.fid, of_noise.is);
	assert_true(of_noise.fid > 10 * held_out.fid);
	assert_true(of_noise.is < held_out.is / 2);
	free(noise);
}

/* The more blur the larger the distance, and the less sure the classes. */
static void blur_raises_the_distance_step_by_step(void **state)
{
	(void)state;
	struct scores last = held_out;
	for (int radius = 1; radius <= 4; radius++) {
		uint8_t *blurred = blur(test->pixels, radius);
		struct scores now = score(blurred);
		print_message("blur %d: %.3f (IS %.2f)\n", radius, now.fid, now.is);
		assert_true(now.fid > 1.2 * last.fid);
		assert_true(now.is < last.is);
		last = now;
		free(blurred);
	}
}

/* Half of the classes never shown: the score of variety falls by half, the distance rises. */
static void missing_classes_show(void **state)
{
	(void)state;
	uint8_t *some = memory_zeroed(COUNT, PICTURE);
	int made = 0;
	for (size_t n = 0; made < COUNT; n = (n + 1) % COUNT)
		if (test->labels[n] < 5)
			memcpy(some + (size_t)made++ * PICTURE, test->pixels + n * PICTURE, PICTURE);
	struct scores of_some = score(some);
	print_message("half of the classes: %.3f (IS %.2f)\n", of_some.fid, of_some.is);
	assert_true(of_some.fid > 2 * held_out.fid);
	assert_true(of_some.is < 0.65 * held_out.is);
	free(some);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_pictures_score_well),
		cmocka_unit_test(noise_scores_far_worse),
		cmocka_unit_test(blur_raises_the_distance_step_by_step),
		cmocka_unit_test(missing_classes_show),
	};
	return cmocka_run_group_tests_name("feature_scores", tests, prepare, finish);
}
