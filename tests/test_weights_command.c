/* qgan weights as scripts use it: a run trained by the program that was built beside this test, its JSON, files and statuses. */
#include <math.h>

#include <jansson.h>

#include "engine/base/image.h"
#include "engine/data/dataset.h"
#include "engine/data/picture_file.h"
#include "engine/file/checkpoint.h"
#include "tests/program_fixture.h"
#include "tests/tiny_pictures.h"

enum { LAYERS = 8 };

static struct temporary_folder data;

/* Two runs: "plain" with float weights, "four" from its end with D at 4 bits and G at 2. */
static int train_runs(void **state)
{
	(void)state;
	char spec[DATASET_SPEC_SIZE];
	temporary_folder_create(&folder);
	temporary_folder_create(&data);
	tiny_pictures_write(&data, spec, sizeof spec);
	if (run("train --run-name plain --data '%s' --width 4 --latent 10 --batch 8 --steps 6 --threads 1 --json", spec))
		return -1;
	return run("train --run-name four --from plain --d-bits 4 --g-bits 2 --steps 3 --json");
}

static int remove_runs(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	temporary_folder_remove(&data);
	return 0;
}

static json_t *run_json(const char *words)
{
	int status = run("weights %s --json", words);
	if (status != 0)
		fail_msg("%s: status %d, %s", words, status, complaint);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	return json;
}

static const json_t *layer_at(const json_t *json, size_t index)
{
	const json_t *layer = json_array_get(json_object_get(json, "layers"), index);
	assert_non_null(layer);
	return layer;
}

static double real_of(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	if (!json_is_number(value))
		fail_msg("%s is no number", key);
	return json_number_value(value);
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	if (!text)
		fail_msg("%s is no text", key);
	return text;
}

static double sum_of(const json_t *array)
{
	double sum = 0;
	for (size_t i = 0; i < json_array_size(array); i++)
		sum += json_number_value(json_array_get(array, i));
	return sum;
}

static void float_layers_are_described(void **state)
{
	(void)state;
	json_t *json = run_json("plain");
	assert_string_equal(text_of(json, "run"), "plain");
	assert_int_equal((int)real_of(json, "step"), 6);
	assert_true(json_is_null(json_object_get(json, "what_if")));
	assert_int_equal(json_array_size(json_object_get(json, "layers")), LAYERS);
	for (size_t i = 0; i < LAYERS; i++) {
		const json_t *layer = layer_at(json, i);
		assert_string_equal(text_of(layer, "network"), i < 4 ? "D" : "G");
		assert_int_equal((int)real_of(layer, "bits"), 32);
		assert_true(json_is_null(json_object_get(layer, "mse")) && json_is_null(json_object_get(layer, "dead_states")));
		assert_int_equal(json_array_size(json_object_get(layer, "levels")), 0);
		assert_true(real_of(layer, "packed_bytes") == 4 * real_of(layer, "weights"));
		assert_true(sum_of(json_object_get(json_object_get(layer, "histogram"), "counts")) == real_of(layer, "weights"));
	}
	json_decref(json);
}

static void trained_layers_are_described(void **state)
{
	(void)state;
	json_t *json = run_json("four");
	for (size_t i = 0; i < LAYERS; i++) {
		const json_t *layer = layer_at(json, i);
		double bits = i < 4 ? 4 : 2, weights = real_of(layer, "weights");
		assert_true(real_of(layer, "bits") == bits);
		assert_string_equal(text_of(layer, "method"), "em");
		assert_int_equal(json_array_size(json_object_get(layer, "levels")), 1 << (int)bits);
		assert_true(sum_of(json_object_get(layer, "counts")) == weights);
		assert_true(real_of(layer, "packed_bytes") == ceil(weights * bits / 8) + 16);
		assert_true(real_of(layer, "bits_per_weight") == 8 * real_of(layer, "packed_bytes") / weights);
		assert_true(real_of(layer, "mse") > 0 && real_of(layer, "mse") < real_of(layer, "variance"));
		/* nothing has lower errors than the best levels */
		assert_true(real_of(layer, "best_mse") <= real_of(layer, "mse") * (1 + 1e-6));
		assert_true(real_of(layer, "best_gap") >= -1e-6);
	}
	json_decref(json);
}

/* Minmax by hand, over the weights in the checkpoint. */
static void what_if_is_right_by_hand(void **state)
{
	(void)state;
	struct error error;
	json_t *json = run_json("plain --method minmax --bits 2 --layer D.conv2");
	assert_int_equal(json_array_size(json_object_get(json, "layers")), 1);
	const char *path = temporary_path(&folder, "runs.db-runs/plain/step-000006.safetensors");
	struct checkpoint *checkpoint = checkpoint_read(path, NULL, &error);
	if (!checkpoint)
		fail_msg("%s", error.text);
	const struct checkpoint_tensor *tensor = checkpoint_find(checkpoint, "D.conv2.weight");
	assert_non_null(tensor);
	float low = tensor->values[0], high = low;
	for (size_t i = 0; i < tensor->count; i++) {
		low = fminf(low, tensor->values[i]);
		high = fmaxf(high, tensor->values[i]);
	}
	double alpha = ((double)high - (double)low) / 3, squares = 0, counts[4] = {0};
	for (size_t i = 0; i < tensor->count; i++) {
		double z = fmin(fmax(rint(((double)tensor->values[i] - (double)low) / alpha), 0), 3);
		double difference = (double)tensor->values[i] - (alpha * z + (double)low);
		squares += difference * difference;
		counts[(int)z]++;
	}
	const json_t *layer = layer_at(json, 0);
	assert_true(fabs(real_of(layer, "alpha") / alpha - 1) < 1e-6);
	assert_true(fabs(real_of(layer, "mse") * (double)tensor->count / squares - 1) < 1e-4);
	for (size_t z = 0; z < 4; z++)
		assert_true(json_number_value(json_array_get(json_object_get(layer, "counts"), z)) == counts[z]);
	checkpoint_destroy(checkpoint);
	json_decref(json);
}

static void infinite_levels_are_words(void **state)
{
	(void)state;
	json_t *json = run_json("plain --method tanh --bits 1");
	const json_t *layer = layer_at(json, 0), *levels = json_object_get(layer, "levels");
	assert_true(json_is_true(json_object_get(layer, "degenerate")));
	assert_string_equal(json_string_value(json_array_get(levels, 0)), "-inf");
	assert_string_equal(json_string_value(json_array_get(levels, 1)), "inf");
	json_decref(json);
	json = run_json("plain --method em --bits 1");
	assert_true(json_is_false(json_object_get(layer_at(json, 0), "degenerate")));
	json_decref(json);
}

/* One scale a channel never has the larger error. */
static void options_reach_the_method(void **state)
{
	(void)state;
	json_t *one = run_json("plain --method minmax --bits 2"), *many = run_json("plain --method minmax --bits 2 --per-channel");
	assert_true(json_is_true(json_object_get(json_object_get(many, "what_if"), "per_channel")));
	bool better = false;
	for (size_t i = 0; i < LAYERS; i++) {
		assert_true(real_of(layer_at(many, i), "scales") >= real_of(layer_at(one, i), "scales"));
		better |= real_of(layer_at(many, i), "mse") < 0.99 * real_of(layer_at(one, i), "mse");
	}
	assert_true(better);
	json_decref(one);
	json_decref(many);
	one = run_json("plain --bits 3");
	many = run_json("plain --bits 3 --literal");
	for (size_t i = 0; i < LAYERS; i++)
		assert_true(real_of(layer_at(one, i), "mse") <= real_of(layer_at(many, i), "mse") * (1 + 1e-6));
	json_decref(one);
	json_decref(many);
}

static struct image *read_picture(const char *name)
{
	struct error error;
	struct image *picture = picture_read(temporary_path(&folder, "%s", name), 3, &error);
	if (!picture)
		fail_msg("%s", error.text);
	return picture;
}

static bool same_pixels(const char *left_name, const char *right_name)
{
	struct image *left = read_picture(left_name), *right = read_picture(right_name);
	assert_int_equal(left->width, right->width);
	assert_int_equal(left->height, right->height);
	bool same = !memcmp(left->pixels, right->pixels, 3 * (size_t)left->width * (size_t)left->height);
	image_destroy(left);
	image_destroy(right);
	return same;
}

static void pictures_answer_the_question(void **state)
{
	(void)state;
	json_decref(run_json("plain --pictures plain.png --samples 9"));
	assert_int_equal(run("sample plain --output sample.png --count 9"), 0);
	assert_true(same_pixels("plain.png", "sample.png"));
	json_decref(run_json("plain --method em --bits 1 --pictures whole.png --samples 9"));
	assert_false(same_pixels("plain.png", "whole.png"));
	json_t *json = run_json("plain --method em --bits 1 --layer G.deconv2 --pictures layer.png --samples 9");
	assert_string_equal(text_of(json, "pictures"), "layer.png");
	json_decref(json);
	assert_false(same_pixels("layer.png", "plain.png"));
	assert_false(same_pixels("layer.png", "whole.png"));
	json_decref(run_json("plain --pictures fresh.png --samples 9 --seed 5"));
	assert_false(same_pixels("fresh.png", "plain.png"));
}

static void figures_are_written(void **state)
{
	(void)state;
	json_t *json = run_json("four --layer G.deconv1 --png layer.png --csv layer.csv");
	assert_string_equal(text_of(json, "png"), "layer.png");
	struct image *picture = read_picture("layer.png");
	assert_int_equal(picture->width, 1200);
	image_destroy(picture);
	FILE *file = fopen(temporary_path(&folder, "layer.csv"), "r");
	assert_non_null(file);
	char line[512], heading[512] = "";
	double weights = 0;
	while (fgets(line, sizeof line, file)) {
		int state_number;
		double level, count;
		if (!strncmp(line, "layer,", 6))
			strcpy(heading, line);
		else if (!strncmp(heading, "layer,state,", 12)) {
			assert_int_equal(sscanf(line, "\"four, step 9, G.deconv1\",%d,%lf,%lf", &state_number, &level, &count), 3);
			weights += count;
		}
	}
	fclose(file);
	assert_true(weights == real_of(layer_at(json, 0), "weights"));
	json_decref(json);
}

static void people_read_tables(void **state)
{
	(void)state;
	assert_int_equal(run("weights four"), 0);
	assert_non_null(strstr(output, "four, step 9\n"));
	assert_non_null(strstr(output, "G.deconv4"));
	assert_non_null(strstr(output, "times smaller"));
	assert_null(strstr(output, "nan"));
	assert_int_equal(run("weights plain@6 --layer D.conv1 --method log --bits 2"), 0);
	assert_non_null(strstr(output, "what if"));
	assert_non_null(strstr(output, "state"));
	assert_null(strstr(output, "nan"));
}

static void wrong_questions_are_refused(void **state)
{
	(void)state;
	static const struct { const char *words, *sentence; } rows[] = {
		{"nothing", "nothing"}, {"plain@77", "77"}, {"plain --layer G.conv9", "G.deconv1"}, {"plain --layer conv1", "D.conv1"},
		{"plain --bits 9", "1 to 8"}, {"plain --bits 0", "1"}, {"plain --method exotic --bits 2", "minmax"},
		{"plain --method em", "--bits"}, {"plain --png a.png", "--layer"}, {"plain --csv a.csv", "--layer"},
		{"plain --layer D.conv1 --pictures a.png", "layer of G"}, {"plain --samples 0 --pictures a.png", "--samples"}, {"", "RUN"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (run("weights %s", rows[i].words) != 2 || !strstr(complaint, rows[i].sentence))
			fail_msg("%s: %s", rows[i].words, complaint);
		assert_string_equal(output, "");
	}
	assert_int_equal(run("weights plain --layer D.conv1 --png missing/a.png"), 1);
	assert_non_null(strstr(complaint, "missing/a.png"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(float_layers_are_described),
		cmocka_unit_test(trained_layers_are_described),
		cmocka_unit_test(what_if_is_right_by_hand),
		cmocka_unit_test(infinite_levels_are_words),
		cmocka_unit_test(options_reach_the_method),
		cmocka_unit_test(pictures_answer_the_question),
		cmocka_unit_test(figures_are_written),
		cmocka_unit_test(people_read_tables),
		cmocka_unit_test(wrong_questions_are_refused),
	};
	return cmocka_run_group_tests(tests, train_runs, remove_runs);
}
