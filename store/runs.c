/* Runs: one summary row each, so that a list of thousands reads nothing else. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "store/process.h"
#include "store/runs_parts.h"

static const char *const status_names[] = {
	[RUN_LIVE] = "live",
	[RUN_PAUSED] = "paused",
	[RUN_FINISHED] = "finished",
	[RUN_STOPPED] = "stopped",
	[RUN_CRASHED] = "crashed",
	[RUN_FAILED] = "failed",
};

const char *run_status_name(enum run_status status)
{
	return status_names[status];
}

bool run_status_parse(const char *name, enum run_status *status)
{
	for (size_t i = 0; i < sizeof status_names / sizeof *status_names; i++)
		if (strcmp(status_names[i], name) == 0) {
			*status = (enum run_status)i;
			return true;
		}
	return false;
}

void run_clear(struct run *run)
{
	free(run->config_json);
	run->config_json = NULL;
}

static bool needs_process(enum run_status status)
{
	return status == RUN_LIVE || status == RUN_PAUSED;
}

/* ---- reading ---- */

/* In the order of read_run. */
#define RUN_COLUMNS \
	"id, name, status, model, data, quantizer, size, channels, width, batch, d_bits, g_bits, seed, version, machine," \
	" host, boot_id, pid, process_start, created, heartbeat, ended, train_seconds, step, last_step, epochs," \
	" loss_d, loss_g, coalesce(parent_id, 0), parent_step, message, verdict, verdict_warnings, verdict_reason," \
	" verdict_action, score_identity, score_step, fid, fid_std, kid, kid_std, is_mean, is_std, best_fid_step, best_is_step," \
	" best_fid, best_fid_std, best_is, best_is_std, packed_d, float_d, packed_g, float_g," \
	" tags, note, archived, trashed, change"

static void read_scores(struct statement *statement, struct run_scores *scores)
{
	statement_read_text(statement, scores->identity, sizeof scores->identity);
	scores->step = statement_read_integer(statement);
	scores->fid = statement_read_real(statement);
	scores->fid_std = statement_read_real(statement);
	scores->kid = statement_read_real(statement);
	scores->kid_std = statement_read_real(statement);
	scores->is_mean = statement_read_real(statement);
	scores->is_std = statement_read_real(statement);
	scores->best_fid_step = statement_read_integer(statement);
	scores->best_is_step = statement_read_integer(statement);
	scores->best_fid = statement_read_real(statement);
	scores->best_fid_std = statement_read_real(statement);
	scores->best_is = statement_read_real(statement);
	scores->best_is_std = statement_read_real(statement);
}

static void read_sizes(struct statement *statement, struct run_sizes *sizes)
{
	sizes->packed_d = statement_read_real(statement);
	sizes->float_d = statement_read_real(statement);
	sizes->packed_g = statement_read_real(statement);
	sizes->float_g = statement_read_real(statement);
}

/* As recorded: the status is not yet compared with the process. */
static void read_run(struct statement *statement, struct run *run)
{
	char status[16];
	*run = (struct run){.id = statement_read_integer(statement)};
	statement_read_text(statement, run->name, sizeof run->name);
	statement_read_text(statement, status, sizeof status);
	if (!run_status_parse(status, &run->status))
		run->status = RUN_CRASHED;
	statement_read_text(statement, run->model, sizeof run->model);
	statement_read_text(statement, run->data, sizeof run->data);
	statement_read_text(statement, run->quantizer, sizeof run->quantizer);
	run->size = (int)statement_read_integer(statement);
	run->channels = (int)statement_read_integer(statement);
	run->width = (int)statement_read_integer(statement);
	run->batch = (int)statement_read_integer(statement);
	run->d_bits = (int)statement_read_integer(statement);
	run->g_bits = (int)statement_read_integer(statement);
	run->seed = statement_read_unsigned(statement);
	statement_read_text(statement, run->version, sizeof run->version);
	statement_read_text(statement, run->machine, sizeof run->machine);
	statement_read_text(statement, run->host, sizeof run->host);
	statement_read_text(statement, run->boot_id, sizeof run->boot_id);
	run->pid = statement_read_integer(statement);
	run->process_start = statement_read_integer(statement);
	run->created = statement_read_real(statement);
	run->heartbeat = statement_read_real(statement);
	run->ended = statement_read_real(statement);
	run->train_seconds = statement_read_real(statement);
	run->step = statement_read_integer(statement);
	run->last_step = statement_read_integer(statement);
	run->epochs = statement_read_real(statement);
	run->loss_d = statement_read_real(statement);
	run->loss_g = statement_read_real(statement);
	run->parent_id = statement_read_integer(statement);
	run->parent_step = statement_read_integer(statement);
	statement_read_text(statement, run->message, sizeof run->message);
	statement_read_text(statement, run->verdict.kind, sizeof run->verdict.kind);
	statement_read_text(statement, run->verdict.warnings, sizeof run->verdict.warnings);
	statement_read_text(statement, run->verdict.reason, sizeof run->verdict.reason);
	statement_read_text(statement, run->verdict.action, sizeof run->verdict.action);
	read_scores(statement, &run->scores);
	read_sizes(statement, &run->sizes);
	statement_read_text(statement, run->tags, sizeof run->tags);
	statement_read_text(statement, run->note, sizeof run->note);
	run->archived = statement_read_integer(statement) != 0;
	run->trashed = statement_read_real(statement);
	run->change = statement_read_integer(statement);
}

static void show_dead_as_crashed(struct run *run, const struct run *self, double now)
{
	if (needs_process(run->status) && !process_is_alive(run, self, now))
		run->status = RUN_CRASHED;
}

/* By name when `name` is not NULL, else by id. *found false: there is none, *run is untouched. */
static bool select_run(struct store *store, const char *name, int64_t id, struct run *run, bool *found, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, name ? "SELECT " RUN_COLUMNS ", config_json FROM runs WHERE name = ?"
	                                               : "SELECT " RUN_COLUMNS ", config_json FROM runs WHERE id = ?", error))
		return false;
	if (name)
		statement_bind_text(&statement, name);
	else
		statement_bind_integer(&statement, id);
	bool success = statement_step(&statement, found, error);
	if (success && *found) {
		read_run(&statement, run);
		run->config_json = statement_read_owned_text(&statement);
	}
	statement_finish(&statement);
	return success;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance: changed, added and missing letters. */
static size_t count_edits(const char *a, const char *b)
{
	size_t row[RUN_NAME_SIZE], length = strlen(b);
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];
			row[j] = least(least(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[length];
}

/* The name most like `wanted`, else the newest one. False: there are no runs. */
static bool find_nearest(struct store *store, const char *wanted, char nearest[RUN_NAME_SIZE], bool *alike)
{
	char name[RUN_NAME_SIZE];
	size_t fewest = strlen(wanted) / 2 + 1; /* more would not be a typing mistake */
	nearest[0] = '\0';
	*alike = false;
	struct statement statement;
	if (!statement_prepare(&statement, store, "SELECT name FROM runs ORDER BY id DESC", NULL))
		return false;
	bool row;
	while (statement_step(&statement, &row, NULL) && row) {
		statement_read_text(&statement, name, sizeof name);
		size_t edits = count_edits(wanted, name);
		if (edits < fewest || nearest[0] == '\0')
			text_copy(nearest, RUN_NAME_SIZE, name);
		if (edits < fewest) {
			fewest = edits;
			*alike = true;
		}
	}
	statement_finish(&statement);
	return nearest[0] != '\0';
}

/* Always false: fills the error of a run that is not there. */
static bool fail_unknown(struct store *store, const char *wanted, struct error *error)
{
	char nearest[RUN_NAME_SIZE], cut[RUN_NAME_SIZE];
	bool alike;
	text_copy(cut, sizeof cut, wanted);
	if (!find_nearest(store, cut, nearest, &alike))
		return error_set(error, ERROR_INPUT, "there is no run \"%s\": store %s has no runs yet", cut, store->path);
	return error_set(error, ERROR_INPUT, "there is no run \"%s\" in store %s; %s \"%s\"", cut, store->path,
	                 alike ? "the nearest name is" : "the newest is", nearest);
}

bool store_find_run(struct store *store, const char *name_or_id, struct run *run, struct error *error)
{
	int64_t id = 0;
	bool is_id = text_to_int64(name_or_id, &id), found;
	if (!select_run(store, is_id ? NULL : name_or_id, id, run, &found, error))
		return false;
	if (!found)
		return fail_unknown(store, name_or_id, error);
	struct run self = {0};
	process_identify(&self);
	show_dead_as_crashed(run, &self, clock_unix());
	return true;
}

/* Of a statement that selects RUN_COLUMNS and, when `settings`, config_json; finishes it. */
static bool collect_runs(struct statement *statement, bool settings, struct run **runs, size_t *count, struct error *error)
{
	*runs = NULL;
	*count = 0;
	bool row, success;
	size_t capacity = 0;
	while ((success = statement_step(statement, &row, error)) && row) {
		if (*count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			*runs = memory_resized(*runs, capacity, sizeof **runs);
		}
		struct run *run = &(*runs)[(*count)++];
		read_run(statement, run);
		run->config_json = settings ? statement_read_owned_text(statement) : NULL;
	}
	statement_finish(statement);
	if (success) {
		store_check_processes(*runs, *count);
		return true;
	}
	store_free_runs(*runs, *count);
	*runs = NULL;
	*count = 0;
	return false;
}

bool store_list_runs(struct store *store, struct run **runs, size_t *count, struct error *error)
{
	struct statement statement;
	*runs = NULL;
	*count = 0;
	return statement_prepare(&statement, store, "SELECT " RUN_COLUMNS " FROM runs WHERE trashed = 0 ORDER BY id DESC", error) &&
	       collect_runs(&statement, false, runs, count, error);
}

bool store_list_forks(struct store *store, int64_t run, struct run **runs, size_t *count, struct error *error)
{
	struct statement statement;
	*runs = NULL;
	*count = 0;
	if (!statement_prepare(&statement, store, "SELECT " RUN_COLUMNS " FROM runs WHERE trashed = 0 AND parent_id = ? ORDER BY id DESC",
	                       error))
		return false;
	statement_bind_integer(&statement, run);
	return collect_runs(&statement, false, runs, count, error);
}

/* The numbers are read first: what comes between the two looks is told once more by the next. */
bool store_list_changes(struct store *store, int64_t since, struct run_changes *changes, struct error *error)
{
	*changes = (struct run_changes){0};
	int64_t deleted;
	struct statement statement;
	if (!statement_query_integer(store, "SELECT deleted FROM run_changes", 0, 0, &deleted, error) ||
	    !statement_query_integer(store, "SELECT latest FROM run_changes", 0, 0, &changes->now, error))
		return false;
	changes->all = since == 0 || since < deleted;
	if (!statement_prepare(&statement, store,
	                       changes->all ? "SELECT " RUN_COLUMNS ", config_json FROM runs ORDER BY id DESC"
	                                    : "SELECT " RUN_COLUMNS ", config_json FROM runs INDEXED BY runs_by_change"
	                                   " WHERE change > ? ORDER BY id DESC", error))
		return false;
	if (!changes->all)
		statement_bind_integer(&statement, since);
	return collect_runs(&statement, true, &changes->runs, &changes->count, error);
}

void store_check_processes(struct run *runs, size_t count)
{
	struct run self = {0};
	double now = clock_unix();
	process_identify(&self);
	for (size_t i = 0; i < count; i++)
		show_dead_as_crashed(&runs[i], &self, now);
}

void store_free_runs(struct run *runs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_clear(&runs[i]);
	free(runs);
}

/* ---- writing ---- */

bool run_check_name(const char *what, const char *name, struct error *error)
{
	bool only_digits = true, fits = name[0] != '\0' && isalnum((unsigned char)name[0]);
	for (const char *c = name; *c != '\0'; c++) {
		only_digits = only_digits && isdigit((unsigned char)*c);
		fits = fits && (isalnum((unsigned char)*c) || strchr("._-", *c));
	}
	if (fits && !only_digits)
		return true;
	return error_set(error, ERROR_INPUT, "%s name \"%.80s\": letters, digits and . _ - are allowed, a letter or digit first, "
	                 "not digits only", what, name);
}

bool run_name_is_taken(struct store *store, const char *name, bool *taken, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "SELECT 1 FROM runs WHERE name = ?", error))
		return false;
	statement_bind_text(&statement, name);
	bool success = statement_step(&statement, taken, error);
	statement_finish(&statement);
	return success;
}

/* "name", else "name-2", "name-3", ...: inside the transaction that inserts it, so that nobody comes between. */
static bool choose_name(struct store *store, char name[RUN_NAME_SIZE], bool exact, struct error *error)
{
	char base[RUN_NAME_SIZE];
	text_copy(base, sizeof base, name);
	for (int number = 2; ; number++) {
		bool taken;
		if (!run_name_is_taken(store, name, &taken, error))
			return false;
		if (!taken)
			return true;
		if (exact)
			return error_set(error, ERROR_INPUT, "there is a run \"%s\" in store %s already: choose another name", name, store->path);
		char suffix[16];
		int length = snprintf(suffix, sizeof suffix, "-%d", number);
		snprintf(name, RUN_NAME_SIZE, "%.*s%s", RUN_NAME_SIZE - 1 - length, base, suffix);
	}
}

/* In the order of the columns named in insert_row. */
static void bind_run(struct statement *statement, const struct run *run)
{
	statement_bind_text(statement, run->name);
	statement_bind_text(statement, run_status_name(run->status));
	statement_bind_text(statement, run->model);
	statement_bind_text(statement, run->data);
	statement_bind_text(statement, run->quantizer);
	statement_bind_integer(statement, run->size);
	statement_bind_integer(statement, run->channels);
	statement_bind_integer(statement, run->width);
	statement_bind_integer(statement, run->batch);
	statement_bind_integer(statement, run->d_bits);
	statement_bind_integer(statement, run->g_bits);
	statement_bind_unsigned(statement, run->seed);
	statement_bind_text(statement, run->version);
	statement_bind_text(statement, run->machine);
	statement_bind_text(statement, run->host);
	statement_bind_text(statement, run->boot_id);
	statement_bind_integer(statement, run->pid);
	statement_bind_integer(statement, run->process_start);
	statement_bind_real(statement, run->created);
	statement_bind_real(statement, run->heartbeat);
	statement_bind_real(statement, run->ended);
	statement_bind_real(statement, run->train_seconds);
	statement_bind_integer(statement, run->step);
	statement_bind_integer(statement, run->last_step);
	statement_bind_real(statement, run->epochs);
	statement_bind_real(statement, run->loss_d);
	statement_bind_real(statement, run->loss_g);
	statement_bind_integer(statement, run->parent_id);
	statement_bind_integer(statement, run->parent_step);
	statement_bind_text(statement, run->message);
	statement_bind_text(statement, run->config_json ? run->config_json : "{}");
}

static bool insert_row(struct store *store, const struct run *run, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "INSERT INTO runs (name, status, model, data, quantizer, size, channels, width, batch, d_bits,"
	                       " g_bits, seed, version, machine, host, boot_id, pid, process_start, created, heartbeat, ended,"
	                       " train_seconds, step, last_step, epochs, loss_d, loss_g, parent_id, parent_step, message,"
	                       " config_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	                       " ?, ?, ?, nullif(?, 0), ?, ?, ?)", error))
		return false;
	bind_run(&statement, run);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_insert_run(struct store *store, struct run *run, bool exact_name, struct error *error)
{
	if (!run_check_name("run", run->name, error) || !store_begin_span(store, error))
		return false;
	struct run row = *run;
	if (needs_process(row.status) && row.pid == 0)
		process_identify(&row);
	if (row.created == 0)
		row.created = clock_unix();
	if (row.heartbeat == 0)
		row.heartbeat = row.created;
	bool success = choose_name(store, row.name, exact_name, error) && insert_row(store, &row, error);
	row.id = sqlite3_last_insert_rowid(store->db);
	if (!store_end_span(store, success, error))
		return false;
	*run = row;
	return true;
}

bool run_on_one(struct statement *statement, int64_t run, struct error *error)
{
	struct store *store = statement->store;
	bool success = statement_run(statement, error);
	statement_finish(statement);
	if (!success || sqlite3_changes(store->db) == 1)
		return success;
	return error_set(error, ERROR_INPUT, "there is no run %" PRId64 " in store %s", run, store->path);
}

bool store_update_run(struct store *store, int64_t run, const struct run_progress *progress, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "UPDATE runs SET status = ?, step = ?, epochs = ?, loss_d = ?, loss_g = ?, train_seconds = ?,"
	                       " d_bits = ?, g_bits = ?, quantizer = ?, message = ?, heartbeat = ?, ended = ? WHERE id = ?", error))
		return false;
	double now = clock_unix();
	statement_bind_text(&statement, run_status_name(progress->status));
	statement_bind_integer(&statement, progress->step);
	statement_bind_real(&statement, progress->epochs);
	statement_bind_real(&statement, progress->loss_d);
	statement_bind_real(&statement, progress->loss_g);
	statement_bind_real(&statement, progress->train_seconds);
	statement_bind_integer(&statement, progress->d_bits);
	statement_bind_integer(&statement, progress->g_bits);
	statement_bind_text(&statement, progress->quantizer);
	statement_bind_text(&statement, progress->message);
	statement_bind_real(&statement, now);
	statement_bind_real(&statement, needs_process(progress->status) ? 0 : now);
	statement_bind_integer(&statement, run);
	return run_on_one(&statement, run, error);
}

bool store_set_verdict(struct store *store, int64_t run, const struct run_verdict *verdict, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "UPDATE runs SET verdict = ?, verdict_warnings = ?, verdict_reason = ?, verdict_action = ? WHERE id = ?",
	                       error))
		return false;
	statement_bind_text(&statement, verdict->kind);
	statement_bind_text(&statement, verdict->warnings);
	statement_bind_text(&statement, verdict->reason);
	statement_bind_text(&statement, verdict->action);
	statement_bind_integer(&statement, run);
	return run_on_one(&statement, run, error);
}

bool store_update_run_facts(struct store *store, int64_t run, int channels, int64_t last_step, const char *config_json,
                            struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "UPDATE runs SET channels = ?, last_step = ?, config_json = coalesce(?, config_json) WHERE id = ?",
	                       error))
		return false;
	statement_bind_integer(&statement, channels);
	statement_bind_integer(&statement, last_step);
	statement_bind_text(&statement, config_json);
	statement_bind_integer(&statement, run);
	return run_on_one(&statement, run, error);
}

/* ---- owning a run ---- */

bool run_read(struct store *store, int64_t id, struct run *run, struct error *error)
{
	bool found;
	if (!select_run(store, NULL, id, run, &found, error))
		return false;
	if (!found)
		return error_set(error, ERROR_INPUT, "there is no run %" PRId64 " in store %s", id, store->path);
	run_clear(run);
	return true;
}

bool run_check_free(const struct run *run, struct error *error)
{
	struct run self = {0};
	if (!needs_process(run->status))
		return true;
	process_identify(&self);
	if (!process_is_alive(run, &self, clock_unix()))
		return true;
	return error_set(error, ERROR_STATE, "run \"%s\" is %s in process %" PRId64 " on %s: stop it there first", run->name,
	                 run_status_name(run->status), run->pid, run->host);
}

static bool write_owner(struct store *store, int64_t run, const struct run *self, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "UPDATE runs SET status = 'live', host = ?, boot_id = ?, pid = ?, process_start = ?,"
	                       " heartbeat = ?, ended = 0, message = '' WHERE id = ?", error))
		return false;
	statement_bind_text(&statement, self->host);
	statement_bind_text(&statement, self->boot_id);
	statement_bind_integer(&statement, self->pid);
	statement_bind_integer(&statement, self->process_start);
	statement_bind_real(&statement, clock_unix());
	statement_bind_integer(&statement, run);
	return run_on_one(&statement, run, error);
}

static bool check_claimable(struct store *store, int64_t id, struct error *error)
{
	struct run run;
	if (!run_read(store, id, &run, error) || !run_check_free(&run, error))
		return false;
	return run.trashed == 0 ||
	       error_set(error, ERROR_STATE, "run \"%s\" is in the trash: qgan runs restore %s brings it back", run.name, run.name);
}

bool store_claim_run(struct store *store, int64_t run, struct error *error)
{
	struct run self = {0};
	process_identify(&self);
	if (!store_begin_span(store, error))
		return false;
	bool success = check_claimable(store, run, error) && write_owner(store, run, &self, error);
	return store_end_span(store, success, error);
}
