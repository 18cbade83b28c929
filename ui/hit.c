#include "ui/hit.h"

#include <stddef.h>

void hits_clear(struct hits *hits) { hits->count = 0; }

void hits_add(struct hits *hits, const struct hit *hit)
{
	if (hits && hits->count < HITS && hit->cells.width > 0 && hit->cells.height > 0)
		hits->items[hits->count++] = *hit;
}

static bool holds(const struct rect *cells, int x, int y)
{
	return x >= cells->x && x < cells->x + cells->width && y >= cells->y && y < cells->y + cells->height;
}

const struct hit *hits_at(const struct hits *hits, int x, int y)
{
	for (int i = hits->count - 1; i >= 0; i--)
		if (holds(&hits->items[i].cells, x, y))
			return &hits->items[i];
	return NULL;
}

double hit_place(const struct hit *hit, int x)
{
	int last = hit->cells.width - 1, column = x - hit->cells.x;
	column = column < 0 ? 0 : column > last ? last : column;
	return last > 0 ? hit->low + (hit->high - hit->low) * column / last : hit->low;
}
