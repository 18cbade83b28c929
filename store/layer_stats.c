/* Layer statistics: one row a layer and recorded step, with child rows for its states and for the bins that hold
 * weights. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "store/statement.h"

/* ---- writing ---- */

static bool insert_layer(struct statement *statement, int64_t run, const struct layer_stats *stats, struct error *error)
{
	const char network[] = {stats->network, '\0'};
	statement_bind_integer(statement, run);
	statement_bind_integer(statement, stats->step);
	statement_bind_text(statement, network);
	statement_bind_integer(statement, stats->position);
	statement_bind_text(statement, stats->layer);
	statement_bind_text(statement, stats->shape);
	statement_bind_text(statement, stats->quantizer);
	statement_bind_integer(statement, stats->bits);
	statement_bind_real(statement, stats->alpha);
	statement_bind_real(statement, stats->beta);
	statement_bind_real(statement, stats->mse);
	statement_bind_real(statement, stats->variance);
	statement_bind_real(statement, stats->sqnr_db);
	statement_bind_real(statement, stats->utilization);
	statement_bind_real(statement, stats->flips);
	statement_bind_integer(statement, stats->iterations);
	statement_bind_integer(statement, stats->weights);
	statement_bind_real(statement, stats->histogram_min);
	statement_bind_real(statement, stats->histogram_max);
	statement_bind_integer(statement, stats->bins);
	return statement_run(statement, error);
}

static bool insert_states(struct statement *statement, int64_t id, const struct layer_stats *stats, struct error *error)
{
	bool success = true;
	for (int i = 0; success && i < stats->states; i++) {
		statement_bind_integer(statement, id);
		statement_bind_integer(statement, i);
		statement_bind_real(statement, stats->levels[i]);
		statement_bind_integer(statement, stats->counts[i]);
		success = statement_run(statement, error);
	}
	return success;
}

static bool insert_bins(struct statement *statement, int64_t id, const struct layer_stats *stats, struct error *error)
{
	bool success = true;
	for (int i = 0; success && i < stats->bins; i++) {
		if (stats->histogram[i] == 0)
			continue;
		statement_bind_integer(statement, id);
		statement_bind_integer(statement, i);
		statement_bind_integer(statement, stats->histogram[i]);
		success = statement_run(statement, error);
	}
	return success;
}

static bool insert_all(struct store *store, int64_t run, const struct layer_stats *stats, size_t count, struct error *error)
{
	struct statement layers = {0}, states = {0}, bins = {0};
	bool success =
		statement_prepare(&layers, store,
		                  "INSERT OR REPLACE INTO layer_stats (run_id, step, network, position, layer, shape, quantizer, bits,"
		                  " alpha, beta, mse, variance, sqnr_db, utilization, flips, iterations, weights, histogram_min,"
		                  " histogram_max, bins) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", error) &&
		statement_prepare(&states, store, "INSERT INTO layer_states (stats_id, state, level, count) VALUES (?, ?, ?, ?)", error) &&
		statement_prepare(&bins, store, "INSERT INTO layer_bins (stats_id, bin, count) VALUES (?, ?, ?)", error);
	for (size_t i = 0; success && i < count; i++) {
		success = insert_layer(&layers, run, &stats[i], error);
		int64_t id = sqlite3_last_insert_rowid(store->db);
		success = success && insert_states(&states, id, &stats[i], error) && insert_bins(&bins, id, &stats[i], error);
	}
	statement_finish(&layers);
	statement_finish(&states);
	statement_finish(&bins);
	return success;
}

bool store_insert_layer_stats(struct store *store, int64_t run, const struct layer_stats *stats, size_t count,
                              struct error *error)
{
	if (!store_begin_span(store, error))
		return false;
	bool success = insert_all(store, run, stats, count, error);
	return store_end_span(store, success, error);
}

/* ---- reading ---- */

/* Arrays reused from layer to layer of one visit; the sizes come from the file, so they grow as needed. */
struct layer_arrays {
	double *levels;
	int64_t *counts, *histogram;
};

static void clear_arrays(struct layer_arrays *arrays)
{
	free(arrays->levels);
	free(arrays->counts);
	free(arrays->histogram);
}

/* Leaves stats->states as the number of rows there are. */
static bool read_states(struct statement *statement, int64_t id, struct layer_stats *stats, struct layer_arrays *arrays,
                        struct error *error)
{
	bool row, success;
	int capacity = 0;
	statement_bind_integer(statement, id);
	stats->states = 0;
	while ((success = statement_step(statement, &row, error)) && row) {
		if (stats->states == capacity) {
			capacity = capacity ? 2 * capacity : 16;
			arrays->levels = memory_resized(arrays->levels, (size_t)capacity, sizeof *arrays->levels);
			arrays->counts = memory_resized(arrays->counts, (size_t)capacity, sizeof *arrays->counts);
		}
		arrays->levels[stats->states] = statement_read_real(statement);
		arrays->counts[stats->states++] = statement_read_integer(statement);
	}
	sqlite3_reset(statement->handle);
	statement->bound = 0;
	stats->levels = arrays->levels;
	stats->counts = arrays->counts;
	return success;
}

static bool read_bins(struct statement *statement, int64_t id, struct layer_stats *stats, struct layer_arrays *arrays,
                      struct error *error)
{
	bool row, success;
	statement_bind_integer(statement, id);
	arrays->histogram = memory_resized(arrays->histogram, (size_t)stats->bins + 1, sizeof *arrays->histogram);
	memset(arrays->histogram, 0, ((size_t)stats->bins + 1) * sizeof *arrays->histogram);
	while ((success = statement_step(statement, &row, error)) && row) {
		int64_t bin = statement_read_integer(statement);
		if (bin >= 0 && bin < stats->bins)
			arrays->histogram[bin] = statement_read_integer(statement);
	}
	sqlite3_reset(statement->handle);
	statement->bound = 0;
	stats->histogram = arrays->histogram;
	return success;
}

static int64_t read_layer(struct statement *statement, struct layer_stats *stats)
{
	enum { MAX_BINS = 1 << 16 }; /* nothing sensible is larger; a damaged file may say anything */
	char network[4];
	*stats = (struct layer_stats){0};
	int64_t id = statement_read_integer(statement);
	stats->step = statement_read_integer(statement);
	statement_read_text(statement, network, sizeof network);
	stats->network = network[0];
	stats->position = (int)statement_read_integer(statement);
	statement_read_text(statement, stats->layer, sizeof stats->layer);
	statement_read_text(statement, stats->shape, sizeof stats->shape);
	statement_read_text(statement, stats->quantizer, sizeof stats->quantizer);
	stats->bits = (int)statement_read_integer(statement);
	stats->alpha = statement_read_real(statement);
	stats->beta = statement_read_real(statement);
	stats->mse = statement_read_real(statement);
	stats->variance = statement_read_real(statement);
	stats->sqnr_db = statement_read_real(statement);
	stats->utilization = statement_read_real(statement);
	stats->flips = statement_read_real(statement);
	stats->iterations = (int)statement_read_integer(statement);
	stats->weights = statement_read_integer(statement);
	stats->histogram_min = statement_read_real(statement);
	stats->histogram_max = statement_read_real(statement);
	int64_t bins = statement_read_integer(statement);
	stats->bins = bins < 0 ? 0 : bins > MAX_BINS ? MAX_BINS : (int)bins;
	return id;
}

bool store_visit_layer_stats(struct store *store, int64_t run, int64_t step,
                             void (*visit)(void *context, const struct layer_stats *stats), void *context, struct error *error)
{
	struct statement layers = {0}, states = {0}, bins = {0};
	struct layer_arrays arrays = {0};
	bool row, success =
		statement_prepare(&layers, store,
		                  "SELECT id, step, network, position, layer, shape, quantizer, bits, alpha, beta, mse, variance,"
		                  " sqnr_db, utilization, flips, iterations, weights, histogram_min, histogram_max, bins"
		                  " FROM layer_stats WHERE run_id = ?1"
		                  " AND step = (SELECT max(step) FROM layer_stats WHERE run_id = ?1 AND (?2 < 0 OR step <= ?2))"
		                  " ORDER BY network, position", error) &&
		statement_prepare(&states, store, "SELECT level, count FROM layer_states WHERE stats_id = ? ORDER BY state", error) &&
		statement_prepare(&bins, store, "SELECT bin, count FROM layer_bins WHERE stats_id = ?", error);
	if (success) {
		statement_bind_integer(&layers, run);
		statement_bind_integer(&layers, step);
	}
	while (success && (success = statement_step(&layers, &row, error)) && row) {
		struct layer_stats stats;
		int64_t id = read_layer(&layers, &stats);
		success = read_states(&states, id, &stats, &arrays, error) && read_bins(&bins, id, &stats, &arrays, error);
		if (success)
			visit(context, &stats);
	}
	statement_finish(&layers);
	statement_finish(&states);
	statement_finish(&bins);
	clear_arrays(&arrays);
	return success;
}
