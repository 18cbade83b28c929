/* Two workbenches, each behind a terminal, and commands beside them, all with one store: the second sees the run of the
 * first go on, can steer nothing of it and says whose it is, and nobody ever meets a lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/dataset.h"
#include "tests/pty_terminal.h"
#include "tests/tiny_pictures.h"

enum { VARIABLES = 5, VARIABLE_SIZE = 128 };
static const double PATIENCE = 60; /* seconds; only a hung program needs them */

struct scene {
	struct temporary_folder data, folder;
	char spec[DATASET_SPEC_SIZE], store[TEMPORARY_PATH_SIZE];
	char variables[VARIABLES][VARIABLE_SIZE];
	const char *environment[VARIABLES + 1];
	struct pty_terminal *first, *second, *beside;
};

static struct pty_terminal *open_terminal(const struct scene *scene, char *const words[])
{
	const struct pty_options options = {.columns = 150, .rows = 44, .environment = scene->environment};
	struct pty_terminal *terminal = pty_start(&options, words);
	assert_non_null(terminal);
	return terminal;
}

static void expect(struct pty_terminal *terminal, const char *text)
{
	if (pty_wait_text(terminal, text, PATIENCE))
		return;
	char *screen = pty_text(terminal);
	print_error("not on the screen: \"%s\"\n%s\n", text, screen);
	free(screen);
	fail();
}

static int set_up(void **state)
{
	static const char *const names[VARIABLES] = {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"};
	struct scene *scene = memory_zeroed(1, sizeof *scene);
	temporary_folder_create(&scene->data);
	temporary_folder_create(&scene->folder);
	tiny_pictures_write(&scene->data, scene->spec, sizeof scene->spec);
	text_copy(scene->store, sizeof scene->store, temporary_path(&scene->folder, "runs.db"));
	for (int i = 0; i < VARIABLES; i++) {
		snprintf(scene->variables[i], VARIABLE_SIZE, "%s=%s", names[i], scene->folder.path);
		scene->environment[i] = scene->variables[i];
	}
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	pty_destroy(scene->beside); /* each holds what was open before it: the last goes first */
	pty_destroy(scene->second);
	pty_destroy(scene->first);
	temporary_folder_remove(&scene->data);
	temporary_folder_remove(&scene->folder);
	free(scene);
	return 0;
}

/* A training that tells much, and a second workbench that trains nothing. */
static void open_both(struct scene *scene)
{
	char *const first[] = {(char *)QGAN_PROGRAM, (char *)"tui", (char *)"--store", scene->store, (char *)"--run-name", (char *)"theirs",
		(char *)"--data", scene->spec, (char *)"--width", (char *)"4", (char *)"--latent", (char *)"10", (char *)"--batch", (char *)"8",
		(char *)"--threads", (char *)"1", (char *)"--metric-every", (char *)"1", (char *)"--layers-every", (char *)"25",
		(char *)"--sample-every", (char *)"25", (char *)"--checkpoint-every", (char *)"50", (char *)"--d-bits", (char *)"4",
		(char *)"--epochs", (char *)"0", (char *)"--eval-samples", (char *)"0", NULL};
	char *const second[] = {(char *)QGAN_PROGRAM, (char *)"tui", (char *)"--browse", (char *)"--store", scene->store, NULL};
	scene->first = open_terminal(scene, first);
	expect(scene->first, "P(real)");
	scene->second = open_terminal(scene, second);
	expect(scene->second, "theirs");
	expect(scene->second, "live");
}

/* "step 1,234" in the header. */
static int64_t step_shown(struct pty_terminal *terminal)
{
	char *screen = pty_text(terminal), *at = strstr(screen, "  step ");
	int64_t step = -1;
	for (at = at ? at + 7 : NULL; at && (*at == ',' || (*at >= '0' && *at <= '9')); at++)
		step = *at == ',' ? step : (step < 0 ? 0 : step * 10) + *at - '0';
	free(screen);
	return step;
}

static bool step_is_later(struct pty_terminal *terminal, void *than) { return step_shown(terminal) > *(int64_t *)than; }

/* Its output on a terminal of its own, which says "exit STATUS" in the end. */
static void run_beside(struct scene *scene, const char *line, const char *expected)
{
	char command[1024];
	snprintf(command, sizeof command, "%s %s --store %s; echo exit $?", QGAN_PROGRAM, line, scene->store);
	char *const words[] = {(char *)"sh", (char *)"-c", command, NULL};
	scene->beside = open_terminal(scene, words);
	expect(scene->beside, "exit 0");
	expect(scene->beside, expected);
	pty_destroy(scene->beside);
	scene->beside = NULL;
}

static void assert_no_lock(const struct pty_terminal *terminal)
{
	assert_null(strstr(pty_output(terminal), "locked"));
}

static void a_run_is_watched_from_another_program(void **state)
{
	struct scene *scene = *state;
	open_both(scene);
	pty_keys(scene->second, "\r");
	expect(scene->second, "LIVE");
	for (int i = 0; i < 2; i++) {
		int64_t step = step_shown(scene->second);
		assert_true(pty_wait(scene->second, step_is_later, &step, PATIENCE));
		pty_settle(scene->first, 0);
	}
	run_beside(scene, "runs list --columns name,status", "theirs  live");
	run_beside(scene, "runs show theirs --json >/dev/null", "exit 0");
	run_beside(scene, "runs sql 'SELECT count(*) > 0 FROM metric_points'", "1");
	pty_keys(scene->first, "]"); /* what the first changes, the second sees */
	expect(scene->second, "D 8 bit");
	pty_keys(scene->first, "p");
	expect(scene->first, "PAUSED");
	expect(scene->second, "PAUSED");
	pty_keys(scene->first, "pQ");
	int status;
	assert_true(pty_wait_exit(scene->first, &status, PATIENCE));
	assert_int_equal(status, 0);
	expect(scene->second, "STOPPED");
	pty_keys(scene->second, "q");
	assert_true(pty_wait_exit(scene->second, &status, PATIENCE));
	assert_int_equal(status, 0);
	assert_no_lock(scene->first);
	assert_no_lock(scene->second);
}

/* Not one of them changes the run: it is the other program's, and that is what is said. */
static void it_cannot_be_steered_from_there(void **state)
{
	struct scene *scene = *state;
	static const char *const keys[] = {"p", ".", "[", "}", "m", "s", "e", "i", "u", "x"};
	open_both(scene);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		pty_keys(scene->second, "5\r"); /* the next action takes the sentence away */
		expect(scene->second, "LIVE");
		assert_true(pty_wait_no_text(scene->second, "by another program", PATIENCE));
		pty_keys(scene->second, keys[i]);
		if (!pty_wait_text(scene->second, "theirs is trained by another program (process ", PATIENCE))
			fail_msg("nothing is said about the key %s", keys[i]);
	}
	pty_keys(scene->second, "5t");
	expect(scene->second, "stop it there first");
	int64_t step = step_shown(scene->second) - 1;
	assert_true(pty_wait(scene->first, step_is_later, &step, PATIENCE));
	assert_true(pty_has_text(scene->first, "LIVE") && pty_has_text(scene->first, "D 4 bit"));
	pty_keys(scene->second, "q"); /* without a question: nothing is live here */
	int status;
	assert_true(pty_wait_exit(scene->second, &status, PATIENCE));
	assert_int_equal(status, 0);
	assert_no_lock(scene->first);
	assert_no_lock(scene->second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_run_is_watched_from_another_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_cannot_be_steered_from_there, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
