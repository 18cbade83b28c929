/* qgan eval as scripts use it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/base/text.h"
#include "engine/data/picture_file.h"
#include "store/store.h"
#include "tests/tiny_pictures.h"

enum { PICTURES = 110, SIDE = 32, SAMPLES = 100, OUTPUT = 8192 };

static struct temporary_folder folder;
static char data[512], store_file[TEMPORARY_PATH_SIZE];

/* Its standard output to `output`, both outputs when it fails; the exit status. */
static int qgan(char output[OUTPUT], const char *words)
{
	char line[4096];
	snprintf(line, sizeof line, "XDG_CACHE_HOME=%s QGAN_STORE=%s %s %s 2>%s/errors", folder.path, store_file, QGAN_PROGRAM, words,
	         folder.path);
	FILE *pipe = popen(line, "r");
	assert_non_null(pipe);
	size_t used = fread(output, 1, OUTPUT - 1, pipe);
	output[used] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static int prepare(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	tiny_pictures_write(&folder, data, sizeof data);
	strcpy(store_file, temporary_path(&folder, "runs.db"));
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static void expect_refusal(const char *words, const char *sentence)
{
	char output[OUTPUT], errors[OUTPUT] = "";
	assert_int_equal(qgan(output, words), 2);
	assert_string_equal(output, "");
	FILE *file = fopen(temporary_path(&folder, "errors"), "r");
	assert_non_null(file);
	errors[fread(errors, 1, sizeof errors - 1, file)] = '\0';
	fclose(file);
	if (!strstr(errors, sentence))
		fail_msg("\"%s\" does not say \"%s\"", errors, sentence);
}

static void wrong_words_are_refused(void **state)
{
	(void)state;
	expect_refusal("eval", "RUN or --images DIR");
	expect_refusal("eval a --images /tmp --reference shapes", "RUN or --images DIR");
	expect_refusal("eval --images /tmp", "--reference");
	expect_refusal("eval a --recipe best", "one of live, standard, large");
	expect_refusal("eval a --split all", "train or test");
	expect_refusal("eval --images /no/such/folder --reference shapes", "/no/such/folder");
}

static double number(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	if (!json_is_number(value))
		fail_msg("%s is no number", key);
	return json_number_value(value);
}

static json_t *score(const char *words)
{
	char output[OUTPUT];
	assert_int_equal(qgan(output, words), 0);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	assert_true(isfinite(number(json, "fid")) && number(json, "fid_std") > 0 && isfinite(number(json, "kid")));
	assert_true(number(json, "is_mean") >= 1 && number(json, "samples") == SAMPLES && number(json, "dimensions") == 128);
	assert_true(json_is_false(json_object_get(json, "live")));
	return json;
}

static void a_folder_is_scored(void **state)
{
	(void)state;
	struct error error;
	for (int i = 0; i < PICTURES; i++) {
		struct image *picture = image_create(SIDE, SIDE, 1, &error);
		assert_non_null(picture);
		for (int p = 0; p < SIDE * SIDE; p++)
			picture->pixels[p] = (uint8_t)(p * (i + 3) % 251);
		assert_true(picture_write_png(picture, temporary_path(&folder, "pictures/%03d.png", i), &error));
		image_destroy(picture);
	}
	char words[1024];
	snprintf(words, sizeof words, "eval --images %s/pictures --reference %s --features classifier:fashion-mnist --recipe live"
	         " --samples %d --json", folder.path, data, SAMPLES);
	json_t *first = score(words), *again = score(words);
	assert_true(number(first, "fid") == number(again, "fid") && number(first, "reference_samples") == TINY_PICTURES);
	json_decref(first);
	json_decref(again);
	snprintf(words, sizeof words, "eval --images %s/pictures --reference %s --features classifier:fashion-mnist --samples 5000",
	         folder.path, data);
	expect_refusal(words, "has 110 pictures");
}

static void count_score(void *context, const struct score *score)
{
	assert_true(!score->live && score->step == 2 && score->samples == SAMPLES && score->fid > 0);
	(*(int *)context)++;
}

/* The score of a run goes into its store, and into its row as nothing else is known. */
static void a_run_is_scored_and_its_score_kept(void **state)
{
	(void)state;
	char words[1024], output[OUTPUT];
	struct run run = {0};
	int scores = 0;
	snprintf(words, sizeof words, "train --data %s --width 2 --batch 8 --steps 2 --threads 1 --run-name r", data);
	assert_int_equal(qgan(output, words), 0);
	snprintf(words, sizeof words, "eval r --features classifier:fashion-mnist --samples %d --json", SAMPLES);
	json_t *json = score(words);
	assert_true(number(json, "step") == 2);
	struct store *store = store_open(store_file, STORE_READ, NULL);
	assert_non_null(store);
	assert_true(store_find_run(store, "r", &run, NULL) && store_visit_scores(store, run.id, NULL, count_score, &scores, NULL));
	assert_int_equal(scores, 1);
	assert_string_equal(run.scores.identity, json_string_value(json_object_get(json, "identity")));
	assert_true(fabs(run.scores.fid - number(json, "fid")) < 1e-9 * run.scores.fid && run.scores.step == 2);
	assert_int_equal(qgan(output, "runs show r"), 0);
	assert_non_null(strstr(output, run.scores.identity)); /* above the numbers it belongs to */
	run_clear(&run);
	store_close(store);
	json_decref(json);
}

static void count_any(void *context, const struct score *score)
{
	(void)score;
	(*(int *)context)++;
}

static void every_checkpoint_is_scored(void **state)
{
	(void)state;
	char words[1024], output[OUTPUT];
	snprintf(words, sizeof words, "train --data %s --width 2 --batch 8 --steps 5 --checkpoint-every 2 --threads 1 --run-name many", data);
	assert_int_equal(qgan(output, words), 0);
	snprintf(words, sizeof words, "eval many --all-checkpoints --features classifier:fashion-mnist --samples %d --json", SAMPLES);
	assert_int_equal(qgan(output, words), 0);
	const char *line = output;
	double fid_at_4 = 0;
	for (int64_t step = 2; step <= 5; step += step == 4 ? 1 : 2, line = strchr(line, '\n') + 1) {
		json_t *json = json_loadb(line, strcspn(line, "\n"), 0, NULL);
		assert_non_null(json);
		assert_true(number(json, "step") == (double)step && number(json, "fid") > 0);
		assert_string_equal(json_string_value(json_object_get(json, "run")), "many");
		fid_at_4 = step == 4 ? number(json, "fid") : fid_at_4;
		json_decref(json);
	}
	assert_string_equal(line, "");
	/* each is what it is alone: the noise begins anew */
	snprintf(words, sizeof words, "eval many@4 --features classifier:fashion-mnist --samples %d --json", SAMPLES);
	json_t *alone = score(words);
	assert_true(number(alone, "fid") == fid_at_4);
	json_decref(alone);
	struct run run = {0};
	int scores = 0;
	struct store *store = store_open(store_file, STORE_READ, NULL);
	assert_non_null(store);
	assert_true(store_find_run(store, "many", &run, NULL) && store_visit_scores(store, run.id, NULL, count_any, &scores, NULL));
	assert_int_equal(scores, 4); /* three, and one again */
	run_clear(&run);
	store_close(store);
	expect_refusal("eval many@4 --all-checkpoints", "a RUN without a step");
	expect_refusal("eval --images /tmp --reference shapes --all-checkpoints", "a RUN without a step");
	expect_refusal("eval nobody --all-checkpoints", "nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(a_folder_is_scored),
		cmocka_unit_test(a_run_is_scored_and_its_score_kept),
		cmocka_unit_test(every_checkpoint_is_scored),
	};
	return cmocka_run_group_tests_name("eval_command", tests, prepare, clean_up);
}
