/* The x axes of charts: a run's steps told in epochs, images or time. Plain arithmetic, no drawing, any thread. */
#ifndef QGAN_UI_CHART_CLOCK_H
#define QGAN_UI_CHART_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/series.h"
#include "ui/view.h"
#include "ui/widget_axis.h"

enum chart_unit { CHART_STEPS, CHART_EPOCHS, CHART_IMAGES, CHART_TIME, CHART_UNITS };

/* What one run's steps are worth. Zeroed: steps only. A forked run goes on counting where its ancestors were at the fork. */
struct chart_clock {
	double steps_per_epoch;       /* 0: not known */
	int batch;                    /* images a step; 0: not known */
	const struct series *own[CHART_UNITS];  /* what it has done, over steps, where no pace tells; borrowed; NULL or empty: not known */
	int64_t fork_step;            /* its own steps come after it */
	const struct series *past[CHART_UNITS]; /* what the ancestors had done, likewise */
};

struct chart_clock chart_clock_of(const struct view *view);
bool chart_clock_knows(const struct chart_clock *clock, enum chart_unit unit); /* NULL knows steps */

/* A step in a unit (steps, epochs, images, seconds) and back; between two known points by a straight line. What is not
 * known stays a step. */
double chart_clock_at(const struct chart_clock *clock, enum chart_unit unit, double step);
double chart_clock_step(const struct chart_clock *clock, enum chart_unit unit, double at);

/* An axis from `first` to `last` (in the unit; seconds are told in minutes, hours or days when there are many) with
 * whole steps and images, and what is written at it. */
struct chart_scale {
	enum chart_unit unit;
	double divisor;               /* axis value = value in the unit / divisor */
	const char *name;             /* "steps", "hours" */
	struct axis axis;
};
struct chart_scale chart_scale_between(enum chart_unit unit, double first, double last, double intervals);
bool chart_scale_counts(const struct chart_scale *scale); /* steps and images: its ticks are whole numbers */
double chart_scale_position(const struct chart_scale *scale, double at); /* 0..1 inside */
char *chart_scale_label(char *target, size_t size, const struct chart_scale *scale, double tick); /* of a tick; returns target */
char *chart_scale_value(char *target, size_t size, const struct chart_scale *scale, double at); /* of any place, without its unit */

#endif
