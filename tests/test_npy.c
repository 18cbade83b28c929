/* engine/file/npy: files that numpy wrote (the seeds of fuzz_npy, from tests/fuzz/make_npy_seeds.py), hostile ones made
 * here, and what npy_write writes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/file/npy.h"
#include "tests/temporary_folder.h"

#define SEEDS "tests/fuzz/corpus/npy/"

static const float grid[6] = {-2, -1, 0, 1, 2, 3};

static void read_or_fail(const char *path, struct npy *npy)
{
	struct error error = {0};
	if (!npy_read(path, npy, &error))
		fail_msg("%s", error.text);
}

static void check_grid(const char *path, const float *expected)
{
	struct npy npy;
	read_or_fail(path, &npy);
	assert_int_equal(npy.dimensions, 2);
	assert_true(npy.shape[0] == 2 && npy.shape[1] == 3 && npy.count == 6);
	for (int i = 0; i < 6; i++)
		if (npy.values[i] != expected[i])
			fail_msg("%s: value %d is %g, expected %g", path, i, (double)npy.values[i], (double)expected[i]);
	npy_clear(&npy);
	assert_null(npy.values);
}

/* What numpy's astype made of -2 .. 3. */
static void every_type_is_read(void **state)
{
	(void)state;
	static const char *const plain[] = {
		"f2", "f4", "f8", "f4_big", "f8_big", "i1", "i2", "i4_big", "i8", "fortran", "version_2", "version_3",
	};
	static const float u1[6] = {254, 255, 0, 1, 2, 3}, u2[6] = {65534, 65535, 0, 1, 2, 3};
	static const float u8[6] = {0x1p64f, 0x1p64f, 0, 1, 2, 3}, b1[6] = {1, 1, 0, 1, 1, 1};
	char path[96];
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		snprintf(path, sizeof path, SEEDS "%s.npy", plain[i]);
		check_grid(path, grid);
	}
	check_grid(SEEDS "u1.npy", u1);
	check_grid(SEEDS "u2.npy", u2);
	check_grid(SEEDS "u8.npy", u8);
	check_grid(SEEDS "b1.npy", b1);
}

static void every_shape_is_read(void **state)
{
	(void)state;
	struct npy npy;
	read_or_fail(SEEDS "three_dimensions_fortran.npy", &npy);
	assert_true(npy.dimensions == 3 && npy.shape[0] == 2 && npy.shape[1] == 3 && npy.shape[2] == 4 && npy.count == 24);
	for (int i = 0; i < 24; i++)
		assert_true(npy.values[i] == (float)i);
	npy_clear(&npy);
	read_or_fail(SEEDS "no_dimension.npy", &npy);
	assert_true(npy.dimensions == 0 && npy.count == 1 && npy.values[0] == 3);
	npy_clear(&npy);
	read_or_fail(SEEDS "empty.npy", &npy);
	assert_true(npy.dimensions == 2 && npy.shape[0] == 0 && npy.shape[1] == 3 && npy.count == 0);
	npy_clear(&npy);
}

static void not_finite_halves_are_read(void **state)
{
	(void)state;
	struct npy npy;
	read_or_fail(SEEDS "not_finite.npy", &npy);
	assert_true(npy.count == 4 && isnan(npy.values[0]) && npy.values[1] == INFINITY && npy.values[2] == -INFINITY &&
	            npy.values[3] == 0);
	npy_clear(&npy);
}

/* A whole file: magic, version, length, header, data of `size` zero bytes. */
static size_t make_file(uint8_t *bytes, int version, const char *header, size_t size)
{
	size_t length = strlen(header), prefix = version == 1 ? 10 : 12;
	memcpy(bytes, "\x93NUMPY", 6);
	bytes[6] = (uint8_t)version;
	bytes[7] = 0;
	for (size_t i = 8; i < prefix; i++)
		bytes[i] = (uint8_t)(length >> 8 * (i - 8));
	memcpy(bytes + prefix, header, length);
	memset(bytes + prefix + length, 0, size);
	return prefix + length + size;
}

static void half_floats_are_exact(void **state)
{
	(void)state;
	static const struct { uint16_t bits; float value; } rows[] = {
		{0x3c00, 1}, {0xc000, -2}, {0x7bff, 65504}, {0x0400, 0x1p-14f}, {0x0001, 0x1p-24f}, {0x03ff, 1023 * 0x1p-24f},
		{0x3555, 1365 * 0x1p-12f}, {0x8000, -0.0f},
	};
	uint8_t bytes[256];
	size_t size = make_file(bytes, 1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}\n", 2);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct npy npy;
		memcpy(bytes + size - 2, &rows[i].bits, 2);
		assert_true(npy_parse(bytes, size, "half", &npy, NULL));
		assert_memory_equal(&npy.values[0], &rows[i].value, sizeof(float));
		npy_clear(&npy);
	}
}

static void refuse(const uint8_t *bytes, size_t size, const char *part)
{
	struct error error = {0};
	struct npy npy;
	if (npy_parse(bytes, size, "tensor.npy", &npy, &error))
		fail_msg("accepted, though expected: %s", part);
	if (error.code != ERROR_INPUT || !strstr(error.text, part) || !strstr(error.text, "tensor.npy"))
		fail_msg("\"%s\" does not say \"%s\"", error.text, part);
	assert_null(npy.values);
}

static void hostile_headers_are_refused(void **state)
{
	(void)state;
#define ORDER "'fortran_order': False"
	static const struct { const char *header, *part; } rows[] = {
		{"", "does not begin with '{'"},
		{"{", "not a dictionary"},
		{"{}", "lacks the field 'descr'"},
		{"{'descr': '<f4'}", "lacks the field 'fortran_order'"},
		{"{'descr': '<f4', " ORDER "}", "lacks the field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (2,)", "lacks a comma or its end"},
		{"{'descr': '<f4', " ORDER ", 'shape': (2,)} x", "text after its '}'"},
		{"{'descr': '<f4' " ORDER ", 'shape': (2,)}", "lacks a comma"},
		{"{'descr': '<f4', 'descr': '<f4'}", "the field 'descr' twice"},
		{"{'strides': (4,)}", "unknown field 'strides'"},
		{"{descr: '<f4'}", "not a dictionary"},
		{"{'descr': '<c8', " ORDER ", 'shape': (2,)}", "type '<c8'"},
		{"{'descr': '<f3', " ORDER ", 'shape': (2,)}", "type '<f3'"},
		{"{'descr': '', " ORDER ", 'shape': (2,)}", "type ''"},
		{"{'descr': '|f4', " ORDER ", 'shape': (2,)}", "type '|f4'"},
		{"{'descr': '|O', " ORDER ", 'shape': (2,)}", "type '|O'"},
		{"{'descr': [('x', '<f4')], " ORDER ", 'shape': (2,)}", "field 'descr'"},
		{"{'descr': '<f4\x1b[2J', " ORDER ", 'shape': (2,)}", "field 'descr'"},
		{"{'descr': '<f4444444444444444444444444444444444', " ORDER ", 'shape': (2,)}", "field 'descr'"},
		{"{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", "field 'fortran_order'"},
		{"{'descr': '<f4', " ORDER ", 'shape': 2}", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (2)}", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (,)}", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (-1,)}", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (1 2)}", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (1.5,)}", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (2,", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (99999999999999999999,)}", "field 'shape'"},
		{"{'descr': '<f4', " ORDER ", 'shape': (1,1,1,1,1,1,1,1,2)}", "more than 8 dimensions"},
		{"{'descr': '<f4', " ORDER ", 'shape': (4611686018427387904,)}", "larger than any memory"},
		{"{'descr': '<f4', " ORDER ", 'shape': (4294967296, 4294967296)}", "larger than any memory"},
		{"{'descr': '<f4', " ORDER ", 'shape': (1000000000000,)}", "promises 4000000000000 bytes of data, but 8 follow"},
		{"{'descr': '<f4', " ORDER ", 'shape': (3,)}", "promises 12 bytes of data, but 8 follow"},
		{"{'descr': '<f4', " ORDER ", 'shape': (1,)}", "4 bytes after the 4 bytes of data"},
		{"{'descr': '<f4', " ORDER ", 'shape': (4294967296, 4294967296, 0)}", "8 bytes after the 0 bytes of data"},
	};
#undef ORDER
	uint8_t bytes[256];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refuse(bytes, make_file(bytes, 1 + (int)(i % 3), rows[i].header, 8), rows[i].part);
}

static void wrong_beginnings_are_refused(void **state)
{
	(void)state;
	static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
	uint8_t bytes[256];
	size_t size = make_file(bytes, 1, header, 8);
	bytes[6] = 4;
	refuse(bytes, size, "version 4.0");
	bytes[6] = 0;
	refuse(bytes, size, "version 0.0");
	bytes[6] = 1;
	bytes[7] = 1;
	refuse(bytes, size, "version 1.1");
	size = make_file(bytes, 2, header, 8);
	memset(bytes + 8, 0xff, 4);
	refuse(bytes, size, "too long");
	bytes[0] = 'P';
	refuse(bytes, size, "not a .npy file");
}

static void numbers_beyond_float_are_named(void **state)
{
	(void)state;
	struct error error = {0};
	struct npy npy;
	assert_false(npy_read(SEEDS "too_large.npy", &npy, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "too_large.npy: value 0 is 1e+300"));
}

/* Also one byte too many. */
static void every_cut_is_refused(void **state)
{
	(void)state;
	static const char *const headers[] = {
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   \n",
		"{'descr': '>f8', 'fortran_order': True, 'shape': (1, 1)}\n",
	};
	for (int version = 1; version <= 3; version++)
		for (int h = 0; h < 2; h++) {
			uint8_t bytes[256];
			struct npy npy;
			size_t size = make_file(bytes, version, headers[h], 8);
			assert_true(npy_parse(bytes, size, "whole", &npy, NULL));
			npy_clear(&npy);
			for (size_t length = 0; length <= size + 1; length++) {
				if (length == size)
					continue;
				uint8_t *part = malloc(length ? length : 1); /* of its exact size, so that an over-read is seen */
				assert_non_null(part);
				memcpy(part, bytes, length <= size ? length : size);
				if (length > size)
					part[size] = 0;
				refuse(part, length, "tensor.npy");
				free(part);
			}
		}
}

static void refuse_path(const char *path, enum error_code code, const char *part)
{
	struct error error = {0};
	struct npy npy;
	assert_false(npy_read(path, &npy, &error));
	assert_int_equal(error.code, code);
	if (!strstr(error.text, part) || !strstr(error.text, path))
		fail_msg("\"%s\" does not say \"%s\"", error.text, part);
}

/* The header of a sparse file may be honest about more than there is memory for; only its end is a lie here. */
static void files_that_cannot_be_read_are_named(void **state)
{
	(void)state;
	struct temporary_folder folder;
	temporary_folder_create(&folder);
	refuse_path("/nonexistent/tensor.npy", ERROR_INPUT, "No such file");
	refuse_path(folder.path, ERROR_INPUT, "not a regular file");
	const char *path = temporary_path(&folder, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse_path(path, ERROR_INPUT, "not a regular file");
	path = temporary_path(&folder, "nothing.npy");
	temporary_write(path, "", 0);
	refuse_path(path, ERROR_INPUT, "not a .npy file");
	uint8_t bytes[256];
	path = temporary_path(&folder, "sparse.npy");
	temporary_write(path, bytes, make_file(bytes, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}", 8));
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	refuse_path(path, ERROR_INPUT, "is cut: its header promises 4000000000000 bytes");
	temporary_folder_remove(&folder);
}

/* The same bytes as numpy's. */
static void written_files_are_numpy_s(void **state)
{
	(void)state;
	static const char *const names[] = {"f4", "empty", "no_dimension"};
	struct temporary_folder folder;
	temporary_folder_create(&folder);
	for (int i = 0; i < 3; i++) {
		char seed[96], theirs[512], ours[512];
		snprintf(seed, sizeof seed, SEEDS "%s.npy", names[i]);
		const char *path = temporary_path(&folder, "ours.npy");
		struct npy npy;
		read_or_fail(seed, &npy);
		assert_true(npy_write(path, &npy, NULL));
		npy_clear(&npy);
		FILE *a = fopen(seed, "rb"), *b = fopen(path, "rb");
		size_t size = fread(theirs, 1, sizeof theirs, a);
		assert_int_equal(fread(ours, 1, sizeof ours, b), size);
		assert_memory_equal(ours, theirs, size);
		fclose(a);
		fclose(b);
	}
	temporary_folder_remove(&folder);
}

static void any_shape_comes_back(void **state)
{
	(void)state;
	struct temporary_folder folder;
	temporary_folder_create(&folder);
	const char *path = temporary_path(&folder, "tensor.npy");
	float values[24];
	for (int i = 0; i < 24; i++)
		values[i] = (float)i * 0.1f;
	static const struct npy shapes[] = {
		{1, {24}, 24, NULL}, {8, {1, 2, 1, 3, 1, 2, 2, 1}, 24, NULL}, {4, {2, 3, 2, 2}, 24, NULL},
		{0, {0}, 1, NULL}, {1, {0}, 0, NULL},
	};
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct npy written = shapes[i], back;
		written.values = values;
		assert_true(npy_write(path, &written, NULL));
		read_or_fail(path, &back);
		assert_true(back.dimensions == written.dimensions && back.count == written.count);
		assert_memory_equal(back.shape, written.shape, sizeof back.shape);
		assert_memory_equal(back.values, values, back.count * sizeof *values);
		npy_clear(&back);
	}
	temporary_folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(every_shape_is_read),
		cmocka_unit_test(not_finite_halves_are_read),
		cmocka_unit_test(half_floats_are_exact),
		cmocka_unit_test(hostile_headers_are_refused),
		cmocka_unit_test(wrong_beginnings_are_refused),
		cmocka_unit_test(numbers_beyond_float_are_named),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(written_files_are_numpy_s),
		cmocka_unit_test(any_shape_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
