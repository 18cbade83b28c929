/* What a person changes of a run: name, tags, note, archive, trash. Where files move or go, the order keeps the promise
 * that a row which is offered has its file, wherever a crash comes between:
 *
 *   rename  every file gets its second name (a hard link), the rows change in one transaction, the old names go
 *   purge   the run is in the trash already; its files go, then its rows. Done again, it goes on where it was          */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "store/runs_parts.h"

/* ---- one value ---- */

static bool set_text(struct store *store, const char *sql, const char *value, int64_t run, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, sql, error))
		return false;
	statement_bind_text(&statement, value);
	statement_bind_integer(&statement, run);
	return run_on_one(&statement, run, error);
}

static bool set_real(struct store *store, const char *sql, double value, int64_t run, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, sql, error))
		return false;
	statement_bind_real(&statement, value);
	statement_bind_integer(&statement, run);
	return run_on_one(&statement, run, error);
}

bool store_note_run(struct store *store, int64_t run, const char *note, struct error *error)
{
	for (const char *c = note; *c; c++)
		if (iscntrl((unsigned char)*c))
			return error_set(error, ERROR_INPUT, "a note is one line of text: it holds a control character (code %d)", *c);
	if (strlen(note) >= RUN_NOTE_SIZE)
		return error_set(error, ERROR_INPUT, "the note has %zu bytes; there is room for %d", strlen(note), RUN_NOTE_SIZE - 1);
	return set_text(store, "UPDATE runs SET note = ? WHERE id = ?", note, run, error);
}

bool store_archive_run(struct store *store, int64_t run, bool archived, struct error *error)
{
	return set_real(store, "UPDATE runs SET archived = cast(? AS INTEGER) WHERE id = ?", archived, run, error);
}

static bool check_trashable(struct store *store, int64_t id, struct error *error)
{
	struct run run;
	return run_read(store, id, &run, error) && run_check_free(&run, error);
}

bool store_trash_run(struct store *store, int64_t run, bool trashed, struct error *error)
{
	if (!trashed)
		return set_real(store, "UPDATE runs SET trashed = ? WHERE id = ?", 0, run, error);
	if (!store_begin_span(store, error))
		return false;
	bool success = check_trashable(store, run, error) &&
	               set_real(store, "UPDATE runs SET trashed = ? WHERE id = ?", clock_unix(), run, error);
	return store_end_span(store, success, error);
}

/* ---- tags ---- */

static bool check_tag(const char *tag, struct error *error)
{
	bool fits = tag[0] != '\0' && tag[0] != '-';
	for (const char *c = tag; *c; c++)
		fits = fits && (isalnum((unsigned char)*c) || strchr("._-", *c));
	return fits || error_set(error, ERROR_INPUT, "tag \"%.60s\": letters, digits and . _ - are allowed, not - first", tag);
}

/* `tags` without `tag`, and with it in its place when `add`; false: there is no room. */
static bool edit_tags(const char *tags, const char *tag, bool add, char edited[STORE_TEXT_SIZE])
{
	struct text text = {0};
	text_append(&text, "", 0);
	size_t length;
	for (const char *at = tags; *at; at += length + (at[length] == ' ')) {
		char word[STORE_TEXT_SIZE];
		length = strcspn(at, " ");
		snprintf(word, sizeof word, "%.*s", (int)length, at);
		int order = strcmp(word, tag);
		if (add && order >= 0) {
			text_format(&text, "%s%s", text.length ? " " : "", tag);
			add = false;
		}
		if (order != 0)
			text_format(&text, "%s%s", text.length ? " " : "", word);
	}
	if (add)
		text_format(&text, "%s%s", text.length ? " " : "", tag);
	bool fits = text_copy(edited, STORE_TEXT_SIZE, text.bytes ? text.bytes : "");
	text_clear(&text);
	return fits;
}

static bool write_tags(struct store *store, int64_t id, const char *tag, bool add, struct error *error)
{
	struct run run;
	char tags[STORE_TEXT_SIZE];
	if (!run_read(store, id, &run, error))
		return false;
	if (!edit_tags(run.tags, tag, add, tags))
		return error_set(error, ERROR_INPUT, "run \"%s\" has no room for the tag %.60s: its tags may take %d bytes together", run.name, tag,
		                 STORE_TEXT_SIZE - 1);
	return strcmp(tags, run.tags) == 0 || set_text(store, "UPDATE runs SET tags = ? WHERE id = ?", tags, id, error);
}

bool store_tag_run(struct store *store, int64_t run, const char *tag, bool add, struct error *error)
{
	if (!check_tag(tag, error) || !store_begin_span(store, error))
		return false;
	return store_end_span(store, write_tags(store, run, tag, add, error), error);
}

/* ---- another name ---- */

struct move {              /* of the checkpoint files of one run */
	struct checkpoint_row *rows;
	size_t count;
	char (*targets)[STORE_PATH_SIZE]; /* by row; empty: the file lies elsewhere and stays */
	char from[STORE_PATH_SIZE], to[STORE_PATH_SIZE]; /* folders */
};

static void move_clear(struct move *move)
{
	free(move->rows);
	free(move->targets);
}

static bool plan_move(struct store *store, const struct run *run, const char *name, struct move *move, struct error *error)
{
	char folder[STORE_PATH_SIZE];
	if (!store_runs_folder(store, folder, error) || !store_list_checkpoints(store, run->id, &move->rows, &move->count, error))
		return false;
	if (strlen(folder) + RUN_NAME_SIZE + 48 > STORE_PATH_SIZE)
		return error_set(error, ERROR_INPUT, "%.60s...: the path is too long", folder);
	snprintf(move->from, sizeof move->from, "%.*s/%s", STORE_PATH_SIZE - RUN_NAME_SIZE - 2, folder, run->name);
	snprintf(move->to, sizeof move->to, "%.*s/%s", STORE_PATH_SIZE - RUN_NAME_SIZE - 2, folder, name);
	move->targets = memory_zeroed(move->count + 1, sizeof *move->targets);
	size_t length = strlen(move->from);
	for (size_t i = 0; i < move->count; i++)
		if (strncmp(move->rows[i].path, move->from, length) == 0 && move->rows[i].path[length] == '/')
			snprintf(move->targets[i], STORE_PATH_SIZE, "%.*s%s", STORE_PATH_SIZE - 64, move->to, move->rows[i].path + length);
	return true;
}

/* A file of that name is a leftover of a crash: no row speaks of it. A row whose file is gone has nothing to move. */
static bool link_files(const struct move *move, struct error *error)
{
	for (size_t i = 0; i < move->count; i++) {
		if (!move->targets[i][0])
			continue;
		if (!store_make_folders(move->to, error))
			return false;
		unlink(move->targets[i]);
		if (link(move->rows[i].path, move->targets[i]) != 0 && errno != ENOENT)
			return error_set_errno(error, "cannot link %s to %s", move->rows[i].path, move->to);
	}
	return true;
}

/* The names that are not needed any more: the old ones, or after a failure the new ones. */
static void unlink_files(const struct move *move, bool old)
{
	for (size_t i = 0; i < move->count; i++)
		if (move->targets[i][0])
			unlink(old ? move->rows[i].path : move->targets[i]);
	rmdir(old ? move->from : move->to); /* not when something else lies there */
}

static bool rename_rows(struct store *store, const struct run *run, const char *name, struct error *error)
{
	struct statement statement;
	if (!set_text(store, "UPDATE runs SET name = ? WHERE id = ?", name, run->id, error) ||
	    !statement_prepare(&statement, store,
	                       "UPDATE checkpoints SET path = ?1 || substr(path, length(?2) + 1) WHERE run_id = ?3"
	                       " AND substr(path, 1, length(?2) + 1) = ?2 || '/'", error))
		return false;
	statement_bind_text(&statement, name);
	statement_bind_text(&statement, run->name);
	statement_bind_integer(&statement, run->id);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

/* Everything up to the commit. */
static bool prepare_rename(struct store *store, int64_t id, const char *name, struct move *move, struct error *error)
{
	struct run run;
	bool taken;
	if (!run_read(store, id, &run, error) || !run_check_free(&run, error) || !run_name_is_taken(store, name, &taken, error))
		return false;
	if (strcmp(run.name, name) == 0)
		return true;
	if (taken)
		return error_set(error, ERROR_INPUT, "there is a run \"%s\" in store %s already: choose another name", name, store->path);
	if (!plan_move(store, &run, name, move, error))
		return false;
	bool success = link_files(move, error) && rename_rows(store, &run, name, error);
	if (!success)
		unlink_files(move, false);
	return success;
}

bool store_rename_run(struct store *store, int64_t run, const char *name, struct error *error)
{
	if (!run_check_name("run", name, error))
		return false;
	if (strlen(name) >= RUN_NAME_SIZE)
		return error_set(error, ERROR_INPUT, "run name \"%.20s...\": at most %d letters", name, RUN_NAME_SIZE - 1);
	assert(store->depth == 0); /* the old names go once the new ones are sure */
	struct move move = {0};
	if (!store_begin_span(store, error))
		return false;
	bool prepared = prepare_rename(store, run, name, &move, error);
	bool success = store_end_span(store, prepared, error);
	if (prepared && move.targets)
		unlink_files(&move, success);
	move_clear(&move);
	return success;
}

/* ---- for ever ---- */

static bool check_purgeable(struct store *store, int64_t id, struct run *run, struct error *error)
{
	if (!run_read(store, id, run, error) || !run_check_free(run, error))
		return false;
	return run->trashed > 0 ||
	       error_set(error, ERROR_STATE, "run \"%s\" is not in the trash: qgan runs delete %s puts it there", run->name, run->name);
}

static bool delete_files(struct store *store, const struct run *run, double *bytes, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	char folder[STORE_PATH_SIZE];
	if (!store_runs_folder(store, folder, error) || !store_list_checkpoints(store, run->id, &rows, &count, error))
		return false;
	bool success = true;
	for (size_t i = 0; success && i < count; i++) {
		bool gone = unlink(rows[i].path) == 0;
		*bytes += gone ? (double)rows[i].bytes : 0;
		if (!gone && errno != ENOENT)
			success = error_set_errno(error, "cannot delete the checkpoint %s", rows[i].path);
	}
	free(rows);
	size_t used = strlen(folder);
	snprintf(folder + used, sizeof folder - used, "/%s", run->name);
	if (success)
		rmdir(folder); /* not when something else lies there */
	return success;
}

/* The run cannot be claimed while this transaction has the lock. */
static bool purge(struct store *store, int64_t id, double *bytes, struct error *error)
{
	struct run run;
	struct statement statement;
	if (!check_purgeable(store, id, &run, error) || !delete_files(store, &run, bytes, error) ||
	    !statement_prepare(&statement, store, "DELETE FROM runs WHERE id = ?", error))
		return false;
	statement_bind_integer(&statement, id);
	return run_on_one(&statement, id, error);
}

bool store_purge_run(struct store *store, int64_t run, double *bytes, struct error *error)
{
	double freed = 0;
	assert(store->depth == 0);
	if (!store_begin_span(store, error))
		return false;
	bool success = store_end_span(store, purge(store, run, &freed, error), error);
	if (bytes)
		*bytes = freed;
	return success;
}
