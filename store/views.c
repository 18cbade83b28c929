/* Saved looks at the list of runs. */
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "store/runs_parts.h"

bool store_save_view(struct store *store, const struct run_view *view, struct error *error)
{
	struct statement statement;
	if (!run_check_name("view", view->name, error) ||
	    !statement_prepare(&statement, store,
	                       "INSERT OR REPLACE INTO views (name, filter, columns, sort, saved) VALUES (?, ?, ?, ?, ?)", error))
		return false;
	statement_bind_text(&statement, view->name);
	statement_bind_text(&statement, view->filter);
	statement_bind_text(&statement, view->columns);
	statement_bind_text(&statement, view->sort);
	statement_bind_real(&statement, clock_unix());
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

static void read_view(struct statement *statement, struct run_view *view)
{
	*view = (struct run_view){0};
	statement_read_text(statement, view->name, sizeof view->name);
	statement_read_text(statement, view->filter, sizeof view->filter);
	statement_read_text(statement, view->columns, sizeof view->columns);
	statement_read_text(statement, view->sort, sizeof view->sort);
}

bool store_list_views(struct store *store, struct run_view **views, size_t *count, struct error *error)
{
	struct statement statement;
	*views = NULL;
	*count = 0;
	if (!statement_prepare(&statement, store, "SELECT name, filter, columns, sort FROM views ORDER BY name", error))
		return false;
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		*views = memory_resized(*views, *count + 1, sizeof **views);
		read_view(&statement, &(*views)[(*count)++]);
	}
	statement_finish(&statement);
	if (success)
		return true;
	free(*views);
	*views = NULL;
	*count = 0;
	return false;
}

/* Always false: fills the error of a view that is not there with those that are. */
static bool fail_unknown(struct store *store, const char *name, struct error *error)
{
	struct run_view *views;
	size_t count;
	if (!store_list_views(store, &views, &count, error))
		return false;
	struct text known = {0};
	for (size_t i = 0; i < count; i++)
		text_format(&known, "%s%s", i > 0 ? ", " : "", views[i].name);
	if (count == 0)
		error_set(error, ERROR_INPUT, "there is no view \"%.60s\": none was saved in store %s yet", name, store->path);
	else
		error_set(error, ERROR_INPUT, "there is no view \"%.60s\"; the saved ones are %s", name, known.bytes);
	text_clear(&known);
	free(views);
	return false;
}

bool store_find_view(struct store *store, const char *name, struct run_view *view, struct error *error)
{
	struct statement statement;
	bool found;
	if (!statement_prepare(&statement, store, "SELECT name, filter, columns, sort FROM views WHERE name = ?", error))
		return false;
	statement_bind_text(&statement, name);
	bool success = statement_step(&statement, &found, error);
	if (success && found)
		read_view(&statement, view);
	statement_finish(&statement);
	return success && (found || fail_unknown(store, name, error));
}

bool store_delete_view(struct store *store, const char *name, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "DELETE FROM views WHERE name = ?", error))
		return false;
	statement_bind_text(&statement, name);
	bool success = statement_run(&statement, error);
	bool found = sqlite3_changes(store->db) > 0;
	statement_finish(&statement);
	return success && (found || fail_unknown(store, name, error));
}
