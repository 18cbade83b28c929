/* engine/search: the greedy walk on every landscape there is, and bits under a budget against all combinations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/search/allocation.h"
#include "engine/search/greedy.h"

/* ---- the search ---- */

enum { WIDTHS = 5, CELLS = WIDTHS * WIDTHS };
static const int widths[WIDTHS] = {1, 2, 3, 4, SEARCH_FLOAT_BITS};

static struct search_rules rules_of(double target, bool higher_is_better)
{
	struct search_rules rules = {.width_count = WIDTHS, .higher_is_better = higher_is_better, .target = target};
	memcpy(rules.widths, widths, sizeof widths);
	return rules;
}

/* Scores of every cell, D's width first; NaN: it is cut. */
struct landscape {
	double score[WIDTHS][WIDTHS];
};

static int index_of(int bits)
{
	for (int i = 0; i < WIDTHS; i++)
		if (widths[i] == bits)
			return i;
	fail_msg("%d bits were asked for", bits);
	return -1;
}

/* Walks to the end as an interrupted program would: the planner knows nothing but the measures. */
static struct search_step walk(const struct search_rules *rules, const struct landscape *landscape, int *measured)
{
	struct search_measure measures[CELLS];
	struct search_step step;
	for (*measured = 0; ; ++*measured) {
		search_next(rules, measures, (size_t)*measured, &step);
		if (step.kind != SEARCH_MEASURE)
			return step;
		assert_true(*measured < CELLS);
		for (int i = 0; i < *measured; i++)
			assert_false(measures[i].cell.d_bits == step.cell.d_bits && measures[i].cell.g_bits == step.cell.g_bits);
		double score = landscape->score[index_of(step.cell.d_bits)][index_of(step.cell.g_bits)];
		measures[*measured] = (struct search_measure){step.cell, isnan(score), score};
	}
}

/* The definition, by looking at every cell: the lowest D with a float G, then the lowest G with it. */
static bool choose(const struct search_rules *rules, const struct landscape *landscape, struct search_cell *cell, int *looks)
{
	*looks = 0;
	for (int d = 0; d < WIDTHS; d++) {
		++*looks;
		if (!(landscape->score[d][WIDTHS - 1] <= rules->target))
			continue;
		for (int g = 0; g < WIDTHS; g++) {
			*cell = (struct search_cell){widths[d], widths[g]};
			if (landscape->score[d][g] <= rules->target)
				return *looks += g < WIDTHS - 1 ? 1 : 0, true;
			++*looks;
		}
	}
	return false;
}

/* Every pattern of what meets the target in the float column and in every row: what the walk can see of a landscape. */
static void every_landscape_is_walked_as_defined(void **state)
{
	(void)state;
	struct search_rules rules = rules_of(50, false);
	int met = 0;
	for (int column = 0; column < 1 << WIDTHS; column++)
		for (int row = 0; row < 1 << (WIDTHS - 1); row++) {
			struct landscape landscape;
			for (int d = 0; d < WIDTHS; d++)
				for (int g = 0; g < WIDTHS; g++)
					landscape.score[d][g] = (g == WIDTHS - 1 ? column >> d & 1 : row >> g & 1) ? 40 + d + g : 60 + d + g;
			struct search_cell cell;
			int measured, looks;
			struct search_step step = walk(&rules, &landscape, &measured);
			bool found = choose(&rules, &landscape, &cell, &looks);
			assert_int_equal(step.kind, found ? SEARCH_MET : SEARCH_MISSED);
			assert_int_equal(measured, looks);
			met += found;
			if (found) {
				assert_int_equal(step.cell.d_bits, cell.d_bits);
				assert_int_equal(step.cell.g_bits, cell.g_bits);
				assert_true(step.score <= rules.target);
				assert_int_equal(step.stage, 2);
			}
		}
	assert_int_equal(met, ((1 << WIDTHS) - 1) << (WIDTHS - 1)); /* all but the empty column */
}

/* Random scores, some of them cut; the same walk whatever was measured by hand before it. */
static void random_landscapes_are_walked_as_defined(void **state)
{
	(void)state;
	uint32_t number = 12345;
	for (int trial = 0; trial < 20000; trial++) {
		struct landscape landscape;
		for (int i = 0; i < CELLS; i++) {
			number = number * 1664525u + 1013904223u;
			landscape.score[i / WIDTHS][i % WIDTHS] = number >> 29 ? (double)(number >> 8 & 127) : NAN;
		}
		struct search_rules rules = rules_of(20 + trial % 60, false);
		struct search_cell cell;
		int measured, looks;
		struct search_step step = walk(&rules, &landscape, &measured);
		bool found = choose(&rules, &landscape, &cell, &looks);
		assert_int_equal(step.kind, found ? SEARCH_MET : SEARCH_MISSED);
		assert_int_equal(measured, looks);
		if (found)
			assert_true(step.cell.d_bits == cell.d_bits && step.cell.g_bits == cell.g_bits);
	}
}

static void monotone_scores_end_where_both_are_lowest(void **state)
{
	(void)state;
	struct landscape landscape;
	for (int d = 0; d < WIDTHS; d++)
		for (int g = 0; g < WIDTHS; g++)
			landscape.score[d][g] = 1 + 3 * d + g; /* an IS */
	struct search_rules rules = rules_of(10.5, true);
	int measured;
	struct search_step step = walk(&rules, &landscape, &measured);
	assert_int_equal(step.kind, SEARCH_MET);
	assert_int_equal(step.cell.d_bits, 3); /* 1 + 6 + 4 = 11 */
	assert_int_equal(step.cell.g_bits, SEARCH_FLOAT_BITS);
	assert_int_equal(measured, 3 + 4);
	rules.target = 17.5;
	step = walk(&rules, &landscape, &measured);
	assert_int_equal(step.kind, SEARCH_MISSED);
	assert_true(!step.none && step.score == 17 && step.cell.d_bits == SEARCH_FLOAT_BITS);
}

static void cells_measured_by_hand_are_not_measured_again(void **state)
{
	(void)state;
	struct search_rules rules = rules_of(50, false);
	const struct search_measure measures[] = {
		{{2, 1}, false, 45}, {{1, SEARCH_FLOAT_BITS}, true, NAN}, {{4, 4}, false, 10}, {{2, SEARCH_FLOAT_BITS}, false, 49},
	};
	struct search_step step;
	search_next(&rules, measures, 4, &step);
	assert_int_equal(step.kind, SEARCH_MET); /* all it needed was there; 4, 4 is not on its way */
	assert_true(step.cell.d_bits == 2 && step.cell.g_bits == 1 && step.score == 45);
}

static void where_nothing_was_scored_nothing_came_near(void **state)
{
	(void)state;
	struct search_rules rules = {.widths = {SEARCH_FLOAT_BITS}, .width_count = 1, .target = 1};
	const struct search_measure cut = {{SEARCH_FLOAT_BITS, SEARCH_FLOAT_BITS}, true, NAN};
	struct search_step step;
	search_next(&rules, &cut, 1, &step);
	assert_true(step.kind == SEARCH_MISSED && step.none && isnan(step.score));
}

static void widths_are_read_and_sorted(void **state)
{
	(void)state;
	struct search_rules rules;
	assert_true(search_widths_parse("4,1,2,4", &rules));
	assert_int_equal(rules.width_count, 4);
	assert_true(rules.widths[0] == 1 && rules.widths[2] == 4 && rules.widths[3] == SEARCH_FLOAT_BITS);
	assert_true(search_widths_parse("1,2,3,4,5,6,7,8,32", &rules) && rules.width_count == SEARCH_WIDTHS_MAX);
	static const char *const wrong[] = {"", ",", "1,", "0", "9", "16", "1;2", "-1", " 1", "1 ,2", "two"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(search_widths_parse(wrong[i], &rules));
}

/* ---- bits under a budget ---- */

enum { LAYERS = 6, CHOICES = 3 };

static double try_all(const struct allocation_layer layers[], double budget)
{
	double best = INFINITY;
	int combinations = 1;
	for (int l = 0; l < LAYERS; l++)
		combinations *= CHOICES;
	for (int n = 0; n < combinations; n++) {
		double bytes = 0, cost = 0;
		for (int l = 0, rest = n; l < LAYERS; l++, rest /= CHOICES) {
			bytes += layers[l].choices[rest % CHOICES].bytes;
			cost += layers[l].choices[rest % CHOICES].cost;
		}
		if (bytes <= budget && cost < best)
			best = cost;
	}
	return best;
}

static void budgets_are_spent_as_well_as_can_be(void **state)
{
	(void)state;
	uint32_t number = 99;
	for (int trial = 0; trial < 300; trial++) {
		struct allocation_layer layers[LAYERS];
		for (int l = 0; l < LAYERS; l++) {
			layers[l].choice_count = CHOICES;
			for (int c = 0; c < CHOICES; c++) {
				number = number * 1664525u + 1013904223u;
				double cost = number >> 28 ? (number >> 10 & 1023) / 16.0 - 8 : INFINITY; /* a lowered layer may gain */
				layers[l].choices[c] = (struct allocation_choice){c + 1, (double)(number >> 20 & 63), cost};
			}
		}
		double budget = 40 + trial % 200, best = try_all(layers, budget), bytes = 0, cost = 0;
		struct allocation allocation;
		bool found = allocation_solve(layers, LAYERS, budget, &allocation, NULL);
		assert_int_equal(found, isfinite(best));
		if (!found)
			continue;
		for (int l = 0; l < LAYERS; l++) {
			bytes += layers[l].choices[allocation.choice[l]].bytes;
			cost += layers[l].choices[allocation.choice[l]].cost;
		}
		assert_true(fabs(cost - best) < 1e-9 && fabs(allocation.cost - best) < 1e-9);
		assert_true(bytes <= budget && fabs(allocation.bytes - bytes) < 1e-9);
	}
}

static void a_budget_too_small_is_said(void **state)
{
	(void)state;
	const struct allocation_layer layers[] = {{1, {{1, 100, 0}}}, {2, {{1, 50, 3}, {2, 80, 1}}}};
	struct allocation allocation;
	struct error error = {0};
	assert_true(allocation_solve(layers, 2, 150, &allocation, &error));
	assert_int_equal(allocation.choice[1], 0);
	assert_true(allocation_solve(layers, 2, 1000, &allocation, &error));
	assert_int_equal(allocation.choice[1], 1);
	assert_false(allocation_solve(layers, 2, 149, &allocation, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "150"));
	assert_true(allocation_solve(layers, 0, 0, &allocation, &error) && allocation.bytes == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_landscape_is_walked_as_defined),
		cmocka_unit_test(random_landscapes_are_walked_as_defined),
		cmocka_unit_test(monotone_scores_end_where_both_are_lowest),
		cmocka_unit_test(cells_measured_by_hand_are_not_measured_again),
		cmocka_unit_test(where_nothing_was_scored_nothing_came_near),
		cmocka_unit_test(widths_are_read_and_sorted),
		cmocka_unit_test(budgets_are_spent_as_well_as_can_be),
		cmocka_unit_test(a_budget_too_small_is_said),
	};
	return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
