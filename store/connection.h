/* What the files of this folder share: the open connection, spans of work that are one transaction wherever they are
 * called from, and the one way an SQLite error becomes a sentence. */
#ifndef QGAN_STORE_CONNECTION_H
#define QGAN_STORE_CONNECTION_H

#include <sqlite3.h>

#include "store/store.h"

enum { STORE_SPARE_STATEMENTS = 16 };

struct store {
	sqlite3 *db;
	char path[STORE_PATH_SIZE];      /* absolute */
	enum store_mode mode;
	int log_limit;                   /* pages of the write-ahead log from which it is cut back */
	int depth;                       /* open spans: 0 none, 1 the transaction, above: savepoints inside it */
	sqlite3_stmt *spare[STORE_SPARE_STATEMENTS]; /* finished ones, kept prepared, the newest first (statement.c) */
	const char *network_file_system; /* its name when the file lies on one: no shared memory, so no WAL; else NULL */
};

/* Fills `error` from the connection's last failure, "store PATH: ...", and returns false. */
bool store_fail(struct store *store, struct error *error);

/* Runs statements without parameters or results. */
bool store_execute(struct store *store, const char *sql, struct error *error);

/* A span is a transaction of its own, or a savepoint inside the caller's. End it with the outcome of the work:
 * returns `success` after keeping the changes, false after undoing them. */
bool store_begin_span(struct store *store, struct error *error);
bool store_end_span(struct store *store, bool success, struct error *error);

/* The folder of checkpoint files, "FILE-runs"; false when the path is too long. */
bool store_runs_folder(const struct store *store, char folder[STORE_PATH_SIZE], struct error *error);

/* Makes a folder and those above it. */
bool store_make_folders(const char *folder, struct error *error);

#endif
