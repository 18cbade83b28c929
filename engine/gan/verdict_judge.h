/* What the parts of the verdict share: verdict.c (feeding, words) and verdict_rules.c (the definitions). */
#ifndef QGAN_ENGINE_GAN_VERDICT_JUDGE_H
#define QGAN_ENGINE_GAN_VERDICT_JUDGE_H

#include "engine/base/series.h"
#include "engine/gan/verdict.h"

enum verdict_signal {
	SIGNAL_LOSS_G, SIGNAL_D_REAL, SIGNAL_D_FAKE,
	SIGNAL_MARGIN,     /* D(x) - D(G(z)) */
	SIGNAL_DISTANCE,   /* Wasserstein */
	SIGNAL_GRADIENT_G,
	SIGNAL_DIVERSITY,  /* 1: as real pictures */
	SIGNAL_LIKENESS,   /* min(d, 1/d) of it */
	SIGNALS
};

struct verdict_curve { /* one score over the steps */
	char name[VERDICT_NAME_SIZE];
	bool higher_is_better;
	double error, noise;   /* of the newest value */
	struct series values;
};

struct verdict_judge {
	int64_t begin;         /* judged from here on: the last step before the first point, or that of a change */
	int64_t last;          /* newest step */
	bool begun, anew, quantized; /* anew: after a change */
	struct series signals[SIGNALS];
	struct verdict_curve scores[VERDICT_SCORES];
	int score_count;
	char failure[VERDICT_TEXT_SIZE]; /* empty: none */
};

/* Rows of verdict_thresholds. */
enum verdict_limit {
	LIMIT_STEPS, LIMIT_SAMPLES, LIMIT_SCORES, LIMIT_NOISE, LIMIT_SWING, LIMIT_LIKENESS_SWING, LIMIT_MARGIN_SWING, LIMIT_FALL,
	LIMIT_RISE, LIMIT_DISTANCE, LIMIT_ERRORS, LIMIT_WARNING_STEPS, LIMIT_COLLAPSE, LIMIT_COLLAPSE_SAMPLES, LIMIT_SATURATED, LIMIT_BLIND,
	LIMIT_GRADIENT, LIMIT_LOSS, LIMIT_LOSS_RISE, LIMITS
};

void verdict_apply_rules(const struct verdict_judge *judge, struct verdict *verdict);

#endif
