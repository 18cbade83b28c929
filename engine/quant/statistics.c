/* quant_describe: one pass for the range and the mean, one for everything that is summed about them. */
#include <math.h>
#include <string.h>

#include "engine/quant/chunks.h"
#include "engine/quant/quantizer.h"
#include "engine/quant/uniform.h"

enum { BLOCK = 1024 }; /* weights quantized at a time, on the stack */

struct part { /* one chunk's sums */
	double squared_error, centred_squares, squares;
};

struct description {
	const struct quantizer *quantizer; /* NULL: float weights, nothing to apply */
	const struct quant_fit *fit;
	const float *weights;
	struct chunks chunks;
	double mean, bins_per_unit; /* bins_per_unit 0: all weights are equal, one bin */
	struct quant_statistics *statistics; /* counts and histogram are added to atomically */
	struct part parts[CHUNKS_MAX];
};

static void add_block(const struct description *d, const float *weights, size_t count, struct part *part,
                      uint32_t histogram[QUANT_HISTOGRAM_BINS])
{
	double low = d->statistics->histogram_min;
	for (size_t i = 0; i < count; i++) {
		double w = weights[i], centred = w - d->mean;
		part->squares += w * w;
		part->centred_squares += centred * centred;
		int bin = (int)((w - low) * d->bins_per_unit);
		histogram[bin < QUANT_HISTOGRAM_BINS ? bin : QUANT_HISTOGRAM_BINS - 1]++;
	}
}

static void add_quantized_block(const struct description *d, const float *weights, size_t count, struct part *part,
                                uint64_t counts[QUANT_MAX_STATES])
{
	float quantized[BLOCK];
	uint64_t block_counts[QUANT_MAX_STATES];
	d->quantizer->apply(d->fit, NULL, weights, count, NULL, quantized, block_counts);
	for (int z = 0; z < 1 << d->fit->bits; z++)
		counts[z] += block_counts[z];
	for (size_t i = 0; i < count; i++) {
		double difference = (double)weights[i] - (double)quantized[i];
		part->squared_error += difference * difference;
	}
}

static void describe_task(void *context, int index)
{
	struct description *d = context;
	const float *weights = d->weights + chunk_first(d->chunks, index);
	size_t count = chunk_count(d->chunks, index);
	uint32_t histogram[QUANT_HISTOGRAM_BINS] = {0};
	uint64_t counts[QUANT_MAX_STATES] = {0};
	struct part part = {0};
	for (size_t i = 0; i < count; i += BLOCK) {
		size_t length = count - i < BLOCK ? count - i : BLOCK;
		add_block(d, weights + i, length, &part, histogram);
		if (d->quantizer)
			add_quantized_block(d, weights + i, length, &part, counts);
	}
	d->parts[index] = part;
	for (int bin = 0; bin < QUANT_HISTOGRAM_BINS; bin++)
		__atomic_fetch_add(&d->statistics->histogram[bin], histogram[bin], __ATOMIC_RELAXED);
	for (int z = 0; d->quantizer && z < 1 << d->fit->bits; z++)
		__atomic_fetch_add(&d->statistics->counts[z], counts[z], __ATOMIC_RELAXED);
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

static void finish(const struct description *d, struct quant_statistics *s)
{
	struct part sum = {0};
	for (int i = 0; i < chunks_number(d->chunks); i++) {
		sum.squared_error += d->parts[i].squared_error;
		sum.centred_squares += d->parts[i].centred_squares;
		sum.squares += d->parts[i].squares;
	}
	s->variance = sum.centred_squares / (double)s->weights;
	if (!d->quantizer)
		return;
	s->mean_squared_error = sum.squared_error / (double)s->weights;
	s->sqnr_db = sum.squared_error > 0 ? 10 * log10(sum.squares / sum.squared_error) : INFINITY;
	s->utilization = entropy_share(s);
	for (int z = 0; z < 1 << s->fit.bits; z++) {
		s->levels[z] = d->quantizer->decode(d->fit, z);
		s->dead_states += s->counts[z] == 0;
	}
}

bool quant_describe(const struct quantizer *quantizer, const struct quant_fit *fit, struct parallel *parallel,
                    const float *weights, size_t count, struct quant_statistics *statistics, struct error *error)
{
	struct uniform_moments range;
	memset(statistics, 0, sizeof *statistics);
	statistics->fit = *fit;
	statistics->weights = count;
	if (count == 0)
		return true;
	if (!uniform_range(parallel, weights, count, &range, error))
		return false;
	statistics->histogram_min = range.min;
	statistics->histogram_max = range.max;
	double width = (double)range.max - (double)range.min;
	struct description description = {
		.quantizer = fit->bits == QUANT_FLOAT_BITS ? NULL : quantizer, .fit = fit, .weights = weights,
		.chunks = chunks_of(count), .mean = range.d / (double)count,
		.bins_per_unit = width > 0 ? QUANT_HISTOGRAM_BINS / width : 0, .statistics = statistics,
	};
	parallel_run(parallel, describe_task, &description, chunks_number(description.chunks));
	finish(&description, statistics);
	return true;
}
