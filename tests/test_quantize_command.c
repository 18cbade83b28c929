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
		snprintf(words, sizeof words, "curved.npy --bits 2 --iterations %d", limit);
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
		"no error", "utilization  100.0 %", "packed       9 B instead of 16 B",
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
		{"good.npy --bits 2 --method fastest", 2, "the known ones are em, minmax"},
		{"good.npy --bits 2 --iterations 0", 2, "--iterations"},
		{"--bits 2", 2, "FILE.npy"},
		{"nan.npy --bits 2", 2, "nan.npy: weight 2 of 4 is NaN"},
		{"nan.npy --bits 2 --method minmax", 2, "nan.npy: weight 2 of 4 is NaN"},
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
		cmocka_unit_test(iterations_are_a_limit),
		cmocka_unit_test(constant_and_empty_tensors_are_fine),
		cmocka_unit_test(people_get_a_table),
		cmocka_unit_test(mistakes_get_a_sentence_and_a_status),
	};
	return cmocka_run_group_tests(tests, find_program, remove_folder);
}
