/* One fit a channel: against plain loops over every layout, and against one fit for the whole tensor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quant/grouped.h"
#include "engine/quant/packed.h"
#include "tests/quant_tensors.h"

enum { MAX_WEIGHTS = 40000, MAX_GROUPS = 200 };

static float weights[MAX_WEIGHTS];

/* Few and many of each, around the lengths at which the ways through memory change. */
static const struct quant_layout layouts[] = {
	{1, 1, 50}, {1, 2, 1}, {7, 2, 1}, {25, 16, 1}, {31, 17, 1}, {200, 40, 1}, {1100, 33, 1}, {2500, 3, 1}, {6, 5, 4},
	{9, 16, 3}, {130, 20, 15}, {5, 3, 16}, {70, 4, 17}, {1, 9, 300}, {1, 200, 3}, {3, 2, 1023}, {3, 2, 1024},
	{2, 3, 2000}, {1, 3, 5000},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* Channels of different sizes and means, one of them constant. */
static void fill_tensor(struct random *random, struct quant_layout layout)
{
	size_t count = quant_layout_count(layout);
	assert_true(count <= MAX_WEIGHTS && layout.groups <= MAX_GROUPS);
	fill_weights(random, (enum distribution)random_below(random, LARGE_MEAN), weights, count);
	for (size_t i = 0; i < count; i++) {
		size_t group = i / layout.inner % layout.groups;
		weights[i] = group == 1 ? 0.25f : weights[i] * (float)(1 + group % 5) + (float)(group % 3);
	}
}

static void fit_groups_with(const struct quantizer *quantizer, const struct quant_options *options, struct parallel *parallel,
                            struct quant_layout layout, struct quant_fit fits[])
{
	struct error error = {0};
	if (!quant_fit_groups(quantizer, options, parallel, weights, layout, fits, &error))
		fail_msg("%s at %d bits: %s", quantizer->name, options->bits, error.text);
}

static void fit_groups(const struct quantizer *quantizer, int bits, struct parallel *parallel, struct quant_layout layout,
                       struct quant_fit fits[])
{
	fit_groups_with(quantizer, &(struct quant_options){.bits = bits}, parallel, layout, fits);
}

/* One group's weights and where they are in the tensor. */
static size_t pick_group(struct quant_layout layout, size_t group, float *picked, size_t *places)
{
	size_t count = 0;
	for (size_t i = 0; i < quant_layout_count(layout); i++)
		if (i / layout.inner % layout.groups == group) {
			picked[count] = weights[i];
			places[count++] = i;
		}
	return count;
}

static bool same_fit(const struct quant_fit *a, const struct quant_fit *b)
{
	return a->bits == b->bits && a->alpha == b->alpha && a->beta == b->beta && a->iterations == b->iterations &&
	       a->valid == b->valid && a->constant == b->constant;
}

static void check_layout(const struct quantizer *quantizer, int bits, struct quant_layout layout)
{
	static float quantized[MAX_WEIGHTS], alone[MAX_WEIGHTS], picked[MAX_WEIGHTS], expected[MAX_WEIGHTS];
	static uint8_t states[MAX_WEIGHTS], expected_states[MAX_WEIGHTS];
	static size_t places[MAX_WEIGHTS];
	struct quant_fit fits[MAX_GROUPS];
	uint64_t counts[QUANT_MAX_STATES], sums[QUANT_MAX_STATES] = {0};
	struct quant_options options = {.bits = bits, .literal = true}; /* else the whole tensor's fit may be the better */
	size_t count = quant_layout_count(layout);
	fit_groups_with(quantizer, &options, NULL, layout, fits);
	quant_apply_groups(quantizer, fits, NULL, weights, layout, states, quantized, counts);
	quant_apply_groups(quantizer, fits, NULL, weights, layout, NULL, alone, NULL);
	assert_memory_equal(quantized, alone, count * sizeof *alone);
	for (size_t g = 0; g < layout.groups; g++) {
		struct quant_fit fit;
		size_t size = pick_group(layout, g, picked, places);
		assert_true(quantizer->fit(&options, NULL, picked, size, &fit, NULL) && same_fit(&fit, &fits[g]));
		quantizer->apply(&fit, NULL, picked, size, expected_states, expected, NULL);
		for (size_t i = 0; i < size; i++) {
			assert_true(quantized[places[i]] == expected[i] && states[places[i]] == expected_states[i]);
			sums[expected_states[i]]++;
		}
	}
	assert_memory_equal(counts, sums, sizeof *sums << bits);
}

static void every_layout_is_its_groups_one_by_one(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 30, RANDOM_TEST);
	for (int l = 0; l < LAYOUTS; l++)
		for (int i = 0; quantizers[i]; i++) {
			fill_tensor(&random, layouts[l]);
			check_layout(quantizers[i], 1 + (l + i) % 8, layouts[l]);
		}
}

static void one_group_is_the_row_itself(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 31, RANDOM_TEST);
	for (int t = 0; t < 200; t++) {
		const struct quantizer *quantizer = quantizers[t % 4];
		struct quant_layout layout = quant_layout_whole(1 + random_below(&random, 600));
		struct quant_options options = {.bits = 1 + t % 8};
		struct quant_fit fit, grouped;
		struct quant_statistics statistics[2];
		struct error error;
		fill_tensor(&random, layout);
		assert_true(quantizer->fit(&options, NULL, weights, layout.inner, &fit, &error));
		fit_groups(quantizer, options.bits, NULL, layout, &grouped);
		assert_true(same_fit(&fit, &grouped));
		memset(statistics, 0, sizeof statistics);
		assert_true(quant_describe(quantizer, &fit, NULL, weights, layout.inner, &statistics[0], &error));
		assert_true(quant_describe_groups(quantizer, &fit, NULL, weights, layout, &statistics[1], &error));
		assert_memory_equal(&statistics[0], &statistics[1], sizeof *statistics);
	}
}

static double error_of(const struct quantizer *quantizer, const struct quant_fit fits[], struct quant_layout layout)
{
	struct quant_statistics statistics;
	struct error error;
	assert_true(quant_describe_groups(quantizer, fits, NULL, weights, layout, &statistics, &error));
	return statistics.mean_squared_error;
}

/* A scale of its own serves a channel at least as well as the tensor's, also where channels are alike and chance decides
 * where EM ends, or where it is stopped early. */
static void scales_a_channel_never_err_more_than_one_for_all(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 32, RANDOM_TEST);
	for (int t = 0; t < 12 * LAYOUTS; t++) {
		const struct quant_layout layout = layouts[t % LAYOUTS];
		const struct quant_layout whole_layout = quant_layout_whole(quant_layout_count(layout));
		const struct quant_options options = {.bits = 1 + t % 8, .iterations = t % 4};
		struct quant_fit whole, fits[MAX_GROUPS];
		if (t % 2)
			fill_tensor(&random, layout);
		else
			fill_weights(&random, (enum distribution)random_below(&random, LARGE_MEAN), weights, whole_layout.inner);
		fit_groups_with(&quantizer_em, &options, NULL, layout, fits);
		fit_groups_with(&quantizer_em, &options, NULL, whole_layout, &whole);
		double channels = error_of(&quantizer_em, fits, layout), all = error_of(&quantizer_em, &whole, whole_layout);
		if (channels > all * (1 + 1e-9))
			fail_msg("layout %d, %d bits, %d iterations: %g a channel, %g for all", t % LAYOUTS, options.bits,
			         options.iterations, channels, all);
	}
}

/* From the last step's fits, group by group, and in place. */
static void warm_starts_are_each_groups_own(void **state)
{
	(void)state;
	static float picked[MAX_WEIGHTS];
	static size_t places[MAX_WEIGHTS];
	static const struct quant_layout layout = {100, 20, 1};
	struct random random;
	struct quant_fit fits[20], last[20];
	random_start(&random, 33, RANDOM_TEST);
	fill_tensor(&random, layout);
	fit_groups(&quantizer_em, 2, NULL, layout, fits);
	for (size_t i = 0; i < quant_layout_count(layout); i++)
		weights[i] *= 1.01f;
	memcpy(last, fits, sizeof last);
	struct quant_options options = {.bits = 2, .warm = fits};
	assert_true(quant_fit_groups(&quantizer_em, &options, NULL, weights, layout, fits, NULL));
	for (size_t g = 0; g < 20; g++) {
		struct quant_options own = {.bits = 2, .warm = &last[g]};
		struct quant_fit fit;
		size_t size = pick_group(layout, g, picked, places);
		assert_true(quantizer_em.fit(&own, NULL, picked, size, &fit, NULL));
		assert_true(same_fit(&fit, &fits[g]));
	}
}

static void traces_are_means(void **state)
{
	(void)state;
	static float picked[MAX_WEIGHTS];
	static size_t places[MAX_WEIGHTS];
	static const struct quant_layout layout = {200, 3, 1};
	struct random random;
	struct quant_fit fits[3];
	struct quant_trace trace = {0}, traces[3] = {0};
	random_start(&random, 34, RANDOM_TEST);
	fill_tensor(&random, layout);
	fit_groups_with(&quantizer_em, &(struct quant_options){.bits = 2, .literal = true, .trace = &trace}, NULL, layout, fits);
	for (size_t g = 0; g < 3; g++) {
		struct quant_options own = {.bits = 2, .literal = true, .trace = &traces[g]};
		struct quant_fit fit;
		size_t size = pick_group(layout, g, picked, places);
		assert_true(quantizer_em.fit(&own, NULL, picked, size, &fit, NULL));
	}
	int longest = 0;
	for (int g = 0; g < 3; g++)
		longest = traces[g].count > longest ? traces[g].count : longest;
	assert_true(trace.count == longest);
	for (int i = 0; i < longest; i++) {
		double sum = 0;
		for (int g = 0; g < 3; g++)
			sum += traces[g].count ? (double)traces[g].errors[i < traces[g].count ? i : traces[g].count - 1] : 0;
		assert_true(fabs((double)trace.errors[i] - sum / 3) <= 1e-6 * sum);
	}
}

static void statistics_are_the_tensors_own(void **state)
{
	(void)state;
	static float quantized[MAX_WEIGHTS];
	static const struct quant_layout layout = {64, 24, 2};
	struct random random;
	struct quant_fit fits[24];
	struct quant_statistics s;
	random_start(&random, 35, RANDOM_TEST);
	for (int i = 0; quantizers[i]; i++) {
		size_t count = quant_layout_count(layout);
		double sum = 0, alpha = 0, level = 0;
		uint64_t total = 0;
		fill_tensor(&random, layout);
		fit_groups(quantizers[i], 3, NULL, layout, fits);
		quant_apply_groups(quantizers[i], fits, NULL, weights, layout, NULL, quantized, NULL);
		assert_true(quant_describe_groups(quantizers[i], fits, NULL, weights, layout, &s, NULL));
		for (size_t w = 0; w < count; w++)
			sum += ((double)weights[w] - quantized[w]) * ((double)weights[w] - quantized[w]);
		for (int g = 0; g < 24; g++) {
			alpha += fits[g].alpha / 24;
			level += quantizers[i]->decode(&fits[g], 4) / 24;
		}
		for (int z = 0; z < 8; z++)
			total += s.counts[z];
		assert_true(total == count && s.weights == count && s.groups == 24 && !s.fit.constant);
		assert_true(fabs(s.mean_squared_error - sum / (double)count) <= 1e-9 * s.mean_squared_error);
		assert_true(fabs(s.fit.alpha - alpha) <= 1e-12 * alpha && fabs(s.levels[4] - level) <= 1e-12 * fabs(level));
		assert_true(s.packed_bytes == (double)count * 3 / 8 + 24 * PACKED_SCALE_BYTES);
	}
	const struct quant_fit none = {.bits = QUANT_FLOAT_BITS};
	assert_true(quant_describe_groups(NULL, &none, NULL, weights, layout, &s, NULL));
	assert_true(s.packed_bytes == 4.0 * (double)s.weights && s.mean_squared_error == 0 && s.variance > 0);
}

static void mistakes_name_the_place_in_the_tensor(void **state)
{
	(void)state;
	static const struct quant_layout layout = {10, 6, 2};
	struct random random;
	random_start(&random, 36, RANDOM_TEST);
	for (int i = 0; quantizers[i]; i++) {
		struct quant_fit fits[6] = {{.bits = 77}};
		struct quant_options options = {.bits = 2};
		struct error error = {0};
		fill_tensor(&random, layout);
		weights[101] = NAN;
		weights[113] = INFINITY;
		assert_false(quant_fit_groups(quantizers[i], &options, NULL, weights, layout, fits, &error));
		assert_int_equal(error.code, ERROR_NUMERIC);
		assert_non_null(strstr(error.text, "weight 101 of 120 is NaN"));
		weights[101] = weights[113] = 0;
		options.bits = 9;
		assert_false(quant_fit_groups(quantizers[i], &options, NULL, weights, layout, fits, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_int_equal(fits[0].bits, 77); /* untouched */
	}
}

static void threads_change_no_bit(void **state)
{
	(void)state;
	static float quantized[3][MAX_WEIGHTS];
	static const struct quant_layout layout = {90, 110, 4};
	static struct quant_statistics statistics[3];
	struct quant_fit fits[3][110];
	struct random random;
	random_start(&random, 37, RANDOM_TEST);
	fill_tensor(&random, layout);
	for (int i = 0; quantizers[i]; i++)
		for (int t = 0; t < 3; t++) {
			struct error error;
			struct parallel *parallel = parallel_create(t + 1, &error);
			assert_non_null(parallel);
			fit_groups(quantizers[i], 3, parallel, layout, fits[t]);
			quant_apply_groups(quantizers[i], fits[t], parallel, weights, layout, NULL, quantized[t], NULL);
			assert_true(quant_describe_groups(quantizers[i], fits[t], parallel, weights, layout, &statistics[t], &error));
			parallel_destroy(parallel);
			for (int g = 0; g < 110; g++)
				assert_true(same_fit(&fits[t][g], &fits[0][g]));
			assert_memory_equal(quantized[t], quantized[0], sizeof *quantized);
			assert_memory_equal(&statistics[t].weights, &statistics[0].weights,
			                    sizeof *statistics - offsetof(struct quant_statistics, weights));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_its_groups_one_by_one),
		cmocka_unit_test(one_group_is_the_row_itself),
		cmocka_unit_test(scales_a_channel_never_err_more_than_one_for_all),
		cmocka_unit_test(warm_starts_are_each_groups_own),
		cmocka_unit_test(traces_are_means),
		cmocka_unit_test(statistics_are_the_tensors_own),
		cmocka_unit_test(mistakes_name_the_place_in_the_tensor),
		cmocka_unit_test(threads_change_no_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
