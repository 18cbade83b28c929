/* store: several processes at once, and processes that are killed while they write. */
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/store_fixture.h"

enum {
	WRITERS = 3,
	READERS = 3,
	RUNS_OF_A_WRITER = 40,
	POINTS_OF_A_RUN = 20,
	KILLS = 60,
};

/* A child's way to say what went wrong: cmocka's assertions would return into the copied test. */
static void leave_unless(bool good, const struct error *error)
{
	if (good)
		return;
	fprintf(stderr, "child %d: %s\n", (int)getpid(), error->text);
	_exit(1);
}

static pid_t start_child(void (*work)(const char *path, int number), const char *path, int number)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		work(path, number);
		_exit(0);
	}
	assert_true(child > 0);
	return child;
}

static void expect_success(pid_t child)
{
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* One transaction: a run with its points, two layers and a journal entry that says how many points belong to it. */
static void write_whole_run(struct store *store, const char *name)
{
	struct error error = {0};
	struct run run = new_run(name);
	struct metric_point points[POINTS_OF_A_RUN];
	for (int i = 0; i < POINTS_OF_A_RUN; i++)
		points[i] = new_point(i + 1);
	const struct layer_stats stats[] = {new_stats(20, 'D', 0, 2), new_stats(20, 'G', 0, 2)};
	const struct journal_entry entry = {.step = 20, .kind = "count", .field = "points", .value = "20"};
	leave_unless(store_begin(store, &error) && store_insert_run(store, &run, true, &error) &&
	             store_insert_metrics(store, run.id, points, POINTS_OF_A_RUN, &error) &&
	             store_insert_layer_stats(store, run.id, stats, 2, &error) &&
	             store_insert_journal(store, run.id, &entry, &error) && store_commit(store, &error), &error);
}

/* Whole transactions only: every run has all of its rows. Returns how many runs there are. */
static int64_t check_whole(struct store *store)
{
	char health[256];
	assert_true(store_health(store, health, sizeof health, NULL));
	assert_string_equal(health, "ok");
	assert_int_equal(count_rows(store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	int64_t runs = count_rows(store, "SELECT count(*) FROM runs");
	assert_int_equal(count_rows(store, "SELECT count(*) FROM (SELECT run_id FROM metric_points GROUP BY run_id"
	                                   " HAVING count(*) = 20 AND max(step) = 20)"), runs);
	assert_int_equal(count_rows(store, "SELECT count(DISTINCT run_id) FROM journal"), runs);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM journal"), runs);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_stats"), 2 * runs);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_states"), 8 * runs);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_bins"), 4 * runs);
	return runs;
}

/* ---- several processes ---- */

static void write_runs(const char *path, int number)
{
	struct error error;
	struct store *store = store_open(path, STORE_WRITE, &error);
	leave_unless(store != NULL, &error);
	for (int i = 0; i < RUNS_OF_A_WRITER; i++) {
		char name[48];
		snprintf(name, sizeof name, "writer%d-run%d", number, i);
		write_whole_run(store, name);
	}
	store_close(store);
}

static void count_point(void *context, const struct metric_point *point)
{
	int64_t *sum = context;
	*sum += point->step;
}

/* Until all runs are there: what is seen is always whole, and never an error. */
static void read_runs(const char *path, int number)
{
	struct error error;
	struct store *store = store_open(path, STORE_READ, &error);
	leave_unless(store != NULL, &error);
	for (size_t count = 0; count < WRITERS * RUNS_OF_A_WRITER;) {
		struct run *runs;
		leave_unless(store_list_runs(store, &runs, &count, &error), &error);
		int64_t sum = 0;
		size_t one = count > 0 ? (size_t)number * 7919 % count : 0;
		if (count > 0)
			leave_unless(store_visit_metrics(store, runs[one].id, 0, count_point, &sum, &error), &error);
		error_set(&error, ERROR_STATE, "a run with half its points: sum %" PRId64, sum);
		leave_unless(count == 0 || sum == POINTS_OF_A_RUN * (POINTS_OF_A_RUN + 1) / 2, &error);
		store_free_runs(runs, count);
	}
	store_close(store);
}

static void writers_and_readers_never_meet_a_lock(void **state)
{
	const struct store_folder *folder = *state;
	store_close(open_for_writing(state));
	pid_t children[WRITERS + READERS];
	for (int i = 0; i < READERS; i++)
		children[i] = start_child(read_runs, folder->store, i);
	for (int i = 0; i < WRITERS; i++)
		children[READERS + i] = start_child(write_runs, folder->store, i);
	for (int i = 0; i < WRITERS + READERS; i++)
		expect_success(children[i]);
	struct store *store = open_for_writing(state);
	assert_int_equal(check_whole(store), WRITERS * RUNS_OF_A_WRITER);
	store_close(store);
}

static void open_and_close(const char *path, int number)
{
	(void)number;
	struct error error;
	for (int i = 0; i < 3; i++) {
		struct store *store = store_open(path, STORE_WRITE, &error);
		leave_unless(store != NULL, &error);
		store_close(store);
	}
}

/* The file, its mode and its schema are made once, whoever comes first. */
static void a_new_store_may_be_opened_by_many(void **state)
{
	const struct store_folder *folder = *state;
	for (int round = 0; round < 5; round++) {
		char path[128];
		snprintf(path, sizeof path, "%s-%d", folder->store, round);
		pid_t children[6];
		for (int i = 0; i < 6; i++)
			children[i] = start_child(open_and_close, path, i);
		for (int i = 0; i < 6; i++)
			expect_success(children[i]);
		struct error error;
		struct store *store = store_open(path, STORE_READ, &error);
		assert_non_null(store);
		assert_int_equal(count_rows(store, "PRAGMA user_version"), migration_count);
		assert_int_equal(count_rows(store, "SELECT count(*) FROM runs"), 0);
		store_close(store);
	}
}

/* ---- killed while writing ---- */

static int told[2]; /* a pipe: the child writes a byte after each committed run */

static void write_until_killed(const char *path, int number)
{
	struct error error;
	struct store *store = store_open(path, STORE_WRITE, &error);
	leave_unless(store != NULL, &error);
	for (int i = 0; ; i++) {
		char name[48];
		snprintf(name, sizeof name, "kill%d-run%d", number, i);
		write_whole_run(store, name);
		if (write(told[1], "", 1) != 1)
			_exit(1);
	}
}

/* Waits for some commits, then up to 5 ms more: opening, migrating, writing and checkpointing the log are all hit.
 * Returns how many runs the child said it had committed. */
static int64_t kill_a_writer(const char *path, int number)
{
	assert_int_equal(pipe(told), 0);
	pid_t child = start_child(write_until_killed, path, number);
	close(told[1]);
	int64_t commits = 0;
	char byte;
	while (commits < number % 6 && read(told[0], &byte, 1) == 1)
		commits++;
	usleep((useconds_t)(number * 7919 % 5000));
	assert_int_equal(kill(child, SIGKILL), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (read(told[0], &byte, 1) == 1)
		commits++;
	close(told[0]);
	return commits;
}

static void a_killed_writer_leaves_whole_transactions(void **state)
{
	const struct store_folder *folder = *state;
	int64_t before = 0;
	for (int number = 0; number < KILLS; number++) {
		int64_t commits = kill_a_writer(folder->store, number);
		struct store *store = open_for_writing(state);
		int64_t runs = check_whole(store);
		assert_true(runs == before + commits || runs == before + commits + 1); /* killed between commit and word */
		assert_int_equal(count_rows(store, "SELECT count(*) FROM runs WHERE status = 'live'"), runs);
		before = runs;
		store_close(store);
	}
	assert_true(before >= KILLS * 2);
	struct store *store = open_for_writing(state);
	struct run *runs;
	size_t count;
	assert_true(store_list_runs(store, &runs, &count, NULL));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(runs[i].status, RUN_CRASHED);
	store_free_runs(runs, count);
	store_close(store);
	print_message("%d kills, %" PRId64 " whole runs\n", KILLS, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(writers_and_readers_never_meet_a_lock),
		IN_FOLDER(a_new_store_may_be_opened_by_many),
		IN_FOLDER(a_killed_writer_leaves_whole_transactions),
	};
	return cmocka_run_group_tests_name("store_processes", tests, NULL, NULL);
}
