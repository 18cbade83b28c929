/* engine/gan/layer_bits: the text, who gets which bits, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/text.h"
#include "engine/gan/layer_bits.h"
#include "engine/quant/quantizer.h"

static struct gan_settings settings_of(int d_bits, int g_bits, const char *layer_bits, const char *exempt)
{
	struct gan_settings settings = {
		.model = "dcgan", .size = 32, .channels = 0, .width = 4, .latent = 10, .batch = 4, .bits = {d_bits, g_bits}, .quantizer = "em",
	};
	text_copy(settings.layer_bits, sizeof settings.layer_bits, layer_bits);
	text_copy(settings.exempt, sizeof settings.exempt, exempt);
	return settings;
}

static void the_text_is_read_and_written(void **state)
{
	(void)state;
	struct layer_exceptions exceptions;
	char text[LAYER_BITS_SIZE];
	assert_true(layer_exceptions_parse("G.deconv1=4,D.conv4=32,G.deconv1=1", &exceptions, NULL));
	assert_int_equal(exceptions.count, 2);
	assert_int_equal(exceptions.items[0].network, NETWORK_G);
	assert_string_equal(exceptions.items[0].layer, "deconv1");
	assert_int_equal(exceptions.items[0].bits, 1);
	assert_int_equal(exceptions.items[1].bits, QUANT_FLOAT_BITS);
	assert_true(layer_exceptions_format(&exceptions, text, NULL));
	assert_string_equal(text, "G.deconv1=1,D.conv4=32");
	assert_true(layer_exceptions_parse("none", &exceptions, NULL) && exceptions.count == 0);
	assert_true(layer_exceptions_parse("", &exceptions, NULL) && exceptions.count == 0);
	assert_true(layer_exceptions_format(&exceptions, text, NULL));
	assert_string_equal(text, "");
}

static void what_is_no_text_of_bits_is_named(void **state)
{
	(void)state;
	static const struct { const char *text, *named; } wrong[] = {
		{"G.conv1", "not \"G.conv1\""}, {"G.conv1=2,", "not \"G.conv1=2,\""}, {"D.conv1=2,G.conv1=x", "not \"G.conv1=x\""},
		{"G.conv1=33", "G.conv1=33"}, {"G.conv1=99999999999", "NETWORK.LAYER=BITS"}, {"G.aaaaaaaaaaaaaaaaaaaaaaaaaaaaa=2", "NETWORK"},
		{",", "not \",\""}, {"G..=1", "G..=1"}, {"\x1b[2J", "NETWORK"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct layer_exceptions exceptions = {.count = -1};
		struct error error = {0};
		assert_false(layer_exceptions_parse(wrong[i].text, &exceptions, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		if (!strstr(error.text, wrong[i].named))
			fail_msg("%s: %s", wrong[i].text, error.text);
		assert_int_equal(exceptions.count, -1);
	}
	char longest[LAYER_BITS_SIZE + 1];
	memset(longest, 'a', sizeof longest);
	longest[LAYER_BITS_SIZE] = '\0';
	struct layer_exceptions exceptions;
	struct error error;
	assert_false(layer_exceptions_parse(longest, &exceptions, &error));
	assert_non_null(strstr(error.text, "shorter than 256"));
}

static void every_layer_gets_its_bits(void **state)
{
	(void)state;
	static const struct { int d_bits, g_bits; const char *layer_bits, *exempt; int bits[NETWORK_COUNT][4]; } rows[] = {
		{2, 1, "", "none", {{2, 2, 2, 2}, {1, 1, 1, 1}}},
		{2, 1, "", "", {{2, 2, 2, 2}, {1, 1, 1, 1}}},
		{2, 32, "", "first", {{32, 2, 2, 2}, {32, 32, 32, 32}}},
		{2, 3, "", "last", {{2, 2, 2, 32}, {3, 3, 3, 32}}},
		{2, 3, "", "ends", {{32, 2, 2, 32}, {32, 3, 3, 32}}},
		{2, 3, "D.conv1=8,G.deconv2=32", "ends", {{8, 2, 2, 32}, {32, 32, 3, 32}}}, /* stronger than an exemption */
		{32, 32, "G.conv4=1", "none", {{32, 32, 32, 32}, {32, 32, 32, 1}}},          /* conv4 is deconv4 */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gan_settings settings = settings_of(rows[i].d_bits, rows[i].g_bits, rows[i].layer_bits, rows[i].exempt);
		struct layer_plan plans[NETWORK_COUNT];
		struct error error = {0};
		if (!layer_plans_make(&settings, plans, &error))
			fail_msg("%s", error.text);
		for (int id = 0; id < NETWORK_COUNT; id++) {
			assert_int_equal(plans[id].count, 4);
			for (int layer = 0; layer < 4; layer++)
				assert_int_equal(plans[id].rows[layer].bits, rows[i].bits[id][layer]);
		}
		assert_string_equal(plans[NETWORK_D].rows[3].name, "conv4");
		assert_string_equal(plans[NETWORK_G].rows[0].name, "deconv1");
	}
}

static void larger_pictures_have_more_layers(void **state)
{
	(void)state;
	for (int size = 32, layers = 4; size <= 128; size *= 2, layers++) {
		struct gan_settings settings = settings_of(2, 2, "", "ends");
		settings.size = size;
		struct layer_plan plans[NETWORK_COUNT];
		assert_true(layer_plans_make(&settings, plans, NULL));
		assert_true(plans[NETWORK_D].count == layers && plans[NETWORK_G].count == layers);
		assert_int_equal(plans[NETWORK_G].rows[layers - 1].bits, QUANT_FLOAT_BITS);
		assert_int_equal(plans[NETWORK_G].rows[layers - 2].bits, 2);
	}
}

static void two_ways_to_say_it_become_one(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of(2, 2, "G.conv3=4,D.conv2=32,G.deconv1=8,G.deconv3=5", "none");
	assert_true(layer_bits_settle(&settings, NULL));
	assert_string_equal(settings.layer_bits, "D.conv2=32,G.deconv1=8,G.deconv3=5");
	assert_true(layer_bits_settle(&settings, NULL));
	assert_string_equal(settings.layer_bits, "D.conv2=32,G.deconv1=8,G.deconv3=5");
}

static void one_layer_is_changed(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of(2, 2, "G.conv3=4", "none");
	struct error error = {0};
	assert_true(layer_bits_change(&settings, NETWORK_D, "conv4", 32, &error));
	assert_string_equal(settings.layer_bits, "D.conv4=32,G.deconv3=4");
	assert_true(layer_bits_change(&settings, NETWORK_G, "conv3", 1, &error));
	assert_string_equal(settings.layer_bits, "D.conv4=32,G.deconv3=1");
	assert_true(layer_bits_change(&settings, NETWORK_G, "deconv3", 0, &error)); /* the network's again */
	assert_string_equal(settings.layer_bits, "D.conv4=32");
	assert_true(layer_bits_change(&settings, NETWORK_G, "deconv3", 0, &error));
	struct gan_settings before = settings;
	assert_false(layer_bits_change(&settings, NETWORK_G, "deconv9", 2, &error));
	assert_string_equal(error.text, "bits: G has no layer \"deconv9\"; it has deconv1, deconv2, deconv3, deconv4");
	assert_false(layer_bits_change(&settings, NETWORK_D, "conv4", 9, &error));
	assert_non_null(strstr(error.text, "D.conv4 bits 9"));
	assert_memory_equal(&settings, &before, sizeof settings);
}

static void what_is_not_there_is_refused(void **state)
{
	(void)state;
	struct layer_plan plans[NETWORK_COUNT];
	struct error error = {0};
	struct gan_settings settings = settings_of(2, 2, "D.deconv1=4", "none");
	assert_false(layer_plans_make(&settings, plans, &error));
	assert_string_equal(error.text, "bits: D has no layer \"deconv1\"; it has conv1, conv2, conv3, conv4");
	settings = settings_of(2, 2, "G.norm1=4", "none");
	assert_false(layer_plans_make(&settings, plans, &error));
	settings = settings_of(2, 2, "", "some");
	assert_false(layer_plans_make(&settings, plans, &error));
	assert_string_equal(error.text, "exempt must be one of none, first, last, ends, not \"some\"");
	settings = settings_of(2, 2, "nonsense", "none");
	assert_false(layer_plans_make(&settings, plans, &error));
	assert_int_equal(error.code, ERROR_INPUT);
}

/* Whoever degenerates at one bit says what is left of it and how it can be had all the same. */
static void too_few_bits_for_a_method_are_refused(void **state)
{
	(void)state;
	for (int q = 0; quantizers[q]; q++) {
		struct layer_plan plans[NETWORK_COUNT];
		struct error error = {0};
		struct gan_settings settings = settings_of(32, 32, "G.conv2=1", "none");
		text_copy(settings.quantizer, sizeof settings.quantizer, quantizers[q]->name);
		bool refused = quantizers[q]->least_bits > 1;
		assert_int_equal(layer_plans_make(&settings, plans, &error), !refused);
		if (!refused)
			continue;
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, "G.deconv2 cannot be trained at 1 bit with "));
		assert_non_null(strstr(error.text, quantizers[q]->degeneration));
		assert_non_null(strstr(error.text, "allow-degenerate"));
		settings.allow_degenerate = true;
		assert_true(layer_plans_make(&settings, plans, &error));
		settings = settings_of(quantizers[q]->least_bits, 32, "", "none");
		assert_true(layer_plans_make(&settings, plans, &error));
	}
	assert_int_equal(quantizer_find("tanh", NULL)->least_bits, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_read_and_written),
		cmocka_unit_test(what_is_no_text_of_bits_is_named),
		cmocka_unit_test(every_layer_gets_its_bits),
		cmocka_unit_test(larger_pictures_have_more_layers),
		cmocka_unit_test(two_ways_to_say_it_become_one),
		cmocka_unit_test(one_layer_is_changed),
		cmocka_unit_test(what_is_not_there_is_refused),
		cmocka_unit_test(too_few_bits_for_a_method_are_refused),
	};
	return cmocka_run_group_tests_name("layer_bits", tests, NULL, NULL);
}
