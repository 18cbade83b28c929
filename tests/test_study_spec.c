/* app/study_spec: the text of a study, what is refused, and the cells of a grid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/study_spec.h"

static struct study_spec parse(const char *text)
{
	struct study_spec spec;
	struct error error;
	study_spec_init(&spec);
	if (!study_spec_parse("a.conf", text, &spec, &error) || !study_spec_check(&spec, &error))
		fail_msg("%s", error.text);
	return spec;
}

static void a_file_is_read(void **state)
{
	(void)state;
	struct study_spec spec = parse("# a study\nkind = grid\ntitle = All of them  # so it is\n"
	                               "methods = em, log\nbits=2,4\nnetworks = D, both\nseeds = 7, 8\nevaluations = 2\n"
	                               "width = 16\ndata = shapes\nrecipe = quick\nscale = 0.25\n");
	assert_string_equal(spec.kind, "grid");
	assert_string_equal(spec.title, "All of them");
	assert_int_equal(spec.methods.count, 2);
	assert_string_equal(spec.methods.items[1], "log");
	assert_true(spec.bit_count == 2 && spec.bits[0] == 2 && spec.bits[1] == 4);
	assert_true(spec.networks.count == 2 && spec.seed_count == 2 && spec.seeds[1] == 8 && spec.evaluations == 2);
	assert_true(spec.settings.width == 16 && spec.scale == 0.25);
	assert_string_equal(spec.settings.data, "shapes");
	assert_string_equal(spec.recipe, "quick");
}

/* The store keeps the text that comes out. */
static void the_text_means_the_same_again(void **state)
{
	(void)state;
	struct study_spec spec = parse("kind = search\nfid-ratio = 1.3\nmethods = em, minmax\nbits = 1,2,8\nfrom = base@400\ncell-steps = 77\n"
	                               "width = 16\nliteral = yes\n");
	char *text = study_spec_text(&spec);
	struct study_spec again = parse(text);
	char *twice = study_spec_text(&again);
	assert_string_equal(text, twice);
	assert_true(again.fid_ratio == 1.3 && again.cell_steps == 77 && again.settings.width == 16 && again.settings.literal);
	assert_string_equal(again.from, "base@400");
	assert_non_null(strstr(text, "literal = yes"));
	assert_null(strstr(text, "evaluations")); /* as it is by itself */
	free(text);
	free(twice);
}

static bool has(const struct study_cell *cells, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(cells[i].key, key))
			return true;
	return false;
}

static void a_grid_has_every_cell_once(void **state)
{
	(void)state;
	struct study_spec spec = parse("methods = em, minmax\nbits = 1, 2\nnetworks = D, G, both\nseeds = 7, 9\nmodels = dcgan\n");
	struct study_cell *cells;
	size_t count;
	assert_true(study_spec_cells(&spec, &cells, &count, NULL));
	assert_int_equal(count, 2 * (2 + 2 * 2 * 3)); /* a base and a float one a seed */
	assert_string_equal(cells[0].key, "base seed 7");
	assert_string_equal(cells[1].key, "float seed 7");
	assert_true(cells[1].d_bits == 32 && cells[1].g_bits == 32 && !strcmp(cells[1].group, "float"));
	assert_true(has(cells, count, "em D1 G32 seed 9") && has(cells, count, "minmax D32 G2 seed 7") &&
	            has(cells, count, "em D2 G2 seed 7"));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(cells[i].key, cells[k].key);
	assert_true(cells[count - 1].seed == 9 && !strcmp(cells[count - 1].group, "both"));
	free(cells);
	spec = parse("pairs = 1/2, 1/3, 32/32\n");
	assert_true(study_spec_cells(&spec, &cells, &count, NULL));
	assert_int_equal(count, 4);
	assert_string_equal(cells[2].key, "em D1 G2");
	free(cells);
}

static void every_layer_is_lowered_alone(void **state)
{
	(void)state;
	struct study_spec spec = parse("kind = layers\nbits = 1, 4\ndata = shapes\nwidth = 8\n");
	struct study_cell *cells;
	size_t count;
	assert_true(study_spec_cells(&spec, &cells, &count, NULL));
	assert_int_equal(count, 2 + 2 * (4 + 4));
	assert_string_equal(cells[1].key, "float");
	assert_true(has(cells, count, "D.conv1 1 bit") && has(cells, count, "G.deconv4 4 bit"));
	for (size_t i = 2; i < count; i++) {
		assert_true(cells[i].d_bits == 32 && cells[i].g_bits == 32);
		assert_int_equal(strncmp(cells[i].overrides, "bits = ", 7), 0);
		assert_non_null(strstr(cells[i].overrides, cells[i].group));
	}
	free(cells);
}

static void lengths_are_scaled(void **state)
{
	(void)state;
	struct study_spec spec = parse("base-steps = 1000\ncell-steps = 3\n");
	study_spec_scale(&spec, 0.1);
	assert_true(spec.base_steps == 100 && spec.cell_steps == 1 && spec.scale == 0.1);
	study_spec_scale(&spec, 0.5);
	assert_true(spec.base_steps == 50 && spec.scale == 0.05);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
	} wrong[] = {
		{"kind = tree", "a.conf:1: kind must be one of grid, search, layers, not \"tree\""},
		{"\nmethods = em, best", "a.conf:2: methods: \"best\" is none of: em, minmax, log, tanh"},
		{"bits = 1, 9", "\"9\" is none of: bits from 1 to 8, or 32"},
		{"bits = ,", "\"\" is none of"},
		{"pairs = 1-2", "\"1-2\" is none of: D/G bits such as 1/2"},
		{"seeds = -1", "\"-1\" is none of: whole numbers"},
		{"cell-steps = 0", "cell-steps must be a whole number from 1"},
		{"cell-steps = 1.5", "cell-steps must be a whole number"},
		{"scale = nan", "scale must be a number from"},
		{"colour = red", "unknown name \"colour\""},
		{"width = 0", "width must be"},
		{"just words", "expected \"name = value\""},
		{"bits = 1,1,1,1,1,1,1,1,1,1,1,1,1", "bits: more than 12"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct study_spec spec;
		struct error error = {0};
		study_spec_init(&spec);
		assert_false(study_spec_parse("a.conf", wrong[i].text, &spec, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		if (!strstr(error.text, wrong[i].said))
			fail_msg("\"%s\" does not say \"%s\"", error.text, wrong[i].said);
	}
}

static void what_does_not_fit_together_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
	} wrong[] = {
		{"kind = search", "needs one target"},
		{"kind = search\nfid-max = 5\nis-min = 2", "not several"},
		{"kind = search\nfid-max = 5\npairs = 1/1", "leave out pairs"},
		{"kind = search\nfid-max = 5\nseeds = 1, 2", "leave out the other seeds"},
		{"kind = layers\nmethods = em, log", "one method"},
		{"methods =", "methods: at least one"},
		{"bits =", "bits: at least one"},
		{"networks =", "networks: at least one"},
		{"phase = scratch\nfrom = a", "no run to start from"},
		{"from = a\nmodels = dcgan, dcgan", "several models"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct study_spec spec;
		struct error error = {0};
		study_spec_init(&spec);
		assert_true(study_spec_parse("a.conf", wrong[i].text, &spec, &error));
		assert_false(study_spec_check(&spec, &error));
		if (!strstr(error.text, wrong[i].said))
			fail_msg("\"%s\" does not say \"%s\"", error.text, wrong[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(the_text_means_the_same_again),
		cmocka_unit_test(a_grid_has_every_cell_once),
		cmocka_unit_test(every_layer_is_lowered_alone),
		cmocka_unit_test(lengths_are_scaled),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(what_does_not_fit_together_is_said),
	};
	return cmocka_run_group_tests_name("study_spec", tests, NULL, NULL);
}
