/* A filter's text. What is refused says where; what is accepted answers for any run, known values and unknown ones. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_filter.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char config[] = "{\"latent\":100,\"d_learning_rate\":0.0002,\"literal\":false,\"data\":\"a \\\"b\\\"\"}";
	char *text = memory_zeroed(size + 1, 1);
	memcpy(text, bytes, size);
	struct error error = {0};
	struct run_filter *filter = run_filter_create(text, &error);
	if (!filter && (error.code != ERROR_INPUT || strncmp(error.text, "filter, character ", 18)))
		abort();
	struct run run = {.id = 1, .loss_d = NAN, .d_bits = 2, .config_json = config}, empty = {.config_json = NULL};
	text_copy(run.name, sizeof run.name, "fmnist-dcgan-7f3a");
	text_copy(run.tags, sizeof run.tags, "good paper");
	run_filter_matches(filter, &run, 2e9);
	run_filter_matches(filter, &empty, 2e9);
	run_filter_destroy(filter);
	free(text);
	return 0;
}
