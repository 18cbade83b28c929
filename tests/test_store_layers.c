/* store: layer statistics as rows, over time, and those of older files. */
#include "tests/store_fixture.h"

struct seen_layers {
	int count;
	int64_t step;
	char order[8];
};

static void check_layer(void *context, const struct layer_stats *stats)
{
	struct seen_layers *seen = context;
	seen->order[seen->count++] = stats->network;
	seen->step = stats->step;
	assert_string_equal(stats->layer, "conv1");
	assert_string_equal(stats->shape, "64x3x4x4");
	assert_string_equal(stats->quantizer, "em");
	assert_true(stats->alpha == 0.5 && stats->beta == -0.01 && stats->mse == 1e-4 && stats->variance == 4e-4);
	assert_true(isinf(stats->sqnr_db) && stats->utilization == 0.97 && stats->flips == 0.25 && stats->flip_steps == 100);
	assert_true(stats->iterations == 16 && stats->groups == 64 && stats->packed_bytes == 1792.5);
	assert_true(stats->weights == 3072 && stats->histogram_min == -1 && stats->histogram_max == 1.5 && stats->bins == 5);
	assert_memory_equal(stats->histogram, some_bins, sizeof some_bins);
	assert_int_equal(stats->states, stats->bits == 2 ? 4 : 0);
	if (stats->states > 0) {
		assert_memory_equal(stats->levels, some_levels, sizeof some_levels);
		assert_memory_equal(stats->counts, some_counts, sizeof some_counts);
	}
	assert_int_equal(stats->trace_count, stats->bits == 2 ? 3 : 0);
	if (stats->trace_count > 0)
		assert_true(stats->trace[0] == 0.5 && isnan(stats->trace[1]) && stats->trace[2] == 1e-40);
}

static void layer_statistics_are_rows_with_edges(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	struct layer_stats stats[] = {new_stats(100, 'G', 0, 2), new_stats(100, 'D', 1, 32), new_stats(100, 'D', 0, 2)};
	assert_true(store_insert_layer_stats(store, run, stats, 3, NULL));
	struct layer_stats later = new_stats(200, 'D', 0, 2);
	assert_true(store_insert_layer_stats(store, run, &later, 1, NULL));
	assert_true(store_insert_layer_stats(store, run, &later, 1, NULL)); /* told twice: still one */
	struct seen_layers seen = {0};
	assert_true(store_visit_layer_stats(store, run, 150, check_layer, &seen, NULL));
	assert_true(seen.count == 3 && seen.step == 100);
	assert_string_equal(seen.order, "DDG");
	seen = (struct seen_layers){0};
	assert_true(store_visit_layer_stats(store, run, -1, check_layer, &seen, NULL));
	assert_true(seen.count == 1 && seen.step == 200);
	seen = (struct seen_layers){0};
	assert_true(store_visit_layer_stats(store, run, 99, check_layer, &seen, NULL));
	assert_int_equal(seen.count, 0);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_states"), 12);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_bins"), 8);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_trace"), 9);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_histogram WHERE step = 200 AND bin = 1 AND count = 7"
	                                   " AND abs(low + 0.5) < 1e-12 AND abs(high) < 1e-12"), 1);
	store_close(store);
}

/* ---- over time ---- */

enum { RECORDS = 5, MOST_VISITS = 64 };

struct visited_states {
	int count;
	struct layer_states states[MOST_VISITS];
	int64_t sums[MOST_VISITS], firsts[MOST_VISITS];
};

static void keep_states(void *context, const struct layer_states *states)
{
	struct visited_states *visited = context;
	assert_true(visited->count < MOST_VISITS);
	visited->states[visited->count] = *states;
	visited->firsts[visited->count] = states->states ? states->counts[0] : -1;
	for (int i = 0; i < states->states; i++)
		visited->sums[visited->count] += states->counts[i];
	visited->count++;
}

/* D: a layer of 2 bits, a float one, and one of 8 bits; G: one of 1 bit. Told in another order than they are read. */
static void insert_record(struct store *store, int64_t run, int64_t step)
{
	static const int bits[] = {2, 32, 8};
	int64_t counts[256];
	double levels[256] = {0};
	for (int i = 0; i < 256; i++)
		counts[i] = step + i;
	struct layer_stats stats[4] = {new_stats(step, 'G', 0, 1)};
	for (int i = 0; i < 3; i++)
		stats[i + 1] = new_stats(step, 'D', i, bits[i]);
	for (int i = 0; i < 4; i++) {
		stats[i].states = stats[i].bits == 32 ? 0 : 1 << stats[i].bits;
		stats[i].counts = counts;
		stats[i].levels = levels;
	}
	assert_true(store_insert_layer_stats(store, run, stats, 4, NULL));
}

static void states_are_visited_in_order(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a"), other = insert_run(store, "b");
	for (int64_t step = RECORDS; step >= 1; step--)
		insert_record(store, run, step * 100);
	insert_record(store, other, 1);
	static const int states[] = {4, 0, 256, 2};
	struct visited_states visited = {0};
	assert_true(store_visit_layer_states(store, run, -1, keep_states, &visited, NULL));
	assert_int_equal(visited.count, RECORDS * 4);
	for (int i = 0; i < visited.count; i++) {
		const struct layer_states *seen = &visited.states[i];
		int layer = i % 4;
		assert_int_equal(seen->step, (i / 4 + 1) * 100);
		assert_true(seen->network == (layer < 3 ? 'D' : 'G') && seen->position == (layer < 3 ? layer : 0));
		assert_int_equal(seen->states, states[layer]);
		assert_true((seen->bits == 32) == (seen->states == 0));
		assert_true(visited.firsts[i] == (seen->states ? seen->step : -1));
		assert_true(visited.sums[i] == seen->states * seen->step + seen->states * (seen->states - 1) / 2);
	}
	visited = (struct visited_states){0};
	assert_true(store_visit_layer_states(store, run, 400, keep_states, &visited, NULL));
	assert_true(visited.count == 4 && visited.states[0].step == 500);
	visited = (struct visited_states){0};
	assert_true(store_visit_layer_states(store, 99, -1, keep_states, &visited, NULL));
	assert_int_equal(visited.count, 0);
	store_close(store);
}

static void steps_with_statistics_are_listed(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	int64_t *steps;
	size_t count;
	assert_true(store_list_layer_steps(store, run, &steps, &count, NULL));
	assert_true(count == 0 && !steps);
	for (int64_t step = 200; step >= 1; step--)
		insert_record(store, run, step * 10);
	assert_true(store_list_layer_steps(store, run, &steps, &count, NULL));
	assert_int_equal(count, 200);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(steps[i], (i + 1) * 10);
	free(steps);
	store_close(store);
}

/* What the statements of a connection cost: sorted results and steps of full table scans. */
static int watch_statement(unsigned kind, void *context, void *statement, void *nanoseconds)
{
	int *costs = context;
	(void)nanoseconds;
	assert_true(kind == SQLITE_TRACE_PROFILE);
	costs[0] += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 0);
	costs[1] += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
	costs[2]++;
	return 0;
}

/* A long run is read by one statement that walks the indexes. */
static void reading_over_time_neither_sorts_nor_scans(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	for (int64_t step = 1; step <= RECORDS; step++)
		insert_record(store, run, step);
	int costs[3] = {0};
	struct visited_states visited = {0};
	assert_int_equal(sqlite3_trace_v2(store->db, SQLITE_TRACE_PROFILE, watch_statement, costs), SQLITE_OK);
	assert_true(store_visit_layer_states(store, run, 1, keep_states, &visited, NULL));
	sqlite3_trace_v2(store->db, 0, NULL, NULL);
	assert_true(visited.count == 4 * (RECORDS - 1) && costs[0] == 0 && costs[1] == 0 && costs[2] == 1);
	store_close(store);
}

/* ---- files of the first schema ---- */

static const char old_rows[] =
	"INSERT INTO runs (name, status, model, data, quantizer, size, channels, width, batch, d_bits, g_bits, seed, version, machine,"
	"	host, boot_id, pid, process_start, created, heartbeat, config_json) VALUES ('old', 'finished', 'dcgan', 'shapes', 'minmax',"
	"	32, 3, 64, 64, 2, 32, 1, '0.1', 'm', 'h', 'b', 1, 1, 1, 1, '{}');"
	"INSERT INTO layer_stats (run_id, step, network, position, layer, shape, quantizer, bits, alpha, beta, mse, variance, sqnr_db,"
	"	utilization, flips, iterations, weights, histogram_min, histogram_max, bins) VALUES"
	"	(1, 100, 'D', 0, 'conv1', '64x3x4x4', 'minmax', 2, 0.5, -0.75, 0.1, 0.4, 6, 1, NULL, 3, 3, -1, 1, 2),"
	"	(1, 250, 'D', 0, 'conv1', '64x3x4x4', 'minmax', 3, 0.5, -0.75, 0.1, 0.4, 6, 1, 0.125, 3, 3, -1, 1, 2),"
	"	(1, 250, 'G', 0, 'deconv1', '100x8x4x4', 'minmax', 32, NULL, NULL, NULL, 0.4, NULL, NULL, NULL, 0, 100, -1, 1, 2);"
	"INSERT INTO layer_states VALUES (2, 0, -0.5, 1), (2, 1, 0.5, 2);"
	"INSERT INTO layer_bins VALUES (2, 1, 3);";

static void check_old_layer(void *context, const struct layer_stats *stats)
{
	int *seen = context;
	bool is_float = stats->network == 'G';
	assert_true(stats->step == 250 && stats->groups == 1 && stats->trace_count == 0);
	assert_string_equal(stats->quantizer, is_float ? "float" : "minmax");
	assert_true(stats->packed_bytes == (is_float ? 400 : 2 + 16)); /* 3 codes of 3 bits: 9 bits */
	if (is_float)
		assert_true(isnan(stats->flips) && stats->flip_steps == 0 && stats->states == 0);
	else
		assert_true(stats->flips == 0.125 && stats->flip_steps == 150 && stats->states == 2 && stats->counts[1] == 2 &&
		            stats->histogram[1] == 3);
	(*seen)++;
}

static void older_files_are_brought_up_to_date(void **state)
{
	const struct store_folder *folder = *state;
	make_old_store(folder->store, 1, old_rows);
	struct error error = {0};
	struct store *store = store_open(folder->store, STORE_READ, &error);
	if (!store)
		fail_msg("%s", error.text);
	assert_int_equal(count_rows(store, "PRAGMA user_version"), migration_count);
	int seen = 0;
	assert_true(store_visit_layer_stats(store, 1, -1, check_old_layer, &seen, NULL));
	assert_int_equal(seen, 2);
	assert_int_equal(count_rows(store, "SELECT packed_bytes FROM layer_stats WHERE step = 100"), 17);
	assert_int_equal(count_rows(store, "SELECT flip_steps FROM layer_stats WHERE step = 100"), 0);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM layer_histogram WHERE step = 250 AND high = 1 AND count = 3"), 1);
	store_close(store);
	store = open_for_writing(state);
	struct layer_stats stats = new_stats(300, 'D', 0, 2);
	assert_true(store_insert_layer_stats(store, 1, &stats, 1, NULL));
	int64_t *steps;
	size_t count;
	assert_true(store_list_layer_steps(store, 1, &steps, &count, NULL));
	assert_true(count == 3 && steps[2] == 300);
	free(steps);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(layer_statistics_are_rows_with_edges),
		IN_FOLDER(states_are_visited_in_order),
		IN_FOLDER(steps_with_statistics_are_listed),
		IN_FOLDER(reading_over_time_neither_sorts_nor_scans),
		IN_FOLDER(older_files_are_brought_up_to_date),
	};
	return cmocka_run_group_tests_name("store_layers", tests, NULL, NULL);
}
