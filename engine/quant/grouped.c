/* Groups are gathered into runs of their own, fitted and applied one by one, and scattered back. Tasks take groups that
 * lie side by side, so that both ways whole cache lines are used. A group is worked on by one thread; the rows promise
 * that this changes no bit. */
#include "engine/quant/grouped.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/quant/magnitudes.h"

enum {
	LINE = 16,   /* floats of a cache line */
	TILE = 1024, /* weights of a group that are gathered at a time to be applied: 144 kB of stack for a line of groups */
};

static size_t group_size(struct quant_layout layout) { return layout.outer * layout.inner; }
static size_t groups_a_task(struct quant_layout layout) { return layout.inner < LINE ? LINE : 1; }
static int number_of_tasks(struct quant_layout layout)
{
	return (int)((layout.groups + groups_a_task(layout) - 1) / groups_a_task(layout));
}

/* Some groups side by side, over some of the outer dimension. */
struct patch {
	size_t first_group, groups, first_outer, outer;
};

static struct patch patch_of_task(struct quant_layout layout, int index)
{
	size_t most = groups_a_task(layout), first = (size_t)index * most, rest = layout.groups - first;
	return (struct patch){.first_group = first, .groups = rest < most ? rest : most, .outer = layout.outer};
}

/* Group g of the patch goes to, or comes from, packed + g * stride. */
static void gather(struct quant_layout layout, struct patch patch, const float *weights, size_t stride, float *packed)
{
	for (size_t o = 0; o < patch.outer; o++) {
		const float *from = weights + ((patch.first_outer + o) * layout.groups + patch.first_group) * layout.inner;
		for (size_t g = 0; g < patch.groups; g++)
			for (size_t i = 0; i < layout.inner; i++)
				packed[g * stride + o * layout.inner + i] = from[g * layout.inner + i];
	}
}

static void scatter_floats(struct quant_layout layout, struct patch patch, const float *packed, size_t stride, float *values)
{
	for (size_t o = 0; o < patch.outer; o++) {
		float *to = values + ((patch.first_outer + o) * layout.groups + patch.first_group) * layout.inner;
		for (size_t g = 0; g < patch.groups; g++)
			for (size_t i = 0; i < layout.inner; i++)
				to[g * layout.inner + i] = packed[g * stride + o * layout.inner + i];
	}
}

static void scatter_states(struct quant_layout layout, struct patch patch, const uint8_t *packed, size_t stride, uint8_t *states)
{
	for (size_t o = 0; o < patch.outer; o++) {
		uint8_t *to = states + ((patch.first_outer + o) * layout.groups + patch.first_group) * layout.inner;
		for (size_t g = 0; g < patch.groups; g++)
			for (size_t i = 0; i < layout.inner; i++)
				to[g * layout.inner + i] = packed[g * stride + o * layout.inner + i];
	}
}

/* ---- fit ---- */

struct fit_pass {
	const struct quantizer *quantizer;
	const struct quant_options *options;
	struct quant_layout layout;
	const float *weights;
	const struct quant_fit *whole; /* no group shall err more than under this fit; NULL: not asked for */
	float *gathered;            /* group after group; NULL: the weights are so already */
	struct quant_fit *fits;
	struct quant_trace *traces; /* one a group; NULL: not wanted */
	struct error *failures;     /* one a task: of its first group that failed */
};

static double squared_error(const struct quantizer *quantizer, const struct quant_fit *fit, const float *weights, size_t count)
{
	float quantized[TILE];
	double sum = 0;
	for (size_t first = 0; first < count; first += TILE) {
		size_t length = count - first < TILE ? count - first : TILE;
		quantizer->apply(fit, NULL, weights + first, length, NULL, quantized, NULL);
		for (size_t i = 0; i < length; i++) {
			double difference = (double)weights[first + i] - (double)quantized[i];
			sum += difference * difference;
		}
	}
	return sum;
}

/* Where the whole tensor's fit serves the group better than its own, the search goes on from there. */
static bool improve(const struct fit_pass *pass, const float *weights, size_t count, struct quant_fit *fit,
                    struct quant_trace *trace, struct error *error)
{
	double limit = squared_error(pass->quantizer, pass->whole, weights, count);
	if (squared_error(pass->quantizer, fit, weights, count) <= limit)
		return true;
	struct quant_trace other = {0};
	struct quant_options options = *pass->options;
	options.warm = pass->whole;
	options.trace = trace ? &other : NULL;
	if (!pass->quantizer->fit(&options, NULL, weights, count, fit, error))
		return false;
	if (squared_error(pass->quantizer, fit, weights, count) > limit)
		*fit = *pass->whole;
	if (trace)
		*trace = other;
	return true;
}

static void fit_task(void *context, int index)
{
	struct fit_pass *pass = context;
	struct patch patch = patch_of_task(pass->layout, index);
	size_t size = group_size(pass->layout);
	if (pass->gathered)
		gather(pass->layout, patch, pass->weights, size, pass->gathered + patch.first_group * size);
	const float *runs = pass->gathered ? pass->gathered : pass->weights;
	for (size_t g = patch.first_group; g < patch.first_group + patch.groups; g++) {
		struct quant_options options = *pass->options;
		options.warm = options.warm ? &options.warm[g] : NULL;
		options.trace = pass->traces ? &pass->traces[g] : NULL;
		if (!pass->quantizer->fit(&options, NULL, runs + g * size, size, &pass->fits[g], &pass->failures[index]))
			return;
		if (pass->whole && !improve(pass, runs + g * size, size, &pass->fits[g], options.trace, &pass->failures[index]))
			return;
	}
}

/* A group whose fit ended earlier keeps its last error. */
static void join_traces(const struct quant_trace traces[], size_t groups, struct quant_trace *joined)
{
	int longest = 0;
	for (size_t g = 0; g < groups; g++)
		longest = traces[g].count > longest ? traces[g].count : longest;
	for (int i = 0; i < longest; i++) {
		double sum = 0;
		for (size_t g = 0; g < groups; g++) {
			int last = traces[g].count - 1;
			sum += last < 0 ? 0 : (double)traces[g].errors[i < last ? i : last];
		}
		quant_trace_add(joined, sum / (double)groups);
	}
}

static bool first_failure(const struct error failures[], int tasks, struct error *error)
{
	for (int i = 0; i < tasks; i++)
		if (failures[i].code != ERROR_NONE)
			return error_set(error, failures[i].code, "%s", failures[i].text);
	return true;
}

static bool run_fits(struct fit_pass *pass, struct parallel *parallel, struct quant_fit fits[], struct error *error)
{
	int tasks = number_of_tasks(pass->layout);
	size_t groups = pass->layout.groups;
	pass->fits = memory_zeroed(groups, sizeof *pass->fits);
	pass->failures = memory_zeroed((size_t)tasks, sizeof *pass->failures);
	pass->traces = pass->options->trace ? memory_zeroed(groups, sizeof *pass->traces) : NULL;
	parallel_run(parallel, fit_task, pass, tasks);
	bool success = first_failure(pass->failures, tasks, error);
	if (success) {
		memcpy(fits, pass->fits, groups * sizeof *fits);
		if (pass->traces)
			join_traces(pass->traces, groups, pass->options->trace);
	}
	free(pass->fits);
	free(pass->failures);
	free(pass->traces);
	return success;
}

bool quant_fit_groups(const struct quantizer *quantizer, const struct quant_options *options, struct parallel *parallel,
                      const float *weights, struct quant_layout layout, struct quant_fit fits[], struct error *error)
{
	struct fit_pass pass = {.quantizer = quantizer, .options = options, .layout = layout, .weights = weights};
	struct magnitudes magnitudes;
	size_t count = quant_layout_count(layout);
	if (layout.groups == 1)
		return quantizer->fit(options, parallel, weights, count, &fits[0], error);
	if (count > 0 && !magnitudes_find(parallel, weights, count, &magnitudes, error))
		return false; /* with the index within the tensor */
	if (count > 0 && layout.outer > 1) {
		pass.gathered = memory_try_floats(count, "a copy of the weights by channel", error);
		if (!pass.gathered)
			return false;
	}
	struct quant_fit whole = {0};
	bool limited = count > 0 && quantizer->least_squares && !options->literal && !options->warm;
	struct quant_options plain = {.bits = options->bits, .iterations = options->iterations, .eps = options->eps};
	pass.whole = limited ? &whole : NULL;
	bool success = (!limited || quantizer->fit(&plain, parallel, weights, count, &whole, error)) &&
	               run_fits(&pass, parallel, fits, error);
	free(pass.gathered);
	return success;
}

/* ---- apply ---- */

struct apply_pass {
	const struct quantizer *quantizer;
	const struct quant_fit *fits;
	struct quant_layout layout;
	const float *weights;
	uint8_t *states;
	float *quantized;
	uint64_t *counts; /* added to by every task, atomically: whole numbers have no order */
};

static void add_counts(uint64_t sums[QUANT_MAX_STATES], const uint64_t *counts, int states)
{
	for (int z = 0; counts && z < states; z++)
		sums[z] += counts[z];
}

/* A group's weights that lie together anyway. */
static void apply_run(const struct apply_pass *pass, size_t group, size_t outer, uint64_t sums[QUANT_MAX_STATES])
{
	uint64_t counts[QUANT_MAX_STATES], *wanted = pass->counts ? counts : NULL;
	size_t first = (outer * pass->layout.groups + group) * pass->layout.inner;
	pass->quantizer->apply(&pass->fits[group], NULL, pass->weights + first, pass->layout.inner,
	                       pass->states ? pass->states + first : NULL, pass->quantized ? pass->quantized + first : NULL,
	                       wanted);
	add_counts(sums, wanted, 1 << pass->fits[group].bits);
}

static void apply_patch(const struct apply_pass *pass, struct patch patch, uint64_t sums[QUANT_MAX_STATES])
{
	float weights[LINE * TILE], quantized[LINE * TILE];
	uint8_t states[LINE * TILE];
	uint64_t counts[QUANT_MAX_STATES], *wanted = pass->counts ? counts : NULL;
	size_t length = patch.outer * pass->layout.inner;
	gather(pass->layout, patch, pass->weights, TILE, weights);
	for (size_t g = 0; g < patch.groups; g++) {
		const struct quant_fit *fit = &pass->fits[patch.first_group + g];
		pass->quantizer->apply(fit, NULL, weights + g * TILE, length, pass->states ? states + g * TILE : NULL,
		                       pass->quantized ? quantized + g * TILE : NULL, wanted);
		add_counts(sums, wanted, 1 << fit->bits);
	}
	if (pass->quantized)
		scatter_floats(pass->layout, patch, quantized, TILE, pass->quantized);
	if (pass->states)
		scatter_states(pass->layout, patch, states, TILE, pass->states);
}

static void apply_task(void *context, int index)
{
	const struct apply_pass *pass = context;
	struct quant_layout layout = pass->layout;
	struct patch patch = patch_of_task(layout, index);
	uint64_t sums[QUANT_MAX_STATES] = {0};
	if (layout.inner >= TILE || layout.outer == 1) {
		for (size_t g = 0; g < patch.groups; g++)
			for (size_t o = 0; o < layout.outer; o++)
				apply_run(pass, patch.first_group + g, o, sums);
	} else {
		size_t step = TILE / layout.inner;
		for (size_t o = 0; o < layout.outer; o += step) {
			patch.first_outer = o;
			patch.outer = layout.outer - o < step ? layout.outer - o : step;
			apply_patch(pass, patch, sums);
		}
	}
	for (int z = 0; pass->counts && z < 1 << pass->fits[0].bits; z++)
		if (sums[z])
			__atomic_fetch_add(&pass->counts[z], sums[z], __ATOMIC_RELAXED);
}

void quant_apply_groups(const struct quantizer *quantizer, const struct quant_fit fits[], struct parallel *parallel,
                        const float *weights, struct quant_layout layout, uint8_t *states, float *quantized, uint64_t *counts)
{
	struct apply_pass pass = {
		.quantizer = quantizer, .fits = fits, .layout = layout, .weights = weights,
		.states = states, .quantized = quantized, .counts = counts,
	};
	if (layout.groups == 1) {
		quantizer->apply(&fits[0], parallel, weights, quant_layout_count(layout), states, quantized, counts);
		return;
	}
	if (counts)
		memset(counts, 0, sizeof *counts << fits[0].bits);
	if (quant_layout_count(layout) > 0)
		parallel_run(parallel, apply_task, &pass, number_of_tasks(layout));
}

/* An infinite level stands in for what apply gives the largest weights of all. */
void quant_levels(const struct quantizer *quantizer, const struct quant_fit *fit, float levels[QUANT_MAX_STATES])
{
	for (int z = 0; z < 1 << fit->bits; z++) {
		double level = quantizer->decode(fit, z);
		float extreme = level < 0 ? -FLT_MAX : FLT_MAX;
		levels[z] = (float)level;
		if (!isfinite(level))
			quantizer->apply(fit, NULL, &extreme, 1, NULL, &levels[z], NULL);
	}
}
