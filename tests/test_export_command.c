/* qgan export, what is drawn from its files, and the sizes of qgan runs show as people and scripts use them: files, JSON, statuses and sentences. */
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/file/checkpoint.h"
#include "tests/program_fixture.h"

/* Checkpoints at steps 2, 4 and 5; D's last layer stays float. */
static int train_run(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	return run("train --run-name a --data shapes --width 4 --latent 10 --batch 4 --steps 5 --checkpoint-every 2 --threads 1"
	           " --d-bits 2 --g-bits 3 --bits D.conv4=32 --precision float32 --json");
}

static int remove_run(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static json_t *run_json(const char *words)
{
	int status = run("%s --json", words);
	if (status != 0)
		fail_msg("%s: status %d, %s", words, status, complaint);
	json_t *json = json_loads(output, 0, NULL);
	assert_non_null(json);
	return json;
}

static bool is_there(const char *name)
{
	return access(temporary_path(&folder, "%s", name), F_OK) == 0;
}

static json_int_t integer_of(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	if (!json_is_integer(value))
		fail_msg("%s is no whole number", key);
	return json_integer_value(value);
}

static double real_of(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	if (!json_is_number(value))
		fail_msg("%s is no number", key);
	return json_number_value(value);
}

static void the_generator_is_written_unless_asked_otherwise(void **state)
{
	(void)state;
	assert_int_equal(run("export a"), 0);
	assert_string_equal(output, "");
	assert_non_null(strstr(complaint, "model.qgan: a at step 5"));
	assert_non_null(strstr(complaint, "verified"));
	assert_non_null(strstr(complaint, "deconv4"));
	struct error error = {0};
	struct checkpoint *file = checkpoint_read(temporary_path(&folder, "model.qgan"), NULL, &error);
	assert_non_null(file);
	assert_non_null(checkpoint_find_type(file, CHECKPOINT_U8, "G.deconv1.weight.codes"));
	assert_null(checkpoint_find_type(file, CHECKPOINT_U8, "D.conv1.weight.codes"));
	checkpoint_destroy(file);
}

static void json_tells_what_the_file_takes(void **state)
{
	(void)state;
	json_t *json = run_json("export a@4 --network both -o both.qgan");
	struct stat status;
	assert_int_equal(stat(temporary_path(&folder, "both.qgan"), &status), 0);
	assert_int_equal(integer_of(json, "file_bytes"), status.st_size);
	assert_true(json_is_true(json_object_get(json, "verified")) && integer_of(json, "step") == 4);
	assert_string_equal(json_string_value(json_object_get(json, "run")), "a");
	json_t *networks = json_object_get(json, "networks"), *d = json_array_get(networks, 0);
	assert_true(json_array_size(networks) == 2 && json_array_size(json_object_get(d, "layers")) == 4);
	json_int_t sum = 0;
	for (size_t i = 0; i < 4; i++) {
		const json_t *layer = json_array_get(json_object_get(d, "layers"), i);
		json_int_t weights = integer_of(layer, "weights"), bytes = integer_of(layer, "packed_bytes");
		assert_int_equal(integer_of(layer, "bits"), i < 3 ? 2 : 32);
		assert_int_equal(bytes, i < 3 ? (2 * weights + 7) / 8 + 16 : 4 * weights);
		assert_float_equal(real_of(layer, "ratio"), 4 * (double)weights / (double)bytes, 1e-4);
		sum += bytes;
	}
	assert_int_equal(integer_of(d, "packed_bytes"), sum);
	assert_float_equal(real_of(d, "bits_per_weight"), 8 * (double)sum / (double)integer_of(d, "weights"), 1e-4);
	json_decref(json);
}

static void runs_show_tells_the_same_from_its_rows(void **state)
{
	(void)state;
	json_t *shown = run_json("runs show a"), *exported = run_json("export a --network both -o both.qgan");
	double both = 0;
	for (size_t id = 0; id < 2; id++) {
		const json_t *row = json_array_get(json_object_get(shown, "networks"), id);
		const json_t *file = json_array_get(json_object_get(exported, "networks"), id);
		static const char *const same[] = {"packed_bytes", "float32_bytes", "bits_per_weight", "ratio", "weights"};
		for (size_t i = 0; i < sizeof same / sizeof *same; i++)
			assert_true(real_of(row, same[i]) == real_of(file, same[i]));
		both += real_of(row, "packed_bytes");
	}
	const json_t *networks = json_object_get(shown, "networks");
	assert_true(json_array_size(networks) == 3 && real_of(json_array_get(networks, 2), "packed_bytes") == both);
	const json_t *exceptions = json_object_get(json_array_get(networks, 0), "exceptions");
	assert_true(json_object_size(exceptions) == 1 && integer_of(exceptions, "conv4") == 32);
	const json_t *layer = json_array_get(json_object_get(shown, "layers"), 0);
	assert_true(json_array_size(json_object_get(layer, "levels")) == 4 && json_array_size(json_object_get(layer, "trace")) > 0);
	json_decref(shown);
	json_decref(exported);
	assert_int_equal(run("runs show a"), 0);
	assert_non_null(strstr(output, "D 2 (conv4 float), G 3, em"));
	assert_non_null(strstr(output, "packed weights"));
}

static void expect_failure(int status, const char *words, const char *said)
{
	assert_int_equal(run("%s", words), status);
	assert_string_equal(output, "");
	if (!strstr(complaint, said))
		fail_msg("%s: \"%s\" does not say \"%s\"", words, complaint, said);
}

static void mistakes_get_a_sentence_and_no_file(void **state)
{
	(void)state;
	expect_failure(2, "export", "RUN[@STEP]");
	expect_failure(2, "export nobody -o no.qgan", "nobody");
	expect_failure(2, "export a@3 -o no.qgan", "2, 4, 5");
	expect_failure(2, "export a --network X -o no.qgan", "D, G, both");
	expect_failure(2, "export a --format onnx -o no.qgan", "qgan");
	expect_failure(2, "export a -o no.onnx", "no.onnx: .onnx is another format");
	expect_failure(1, "export a -o nowhere/no.qgan", "nowhere/no.qgan");
	assert_int_equal(mkdir(temporary_path(&folder, "taken"), 0700), 0);
	expect_failure(2, "export a -o taken", "taken");
	assert_false(is_there("no.qgan") || is_there("no.onnx") || is_there("no.qgan.tmp") || is_there("taken.tmp"));
}

static size_t read_file(const char *name, char *bytes)
{
	FILE *file = fopen(temporary_path(&folder, "%s", name), "rb");
	assert_non_null(file);
	size_t size = fread(bytes, 1, OUTPUT, file);
	fclose(file);
	assert_true(size > 0 && size < OUTPUT);
	return size;
}

/* From the file alone, with another batch and its weights packed: the run's own pictures, bit for bit. */
static void a_packed_generator_draws_what_its_run_draws(void **state)
{
	(void)state;
	static char ours[OUTPUT], theirs[OUTPUT];
	static const char *const noises[] = {"--count 9", "--count 20 --seed 7"};
	assert_int_equal(run("export a@4 -o drawing.qgan"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(run("sample a@4 -o run.png %s", noises[i]), 0);
		assert_int_equal(run("sample drawing.qgan -o packed.png %s --json", noises[i]), 0);
		json_t *json = json_loads(output, 0, NULL);
		assert_int_equal(integer_of(json, "step"), 4);
		assert_int_equal(integer_of(json, "count"), i ? 20 : 9);
		json_decref(json);
		size_t size = read_file("run.png", ours);
		assert_int_equal(read_file("packed.png", theirs), size);
		assert_memory_equal(ours, theirs, size);
	}
}

static void models_that_cannot_draw_are_refused(void **state)
{
	(void)state;
	assert_int_equal(run("export a --network D -o judge.qgan"), 0);
	expect_failure(2, "sample judge.qgan -o no.png", "judge.qgan: the model holds no generator");
	expect_failure(2, "sample nothing.qgan -o no.png", "nothing.qgan cannot be read: No such file");
	expect_failure(2, "bench generate judge.qgan", "holds no generator");
	expect_failure(2, "bench generate nothing.qgan", "nothing.qgan cannot be read");
	expect_failure(2, "bench generate --bits 9", "--bits 9: must be 1 to 8, or 32 for float");
	expect_failure(2, "bench generate --size 33", "size 33");
	assert_false(is_there("no.png"));
}

/* A generator of a file and one made up, at work. */
static void the_bench_tells_what_was_measured(void **state)
{
	(void)state;
	assert_int_equal(run("export a -o bench.qgan"), 0);
	static const char *const sources[] = {"bench.qgan", "--width 4 --bits 3", "--width 4 --bits 32 --channels 1"};
	for (int i = 0; i < 3; i++) {
		char words[128];
		snprintf(words, sizeof words, "bench generate %s --batch 5 --threads 1 --seconds 0.01", sources[i]);
		json_t *json = run_json(words);
		assert_int_equal(integer_of(json, "bits"), i < 2 ? 3 : 32);
		assert_int_equal(integer_of(json, "batch"), 5);
		assert_int_equal(integer_of(json, "width"), 4);
		assert_int_equal(integer_of(json, "channels"), i < 2 ? 3 : 1);
		assert_int_equal(integer_of(json, "threads"), 1);
		assert_true(real_of(json, "ms") >= real_of(json, "best_ms") && real_of(json, "best_ms") > 0);
		assert_float_equal(real_of(json, "images_per_s"), 5e3 / real_of(json, "ms"), 0.01 * real_of(json, "images_per_s"));
		assert_true(integer_of(json, "model_bytes") > 0 && real_of(json, "peak_rss_mb") > 0);
		json_decref(json);
		assert_int_equal(run("%s", words), 0);
		assert_non_null(strstr(output, i < 2 ? "em at 3 bits, batch 5, 1 thread" : "float weights, batch 5, 1 thread"));
	}
}

/* A damaged checkpoint is found before anything is written: the file that is there stays. */
static void a_damaged_checkpoint_leaves_the_old_file(void **state)
{
	(void)state;
	assert_int_equal(run("export a@2 -o kept.qgan"), 0);
	FILE *file = fopen(temporary_path(&folder, "runs.db-runs/a/step-000002.safetensors"), "r+");
	assert_non_null(file);
	fseek(file, -5, SEEK_END);
	fputs("x", file);
	fclose(file);
	struct stat before, after;
	assert_int_equal(stat(temporary_path(&folder, "kept.qgan"), &before), 0);
	expect_failure(2, "export a@2 -o kept.qgan", "damaged");
	assert_int_equal(stat(temporary_path(&folder, "kept.qgan"), &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_generator_is_written_unless_asked_otherwise),
		cmocka_unit_test(json_tells_what_the_file_takes),
		cmocka_unit_test(runs_show_tells_the_same_from_its_rows),
		cmocka_unit_test(mistakes_get_a_sentence_and_no_file),
		cmocka_unit_test(a_packed_generator_draws_what_its_run_draws),
		cmocka_unit_test(models_that_cannot_draw_are_refused),
		cmocka_unit_test(the_bench_tells_what_was_measured),
		cmocka_unit_test(a_damaged_checkpoint_leaves_the_old_file),
	};
	return cmocka_run_group_tests_name("export_command", tests, train_run, remove_run);
}
