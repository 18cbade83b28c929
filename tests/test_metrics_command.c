/* qgan metrics as scripts use it: the program that was built beside this test, its JSON, its files and its exit statuses. */
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
#include "tests/golden/metrics.h"
#include "tests/metric_features.h"
#include "tests/temporary_folder.h"

static struct temporary_folder folder;
static char seeds[PATH_MAX];

static void save(const char *name, float *values, size_t rows, size_t columns)
{
	struct npy npy = {.dimensions = 2, .shape = {rows, columns}, .count = rows * columns, .values = values};
	assert_true(npy_write(temporary_path(&folder, "%s", name), &npy, NULL));
	free(values);
}

static int prepare(void **state)
{
	(void)state;
	if (!realpath("tests/fuzz/corpus", seeds))
		return -1;
	temporary_folder_create(&folder);
	save("a.npy", make_features(1, 400, 24, 0.3, 0.01), 400, 24);
	save("b.npy", make_features(2, 300, 24, 0.25, 0.012), 300, 24);
	save("few_a.npy", make_features(3, 20, 48, 0.3, 0.01), 20, 48);
	save("few_b.npy", make_features(4, 30, 48, 0.25, 0.012), 30, 48);
	save("logits.npy", make_features(6, 103, 7, 2.0, 0.3), 103, 7);
	save("one.npy", make_features(7, 1, 24, 1, 0), 1, 24);
	save("none.npy", make_features(7, 0, 24, 1, 0), 0, 24);
	float *values = make_features(8, 4, 24, 1, 0);
	values[3 * 24 + 7] = NAN;
	save("nan.npy", values, 4, 24);
	temporary_write(temporary_path(&folder, "text.npy"), "hello", 5);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

/* Runs a command in the folder; stdout and stderr go into the buffers. Returns the exit status. */
static int run_command(const char *command, char output[8192], char complaint[8192])
{
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

static int run(const char *words, char output[8192], char complaint[8192])
{
	char command[3 * PATH_MAX];
	snprintf(command, sizeof command, "cd '%s' && '%s' metrics %s 2>complaint", folder.path, QGAN_PROGRAM, words);
	return run_command(command, output, complaint);
}

static json_t *run_json(const char *words, const char *said)
{
	char output[8192], complaint[8192], all[1024];
	snprintf(all, sizeof all, "%s --json", words);
	int status = run(all, output, complaint);
	if (status != 0)
		fail_msg("%s: status %d, %s", words, status, complaint);
	assert_string_equal(complaint, said);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_object_size(json), 9);
	return json;
}

static void check(const json_t *json, const char *key, double expected, double share)
{
	const json_t *value = json_object_get(json, key);
	if (isnan(expected) ? !json_is_null(value) : !json_is_number(value) || !nearly_equal(json_number_value(value), expected, share))
		fail_msg("%s is not %g", key, expected);
}

static void check_counts(json_t *json, double samples, double reference, double dimensions)
{
	check(json, "samples", samples, 0);
	check(json, "reference_samples", reference, 0);
	check(json, "dimensions", dimensions, 0);
}

static void numbers_are_numpy_s(void **state)
{
	(void)state;
	json_t *json = run_json("--features a.npy --reference b.npy --kid-subsets 7 --kid-subset-size 200 --seed 3", "");
	check(json, "fid", golden_fid_well, 1e-9);
	check(json, "kid", golden_kid_subsets, 1e-8);
	check(json, "kid_std", golden_kid_subsets_std, 1e-8);
	check(json, "is_mean", NAN, 0);
	check(json, "is_std", NAN, 0);
	check_counts(json, 400, 300, 24);
	assert_true(json_is_false(json_object_get(json, "regularized")));
	json_decref(json);
	json = run_json("--features few_a.npy --reference few_b.npy --threads 1", "");
	check(json, "fid", golden_fid_few, 1e-9);
	assert_true(json_is_true(json_object_get(json, "regularized")));
	json_decref(json);
	json = run_json("--logits logits.npy", "");
	check(json, "is_mean", golden_is_mean_10, 1e-12);
	check(json, "is_std", golden_is_std_10, 1e-12);
	check(json, "fid", NAN, 0);
	check(json, "kid", NAN, 0);
	check_counts(json, 103, NAN, NAN);
	assert_true(json_is_null(json_object_get(json, "regularized")));
	json_decref(json);
	json = run_json("--logits logits.npy --splits 4", "");
	check(json, "is_mean", golden_is_mean_4, 1e-12);
	json_decref(json);
}

static void statistics_stand_for_features(void **state)
{
	(void)state;
	char output[8192], complaint[8192];
	assert_int_equal(run("--features b.npy --write-statistics b.npz", output, complaint), 0);
	assert_non_null(strstr(output, "statistics of b.npy written to b.npz"));
	json_t *json = run_json("--features a.npy --reference b.npz --write-statistics again.npz",
	                        "qgan: warning: no KID: b.npz has statistics, and KID needs the samples themselves\n");
	check(json, "fid", golden_fid_well, 1e-9);
	check(json, "kid", NAN, 0);
	check(json, "kid_std", NAN, 0);
	check_counts(json, 400, 300, 24);
	json_decref(json);
	assert_int_equal(run("--features a.npy --reference again.npz", output, complaint), 0);
	assert_non_null(strstr(output, "again.npz has statistics; KID needs the samples themselves"));
	json = run_json("--features b.npz --reference b.npz",
	                "qgan: warning: no KID: b.npz has statistics, and KID needs the samples themselves\n");
	assert_true(json_number_value(json_object_get(json, "fid")) < 1e-9);
	json_decref(json);
}

/* A python3 that has numpy; NULL: there is none. */
static const char *find_numpy(void)
{
	static const char *const names[] = {"python3", "/usr/bin/python3"};
	for (int i = 0; i < 2; i++) {
		char command[64];
		snprintf(command, sizeof command, "%s -c 'import numpy' >/dev/null 2>&1", names[i]);
		if (system(command) == 0)
			return names[i];
	}
	return NULL;
}

static void numpy_reads_what_is_written(void **state)
{
	(void)state;
	const char *python = find_numpy();
	char output[8192], complaint[8192], command[2 * PATH_MAX];
	if (!python)
		skip();
	assert_int_equal(run("--features a.npy --write-statistics a.npz", output, complaint), 0);
	snprintf(command, sizeof command,
	         "cd '%s' && %s -c 'import numpy as n; f = n.load(\"a.npz\"); x = n.load(\"a.npy\").astype(float); "
	         "print(n.abs(f[\"mu\"] - x.mean(0)).max() < 1e-14, n.abs(f[\"sigma\"] - n.cov(x, rowvar=False)).max() < 1e-14, "
	         "f[\"mu\"].dtype, f[\"sigma\"].shape, int(f[\"samples\"]))' 2>complaint", folder.path, python);
	assert_int_equal(run_command(command, output, complaint), 0);
	assert_string_equal(output, "True True float64 (24, 24) 400\n");
}

static void people_get_a_table(void **state)
{
	(void)state;
	char output[8192], complaint[8192];
	assert_int_equal(run("--features a.npy --reference b.npy", output, complaint), 0);
	assert_string_equal(complaint, "");
	static const char *const parts[] = {
		"features   a.npy: 400 samples, 24 values each", "reference  b.npy: 300 samples", "score", "FID      0.438889",
		"KID    0.00432758", "all samples, spread by jackknife",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(output, parts[i]))
			fail_msg("\"%s\" is not in:\n%s", parts[i], output);
	assert_int_equal(run("--features few_a.npy --reference few_b.npy --kid-subset-size 25 --kid-subsets 1", output, complaint), 0);
	assert_non_null(strstr(output, "regularized: a covariance is singular"));
	assert_non_null(strstr(output, "1 subset of 25, seed 0"));
	assert_int_equal(run("--logits logits.npy --splits 1", output, complaint), 0);
	assert_non_null(strstr(output, "logits     logits.npy: 103 samples"));
	assert_non_null(strstr(output, "3.03626"));
}

static void mistakes_get_a_sentence_and_a_status(void **state)
{
	(void)state;
	char twice[2 * PATH_MAX], cut[2 * PATH_MAX];
	snprintf(twice, sizeof twice, "--features a.npy --reference '%s/statistics/twice.npz'", seeds);
	snprintf(cut, sizeof cut, "--features a.npy --reference '%s/statistics/without_sigma.npz'", seeds);
	const struct { const char *words; int status; const char *part; } rows[] = {
		{"", 2, "nothing to score: expected --features and --reference, or --logits"},
		{"--features a.npy", 2, "--reference is missing"},
		{"--reference a.npy", 2, "--features is missing"},
		{"--logits logits.npy --write-statistics x.npz", 2, "--features is missing"},
		{"--features a.npy --reference missing.npy", 2, "missing.npy cannot be read: No such file"},
		{"--features text.npy --reference b.npy", 2, "text.npy is not a .npy file"},
		{"--features nan.npy --reference b.npy", 2, "qgan: nan.npy: row 3, column 7 is NaN; expected finite numbers"},
		{"--features one.npy --reference b.npy", 2, "qgan: one.npy: 1 sample: a covariance needs at least 2"},
		{"--features a.npy --reference none.npy", 2, "none.npy: 0 samples"},
		{"--features a.npy --reference few_b.npy", 2, "a.npy has 24 values a sample, but few_b.npy has 48"},
		{"--features a.npy --reference b.npy --logits logits.npy", 2, "logits.npy has 103 samples, but a.npy has 400"},
		{"--logits logits.npy --splits 52", 2, "logits.npy: 103 samples are too few for 52 splits"},
		{"--logits nan.npy --splits 2", 2, "nan.npy: row 3, column 7 is NaN"},
		{"--features a.npy --reference b.npy --splits 0", 2, "--splits"},
		{"--features a.npy --reference b.npy --kid-subset-size 1", 2, "--kid-subset-size"},
		{"--features a.npy --write-statistics nowhere/out.npz", 1, "nowhere/out.npz cannot be written"},
		{twice, 2, "member mu.npy is there twice"},
		{cut, 2, "has no member sigma.npy"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char output[8192], complaint[8192], words[2 * PATH_MAX + 8];
		snprintf(words, sizeof words, "%s --json", rows[i].words);
		int status = run(words, output, complaint);
		if (status != rows[i].status || !strstr(complaint, rows[i].part) || output[0])
			fail_msg("%s: status %d, \"%s\", output \"%s\"", rows[i].words, status, complaint, output);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_numpy_s),
		cmocka_unit_test(statistics_stand_for_features),
		cmocka_unit_test(numpy_reads_what_is_written),
		cmocka_unit_test(people_get_a_table),
		cmocka_unit_test(mistakes_get_a_sentence_and_a_status),
	};
	return cmocka_run_group_tests(tests, prepare, remove_folder);
}
