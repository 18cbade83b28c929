/* qgan features as scripts use it: the program that was built beside this test, its JSON, its files and its statuses. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <jansson.h>

#include <cmocka.h>

#include "engine/file/checkpoint.h"
#include "engine/file/npy.h"
#include "tests/temporary_folder.h"

enum { TEXT_SIZE = 16384 };

static struct temporary_folder folder;

static void read_text(FILE *file, char text[TEXT_SIZE])
{
	assert_non_null(file);
	text[fread(text, 1, TEXT_SIZE - 1, file)] = '\0';
}

/* Runs qgan in the folder; returns the exit status. */
static int run(const char *words, char output[TEXT_SIZE], char complaint[TEXT_SIZE])
{
	char command[2 * PATH_MAX];
	snprintf(command, sizeof command, "cd '%s' && '%s' %s 2>complaint", folder.path, QGAN_PROGRAM, words);
	FILE *pipe = popen(command, "r");
	read_text(pipe, output);
	int status = pclose(pipe);
	FILE *file = fopen(temporary_path(&folder, "complaint"), "r");
	read_text(file, complaint);
	fclose(file);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static json_t *run_json(const char *words)
{
	char output[TEXT_SIZE], complaint[TEXT_SIZE], all[1024];
	snprintf(all, sizeof all, "%s --json", words);
	int status = run(all, output, complaint);
	if (status != 0 || *complaint)
		fail_msg("%s: status %d, %s", words, status, complaint);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	return json;
}

static void check_text(const json_t *json, const char *key, const char *expected)
{
	const char *text = json_string_value(json_object_get(json, key));
	if (!text || strcmp(text, expected) != 0)
		fail_msg("%s is \"%s\"; expected \"%s\"", key, text, expected);
}

static void check_number(const json_t *json, const char *key, double least, double most)
{
	double number = json_number_value(json_object_get(json, key));
	if (!json_is_number(json_object_get(json, key)) || !(number >= least && number <= most))
		fail_msg("%s is %g; expected %g..%g", key, number, least, most);
}

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

static void trains_a_file_that_says_how_it_came_about(void **state)
{
	(void)state;
	json_t *json = run_json("features train --data shapes --samples 32 --epochs 2 --batch 16 --seed 7 --output small");
	check_text(json, "output", "small");
	check_text(json, "data", "shapes");
	check_number(json, "train_count", 32, 32);
	check_number(json, "test_count", 32, 32);
	check_number(json, "accuracy", 0, 1);
	check_number(json, "train_loss", 0.1, 10);
	check_number(json, "epochs", 2, 2);
	struct checkpoint *file = checkpoint_read(temporary_path(&folder, "small"), NULL, NULL);
	double accuracy = 0, rate = 0;
	uint64_t seed = 0, count = 0;
	const char *name = NULL, *data = NULL;
	assert_non_null(file);
	assert_true(checkpoint_get_number(file, "accuracy", &accuracy, NULL) && checkpoint_get_integer(file, "seed", &seed, NULL));
	assert_true(checkpoint_get_integer(file, "train_count", &count, NULL) && checkpoint_get_text(file, "class.0", &name, NULL));
	assert_true(checkpoint_get_text(file, "data", &data, NULL) && checkpoint_get_number(file, "learning_rate", &rate, NULL));
	assert_true(accuracy == json_number_value(json_object_get(json, "accuracy")) && seed == 7 && count == 32 && rate == 3e-3);
	assert_string_equal(name, "circle");
	assert_string_equal(data, "shapes");
	checkpoint_destroy(file);
	json_t *again = run_json("features test small --data shapes --samples 32");
	check_number(again, "accuracy", accuracy, accuracy);
	check_number(again, "samples", 32, 32);
	check_text(again, "split", "test");
	check_text(again, "trained_on", "shapes");
	json_decref(again);
	json_decref(json);
}

static void extracts_what_metrics_reads(void **state)
{
	(void)state;
	json_t *json = run_json("features extract classifier:small --data shapes --samples 40 --output a.npy --logits l.npy");
	check_number(json, "samples", 40, 40);
	check_number(json, "dimensions", 128, 128);
	check_text(json, "split", "train");
	struct npy features, logits;
	assert_true(npy_read(temporary_path(&folder, "a.npy"), &features, NULL));
	assert_true(npy_read(temporary_path(&folder, "l.npy"), &logits, NULL));
	assert_true(features.dimensions == 2 && features.shape[0] == 40 && features.shape[1] == 128);
	assert_true(logits.dimensions == 2 && logits.shape[0] == 40 && logits.shape[1] == 10);
	npy_clear(&features);
	npy_clear(&logits);
	json_t *scores = run_json("metrics --features a.npy --reference a.npy --logits l.npy");
	check_number(scores, "fid", 0, 1e-6);
	check_number(scores, "is_mean", 1, 10);
	json_decref(scores);
	json_decref(json);
}

static void lists_the_networks(void **state)
{
	(void)state;
	json_t *json = run_json("features list");
	check_text(json, "default", "classifier");
	check_text(json_array_get(json_object_get(json, "networks"), 0), "usage", "classifier[:WEIGHTS]");
	json_decref(json);
	char output[TEXT_SIZE], complaint[TEXT_SIZE];
	assert_int_equal(run("features list", output, complaint), 0);
	assert_non_null(strstr(output, "test accuracy"));
}

static void mistakes_are_told_in_a_sentence(void **state)
{
	(void)state;
	static const struct { const char *words, *sentence; } rows[] = {
		{"features train", "--data is missing"},
		{"features train --data nosuch", "unknown data set \"nosuch\""},
		{"features train --data shapes --samples 8", "the batch is 64 pictures"},
		{"features train --data shapes --epochs 0", "--epochs"},
		{"features train --data images:.", "no picture"},
		{"features train --data shapes --flip perhaps", "--flip"},
		{"features test nosuch --data shapes --samples 4", "nosuch cannot be read"},
		{"features test complaint --data shapes --samples 4", "complaint"},
		{"features test nosuch:a --data shapes --samples 4", "nosuch:a"},
		{"features test", "--data is missing"},
		{"features extract small --data shapes", "nothing to write"},
		{"features extract small --data shapes --samples 2 --output no/such/folder", "no/such/folder"},
		{"features look", "unknown command \"qgan features look\""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char output[TEXT_SIZE], complaint[TEXT_SIZE];
		int status = run(rows[i].words, output, complaint);
		bool folder_missing = strstr(rows[i].words, "no/such/folder") != NULL;
		if (status != (folder_missing ? 1 : 2) || *output || !strstr(complaint, rows[i].sentence))
			fail_msg("%s: status %d, \"%s\"", rows[i].words, status, complaint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trains_a_file_that_says_how_it_came_about),
		cmocka_unit_test(extracts_what_metrics_reads),
		cmocka_unit_test(lists_the_networks),
		cmocka_unit_test(mistakes_are_told_in_a_sentence),
	};
	return cmocka_run_group_tests_name("features_command", tests, prepare, remove_folder);
}
