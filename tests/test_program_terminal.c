/* The program behind a terminal, as people meet it: started, steered, hung up, crashed and detached. */
#include "tests/program_scene.h"
#include "tests/pty_terminal.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	return cmocka_run_group_tests_name("program_terminal", tests, NULL, NULL);
}
