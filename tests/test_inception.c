/* Inception-v3 against torchvision's own outputs (tests/make_golden_inception.py): whole, and with an eighth of the
 * channels. Under sanitizers the whole network would take a minute; there the narrow one runs the same code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/metric/inception_steps.h"
#include "tests/inception_parameters.h"
#include "tests/sanitized.h"

enum { NARROW = 8 };

static float *try_floats(size_t count)
{
	float *values = memory_try_floats(count, "test", NULL);
	assert_non_null(values);
	return values;
}

/* One picture through the network; kept in features and logits. */
static void compute(struct inception_network *network, struct parallel *parallel, int size, int channels, float *features,
                    float *logits)
{
	uint8_t *pixels = memory_zeroed((size_t)(size * size), (size_t)channels);
	inception_fill_picture(size, channels, pixels);
	inception_forward(network, parallel, &(struct inception_pictures){pixels, 1, size, channels}, features, logits);
	free(pixels);
}

/* Picture `row` of the golden ones. */
static void assert_golden(const struct checkpoint *golden, const char *name, size_t row, size_t count, const float *values)
{
	const struct checkpoint_tensor *tensor = checkpoint_find(golden, name);
	assert_non_null(tensor);
	assert_int_equal(tensor->shape[1], count);
	const double error = inception_worst_error(values, tensor->values + row * count, count);
	if (error > INCEPTION_TOLERANCE)
		fail_msg("%s of picture %zu: error %g", name, row, error);
}

static void check_network(int divisor, const char *features_name, const char *logits_name, const int (*kinds)[2], size_t count)
{
	struct checkpoint *parameters = inception_make_parameters(divisor);
	struct checkpoint *golden = checkpoint_read("tests/golden/inception.safetensors", NULL, NULL);
	struct parallel *parallel = parallel_create(2, NULL);
	struct inception_network *network = inception_create(parameters, divisor, 1, NULL);
	const size_t dimensions = INCEPTION_FEATURES / (size_t)divisor;
	float *features = try_floats(dimensions), *logits = try_floats(INCEPTION_CLASSES);
	assert_non_null(golden);
	assert_non_null(network);
	for (size_t i = 0; i < count; i++) {
		compute(network, parallel, kinds[i][0], kinds[i][1], features, logits);
		assert_golden(golden, features_name, i, dimensions, features);
		assert_golden(golden, logits_name, i, INCEPTION_CLASSES, logits);
	}
	free(features);
	free(logits);
	inception_destroy(network);
	parallel_destroy(parallel);
	checkpoint_destroy(golden);
	checkpoint_destroy(parameters);
}

static void the_whole_network_is_torchvisions(void **state)
{
	(void)state;
	static const int kinds[][2] = {{32, 3}, {299, 3}};
	if (SANITIZED)
		skip();
	check_network(1, "full.features", "full.logits", kinds, 2);
}

/* Grey pictures and larger ones, too. */
static void a_narrow_network_is_torchvisions(void **state)
{
	(void)state;
	static const int kinds[][2] = {{32, 3}, {299, 3}, {28, 1}, {400, 3}};
	check_network(NARROW, "narrow.features", "narrow.logits", kinds, 4);
}

enum { SIDE = 20, MANY = 5 };

/* Whatever is beside a picture, and however many threads there are. */
static void a_picture_is_alone(void **state)
{
	(void)state;
	struct checkpoint *parameters = inception_make_parameters(16);
	struct inception_network *network = inception_create(parameters, 16, MANY, NULL);
	struct parallel *parallel = parallel_create(3, NULL);
	const size_t bytes = SIDE * SIDE * 3, dimensions = INCEPTION_FEATURES / 16;
	uint8_t *pixels = memory_zeroed(MANY, bytes);
	float *many[2] = {try_floats(MANY * dimensions), try_floats(MANY * INCEPTION_CLASSES)};
	float *one[2] = {try_floats(dimensions), try_floats(INCEPTION_CLASSES)};
	for (size_t i = 0; i < MANY * bytes; i++)
		pixels[i] = (uint8_t)(i * 2654435761u >> 13);
	inception_forward(network, parallel, &(struct inception_pictures){pixels, MANY, SIDE, 3}, many[0], many[1]);
	for (size_t n = 0; n < MANY; n += MANY - 1) {
		inception_forward(network, NULL, &(struct inception_pictures){pixels + n * bytes, 1, SIDE, 3}, one[0], one[1]);
		assert_memory_equal(one[0], many[0] + n * dimensions, dimensions * sizeof(float));
		assert_memory_equal(one[1], many[1] + n * INCEPTION_CLASSES, INCEPTION_CLASSES * sizeof(float));
	}
	for (int i = 0; i < 2; i++) {
		free(many[i]);
		free(one[i]);
	}
	free(pixels);
	inception_destroy(network);
	parallel_destroy(parallel);
	checkpoint_destroy(parameters);
}

/* Known from the architecture: torchvision's documentation gives 5.71 GFLOPS (of multiply-adds) and 27.2 million parameters
 * with the auxiliary classifier's 3.3. */
static bool count_parameter(void *context, const char *name, int dimensions, const size_t shape[], struct error *error)
{
	size_t count = 1, *total = context;
	(void)error;
	for (int i = 0; i < dimensions; i++)
		count *= shape[i];
	if (!inception_ends(name, "running_mean") && !inception_ends(name, "running_var"))
		*total += count;
	return true;
}

static void its_size_is_known(void **state)
{
	(void)state;
	struct inception_step steps[INCEPTION_MAX_STEPS];
	size_t parameters = 0;
	double multiply_adds = 0;
	assert_true(inception_visit_parameters(1, count_parameter, &parameters, NULL));
	assert_int_equal(parameters, 27161264 - 3326696);
	for (int i = 0, count = inception_list_steps(1, steps); i < count; i++)
		if (steps[i].kind == INCEPTION_CONVOLUTION)
			multiply_adds += conv_forward_multiply_adds(&steps[i].convolution);
	assert_true(fabs(multiply_adds / 1e9 - 5.71) < 0.01);
}

/* Parameters that lack one, with another shape of one, or with a number that no network has. */
static void assert_refused(const char *without, const char *widened, const char *spoil, float value, const char *sentence)
{
	struct inception_changes changes = {checkpoint_create(), without, widened};
	struct checkpoint *parameters = inception_make_changed(changes, 16);
	struct error error = {0};
	assert_non_null(parameters);
	if (spoil)
		checkpoint_fill(parameters, spoil)[0] = value;
	assert_null(inception_create(parameters, 16, 1, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_string_equal(error.text, sentence);
	checkpoint_destroy(parameters);
}

static void wrong_parameters_are_refused(void **state)
{
	(void)state;
	assert_refused("Mixed_5b.branch5x5_2.conv.weight", NULL, NULL, 0, "tensor Mixed_5b.branch5x5_2.conv.weight is missing; "
	               "expected one of 4 x 3 x 5 x 5 floats, as torchvision's inception_v3 has it");
	assert_refused(NULL, "Conv2d_1a_3x3.conv.weight", NULL, 0, "tensor Conv2d_1a_3x3.conv.weight is 10 x 3 x 3 x 3; "
	               "expected 2 x 3 x 3 x 3, as torchvision's inception_v3 has it");
	assert_refused(NULL, NULL, "fc.bias", NAN, "tensor fc.bias has a value that is not finite");
	assert_refused(NULL, NULL, "Mixed_7c.branch_pool.bn.running_var", -1,
	               "tensor Mixed_7c.branch_pool.bn.running_var has a negative value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_network_is_torchvisions),
		cmocka_unit_test(a_narrow_network_is_torchvisions),
		cmocka_unit_test(a_picture_is_alone),
		cmocka_unit_test(its_size_is_known),
		cmocka_unit_test(wrong_parameters_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
