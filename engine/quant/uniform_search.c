/* Every start is a point of a grid over alpha and beta that leaves out only what cannot be best:
 * - Levels that use half of the states at most are as good with half the spacing. So more than half are used, the lowest
 *   of them not needlessly far below the weights, which bounds alpha from above and beta from both sides.
 * - Weights outside the levels' reach err by their distance to it at least. Where that alone exceeds the best error known,
 *   nothing is to be found; and it only grows as alpha shrinks, which bounds alpha from below.
 * Each point is judged by the error of the line that fits its states best; EM goes on from the most promising ones. The
 * fewer the weights, the more the error hangs on where each of them falls: then the grid is finer and more are tried. */
#include "engine/quant/uniform_search.h"

#include <math.h>
#include <stdint.h>

enum {
	MOST_STARTS = 64,
	SHORT_RUN = 6,     /* iterations before most starts are dropped */
	LONG_RUN = 2000,
	SURE_RUNS = 2,     /* starts that are not */
	HALVINGS = 24,     /* when an end of an interval is sought */
};
static const double settled_share = 1e-9; /* an iteration that lowers the error by no more has settled */
static const double promising = 1.05;     /* a start whose error is so near the best after its short run is followed */

struct start {
	double alpha, beta, error;
};

struct search {
	const struct sorted_weights *sorted;
	int bits;
	double top, min, max;
	double alpha_factor; /* from one spacing of the grid to the next */
	int beta_steps;      /* offsets a spacing */
	int wanted;          /* starts to keep */
	int most;            /* iterations of a start */
	double known;        /* the least error of any line so far */
	struct start starts[MOST_STARTS]; /* the best so far, least error first */
	int count;
};

struct uniform_step uniform_step(const struct sorted_weights *sorted, int bits, double alpha, double beta)
{
	double n = (double)sorted->count, sum = sorted_weights_sum(sorted, sorted->count);
	double squares = sorted_weights_squares(sorted, sorted->count), b = beta - sorted->centre;
	double z = 0, zz = 0, dz = 0;
	size_t below = 0;
	for (int state = 1; state < 1 << bits && below < sorted->count; state++) {
		below = sorted_weights_find(sorted, below, beta + (state - 0.5) * alpha, state % 2 == 0); /* halves to even */
		double above = n - (double)below;
		z += above;
		zz += above * (2 * state - 1);
		dz += sum - sorted_weights_sum(sorted, below);
	}
	struct uniform_step step = {.alpha = alpha, .beta = beta};
	step.error = fmax(squares - 2 * (alpha * dz + b * sum) + alpha * alpha * zz + 2 * alpha * b * z + n * b * b, 0);
	double spread = zz - z * z / n, covariance = dz - sum * z / n;
	step.fitted_error = step.error;
	if (spread > 0 && covariance > 0) {
		step.alpha = covariance / spread;
		step.beta = sorted->centre + (sum - step.alpha * z) / n;
		step.fitted_error = fmax(squares - sum * sum / n - step.alpha * covariance, 0);
	}
	return step;
}

/* Kept in order; points with the same states, which are neighbours, count once. */
static void add_start(struct search *search, double alpha, double beta)
{
	struct uniform_step step = uniform_step(search->sorted, search->bits, alpha, beta);
	if (search->count == search->wanted && step.fitted_error >= search->starts[search->count - 1].error)
		return;
	int place = search->count;
	while (place > 0 && search->starts[place - 1].error > step.fitted_error)
		place--;
	if (place > 0 && search->starts[place - 1].error == step.fitted_error)
		return;
	if (search->count < search->wanted)
		search->count++;
	for (int i = search->count - 1; i > place; i--)
		search->starts[i] = search->starts[i - 1];
	search->starts[place] = (struct start){alpha, beta, step.fitted_error};
	search->known = fmin(search->known, step.fitted_error);
}

/* What the weights beyond first .. last err at least, and in *slope how that changes with a shift of both ends. */
static double error_outside(const struct search *search, double first, double last, double *slope)
{
	const struct sorted_weights *s = search->sorted;
	double a = first - s->centre, b = last - s->centre;
	size_t left = sorted_weights_find(s, 0, first, true), right = sorted_weights_find(s, left, last, false);
	double n = (double)left, sum = sorted_weights_sum(s, left), squares = sorted_weights_squares(s, left);
	double error = n * a * a - 2 * a * sum + squares;
	*slope = n * a - sum;
	n = (double)(s->count - right);
	sum = sorted_weights_sum(s, s->count) - sorted_weights_sum(s, right);
	squares = sorted_weights_squares(s, s->count) - sorted_weights_squares(s, right);
	*slope += n * b - sum;
	return error + n * b * b - 2 * b * sum + squares;
}

/* The betas where the weights out of reach do not err too much: an interval, the error being convex. */
static bool worthwhile_betas(const struct search *search, double alpha, double *from, double *to)
{
	double reach = search->top * alpha, slope, limit = search->known;
	double low = *from, high = *to;
	for (int i = 0; i < HALVINGS; i++) {
		double middle = 0.5 * (low + high);
		error_outside(search, middle, middle + reach, &slope);
		*(slope > 0 ? &high : &low) = middle;
	}
	double best = 0.5 * (low + high);
	if (error_outside(search, best, best + reach, &slope) > limit * (1 + 1e-9))
		return false;
	for (int side = 0; side < 2; side++) {
		double good = best, *end = side ? to : from, bad = *end;
		if (error_outside(search, bad, bad + reach, &slope) <= limit)
			continue;
		for (int i = 0; i < HALVINGS / 2; i++) {
			double middle = 0.5 * (good + bad);
			*(error_outside(search, middle, middle + reach, &slope) <= limit ? &good : &bad) = middle;
		}
		*end = bad;
	}
	return true;
}

static void search_grid(struct search *search)
{
	double range = search->max - search->min;
	int least_used = (int)(search->top / 2);
	double alpha = range / (least_used > 1 ? least_used : 1);
	for (;; alpha *= search->alpha_factor) {
		double from = search->min - alpha / 2, to = fmax(search->min, search->max - search->top * alpha) + alpha / 2;
		if (!worthwhile_betas(search, alpha, &from, &to))
			return;
		double step = alpha / search->beta_steps;
		for (double beta = from; beta < to; beta += step)
			add_start(search, alpha, beta);
	}
}

/* Few weights for so many states: where each one falls matters. With many bits EM goes on for ever to gain nothing. */
struct effort {
	size_t weights; /* up to so many, */
	int bits;       /* and so many bits */
	double finest;  /* share of alpha between two spacings, times the states */
	int beta_steps, wanted, most;
};
static const struct effort efforts[] = {
	{.weights = 16, .bits = 4, .finest = 0.03, .beta_steps = 48, .wanted = MOST_STARTS, .most = LONG_RUN},
	{.weights = 64, .bits = 4, .finest = 0.125, .beta_steps = 16, .wanted = MOST_STARTS, .most = LONG_RUN},
	{.weights = 2048, .bits = 4, .finest = 0.25, .beta_steps = 8, .wanted = 24, .most = LONG_RUN},
	{.weights = SIZE_MAX, .bits = 4, .finest = 0.5, .beta_steps = 4, .wanted = 8, .most = LONG_RUN},
	{.weights = SIZE_MAX, .bits = QUANT_MAX_BITS, .finest = 0.5, .beta_steps = 4, .wanted = 4, .most = LONG_RUN / 8},
};

static void choose_effort(struct search *search)
{
	const struct effort *effort = efforts;
	while (search->sorted->count > effort->weights || search->bits > effort->bits)
		effort++;
	search->alpha_factor = fmin(1 - effort->finest / (1 << search->bits), 0.95);
	search->beta_steps = effort->beta_steps;
	search->wanted = effort->wanted;
	search->most = effort->most;
}

/* EM from start's alpha and beta, which become those it ends with. Returns the number of iterations. */
static int follow(const struct search *search, struct start *start, int most, struct quant_trace *trace)
{
	struct uniform_step step = uniform_step(search->sorted, search->bits, start->alpha, start->beta);
	double n = (double)search->sorted->count;
	bool settled = false;
	int iterations = 0;
	for (; iterations < most && !settled; iterations++) {
		quant_trace_add(trace, step.error / n);
		struct uniform_step next = uniform_step(search->sorted, search->bits, step.alpha, step.beta);
		start->alpha = step.alpha;
		start->beta = step.beta;
		settled = step.error - next.error <= settled_share * step.error;
		step = next;
	}
	quant_trace_add(trace, step.error / n);
	start->error = step.error;
	return iterations;
}

/* The start that leads to the least error. Most are left when a few iterations show that they lead elsewhere. */
static struct start best_start(struct search *search, struct start minmax)
{
	int most = search->most, short_run = most < SHORT_RUN ? most : SHORT_RUN;
	struct start best = minmax, end = minmax;
	follow(search, &end, most, NULL);
	search->known = end.error;
	search_grid(search);
	for (int i = 0; i < search->count; i++) {
		struct start start = search->starts[i];
		follow(search, &start, short_run, NULL);
		if (i >= SURE_RUNS && start.error > end.error * promising)
			continue;
		start = search->starts[i];
		follow(search, &start, most, NULL);
		if (start.error < end.error) {
			end = start;
			best = search->starts[i];
		}
	}
	return best;
}

struct quant_fit uniform_search(const struct sorted_weights *sorted, const struct quant_fit *first, int most,
                                struct quant_trace *trace)
{
	struct search search = {
		.sorted = sorted, .bits = first->bits, .top = (double)((1 << first->bits) - 1), .min = sorted->values[0],
		.max = sorted->values[sorted->count - 1],
	};
	struct quant_fit fit = *first;
	choose_effort(&search);
	if (most > 0)
		search.most = most;
	struct start start = best_start(&search, (struct start){.alpha = first->alpha, .beta = first->beta});
	fit.iterations = follow(&search, &start, search.most, trace);
	fit.alpha = start.alpha;
	fit.beta = start.beta;
	return fit;
}
