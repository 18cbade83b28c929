/* Layers of 4x4 kernels, stride 2 and padding 1 in fewer products than the definition has: Winograd's minimal filtering
 * (Winograd 1980, Arithmetic Complexity of Computations; Lavin and Gray 2016). Private to engine/tensor.
 *
 *   winograd_line.c      how a side of a picture is cut into blocks and positions
 *   winograd.c           what the directions share: calls in rounds, mixes of pixels, where a product goes, when it pays
 *   winograd_forward.c   gather and scatter
 *   winograd_gradient.c  the weight gradient
 *
 * Along one side such a layer is two filters of two taps, y[i] = d[i] g0 + d[i + 1] g1, its two phases: of gather one over the
 * odd and one over the even big pixels, of scatter one for the even and one for the odd ones. Two neighbouring outputs are four
 * products as they are written, but three are enough, and for three outputs four:
 *
 *   FIRST           HALF_SUM                 HALF_DIFFERENCE          SECOND
 *   (d0 - d1) g0        2 d1 (g0 + g1)/2                              (d2 - d1) g1     y0 = FIRST + HALF_SUM, y1 = HALF_SUM + SECOND
 *   (d0 - d2) g0   (d1 + d2) (g0 + g1)/2    (d2 - d1) (g0 - g1)/2     (d3 - d1) g1     see the patterns in winograd_line.c
 *
 * d is N x C in and g is C in x C out. A side is cut into blocks of outputs, each with the positions of its pattern: what stands
 * there between two spaces. Down and across together a position is a pair of positions, its input a mix of up to four pixels, its
 * weights one of up to four taps. Pixels on the padding are no terms. Eight outputs a side are 11 x 11 products a phase instead of
 * 15 x 15, four are 5 x 5 or 6 x 6 instead of 7 x 7. Sums differ from those of the definition in their last bits. */
#ifndef QGAN_ENGINE_TENSOR_WINOGRAD_H
#define QGAN_ENGINE_TENSOR_WINOGRAD_H

#include "engine/tensor/conv_plan.h"

enum {
	WINOGRAD_SIDE = 64,        /* most small pixels of a side */
	WINOGRAD_POSITIONS = 96,   /* of a phase of such a side, and more */
	WINOGRAD_BLOCK = 3,        /* outputs of the largest pattern */
	PHASES = 2,                /* along a side; down and across there are PHASES x PHASES */
	TAPS = 2,                  /* of a phase along a side */
	CACHE_LINE = 16,           /* elements */
	WINOGRAD_VALUES = 8192,    /* of some pictures of a mix, put together on the stack */
};

/* What d is multiplied with. An output is first written by the earliest kind that it has, and the others are added. */
enum winograd_kind { HALF_SUM, SECOND, HALF_DIFFERENCE, FIRST, KINDS };
extern const float winograd_kinds[KINDS][TAPS]; /* factors of g */

/* Pixels of a line of the input, times factors. */
struct winograd_mix {
	int pixels, pixel[2];
	float factor[2];
};

struct winograd_position {
	int kind, block;
	int mix[PHASES];                     /* -1: there is none, of padding alone */
	bool first;                          /* writes its outputs, to which others add */
	int outputs, output[WINOGRAD_BLOCK]; /* of y */
	float sign[WINOGRAD_BLOCK];
};

/* One side of a picture, or some blocks of it: one list of positions, or (scatter) one a phase, with mixes of that phase alone. */
struct winograd_line {
	int mixes, positions[PHASES];
	struct winograd_mix mix[PHASES * WINOGRAD_POSITIONS];
	struct winograd_position position[PHASES][WINOGRAD_POSITIONS];
};

int winograd_block_count(int side);
/* First output of a block of a side, of the last one + 1: the side. A rest, smaller than the others, is the last block, or
 * from_end the first one. */
int winograd_block_begin(int side, int block, bool from_end);
struct winograd_line winograd_make_line(int side, bool scatter, int first_block, int end_block);

struct winograd_call {
	const struct conv_plan *plan;
	enum conv_direction direction;
	bool scatter;                         /* that direction */
	int batch;
	struct shape from, to;
	const float *input, *weights, *small; /* weights: packed; small: of the weight gradient */
	float *output;
	struct winograd_line down, across;    /* down: of the blocks at work */
	int slice, slices, bands;             /* pictures a slice; a round is a slice and a band of blocks */
	int first, pictures;                  /* at work */
	int first_block, blocks;
	int panels, groups;                   /* of columns; of blocks, or (weight gradient) of big channels */
	size_t mix_size, weights_size, outputs_size; /* elements: of one mix, of a task's weights and outputs */
	float *mixes, *scratch;               /* [down][across]; weights and outputs of tasks, or y's panels */
};

/* A call for so many pictures, cut into rounds; begin_round takes the blocks and pictures of one. */
struct winograd_call winograd_call(const struct conv_plan *plan, enum conv_direction direction, int batch);
int winograd_rounds(const struct winograd_call *call);
void winograd_begin_round(struct winograd_call *call, int round);
int winograd_mix_count(const struct winograd_call *call); /* of the blocks at work */
size_t winograd_mixes_size(const struct winograd_call *call); /* of the round at work, in elements; what follows begins a cache line */

/* The terms of a mix, so many pictures of the round and channels on; their count, at most four. */
int winograd_mix_terms(const struct winograd_call *call, int index, int picture, int channel, struct kernel_term *terms);

/* Where one product's sum goes: to outputs y x down + x x across floats after the first, of all pairs of y's and x's. `copy` has
 * room for WINOGRAD_BLOCK x WINOGRAD_BLOCK. */
void winograd_aim(struct product *product, float *first, const struct winograd_position *y, const struct winograd_position *x,
                  ptrdiff_t down, ptrdiff_t across, ptrdiff_t *copy);

/* What a round takes beside its mixes, in elements: prepares a call of that direction for the round at work, too. */
size_t winograd_forward_room(struct winograd_call *call);
size_t winograd_gradient_room(struct winograd_call *call);

#endif
