/* Studies and their cells. */
#include "store/studies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "store/process.h"
#include "store/runs_parts.h"
#include "store/statement.h"

static const char *const study_names[] = {
	[STUDY_OPEN] = "open", [STUDY_RUNNING] = "running", [STUDY_MET] = "met", [STUDY_MISSED] = "missed",
	[STUDY_FINISHED] = "finished",
};
static const char *const cell_names[] = {
	[CELL_QUEUED] = "queued", [CELL_RUNNING] = "running", [CELL_DONE] = "done", [CELL_CUT] = "cut", [CELL_FAILED] = "failed",
};

const char *study_status_name(enum study_status status) { return study_names[status]; }
const char *cell_status_name(enum cell_status status) { return cell_names[status]; }

static int find_name(const char *const names[], int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return 0;
}

void study_clear(struct study *study)
{
	free(study->spec);
	study->spec = NULL;
}

/* ---- studies ---- */

#define STUDY_COLUMNS \
	"id, name, kind, status, created, ended, seconds, message, host, boot_id, pid, process_start, heartbeat," \
	" (SELECT count(*) FROM study_cells WHERE study_id = studies.id)," \
	" (SELECT count(*) FROM study_cells WHERE study_id = studies.id AND status IN ('done', 'cut', 'failed'))"

/* The owner as process.h wants it. */
static struct run owner_of(const struct study *study)
{
	struct run owner = {.pid = study->pid, .process_start = study->process_start, .heartbeat = study->heartbeat};
	text_copy(owner.host, sizeof owner.host, study->host);
	text_copy(owner.boot_id, sizeof owner.boot_id, study->boot_id);
	return owner;
}

static bool is_worked_on(const struct study *study)
{
	struct run self = {0}, owner = owner_of(study);
	process_identify(&self);
	return study->pid && process_is_alive(&owner, &self, clock_unix());
}

static void read_study(struct statement *statement, struct study *study)
{
	char status[16];
	*study = (struct study){.id = statement_read_integer(statement)};
	statement_read_text(statement, study->name, sizeof study->name);
	statement_read_text(statement, study->kind, sizeof study->kind);
	statement_read_text(statement, status, sizeof status);
	study->status = (enum study_status)find_name(study_names, STUDY_FINISHED + 1, status);
	study->created = statement_read_real(statement);
	study->ended = statement_read_real(statement);
	study->seconds = statement_read_real(statement);
	statement_read_text(statement, study->message, sizeof study->message);
	statement_read_text(statement, study->host, sizeof study->host);
	statement_read_text(statement, study->boot_id, sizeof study->boot_id);
	study->pid = statement_read_integer(statement);
	study->process_start = statement_read_integer(statement);
	study->heartbeat = statement_read_real(statement);
	study->cells = statement_read_integer(statement);
	study->cells_done = statement_read_integer(statement);
	if (study->status == STUDY_RUNNING && !is_worked_on(study))
		study->status = STUDY_OPEN;
}

static bool refuse_taken(struct store *store, const char *name, struct error *error)
{
	struct statement statement;
	bool row;
	if (!statement_prepare(&statement, store, "SELECT 1 FROM studies WHERE name = ?", error))
		return false;
	statement_bind_text(&statement, name);
	bool success = statement_step(&statement, &row, error);
	statement_finish(&statement);
	if (success && row)
		return error_set(error, ERROR_STATE, "there is a study %s already: go on with it, or give this one another name", name);
	return success;
}

static bool insert_row(struct store *store, struct study *study, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "INSERT INTO studies (name, kind, status, spec, created, message) VALUES (?, ?, ?, ?, ?, ?)", error))
		return false;
	statement_bind_text(&statement, study->name);
	statement_bind_text(&statement, study->kind);
	statement_bind_text(&statement, study_names[study->status]);
	statement_bind_text(&statement, study->spec);
	statement_bind_real(&statement, study->created > 0 ? study->created : clock_unix());
	statement_bind_text(&statement, study->message);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	study->id = sqlite3_last_insert_rowid(store->db);
	return success;
}

bool store_insert_study(struct store *store, struct study *study, struct error *error)
{
	if (!run_check_name("study", study->name, error) || !store_begin_span(store, error))
		return false;
	bool success = refuse_taken(store, study->name, error) && insert_row(store, study, error);
	return store_end_span(store, success, error);
}

static bool list_where(struct store *store, const char *sql, const char *text, struct study **studies, size_t *count,
                       struct error *error)
{
	struct statement statement;
	bool row, success;
	*studies = NULL;
	*count = 0;
	if (!statement_prepare(&statement, store, sql, error))
		return false;
	if (text)
		statement_bind_text(&statement, text);
	while ((success = statement_step(&statement, &row, error)) && row) {
		*studies = memory_resized(*studies, *count + 1, sizeof **studies);
		read_study(&statement, &(*studies)[(*count)++]);
	}
	statement_finish(&statement);
	if (success)
		return true;
	free(*studies);
	*studies = NULL;
	return false;
}

bool store_list_studies(struct store *store, struct study **studies, size_t *count, struct error *error)
{
	return list_where(store, "SELECT " STUDY_COLUMNS " FROM studies ORDER BY id DESC", NULL, studies, count, error);
}

static bool read_spec(struct store *store, struct study *study, struct error *error)
{
	struct statement statement;
	bool row;
	if (!statement_prepare(&statement, store, "SELECT spec FROM studies WHERE id = ?", error))
		return false;
	statement_bind_integer(&statement, study->id);
	bool success = statement_step(&statement, &row, error);
	if (success && row)
		study->spec = statement_read_owned_text(&statement);
	statement_finish(&statement);
	return success;
}

static bool refuse_unknown(struct store *store, const char *name, struct error *error)
{
	struct study *studies;
	size_t count;
	char names[STORE_TEXT_SIZE] = "";
	if (!store_list_studies(store, &studies, &count, error))
		return false;
	for (size_t i = 0, used = 0; i < count && used < sizeof names - RUN_NAME_SIZE - 8; i++)
		used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", studies[i].name);
	free(studies);
	return error_set(error, ERROR_INPUT, "no study \"%.40s\"; there %s%s", name, count ? "are " : "is none yet", names);
}

bool store_find_study(struct store *store, const char *name_or_id, struct study *study, struct error *error)
{
	struct study *found;
	size_t count;
	if (!list_where(store, "SELECT " STUDY_COLUMNS " FROM studies WHERE name = ?1 OR CAST(id AS TEXT) = ?1", name_or_id, &found,
	                &count, error))
		return false;
	if (!count)
		return refuse_unknown(store, name_or_id, error);
	*study = found[0];
	free(found);
	return read_spec(store, study, error);
}

bool store_set_study_spec(struct store *store, int64_t study, const char *spec, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "UPDATE studies SET spec = ? WHERE id = ?", error))
		return false;
	statement_bind_text(&statement, spec);
	statement_bind_integer(&statement, study);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

/* ---- who works on it ---- */

static bool check_unclaimed(struct store *store, int64_t id, const struct run *self, struct error *error)
{
	struct study *studies;
	size_t count;
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)id);
	if (!list_where(store, "SELECT " STUDY_COLUMNS " FROM studies WHERE CAST(id AS TEXT) = ?", text, &studies, &count, error))
		return false;
	bool free_to_take = count > 0, own = false;
	if (count) {
		own = studies[0].pid == self->pid && studies[0].process_start == self->process_start;
		free_to_take = own || studies[0].status != STUDY_RUNNING;
	}
	if (!free_to_take && count)
		error_set(error, ERROR_STATE, "study %s is being worked on by process %lld on %s: stop that one first", studies[0].name,
		          (long long)studies[0].pid, studies[0].host);
	else if (!count)
		error_set(error, ERROR_INPUT, "there is no study %lld", (long long)id);
	free(studies);
	return free_to_take;
}

static bool write_claim(struct store *store, int64_t study, const struct run *self, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "UPDATE studies SET status = 'running', ended = 0, host = ?, boot_id = ?, pid = ?, process_start = ?,"
	                       " heartbeat = ? WHERE id = ?", error))
		return false;
	statement_bind_text(&statement, self->host);
	statement_bind_text(&statement, self->boot_id);
	statement_bind_integer(&statement, self->pid);
	statement_bind_integer(&statement, self->process_start);
	statement_bind_real(&statement, clock_unix());
	statement_bind_integer(&statement, study);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_claim_study(struct store *store, int64_t study, struct error *error)
{
	struct run self = {0};
	process_identify(&self);
	if (!store_begin_span(store, error))
		return false;
	bool success = check_unclaimed(store, study, &self, error) && write_claim(store, study, &self, error);
	return store_end_span(store, success, error);
}

bool store_update_study(struct store *store, int64_t study, enum study_status status, const char *message, double seconds,
                        struct error *error)
{
	struct statement statement;
	double now = clock_unix();
	if (!statement_prepare(&statement, store,
	                       "UPDATE studies SET status = ?1, message = ?2, seconds = seconds + ?3, heartbeat = ?4,"
	                       " pid = CASE ?1 WHEN 'running' THEN pid ELSE 0 END,"
	                       " ended = CASE WHEN ?1 IN ('met', 'missed', 'finished') THEN ?4 ELSE 0 END WHERE id = ?5", error))
		return false;
	statement_bind_text(&statement, study_names[status]);
	statement_bind_text(&statement, message);
	statement_bind_real(&statement, seconds);
	statement_bind_real(&statement, now);
	statement_bind_integer(&statement, study);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

/* ---- cells ---- */

static bool insert_cell(struct store *store, int64_t study, const struct study_cell *cell, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "INSERT INTO study_cells (study_id, position, key, grouping, method, model, d_bits, g_bits, seed, overrides,"
	                       " status, by_hand) VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM study_cells WHERE study_id = ?1),"
	                       " ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
	                       " ON CONFLICT (study_id, key) DO NOTHING", error))
		return false;
	statement_bind_integer(&statement, study);
	statement_bind_text(&statement, cell->key);
	statement_bind_text(&statement, cell->group);
	statement_bind_text(&statement, cell->method);
	statement_bind_text(&statement, cell->model);
	statement_bind_integer(&statement, cell->d_bits);
	statement_bind_integer(&statement, cell->g_bits);
	statement_bind_unsigned(&statement, cell->seed);
	statement_bind_text(&statement, cell->overrides);
	statement_bind_text(&statement, cell_names[cell->status]);
	statement_bind_integer(&statement, cell->by_hand);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

static bool mark_by_hand(struct store *store, int64_t study, const struct study_cell *cell, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "UPDATE study_cells SET by_hand = 1 WHERE study_id = ? AND key = ?", error))
		return false;
	statement_bind_integer(&statement, study);
	statement_bind_text(&statement, cell->key);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_add_cell(struct store *store, int64_t study, struct study_cell *cell, bool *added, struct error *error)
{
	if (!store_begin_span(store, error))
		return false;
	bool success = insert_cell(store, study, cell, error), is_new = success && sqlite3_changes(store->db) > 0;
	int64_t id = sqlite3_last_insert_rowid(store->db);
	if (success && is_new)
		success = statement_query_integer(store, "SELECT position FROM study_cells WHERE id = ?", id, 0, &cell->position, error);
	else if (success && cell->by_hand)
		success = mark_by_hand(store, study, cell, error);
	if (!store_end_span(store, success, error))
		return false;
	if (is_new)
		cell->id = id;
	if (added)
		*added = is_new;
	return true;
}

bool store_update_cell(struct store *store, const struct study_cell *cell, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "UPDATE study_cells SET status = ?, run_id = ?, identity = ?, evaluations = ?, fid = ?, fid_spread = ?,"
	                       " is_mean = ?, is_spread = ?, bytes = ?, verdict = ?, seconds = ?, message = ? WHERE id = ?", error))
		return false;
	statement_bind_text(&statement, cell_names[cell->status]);
	statement_bind_integer(&statement, cell->run);
	statement_bind_text(&statement, cell->identity);
	statement_bind_integer(&statement, cell->evaluations);
	statement_bind_real(&statement, cell->fid);
	statement_bind_real(&statement, cell->fid_spread);
	statement_bind_real(&statement, cell->is_mean);
	statement_bind_real(&statement, cell->is_spread);
	statement_bind_real(&statement, cell->bytes);
	statement_bind_text(&statement, cell->verdict);
	statement_bind_real(&statement, cell->seconds);
	statement_bind_text(&statement, cell->message);
	statement_bind_integer(&statement, cell->id);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_ask_cut(struct store *store, int64_t cell, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "UPDATE study_cells SET cut_asked = 1 WHERE id = ?", error))
		return false;
	statement_bind_integer(&statement, cell);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_cut_asked(struct store *store, int64_t cell, bool *asked, struct error *error)
{
	int64_t value;
	if (!statement_query_integer(store, "SELECT cut_asked FROM study_cells WHERE id = ?", cell, 0, &value, error))
		return false;
	*asked = value != 0;
	return true;
}

static void read_cell(struct statement *statement, struct study_cell *cell)
{
	char status[16];
	*cell = (struct study_cell){.id = statement_read_integer(statement)};
	cell->position = statement_read_integer(statement);
	statement_read_text(statement, cell->key, sizeof cell->key);
	statement_read_text(statement, cell->group, sizeof cell->group);
	statement_read_text(statement, cell->method, sizeof cell->method);
	statement_read_text(statement, cell->model, sizeof cell->model);
	cell->d_bits = (int)statement_read_integer(statement);
	cell->g_bits = (int)statement_read_integer(statement);
	cell->seed = statement_read_unsigned(statement);
	statement_read_text(statement, cell->overrides, sizeof cell->overrides);
	statement_read_text(statement, status, sizeof status);
	cell->status = (enum cell_status)find_name(cell_names, CELL_FAILED + 1, status);
	cell->by_hand = statement_read_integer(statement) != 0;
	cell->cut_asked = statement_read_integer(statement) != 0;
	cell->run = statement_read_integer(statement);
	statement_read_text(statement, cell->identity, sizeof cell->identity);
	cell->evaluations = (int)statement_read_integer(statement);
	cell->fid = statement_read_real(statement);
	cell->fid_spread = statement_read_real(statement);
	cell->is_mean = statement_read_real(statement);
	cell->is_spread = statement_read_real(statement);
	cell->bytes = statement_read_real(statement);
	statement_read_text(statement, cell->verdict, sizeof cell->verdict);
	cell->seconds = statement_read_real(statement);
	statement_read_text(statement, cell->message, sizeof cell->message);
}

bool store_list_cells(struct store *store, int64_t study, struct study_cell **cells, size_t *count, struct error *error)
{
	struct statement statement;
	bool row, success;
	*cells = NULL;
	*count = 0;
	if (!statement_prepare(&statement, store,
	                       "SELECT id, position, key, grouping, method, model, d_bits, g_bits, seed, overrides, status, by_hand,"
	                       " cut_asked, coalesce(run_id, 0), identity, evaluations, fid, fid_spread, is_mean, is_spread, bytes,"
	                       " verdict, seconds, message FROM study_cells WHERE study_id = ? ORDER BY position", error))
		return false;
	statement_bind_integer(&statement, study);
	while ((success = statement_step(&statement, &row, error)) && row) {
		*cells = memory_resized(*cells, *count + 1, sizeof **cells);
		read_cell(&statement, &(*cells)[(*count)++]);
	}
	statement_finish(&statement);
	if (success)
		return true;
	free(*cells);
	*cells = NULL;
	return false;
}
