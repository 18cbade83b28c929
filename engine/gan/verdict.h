/* Is a training convergent, unstable or failed? The three states of the paper's section 3.2, made precise.
 *
 *   convergent   the score has risen from the level of noise and settles
 *   unstable     it has risen, but swings from evaluation to evaluation, or has lost much of what it had
 *   failed       it never left the level of noise, or the samples, D's judgement or the numbers are gone for good
 *   undecided    too early to say, or still rising steadily
 *
 * A score's rise is counted from `noise`, what it says of noise, to its best value; the later half of its curve decides
 * whether it settles: the part that lies on a straight line is its trend, the rest its swing. Without scores a proxy is
 * judged the same way: the diversity of the fixed-noise samples against that of real pictures (engine/gan/diversity.h),
 * as min(d, 1/d), which rises towards 1; and beside it the margin D(x) - D(G(z)), where D's scores have a scale (gan/model.h).
 * With several scores the worst verdict counts. Every threshold stands with its reason in verdict_thresholds; tests/golden/verdicts holds recorded curves.
 *
 * After a change of bits, method or rates the judgement begins anew: what came before tells of another training.
 * Deterministic, bounded memory, no threads; feeding the same curve again, from the store say, gives the same verdict. */
#ifndef QGAN_ENGINE_GAN_VERDICT_H
#define QGAN_ENGINE_GAN_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum { VERDICT_TEXT_SIZE = 192, VERDICT_SCORES = 4, VERDICT_NAME_SIZE = 48 };

/* From good to bad, so that the larger one is the worse. */
enum verdict_kind { VERDICT_UNDECIDED, VERDICT_CONVERGENT, VERDICT_UNSTABLE, VERDICT_FAILED, VERDICT_KINDS };
const char *verdict_kind_name(enum verdict_kind kind); /* "convergent" */
bool verdict_kind_parse(const char *name, enum verdict_kind *kind);

/* The most serious first: the first one set gives reason and action. */
enum verdict_warning {
	VERDICT_NOT_FINITE,        /* a loss or gradient is NaN or infinite */
	VERDICT_COLLAPSE,          /* the samples are nearly equal */
	VERDICT_D_SATURATED,       /* D(x) -> 1 and D(G(z)) -> 0 */
	VERDICT_D_BLIND,           /* D(x) = D(G(z)): D tells nothing apart */
	VERDICT_GRADIENT_VANISHED, /* G's gradient is far below what it was */
	VERDICT_LOSS_EXPLODES,     /* G's loss */
	VERDICT_WARNINGS
};
const char *verdict_warning_name(enum verdict_warning warning); /* "d-saturated" */

struct verdict {
	enum verdict_kind kind;
	unsigned warnings;              /* 1 << enum verdict_warning */
	char reason[VERDICT_TEXT_SIZE]; /* one line */
	char action[VERDICT_TEXT_SIZE]; /* what to try next; empty: nothing to do */
};
void verdict_warnings_text(unsigned warnings, char text[VERDICT_TEXT_SIZE]); /* "collapse d-saturated" */

struct verdict_threshold {
	const char *name;
	double value;
	const char *unit, *reason;
};
extern const struct verdict_threshold verdict_thresholds[]; /* ends with a row whose name is NULL */

/* NaN in any number: not known. */
struct verdict_point { /* a metric point: means over the steps since the last one */
	int64_t step;
	double wasserstein; /* a critic's estimate of the distance; NaN: D estimates none */
	double loss_d, loss_g, d_real, d_fake, gradient_d, gradient_g; /* d_*: 0 surely generated, 1 surely real (gan/model.h) */
};

struct verdict_score {
	int64_t step;
	const char *name;      /* score and recipe: "FID (classifier)"; curves of other names are kept apart */
	bool higher_is_better;
	double value, error;   /* error: one standard error, 0: not known */
	double noise;          /* what noise or an untrained G scores under the same recipe; NaN: not known */
};

/* What the curves of a feature network ("classifier/shapes 1a2b3c4d") are called: "FID (classifier/shapes)". */
void verdict_score_names(const char *network, char fid[VERDICT_NAME_SIZE], char is[VERDICT_NAME_SIZE]);

struct verdict_judge;
struct verdict_judge *verdict_judge_create(void);
void verdict_judge_destroy(struct verdict_judge *judge); /* NULL is fine */

/* Points, diversities and each score come in order of their steps; how they alternate is no matter. */
void verdict_judge_add_point(struct verdict_judge *judge, const struct verdict_point *point);
void verdict_judge_add_diversity(struct verdict_judge *judge, int64_t step, double diversity); /* 1: as real pictures */
void verdict_judge_add_score(struct verdict_judge *judge, const struct verdict_score *score);
/* Step `step` failed: `what` says how ("D's loss is not finite"). The next point takes it back. */
void verdict_judge_add_failure(struct verdict_judge *judge, int64_t step, const char *what);
/* Bits, method or a rate changed after `step`: judge from here on. */
void verdict_judge_begin_anew(struct verdict_judge *judge, int64_t step);

/* What may be advised: more bits, where a network has fewer than float's. */
void verdict_judge_set_quantized(struct verdict_judge *judge, bool quantized);

void verdict_judge_decide(const struct verdict_judge *judge, struct verdict *verdict);

/* The same kind and warnings, whatever the numbers in their sentences. */
bool verdict_same(const struct verdict *a, const struct verdict *b);

#endif
