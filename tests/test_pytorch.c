/* State dicts as PyTorch writes them (tests/fuzz/make_pytorch_seeds.py), and pickles that want more than that. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/file_bytes.h"
#include "engine/base/text.h"
#include "engine/file/pytorch_file.h"

static struct file_bytes read_sample(const char *name)
{
	struct file_bytes file;
	char path[128];
	snprintf(path, sizeof path, "tests/fuzz/corpus/pytorch/%s", name);
	assert_true(file_bytes_read(path, 1 << 20, &file, NULL));
	return file;
}

/* values[count] follow in C order, of a tensor of that shape. */
static void assert_tensor(const struct pytorch_file *file, const char *name, int dimensions, const uint64_t shape[], size_t count,
                          const float expected[])
{
	const struct pickle_tensor *tensor = pytorch_file_find(file, name);
	float values[64] = {0};
	if (!tensor)
		fail_msg("no tensor %s", name);
	assert_int_equal(tensor->dimensions, dimensions);
	for (int i = 0; i < dimensions; i++)
		assert_int_equal(tensor->shape[i], shape[i]);
	assert_true(pytorch_file_copy(file, tensor, values, NULL));
	for (size_t i = 0; i < count; i++)
		assert_true(values[i] == expected[i]);
}

#define SHAPE(...) (const uint64_t[]){__VA_ARGS__}
#define VALUES(...) (const float[]){__VA_ARGS__}

static void assert_net(const char *sample, const char *layout)
{
	struct file_bytes bytes = read_sample(sample);
	struct error error = {0};
	struct pytorch_file *file = pytorch_file_parse(bytes.bytes, bytes.size, sample, &error);
	float weights[24];
	assert_string_equal(error.text, "");
	assert_non_null(file);
	assert_string_equal(pytorch_file_layout(file), layout);
	assert_int_equal(pytorch_file_tensor_count(file), 7);
	for (int i = 0; i < 24; i++)
		weights[i] = (float)(i + 1) / 2;
	assert_tensor(file, "conv.weight", 4, SHAPE(3, 2, 2, 2), 24, weights);
	assert_tensor(file, "conv.bias", 1, SHAPE(3), 3, weights);
	assert_tensor(file, "bn.running_var", 1, SHAPE(3), 3, VALUES(1, 1, 1));
	assert_null(pytorch_file_find(file, "conv"));
	pytorch_file_destroy(file);
	file_bytes_clear(&bytes);
}

static void state_dicts_are_read(void **state)
{
	(void)state;
	assert_net("state", "zip");
	assert_net("state_old", "before 1.6");
	assert_net("checkpoint", "zip");
	assert_net("checkpoint_old", "before 1.6");
}

/* Views, shared storages, other types, things that are no tensors. */
static void every_kind_of_tensor_is_read(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		struct file_bytes bytes = read_sample(old ? "many_old" : "many");
		struct pytorch_file *file = pytorch_file_parse(bytes.bytes, bytes.size, "many", NULL);
		struct error error;
		float value;
		assert_non_null(file);
		assert_tensor(file, "plain", 2, SHAPE(2, 3), 6, VALUES(.5f, 1, 1.5f, 2, 2.5f, 3));
		assert_tensor(file, "turned", 2, SHAPE(3, 4), 12, VALUES(.5f, 2, 3.5f, 5, 1, 2.5f, 4, 5.5f, 1.5f, 3, 4.5f, 6));
		assert_tensor(file, "row", 1, SHAPE(3), 3, VALUES(3.5f, 4, 4.5f));
		assert_tensor(file, "column", 1, SHAPE(4), 4, VALUES(1, 2.5f, 4, 5.5f));
		assert_tensor(file, "one", 0, NULL, 1, VALUES(7.5f));
		assert_tensor(file, "empty", 2, SHAPE(0, 4), 0, NULL);
		assert_tensor(file, "double", 1, SHAPE(3), 3, VALUES(.5f, 1, 1.5f));
		assert_tensor(file, "wide", 2, SHAPE(3, 2), 6, VALUES(.5f, 1, .5f, 1, .5f, 1));
		assert_tensor(file, "parameter", 1, SHAPE(2), 2, VALUES(.5f, 1));
		assert_null(pytorch_file_find(file, "text"));
		assert_false(pytorch_file_copy(file, pytorch_file_find(file, "whole"), &value, &error));
		assert_string_equal(error.text, "many: a tensor is made of a LongStorage; expected FloatStorage or DoubleStorage");
		pytorch_file_destroy(file);
		file_bytes_clear(&bytes);
	}
}

static void what_python_2_wrote_is_read(void **state)
{
	(void)state;
	struct file_bytes bytes = read_sample("python_2");
	struct pytorch_file *file = pytorch_file_parse(bytes.bytes, bytes.size, "python_2", NULL);
	assert_non_null(file);
	assert_tensor(file, "conv.weight", 2, SHAPE(2, 2), 4, VALUES(1.5f, 2.5f, 3.5f, 4.5f));
	assert_tensor(file, "conv.bias", 1, SHAPE(3), 3, VALUES(-1, -2, -3));
	pytorch_file_destroy(file);
	file_bytes_clear(&bytes);
}

static void assert_refused(const char *sample, const char *part)
{
	struct file_bytes bytes = read_sample(sample);
	struct error error = {0};
	struct pytorch_file *file = pytorch_file_parse(bytes.bytes, bytes.size, sample, &error);
	assert_null(file);
	assert_int_equal(error.code, ERROR_INPUT);
	assert_int_equal(strncmp(error.text, sample, strlen(sample)), 0);
	if (!strstr(error.text, part))
		fail_msg("%s: \"%s\" lacks \"%s\"", sample, error.text, part);
	file_bytes_clear(&bytes);
}

static void nothing_is_run(void **state)
{
	(void)state;
	assert_refused("system", "asks for os.system, which is not run here");
	assert_refused("eval", "asks for __builtin__.eval, which is not run here");
	assert_refused("module", "asks for __main__.Net, which is not run here; expected tensors alone, as "
	                         "torch.save(model.state_dict(), FILE) writes them");
	assert_refused("inst", "has the opcode INST, which no state dict needs");
	assert_refused("call_storage", "calls a storage");
	assert_refused("no_opcode", "has 0xFF, which is no opcode");
	assert_refused("protocol_4", "the pickle is of protocol 4; expected 2");
}

static void wrong_files_are_named(void **state)
{
	(void)state;
	assert_refused("list", "holds no dict of tensors");
	assert_refused("loop", "holds no dict of tensors");
	assert_refused("beyond", "makes a tensor that reaches beyond its storage");
	assert_refused("deep", "is nested too deeply");
	assert_refused("no_pickle", "is a zip archive, but none of PyTorch's");
	assert_refused("big_endian", "has values that are not little-endian");
	assert_refused("tar", "is a tar archive, the layout of PyTorch before 0.1.10");
	assert_refused("python_2_more", "goes on after its storages");
	assert_refused("python_2_cut", "is cut");
}

static void missing_values_are_named(void **state)
{
	(void)state;
	struct file_bytes bytes = read_sample("missing");
	struct pytorch_file *file = pytorch_file_parse(bytes.bytes, bytes.size, "missing", NULL);
	struct error error;
	float values[4];
	assert_non_null(file);
	assert_false(pytorch_file_copy(file, pytorch_file_find(file, "a"), values, &error));
	assert_string_equal(error.text, "missing: a storage is missing or of another length: expected a FloatStorage of 4 values");
	pytorch_file_destroy(file);
	file_bytes_clear(&bytes);
}

/* Each of its exact size, so that an over-read is seen. */
static void every_cut_is_refused(void **state)
{
	(void)state;
	static const char *const samples[] = {"state_old", "python_2", "state"};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct file_bytes bytes = read_sample(samples[i]);
		for (size_t size = 0; size < bytes.size; size++) {
			struct error error = {0};
			uint8_t *part = malloc(size ? size : 1);
			assert_non_null(part);
			memcpy(part, bytes.bytes, size);
			assert_null(pytorch_file_parse(part, size, "cut", &error));
			assert_int_equal(error.code, ERROR_INPUT);
			free(part);
		}
		file_bytes_clear(&bytes);
	}
}

/* Whatever byte is another: a sentence, or a file that can be read. */
static void every_changed_byte_is_survived(void **state)
{
	(void)state;
	static const char *const samples[] = {"many_old", "python_2", "state"};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct file_bytes bytes = read_sample(samples[i]);
		for (size_t place = 0; place < bytes.size; place++) {
			struct error error = {0};
			bytes.bytes[place] ^= (uint8_t)(1 + place % 255);
			struct pytorch_file *file = pytorch_file_parse(bytes.bytes, bytes.size, "changed", &error);
			assert_true(file || (error.code == ERROR_INPUT && error.text[0]));
			pytorch_file_destroy(file);
			bytes.bytes[place] ^= (uint8_t)(1 + place % 255);
		}
		file_bytes_clear(&bytes);
	}
}

/* Numbers of every length, as pickle.dumps writes them. */
static void integers_have_signs(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		int64_t value;
	} numbers[] = {
		{"K\xff.", 3, 255}, {"M\xff\xff.", 4, 65535}, {"J\xff\xff\xff\xff.", 6, -1}, {"J\x00\x00\x00\x80.", 6, INT32_MIN},
		{"\x8a\x00.", 3, 0}, {"\x8a\x01\xff.", 4, -1}, {"\x8a\x05\x00\x00\x00\x80\x00.", 8, 1LL << 31},
		{"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", 11, INT64_MIN},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct pickle pickle;
		assert_true(pickle_read(numbers[i].bytes, numbers[i].size, "number", &pickle, NULL));
		assert_int_equal(pickle.values[pickle.top].kind, PICKLE_INTEGER);
		assert_true(pickle.values[pickle.top].integer == numbers[i].value);
		assert_int_equal(pickle.size, numbers[i].size);
		pickle_clear(&pickle);
	}
}

/* A pickle of a few bytes that asks for ever more values ends in a sentence. */
static void values_are_bounded(void **state)
{
	(void)state;
	struct text text = {0};
	struct pickle pickle;
	struct error error;
	for (int i = 0; i <= PYTORCH_MAX_VALUES; i++)
		text_append(&text, "N", 1);
	assert_false(pickle_read(text.bytes, text.length, "endless", &pickle, &error));
	assert_non_null(strstr(error.text, "has too many values"));
	text_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_dicts_are_read),
		cmocka_unit_test(every_kind_of_tensor_is_read),
		cmocka_unit_test(what_python_2_wrote_is_read),
		cmocka_unit_test(nothing_is_run),
		cmocka_unit_test(wrong_files_are_named),
		cmocka_unit_test(missing_values_are_named),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_survived),
		cmocka_unit_test(integers_have_signs),
		cmocka_unit_test(values_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
