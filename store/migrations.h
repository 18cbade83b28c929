/* The history of the schema: numbered steps, only ever appended. PRAGMA user_version counts those applied. */
#ifndef QGAN_STORE_MIGRATIONS_H
#define QGAN_STORE_MIGRATIONS_H

#include <stddef.h>

#include "store/connection.h"

/* PRAGMA application_id of a store: "qgan". Tells it from any other SQLite file. */
enum { STORE_APPLICATION_ID = 0x7167616e };

struct migration {
	const char *purpose;
	const char *sql;
};

extern const struct migration migrations[];
extern const size_t migration_count;

/* How many steps the file has; ERROR_INPUT when it is not a store, ERROR_STATE when it is newer than `known` steps. */
bool migrations_position(struct store *store, size_t known, size_t *position, struct error *error);

/* Applies the steps the file lacks in one transaction: all of them or none. Safe when several processes start at once. */
bool migrations_apply(struct store *store, const struct migration *steps, size_t count, struct error *error);

#endif
