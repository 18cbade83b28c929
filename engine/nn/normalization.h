/* What batch_norm and batch_norm_leaky share: batch normalisation over N, H and W (Ioffe and Szegedy 2015) with
 * PyTorch's epsilon and momentum, followed by a rectifier of `slope` (1: none). Trained: gamma and beta; running: mean
 * and variance, which evaluation uses and only training passes update. Private to engine/nn. */
#ifndef QGAN_ENGINE_NN_NORMALIZATION_H
#define QGAN_ENGINE_NN_NORMALIZATION_H

#include "engine/nn/layer.h"

void normalization_declare(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running);
bool normalization_create(struct layer *layer, int max_batch, struct error *error);
void normalization_clear(struct layer *layer);

void normalization_forward(struct layer *layer, const struct layer_pass *pass, float slope, const float *x, float *y);
void normalization_backward(struct layer *layer, const struct layer_pass *pass, float slope, const float *x, const float *dy,
                            float *dx);

#endif
