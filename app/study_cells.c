/* What fits together in a study, and the cells of its grid. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/study_spec.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/layer_bits.h"
#include "engine/quant/quantizer.h"

/* ---- checks ---- */

static int count_targets(const struct study_spec *spec)
{
	return (spec->fid_max > 0) + (spec->is_min > 0) + (spec->fid_ratio > 0);
}

static bool check_search(const struct study_spec *spec, struct error *error)
{
	if (count_targets(spec) != 1)
		return error_set(error, ERROR_INPUT, "a search needs one target: --fid-max, --is-min or --fid-ratio%s",
		                 count_targets(spec) ? ", not several" : "");
	if (spec->pair_count || spec->seed_count > 1 || spec->models.count > 1)
		return error_set(error, ERROR_INPUT, "a search takes one model and one seed, and finds the pairs itself: leave out %s",
		                 spec->pair_count ? "pairs" : spec->seed_count > 1 ? "the other seeds" : "the other models");
	return true;
}

static bool check_layers(const struct study_spec *spec, struct error *error)
{
	if (spec->methods.count != 1 || spec->pair_count || spec->seed_count > 1 || spec->models.count > 1)
		return error_set(error, ERROR_INPUT, "a study of layers takes one method, one model and one seed, and no pairs");
	return true;
}

/* How many cells a grid has, float ones not counted. */
static size_t grid_size(const struct study_spec *spec)
{
	size_t widths = spec->pair_count ? (size_t)spec->pair_count : (size_t)spec->bit_count * (size_t)spec->networks.count;
	size_t seeds = spec->seed_count ? (size_t)spec->seed_count : 1, models = spec->models.count ? (size_t)spec->models.count : 1;
	return (size_t)spec->methods.count * widths * seeds * models;
}

bool study_spec_check(const struct study_spec *spec, struct error *error)
{
	bool grid = !strcmp(spec->kind, study_kind_names[STUDY_GRID]);
	if (!spec->methods.count)
		return error_set(error, ERROR_INPUT, "methods: at least one quantizer must be named");
	if (!spec->bit_count && !spec->pair_count)
		return error_set(error, ERROR_INPUT, "bits: at least one must be named");
	if (grid && !spec->pair_count && !spec->networks.count)
		return error_set(error, ERROR_INPUT, "networks: at least one of D, G, both must be named");
	if (!grid && !strcmp(spec->kind, study_kind_names[STUDY_SEARCH]) && !check_search(spec, error))
		return false;
	if (!strcmp(spec->kind, study_kind_names[STUDY_LAYERS]) && !check_layers(spec, error))
		return false;
	if (*spec->from && !strcmp(spec->phase, study_phase_names[STUDY_SCRATCH]))
		return error_set(error, ERROR_INPUT, "from: cells that start from scratch have no run to start from");
	if (*spec->from && spec->models.count > 1)
		return error_set(error, ERROR_INPUT, "from: one run cannot be the start of several models");
	return settings_check(&spec->settings, error);
}

/* ---- cells ---- */

static const char *model_of(const struct study_spec *spec, int index)
{
	return spec->models.count ? spec->models.items[index] : spec->settings.model;
}

static uint64_t seed_of(const struct study_spec *spec, int index)
{
	return spec->seed_count ? spec->seeds[index] : spec->settings.seed;
}

/* Says no more than what tells the cells of this study apart. */
static void name_cell(const struct study_spec *spec, struct study_cell *cell)
{
	struct text key = {0};
	bool is_float = cell->d_bits == QUANT_FLOAT_BITS && cell->g_bits == QUANT_FLOAT_BITS;
	if (spec->models.count > 1)
		text_format(&key, "%s ", cell->model);
	if (is_float)
		text_format(&key, "float");
	else
		text_format(&key, "%s D%d G%d", cell->method, cell->d_bits, cell->g_bits);
	if (spec->seed_count > 1)
		text_format(&key, " seed %" PRIu64, cell->seed);
	text_copy(cell->key, sizeof cell->key, key.bytes);
	text_clear(&key);
}

static struct study_cell make_cell(const struct study_spec *spec, const char *method, int d_bits, int g_bits, int model, int seed)
{
	struct study_cell cell = {.d_bits = d_bits, .g_bits = g_bits, .seed = seed_of(spec, seed), .fid = NAN, .fid_spread = NAN,
	                          .is_mean = NAN, .is_spread = NAN, .bytes = NAN};
	bool d = d_bits != QUANT_FLOAT_BITS, g = g_bits != QUANT_FLOAT_BITS;
	text_copy(cell.model, sizeof cell.model, model_of(spec, model));
	text_copy(cell.method, sizeof cell.method, d || g ? method : "float");
	text_copy(cell.group, sizeof cell.group, d && g ? "both" : d ? "D" : g ? "G" : "float");
	name_cell(spec, &cell);
	return cell;
}

struct study_cell study_spec_cell(const struct study_spec *spec, const char *method, int d_bits, int g_bits)
{
	return make_cell(spec, method, d_bits, g_bits, 0, 0);
}

bool study_spec_needs_base(const struct study_spec *spec)
{
	return strcmp(spec->phase, study_phase_names[STUDY_SCRATCH]) || spec->fid_ratio > 0;
}

struct study_cell study_spec_base(const struct study_spec *spec, const char *model, uint64_t seed)
{
	struct study_cell cell = study_spec_cell(spec, "", QUANT_FLOAT_BITS, QUANT_FLOAT_BITS);
	text_copy(cell.group, sizeof cell.group, "base");
	text_copy(cell.model, sizeof cell.model, model);
	cell.seed = seed;
	snprintf(cell.key, sizeof cell.key, "base%s%s", spec->models.count > 1 ? " " : "", spec->models.count > 1 ? model : "");
	size_t used = strlen(cell.key);
	if (spec->seed_count > 1)
		snprintf(cell.key + used, sizeof cell.key - used, " seed %" PRIu64, seed);
	return cell;
}

/* D and G bits of the nth width of a grid: rising bits for every network in turn, or the pairs as they stand. */
static void width_of(const struct study_spec *spec, int n, int *d, int *g)
{
	if (spec->pair_count) {
		*d = spec->pairs[n].d;
		*g = spec->pairs[n].g;
		return;
	}
	const char *network = spec->networks.items[n / spec->bit_count];
	int bits = spec->bits[n % spec->bit_count];
	*d = strcmp(network, "G") ? bits : QUANT_FLOAT_BITS;
	*g = strcmp(network, "D") ? bits : QUANT_FLOAT_BITS;
}

struct cell_list {
	struct study_cell *cells;
	size_t count;
};

/* Float cells are the same for every method and network. */
static void add(struct cell_list *list, const struct study_cell *cell)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->cells[i].key, cell->key))
			return;
	list->cells[list->count++] = *cell;
}

static void add_methods(const struct study_spec *spec, int model, int seed, struct cell_list *list)
{
	int widths = spec->pair_count ? spec->pair_count : spec->bit_count * spec->networks.count;
	struct study_cell base = study_spec_base(spec, model_of(spec, model), seed_of(spec, seed));
	struct study_cell is_float = make_cell(spec, "", QUANT_FLOAT_BITS, QUANT_FLOAT_BITS, model, seed);
	if (study_spec_needs_base(spec))
		add(list, &base);
	add(list, &is_float);
	for (int m = 0; m < spec->methods.count; m++)
		for (int w = 0; w < widths; w++) {
			int d, g;
			width_of(spec, w, &d, &g);
			struct study_cell cell = make_cell(spec, spec->methods.items[m], d, g, model, seed);
			add(list, &cell);
		}
}

/* Every layer alone at every width, beside a run that stays float. */
static bool add_layers(const struct study_spec *spec, struct cell_list *list, struct error *error)
{
	struct layer_plan plans[NETWORK_COUNT];
	struct study_cell cell = make_cell(spec, "", QUANT_FLOAT_BITS, QUANT_FLOAT_BITS, 0, 0);
	if (!layer_plans_make(&spec->settings, plans, error))
		return false;
	int layers = plans[NETWORK_D].count + plans[NETWORK_G].count;
	list->cells = memory_zeroed(2 + (size_t)layers * (size_t)spec->bit_count, sizeof cell);
	struct study_cell base = study_spec_base(spec, spec->settings.model, spec->settings.seed);
	if (study_spec_needs_base(spec))
		add(list, &base);
	add(list, &cell);
	text_copy(cell.method, sizeof cell.method, spec->methods.items[0]);
	for (int n = 0; n < NETWORK_COUNT; n++)
		for (int l = 0; l < plans[n].count; l++)
			for (int b = 0; b < spec->bit_count; b++) {
				char network = "DG"[n];
				snprintf(cell.group, sizeof cell.group, "%c.%s", network, plans[n].rows[l].name);
				snprintf(cell.key, sizeof cell.key, "%s %d bit", cell.group, spec->bits[b]);
				snprintf(cell.overrides, sizeof cell.overrides, "bits = %s=%d\n", cell.group, spec->bits[b]);
				add(list, &cell);
			}
	return true;
}

bool study_spec_cells(const struct study_spec *spec, struct study_cell **cells, size_t *count, struct error *error)
{
	int models = spec->models.count ? spec->models.count : 1, seeds = spec->seed_count ? spec->seed_count : 1;
	struct cell_list list = {0};
	bool good = true;
	if (!strcmp(spec->kind, study_kind_names[STUDY_LAYERS])) {
		good = add_layers(spec, &list, error);
	} else if (!strcmp(spec->kind, study_kind_names[STUDY_GRID])) {
		list.cells = memory_zeroed(grid_size(spec) + 2 * (size_t)models * (size_t)seeds, sizeof *list.cells);
		for (int model = 0; model < models; model++)
			for (int seed = 0; seed < seeds; seed++)
				add_methods(spec, model, seed, &list);
	}
	*cells = list.cells;
	*count = list.count;
	return good;
}
