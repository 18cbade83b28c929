/* conv2d with spectral normalization (Miyato et al. 2018): what the passes use is W / sigma, where sigma is the largest singular
 * value of W seen as a matrix from inputs (channels and taps) to output channels, found by power iteration:
 *
 *   v = M u / |M u|     sigma = |M^T v|     u' = M^T v / sigma        M: our [KH][KW][C big] x [C small]
 *
 * Order with quantization: what is handed to `pack` is Q(W), and that is what is normalised: the critic that plays is as smooth
 * as it should be, and its weights still have 2^k values. The gradient by Q(W), with u' and v held (as Miyato et al. do),
 * goes to the float W unchanged like every other.
 *
 * u is a running statistic, in checkpoints too. Packing begins at u and leaves it alone, so that it may happen any number of
 * times between two steps; the first weight gradients under the packed weights make u' the new u: one iteration an update. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/nn/convolution.h"

enum { PARTS = 16, LANES = 8 }; /* tasks of a pass over M, whatever its size: sums are the same for any number of threads */
static const double SMALLEST = 1e-12;

struct spectral_state {
	struct conv_plan *plan;
	size_t rows, columns;
	float *weights;   /* W / sigma */
	float *gradient;  /* by that, of one pass; NULL: never trained */
	float *u, *v;     /* u' and v of the packed weights */
	double *parts;    /* [PARTS][columns]: sums of M^T M u */
	double squares[PARTS]; /* sums of a part: of v^2, or of gradient x weights */
	double sigma;
};

static struct conv_geometry geometry_of(const struct layer *layer)
{
	return (struct conv_geometry){.big = layer->input, .small = layer->output, .kernel = layer->spec.kernel,
	                              .stride = layer->spec.stride, .padding = layer->spec.padding};
}

static void declare(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running)
{
	struct conv_geometry geometry = geometry_of(layer);
	struct parameter weight = convolution_weight(layer, &geometry);
	struct parameter u = parameter_vector(layer->spec.name, "weight_u", (size_t)layer->spec.channels, 0, 1);
	parameter_list_add(trained, &weight);
	parameter_list_add(running, &u);
}

static bool create(struct layer *layer, int max_batch, struct error *error)
{
	struct conv_geometry geometry = geometry_of(layer);
	struct spectral_state *state = memory_zeroed(1, sizeof *state);
	size_t count = conv_weight_count(&geometry);
	layer->state = state;
	state->columns = (size_t)geometry.small.channels;
	state->rows = count / state->columns;
	state->u = memory_zeroed(state->columns, sizeof(float));
	state->v = memory_zeroed(state->rows, sizeof(float));
	state->parts = memory_zeroed(PARTS * state->columns, sizeof(double));
	state->weights = memory_try_floats(count, "normalised weights", error);
	state->plan = state->weights ? conv_plan_create(&geometry, max_batch, layer->precision, layer->scratch, error) : NULL;
	if (state->plan && layer->gradients[0])
		state->gradient = memory_try_floats(count, "gradients of normalised weights", error);
	return state->plan && (state->gradient || !layer->gradients[0]);
}

static void clear(struct layer *layer)
{
	struct spectral_state *state = layer->state;
	conv_plan_destroy(state->plan);
	free(state->weights);
	free(state->gradient);
	free(state->u);
	free(state->v);
	free(state->parts);
	free(state);
}

/* ---- packing ---- */

struct spectral_call {
	struct spectral_state *state;
	const float *matrix, *u;
	float *target;
	double along;
};

/* The rows of one part. */
static void part_of(const struct spectral_state *state, int part, size_t *first, size_t *end)
{
	*first = state->rows * (size_t)part / PARTS;
	*end = state->rows * ((size_t)part + 1) / PARTS;
}

static float product_of(const float *a, const float *b, size_t count)
{
	float lanes[LANES] = {0}, sum = 0;
	size_t i = 0;
	for (; i + LANES <= count; i += LANES)
		for (int k = 0; k < LANES; k++)
			lanes[k] += a[i + (size_t)k] * b[i + (size_t)k];
	for (; i < count; i++)
		sum += a[i] * b[i];
	for (int k = 0; k < LANES; k++)
		sum += lanes[k];
	return sum;
}

/* v before it is divided by its norm, and with it M^T v. */
static void iterate_part(void *context, int part)
{
	const struct spectral_call *call = context;
	struct spectral_state *state = call->state;
	double *sums = state->parts + (size_t)part * state->columns, squares = 0;
	size_t first, end;
	part_of(state, part, &first, &end);
	memset(sums, 0, state->columns * sizeof *sums);
	for (size_t r = first; r < end; r++) {
		const float *row = call->matrix + r * state->columns;
		double v = state->v[r] = product_of(row, call->u, state->columns);
		squares += v * v;
		for (size_t c = 0; c < state->columns; c++)
			sums[c] += v * row[c];
	}
	state->squares[part] = squares;
}

static void scale_part(void *context, int part)
{
	const struct spectral_call *call = context;
	const struct spectral_state *state = call->state;
	const float scale = (float)(1 / state->sigma);
	size_t first, end;
	part_of(state, part, &first, &end);
	for (size_t i = first * state->columns; i < end * state->columns; i++)
		state->weights[i] = scale * call->matrix[i];
}

/* From the parts' sums. Weights that are all 0 are left as they are. */
static void finish_iteration(struct spectral_state *state)
{
	double v_square = 0, u_square = 0;
	for (int part = 0; part < PARTS; part++)
		v_square += state->squares[part];
	double v_norm = fmax(sqrt(v_square), SMALLEST);
	for (size_t c = 0; c < state->columns; c++) {
		double sum = 0;
		for (int part = 0; part < PARTS; part++)
			sum += state->parts[(size_t)part * state->columns + c];
		state->u[c] = (float)(sum / v_norm);
		u_square += sum / v_norm * (sum / v_norm);
	}
	double sigma = sqrt(u_square);
	for (size_t c = 0; c < state->columns; c++)
		state->u[c] = (float)(state->u[c] / fmax(sigma, SMALLEST));
	for (size_t r = 0; r < state->rows; r++)
		state->v[r] = (float)(state->v[r] / v_norm);
	state->sigma = sigma < SMALLEST ? 1 : sigma;
}

static void pack(struct layer *layer, struct parallel *parallel, const float *weights)
{
	struct spectral_state *state = layer->state;
	struct spectral_call call = {.state = state, .matrix = weights, .u = layer->running[0]};
	parallel_run(parallel, iterate_part, &call, PARTS);
	finish_iteration(state);
	parallel_run(parallel, scale_part, &call, PARTS);
	conv_pack(state->plan, parallel, state->weights);
}

/* ---- passes ---- */

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	const struct spectral_state *state = layer->state;
	conv_gather(state->plan, convolution_call(pass), x, y);
}

static void multiply_part(void *context, int part)
{
	const struct spectral_call *call = context;
	struct spectral_state *state = call->state;
	size_t first, end;
	part_of(state, part, &first, &end);
	double sum = 0;
	for (size_t r = first; r < end; r++) {
		size_t at = r * state->columns;
		sum += product_of(state->gradient + at, state->weights + at, state->columns);
	}
	state->squares[part] = sum;
}

static void add_part(void *context, int part)
{
	const struct spectral_call *call = context;
	const struct spectral_state *state = call->state;
	const float scale = (float)(1 / state->sigma);
	size_t first, end;
	part_of(state, part, &first, &end);
	for (size_t r = first; r < end; r++) {
		const float along = (float)call->along * state->v[r], *gradient = state->gradient + r * state->columns;
		float *target = call->target + r * state->columns;
		for (size_t c = 0; c < state->columns; c++)
			target[c] += scale * (gradient[c] - along * state->u[c]);
	}
}

/* By W from that by W / sigma, G: (G - <G, W / sigma> v u'^T) / sigma. */
static void add_gradient(struct layer *layer, const struct layer_pass *pass, const float *x, const float *dy)
{
	struct spectral_state *state = layer->state;
	struct spectral_call call = {.state = state, .target = layer->gradients[0]};
	memset(state->gradient, 0, state->rows * state->columns * sizeof(float));
	conv_weight_gradient(state->plan, convolution_call(pass), x, dy, state->gradient);
	parallel_run(pass->parallel, multiply_part, &call, PARTS);
	for (int part = 0; part < PARTS; part++)
		call.along += state->squares[part];
	parallel_run(pass->parallel, add_part, &call, PARTS);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	const struct spectral_state *state = layer->state;
	(void)y;
	if (pass->weight_gradients) {
		add_gradient(layer, pass, x, dy);
		memcpy(layer->running[0], state->u, state->columns * sizeof(float));
	}
	if (dx)
		conv_scatter(state->plan, convolution_call(pass), dy, dx);
}

static double multiply_adds(const struct layer *layer)
{
	const struct spectral_state *state = layer->state;
	return conv_multiply_adds(conv_plan_geometry(state->plan));
}

static bool shape(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error)
{
	return layer_conv2d.shape(spec, input, output, error);
}

const struct layer_kind layer_spectral_conv2d = {
	.name = "spectral_conv2d",
	.help = "convolution whose weights are divided by their largest singular value",
	.shape = shape,
	.declare = declare,
	.create = create,
	.pack = pack,
	.forward = forward,
	.backward = backward,
	.clear = clear,
	.multiply_adds = multiply_adds,
};
