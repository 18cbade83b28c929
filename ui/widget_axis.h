/* Axes: ranges that end on round numbers (and so stay put while data grows), ticks at 1-2-5 steps, labels with just
 * the digits the tick distance needs. Pure arithmetic, no drawing. */
#ifndef QGAN_UI_WIDGET_AXIS_H
#define QGAN_UI_WIDGET_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AXIS_MAX_TICKS = 40 };

struct axis {
	double low, high;    /* values at the two ends; high > low, both finite */
	double step;         /* distance of ticks; 0 on a logarithmic axis */
	bool logarithmic;    /* low > 0 then */
	int tick_count;
	double ticks[AXIS_MAX_TICKS]; /* rising */
};

/* The smallest of 1, 2, 5 x 10^n that cuts `span` (> 0) into at most `intervals` (> 0, may be broken) pieces. */
double axis_nice_step(double span, double intervals);

/* An axis for values between low and high (finite, in any order), widened to round numbers, with at most `intervals`
 * tick distances. Equal values get room above and below; zero is included when it is near. */
struct axis axis_for_values(double low, double high, double intervals);

/* Logarithmic; low and high must be positive. */
struct axis axis_for_magnitudes(double low, double high, double intervals);

/* Exactly from low to high: a fixed scale such as 0..1, or training steps. whole: ticks at whole numbers only. */
struct axis axis_between(double low, double high, double intervals, bool whole);

double axis_position(const struct axis *axis, double value); /* 0 at low, 1 at high, outside beyond; NaN stays NaN */
char *axis_label(char *target, size_t size, const struct axis *axis, double value); /* returns target */

/* A step number for an axis: "950", "1,250", "2k", "1.5M", exact for whole ticks. */
char *axis_step_label(char *target, size_t size, const struct axis *axis, double value);

#endif
