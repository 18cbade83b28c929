/* A task makes the sums of one panel of output channels and of some output pixels that share their taps (a stride s leaves
 * s x s phases of such pixels, and no two phases share a tap): it expands piece after piece of the weights in the order of
 * the sums, and adds its products to all its pixels and pictures while it is in the first-level cache:
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
#include "engine/tensor/conv_packed_layer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum {
	ROWS_A_TASK = 512,  /* of sums, about: what a second-level cache holds; an expansion is little beside their products */
	TASKS_A_THREAD = 4, /* wanted, even if weights are then expanded more than once */
};

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
		sums = larger(sums, rows_of(layer->sums.big, max_batch) * (size_t)packed_pitch(layer));
		pictures = larger(pictures, layer->thin && i + 1 < count ? rows_of(big, max_batch) * (size_t)big.channels : 0);
		lists[i % 2] = larger(lists[i % 2], rows_of(layer->geometry.small, max_batch) * (size_t)packed_pieces(layer));
	}
	const int depth = layers[0]->kernel->sparse->depth;
	pass->threads = parallel_threads(parallel);
	pass->taken = memory_zeroed((size_t)pass->threads, sizeof *pass->taken);
	pass->room = (size_t)depth * (size_t)packed_panel_width(layers[0]);
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
		reader->kernel->sparse->list(rows, packed_piece_length(reader, piece), from + piece * depth - first, pitch,
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
	const size_t row = (size_t)(y * shape.width + x) * (size_t)call->batch, first = (size_t)(panel * packed_panel_width(layer));
	if (layer->thin)
		return call->pass->sums + row * (size_t)packed_pitch(layer) + first;
	return call->pass->sums + first * rows_of(shape, call->batch) + row * (size_t)packed_step(layer, panel);
}

static float *sums_of_part(const struct packed_call *call, const struct part *part, int i, int j)
{
	const int stride = call->layer->sums.stride;
	return sums_of_pixel(call, part->panel, i * stride + part->phase_y, j * stride + part->phase_x);
}

static void clear_sums(const struct packed_call *call, const struct part *part)
{
	const struct conv_packed *layer = call->layer;
	const size_t bytes = (size_t)(packed_panel_vectors(layer, part->panel) * layer->kernel->lanes) * sizeof(float);
	for (int pixel = part->first; pixel < part->end; pixel++) {
		float *sums = sums_of_part(call, part, pixel / part->width, pixel % part->width);
		for (int n = 0; n < call->batch; n++)
			memset(sums + (size_t)n * (size_t)packed_step(layer, part->panel), 0, bytes);
	}
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
	const int depth = layer->kernel->sparse->depth, step = packed_step(layer, part->panel);
	for (int i = part->rows.first; i < part->rows.end; i++) {
		const struct range pixels = pixels_with_tap(call, part, i, across);
		if (i + down < 0 || i + down >= g->small.height || pixels.first >= pixels.end)
			continue;
		const size_t pixel = (size_t)(piece * conv_pixels(g->small) + (i + down) * g->small.width + pixels.first + across);
		const size_t list = pixel * (size_t)call->batch;
		layer->kernel->sparse->add(&(struct sparse_product){
			.vectors = packed_panel_vectors(layer, part->panel), .runs = pixels.end - pixels.first, .rows = call->batch,
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
			for (int piece = 0; piece < packed_pieces(layer); piece++)
				add_piece(call, &part, down, across, piece, conv_packed_expand(layer, part.panel, ky * g->kernel + kx, piece, place));
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
		const struct channel_map map = {maps, maps + packed_pitch(layer), maps + 2 * packed_pitch(layer), layer->slope};
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
	conv_thin_sum_row(&layer->geometry, y, call->batch, call->pass->sums, packed_pitch(layer), channels * (size_t)call->batch, pictures);
	finish(layer, rows, 0, shape.channels, pictures);
	if (call->next)
		list_row(call, call->next, y, pictures, shape.channels, 0, shape.channels);
}

static void finish_panel(const struct packed_call *call, int panel, int y)
{
	const struct conv_packed *layer = call->layer;
	const struct shape shape = layer->geometry.big;
	const int step = packed_step(layer, panel), first = panel * packed_panel_width(layer), end = conv_at_most(first + step, shape.channels);
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
	for (int panel = 0; !call->layer->thin && panel < packed_panels(call->layer); panel++)
		finish_panel(call, panel, y);
}

/* Tasks take so many rows as is good, or fewer, so that every thread has some. */
static int groups_of(const struct conv_packed_pass *pass, const struct conv_packed *layer, int batch)
{
	const struct conv_geometry *g = &layer->sums;
	const int phases = g->stride * g->stride, units = phases * packed_panels(layer), wanted = TASKS_A_THREAD * pass->threads;
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
		parallel_run(pass->parallel, sum_task, &call, packed_panels(layer) * layer->sums.stride * layer->sums.stride * call.groups);
		parallel_run(pass->parallel, finish_task, &call, layer->geometry.big.height);
	}
}
