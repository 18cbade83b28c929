/* Sample grids of several runs as one picture: a strip a run, its number at the left. Any thread. */
#ifndef QGAN_APP_COMPARISON_STRIPS_H
#define QGAN_APP_COMPARISON_STRIPS_H

#include "engine/base/image.h"

struct strip_source {
	const struct image *grid; /* borrowed; NULL: the run has no samples, its strip is empty */
	int tiles, columns;       /* pictures in it, in rows of so many */
};

/* The first pictures of every grid, equally many and equally large (small ones grow by whole multiples). NULL when there
 * is no grid at all, or memory is refused. */
struct image *strips_compose(const struct strip_source sources[], int count);

#endif
