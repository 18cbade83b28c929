/* One program trains, one edits, three watch, all with the same store: everybody sees what the first one writes, and nobody
 * ever meets a lock. QGAN_WATCH_SECONDS=N keeps it going for so long, and prints what the slowest answers took. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/run_list.h"
#include "engine/base/clock.h"
#include "tests/store_fixture.h"

enum {
	WATCHERS = 3,
	UPDATES = 40,              /* different steps every watcher must see */
	POINTS = 10,               /* a transaction of the trainer */
	SAMPLE_BYTES = 200 * 1000, /* a large grid */
};

static const double patience = 120; /* seconds; only a hung program needs them */

static void leave_unless(bool good, const char *who, const struct error *error)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", who, error->text);
	_exit(1);
}

static double wanted_seconds(void)
{
	const char *text = getenv("QGAN_WATCH_SECONDS");
	double seconds;
	return text && text_to_double(text, &seconds) ? seconds : 0;
}

static void note_slowest(double *slowest, double begun)
{
	*slowest = fmax(*slowest, clock_seconds() - begun);
}

/* ---- the trainer: what the recorder writes, a transaction at a time ---- */

static bool write_more(struct store *store, int64_t run, int64_t step, struct error *error)
{
	static uint8_t png[SAMPLE_BYTES];
	struct metric_point points[POINTS];
	for (int i = 0; i < POINTS; i++)
		points[i] = new_point(step - POINTS + 1 + i);
	const struct run_progress progress = {.status = RUN_LIVE, .step = step, .epochs = (double)step / 100, .quantizer = "em", .d_bits = 2,
		.g_bits = 2};
	const struct layer_stats stats[] = {new_stats(step, 'D', 0, 2), new_stats(step, 'G', 0, 2)};
	const struct sample sample = {.step = step, .tiles = 64, .columns = 8, .png_size = sizeof png, .png = png, .diversity = 1};
	return store_begin(store, error) && store_insert_metrics(store, run, points, POINTS, error) &&
	       store_insert_layer_stats(store, run, stats, 2, error) && store_insert_sample(store, run, &sample, error) &&
	       store_update_run(store, run, &progress, error) && store_commit(store, error);
}

/* Until the pipe is closed. The store's row says how far it is. */
static void train(const char *path, int until)
{
	struct error error = {0};
	struct store *store = store_open(path, STORE_WRITE, &error);
	leave_unless(store, "trainer", &error);
	int64_t run = insert_run(store, "live"), step = 0;
	double slowest = 0, pause = wanted_seconds() > 0 ? 0.2 : 0.005;
	struct pollfd end = {.fd = until, .events = POLLIN};
	while (poll(&end, 1, (int)(pause * 1000)) == 0) {
		double begun = clock_seconds();
		leave_unless(write_more(store, run, step += POINTS, &error), "trainer", &error);
		note_slowest(&slowest, begun);
	}
	struct run_progress progress = {.status = RUN_FINISHED, .step = step, .quantizer = "em"};
	leave_unless(store_update_run(store, run, &progress, &error), "trainer", &error);
	store_close(store);
	if (wanted_seconds() > 0)
		printf("trainer: %" PRId64 " transactions, the slowest %.1f ms\n", step / POINTS, slowest * 1e3);
}

/* ---- a person with a second program ---- */

static void edit(const char *path, int until)
{
	struct error error = {0};
	struct store *store = store_open(path, STORE_WRITE, &error);
	leave_unless(store, "editor", &error);
	struct run run = {0};
	struct pollfd end = {.fd = until, .events = POLLIN};
	double slowest = 0;
	int64_t edits = 0;
	for (; poll(&end, 1, 7) == 0; edits++) {
		double begun = clock_seconds();
		if (run.id == 0 && !store_find_run(store, "live", &run, &error))
			continue;
		leave_unless(store_tag_run(store, run.id, "watched", edits % 2 == 0, &error), "editor", &error);
		leave_unless(store_note_run(store, run.id, edits % 2 ? "a note" : "", &error), "editor", &error);
		note_slowest(&slowest, begun);
	}
	run_clear(&run);
	store_close(store);
	if (wanted_seconds() > 0)
		printf("editor: %" PRId64 " edits, the slowest %.1f ms\n", edits, slowest * 1e3);
}

/* ---- the watchers: what a list and an open run read ---- */

static void count_points(void *context, const struct metric_bucket *bucket)
{
	*(int64_t *)context += bucket->points;
}

static void take_stats(void *context, const struct layer_stats *stats)
{
	*(int64_t *)context = stats->step;
}

/* Step by step, as separate looks: each may see more than the one before, none less. */
static void look(struct store *store, const struct run *run, const char *who)
{
	struct error error = {0};
	struct sample sample;
	bool found;
	int64_t points = 0, stats_step = 0;
	leave_unless(store_visit_metric_buckets(store, run->id, -1, -1, 200, count_points, &points, &error), who, &error);
	leave_unless(store_visit_layer_stats(store, run->id, -1, take_stats, &stats_step, &error), who, &error);
	leave_unless(store_find_sample(store, run->id, -1, &sample, &found, &error), who, &error);
	error_set(&error, ERROR_STATE, "row at step %" PRId64 ", but %" PRId64 " points, statistics of %" PRId64, run->step, points,
	          stats_step);
	leave_unless(points >= run->step && stats_step >= points && found && sample.step >= stats_step, who, &error);
	leave_unless(sample.png_size == SAMPLE_BYTES, who, &error);
	sample_clear(&sample);
}

/* Until the run is over; a byte is told once it has changed often enough. */
static void watch(const char *path, int number, int told)
{
	char who[32];
	struct error error = {0};
	snprintf(who, sizeof who, "watcher %d", number);
	struct store *store = store_open(path, STORE_READ, &error);
	leave_unless(store, who, &error);
	struct run_list *list = run_list_create();
	int64_t before = 0, updates = 0;
	double slowest = 0;
	for (bool over = false; !over;) {
		bool changed;
		double begun = clock_seconds();
		leave_unless(run_list_refresh(list, store, &changed, &error), who, &error);
		const struct run *run = run_list_find(list, 1);
		if (run && run->step > 0) {
			error_set(&error, ERROR_STATE, "step %" PRId64 " after %" PRId64, run->step, before);
			leave_unless(run->step >= before, who, &error);
			updates += run->step > before;
			before = run->step;
			look(store, run, who);
			over = run->status == RUN_FINISHED;
		}
		note_slowest(&slowest, begun);
		if (updates >= UPDATES && told >= 0) {
			leave_unless(write(told, "", 1) == 1, who, &error);
			told = -1;
		}
		poll(NULL, 0, 3 + number);
	}
	error_set(&error, ERROR_STATE, "has seen %" PRId64 " steps only", updates);
	leave_unless(updates >= UPDATES, who, &error);
	run_list_destroy(list);
	store_close(store);
	if (wanted_seconds() > 0)
		printf("%s: %" PRId64 " steps seen, the slowest look %.1f ms\n", who, updates, slowest * 1e3);
}

/* ---- all together ---- */

static pid_t start(const char *path, int number, int until, int told)
{
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child > 0)
		return child;
	alarm((unsigned)(wanted_seconds() + patience));
	if (number == WATCHERS)
		train(path, until);
	else if (number > WATCHERS)
		edit(path, until);
	else
		watch(path, number, told);
	fflush(NULL);
	_exit(0);
}

static void wait_for_watchers(int told)
{
	char byte;
	for (int i = 0; i < WATCHERS; i++)
		assert_int_equal(read(told, &byte, 1), 1); /* 0: they are gone */
}

static void all_see_and_none_waits(void **state)
{
	const struct store_folder *folder = *state;
	int until[2], told[2], status;
	pid_t children[WATCHERS + 2];
	double begun = clock_seconds();
	store_close(open_for_writing(state));
	assert_true(pipe(until) == 0 && pipe(told) == 0);
	for (int i = 0; i < WATCHERS + 2; i++)
		children[i] = start(folder->store, i, until[0], told[1]);
	close(told[1]);
	wait_for_watchers(told[0]);
	while (clock_seconds() - begun < wanted_seconds())
		poll(NULL, 0, 500);
	struct stat log;
	char path[128];
	snprintf(path, sizeof path, "%s-wal", folder->store);
	if (wanted_seconds() > 0 && stat(path, &log) == 0)
		printf("write-ahead log: %.1f MB\n", (double)log.st_size / 1e6);
	for (int i = 0; i < 2; i++)
		assert_int_equal(write(until[1], "", 1), 1); /* neither reads it */
	for (int i = 0; i < WATCHERS + 2; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	close(until[0]);
	close(until[1]);
	close(told[0]);
}

/* ---- the log ---- */

static int64_t log_bytes(const char *store)
{
	char path[128];
	struct stat facts;
	snprintf(path, sizeof path, "%s-wal", store);
	return stat(path, &facts) == 0 ? facts.st_size : 0;
}

static void write_samples(struct store *store, int64_t run, int count)
{
	static uint8_t png[SAMPLE_BYTES];
	const struct sample sample = {.step = 1, .tiles = 64, .columns = 8, .png_size = sizeof png, .png = png, .diversity = 1};
	for (int i = 0; i < count; i++)
		assert_true(store_insert_sample(store, run, &sample, NULL));
}

/* A reader that stays keeps the log from beginning anew; the writer goes on, and cuts it once the reader is gone. */
static void a_long_look_delays_nobody_and_the_log_is_cut_later(void **state)
{
	const struct store_folder *folder = *state;
	struct store *writer = open_for_writing(state);
	int64_t run = insert_run(writer, "run");
	struct store *reader = store_open(folder->store, STORE_READ, NULL);
	assert_true(store_execute(reader, "BEGIN; SELECT count(*) FROM runs", NULL));
	write_samples(writer, run, 220);
	assert_true(log_bytes(folder->store) > 40 * 1000 * 1000);
	assert_true(store_execute(reader, "COMMIT", NULL));
	write_samples(writer, run, 60);
	assert_true(log_bytes(folder->store) < 20 * 1000 * 1000);
	assert_int_equal(count_rows(reader, "SELECT count(*) FROM samples"), 280);
	store_close(reader);
	store_close(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(all_see_and_none_waits),
		IN_FOLDER(a_long_look_delays_nobody_and_the_log_is_cut_later),
	};
	return cmocka_run_group_tests_name("store_watch", tests, NULL, NULL);
}
