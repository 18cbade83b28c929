/* quant_describe_groups: the quantized weights are made as training makes them, then one pass sums everything. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/quant/chunks.h"
#include "engine/quant/grouped.h"
#include "engine/quant/packed.h"
#include "engine/quant/uniform.h"

struct part { /* one chunk's sums */
	double squared_error, centred_squares, squares;
};

struct description {
	const float *weights;
	float *quantized; /* owned; NULL: float weights, no error */
	struct chunks chunks;
	double mean, bins_per_unit; /* bins_per_unit 0: all weights are equal, one bin */
	struct quant_statistics *statistics; /* the histogram is added to atomically */
	struct part parts[CHUNKS_MAX];
};

static void describe_task(void *context, int index)
{
	struct description *d = context;
	const size_t first = chunk_first(d->chunks, index), end = first + chunk_count(d->chunks, index);
	const double low = d->statistics->histogram_min;
	uint32_t histogram[QUANT_HISTOGRAM_BINS] = {0};
	struct part part = {0};
	for (size_t i = first; i < end; i++) {
		double w = d->weights[i], centred = w - d->mean;
		int bin = (int)((w - low) * d->bins_per_unit);
		part.squares += w * w;
		part.centred_squares += centred * centred;
		histogram[bin < QUANT_HISTOGRAM_BINS ? bin : QUANT_HISTOGRAM_BINS - 1]++;
	}
	for (size_t i = first; d->quantized && i < end; i++) {
		double difference = (double)d->weights[i] - (double)d->quantized[i];
		part.squared_error += difference * difference;
	}
	d->parts[index] = part;
	for (int bin = 0; bin < QUANT_HISTOGRAM_BINS; bin++)
		__atomic_fetch_add(&d->statistics->histogram[bin], histogram[bin], __ATOMIC_RELAXED);
}

/* Entropy of the states in bits, over the bits they take. */
static double entropy_share(const struct quant_statistics *s)
{
	double entropy = 0;
	for (int z = 0; z < 1 << s->fit.bits; z++) {
		double share = (double)s->counts[z] / (double)s->weights;
		entropy -= share > 0 ? share * log2(share) : 0;
	}
	return fmax(entropy, 0) / s->fit.bits;
}

/* Means over the groups; infinite levels stay so. */
static void join_fits(const struct quantizer *quantizer, const struct quant_fit fits[], size_t groups, struct quant_statistics *s)
{
	struct quant_fit joined = fits[0];
	joined.alpha = joined.beta = 0;
	for (size_t g = 0; g < groups; g++) {
		joined.alpha += fits[g].alpha / (double)groups;
		joined.beta += fits[g].beta / (double)groups;
		joined.iterations = fits[g].iterations > joined.iterations ? fits[g].iterations : joined.iterations;
		joined.constant = joined.constant && fits[g].constant;
		for (int z = 0; z < 1 << joined.bits; z++)
			s->levels[z] += quantizer->decode(&fits[g], z) / (double)groups;
	}
	s->fit = groups > 1 ? joined : fits[0];
}

static void sum_up(const struct description *d, struct quant_statistics *s)
{
	struct part sum = {0};
	for (int i = 0; i < chunks_number(d->chunks); i++) {
		sum.squared_error += d->parts[i].squared_error;
		sum.centred_squares += d->parts[i].centred_squares;
		sum.squares += d->parts[i].squares;
	}
	s->variance = sum.centred_squares / (double)s->weights;
	if (!d->quantized)
		return;
	s->mean_squared_error = sum.squared_error / (double)s->weights;
	s->sqnr_db = sum.squared_error > 0 ? 10 * log10(sum.squares / sum.squared_error) : INFINITY;
	s->utilization = entropy_share(s);
	for (int z = 0; z < 1 << s->fit.bits; z++)
		s->dead_states += s->counts[z] == 0;
}

/* Leaves the quantized weights in d->quantized. */
static bool quantize(const struct quantizer *quantizer, const struct quant_fit fits[], struct parallel *parallel,
                     struct quant_layout layout, struct description *d, struct error *error)
{
	d->quantized = memory_try_floats(d->statistics->weights, "the quantized weights", error);
	if (!d->quantized)
		return false;
	quant_apply_groups(quantizer, fits, parallel, d->weights, layout, NULL, d->quantized, d->statistics->counts);
	join_fits(quantizer, fits, layout.groups, d->statistics);
	return true;
}

static void begin(struct quant_statistics *s, const struct quant_fit *fit, struct quant_layout layout)
{
	memset(s, 0, sizeof *s);
	s->fit = *fit;
	s->groups = (int)layout.groups;
	s->weights = quant_layout_count(layout);
	s->packed_bytes = fit->bits == QUANT_FLOAT_BITS ? 4 * (double)s->weights :
	                  (double)packed_bytes(fit->bits, s->weights) + (double)layout.groups * PACKED_SCALE_BYTES;
}

bool quant_describe_groups(const struct quantizer *quantizer, const struct quant_fit fits[], struct parallel *parallel,
                           const float *weights, struct quant_layout layout, struct quant_statistics *statistics,
                           struct error *error)
{
	struct uniform_range range;
	begin(statistics, &fits[0], layout);
	size_t count = statistics->weights;
	if (count == 0)
		return true;
	if (!uniform_range(parallel, weights, count, &range, error))
		return false;
	statistics->histogram_min = range.min;
	statistics->histogram_max = range.max;
	double width = (double)range.max - (double)range.min;
	struct description description = {
		.weights = weights, .chunks = chunks_of(count), .mean = range.sum / (double)count,
		.bins_per_unit = width > 0 ? QUANT_HISTOGRAM_BINS / width : 0, .statistics = statistics,
	};
	if (fits[0].bits != QUANT_FLOAT_BITS && !quantize(quantizer, fits, parallel, layout, &description, error))
		return false;
	parallel_run(parallel, describe_task, &description, chunks_number(description.chunks));
	sum_up(&description, statistics);
	free(description.quantized);
	return true;
}

bool quant_describe(const struct quantizer *quantizer, const struct quant_fit *fit, struct parallel *parallel,
                    const float *weights, size_t count, struct quant_statistics *statistics, struct error *error)
{
	return quant_describe_groups(quantizer, fit, parallel, weights, quant_layout_whole(count), statistics, error);
}
