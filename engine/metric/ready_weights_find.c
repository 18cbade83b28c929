#include <string.h>

#include "engine/metric/ready_weights.h"

/* Data sets without weights of their own look most like these: digits like clothes, photographs like photographs. */
static const struct {
	const char *data, *similar;
} similar[] = {
	{"mnist", "fashion-mnist"},
};
static const char otherwise[] = "cifar10";

const struct ready_weights *ready_weights_find(const char *data)
{
	for (const struct ready_weights *row = ready_weights; row->data; row++)
		if (!strcmp(row->data, data))
			return row;
	return NULL;
}

const struct ready_weights *ready_weights_for(const char *data_kind)
{
	const struct ready_weights *own = data_kind ? ready_weights_find(data_kind) : NULL;
	for (size_t i = 0; !own && data_kind && i < sizeof similar / sizeof *similar; i++)
		if (!strcmp(similar[i].data, data_kind))
			own = ready_weights_find(similar[i].similar);
	return own ? own : ready_weights_find(otherwise);
}
