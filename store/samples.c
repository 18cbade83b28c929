#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "store/statement.h"

void sample_clear(struct sample *sample)
{
	free(sample->png);
	sample->png = NULL;
	sample->png_size = 0;
}

bool store_insert_sample(struct store *store, int64_t run, const struct sample *sample, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "INSERT INTO samples (run_id, step, time, tiles, columns, seed, d_bits, g_bits, diversity, png)"
	                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, sample->step);
	statement_bind_real(&statement, sample->time);
	statement_bind_integer(&statement, sample->tiles);
	statement_bind_integer(&statement, sample->columns);
	statement_bind_unsigned(&statement, sample->seed);
	statement_bind_integer(&statement, sample->d_bits);
	statement_bind_integer(&statement, sample->g_bits);
	statement_bind_real(&statement, sample->diversity);
	statement_bind_blob(&statement, sample->png, sample->png_size);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

static bool read_sample(struct statement *statement, struct sample *sample, struct error *error)
{
	*sample = (struct sample){.id = statement_read_integer(statement)};
	sample->step = statement_read_integer(statement);
	sample->time = statement_read_real(statement);
	sample->tiles = (int)statement_read_integer(statement);
	sample->columns = (int)statement_read_integer(statement);
	sample->seed = statement_read_unsigned(statement);
	sample->d_bits = (int)statement_read_integer(statement);
	sample->g_bits = (int)statement_read_integer(statement);
	sample->diversity = statement_read_real(statement);
	const void *png = statement_read_blob(statement, &sample->png_size);
	sample->png = memory_try_bytes(sample->png_size + 1, "a sample picture", error);
	if (!sample->png)
		return false;
	if (sample->png_size > 0)
		memcpy(sample->png, png, sample->png_size);
	return true;
}

bool store_find_sample(struct store *store, int64_t run, int64_t step, struct sample *sample, bool *found, struct error *error)
{
	struct statement statement;
	*sample = (struct sample){0};
	*found = false;
	if (!statement_prepare(&statement, store,
	                       "SELECT id, step, time, tiles, columns, seed, d_bits, g_bits, diversity, png FROM samples"
	                       " WHERE run_id = ?1 AND seed = 0 AND (?2 < 0 OR step <= ?2) ORDER BY step DESC, id DESC LIMIT 1",
	                       error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, step);
	bool success = statement_step(&statement, found, error);
	if (success && *found)
		*found = success = read_sample(&statement, sample, error);
	statement_finish(&statement);
	return success;
}

bool store_visit_diversities(struct store *store, int64_t run, void (*visit)(void *context, int64_t step, double diversity),
                             void *context, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "SELECT step, diversity FROM samples WHERE run_id = ? AND seed = 0 AND diversity IS NOT NULL"
	                       " ORDER BY step, id", error))
		return false;
	statement_bind_integer(&statement, run);
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		int64_t step = statement_read_integer(&statement);
		visit(context, step, statement_read_real(&statement));
	}
	statement_finish(&statement);
	return success;
}

bool store_list_sample_steps(struct store *store, int64_t run, int64_t **steps, size_t *count, struct error *error)
{
	return statement_list_integers(store, "SELECT DISTINCT step FROM samples WHERE run_id = ? AND seed = 0 ORDER BY step", run,
	                               steps, count, error);
}
