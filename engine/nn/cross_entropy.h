/* The softmax cross entropy of logits and labels, with which classifiers are trained: the mean over the batch of
 * -log softmax(logits)[label]. Any thread. */
#ifndef QGAN_ENGINE_NN_CROSS_ENTROPY_H
#define QGAN_ENGINE_NN_CROSS_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/* logits[count][classes], labels below classes. The gradient of the mean overwrites gradient[count][classes] (NULL: not
 * wanted); *correct (NULL: not wanted) counts the samples whose largest logit, the first of equals, is the label's. */
double cross_entropy(size_t count, size_t classes, const float *logits, const uint16_t *labels, float *gradient,
                     size_t *correct);

#endif
