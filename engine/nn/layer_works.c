/* A layer's functions as a network calls them: each work timed by itself. */
#include "engine/nn/layer.h"

const char *const layer_work_names[LAYER_WORKS] = {
	[LAYER_FORWARD] = "forward", [LAYER_DATA_GRADIENT] = "data gradient", [LAYER_WEIGHT_GRADIENT] = "weight gradient",
	[LAYER_BOTH_GRADIENTS] = "both gradients", [LAYER_SECOND] = "second derivatives",
};

void layer_forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	double start = clock_seconds();
	layer->kind->forward(layer, pass, x, y);
	work_clock_add(&layer->clocks[LAYER_FORWARD], start);
}

static void go_back(struct layer *layer, const struct layer_pass *pass, enum layer_work work, const float *x, const float *y,
                    const float *dy, float *dx)
{
	double start = clock_seconds();
	layer->kind->backward(layer, pass, x, y, dy, dx);
	work_clock_add(&layer->clocks[work], start);
}

void layer_backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy, float *dx)
{
	struct layer_pass alone = *pass;
	alone.weight_gradients = false;
	if (!pass->weight_gradients || !layer->kind->declare) {
		go_back(layer, &alone, LAYER_DATA_GRADIENT, x, y, dy, dx);
	} else if (layer->kind->backward_in_place) {
		go_back(layer, pass, LAYER_BOTH_GRADIENTS, x, y, dy, dx);
	} else {
		go_back(layer, pass, LAYER_WEIGHT_GRADIENT, x, y, dy, NULL);
		if (dx)
			go_back(layer, &alone, LAYER_DATA_GRADIENT, x, y, dy, dx);
	}
}

void layer_second(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                  const float *t, float *u, float *dx)
{
	double start = clock_seconds();
	layer->kind->second(layer, pass, x, y, dy, t, u, dx);
	work_clock_add(&layer->clocks[LAYER_SECOND], start);
}
