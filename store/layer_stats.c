/* Layer statistics: one row a layer and recorded step, with child rows for its states, for the bins that hold weights
 * and for the errors of its fit. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "store/statement.h"
#include "store/summary.h"

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
	statement_bind_integer(statement, stats->flip_steps);
	statement_bind_integer(statement, stats->iterations);
	statement_bind_integer(statement, stats->groups);
	statement_bind_integer(statement, stats->weights);
	statement_bind_real(statement, stats->packed_bytes);
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

static bool insert_trace(struct statement *statement, int64_t id, const struct layer_stats *stats, struct error *error)
{
	bool success = true;
	for (int i = 0; success && i < stats->trace_count; i++) {
		statement_bind_integer(statement, id);
		statement_bind_integer(statement, i);
		statement_bind_real(statement, stats->trace[i]);
		success = statement_run(statement, error);
	}
	return success;
}

/* The row and its child rows, one statement each. */
struct layer_statements {
	struct statement layers, states, bins, trace;
};

static void finish_statements(struct layer_statements *statements)
{
	statement_finish(&statements->layers);
	statement_finish(&statements->states);
	statement_finish(&statements->bins);
	statement_finish(&statements->trace);
}

static bool prepare_inserts(struct layer_statements *inserts, struct store *store, struct error *error)
{
	return statement_prepare(&inserts->layers, store,
	                         "INSERT OR REPLACE INTO layer_stats (run_id, step, network, position, layer, shape, quantizer, bits,"
	                         " alpha, beta, mse, variance, sqnr_db, utilization, flips, flip_steps, iterations, groups, weights,"
	                         " packed_bytes, histogram_min, histogram_max, bins)"
	                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", error) &&
	       statement_prepare(&inserts->states, store,
	                         "INSERT INTO layer_states (stats_id, state, level, count) VALUES (?, ?, ?, ?)", error) &&
	       statement_prepare(&inserts->bins, store, "INSERT INTO layer_bins (stats_id, bin, count) VALUES (?, ?, ?)", error) &&
	       statement_prepare(&inserts->trace, store, "INSERT INTO layer_trace (stats_id, iteration, error) VALUES (?, ?, ?)", error);
}

static bool insert_all(struct store *store, int64_t run, const struct layer_stats *stats, size_t count, struct error *error)
{
	struct layer_statements inserts = {0};
	bool success = prepare_inserts(&inserts, store, error);
	for (size_t i = 0; success && i < count; i++) {
		success = insert_layer(&inserts.layers, run, &stats[i], error);
		int64_t id = sqlite3_last_insert_rowid(store->db);
		success = success && insert_states(&inserts.states, id, &stats[i], error) &&
		          insert_bins(&inserts.bins, id, &stats[i], error) && insert_trace(&inserts.trace, id, &stats[i], error);
	}
	finish_statements(&inserts);
	return success;
}

bool store_insert_layer_stats(struct store *store, int64_t run, const struct layer_stats *stats, size_t count,
                              struct error *error)
{
	if (!store_begin_span(store, error))
		return false;
	bool success = insert_all(store, run, stats, count, error) && store_summarize_sizes(store, run, error);
	return store_end_span(store, success, error);
}

/* ---- reading ---- */

/* Arrays reused from layer to layer of one visit; the sizes come from the file, so they grow as needed. */
struct layer_arrays {
	double *levels, *trace;
	int64_t *counts, *histogram;
};

static void clear_arrays(struct layer_arrays *arrays)
{
	free(arrays->levels);
	free(arrays->trace);
	free(arrays->counts);
	free(arrays->histogram);
}

/* How many an array of a visit holds when `held` of them must fit: powers of two from 16 on. */
static size_t capacity_for(int held)
{
	size_t capacity = 16;
	while (capacity < (size_t)held)
		capacity *= 2;
	return capacity;
}

static void rewind_statement(struct statement *statement)
{
	sqlite3_reset(statement->handle);
	statement->bound = 0;
}

/* Leaves stats->states as the number of rows there are. */
static bool read_states(struct statement *statement, int64_t id, struct layer_stats *stats, struct layer_arrays *arrays,
                        struct error *error)
{
	bool row, success;
	statement_bind_integer(statement, id);
	stats->states = 0;
	while ((success = statement_step(statement, &row, error)) && row) {
		size_t capacity = capacity_for(stats->states + 1);
		arrays->levels = memory_resized(arrays->levels, capacity, sizeof *arrays->levels);
		arrays->counts = memory_resized(arrays->counts, capacity, sizeof *arrays->counts);
		arrays->levels[stats->states] = statement_read_real(statement);
		arrays->counts[stats->states++] = statement_read_integer(statement);
	}
	rewind_statement(statement);
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
	rewind_statement(statement);
	stats->histogram = arrays->histogram;
	return success;
}

static bool read_trace(struct statement *statement, int64_t id, struct layer_stats *stats, struct layer_arrays *arrays,
                       struct error *error)
{
	bool row, success;
	statement_bind_integer(statement, id);
	stats->trace_count = 0;
	while ((success = statement_step(statement, &row, error)) && row) {
		arrays->trace = memory_resized(arrays->trace, capacity_for(stats->trace_count + 1), sizeof *arrays->trace);
		arrays->trace[stats->trace_count++] = statement_read_real(statement);
	}
	rewind_statement(statement);
	stats->trace = arrays->trace;
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
	stats->flip_steps = statement_read_integer(statement);
	stats->iterations = (int)statement_read_integer(statement);
	stats->groups = (int)statement_read_integer(statement);
	stats->weights = statement_read_integer(statement);
	stats->packed_bytes = statement_read_real(statement);
	stats->histogram_min = statement_read_real(statement);
	stats->histogram_max = statement_read_real(statement);
	int64_t bins = statement_read_integer(statement);
	stats->bins = bins < 0 ? 0 : bins > MAX_BINS ? MAX_BINS : (int)bins;
	return id;
}

static bool prepare_reads(struct layer_statements *reads, struct store *store, struct error *error)
{
	return statement_prepare(&reads->layers, store,
	                         "SELECT id, step, network, position, layer, shape, quantizer, bits, alpha, beta, mse, variance,"
	                         " sqnr_db, utilization, flips, flip_steps, iterations, groups, weights, packed_bytes, histogram_min,"
	                         " histogram_max, bins FROM layer_stats WHERE run_id = ?1"
	                         " AND step = (SELECT max(step) FROM layer_stats WHERE run_id = ?1 AND (?2 < 0 OR step <= ?2))"
	                         " ORDER BY network, position", error) &&
	       statement_prepare(&reads->states, store,
	                         "SELECT level, count FROM layer_states WHERE stats_id = ? ORDER BY state", error) &&
	       statement_prepare(&reads->bins, store, "SELECT bin, count FROM layer_bins WHERE stats_id = ?", error) &&
	       statement_prepare(&reads->trace, store, "SELECT error FROM layer_trace WHERE stats_id = ? ORDER BY iteration", error);
}

bool store_visit_layer_stats(struct store *store, int64_t run, int64_t step,
                             void (*visit)(void *context, const struct layer_stats *stats), void *context, struct error *error)
{
	struct layer_statements reads = {0};
	struct layer_arrays arrays = {0};
	bool row, success = prepare_reads(&reads, store, error);
	if (success) {
		statement_bind_integer(&reads.layers, run);
		statement_bind_integer(&reads.layers, step);
	}
	while (success && (success = statement_step(&reads.layers, &row, error)) && row) {
		struct layer_stats stats;
		int64_t id = read_layer(&reads.layers, &stats);
		success = read_states(&reads.states, id, &stats, &arrays, error) && read_bins(&reads.bins, id, &stats, &arrays, error) &&
		          read_trace(&reads.trace, id, &stats, &arrays, error);
		if (success)
			visit(context, &stats);
	}
	finish_statements(&reads);
	clear_arrays(&arrays);
	return success;
}

/* ---- over time ---- */

/* The rows of one layer come together; it is handed on when the next one begins. */
struct states_visit {
	void (*visit)(void *context, const struct layer_states *states);
	void *context;
	int64_t id; /* 0: no layer has begun */
	struct layer_states states;
	int64_t *counts;
	size_t capacity;
};

static void hand_on_states(struct states_visit *to)
{
	if (to->id == 0)
		return;
	to->states.counts = to->counts;
	to->visit(to->context, &to->states);
}

static void begin_states(struct states_visit *to, int64_t id, struct statement *row)
{
	char network[4];
	hand_on_states(to);
	to->id = id;
	to->states = (struct layer_states){.step = statement_read_integer(row)};
	statement_read_text(row, network, sizeof network);
	to->states.network = network[0];
	to->states.position = (int)statement_read_integer(row);
	to->states.bits = (int)statement_read_integer(row);
}

static void add_state(struct states_visit *to, struct statement *row)
{
	enum { COUNT_COLUMN = 5 };
	if (sqlite3_column_type(row->handle, COUNT_COLUMN) == SQLITE_NULL) /* a float layer has no states */
		return;
	if ((size_t)to->states.states == to->capacity) {
		to->capacity = to->capacity ? 2 * to->capacity : 16;
		to->counts = memory_resized(to->counts, to->capacity, sizeof *to->counts);
	}
	row->read = COUNT_COLUMN;
	to->counts[to->states.states++] = statement_read_integer(row);
}

bool store_visit_layer_states(struct store *store, int64_t run, int64_t after_step,
                              void (*visit)(void *context, const struct layer_states *states), void *context, struct error *error)
{
	struct statement statement;
	struct states_visit to = {.visit = visit, .context = context};
	if (!statement_prepare(&statement, store,
	                       "SELECT id, step, network, position, bits, count FROM layer_stats"
	                       " LEFT JOIN layer_states ON stats_id = id WHERE run_id = ? AND step > ?"
	                       " ORDER BY step, network, position, state", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, after_step);
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		int64_t id = statement_read_integer(&statement);
		if (id != to.id)
			begin_states(&to, id, &statement);
		add_state(&to, &statement);
	}
	if (success)
		hand_on_states(&to);
	statement_finish(&statement);
	free(to.counts);
	return success;
}

bool store_list_layer_steps(struct store *store, int64_t run, int64_t **steps, size_t *count, struct error *error)
{
	return statement_list_integers(store, "SELECT DISTINCT step FROM layer_stats WHERE run_id = ? ORDER BY step", run, steps, count,
	                               error);
}
