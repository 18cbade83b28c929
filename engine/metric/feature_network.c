#include "engine/metric/feature_network.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

const struct feature_network_kind *const feature_network_kinds[] = {&feature_classifier, &feature_inception, NULL};

/* ---- life ---- */

const struct feature_network_kind *feature_network_kind_of(const char *spec)
{
	for (int i = 0; feature_network_kinds[i]; i++) {
		size_t length = strlen(feature_network_kinds[i]->name);
		if (!strncmp(spec, feature_network_kinds[i]->name, length) && (!spec[length] || spec[length] == ':'))
			return feature_network_kinds[i];
	}
	return NULL;
}

static void refuse_spec(const char *spec, struct error *error)
{
	struct text known = {0};
	for (int i = 0; feature_network_kinds[i]; i++)
		text_format(&known, "%s%s", i ? ", " : "", feature_network_kinds[i]->usage);
	error_set(error, ERROR_INPUT, "unknown feature network \"%.200s\": expected one of %s", spec, known.bytes);
	text_clear(&known);
}

struct feature_network *feature_network_open(const char *spec, const char *data_kind, struct error *error)
{
	const struct feature_network_kind *kind = spec ? feature_network_kind_of(spec) : feature_network_kinds[0];
	if (!kind) {
		refuse_spec(spec, error);
		return NULL;
	}
	const char *colon = spec ? strchr(spec, ':') : NULL;
	struct feature_network *network = memory_zeroed(1, sizeof *network);
	network->kind = kind;
	if (colon && !colon[1])
		error_set(error, ERROR_INPUT, "feature network \"%.200s\" names no weights: expected %s", spec, kind->usage);
	else if (kind->open(network, colon ? colon + 1 : NULL, data_kind, error))
		return network;
	free(network);
	return NULL;
}

void feature_network_close(struct feature_network *network)
{
	if (network)
		network->kind->close(network);
	free(network);
}

/* ---- pictures to numbers ---- */

static bool goes_on(const struct feature_run *run, size_t done, size_t total)
{
	if (!run)
		return true;
	return !(run->cancelled && atomic_load(run->cancelled)) && (!run->progress || run->progress(run->context, done, total));
}

/* What one chunk is computed into, and what becomes of it. */
struct pass {
	struct feature_network *network;
	struct parallel *parallel;
	float *features, *logits; /* of one chunk */
	bool (*take)(struct pass *pass, size_t first, size_t count, struct error *error);
	void *context;
};

static bool check_finite(const float *values, size_t rows, int columns, size_t first, const char *what, struct error *error)
{
	for (size_t i = 0; i < rows * (size_t)columns; i++)
		if (!isfinite(values[i]))
			return error_set(error, ERROR_NUMERIC, "picture %zu has a %s that is not finite", first + i / (size_t)columns, what);
	return true;
}

static bool compute_chunk(struct pass *pass, const struct feature_pictures *all, size_t first, size_t count, struct error *error)
{
	struct feature_network *network = pass->network;
	struct feature_pictures chunk = *all;
	chunk.pixels += first * (size_t)all->size * (size_t)all->size * (size_t)all->channels;
	chunk.count = count;
	return network->kind->compute(network, pass->parallel, &chunk, pass->features, pass->logits, error)
	       && check_finite(pass->features, count, network->facts.dimensions, first, "feature", error)
	       && check_finite(pass->logits, count, network->facts.classes, first, "logit", error)
	       && pass->take(pass, first, count, error);
}

static bool run_chunks(struct pass *pass, const struct feature_pictures *pictures, const struct feature_run *run,
                       struct error *error)
{
	size_t chunk = (size_t)pass->network->kind->chunk;
	for (size_t first = 0; first < pictures->count; first += chunk) {
		size_t rest = pictures->count - first;
		if (!goes_on(run, first, pictures->count))
			return error_set(error, ERROR_CANCELLED, "computing features was stopped after %zu of %zu pictures", first,
			                 pictures->count);
		if (!compute_chunk(pass, pictures, first, rest < chunk ? rest : chunk, error))
			return false;
	}
	return true;
}

static bool run_pass(struct pass *pass, const struct feature_pictures *pictures, const struct feature_run *run,
                     struct error *error)
{
	const struct feature_facts *facts = &pass->network->facts;
	size_t chunk = (size_t)pass->network->kind->chunk;
	assert(pictures->channels == 1 || pictures->channels == 3);
	pass->features = memory_try_floats(chunk * (size_t)facts->dimensions, "features", error);
	pass->logits = pass->features ? memory_try_floats(chunk * (size_t)facts->classes, "logits", error) : NULL;
	bool good = pass->logits && run_chunks(pass, pictures, run, error);
	free(pass->features);
	free(pass->logits);
	return good;
}

struct tables {
	float *features, *logits; /* of all pictures; NULL: not wanted */
};

static bool keep_rows(struct pass *pass, size_t first, size_t count, struct error *error)
{
	(void)error;
	struct tables *tables = pass->context;
	size_t dimensions = (size_t)pass->network->facts.dimensions, classes = (size_t)pass->network->facts.classes;
	if (tables->features)
		memcpy(tables->features + first * dimensions, pass->features, count * dimensions * sizeof(float));
	if (tables->logits)
		memcpy(tables->logits + first * classes, pass->logits, count * classes * sizeof(float));
	return true;
}

bool feature_network_compute(struct feature_network *network, struct parallel *parallel, const struct feature_pictures *pictures,
                             const struct feature_run *run, float *features, float *logits, struct error *error)
{
	struct tables tables = {features, logits};
	struct pass pass = {.network = network, .parallel = parallel, .take = keep_rows, .context = &tables};
	return run_pass(&pass, pictures, run, error);
}

/* ---- accuracy ---- */

struct count {
	const uint16_t *labels;
	size_t correct;
};

static bool count_rows(struct pass *pass, size_t first, size_t count, struct error *error)
{
	struct count *counts = pass->context;
	int classes = pass->network->facts.classes;
	for (size_t n = 0; n < count; n++) {
		const float *logits = pass->logits + n * (size_t)classes;
		int best = 0;
		for (int c = 1; c < classes; c++)
			best = logits[c] > logits[best] ? c : best;
		if (counts->labels[first + n] >= classes)
			return error_set(error, ERROR_INPUT, "picture %zu is of class %d; the network knows classes 0..%d", first + n,
			                 counts->labels[first + n], classes - 1);
		counts->correct += best == counts->labels[first + n];
	}
	return true;
}

bool feature_network_count_correct(struct feature_network *network, struct parallel *parallel,
                                   const struct feature_pictures *pictures, const uint16_t *labels, const struct feature_run *run,
                                   size_t *correct, struct error *error)
{
	struct count count = {.labels = labels};
	struct pass pass = {.network = network, .parallel = parallel, .take = count_rows, .context = &count};
	if (!run_pass(&pass, pictures, run, error))
		return false;
	*correct = count.correct;
	return true;
}
