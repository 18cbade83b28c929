#include "engine/nn/parameter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

enum {
	ALIGNMENT_FLOATS = MEMORY_ALIGNMENT / (int)sizeof(float),
	COPY_BLOCK = 16, /* one cache line of our innermost dimension, which is PyTorch's outermost */
};

void parameter_list_add(struct parameter_list *list, const struct parameter *parameter)
{
	list->items = memory_resized(list->items, (size_t)list->count + 1, sizeof *list->items);
	struct parameter *added = &list->items[list->count++];
	*added = *parameter;
	added->offset = list->floats;
	added->count = 1;
	for (int i = 0; i < PARAMETER_DIMENSIONS; i++) {
		if (i >= added->dimensions)
			added->shape[i] = 1;
		added->count *= added->shape[i];
	}
	list->floats += (added->count + ALIGNMENT_FLOATS - 1) / ALIGNMENT_FLOATS * ALIGNMENT_FLOATS;
}

void parameter_list_clear(struct parameter_list *list)
{
	free(list->items);
	*list = (struct parameter_list){0};
}

const struct parameter *parameter_list_find(const struct parameter_list *list, const char *name)
{
	for (int i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

struct parameter parameter_vector(const char *layer, const char *name, size_t length, float mean, float deviation)
{
	struct parameter parameter = {.dimensions = 1, .shape = {length}, .stride = {1}, .mean = mean, .deviation = deviation};
	snprintf(parameter.layer, sizeof parameter.layer, "%s", layer);
	snprintf(parameter.name, sizeof parameter.name, "%s.%s", layer, name);
	return parameter;
}

/* Walks in blocks of the outermost dimension, so that both sides are touched by whole cache lines. */
static void copy(const struct parameter *p, const float *from, float *to, bool import)
{
	size_t plane = p->count / (p->shape[0] ? p->shape[0] : 1), inner = p->shape[2] * p->shape[3];
	for (size_t first = 0; first < p->shape[0]; first += COPY_BLOCK) {
		size_t last = first + COPY_BLOCK < p->shape[0] ? first + COPY_BLOCK : p->shape[0];
		for (size_t rest = 0; rest < plane; rest++) {
			size_t place = rest / inner * p->stride[1] + rest / p->shape[3] % p->shape[2] * p->stride[2] +
			               rest % p->shape[3] * p->stride[3];
			for (size_t i = first; i < last; i++) {
				size_t theirs = i * plane + rest, ours = i * p->stride[0] + place;
				to[import ? ours : theirs] = from[import ? theirs : ours];
			}
		}
	}
}

void parameter_export(const struct parameter *parameter, const float *ours, float *theirs)
{
	copy(parameter, ours, theirs, false);
}

void parameter_import(const struct parameter *parameter, const float *theirs, float *ours)
{
	copy(parameter, theirs, ours, true);
}

char *parameter_shape_text(const struct parameter *parameter, char *target, size_t size)
{
	size_t used = 0;
	target[0] = '\0';
	for (int i = 0; i < parameter->dimensions && used < size; i++)
		used += (size_t)snprintf(target + used, size - used, "%s%zu", i ? "x" : "", parameter->shape[i]);
	return target;
}
