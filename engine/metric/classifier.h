/* A small convolutional classifier of 32 x 32 pictures, whose last activations before the classes serve as features:
 *
 *   conv1 3x3 -> 32, max pool, batch norm, ReLU      16 x 16
 *   conv2 3x3 -> 48, batch norm, ReLU                16 x 16
 *   conv3 3x3 -> 64, max pool, batch norm, ReLU       8 x 8
 *   conv4 3x3 -> 96, batch norm, ReLU                 8 x 8
 *   conv5 3x3 -> 128, batch norm, ReLU                8 x 8
 *   mean over the pixels                              128 features
 *   linear                                            a logit a class
 *
 * On disk: a safetensors file (checkpoint.h) of its tensors under their names here (conv1.weight .. classes.bias,
 * norm1.running_mean ..), in PyTorch's shapes, with in the metadata
 *
 *   format "qgan classifier 1", data, channels, classes, class.0 .. (their names)
 *   and how it came about: train_count, epochs, batch, learning_rate, shift, flip, seed, kernel, test_count, accuracy
 *
 * Engine thread, or any one thread a network. */
#ifndef QGAN_ENGINE_METRIC_CLASSIFIER_H
#define QGAN_ENGINE_METRIC_CLASSIFIER_H

#include "engine/file/checkpoint.h"
#include "engine/nn/network.h"

enum { CLASSIFIER_SIZE = 32, CLASSIFIER_FEATURES = 128, CLASSIFIER_MAX_CLASSES = 1000 };

/* As network_create. channels: 1 or 3. */
struct network *classifier_create(int channels, int classes, int max_batch, const struct optimizer *optimizer,
                                  struct error *error);

/* The features of the last forward pass: [batch][CLASSIFIER_FEATURES], in the network. */
const float *classifier_features(const struct network *network);

/* All tensors, and of the metadata format, channels and classes; the rest is for the caller to set. NULL: no memory. */
struct checkpoint *classifier_store(const struct network *network, struct error *error);

/* A network for evaluation, packed. NULL and an error that names the tensor or key and what was expected. */
struct network *classifier_load(const struct checkpoint *checkpoint, int max_batch, struct error *error);

#endif
