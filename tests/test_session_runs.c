/* The workbench's list of runs: filter, sorting, columns, saved views, marks, comparing; names, tags, notes, archive and
 * trash, and taking them back. */
#include "app/paths.h"
#include "engine/base/replace_file.h"
#include "tests/session_fixture.h"

#include <unistd.h>

#include "app/run_curves.h"

static int64_t add_run(struct store *store, const char *name, int g_bits, enum run_status status, const char *tag)
{
	struct gan_settings settings;
	struct error error = {0};
	settings_set_defaults(&settings);
	settings.bits[NETWORK_G] = g_bits;
	struct run run = {.status = status, .model = "dcgan", .data = "shapes", .quantizer = "em", .size = 32, .channels = 3, .width = 16,
		.batch = 64, .d_bits = 32, .g_bits = g_bits, .seed = 7, .version = "0.1.0", .machine = "a machine", .last_step = 100,
		.loss_d = NAN, .loss_g = NAN, .config_json = settings_to_text(&settings)};
	text_copy(run.name, sizeof run.name, name);
	if (!store_insert_run(store, &run, true, &error) || (tag && !store_tag_run(store, run.id, tag, true, &error)))
		fail_msg("%s", error.text);
	run_clear(&run);
	return run.id;
}

/* Runs 1 to 5: alpha .. echo. */
static struct session *open_list(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	struct store *store = store_open(scene->store, STORE_WRITE, &error);
	assert_non_null(store);
	add_run(store, "alpha", 1, RUN_FINISHED, "paper");
	add_run(store, "bravo", 2, RUN_STOPPED, NULL);
	add_run(store, "charlie", 4, RUN_FINISHED, "paper");
	add_run(store, "delta", 32, RUN_FAILED, NULL);
	add_run(store, "echo", 2, RUN_FINISHED, NULL);
	store_close(store);
	struct session *session = session_create(scene->store, NULL, &error);
	assert_non_null(session);
	return session;
}

static void say(struct session *session, enum action action, int64_t run, const char *text)
{
	struct action_request asked = {.action = action, .run = run};
	text_copy(asked.text, sizeof asked.text, text);
	request(session, asked);
}

/* The first letters of the names shown, a marked one as a capital. */
static void assert_list(struct session *session, const char *expected)
{
	const struct view *view = view_of(session);
	char letters[16] = "";
	for (int i = 0; i < view_run_count(view) && i < 15; i++) {
		struct view_run_row row = view_run_at(view, i);
		letters[i] = (char)(row.marked ? row.name[0] - 'a' + 'A' : row.name[0]);
	}
	assert_string_equal(letters, expected);
}

static void assert_complains(struct session *session, const char *words)
{
	const char *warning = view_of(session)->warning;
	if (!strstr(warning, words))
		fail_msg("\"%s\" is not in \"%s\"", words, warning);
}

static void the_list_is_filtered_while_typing(void **state)
{
	struct session *session = open_list(state);
	assert_list(session, "edcba");
	assert_true(view_of(session)->runs->total == 5 && view_of(session)->runs->store_bytes > 0);
	say(session, ACTION_RUNS_FILTER, 0, "bits.g<=2");
	assert_list(session, "eba");
	say(session, ACTION_RUNS_FILTER, 0, "bits.g<=2 -status:stopped");
	assert_list(session, "ea");
	assert_int_equal(view_of(session)->runs->total, 5);
	/* a mistake leaves what was seen, and says where it is */
	say(session, ACTION_RUNS_FILTER, 0, "bits.g<=two");
	assert_list(session, "ea");
	assert_int_equal(view_of(session)->runs->complaint_at, 8);
	assert_non_null(strstr(view_of(session)->runs->complaint, "number"));
	say(session, ACTION_RUNS_FILTER, 0, "tag:paper");
	assert_list(session, "ca");
	assert_string_equal(view_of(session)->runs->complaint, "");
	say(session, ACTION_RUNS_FILTER, 0, "");
	assert_list(session, "edcba");
	session_destroy(session, 0);
}

static int column_of(const struct view_runs *runs, const char *name)
{
	for (int i = 0; i < runs->column_count; i++)
		if (!strcmp(runs->columns[i].name, name))
			return i;
	fail_msg("no column %s", name);
	return -1;
}

static void the_list_is_sorted_and_looks_are_saved(void **state)
{
	struct session *session = open_list(state);
	const struct view_runs *runs = view_of(session)->runs;
	assert_int_equal(runs->sorted, -1);
	say(session, ACTION_RUNS_SORT, 0, "-bits.g");
	assert_list(session, "dceba");
	assert_true(runs->sorted == column_of(runs, "bits.g") && runs->falling);
	say(session, ACTION_RUNS_COLUMNS, 0, "name,seed,bits.g");
	assert_true(runs->shown_count == 3 && runs->shown[1] == column_of(runs, "seed"));
	char cell[VIEW_CELL];
	runs->cell(runs->context, 0, column_of(runs, "bits.g"), cell);
	assert_string_equal(cell, "32");
	runs->cell(runs->context, 1, column_of(runs, "name"), cell);
	assert_string_equal(cell, "charlie");
	say(session, ACTION_RUNS_COLUMNS, 0, "name,colour");
	assert_complains(session, "colour");
	assert_int_equal(runs->shown_count, 3);
	say(session, ACTION_RUNS_FILTER, 0, "status:finished");
	assert_list(session, "cea");
	say(session, ACTION_RUNS_VIEW_SAVE, 0, "done");
	assert_true(runs->view_count == 1 && !strcmp(runs->views[0], "done"));
	say(session, ACTION_RUNS_VIEW, 0, "");
	assert_list(session, "edcba");
	assert_true(runs->sorted == -1 && runs->shown_count > 3 && !runs->view[0]);
	say(session, ACTION_RUNS_VIEW, 0, "done");
	assert_list(session, "cea");
	assert_string_equal(runs->view, "done");
	assert_int_equal(runs->shown_count, 3);
	say(session, ACTION_RUNS_VIEW, 0, "nothing");
	assert_complains(session, "nothing");
	say(session, ACTION_RUNS_VIEW_DELETE, 0, "done");
	assert_int_equal(runs->view_count, 0);
	session_destroy(session, 0);
}

static void marked_runs_are_compared(void **state)
{
	struct session *session = open_list(state);
	say(session, ACTION_RUN_COMPARE, 3, "");
	assert_null(view_of(session)->compare);
	assert_complains(session, "mark 2 to 8 runs");
	say(session, ACTION_RUN_MARK, 2, "");
	say(session, ACTION_RUN_MARK, 4, "");
	say(session, ACTION_RUN_MARK, 4, "");
	assert_list(session, "edcBa");
	/* one mark and the run under the cursor */
	say(session, ACTION_RUN_COMPARE, 5, "");
	assert_int_equal(view_of(session)->compare->count, 2);
	assert_string_equal(view_of(session)->compare->runs[0].name, "bravo");
	assert_string_equal(view_of(session)->compare->runs[1].name, "echo");
	request(session, (struct action_request){.action = ACTION_RUN_MARK_RANGE, .run = 2, .other = 4});
	assert_list(session, "eDCBa");
	assert_int_equal(view_of(session)->runs->marked, 3);
	/* marks stay where the filter hides them */
	say(session, ACTION_RUNS_FILTER, 0, "tag:paper");
	assert_list(session, "Ca");
	assert_true(view_of(session)->runs->marked == 3 && view_of(session)->runs->hidden == 2);
	say(session, ACTION_RUN_MARK_ALL, 0, "");
	assert_list(session, "CA");
	assert_true(view_of(session)->runs->marked == 4 && view_of(session)->runs->hidden == 2);
	say(session, ACTION_RUN_COMPARE, 1, "");
	const struct view_compare *compare = view_of(session)->compare;
	assert_true(compare->count == 4 && compare->marked == 4);
	assert_string_equal(compare->runs[0].name, "charlie");
	struct ui_host host = session_host(session);
	for (int i = 0; i < 200 && view_of(session)->compare->loading; i++)
		host.update(host.context);
	assert_false(view_of(session)->compare->loading);
	say(session, ACTION_RUN_MARK_NONE, 0, "");
	assert_int_equal(view_of(session)->runs->marked, 0);
	session_destroy(session, 0);
}

static void edits_are_taken_back(void **state)
{
	struct session *session = open_list(state);
	say(session, ACTION_RUN_RENAME, 2, "better");
	assert_list(session, "edcba");
	assert_string_equal(view_run_at(view_of(session), 3).name, "better");
	say(session, ACTION_RUN_RENAME, 3, "better");
	assert_complains(session, "better");
	say(session, ACTION_RUN_TAGS, 1, "paper  best");
	assert_string_equal(view_run_at(view_of(session), 4).tags, "best paper");
	say(session, ACTION_RUN_TAGS, 1, "best !");
	assert_complains(session, "!");
	assert_string_equal(view_run_at(view_of(session), 4).tags, "best paper"); /* all or nothing */
	say(session, ACTION_RUN_NOTE, 1, "look at this");
	assert_string_equal(view_run_at(view_of(session), 4).note, "look at this");
	say(session, ACTION_RUN_UNDO, 0, "");
	assert_string_equal(view_run_at(view_of(session), 4).note, "");
	say(session, ACTION_RUN_UNDO, 0, "");
	assert_string_equal(view_run_at(view_of(session), 4).tags, "paper");
	say(session, ACTION_RUN_UNDO, 0, "");
	assert_string_equal(view_run_at(view_of(session), 3).name, "bravo");
	say(session, ACTION_RUN_UNDO, 0, "");
	assert_list(session, "edcba");
	session_destroy(session, 0);
}

static void marked_runs_go_to_the_trash_together(void **state)
{
	struct session *session = open_list(state);
	say(session, ACTION_RUN_MARK, 5, "");
	say(session, ACTION_RUN_MARK, 1, "");
	say(session, ACTION_RUN_DELETE, 3, ""); /* the marked ones, not the one under the cursor */
	assert_list(session, "dcb");
	assert_true(view_of(session)->runs->marked == 0 && view_of(session)->runs->undo[0]);
	say(session, ACTION_RUN_DELETE, 3, "");
	assert_list(session, "db");
	say(session, ACTION_RUNS_TRASH, 0, "");
	assert_true(view_of(session)->runs->trash);
	assert_list(session, "eca");
	say(session, ACTION_RUN_DELETE, 3, ""); /* back from it */
	assert_list(session, "ea");
	say(session, ACTION_RUNS_TRASH, 0, "");
	assert_list(session, "dcb");
	say(session, ACTION_RUN_UNDO, 0, ""); /* charlie's way back, then its way there */
	assert_list(session, "db");
	say(session, ACTION_RUN_UNDO, 0, "");
	say(session, ACTION_RUN_UNDO, 0, ""); /* two at once, as they went */
	assert_list(session, "edcba");
	assert_string_equal(view_of(session)->runs->undo, "");
	say(session, ACTION_RUN_ARCHIVE, 4, "");
	assert_list(session, "ecba");
	say(session, ACTION_RUNS_FILTER, 0, "archived:yes");
	assert_list(session, "d");
	say(session, ACTION_RUN_ARCHIVE, 4, "");
	say(session, ACTION_RUNS_FILTER, 0, "");
	assert_list(session, "edcba");
	session_destroy(session, 0);
}

static bool so_many_are_listed(struct session *session, int64_t runs)
{
	return view_of(session)->runs->count == runs;
}

static void the_trash_is_emptied(void **state)
{
	struct scene *scene = *state;
	struct session *session = open_list(state);
	say(session, ACTION_RUN_PURGE, 3, "");
	assert_complains(session, "only runs of the trash");
	say(session, ACTION_RUN_MARK_ALL, 0, "");
	say(session, ACTION_RUN_DELETE, 0, "");
	say(session, ACTION_RUNS_TRASH, 0, "");
	assert_list(session, "edcba");
	say(session, ACTION_RUN_MARK, 5, "");
	say(session, ACTION_RUN_MARK, 2, "");
	say(session, ACTION_RUN_PURGE, 3, ""); /* the marked ones */
	wait_until(session, so_many_are_listed, 3);
	assert_list(session, "dca");
	say(session, ACTION_RUN_OPEN, 4, "");
	say(session, ACTION_RUN_PURGE, 4, ""); /* this one, which is open */
	wait_until(session, so_many_are_listed, 2);
	assert_list(session, "ca");
	assert_int_equal(view_of(session)->run.state, VIEW_NOTHING);
	say(session, ACTION_RUNS_FILTER, 0, "name:alpha");
	/* all listed: what the filter hides stays */
	request(session, (struct action_request){.action = ACTION_RUN_PURGE, .run = 1, .value = 1});
	wait_until(session, so_many_are_listed, 0);
	say(session, ACTION_RUNS_FILTER, 0, "");
	assert_list(session, "c");
	say(session, ACTION_RUN_UNDO, 0, ""); /* what is left of it */
	say(session, ACTION_RUNS_TRASH, 0, "");
	assert_list(session, "c");
	session_destroy(session, 0);
	struct store *store = store_open(scene->store, STORE_READ, NULL);
	struct run run;
	assert_false(store_find_run(store, "delta", &run, NULL));
	store_close(store);
}

static bool is_written_down(struct session *session, int64_t nothing)
{
	(void)nothing;
	return view_run_count(view_of(session)) == 1 && !strcmp(view_run_at(view_of(session), 0).status, "finished");
}

/* Nothing is left that would be written about it. */
static void a_run_trained_here_is_deleted_for_ever(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "gone");
	start.settings.steps = 3;
	struct session *session = open_session(scene, &start);
	wait_until(session, is_written_down, 0);
	int64_t run = view_of(session)->run.id;
	say(session, ACTION_RUN_DELETE, run, "");
	say(session, ACTION_RUNS_TRASH, 0, "");
	assert_int_equal(view_of(session)->runs->count, 1);
	say(session, ACTION_RUN_PURGE, run, "");
	wait_until(session, so_many_are_listed, 0);
	assert_int_equal(view_of(session)->run.state, VIEW_NOTHING);
	assert_null(session_last_run(session));
	assert_string_equal(view_of(session)->warning, "");
	assert_int_equal(session_destroy(session, 5), 0);
}

static void the_list_looks_as_it_was_left(void **state)
{
	struct scene *scene = *state;
	struct session *session = open_list(state);
	say(session, ACTION_RUNS_SORT, 0, "name");
	say(session, ACTION_RUNS_COLUMNS, 0, "name,seed");
	say(session, ACTION_RUNS_FILTER, 0, "tag:paper");
	session_destroy(session, 0);
	session = session_create(scene->store, NULL, NULL);
	assert_list(session, "abcde"); /* without the filter */
	assert_true(view_of(session)->runs->shown_count == 2 && !view_of(session)->runs->filter[0]);
	say(session, ACTION_RUNS_VIEW, 0, "");
	session_destroy(session, 0);
	session = session_create(scene->store, NULL, NULL);
	assert_true(view_of(session)->runs->shown_count > 3 && view_of(session)->runs->sorted == -1);
	say(session, ACTION_RUNS_SORT, 0, "name");
	session_destroy(session, 0);
	/* as another version may have left it */
	char path[PATH_SIZE];
	assert_true(path_list(path, NULL) && replace_file(path, &(struct file_part){"name,colour\n", 12}, 1, NULL));
	session = session_create(scene->store, NULL, NULL);
	assert_list(session, "edcba");
	session_destroy(session, 0);
}

static void add_points(struct store *store, int64_t run, int64_t first, int64_t last, double loss)
{
	for (int64_t step = first; step <= last; step++) {
		struct metric_point point = {.step = step, .time = (double)step, .epochs = (double)step / 50, .loss_d = loss, .loss_g = loss,
			.d_real = 0.5, .d_fake = 0.5, .images_per_second = 100};
		assert_true(store_insert_metrics(store, run, &point, 1, NULL));
	}
}

static void add_change(struct store *store, int64_t run, int64_t step, const char *g_bits)
{
	struct journal_entry entry = {.step = step, .time = (double)step, .kind = "set-bits", .field = "g-bits"};
	text_copy(entry.value, sizeof entry.value, g_bits);
	assert_true(store_insert_journal(store, run, &entry, NULL));
}

static int64_t add_fork(struct store *store, const char *name, int64_t parent, int64_t step)
{
	struct run run = {.status = RUN_FINISHED, .model = "dcgan", .data = "shapes", .quantizer = "em", .size = 32, .channels = 3, .width = 16,
		.batch = 64, .d_bits = 2, .g_bits = 2, .version = "0.1.0", .machine = "a machine", .loss_d = NAN, .loss_g = NAN,
		.parent_id = parent, .parent_step = step};
	text_copy(run.name, sizeof run.name, name);
	assert_true(store_insert_run(store, &run, true, NULL));
	return run.id;
}

static bool log_says_saved(struct session *session, int64_t unused) { (void)unused; return has_line(view_of(session), "saved compare-"); }

/* The charts of compared runs over one another, and the points of all of them. */
static void a_comparison_is_exported(void **state)
{
	struct scene *scene = *state;
	struct session *session = open_list(state);
	char home[STORE_PATH_SIZE], lines[4096];
	struct store *store = store_open(scene->store, STORE_WRITE, NULL);
	add_points(store, 2, 1, 3, 1);
	add_points(store, 5, 1, 3, 2);
	store_close(store);
	assert_true(getcwd(home, sizeof home) && chdir(scene->folder.path) == 0);
	say(session, ACTION_COMPARE_EXPORT, 0, "");
	assert_complains(session, "nothing is compared");
	say(session, ACTION_RUN_MARK, 2, "");
	say(session, ACTION_RUN_COMPARE, 5, "");
	say(session, ACTION_COMPARE_EXPORT, 0, "");
	wait_until(session, log_says_saved, 0);
	assert_true(has_line(view_of(session), "saved compare-bravo-and-1-more: -loss.png -outputs.png"));
	FILE *file = fopen("compare-bravo-and-1-more.csv", "r");
	assert_non_null(file);
	lines[fread(lines, 1, sizeof lines - 1, file)] = '\0';
	fclose(file);
	assert_true(strstr(lines, ",bravo,") && strstr(lines, ",echo,"));
	assert_int_equal(access("compare-bravo-and-1-more-loss.png", R_OK), 0);
	assert_int_equal(chdir(home), 0);
	session_destroy(session, 0);
}

/* What the run page says; empty: nothing. */
static const char *fact(const struct view *view, const char *name)
{
	for (int i = 0; i < view->page.fact_count; i++)
		if (!strcmp(view->page.facts[i].name, name))
			return view->page.facts[i].value;
	return "";
}

/* Files tell a fork's past as the screen does: the same steps of the same runs. */
static void assert_past_of_files(struct store *store, int64_t fork)
{
	struct run run = {0};
	struct run_curves before;
	char id[24];
	snprintf(id, sizeof id, "%lld", (long long)fork);
	assert_true(store_find_run(store, id, &run, NULL) && run_curves_read_before(store, &run, &before, NULL));
	int column = run_curves_find(&before, "loss/d");
	assert_int_equal(before.count, 80);
	for (size_t i = 0; i < before.count; i++) {
		assert_int_equal(before.steps[i], i + 1);
		assert_true(run_curves_value(&before, i, column) == (before.steps[i] <= 60 ? 1 : 2));
	}
	run_curves_clear(&before);
	run_clear(&run);
}

/* A fork of a fork: what either of its ancestors did after handing on its checkpoint is no part of the curve. */
static void a_fork_shows_where_it_comes_from(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	struct store *store = store_open(scene->store, STORE_WRITE, &error);
	int64_t first = add_run(store, "first", 32, RUN_FINISHED, NULL);
	add_points(store, first, 1, 100, 1);
	int64_t second = add_fork(store, "second", first, 60), third = add_fork(store, "third", second, 80);
	add_fork(store, "another", first, 10);
	add_points(store, second, 61, 90, 2);
	add_points(store, third, 81, 120, 3);
	add_change(store, first, 40, "1");
	add_change(store, first, 70, "3"); /* after the fork: no part of it */
	add_change(store, second, 75, "4");
	add_change(store, third, 100, "5");
	assert_past_of_files(store, third);
	store_close(store);
	struct session *session = session_create(scene->store, NULL, &error);
	assert_non_null(session);
	say(session, ACTION_RUN_OPEN, third, "");
	const struct view *view = view_of(session);
	double low, high;
	assert_true(view->before.known && view->before.fork_step == 80);
	assert_true(series_range(&view->before.loss[VIEW_D], 1, 60, &low, &high) && low == 1 && high == 1);
	assert_true(series_range(&view->before.loss[VIEW_D], 61, 80, &low, &high) && low == 2 && high == 2);
	assert_false(series_range(&view->before.loss[VIEW_D], 81, 200, &low, &high));
	assert_true(series_range(&view->before.images, 80, 80, &low, &high) && low == 80 * 64);
	assert_true(series_range(&view->before.epochs, 50, 50, &low, &high) && low == 1);
	assert_true(series_range(&view->before.seconds, 80, 80, &low, &high) && fabs(low - 80 * 0.64) < 0.01);
	assert_true(series_range(&view->loss[VIEW_D], 1, 200, &low, &high) && low == 3 && high == 3);
	static const struct view_mark marks[] = {{40, "G>1"}, {60, "fork"}, {75, "G>4"}, {80, "fork"}, {100, "G>5"}};
	assert_int_equal(view->mark_count, 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(view->marks[i].step, marks[i].step);
		assert_string_equal(view->marks[i].label, marks[i].label);
	}
	assert_string_equal(fact(view, "parent"), "second at step 80, of first at step 60");
	assert_string_equal(fact(view, "forks"), "");
	say(session, ACTION_RUN_OPEN, first, "");
	assert_string_equal(fact(view_of(session), "parent"), "");
	assert_string_equal(fact(view_of(session), "forks"), "another, second");
	assert_false(view_of(session)->before.known);
	assert_int_equal(view_of(session)->mark_count, 2);
	session_destroy(session, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_list_is_filtered_while_typing),
		SCENE(the_list_is_sorted_and_looks_are_saved),
		SCENE(marked_runs_are_compared),
		SCENE(a_comparison_is_exported),
		SCENE(edits_are_taken_back),
		SCENE(marked_runs_go_to_the_trash_together),
		SCENE(the_trash_is_emptied),
		SCENE(a_run_trained_here_is_deleted_for_ever),
		SCENE(the_list_looks_as_it_was_left),
		SCENE(a_fork_shows_where_it_comes_from),
	};
	return cmocka_run_group_tests_name("session_runs", tests, NULL, NULL);
}
