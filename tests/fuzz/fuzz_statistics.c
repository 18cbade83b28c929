/* libFuzzer: metric_statistics_parse on arbitrary bytes: the zip reader and the arrays in it. What it accepts must be
 * whole. Seeds: tests/fuzz/corpus/statistics, written by tests/fuzz/make_statistics_seeds.py. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/file/zip.h"
#include "engine/metric/statistics.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Members have room in the file or, deflated, in what it could hold. */
static void extract_all(const uint8_t *bytes, size_t size)
{
	struct error error = {0};
	struct zip zip;
	if (!zip_parse(bytes, size, "input", &zip, &error)) {
		if (error.code != ERROR_INPUT || !error.text[0] || zip.members)
			abort();
		return;
	}
	for (int i = 0; i < zip.count; i++) {
		const struct zip_member *member = &zip.members[i];
		uint8_t *content = zip_extract(&zip, member, &error);
		if (zip_find(&zip, member->name) != member || member->offset + member->stored_size > size || member->size > 1100 * size)
			abort();
		volatile uint8_t last = content && member->size ? content[member->size - 1] : 0;
		(void)last;
		free(content);
	}
	zip_clear(&zip);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error error = {0};
	struct metric_statistics statistics;
	extract_all(bytes, size);
	if (!metric_statistics_parse(bytes, size, "input", &statistics, &error)) {
		if (error.code == ERROR_NONE || !error.text[0] || statistics.mean || statistics.covariance)
			abort();
		return 0;
	}
	size_t n = (size_t)statistics.dimensions;
	for (size_t i = 0; i < n; i++)
		if (!isfinite(statistics.mean[i]) || !(statistics.covariance[i * n + i] >= 0))
			abort();
	for (size_t i = 0; i < n * n; i++)
		if (!isfinite(statistics.covariance[i]) || statistics.covariance[i] != statistics.covariance[i % n * n + i / n])
			abort();
	metric_statistics_clear(&statistics);
	return 0;
}
