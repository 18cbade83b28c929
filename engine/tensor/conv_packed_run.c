/* A task makes the sums of one panel of output channels and of some output pixels that share their taps (a stride s leaves
 * s x s phases of such pixels, and no two phases share a tap): it expands piece after piece of the weights in the order of
 * the sums, and adds its products to all its pixels and pictures while it is in the first-level cache:
 *
 *   for each tap, for each piece of it     codes --look_up--> floats, as many as that cache holds
 *     for each pixel that has the tap      sums of the pixel's pictures += their channels that are not 0 x piece
 *
 * So with one picture every weight is expanded once, and with many an expansion serves hundreds of rows. The sums of a task are
 * its own, [pixel][N][panel's channels], where what fills the last vector means nothing. When they are there it does what
 * follows them and lists for the next layer what is not 0: [piece][H][W][N]. Nobody waits between two layers but once.
 *
 * Where the output has few channels (conv_thin.c), the taps count as channels: sums are patches of the input's pixels, made by a
 * convolution of 1 x 1, and an output pixel is the sum of the patch entries that name it. Patches are for all to read,
 * [H][W][N][patch]; when all are there, tasks take rows of output pixels. */
#include "engine/tensor/conv_packed_layer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum {
	ROWS_A_TASK = 512,  /* of sums, about: what a second-level cache holds; an expansion is little beside their products */
	TASKS_A_THREAD = 2, /* wanted, even if weights are then expanded more than once */
};

/* ---- what a pass holds ---- */

static size_t rows_of(struct shape shape, int batch) { return (size_t)conv_pixels(shape) * (size_t)batch; }

static size_t floats_of_piece(const struct conv_packed *layer)
{
	return (size_t)layer->kernel->sparse->depth * (size_t)packed_panel_width(layer);
}

/* A task has the pixels of ROWS_A_TASK rows, or one more where they do not divide. */
static size_t floats_of_sums(const struct conv_packed *layer, int batch)
{
	const size_t rows = rows_of(layer->sums.big, batch), most = ROWS_A_TASK + (size_t)batch;
	return (rows < most ? rows : most) * (size_t)packed_panel_width(layer);
}

static bool allocate_rows(struct conv_packed_rows *rows, size_t lists, int depth, struct error *error)
{
	rows->values = memory_try_floats(lists * (size_t)depth, "a network's activations", error);
	rows->masks = rows->values ? memory_try_bytes(lists * sizeof *rows->masks, "a network's activations", error) : NULL;
	return rows->masks != NULL;
}

bool conv_packed_pass_init(struct conv_packed_pass *pass, struct parallel *parallel, struct conv_packed *const layers[],
                           int count, int max_batch, struct error *error)
{
	*pass = (struct conv_packed_pass){.parallel = parallel, .layers = layers, .count = count, .max_batch = max_batch};
	size_t patches = 0, pictures = 0, sums = 0, lists[2] = {0};
	for (int i = 0; i < count; i++) {
		const struct conv_packed *layer = layers[i];
		const struct shape big = layer->geometry.big;
		patches = conv_larger(patches, layer->thin ? rows_of(layer->sums.big, max_batch) * (size_t)packed_pitch(layer) : 0);
		pictures = conv_larger(pictures, layer->thin && i + 1 < count ? rows_of(big, max_batch) * (size_t)big.channels : 0);
		sums = conv_larger(sums, layer->thin ? 0 : floats_of_sums(layer, max_batch));
		lists[i % 2] = conv_larger(lists[i % 2], rows_of(layer->geometry.small, max_batch) * (size_t)layer->pieces);
	}
	const int depth = layers[0]->kernel->sparse->depth;
	pass->threads = parallel_threads(parallel);
	pass->taken = memory_zeroed((size_t)pass->threads, sizeof *pass->taken);
	pass->room = floats_of_piece(layers[0]) + sums;
	pass->patches = memory_try_floats(patches, "the sums of a layer", error);
	pass->pictures = pass->patches ? memory_try_floats(pictures, "the pictures of a layer", error) : NULL;
	pass->rooms = pass->pictures ? memory_try_floats(pass->room * (size_t)pass->threads, "room for weights", error) : NULL;
	return pass->rooms && allocate_rows(&pass->rows[0], lists[0], depth, error) &&
	       allocate_rows(&pass->rows[1], lists[1], depth, error);
}

void conv_packed_pass_clear(struct conv_packed_pass *pass)
{
	for (int i = 0; i < 2; i++) {
		free(pass->rows[i].values);
		free(pass->rows[i].masks);
	}
	free(pass->patches);
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

/* Channels first..end - 1 of so many rows from pixel `pixel` on, each `pitch` floats from the one before it. */
static void list_rows(const struct packed_call *call, const struct conv_packed *reader, int pixel, size_t rows, const float *from,
                      int pitch, int first, int end)
{
	const struct kernel_sparse *sparse = reader->kernel->sparse;
	const struct shape shape = reader->geometry.small;
	for (int piece = first / sparse->depth; piece * sparse->depth < end; piece++) {
		const size_t list = (size_t)piece * rows_of(shape, call->batch) + (size_t)pixel * (size_t)call->batch;
		sparse->list(rows, packed_piece_length(reader, piece), from + piece * sparse->depth - first, pitch,
		             call->to->values + list * (size_t)sparse->depth, call->to->masks + list);
	}
}

static void list_input(const struct packed_call *call)
{
	const struct shape shape = call->next->geometry.small;
	list_rows(call, call->next, 0, rows_of(shape, call->batch), call->input, shape.channels, 0, shape.channels);
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
	struct range pixels;
	struct range rows;           /* that they are in */
	int panel, channels;         /* channels: of the panel, whole vectors */
	float *sums;                 /* of the first pixel */
	ptrdiff_t step;              /* floats from picture to picture */
};

static struct part part_of_task(const struct packed_call *call, int index)
{
	const struct conv_geometry *g = &call->layer->sums;
	const int group = index % call->groups, unit = index / call->groups, phases = g->stride * g->stride;
	struct part part = {
		.phase_y = unit % phases / g->stride, .phase_x = unit % phases % g->stride, .panel = unit / phases,
		.channels = packed_panel_vectors(call->layer, unit / phases) * call->layer->kernel->lanes,
	};
	part.width = pixels_of_phase(g, g->big.width, part.phase_x);
	const long pixels = (long)part.width * pixels_of_phase(g, g->big.height, part.phase_y);
	part.pixels = (struct range){(int)(pixels * group / call->groups), (int)(pixels * (group + 1) / call->groups)};
	if (part.pixels.first < part.pixels.end)
		part.rows = (struct range){part.pixels.first / part.width, (part.pixels.end + part.width - 1) / part.width};
	return part;
}

/* Patches lie in the pass, all other sums in the task's room. */
static void place_sums(const struct packed_call *call, struct part *part, float *room)
{
	const struct conv_packed *layer = call->layer;
	const size_t row = (size_t)part->pixels.first * (size_t)call->batch;
	part->step = layer->thin ? packed_pitch(layer) : part->channels;
	part->sums = layer->thin ? call->pass->patches + row * (size_t)part->step + part->panel * packed_panel_width(layer) : room;
}

static float *sums_of_pixel(const struct packed_call *call, const struct part *part, int pixel)
{
	return part->sums + (ptrdiff_t)(pixel - part->pixels.first) * call->batch * part->step;
}

static size_t rows_of_part(const struct packed_call *call, const struct part *part)
{
	return (size_t)(part->pixels.end - part->pixels.first) * (size_t)call->batch;
}

static void clear_sums(const struct packed_call *call, const struct part *part)
{
	float *sums = part->sums;
	for (size_t rows = rows_of_part(call, part); rows; rows--, sums += part->step)
		memset(sums, 0, (size_t)part->channels * sizeof *sums);
}

static struct range common(struct range a, struct range b)
{
	return (struct range){a.first > b.first ? a.first : b.first, conv_at_most(a.end, b.end)};
}

/* The part's pixels of row i that read the input through a tap: pixel j reads input j + shift. */
static struct range pixels_with_tap(const struct packed_call *call, const struct part *part, int i, int shift)
{
	const struct range row = {part->pixels.first - i * part->width, part->pixels.end - i * part->width}, all = {0, part->width};
	return common(common(row, all), (struct range){-shift, call->layer->sums.small.width - shift});
}

/* One piece of a tap: some neighbouring pixels of the part, which read as many of the input from pixel `input` on. */
static void add_run(const struct packed_call *call, const struct part *part, struct range pixels, int input, int piece,
                    const float *weights)
{
	const struct conv_packed *layer = call->layer;
	const size_t list = (size_t)(piece * conv_pixels(layer->sums.small) + input) * (size_t)call->batch;
	layer->kernel->sparse->add(&(struct sparse_product){
		.vectors = packed_panel_vectors(layer, part->panel), .runs = pixels.end - pixels.first, .rows = call->batch,
		.values = call->from->values + list * (size_t)layer->kernel->sparse->depth, .masks = call->from->masks + list, .b = weights,
		.c = sums_of_pixel(call, part, pixels.first), .c_run = call->batch * part->step, .c_row = part->step,
	});
}

/* One piece of a tap that reads input i + down, j + across. Where these are whole rows of it, they are one run. */
static void add_piece(const struct packed_call *call, const struct part *part, int down, int across, int piece,
                      const float *weights)
{
	const struct shape small = call->layer->sums.small;
	const struct range rows = common(part->rows, (struct range){-down, small.height - down});
	if (across == 0 && part->width == small.width) {
		const struct range pixels = common(part->pixels, (struct range){rows.first * part->width, rows.end * part->width});
		add_run(call, part, pixels, pixels.first + down * small.width, piece, weights);
		return;
	}
	for (int i = rows.first; i < rows.end; i++) {
		const int first = i * part->width;
		const struct range columns = pixels_with_tap(call, part, i, across), pixels = {first + columns.first, first + columns.end};
		if (pixels.first < pixels.end)
			add_run(call, part, pixels, (i + down) * small.width + columns.first + across, piece, weights);
	}
}

/* Whether a tap of one direction falls on input for any of the pixels first..last. */
static bool is_inside(struct range pixels, int shift, int length)
{
	return pixels.first + shift < length && pixels.end + shift > 0;
}

/* In the order of conv_scatter_terms; weights: room for one piece. */
static void add_taps(const struct packed_call *call, const struct part *part, float *weights)
{
	const struct conv_packed *layer = call->layer;
	const struct conv_geometry *g = &layer->sums;
	const int up = part->phase_y + g->padding, left = part->phase_x + g->padding;
	const struct range columns = {0, part->width};
	for (int ky = up % g->stride; ky < g->kernel; ky += g->stride) {
		for (int kx = left % g->stride; kx < g->kernel; kx += g->stride) {
			const int down = (up - ky) / g->stride, across = (left - kx) / g->stride, tap = ky * g->kernel + kx;
			if (!is_inside(part->rows, down, g->small.height) || !is_inside(columns, across, g->small.width))
				continue;
			for (int piece = 0; piece < layer->pieces; piece++)
				add_piece(call, part, down, across, piece, conv_packed_expand(layer, part->panel, tap, piece, weights));
		}
	}
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

/* The pictures of one pixel, channels first..end - 1. */
static void give_pixel(const struct packed_call *call, int pixel, const float *values, int pitch, int first, int end)
{
	const size_t channels = (size_t)call->layer->geometry.big.channels, batch = (size_t)call->batch;
	if (call->next) {
		list_rows(call, call->next, pixel, batch, values, pitch, first, end);
		return;
	}
	float *output = call->output + (size_t)pixel * batch * channels + first;
	for (size_t n = 0; n < batch; n++)
		memcpy(output + n * channels, values + n * (size_t)pitch, (size_t)(end - first) * sizeof *output);
}

static void finish_part(const struct packed_call *call, const struct part *part)
{
	const struct conv_packed *layer = call->layer;
	const int stride = layer->sums.stride, first = part->panel * packed_panel_width(layer);
	const int end = conv_at_most(first + part->channels, layer->geometry.big.channels);
	finish(layer, rows_of_part(call, part), first, part->channels, part->sums);
	for (int pixel = part->pixels.first; pixel < part->pixels.end; pixel++) {
		const int y = pixel / part->width * stride + part->phase_y, x = pixel % part->width * stride + part->phase_x;
		give_pixel(call, y * layer->geometry.big.width + x, sums_of_pixel(call, part, pixel), part->channels, first, end);
	}
}

static void part_task(void *context, int index)
{
	const struct packed_call *call = context;
	struct part part = part_of_task(call, index);
	if (part.pixels.first == part.pixels.end)
		return;
	const int taken = take_room(call->pass);
	float *room = call->pass->rooms + (size_t)taken * call->pass->room;
	place_sums(call, &part, room + floats_of_piece(call->layer));
	clear_sums(call, &part);
	add_taps(call, &part, room);
	if (!call->layer->thin)
		finish_part(call, &part);
	leave_room(call->pass, taken);
}

/* One row of output pixels that are sums of patches. */
static void patches_task(void *context, int y)
{
	const struct packed_call *call = context;
	const struct conv_packed *layer = call->layer;
	const struct shape shape = layer->geometry.big;
	const size_t rows = (size_t)shape.width * (size_t)call->batch, channels = (size_t)shape.channels;
	float *pictures = (call->next ? call->pass->pictures : call->output) + (size_t)y * rows * channels;
	conv_thin_sum_row(&layer->geometry, y, call->batch, call->pass->patches, packed_pitch(layer), channels * (size_t)call->batch, pictures);
	finish(layer, rows, 0, shape.channels, pictures);
	if (call->next)
		list_rows(call, call->next, y * shape.width, rows, pictures, shape.channels, 0, shape.channels);
}

/* Tasks take so many rows as is good, or fewer, so that every thread has some. */
static int groups_of(const struct conv_packed_pass *pass, const struct conv_packed *layer, int batch)
{
	const struct conv_geometry *g = &layer->sums;
	const int phases = g->stride * g->stride, units = phases * packed_panels(layer), wanted = TASKS_A_THREAD * pass->threads;
	const long pixels = (long)pixels_of_phase(g, g->big.height, 0) * pixels_of_phase(g, g->big.width, 0); /* of the largest phase */
	const long groups = (pixels * batch + ROWS_A_TASK - 1) / ROWS_A_TASK, least = pass->threads > 1 ? (wanted + units - 1) / units : 1;
	const long good = groups > least ? groups : least;
	return (int)(good < pixels ? good : pixels);
}

void conv_packed_run(struct conv_packed_pass *pass, int batch, const float *input, float *output)
{
	assert(batch >= 1 && batch <= pass->max_batch);
	struct packed_call call = {
		.pass = pass, .next = pass->layers[0], .to = &pass->rows[0], .input = input, .output = output, .batch = batch,
	};
	list_input(&call);
	for (int i = 0; i < pass->count; i++) {
		const struct conv_packed *layer = call.layer = pass->layers[i];
		call.next = i + 1 < pass->count ? pass->layers[i + 1] : NULL;
		call.from = &pass->rows[i % 2];
		call.to = &pass->rows[(i + 1) % 2];
		call.groups = groups_of(pass, layer, batch);
		parallel_run(pass->parallel, part_task, &call, packed_panels(layer) * layer->sums.stride * layer->sums.stride * call.groups);
		if (layer->thin)
			parallel_run(pass->parallel, patches_task, &call, layer->geometry.big.height);
	}
}
