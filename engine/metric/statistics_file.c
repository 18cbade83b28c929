#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file_bytes.h"
#include "engine/base/text.h"
#include "engine/file/npy_doubles.h"
#include "engine/file/npy_header.h"
#include "engine/file/zip.h"
#include "engine/metric/statistics.h"

static const size_t MAX_FILE_BYTES = (size_t)5 << 30; /* a sigma of METRIC_MAX_DIMENSIONS, twice */
static const double ASYMMETRY = 1e-5;                 /* of the largest value: what rounding to float32 leaves */

static const char MEAN[] = "mu.npy", COVARIANCE[] = "sigma.npy", SAMPLES[] = "samples.npy";

/* The array of a member; "file: member m.npy" opens every sentence about it. */
static bool read_member(const struct zip *zip, const char *member_name, struct npy_doubles *array, struct error *error)
{
	const struct zip_member *member = zip_find(zip, member_name);
	struct text name = {0};
	if (!member)
		return error_set(error, ERROR_INPUT, "%s has no member %s; expected %s and %s, as pytorch-fid writes them", zip->name,
		                 member_name, MEAN, COVARIANCE);
	uint8_t *bytes = zip_extract(zip, member, error);
	if (!bytes)
		return false;
	text_format(&name, "%s: member %s", zip->name, member_name);
	bool done = npy_doubles_parse(bytes, member->size, name.bytes, array, error);
	free(bytes);
	text_clear(&name);
	return done;
}

static bool refuse_shape(const struct zip *zip, const char *member, const struct npy_doubles *array, const char *expected,
                         struct error *error)
{
	struct text shape = {0};
	npy_describe_shape(array->dimensions, array->shape, &shape);
	error_set(error, ERROR_INPUT, "%s: member %s has the shape %s; expected %s", zip->name, member, shape.bytes, expected);
	text_clear(&shape);
	return false;
}

static bool check_shapes(const struct zip *zip, const struct npy_doubles *mean, const struct npy_doubles *covariance,
                         struct error *error)
{
	char expected[64];
	if (mean->dimensions != 1 || mean->count < 1 || mean->count > METRIC_MAX_DIMENSIONS)
		return refuse_shape(zip, MEAN, mean, "one dimension of 1 to 16384 values", error);
	snprintf(expected, sizeof expected, "(%zu, %zu), to fit %s", mean->count, mean->count, MEAN);
	if (covariance->dimensions != 2 || covariance->shape[0] != mean->count || covariance->shape[1] != mean->count)
		return refuse_shape(zip, COVARIANCE, covariance, expected, error);
	return true;
}

static bool check_finite(const struct zip *zip, const char *member, const struct npy_doubles *array, struct error *error)
{
	for (size_t i = 0; i < array->count; i++)
		if (!isfinite(array->values[i]))
			return error_set(error, ERROR_INPUT, "%s: member %s has %s as value %zu; expected finite numbers", zip->name, member,
			                 isnan(array->values[i]) ? "NaN" : "Inf", i);
	return true;
}

/* Both halves become their mean: rounding may have made them differ a little. */
static bool make_symmetric(const struct zip *zip, size_t n, double *sigma, struct error *error)
{
	double largest = 0;
	for (size_t i = 0; i < n * n; i++)
		largest = fmax(largest, fabs(sigma[i]));
	for (size_t i = 0; i < n; i++) {
		if (sigma[i * n + i] < 0)
			return error_set(error, ERROR_INPUT, "%s: member %s has the variance %g at row %zu; expected none below 0", zip->name,
			                 COVARIANCE, sigma[i * n + i], i);
		for (size_t j = 0; j < i; j++) {
			double *lower = &sigma[i * n + j], *upper = &sigma[j * n + i];
			if (fabs(*lower / 2 - *upper / 2) > ASYMMETRY / 2 * largest)
				return error_set(error, ERROR_INPUT, "%s: member %s has %g at row %zu, column %zu, but %g across the diagonal; "
				                 "expected a symmetric matrix", zip->name, COVARIANCE, *lower, i, j, *upper);
			*lower = *upper = *lower / 2 + *upper / 2;
		}
	}
	return true;
}

/* A number of samples, where the file has one. */
static bool read_count(const struct zip *zip, uint64_t *count, struct error *error)
{
	struct npy_doubles samples;
	*count = 0;
	if (!zip_find(zip, SAMPLES))
		return true;
	if (!read_member(zip, SAMPLES, &samples, error))
		return false;
	double value = samples.count == 1 ? samples.values[0] : NAN;
	npy_doubles_clear(&samples);
	if (!(value >= 2 && value <= 0x1p53 && value == floor(value)))
		return error_set(error, ERROR_INPUT, "%s: member %s is no number of samples; expected one integer of at least 2", zip->name,
		                 SAMPLES);
	*count = (uint64_t)value;
	return true;
}

/* The arrays move into *statistics. */
static bool read_arrays(const struct zip *zip, struct npy_doubles *mean, struct npy_doubles *covariance,
                        struct metric_statistics *statistics, struct error *error)
{
	uint64_t count;
	if (!read_member(zip, MEAN, mean, error) || !read_member(zip, COVARIANCE, covariance, error) ||
	    !check_shapes(zip, mean, covariance, error) || !check_finite(zip, MEAN, mean, error) ||
	    !check_finite(zip, COVARIANCE, covariance, error) ||
	    !make_symmetric(zip, mean->count, covariance->values, error) || !read_count(zip, &count, error))
		return false;
	*statistics = (struct metric_statistics){(int)mean->count, count, mean->values, covariance->values};
	mean->values = covariance->values = NULL;
	return true;
}

bool metric_statistics_parse(const void *bytes, size_t size, const char *name, struct metric_statistics *statistics,
                             struct error *error)
{
	struct npy_doubles mean = {0}, covariance = {0};
	struct zip zip;
	*statistics = (struct metric_statistics){0};
	if (!zip_parse(bytes, size, name, &zip, error))
		return false;
	bool done = read_arrays(&zip, &mean, &covariance, statistics, error);
	npy_doubles_clear(&mean);
	npy_doubles_clear(&covariance);
	zip_clear(&zip);
	return done;
}

bool metric_statistics_read(const char *path, struct metric_statistics *statistics, struct error *error)
{
	struct file_bytes file;
	*statistics = (struct metric_statistics){0};
	if (!file_bytes_read(path, MAX_FILE_BYTES, &file, error))
		return false;
	bool done = metric_statistics_parse(file.bytes, file.size, path, statistics, error);
	file_bytes_clear(&file);
	return done;
}

bool metric_statistics_write_with(const char *path, const struct metric_statistics *statistics, const struct zip_content more[],
                                  int more_count, struct error *error)
{
	size_t n = (size_t)statistics->dimensions;
	const size_t shape[2] = {n, n};
	const uint64_t count = statistics->count;
	struct text vector = {0}, matrix = {0}, scalar = {0};
	npy_header_format("<f8", 1, shape, &vector);
	npy_header_format("<f8", 2, shape, &matrix);
	npy_header_format("<i8", 0, NULL, &scalar);
	struct zip_content contents[ZIP_MAX_WRITTEN] = {
		{MEAN, {{vector.bytes, vector.length}, {statistics->mean, n * sizeof(double)}}},
		{COVARIANCE, {{matrix.bytes, matrix.length}, {statistics->covariance, n * n * sizeof(double)}}},
		{SAMPLES, {{scalar.bytes, scalar.length}, {&count, sizeof count}}},
	};
	int members = count ? 3 : 2;
	assert(members + more_count <= ZIP_MAX_WRITTEN);
	for (int i = 0; i < more_count; i++)
		contents[members++] = more[i];
	bool done = zip_write(path, contents, members, error);
	text_clear(&vector);
	text_clear(&matrix);
	text_clear(&scalar);
	return done;
}

bool metric_statistics_write(const char *path, const struct metric_statistics *statistics, struct error *error)
{
	return metric_statistics_write_with(path, statistics, NULL, 0, error);
}
