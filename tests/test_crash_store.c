/* A training process is killed: what the recorder had written is whole, reads as crashed, and can be resumed. */
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/recorder_fixture.h"

enum { KILLS = 40, CHECKPOINT_EVERY = 10 };

static int told[2]; /* a pipe: the child writes a byte after each checkpoint it knows to be on disk */

static void tell_layer(struct recorder *recorder, int64_t step)
{
	struct event event = new_event(EVENT_LAYERS, step);
	event.layers = memory_zeroed(1, sizeof *event.layers);
	event.layer_count = 1;
	event.layers[0].statistics.fit.bits = 3;
	event.layers[0].statistics.histogram[1] = 5;
	recorder_take_event(recorder, &event);
}

/* Like an engine with small steps: until it is killed. */
static void train(const char *path, int64_t run, int64_t from)
{
	struct recorder *recorder = recorder_create(path, NULL);
	struct gan_settings settings = test_settings();
	const struct recorder_run_start start = {.name = "killed", .config_json = "{}", .settings = &settings, .resume_id = run,
	                                         .resume_step = from};
	struct run begun;
	if (!recorder || !recorder_begin_run(recorder, &start, &begun, NULL))
		_exit(1);
	tell_state(recorder, from, ENGINE_RUNNING);
	for (int64_t step = from + 1; ; step++) {
		tell_metric(recorder, step);
		if (step % CHECKPOINT_EVERY != 0)
			continue;
		tell_layer(recorder, step);
		tell_checkpoint(recorder, step, 0, false);
		struct recorder_report report;
		recorder_flush(recorder, 60);
		while (recorder_poll_report(recorder, &report))
			if (report.kind != RECORDER_CHECKPOINT_WRITTEN || write(told[1], "", 1) != 1)
				_exit(1);
	}
}

/* Returns how many checkpoints the child knew to be on disk. */
static int64_t kill_training(const char *path, int64_t run, int64_t from, int number)
{
	assert_int_equal(pipe(told), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		train(path, run, from);
	assert_true(child > 0);
	close(told[1]);
	int64_t written = 0;
	char byte;
	while (written < 1 + number % 4 && read(told[0], &byte, 1) == 1)
		written++;
	usleep((useconds_t)(number * 7919 % 4000));
	assert_int_equal(kill(child, SIGKILL), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (read(told[0], &byte, 1) == 1)
		written++;
	close(told[0]);
	return written;
}

/* Every row about a checkpoint has its file with the right contents; the points up to it are all there. */
static int64_t check_run(struct store *store, int64_t from, int64_t written)
{
	char health[256];
	assert_true(store_health(store, health, sizeof health, NULL));
	assert_string_equal(health, "ok");
	struct run run;
	assert_true(store_find_run(store, "killed", &run, NULL));
	assert_int_equal(run.status, RUN_CRASHED);
	run_clear(&run);
	struct checkpoint_row *rows;
	size_t count;
	assert_true(store_list_checkpoints(store, 1, &rows, &count, NULL));
	assert_true(count > 0 && count <= RECORDER_KEPT_CHECKPOINTS + 1); /* killed between insert and pruning: one more */
	for (size_t i = count > RECORDER_KEPT_CHECKPOINTS ? 1 : 0; i < count; i++) {
		struct error error;
		struct checkpoint *checkpoint = checkpoint_read(rows[i].path, rows[i].hash, &error);
		if (!checkpoint)
			fail_msg("%s", error.text);
		float values[1024];
		assert_true(checkpoint_get_tensor(checkpoint, "weights", 1024, values, NULL));
		assert_true(values[1023] == (float)rows[i].step + 1023);
		checkpoint_destroy(checkpoint);
	}
	int64_t newest = rows[count - 1].step;
	free(rows);
	assert_true(newest >= from + written * CHECKPOINT_EVERY && newest <= from + (written + 1) * CHECKPOINT_EVERY);
	char sql[160];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM metric_points WHERE step <= %" PRId64, newest);
	assert_int_equal(count_rows(store, sql), newest);
	assert_int_equal(count_rows(store, "SELECT count(*) = max(step) FROM metric_points"), 1);
	int64_t layers = count_rows(store, "SELECT count(*) FROM layer_stats");
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_states"), 8 * layers);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_bins"), layers);
	return newest;
}

static void killed_trainings_can_be_resumed(void **state)
{
	const struct store_folder *folder = *state;
	int64_t newest = 0;
	for (int number = 0; number < KILLS; number++) {
		int64_t written = kill_training(folder->store, number == 0 ? 0 : 1, newest, number);
		struct store *store = store_open(folder->store, STORE_READ, NULL);
		assert_non_null(store);
		newest = check_run(store, newest, written);
		store_close(store);
	}
	print_message("%d kills, %" PRId64 " steps, %" PRId64 " checkpoints\n", KILLS, newest, newest / CHECKPOINT_EVERY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(killed_trainings_can_be_resumed),
	};
	return cmocka_run_group_tests_name("crash_store", tests, NULL, NULL);
}
