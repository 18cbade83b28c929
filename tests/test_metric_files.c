/* What scores are read from: rows of .npy files in double precision, zip archives, statistics as pytorch-fid keeps them.
 * Archives that numpy wrote are the seeds of fuzz_statistics, from tests/fuzz/make_statistics_seeds.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/file_bytes.h"
#include "engine/base/text.h"
#include "engine/file/npy_doubles.h"
#include "engine/file/zip.h"
#include "engine/metric/statistics.h"
#include "tests/temporary_folder.h"

#define NPY_SEEDS "tests/fuzz/corpus/npy/"
#define SEEDS "tests/fuzz/corpus/statistics/"

static void says(const struct error *error, const char *part)
{
	if (!strstr(error->text, part))
		fail_msg("\"%s\" does not say \"%s\"", error->text, part);
}

/* ---- rows ---- */

/* -2 .. 3 as two rows of three. */
static void rows_of_every_type_are_read(void **state)
{
	(void)state;
	static const char *const names[] = {"f2", "f4", "f8", "f4_big", "f8_big", "i1", "i2", "i4_big", "i8", "fortran", "version_3"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[96];
		double values[6] = {0};
		snprintf(path, sizeof path, NPY_SEEDS "%s.npy", names[i]);
		struct npy_rows *rows = npy_rows_open(path, NULL);
		assert_non_null(rows);
		assert_string_equal(npy_rows_path(rows), path);
		assert_true(npy_rows_count(rows) == 2 && npy_rows_columns(rows) == 3);
		assert_true(npy_rows_read(rows, 1, 1, values, NULL));
		assert_true(values[0] == 1 && values[1] == 2 && values[2] == 3 && values[3] == 0);
		assert_true(npy_rows_read(rows, 0, 2, values, NULL));
		for (int v = 0; v < 6; v++)
			assert_true(values[v] == v - 2);
		assert_true(npy_rows_read(rows, 2, 0, values, NULL));
		npy_rows_close(rows);
	}
}

static void wrong_row_files_are_named(void **state)
{
	(void)state;
	struct error error = {0};
	assert_null(npy_rows_open(NPY_SEEDS "three_dimensions_fortran.npy", &error));
	says(&error, "three_dimensions_fortran.npy has the shape (2, 3, 4); expected two dimensions: samples, values of a sample");
	assert_null(npy_rows_open(NPY_SEEDS "too_large.npy", &error));
	says(&error, "too_large.npy has the shape (1,);");
	assert_null(npy_rows_open(NPY_SEEDS "c8.npy", &error));
	says(&error, "type '<c8' cannot be read");
	assert_null(npy_rows_open("/nonexistent/rows.npy", &error));
	says(&error, "/nonexistent/rows.npy cannot be read: No such file");
	assert_int_equal(error.code, ERROR_INPUT);
	struct npy_rows *rows = npy_rows_open(NPY_SEEDS "empty.npy", &error);
	assert_true(rows && npy_rows_count(rows) == 0 && npy_rows_columns(rows) == 3);
	npy_rows_close(rows);
	npy_rows_close(NULL);
}

/* No float32 in between. */
static void doubles_stay_exact(void **state)
{
	(void)state;
	struct file_bytes file;
	struct npy_doubles npy;
	assert_true(file_bytes_read(NPY_SEEDS "too_large.npy", 1 << 20, &file, NULL));
	assert_true(npy_doubles_parse(file.bytes, file.size, "test", &npy, NULL));
	assert_true(npy.dimensions == 1 && npy.count == 1 && npy.values[0] == 1e300);
	npy_doubles_clear(&npy);
	file_bytes_clear(&file);
}

/* ---- archives ---- */

static void read_seed(const char *name, struct file_bytes *file)
{
	char path[96];
	struct error error;
	snprintf(path, sizeof path, SEEDS "%s.npz", name);
	if (!file_bytes_read(path, 1 << 20, file, &error))
		fail_msg("%s", error.text);
}

static void members_are_found_and_extracted(void **state)
{
	(void)state;
	static const char *const names[] = {"stored", "deflated", "plain_zip"};
	struct file_bytes whole[3];
	uint8_t *contents[3];
	for (int i = 0; i < 3; i++) {
		struct zip zip;
		read_seed(names[i], &whole[i]);
		assert_true(zip_parse(whole[i].bytes, whole[i].size, names[i], &zip, NULL));
		assert_int_equal(zip.count, 2);
		assert_null(zip_find(&zip, "mu"));
		const struct zip_member *member = zip_find(&zip, "sigma.npy");
		assert_non_null(member);
		assert_int_equal(member->size, 128 + 9 * 8);
		contents[i] = zip_extract(&zip, member, NULL);
		assert_non_null(contents[i]);
		assert_memory_equal(contents[i], contents[0], member->size);
		zip_clear(&zip);
	}
	for (int i = 0; i < 3; i++) {
		file_bytes_clear(&whole[i]);
		free(contents[i]);
	}
}

static void refuse_bytes(const uint8_t *bytes, size_t size, const char *part)
{
	struct error error = {0};
	struct zip zip;
	if (zip_parse(bytes, size, "stats.npz", &zip, &error))
		fail_msg("accepted, though expected: %s", part);
	says(&error, part);
	says(&error, "stats.npz");
	assert_int_equal(error.code, ERROR_INPUT);
	assert_null(zip.members);
}

/* Places in stored.npz, two members of which the first has an extra field of 20 bytes in its local header. */
static void hostile_archives_are_refused(void **state)
{
	(void)state;
	struct file_bytes seed;
	read_seed("stored", &seed);
	size_t end = seed.size - 22;
	size_t entry = seed.bytes[end + 16] | (size_t)seed.bytes[end + 17] << 8;
	const struct { size_t place; uint8_t value; const char *part; } rows[] = {
		{end, 'Q', "stats.npz is no zip archive or is cut: its end record is missing"},
		{end + 4, 1, "several disks"},
		{end + 8, 1, "several disks"},
		{end + 10, 3, "several disks"},
		{end + 12, 0, "its directory does not end where its end record begins"},
		{end + 16, 0, "its directory does not end where its end record begins"},
		{entry, 'Q', "its directory is cut"},
		{entry + 9, 0x20, "member mu.npy is encrypted"},
		{entry + 8, 1, "member mu.npy is encrypted"},
		{entry + 10, 9, "member mu.npy is compressed by method 9; expected stored or deflated"},
		{entry + 10, 8, "member mu.npy has a local header that differs"},
		{entry + 20, 1, "member mu.npy is stored, but its two sizes differ"},
		{entry + 28, 0, "without a name"},
		{entry + 28, 255, "its directory is cut"},
		{entry + 34, 1, "member mu.npy lies on another disk"},
		{entry + 42, 1, "member mu.npy does not lie where the directory says"},
		{entry + 45, 0x7F, "member mu.npy does not lie where the directory says"},
		{entry + 46, '\n', "control characters in its name"},
		{entry + 46, 'n', "member nu.npy has a local header that differs"},
		{6 + 20, 5, "member mu.npy has a local header that differs"},
		{6 + 23, 0x7F, "member mu.npy has a local header that differs"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t before = seed.bytes[rows[i].place];
		seed.bytes[rows[i].place] = rows[i].value;
		refuse_bytes(seed.bytes, seed.size, rows[i].part);
		seed.bytes[rows[i].place] = before;
	}
	for (size_t place = entry + 20; place <= entry + 42; place += place == entry + 20 ? 4 : 18) { /* sizes, offset */
		uint8_t before[4];
		memcpy(before, seed.bytes + place, 4);
		memset(seed.bytes + place, 0xFF, 4);
		refuse_bytes(seed.bytes, seed.size, "member mu.npy has zip64 sizes");
		memcpy(seed.bytes + place, before, 4);
	}
	seed.bytes[end + 8] = seed.bytes[end + 10] = 1;
	refuse_bytes(seed.bytes, seed.size, "its directory holds more than its members");
	memset(seed.bytes + end + 8, 0xFF, 4);
	refuse_bytes(seed.bytes, seed.size, "is a zip64 archive");
	file_bytes_clear(&seed);
	read_seed("twice", &seed);
	refuse_bytes(seed.bytes, seed.size, "member mu.npy is there twice");
	file_bytes_clear(&seed);
	read_seed("encrypted", &seed);
	refuse_bytes(seed.bytes, seed.size, "member mu.npy is encrypted; expected one that is not");
	file_bytes_clear(&seed);
	read_seed("bzip2", &seed);
	refuse_bytes(seed.bytes, seed.size, "member mu.npy is compressed by method 12");
	file_bytes_clear(&seed);
}

/* Each of its exact size, so that an over-read is seen. */
static void every_cut_is_refused(void **state)
{
	(void)state;
	struct file_bytes seed;
	read_seed("deflated", &seed);
	for (size_t size = 0; size < seed.size; size++) {
		uint8_t *part = malloc(size ? size : 1);
		assert_non_null(part);
		memcpy(part, seed.bytes, size);
		refuse_bytes(part, size, "stats.npz is no zip archive or is cut");
		free(part);
	}
	file_bytes_clear(&seed);
}

static void damaged_contents_are_named(void **state)
{
	(void)state;
	static const char *const names[] = {"stored", "deflated"};
	for (int n = 0; n < 2; n++) {
		struct file_bytes seed;
		struct zip zip;
		read_seed(names[n], &seed);
		assert_true(zip_parse(seed.bytes, seed.size, "stats.npz", &zip, NULL));
		const struct zip_member *member = zip_find(&zip, "sigma.npy");
		for (size_t i = 0; i < member->stored_size; i++) {
			struct error error = {0};
			seed.bytes[member->offset + i] ^= 0x15;
			assert_null(zip_extract(&zip, member, &error));
			says(&error, "stats.npz: member sigma.npy is damaged: its ");
			seed.bytes[member->offset + i] ^= 0x15;
		}
		zip_clear(&zip);
		file_bytes_clear(&seed);
	}
}

/* A megabyte from a thousand bytes is possible; a gigabyte is not, and no memory is asked for. */
static void no_member_grows_beyond_what_is_possible(void **state)
{
	(void)state;
	struct file_bytes seed;
	read_seed("deflated", &seed);
	size_t end = seed.size - 22, entry = seed.bytes[end + 16] | (size_t)seed.bytes[end + 17] << 8;
	seed.bytes[entry + 27] = 0x40;
	refuse_bytes(seed.bytes, seed.size, "member mu.npy promises more than its compressed data can hold");
	file_bytes_clear(&seed);
}

static void archives_are_told_from_arrays(void **state)
{
	(void)state;
	assert_true(zip_is_at(SEEDS "stored.npz"));
	assert_true(zip_is_at(SEEDS "empty.npz"));
	assert_false(zip_is_at(NPY_SEEDS "f4.npy"));
	assert_false(zip_is_at("/nonexistent"));
	assert_false(zip_is_at("/tmp"));
}

/* ---- statistics ---- */

static void statistics_of_numpy_are_read(void **state)
{
	(void)state;
	static const double mean[3] = {1, -2, 0.5}, covariance[9] = {2, 0.5, 0, 0.5, 1, -0.25, 0, -0.25, 3};
	static const struct { const char *name; uint64_t count; } rows[] = {
		{"stored", 0}, {"deflated", 0}, {"floats", 0}, {"fortran_big", 0}, {"plain_zip", 0}, {"samples_and_more", 5000},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char path[96];
		struct error error;
		struct metric_statistics statistics;
		snprintf(path, sizeof path, SEEDS "%s.npz", rows[i].name);
		if (!metric_statistics_read(path, &statistics, &error))
			fail_msg("%s", error.text);
		assert_int_equal(statistics.dimensions, 3);
		assert_int_equal(statistics.count, rows[i].count);
		assert_memory_equal(statistics.mean, mean, sizeof mean);
		assert_memory_equal(statistics.covariance, covariance, sizeof covariance);
		metric_statistics_clear(&statistics);
	}
}

static void statistics_come_back(void **state)
{
	(void)state;
	struct temporary_folder folder;
	struct metric_statistics written, back;
	temporary_folder_create(&folder);
	const char *path = temporary_path(&folder, "stats.npz");
	assert_true(metric_statistics_allocate(5, "test", &written, NULL));
	for (int i = 0; i < 5; i++) {
		written.mean[i] = 0.1 * i - 1e-300;
		for (int j = 0; j < 5; j++)
			written.covariance[i * 5 + j] = i == j ? 1 + i / 3.0 : 1e-3 * (i + j);
	}
	for (uint64_t count = 0; count < 40000; count += 12345) {
		written.count = count;
		assert_true(metric_statistics_write(path, &written, NULL) && metric_statistics_read(path, &back, NULL));
		assert_true(back.dimensions == 5 && back.count == count);
		assert_memory_equal(back.mean, written.mean, 5 * sizeof *back.mean);
		assert_memory_equal(back.covariance, written.covariance, 25 * sizeof *back.covariance);
		metric_statistics_clear(&back);
	}
	struct error error = {0};
	assert_false(metric_statistics_write(temporary_path(&folder, "stats.npz/no"), &written, &error));
	metric_statistics_clear(&written);
	temporary_folder_remove(&folder);
}

/* An archive of mu and sigma with these headers and values. */
static void write_arrays(const char *path, const char *mean_shape, const char *covariance_shape, const double *mean,
                         size_t mean_count, const double *covariance, size_t covariance_count)
{
	struct text headers[2] = {0};
	const char *const shapes[2] = {mean_shape, covariance_shape};
	for (int i = 0; i < 2; i++) {
		text_append(&headers[i], "\x93NUMPY\x01\0\x76\0", 10);
		text_format(&headers[i], "{'descr': '<f8', 'fortran_order': False, 'shape': %s}", shapes[i]);
		while (headers[i].length < 127)
			text_append(&headers[i], " ", 1);
		text_append(&headers[i], "\n", 1);
	}
	const struct zip_content contents[] = {
		{"mu.npy", {{headers[0].bytes, headers[0].length}, {mean, mean_count * sizeof *mean}}},
		{"sigma.npy", {{headers[1].bytes, headers[1].length}, {covariance, covariance_count * sizeof *covariance}}},
	};
	assert_true(zip_write(path, contents, 2, NULL));
	text_clear(&headers[0]);
	text_clear(&headers[1]);
}

static void wrong_statistics_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *mean_shape, *covariance_shape;
		double mean[2], covariance[4];
		size_t mean_count, covariance_count;
		const char *part;
	} rows[] = {
		{"(1, 2)", "(2, 2)", {1, 2}, {1, 0, 0, 1}, 2, 4, "member mu.npy has the shape (1, 2); expected one dimension"},
		{"()", "(2, 2)", {1}, {1, 0, 0, 1}, 1, 4, "member mu.npy has the shape (); expected one dimension"},
		{"(0,)", "(0, 0)", {1}, {1}, 0, 0, "member mu.npy has the shape (0,);"},
		{"(2,)", "(4,)", {1, 2}, {1, 0, 0, 1}, 2, 4, "member sigma.npy has the shape (4,); expected (2, 2), to fit mu.npy"},
		{"(2,)", "(1, 2)", {1, 2}, {1, 0}, 2, 2, "member sigma.npy has the shape (1, 2); expected (2, 2), to fit mu.npy"},
		{"(2,)", "(2, 2)", {1, NAN}, {1, 0, 0, 1}, 2, 4, "member mu.npy has NaN as value 1; expected finite numbers"},
		{"(2,)", "(2, 2)", {1, 2}, {1, 0, INFINITY, 1}, 2, 4, "member sigma.npy has Inf as value 2"},
		{"(2,)", "(2, 2)", {1, 2}, {1, 0, 0, -1}, 2, 4, "member sigma.npy has the variance -1 at row 1; expected none below 0"},
		{"(2,)", "(2, 2)", {1, 2}, {1, 0.5, 0.4, 1}, 2, 4, "member sigma.npy has 0.4 at row 1, column 0, but 0.5 across"},
		{"(2,)", "(2, 2)", {1, 2}, {1, 0, 0, 1}, 2, 3, "member sigma.npy is cut: its header promises 32 bytes of data, but 24 follow"},
	};
	struct temporary_folder folder;
	temporary_folder_create(&folder);
	const char *path = temporary_path(&folder, "stats.npz");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = {0};
		struct metric_statistics statistics;
		write_arrays(path, rows[i].mean_shape, rows[i].covariance_shape, rows[i].mean, rows[i].mean_count, rows[i].covariance,
		             rows[i].covariance_count);
		assert_false(metric_statistics_read(path, &statistics, &error));
		says(&error, rows[i].part);
		says(&error, path);
		assert_true(error.code == ERROR_INPUT && !statistics.mean && !statistics.covariance);
	}
	temporary_folder_remove(&folder);
}

/* Rounded to float32, numpy's covariances need not be symmetric to the last bit. */
static void small_asymmetry_is_rounding(void **state)
{
	(void)state;
	static const double mean[2] = {0, 0}, covariance[4] = {1, 0.5, 0.5 + 2e-6, 1};
	struct temporary_folder folder;
	struct metric_statistics statistics;
	temporary_folder_create(&folder);
	const char *path = temporary_path(&folder, "stats.npz");
	write_arrays(path, "(2,)", "(2, 2)", mean, 2, covariance, 4);
	assert_true(metric_statistics_read(path, &statistics, NULL));
	assert_true(statistics.covariance[1] == statistics.covariance[2] && fabs(statistics.covariance[1] - 0.500001) < 1e-12);
	metric_statistics_clear(&statistics);
	temporary_folder_remove(&folder);
}

static void archives_without_statistics_are_named(void **state)
{
	(void)state;
	static const struct { const char *path, *part; } rows[] = {
		{SEEDS "without_sigma.npz", "without_sigma.npz has no member sigma.npy; expected mu.npy and sigma.npy, as pytorch-fid writes"},
		{SEEDS "empty.npz", "empty.npz has no member mu.npy"},
		{SEEDS "objects.npz", "objects.npz: member mu.npy: values of type '|O' cannot be read"},
		{NPY_SEEDS "f4.npy", "f4.npy is no zip archive"},
		{"/nonexistent/stats.npz", "/nonexistent/stats.npz cannot be read"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = {0};
		struct metric_statistics statistics;
		assert_false(metric_statistics_read(rows[i].path, &statistics, &error));
		says(&error, rows[i].part);
		assert_int_equal(error.code, ERROR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_every_type_are_read),
		cmocka_unit_test(wrong_row_files_are_named),
		cmocka_unit_test(doubles_stay_exact),
		cmocka_unit_test(members_are_found_and_extracted),
		cmocka_unit_test(hostile_archives_are_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(damaged_contents_are_named),
		cmocka_unit_test(no_member_grows_beyond_what_is_possible),
		cmocka_unit_test(archives_are_told_from_arrays),
		cmocka_unit_test(statistics_of_numpy_are_read),
		cmocka_unit_test(statistics_come_back),
		cmocka_unit_test(wrong_statistics_are_named),
		cmocka_unit_test(small_asymmetry_is_rounding),
		cmocka_unit_test(archives_without_statistics_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
