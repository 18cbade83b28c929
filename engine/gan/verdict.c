/* Feeding and words; the definitions are in verdict_rules.c. */
#include "engine/gan/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/verdict_judge.h"

/* ---- names ---- */

static const char *const kind_names[VERDICT_KINDS] = {
	[VERDICT_UNDECIDED] = "undecided", [VERDICT_CONVERGENT] = "convergent", [VERDICT_UNSTABLE] = "unstable",
	[VERDICT_FAILED] = "failed",
};

const char *verdict_kind_name(enum verdict_kind kind)
{
	return kind_names[kind];
}

bool verdict_kind_parse(const char *name, enum verdict_kind *kind)
{
	for (int i = 0; i < VERDICT_KINDS; i++)
		if (!strcmp(kind_names[i], name)) {
			*kind = (enum verdict_kind)i;
			return true;
		}
	return false;
}

const char *verdict_warning_name(enum verdict_warning warning)
{
	static const char *const names[VERDICT_WARNINGS] = {
		[VERDICT_NOT_FINITE] = "not-finite", [VERDICT_COLLAPSE] = "collapse", [VERDICT_D_SATURATED] = "d-saturated",
		[VERDICT_D_BLIND] = "d-blind", [VERDICT_GRADIENT_VANISHED] = "gradient-vanished",
		[VERDICT_LOSS_EXPLODES] = "loss-explodes",
	};
	return names[warning];
}

void verdict_warnings_text(unsigned warnings, char text[VERDICT_TEXT_SIZE])
{
	int used = 0;
	text[0] = '\0';
	for (int i = 0; i < VERDICT_WARNINGS; i++)
		if (warnings >> i & 1)
			used += snprintf(text + used, VERDICT_TEXT_SIZE - (size_t)used, "%s%s", used ? " " : "",
			                 verdict_warning_name((enum verdict_warning)i));
}

bool verdict_same(const struct verdict *a, const struct verdict *b)
{
	return a->kind == b->kind && a->warnings == b->warnings;
}

/* ---- feeding ---- */

struct verdict_judge *verdict_judge_create(void)
{
	return memory_zeroed(1, sizeof(struct verdict_judge));
}

void verdict_judge_destroy(struct verdict_judge *judge)
{
	free(judge);
}

/* False: the step belongs to what came before a change. */
static bool move_to(struct verdict_judge *judge, int64_t step)
{
	if (judge->anew && step <= judge->begin)
		return false;
	if (!judge->begun || step < judge->begin)
		judge->begin = step;
	if (!judge->begun || step > judge->last)
		judge->last = step;
	judge->begun = true;
	return true;
}

void verdict_judge_add_point(struct verdict_judge *judge, const struct verdict_point *point)
{
	if (!move_to(judge, point->step))
		return;
	const double values[] = {
		[SIGNAL_LOSS_G] = point->loss_g, [SIGNAL_D_REAL] = point->d_real, [SIGNAL_D_FAKE] = point->d_fake,
		[SIGNAL_MARGIN] = point->d_real - point->d_fake, [SIGNAL_DISTANCE] = point->wasserstein,
		[SIGNAL_GRADIENT_G] = point->gradient_g,
	};
	for (int i = 0; i <= SIGNAL_GRADIENT_G; i++)
		series_append(&judge->signals[i], point->step, values[i]);
	judge->failure[0] = '\0';
	if (isinf(point->loss_d) || isinf(point->loss_g) || isinf(point->gradient_d) || isinf(point->gradient_g))
		text_copy(judge->failure, sizeof judge->failure, "a loss or gradient is infinite");
}

void verdict_judge_add_diversity(struct verdict_judge *judge, int64_t step, double diversity)
{
	if (!(diversity >= 0) || !move_to(judge, step))
		return;
	series_append(&judge->signals[SIGNAL_DIVERSITY], step, diversity);
	series_append(&judge->signals[SIGNAL_LIKENESS], step, diversity > 1 ? 1 / diversity : diversity);
}

static struct verdict_curve *find_curve(struct verdict_judge *judge, const char *name)
{
	char cut[VERDICT_NAME_SIZE];
	text_copy(cut, sizeof cut, name);
	for (int i = 0; i < judge->score_count; i++)
		if (!strcmp(judge->scores[i].name, cut))
			return &judge->scores[i];
	if (judge->score_count == VERDICT_SCORES)
		return NULL;
	struct verdict_curve *curve = &judge->scores[judge->score_count++];
	text_copy(curve->name, sizeof curve->name, cut);
	return curve;
}

void verdict_score_names(const char *network, char fid[VERDICT_NAME_SIZE], char is[VERDICT_NAME_SIZE])
{
	int length = (int)strcspn(network, " "), room = VERDICT_NAME_SIZE - (int)sizeof "FID ()";
	length = length < room ? length : room;
	snprintf(fid, VERDICT_NAME_SIZE, "FID (%.*s)", length, network);
	snprintf(is, VERDICT_NAME_SIZE, "IS (%.*s)", length, network);
}

void verdict_judge_add_score(struct verdict_judge *judge, const struct verdict_score *score)
{
	if (!isfinite(score->value) || !move_to(judge, score->step))
		return;
	struct verdict_curve *curve = find_curve(judge, score->name);
	if (!curve)
		return;
	curve->higher_is_better = score->higher_is_better;
	curve->error = score->error > 0 ? score->error : 0;
	curve->noise = score->noise;
	series_append(&curve->values, score->step, score->value);
}

void verdict_judge_add_failure(struct verdict_judge *judge, int64_t step, const char *what)
{
	if (move_to(judge, step))
		text_copy(judge->failure, sizeof judge->failure, what);
}

void verdict_judge_begin_anew(struct verdict_judge *judge, int64_t step)
{
	bool quantized = judge->quantized;
	memset(judge, 0, sizeof *judge); /* large: no copy of it on the stack */
	judge->begin = judge->last = step;
	judge->begun = judge->anew = true;
	judge->quantized = quantized;
}

void verdict_judge_set_quantized(struct verdict_judge *judge, bool quantized)
{
	judge->quantized = quantized;
}

void verdict_judge_decide(const struct verdict_judge *judge, struct verdict *verdict)
{
	*verdict = (struct verdict){0};
	verdict_apply_rules(judge, verdict);
}
