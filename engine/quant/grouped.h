/* One fit for a whole tensor, as in the paper (R1), or - beyond the paper, off by default - one for each output channel.
 * Training, statistics and packing go through these functions, so that nothing above them tells the two apart.
 *
 * A tensor is [outer][groups][inner] in our memory; with groups 1 it is one run of weights and everything is handed on
 * to the quantizer's row as it is. States, quantized values and counts are in the order of the weights. Engine thread;
 * any thread with parallel NULL. */
#ifndef QGAN_ENGINE_QUANT_GROUPED_H
#define QGAN_ENGINE_QUANT_GROUPED_H

#include "engine/quant/quantizer.h"

struct quant_layout {
	size_t outer, groups, inner; /* all at least 1 for a tensor with weights */
};

static inline struct quant_layout quant_layout_whole(size_t count) { return (struct quant_layout){1, 1, count}; }
static inline size_t quant_layout_count(struct quant_layout layout) { return layout.outer * layout.groups * layout.inner; }

/* options->warm: layout.groups fits of the last step or NULL; may be `fits`. options->trace: the mean over groups. A group
 * whose weights are not finite: ERROR_NUMERIC naming the index within the tensor; memory for a copy refused: ERROR_MEMORY.
 * On failure `fits` is unchanged. A cold fit of a method that seeks the least squared error leaves no group above the error
 * that one fit for the whole tensor would give it (but for the literal procedure). */
bool quant_fit_groups(const struct quantizer *quantizer, const struct quant_options *options, struct parallel *parallel,
                      const float *weights, struct quant_layout layout, struct quant_fit fits[], struct error *error);

/* As quantizer.apply. */
void quant_apply_groups(const struct quantizer *quantizer, const struct quant_fit fits[], struct parallel *parallel,
                        const float *weights, struct quant_layout layout, uint8_t *states, float *quantized, uint64_t *counts);

/* What apply writes for each state of one group: levels[2^bits], finite. */
void quant_levels(const struct quantizer *quantizer, const struct quant_fit *fit, float levels[QUANT_MAX_STATES]);

/* As quant_describe; with more than one group, alpha, beta and levels are means over the groups and MSE, counts and so on
 * are the tensor's own. fits[0].bits == QUANT_FLOAT_BITS: as there. */
bool quant_describe_groups(const struct quantizer *quantizer, const struct quant_fit fits[], struct parallel *parallel,
                           const float *weights, struct quant_layout layout, struct quant_statistics *statistics,
                           struct error *error);

#endif
