/* The three directions straight from their definition, summed in double. */
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_plan.h"

/* Where [pixel][N][C] has picture n's channels. */
static size_t at(int pixel, int batch, int n, int channels)
{
	return ((size_t)pixel * (size_t)batch + (size_t)n) * (size_t)channels;
}

void conv_gather_ref(const struct conv_geometry *g, int batch, const float *weights, const float *big, float *small)
{
	const int cb = g->big.channels, cs = g->small.channels;
	struct conv_term terms[CONV_MAX_TAPS];
	for (int pixel = 0; pixel < conv_pixels(g->small); pixel++) {
		int count = conv_gather_terms(g, pixel / g->small.width, pixel % g->small.width, terms);
		for (int i = 0; i < batch * cs; i++) {
			int n = i / cs, j = i % cs;
			double sum = 0;
			for (int t = 0; t < count; t++) {
				const float *x = big + at(terms[t].pixel, batch, n, cb);
				const float *w = weights + (size_t)terms[t].tap * (size_t)cb * (size_t)cs + j;
				for (int c = 0; c < cb; c++)
					sum += (double)x[c] * (double)w[(size_t)c * (size_t)cs];
			}
			small[at(pixel, batch, n, cs) + (size_t)j] = (float)sum;
		}
	}
}

void conv_scatter_ref(const struct conv_geometry *g, int batch, const float *weights, const float *small, float *big)
{
	const int cb = g->big.channels, cs = g->small.channels;
	struct conv_term terms[CONV_MAX_TAPS];
	for (int pixel = 0; pixel < conv_pixels(g->big); pixel++) {
		int count = conv_scatter_terms(g, pixel / g->big.width, pixel % g->big.width, terms);
		for (int i = 0; i < batch * cb; i++) {
			int n = i / cb, c = i % cb;
			double sum = 0;
			for (int t = 0; t < count; t++) {
				const float *x = small + at(terms[t].pixel, batch, n, cs);
				const float *w = weights + ((size_t)terms[t].tap * (size_t)cb + (size_t)c) * (size_t)cs;
				for (int j = 0; j < cs; j++)
					sum += (double)x[j] * (double)w[j];
			}
			big[at(pixel, batch, n, cb) + (size_t)c] = (float)sum;
		}
	}
}

static void add_outer_products(const struct conv_geometry *g, int batch, struct conv_term term, int pixel,
                               const float *big, const float *small, double *sums)
{
	const int cb = g->big.channels, cs = g->small.channels;
	double *target = sums + (size_t)term.tap * (size_t)cb * (size_t)cs;
	for (int n = 0; n < batch; n++) {
		const float *x = big + at(term.pixel, batch, n, cb), *y = small + at(pixel, batch, n, cs);
		for (int i = 0; i < cb * cs; i++)
			target[i] += (double)x[i / cs] * (double)y[i % cs];
	}
}

void conv_weight_gradient_ref(const struct conv_geometry *g, int batch, const float *big, const float *small, float *gradient)
{
	double *sums = memory_zeroed(conv_weight_count(g), sizeof *sums);
	struct conv_term terms[CONV_MAX_TAPS];
	for (int pixel = 0; pixel < conv_pixels(g->small); pixel++) {
		int count = conv_gather_terms(g, pixel / g->small.width, pixel % g->small.width, terms);
		for (int t = 0; t < count; t++)
			add_outer_products(g, batch, terms[t], pixel, big, small, sums);
	}
	for (size_t i = 0; i < conv_weight_count(g); i++)
		gradient[i] += (float)sums[i];
	free(sums);
}
