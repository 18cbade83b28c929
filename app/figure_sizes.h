/* What a size buys: the best FID of runs against the packed bytes of their generators, with the front of those that no other
 * run beats in both, as a picture. Written whole or not at all. Any thread. */
#ifndef QGAN_APP_FIGURE_SIZES_H
#define QGAN_APP_FIGURE_SIZES_H

#include "store/store.h"

enum { FIGURE_SIZES_WIDTH = 1000, FIGURE_SIZES_HEIGHT = 620 };

struct figure_size {
	char name[RUN_NAME_SIZE];
	double bytes, fid, spread; /* spread NaN: no error bar */
	bool front;
};

struct figure_sizes { /* zeroed: no points */
	struct figure_size *points; /* owned */
	int count;
	char scores_of[STORE_TEXT_SIZE]; /* what all of them depend on: the first one's */
	int left_out; /* scored otherwise */
};

/* A run without a FID or a size is no point. */
void figure_sizes_add(struct figure_sizes *sizes, const struct run *run);
void figure_sizes_clear(struct figure_sizes *sizes);

/* There must be a point. Sorts them. */
bool figure_sizes_write_png(struct figure_sizes *sizes, const char *path, struct error *error);

#endif
