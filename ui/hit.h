/* Where the mouse means something: rectangles recorded while a frame is drawn, each with the actions it stands for, so
 * that everything the mouse does a key does. Later ones lie over earlier ones. Plain data; main thread. */
#ifndef QGAN_UI_HIT_H
#define QGAN_UI_HIT_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/action.h"

struct rect {
	int x, y, width, height;
};

struct hit {
	struct rect cells;       /* on the whole canvas */
	enum action click, twice; /* pressed once, twice; ACTION_NONE: nothing */
	enum action up, down;    /* the wheel */
	enum action drag, drop;  /* moved with the button held; then let go. Without them a drag is a click */
	uint32_t key;            /* a click is this key (keymap.h) instead; 0: none */
	int value;               /* handed on: which row, which column */
	double low, high;        /* a chart: its x axis at the left and the right edge */
};

enum { HITS = 512 };
struct hits {
	struct hit items[HITS];  /* more are left out */
	int count;
};

void hits_clear(struct hits *hits);
void hits_add(struct hits *hits, const struct hit *hit); /* NULL hits: nobody wants to know */
const struct hit *hits_at(const struct hits *hits, int x, int y); /* the uppermost; NULL: none */

/* What the mouse is on, for the screen that handles one of its actions. */
struct pointer {
	int value;               /* of the hit */
	double from, at;         /* a chart: its x where the button went down, and where the mouse is now */
};

/* The place on a chart's axis of column x; outside the hit its nearest edge. */
double hit_place(const struct hit *hit, int x);

#endif
