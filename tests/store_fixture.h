/* What the suites of the store share: a folder of its own for every test, gone afterwards, and things to put into a
 * store. */
#ifndef QGAN_TESTS_STORE_FIXTURE_H
#define QGAN_TESTS_STORE_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "store/migrations.h"
#include "store/statement.h"
#include "store/store.h"
#include "tests/temporary_folder.h"

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_store_folder, remove_store_folder)

struct store_folder {
	struct temporary_folder root;
	char store[96]; /* root/qgan.db, not there yet */
};

static inline int make_store_folder(void **state)
{
	struct store_folder *folder = memory_zeroed(1, sizeof *folder);
	temporary_folder_create(&folder->root);
	snprintf(folder->store, sizeof folder->store, "%s/qgan.db", folder->root.path);
	*state = folder;
	return 0;
}

static inline int remove_store_folder(void **state)
{
	struct store_folder *folder = *state;
	temporary_folder_remove(&folder->root);
	free(folder);
	return 0;
}

/* A connection that store_open has not looked at: its schema is what the test makes it. */
static inline struct store open_bare(const char *path)
{
	struct store store = {.mode = STORE_WRITE};
	text_copy(store.path, sizeof store.path, path);
	assert_int_equal(sqlite3_open(path, &store.db), SQLITE_OK);
	return store;
}

static inline void close_bare(struct store *store)
{
	statement_forget_spares(store);
	assert_int_equal(sqlite3_close(store->db), SQLITE_OK);
}

/* A file as an older program left it: after the first `steps` of the schema, with these rows. */
static inline void make_old_store(const char *path, size_t steps, const char *rows)
{
	struct store store = open_bare(path);
	assert_true(migrations_apply(&store, migrations, steps, NULL));
	assert_true(store_execute(&store, rows, NULL));
	close_bare(&store);
}

static inline struct store *open_for_writing(void **state)
{
	const struct store_folder *folder = *state;
	struct error error;
	struct store *store = store_open(folder->store, STORE_WRITE, &error);
	if (!store)
		fail_msg("%s", error.text);
	return store;
}

static inline struct run new_run(const char *name)
{
	struct run run = {
		.status = RUN_LIVE, .model = "dcgan", .data = "shapes", .quantizer = "em", .size = 32, .channels = 3, .width = 64,
		.batch = 128, .d_bits = 32, .g_bits = 2, .seed = UINT64_MAX - 1, .version = "0.1.0", .machine = "a machine",
		.last_step = 1000, .loss_d = NAN, .loss_g = NAN,
	};
	text_copy(run.name, sizeof run.name, name);
	return run;
}

static inline int64_t insert_run(struct store *store, const char *name)
{
	struct run run = new_run(name);
	struct error error;
	if (!store_insert_run(store, &run, true, &error))
		fail_msg("%s", error.text);
	return run.id;
}

static inline int64_t count_rows(struct store *store, const char *sql)
{
	int64_t count;
	assert_true(statement_query_integer(store, sql, 0, -1, &count, NULL));
	return count;
}

static inline struct metric_point new_point(int64_t step)
{
	double x = (double)step;
	return (struct metric_point){step, 1e9 + x, x / 100, x / 3, -x / 7, 0.5, NAN, x, 1e-300, 250, x / 9, NAN};
}

static inline void insert_points(struct store *store, int64_t run, int64_t first, int64_t last)
{
	for (int64_t step = first; step <= last; step++) {
		struct metric_point point = new_point(step);
		assert_true(store_insert_metrics(store, run, &point, 1, NULL));
	}
}

static const double some_levels[] = {-INFINITY, -0.25, 0.25, INFINITY}, some_errors[] = {0.5, NAN, 1e-40};
static const int64_t some_counts[] = {10, 0, 1LL << 40, 3}, some_bins[] = {0, 7, 0, 0, 9};

static inline struct layer_stats new_stats(int64_t step, char network, int position, int bits)
{
	return (struct layer_stats){
		.step = step, .network = network, .position = position, .layer = "conv1", .shape = "64x3x4x4", .quantizer = "em",
		.bits = bits, .alpha = 0.5, .beta = -0.01, .mse = 1e-4, .variance = 4e-4, .sqnr_db = INFINITY, .utilization = 0.97,
		.flips = 0.25, .flip_steps = 100, .iterations = 16, .states = bits == 2 ? 4 : 0, .groups = 64, .weights = 3072,
		.packed_bytes = 1792.5, .trace_count = bits == 2 ? 3 : 0, .trace = some_errors, .levels = some_levels,
		.counts = some_counts, .histogram_min = -1, .histogram_max = 1.5, .bins = 5, .histogram = some_bins,
	};
}

#endif
