#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "store/connection.h"
#include "store/filesystem.h"
#include "store/migrations.h"
#include "store/statement.h"

enum {
	BUSY_MILLISECONDS = 10000,   /* transactions are short: waiting longer means a stuck process */
	WAL_KEPT_BYTES = 16 << 20,   /* what a large log is cut back to */
	LOG_COPIED_PAGES = 1000,     /* from here on what is in the log is copied into the file */
	LOG_CUT_PAGES = 8192,        /* 32 MB: from here on readers are waited for, so that the log can begin anew */
	LOG_PATIENCE_MILLISECONDS = 250,
};

/* ---- failures as sentences ---- */

static const struct {
	int result; /* primary SQLite code */
	enum error_code code;
	const char *text; /* NULL: SQLite's own */
} failures[] = {
	{SQLITE_FULL, ERROR_IO, "disk full"},
	{SQLITE_BUSY, ERROR_STATE, "another process has kept it locked for too long"},
	{SQLITE_READONLY, ERROR_IO, "it cannot be written"},
	{SQLITE_CANTOPEN, ERROR_IO, "it cannot be opened"},
	{SQLITE_NOTADB, ERROR_INPUT, "it is not an SQLite file"},
	{SQLITE_CORRUPT, ERROR_IO, "it is damaged"},
	{SQLITE_CONSTRAINT, ERROR_INPUT, "the run is not there any more, or a value is not allowed"},
	{SQLITE_NOMEM, ERROR_MEMORY, "not enough memory"},
};

bool store_fail(struct store *store, struct error *error)
{
	int result = sqlite3_errcode(store->db) & 0xff;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if (failures[i].result == result)
			return error_set(error, failures[i].code, "store %s: %s", store->path, failures[i].text);
	int number = result == SQLITE_IOERR ? sqlite3_system_errno(store->db) : 0;
	if (number != 0)
		return error_set(error, ERROR_IO, "store %s: %s", store->path, strerror(number));
	return error_set(error, ERROR_IO, "store %s: %s", store->path, sqlite3_errmsg(store->db));
}

bool store_execute(struct store *store, const char *sql, struct error *error)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(store, error);
}

/* ---- transactions ---- */

bool store_begin(struct store *store, struct error *error)
{
	assert(store->mode == STORE_WRITE && store->depth == 0);
	/* IMMEDIATE: waits for other writers here, where waiting is possible, never half way through. */
	if (!store_execute(store, "BEGIN IMMEDIATE", error))
		return false;
	store->depth = 1;
	return true;
}

void store_rollback(struct store *store)
{
	store->depth = 0;
	if (!sqlite3_get_autocommit(store->db)) /* some failures have undone it already */
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_commit(struct store *store, struct error *error)
{
	assert(store->depth == 1);
	if (store_execute(store, "COMMIT", error)) {
		store->depth = 0;
		return true;
	}
	store_rollback(store);
	return false;
}

bool store_begin_span(struct store *store, struct error *error)
{
	if (store->depth == 0)
		return store_begin(store, error);
	if (!store_execute(store, "SAVEPOINT span", error))
		return false;
	store->depth++;
	return true;
}

bool store_end_span(struct store *store, bool success, struct error *error)
{
	if (store->depth == 1) {
		if (success)
			return store_commit(store, error);
		store_rollback(store);
		return false;
	}
	store->depth--;
	if (success)
		return store_execute(store, "RELEASE span", error);
	sqlite3_exec(store->db, "ROLLBACK TO span; RELEASE span", NULL, NULL, NULL);
	return false;
}

/* ---- folders ---- */

bool store_make_folders(const char *folder, struct error *error)
{
	char path[STORE_PATH_SIZE];
	if (!text_copy(path, sizeof path, folder))
		return error_set(error, ERROR_INPUT, "%.60s...: the path is too long", folder);
	for (char *end = path + 1; ; end++) {
		if (*end != '/' && *end != '\0')
			continue;
		char rest = *end;
		*end = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			return error_set_errno(error, "cannot make the folder %s", path);
		if (rest == '\0')
			return true;
		*end = rest;
	}
}

bool store_runs_folder(const struct store *store, char folder[STORE_PATH_SIZE], struct error *error)
{
	int length = snprintf(folder, STORE_PATH_SIZE, "%s-runs", store->path);
	if (length < STORE_PATH_SIZE)
		return true;
	return error_set(error, ERROR_INPUT, "%.60s...: the path is too long", store->path);
}

/* The folder of `path` (made if `make`), then its absolute form followed by the file's name. */
static bool find_absolute_path(const char *path, bool make, char absolute[STORE_PATH_SIZE], struct error *error)
{
	char folder[STORE_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (*name == '\0' || strlen(path) >= sizeof folder)
		return error_set(error, ERROR_INPUT, "store \"%.200s\": not the name of a file", path);
	text_copy(folder, sizeof folder, slash ? path : ".");
	if (slash)
		folder[slash == path ? 1 : slash - path] = '\0';
	if (make && !store_make_folders(folder, error))
		return false;
	char *real = realpath(folder, NULL);
	if (!real)
		return error_set(error, ERROR_INPUT, "there is no store %s: its folder cannot be entered: %s", path, strerror(errno));
	int length = snprintf(absolute, STORE_PATH_SIZE, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
	free(real);
	return length < STORE_PATH_SIZE || error_set(error, ERROR_INPUT, "%.60s...: the path is too long", path);
}

/* ---- opening ---- */

/* The file or, before there is one, its folder. */
static bool lies_read_only(const char *path)
{
	char folder[STORE_PATH_SIZE];
	text_copy(folder, sizeof folder, path);
	*(strrchr(folder, '/') + 1) = '\0'; /* the path is absolute */
	return filesystem_is_read_only(access(path, F_OK) == 0 ? path : folder);
}

/* Where nothing can be written there is no shared memory for WAL, nor anybody who changes the file: SQLite takes it as it is. */
static bool open_unchanging(struct store *store)
{
	struct text uri = {0};
	text_append(&uri, "file:", 5);
	for (const char *c = store->path; *c; c++)
		text_format(&uri, strchr("%?#", *c) ? "%%%02X" : "%c", (unsigned char)*c);
	text_append(&uri, "?immutable=1", 12);
	int result = sqlite3_open_v2(uri.bytes, &store->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
	text_clear(&uri);
	char log[STORE_PATH_SIZE + 8];
	struct stat facts;
	snprintf(log, sizeof log, "%s-wal", store->path);
	if (stat(log, &facts) == 0 && facts.st_size > 0)
		log_write(LOG_LEVEL_WARNING, "store %s: what its last program wrote stands in %s still and is not seen, as nothing can be"
		          " written there", store->path, log);
	return result == SQLITE_OK;
}

/* Readers only ever read: query_only guards against a wrong call, and still lets them take part in WAL's shared memory. */
static bool open_connection(struct store *store, struct error *error)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (store->mode == STORE_WRITE ? SQLITE_OPEN_CREATE : 0);
	const bool unchanging = lies_read_only(store->path);
	if (unchanging && store->mode == STORE_WRITE)
		return error_set(error, ERROR_IO, "store %s: its file system is read-only", store->path);
	const bool opened = unchanging ? open_unchanging(store) : sqlite3_open_v2(store->path, &store->db, flags, NULL) == SQLITE_OK;
	if (!store->db)
		return error_set(error, ERROR_MEMORY, "store %s: not enough memory", store->path);
	if (!opened)
		return store_fail(store, error);
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, BUSY_MILLISECONDS);
	return store_execute(store, "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY", error);
}

/* After every commit. SQLite's own way never waits for readers, and where some programs watch there is always one that reads:
 * the log would begin anew too seldom, and grow. Cutting it is worth a short wait, and is tried again later when there is
 * still somebody after it. */
static int follow_log(void *context, sqlite3 *db, const char *name, int pages)
{
	struct store *store = context;
	if (pages < LOG_COPIED_PAGES)
		return SQLITE_OK;
	if (pages < store->log_limit) {
		sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		return SQLITE_OK;
	}
	sqlite3_busy_timeout(db, LOG_PATIENCE_MILLISECONDS);
	int result = sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(db, BUSY_MILLISECONDS);
	store->log_limit = result == SQLITE_OK ? LOG_CUT_PAGES : pages + LOG_CUT_PAGES / 4; /* not at every commit */
	return SQLITE_OK;
}

/* The change of mode needs the file alone and, unlike everything else, does not wait for it: others that open the
 * new store at the same moment, want the same change. */
static bool choose_journal(struct store *store, struct error *error)
{
	char sql[96];
	snprintf(sql, sizeof sql, "PRAGMA journal_size_limit = %d; PRAGMA journal_mode = %s", WAL_KEPT_BYTES,
	         store->network_file_system ? "DELETE" : "WAL");
	double start = clock_seconds();
	while (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		if ((sqlite3_errcode(store->db) & 0xff) != SQLITE_BUSY || clock_seconds() - start > BUSY_MILLISECONDS / 1000.0)
			return store_fail(store, error);
		usleep(5000);
	}
	store->log_limit = LOG_CUT_PAGES;
	sqlite3_wal_hook(store->db, follow_log, store);
	return true;
}

/* An older file is brought up to date by a writer; a reader borrows one for the moment. */
static bool update_schema(struct store *store, struct error *error)
{
	size_t position;
	if (!migrations_position(store, migration_count, &position, error))
		return false;
	if (store->mode == STORE_WRITE)
		return choose_journal(store, error) && migrations_apply(store, migrations, migration_count, error);
	if (position < migration_count) {
		struct store *writer = store_open(store->path, STORE_WRITE, error);
		store_close(writer);
		if (!writer)
			return false;
	}
	return store_execute(store, "PRAGMA query_only = ON", error);
}

struct store *store_open(const char *path, enum store_mode mode, struct error *error)
{
	struct store *store = memory_zeroed(1, sizeof *store);
	store->mode = mode;
	if (!find_absolute_path(path, mode == STORE_WRITE, store->path, error))
		goto failed;
	if (mode == STORE_READ && access(store->path, F_OK) != 0) {
		error_set(error, ERROR_INPUT, "there is no store %s yet: it is made by the first training", store->path);
		goto failed;
	}
	if (!open_connection(store, error))
		goto failed;
	store->network_file_system = filesystem_network_name(store->path);
	if (!update_schema(store, error))
		goto failed;
	if (mode == STORE_WRITE && store->network_file_system)
		log_write(LOG_LEVEL_WARNING, "store %s lies on %s: slower, and other machines should only read it",
		          store->path, store->network_file_system);
	return store;
failed:
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->db) {
		store_rollback(store);
		statement_forget_spares(store);
		int result = sqlite3_close(store->db);
		assert(result == SQLITE_OK); /* else a statement was not finished */
		(void)result;
	}
	free(store);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

int64_t store_changes(struct store *store)
{
	int64_t version;
	statement_query_integer(store, "PRAGMA data_version", 0, 0, &version, NULL);
	return version;
}

bool store_health(struct store *store, char *text, size_t size, struct error *error)
{
	char verdict[STORE_TEXT_SIZE];
	struct statement statement;
	if (!statement_prepare(&statement, store, "PRAGMA integrity_check(1)", error))
		return false;
	bool row;
	bool success = statement_step(&statement, &row, error);
	if (success)
		statement_read_text(&statement, verdict, sizeof verdict);
	statement_finish(&statement);
	if (!success)
		return false;
	if (strcmp(verdict, "ok") != 0)
		snprintf(text, size, "the file is damaged: %s", verdict);
	else if (store->network_file_system)
		snprintf(text, size, "intact, but it lies on %s, where writing is slower: keep it on a local disk", store->network_file_system);
	else
		snprintf(text, size, "ok");
	return true;
}
