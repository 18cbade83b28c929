/* Bits under a budget, from what every layer alone was measured to cost. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/study_cell_run.h"
#include "engine/base/text.h"
#include "engine/gan/layer_bits.h"
#include "engine/quant/packed.h"
#include "engine/quant/quantizer.h"
#include "engine/search/allocation.h"

struct layers {
	int count;
	char names[ALLOCATION_LAYERS][STUDY_WORD_SIZE]; /* "G.deconv1" */
	int64_t weights[ALLOCATION_LAYERS];
};

static void keep_layer(void *context, const struct layer_stats *stats)
{
	struct layers *layers = context;
	if (layers->count == ALLOCATION_LAYERS)
		return;
	snprintf(layers->names[layers->count], sizeof layers->names[0], "%c.%s", stats->network, stats->layer);
	layers->weights[layers->count++] = stats->weights;
}

/* NaN: not measured. */
static double fid_of(const struct study_cell cells[], size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(cells[i].key, key) && cells[i].status == CELL_DONE)
			return cells[i].fid;
	return NAN;
}

/* The FID of the cell with only that layer lowered, above that of the float one; NaN: not measured. */
static double cost_of(const struct study_cell cells[], size_t count, const char *layer, int bits, double float_fid)
{
	char key[STUDY_KEY_SIZE];
	snprintf(key, sizeof key, "%s %d bit", layer, bits);
	return fid_of(cells, count, key) - float_fid;
}

static void fill_choices(const struct study_spec *spec, const struct study_cell cells[], size_t count, const char *layer,
                         int64_t weights, double float_fid, struct allocation_layer *choices)
{
	choices->choices[choices->choice_count++] = (struct allocation_choice){QUANT_FLOAT_BITS, 4.0 * (double)weights, 0};
	for (int b = 0; b < spec->bit_count && choices->choice_count < ALLOCATION_CHOICES; b++)
		if (spec->bits[b] != QUANT_FLOAT_BITS)
			choices->choices[choices->choice_count++] = (struct allocation_choice){
				spec->bits[b], (double)(packed_bytes(spec->bits[b], (size_t)weights) + PACKED_SCALE_BYTES),
				cost_of(cells, count, layer, spec->bits[b], float_fid),
			};
}

static void write_bits(const struct layers *layers, const struct allocation_layer choices[], const struct allocation *allocation,
                       struct study_cell *cell)
{
	size_t used = (size_t)snprintf(cell->overrides, sizeof cell->overrides, "bits = ");
	for (int l = 0; l < layers->count && used < sizeof cell->overrides; l++)
		used += (size_t)snprintf(cell->overrides + used, sizeof cell->overrides - used, "%s%s=%d", l ? "," : "", layers->names[l],
		                         choices[l].choices[allocation->choice[l]].bits);
	snprintf(cell->message, sizeof cell->message, "%.0f bytes, FID expected to rise by %.3g", allocation->bytes,
	         allocation->cost);
}

bool cell_work_choose_bits(struct cell_work *work, const struct study_spec *spec, const struct study_cell cells[], size_t count,
                           struct study_cell *cell, struct error *error)
{
	struct allocation_layer choices[ALLOCATION_LAYERS] = {0};
	struct allocation allocation;
	struct layers layers = {0};
	const struct study_cell *base = study_plan_base(spec, cells, count, spec->settings.model, spec->settings.seed);
	double float_fid = fid_of(cells, count, "float");
	if (!base || !isfinite(float_fid))
		return error_set(error, ERROR_STATE, "the float cell that layers are compared with has no FID");
	if (!store_visit_layer_stats(work->store, base->run, -1, keep_layer, &layers, error))
		return false;
	for (int l = 0; l < layers.count; l++)
		fill_choices(spec, cells, count, layers.names[l], layers.weights[l], float_fid, &choices[l]);
	if (!allocation_solve(choices, layers.count, spec->budget_bytes, &allocation, error))
		return false;
	*cell = study_spec_cell(spec, spec->methods.items[0], QUANT_FLOAT_BITS, QUANT_FLOAT_BITS);
	text_copy(cell->method, sizeof cell->method, spec->methods.items[0]);
	text_copy(cell->key, sizeof cell->key, "within budget");
	text_copy(cell->group, sizeof cell->group, "budget");
	write_bits(&layers, choices, &allocation, cell);
	return true;
}
