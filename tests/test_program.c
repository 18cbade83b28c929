/* The program without a terminal, as scripts meet it: what it prints, killed, signalled and resumed. */
#include "tests/program_scene.h"

static void json_lines_hold_the_contract(void **state)
{
	struct scene *scene = *state;
	struct outcome outcome = run_program(scene, "train " TINY "--steps 23 --metric-every 5 --json --run-name alpha");
	assert_status(&outcome, 0);
	int64_t expected = 5;
	json_t *line;
	for (const char *at = outcome.out.bytes; (line = next_line(&at)); expected += 5) {
		bool last = json_object_get(line, "status") != NULL;
		assert_int_equal(integer_of(line, "step"), last ? 23 : expected);
		assert_true(number_of(line, "epoch") == (double)integer_of(line, "step") / 8);
		assert_true(number_of(line, "loss_d") > 0);
		assert_true(number_of(line, "loss_g") > 0);
		assert_true(number_of(line, "images_per_s") > 0);
		json_decref(line);
	}
	assert_int_equal(expected, 30); /* four points and the last line */
	line = last_line(&outcome);
	assert_string_equal(text_of(line, "status"), "finished");
	assert_string_equal(text_of(line, "run"), "alpha");
	assert_int_equal(access(text_of(line, "checkpoint"), R_OK), 0);
	json_decref(line);
	outcome_clear(&outcome);
	assert_run(scene, "alpha", RUN_FINISHED, 23);
}

/* Reads JSON lines of a program that runs on until one of this step or a later one came; the step that came. */
static int64_t read_until_step(struct child *child, int64_t step)
{
	struct text out = {0};
	const char *seen = NULL;
	int64_t reached = 0;
	size_t offset = 0;
	while (reached < step) {
		if (!read_into(&child->out, &out))
			fail_msg("the program ended by itself");
		for (const char *end; (end = memchr(out.bytes + offset, '\n', out.length - offset)); offset = (size_t)(end - out.bytes) + 1) {
			seen = out.bytes + offset;
			json_t *line = next_line(&seen);
			reached = integer_of(line, "step");
			json_decref(line);
		}
	}
	text_clear(&out);
	return reached;
}

static void assert_same_tensors(const struct checkpoint *a, const struct checkpoint *b)
{
	assert_int_equal(checkpoint_tensor_count(a), checkpoint_tensor_count(b));
	for (int i = 0; i < checkpoint_tensor_count(a); i++) {
		const struct checkpoint_tensor *left = checkpoint_tensor_at(a, i), *right = checkpoint_find(b, left->name);
		assert_non_null(right);
		assert_int_equal(left->count, right->count);
		assert_memory_equal(left->values, right->values, left->count * sizeof *left->values);
	}
}

/* Every line of `part` is also in `whole`, but for its times. */
static void assert_same_points(const struct outcome *part, const struct outcome *whole, int least)
{
	static const char *const keys[] = {"epoch", "loss_d", "loss_g", "d_real", "d_fake", "gradient_norm_d", "gradient_norm_g"};
	const char *at = part->out.bytes, *place = whole->out.bytes;
	int lines = 0;
	json_t *a, *b;
	for (; (a = next_line(&at)); lines++) {
		while ((b = next_line(&place)) && integer_of(b, "step") != integer_of(a, "step"))
			json_decref(b);
		assert_non_null(b);
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			assert_true(number_of(a, keys[i]) == number_of(b, keys[i]));
		json_decref(a);
		json_decref(b);
	}
	assert_true(lines >= least);
}

static void a_killed_training_resumes_bit_for_bit(void **state)
{
	struct scene *scene = *state;
	char line[512];
	struct child child = start_program(scene, "train " TINY "--d-bits 2 --g-bits 1 --seed 11 --steps 0 --epochs 0 --metric-every 3 "
	                                   "--checkpoint-every 7 --json --run-name killed");
	int64_t reached = read_until_step(&child, 40), step;
	for (double end = clock_seconds() + PATIENCE; !has_checkpoint(scene, "killed") && clock_seconds() < end;)
		poll(NULL, 0, 10);
	reached = read_until_step(&child, reached + 30);
	kill(child.process, SIGKILL);
	assert_int_equal(wait_for_child(child.process), 128 + SIGKILL);
	close(child.out);
	close(child.err);

	struct outcome list = run_program(scene, "runs list --json");
	assert_status(&list, 0);
	assert_non_null(strstr(list.out.bytes, "\"crashed\""));
	outcome_clear(&list);
	checkpoint_destroy(read_checkpoint(scene, "killed", &step));
	assert_true(step > 0);

	int64_t last = step + 50; /* past a few metric points and checkpoints */
	snprintf(line, sizeof line, "train --resume killed --steps %lld --json", (long long)last);
	struct outcome resumed = run_program(scene, line);
	assert_status(&resumed, 0);
	snprintf(line, sizeof line, "train " TINY "--d-bits 2 --g-bits 1 --seed 11 --metric-every 3 --checkpoint-every 7 --json "
	         "--run-name whole --steps %lld", (long long)last);
	struct outcome whole = run_program(scene, line);
	assert_status(&whole, 0);
	assert_same_points(&resumed, &whole, 50 / 3);
	int64_t steps[2];
	struct checkpoint *a = read_checkpoint(scene, "killed", &steps[0]), *b = read_checkpoint(scene, "whole", &steps[1]);
	assert_int_equal(steps[0], last);
	assert_int_equal(steps[1], last);
	assert_same_tensors(a, b);
	checkpoint_destroy(a);
	checkpoint_destroy(b);
	outcome_clear(&resumed);
	outcome_clear(&whole);

	/* The new end is the run's own now. */
	resumed = run_program(scene, "train --resume killed --json");
	assert_status(&resumed, 0);
	json_t *summary = last_line(&resumed);
	assert_int_equal(integer_of(summary, "step"), last);
	assert_string_equal(text_of(summary, "status"), "finished");
	assert_false(json_is_number(json_object_get(summary, "loss_d"))); /* no step was made: there is none to tell */
	json_decref(summary);
	outcome_clear(&resumed);
}

static void forks_and_pictures_from_a_run(void **state)
{
	struct scene *scene = *state;
	struct outcome outcome = run_program(scene, "train " TINY "--steps 10 --run-name alpha");
	assert_status(&outcome, 0);
	assert_int_equal(outcome.out.length, 0);
	assert_non_null(strstr(outcome.err.bytes, "alpha finished at step 10"));
	outcome_clear(&outcome);
	outcome = run_program(scene, "train --from alpha --g-bits 2 --steps 4 --run-name beta --json");
	assert_status(&outcome, 0);
	outcome_clear(&outcome);
	struct run run = find_run(scene, "beta");
	assert_int_equal(run.parent_step, 10);
	assert_int_equal(run.g_bits, 2);
	assert_int_equal(run.step, 14);
	run_clear(&run);
	char line[1024];
	const char *picture = temporary_path(&scene->folder, "grid.png");
	snprintf(line, sizeof line, "sample beta --output %s --count 9 --seed 3 --json", picture);
	outcome = run_program(scene, line);
	assert_status(&outcome, 0);
	json_t *report = last_line(&outcome);
	assert_int_equal(integer_of(report, "step"), 14);
	assert_int_equal(integer_of(report, "width"), 96);
	json_decref(report);
	outcome_clear(&outcome);
	/* signature, then IHDR with width and height */
	uint8_t head[24] = {0};
	FILE *file = fopen(picture, "rb");
	assert_non_null(file);
	assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
	fclose(file);
	assert_memory_equal(head, "\x89PNG\r\n\x1a\n", 8);
	assert_int_equal(head[19], 96);
	assert_int_equal(head[23], 96);
}

static void wrong_words_are_refused_with_one_sentence(void **state)
{
	struct scene *scene = *state;
	static const char *const lines[] = {
		"train --width 0", "train --width wide", "train --no-such-flag", "train --d-bits 9", "train --quantizer wishful",
		"train --data nonsense", "train --data mnist:/nowhere", "train --config /nowhere/config", "train --steps",
		"train --resume nobody", "train --from alpha@99", "train --resume alpha --width 8", "train --resume alpha --from alpha",
		"train --resume alpha --run-name beta", "sample", "sample nobody", "sample alpha@3x", "sample alpha --count 0",
		"runs show nobody", "nonsense", "train stray", "tui --graphics oil", "data info cifar10:/nowhere",
	};
	struct outcome outcome = run_program(scene, "train " TINY "--steps 1 --run-name alpha");
	assert_status(&outcome, 0);
	outcome_clear(&outcome);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		outcome = run_program(scene, lines[i]);
		const char *said = outcome.err.bytes, *newline = strchr(said, '\n');
		bool named = !strncmp(said, "qgan: ", 6) && newline && newline > said + 16;
		bool one_sentence = named && (newline[1] == '\0' || !strncmp(newline + 1, "Try: qgan", 9));
		if (outcome.status != 2 || outcome.out.length || !one_sentence)
			fail_msg("qgan %s: status %d, %zu bytes of output, said: %s", lines[i], outcome.status, outcome.out.length,
			         outcome.err.bytes);
		outcome_clear(&outcome);
	}
	assert_run(scene, "alpha", RUN_FINISHED, 1);
}

static void a_misspelt_variable_is_told(void **state)
{
	struct scene *scene = *state;
	setenv("QGAN_WIDHT", "8", 1);
	struct outcome outcome = run_program(scene, "settings");
	unsetenv("QGAN_WIDHT");
	assert_status(&outcome, 0);
	assert_non_null(strstr(outcome.err.bytes, "QGAN_WIDHT in the environment is no setting; did you mean QGAN_WIDTH?"));
	outcome_clear(&outcome);
	setenv("QGAN_SOMETHING_ELSE", "8", 1); /* may be anybody's */
	outcome = run_program(scene, "settings");
	unsetenv("QGAN_SOMETHING_ELSE");
	assert_status(&outcome, 0);
	assert_int_equal(outcome.err.length, 0);
	outcome_clear(&outcome);
}

static void wrong_input_found_late_leaves_no_run(void **state)
{
	struct scene *scene = *state;
	struct outcome outcome = run_program(scene, "train " TINY "--batch 4096 --steps 1 --json --run-name alpha");
	assert_status(&outcome, 2);
	assert_int_equal(outcome.out.length, 0);
	assert_non_null(strstr(outcome.err.bytes, "the batch is 4096 pictures; expected 1 to"));
	outcome_clear(&outcome);
	outcome = run_program(scene, "runs list --json");
	assert_status(&outcome, 0);
	assert_null(strstr(outcome.out.bytes, "alpha"));
	outcome_clear(&outcome);
	assert_int_equal(access(temporary_path(&scene->folder, "runs.db-runs/alpha"), F_OK), -1);
}

static void a_reader_that_leaves_ends_the_training(void **state)
{
	struct scene *scene = *state;
	struct child child = start_program(scene, "train " TINY "--steps 0 --epochs 0 --metric-every 1 --json --run-name alpha");
	read_until_step(&child, 1);
	close(child.out);
	child.out = -1;
	struct outcome outcome = finish_program(&child);
	assert_status(&outcome, 1);
	const char *complaint = strstr(outcome.err.bytes, "standard output");
	assert_non_null(complaint);
	assert_null(strstr(complaint + 1, "standard output"));
	outcome_clear(&outcome);
	assert_saved_at_its_step(scene, "alpha");
}

static void signals_save_and_a_lost_line_does_not_matter(void **state)
{
	struct scene *scene = *state;
	static const struct { int signal_number; const char *name; } cases[] = {{SIGINT, "by-int"}, {SIGTERM, "by-term"}};
	for (int i = 0; i < 2; i++) {
		char line[512];
		snprintf(line, sizeof line, "train " TINY "--steps 0 --epochs 0 --metric-every 1 --json --run-name %s", cases[i].name);
		struct child child = start_program(scene, line);
		int64_t step = read_until_step(&child, 1);
		kill(child.process, SIGHUP);
		read_until_step(&child, step + 20);
		kill(child.process, cases[i].signal_number);
		struct outcome outcome = finish_program(&child);
		assert_status(&outcome, 128 + cases[i].signal_number);
		json_t *summary = last_line(&outcome);
		assert_string_equal(text_of(summary, "status"), "stopped");
		json_decref(summary);
		outcome_clear(&outcome);
		assert_saved_at_its_step(scene, cases[i].name);
	}
}

/* As timeout(1) sends it: to the program, then to its group. */
static void a_signal_sent_twice_is_one(void **state)
{
	struct scene *scene = *state;
	struct child child = start_program(scene, "train " TINY "--steps 0 --epochs 0 --metric-every 1 --json --run-name alpha");
	read_until_step(&child, 1);
	kill(child.process, SIGTERM);
	kill(child.process, SIGTERM);
	struct outcome outcome = finish_program(&child);
	assert_status(&outcome, 128 + SIGTERM);
	outcome_clear(&outcome);
	assert_saved_at_its_step(scene, "alpha");
}

/* It says what it waits for, and a second signal, not one that came with the first, ends that. */
static void a_full_disk_does_not_hold_a_stopped_training(void **state)
{
	struct scene *scene = *state;
	signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit is refused with an error, as by a full disk */
	struct child child = start_program(scene, "train " TINY "--steps 0 --epochs 0 --metric-every 1 --json --run-name alpha");
	signal(SIGXFSZ, SIG_DFL);
	read_until_step(&child, 1);
	const struct rlimit nothing = {0, 0};
	assert_int_equal(prlimit(child.process, RLIMIT_FSIZE, &nothing, NULL), 0);
	kill(child.process, SIGTERM);
	struct text said = {0};
	while (!said.bytes || !strstr(said.bytes, "waiting until the disk"))
		if (!read_into(&child.err, &said))
			fail_msg("it ended: %s", said.bytes ? said.bytes : "");
	text_clear(&said);
	kill(child.process, SIGTERM);
	struct outcome outcome = finish_program(&child);
	assert_status(&outcome, 1);
	assert_non_null(strstr(outcome.err.bytes, "could not be written"));
	outcome_clear(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(json_lines_hold_the_contract),
		SCENE(a_killed_training_resumes_bit_for_bit),
		SCENE(forks_and_pictures_from_a_run),
		SCENE(wrong_words_are_refused_with_one_sentence),
		SCENE(a_reader_that_leaves_ends_the_training),
		SCENE(signals_save_and_a_lost_line_does_not_matter),
		SCENE(a_misspelt_variable_is_told),
		SCENE(wrong_input_found_late_leaves_no_run),
		SCENE(a_signal_sent_twice_is_one),
		SCENE(a_full_disk_does_not_hold_a_stopped_training),
	};
	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
