/* A line made of short pieces that leaves pieces out when it is too narrow, the least important first. */
#ifndef QGAN_UI_WIDGET_SEGMENTS_H
#define QGAN_UI_WIDGET_SEGMENTS_H

#include "ui/canvas.h"

enum { SEGMENTS_MAX = 16, SEGMENT_TEXT = 160 };

struct segment {
	char text[SEGMENT_TEXT];
	enum theme_role role;
	int attributes;
	int priority;    /* 0: never left out; the highest number goes first */
	int bar;         /* > 0: instead of text a progress bar of so many columns ... */
	double fraction; /* ... filled so far */
};

struct segments {
	struct segment items[SEGMENTS_MAX];
	int count, gap;  /* gap: blanks between pieces */
};

/* Appends a piece (an empty text appends nothing). */
void segments_add(struct segments *segments, int priority, enum theme_role role, int attributes, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void segments_add_bar(struct segments *segments, int priority, int columns, double fraction);

int segments_width(const struct segments *segments);

/* Leaves out pieces until the rest fits into `width` columns (or only priority 0 is left). */
void segments_fit(struct segments *segments, int width);

/* Draws from x on; returns the columns used. */
int segments_draw(struct canvas *canvas, int x, int y, const struct segments *segments);

#endif
