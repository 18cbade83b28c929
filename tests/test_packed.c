/* engine/quant/packed: codes of any width without gaps, and values that are bit for bit those training used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quant/packed.h"
#include "tests/quant_tensors.h"

enum { SEED = 20251, MOST = 5000 };

static void fill_states(struct random *random, int bits, uint8_t *states, size_t count)
{
	float uniform[MOST];
	random_fill_uniform(random, uniform, count);
	for (size_t i = 0; i < count; i++)
		states[i] = (uint8_t)(uniform[i] * (float)(1 << bits));
}

/* ---- the stream ---- */

static void codes_lie_low_bits_first_without_gaps(void **state)
{
	(void)state;
	static const struct {
		int bits, count;
		uint8_t states[9], bytes[9];
	} rows[] = {
		{1, 9, {1, 0, 1, 1, 0, 0, 0, 1, 1}, {0x8d, 0x01}},
		{2, 5, {3, 0, 2, 1, 2}, {0x63, 0x02}},
		{3, 4, {1, 2, 3, 7}, {0xd1, 0x0e}},
		{4, 3, {0xa, 0x5, 0xf}, {0x5a, 0x0f}},
		{5, 3, {0x1f, 0x00, 0x15}, {0x1f, 0x54}},
		{7, 8, {127, 0, 127, 0, 127, 0, 127, 0}, {0x7f, 0xc0, 0x1f, 0xf0, 0x07, 0xfc, 0x01}},
		{8, 3, {0xff, 0x00, 0x42}, {0xff, 0x00, 0x42}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t bytes[9] = {0}, states[9] = {0};
		packed_write(rows[i].bits, rows[i].states, (size_t)rows[i].count, bytes);
		assert_memory_equal(bytes, rows[i].bytes, sizeof bytes);
		packed_read(rows[i].bits, bytes, (size_t)rows[i].count, states);
		assert_memory_equal(states, rows[i].states, sizeof states);
	}
}

/* Written bit by bit from the definition: code i is in bits i k .. i k + k - 1 of the stream. */
static int code_at(const uint8_t *bytes, int bits, size_t index)
{
	int code = 0;
	for (int b = 0; b < bits; b++) {
		size_t place = index * (size_t)bits + (size_t)b;
		code |= (bytes[place / 8] >> place % 8 & 1) << b;
	}
	return code;
}

static void codes_of_every_width_and_count_come_back(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, SEED, RANDOM_TEST);
	for (int bits = 1; bits <= 8; bits++)
		for (size_t round = 0; round < 96; round++) {
			size_t count = round < 48 ? round : 977 + round, size = packed_bytes(bits, count);
			uint8_t states[MOST], bytes[MOST + 2], back[MOST + 1];
			fill_states(&random, bits, states, count);
			memset(bytes, 0xa5, sizeof bytes);
			memset(back, 0xa5, sizeof back);
			packed_write(bits, states, count, bytes);
			packed_read(bits, bytes, count, back);
			assert_memory_equal(back, states, count);
			assert_true(bytes[size] == 0xa5 && back[count] == 0xa5); /* nothing beyond the end */
			assert_true(size == (count * (size_t)bits + 7) / 8);
			for (size_t i = 0; i < count; i++)
				assert_int_equal(code_at(bytes, bits, i), states[i]);
			if (count * (size_t)bits % 8)
				assert_int_equal(bytes[size - 1] >> count * (size_t)bits % 8, 0); /* left over bits are 0 */
		}
}

/* ---- tensors ---- */

struct tensor {
	const struct quantizer *quantizer;
	int bits;
	struct quant_layout layout;
	const float *weights;
};

static void check_tensor(const struct tensor *t)
{
	size_t count = quant_layout_count(t->layout);
	struct quant_fit fits[64] = {0};
	const struct quant_options options = {.bits = t->bits};
	struct packed_codes packed;
	struct error error;
	float used[MOST], expanded[MOST];
	uint8_t states[MOST], codes[MOST];
	if (!quant_fit_groups(t->quantizer, &options, NULL, t->weights, t->layout, fits, &error))
		fail_msg("%s", error.text);
	quant_apply_groups(t->quantizer, fits, NULL, t->weights, t->layout, states, used, NULL);
	assert_true(packed_codes_make(&packed, t->quantizer, fits, NULL, t->weights, t->layout, &error));
	packed_codes_unpack(&packed, codes);
	assert_memory_equal(codes, states, count);
	packed_codes_expand(&packed, expanded);
	if (memcmp(expanded, used, count * sizeof *used) != 0)
		fail_msg("%s with %d bits: the codes expand to other values than training uses", t->quantizer->name, t->bits);
	assert_int_equal(packed_codes_size(&packed), (count * (size_t)t->bits + 7) / 8 + 16 * t->layout.groups);
	struct quant_statistics statistics;
	if (count > 0) {
		assert_true(quant_describe_groups(t->quantizer, fits, NULL, t->weights, t->layout, &statistics, &error));
		assert_true(statistics.packed_bytes == (double)packed_codes_size(&packed));
	}
	packed_codes_clear(&packed);
}

static void every_method_expands_to_what_training_uses(void **state)
{
	(void)state;
	struct random random;
	float weights[MOST];
	random_start(&random, SEED, RANDOM_TEST);
	for (int row = 0; quantizers[row]; row++)
		for (int bits = 1; bits <= 8; bits++)
			for (int kind = 0; kind < DISTRIBUTIONS; kind++) {
				size_t count = 1 + (size_t)(row * 7 + bits * 131 + kind * 57) % 1500;
				fill_weights(&random, (enum distribution)kind, weights, count);
				check_tensor(&(struct tensor){quantizers[row], bits, quant_layout_whole(count), weights});
			}
}

/* All weights equal keep their value, also where no formula would give it; so do tensors of one weight and of none. */
static void degenerate_tensors_expand_too(void **state)
{
	(void)state;
	static const float values[] = {0.0f, -0.0f, 0.1f, -3e-39f, 1e30f, -FLT_MAX, FLT_MIN};
	float weights[40];
	for (int row = 0; quantizers[row]; row++)
		for (int bits = 1; bits <= 8; bits++)
			for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
				for (size_t i = 0; i < 40; i++)
					weights[i] = values[v];
				for (size_t count = 0; count <= 40; count += count < 3 ? 1 : 37)
					check_tensor(&(struct tensor){quantizers[row], bits, quant_layout_whole(count), weights});
				weights[7] = values[v] / 2 + 1; /* and one that differs */
				check_tensor(&(struct tensor){quantizers[row], bits, quant_layout_whole(40), weights});
			}
}

static void channels_have_scales_of_their_own(void **state)
{
	(void)state;
	static const struct quant_layout layouts[] = {
		{1, 7, 33}, {33, 7, 1}, {5, 3, 16}, {16, 64, 4}, {1, 64, 1}, {9, 1, 9}, {2, 17, 25},
	};
	struct random random;
	float weights[MOST];
	random_start(&random, SEED, RANDOM_TEST);
	for (int row = 0; quantizers[row]; row++)
		for (int bits = 1; bits <= 8; bits++)
			for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
				struct quant_layout layout = layouts[i];
				fill_weights(&random, i % 2 ? HEAVY_TAILS : NORMAL, weights, quant_layout_count(layout));
				for (size_t w = 0; w < layout.inner; w++) /* one constant channel */
					for (size_t o = 0; o < layout.outer; o++)
						weights[(o * layout.groups + layout.groups / 2) * layout.inner + w] = 0.3f;
				check_tensor(&(struct tensor){quantizers[row], bits, layout, weights});
			}
}

static void clearing_twice_does_no_harm(void **state)
{
	(void)state;
	const float weights[4] = {1, 2, 3, 4};
	struct quant_fit fit;
	struct packed_codes packed;
	assert_true(quantizer_minmax.fit(&(struct quant_options){.bits = 2}, NULL, weights, 4, &fit, NULL));
	assert_true(packed_codes_make(&packed, &quantizer_minmax, &fit, NULL, weights, quant_layout_whole(4), NULL));
	assert_int_equal(packed.bytes[0], 0xe4); /* 0, 1, 2, 3 */
	assert_int_equal(packed_codes_size(&packed), 17);
	packed_codes_clear(&packed);
	packed_codes_clear(&packed);
	assert_null(packed.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_lie_low_bits_first_without_gaps),
		cmocka_unit_test(codes_of_every_width_and_count_come_back),
		cmocka_unit_test(every_method_expands_to_what_training_uses),
		cmocka_unit_test(degenerate_tensors_expand_too),
		cmocka_unit_test(channels_have_scales_of_their_own),
		cmocka_unit_test(clearing_twice_does_no_harm),
	};
	return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
