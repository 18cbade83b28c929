/* Scores: one row an evaluation. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "store/statement.h"
#include "store/summary.h"

enum { REFERENCE_KIND = 48, HASH_SHOWN = 8 }; /* letters of a data set's name and digits of its hash, in an identity */

void score_identity(const struct score *score, char identity[SCORE_IDENTITY_SIZE])
{
	int kind = (int)strcspn(score->reference, ":"); /* where its files lie does not matter */
	snprintf(identity, SCORE_IDENTITY_SIZE, "%s, %" PRId64 " pictures in %d splits, against %.*s %s %.*s", score->features,
	         score->samples, score->splits, kind < REFERENCE_KIND ? kind : REFERENCE_KIND, score->reference, score->split,
	         HASH_SHOWN, score->reference_hash);
}

/* In the order of bind_score and read_score. */
#define SCORE_COLUMNS \
	"step, time, live, recipe, features, weights_hash, resize, reference, split, reference_hash, samples," \
	" reference_samples, splits, kid_subsets, kid_subset_size, dimensions, seed, d_bits, g_bits, regularized, fid, fid_std," \
	" kid, kid_std, is_mean, is_std, seconds, identity"

static void bind_score(struct statement *statement, const struct score *score)
{
	statement_bind_integer(statement, score->step);
	statement_bind_real(statement, score->time);
	statement_bind_integer(statement, score->live);
	statement_bind_text(statement, score->recipe);
	statement_bind_text(statement, score->features);
	statement_bind_text(statement, score->weights_hash);
	statement_bind_text(statement, score->resize);
	statement_bind_text(statement, score->reference);
	statement_bind_text(statement, score->split);
	statement_bind_text(statement, score->reference_hash);
	statement_bind_integer(statement, score->samples);
	statement_bind_integer(statement, score->reference_samples);
	statement_bind_integer(statement, score->splits);
	statement_bind_integer(statement, score->kid_subsets);
	statement_bind_integer(statement, score->kid_subset_size);
	statement_bind_integer(statement, score->dimensions);
	statement_bind_unsigned(statement, score->seed);
	statement_bind_integer(statement, score->d_bits);
	statement_bind_integer(statement, score->g_bits);
	statement_bind_integer(statement, score->regularized);
	statement_bind_real(statement, score->fid);
	statement_bind_real(statement, score->fid_std);
	statement_bind_real(statement, score->kid);
	statement_bind_real(statement, score->kid_std);
	statement_bind_real(statement, score->is_mean);
	statement_bind_real(statement, score->is_std);
	statement_bind_real(statement, score->seconds);
	statement_bind_text(statement, score->identity);
}

static void read_score(struct statement *statement, struct score *score)
{
	*score = (struct score){.id = statement_read_integer(statement)};
	score->step = statement_read_integer(statement);
	score->time = statement_read_real(statement);
	score->live = statement_read_integer(statement) != 0;
	statement_read_text(statement, score->recipe, sizeof score->recipe);
	statement_read_text(statement, score->features, sizeof score->features);
	statement_read_text(statement, score->weights_hash, sizeof score->weights_hash);
	statement_read_text(statement, score->resize, sizeof score->resize);
	statement_read_text(statement, score->reference, sizeof score->reference);
	statement_read_text(statement, score->split, sizeof score->split);
	statement_read_text(statement, score->reference_hash, sizeof score->reference_hash);
	score->samples = statement_read_integer(statement);
	score->reference_samples = statement_read_integer(statement);
	score->splits = (int)statement_read_integer(statement);
	score->kid_subsets = (int)statement_read_integer(statement);
	score->kid_subset_size = (int)statement_read_integer(statement);
	score->dimensions = (int)statement_read_integer(statement);
	score->seed = statement_read_unsigned(statement);
	score->d_bits = (int)statement_read_integer(statement);
	score->g_bits = (int)statement_read_integer(statement);
	score->regularized = statement_read_integer(statement) != 0;
	score->fid = statement_read_real(statement);
	score->fid_std = statement_read_real(statement);
	score->kid = statement_read_real(statement);
	score->kid_std = statement_read_real(statement);
	score->is_mean = statement_read_real(statement);
	score->is_std = statement_read_real(statement);
	score->seconds = statement_read_real(statement);
	statement_read_text(statement, score->identity, sizeof score->identity);
}

static bool insert_row(struct store *store, int64_t run, const struct score *score, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "INSERT INTO scores (run_id, " SCORE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	                       " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", error))
		return false;
	statement_bind_integer(&statement, run);
	bind_score(&statement, score);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_insert_score(struct store *store, int64_t run, struct score *score, struct error *error)
{
	struct score row = *score;
	score_identity(&row, row.identity);
	if (!store_begin_span(store, error))
		return false;
	bool success = insert_row(store, run, &row, error);
	row.id = sqlite3_last_insert_rowid(store->db);
	success = success && store_summarize_scores(store, run, error);
	if (!store_end_span(store, success, error))
		return false;
	*score = row;
	return true;
}

bool store_visit_scores(struct store *store, int64_t run, const char *identity,
                        void (*visit)(void *context, const struct score *score), void *context, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "SELECT id, " SCORE_COLUMNS " FROM scores WHERE run_id = ?1 AND (?2 IS NULL OR identity = ?2)"
	                       " ORDER BY step, id", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_text(&statement, identity);
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		struct score score;
		read_score(&statement, &score);
		visit(context, &score);
	}
	statement_finish(&statement);
	return success;
}

bool store_find_best_score(struct store *store, int64_t run, const char *identity, struct score *score, bool *found,
                           struct error *error)
{
	struct statement statement;
	*found = false;
	if (!statement_prepare(&statement, store,
	                       "SELECT id, " SCORE_COLUMNS " FROM scores WHERE run_id = ? AND identity = ? AND fid IS NOT NULL"
	                       " ORDER BY fid, step, id LIMIT 1", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_text(&statement, identity);
	bool success = statement_step(&statement, found, error);
	if (success && *found)
		read_score(&statement, score);
	statement_finish(&statement);
	return success;
}

bool store_is_best_score(struct store *store, int64_t run, int64_t step, bool *best, struct error *error)
{
	int64_t best_step;
	if (!statement_query_integer(store, "SELECT best_fid_step FROM runs WHERE id = ? AND best_fid IS NOT NULL", run, -1,
	                             &best_step, error))
		return false;
	*best = best_step == step;
	return true;
}
