/* store: names, tags, notes, archive, trash, views. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/store_fixture.h"

/* A run that is over, with a checkpoint file of each of the steps 1 .. count. */
static int64_t finished_run(struct store *store, const char *name, int checkpoints)
{
	struct run run = new_run(name);
	run.status = RUN_FINISHED;
	assert_true(store_insert_run(store, &run, true, NULL));
	for (int step = 1; step <= checkpoints; step++) {
		struct checkpoint_row row = {.step = step, .time = 1e9, .hash = "abc", .bytes = 4};
		assert_true(store_checkpoint_path(store, &run, step, row.path, NULL));
		FILE *file = fopen(row.path, "w");
		assert_non_null(file);
		fprintf(file, "%s %d", name, step);
		fclose(file);
		assert_true(store_insert_checkpoint(store, run.id, &row, NULL));
	}
	return run.id;
}

static void check_file(struct store *store, int64_t run, int64_t step, const char *folder, const char *content)
{
	struct checkpoint_row row;
	struct error error;
	char text[64] = "";
	if (!store_find_checkpoint(store, run, step, &row, &error))
		fail_msg("%s", error.text);
	assert_non_null(strstr(row.path, folder));
	FILE *file = fopen(row.path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof text, file));
	fclose(file);
	assert_string_equal(text, content);
}

static struct run read_run(struct store *store, int64_t id)
{
	char name[24];
	struct run run = {0};
	snprintf(name, sizeof name, "%lld", (long long)id);
	assert_true(store_find_run(store, name, &run, NULL));
	run_clear(&run);
	return run;
}

static void a_new_name_takes_the_files_along(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	int64_t id = finished_run(store, "old", 2), other = finished_run(store, "other", 1);
	struct error error;
	assert_true(store_rename_run(store, id, "new", NULL));
	assert_string_equal(read_run(store, id).name, "new");
	check_file(store, id, 1, "-runs/new/", "old 1");
	check_file(store, id, -1, "-runs/new/", "old 2");
	check_file(store, other, 1, "-runs/other/", "other 1");
	char path[160];
	snprintf(path, sizeof path, "%s-runs/old", folder->store);
	assert_true(access(path, F_OK) != 0);
	assert_true(store_rename_run(store, id, "new", NULL)); /* as it is called already */
	check_file(store, id, 1, "-runs/new/", "old 1");
	assert_false(store_rename_run(store, id, "other", &error));
	assert_non_null(strstr(error.text, "already"));
	assert_false(store_rename_run(store, id, "../x", &error));
	assert_false(store_rename_run(store, 99, "y", &error));
	assert_int_equal(error.code, ERROR_INPUT);
	check_file(store, id, 2, "-runs/new/", "old 2");
	store_close(store);
}

/* What a crash between linking and committing leaves behind is in nobody's way. */
static void leftovers_of_a_rename_are_replaced(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	int64_t id = finished_run(store, "old", 1);
	char path[160];
	snprintf(path, sizeof path, "%s-runs/new", folder->store);
	assert_int_equal(mkdir(path, 0777), 0);
	snprintf(path, sizeof path, "%s-runs/new/step-000001.safetensors", folder->store);
	FILE *file = fopen(path, "w");
	fputs("leftover", file);
	fclose(file);
	assert_true(store_rename_run(store, id, "new", NULL));
	check_file(store, id, 1, "-runs/new/", "old 1");
	store_close(store);
}

/* The second file cannot be linked: nothing has moved. */
static void a_refused_rename_leaves_everything(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	int64_t id = finished_run(store, "old", 2);
	char path[160];
	struct error error = {0};
	snprintf(path, sizeof path, "%s-runs/new", folder->store);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s-runs/new/step-000002.safetensors", folder->store);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_false(store_rename_run(store, id, "new", &error));
	assert_int_equal(error.code, ERROR_IO);
	assert_string_equal(read_run(store, id).name, "old");
	check_file(store, id, 1, "-runs/old/", "old 1");
	check_file(store, id, 2, "-runs/old/", "old 2");
	snprintf(path, sizeof path, "%s-runs/new/step-000001.safetensors", folder->store);
	assert_true(access(path, F_OK) != 0);
	store_close(store);
}

static void living_runs_keep_name_and_place(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t id = insert_run(store, "live"); /* owned by this process */
	struct error error = {0};
	assert_false(store_rename_run(store, id, "new", &error));
	assert_int_equal(error.code, ERROR_STATE);
	assert_non_null(strstr(error.text, "stop it there first"));
	assert_false(store_trash_run(store, id, true, &error));
	assert_int_equal(error.code, ERROR_STATE);
	assert_false(store_purge_run(store, id, NULL, &error));
	assert_true(store_tag_run(store, id, "paper", true, NULL) && store_note_run(store, id, "a note", NULL));
	struct run run = read_run(store, id);
	assert_string_equal(run.name, "live");
	assert_string_equal(run.tags, "paper");
	assert_string_equal(run.note, "a note");
	store_close(store);
}

static void tags_are_kept_in_order(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t id = finished_run(store, "run", 0);
	struct error error = {0};
	static const char *const tags[] = {"paper", "good", "v2.1", "good", "a_b-c"};
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		assert_true(store_tag_run(store, id, tags[i], true, NULL));
	assert_string_equal(read_run(store, id).tags, "a_b-c good paper v2.1");
	int64_t change = read_run(store, id).change;
	assert_true(store_tag_run(store, id, "paper", true, NULL) && store_tag_run(store, id, "missing", false, NULL));
	assert_true(read_run(store, id).change == change);
	assert_true(store_tag_run(store, id, "good", false, NULL) && store_tag_run(store, id, "v2.1", false, NULL));
	assert_string_equal(read_run(store, id).tags, "a_b-c paper");
	static const char *const wrong[] = {"", "two words", "a,b", "-x", "\xc3\xa4"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(store_tag_run(store, id, wrong[i], true, &error));
	char longest[STORE_TEXT_SIZE];
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_false(store_tag_run(store, id, longest, true, &error));
	assert_non_null(strstr(error.text, "no room"));
	assert_false(store_tag_run(store, 99, "x", true, &error));
	assert_string_equal(read_run(store, id).tags, "a_b-c paper");
	store_close(store);
}

static void notes_are_one_line(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t id = finished_run(store, "run", 0);
	struct error error = {0};
	char longest[RUN_NOTE_SIZE + 1];
	memset(longest, 'x', sizeof longest);
	longest[RUN_NOTE_SIZE] = '\0';
	assert_false(store_note_run(store, id, longest, &error));
	assert_non_null(strstr(error.text, "room"));
	assert_false(store_note_run(store, id, "two\nlines", &error));
	assert_true(store_note_run(store, id, longest + 1, NULL));
	assert_string_equal(read_run(store, id).note, longest + 1);
	assert_true(store_note_run(store, id, "", NULL));
	assert_string_equal(read_run(store, id).note, "");
	store_close(store);
}

static void the_trash_gives_back(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	int64_t id = finished_run(store, "gone", 2), child = finished_run(store, "child", 0);
	insert_points(store, id, 1, 3);
	struct run *runs;
	size_t count;
	struct error error = {0};
	assert_false(store_purge_run(store, id, NULL, &error)); /* not without the trash between */
	assert_int_equal(error.code, ERROR_STATE);
	assert_true(store_trash_run(store, id, true, NULL) && read_run(store, id).trashed > 1e9);
	assert_true(store_list_runs(store, &runs, &count, NULL) && count == 1 && runs[0].id == child);
	store_free_runs(runs, count);
	assert_false(store_claim_run(store, id, &error));
	assert_non_null(strstr(error.text, "restore gone"));
	assert_true(store_trash_run(store, id, false, NULL) && read_run(store, id).trashed == 0);
	check_file(store, id, 2, "-runs/gone/", "gone 2");
	assert_true(store_trash_run(store, id, true, NULL) && store_purge_run(store, id, NULL, NULL));
	assert_false(store_find_run(store, "gone", &runs[0], &error));
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 0);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM checkpoints"), 0);
	char path[160];
	snprintf(path, sizeof path, "%s-runs/gone", folder->store);
	assert_true(access(path, F_OK) != 0);
	assert_false(store_purge_run(store, id, NULL, &error));
	store_close(store);
}

static void views_come_back(void **state)
{
	struct store *store = open_for_writing(state);
	struct run_view view = {"small", "bits.g<=2", "name,fid", "fid"}, found, *views;
	struct error error = {0};
	size_t count;
	assert_false(store_find_view(store, "small", &found, &error));
	assert_non_null(strstr(error.text, "none was saved"));
	assert_true(store_save_view(store, &view, NULL));
	text_copy(view.sort, sizeof view.sort, "-fid");
	assert_true(store_save_view(store, &view, NULL));
	text_copy(view.name, sizeof view.name, "another");
	assert_true(store_save_view(store, &view, NULL));
	assert_true(store_find_view(store, "small", &found, NULL));
	assert_string_equal(found.filter, "bits.g<=2");
	assert_string_equal(found.columns, "name,fid");
	assert_string_equal(found.sort, "-fid");
	assert_true(store_list_views(store, &views, &count, NULL) && count == 2);
	assert_string_equal(views[0].name, "another");
	free(views);
	assert_false(store_delete_view(store, "smal", &error));
	assert_non_null(strstr(error.text, "another, small"));
	assert_true(store_delete_view(store, "small", NULL));
	text_copy(view.name, sizeof view.name, "two words");
	assert_false(store_save_view(store, &view, &error));
	assert_non_null(strstr(error.text, "view name"));
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_new_name_takes_the_files_along),
		IN_FOLDER(leftovers_of_a_rename_are_replaced),
		IN_FOLDER(a_refused_rename_leaves_everything),
		IN_FOLDER(living_runs_keep_name_and_place),
		IN_FOLDER(tags_are_kept_in_order),
		IN_FOLDER(notes_are_one_line),
		IN_FOLDER(the_trash_gives_back),
		IN_FOLDER(views_come_back),
	};
	return cmocka_run_group_tests_name("store_edit", tests, NULL, NULL);
}
