#include "engine/metric/inception_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

struct inception_score {
	size_t classes, samples, count; /* promised, added */
	int splits, split;              /* the split being filled */
	double *sums;                   /* [classes]: of its probabilities */
	double *probabilities;          /* [classes]: of a sample */
	double negative_entropy;        /* sum of p log p over its samples */
	double *scores;                 /* [splits] */
};

static bool check_sizes(size_t classes, int splits, size_t samples, struct error *error)
{
	if (classes < 1)
		return error_set(error, ERROR_INPUT, "there are no classes; expected at least one logit a sample");
	if (samples < 2)
		return error_set(error, ERROR_INPUT, "%zu sample%s: an Inception Score needs at least 2", samples, samples == 1 ? "" : "s");
	if (samples / 2 < (size_t)splits)
		return error_set(error, ERROR_INPUT, "%zu samples are too few for %d splits, which need at least 2 each; expected %zu splits "
		                 "at most", samples, splits, samples / 2);
	return true;
}

struct inception_score *inception_score_create(size_t classes, int splits, size_t samples, struct error *error)
{
	if (!check_sizes(classes, splits, samples, error))
		return NULL;
	struct inception_score *score = memory_zeroed(1, sizeof *score);
	*score = (struct inception_score){.classes = classes, .samples = samples, .splits = splits};
	score->sums = memory_try_bytes(classes * sizeof(double), "an Inception Score", error);
	score->probabilities = score->sums ? memory_try_bytes(classes * sizeof(double), "an Inception Score", error) : NULL;
	score->scores = score->probabilities ? memory_try_bytes((size_t)splits * sizeof(double), "an Inception Score", error) : NULL;
	if (score->scores)
		return score;
	inception_score_destroy(score);
	return NULL;
}

void inception_score_destroy(struct inception_score *score)
{
	if (!score)
		return;
	free(score->sums);
	free(score->probabilities);
	free(score->scores);
	free(score);
}

/* The first sample after a split. */
static size_t split_end(const struct inception_score *s, int split)
{
	size_t share = s->samples / (size_t)s->splits, rest = s->samples % (size_t)s->splits, next = (size_t)split + 1;
	return share * next + rest * next / (size_t)s->splits; /* samples * next could overflow */
}

/* The mean of sum p log (p / mean p) is mean of sum p log p less sum mean p log mean p. */
static void end_split(struct inception_score *s)
{
	size_t first = s->split ? split_end(s, s->split - 1) : 0;
	double count = (double)(s->count - first), divergence = s->negative_entropy / count;
	for (size_t c = 0; c < s->classes; c++) {
		double mean = s->sums[c] / count;
		divergence -= mean > 0 ? mean * log(mean) : 0;
	}
	s->scores[s->split++] = exp(divergence);
	s->negative_entropy = 0;
	memset(s->sums, 0, s->classes * sizeof *s->sums);
}

/* Softmax from the largest logit down: no exponential overflows, and log p needs no logarithm of a small number. */
static void add_sample(struct inception_score *s, const double *logits)
{
	double largest = -INFINITY, sum = 0, weighted = 0;
	for (size_t c = 0; c < s->classes; c++)
		largest = fmax(largest, logits[c]);
	for (size_t c = 0; c < s->classes; c++) {
		double weight = exp(logits[c] - largest);
		s->probabilities[c] = weight;
		sum += weight;
		weighted += weight > 0 ? weight * (logits[c] - largest) : 0;
	}
	for (size_t c = 0; c < s->classes; c++)
		s->sums[c] += s->probabilities[c] / sum;
	s->negative_entropy += weighted / sum - log(sum);
	if (++s->count == split_end(s, s->split))
		end_split(s);
}

bool inception_score_add(struct inception_score *score, const double *logits, size_t count, struct error *error)
{
	if (count > score->samples - score->count)
		return error_set(error, ERROR_INPUT, "more than the %zu samples that were promised", score->samples);
	for (size_t i = 0; i < count * score->classes; i++)
		if (!isfinite(logits[i]))
			return error_set(error, ERROR_INPUT, "row %zu, column %zu is %s; expected finite numbers",
			                 score->count + i / score->classes, i % score->classes,
			                 isnan(logits[i]) ? "NaN" : logits[i] > 0 ? "Inf" : "-Inf");
	for (size_t i = 0; i < count; i++)
		add_sample(score, logits + i * score->classes);
	return true;
}

bool inception_score_finish(const struct inception_score *score, double *mean, double *deviation, struct error *error)
{
	double sum = 0, squares = 0;
	if (score->split < score->splits)
		return error_set(error, ERROR_STATE, "%zu of %zu samples are in: an Inception Score needs all", score->count, score->samples);
	for (int i = 0; i < score->splits; i++)
		sum += score->scores[i];
	*mean = sum / score->splits;
	for (int i = 0; i < score->splits; i++)
		squares += (score->scores[i] - *mean) * (score->scores[i] - *mean);
	*deviation = sqrt(squares / score->splits);
	return true;
}

double inception_score_ref(const double *probabilities, size_t count, size_t classes)
{
	double divergence = 0;
	for (size_t c = 0; c < classes; c++) {
		double mean = 0;
		for (size_t i = 0; i < count; i++)
			mean += probabilities[i * classes + c] / (double)count;
		for (size_t i = 0; i < count; i++) {
			double p = probabilities[i * classes + c];
			divergence += p > 0 ? p * log(p / mean) / (double)count : 0;
		}
	}
	return exp(divergence);
}
