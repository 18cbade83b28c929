#include "engine/gan/penalty.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/memory.h"

bool penalty_init(struct penalty *penalty, double weight, struct network *d, int batch, struct error *error)
{
	*penalty = (struct penalty){.weight = weight};
	if (weight == 0)
		return true;
	size_t pictures = (size_t)batch, values = shape_count(d->input) * pictures;
	if (!network_keep_second(d, error))
		return error_prefix(error, "gradient penalty");
	penalty->between = memory_try_floats(values, "pictures between real and generated ones", error);
	penalty->direction = penalty->between ? memory_try_floats(values, "gradients of pictures", error) : NULL;
	penalty->ones = memory_zeroed(pictures, sizeof(float));
	penalty->factors = memory_zeroed(pictures, sizeof(float));
	penalty->squares = memory_zeroed(pictures * (size_t)d->input.height, sizeof(double));
	for (size_t i = 0; i < pictures; i++)
		penalty->ones[i] = 1;
	return penalty->direction != NULL;
}

void penalty_clear(struct penalty *penalty)
{
	free(penalty->between);
	free(penalty->direction);
	free(penalty->ones);
	free(penalty->factors);
	free(penalty->squares);
	*penalty = (struct penalty){0};
}

/* Rows of pixels, each [W][N][C], are the tasks. */
struct rows {
	int width, pictures, channels;
	const float *a, *b, *each; /* each: a number a picture */
	float *result;
	double *squares;
};

static size_t row_values(const struct rows *rows)
{
	return (size_t)rows->width * (size_t)rows->pictures * (size_t)rows->channels;
}

/* result = b + each (a - b) */
static void mix_row(void *context, int row)
{
	const struct rows *rows = context;
	size_t at = (size_t)row * row_values(rows);
	for (int x = 0; x < rows->width; x++)
		for (int n = 0; n < rows->pictures; n++)
			for (int c = 0; c < rows->channels; c++, at++)
				rows->result[at] = rows->b[at] + rows->each[n] * (rows->a[at] - rows->b[at]);
}

static void square_row(void *context, int row)
{
	const struct rows *rows = context;
	size_t at = (size_t)row * row_values(rows);
	double *squares = rows->squares + (size_t)row * (size_t)rows->pictures;
	for (int n = 0; n < rows->pictures; n++)
		squares[n] = 0;
	for (int x = 0; x < rows->width; x++)
		for (int n = 0; n < rows->pictures; n++)
			for (int c = 0; c < rows->channels; c++, at++)
				squares[n] += (double)rows->a[at] * rows->a[at];
}

/* result = each a */
static void scale_row(void *context, int row)
{
	const struct rows *rows = context;
	size_t at = (size_t)row * row_values(rows);
	for (int x = 0; x < rows->width; x++)
		for (int n = 0; n < rows->pictures; n++)
			for (int c = 0; c < rows->channels; c++, at++)
				rows->result[at] = rows->each[n] * rows->a[at];
}

/* The penalty from the squares; factors become what makes v of g. A gradient of 0 has no direction: it is left alone. */
static double weigh(struct penalty *penalty, int height, int pictures)
{
	double sum = 0;
	for (int n = 0; n < pictures; n++) {
		double square = 0;
		for (int row = 0; row < height; row++)
			square += penalty->squares[row * pictures + n];
		double norm = sqrt(square);
		sum += (norm - 1) * (norm - 1);
		penalty->factors[n] = norm > 0 ? (float)(penalty->weight * 2 / pictures * (norm - 1) / norm) : 0;
	}
	return penalty->weight * sum / pictures;
}

double penalty_add(struct penalty *penalty, struct network *d, struct parallel *parallel, int batch, const float *real,
                   const float *fake, const float *mix)
{
	const struct shape shape = d->input;
	struct rows rows = {.width = shape.width, .pictures = batch, .channels = shape.channels};
	rows.a = real;
	rows.b = fake;
	rows.each = mix;
	rows.result = penalty->between;
	parallel_run(parallel, mix_row, &rows, shape.height);
	network_forward_exact(d, parallel, batch, penalty->between);
	rows.a = network_input_gradient(d, parallel, batch, penalty->between, penalty->ones);
	rows.squares = penalty->squares;
	parallel_run(parallel, square_row, &rows, shape.height);
	double value = weigh(penalty, shape.height, batch);
	rows.each = penalty->factors;
	rows.result = penalty->direction;
	parallel_run(parallel, scale_row, &rows, shape.height);
	network_add_second(d, parallel, batch, penalty->between, penalty->ones, penalty->direction);
	return value;
}
