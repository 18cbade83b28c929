/* app/study_plan: what a study does next, walked to its end with made-up scores and interrupted everywhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/study_plan.h"
#include "engine/base/text.h"

enum { MAX_CELLS = 128 };

struct walked {
	struct study_spec spec;
	struct study_cell cells[MAX_CELLS];
	size_t count;
	struct study_next next;
};

static struct study_spec parse(const char *text)
{
	struct study_spec spec;
	struct error error;
	study_spec_init(&spec);
	if (!study_spec_parse("a", text, &spec, &error) || !study_spec_check(&spec, &error))
		fail_msg("%s", error.text);
	return spec;
}

static void begin(struct walked *walked, const char *text)
{
	struct study_cell *cells;
	*walked = (struct walked){.spec = parse(text)};
	assert_true(study_spec_cells(&walked->spec, &cells, &walked->count, NULL));
	assert_true(walked->count <= MAX_CELLS);
	for (size_t i = 0; i < walked->count; i++)
		walked->cells[i] = cells[i];
	free(cells);
}

/* The cell that comes next, as a row that is being worked on; NULL at the end. */
static struct study_cell *work(struct walked *walked)
{
	study_plan_next(&walked->spec, walked->cells, walked->count, &walked->next);
	if (walked->next.kind != STUDY_NEXT_CELL)
		return NULL;
	struct study_cell *cell = NULL;
	for (size_t i = 0; i < walked->count; i++)
		if (!strcmp(walked->cells[i].key, walked->next.cell.key))
			cell = &walked->cells[i];
	if (!cell) {
		assert_true(walked->count < MAX_CELLS);
		cell = &walked->cells[walked->count++];
		*cell = walked->next.cell;
	}
	assert_false(study_cell_is_over(cell));
	cell->status = CELL_RUNNING;
	/* Interrupted now, it is the one that is gone on with. */
	study_plan_next(&walked->spec, walked->cells, walked->count, &walked->next);
	assert_string_equal(walked->next.cell.key, cell->key);
	return cell;
}

static void finish(struct study_cell *cell, double fid, double bytes)
{
	cell->status = CELL_DONE;
	cell->evaluations = 1;
	cell->fid = fid;
	cell->is_mean = 100 - fid;
	cell->bytes = bytes;
}

static void a_grid_is_worked_off_in_order(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "methods = em\nbits = 1, 2\nseeds = 7, 8");
	static const char *const expected[] = {
		"base seed 7", "float seed 7", "em D1 G1 seed 7", "em D2 G2 seed 7", "base seed 8", "float seed 8", "em D1 G1 seed 8",
		"em D2 G2 seed 8",
	};
	for (size_t i = 0; i < 8; i++) {
		struct study_cell *cell = work(&walked);
		assert_non_null(cell);
		assert_string_equal(cell->key, expected[i]);
		if (i == 5)
			cell->status = CELL_FAILED;
		else
			finish(cell, 10, 1);
	}
	assert_null(work(&walked));
	assert_int_equal(walked.next.status, STUDY_FINISHED);
}

static void scratch_needs_no_float_run(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "phase = scratch\nmethods = em\nbits = 1");
	assert_string_equal(work(&walked)->key, "float");
}

static void what_is_queued_by_hand_comes_first(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "methods = em\nbits = 1, 2, 3");
	finish(work(&walked), 5, 1); /* the base */
	walked.cells[4].by_hand = true;
	assert_string_equal(work(&walked)->key, "em D3 G3");
}

/* A ratio of the base; D alone first; a search meets its target and says with what. */
static void a_search_walks_d_then_g(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "kind = search\nfid-ratio = 1.5\nbits = 1, 2\nmethods = em");
	static const struct {
		const char *key;
		double fid;
	} expected[] = {{"base", 20}, {"em D1 G32", 31}, {"em D2 G32", 29}, {"em D2 G1", 44}, {"em D2 G2", 30}};
	for (size_t i = 0; i < 5; i++) {
		struct study_cell *cell = work(&walked);
		assert_non_null(cell);
		assert_string_equal(cell->key, expected[i].key);
		finish(cell, expected[i].fid, 1000);
	}
	assert_null(work(&walked));
	assert_int_equal(walked.next.status, STUDY_MET);
	assert_string_equal(walked.next.message, "em D 2 bit, G 2 bit: FID 30, target at most 30");
}

static void cut_cells_miss_any_target(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "kind = search\nis-min = 50\nbits = 1\nmethods = em");
	finish(work(&walked), 20, 1);
	struct study_cell *cell = work(&walked);
	cell->status = CELL_CUT;
	cell = work(&walked);
	assert_string_equal(cell->key, "float");
	finish(cell, 60, 1); /* an IS of 40 */
	assert_null(work(&walked));
	assert_int_equal(walked.next.status, STUDY_MISSED);
	assert_non_null(strstr(walked.next.message, "nearest: em D 32 bit, G 32 bit: IS 40, target at least 50"));
}

/* Of two methods that meet it the smaller model is chosen. */
static void methods_are_compared_by_bytes(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "kind = search\nfid-max = 50\nbits = 1, 4\nmethods = minmax, em");
	for (struct study_cell *cell; (cell = work(&walked)); ) {
		bool good = study_cell_is_base(cell) || !strcmp(cell->method, "em") || (cell->d_bits == 4 && cell->g_bits == 4);
		finish(cell, good || cell->d_bits == 4 ? 40 : 90, 100.0 * cell->d_bits + cell->g_bits);
	}
	assert_int_equal(walked.next.status, STUDY_MET);
	assert_non_null(strstr(walked.next.message, "em D 1 bit, G 1 bit"));
}

static void a_ratio_of_nothing_is_missed(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "kind = search\nfid-ratio = 2\nmethods = em");
	work(&walked)->status = CELL_FAILED;
	assert_null(work(&walked));
	assert_int_equal(walked.next.status, STUDY_MISSED);
	assert_non_null(strstr(walked.next.message, "float run"));
}

static void layers_are_summed_up_once(void **state)
{
	(void)state;
	struct walked walked;
	begin(&walked, "kind = layers\nbits = 2\nbudget-bytes = 1000\ndata = shapes\nwidth = 8");
	for (struct study_cell *cell; (cell = work(&walked)); )
		finish(cell, 10, 1);
	assert_int_equal(walked.next.kind, STUDY_NEXT_SUM);
	struct study_cell *sum = &walked.cells[walked.count++];
	*sum = walked.cells[1];
	text_copy(sum->key, sizeof sum->key, "within budget");
	assert_null(work(&walked));
	assert_int_equal(walked.next.status, STUDY_FINISHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grid_is_worked_off_in_order),
		cmocka_unit_test(scratch_needs_no_float_run),
		cmocka_unit_test(what_is_queued_by_hand_comes_first),
		cmocka_unit_test(a_search_walks_d_then_g),
		cmocka_unit_test(cut_cells_miss_any_target),
		cmocka_unit_test(methods_are_compared_by_bytes),
		cmocka_unit_test(a_ratio_of_nothing_is_missed),
		cmocka_unit_test(layers_are_summed_up_once),
	};
	return cmocka_run_group_tests_name("study_plan", tests, NULL, NULL);
}
