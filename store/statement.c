#include "store/statement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"

static sqlite3_stmt *take_spare(struct store *store, const char *sql)
{
	for (int i = 0; i < STORE_SPARE_STATEMENTS && store->spare[i]; i++) {
		sqlite3_stmt *found = store->spare[i];
		if (strcmp(sqlite3_sql(found), sql) != 0)
			continue;
		memmove(store->spare + i, store->spare + i + 1, (size_t)(STORE_SPARE_STATEMENTS - 1 - i) * sizeof *store->spare);
		store->spare[STORE_SPARE_STATEMENTS - 1] = NULL;
		return found;
	}
	return NULL;
}

static void keep_spare(struct store *store, sqlite3_stmt *handle)
{
	sqlite3_finalize(store->spare[STORE_SPARE_STATEMENTS - 1]);
	memmove(store->spare + 1, store->spare, (STORE_SPARE_STATEMENTS - 1) * sizeof *store->spare);
	store->spare[0] = handle;
}

void statement_forget_spares(struct store *store)
{
	for (int i = 0; i < STORE_SPARE_STATEMENTS; i++)
		sqlite3_finalize(store->spare[i]);
	memset(store->spare, 0, sizeof store->spare);
}

bool statement_prepare(struct statement *statement, struct store *store, const char *sql, struct error *error)
{
	*statement = (struct statement){.store = store, .handle = take_spare(store, sql)};
	if (statement->handle || sqlite3_prepare_v2(store->db, sql, -1, &statement->handle, NULL) == SQLITE_OK)
		return true;
	return store_fail(store, error);
}

void statement_finish(struct statement *statement)
{
	if (statement->handle && sqlite3_reset(statement->handle) == SQLITE_OK) {
		sqlite3_clear_bindings(statement->handle); /* they are borrowed */
		keep_spare(statement->store, statement->handle);
	} else {
		sqlite3_finalize(statement->handle);
	}
	*statement = (struct statement){0};
}

void statement_bind_integer(struct statement *statement, int64_t value)
{
	sqlite3_bind_int64(statement->handle, ++statement->bound, value);
}

void statement_bind_unsigned(struct statement *statement, uint64_t value)
{
	statement_bind_integer(statement, (int64_t)value);
}

void statement_bind_real(struct statement *statement, double value)
{
	sqlite3_bind_double(statement->handle, ++statement->bound, value);
}

void statement_bind_text(struct statement *statement, const char *value)
{
	sqlite3_bind_text(statement->handle, ++statement->bound, value, -1, SQLITE_STATIC);
}

void statement_bind_blob(struct statement *statement, const void *bytes, size_t size)
{
	sqlite3_bind_blob64(statement->handle, ++statement->bound, bytes, size, SQLITE_STATIC);
}

bool statement_step(struct statement *statement, bool *row, struct error *error)
{
	statement->read = 0;
	int result = sqlite3_step(statement->handle);
	*row = result == SQLITE_ROW;
	return *row || result == SQLITE_DONE || store_fail(statement->store, error);
}

bool statement_run(struct statement *statement, struct error *error)
{
	bool row;
	bool success = statement_step(statement, &row, error);
	sqlite3_reset(statement->handle);
	statement->bound = 0;
	return success;
}

int64_t statement_read_integer(struct statement *statement)
{
	return sqlite3_column_int64(statement->handle, statement->read++);
}

uint64_t statement_read_unsigned(struct statement *statement)
{
	return (uint64_t)statement_read_integer(statement);
}

double statement_read_real(struct statement *statement)
{
	int column = statement->read++;
	if (sqlite3_column_type(statement->handle, column) == SQLITE_NULL)
		return NAN;
	return sqlite3_column_double(statement->handle, column);
}

static const char *read_borrowed_text(struct statement *statement)
{
	const char *text = (const char *)sqlite3_column_text(statement->handle, statement->read++);
	return text ? text : "";
}

void statement_read_text(struct statement *statement, char *target, size_t size)
{
	text_copy(target, size, read_borrowed_text(statement));
}

char *statement_read_owned_text(struct statement *statement)
{
	return memory_text(read_borrowed_text(statement));
}

const void *statement_read_blob(struct statement *statement, size_t *size)
{
	int column = statement->read++;
	const void *bytes = sqlite3_column_blob(statement->handle, column);
	*size = (size_t)sqlite3_column_bytes(statement->handle, column);
	return bytes;
}

bool statement_query_integer(struct store *store, const char *sql, int64_t parameter, int64_t fallback, int64_t *value,
                             struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, sql, error))
		return false;
	if (sqlite3_bind_parameter_count(statement.handle) > 0)
		statement_bind_integer(&statement, parameter);
	bool row;
	bool success = statement_step(&statement, &row, error);
	*value = success && row ? statement_read_integer(&statement) : fallback;
	statement_finish(&statement);
	return success;
}

bool statement_list_integers(struct store *store, const char *sql, int64_t parameter, int64_t **values, size_t *count,
                             struct error *error)
{
	struct statement statement;
	*values = NULL;
	*count = 0;
	if (!statement_prepare(&statement, store, sql, error))
		return false;
	statement_bind_integer(&statement, parameter);
	bool row, success;
	size_t capacity = 0;
	while ((success = statement_step(&statement, &row, error)) && row) {
		if (*count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			*values = memory_resized(*values, capacity, sizeof **values);
		}
		(*values)[(*count)++] = statement_read_integer(&statement);
	}
	statement_finish(&statement);
	if (success)
		return true;
	free(*values);
	*values = NULL;
	*count = 0;
	return false;
}
