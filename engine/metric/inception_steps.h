/* What Inception-v3 is made of, as torchvision builds it (models/inception.py): a list of steps in the order they are
 * computed, made from a table of blocks. The auxiliary classifier is for training only and is left out.
 *
 * Steps read and write four tensors. A block reads INPUT and joins the outputs of its branches in OUTPUT, channel behind
 * channel; A and B hold what passes between the convolutions of a branch. After a block OUTPUT is the next one's INPUT.
 * Everything is made of 3 x 299 x 299 pictures and ends in 2048 maps of 8 x 8. */
#ifndef QGAN_ENGINE_METRIC_INCEPTION_STEPS_H
#define QGAN_ENGINE_METRIC_INCEPTION_STEPS_H

#include <stddef.h>

#include "engine/tensor/conv_forward.h"
#include "engine/tensor/pool.h"

enum {
	INCEPTION_SIZE = 299, INCEPTION_CHANNELS = 3,
	INCEPTION_FEATURES = 2048, INCEPTION_CLASSES = 1000,
	INCEPTION_MAX_STEPS = 128, INCEPTION_NAME_SIZE = 48,
	INCEPTION_LAST_MAP = 8, /* pixels a side before the mean over all of them */
};

enum inception_tensor { INCEPTION_INPUT, INCEPTION_OUTPUT, INCEPTION_A, INCEPTION_B, INCEPTION_TENSORS };

enum inception_kind { INCEPTION_CONVOLUTION, INCEPTION_LARGEST, INCEPTION_MEAN };

struct inception_step {
	enum inception_kind kind;
	char name[INCEPTION_NAME_SIZE]; /* of a convolution: "Mixed_5b.branch5x5_1"; its parameters are NAME.conv.weight, NAME.bn.* */
	enum inception_tensor from, to;
	struct conv_forward_geometry convolution; /* of that kind */
	struct pool_geometry pool;                /* of the others */
	int first_channel, width; /* the step's channels begin there in `to`, which has so many */
	bool ends_block;
};

/* Fills the list and returns its length. divisor: 1 for the real network; 2, 4, 8 or 16 for one with so many times fewer
 * channels everywhere but in the picture and the logits, which tests use. */
int inception_list_steps(int divisor, struct inception_step steps[INCEPTION_MAX_STEPS]);

/* Floats that one picture takes in each tensor, over all steps; INPUT and OUTPUT change roles, so both are named by their
 * role in the first block (and the picture itself is in INPUT). */
void inception_measure_tensors(const struct inception_step steps[], int count, size_t floats[INCEPTION_TENSORS]);

#endif
