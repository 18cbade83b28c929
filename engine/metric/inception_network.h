/* Inception-v3 with torchvision's parameters, in evaluation mode: 8-bit pictures to 2048 features (the means of the last
 * maps) and 1000 logits of ImageNet's classes.
 *
 * What happens to a picture, in this order:
 *   1. grey ones are repeated to three equal channels; values / 255 are in 0..1
 *   2. resized to 299 x 299 as torch.nn.functional.interpolate(mode="bilinear", align_corners=False) does, without
 *      antialiasing, larger pictures too; pictures of 299 x 299 stay as they are
 *   3. torchvision's preprocessing of its pretrained networks, (x - mean) / deviation of ImageNet's channels, and then
 *      transform_input, which these weights come with: x deviation / 0.5 + (mean - 0.5) / 0.5. The two together are
 *      2 x - 1, and that is what is computed. (Values of -1..1 put through transform_input alone are a known mistake.)
 * Batch normalisation (epsilon 0.001) is folded into the convolutions when the network is made; dropout does nothing in
 * evaluation. The auxiliary classifier is left out.
 *
 * Memory: about 96 MB of weights and 12.3 MB a picture of max_batch. What a picture comes to does not depend on the pictures
 * beside it. One thread at a time; several networks beside each other are fine. */
#ifndef QGAN_ENGINE_METRIC_INCEPTION_NETWORK_H
#define QGAN_ENGINE_METRIC_INCEPTION_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/file/checkpoint.h"
#include "engine/tensor/parallel.h"

struct inception_network;

/* Square 8-bit pictures, count x [size][size][channels]; channels: 1 or 3. */
struct inception_pictures {
	const uint8_t *pixels;
	size_t count;
	int size, channels;
};

/* Calls visit for every parameter under torchvision's name, in the order of the network; stops at the first false. divisor:
 * as of inception_list_steps, 1 for the real network. */
typedef bool inception_visit(void *context, const char *name, int dimensions, const size_t shape[], struct error *error);
bool inception_visit_parameters(int divisor, inception_visit *visit, void *context, struct error *error);

/* Whether what a file has under a parameter's name (found_shape NULL: nothing) has the parameter's shape. */
bool inception_check_shape(const char *name, int dimensions, const size_t shape[], int found_dimensions,
                           const size_t found_shape[], struct error *error);

/* Every parameter is there, in its shape and with values that a network can have; else an error naming the tensor. */
bool inception_check(const struct checkpoint *parameters, int divisor, struct error *error);

/* Batches of at most max_batch pictures. The checkpoint holds the parameters by name; others in it are not looked at. NULL
 * and an error as of inception_check. */
struct inception_network *inception_create(const struct checkpoint *parameters, int divisor, int max_batch, struct error *error);
void inception_destroy(struct inception_network *network); /* NULL is fine */

/* features[count][2048 / divisor], logits[count][1000]; count: 1..max_batch. */
void inception_forward(struct inception_network *network, struct parallel *parallel, const struct inception_pictures *pictures,
                       float *features, float *logits);

double inception_multiply_adds(const struct inception_network *network); /* of one picture */
size_t inception_bytes(const struct inception_network *network);         /* of weights and activations */

#endif
