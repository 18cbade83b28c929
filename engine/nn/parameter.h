/* What a network's blocks hold: one entry a tensor, with the name and shape that people and other programs know
 * (PyTorch's) and the place where it lies in our own layout. Plain data; the list is owned by its network. */
#ifndef QGAN_ENGINE_NN_PARAMETER_H
#define QGAN_ENGINE_NN_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>

enum { NN_NAME_SIZE = 24, PARAMETER_NAME_SIZE = 48, PARAMETER_DIMENSIONS = 4 };

struct parameter {
	char name[PARAMETER_NAME_SIZE];     /* "conv1.weight" */
	char layer[NN_NAME_SIZE];           /* "conv1" */
	int dimensions;
	size_t shape[PARAMETER_DIMENSIONS];  /* PyTorch's order, 1 beyond `dimensions` */
	size_t stride[PARAMETER_DIMENSIONS]; /* of the same dimensions in our block, in floats */
	int channel_dimension;              /* of the output's channels, for weights: 0, and 1 of transposed convolutions */
	size_t offset, count;               /* floats within the block; every tensor begins on a cache line */
	float mean, deviation;              /* of the normal distribution it starts from */
	bool quantized;                     /* weights of convolutions and linear layers: what quantizers work on */
};

struct parameter_list {
	struct parameter *items; /* owned */
	int count;
	size_t floats;           /* size of the block */
};

/* Appends a copy of `parameter`, with offset and count worked out from the shape and the list so far. */
void parameter_list_add(struct parameter_list *list, const struct parameter *parameter);
void parameter_list_clear(struct parameter_list *list);
const struct parameter *parameter_list_find(const struct parameter_list *list, const char *name); /* NULL: none */

/* A tensor of `shape[0]` values that lie one after the other. */
struct parameter parameter_vector(const char *layer, const char *name, size_t length, float mean, float deviation);

/* Copies between the tensor at `ours` (our layout) and `theirs` (PyTorch's order, `count` values). Exact. */
void parameter_export(const struct parameter *parameter, const float *ours, float *theirs);
void parameter_import(const struct parameter *parameter, const float *theirs, float *ours);

/* "128x64x4x4"; returns target. */
char *parameter_shape_text(const struct parameter *parameter, char *target, size_t size);

#endif
