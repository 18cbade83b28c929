/* Checkpoint rows and the files they speak of. Order matters where a crash may come between: pruning deletes the file
 * before the row (a row without a file is deleted by the next pruning, and never offered), rewinding the rows before
 * the files (a file without a row is overwritten when the training reaches that step again). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "store/statement.h"
#include "store/summary.h"

bool store_checkpoint_path(struct store *store, const struct run *run, int64_t step, char path[STORE_PATH_SIZE],
                           struct error *error)
{
	char folder[STORE_PATH_SIZE];
	if (!store_runs_folder(store, folder, error))
		return false;
	size_t used = strlen(folder);
	if (used + strlen(run->name) + 48 > sizeof folder)
		return error_set(error, ERROR_INPUT, "%.60s...: the path is too long", folder);
	snprintf(folder + used, sizeof folder - used, "/%s", run->name);
	if (!store_make_folders(folder, error))
		return false;
	snprintf(path, STORE_PATH_SIZE, "%.*s/step-%06" PRId64 ".safetensors", STORE_PATH_SIZE - 48, folder, step);
	return true;
}

/* What the row keeps: relative to the folder of runs where the file lies in it, else the path as it is. */
static bool shorten_path(struct store *store, const char *path, const char **kept, struct error *error)
{
	char folder[STORE_PATH_SIZE];
	if (!store_runs_folder(store, folder, error))
		return false;
	size_t length = strlen(folder);
	bool inside = strncmp(path, folder, length) == 0 && path[length] == '/';
	*kept = inside ? path + length + 1 : path;
	return true;
}

static bool extend_path(struct store *store, const char *kept, char path[STORE_PATH_SIZE], struct error *error)
{
	char folder[STORE_PATH_SIZE];
	if (kept[0] == '/')
		return text_copy(path, STORE_PATH_SIZE, kept);
	if (!store_runs_folder(store, folder, error))
		return false;
	int length = snprintf(path, STORE_PATH_SIZE, "%s/%s", folder, kept);
	return length < STORE_PATH_SIZE || error_set(error, ERROR_INPUT, "%.60s...: the path is too long", folder);
}

static bool insert_row(struct store *store, int64_t run, const struct checkpoint_row *row, struct error *error)
{
	const char *kept_path;
	struct statement statement;
	if (!shorten_path(store, row->path, &kept_path, error) ||
	    !statement_prepare(&statement, store,
	                       "INSERT INTO checkpoints (run_id, step, time, path, hash, bytes, kept) VALUES (?, ?, ?, ?, ?, ?, ?)"
	                       " ON CONFLICT (run_id, step) DO UPDATE SET time = excluded.time, path = excluded.path,"
	                       " hash = excluded.hash, bytes = excluded.bytes, kept = max(kept, excluded.kept)", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, row->step);
	statement_bind_real(&statement, row->time);
	statement_bind_text(&statement, kept_path);
	statement_bind_text(&statement, row->hash);
	statement_bind_unsigned(&statement, row->bytes);
	statement_bind_integer(&statement, row->kept);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

/* A statement about one step of one run. */
static bool run_on_step(struct store *store, const char *sql, int64_t run, int64_t step, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, sql, error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, step);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_keep_checkpoint(struct store *store, int64_t run, int64_t step, struct error *error)
{
	return run_on_step(store, "UPDATE checkpoints SET kept = 1 WHERE run_id = ? AND step = ?", run, step, error);
}

bool store_set_best_checkpoint(struct store *store, int64_t run, int64_t step, struct error *error)
{
	return run_on_step(store,
	                   "UPDATE checkpoints SET best = step = ?2 WHERE run_id = ?1"
	                   " AND EXISTS (SELECT 1 FROM checkpoints WHERE run_id = ?1 AND step = ?2)", run, step, error);
}

bool store_insert_checkpoint(struct store *store, int64_t run, const struct checkpoint_row *row, struct error *error)
{
	if (!store_begin_span(store, error))
		return false;
	bool success = insert_row(store, run, row, error) &&
	               (!row->best || store_set_best_checkpoint(store, run, row->step, error));
	return store_end_span(store, success, error);
}

static bool read_row(struct statement *statement, struct checkpoint_row *row, struct error *error)
{
	char kept_path[STORE_PATH_SIZE];
	*row = (struct checkpoint_row){.id = statement_read_integer(statement)};
	row->step = statement_read_integer(statement);
	row->time = statement_read_real(statement);
	statement_read_text(statement, kept_path, sizeof kept_path);
	statement_read_text(statement, row->hash, sizeof row->hash);
	row->bytes = statement_read_unsigned(statement);
	row->kept = statement_read_integer(statement) != 0;
	row->best = statement_read_integer(statement) != 0;
	return extend_path(statement->store, kept_path, row->path, error);
}

bool store_list_checkpoints(struct store *store, int64_t run, struct checkpoint_row **rows, size_t *count, struct error *error)
{
	struct statement statement;
	*rows = NULL;
	*count = 0;
	if (!statement_prepare(&statement, store,
	                       "SELECT id, step, time, path, hash, bytes, kept, best FROM checkpoints WHERE run_id = ? ORDER BY step", error))
		return false;
	statement_bind_integer(&statement, run);
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		*rows = memory_resized(*rows, *count + 1, sizeof **rows);
		success = read_row(&statement, &(*rows)[*count], error);
		if (!success)
			break;
		(*count)++;
	}
	statement_finish(&statement);
	if (success)
		return true;
	free(*rows);
	*rows = NULL;
	*count = 0;
	return false;
}

/* Always false: fills the error of a step that has no checkpoint with those that have one. */
static bool fail_unknown(const struct checkpoint_row *rows, size_t count, int64_t step, struct error *error)
{
	enum { MOST_NAMED = 12 }; /* the newest ones: a sentence, not a page */
	if (step < 0)
		return error_set(error, ERROR_INPUT, count == 0 ? "the run has no checkpoint" : "every checkpoint file of the run is gone");
	struct text steps = {0};
	for (size_t i = count > MOST_NAMED ? count - MOST_NAMED : 0; i < count; i++)
		text_format(&steps, "%s%" PRId64, steps.length > 0 ? ", " : "", rows[i].step);
	error_set(error, ERROR_INPUT, "the run has no checkpoint of step %" PRId64 "; there %s", step,
	          count == 0 ? "is none" : count == 1 ? "is one of step " : "are those of steps ");
	if (error && steps.length > 0)
		strncat(error->text, steps.bytes, sizeof error->text - strlen(error->text) - 1);
	text_clear(&steps);
	return false;
}

bool store_find_checkpoint(struct store *store, int64_t run, int64_t step, struct checkpoint_row *row, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	if (!store_list_checkpoints(store, run, &rows, &count, error))
		return false;
	bool found = false;
	for (size_t i = count; i-- > 0 && !found;) {
		found = step < 0 ? access(rows[i].path, F_OK) == 0 : rows[i].step == step;
		if (found)
			*row = rows[i];
	}
	if (!found)
		fail_unknown(rows, count, step, error);
	free(rows);
	return found;
}

static bool delete_row(struct store *store, int64_t id, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "DELETE FROM checkpoints WHERE id = ?", error))
		return false;
	statement_bind_integer(&statement, id);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_prune_checkpoints(struct store *store, int64_t run, int keep, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	if (!store_list_checkpoints(store, run, &rows, &count, error))
		return false;
	bool success = true;
	int newer = 0;
	for (size_t i = count; success && i-- > 0;) {
		if (rows[i].kept || rows[i].best || newer++ < keep)
			continue;
		if (unlink(rows[i].path) != 0 && errno != ENOENT)
			success = error_set_errno(error, "cannot delete the old checkpoint %s", rows[i].path);
		else
			success = delete_row(store, rows[i].id, error);
	}
	free(rows);
	return success;
}

/* ---- rewinding ---- */

/* ?1 run, ?2 step. A change journalled at that very step stays: the step after it was trained with it. */
static const char *const rewind_statements[] = {
	"DELETE FROM journal WHERE run_id = ?1 AND step > ?2",
	"DELETE FROM metric_points WHERE run_id = ?1 AND step > ?2",
	"DELETE FROM metric_buckets WHERE run_id = ?1 AND last_step > ?2",
	"DELETE FROM layer_stats WHERE run_id = ?1 AND step > ?2",
	"DELETE FROM samples WHERE run_id = ?1 AND step > ?2",
	"DELETE FROM scores WHERE run_id = ?1 AND step > ?2",
	"DELETE FROM checkpoints WHERE run_id = ?1 AND step > ?2",
	"UPDATE runs SET step = min(step, ?2), verdict = '', verdict_warnings = '', verdict_reason = '', verdict_action = '',"
	" (epochs, loss_d, loss_g) = (SELECT ifnull(max(epochs), 0), max(loss_d), max(loss_g) FROM (SELECT epochs, loss_d, loss_g"
	" FROM metric_points WHERE run_id = ?1 ORDER BY step DESC LIMIT 1)) WHERE id = ?1",
};

static bool rewind_rows(struct store *store, int64_t run, int64_t step, struct error *error)
{
	bool success = true;
	for (size_t i = 0; success && i < sizeof rewind_statements / sizeof *rewind_statements; i++)
		success = run_on_step(store, rewind_statements[i], run, step, error);
	return success && store_summarize_scores(store, run, error) && store_summarize_sizes(store, run, error);
}

bool store_rewind_run(struct store *store, int64_t run, int64_t step, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	if (!store_list_checkpoints(store, run, &rows, &count, error))
		return false;
	bool success = store_begin_span(store, error) && store_end_span(store, rewind_rows(store, run, step, error), error);
	for (size_t i = 0; success && i < count; i++)
		if (rows[i].step > step)
			unlink(rows[i].path);
	free(rows);
	return success;
}
