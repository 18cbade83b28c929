#include "app/study_plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/quant/quantizer.h"

bool study_cell_is_base(const struct study_cell *cell) { return !strcmp(cell->group, "base"); }
bool study_cell_is_over(const struct study_cell *cell) { return cell->status >= CELL_DONE; }

const struct study_cell *study_plan_base(const struct study_spec *spec, const struct study_cell cells[], size_t count,
                                         const char *model, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		if (study_cell_is_base(&cells[i]) && (*spec->from || (cells[i].seed == seed && !strcmp(cells[i].model, model))))
			return &cells[i];
	return NULL;
}

static void take(struct study_next *next, const struct study_cell *cell)
{
	next->kind = STUDY_NEXT_CELL;
	next->cell = *cell;
}

static void end(struct study_next *next, enum study_status status)
{
	next->kind = STUDY_NEXT_END;
	next->status = status;
}

static const struct study_cell *find_key(const struct study_cell cells[], size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(cells[i].key, key))
			return &cells[i];
	return NULL;
}

/* ---- search ---- */

bool study_plan_rules(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct search_rules *rules)
{
	bool wanted[QUANT_FLOAT_BITS + 1] = {[QUANT_FLOAT_BITS] = true};
	bool is = spec->is_min > 0;
	*rules = (struct search_rules){.higher_is_better = is, .target = is ? spec->is_min : spec->fid_max};
	for (int i = 0; i < spec->bit_count; i++)
		wanted[spec->bits[i]] = true;
	for (int bits = 1; bits <= QUANT_FLOAT_BITS; bits++)
		if (wanted[bits])
			rules->widths[rules->width_count++] = bits;
	if (!(spec->fid_ratio > 0))
		return true;
	const struct study_cell *base = study_plan_base(spec, cells, count, spec->settings.model, spec->settings.seed);
	rules->target = base && base->status == CELL_DONE ? base->fid * spec->fid_ratio : NAN;
	return isfinite(rules->target);
}

static bool belongs(const struct study_cell *cell, const char *method)
{
	return !study_cell_is_base(cell) && (!strcmp(cell->method, method) || !strcmp(cell->method, "float"));
}

void study_plan_search(const struct study_spec *spec, const char *method, const struct search_rules *rules,
                       const struct study_cell cells[], size_t count, struct search_step *step)
{
	struct search_measure *measures = memory_zeroed(count + 1, sizeof *measures);
	size_t known = 0;
	for (size_t i = 0; i < count; i++)
		if (study_cell_is_over(&cells[i]) && belongs(&cells[i], method))
			measures[known++] = (struct search_measure){
				.cell = {cells[i].d_bits, cells[i].g_bits},
				.cut = cells[i].status != CELL_DONE,
				.score = spec->is_min > 0 ? cells[i].is_mean : cells[i].fid,
			};
	search_next(rules, measures, known, step);
	free(measures);
}

static double bytes_of(const struct study_spec *spec, const char *method, const struct search_step *step,
                       const struct study_cell cells[], size_t count)
{
	struct study_cell wanted = study_spec_cell(spec, method, step->cell.d_bits, step->cell.g_bits);
	const struct study_cell *cell = find_key(cells, count, wanted.key);
	return cell ? cell->bytes : NAN;
}

/* Of methods that have ended: one that met the target before one that did not, then fewer bytes, or the better miss. */
static bool is_better(const struct study_spec *spec, const struct study_result *result, const struct study_result *best)
{
	const struct search_step *step = &result->step;
	if (!best->method || step->kind != best->step.kind)
		return !best->method || step->kind == SEARCH_MET;
	if (step->kind == SEARCH_MET && result->bytes != best->bytes)
		return result->bytes < best->bytes;
	if (step->none || best->step.none)
		return best->step.none && !step->none;
	return spec->is_min > 0 ? step->score > best->step.score : step->score < best->step.score;
}

bool study_plan_result(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct study_result *result)
{
	struct study_result best = {0};
	struct search_rules rules;
	bool known = study_plan_rules(spec, cells, count, &rules);
	for (int m = 0; known && m < spec->methods.count; m++) {
		struct study_result one = {.method = spec->methods.items[m]};
		study_plan_search(spec, one.method, &rules, cells, count, &one.step);
		one.bytes = bytes_of(spec, one.method, &one.step, cells, count);
		if (one.step.kind == SEARCH_MEASURE || is_better(spec, &one, &best))
			best = one;
		if (best.step.kind == SEARCH_MEASURE)
			break;
	}
	best.target = rules.target;
	*result = best;
	return known;
}

static void say_result(const struct study_spec *spec, const struct study_result *result, struct study_next *next)
{
	const struct search_step *step = &result->step;
	const char *score = spec->is_min > 0 ? "IS" : "FID", *sense = spec->is_min > 0 ? "at least" : "at most";
	end(next, step->kind == SEARCH_MET ? STUDY_MET : STUDY_MISSED);
	if (step->none)
		snprintf(next->message, sizeof next->message, "no cell could be scored");
	else
		snprintf(next->message, sizeof next->message, "%s%s D %d bit, G %d bit: %s %.4g, target %s %.4g",
		         step->kind == SEARCH_MET ? "" : "target missed, nearest: ", result->method, step->cell.d_bits, step->cell.g_bits,
		         score, step->score, sense, result->target);
}

static void plan_search(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct study_next *next)
{
	struct study_result result;
	if (!study_plan_result(spec, cells, count, &result)) {
		end(next, STUDY_MISSED);
		snprintf(next->message, sizeof next->message, "the float run has no FID that the target could be a ratio of");
	} else if (result.step.kind == SEARCH_MEASURE) {
		struct study_cell cell = study_spec_cell(spec, result.method, result.step.cell.d_bits, result.step.cell.g_bits);
		const struct study_cell *known = find_key(cells, count, cell.key);
		take(next, known ? known : &cell);
	} else {
		say_result(spec, &result, next);
	}
}

/* ---- the order ---- */

/* The first cell that is not over: running ones, then by hand, then the rest where `all`. */
static const struct study_cell *find_waiting(const struct study_cell cells[], size_t count, bool all)
{
	const struct study_cell *by_hand = NULL, *first = NULL;
	for (size_t i = 0; i < count; i++) {
		if (cells[i].status == CELL_RUNNING)
			return &cells[i];
		if (cells[i].status != CELL_QUEUED)
			continue;
		by_hand = by_hand || !cells[i].by_hand ? by_hand : &cells[i];
		first = first ? first : &cells[i];
	}
	return by_hand ? by_hand : all ? first : NULL;
}

/* Cells come after what they start from; where that has failed they cannot come at all. */
static void put_base_first(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct study_next *next)
{
	if (next->kind != STUDY_NEXT_CELL || study_cell_is_base(&next->cell) || !study_spec_needs_base(spec))
		return;
	const struct study_cell *base = study_plan_base(spec, cells, count, next->cell.model, next->cell.seed);
	struct study_cell made = study_spec_base(spec, next->cell.model, next->cell.seed);
	if (!base || !study_cell_is_over(base))
		take(next, base ? base : &made);
}

void study_plan_next(const struct study_spec *spec, const struct study_cell cells[], size_t count, struct study_next *next)
{
	const char *model = spec->settings.model;
	uint64_t seed = spec->settings.seed;
	bool search = !strcmp(spec->kind, study_kind_names[STUDY_SEARCH]);
	bool layers = !strcmp(spec->kind, study_kind_names[STUDY_LAYERS]);
	const struct study_cell *waiting = find_waiting(cells, count, !search);
	*next = (struct study_next){0};
	if (waiting)
		take(next, waiting);
	else if (search && study_spec_needs_base(spec) && !study_plan_base(spec, cells, count, model, seed))
		*next = (struct study_next){.kind = STUDY_NEXT_CELL, .cell = study_spec_base(spec, model, seed)};
	else if (search)
		plan_search(spec, cells, count, next);
	else if (layers && spec->budget_bytes > 0 && !find_key(cells, count, "within budget"))
		next->kind = STUDY_NEXT_SUM;
	else
		end(next, STUDY_FINISHED);
	put_base_first(spec, cells, count, next);
}
