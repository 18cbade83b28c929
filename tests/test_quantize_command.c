/* qgan quantize as scripts use it: the program that was built beside this test, its JSON, its files and its exit statuses. */
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <jansson.h>

#include <cmocka.h>

#include "engine/file/npy.h"
#include "tests/temporary_folder.h"

static struct temporary_folder folder;
static char program[PATH_MAX];

static int find_program(void **state)
{
	(void)state;
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length < 0)
		return -1;
	self[length] = '\0';
	snprintf(program, sizeof program, "%.3000s/app/qgan", dirname(dirname(self)));
	temporary_folder_create(&folder);
	return access(program, X_OK);
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

/* Runs "qgan quantize ..." in the folder; stdout and stderr go into the buffers. Returns the exit status. */
__attribute__((format(printf, 3, 4)))
static int run(char output[8192], char complaint[8192], const char *format, ...)
{
	char command[3 * PATH_MAX], words[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	snprintf(command, sizeof command, "cd '%s' && '%s' quantize %s 2>complaint", folder.path, program, words);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	output[fread(output, 1, 8191, pipe)] = '\0';
	int status = pclose(pipe);
	FILE *file = fopen(temporary_path(&folder, "complaint"), "r");
	assert_non_null(file);
	complaint[fread(complaint, 1, 8191, file)] = '\0';
	fclose(file);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void save(const char *name, const float *values, int dimensions, const size_t *shape)
{
	struct npy npy = {.dimensions = dimensions, .count = 1, .values = (float *)(uintptr_t)values};
	for (int i = 0; i < dimensions; i++)
		npy.count *= npy.shape[i] = shape[i];
	assert_true(npy_write(temporary_path(&folder, "%s", name), &npy, NULL));
}

static json_t *run_json(const char *words)
{
	char output[8192], complaint[8192];
	int status = run(output, complaint, "%s --json", words);
	if (status != 0)
		fail_msg("%s: status %d, %s", words, status, complaint);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	return json;
}

static void check_real(const json_t *json, const char *key, double expected)
{
	double value = json_number_value(json_object_get(json, key));
	if (!json_is_number(json_object_get(json, key)) || fabs(value - expected) > 1e-9 * fmax(fabs(expected), 1))
		fail_msg("%s is %.12g, expected %.12g", key, value, expected);
}

/* 0 0 0 1 | 5 5 6 7 at one bit. Minmax: alpha 7, beta 0, error (1 + 4 + 4 + 1) / 8. EM: the halves' means 0.25 and 5.75. */
static void numbers_are_right_by_hand(void **state)
{
	(void)state;
	static const float values[8] = {0, 5, 0, 5, 0, 6, 1, 7};
	save("hand.npy", values, 2, (size_t[]){2, 4});
	json_t *json = run_json("hand.npy --method minmax --bits 1");
	assert_string_equal(json_string_value(json_object_get(json, "method")), "minmax");
	check_real(json, "bits", 1);
	check_real(json, "alpha", 7);
	check_real(json, "beta", 0);
	check_real(json, "mse", 10.0 / 8);
	check_real(json, "utilization", 1);
	check_real(json, "iterations", 0);
	check_real(json, "weights", 8);
	check_real(json, "variance", 136.0 / 8 - 9);
	check_real(json, "sqnr_db", 10 * log10(136.0 / 10));
	check_real(json, "dead_states", 0);
	json_decref(json);
	json = run_json("--bits=1 hand.npy --output out.npy");
	assert_string_equal(json_string_value(json_object_get(json, "method")), "em");
	check_real(json, "alpha", 5.5);
	check_real(json, "beta", 0.25);
	check_real(json, "mse", (0.75 + 2.75) / 8);
	assert_true(json_number_value(json_array_get(json_object_get(json, "levels"), 1)) == 5.75);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "counts"), 0)), 4);
	assert_true(json_array_size(json_object_get(json, "levels")) == 2 && json_array_size(json_object_get(json, "counts")) == 2);
	json_decref(json);
	struct npy out;
	static const float expected[8] = {0.25f, 5.75f, 0.25f, 5.75f, 0.25f, 5.75f, 0.25f, 5.75f};
	assert_true(npy_read(temporary_path(&folder, "out.npy"), &out, NULL));
	assert_true(out.dimensions == 2 && out.shape[0] == 2 && out.shape[1] == 4);
	assert_memory_equal(out.values, expected, sizeof expected);
	npy_clear(&out);
}

static void check_levels(const json_t *json, const double *expected, size_t count)
{
	const json_t *levels = json_object_get(json, "levels");
	assert_int_equal(json_array_size(levels), count);
	for (size_t z = 0; z < count; z++) {
		const json_t *level = json_array_get(levels, z);
		if (isinf(expected[z]))
			assert_string_equal(json_string_value(level), expected[z] > 0 ? "inf" : "-inf");
		else if (!json_is_real(level) || fabs(json_number_value(level) - expected[z]) > 1e-6 * fabs(expected[z]))
			fail_msg("level %zu is %.9g, expected %.9g", z, json_number_value(level), expected[z]);
	}
}

static void check_counts(const json_t *json, const int *expected)
{
	const json_t *counts = json_object_get(json, "counts");
	for (size_t z = 0; z < json_array_size(counts); z++)
		if (json_integer_value(json_array_get(counts, z)) != expected[z])
			fail_msg("%d weights in state %zu, expected %d", (int)json_integer_value(json_array_get(counts, z)), z,
			         expected[z]);
}

/* Magnitudes 1, 10, 100, 1000: exact in Log-Q at 3 bits, +-eps and +-1000 at 2 bits once there is a 0. */
static void logarithms_by_hand(void **state)
{
	(void)state;
	static const float powers[8] = {1, 10, 100, 1000, -1, -10, -100, -1000}, with_zero[4] = {0, -5e-5f, 0.5f, -0.25f};
	save("powers.npy", powers, 1, (size_t[]){8});
	json_t *json = run_json("powers.npy --method log --bits 3");
	check_levels(json, (double[]){-1000, -100, -10, -1, 1, 10, 100, 1000}, 8);
	check_counts(json, (int[]){1, 1, 1, 1, 1, 1, 1, 1});
	check_real(json, "alpha", (log(1000 + 1e-8) - log(1 + 1e-8)) / 3);
	assert_true(fabs(json_number_value(json_object_get(json, "beta"))) < 1e-7);
	check_real(json, "eps", 1e-8);
	check_real(json, "packed_bytes", 3 + 16);
	check_real(json, "bits_per_weight", 19);
	check_real(json, "ratio", 32 / 19.0);
	check_real(json, "scales", 1);
	assert_true(json_is_false(json_object_get(json, "degenerate")) && json_is_true(json_object_get(json, "literal")));
	json_decref(json);
	save("with_zero.npy", with_zero, 1, (size_t[]){4});
	json = run_json("with_zero.npy --method log --bits 2");
	check_levels(json, (double[]){-0.50000001, -1e-8, 1e-8, 0.50000001}, 4);
	check_counts(json, (int[]){1, 1, 1, 1});
	json_decref(json);
	json = run_json("with_zero.npy --method log --bits 2 --eps 0.001");
	check_levels(json, (double[]){-0.501, -0.001, 0.001, 0.501}, 4);
	check_real(json, "eps", 0.001);
	json_decref(json);
}

static void one_bit_of_the_logarithm_is_degenerate(void **state)
{
	(void)state;
	static const float values[4] = {-3, 0.5f, -0.25f, 7};
	char output[8192], complaint[8192];
	save("signs.npy", values, 1, (size_t[]){4});
	json_t *json = run_json("signs.npy --method log --bits 1");
	assert_true(json_is_true(json_object_get(json, "degenerate")));
	check_levels(json, (double[]){-0.25000001, 0.25000001}, 2);
	check_counts(json, (int[]){2, 2});
	check_real(json, "alpha", 0);
	check_real(json, "beta", log(0.25 + 1e-8));
	json_decref(json);
	assert_int_equal(run(output, complaint, "signs.npy --method log --bits 1"), 0);
	assert_non_null(strstr(output, "Log-Q degenerates at 1 bit: "));
}

/* The mean squared error is of the finite values that training writes for the infinite ends. */
static void tanh_has_infinite_ends(void **state)
{
	(void)state;
	static const float values[4] = {-3, 0, 0.1f, 3};
	const double inner = (float)atanh(1.0 / 3), end = (float)atanh(1 - 1e-6);
	char output[8192], complaint[8192];
	save("ends.npy", values, 1, (size_t[]){4});
	json_t *json = run_json("ends.npy --method tanh --bits 2 --output ends_out.npy");
	check_levels(json, (double[]){-INFINITY, -inner, inner, INFINITY}, 4);
	check_counts(json, (int[]){1, 0, 2, 1});
	const double near_zero = inner - (double)0.1f;
	check_real(json, "mse", (2 * (end - 3) * (end - 3) + inner * inner + near_zero * near_zero) / 4);
	assert_true(json_is_null(json_object_get(json, "alpha")) && json_is_null(json_object_get(json, "beta")));
	assert_true(json_is_null(json_object_get(json, "eps")) && json_is_false(json_object_get(json, "degenerate")));
	json_decref(json);
	struct npy out;
	assert_true(npy_read(temporary_path(&folder, "ends_out.npy"), &out, NULL));
	assert_true(out.values[0] == (float)-end && out.values[1] == (float)inner && out.values[3] == (float)end);
	npy_clear(&out);
	json = run_json("ends.npy --method tanh --bits 1");
	assert_true(json_is_true(json_object_get(json, "degenerate")));
	check_levels(json, (double[]){-INFINITY, INFINITY}, 2);
	json_decref(json);
	assert_int_equal(run(output, complaint, "ends.npy --method tanh --bits 1"), 0);
	static const char *const parts[] = {
		"Tanh-Q degenerates at 1 bit: both states are infinite.", "-inf", "training writes -7.25433 and 7.25433",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(output, parts[i]))
			fail_msg("\"%s\" is not in:\n%s", parts[i], output);
	assert_null(strstr(output, "alpha"));
}

/* Two rows of two values each: exact with a scale a row, not with one for both. */
static void channels_have_their_own_scales(void **state)
{
	(void)state;
	static const float values[8] = {1, 2, 1, 2, -40, -40, 60, 60};
	char output[8192], complaint[8192];
	save("rows.npy", values, 3, (size_t[]){2, 2, 2});
	json_t *json = run_json("rows.npy --method minmax --bits 1 --per-channel --output rows_out.npy");
	check_real(json, "mse", 0);
	check_real(json, "scales", 2);
	check_real(json, "alpha", (1 + 100) / 2.0);
	check_real(json, "beta", (1 - 40) / 2.0);
	check_real(json, "packed_bytes", 1 + 2 * 16);
	check_levels(json, (double[]){(1 - 40) / 2.0, (2 + 60) / 2.0}, 2);
	check_counts(json, (int[]){4, 4});
	json_decref(json);
	struct npy out;
	assert_true(npy_read(temporary_path(&folder, "rows_out.npy"), &out, NULL));
	assert_true(out.dimensions == 3 && !memcmp(out.values, values, sizeof values));
	npy_clear(&out);
	json = run_json("rows.npy --method minmax --bits 1");
	assert_true(json_number_value(json_object_get(json, "mse")) > 100);
	json_decref(json);
	assert_int_equal(run(output, complaint, "rows.npy --bits 1 --per-channel"), 0);
	assert_non_null(strstr(output, "2 channels with a scale each (beyond the paper)"));
}

/* 0 0 | 4 | 5 5 5 | 9 9: four levels leave no error, but not if they are evenly spaced. */
static void best_levels_of_all_are_compared(void **state)
{
	(void)state;
	static const float values[8] = {9, 0, 5, 4, 5, 0, 9, 5};
	char output[8192], complaint[8192];
	save("uneven.npy", values, 1, (size_t[]){8});
	json_t *json = run_json("uneven.npy --bits 2");
	check_real(json, "best_levels_mse", 0);
	assert_true(json_number_value(json_object_get(json, "mse")) > 0.01 && json_is_null(json_object_get(json, "gap")));
	json_decref(json);
	json = run_json("uneven.npy --bits 1 --method minmax");
	check_real(json, "best_levels_mse", (253 - 37 * 37 / 6.0) / 8); /* 0 0 | 4 5 5 5 9 9 */
	check_real(json, "mse", (16 + 3 * 16) / 8.0); /* 4 becomes 0, 5 becomes 9 */
	json_decref(json);
	json = run_json("uneven.npy --bits 5");
	assert_true(json_is_null(json_object_get(json, "best_levels_mse")));
	json_decref(json);
	json = run_json("uneven.npy --bits 5 --best-levels");
	check_real(json, "best_levels_mse", 0);
	json_decref(json);
	assert_int_equal(run(output, complaint, "uneven.npy --bits 1"), 0);
	assert_non_null(strstr(output, "best levels  MSE 3.10417 with 2 levels wherever they serve best; this is 1 times that"));
}

/* Every row at every k: what is written is among the levels' finite values, the counts sum up, the trace never rises. */
static void every_method_runs_at_every_bits(void **state)
{
	(void)state;
	static const char *const methods[] = {"em", "minmax", "log", "tanh", "em --literal"};
	float values[300];
	for (int i = 0; i < 300; i++)
		values[i] = 0.02f * (float)(sin(i) + sin(1.7 * i) + sin(2.9 * i));
	save("waves.npy", values, 2, (size_t[]){20, 15});
	for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
		for (int bits = 1; bits <= 8; bits++) {
			char words[80];
			snprintf(words, sizeof words, "waves.npy --method %s --bits %d", methods[m], bits);
			json_t *json = run_json(words);
			json_int_t sum = 0;
			for (int z = 0; z < 1 << bits; z++)
				sum += json_integer_value(json_array_get(json_object_get(json, "counts"), (size_t)z));
			assert_true(sum == 300 && json_number_value(json_object_get(json, "mse")) > 0);
			assert_true(json_is_true(json_object_get(json, "degenerate")) == (bits == 1 && (m == 2 || m == 3)));
			assert_true(json_is_true(json_object_get(json, "literal")) == (m > 0));
			const json_t *trace = json_object_get(json, "trace");
			assert_true((json_array_size(trace) > 1) == (m == 0 || m == 4));
			for (size_t i = 1; i < json_array_size(trace); i++) {
				double last = json_number_value(json_array_get(trace, i - 1));
				assert_true(json_number_value(json_array_get(trace, i)) <= last * (1 + 1e-6));
			}
			json_decref(json);
		}
}

static void iterations_are_a_limit(void **state)
{
	(void)state;
	float values[64];
	for (int i = 0; i < 64; i++)
		values[i] = expf((float)i / 16);
	save("curved.npy", values, 1, (size_t[]){64});
	double last = INFINITY, first = 0;
	for (int limit = 1; limit <= 4; limit++) {
		char words[64];
		snprintf(words, sizeof words, "curved.npy --bits 2 --literal --iterations %d", limit);
		json_t *json = run_json(words);
		double error = json_number_value(json_object_get(json, "mse"));
		assert_int_equal(json_integer_value(json_object_get(json, "iterations")), limit);
		assert_true(error <= last);
		last = error;
		first = limit == 1 ? error : first;
		json_decref(json);
	}
	assert_true(last < first);
}

static void constant_and_empty_tensors_are_fine(void **state)
{
	(void)state;
	static const float values[3] = {0.5f, 0.5f, 0.5f};
	save("constant.npy", values, 1, (size_t[]){3});
	json_t *json = run_json("constant.npy --bits 3");
	check_real(json, "alpha", 0);
	check_real(json, "beta", 0.5);
	check_real(json, "mse", 0);
	check_real(json, "dead_states", 7);
	assert_true(json_is_null(json_object_get(json, "sqnr_db"))); /* infinite */
	json_decref(json);
	static const char *const methods[] = {"minmax", "log", "tanh"};
	for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
		char words[64];
		snprintf(words, sizeof words, "constant.npy --bits 1 --method %s", methods[m]);
		json = run_json(words);
		check_real(json, "alpha", 0);
		check_real(json, "beta", 0.5);
		check_real(json, "mse", 0);
		check_levels(json, (double[]){0.5, 0.5}, 2);
		assert_true(json_is_false(json_object_get(json, "degenerate")));
		json_decref(json);
	}
	save("empty.npy", values, 2, (size_t[]){0, 3});
	json = run_json("empty.npy --bits 2 --output empty_out.npy");
	check_real(json, "weights", 0);
	assert_true(json_is_null(json_object_get(json, "alpha")) && json_is_null(json_object_get(json, "mse")));
	assert_int_equal(json_array_size(json_object_get(json, "counts")), 4);
	json_decref(json);
	struct npy out;
	assert_true(npy_read(temporary_path(&folder, "empty_out.npy"), &out, NULL));
	assert_true(out.dimensions == 2 && out.shape[0] == 0 && out.shape[1] == 3);
	npy_clear(&out);
}

static void people_get_a_table(void **state)
{
	(void)state;
	static const float values[4] = {-1, -1, 1, 1};
	char output[8192], complaint[8192];
	save("two.npy", values, 1, (size_t[]){4});
	assert_int_equal(run(output, complaint, "two.npy --bits 1"), 0);
	assert_string_equal(complaint, "");
	static const char *const parts[] = {
		"two.npy: 4 weights, 4, EM-Q at 1 bit", "state", "50.00 %", "alpha        2", "beta         -1", "MSE          0",
		"no error", "utilization  100.0 %", "packed       17 B with scales instead of 16 B: 34 bits a weight",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(output, parts[i]))
			fail_msg("\"%s\" is not in:\n%s", parts[i], output);
}

static void mistakes_get_a_sentence_and_a_status(void **state)
{
	(void)state;
	static const float values[4] = {1, 2, NAN, 3}, infinite[2] = {-INFINITY, 0};
	save("nan.npy", values, 2, (size_t[]){2, 2});
	save("infinite.npy", infinite, 1, (size_t[]){2});
	save("good.npy", values, 1, (size_t[]){2});
	temporary_write(temporary_path(&folder, "text.npy"), "hello", 5);
	static const struct { const char *words; int status; const char *part; } rows[] = {
		{"good.npy", 2, "--bits is missing"},
		{"good.npy --bits 0", 2, "--bits"},
		{"good.npy --bits 9", 2, "from 1 to 8, not 9"},
		{"good.npy --bits 32", 2, "--bits 32 is the float tensor itself"},
		{"good.npy --bits two", 2, "--bits must be an integer"},
		{"good.npy --bits 2 --method fastest", 2, "the known ones are em, minmax, log, tanh"},
		{"good.npy --bits 2 --iterations 0", 2, "--iterations"},
		{"good.npy --bits 2 --method log --eps 0", 2, "--eps"},
		{"good.npy --bits 2 --method log --eps nan", 2, "--eps"},
		{"good.npy --bits 2 --per-channel", 2, "good.npy: --per-channel expects at least 2 dimensions"},
		{"--bits 2", 2, "FILE.npy"},
		{"nan.npy --bits 2", 2, "nan.npy: weight 2 of 4 is NaN"},
		{"nan.npy --bits 2 --method minmax", 2, "nan.npy: weight 2 of 4 is NaN"},
		{"nan.npy --bits 1 --method log", 2, "nan.npy: weight 2 of 4 is NaN"},
		{"nan.npy --bits 8 --method tanh", 2, "nan.npy: weight 2 of 4 is NaN"},
		{"nan.npy --bits 2 --per-channel", 2, "nan.npy: weight 2 of 4 is NaN"},
		{"infinite.npy --bits 2 --method tanh", 2, "infinite.npy: weight 0 of 2 is -Inf"},
		{"infinite.npy --bits 2", 2, "infinite.npy: weight 0 of 2 is -Inf"},
		{"missing.npy --bits 2", 2, "missing.npy"},
		{"text.npy --bits 2", 2, "text.npy is not a .npy file"},
		{"good.npy --bits 2 --output nowhere/out.npy", 1, "nowhere/out.npy cannot be written"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char output[8192], complaint[8192];
		int status = run(output, complaint, "%s --json", rows[i].words);
		if (status != rows[i].status || !strstr(complaint, rows[i].part) || output[0])
			fail_msg("%s: status %d, \"%s\", output \"%s\"", rows[i].words, status, complaint, output);
	}
	assert_int_equal(access(temporary_path(&folder, "out.npy.tmp"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_right_by_hand),
		cmocka_unit_test(logarithms_by_hand),
		cmocka_unit_test(one_bit_of_the_logarithm_is_degenerate),
		cmocka_unit_test(tanh_has_infinite_ends),
		cmocka_unit_test(channels_have_their_own_scales),
		cmocka_unit_test(best_levels_of_all_are_compared),
		cmocka_unit_test(every_method_runs_at_every_bits),
		cmocka_unit_test(iterations_are_a_limit),
		cmocka_unit_test(constant_and_empty_tensors_are_fine),
		cmocka_unit_test(people_get_a_table),
		cmocka_unit_test(mistakes_get_a_sentence_and_a_status),
	};
	return cmocka_run_group_tests(tests, find_program, remove_folder);
}
