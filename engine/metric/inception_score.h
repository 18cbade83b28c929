/* The Inception Score (Salimans et al. 2016): exp of the mean Kullback-Leibler divergence between a sample's class
 * probabilities and their mean, over `splits` equal parts of the samples, of which it is mean and standard deviation.
 * Probabilities are the softmax of logits, in double. Part i of s has the samples i n / s up to (i + 1) n / s, rounded
 * down, so that all count; where s divides n this is the usual cut. Samples stream by; memory for one split. One owner. */
#ifndef QGAN_ENGINE_METRIC_INCEPTION_SCORE_H
#define QGAN_ENGINE_METRIC_INCEPTION_SCORE_H

#include <stddef.h>

#include "engine/base/error.h"

struct inception_score;

enum { INCEPTION_SCORE_SPLITS = 10 }; /* as the field does */

/* samples: how many will come. NULL and ERROR_INPUT when a split would have fewer than 2. */
struct inception_score *inception_score_create(size_t classes, int splits, size_t samples, struct error *error);
void inception_score_destroy(struct inception_score *score); /* NULL is fine */

/* logits[count][classes]. NaN and Inf are ERROR_INPUT, "row 3, column 0 is NaN; ..", rows counted from the first one added;
 * then nothing is. So are more samples than were promised. */
bool inception_score_add(struct inception_score *score, const double *logits, size_t count, struct error *error);

/* When all promised samples are in (else ERROR_STATE). The deviation is that of a whole population: 0 for one split. */
bool inception_score_finish(const struct inception_score *score, double *mean, double *deviation, struct error *error);

/* One split of the formula as it stands, by plain loops over probabilities[count][classes]. */
double inception_score_ref(const double *probabilities, size_t count, size_t classes);

#endif
