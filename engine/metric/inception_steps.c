#include "engine/metric/inception_steps.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* How many channels a row has that depend on the block. */
enum { OF_BLOCK = -1 };

/* One operation in a block. Convolutions keep the size (padding (kernel - 1) / 2), but with a stride, or marked `valid`,
 * they have none. */
struct part {
	const char *name; /* of a convolution; "" where the block is all it is */
	enum inception_tensor from, to;
	int channels, height, width, stride;
	bool valid;
	enum inception_kind kind;
};

/* The largest of 3 x 3 windows at every second pixel; the mean of 3 x 3 at every pixel. */
#define HALVE {"", INCEPTION_INPUT, INCEPTION_OUTPUT, 0, 3, 3, 2, true, INCEPTION_LARGEST}
#define SMOOTH {"", INCEPTION_INPUT, INCEPTION_A, 0, 3, 3, 1, false, INCEPTION_MEAN}
#define END {NULL}

static const struct part stem_1a[] = {{"", INCEPTION_INPUT, INCEPTION_OUTPUT, 32, 3, 3, 2, true}, END};
static const struct part stem_2a[] = {{"", INCEPTION_INPUT, INCEPTION_OUTPUT, 32, 3, 3, 1, true}, END};
static const struct part stem_2b[] = {{"", INCEPTION_INPUT, INCEPTION_OUTPUT, 64, 3, 3, 1}, END};
static const struct part stem_3b[] = {{"", INCEPTION_INPUT, INCEPTION_OUTPUT, 80, 1, 1, 1, true}, END};
static const struct part stem_4a[] = {{"", INCEPTION_INPUT, INCEPTION_OUTPUT, 192, 3, 3, 1, true}, END};
static const struct part halve[] = {HALVE, END};

static const struct part block_a[] = { /* 35 x 35 */
	{"branch1x1", INCEPTION_INPUT, INCEPTION_OUTPUT, 64, 1, 1, 1},
	{"branch5x5_1", INCEPTION_INPUT, INCEPTION_A, 48, 1, 1, 1},
	{"branch5x5_2", INCEPTION_A, INCEPTION_OUTPUT, 64, 5, 5, 1},
	{"branch3x3dbl_1", INCEPTION_INPUT, INCEPTION_A, 64, 1, 1, 1},
	{"branch3x3dbl_2", INCEPTION_A, INCEPTION_B, 96, 3, 3, 1},
	{"branch3x3dbl_3", INCEPTION_B, INCEPTION_OUTPUT, 96, 3, 3, 1},
	SMOOTH,
	{"branch_pool", INCEPTION_A, INCEPTION_OUTPUT, OF_BLOCK, 1, 1, 1},
	END,
};

static const struct part block_b[] = { /* 35 x 35 to 17 x 17 */
	{"branch3x3", INCEPTION_INPUT, INCEPTION_OUTPUT, 384, 3, 3, 2, true},
	{"branch3x3dbl_1", INCEPTION_INPUT, INCEPTION_A, 64, 1, 1, 1},
	{"branch3x3dbl_2", INCEPTION_A, INCEPTION_B, 96, 3, 3, 1},
	{"branch3x3dbl_3", INCEPTION_B, INCEPTION_OUTPUT, 96, 3, 3, 2, true},
	HALVE,
	END,
};

static const struct part block_c[] = { /* 17 x 17 */
	{"branch1x1", INCEPTION_INPUT, INCEPTION_OUTPUT, 192, 1, 1, 1},
	{"branch7x7_1", INCEPTION_INPUT, INCEPTION_A, OF_BLOCK, 1, 1, 1},
	{"branch7x7_2", INCEPTION_A, INCEPTION_B, OF_BLOCK, 1, 7, 1},
	{"branch7x7_3", INCEPTION_B, INCEPTION_OUTPUT, 192, 7, 1, 1},
	{"branch7x7dbl_1", INCEPTION_INPUT, INCEPTION_A, OF_BLOCK, 1, 1, 1},
	{"branch7x7dbl_2", INCEPTION_A, INCEPTION_B, OF_BLOCK, 7, 1, 1},
	{"branch7x7dbl_3", INCEPTION_B, INCEPTION_A, OF_BLOCK, 1, 7, 1},
	{"branch7x7dbl_4", INCEPTION_A, INCEPTION_B, OF_BLOCK, 7, 1, 1},
	{"branch7x7dbl_5", INCEPTION_B, INCEPTION_OUTPUT, 192, 1, 7, 1},
	SMOOTH,
	{"branch_pool", INCEPTION_A, INCEPTION_OUTPUT, 192, 1, 1, 1},
	END,
};

static const struct part block_d[] = { /* 17 x 17 to 8 x 8 */
	{"branch3x3_1", INCEPTION_INPUT, INCEPTION_A, 192, 1, 1, 1},
	{"branch3x3_2", INCEPTION_A, INCEPTION_OUTPUT, 320, 3, 3, 2, true},
	{"branch7x7x3_1", INCEPTION_INPUT, INCEPTION_A, 192, 1, 1, 1},
	{"branch7x7x3_2", INCEPTION_A, INCEPTION_B, 192, 1, 7, 1},
	{"branch7x7x3_3", INCEPTION_B, INCEPTION_A, 192, 7, 1, 1},
	{"branch7x7x3_4", INCEPTION_A, INCEPTION_OUTPUT, 192, 3, 3, 2, true},
	HALVE,
	END,
};

static const struct part block_e[] = { /* 8 x 8 */
	{"branch1x1", INCEPTION_INPUT, INCEPTION_OUTPUT, 320, 1, 1, 1},
	{"branch3x3_1", INCEPTION_INPUT, INCEPTION_A, 384, 1, 1, 1},
	{"branch3x3_2a", INCEPTION_A, INCEPTION_OUTPUT, 384, 1, 3, 1},
	{"branch3x3_2b", INCEPTION_A, INCEPTION_OUTPUT, 384, 3, 1, 1},
	{"branch3x3dbl_1", INCEPTION_INPUT, INCEPTION_A, 448, 1, 1, 1},
	{"branch3x3dbl_2", INCEPTION_A, INCEPTION_B, 384, 3, 3, 1},
	{"branch3x3dbl_3a", INCEPTION_B, INCEPTION_OUTPUT, 384, 1, 3, 1},
	{"branch3x3dbl_3b", INCEPTION_B, INCEPTION_OUTPUT, 384, 3, 1, 1},
	SMOOTH,
	{"branch_pool", INCEPTION_A, INCEPTION_OUTPUT, 192, 1, 1, 1},
	END,
};

static const struct {
	const char *name;
	const struct part *parts;
	int channels; /* OF_BLOCK */
} blocks[] = {
	{"Conv2d_1a_3x3", stem_1a, 0}, {"Conv2d_2a_3x3", stem_2a, 0}, {"Conv2d_2b_3x3", stem_2b, 0}, {"maxpool1", halve, 0},
	{"Conv2d_3b_1x1", stem_3b, 0}, {"Conv2d_4a_3x3", stem_4a, 0}, {"maxpool2", halve, 0},
	{"Mixed_5b", block_a, 32}, {"Mixed_5c", block_a, 64}, {"Mixed_5d", block_a, 64},
	{"Mixed_6a", block_b, 0},
	{"Mixed_6b", block_c, 128}, {"Mixed_6c", block_c, 160}, {"Mixed_6d", block_c, 160}, {"Mixed_6e", block_c, 192},
	{"Mixed_7a", block_d, 0},
	{"Mixed_7b", block_e, 0}, {"Mixed_7c", block_e, 0},
};
enum { BLOCKS = sizeof blocks / sizeof *blocks };

/* What is known while the list is made. */
struct listing {
	struct inception_step *steps;
	int count, divisor;
	struct shape shapes[INCEPTION_TENSORS]; /* OUTPUT: what is joined so far */
};

static struct conv_forward_geometry convolution_of(const struct listing *listing, const struct part *part, int channels)
{
	return (struct conv_forward_geometry){
		.input = listing->shapes[part->from], .channels = channels / listing->divisor, .kernel_height = part->height,
		.kernel_width = part->width, .stride = part->stride, .padding_y = part->valid || part->stride > 1 ? 0 : (part->height - 1) / 2,
		.padding_x = part->valid || part->stride > 1 ? 0 : (part->width - 1) / 2, .rectify = true,
	};
}

static void add_step(struct listing *listing, const char *block, const struct part *part, int channels)
{
	assert(listing->count < INCEPTION_MAX_STEPS);
	struct inception_step *step = &listing->steps[listing->count++];
	struct shape *to = &listing->shapes[part->to], shape;
	*step = (struct inception_step){.kind = part->kind, .from = part->from, .to = part->to};
	if (part->kind == INCEPTION_CONVOLUTION) {
		snprintf(step->name, sizeof step->name, "%s%s%s", block, *part->name ? "." : "", part->name);
		step->convolution = convolution_of(listing, part, channels);
		shape = conv_forward_output(&step->convolution);
	} else {
		step->pool = (struct pool_geometry){.input = listing->shapes[part->from], .kernel = part->height, .stride = part->stride,
		                                    .padding = part->valid ? 0 : 1, .mean = part->kind == INCEPTION_MEAN};
		shape = pool_output(&step->pool);
	}
	step->first_channel = part->to == INCEPTION_OUTPUT ? to->channels : 0;
	*to = (struct shape){shape.height, shape.width, step->first_channel + shape.channels};
	step->width = to->channels; /* of the output: until the block ends */
}

static void add_block(struct listing *listing, int index)
{
	const int first = listing->count;
	listing->shapes[INCEPTION_OUTPUT] = (struct shape){0};
	for (const struct part *part = blocks[index].parts; part->name; part++)
		add_step(listing, blocks[index].name, part, part->channels == OF_BLOCK ? blocks[index].channels : part->channels);
	for (int i = first; i < listing->count; i++)
		if (listing->steps[i].to == INCEPTION_OUTPUT)
			listing->steps[i].width = listing->shapes[INCEPTION_OUTPUT].channels;
	listing->steps[listing->count - 1].ends_block = true;
	listing->shapes[INCEPTION_INPUT] = listing->shapes[INCEPTION_OUTPUT];
}

int inception_list_steps(int divisor, struct inception_step steps[INCEPTION_MAX_STEPS])
{
	struct listing listing = {.steps = steps, .divisor = divisor};
	assert(divisor >= 1 && divisor <= 16 && 16 % divisor == 0);
	listing.shapes[INCEPTION_INPUT] = (struct shape){INCEPTION_SIZE, INCEPTION_SIZE, INCEPTION_CHANNELS};
	for (int i = 0; i < BLOCKS; i++)
		add_block(&listing, i);
	assert(listing.shapes[INCEPTION_INPUT].height == INCEPTION_LAST_MAP &&
	       listing.shapes[INCEPTION_INPUT].channels == INCEPTION_FEATURES / divisor);
	return listing.count;
}

static void widen(size_t *floats, struct shape shape)
{
	*floats = shape_count(shape) > *floats ? shape_count(shape) : *floats;
}

void inception_measure_tensors(const struct inception_step steps[], int count, size_t floats[INCEPTION_TENSORS])
{
	int input = INCEPTION_INPUT;
	memset(floats, 0, INCEPTION_TENSORS * sizeof *floats);
	widen(&floats[INCEPTION_INPUT], (struct shape){INCEPTION_SIZE, INCEPTION_SIZE, INCEPTION_CHANNELS});
	for (int i = 0; i < count; i++) {
		const struct inception_step *step = &steps[i];
		struct shape shape = step->kind == INCEPTION_CONVOLUTION ? conv_forward_output(&step->convolution) : pool_output(&step->pool);
		shape.channels = step->width;
		widen(&floats[step->to == INCEPTION_OUTPUT ? 1 - input : (int)step->to], shape);
		if (step->ends_block)
			input = 1 - input;
	}
}
