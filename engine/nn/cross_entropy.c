#include "engine/nn/cross_entropy.h"

#include <assert.h>
#include <math.h>

static size_t largest_of(const float *logits, size_t classes)
{
	size_t best = 0;
	for (size_t c = 1; c < classes; c++)
		best = logits[c] > logits[best] ? c : best;
	return best;
}

/* log(sum of exp), in the form that never overflows. */
static double log_sum(const float *logits, size_t classes, double largest)
{
	double sum = 0;
	for (size_t c = 0; c < classes; c++)
		sum += exp(logits[c] - largest);
	return largest + log(sum);
}

double cross_entropy(size_t count, size_t classes, const float *logits, const uint16_t *labels, float *gradient, size_t *correct)
{
	double loss = 0;
	size_t right = 0;
	for (size_t n = 0; n < count; n++, logits += classes) {
		assert(labels[n] < classes);
		size_t best = largest_of(logits, classes);
		double total = log_sum(logits, classes, logits[best]);
		loss += total - logits[labels[n]];
		right += best == labels[n];
		for (size_t c = 0; gradient && c < classes; c++)
			gradient[n * classes + c] = (float)((exp(logits[c] - total) - (c == labels[n])) / (double)count);
	}
	if (correct)
		*correct = right;
	return loss / (double)count;
}
