/* The definitions of verdict.h: thresholds, warnings, and the one rule that judges a score's curve, or the proxy's. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/text.h"
#include "engine/gan/verdict_judge.h"

enum { SPANS = 8, MOST_POINTS = SERIES_BUCKETS };

const struct verdict_threshold verdict_thresholds[] = {
	[LIMIT_STEPS] = {"steps", 1000, "steps",
		"before that healthy trainings are still rising: samples reach 0.8 of real pictures' diversity "
		"at 500 to 1,100 steps"},
	[LIMIT_SAMPLES] = {"samples", 6, "grids", "fewer say nothing about swing; ten come in 1,000 steps by default"},
	[LIMIT_SCORES] = {"scores", 4, "evaluations", "a line and a swing around it need more than three points"},
	[LIMIT_NOISE] = {"noise", 0.3, "of what noise scores",
		"the paper's failed trainings lie within it (IS 1.13 to 1.28 over noise's 1.0), its working ones beyond "
		"(IS 2.6 and more); for diversity: of real pictures', which failed ones never exceed here"},
	[LIMIT_SWING] = {"score swing", 0.12, "of the rise",
		"standard deviation around the trend: a settled score keeps within its error"},
	[LIMIT_LIKENESS_SWING] = {"diversity swing", 0.06, "of real pictures",
		"good trainings stay below 0.055 once they have settled, fine-tuned ones below 0.04; a grid of 64 tiles alone gives 0.02"},
	[LIMIT_MARGIN_SWING] = {"margin swing", 0.1, "of D(x) - D(G(z))",
		"good trainings stay below 0.04 between eighths of the later half, one of 1 bit at 0.06"},
	[LIMIT_FALL] = {"fall", 0.25, "of the rise", "lost from its best eighth to its last: more than swing, a decline"},
	[LIMIT_RISE] = {"rise", 0.3, "of the rise", "still to come when the later half brought so much: not settled"},
	[LIMIT_DISTANCE] = {"falling distance", 0.2, "of the Wasserstein estimate",
		"lost in the later half: G still learns; noise may be as diverse as pictures, so that only this tells a critic's early steps"},
	[LIMIT_ERRORS] = {"errors", 2, "standard errors", "differences below are the evaluation's, not the training's"},
	[LIMIT_WARNING_STEPS] = {"warning", 200, "steps", "shorter spells come and go in healthy trainings"},
	[LIMIT_COLLAPSE] = {"collapse", 0.2, "of real pictures' diversity",
		"the tiles then look alike; healthy trainings leave it within 400 steps"},
	[LIMIT_COLLAPSE_SAMPLES] = {"collapse for", 3, "grids", "one or two may be a passing spell"},
	[LIMIT_SATURATED] = {"saturation", 0.98, "mean D(x), and 1 - D(G(z)), 1 being surely real",
		"healthy trainings pass 0.97 in their first 200 steps and leave it"},
	[LIMIT_BLIND] = {"blindness", 0.02, "of D(x) - D(G(z))", "chance; good trainings keep a margin above 0.18"},
	[LIMIT_GRADIENT] = {"vanished gradient", 0.05, "of G's largest", "good trainings keep 0.15 and more, dead ones 0.01 to 0.02"},
	[LIMIT_LOSS] = {"exploding loss", 10, "of G's loss",
		"of cross entropy that is D(G(z)) = 5e-5: what D says tells G hardly anything; other losses are near 1 in good trainings"},
	[LIMIT_LOSS_RISE] = {"loss rise", 2, "times the loss before", "a large loss that is falling does not explode"},
	[LIMITS] = {0},
};

static double limit(enum verdict_limit which)
{
	return verdict_thresholds[which].value;
}

static void say(char text[VERDICT_TEXT_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(char text[VERDICT_TEXT_SIZE], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, VERDICT_TEXT_SIZE, format, arguments);
	va_end(arguments);
}

/* ---- a stretch of a curve ---- */

struct stretch {
	int count;
	double mean, change, swing; /* change: along the fitted line, from end to end; swing: standard deviation around it */
	double low, high;
};

struct points {
	int count;
	double steps[MOST_POINTS], values[MOST_POINTS];
};

static double middle(const struct series_bucket *bucket)
{
	return 0.5 * (double)(bucket->first_step + bucket->last_step);
}

/* Points after `from`, one a bucket; with spans > 0 one a span of equal length, the mean of what lies in it. */
static void collect(const struct series *series, double from, double to, int spans, struct points *points)
{
	double sums[SPANS] = {0}, counts[SPANS] = {0};
	points->count = 0;
	for (int i = 0; i < series->count; i++) {
		const struct series_bucket *bucket = &series->buckets[i];
		double step = middle(bucket);
		if (step <= from || step > to)
			continue;
		int span = spans ? (int)fmin((step - from) / (to - from) * spans, spans - 1) : 0;
		if (spans) {
			sums[span] += bucket->sum;
			counts[span] += (double)bucket->points;
			continue;
		}
		points->steps[points->count] = step;
		points->values[points->count++] = series_mean(bucket);
	}
	for (int i = 0; i < spans; i++)
		if (counts[i] > 0) {
			points->steps[points->count] = from + (i + 0.5) * (to - from) / spans;
			points->values[points->count++] = sums[i] / counts[i];
		}
}

/* Least squares line and what is left of it. */
static struct stretch fit(const struct points *points)
{
	struct stretch stretch = {.count = points->count, .mean = NAN, .low = INFINITY, .high = -INFINITY};
	double step = 0, value = 0, xx = 0, xy = 0, rest = 0;
	int n = points->count;
	if (n == 0)
		return stretch;
	for (int i = 0; i < n; i++) {
		step += points->steps[i] / n;
		value += points->values[i] / n;
		stretch.low = fmin(stretch.low, points->values[i]);
		stretch.high = fmax(stretch.high, points->values[i]);
	}
	for (int i = 0; i < n; i++) {
		xx += (points->steps[i] - step) * (points->steps[i] - step);
		xy += (points->steps[i] - step) * (points->values[i] - value);
	}
	double slope = xx > 0 ? xy / xx : 0;
	for (int i = 0; i < n; i++) {
		double left = points->values[i] - value - slope * (points->steps[i] - step);
		rest += left * left;
	}
	stretch.mean = value;
	stretch.change = slope * (points->steps[n - 1] - points->steps[0]);
	stretch.swing = n > 2 ? sqrt(rest / (n - 2)) : 0;
	return stretch;
}

static struct stretch stretch_of(const struct series *series, double from, double to, int spans)
{
	struct points points;
	collect(series, from, to, spans, &points);
	return fit(&points);
}

/* Mean of the last LIMIT_WARNING_STEPS; NaN when less than that is known, or fewer than two points. */
static double recent(const struct verdict_judge *judge, enum verdict_signal signal)
{
	double from = (double)judge->last - limit(LIMIT_WARNING_STEPS);
	if (from < (double)judge->begin)
		return NAN;
	struct stretch stretch = stretch_of(&judge->signals[signal], from, (double)judge->last, 0);
	return stretch.count >= 2 ? stretch.mean : NAN;
}

/* ---- warnings ---- */

static bool warn_not_finite(const struct verdict_judge *judge, char reason[VERDICT_TEXT_SIZE])
{
	if (!*judge->failure)
		return false;
	say(reason, "%.180s", judge->failure);
	return true;
}

static bool warn_collapse(const struct verdict_judge *judge, char reason[VERDICT_TEXT_SIZE])
{
	const struct series *diversity = &judge->signals[SIGNAL_DIVERSITY];
	int samples = (int)limit(LIMIT_COLLAPSE_SAMPLES);
	double highest = 0;
	if (diversity->count < samples || (double)(judge->last - judge->begin) < 0.5 * limit(LIMIT_STEPS))
		return false;
	for (int i = diversity->count - samples; i < diversity->count; i++)
		highest = fmax(highest, series_mean(&diversity->buckets[i]));
	say(reason, "samples nearly equal: their diversity is %.2f of real pictures'", highest);
	return highest < limit(LIMIT_COLLAPSE);
}

static bool warn_saturated(const struct verdict_judge *judge, char reason[VERDICT_TEXT_SIZE])
{
	double real = recent(judge, SIGNAL_D_REAL), fake = recent(judge, SIGNAL_D_FAKE);
	say(reason, "D saturated: D(x) %.3f, D(G(z)) %.3f for %g steps", real, fake, limit(LIMIT_WARNING_STEPS));
	return real > limit(LIMIT_SATURATED) && fake < 1 - limit(LIMIT_SATURATED);
}

static bool warn_blind(const struct verdict_judge *judge, char reason[VERDICT_TEXT_SIZE])
{
	double margin = recent(judge, SIGNAL_MARGIN);
	say(reason, "D tells nothing apart: D(x) - D(G(z)) is %.3f for %g steps", margin, limit(LIMIT_WARNING_STEPS));
	return fabs(margin) < limit(LIMIT_BLIND);
}

static bool warn_gradient(const struct verdict_judge *judge, char reason[VERDICT_TEXT_SIZE])
{
	double now = recent(judge, SIGNAL_GRADIENT_G), low, high = 0;
	series_range(&judge->signals[SIGNAL_GRADIENT_G], judge->begin, judge->last, &low, &high);
	say(reason, "G's gradient has vanished: its norm is %.2g, and was %.2g", now, high);
	return now < limit(LIMIT_GRADIENT) * high;
}

static bool warn_loss(const struct verdict_judge *judge, char reason[VERDICT_TEXT_SIZE])
{
	double now = recent(judge, SIGNAL_LOSS_G), until = (double)judge->last - limit(LIMIT_WARNING_STEPS);
	struct stretch before = stretch_of(&judge->signals[SIGNAL_LOSS_G], until - limit(LIMIT_WARNING_STEPS), until, 0);
	say(reason, "G's loss explodes: %.3g, %.2g times as much as %g steps before", now, now / before.mean,
	    limit(LIMIT_WARNING_STEPS));
	return now > limit(LIMIT_LOSS) && now > limit(LIMIT_LOSS_RISE) * before.mean;
}

static const struct {
	bool (*check)(const struct verdict_judge *judge, char reason[VERDICT_TEXT_SIZE]);
	enum verdict_kind proxy; /* the least verdict while it lasts, unless scores say better */
	const char *actions[2]; /* while no network is quantized; while one is */
} warnings[VERDICT_WARNINGS] = {
	[VERDICT_NOT_FINITE] = {warn_not_finite, VERDICT_FAILED,
		{"go back to a checkpoint before it, then halve the learning rates",
		 "go back to a checkpoint before it, then halve the learning rates or turn bits up"}},
	[VERDICT_COLLAPSE] = {warn_collapse, VERDICT_FAILED,
		{"halve D's learning rate if D(x) is near 1, else G's", "give D more bits, or halve the learning rates"}},
	[VERDICT_D_SATURATED] = {warn_saturated, VERDICT_FAILED,
		{"halve D's learning rate", "give G more bits, or halve D's learning rate"}},
	[VERDICT_D_BLIND] = {warn_blind, VERDICT_UNSTABLE,
		{"halve G's learning rate", "give D more bits, or halve G's learning rate"}},
	[VERDICT_GRADIENT_VANISHED] = {warn_gradient, VERDICT_UNSTABLE,
		{"halve D's learning rate", "give D more bits, or halve its learning rate"}},
	[VERDICT_LOSS_EXPLODES] = {warn_loss, VERDICT_UNSTABLE,
		{"go back, then halve D's learning rate", "go back, then give G more bits or halve D's learning rate"}},
};

/* ---- the rule ---- */

/* A curve to be judged, turned so that higher is better. */
struct rise {
	const char *what;
	double noise, scale; /* of failing: never above noise + LIMIT_NOISE x scale; noise NaN: not known */
	double highest, lowest;
	struct stretch later, ends; /* of the later half: point by point; and in eighths, from the beginning */
	double last_eighth;
	double swing_limit, error, sign;
	bool quantized;
};

static void turn(struct stretch *stretch)
{
	double low = stretch->low;
	stretch->mean = -stretch->mean;
	stretch->change = -stretch->change;
	stretch->low = -stretch->high;
	stretch->high = -low;
}

static struct rise rise_of(const struct verdict_judge *judge, const struct series *series, double sign)
{
	double half = 0.5 * (double)(judge->begin + judge->last), eighth = (double)(judge->last - judge->begin) / SPANS;
	struct rise rise = {
		.sign = sign,
		.quantized = judge->quantized,
		.later = stretch_of(series, half, (double)judge->last, 0),
		.ends = stretch_of(series, (double)judge->begin - 1, (double)judge->last, SPANS),
		.last_eighth = sign * stretch_of(series, (double)judge->last - eighth, (double)judge->last, 0).mean,
	};
	if (sign < 0) {
		turn(&rise.later);
		turn(&rise.ends);
	}
	rise.highest = fmax(rise.ends.high, rise.later.high);
	rise.lowest = fmin(rise.ends.low, rise.later.low);
	return rise;
}

/* What a value stands at, for people: the score itself again. */
static double shown(const struct rise *rise, double value)
{
	return rise->sign * value;
}

static void advise(const struct rise *rise, struct verdict *verdict, const char *plain, const char *quantized)
{
	say(verdict->action, "%s", rise->quantized ? quantized : plain);
}

static enum verdict_kind judge_rise(const struct rise *rise, struct verdict *verdict)
{
	double noise = isnan(rise->noise) ? rise->lowest : rise->noise, gain = rise->highest - noise;
	double least_rise = fmax(limit(LIMIT_NOISE) * rise->scale, limit(LIMIT_ERRORS) * rise->error);
	double certain = limit(LIMIT_ERRORS) * rise->error, last = isnan(rise->last_eighth) ? rise->later.mean : rise->last_eighth;
	if (!isnan(rise->noise) && gain <= least_rise) {
		say(verdict->reason, "%s never left the level of noise: at best %.3g", rise->what, shown(rise, rise->highest));
		advise(rise, verdict, "start again with other learning rates",
		       "start again with more bits for D, or from full precision");
		return VERDICT_FAILED;
	}
	if (rise->ends.high - last > fmax(limit(LIMIT_FALL) * gain, certain)) {
		say(verdict->reason, "%s %s: from %.3g to %.3g", rise->what, rise->sign < 0 ? "has risen again" : "has fallen",
		    shown(rise, rise->ends.high), shown(rise, last));
		advise(rise, verdict, "go back, then halve the learning rates",
		       "go back, then give D more bits or halve the learning rates");
		return VERDICT_UNSTABLE;
	}
	if (rise->later.swing > fmax(rise->swing_limit, certain)) {
		say(verdict->reason, "%s swings by %.2g around %.3g", rise->what, rise->later.swing, shown(rise, rise->later.mean));
		advise(rise, verdict, "halve the learning rates", "give D more bits, or halve the learning rates");
		return VERDICT_UNSTABLE;
	}
	if (rise->later.change > fmax(limit(LIMIT_RISE) * gain, certain)) {
		say(verdict->reason, "%s is still %s: now %.3g", rise->what, rise->sign < 0 ? "falling" : "rising", shown(rise, last));
		say(verdict->action, "train on");
		return VERDICT_UNDECIDED;
	}
	say(verdict->reason, "%s has settled at %.3g, swing %.2g", rise->what, shown(rise, rise->later.mean), rise->later.swing);
	return VERDICT_CONVERGENT;
}

static bool judge_score(const struct verdict_judge *judge, const struct verdict_curve *curve, struct verdict *verdict)
{
	double sign = curve->higher_is_better ? 1 : -1;
	struct rise rise = rise_of(judge, &curve->values, sign);
	if (rise.later.count < (int)limit(LIMIT_SCORES))
		return false;
	rise.what = curve->name;
	rise.noise = sign * curve->noise;
	rise.scale = fabs(curve->noise);
	rise.error = curve->error;
	double noise = isnan(rise.noise) ? rise.lowest : rise.noise;
	rise.swing_limit = limit(LIMIT_SWING) * (rise.highest - noise);
	verdict->kind = judge_rise(&rise, verdict);
	return true;
}

/* The worst of the scores that say something. */
static bool judge_scores(const struct verdict_judge *judge, struct verdict *verdict)
{
	bool any = false;
	for (int i = 0; i < judge->score_count; i++) {
		struct verdict one = {0};
		if (!judge_score(judge, &judge->scores[i], &one))
			continue;
		if (!any || one.kind > verdict->kind)
			*verdict = one;
		any = true;
	}
	return any;
}

/* ---- the proxy ---- */

static bool too_early(const struct verdict_judge *judge, struct verdict *verdict)
{
	char number[32];
	int64_t until = judge->begin + (int64_t)limit(LIMIT_STEPS);
	if (judge->begun && judge->last >= until)
		return false;
	say(verdict->reason, "too early to say: judged from step %s on", text_count(number, sizeof number, until));
	return true;
}

static struct stretch margin_of(const struct verdict_judge *judge)
{
	double half = 0.5 * (double)(judge->begin + judge->last);
	return stretch_of(&judge->signals[SIGNAL_MARGIN], half, (double)judge->last, SPANS);
}

static void judge_margin(const struct verdict_judge *judge, struct verdict *verdict)
{
	struct stretch margin = margin_of(judge);
	if (margin.count >= (int)limit(LIMIT_SCORES) && margin.swing > limit(LIMIT_MARGIN_SWING)) {
		verdict->kind = VERDICT_UNSTABLE;
		say(verdict->reason, "D's margin D(x) - D(G(z)) swings by %.2g around %.2g", margin.swing, margin.mean);
		say(verdict->action, "%s", judge->quantized ? "give D more bits, or halve its learning rate" : "halve D's learning rate");
	} else if (margin.count >= (int)limit(LIMIT_SCORES)) {
		verdict->kind = VERDICT_CONVERGENT;
		say(verdict->reason, "D's margin D(x) - D(G(z)) has settled at %.2g, swing %.2g", margin.mean, margin.swing);
	}
}

/* What a critic measures falls as long as G learns. */
static bool still_nearing(const struct verdict_judge *judge, struct verdict *verdict)
{
	double half = 0.5 * (double)(judge->begin + judge->last);
	struct stretch distance = stretch_of(&judge->signals[SIGNAL_DISTANCE], half, (double)judge->last, SPANS);
	if (distance.count < (int)limit(LIMIT_SCORES) || !(-distance.change > limit(LIMIT_DISTANCE) * distance.mean))
		return false;
	say(verdict->reason, "the Wasserstein estimate is still falling: by %.2g around %.3g", -distance.change, distance.mean);
	say(verdict->action, "train on");
	return true;
}

static void judge_proxy(const struct verdict_judge *judge, struct verdict *verdict)
{
	struct rise rise = rise_of(judge, &judge->signals[SIGNAL_LIKENESS], 1);
	judge_margin(judge, verdict);
	if (rise.later.count < (int)limit(LIMIT_SAMPLES) / 2 || judge->signals[SIGNAL_LIKENESS].count < (int)limit(LIMIT_SAMPLES))
		return;
	rise.what = "diversity";
	rise.scale = 1;
	rise.swing_limit = limit(LIMIT_LIKENESS_SWING);
	struct verdict by_samples = {0};
	by_samples.kind = judge_rise(&rise, &by_samples);
	if (verdict->kind < VERDICT_UNSTABLE || by_samples.kind >= VERDICT_UNSTABLE) /* the margin alone can say no good */
		*verdict = by_samples;
	if (verdict->kind == VERDICT_CONVERGENT && still_nearing(judge, verdict))
		verdict->kind = VERDICT_UNDECIDED;
}

/* ---- everything ---- */

/* The first warning speaks for all. What scores say of the pictures it does not make worse, but for lost numbers. */
static void apply_warnings(const struct verdict_judge *judge, bool scored, struct verdict *verdict)
{
	bool early = (double)(judge->last - judge->begin) < limit(LIMIT_STEPS);
	for (int i = VERDICT_WARNINGS - 1; i >= 0; i--) {
		char reason[VERDICT_TEXT_SIZE];
		if (!warnings[i].check(judge, reason))
			continue;
		bool counts = i == VERDICT_NOT_FINITE || (!early && !scored);
		verdict->warnings |= 1u << i;
		if (counts && warnings[i].proxy > verdict->kind)
			verdict->kind = warnings[i].proxy;
		say(verdict->reason, "%s", reason);
		say(verdict->action, "%s", warnings[i].actions[judge->quantized]);
	}
}

void verdict_apply_rules(const struct verdict_judge *judge, struct verdict *verdict)
{
	bool scored = judge_scores(judge, verdict);
	if (!scored && !too_early(judge, verdict))
		judge_proxy(judge, verdict);
	if (judge->begun)
		apply_warnings(judge, scored, verdict);
}
