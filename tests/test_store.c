/* store: what goes in comes out, and every refusal is a clear sentence. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "store/process.h"
#include "store/store.h"
#include "tests/store_fixture.h"

/* ---- runs ---- */

static void a_run_comes_back_as_it_went_in(void **state)
{
	struct store *store = open_for_writing(state);
	struct run run = new_run("first"), found;
	run.config_json = (char *)"{\"width\": 64}";
	assert_true(store_insert_run(store, &run, true, NULL));
	assert_true(run.id == 1 && run.created > 0 && run.pid == getpid());
	assert_true(store_find_run(store, "first", &found, NULL));
	assert_int_equal(found.id, run.id);
	assert_int_equal(found.status, RUN_LIVE);
	assert_string_equal(found.model, "dcgan");
	assert_string_equal(found.data, "shapes");
	assert_string_equal(found.quantizer, "em");
	assert_string_equal(found.machine, "a machine");
	assert_string_equal(found.version, "0.1.0");
	assert_string_equal(found.config_json, "{\"width\": 64}");
	assert_true(found.size == 32 && found.channels == 3 && found.width == 64 && found.batch == 128);
	assert_true(found.d_bits == 32 && found.g_bits == 2 && found.seed == UINT64_MAX - 1 && found.last_step == 1000);
	assert_true(isnan(found.loss_d) && isnan(found.loss_g) && found.parent_id == 0 && found.ended == 0);
	assert_true(found.created == run.created && found.pid == getpid() && found.process_start == run.process_start);
	run_clear(&found);
	store_close(store);
}

static void progress_shows_in_the_row(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t id = insert_run(store, "first");
	struct run_progress progress = {
		.status = RUN_FAILED, .step = 77, .epochs = 1.5, .loss_d = 0.25, .loss_g = NAN, .train_seconds = 12, .d_bits = 2,
		.g_bits = 1, .quantizer = "minmax", .message = "loss_g is not finite",
	};
	assert_true(store_update_run(store, id, &progress, NULL));
	struct run run;
	assert_true(store_find_run(store, "1", &run, NULL));
	assert_true(run.status == RUN_FAILED && run.step == 77 && run.epochs == 1.5 && run.loss_d == 0.25 && isnan(run.loss_g));
	assert_true(run.train_seconds == 12 && run.d_bits == 2 && run.g_bits == 1 && run.ended > 0);
	assert_string_equal(run.quantizer, "minmax");
	assert_string_equal(run.message, "loss_g is not finite");
	run_clear(&run);
	assert_true(store_update_run_facts(store, id, 1, 555, NULL, NULL));
	assert_true(store_find_run(store, "first", &run, NULL));
	assert_true(run.channels == 1 && run.last_step == 555);
	assert_string_equal(run.config_json, "{}");
	run_clear(&run);
	struct error error;
	assert_false(store_update_run(store, 99, &progress, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	store_close(store);
}

static void names_are_made_unique(void **state)
{
	struct store *store = open_for_writing(state);
	struct run run = new_run("same");
	assert_true(store_insert_run(store, &run, false, NULL));
	assert_string_equal(run.name, "same");
	assert_true(store_insert_run(store, &run, false, NULL));
	assert_string_equal(run.name, "same-2");
	run = new_run("same");
	assert_true(store_insert_run(store, &run, false, NULL));
	assert_string_equal(run.name, "same-3");
	char longest[RUN_NAME_SIZE];
	memset(longest, 'a', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	run = new_run(longest);
	assert_true(store_insert_run(store, &run, false, NULL));
	run = new_run(longest);
	assert_true(store_insert_run(store, &run, false, NULL));
	assert_int_equal(strlen(run.name), RUN_NAME_SIZE - 1);
	assert_string_equal(run.name + RUN_NAME_SIZE - 3, "-2");
	struct error error;
	run = new_run("same");
	assert_false(store_insert_run(store, &run, true, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "\"same\""));
	static const char *const wrong[] = {"", "12", "a/b", "../up", ".hidden", "-x", "two words", "\xc3\xa4"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		run = new_run(wrong[i]);
		assert_false(store_insert_run(store, &run, false, &error));
		assert_int_equal(error.code, ERROR_INPUT);
	}
	store_close(store);
}

static void unknown_runs_name_the_nearest(void **state)
{
	struct store *store = open_for_writing(state);
	struct error error;
	struct run run;
	assert_false(store_find_run(store, "x", &run, &error));
	assert_non_null(strstr(error.text, "no runs yet"));
	insert_run(store, "cifar-dcgan");
	insert_run(store, "fmnist-dcgan");
	assert_false(store_find_run(store, "fminst-dcgan", &run, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "\"fmnist-dcgan\""));
	assert_false(store_find_run(store, "17", &run, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "the newest is \"fmnist-dcgan\""));
	char endless[1000];
	memset(endless, 'f', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	assert_false(store_find_run(store, endless, &run, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	store_close(store);
}

static void lists_begin_with_the_newest(void **state)
{
	struct store *store = open_for_writing(state);
	struct run *runs;
	size_t count;
	assert_true(store_list_runs(store, &runs, &count, NULL));
	assert_true(count == 0);
	store_free_runs(runs, count);
	for (int i = 0; i < 100; i++) {
		char name[16];
		snprintf(name, sizeof name, "run%d", i);
		insert_run(store, name);
	}
	assert_true(store_list_runs(store, &runs, &count, NULL));
	assert_true(count == 100);
	assert_string_equal(runs[0].name, "run99");
	assert_string_equal(runs[99].name, "run0");
	assert_null(runs[0].config_json);
	store_free_runs(runs, count);
	store_close(store);
}

static void statuses_have_names(void **state)
{
	(void)state;
	for (int i = RUN_LIVE; i <= RUN_FAILED; i++) {
		enum run_status status;
		assert_true(run_status_parse(run_status_name((enum run_status)i), &status));
		assert_int_equal(status, i);
	}
	enum run_status status;
	assert_false(run_status_parse("lively", &status));
}

/* ---- who owns a run ---- */

/* The id of a process that is surely gone: a child already collected. */
static pid_t find_dead_process(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	assert_true(child > 0 && waitpid(child, NULL, 0) == child);
	return child;
}

static enum run_status find_status(struct store *store, const char *name)
{
	struct run run;
	assert_true(store_find_run(store, name, &run, NULL));
	run_clear(&run);
	return run.status;
}

static void insert_owned(struct store *store, const char *name, const struct run *owner, double heartbeat)
{
	struct run run = new_run(name);
	run.status = RUN_PAUSED;
	run.pid = owner->pid;
	run.process_start = owner->process_start;
	run.heartbeat = heartbeat;
	text_copy(run.host, sizeof run.host, owner->host);
	text_copy(run.boot_id, sizeof run.boot_id, owner->boot_id);
	assert_true(store_insert_run(store, &run, true, NULL));
}

static void a_dead_process_makes_a_crashed_run(void **state)
{
	struct store *store = open_for_writing(state);
	struct run owner = {0};
	process_identify(&owner);
	double now = clock_unix();
	insert_owned(store, "alive", &owner, now - 1000);
	owner.process_start++;
	insert_owned(store, "number-used-again", &owner, now);
	owner.pid = find_dead_process();
	insert_owned(store, "dead", &owner, now);
	text_copy(owner.boot_id, sizeof owner.boot_id, "another boot");
	insert_owned(store, "elsewhere-beating", &owner, now);
	insert_owned(store, "elsewhere-silent", &owner, now - PROCESS_SILENT_SECONDS - 1);
	assert_int_equal(find_status(store, "alive"), RUN_PAUSED);
	assert_int_equal(find_status(store, "number-used-again"), RUN_CRASHED);
	assert_int_equal(find_status(store, "dead"), RUN_CRASHED);
	assert_int_equal(find_status(store, "elsewhere-beating"), RUN_PAUSED);
	assert_int_equal(find_status(store, "elsewhere-silent"), RUN_CRASHED);
	struct run *runs;
	size_t count;
	assert_true(store_list_runs(store, &runs, &count, NULL));
	assert_int_equal(runs[count - 1].status, RUN_PAUSED);
	assert_int_equal(runs[count - 3].status, RUN_CRASHED);
	store_free_runs(runs, count);
	store_close(store);
}

/* Where nobody collects dead children, as in many containers, their numbers stay in use. */
static void a_zombie_is_dead(void **state)
{
	struct store *store = open_for_writing(state);
	struct run owner = {0};
	process_identify(&owner);
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	assert_true(child > 0);
	siginfo_t facts;
	assert_int_equal(waitid(P_PID, (id_t)child, &facts, WEXITED | WNOWAIT), 0);
	owner.pid = child;
	owner.process_start = 0;
	insert_owned(store, "zombie", &owner, clock_unix());
	assert_int_equal(find_status(store, "zombie"), RUN_CRASHED);
	assert_true(store_claim_run(store, 1, NULL));
	assert_int_equal(waitpid(child, NULL, 0), child);
	store_close(store);
}

static void only_a_dead_owner_gives_up_its_run(void **state)
{
	struct store *store = open_for_writing(state);
	struct run owner = {0};
	process_identify(&owner);
	owner.pid = getppid();
	owner.process_start = 0;
	insert_owned(store, "owned", &owner, clock_unix());
	struct error error;
	assert_false(store_claim_run(store, 1, &error));
	assert_int_equal(error.code, ERROR_STATE);
	assert_non_null(strstr(error.text, "\"owned\""));
	owner.pid = find_dead_process();
	insert_owned(store, "orphan", &owner, clock_unix());
	assert_true(store_claim_run(store, 2, &error));
	struct run run;
	assert_true(store_find_run(store, "orphan", &run, NULL));
	assert_true(run.status == RUN_LIVE && run.pid == getpid() && run.ended == 0);
	run_clear(&run);
	assert_false(store_claim_run(store, 2, &error));
	assert_int_equal(error.code, ERROR_STATE);
	assert_false(store_claim_run(store, 3, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	store_close(store);
}

/* ---- what hangs on a run ---- */

struct collected_points {
	struct metric_point points[64];
	size_t count;
};

static void collect_point(void *context, const struct metric_point *point)
{
	struct collected_points *collected = context;
	assert_true(collected->count < 64);
	collected->points[collected->count++] = *point;
}

static void metrics_come_in_order_and_exactly(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a"), other = insert_run(store, "b");
	struct metric_point points[] = {new_point(30), new_point(10), new_point(20)};
	assert_true(store_insert_metrics(store, run, points, 3, NULL));
	insert_points(store, other, 1, 5);
	struct collected_points collected = {0};
	assert_true(store_visit_metrics(store, run, 10, collect_point, &collected, NULL));
	assert_true(collected.count == 2);
	assert_true(collected.points[0].step == 20 && collected.points[1].step == 30);
	const struct metric_point *point = &collected.points[0];
	assert_true(point->time == 1e9 + 20 && point->epochs == 0.2 && point->loss_d == 20.0 / 3 && point->loss_g == -20.0 / 7);
	assert_true(point->d_real == 0.5 && isnan(point->d_fake) && point->gradient_d == 20 && point->gradient_g == 1e-300);
	assert_true(point->images_per_second == 250);
	assert_true(point->wasserstein == 20.0 / 9 && isnan(point->penalty));
	struct error error;
	assert_false(store_insert_metrics(store, 99, points, 1, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	store_close(store);
}

struct collected_entries {
	struct journal_entry entries[16];
	size_t count;
};

static void collect_entry(void *context, const struct journal_entry *entry)
{
	struct collected_entries *collected = context;
	assert_true(collected->count < 16);
	collected->entries[collected->count++] = *entry;
}

static void journal_keeps_its_order(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	struct journal_entry entry = {.step = 5, .time = 1.5, .kind = "set-bits", .field = "d-bits", .value = "2",
	                              .text = "D bits 32 > 2; it's \"quoted\" \xe2\x96\xb8"};
	assert_true(store_insert_journal(store, run, &entry, NULL));
	entry.step = 5;
	text_copy(entry.value, sizeof entry.value, "1");
	assert_true(store_insert_journal(store, run, &entry, NULL));
	struct collected_entries collected = {0};
	assert_true(store_visit_journal(store, run, collect_entry, &collected, NULL));
	assert_true(collected.count == 2);
	assert_string_equal(collected.entries[0].value, "2");
	assert_string_equal(collected.entries[1].value, "1");
	assert_string_equal(collected.entries[0].kind, "set-bits");
	assert_string_equal(collected.entries[0].field, "d-bits");
	assert_string_equal(collected.entries[0].text, entry.text);
	assert_true(collected.entries[0].step == 5 && collected.entries[0].time == 1.5);
	store_close(store);
}

static void insert_sample(struct store *store, int64_t run, int64_t step, uint64_t seed, const char *png)
{
	const struct sample sample = {.step = step, .time = 2.5, .tiles = 16, .columns = 4, .seed = seed, .d_bits = 2, .g_bits = 1,
	                              .png_size = strlen(png), .png = (uint8_t *)png};
	assert_true(store_insert_sample(store, run, &sample, NULL));
}

static void samples_are_found_by_step(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	struct sample sample;
	bool found;
	assert_true(store_find_sample(store, run, -1, &sample, &found, NULL));
	assert_false(found);
	insert_sample(store, run, 100, 0, "one");
	insert_sample(store, run, 200, 0, "first of two");
	insert_sample(store, run, 200, 0, "two");
	insert_sample(store, run, 300, 77, "other noise");
	assert_true(store_find_sample(store, run, -1, &sample, &found, NULL));
	assert_true(found && sample.step == 200 && sample.png_size == 3 && memcmp(sample.png, "two", 3) == 0);
	assert_true(sample.tiles == 16 && sample.columns == 4 && sample.seed == 0 && sample.d_bits == 2 && sample.g_bits == 1);
	sample_clear(&sample);
	assert_true(store_find_sample(store, run, 199, &sample, &found, NULL));
	assert_true(found && sample.step == 100);
	sample_clear(&sample);
	assert_true(store_find_sample(store, run, 99, &sample, &found, NULL));
	assert_false(found);
	int64_t *steps;
	size_t count;
	assert_true(store_list_sample_steps(store, run, &steps, &count, NULL));
	assert_true(count == 2 && steps[0] == 100 && steps[1] == 200);
	free(steps);
	store_close(store);
}

/* ---- checkpoints ---- */

static void write_checkpoint(struct store *store, int64_t run, int64_t step, bool kept)
{
	struct run owner;
	char id[16];
	snprintf(id, sizeof id, "%d", (int)run);
	assert_true(store_find_run(store, id, &owner, NULL));
	struct checkpoint_row row = {.step = step, .time = (double)step, .hash = "ab12", .bytes = 5, .kept = kept};
	assert_true(store_checkpoint_path(store, &owner, step, row.path, NULL));
	run_clear(&owner);
	FILE *file = fopen(row.path, "w");
	assert_non_null(file);
	fputs("state", file);
	fclose(file);
	assert_true(store_insert_checkpoint(store, run, &row, NULL));
}

static void pruning_leaves_the_newest_and_the_kept(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	for (int64_t step = 10; step <= 70; step += 10)
		write_checkpoint(store, run, step, step == 20);
	assert_true(store_keep_checkpoint(store, run, 30, NULL));
	struct checkpoint_row *rows;
	size_t count;
	assert_true(store_list_checkpoints(store, run, &rows, &count, NULL));
	assert_true(count == 7);
	char expected[256];
	snprintf(expected, sizeof expected, "%s.db-runs/a/step-000010.safetensors", "qgan");
	assert_non_null(strstr(rows[0].path, expected));
	assert_true(strncmp(rows[0].path, folder->root.path, strlen(folder->root.path)) == 0);
	assert_true(store_prune_checkpoints(store, run, 3, NULL));
	static const int64_t left[] = {20, 30, 50, 60, 70};
	for (size_t i = 0; i < count; i++) {
		bool is_left = false;
		for (size_t j = 0; j < 5; j++)
			is_left = is_left || left[j] == rows[i].step;
		assert_int_equal(access(rows[i].path, F_OK) == 0, is_left);
	}
	free(rows);
	assert_true(store_list_checkpoints(store, run, &rows, &count, NULL));
	assert_true(count == 5);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rows[i].step, left[i]);
	free(rows);
	write_checkpoint(store, run, 20, false); /* written again: still kept */
	assert_int_equal(count_rows(store, "SELECT kept FROM checkpoints WHERE step = 20"), 1);
	store_close(store);
}

static void checkpoints_are_found_where_the_store_is(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	struct checkpoint_row row;
	struct error error;
	assert_false(store_find_checkpoint(store, run, -1, &row, &error));
	assert_non_null(strstr(error.text, "no checkpoint"));
	assert_false(store_find_checkpoint(store, run, 5, &row, &error));
	write_checkpoint(store, run, 10, false);
	write_checkpoint(store, run, 20, false);
	assert_false(store_find_checkpoint(store, run, 15, &row, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "10, 20"));
	store_close(store);
	/* Moved together, found again: rows keep relative paths. */
	char moved[80], from[128], to[128];
	snprintf(moved, sizeof moved, "%s/moved", folder->root.path);
	assert_int_equal(mkdir(moved, 0700), 0);
	snprintf(from, sizeof from, "%s-runs", folder->store);
	snprintf(to, sizeof to, "%s/qgan.db-runs", moved);
	assert_int_equal(rename(from, to), 0);
	snprintf(to, sizeof to, "%s/qgan.db", moved);
	assert_int_equal(rename(folder->store, to), 0);
	store = store_open(to, STORE_WRITE, NULL);
	assert_non_null(store);
	assert_true(store_find_checkpoint(store, run, -1, &row, NULL));
	assert_true(row.step == 20 && row.bytes == 5 && access(row.path, R_OK) == 0);
	assert_string_equal(row.hash, "ab12");
	/* A file that somebody deleted is not offered as the newest. */
	assert_int_equal(unlink(row.path), 0);
	assert_true(store_find_checkpoint(store, run, -1, &row, NULL));
	assert_int_equal(row.step, 10);
	store_close(store);
}

static void rewinding_forgets_what_came_later(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a"), other = insert_run(store, "b");
	const struct run_progress progress = {.status = RUN_STOPPED, .step = 30, .quantizer = "em", .train_seconds = 9};
	assert_true(store_update_run(store, run, &progress, NULL));
	insert_points(store, run, 1, 30);
	insert_points(store, other, 1, 30);
	for (int64_t step = 10; step <= 30; step += 10) {
		const struct journal_entry entry = {.step = step, .kind = "set-bits"};
		const struct layer_stats stats = new_stats(step, 'D', 0, 2);
		assert_true(store_insert_journal(store, run, &entry, NULL));
		assert_true(store_insert_layer_stats(store, run, &stats, 1, NULL));
		insert_sample(store, run, step, 0, "png");
		write_checkpoint(store, run, step, true);
	}
	struct checkpoint_row last;
	assert_true(store_find_checkpoint(store, run, 30, &last, NULL));
	assert_true(store_rewind_run(store, run, 20, NULL));
	assert_int_equal(access(last.path, F_OK), -1);
	assert_int_equal(count_rows(store, "SELECT max(step) FROM metric_points WHERE run_id = 1"), 20);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points WHERE run_id = 2"), 30);
	assert_int_equal(count_rows(store, "SELECT max(step) FROM journal"), 20);
	assert_int_equal(count_rows(store, "SELECT max(step) FROM layer_stats"), 20);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_states"), 8);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_bins"), 4);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_trace"), 6);
	assert_int_equal(count_rows(store, "SELECT max(step) FROM samples"), 20);
	assert_int_equal(count_rows(store, "SELECT max(step) FROM checkpoints"), 20);
	struct run found;
	assert_true(store_find_run(store, "a", &found, NULL));
	assert_true(found.step == 20 && found.epochs == 0.2 && found.loss_d == 20.0 / 3 && found.train_seconds == 9);
	run_clear(&found);
	assert_true(store_rewind_run(store, run, 0, NULL));
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points WHERE run_id = 1"), 0);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM checkpoints"), 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_run_comes_back_as_it_went_in),
		IN_FOLDER(progress_shows_in_the_row),
		IN_FOLDER(names_are_made_unique),
		IN_FOLDER(unknown_runs_name_the_nearest),
		IN_FOLDER(lists_begin_with_the_newest),
		cmocka_unit_test(statuses_have_names),
		IN_FOLDER(a_dead_process_makes_a_crashed_run),
		IN_FOLDER(a_zombie_is_dead),
		IN_FOLDER(only_a_dead_owner_gives_up_its_run),
		IN_FOLDER(metrics_come_in_order_and_exactly),
		IN_FOLDER(journal_keeps_its_order),
		IN_FOLDER(samples_are_found_by_step),
		IN_FOLDER(pruning_leaves_the_newest_and_the_kept),
		IN_FOLDER(checkpoints_are_found_where_the_store_is),
		IN_FOLDER(rewinding_forgets_what_came_later),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
