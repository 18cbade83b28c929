/* The program itself, as people and scripts meet it: behind a terminal, headless, killed, hung up and resumed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/dataset.h"
#include "engine/file/checkpoint.h"
#include "store/store.h"
#include "tests/pty_terminal.h"
#include "tests/tiny_pictures.h"

enum { MOST_WORDS = 40, VARIABLES = 6, VARIABLE_SIZE = 640 };
static const double PATIENCE = 60; /* seconds; only a hung program needs them */

struct scene {
	struct temporary_folder data, folder;
	char spec[DATASET_SPEC_SIZE];
	char variables[VARIABLES][VARIABLE_SIZE];
	const char *environment[VARIABLES + 1];
	char store[TEMPORARY_PATH_SIZE];
};

static int set_up(void **state)
{
	static const char *const names[VARIABLES] = {
		"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "QGAN_STORE", "NO_COLOR",
	};
	struct scene *scene = memory_zeroed(1, sizeof *scene);
	temporary_folder_create(&scene->data);
	temporary_folder_create(&scene->folder);
	tiny_pictures_write(&scene->data, scene->spec, sizeof scene->spec);
	text_copy(scene->store, sizeof scene->store, temporary_path(&scene->folder, "runs.db"));
	for (int i = 0; i < VARIABLES; i++) {
		bool store = !strcmp(names[i], "QGAN_STORE"), color = !strcmp(names[i], "NO_COLOR");
		snprintf(scene->variables[i], VARIABLE_SIZE, "%s=%s", names[i], store ? scene->store : color ? "" : scene->folder.path);
		scene->environment[i] = scene->variables[i];
	}
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	temporary_folder_remove(&scene->data);
	temporary_folder_remove(&scene->folder);
	free(scene);
	return 0;
}

/* ---- the program without a terminal ---- */

/* "train --data @ ..." in words; "@" stands for the tiny data set. Words contain no blanks. */
struct words {
	char bytes[2048];
	char *items[MOST_WORDS + 1];
};

static void split_words(const struct scene *scene, const char *line, struct words *words)
{
	int count = 0;
	text_copy(words->bytes, sizeof words->bytes, line);
	words->items[count++] = (char *)QGAN_PROGRAM;
	for (char *word = strtok(words->bytes, " "); word && count < MOST_WORDS; word = strtok(NULL, " "))
		words->items[count++] = strcmp(word, "@") ? word : (char *)scene->spec;
	words->items[count] = NULL;
}

struct child {
	pid_t process;
	int out, err;
};

static struct child start_program(const struct scene *scene, const char *line)
{
	struct words words;
	int out[2], err[2];
	split_words(scene, line, &words);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		abort();
	fflush(NULL);
	pid_t process = fork();
	if (process == 0) {
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		for (int i = 0; i < VARIABLES; i++)
			putenv((char *)scene->environment[i]);
		signal(SIGPIPE, SIG_DFL);
		execv(words.items[0], words.items);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	return (struct child){process, out[0], err[0]};
}

/* Reads what one descriptor has; false at its end, which closes it. */
static bool read_into(int *descriptor, struct text *text)
{
	char bytes[4096];
	ssize_t got = read(*descriptor, bytes, sizeof bytes);
	if (got > 0) {
		text_append(text, bytes, (size_t)got);
		return true;
	}
	close(*descriptor);
	*descriptor = -1;
	return false;
}

struct outcome {
	int status; /* exit status, or 128 + signal */
	struct text out, err;
};

static void outcome_clear(struct outcome *outcome)
{
	text_clear(&outcome->out);
	text_clear(&outcome->err);
}

static int wait_for_child(pid_t process)
{
	int status;
	assert_int_equal(waitpid(process, &status, 0), process);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct outcome finish_program(struct child *child)
{
	struct outcome outcome = {0};
	text_append(&outcome.out, "", 0);
	text_append(&outcome.err, "", 0);
	while (child->out >= 0 || child->err >= 0) {
		struct pollfd waits[] = {{child->out, POLLIN, 0}, {child->err, POLLIN, 0}};
		if (poll(waits, 2, (int)(PATIENCE * 1000)) <= 0) {
			kill(child->process, SIGKILL);
			wait_for_child(child->process);
			fail_msg("the program hangs; it said: %s", outcome.err.bytes);
		}
		if (waits[0].revents)
			read_into(&child->out, &outcome.out);
		if (waits[1].revents)
			read_into(&child->err, &outcome.err);
	}
	outcome.status = wait_for_child(child->process);
	return outcome;
}

static struct outcome run_program(const struct scene *scene, const char *line)
{
	struct child child = start_program(scene, line);
	return finish_program(&child);
}

static void assert_status(const struct outcome *outcome, int status)
{
	if (outcome->status != status)
		fail_msg("exit status %d, not %d; it said: %s", outcome->status, status, outcome->err.bytes);
}

/* The next line of JSON from `*at`; NULL at the end. */
static json_t *next_line(const char **at)
{
	if (!**at)
		return NULL;
	const char *end = strchr(*at, '\n');
	assert_non_null(end);
	json_error_t problem;
	json_t *line = json_loadb(*at, (size_t)(end - *at), 0, &problem);
	if (!line)
		fail_msg("not JSON: %.*s", (int)(end - *at), *at);
	*at = end + 1;
	return line;
}

static json_t *last_line(const struct outcome *outcome)
{
	json_t *last = NULL, *line;
	for (const char *at = outcome->out.bytes; (line = next_line(&at)); last = line)
		json_decref(last);
	assert_non_null(last);
	return last;
}

static int64_t integer_of(const json_t *line, const char *key) { return json_integer_value(json_object_get(line, key)); }
static const char *text_of(const json_t *line, const char *key) { return json_string_value(json_object_get(line, key)); }

static double number_of(const json_t *line, const char *key)
{
	const json_t *value = json_object_get(line, key);
	assert_true(json_is_number(value));
	return json_number_value(value);
}

/* ---- the store, as another program sees it ---- */

static struct run find_run(const struct scene *scene, const char *name)
{
	struct error error = {0};
	struct run run = {0};
	struct store *store = store_open(scene->store, STORE_READ, &error);
	if (!store || !store_find_run(store, name, &run, &error))
		fail_msg("%s", error.text);
	store_close(store);
	return run;
}

static void assert_run(const struct scene *scene, const char *name, enum run_status status, int64_t step)
{
	struct run run = find_run(scene, name);
	assert_string_equal(run_status_name(run.status), run_status_name(status));
	if (step >= 0)
		assert_int_equal(run.step, step);
	run_clear(&run);
}

static bool has_checkpoint(const struct scene *scene, const char *name)
{
	struct run run = find_run(scene, name);
	struct checkpoint_row row;
	struct store *store = store_open(scene->store, STORE_READ, NULL);
	bool found = store && store_find_checkpoint(store, run.id, -1, &row, NULL);
	store_close(store);
	run_clear(&run);
	return found;
}

/* The newest checkpoint, read whole: so it is there and sound. */
static struct checkpoint *read_checkpoint(const struct scene *scene, const char *name, int64_t *step)
{
	struct error error = {0};
	struct run run = find_run(scene, name);
	struct store *store = store_open(scene->store, STORE_READ, &error);
	struct checkpoint_row row;
	if (!store || !store_find_checkpoint(store, run.id, -1, &row, &error))
		fail_msg("%s", error.text);
	store_close(store);
	run_clear(&run);
	struct checkpoint *checkpoint = checkpoint_read(row.path, row.hash, &error);
	if (!checkpoint)
		fail_msg("%s", error.text);
	*step = row.step;
	return checkpoint;
}

static void assert_saved_at_its_step(const struct scene *scene, const char *name)
{
	int64_t step;
	checkpoint_destroy(read_checkpoint(scene, name, &step));
	assert_run(scene, name, RUN_STOPPED, step);
}

static void wait_for_status(const struct scene *scene, const char *name, enum run_status status)
{
	double end = clock_seconds() + PATIENCE;
	for (;;) {
		struct run run = find_run(scene, name);
		enum run_status now = run.status;
		run_clear(&run);
		if (now == status)
			return;
		if (clock_seconds() > end)
			fail_msg("run %s is %s, not %s", name, run_status_name(now), run_status_name(status));
		poll(NULL, 0, 20);
	}
}

/* ---- headless ---- */

#define TINY "--data @ --width 4 --latent 10 --batch 8 --threads 1 --samples 4 "

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

/* ---- behind a terminal ---- */

static struct pty_terminal *open_terminal_with(const struct scene *scene, const char *const *environment, int columns, int rows,
	const char *line)
{
	struct words words;
	struct pty_options options = {.columns = columns, .rows = rows, .environment = environment};
	split_words(scene, line, &words);
	struct pty_terminal *terminal = pty_start(&options, words.items);
	assert_non_null(terminal);
	return terminal;
}

static struct pty_terminal *open_terminal(const struct scene *scene, int columns, int rows, const char *line)
{
	return open_terminal_with(scene, scene->environment, columns, rows, line);
}

static void expect(struct pty_terminal *terminal, const char *text)
{
	if (pty_wait_text(terminal, text, PATIENCE))
		return;
	char *screen = pty_text(terminal);
	print_error("%s", screen);
	free(screen);
	pty_destroy(terminal);
	fail_msg("\"%s\" never came", text);
}

static void expect_gone(struct pty_terminal *terminal, const char *text)
{
	if (!pty_wait_no_text(terminal, text, PATIENCE))
		fail_msg("\"%s\" never went", text);
}

static void press(struct pty_terminal *terminal, const char *keys, const char *answer)
{
	pty_keys(terminal, keys);
	expect(terminal, answer);
}

/* Exit status, or 128 + signal; the terminal is as it was. */
static void expect_end(struct pty_terminal *terminal, int expected)
{
	int status;
	if (!pty_wait_exit(terminal, &status, PATIENCE)) {
		expect(terminal, "the program's end");
		return;
	}
	const char *disorder = pty_disorder(terminal);
	int number = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (number != expected || disorder) {
		char *screen = pty_text(terminal);
		print_error("%s", screen);
		free(screen);
		fail_msg("status %d, not %d; %s", number, expected, disorder ? disorder : "terminal in order");
	}
}

static void steer_and_leave(struct pty_terminal *terminal)
{
	expect(terminal, "LIVE");
	expect(terminal, "loss, nats");
	press(terminal, "[[[", "D 3 bit");
	press(terminal, "{", "G 8 bit");
	expect(terminal, "deconv1");
	press(terminal, "p", "PAUSED");
	press(terminal, "p", "LIVE");
	press(terminal, "p", "PAUSED");
	press(terminal, "m", "minmax");
	press(terminal, "5", "newest first");
	expect(terminal, "alpha");
	press(terminal, "\r", "loss, nats");
	press(terminal, "?", "Run control");
	pty_keys(terminal, "\033");
	expect_gone(terminal, "Run control");
	press(terminal, "l", "is journalled");
	press(terminal, "g0.003\r", "learning rate 0.0002 > 0.003");
	press(terminal, "q", "leave qgan?");
	pty_keys(terminal, "\033");
	expect_gone(terminal, "leave qgan?");
	press(terminal, "q", "leave qgan?");
	pty_keys(terminal, "s");
	expect_end(terminal, 0);
	assert_true(pty_has_text(terminal, "alpha: STOPPED at step"));
}

static void a_large_screen_from_start_to_end(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 150, 44, "--data shapes --width 8 --batch 16 --threads 1 --run-name alpha "
	                                              "--steps 0 --epochs 0 --metric-every 1");
	steer_and_leave(terminal);
	pty_destroy(terminal);
	assert_saved_at_its_step(scene, "alpha");
	struct run run = find_run(scene, "alpha");
	assert_int_equal(run.d_bits, 3);
	assert_int_equal(run.g_bits, 8);
	assert_string_equal(run.quantizer, "minmax");
	run_clear(&run);
}

static void a_small_screen_then_browsing_and_resuming(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 80, 24, TINY "--steps 0 --epochs 0 --run-name alpha");
	steer_and_leave(terminal);
	pty_destroy(terminal);
	assert_saved_at_its_step(scene, "alpha");
	struct run run = find_run(scene, "alpha");
	terminal = open_terminal(scene, 80, 24, "--browse");
	expect(terminal, "newest first");
	expect(terminal, "stopped");
	press(terminal, "\r", "STOPPED");
	expect(terminal, "D 3 bit");
	press(terminal, "5", "newest first");
	press(terminal, "t", "LIVE");
	press(terminal, "p", "PAUSED");
	pty_keys(terminal, "Q");
	expect_end(terminal, 0);
	pty_destroy(terminal);
	struct run again = find_run(scene, "alpha");
	assert_true(again.step >= run.step);
	assert_int_equal(again.id, run.id);
	run_clear(&run);
	run_clear(&again);
	assert_saved_at_its_step(scene, "alpha");
	/* Nothing is live: q leaves at once. */
	terminal = open_terminal(scene, 80, 24, "--browse");
	expect(terminal, "stopped");
	pty_keys(terminal, "q");
	expect_end(terminal, 0);
	pty_destroy(terminal);
}

static void single_steps_from_a_paused_start(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 100, 30, TINY "--paused --steps 0 --epochs 0 --run-name alpha");
	expect(terminal, "PAUSED");
	press(terminal, "...", "step 3");
	expect(terminal, "PAUSED");
	pty_keys(terminal, "Q");
	expect_end(terminal, 0);
	pty_destroy(terminal);
	assert_run(scene, "alpha", RUN_STOPPED, 3);
}

static void ending_signals_save_and_restore_the_screen(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 80, 24, TINY "--steps 0 --epochs 0 --run-name alpha");
	expect(terminal, "LIVE");
	pty_signal(terminal, SIGTERM);
	expect_end(terminal, 128 + SIGTERM);
	pty_destroy(terminal);
	assert_saved_at_its_step(scene, "alpha");
}

static void crash(struct scene *scene, const char *run, bool main_thread)
{
	/* A sanitizer's own handler would end the program its own way. */
	const char *environment[VARIABLES + 3] = {[VARIABLES] = "ASAN_OPTIONS=handle_segv=0", "TSAN_OPTIONS=handle_segv=0"};
	memcpy(environment, scene->environment, VARIABLES * sizeof *environment);
	char arguments[256];
	snprintf(arguments, sizeof arguments, TINY "--steps 0 --epochs 0 --run-name %s", run);
	struct pty_terminal *terminal = open_terminal_with(scene, environment, 80, 24, arguments);
	expect(terminal, "LIVE");
	pid_t process = pty_program(terminal), last = pty_last_thread(terminal);
	assert_int_not_equal(last, process);
	assert_int_equal(syscall(SYS_tgkill, process, main_thread ? process : last, SIGSEGV), 0);
	expect_end(terminal, 128 + SIGSEGV);
	pty_destroy(terminal);
	assert_run(scene, run, RUN_CRASHED, -1);
}

static void a_crash_in_any_thread_restores_the_screen(void **state)
{
	crash(*state, "alpha", true);
	crash(*state, "beta", false);
}

static void a_dead_line_lets_the_training_go_on(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 80, 24, TINY "--paused --steps 300 --run-name alpha");
	expect(terminal, "PAUSED");
	press(terminal, "p", "LIVE");
	pty_hang_up(terminal);
	int status;
	assert_true(pty_wait_exit(terminal, &status, PATIENCE));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	pty_destroy(terminal);
	assert_run(scene, "alpha", RUN_FINISHED, 300);
}

static void a_dead_line_saves_a_paused_training(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 80, 24, TINY "--paused --steps 0 --epochs 0 --run-name alpha");
	expect(terminal, "PAUSED");
	press(terminal, "..", "step 2");
	expect(terminal, "PAUSED");
	pty_hang_up(terminal);
	int status;
	assert_true(pty_wait_exit(terminal, &status, PATIENCE));
	pty_destroy(terminal);
	assert_saved_at_its_step(scene, "alpha");
}

static void without_a_terminal_nothing_is_begun(void **state)
{
	struct scene *scene = *state;
	struct outcome outcome = run_program(scene, TINY "--run-name alpha");
	assert_status(&outcome, 2);
	assert_non_null(strstr(outcome.err.bytes, "needs a terminal"));
	outcome_clear(&outcome);
	const char *environment[VARIABLES + 2] = {[VARIABLES] = "TERM=dumb"};
	memcpy(environment, scene->environment, VARIABLES * sizeof *environment);
	struct pty_terminal *terminal = open_terminal_with(scene, environment, 80, 24, TINY "--run-name alpha");
	expect_end(terminal, 2);
	assert_true(pty_has_text(terminal, "\"dumb\""));
	pty_destroy(terminal);
	assert_int_not_equal(access(scene->store, F_OK), 0);
}

static void detaching_trains_on_in_the_background(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 80, 24, TINY "--paused --steps 60 --run-name alpha");
	expect(terminal, "PAUSED");
	press(terminal, "[", "D 8 bit");
	press(terminal, "..", "step 2");
	press(terminal, "q", "leave qgan?");
	pty_keys(terminal, "d");
	expect_end(terminal, 0);
	assert_true(pty_has_text(terminal, "alpha trains on in the background"));
	pty_destroy(terminal);
	wait_for_status(scene, "alpha", RUN_FINISHED);
	struct run run = find_run(scene, "alpha");
	assert_int_equal(run.step, 60);
	assert_int_equal(run.d_bits, 8);
	run_clear(&run);
}

static void frames_end_the_workbench(void **state)
{
	struct scene *scene = *state;
	struct pty_terminal *terminal = open_terminal(scene, 80, 24, TINY "--frames 5 --steps 0 --epochs 0 --run-name alpha");
	expect_end(terminal, 0);
	pty_destroy(terminal);
	assert_run(scene, "alpha", RUN_STOPPED, -1);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

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
		SCENE(a_large_screen_from_start_to_end),
		SCENE(a_small_screen_then_browsing_and_resuming),
		SCENE(single_steps_from_a_paused_start),
		SCENE(ending_signals_save_and_restore_the_screen),
		SCENE(a_crash_in_any_thread_restores_the_screen),
		SCENE(a_dead_line_lets_the_training_go_on),
		SCENE(a_dead_line_saves_a_paused_training),
		SCENE(without_a_terminal_nothing_is_begun),
		SCENE(detaching_trains_on_in_the_background),
		SCENE(frames_end_the_workbench),
	};
	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
