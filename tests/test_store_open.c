/* store: opening, refusing, transactions, migrations. */
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/store_fixture.h"

enum { NO_MOUNT = 77 };

static void transactions_undo_everything(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	assert_true(store_begin(store, NULL));
	insert_points(store, run, 1, 10);
	store_rollback(store);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 0);
	struct metric_point points[] = {new_point(1), new_point(2)};
	assert_true(store_begin(store, NULL));
	assert_true(store_insert_metrics(store, run, points, 2, NULL));
	assert_false(store_insert_metrics(store, 99, points, 2, NULL)); /* undone alone: the rest of the transaction stays */
	assert_true(store_commit(store, NULL));
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_points"), 2);
	store_close(store);
}

static void readers_see_changes_and_change_nothing(void **state)
{
	const struct store_folder *folder = *state;
	struct error error;
	assert_null(store_open(folder->store, STORE_READ, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, folder->store));
	struct store *writer = open_for_writing(state);
	struct store *reader = store_open(folder->store, STORE_READ, &error);
	assert_non_null(reader);
	int64_t before = store_changes(reader);
	assert_int_equal(store_changes(reader), before);
	int64_t run = insert_run(writer, "a");
	assert_int_not_equal(store_changes(reader), before);
	struct metric_point point = new_point(1);
	struct run found;
	assert_true(store_find_run(reader, "a", &found, NULL));
	run_clear(&found);
	assert_false(statement_query_integer(reader, "DELETE FROM runs WHERE id = ?", run, 0, &before, &error));
	assert_true(store_insert_metrics(writer, run, &point, 1, NULL));
	char health[256];
	assert_true(store_health(reader, health, sizeof health, &error));
	assert_string_equal(health, "ok");
	store_close(reader);
	store_close(writer);
}

static void write_file(const char *path, const char *bytes, size_t size)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fwrite(bytes, 1, size, file) == size);
	fclose(file);
}

static void expect_refusal(const char *path, enum error_code code, const char *words)
{
	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
		struct error error = {0};
		assert_null(store_open(path, (enum store_mode)mode, &error));
		assert_int_equal(error.code, code);
		if (!strstr(error.text, words))
			fail_msg("\"%s\" does not say \"%s\"", error.text, words);
	}
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void other_files_are_refused(void **state)
{
	const struct store_folder *folder = *state;
	char text[4096];
	memset(text, 'x', sizeof text);
	write_file(folder->store, text, sizeof text);
	expect_refusal(folder->store, ERROR_INPUT, "not an SQLite file");
	unlink(folder->store);
	run_sql(folder->store, "CREATE TABLE recipes (name TEXT)");
	expect_refusal(folder->store, ERROR_INPUT, "not a qgan store");
	expect_refusal(folder->root.path, ERROR_IO, folder->root.path);
	expect_refusal("", ERROR_INPUT, "not the name of a file");
}

static void newer_schemas_are_refused(void **state)
{
	const struct store_folder *folder = *state;
	store_close(open_for_writing(state));
	run_sql(folder->store, "PRAGMA user_version = 1000");
	expect_refusal(folder->store, ERROR_STATE, "newer qgan");
}

/* Overwrites bytes here and there, from `begin` to the end of the file. */
static void damage_file(const char *path, long begin)
{
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	for (long at = begin < size ? begin : size / 2; at < size; at += 64) {
		fseek(file, at, SEEK_SET);
		fputs("damage", file);
	}
	fclose(file);
}

static void damage_is_told(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	insert_points(store, run, 1, 2000);
	store_close(store);
	damage_file(folder->store, LONG_MAX); /* the points */
	struct error error = {0};
	char health[256] = "";
	store = store_open(folder->store, STORE_READ, &error);
	assert_non_null(store);
	assert_true(store_health(store, health, sizeof health, &error));
	assert_non_null(strstr(health, "damaged"));
	store_close(store);
	damage_file(folder->store, 4096); /* the schema */
	expect_refusal(folder->store, ERROR_IO, "damaged");
}

/* ---- network file systems ---- */

static long pretended_type; /* f_type of every file system; 0: the true one */

/* In place of the C library's. */
int statfs(const char *path, struct statfs *facts)
{
	int result = (int)syscall(SYS_statfs, path, facts);
	if (pretended_type != 0)
		facts->f_type = pretended_type;
	return result;
}

static void expect_journal_mode(void **state, const char *mode, const char *health_words)
{
	struct store *store = open_for_writing(state);
	struct statement statement;
	bool row;
	char text[256];
	assert_true(statement_prepare(&statement, store, "PRAGMA journal_mode", NULL));
	assert_true(statement_step(&statement, &row, NULL) && row);
	statement_read_text(&statement, text, sizeof text);
	statement_finish(&statement);
	assert_string_equal(text, mode);
	assert_true(store_health(store, text, sizeof text, NULL));
	assert_non_null(strstr(text, health_words));
	store_close(store);
}

static void network_file_systems_get_a_rollback_journal(void **state)
{
	expect_journal_mode(state, "wal", "ok");
	pretended_type = 0x6969;
	expect_journal_mode(state, "delete", "NFS");
	pretended_type = 0x517b;
	expect_journal_mode(state, "delete", "SMB");
	pretended_type = 0;
	expect_journal_mode(state, "wal", "ok");
}

/* ---- migrations ---- */

static const struct migration some_steps[] = {
	{.purpose = "one", .sql = "PRAGMA application_id = 1902600558; CREATE TABLE one (x INTEGER) STRICT; INSERT INTO one VALUES (1)"},
	{.purpose = "two", .sql = "ALTER TABLE one ADD COLUMN y INTEGER DEFAULT 2"},
	{.purpose = "broken", .sql = "CREATE TABLE three (z INTEGER); INSERT INTO nowhere VALUES (1)"},
};

static void migrations_append_to_what_is_there(void **state)
{
	const struct store_folder *folder = *state;
	struct store store = open_bare(folder->store);
	size_t position;
	struct error error;
	assert_true(migrations_apply(&store, some_steps, 1, &error));
	assert_true(migrations_apply(&store, some_steps, 2, &error));
	assert_true(migrations_apply(&store, some_steps, 2, &error));
	assert_int_equal(count_rows(&store, "SELECT x + y FROM one"), 3);
	assert_false(migrations_apply(&store, some_steps, 3, &error));
	assert_non_null(strstr(error.text, "broken"));
	assert_true(migrations_position(&store, 2, &position, &error));
	assert_int_equal(position, 2);
	assert_int_equal(count_rows(&store, "SELECT count(*) FROM sqlite_schema WHERE name = 'three'"), 0);
	assert_false(migrations_apply(&store, some_steps, 1, &error));
	assert_int_equal(error.code, ERROR_STATE);
	close_bare(&store);
}

/* In a mount of its own, which not everybody may make: the status to leave with. */
static int look_where_nothing_can_be_written(const struct store_folder *folder)
{
	const char *path = folder->root.path;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(path, path, NULL, MS_BIND, NULL) ||
	    mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL))
		return NO_MOUNT;
	struct error error = {0};
	struct run *runs = NULL;
	size_t count = 0;
	struct store *store = store_open(folder->store, STORE_READ, &error);
	bool good = store && store_list_runs(store, &runs, &count, &error) && count == 1 && strcmp(runs[0].name, "a") == 0;
	store_free_runs(runs, count);
	store_close(store);
	store = store_open(folder->store, STORE_WRITE, &error);
	return good && !store && error.code == ERROR_IO && strstr(error.text, "read-only") ? 0 : 1;
}

static void a_read_only_file_system_is_read(void **state)
{
	struct store *store = open_for_writing(state);
	insert_run(store, "a");
	store_close(store);
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		_exit(look_where_nothing_can_be_written(*state));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_MOUNT)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(transactions_undo_everything),
		IN_FOLDER(readers_see_changes_and_change_nothing),
		IN_FOLDER(other_files_are_refused),
		IN_FOLDER(newer_schemas_are_refused),
		IN_FOLDER(damage_is_told),
		IN_FOLDER(network_file_systems_get_a_rollback_journal),
		IN_FOLDER(migrations_append_to_what_is_there),
		IN_FOLDER(a_read_only_file_system_is_read),
	};
	return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
