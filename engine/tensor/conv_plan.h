/* What the files of the convolution share. Private to engine/tensor.
 *
 *   conv.c            plans, packing of weights, choice of the path
 *   conv_direct.c     gather and scatter
 *   conv_gradient.c   the weight gradient
 *   winograd*.c       all three in fewer products, for 4x4 kernels with stride 2
 *   conv_thin.c       all three where the big side has very few channels (pictures: 1 or 3)
 *   conv_operands.c   activations and weights as the kernel reads them
 *   conv_packed*.c    forward of finished transposed convolutions, from packed weights
 *   conv_ref.c        the slow truth
 *
 * All of them turn the work into products of kernel.h. There a right-hand matrix lies in panels: a matrix of `rows` x `columns`
 * is cut into strips of kernel->panel columns (the last one kernel->lanes wide when that is enough), strip after strip,
 * each [rows][width], so that the innermost loop reads it as one stream.
 *
 * For a kernel of pairs, operands are first rounded into scratch: there a depth of so many values is conv_depth of them
 * elements. A split plan holds every operand twice, as part 0 and what it leaves, part 1 (precision.h), and each term of
 * a product becomes three: 0 x 0, 0 x 1, 1 x 0. Where one product of floats takes less time than that, the plan has another one
 * of floats for its exact calls instead. */
#ifndef QGAN_ENGINE_TENSOR_CONV_PLAN_H
#define QGAN_ENGINE_TENSOR_CONV_PLAN_H

#include "engine/tensor/conv.h"
#include "engine/tensor/kernel.h"

enum {
	CONV_MAX_TAPS = CONV_MAX_KERNEL * CONV_MAX_KERNEL,
	CONV_MOST_PARTS = 3, /* terms that one may become, see below */
	CONV_MAX_TERMS = CONV_MOST_PARTS * CONV_MAX_TAPS,
	CONV_WIDEST_PANEL = 32, /* elements of a row of any kernel's panel, for what is put together on the stack */
	CONV_THIN_CHANNELS = 8, /* up to this many channels on the big side, lanes would run half empty */
};

enum conv_direction { CONV_GATHER, CONV_SCATTER, CONV_WEIGHT_GRADIENT, CONV_DIRECTIONS };

struct conv_plan {
	struct conv_geometry geometry;
	const struct kernel *kernel;
	int max_batch, parts;
	bool thin, winograd[CONV_DIRECTIONS];
	/* [part], panels: [tap][depth][width], of small channels and of big ones. Thin: a row of taps x big channels to gather, one of
	 * all taps x big channels to scatter. */
	float *gather_weights, *scatter_weights;
	size_t gather_count, scatter_count; /* elements of a part */
	struct conv_scratch *scratch; /* borrowed */
	struct conv_plan *exact;      /* of floats; NULL: exact calls are its own */
};

/* One contribution to an output pixel: that input pixel through that tap. */
struct conv_term {
	int pixel, tap;
};

static inline int conv_taps(const struct conv_geometry *g) { return g->kernel * g->kernel; }
static inline int conv_pixels(struct shape shape) { return shape.height * shape.width; }
static inline int conv_round_up(int value, int step) { return (value + step - 1) / step * step; }
static inline int conv_at_most(int value, int limit) { return value < limit ? value : limit; }
static inline size_t conv_larger(size_t a, size_t b) { return a > b ? a : b; }

/* first of part `index` of `parts`; of the last one + 1: total */
static inline int conv_cut(int total, int parts, int index) { return (int)((long)total * index / parts); }

/* Elements that so many values make along the depth of a product. */
static inline int conv_depth(const struct kernel *kernel, int values)
{
	return kernel->pairs ? conv_round_up((values + 1) / 2, kernel->depth_step) : values;
}

static inline int conv_panels(const struct kernel *kernel, int columns) { return (columns + kernel->panel - 1) / kernel->panel; }

static inline int conv_panel_columns(const struct kernel *kernel, int columns, int panel)
{
	return conv_at_most(columns - panel * kernel->panel, kernel->panel);
}

static inline int conv_panel_width(const struct kernel *kernel, int columns, int panel)
{
	return conv_panel_columns(kernel, columns, panel) > kernel->lanes ? kernel->panel : kernel->lanes;
}

/* Where a panel begins in a matrix of so many rows. */
static inline size_t conv_panel_begin(const struct kernel *kernel, size_t rows, int panel)
{
	return rows * (size_t)kernel->panel * (size_t)panel;
}

static inline size_t conv_panels_count(const struct kernel *kernel, size_t rows, int columns)
{
	return rows * (size_t)conv_round_up(columns, kernel->lanes);
}

/* Input pixels and taps that meet in an output pixel, in a fixed order; at most CONV_MAX_TAPS. */
int conv_gather_terms(const struct conv_geometry *geometry, int y, int x, struct conv_term *terms);
int conv_scatter_terms(const struct conv_geometry *geometry, int y, int x, struct conv_term *terms);

/* conv_operands.c. `matrix` is row-major, `step` floats from row to row.
 *
 * panel: columns of rows as depth, [depth][width]; transposed_panel: the same of a matrix [columns][rows].
 * rows: the first `depth` values of each row, as A along its depth; only for pairs.
 * columns: each column's `rows` values as such a row of A, target_step elements apart; only for pairs.
 * fetch: brings values into a cache, line after line. A panel takes its columns out of every row, or puts them there; in memory,
 * where the next panel would find nothing of what came along, that is three times slower. */
void conv_fetch(const float *values, size_t count);
void conv_pack_panel(const struct kernel *kernel, int part, const float *matrix, int rows, int columns, int panel, float *target);
void conv_pack_transposed_panel(const struct kernel *kernel, int part, const float *matrix, int rows, int columns, int panel,
                                float *target);
void conv_pack_rows(const struct kernel *kernel, int part, const float *matrix, int rows, int depth, float *target);
void conv_pack_columns(const struct kernel *kernel, int part, const float *matrix, int rows, int columns, float *target);

/* Adds a term to a product: operands whose parts lie a_part and b_part elements after one another. */
static inline void conv_add_term(struct product *product, const float **a, const float **b, int parts,
                                 const float *a_first, size_t a_part, const float *b_first, size_t b_part)
{
	a[product->terms] = a_first;
	b[product->terms++] = b_first;
	if (parts == 1)
		return;
	a[product->terms] = a_first;
	b[product->terms++] = b_first + b_part;
	a[product->terms] = a_first + a_part;
	b[product->terms++] = b_first;
}

size_t conv_direct_scratch(const struct conv_plan *plan); /* elements */
/* The three directions. parts: how many of the plan's take part. */
void conv_direct_gather(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                         const float *big, float *small);
void conv_direct_scatter(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                         const float *small, float *big);

size_t conv_gradient_scratch(const struct conv_plan *plan);
void conv_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                   const float *big, const float *small, float *gradient);

/* Whether a plan's layer is one for winograd.c, and it is the faster way there. */
bool conv_winograd_pays(const struct conv_plan *plan, enum conv_direction direction);
size_t conv_winograd_scratch(const struct conv_plan *plan); /* elements, for the directions that plan->winograd names */
void conv_winograd_gather(const struct conv_plan *plan, struct parallel *parallel, int batch, const float *big, float *small);
void conv_winograd_scatter(const struct conv_plan *plan, struct parallel *parallel, int batch, const float *small, float *big);
void conv_winograd_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch,
                            const float *big, const float *small, float *gradient);

/* Whether a layer is of that kind. */
bool conv_thin_fits(const struct conv_geometry *geometry, const struct kernel *kernel);
size_t conv_thin_scratch(const struct conv_plan *plan);
void conv_thin_gather(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts, const float *big, float *small);
void conv_thin_scatter(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts, const float *small, float *big);
/* One row of big pixels of `rows` pictures, `step` floats from pixel to pixel: the sums of the patches that name them, which lie
 * `pitch` floats from picture to picture. */
void conv_thin_sum_row(const struct conv_geometry *geometry, int y, int rows, const float *patches, int pitch, size_t step,
                       float *row);
void conv_thin_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                        const float *big, const float *small, float *gradient);

#endif
