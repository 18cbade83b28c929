/* store: scores, what a run's row says of them, the best checkpoint, and the size of a run. */
#include "tests/store_fixture.h"

static struct score new_score(int64_t step, double fid)
{
	return (struct score){
		.step = step, .time = 1e9 + (double)step, .live = true, .recipe = "live", .features = "classifier/shapes 1a2b3c4d",
		.weights_hash = "1a2b3c4d", .resize = "triangle to 32 x 32", .reference = "shapes", .split = "train",
		.reference_hash = "9f86d081884c7d65", .samples = 1000, .reference_samples = 60000, .splits = 10, .kid_subsets = 20,
		.kid_subset_size = 500, .dimensions = 128, .seed = UINT64_MAX, .d_bits = 32, .g_bits = 2, .regularized = true, .fid = fid,
		.fid_std = fid / 100, .kid = fid / 1000, .kid_std = NAN, .is_mean = 10 - fid / 10, .is_std = 0.25, .seconds = 1.5,
	};
}

static void insert_score(struct store *store, int64_t run, struct score score)
{
	struct error error;
	if (!store_insert_score(store, run, &score, &error))
		fail_msg("%s", error.text);
	assert_true(score.id > 0 && *score.identity != '\0');
}

static struct run_scores summary(struct store *store, const char *name)
{
	struct run run;
	assert_true(store_find_run(store, name, &run, NULL));
	run_clear(&run);
	return run.scores;
}

struct visited {
	int count;
	struct score scores[8];
};

static void keep_score(void *context, const struct score *score)
{
	struct visited *visited = context;
	assert_true(visited->count < 8);
	visited->scores[visited->count++] = *score;
}

static void a_score_comes_back_as_it_went_in(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	struct visited visited = {0};
	insert_score(store, run, new_score(7, 12.5));
	assert_true(store_visit_scores(store, run, NULL, keep_score, &visited, NULL));
	assert_int_equal(visited.count, 1);
	const struct score *score = &visited.scores[0], expected = new_score(7, 12.5);
	assert_true(score->step == 7 && score->time == expected.time && score->live && score->regularized && score->seconds == 1.5);
	assert_string_equal(score->recipe, expected.recipe);
	assert_string_equal(score->features, expected.features);
	assert_string_equal(score->weights_hash, expected.weights_hash);
	assert_string_equal(score->resize, expected.resize);
	assert_string_equal(score->reference, expected.reference);
	assert_string_equal(score->split, expected.split);
	assert_string_equal(score->reference_hash, expected.reference_hash);
	assert_string_equal(score->identity,
	                    "classifier/shapes 1a2b3c4d, 1000 pictures in 10 splits, against shapes train 9f86d081");
	assert_true(score->samples == 1000 && score->reference_samples == 60000 && score->splits == 10 && score->kid_subsets == 20 &&
	            score->kid_subset_size == 500 && score->dimensions == 128 && score->seed == UINT64_MAX);
	assert_true(score->d_bits == 32 && score->g_bits == 2 && score->fid == 12.5 && score->fid_std == 0.125 &&
	            score->kid == 0.0125 && isnan(score->kid_std) && score->is_mean == 8.75 && score->is_std == 0.25);
	store_close(store);
}

/* What tells recipes apart, and what does not. */
static void identity_holds_what_scores_depend_on(void **state)
{
	(void)state;
	char first[SCORE_IDENTITY_SIZE], second[SCORE_IDENTITY_SIZE];
	struct score score = new_score(1, 1), other = new_score(2, 3);
	strcpy(score.reference, "cifar10:/data/here");
	strcpy(other.reference, "cifar10:/elsewhere");
	other.seed = 5;
	other.d_bits = 1;
	score_identity(&score, first);
	score_identity(&other, second);
	assert_string_equal(first, second);
	struct score changed[] = {other, other, other, other, other};
	changed[0].samples = 5000;
	changed[1].splits = 1;
	strcpy(changed[2].split, "test");
	strcpy(changed[3].reference_hash, "00000000");
	strcpy(changed[4].features, "classifier/shapes 00000000");
	for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
		score_identity(&changed[i], second);
		assert_string_not_equal(first, second);
	}
}

static void a_run_never_scored_says_so(void **state)
{
	struct store *store = open_for_writing(state);
	insert_run(store, "a");
	struct run_scores scores = summary(store, "a");
	assert_true(*scores.identity == '\0' && scores.step == 0 && scores.best_fid_step == 0 && scores.best_is_step == 0);
	assert_true(isnan(scores.fid) && isnan(scores.is_mean) && isnan(scores.best_fid) && isnan(scores.best_is));
	store_close(store);
}

static void the_row_has_the_last_and_the_best(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	insert_score(store, run, new_score(100, 30));
	insert_score(store, run, new_score(200, 10));
	insert_score(store, run, new_score(300, 20));
	insert_score(store, run, new_score(400, NAN)); /* not known: never the best */
	struct run_scores scores = summary(store, "a");
	assert_true(scores.step == 400 && isnan(scores.fid) && isnan(scores.is_mean));
	assert_true(scores.best_fid == 10 && scores.best_fid_std == 0.1 && scores.best_fid_step == 200);
	assert_true(scores.best_is == 9 && scores.best_is_std == 0.25 && scores.best_is_step == 200);
	struct run *runs;
	size_t count;
	assert_true(store_list_runs(store, &runs, &count, NULL));
	assert_true(count == 1 && runs[0].scores.best_fid == 10 && runs[0].scores.step == 400);
	store_free_runs(runs, count);
	store_close(store);
}

/* More pictures give a lower FID, whatever G does: that must not become the best. */
static void recipes_are_never_mixed(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	struct score standard = new_score(100, 1);
	standard.samples = 5000;
	standard.live = false;
	insert_score(store, run, standard);
	assert_true(summary(store, "a").best_fid == 1); /* nothing else is known */
	insert_score(store, run, new_score(100, 30));
	insert_score(store, run, new_score(200, 25));
	standard.step = 200;
	standard.fid = 0.5;
	insert_score(store, run, standard);
	struct run_scores scores = summary(store, "a");
	assert_true(scores.best_fid == 25 && scores.fid == 25 && scores.step == 200);
	assert_non_null(strstr(scores.identity, " 1000 pictures"));
	struct visited visited = {0};
	assert_true(store_visit_scores(store, run, scores.identity, keep_score, &visited, NULL));
	assert_true(visited.count == 2 && visited.scores[0].step == 100 && visited.scores[1].step == 200);
	struct score best;
	bool found;
	char identity[SCORE_IDENTITY_SIZE];
	score_identity(&standard, identity);
	assert_true(store_find_best_score(store, run, identity, &best, &found, NULL));
	assert_true(found && best.fid == 0.5 && best.step == 200 && !best.live);
	assert_true(store_find_best_score(store, run, "another", &best, &found, NULL));
	assert_false(found);
	store_close(store);
}

static void rewinding_forgets_later_scores(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	insert_score(store, run, new_score(100, 30));
	insert_score(store, run, new_score(200, 10));
	assert_true(store_rewind_run(store, run, 150, NULL));
	struct run_scores scores = summary(store, "a");
	assert_true(scores.step == 100 && scores.fid == 30 && scores.best_fid == 30 && scores.best_fid_step == 100);
	assert_true(store_rewind_run(store, run, 0, NULL));
	assert_true(*summary(store, "a").identity == '\0' && isnan(summary(store, "a").best_fid));
	assert_true(store_insert_score(store, run, &(struct score){.step = 1, .time = 1, .fid = NAN}, NULL));
	struct error error;
	assert_false(store_insert_score(store, 99, &(struct score){.step = 1, .time = 1}, &error)); /* no such run */
	assert_int_equal(count_rows(store, "SELECT count(*) FROM scores"), 1);
	store_close(store);
}

/* ---- the best checkpoint ---- */

static void insert_checkpoint(struct store *store, int64_t run, int64_t step, bool best)
{
	struct checkpoint_row row = {.step = step, .time = 1, .bytes = 10, .best = best};
	snprintf(row.path, sizeof row.path, "/tmp/qgan-no-such-folder/%d", (int)step);
	assert_true(store_insert_checkpoint(store, run, &row, NULL));
}

static void expect_checkpoints(struct store *store, int64_t run, size_t expected, int64_t best)
{
	struct checkpoint_row *rows;
	size_t count;
	assert_true(store_list_checkpoints(store, run, &rows, &count, NULL));
	assert_int_equal(count, expected);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rows[i].best, rows[i].step == best);
	free(rows);
}

static void the_best_checkpoint_is_one_and_is_not_pruned(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a"), other = insert_run(store, "b");
	insert_checkpoint(store, other, 1, true);
	insert_checkpoint(store, run, 1, true);
	for (int64_t step = 2; step <= 5; step++)
		insert_checkpoint(store, run, step, false);
	expect_checkpoints(store, run, 5, 1);
	assert_true(store_prune_checkpoints(store, run, 2, NULL));
	expect_checkpoints(store, run, 3, 1);
	assert_true(store_set_best_checkpoint(store, run, 77, NULL)); /* there is none */
	expect_checkpoints(store, run, 3, 1);
	assert_true(store_set_best_checkpoint(store, run, 4, NULL));
	expect_checkpoints(store, run, 3, 4);
	insert_checkpoint(store, run, 6, true);
	insert_checkpoint(store, run, 6, false); /* written again: still the best */
	expect_checkpoints(store, run, 4, 6);
	assert_true(store_prune_checkpoints(store, run, 1, NULL)); /* 1 is the best no more */
	expect_checkpoints(store, run, 2, 6);
	expect_checkpoints(store, other, 1, 1);
	store_close(store);
}

/* ---- sizes ---- */

static struct run_sizes sizes(struct store *store, const char *name)
{
	struct run run;
	assert_true(store_find_run(store, name, &run, NULL));
	run_clear(&run);
	return run.sizes;
}

static void the_row_has_the_size_of_the_newest_statistics(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "a");
	assert_true(isnan(sizes(store, "a").packed_d) && isnan(sizes(store, "a").float_g));
	struct layer_stats stats[] = {new_stats(10, 'D', 0, 2), new_stats(10, 'D', 1, 2), new_stats(10, 'G', 0, 2)};
	assert_true(store_insert_layer_stats(store, run, stats, 3, NULL));
	struct run_sizes now = sizes(store, "a");
	assert_true(now.packed_d == 2 * 1792.5 && now.float_d == 2 * 4 * 3072 && now.packed_g == 1792.5 && now.float_g == 4 * 3072);
	stats[0].step = stats[1].step = stats[2].step = 20;
	stats[0].packed_bytes = 7.5;
	stats[2].packed_bytes = NAN;
	assert_true(store_insert_layer_stats(store, run, stats, 3, NULL));
	now = sizes(store, "a");
	assert_true(now.packed_d == 1800 && isnan(now.packed_g) && now.float_g == 4 * 3072);
	assert_true(store_rewind_run(store, run, 10, NULL));
	assert_true(sizes(store, "a").packed_d == 2 * 1792.5 && sizes(store, "a").packed_g == 1792.5);
	store_close(store);
}

/* ---- a file from before there were scores ---- */

static const char old_rows[] =
	"INSERT INTO runs (name, status, model, data, quantizer, size, channels, width, batch, d_bits, g_bits, seed, version, machine,"
	"	host, boot_id, pid, process_start, created, heartbeat, config_json) VALUES ('old', 'finished', 'dcgan', 'shapes', 'em',"
	"	32, 3, 64, 64, 2, 32, 1, '0.1', 'm', 'h', 'b', 1, 1, 1, 1, '{}');"
	"INSERT INTO layer_stats (run_id, step, network, position, layer, shape, quantizer, bits, iterations, weights, packed_bytes,"
	"	bins) VALUES (1, 100, 'D', 0, 'conv1', '', 'em', 2, 1, 100, 41, 0), (1, 200, 'D', 0, 'conv1', '', 'em', 1, 1, 100, 29, 0),"
	"	(1, 200, 'G', 0, 'deconv1', '', 'float', 32, 1, 50, 200, 0);"
	"INSERT INTO checkpoints (run_id, step, time, path, hash, bytes) VALUES (1, 100, 1, 'x', '', 1);";

static void older_files_learn_sizes_and_have_no_scores(void **state)
{
	const struct store_folder *folder = *state;
	make_old_store(folder->store, 3, old_rows);
	struct store *store = open_for_writing(state);
	struct run_sizes now = sizes(store, "old");
	assert_true(now.packed_d == 29 && now.float_d == 400 && now.packed_g == 200 && now.float_g == 200);
	assert_true(*summary(store, "old").identity == '\0' && isnan(summary(store, "old").fid));
	expect_checkpoints(store, 1, 1, -1);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_score_comes_back_as_it_went_in),
		cmocka_unit_test(identity_holds_what_scores_depend_on),
		IN_FOLDER(a_run_never_scored_says_so),
		IN_FOLDER(the_row_has_the_last_and_the_best),
		IN_FOLDER(recipes_are_never_mixed),
		IN_FOLDER(rewinding_forgets_later_scores),
		IN_FOLDER(the_best_checkpoint_is_one_and_is_not_pruned),
		IN_FOLDER(the_row_has_the_size_of_the_newest_statistics),
		IN_FOLDER(older_files_learn_sizes_and_have_no_scores),
	};
	return cmocka_run_group_tests_name("store_scores", tests, NULL, NULL);
}
