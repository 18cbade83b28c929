/* Output pixels of a stride s fall into s x s phases: y = s i + phase. All pixels of a phase are sums over the same taps, which
 * read neighbouring input pixels (tap m of one direction: input i + shift - m), and no two phases share a tap. So the weights
 * are cut into units, one for each phase and panel of output channels, each needed once a picture:
 *
 *   unit    [taps down][taps across][C in][panel]     a task expands it, then makes all sums of its panel and phase
 *   sums    [y][phase across][i across][N][C]         so that a row of one phase is one run of product rows
 *
 * The pixels of a row that have the same taps across are one product of (pixels x N) rows. With one picture those products
 * would be too small to keep the multipliers busy; then a row is one product that reads the zeros in the margins, which
 * changes no sum. What follows the sums is done while they go from there to the next layer's plane.
 *
 * Where the output has few channels (conv_thin.c), taps count as channels: a unit is [C in][panel] of taps x C out, sums are
 * patches of the input's pixels, and an output pixel is the sum of those that name it. */
#include "engine/tensor/conv_packed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_plan.h"

enum {
	TASKS_WANTED = 128, /* as long as a unit's expansion is little beside its products: */
	ROWS_A_TASK = 256,  /* product rows, at least, that share one */
	FULL_ROWS = 4,      /* a product of fewer rows takes as long */
	MAPS = 3,           /* mean, scale, shift */
};

struct conv_packed {
	struct conv_geometry geometry;
	const struct kernel *kernel;
	bool thin;
	int margin, panels, phases; /* units = panels x phases */
	size_t *begins;             /* of units, and the end: in vectors of the kernel, whole blocks each */
	int bits;
	uint32_t *words;            /* codes, blocks of kernel.h; NULL: float */
	float *values;              /* weights of a float layer, vector by vector as the codes are */
	float *tables;              /* of the lookup: one, or one a panel */
	size_t tables_count;        /* floats */
	bool columns;               /* tables are of panels */
	float *maps;                /* mean, scale and shift, each for all channels; NULL: none */
	float slope;
	bool tanh;
};

/* ---- geometry ---- */

/* Taps of one direction for one phase. */
struct taps {
	int first, count; /* first, first + stride, .. */
	int shift;        /* tap m of pixel i reads input i + shift - m */
};

struct range {
	int first, end; /* end: one past the last */
};

static struct taps taps_of_phase(const struct conv_geometry *g, int phase)
{
	const int first = (phase + g->padding) % g->stride;
	return (struct taps){first, first < g->kernel ? (g->kernel - first + g->stride - 1) / g->stride : 0, (phase + g->padding) / g->stride};
}

/* The taps of pixel i that fall inside the input. */
static struct range taps_inside(struct taps taps, int i, int length)
{
	const int last = i + taps.shift, first = last - length + 1 > 0 ? last - length + 1 : 0, end = conv_at_most(taps.count, last + 1);
	return (struct range){first, end > first ? end : first};
}

static int pixels_of_phase(const struct conv_geometry *g, int length, int phase) { return (length - phase + g->stride - 1) / g->stride; }

static int columns_of(const struct conv_packed *layer)
{
	const struct conv_geometry *g = &layer->geometry;
	return layer->thin ? conv_taps(g) * g->big.channels : g->big.channels;
}

static int width_of_panel(const struct conv_packed *layer, int panel) { return conv_panel_width(layer->kernel, columns_of(layer), panel); }

/* Rows of a unit's matrix. */
static int rows_of_phase(const struct conv_packed *layer, int phase)
{
	const struct conv_geometry *g = &layer->geometry;
	if (layer->thin)
		return g->small.channels;
	return taps_of_phase(g, phase / g->stride).count * taps_of_phase(g, phase % g->stride).count * g->small.channels;
}

/* Whether one column on either side is all that a row's taps reach beyond the input, wherever they are. */
static bool reaches_one_beyond(const struct conv_geometry *g)
{
	for (int phase = 0; phase < g->stride; phase++) {
		const struct taps taps = taps_of_phase(g, phase);
		if (taps.shift - (taps.count - 1) < -1 || pixels_of_phase(g, g->big.width, phase) - 1 + taps.shift > g->small.width)
			return false;
	}
	return true;
}

/* ---- packing ---- */

/* Where a unit's matrix has its values from: the place in PyTorch's order. */
static size_t place_of_weight(const struct conv_packed *layer, int phase, int row, int column)
{
	const struct conv_geometry *g = &layer->geometry;
	const int depth = g->small.channels, channels = g->big.channels;
	int tap, channel = column;
	if (layer->thin) {
		tap = column / channels;
		channel = column % channels;
	} else {
		const struct taps down = taps_of_phase(g, phase / g->stride), across = taps_of_phase(g, phase % g->stride);
		const int m = row / depth;
		tap = (down.first + m / across.count * g->stride) * g->kernel + across.first + m % across.count * g->stride;
	}
	return ((size_t)(row % depth) * (size_t)channels + (size_t)channel) * (size_t)conv_taps(g) + (size_t)tap;
}

static void pack_code(const struct conv_packed *layer, size_t vector, int lane, uint32_t code)
{
	const size_t lanes = (size_t)layer->kernel->lanes, bits = (size_t)layer->bits;
	const size_t bit = vector % LOOKUP_BLOCK * bits, shift = bit % 32;
	uint32_t *word = layer->words + (vector / LOOKUP_BLOCK * bits + bit / 32) * lanes + lane;
	word[0] |= code << shift;
	if (shift + bits > 32)
		word[lanes] |= code >> (32 - shift);
}

static void pack_unit(const struct conv_packed *layer, const struct conv_packed_weights *weights, int unit)
{
	const int panel = unit / layer->phases, phase = unit % layer->phases, lanes = layer->kernel->lanes;
	const int width = width_of_panel(layer, panel), used = conv_panel_columns(layer->kernel, columns_of(layer), panel);
	for (int row = 0; row < rows_of_phase(layer, phase); row++) {
		for (int c = 0; c < used; c++) {
			const size_t place = place_of_weight(layer, phase, row, panel * layer->kernel->panel + c);
			const size_t vector = layer->begins[unit] + (size_t)((row * width + c) / lanes);
			if (layer->words)
				pack_code(layer, vector, c % lanes, weights->codes[place]);
			else
				layer->values[vector * (size_t)lanes + (size_t)(c % lanes)] = weights->values[place];
		}
	}
}

/* A panel of one vector has it for even and odd vectors. */
static void make_panel_table(const struct conv_packed *layer, const float *levels, int panel, float *table)
{
	const int lanes = layer->kernel->lanes, width = width_of_panel(layer, panel), states = 1 << layer->bits;
	for (int c = 0; c < 2 * lanes; c++) {
		const int column = panel * layer->kernel->panel + c % width, channel = column % layer->geometry.big.channels;
		for (int z = 0; z < states; z++)
			table[(c / lanes * states + z) * lanes + c % lanes] = levels[channel * states + z];
	}
}

static size_t table_count(const struct conv_packed *layer)
{
	return ((size_t)1 << layer->bits) * (size_t)(layer->columns ? 2 * layer->kernel->lanes : 1);
}

static void make_tables(const struct conv_packed *layer, const float *levels)
{
	if (!layer->columns)
		memcpy(layer->tables, levels, layer->tables_count * sizeof *levels);
	for (int panel = 0; layer->columns && panel < layer->panels; panel++)
		make_panel_table(layer, levels, panel, layer->tables + (size_t)panel * table_count(layer));
}

/* ---- life ---- */

static void cut_into_units(struct conv_packed *layer)
{
	const struct conv_geometry *g = &layer->geometry;
	layer->panels = conv_panels(layer->kernel, columns_of(layer));
	layer->phases = layer->thin ? 1 : g->stride * g->stride;
	const int units = layer->panels * layer->phases;
	layer->begins = memory_zeroed((size_t)units + 1, sizeof *layer->begins);
	for (int unit = 0; unit < units; unit++) {
		const size_t vectors = (size_t)width_of_panel(layer, unit / layer->phases) / (size_t)layer->kernel->lanes;
		const size_t count = (size_t)rows_of_phase(layer, unit % layer->phases) * vectors;
		layer->begins[unit + 1] = layer->begins[unit] + (count + LOOKUP_BLOCK - 1) / LOOKUP_BLOCK * LOOKUP_BLOCK;
	}
}

static size_t vectors_of(const struct conv_packed *layer) { return layer->begins[layer->panels * layer->phases]; }

static size_t words_count(const struct conv_packed *layer)
{
	return vectors_of(layer) / LOOKUP_BLOCK * (size_t)(layer->bits * layer->kernel->lanes);
}

static bool allocate(struct conv_packed *layer, const struct conv_packed_weights *weights, struct error *error)
{
	const size_t floats = vectors_of(layer) * (size_t)layer->kernel->lanes;
	if (!weights->codes)
		return (layer->values = memory_try_floats(floats, "the weights of a layer", error)) != NULL;
	layer->bits = weights->bits;
	layer->columns = weights->groups > 1;
	layer->tables_count = table_count(layer) * (size_t)(layer->columns ? layer->panels : 1);
	layer->words = memory_try_bytes(words_count(layer) * sizeof *layer->words, "the codes of a layer", error);
	layer->tables = memory_try_floats(layer->tables_count, "the levels of a layer", error);
	return layer->words && layer->tables;
}

static void keep_end(struct conv_packed *layer, const struct conv_packed_end *end)
{
	const size_t channels = (size_t)layer->geometry.big.channels, bytes = channels * sizeof *layer->maps;
	layer->slope = end->slope;
	layer->tanh = end->tanh;
	if (!end->mean)
		return;
	layer->maps = memory_zeroed(MAPS * channels, sizeof *layer->maps);
	memcpy(layer->maps, end->mean, bytes);
	memcpy(layer->maps + channels, end->scale, bytes);
	memcpy(layer->maps + 2 * channels, end->shift, bytes);
}

struct conv_packed *conv_packed_create(const struct conv_geometry *geometry, const struct conv_packed_weights *weights,
                                       const struct conv_packed_end *end, struct error *error)
{
	assert(!weights->codes || (weights->bits >= 1 && weights->bits <= LOOKUP_MAX_BITS));
	assert(weights->groups <= 1 || weights->groups == geometry->big.channels);
	struct conv_packed *layer = memory_zeroed(1, sizeof *layer);
	layer->geometry = *geometry;
	layer->kernel = kernel_current();
	layer->thin = geometry->big.channels <= CONV_THIN_CHANNELS;
	layer->margin = !layer->thin && reaches_one_beyond(geometry);
	cut_into_units(layer);
	keep_end(layer, end);
	if (!allocate(layer, weights, error)) {
		conv_packed_destroy(layer);
		return NULL;
	}
	for (int unit = 0; unit < layer->panels * layer->phases; unit++)
		pack_unit(layer, weights, unit);
	if (layer->words)
		make_tables(layer, weights->levels);
	return layer;
}

void conv_packed_destroy(struct conv_packed *layer)
{
	if (!layer)
		return;
	free(layer->begins);
	free(layer->words);
	free(layer->values);
	free(layer->tables);
	free(layer->maps);
	free(layer);
}

const struct conv_geometry *conv_packed_geometry(const struct conv_packed *layer) { return &layer->geometry; }
int conv_packed_margin(const struct conv_packed *layer) { return layer->margin; }

size_t conv_packed_bytes(const struct conv_packed *layer)
{
	const size_t maps = layer->maps ? MAPS * (size_t)layer->geometry.big.channels : 0;
	if (!layer->words)
		return (vectors_of(layer) * (size_t)layer->kernel->lanes + maps) * sizeof(float);
	return words_count(layer) * sizeof *layer->words + (layer->tables_count + maps) * sizeof(float);
}

/* ---- what passes share ---- */

/* Pixels of a row of one phase, as the sums lie. */
static int pixels_across(const struct conv_geometry *g) { return pixels_of_phase(g, g->big.width, 0); }

static size_t place_of_sums(const struct conv_geometry *g, int batch, int y, int phase, int pixel)
{
	const size_t row = (size_t)(y * g->stride + phase) * (size_t)pixels_across(g) + (size_t)pixel;
	return row * (size_t)batch * (size_t)g->big.channels;
}

static size_t sums_count(const struct conv_packed *layer, int batch)
{
	const struct conv_geometry *g = &layer->geometry;
	return layer->thin ? (size_t)(conv_pixels(g->small) * columns_of(layer)) * (size_t)batch : place_of_sums(g, batch, g->big.height, 0, 0);
}

static size_t room_count(const struct conv_packed *layer)
{
	size_t most = 0;
	for (int unit = 0; layer->words && unit < layer->panels * layer->phases; unit++) {
		const size_t count = (layer->begins[unit + 1] - layer->begins[unit]) * (size_t)layer->kernel->lanes;
		most = count > most ? count : most;
	}
	return most;
}

bool conv_packed_pass_init(struct conv_packed_pass *pass, struct parallel *parallel, struct conv_packed *const layers[], int count,
                           int max_batch, struct error *error)
{
	*pass = (struct conv_packed_pass){.parallel = parallel, .max_batch = max_batch, .threads = parallel_threads(parallel)};
	for (int i = 0; i < count; i++) {
		const size_t sums = sums_count(layers[i], max_batch), room = room_count(layers[i]);
		pass->sums_count = sums > pass->sums_count ? sums : pass->sums_count;
		pass->room_count = room > pass->room_count ? room : pass->room_count;
	}
	pass->taken = memory_zeroed((size_t)pass->threads, sizeof *pass->taken);
	pass->sums = memory_try_floats(pass->sums_count, "the sums of a layer", error);
	pass->rooms = memory_try_floats(pass->room_count * (size_t)pass->threads, "room for panels of weights", error);
	return pass->sums && pass->rooms;
}

void conv_packed_pass_clear(struct conv_packed_pass *pass)
{
	free(pass->sums);
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

/* ---- sums ---- */

struct packed_call {
	const struct conv_packed *layer;
	struct conv_packed_pass *pass;
	const float *input;
	float *output;
	int batch, margin, groups; /* margin: of the output; groups: of a unit's rows */
	bool reads_margins;
};

static const float *expand(const struct conv_packed *layer, int unit, float *room)
{
	const struct kernel *kernel = layer->kernel;
	const size_t begin = layer->begins[unit], blocks = (layer->begins[unit + 1] - begin) / LOOKUP_BLOCK;
	if (!layer->words)
		return layer->values + begin * (size_t)kernel->lanes;
	const struct lookup lookup = {
		.bits = layer->bits, .columns = layer->columns,
		.table = layer->tables + (layer->columns ? (size_t)(unit / layer->phases) * table_count(layer) : 0),
	};
	kernel->look_up(&lookup, layer->words + begin / LOOKUP_BLOCK * (size_t)(layer->bits * kernel->lanes), blocks, room);
	return room;
}

/* One past the last pixel of the row with the taps of pixel j. */
static int run_end(struct taps taps, int j, int pixels, int width)
{
	const struct range own = taps_inside(taps, j, width);
	int end = j + 1;
	for (; end < pixels; end++) {
		const struct range next = taps_inside(taps, end, width);
		if (next.first != own.first || next.end != own.end)
			break;
	}
	return end;
}

/* Pixels j..end - 1 of a row of one phase, over the given taps of each direction. */
static void sum_run(const struct packed_call *call, int unit, const float *weights, int i, int j, int end, struct range rows,
                    struct range columns)
{
	const struct conv_packed *layer = call->layer;
	const struct conv_geometry *g = &layer->geometry;
	const int panel = unit / layer->phases, phase_y = unit % layer->phases / g->stride, phase_x = unit % layer->phases % g->stride;
	const struct taps down = taps_of_phase(g, phase_y), across = taps_of_phase(g, phase_x);
	const size_t depth = (size_t)g->small.channels, step = depth * (size_t)width_of_panel(layer, panel);
	const float *a[CONV_MAX_TAPS], *b[CONV_MAX_TAPS];
	int terms = 0;
	for (int m = rows.first; m < rows.end; m++) {
		for (int n = columns.first; n < columns.end; n++, terms++) {
			a[terms] = call->input + conv_plane_place(g->small, layer->margin, call->batch, i + down.shift - m, j + across.shift - n);
			b[terms] = weights + (size_t)(m * across.count + n) * step;
		}
	}
	layer->kernel->product(&(struct product){
		.rows = (end - j) * call->batch, .columns = conv_panel_columns(layer->kernel, g->big.channels, panel), .depth = (int)depth,
		.terms = terms, .a = a, .b = b, .a_row = (ptrdiff_t)depth, .a_depth = 1, .c_row = g->big.channels,
		.c = call->pass->sums + place_of_sums(g, call->batch, i * g->stride + phase_y, phase_x, j) + panel * layer->kernel->panel,
	});
}

static void sum_task(void *context, int index)
{
	const struct packed_call *call = context;
	const struct conv_packed *layer = call->layer;
	const struct conv_geometry *g = &layer->geometry;
	const int unit = index / call->groups, group = index % call->groups, phase = unit % layer->phases;
	const struct taps down = taps_of_phase(g, phase / g->stride), across = taps_of_phase(g, phase % g->stride);
	const int height = pixels_of_phase(g, g->big.height, phase / g->stride), pixels = pixels_of_phase(g, g->big.width, phase % g->stride);
	const int room = take_room(call->pass);
	const float *weights = expand(layer, unit, call->pass->rooms + (size_t)room * call->pass->room_count);
	for (int i = height * group / call->groups; i < height * (group + 1) / call->groups; i++) {
		const struct range rows = taps_inside(down, i, g->small.height);
		if (call->reads_margins)
			sum_run(call, unit, weights, i, 0, pixels, rows, (struct range){0, across.count});
		for (int j = 0, end; !call->reads_margins && j < pixels; j = end) {
			end = run_end(across, j, pixels, g->small.width);
			sum_run(call, unit, weights, i, j, end, rows, taps_inside(across, j, g->small.width));
		}
	}
	leave_room(call->pass, room);
}

/* What a row of products takes, in rows x taps. */
static int cost_of_run(int pixels, int batch, int taps)
{
	return (pixels * batch > FULL_ROWS ? pixels * batch : FULL_ROWS) * taps;
}

static bool gains_by_margins(const struct conv_packed *layer, int batch)
{
	const struct conv_geometry *g = &layer->geometry;
	int with = 0, without = 0;
	for (int phase = 0; layer->margin && phase < g->stride; phase++) {
		const struct taps taps = taps_of_phase(g, phase);
		const int pixels = pixels_of_phase(g, g->big.width, phase);
		with += cost_of_run(pixels, batch, taps.count);
		for (int j = 0, end; j < pixels; j = end) {
			const struct range inside = taps_inside(taps, j, g->small.width);
			end = run_end(taps, j, pixels, g->small.width);
			without += cost_of_run(end - j, batch, inside.end - inside.first);
		}
	}
	return with < without;
}

static void patches_task(void *context, int index)
{
	const struct packed_call *call = context;
	const struct conv_packed *layer = call->layer;
	const int depth = layer->geometry.small.channels, columns = columns_of(layer), unit = index % layer->panels;
	const long all = (long)conv_pixels(layer->geometry.small) * call->batch, group = index / layer->panels;
	const long first = all * group / call->groups, end = all * (group + 1) / call->groups;
	const int room = take_room(call->pass);
	const float *weights = expand(layer, unit, call->pass->rooms + (size_t)room * call->pass->room_count);
	const float *a = call->input + first * depth;
	layer->kernel->product(&(struct product){
		.rows = (int)(end - first), .columns = conv_panel_columns(layer->kernel, columns, unit), .depth = depth, .terms = 1,
		.a = &a, .b = &weights, .a_row = depth, .a_depth = 1,
		.c = call->pass->sums + first * columns + unit * layer->kernel->panel, .c_row = columns,
	});
	leave_room(call->pass, room);
}

/* ---- and what becomes of them ---- */

static void finish(const struct conv_packed *layer, size_t rows, const float *sums, float *to)
{
	const int channels = layer->geometry.big.channels;
	const size_t count = rows * (size_t)channels;
	const struct kernel_pointwise *pointwise = layer->kernel->pointwise;
	if (layer->maps) {
		const struct channel_map map = {layer->maps, layer->maps + channels, layer->maps + 2 * channels, layer->slope};
		pointwise->channel_map(rows, channels, &map, sums, to);
	} else if (sums != to)
		memcpy(to, sums, count * sizeof *to);
	if (layer->tanh)
		pointwise->tanh(count, to, to);
}

/* One row of output pixels. */
static void finish_task(void *context, int y)
{
	const struct packed_call *call = context;
	const struct conv_packed *layer = call->layer;
	const struct conv_geometry *g = &layer->geometry;
	const size_t pixel = (size_t)call->batch * (size_t)g->big.channels;
	float *row = call->output + conv_plane_place(g->big, call->margin, call->batch, y, 0);
	memset(row - (size_t)call->margin * pixel, 0, (size_t)call->margin * pixel * sizeof *row);
	memset(row + (size_t)g->big.width * pixel, 0, (size_t)call->margin * pixel * sizeof *row);
	if (layer->thin) {
		conv_thin_sum_row(g, y, call->batch, call->pass->sums, pixel, row);
		finish(layer, (size_t)g->big.width * (size_t)call->batch, row, row);
		return;
	}
	for (int x = 0; x < g->big.width; x++)
		finish(layer, (size_t)call->batch, call->pass->sums + place_of_sums(g, call->batch, y, x % g->stride, x / g->stride),
		       row + (size_t)x * pixel);
}

void conv_packed_run(const struct conv_packed *layer, struct conv_packed_pass *pass, int batch, const float *input,
                     int margin, float *output)
{
	const struct conv_geometry *g = &layer->geometry;
	const int units = layer->panels * layer->phases, rows = conv_pixels(g->small) * batch / ROWS_A_TASK;
	const int groups = conv_at_most((TASKS_WANTED + units - 1) / units, rows < 1 ? 1 : rows);
	assert(batch >= 1 && batch <= pass->max_batch);
	struct packed_call call = {layer, pass, input, output, batch, margin, groups, gains_by_margins(layer, batch)};
	parallel_run(pass->parallel, layer->thin ? patches_task : sum_task, &call, units * groups);
	parallel_run(pass->parallel, finish_task, &call, g->big.height);
}
