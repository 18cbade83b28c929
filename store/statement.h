/* A prepared statement, thinly wrapped: values are bound and columns read in the order they stand in the SQL text.
 * Binding never reports: what it could not do fails the next step. Used by the files of this folder only.
 *
 *   statement_prepare -> bind_* ... -> statement_step ... (read_* ...) -> statement_finish
 *                        bind_* ... -> statement_run, again and again                     */
#ifndef QGAN_STORE_STATEMENT_H
#define QGAN_STORE_STATEMENT_H

#include "store/connection.h"

struct statement {
	struct store *store;
	sqlite3_stmt *handle; /* NULL in a zeroed struct and after statement_finish */
	int bound, read;      /* parameters bound, columns read since the last step */
};

/* `statement` need not be initialised; on failure it is zeroed and finishing it does nothing. What is finished stays prepared for
 * the next time, the last few of each connection: the parser takes longer than most rows. */
bool statement_prepare(struct statement *statement, struct store *store, const char *sql, struct error *error);
void statement_finish(struct statement *statement);
void statement_forget_spares(struct store *store); /* before the connection is closed */

void statement_bind_integer(struct statement *statement, int64_t value);
void statement_bind_unsigned(struct statement *statement, uint64_t value); /* same 64 bits, read back alike */
void statement_bind_real(struct statement *statement, double value);       /* NaN becomes NULL */
void statement_bind_text(struct statement *statement, const char *value);  /* borrowed until the step */
void statement_bind_blob(struct statement *statement, const void *bytes, size_t size); /* likewise */

/* *row: a row is ready to be read; false: no more. */
bool statement_step(struct statement *statement, bool *row, struct error *error);

/* Steps a statement that gives no rows, and makes it ready to be bound again. */
bool statement_run(struct statement *statement, struct error *error);

int64_t statement_read_integer(struct statement *statement);
uint64_t statement_read_unsigned(struct statement *statement);
double statement_read_real(struct statement *statement); /* NULL is NaN */
void statement_read_text(struct statement *statement, char *target, size_t size);
char *statement_read_owned_text(struct statement *statement); /* free(); "" when NULL */
const void *statement_read_blob(struct statement *statement, size_t *size); /* valid until the next step */

/* The first column of the first row of a query with one integer parameter; `fallback` when there is no row. */
bool statement_query_integer(struct store *store, const char *sql, int64_t parameter, int64_t fallback, int64_t *value,
                             struct error *error);

/* The first column of every row of such a query; free(*values), NULL when there are none. */
bool statement_list_integers(struct store *store, const char *sql, int64_t parameter, int64_t **values, size_t *count,
                             struct error *error);

#endif
