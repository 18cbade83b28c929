#include "engine/search/greedy.h"

#include <math.h>
#include <stdlib.h>

static bool same(struct search_cell a, struct search_cell b)
{
	return a.d_bits == b.d_bits && a.g_bits == b.g_bits;
}

static const struct search_measure *find(const struct search_measure measures[], size_t count, struct search_cell cell)
{
	for (size_t i = 0; i < count; i++)
		if (same(measures[i].cell, cell))
			return &measures[i];
	return NULL;
}

bool search_meets(const struct search_rules *rules, const struct search_measure *measure)
{
	if (measure->cut || !isfinite(measure->score))
		return false;
	return rules->higher_is_better ? measure->score >= rules->target : measure->score <= rules->target;
}

/* The first cell of a stage, upward, that meets the target or is not yet known. d_bits 0: stage 1. False: all fail. */
static bool climb(const struct search_rules *rules, const struct search_measure measures[], size_t count, int d_bits,
                  struct search_step *step)
{
	for (int i = 0; i < rules->width_count; i++) {
		struct search_cell cell = d_bits ? (struct search_cell){d_bits, rules->widths[i]}
		                                 : (struct search_cell){rules->widths[i], SEARCH_FLOAT_BITS};
		const struct search_measure *measure = find(measures, count, cell);
		if (measure && !search_meets(rules, measure))
			continue;
		step->kind = measure ? SEARCH_MET : SEARCH_MEASURE;
		step->stage = d_bits ? 2 : 1;
		step->cell = cell;
		step->score = measure ? measure->score : NAN;
		return true;
	}
	return false;
}

/* Of everything that was scored: a near miss elsewhere on the map is worth knowing too. */
static void find_nearest(const struct search_rules *rules, const struct search_measure measures[], size_t count,
                         struct search_step *step)
{
	*step = (struct search_step){.kind = SEARCH_MISSED, .stage = 1, .none = true, .score = NAN};
	for (size_t i = 0; i < count; i++) {
		double score = measures[i].score;
		if (measures[i].cut || !isfinite(score))
			continue;
		if (step->none || (rules->higher_is_better ? score > step->score : score < step->score)) {
			step->cell = measures[i].cell;
			step->score = score;
			step->none = false;
		}
	}
}

void search_next(const struct search_rules *rules, const struct search_measure measures[], size_t count, struct search_step *step)
{
	*step = (struct search_step){0};
	if (!climb(rules, measures, count, 0, step))
		find_nearest(rules, measures, count, step);
	else if (step->kind == SEARCH_MET) /* the float G at the end of stage 2 is that very cell, so this never fails */
		climb(rules, measures, count, step->cell.d_bits, step);
}

bool search_widths_parse(const char *text, struct search_rules *rules)
{
	bool wanted[SEARCH_FLOAT_BITS + 1] = {[SEARCH_FLOAT_BITS] = true};
	for (const char *at = text; ; at++) {
		char *end;
		long bits = *at >= '0' && *at <= '9' ? strtol(at, &end, 10) : -1;
		if (bits < 1 || (bits > 8 && bits != SEARCH_FLOAT_BITS) || (*end && *end != ','))
			return false;
		wanted[bits] = true;
		at = end;
		if (!*at)
			break;
	}
	rules->width_count = 0;
	for (int bits = 1; bits <= SEARCH_FLOAT_BITS; bits++)
		if (wanted[bits])
			rules->widths[rules->width_count++] = bits;
	return true;
}
