/* The weights are cut into pieces of some input channels by SPARSE_VECTORS vectors of output channels (a panel), of one tap:
 * what a first-level cache holds as floats (kernel_sparse.c). A task makes the sums of one panel and of some output pixels
 * that share their taps (a stride s leaves s x s phases of such pixels, and no two phases share a tap): it expands piece
 * after piece in the order of the sums, and adds its products to all its pixels and pictures while it is in the cache:
 *
 *   for each tap, for each piece of it     codes --look_up--> floats, 16 kB
 *     for each pixel that has the tap      sums of the pixel's pictures += their channels that are not 0 x piece
 *
 * So with one picture every weight is expanded once, and with many an expansion serves hundreds of rows.
 *
 * Sums lie [panel][H][W][N][panel's channels]; what fills the last vector is 0 throughout. When all are there, a task takes a
 * row of pixels, does what follows the sums, and lists for the next layer what is not 0: [piece][H][W][N].
 *
 * Where the output has few channels (conv_thin.c), the taps count as channels: sums are patches of the input's pixels, made by a
 * convolution of 1 x 1, and an output pixel is the sum of the patch entries that name it. Patches lie whole, [H][W][N][patch]. */
#include "engine/tensor/conv_packed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_plan.h"

enum {
	ROWS_A_TASK = 512,  /* of sums, about: what a second-level cache holds; an expansion is little beside their products */
	TASKS_A_THREAD = 4, /* wanted, even if weights are then expanded more than once */
	MAPS = 3,           /* mean, scale, shift */
};

struct conv_packed {
	struct conv_geometry geometry;
	struct conv_geometry sums; /* the convolution that makes the sums: the same, or that of the patches */
	const struct kernel *kernel;
	bool thin;
	int vectors;           /* of a row of sums */
	int bits;
	uint32_t *words;       /* codes, blocks of kernel.h; NULL: float */
	float *values;         /* weights of a float layer, vector by vector as the codes are */
	float *tables;         /* of the lookup: one, or one a panel */
	size_t tables_count;   /* floats */
	bool columns;          /* tables are of panels */
	float *maps;           /* mean, scale and shift, each of `pitch` values; NULL: none */
	float slope;
	bool tanh;
};

static int panels_of(const struct conv_packed *layer) { return (layer->vectors + SPARSE_VECTORS - 1) / SPARSE_VECTORS; }

static int vectors_of_panel(const struct conv_packed *layer, int panel)
{
	return conv_at_most(layer->vectors - panel * SPARSE_VECTORS, SPARSE_VECTORS);
}

static int pitch_of(const struct conv_packed *layer) { return layer->vectors * layer->kernel->lanes; }
static int panel_of(const struct conv_packed *layer) { return SPARSE_VECTORS * layer->kernel->lanes; } /* channels of one */

/* Pieces of a tap, and the input channels of one. */
static int pieces_of(const struct conv_packed *layer)
{
	const int depth = layer->kernel->sparse->depth;
	return (layer->geometry.small.channels + depth - 1) / depth;
}

static int length_of_piece(const struct conv_packed *layer, int piece)
{
	const int depth = layer->kernel->sparse->depth;
	return conv_at_most(layer->geometry.small.channels - piece * depth, depth);
}

/* Floats from picture to picture in the sums of a panel. */
static int step_of(const struct conv_packed *layer, int panel)
{
	return layer->thin ? pitch_of(layer) : vectors_of_panel(layer, panel) * layer->kernel->lanes;
}

/* ---- packing ---- */

/* Whole pieces are whole blocks of the lookup; the last one of a tap is filled up to them. */
static size_t blocks_of_rows(int rows, int vectors) { return ((size_t)rows * (size_t)vectors + LOOKUP_BLOCK - 1) / LOOKUP_BLOCK; }

static size_t blocks_of_tap(const struct conv_packed *layer, int panel)
{
	const int last = pieces_of(layer) - 1, vectors = vectors_of_panel(layer, panel);
	return (size_t)last * blocks_of_rows(layer->kernel->sparse->depth, vectors) +
	       blocks_of_rows(length_of_piece(layer, last), vectors);
}

/* Where a piece begins, in blocks; of the panel beyond the last one: all of them. */
static size_t block_of_piece(const struct conv_packed *layer, int panel, int tap, int piece)
{
	const size_t taps = (size_t)conv_taps(&layer->sums);
	size_t block = panel > 0 ? (size_t)panel * taps * blocks_of_tap(layer, 0) : 0;
	if (panel == panels_of(layer))
		return block - taps * (blocks_of_tap(layer, 0) - blocks_of_tap(layer, panel - 1));
	return block + (size_t)tap * blocks_of_tap(layer, panel) +
	       (size_t)piece * blocks_of_rows(layer->kernel->sparse->depth, vectors_of_panel(layer, panel));
}

static size_t blocks_of(const struct conv_packed *layer) { return block_of_piece(layer, panels_of(layer), 0, 0); }

/* Where in PyTorch's order the sums' convolution has a weight from. */
static size_t place_of_weight(const struct conv_packed *layer, int depth, int tap, int column)
{
	const int channels = layer->geometry.big.channels, channel = layer->thin ? column % channels : column;
	return ((size_t)depth * (size_t)channels + (size_t)channel) * (size_t)conv_taps(&layer->geometry) +
	       (size_t)(layer->thin ? column / channels : tap);
}

static void put_code(const struct conv_packed *layer, size_t vector, int lane, uint32_t code)
{
	const size_t lanes = (size_t)layer->kernel->lanes, bits = (size_t)layer->bits;
	const size_t bit = vector % LOOKUP_BLOCK * bits, shift = bit % 32;
	uint32_t *word = layer->words + (vector / LOOKUP_BLOCK * bits + bit / 32) * lanes + lane;
	word[0] |= code << shift;
	if (shift + bits > 32)
		word[lanes] |= code >> (32 - shift);
}

static void pack_piece(const struct conv_packed *layer, const struct conv_packed_weights *weights, int panel, int tap, int piece)
{
	const int lanes = layer->kernel->lanes, vectors = vectors_of_panel(layer, panel), first = panel * panel_of(layer);
	const int used = conv_at_most(layer->sums.big.channels - first, vectors * lanes);
	const size_t begin = block_of_piece(layer, panel, tap, piece) * LOOKUP_BLOCK;
	for (int row = 0; row < length_of_piece(layer, piece); row++) {
		for (int c = 0; c < used; c++) {
			const size_t place = place_of_weight(layer, piece * layer->kernel->sparse->depth + row, tap, first + c);
			const size_t vector = begin + (size_t)(row * vectors + c / lanes);
			if (layer->words)
				put_code(layer, vector, c % lanes, weights->codes[place]);
			else
				layer->values[vector * (size_t)lanes + (size_t)(c % lanes)] = weights->values[place];
		}
	}
}

static void pack(const struct conv_packed *layer, const struct conv_packed_weights *weights)
{
	for (int panel = 0; panel < panels_of(layer); panel++)
		for (int tap = 0; tap < conv_taps(&layer->sums); tap++)
			for (int piece = 0; piece < pieces_of(layer); piece++)
				pack_piece(layer, weights, panel, tap, piece);
}

static size_t table_count(const struct conv_packed *layer)
{
	return ((size_t)1 << layer->bits) * (size_t)(layer->columns ? panel_of(layer) : 1);
}

/* Values of every code for each column of the panels. */
static void make_tables(const struct conv_packed *layer, const float *levels)
{
	const int lanes = layer->kernel->lanes, states = 1 << layer->bits;
	if (!layer->columns)
		memcpy(layer->tables, levels, layer->tables_count * sizeof *levels);
	for (int column = 0; layer->columns && column < layer->sums.big.channels; column++) {
		float *table = layer->tables + (size_t)(column / lanes * states * lanes + column % lanes);
		for (int z = 0; z < states; z++)
			table[z * lanes] = levels[column % layer->geometry.big.channels * states + z];
	}
}

/* ---- life ---- */

static bool allocate(struct conv_packed *layer, const struct conv_packed_weights *weights, struct error *error)
{
	const size_t blocks = blocks_of(layer), lanes = (size_t)layer->kernel->lanes;
	if (!weights->codes)
		return (layer->values = memory_try_floats(blocks * LOOKUP_BLOCK * lanes, "the weights of a layer", error)) != NULL;
	layer->bits = weights->bits;
	layer->columns = weights->groups > 1;
	layer->tables_count = table_count(layer) * (size_t)(layer->columns ? panels_of(layer) : 1);
	layer->words = memory_try_bytes(blocks * (size_t)layer->bits * lanes * sizeof *layer->words, "the codes of a layer", error);
	layer->tables = layer->words ? memory_try_floats(layer->tables_count, "the levels of a layer", error) : NULL;
	return layer->tables != NULL;
}

static void keep_end(struct conv_packed *layer, const struct conv_packed_end *end)
{
	const size_t pitch = (size_t)pitch_of(layer), bytes = (size_t)layer->geometry.big.channels * sizeof *layer->maps;
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
	keep_end(layer, end);
	if (!allocate(layer, weights, error)) {
		conv_packed_destroy(layer);
		return NULL;
	}
	pack(layer, weights);
	if (layer->words)
		make_tables(layer, weights->levels);
	return layer;
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
	const size_t maps = layer->maps ? MAPS * (size_t)layer->geometry.big.channels : 0, lanes = (size_t)layer->kernel->lanes;
	const size_t block = layer->words ? (size_t)layer->bits * sizeof *layer->words : LOOKUP_BLOCK * sizeof *layer->values;
	return blocks_of(layer) * lanes * block + (layer->tables_count + maps) * sizeof(float);
}

/* ---- what a pass holds ---- */

static size_t rows_of(struct shape shape, int batch) { return (size_t)conv_pixels(shape) * (size_t)batch; }
static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static bool allocate_rows(struct conv_packed_rows *rows, size_t lists, int depth, struct error *error)
{
	rows->values = memory_try_floats(lists * (size_t)depth, "a network's activations", error);
	rows->depths = rows->values ? memory_try_bytes(lists * (size_t)depth, "a network's activations", error) : NULL;
	rows->counts = rows->depths ? memory_try_bytes(lists, "a network's activations", error) : NULL;
	return rows->counts != NULL;
}

bool conv_packed_pass_init(struct conv_packed_pass *pass, struct parallel *parallel, struct conv_packed *const layers[],
                           int count, int max_batch, struct error *error)
{
	*pass = (struct conv_packed_pass){.parallel = parallel, .layers = layers, .count = count, .max_batch = max_batch};
	size_t sums = 0, pictures = 0, lists[2] = {0};
	for (int i = 0; i < count; i++) {
		const struct conv_packed *layer = layers[i];
		const struct shape big = layer->geometry.big;
		sums = larger(sums, rows_of(layer->sums.big, max_batch) * (size_t)pitch_of(layer));
		pictures = larger(pictures, layer->thin && i + 1 < count ? rows_of(big, max_batch) * (size_t)big.channels : 0);
		lists[i % 2] = larger(lists[i % 2], rows_of(layer->geometry.small, max_batch) * (size_t)pieces_of(layer));
	}
	const int depth = layers[0]->kernel->sparse->depth;
	pass->threads = parallel_threads(parallel);
	pass->taken = memory_zeroed((size_t)pass->threads, sizeof *pass->taken);
	pass->room = (size_t)depth * (size_t)panel_of(layers[0]);
	pass->sums = memory_try_floats(sums, "the sums of a layer", error);
	pass->pictures = pass->sums ? memory_try_floats(pictures, "the pictures of a layer", error) : NULL;
	pass->rooms = pass->pictures ? memory_try_floats(pass->room * (size_t)pass->threads, "room for weights", error) : NULL;
	return pass->rooms && allocate_rows(&pass->rows[0], lists[0], depth, error) &&
	       allocate_rows(&pass->rows[1], lists[1], depth, error);
}

void conv_packed_pass_clear(struct conv_packed_pass *pass)
{
	for (int i = 0; i < 2; i++) {
		free(pass->rows[i].values);
		free(pass->rows[i].depths);
		free(pass->rows[i].counts);
	}
	free(pass->sums);
	free(pass->pictures);
	free(pass->rooms);
	free((void *)pass->taken);
	*pass = (struct conv_packed_pass){0};
}

/* There are as many rooms as threads, so one is always free. */
static int take_room(struct conv_packed_pass *pass)
{
	for (int i = 0;; i = (i + 1) % pass->threads)
		if (!atomic_flag_test_and_set_explicit(&pass->taken[i], memory_order_acquire))
			return i;
}

static void leave_room(struct conv_packed_pass *pass, int room)
{
	atomic_flag_clear_explicit(&pass->taken[room], memory_order_release);
}

/* ---- lists ---- */

struct packed_call {
	const struct conv_packed *layer, *next; /* next: reads what this one gives; NULL: it is the output */
	struct conv_packed_pass *pass;
	const struct conv_packed_rows *from, *to;
	const float *input;
	float *output;
	int batch, groups; /* groups of a phase's pixels */
};

/* Channels first..end - 1 of row y of pixels, each picture's `pitch` floats from the one before it. */
static void list_row(const struct packed_call *call, const struct conv_packed *reader, int y, const float *from, int pitch,
                     int first, int end)
{
	const struct shape shape = reader->geometry.small;
	const size_t rows = (size_t)shape.width * (size_t)call->batch;
	const int depth = reader->kernel->sparse->depth;
	for (int piece = first / depth; piece * depth < end; piece++) {
		const size_t list = (size_t)piece * rows_of(shape, call->batch) + (size_t)y * rows;
		reader->kernel->sparse->list(rows, length_of_piece(reader, piece), from + piece * depth - first, pitch,
		                             call->to->values + list * (size_t)depth, call->to->depths + list * (size_t)depth,
		                             call->to->counts + list);
	}
}

static void list_task(void *context, int y)
{
	const struct packed_call *call = context;
	const struct shape shape = call->next->geometry.small;
	const float *from = call->input + (size_t)y * (size_t)(shape.width * shape.channels) * (size_t)call->batch;
	list_row(call, call->next, y, from, shape.channels, 0, shape.channels);
}

/* ---- sums ---- */

/* Pixels of a phase in one direction: positions phase, phase + stride, .. */
static int pixels_of_phase(const struct conv_geometry *g, int length, int phase)
{
	return (length - phase + g->stride - 1) / g->stride;
}

struct range {
	int first, end; /* end: one past the last */
};

/* Some pixels of one phase, counted row by row, over one panel. */
struct part {
	int phase_y, phase_x, width; /* width: the phase's pixels of a row */
	int first, end;              /* end: one past the last */
	struct range rows;           /* that they are in */
	int panel;
};

static struct part part_of_task(const struct packed_call *call, int index)
{
	const struct conv_geometry *g = &call->layer->sums;
	const int group = index % call->groups, unit = index / call->groups, phases = g->stride * g->stride;
	struct part part = {
		.phase_y = unit % phases / g->stride, .phase_x = unit % phases % g->stride, .panel = unit / phases,
	};
	part.width = pixels_of_phase(g, g->big.width, part.phase_x);
	const long pixels = (long)part.width * pixels_of_phase(g, g->big.height, part.phase_y);
	part.first = (int)(pixels * group / call->groups);
	part.end = (int)(pixels * (group + 1) / call->groups);
	if (part.first < part.end)
		part.rows = (struct range){part.first / part.width, (part.end + part.width - 1) / part.width};
	return part;
}

/* Sums of one panel from pixel y, x on, `step` floats from picture to picture. */
static float *sums_of_pixel(const struct packed_call *call, int panel, int y, int x)
{
	const struct conv_packed *layer = call->layer;
	const struct shape shape = layer->sums.big;
	const size_t row = (size_t)(y * shape.width + x) * (size_t)call->batch, first = (size_t)(panel * panel_of(layer));
	if (layer->thin)
		return call->pass->sums + row * (size_t)pitch_of(layer) + first;
	return call->pass->sums + first * rows_of(shape, call->batch) + row * (size_t)step_of(layer, panel);
}

static float *sums_of_part(const struct packed_call *call, const struct part *part, int i, int j)
{
	const int stride = call->layer->sums.stride;
	return sums_of_pixel(call, part->panel, i * stride + part->phase_y, j * stride + part->phase_x);
}

static void clear_sums(const struct packed_call *call, const struct part *part)
{
	const struct conv_packed *layer = call->layer;
	const size_t bytes = (size_t)(vectors_of_panel(layer, part->panel) * layer->kernel->lanes) * sizeof(float);
	for (int pixel = part->first; pixel < part->end; pixel++) {
		float *sums = sums_of_part(call, part, pixel / part->width, pixel % part->width);
		for (int n = 0; n < call->batch; n++)
			memset(sums + (size_t)n * (size_t)step_of(layer, part->panel), 0, bytes);
	}
}

static const float *expand(const struct conv_packed *layer, int panel, int tap, int piece, float *room)
{
	const struct kernel *kernel = layer->kernel;
	const size_t begin = block_of_piece(layer, panel, tap, piece), lanes = (size_t)kernel->lanes;
	const int rows = length_of_piece(layer, piece), vectors = vectors_of_panel(layer, panel);
	if (!layer->words)
		return layer->values + begin * LOOKUP_BLOCK * lanes;
	const struct lookup lookup = {
		.bits = layer->bits, .vectors = layer->columns ? vectors : 0,
		.table = layer->tables + (layer->columns ? (size_t)panel * table_count(layer) : 0),
	};
	kernel->look_up(&lookup, layer->words + begin * (size_t)layer->bits * lanes, blocks_of_rows(rows, vectors), room);
	return room;
}

static struct range common(struct range a, struct range b)
{
	return (struct range){a.first > b.first ? a.first : b.first, conv_at_most(a.end, b.end)};
}

/* The part's pixels of row i that read the input through a tap: pixel j reads input j + shift. */
static struct range pixels_with_tap(const struct packed_call *call, const struct part *part, int i, int shift)
{
	const struct range row = {part->first - i * part->width, part->end - i * part->width}, all = {0, part->width};
	return common(common(row, all), (struct range){-shift, call->layer->sums.small.width - shift});
}

/* One piece of a tap that reads input i + down, j + across. */
static void add_piece(const struct packed_call *call, const struct part *part, int down, int across, int piece,
                      const float *weights)
{
	const struct conv_packed *layer = call->layer;
	const struct conv_geometry *g = &layer->sums;
	const int depth = layer->kernel->sparse->depth, step = step_of(layer, part->panel);
	for (int i = part->rows.first; i < part->rows.end; i++) {
		const struct range pixels = pixels_with_tap(call, part, i, across);
		if (i + down < 0 || i + down >= g->small.height || pixels.first >= pixels.end)
			continue;
		const size_t pixel = (size_t)(piece * conv_pixels(g->small) + (i + down) * g->small.width + pixels.first + across);
		const size_t list = pixel * (size_t)call->batch;
		layer->kernel->sparse->add(&(struct sparse_product){
			.vectors = vectors_of_panel(layer, part->panel), .runs = pixels.end - pixels.first, .rows = call->batch,
			.values = call->from->values + list * (size_t)depth, .depths = call->from->depths + list * (size_t)depth,
			.counts = call->from->counts + list, .b = weights, .c = sums_of_part(call, part, i, pixels.first),
			.c_run = (ptrdiff_t)g->stride * call->batch * step, .c_row = step,
		});
	}
}

/* Whether a tap of one direction falls on input for any of the pixels first..last. */
static bool is_inside(struct range pixels, int shift, int length)
{
	return pixels.first + shift < length && pixels.end + shift > 0;
}

/* In the order of conv_scatter_terms. */
static void sum_task(void *context, int index)
{
	const struct packed_call *call = context;
	const struct conv_packed *layer = call->layer;
	const struct conv_geometry *g = &layer->sums;
	const struct part part = part_of_task(call, index);
	if (part.first == part.end)
		return;
	const int up = part.phase_y + g->padding, left = part.phase_x + g->padding, room = take_room(call->pass);
	const struct range columns = {0, part.width};
	float *place = call->pass->rooms + (size_t)room * call->pass->room;
	clear_sums(call, &part);
	for (int ky = up % g->stride; ky < g->kernel; ky += g->stride) {
		for (int kx = left % g->stride; kx < g->kernel; kx += g->stride) {
			const int down = (up - ky) / g->stride, across = (left - kx) / g->stride;
			if (!is_inside(part.rows, down, g->small.height) || !is_inside(columns, across, g->small.width))
				continue;
			for (int piece = 0; piece < pieces_of(layer); piece++)
				add_piece(call, &part, down, across, piece, expand(layer, part.panel, ky * g->kernel + kx, piece, place));
		}
	}
	leave_room(call->pass, room);
}

/* ---- and what becomes of them ---- */

/* In place: rows of `count` channels from the first one on. */
static void finish(const struct conv_packed *layer, size_t rows, int first, int count, float *values)
{
	const struct kernel_pointwise *pointwise = layer->kernel->pointwise;
	if (layer->maps) {
		const float *maps = layer->maps + first;
		const struct channel_map map = {maps, maps + pitch_of(layer), maps + 2 * pitch_of(layer), layer->slope};
		pointwise->channel_map(rows, count, &map, values, values);
	}
	if (layer->tanh)
		pointwise->tanh(rows * (size_t)count, values, values);
}

static void finish_patches(const struct packed_call *call, int y)
{
	const struct conv_packed *layer = call->layer;
	const struct shape shape = layer->geometry.big;
	const size_t rows = (size_t)shape.width * (size_t)call->batch, channels = (size_t)shape.channels;
	float *pictures = (call->next ? call->pass->pictures : call->output) + (size_t)y * rows * channels;
	conv_thin_sum_row(&layer->geometry, y, call->batch, call->pass->sums, pitch_of(layer), channels * (size_t)call->batch, pictures);
	finish(layer, rows, 0, shape.channels, pictures);
	if (call->next)
		list_row(call, call->next, y, pictures, shape.channels, 0, shape.channels);
}

static void finish_panel(const struct packed_call *call, int panel, int y)
{
	const struct conv_packed *layer = call->layer;
	const struct shape shape = layer->geometry.big;
	const int step = step_of(layer, panel), first = panel * panel_of(layer), end = conv_at_most(first + step, shape.channels);
	const size_t rows = (size_t)shape.width * (size_t)call->batch, channels = (size_t)shape.channels;
	float *sums = sums_of_pixel(call, panel, y, 0), *output = call->output + (size_t)y * rows * channels + first;
	finish(layer, rows, first, step, sums);
	if (call->next)
		list_row(call, call->next, y, sums, step, first, end);
	for (size_t row = 0; !call->next && row < rows; row++)
		memcpy(output + row * channels, sums + row * (size_t)step, (size_t)(end - first) * sizeof *sums);
}

/* One row of output pixels. */
static void finish_task(void *context, int y)
{
	const struct packed_call *call = context;
	if (call->layer->thin)
		finish_patches(call, y);
	for (int panel = 0; !call->layer->thin && panel < panels_of(call->layer); panel++)
		finish_panel(call, panel, y);
}

/* Tasks take so many rows as is good, or fewer, so that every thread has some. */
static int groups_of(const struct conv_packed_pass *pass, const struct conv_packed *layer, int batch)
{
	const struct conv_geometry *g = &layer->sums;
	const int phases = g->stride * g->stride, units = phases * panels_of(layer), wanted = TASKS_A_THREAD * pass->threads;
	const long pixels = conv_pixels(g->big) / phases, groups = (pixels * batch + ROWS_A_TASK - 1) / ROWS_A_TASK;
	const long least = pass->threads > 1 ? (wanted + units - 1) / units : 1;
	const long most = pixels > 0 ? pixels : 1;
	return (int)(groups < least ? (least < most ? least : most) : groups < most ? groups : most);
}

void conv_packed_run(struct conv_packed_pass *pass, int batch, const float *input, float *output)
{
	assert(batch >= 1 && batch <= pass->max_batch);
	struct packed_call call = {
		.pass = pass, .next = pass->layers[0], .to = &pass->rows[0], .input = input, .output = output, .batch = batch,
	};
	parallel_run(pass->parallel, list_task, &call, call.next->geometry.small.height);
	for (int i = 0; i < pass->count; i++) {
		const struct conv_packed *layer = call.layer = pass->layers[i];
		call.next = i + 1 < pass->count ? pass->layers[i + 1] : NULL;
		call.from = &pass->rows[i % 2];
		call.to = &pass->rows[(i + 1) % 2];
		call.groups = groups_of(pass, layer, batch);
		parallel_run(pass->parallel, sum_task, &call, panels_of(layer) * layer->sums.stride * layer->sums.stride * call.groups);
		parallel_run(pass->parallel, finish_task, &call, layer->geometry.big.height);
	}
}
