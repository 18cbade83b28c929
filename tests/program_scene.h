/* The program itself as another process: a scene with a data set, a store and an environment of its own, what the program says
 * and how it ends, and what the store has of it. */
#ifndef QGAN_TESTS_PROGRAM_SCENE_H
#define QGAN_TESTS_PROGRAM_SCENE_H

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
#include "tests/tiny_pictures.h"

#ifndef QGAN_PROGRAM
#define QGAN_PROGRAM "qgan" /* tests/meson.build says which one, to suites among its starters */
#endif

enum { MOST_WORDS = 40, VARIABLES = 6, VARIABLE_SIZE = 640 };
static const double PATIENCE = 60; /* seconds; only a hung program needs them */

struct scene {
	struct temporary_folder data, folder;
	char spec[DATASET_SPEC_SIZE];
	char variables[VARIABLES][VARIABLE_SIZE];
	const char *environment[VARIABLES + 1];
	char store[TEMPORARY_PATH_SIZE];
};

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

static inline void split_words(const struct scene *scene, const char *line, struct words *words)
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

static inline struct child start_program(const struct scene *scene, const char *line)
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
static inline bool read_into(int *descriptor, struct text *text)
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

static inline void outcome_clear(struct outcome *outcome)
{
	text_clear(&outcome->out);
	text_clear(&outcome->err);
}

static inline int wait_for_child(pid_t process)
{
	int status;
	assert_int_equal(waitpid(process, &status, 0), process);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline struct outcome finish_program(struct child *child)
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

static inline struct outcome run_program(const struct scene *scene, const char *line)
{
	struct child child = start_program(scene, line);
	return finish_program(&child);
}

static inline void assert_status(const struct outcome *outcome, int status)
{
	if (outcome->status != status)
		fail_msg("exit status %d, not %d; it said: %s", outcome->status, status, outcome->err.bytes);
}

/* The next line of JSON from `*at`; NULL at the end. */
static inline json_t *next_line(const char **at)
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

static inline json_t *last_line(const struct outcome *outcome)
{
	json_t *last = NULL, *line;
	for (const char *at = outcome->out.bytes; (line = next_line(&at)); last = line)
		json_decref(last);
	assert_non_null(last);
	return last;
}

static inline int64_t integer_of(const json_t *line, const char *key) { return json_integer_value(json_object_get(line, key)); }
static inline const char *text_of(const json_t *line, const char *key) { return json_string_value(json_object_get(line, key)); }

static inline double number_of(const json_t *line, const char *key)
{
	const json_t *value = json_object_get(line, key);
	assert_true(json_is_number(value));
	return json_number_value(value);
}

/* ---- the store, as another program sees it ---- */

static inline struct run find_run(const struct scene *scene, const char *name)
{
	struct error error = {0};
	struct run run = {0};
	struct store *store = store_open(scene->store, STORE_READ, &error);
	if (!store || !store_find_run(store, name, &run, &error))
		fail_msg("%s", error.text);
	store_close(store);
	return run;
}

static inline void assert_run(const struct scene *scene, const char *name, enum run_status status, int64_t step)
{
	struct run run = find_run(scene, name);
	assert_string_equal(run_status_name(run.status), run_status_name(status));
	if (step >= 0)
		assert_int_equal(run.step, step);
	run_clear(&run);
}

static inline bool has_checkpoint(const struct scene *scene, const char *name)
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
static inline struct checkpoint *read_checkpoint(const struct scene *scene, const char *name, int64_t *step)
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

static inline void assert_saved_at_its_step(const struct scene *scene, const char *name)
{
	int64_t step;
	checkpoint_destroy(read_checkpoint(scene, name, &step));
	assert_run(scene, name, RUN_STOPPED, step);
}

static inline void wait_for_status(const struct scene *scene, const char *name, enum run_status status)
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

#define TINY "--data @ --width 4 --latent 10 --batch 8 --threads 1 --samples 4 "
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
