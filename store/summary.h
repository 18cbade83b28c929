/* Columns of runs that sum up rows of other tables, so that lists of thousands of runs read nothing else. Called inside the
 * span that changes those rows. */
#ifndef QGAN_STORE_SUMMARY_H
#define QGAN_STORE_SUMMARY_H

#include "store/connection.h"

/* Bytes at the newest layer_stats. Part of a migration: never to be changed. */
#define STORE_SIZES_OF(network) \
	"(SELECT CASE WHEN count(*) = count(packed_bytes) THEN sum(packed_bytes) END, 4.0 * sum(weights) FROM layer_stats" \
	"	WHERE run_id = runs.id AND network = '" network "'" \
	"	AND step = (SELECT max(step) FROM layer_stats WHERE run_id = runs.id))"
#define STORE_SET_SIZES \
	"(packed_d, float_d) = " STORE_SIZES_OF("D") ", (packed_g, float_g) = " STORE_SIZES_OF("G")

bool store_summarize_sizes(struct store *store, int64_t run, struct error *error);
bool store_summarize_scores(struct store *store, int64_t run, struct error *error);

#endif
