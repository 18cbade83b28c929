/* How a side of a picture is cut: blocks of outputs, and the positions that they take (winograd.h). */
#include "engine/tensor/winograd.h"

const float winograd_kinds[KINDS][TAPS] = {
	[HALF_SUM] = {0.5f, 0.5f}, [SECOND] = {0, 1}, [HALF_DIFFERENCE] = {0.5f, -0.5f}, [FIRST] = {1, 0},
};

/* y[0..outputs-1] out of d[0..outputs]. */
struct pattern {
	int positions;
	struct {
		enum winograd_kind kind;
		float input[WINOGRAD_BLOCK + 1]; /* factors of d */
		float output[WINOGRAD_BLOCK];    /* what the product counts as in y */
	} position[KINDS];
};

static const struct pattern patterns[WINOGRAD_BLOCK + 1] = {
	[1] = {2, {{SECOND, {0, 1}, {1}}, {FIRST, {1, 0}, {1}}}},
	[2] = {3, {{HALF_SUM, {0, 2, 0}, {1, 1}}, {SECOND, {0, -1, 1}, {0, 1}}, {FIRST, {1, -1, 0}, {1, 0}}}},
	[3] = {4, {{HALF_SUM, {0, 1, 1, 0}, {1, 1, 1}}, {SECOND, {0, -1, 0, 1}, {0, 0, 1}},
	           {HALF_DIFFERENCE, {0, -1, 1, 0}, {1, -1, 1}}, {FIRST, {1, 0, -1, 0}, {1, 0, 0}}}},
};

int winograd_block_count(int side) { return (side + WINOGRAD_BLOCK - 1) / WINOGRAD_BLOCK; }

int winograd_block_begin(int side, int block, bool from_end)
{
	return from_end ? side - winograd_block_begin(side, winograd_block_count(side) - block, false)
	                : conv_at_most(side, block * WINOGRAD_BLOCK);
}

/* The pattern's input at `begin`, of a phase, as far as it is in the picture. Element e of d is pixel step e - 1 + phase. */
static struct winograd_mix mix_at(int begin, int step, int phase, int length, const float *input)
{
	struct winograd_mix mix = {0};
	for (int i = 0; i <= WINOGRAD_BLOCK; i++) {
		const int pixel = step * (begin + i) - 1 + phase;
		if (input[i] == 0 || pixel < 0 || pixel >= length)
			continue;
		mix.pixel[mix.pixels] = pixel;
		mix.factor[mix.pixels++] = input[i];
	}
	return mix;
}

static bool equal(const struct winograd_mix *a, const struct winograd_mix *b)
{
	bool same = a->pixels == b->pixels;
	for (int i = 0; i < a->pixels && same; i++)
		same = a->pixel[i] == b->pixel[i] && a->factor[i] == b->factor[i];
	return same;
}

/* Its place among the line's, which it gets if it is new; -1: it is nothing. */
static int place_of(struct winograd_line *line, struct winograd_mix mix)
{
	if (mix.pixels == 0)
		return -1;
	int i = 0;
	while (i < line->mixes && !equal(&line->mix[i], &mix))
		i++;
	if (i == line->mixes)
		line->mix[line->mixes++] = mix;
	return i;
}

/* A block's positions, of both phases (list 0) or of that of its list alone. */
static void add_block(struct winograd_line *line, int side, bool scatter, int list, int block)
{
	const bool from_end = scatter && list == 0; /* the padding is before the first output: a single one there takes one product */
	const int begin = winograd_block_begin(side, block, from_end), end = winograd_block_begin(side, block + 1, from_end);
	const struct pattern *pattern = &patterns[end - begin];
	const int step = scatter ? 1 : PHASES, length = step * side;
	bool first = true;
	for (int p = 0; p < pattern->positions; p++) {
		struct winograd_position position = {.kind = pattern->position[p].kind, .block = block, .first = first};
		for (int phase = 0; phase < PHASES; phase++) {
			const struct winograd_mix mix = mix_at(begin, step, phase, length, pattern->position[p].input);
			position.mix[phase] = scatter && phase != list ? -1 : place_of(line, mix);
		}
		for (int i = 0; i < end - begin; i++) {
			if (pattern->position[p].output[i] == 0)
				continue;
			position.output[position.outputs] = begin + i;
			position.sign[position.outputs++] = pattern->position[p].output[i];
		}
		if (position.mix[0] >= 0 || position.mix[1] >= 0) {
			line->position[list][line->positions[list]++] = position;
			first = false;
		}
	}
}

struct winograd_line winograd_make_line(int side, bool scatter, int first_block, int end_block)
{
	struct winograd_line line = {0};
	for (int list = 0; list < (scatter ? PHASES : 1); list++) {
		for (int block = first_block; block < end_block; block++)
			add_block(&line, side, scatter, list, block);
	}
	return line;
}

