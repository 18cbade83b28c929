/* How charts are looked at: which part, over which x axis, how smooth, with a cursor or not. One struct for all charts of
 * a screen, so that what is done to one is done to all; plain data, kept by the screens. Main thread. */
#ifndef QGAN_UI_CHART_LOOK_H
#define QGAN_UI_CHART_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/action.h"
#include "ui/chart_clock.h"
#include "ui/hit.h"

/* How much of the smoothed value comes from before, a point; the first is none. */
extern const double chart_smoothings[];
extern const int chart_smoothing_count;

struct chart_look {          /* zeroed: everything over steps, linear and as it is */
	enum chart_unit unit;
	double first, last;      /* shown, in the unit; equal: everything there is */
	bool follows;            /* the range moves along with the newest point */
	bool log_scale;          /* of charts without a fixed scale */
	int smoothing;           /* index in chart_smoothings */
	bool cursor;
	double at;               /* the cursor's place, in the unit */
	bool marking;            /* the mouse is marking a range .. */
	double mark_from, mark_to; /* .. between these, in the unit */
	/* Left by the last frame: */
	double data_first, data_last; /* all there is, in the unit; equal: nothing */
	int columns;             /* of the widest plot: how far one key moves the cursor */
};

/* To be called before the charts of a frame are drawn: what there is of the run, in steps. Keeps range and cursor inside,
 * lets the range follow, and goes back to steps when the clock does not know the unit. */
void chart_look_cover(struct chart_look *look, const struct chart_clock *clock, int64_t first_step, int64_t last_step);

/* The same of several runs, each told by a clock of its own; the first one's decides which units there are. */
struct chart_span {
	const struct chart_clock *clock;
	int64_t first_step, last_step;
};
void chart_look_cover_all(struct chart_look *look, const struct chart_span spans[], int count);

/* Zoom, pan, fit, log scale, smoothing, cursor, x axis, and what the mouse does in a chart (`pointer`; NULL: a key).
 * False: not an action of charts. */
bool chart_look_act(struct chart_look *look, const struct chart_clock *clock, enum action action, const struct pointer *pointer);

bool chart_look_zoomed(const struct chart_look *look);
double chart_look_smoothing(const struct chart_look *look); /* 0: none; NULL is fine */

/* The shown range in steps, a little wider than it is: what a finer reading should hold. False: everything is shown. */
bool chart_look_steps(const struct chart_look *look, const struct chart_clock *clock, int64_t *first, int64_t *last);

#endif
