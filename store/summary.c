#include "store/summary.h"

#include "store/statement.h"

/* A statement about one run. */
static bool run_on_run(struct store *store, const char *sql, int64_t run, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, sql, error))
		return false;
	statement_bind_integer(&statement, run);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool store_summarize_sizes(struct store *store, int64_t run, struct error *error)
{
	return run_on_run(store, "UPDATE runs SET " STORE_SET_SIZES " WHERE id = ?", run, error);
}

/* max(...) of at most one row gives NULLs where there is none. */
static const char *const score_statements[] = {
	"UPDATE runs SET score_identity = coalesce("
	"	(SELECT identity FROM scores WHERE run_id = ?1 ORDER BY live DESC, id DESC LIMIT 1), '') WHERE id = ?1",
	"UPDATE runs SET (score_step, fid, fid_std, kid, kid_std, is_mean, is_std) = (SELECT ifnull(max(step), 0), max(fid),"
	"	max(fid_std), max(kid), max(kid_std), max(is_mean), max(is_std) FROM (SELECT * FROM scores"
	"	WHERE run_id = ?1 AND identity = score_identity ORDER BY step DESC, id DESC LIMIT 1)) WHERE id = ?1",
	"UPDATE runs SET (best_fid_step, best_fid, best_fid_std) = (SELECT ifnull(max(step), 0), max(fid), max(fid_std)"
	"	FROM (SELECT * FROM scores WHERE run_id = ?1 AND identity = score_identity AND fid IS NOT NULL"
	"	ORDER BY fid, step, id LIMIT 1)) WHERE id = ?1",
	"UPDATE runs SET (best_is_step, best_is, best_is_std) = (SELECT ifnull(max(step), 0), max(is_mean), max(is_std)"
	"	FROM (SELECT * FROM scores WHERE run_id = ?1 AND identity = score_identity AND is_mean IS NOT NULL"
	"	ORDER BY is_mean DESC, step, id LIMIT 1)) WHERE id = ?1",
};

bool store_summarize_scores(struct store *store, int64_t run, struct error *error)
{
	bool success = true;
	for (size_t i = 0; success && i < sizeof score_statements / sizeof *score_statements; i++)
		success = run_on_run(store, score_statements[i], run, error);
	return success;
}
