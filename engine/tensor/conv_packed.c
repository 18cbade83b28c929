/* The weights are cut into pieces of some input channels by SPARSE_VECTORS vectors of output channels (a panel), of one tap:
 * what a first-level cache holds as floats (kernel_sparse.c). Their codes lie piece after piece in the order of the sums:
 *
 *   for each panel, for each tap, for each piece of it     [channels of the input][panel]
 *
 * in the blocks that the lookup takes (kernel_lookup.c). */
#include "engine/tensor/conv_packed_layer.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum { MAPS = 3 }; /* mean, scale, shift */

/* Whole pieces are whole blocks of the lookup; the last one of a tap is filled up to them. */
static size_t blocks_of_rows(int rows, int vectors) { return ((size_t)rows * (size_t)vectors + LOOKUP_BLOCK - 1) / LOOKUP_BLOCK; }

static size_t blocks_of_tap(const struct conv_packed *layer, int panel)
{
	const int last = layer->pieces - 1, vectors = packed_panel_vectors(layer, panel);
	return (size_t)last * blocks_of_rows(layer->kernel->sparse->depth, vectors) +
	       blocks_of_rows(packed_piece_length(layer, last), vectors);
}

/* Where a piece begins, in blocks; of the panel beyond the last one: all of them. */
static size_t block_of_piece(const struct conv_packed *layer, int panel, int tap, int piece)
{
	const size_t taps = (size_t)conv_taps(&layer->sums);
	size_t block = panel > 0 ? (size_t)panel * taps * blocks_of_tap(layer, 0) : 0;
	if (panel == packed_panels(layer))
		return block - taps * (blocks_of_tap(layer, 0) - blocks_of_tap(layer, panel - 1));
	return block + (size_t)tap * blocks_of_tap(layer, panel) +
	       (size_t)piece * blocks_of_rows(layer->kernel->sparse->depth, packed_panel_vectors(layer, panel));
}

static size_t blocks_of(const struct conv_packed *layer) { return block_of_piece(layer, packed_panels(layer), 0, 0); }

/* Where in PyTorch's order the sums' convolution has a weight from. */
static size_t place_of_weight(const struct conv_packed *layer, int depth, int tap, int column)
{
	const int channels = layer->geometry.big.channels, channel = layer->thin ? column % channels : column;
	return ((size_t)depth * (size_t)channels + (size_t)channel) * (size_t)conv_taps(&layer->geometry) +
	       (size_t)(layer->thin ? column / channels : tap);
}

static void put_code(const struct conv_packed *layer, uint32_t *words, size_t vector, size_t lane, uint32_t code)
{
	const size_t lanes = (size_t)layer->kernel->lanes, bits = (size_t)layer->bits;
	const size_t bit = vector % LOOKUP_BLOCK * bits, shift = bit % 32;
	uint32_t *word = words + (vector / LOOKUP_BLOCK * bits + bit / 32) * lanes + lane;
	word[0] |= code << shift;
	if (shift + bits > 32)
		word[lanes] |= code >> (32 - shift);
}

static void pack_piece(const struct conv_packed *layer, const struct conv_packed_weights *weights, int panel, int tap, int piece)
{
	const int lanes = layer->kernel->lanes, vectors = packed_panel_vectors(layer, panel), first = panel * packed_panel_width(layer);
	const int used = conv_at_most(layer->sums.big.channels - first, vectors * lanes);
	const size_t begin = block_of_piece(layer, panel, tap, piece) * LOOKUP_BLOCK;
	for (int row = 0; row < packed_piece_length(layer, piece); row++) {
		for (int c = 0; c < used; c++) {
			const size_t place = place_of_weight(layer, piece * layer->kernel->sparse->depth + row, tap, first + c);
			const size_t vector = begin + (size_t)(row * vectors + c / lanes);
			if (layer->words)
				put_code(layer, layer->words, vector, (size_t)(c % lanes), weights->codes[place]);
			else
				layer->values[vector * (size_t)lanes + (size_t)(c % lanes)] = weights->values[place];
		}
	}
}

static void pack(const struct conv_packed *layer, const struct conv_packed_weights *weights)
{
	for (int panel = 0; panel < packed_panels(layer); panel++)
		for (int tap = 0; tap < conv_taps(&layer->sums); tap++)
			for (int piece = 0; piece < layer->pieces; piece++)
				pack_piece(layer, weights, panel, tap, piece);
}

/* ---- tables ---- */

/* Four floats that give alpha z + beta (kernel.h). The first is where the line crosses 0, so finely that s, a difference of few
 * bits, is exact. So the second product is tiny, its rounding unseen, and all else is rounded once, by the multiply-add that fuses
 * it: nearly always to the same float as in double. Where it is not, a level lies between two floats, and further attempts move the
 * tiny part by its rounding, to and fro. */
static void make_line(struct conv_packed_line line, int bits, int attempt, float to[LOOKUP_LINE])
{
	enum { FINE = FLT_MANT_DIG - 2 }; /* s is less than 4 */
	const double slope = ldexp(line.alpha, bits);
	int exponent;
	to[0] = (float)ldexp(nearbyint(ldexp(1 - line.beta / slope, FINE)), -FINE);
	to[1] = (float)slope;
	to[2] = (float)(slope - (double)to[1]);
	const double rest = ((double)to[0] - 1) * slope + line.beta;
	frexp(rest, &exponent);
	to[3] = (float)(rest + (attempt % 2 ? -attempt : attempt) * ldexp(1, exponent - FLT_MANT_DIG - 1));
}

/* Whether the kernel makes these levels of a line, to the bit. words: blocks that hold every code in order. */
static bool line_gives(const struct conv_packed *layer, const float *line, const float *levels, const uint32_t *words, size_t blocks)
{
	enum { MOST_LANES = 16 };
	float values[LOOKUP_BLOCK * MOST_LANES]; /* more than all codes: whole blocks */
	const struct lookup lookup = {.bits = layer->bits, .even = true, .table = line};
	layer->kernel->lookup->run(&lookup, words, blocks, values);
	return memcmp(values, levels, sizeof *levels << layer->bits) == 0;
}

/* [groups][LOOKUP_LINE]; NULL when the levels of any group are not evenly spaced, or looking them up is faster. */
static float *find_lines(const struct conv_packed *layer, const struct conv_packed_weights *weights)
{
	enum { ATTEMPTS = 16 };
	const struct kernel *kernel = layer->kernel;
	const int states = 1 << layer->bits;
	const size_t lanes = (size_t)kernel->lanes, blocks = ((size_t)states + LOOKUP_BLOCK * lanes - 1) / (LOOKUP_BLOCK * lanes);
	if (!weights->lines || layer->bits < (layer->columns ? kernel->lookup->even_columns : kernel->lookup->even_bits))
		return NULL;
	uint32_t *words = memory_zeroed(blocks * (size_t)layer->bits * lanes, sizeof *words);
	float *lines = memory_zeroed((size_t)weights->groups * LOOKUP_LINE, sizeof *lines);
	for (int z = 0; z < states; z++)
		put_code(layer, words, (size_t)z / lanes, (size_t)z % lanes, (uint32_t)z);
	bool good = true;
	for (int group = 0; good && group < weights->groups; group++) {
		float *line = lines + group * LOOKUP_LINE;
		good = false;
		for (int attempt = 0; !good && attempt < ATTEMPTS; attempt++) {
			make_line(weights->lines[group], layer->bits, attempt, line);
			good = line_gives(layer, line, weights->levels + group * states, words, blocks);
		}
	}
	free(words);
	if (good)
		return lines;
	free(lines);
	return NULL;
}

/* Floats that stand for the codes of a group. */
static int group_floats(const struct conv_packed *layer) { return layer->even ? LOOKUP_LINE : 1 << layer->bits; }

static size_t table_count(const struct conv_packed *layer)
{
	return (size_t)group_floats(layer) * (size_t)(layer->columns ? packed_panel_width(layer) : 1);
}

/* From those of the groups: one table, or for each column of the panels. */
static void make_tables(const struct conv_packed *layer, const float *groups)
{
	const int lanes = layer->kernel->lanes, floats = group_floats(layer);
	if (!layer->columns)
		memcpy(layer->tables, groups, layer->tables_count * sizeof *groups);
	for (int column = 0; layer->columns && column < layer->sums.big.channels; column++) {
		float *table = layer->tables + (size_t)(column / lanes * floats * lanes + column % lanes);
		for (int i = 0; i < floats; i++)
			table[i * lanes] = groups[column % layer->geometry.big.channels * floats + i];
	}
}

/* ---- life ---- */

static bool keep_floats(struct conv_packed *layer, const struct conv_packed_weights *weights, struct error *error)
{
	layer->values = memory_try_floats(blocks_of(layer) * LOOKUP_BLOCK * (size_t)layer->kernel->lanes, "the weights of a layer", error);
	if (layer->values)
		pack(layer, weights);
	return layer->values != NULL;
}

static bool keep_codes(struct conv_packed *layer, const struct conv_packed_weights *weights, struct error *error)
{
	layer->bits = weights->bits;
	layer->columns = weights->groups > 1;
	float *lines = find_lines(layer, weights);
	layer->even = lines != NULL;
	layer->tables_count = table_count(layer) * (size_t)(layer->columns ? packed_panels(layer) : 1);
	layer->words = memory_try_bytes(blocks_of(layer) * (size_t)(layer->bits * layer->kernel->lanes) * sizeof *layer->words,
	                                "the codes of a layer", error);
	layer->tables = layer->words ? memory_try_floats(layer->tables_count, "the levels of a layer", error) : NULL;
	if (layer->tables) {
		pack(layer, weights);
		make_tables(layer, lines ? lines : weights->levels);
	}
	free(lines);
	return layer->tables != NULL;
}

static void keep_end(struct conv_packed *layer, const struct conv_packed_end *end)
{
	const size_t pitch = (size_t)packed_pitch(layer), bytes = (size_t)layer->geometry.big.channels * sizeof *layer->maps;
	layer->slope = end->slope;
	layer->tanh = end->tanh;
	if (!end->mean)
		return;
	layer->maps = memory_zeroed(MAPS * pitch, sizeof *layer->maps);
	memcpy(layer->maps, end->mean, bytes);
	memcpy(layer->maps + pitch, end->scale, bytes);
	memcpy(layer->maps + 2 * pitch, end->shift, bytes);
}

struct conv_packed *conv_packed_create(const struct conv_geometry *geometry, const struct conv_packed_weights *weights,
                                       const struct conv_packed_end *end, struct error *error)
{
	assert(!weights->codes || (weights->bits >= 1 && weights->bits <= LOOKUP_MAX_BITS));
	assert(weights->groups <= 1 || weights->groups == geometry->big.channels);
	struct conv_packed *layer = memory_zeroed(1, sizeof *layer);
	layer->geometry = layer->sums = *geometry;
	layer->kernel = kernel_current();
	layer->thin = geometry->big.channels <= CONV_THIN_CHANNELS;
	if (layer->thin) {
		layer->sums = (struct conv_geometry){.big = geometry->small, .small = geometry->small, .kernel = 1, .stride = 1};
		layer->sums.big.channels = conv_taps(geometry) * geometry->big.channels;
	}
	layer->vectors = conv_round_up(layer->sums.big.channels, layer->kernel->lanes) / layer->kernel->lanes;
	layer->pieces = conv_round_up(geometry->small.channels, layer->kernel->sparse->depth) / layer->kernel->sparse->depth;
	keep_end(layer, end);
	if (weights->codes ? keep_codes(layer, weights, error) : keep_floats(layer, weights, error))
		return layer;
	conv_packed_destroy(layer);
	return NULL;
}

void conv_packed_destroy(struct conv_packed *layer)
{
	if (!layer)
		return;
	free(layer->words);
	free(layer->values);
	free(layer->tables);
	free(layer->maps);
	free(layer);
}

const struct conv_geometry *conv_packed_geometry(const struct conv_packed *layer) { return &layer->geometry; }

size_t conv_packed_bytes(const struct conv_packed *layer)
{
	const size_t lanes = (size_t)layer->kernel->lanes, maps = layer->maps ? MAPS * (size_t)layer->geometry.big.channels : 0;
	const size_t block = layer->words ? (size_t)layer->bits * sizeof *layer->words : LOOKUP_BLOCK * sizeof *layer->values;
	return blocks_of(layer) * lanes * block + (layer->tables_count + maps) * sizeof(float);
}

/* ---- expanding ---- */

const float *conv_packed_expand(const struct conv_packed *layer, int panel, int tap, int piece, float *room)
{
	const struct kernel *kernel = layer->kernel;
	const size_t begin = block_of_piece(layer, panel, tap, piece), lanes = (size_t)kernel->lanes;
	const int rows = packed_piece_length(layer, piece), vectors = packed_panel_vectors(layer, panel);
	if (!layer->words)
		return layer->values + begin * LOOKUP_BLOCK * lanes;
	const struct lookup lookup = {
		.bits = layer->bits, .vectors = layer->columns ? vectors : 0, .even = layer->even,
		.table = layer->tables + (layer->columns ? (size_t)panel * table_count(layer) : 0),
	};
	kernel->lookup->run(&lookup, layer->words + begin * (size_t)layer->bits * lanes, blocks_of_rows(rows, vectors), room);
	return room;
}
