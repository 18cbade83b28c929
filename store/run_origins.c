/* Where a run's settings came from. */
#include <stdlib.h>

#include "store/statement.h"
#include "store/store.h"

bool store_set_run_origins(struct store *store, int64_t run, const char *json, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "UPDATE runs SET origins = ? WHERE id = ?", error))
		return false;
	statement_bind_text(&statement, json);
	statement_bind_integer(&statement, run);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_find_run_origins(struct store *store, int64_t run, char **json, struct error *error)
{
	struct statement statement;
	bool row;
	*json = NULL;
	if (!statement_prepare(&statement, store, "SELECT origins FROM runs WHERE id = ? AND origins <> ''", error))
		return false;
	statement_bind_integer(&statement, run);
	bool success = statement_step(&statement, &row, error);
	if (success && row)
		*json = statement_read_owned_text(&statement);
	statement_finish(&statement);
	return success;
}
