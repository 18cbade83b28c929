/* SQL from a person: it may read everything and change nothing. Three guards: an authorizer that knows what reading needs,
 * SQLite's own word that the statement is read only, and one statement at a time. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "store/statement.h"

/* Pragmas that only tell. */
static const char *const telling_pragmas[] = {
	"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list", "user_version",
	"application_id", "page_count", "page_size", "freelist_count",
};

static bool only_tells(const char *pragma, const char *argument)
{
	bool sets = argument && (strcmp(pragma, "user_version") == 0 || strcmp(pragma, "application_id") == 0 ||
	                         strcmp(pragma, "page_size") == 0);
	for (size_t i = 0; !sets && i < sizeof telling_pragmas / sizeof *telling_pragmas; i++)
		if (strcmp(telling_pragmas[i], pragma) == 0)
			return true;
	return false;
}

static int authorize(void *context, int action, const char *first, const char *second, const char *database, const char *trigger)
{
	(void)context, (void)database, (void)trigger;
	switch (action) {
	case SQLITE_SELECT: case SQLITE_READ: case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return strcmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_UPDATE: /* what SQLite asks for before it shows a pragma as a table; a real one is not read only */
		return strcmp(first, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_PRAGMA:
		return only_tells(first, second) ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static bool refuse(struct store *store, struct error *error)
{
	int place = sqlite3_error_offset(store->db);
	if ((sqlite3_errcode(store->db) & 0xff) == SQLITE_AUTH)
		return error_set(error, ERROR_INPUT, "SQL: only reading is allowed here: one SELECT, EXPLAIN or a PRAGMA such as table_info");
	if (place >= 0)
		return error_set(error, ERROR_INPUT, "SQL, character %d: %s", place + 1, sqlite3_errmsg(store->db));
	return error_set(error, ERROR_INPUT, "SQL: %s", sqlite3_errmsg(store->db));
}

static bool is_over(const char *sql)
{
	sql += strspn(sql, " \t\r\n;");
	return *sql == '\0' || strncmp(sql, "--", 2) == 0;
}

static bool prepare(struct store *store, const char *sql, sqlite3_stmt **handle, struct error *error)
{
	const char *rest;
	sqlite3_set_authorizer(store->db, authorize, NULL);
	int result = sqlite3_prepare_v2(store->db, sql, -1, handle, &rest);
	bool good = result == SQLITE_OK || refuse(store, error);
	sqlite3_set_authorizer(store->db, NULL, NULL);
	if (good && !*handle)
		return error_set(error, ERROR_INPUT, "SQL: expected a statement, such as SELECT name, step FROM runs");
	if (good && !is_over(rest))
		return error_set(error, ERROR_INPUT, "SQL, character %d: expected nothing after the first statement", (int)(rest - sql) + 1);
	if (good && (!sqlite3_stmt_readonly(*handle) || sqlite3_bind_parameter_count(*handle) > 0))
		return error_set(error, ERROR_INPUT, sqlite3_stmt_readonly(*handle) ? "SQL: parameters (?) have no value here"
		                                                                    : "SQL: only reading is allowed here");
	if (good && sqlite3_column_count(*handle) > QUERY_MAX_COLUMNS)
		return error_set(error, ERROR_INPUT, "SQL: more than %d columns", QUERY_MAX_COLUMNS);
	return good;
}

static void tell_columns(sqlite3_stmt *handle, const struct query_visitor *visitor)
{
	const char *names[QUERY_MAX_COLUMNS];
	int count = sqlite3_column_count(handle);
	for (int i = 0; i < count; i++)
		names[i] = sqlite3_column_name(handle, i);
	visitor->columns(visitor->context, names, count);
}

static struct query_value read_value(sqlite3_stmt *handle, int column)
{
	struct query_value value = {0};
	switch (sqlite3_column_type(handle, column)) {
	case SQLITE_INTEGER:
		value.kind = QUERY_INTEGER;
		value.integer = sqlite3_column_int64(handle, column);
		break;
	case SQLITE_FLOAT:
		value.kind = QUERY_REAL;
		value.real = sqlite3_column_double(handle, column);
		break;
	case SQLITE_TEXT:
		value.kind = QUERY_TEXT;
		value.text = (const char *)sqlite3_column_text(handle, column);
		value.size = (size_t)sqlite3_column_bytes(handle, column);
		break;
	case SQLITE_BLOB:
		value.kind = QUERY_BLOB;
		value.size = (size_t)sqlite3_column_bytes(handle, column);
		break;
	default:
		break;
	}
	return value;
}

static void tell_row(sqlite3_stmt *handle, const struct query_visitor *visitor)
{
	struct query_value values[QUERY_MAX_COLUMNS];
	int count = sqlite3_column_count(handle);
	for (int i = 0; i < count; i++)
		values[i] = read_value(handle, i);
	visitor->row(visitor->context, values, count);
}

bool store_query(struct store *store, const char *sql, int64_t limit, const struct query_visitor *visitor, bool *more,
                 struct error *error)
{
	sqlite3_stmt *handle = NULL;
	int result = SQLITE_DONE;
	bool good = prepare(store, sql, &handle, error);
	*more = false;
	if (good)
		tell_columns(handle, visitor);
	for (int64_t rows = 0; good && !*more && (result = sqlite3_step(handle)) == SQLITE_ROW; rows++) {
		*more = rows == limit;
		if (!*more)
			tell_row(handle, visitor);
	}
	if (good && !*more && result != SQLITE_DONE)
		good = refuse(store, error);
	sqlite3_finalize(handle);
	return good;
}
