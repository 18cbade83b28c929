/* app/recorder: events become rows and files, a failing disk loses nothing and says so. */
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/data/picture_file.h"
#include "tests/recorder_fixture.h"

static struct store *open_reader(void **state)
{
	const struct store_folder *folder = *state;
	struct error error;
	struct store *store = store_open(folder->store, STORE_READ, &error);
	if (!store)
		fail_msg("%s", error.text);
	return store;
}

static struct run find_run(struct store *store, const char *name)
{
	struct run run;
	struct error error;
	if (!store_find_run(store, name, &run, &error))
		fail_msg("%s", error.text);
	run_clear(&run);
	return run;
}

/* The next report of that kind; everything before it is dropped. */
static struct recorder_report wait_for_report(struct recorder *recorder, enum recorder_report_kind kind)
{
	struct recorder_report report;
	for (int turn = 0; turn < 3000; turn++) {
		while (recorder_poll_report(recorder, &report))
			if (report.kind == kind)
				return report;
		usleep(10000);
	}
	fail_msg("no report of kind %d", (int)kind);
	return report;
}

/* ---- events ---- */

static void tell_journal(struct recorder *recorder, int64_t step, const char *field, const char *value)
{
	struct event event = new_event(EVENT_JOURNAL, step);
	event.command = COMMAND_SET_BITS;
	text_copy(event.field, sizeof event.field, field);
	text_copy(event.value, sizeof event.value, value);
	text_copy(event.text, sizeof event.text, "a change");
	recorder_take_event(recorder, &event);
}

static struct layer_report new_layer(enum network_id network, int bits)
{
	struct layer_report report = {
		.network = network, .name = "conv1", .shape = "16x1x4x4", .flips = 0.25, .flip_steps = 40,
		.quantizer = network == NETWORK_D ? &quantizer_minmax : &quantizer_em, .trace = {.count = 2, .errors = {0.5f, 0.25f}},
	};
	report.statistics = (struct quant_statistics){
		.fit = {.bits = bits, .alpha = 0.5, .beta = 0.1, .iterations = 16, .valid = true}, .weights = 256, .groups = 16,
		.packed_bytes = bits == 32 ? 1024 : 64 + 256,
		.counts = {100, 56, 50, 50}, .levels = {-1, -0.5, 0.5, 1}, .mean_squared_error = 0.01, .variance = 1,
		.utilization = 0.9, .histogram_min = -2, .histogram_max = 2, .histogram = {[0] = 6, [95] = 250},
	};
	return report;
}

static void tell_layers(struct recorder *recorder, int64_t step)
{
	struct event event = new_event(EVENT_LAYERS, step);
	event.layers = memory_zeroed(3, sizeof *event.layers);
	event.layers[0] = new_layer(NETWORK_D, 32);
	event.layers[1] = new_layer(NETWORK_D, 2);
	event.layers[2] = new_layer(NETWORK_G, 2);
	event.layer_count = 3;
	recorder_take_event(recorder, &event);
}

static void tell_sample(struct recorder *recorder, int64_t step)
{
	struct event event = new_event(EVENT_SAMPLE, step);
	event.picture = image_create(12, 8, 1, NULL);
	assert_non_null(event.picture);
	memset(event.picture->pixels, 200, 12 * 8);
	event.tiles = 6;
	event.columns = 3;
	recorder_take_event(recorder, &event);
	assert_null(event.picture);
}

static void tell_started(struct recorder *recorder)
{
	struct event event = new_event(EVENT_STARTED, 0);
	event.facts.settings = test_settings();
	event.facts.settings.channels = 3;
	event.facts.last_step = 900;
	recorder_take_event(recorder, &event);
}

/* ---- a whole life ---- */

static void check_layer(void *context, const struct layer_stats *stats)
{
	int *seen = context;
	static const char networks[] = "DDG";
	static const int positions[] = {0, 1, 0}, bits[] = {32, 2, 2};
	assert_true(stats->network == networks[*seen] && stats->position == positions[*seen] && stats->bits == bits[*seen]);
	assert_int_equal(stats->states, stats->bits == 2 ? 4 : 0);
	assert_true(stats->weights == 256 && stats->variance == 1 && stats->flips == 0.25 && stats->flip_steps == 40);
	assert_true(stats->bins == 96 && stats->histogram[0] == 6 && stats->histogram[1] == 0 && stats->histogram[95] == 250);
	if (stats->bits == 2)
		assert_true(stats->levels[3] == 1 && stats->counts[0] == 100 && stats->alpha == 0.5 && stats->utilization == 0.9);
	else
		assert_true(isnan(stats->alpha) && isnan(stats->mse) && isnan(stats->utilization));
	static const char *const names[] = {"float", "minmax", "em"};
	assert_string_equal(stats->quantizer, names[*seen]);
	assert_true(stats->groups == (stats->bits == 2 ? 16 : 1) && stats->packed_bytes == (stats->bits == 2 ? 320 : 1024));
	assert_int_equal(stats->trace_count, stats->bits == 2 ? 2 : 0);
	assert_true(stats->bits == 32 || (stats->trace[0] == 0.5 && stats->trace[1] == 0.25));
	(*seen)++;
}

static void check_sample(struct store *store, int64_t run)
{
	struct sample sample;
	bool found;
	assert_true(store_find_sample(store, run, -1, &sample, &found, NULL));
	assert_true(found && sample.step == 50 && sample.tiles == 6 && sample.columns == 3);
	assert_true(sample.d_bits == 2 && sample.g_bits == 4);
	struct image *image = picture_decode(sample.png, sample.png_size, 0, "sample", NULL);
	assert_non_null(image);
	assert_true(image->width == 12 && image->height == 8 && image->pixels[0] == 200);
	image_destroy(image);
	sample_clear(&sample);
}

static void check_checkpoint(struct store *store, int64_t run, int64_t step)
{
	struct checkpoint_row row;
	struct error error;
	if (!store_find_checkpoint(store, run, step, &row, &error))
		fail_msg("%s", error.text);
	struct checkpoint *checkpoint = checkpoint_read(row.path, row.hash, &error);
	if (!checkpoint)
		fail_msg("%s", error.text);
	uint64_t written;
	assert_true(checkpoint_get_integer(checkpoint, "step", &written, NULL));
	assert_true(written == (uint64_t)row.step);
	checkpoint_destroy(checkpoint);
}

static void events_become_rows_and_files(void **state)
{
	struct recorder *recorder = create_recorder(state);
	struct run run = begin_run(recorder, "whole");
	assert_int_equal(run.status, RUN_LIVE);
	tell_started(recorder);
	tell_state(recorder, 0, ENGINE_RUNNING);
	for (int64_t step = 1; step <= 50; step++)
		tell_metric(recorder, step);
	tell_journal(recorder, 50, "d-bits", "2");
	tell_layers(recorder, 50);
	tell_sample(recorder, 50);
	tell_checkpoint(recorder, 50, 0, true);
	struct event reply = new_event(EVENT_REPLY, 50);
	recorder_take_event(recorder, &reply);
	tell_state(recorder, 60, ENGINE_FINISHED);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_true(recorder_flush(recorder, 60));
	assert_true(recorder_waiting(recorder) == 0);
	struct recorder_report report = wait_for_report(recorder, RECORDER_CHECKPOINT_WRITTEN);
	assert_true(report.run == run.id && report.step == 50 && report.last && report.bytes > 4096);
	struct store *store = open_reader(state);
	run = find_run(store, "whole");
	assert_true(run.status == RUN_FINISHED && run.step == 50 && run.epochs == 0.5 && run.loss_d == 0.5 && run.loss_g == 50);
	assert_true(run.channels == 3 && run.last_step == 900 && run.d_bits == 2 && run.g_bits == 4 && run.train_seconds == 60);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 50);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM journal WHERE kind = 'set-bits' AND step = 50"), 1);
	int seen = 0;
	assert_true(store_visit_layer_stats(store, run.id, -1, check_layer, &seen, NULL));
	assert_int_equal(seen, 3);
	check_sample(store, run.id);
	check_checkpoint(store, run.id, 50);
	store_close(store);
	assert_true(recorder_destroy(recorder, 10) == 0);
}

static void names_are_made_up_and_runs_do_not_mix(void **state)
{
	struct recorder *recorder = create_recorder(state);
	struct run run = begin_run(recorder, NULL);
	assert_true(strncmp(run.name, "fmnist-dcgan-", 13) == 0 && strlen(run.name) == 17);
	struct gan_settings settings = test_settings();
	struct recorder_run_start start = {.name = "other", .config_json = "{}", .settings = &settings};
	struct error error;
	assert_false(recorder_begin_run(recorder, &start, &run, &error));
	assert_int_equal(error.code, ERROR_STATE);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	start.name = "not/a/name";
	assert_false(recorder_begin_run(recorder, &start, &run, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	tell_metric(recorder, 1); /* no run is open: released, not recorded */
	tell_checkpoint(recorder, 1, 0, false);
	start.name = "other";
	assert_true(recorder_begin_run(recorder, &start, &run, &error));
	run_clear(&run);
	recorder_end_run(recorder, RUN_FAILED, "out of luck");
	start.exact_name = true;
	assert_false(recorder_begin_run(recorder, &start, &run, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_true(recorder_destroy(recorder, 10) == 0);
	struct store *store = open_reader(state);
	run = find_run(store, "other");
	assert_int_equal(run.status, RUN_FAILED);
	assert_string_equal(run.message, "out of luck");
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 0);
	store_close(store);
}

static void a_stopped_run_goes_on(void **state)
{
	struct recorder *recorder = create_recorder(state);
	struct run run = begin_run(recorder, "again");
	tell_state(recorder, 0, ENGINE_RUNNING);
	for (int64_t step = 1; step <= 30; step++)
		tell_metric(recorder, step);
	tell_checkpoint(recorder, 20, 0, false);
	tell_state(recorder, 30, ENGINE_STOPPED);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	struct gan_settings settings = test_settings();
	struct recorder_run_start start = {.settings = &settings, .resume_id = run.id, .resume_step = 20};
	struct error error;
	if (!recorder_begin_run(recorder, &start, &run, &error)) /* at once: what waits is written first */
		fail_msg("%s", error.text);
	assert_true(run.status == RUN_LIVE && run.step == 20 && run.loss_g == 20);
	run_clear(&run);
	tell_state(recorder, 100, ENGINE_RUNNING);
	for (int64_t step = 21; step <= 40; step++)
		tell_metric(recorder, step);
	tell_state(recorder, 110, ENGINE_PAUSED);
	assert_true(recorder_flush(recorder, 60));
	struct store *store = open_reader(state);
	run = find_run(store, "again");
	assert_true(run.status == RUN_PAUSED && run.step == 40 && run.train_seconds == 40 && run.ended == 0);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 40);
	store_close(store);
	recorder_end_run(recorder, RUN_CRASHED, "left without saving");
	assert_true(recorder_destroy(recorder, 10) == 0);
}

static void old_checkpoints_go_unless_asked_for(void **state)
{
	struct recorder *recorder = create_recorder(state);
	struct run run = begin_run(recorder, "pruned");
	for (int64_t step = 1; step <= 8; step++)
		tell_checkpoint(recorder, step, step == 2 ? 77 : 0, false);
	recorder_keep_checkpoint(recorder, 6);
	tell_checkpoint(recorder, 9, 78, true); /* a stop's last one does not count as asked for */
	for (int64_t step = 10; step <= 12; step++)
		tell_checkpoint(recorder, step, 0, false);
	assert_true(recorder_flush(recorder, 60));
	struct store *store = open_reader(state);
	struct checkpoint_row *rows;
	size_t count;
	assert_true(store_list_checkpoints(store, run.id, &rows, &count, NULL));
	static const int64_t left[] = {2, 6, 10, 11, 12};
	assert_true(count == 5);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rows[i].step, left[i]);
		check_checkpoint(store, run.id, rows[i].step);
	}
	free(rows);
	store_close(store);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_true(recorder_destroy(recorder, 10) == 0);
}

/* With the score that makes it the best: the store knows whether it is. */
static void tell_best(struct recorder *recorder, void **state, int64_t run, int64_t step, double fid)
{
	struct store *store = open_for_writing(state);
	struct score score = {.step = step, .live = true, .samples = 100, .reference_samples = 100, .splits = 10, .dimensions = 64, .fid = fid,
		.fid_std = NAN, .kid = NAN, .kid_std = NAN, .is_mean = 2, .is_std = NAN, .recipe = "standard", .features = "classifier",
		.reference = "x", .split = "train"};
	assert_true(store_insert_score(store, run, &score, NULL));
	store_close(store);
	struct event event = new_checkpoint(step);
	event.best = true;
	recorder_take_event(recorder, &event);
}

static void assert_checkpoints(void **state, int64_t run, const int64_t steps[], size_t expected, int64_t best)
{
	struct store *store = open_reader(state);
	struct checkpoint_row *rows;
	size_t count;
	assert_true(store_list_checkpoints(store, run, &rows, &count, NULL));
	assert_int_equal(count, expected);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rows[i].step, steps[i]);
		assert_true(rows[i].best == (rows[i].step == best));
		check_checkpoint(store, run, rows[i].step);
	}
	free(rows);
	store_close(store);
}

/* The state of the lowest FID outlasts newer ones until there is a better one; then it goes as any other. */
static void the_best_checkpoint_stays(void **state)
{
	struct recorder *recorder = create_recorder(state);
	struct run run = begin_run(recorder, "best");
	tell_checkpoint(recorder, 1, 0, false);
	tell_best(recorder, state, run.id, 2, 50);
	for (int64_t step = 3; step <= 8; step++)
		tell_checkpoint(recorder, step, 0, false);
	assert_true(recorder_flush(recorder, 60));
	assert_checkpoints(state, run.id, (const int64_t[]){2, 6, 7, 8}, 4, 2);
	tell_best(recorder, state, run.id, 9, 40);
	tell_best(recorder, state, run.id, 10, 60); /* it is not */
	for (int64_t step = 11; step <= 13; step++)
		tell_checkpoint(recorder, step, 0, false);
	assert_true(recorder_flush(recorder, 60));
	assert_checkpoints(state, run.id, (const int64_t[]){9, 11, 12, 13}, 4, 9);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_true(recorder_destroy(recorder, 10) == 0);
}

/* ---- trouble ---- */

/* Every write of this process to a file fails from now on, as on a full disk; memory and pipes work. */
static void set_disk_full(bool full)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_loses_nothing(void **state)
{
	struct recorder *recorder = create_recorder(state);
	struct run run = begin_run(recorder, "full");
	tell_metric(recorder, 1);
	assert_true(recorder_flush(recorder, 60));
	set_disk_full(true);
	for (int64_t step = 2; step <= 500; step++)
		tell_metric(recorder, step);
	tell_checkpoint(recorder, 500, 0, true);
	tell_state(recorder, 500, ENGINE_FINISHED);
	bool flushed = recorder_flush(recorder, 0.2);
	struct recorder_report trouble = wait_for_report(recorder, RECORDER_TROUBLE);
	size_t waiting = recorder_waiting(recorder);
	set_disk_full(false);
	assert_false(flushed);
	assert_true(waiting == 501 && trouble.waiting > 0);
	assert_non_null(strstr(trouble.text, "waiting"));
	wait_for_report(recorder, RECORDER_RECOVERED);
	assert_true(recorder_flush(recorder, 60));
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_true(recorder_destroy(recorder, 10) == 0);
	struct store *store = open_reader(state);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 500);
	check_checkpoint(store, run.id, 500);
	assert_int_equal(find_run(store, "full").status, RUN_FINISHED);
	store_close(store);
}

/* The folder for checkpoints cannot be made, while rows can be written. */
static void a_refused_checkpoint_gives_way_to_a_newer_one(void **state)
{
	const struct store_folder *folder = *state;
	char blocker[128];
	snprintf(blocker, sizeof blocker, "%s-runs", folder->store);
	struct recorder *recorder = create_recorder(state);
	struct run run = begin_run(recorder, "blocked");
	FILE *file = fopen(blocker, "w");
	assert_non_null(file);
	fclose(file);
	tell_checkpoint(recorder, 10, 0, false);
	tell_metric(recorder, 11);
	struct recorder_report report = wait_for_report(recorder, RECORDER_TROUBLE);
	assert_non_null(strstr(report.text, blocker));
	tell_checkpoint(recorder, 20, 0, true);
	report = wait_for_report(recorder, RECORDER_CHECKPOINT_LOST);
	assert_true(report.step == 10 && report.run == run.id && !report.last);
	tell_state(recorder, 20, ENGINE_STOPPED);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_false(recorder_flush(recorder, 0.1));
	struct store *store = open_reader(state);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 1); /* rows do not wait for files */
	assert_int_equal(find_run(store, "blocked").status, RUN_LIVE);                /* but the end does: nothing is saved yet */
	assert_int_equal(unlink(blocker), 0);
	report = wait_for_report(recorder, RECORDER_CHECKPOINT_WRITTEN);
	assert_true(report.step == 20 && report.last);
	assert_true(recorder_flush(recorder, 60));
	assert_int_equal(find_run(store, "blocked").status, RUN_STOPPED);
	store_close(store);
	assert_true(recorder_destroy(recorder, 10) == 1); /* the one given up */
}

static void a_deleted_run_is_told_not_retried(void **state)
{
	struct recorder *recorder = create_recorder(state);
	begin_run(recorder, "deleted");
	struct store *store = open_for_writing(state);
	int64_t unused;
	assert_true(statement_query_integer(store, "DELETE FROM runs", 0, 0, &unused, NULL));
	store_close(store);
	tell_metric(recorder, 1);
	tell_metric(recorder, 2);
	struct recorder_report report = wait_for_report(recorder, RECORDER_FACT_LOST);
	assert_int_equal(report.step, 1);
	tell_checkpoint(recorder, 3, 0, true);
	report = wait_for_report(recorder, RECORDER_CHECKPOINT_LOST);
	assert_int_equal(report.step, 3);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_true(recorder_flush(recorder, 60));
	struct run run = begin_run(recorder, "next");
	tell_metric(recorder, 1);
	assert_true(recorder_flush(recorder, 60));
	store = open_reader(state);
	assert_int_equal(find_run(store, "next").step, 1);
	assert_int_not_equal(run.id, 1); /* numbers are never used again */
	store_close(store);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_true(recorder_destroy(recorder, 10) == 4);
}

static void what_cannot_be_written_is_counted_at_the_end(void **state)
{
	struct recorder *recorder = create_recorder(state);
	begin_run(recorder, "counted");
	assert_true(recorder_flush(recorder, 60));
	set_disk_full(true);
	for (int64_t step = 1; step <= 7; step++)
		tell_metric(recorder, step);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	size_t lost = recorder_destroy(recorder, 0);
	set_disk_full(false);
	assert_true(lost == 8);
	struct error error;
	assert_null(recorder_create("/proc/nowhere/qgan.db", &error));
	assert_true(error.text[0] != '\0');
	assert_true(recorder_destroy(NULL, 1) == 0);
}

/* Another process's long transaction delays rows; it never delays the one who hands in events, and loses nothing. */
static void a_locked_store_is_waited_for(void **state)
{
	struct recorder *recorder = create_recorder(state);
	begin_run(recorder, "locked");
	struct store *other = open_for_writing(state);
	assert_true(store_begin(other, NULL));
	for (int64_t step = 1; step <= 300; step++)
		tell_metric(recorder, step);
	assert_false(recorder_flush(recorder, 0.1));
	assert_true(recorder_waiting(recorder) == 300);
	store_rollback(other);
	assert_true(recorder_flush(recorder, 60));
	assert_int_equal(count_rows(other, "SELECT count(*) FROM metric_points"), 300);
	store_close(other);
	recorder_end_run(recorder, RUN_STOPPED, NULL);
	assert_true(recorder_destroy(recorder, 10) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(events_become_rows_and_files),
		IN_FOLDER(names_are_made_up_and_runs_do_not_mix),
		IN_FOLDER(a_stopped_run_goes_on),
		IN_FOLDER(old_checkpoints_go_unless_asked_for),
		IN_FOLDER(the_best_checkpoint_stays),
		IN_FOLDER(a_full_disk_loses_nothing),
		IN_FOLDER(a_refused_checkpoint_gives_way_to_a_newer_one),
		IN_FOLDER(a_deleted_run_is_told_not_retried),
		IN_FOLDER(what_cannot_be_written_is_counted_at_the_end),
		IN_FOLDER(a_locked_store_is_waited_for),
	};
	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
