/* Layers whose big side is a picture: 1 or 3 channels would leave the lanes of a vector empty. Here taps count as channels.
 *
 *   gather           small = sum over rows of taps of (N x taps x C big) W. The picture is turned to [y][N][x][C big] first, with
 *                    zeros on the padding at both sides: what a row of taps meets there in a picture is one run
 *   scatter          patches = small W^T, [N][taps x C big], then each big pixel is the sum of the patch entries that name it
 *   weight gradient  dW += (taps x C big x N) small for each row of taps, from the picture turned as for gather. Of pairs, which
 *                    are of neighbours in the batch here, it is turned to [y][x][C big][N]. A partial sum a group of pixels, added
 *                    up in order
 *
 * A run of pairs has a beginning where a step of pixels is a whole number of them. Beyond its end lie other pixels' values, where
 * packed weights have zeros. The patches of scatter go through the plan's scratch, for as many pictures at a time as fit it. */
#include <string.h>

#include "engine/tensor/conv_plan.h"

enum {
	STACK_VALUES = 8192,          /* elements of a left side: with the panel below half of a first-level cache */
	STACK_ROWS = 64,              /* pictures at once in a panel on the stack */
	STACK_PIXELS = 4,             /* and pixels */
	SCATTER_PATCHES = 1 << 20,    /* floats of scratch, if they hold enough pictures for one pass of the kernel */
	PIXEL_GROUPS = 64,            /* tasks, if there are as many pixels */
	GRADIENT_GROUPS = 32,         /* partial sums of the weight gradient */
	PARTS = 2,
};

struct thin_call {
	const struct conv_plan *plan;
	const float *input, *other; /* other: small, of the weight gradient */
	float *output, *patches;
	float *turned;              /* the picture */
	size_t turned_part;         /* elements of a part of it */
	int batch, parts;
	int first, rows;            /* scatter: the pictures at work */
	int groups;
};

bool conv_thin_fits(const struct conv_geometry *g, const struct kernel *kernel)
{
	return g->big.channels <= CONV_THIN_CHANNELS && (!kernel->pairs || g->stride * g->big.channels % 2 == 0);
}

static int patch_size(const struct conv_plan *plan) { return conv_taps(&plan->geometry) * plan->geometry.big.channels; }
static int small_pixels(const struct conv_plan *plan) { return conv_pixels(plan->geometry.small); }

/* first small pixel of a group of the call's; of the last one + 1: their count */
static int group_begin(const struct thin_call *call, int group)
{
	return (int)((long)small_pixels(call->plan) * group / call->groups);
}

static int scatter_rows(const struct conv_plan *plan)
{
	int rows = (int)(SCATTER_PATCHES / ((size_t)small_pixels(plan) * (size_t)patch_size(plan)));
	return conv_at_most(rows < plan->kernel->rows ? plan->kernel->rows : rows, plan->max_batch);
}

static int gradient_groups(const struct conv_plan *plan) { return conv_at_most(GRADIENT_GROUPS, small_pixels(plan)); }

/* Big pixels of a row, and its padding. */
static int padded_width(const struct conv_geometry *g) { return g->big.width + 2 * g->padding; }

/* Elements from picture to picture of a turned row. */
static int turned_pitch(const struct conv_plan *plan)
{
	const int values = padded_width(&plan->geometry) * plan->geometry.big.channels;
	return plan->kernel->pairs ? (values + 1) / 2 : values;
}

/* Elements of a part. Behind the last run there is room for what a step of depth reads beyond it. */
static size_t turned_count(const struct conv_plan *plan, int batch)
{
	return (size_t)plan->geometry.big.height * (size_t)batch * (size_t)turned_pitch(plan) + (size_t)plan->kernel->depth_step;
}

/* The same by pixels, for the weight gradient. */
static size_t turned_pixel(const struct conv_plan *plan, int batch)
{
	return (size_t)plan->geometry.big.channels * (size_t)conv_depth(plan->kernel, batch);
}

static size_t turned_pixels_count(const struct conv_plan *plan, int batch)
{
	return (size_t)plan->geometry.big.height * (size_t)padded_width(&plan->geometry) * turned_pixel(plan, batch);
}

size_t conv_thin_scratch(const struct conv_plan *plan)
{
	const size_t scatter = (size_t)scatter_rows(plan) * (size_t)small_pixels(plan) * (size_t)patch_size(plan);
	const size_t sums = (size_t)gradient_groups(plan) * conv_weight_count(&plan->geometry);
	const size_t turned = conv_larger(turned_count(plan, plan->max_batch), turned_pixels_count(plan, plan->max_batch));
	return conv_larger(scatter, sums + (size_t)plan->parts * turned);
}

/* Where picture `first` of a pixel begins in an activation of so many channels. */
static size_t first_value(const struct thin_call *call, int pixel, int first, int channels)
{
	return ((size_t)pixel * (size_t)call->batch + (size_t)first) * (size_t)channels;
}

/* ---- the picture, turned ---- */

static inline __attribute__((always_inline)) void copy_sized(const char *restrict from, char *restrict to, size_t to_step, int count,
                                                             size_t size)
{
	for (int i = 0; i < count; i++)
		memcpy(to + (size_t)i * to_step, from + (size_t)i * size, size);
}

/* `count` pixels of `size` bytes, to_step bytes apart. */
static void copy_pixels(const char *from, char *to, size_t to_step, int count, size_t size)
{
	if (size == 3 * sizeof(float)) /* colour: the compiler unrolls what it knows */
		copy_sized(from, to, to_step, count, 3 * sizeof(float));
	else if (size == 3 * sizeof(uint16_t))
		copy_sized(from, to, to_step, count, 3 * sizeof(uint16_t));
	else
		copy_sized(from, to, to_step, count, size);
}

/* One row of the picture as [N][x][C big]. */
static void turn_row(const struct thin_call *call, int part, int y, char *to)
{
	const struct conv_plan *plan = call->plan;
	const struct conv_geometry *g = &plan->geometry;
	const int channels = g->big.channels, step = conv_at_most(STACK_VALUES / channels, call->batch + call->batch % 2);
	const size_t size = (size_t)channels * (plan->kernel->pairs ? sizeof(uint16_t) : sizeof(float));
	const size_t pitch = (size_t)turned_pitch(plan) * sizeof(float);
	float pairs[STACK_VALUES / 2];
	memset(to, 0, (size_t)call->batch * pitch);
	for (int x = 0; x < g->big.width; x++) {
		for (int first = 0; first < call->batch; first += step) {
			const int count = conv_at_most(step, call->batch - first);
			const float *from = call->input + first_value(call, y * g->big.width + x, first, channels);
			if (plan->kernel->pairs)
				plan->kernel->pointwise->join_rows(1, (size_t)(count * channels), part, from, 0, pairs, 0);
			copy_pixels((const char *)(plan->kernel->pairs ? pairs : from),
			            to + (size_t)first * pitch + (size_t)(g->padding + x) * size, pitch, count, size);
		}
	}
}

static void turn_row_task(void *context, int y)
{
	const struct thin_call *call = context;
	for (int part = 0; part < call->parts; part++)
		turn_row(call, part, y, (char *)(call->turned + (size_t)part * call->turned_part +
		                                 (size_t)y * (size_t)call->batch * (size_t)turned_pitch(call->plan)));
}

static void turn_rows(struct thin_call *call, struct parallel *parallel)
{
	const size_t slack = (size_t)call->plan->kernel->depth_step;
	call->turned_part = turned_count(call->plan, call->batch);
	for (int part = 0; part < call->parts; part++)
		memset(call->turned + (size_t)(part + 1) * call->turned_part - slack, 0, slack * sizeof *call->turned);
	parallel_run(parallel, turn_row_task, call, call->plan->geometry.big.height);
}

/* One row of the picture as [x][C big][N], in pairs. */
static void turn_pixels_task(void *context, int y)
{
	const struct thin_call *call = context;
	const struct conv_plan *plan = call->plan;
	const struct conv_geometry *g = &plan->geometry;
	const size_t pixel = turned_pixel(plan, call->batch), side = (size_t)g->padding * pixel;
	for (int part = 0; part < call->parts; part++) {
		float *to = call->turned + (size_t)part * call->turned_part + (size_t)y * (size_t)padded_width(g) * pixel;
		memset(to, 0, side * sizeof *to);
		to += side;
		for (int x = 0; x < g->big.width; x++, to += pixel)
			conv_pack_columns(plan->kernel, part, call->input + first_value(call, y * g->big.width + x, 0, g->big.channels),
			                  call->batch, g->big.channels, to);
		memset(to, 0, side * sizeof *to);
	}
}

static void turn_pixels(struct thin_call *call, struct parallel *parallel)
{
	call->turned_part = turned_pixels_count(call->plan, call->batch);
	parallel_run(parallel, turn_pixels_task, call, call->plan->geometry.big.height);
}

/* Where the run of a row of taps begins, of picture `first`; NULL: on the padding. */
static const float *run_of(const struct thin_call *call, int pixel, int tap_row, int first)
{
	const struct conv_geometry *g = &call->plan->geometry;
	const int y = pixel / g->small.width * g->stride - g->padding + tap_row, x = pixel % g->small.width * g->stride;
	const int begin = x * g->big.channels / (call->plan->kernel->pairs ? 2 : 1);
	if (y < 0 || y >= g->big.height)
		return NULL;
	return call->turned + ((size_t)y * (size_t)call->batch + (size_t)first) * (size_t)turned_pitch(call->plan) + begin;
}

/* The same by pixels; `first` is a multiple of STACK_ROWS. */
static const float *pixels_of(const struct thin_call *call, int pixel, int tap_row, int first)
{
	const struct conv_geometry *g = &call->plan->geometry;
	const int y = pixel / g->small.width * g->stride - g->padding + tap_row, x = pixel % g->small.width * g->stride;
	if (y < 0 || y >= g->big.height)
		return NULL;
	return call->turned + ((size_t)y * (size_t)padded_width(g) + (size_t)x) * turned_pixel(call->plan, call->batch) + first / 2;
}

/* ---- gather ---- */

static void gather_pixel(const struct thin_call *call, int pixel)
{
	const struct conv_plan *plan = call->plan;
	const struct kernel *kernel = plan->kernel;
	const int columns = plan->geometry.small.channels, rows = plan->geometry.kernel;
	const int depth = conv_depth(kernel, rows * plan->geometry.big.channels);
	const float *a[CONV_MOST_PARTS * CONV_MAX_KERNEL], *b[CONV_MOST_PARTS * CONV_MAX_KERNEL];
	conv_fetch(call->output + first_value(call, pixel, 0, columns), (size_t)call->batch * (size_t)columns);
	for (int panel = 0; panel < conv_panels(kernel, columns); panel++) {
		const size_t width = (size_t)conv_panel_width(kernel, columns, panel);
		const float *weights = plan->gather_weights + conv_panel_begin(kernel, (size_t)rows * (size_t)depth, panel);
		struct product product = {
			.rows = call->batch, .columns = conv_panel_columns(kernel, columns, panel), .depth = depth, .a = a, .b = b,
			.a_row = turned_pitch(plan), .a_depth = 1,
			.c = call->output + first_value(call, pixel, 0, columns) + panel * kernel->panel, .c_row = columns,
		};
		for (int row = 0; row < rows; row++) {
			const float *run = run_of(call, pixel, row, 0);
			if (run)
				conv_add_term(&product, a, b, call->parts, run, call->turned_part,
				              weights + (size_t)row * (size_t)depth * width, plan->gather_count);
		}
		kernel->product(&product);
	}
}

static void gather_task(void *context, int group)
{
	const struct thin_call *call = context;
	for (int pixel = group_begin(call, group); pixel < group_begin(call, group + 1); pixel++)
		gather_pixel(call, pixel);
}

void conv_thin_gather(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts, const float *big, float *small)
{
	struct thin_call call = {.plan = plan, .input = big, .output = small, .turned = plan->scratch->values, .batch = batch, .parts = parts,
	                         .groups = conv_at_most(PIXEL_GROUPS, small_pixels(plan))};
	turn_rows(&call, parallel);
	parallel_run(parallel, gather_task, &call, call.groups);
}

/* ---- scatter ---- */

/* Rows of the left side of a product: `depth` values each, as they are, or as pairs in `room`, STACK_VALUES a part. */
static const float *left_side(const struct thin_call *call, const float *values, int rows, int depth, float *room)
{
	const struct kernel *kernel = call->plan->kernel;
	if (!kernel->pairs)
		return values;
	for (int part = 0; part < call->parts; part++)
		conv_pack_rows(kernel, part, values, rows, depth, room + part * STACK_VALUES);
	return room;
}

/* patches = a (rows x depth, contiguous) times packed weights, all panels. */
static void multiply_panels(const struct thin_call *call, const float *a, int rows, int depth, float *patches)
{
	const struct conv_plan *plan = call->plan;
	const struct kernel *kernel = plan->kernel;
	const int columns = patch_size(plan);
	const float *left[CONV_MOST_PARTS], *right[CONV_MOST_PARTS];
	for (int panel = 0; panel < conv_panels(kernel, columns); panel++) {
		struct product product = {
			.rows = rows, .columns = conv_panel_columns(kernel, columns, panel), .depth = depth, .a = left, .b = right,
			.a_row = depth, .a_depth = 1, .c = patches + panel * kernel->panel, .c_row = columns,
		};
		conv_add_term(&product, left, right, call->parts, a, STACK_VALUES,
		              plan->scatter_weights + conv_panel_begin(kernel, (size_t)depth, panel), plan->scatter_count);
		kernel->product(&product);
	}
}

static void scatter_patches_task(void *context, int group)
{
	const struct thin_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int channels = plan->geometry.small.channels, depth = conv_depth(plan->kernel, channels), size = patch_size(plan);
	const int step = plan->kernel->pairs ? conv_at_most(STACK_VALUES / depth, call->rows) : call->rows;
	_Alignas(64) float pairs[PARTS * STACK_VALUES];
	for (int pixel = group_begin(call, group); pixel < group_begin(call, group + 1); pixel++) {
		float *patches = call->patches + (size_t)pixel * (size_t)call->rows * (size_t)size;
		for (int first = 0; first < call->rows; first += step) {
			const int rows = conv_at_most(step, call->rows - first);
			const float *values = call->input + first_value(call, pixel, call->first + first, channels);
			multiply_panels(call, left_side(call, values, rows, channels, pairs), rows, depth, patches + first * size);
		}
	}
}

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* One big pixel of so many pictures, from patch entries that lie `pitch` floats from picture to picture. more: a value lies behind
 * each entry, and the next pixel right behind this one. */
static inline void sum_entries(const float *const *entries, int count, int pitch, int rows, int channels, bool more, float *to)
{
	int row = 0;
	for (; channels == 3 && row + !more < rows; row++) { /* colour: a fourth value comes along, and is written over next */
		four sum = {0};
		for (int t = 0; t < count; t++)
			sum += *(const four *)(entries[t] + (size_t)row * (size_t)pitch);
		*(four *)(to + row * 3) = sum;
	}
	for (; row < rows; row++) {
		for (int c = 0; c < channels; c++) {
			float sum = 0;
			for (int t = 0; t < count; t++)
				sum += entries[t][(size_t)row * (size_t)pitch + (size_t)c];
			to[row * channels + c] = sum;
		}
	}
}

/* Of each row of taps that falls on input: the entries of the first small pixel that it falls on. */
static int lines_of_row(const struct conv_geometry *g, int y, int pixel, const float *patches, const float **lines)
{
	int count = 0;
	for (int ky = (y + g->padding) % g->stride, i = (y + g->padding) / g->stride; ky < g->kernel && i >= 0; ky += g->stride, i--)
		if (i < g->small.height)
			lines[count++] = patches + (size_t)(i * g->small.width) * (size_t)pixel + ky * g->kernel * g->big.channels;
	return count;
}

void conv_thin_sum_row(const struct conv_geometry *g, int y, int rows, const float *patches, int pitch, size_t step, float *row)
{
	const int channels = g->big.channels, pixel = rows * pitch;
	const float *lines[CONV_MAX_KERNEL], *entries[CONV_MAX_TAPS];
	const int line_count = lines_of_row(g, y, pixel, patches, lines);
	for (int x = 0, first = g->padding % g->stride, from = g->padding / g->stride; x < g->big.width; x++) {
		const bool more = x + 1 < g->big.width && from + 1 < g->small.width && step == (size_t)(rows * channels);
		int count = 0;
		for (int l = 0; l < line_count; l++) /* in the order of conv_scatter_terms */
			for (int kx = first, i = from; kx < g->kernel && i >= 0; kx += g->stride, i--)
				if (i < g->small.width)
					entries[count++] = lines[l] + (size_t)i * (size_t)pixel + kx * channels;
		sum_entries(entries, count, pitch, rows, channels, more, row + (size_t)x * step);
		from += first + 1 == g->stride;
		first = first + 1 == g->stride ? 0 : first + 1;
	}
}

static void scatter_sum_task(void *context, int y)
{
	const struct thin_call *call = context;
	const struct conv_geometry *g = &call->plan->geometry;
	conv_thin_sum_row(g, y, call->rows, call->patches, patch_size(call->plan), (size_t)call->batch * (size_t)g->big.channels,
	                  call->output + first_value(call, y * g->big.width, call->first, g->big.channels));
}

void conv_thin_scatter(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts, const float *small, float *big)
{
	struct thin_call call = {.plan = plan, .input = small, .output = big, .patches = plan->scratch->values, .batch = batch, .parts = parts,
	                         .groups = conv_at_most(PIXEL_GROUPS, small_pixels(plan))};
	for (int step = scatter_rows(plan); call.first < batch; call.first += step) {
		call.rows = conv_at_most(step, batch - call.first);
		parallel_run(parallel, scatter_patches_task, &call, call.groups);
		parallel_run(parallel, scatter_sum_task, &call, plan->geometry.big.height);
	}
}

/* ---- weight gradient ---- */

/* The pixels and pictures whose share is being added. */
struct block {
	int pixel, pixels;
	int first, rows;
};

/* What they have of small, a panel of columns after the other, as right sides: [part][pixel], STACK_ROWS x CONV_WIDEST_PANEL each. */
static void pack_small(const struct thin_call *call, const struct block *block, int panel, float *packed)
{
	const struct conv_plan *plan = call->plan;
	const int columns = plan->geometry.small.channels;
	for (int part = 0; part < call->parts; part++)
		for (int i = 0; i < block->pixels; i++)
			conv_pack_panel(plan->kernel, part, call->other + first_value(call, block->pixel + i, block->first, columns), block->rows,
			                columns, panel, packed + (part * STACK_PIXELS + i) * STACK_ROWS * CONV_WIDEST_PANEL);
}

/* partial += the share of a block and a panel, row of taps after row. */
static void add_panel(const struct thin_call *call, const struct block *block, int panel, const float *packed, float *partial)
{
	const struct conv_plan *plan = call->plan;
	const struct kernel *kernel = plan->kernel;
	const int columns = plan->geometry.small.channels, rows = plan->geometry.kernel * plan->geometry.big.channels;
	const float *a[CONV_MOST_PARTS * STACK_PIXELS], *b[CONV_MOST_PARTS * STACK_PIXELS];
	for (int tap_row = 0; tap_row < plan->geometry.kernel; tap_row++) {
		struct product product = {
			.rows = rows, .columns = conv_panel_columns(kernel, columns, panel), .depth = conv_depth(kernel, block->rows), .a = a, .b = b,
			.a_row = kernel->pairs ? conv_depth(kernel, call->batch) : 1, .a_depth = kernel->pairs ? 1 : turned_pitch(plan),
			.c = partial + (size_t)tap_row * (size_t)rows * (size_t)columns + panel * kernel->panel, .c_row = columns, .add = true,
		};
		for (int i = 0; i < block->pixels; i++) {
			const float *run = (kernel->pairs ? pixels_of : run_of)(call, block->pixel + i, tap_row, block->first);
			if (run)
				conv_add_term(&product, a, b, call->parts, run, call->turned_part, packed + i * STACK_ROWS * CONV_WIDEST_PANEL,
				              STACK_PIXELS * STACK_ROWS * CONV_WIDEST_PANEL);
		}
		if (product.terms)
			kernel->product(&product);
	}
}

static void gradient_task(void *context, int group)
{
	const struct thin_call *call = context;
	const struct conv_plan *plan = call->plan;
	const size_t weights = conv_weight_count(&plan->geometry);
	const int end = group_begin(call, group + 1);
	float *partial = call->patches + (size_t)group * weights;
	_Alignas(64) float packed[PARTS * STACK_PIXELS * STACK_ROWS * CONV_WIDEST_PANEL];
	memset(partial, 0, weights * sizeof *partial);
	struct block block;
	for (block.pixel = group_begin(call, group); block.pixel < end; block.pixel += STACK_PIXELS) {
		block.pixels = conv_at_most(STACK_PIXELS, end - block.pixel);
		for (block.first = 0; block.first < call->batch; block.first += STACK_ROWS) {
			block.rows = conv_at_most(STACK_ROWS, call->batch - block.first);
			for (int i = 0; i < block.pixels; i++)
				conv_fetch(call->other + first_value(call, block.pixel + i, block.first, plan->geometry.small.channels),
				           (size_t)block.rows * (size_t)plan->geometry.small.channels);
			for (int panel = 0; panel < conv_panels(plan->kernel, plan->geometry.small.channels); panel++) {
				pack_small(call, &block, panel, packed);
				add_panel(call, &block, panel, packed, partial);
			}
		}
	}
}

/* One row of the gradient: the partial sums in order. */
static void gradient_sum_task(void *context, int row)
{
	const struct thin_call *call = context;
	const int columns = call->plan->geometry.small.channels;
	const size_t weights = conv_weight_count(&call->plan->geometry), offset = (size_t)row * (size_t)columns;
	for (int group = 0; group < call->groups; group++) {
		for (int j = 0; j < columns; j++)
			call->output[offset + (size_t)j] += call->patches[(size_t)group * weights + offset + (size_t)j];
	}
}

void conv_thin_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                        const float *big, const float *small, float *gradient)
{
	struct thin_call call = {.plan = plan, .input = big, .other = small, .output = gradient, .patches = plan->scratch->values,
	                         .batch = batch, .parts = parts, .groups = gradient_groups(plan)};
	call.turned = call.patches + (size_t)call.groups * conv_weight_count(&plan->geometry);
	(plan->kernel->pairs ? turn_pixels : turn_rows)(&call, parallel);
	parallel_run(parallel, gradient_task, &call, call.groups);
	parallel_run(parallel, gradient_sum_task, &call, patch_size(plan));
}
