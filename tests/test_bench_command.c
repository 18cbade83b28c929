/* qgan bench layers as scripts use it: whether the table of layers and passes is complete, what the counts of calls say about
 * the order of a step, and whether its times add up to one. How fast anything is, is not asserted. */
#include <math.h>
#include <stdbool.h>

#include <jansson.h>

#include "tests/program_fixture.h"

enum { BATCH = 4, WIDTH = 8 };
#define TINY "bench layers --size 32 --width 8 --channels 3 --batch 4 --threads 2 --steps 1 "

static int prepare(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static json_t *run_json(const char *words)
{
	if (run("%s --json", words) != 0)
		fail_msg("%s: %s", words, complaint);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	return json;
}

static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_number(value))
		fail_msg("%s is no number", key);
	return json_number_value(value);
}

static bool is_text(const json_t *object, const char *key, const char *text)
{
	const json_t *value = json_object_get(object, key);
	return text ? json_is_string(value) && !strcmp(json_string_value(value), text) : json_is_null(value);
}

/* NULL: there is no such row. */
static const json_t *find(const json_t *json, const char *network, const char *layer, const char *pass)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(json, "layers"), i, row)
		if (is_text(row, "network", network) && is_text(row, "layer", layer) && is_text(row, "pass", pass))
			return row;
	return NULL;
}

/* 0 where there is no such row. */
static int calls(const json_t *json, const char *network, const char *layer, const char *pass)
{
	const json_t *row = find(json, network, layer, pass);
	return row ? (int)number(row, "calls") : 0;
}

/* Every row is whole, the longest come first, and all of them are one step; returns the useful GFLOP of a step. */
static double check_rows(const json_t *json)
{
	const json_t *rows = json_object_get(json, "layers");
	double step = number(json, "step_ms"), sum = number(json, "rest_ms"), gflop = 0, before = INFINITY;
	size_t i;
	json_t *row;
	assert_true(step > 0 && number(json, "gemm_peak_gflops") > 0 && number(json, "reading_gb_per_s") > 0);
	assert_int_equal((int)number(json, "threads"), 2);
	json_array_foreach(rows, i, row) {
		double ms = number(row, "ms");
		assert_true(ms >= 0 && ms <= before && number(row, "calls") >= 1);
		assert_float_equal(number(row, "share_of_step"), ms / step, 1e-3);
		before = ms;
		sum += ms;
		bool multiplies = json_is_string(json_object_get(row, "kind")) && strstr(json_string_value(json_object_get(row, "kind")), "conv");
		assert_true(multiplies == json_is_number(json_object_get(row, "gflops")));
		assert_true(multiplies == json_is_number(json_object_get(row, "share_of_peak")));
		if (multiplies)
			gflop += number(row, "gflops") * ms * 1e-3;
		assert_true(is_text(row, "pass", "data") || (number(row, "gb_per_s") > 0 && number(row, "share_of_reading") > 0));
	}
	assert_float_equal(sum, step, 1e-2 * step); /* one step: the medians are its own times, rounded */
	return gflop;
}

static void check_whole_networks(const json_t *json, int updates, bool quantized)
{
	assert_int_equal(calls(json, "D", NULL, "optimizer"), updates);
	assert_int_equal(calls(json, "G", NULL, "optimizer"), 1);
	assert_int_equal(calls(json, "D", NULL, "clear gradients"), updates);
	assert_int_equal(calls(json, "D", NULL, "pack"), updates); /* once a change, whoever judges next */
	assert_int_equal(calls(json, "G", NULL, "pack"), 1);
	assert_int_equal(calls(json, "D", NULL, "quantize"), quantized ? updates : 0);
	assert_int_equal(calls(json, "G", NULL, "quantize"), quantized ? 1 : 0);
	assert_int_equal(calls(json, NULL, NULL, "data"), updates);
}

/* A step: G draws, D judges real and drawn pictures with gradients by its weights, then G's pictures with none. */
static void a_dcgan_step_is_complete(void **state)
{
	(void)state;
	json_t *json = run_json(TINY "--d-bits 2 --g-bits 2");
	double gflop = check_rows(json);
	check_whole_networks(json, 1, true);
	for (int i = 1; i <= 4; i++) {
		char d[16], g[16], norm[16];
		snprintf(d, sizeof d, "conv%d", i);
		snprintf(g, sizeof g, "deconv%d", i);
		snprintf(norm, sizeof norm, "norm%d", i);
		assert_int_equal(calls(json, "D", d, "forward"), 3);
		assert_int_equal(calls(json, "D", d, "weight gradient"), 2);
		assert_int_equal(calls(json, "D", d, "data gradient"), i == 1 ? 1 : 3); /* only G asks what a picture should be */
		assert_int_equal(calls(json, "G", g, "forward"), 1);
		assert_int_equal(calls(json, "G", g, "weight gradient"), 1);
		assert_int_equal(calls(json, "G", g, "data gradient"), i == 1 ? 0 : 1);
		if (i == 2 || i == 3) {
			assert_int_equal(calls(json, "D", norm, "forward"), 3);
			assert_int_equal(calls(json, "D", norm, "both gradients"), 2);
			assert_int_equal(calls(json, "D", norm, "data gradient"), 1);
		}
		assert_int_equal(calls(json, "G", norm, "both gradients"), i < 4);
	}
	assert_int_equal(calls(json, "D", "leaky1", "forward"), 3);
	assert_int_equal(calls(json, "G", "tanh4", "data gradient"), 1);
	const double w = WIDTH, d1 = 16 * 256 * 3 * w, d = d1 + 16 * (64 * w * 2 * w + 16 * 2 * w * 4 * w + 4 * w);
	const double g1 = 16 * 100 * 4 * w, g = g1 + 16 * (16 * 4 * w * 2 * w + 64 * 2 * w * w + 256 * w * 3);
	double expected = 2e-9 * BATCH * (8 * d - 2 * d1 + 3 * g - g1);
	assert_float_equal(gflop, expected, 1e-2 * expected);
	json_decref(json);
}

static void a_penalty_has_passes_of_its_own(void **state)
{
	(void)state;
	json_t *json = run_json(TINY "--model wgan-gp --critic-steps 2 --layer-norm");
	double gflop = check_rows(json);
	check_whole_networks(json, 2, false);
	assert_int_equal(calls(json, "D", "conv2", "forward"), 2 * 3 + 1);
	assert_int_equal(calls(json, "D", "conv2", "second derivatives"), 2);
	assert_int_equal(calls(json, "D", "leaky1", "second derivatives"), 2);
	assert_int_equal(calls(json, "D", "norm2", "second derivatives"), 2);
	assert_int_equal(calls(json, "G", "deconv2", "second derivatives"), 0);
	assert_int_equal(calls(json, "G", "deconv2", "forward"), 2);
	assert_true(gflop > 0);
	json_decref(json);
}

static void people_get_a_table(void **state)
{
	(void)state;
	assert_int_equal(run(TINY "--model hinge --g-bits 1"), 0);
	static const char *const words[] = {"hinge 32x32x3, width 8, batch 4", "2 threads", "of sgemm", "of reading", "D.conv2", "G.deconv3",
	                                    "weight gradient", "quantize", "optimizer", "the rest"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strstr(output, words[i]))
			fail_msg("no \"%s\" in:\n%s", words[i], output);
}

static void wrong_input_is_told(void **state)
{
	(void)state;
	static const struct { const char *words, *said; } wrong[] = {
		{"--steps 0", "--steps"}, {"--width wide", "--width"}, {"--channels 0", "--channels"}, {"--model gan", "dcgan, wgan-gp"},
		{"--recipe nothing", "nothing"}, {"more", "more"}, {"--size 33", "33"}, {"--colour", "--colour"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(run("bench layers %s", wrong[i].words), 2);
		const char *said = strstr(complaint, wrong[i].said);
		if (*output || strncmp(complaint, "qgan: ", 6) || !said || said > strchr(complaint, '\n'))
			fail_msg("%s: no sentence with \"%s\": %s", wrong[i].words, wrong[i].said, complaint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dcgan_step_is_complete),
		cmocka_unit_test(a_penalty_has_passes_of_its_own),
		cmocka_unit_test(people_get_a_table),
		cmocka_unit_test(wrong_input_is_told),
	};
	return cmocka_run_group_tests(tests, prepare, remove_folder);
}
