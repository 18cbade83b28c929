#include "ui/widget_axis.h"

#include <math.h>
#include <stdio.h>

#include "engine/base/text.h"

static const double nice[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
enum { NICE = sizeof nice / sizeof *nice };

double axis_nice_step(double span, double intervals)
{
	double unit = pow(10, floor(log10(span / intervals)));
	for (int i = 0; i < NICE; i++)
		if (unit * nice[i] * intervals >= span * (1 - 1e-9))
			return unit * nice[i];
	return span;
}

static void add_tick(struct axis *axis, double value)
{
	double slack = (axis->high - axis->low) * 1e-9;
	if (axis->tick_count < AXIS_MAX_TICKS && value >= axis->low - slack && value <= axis->high + slack)
		axis->ticks[axis->tick_count++] = value;
}

static void add_linear_ticks(struct axis *axis)
{
	double first = ceil(axis->low / axis->step - 1e-9);
	for (int i = 0; i < AXIS_MAX_TICKS; i++) {
		double value = (first + i) * axis->step;
		add_tick(axis, value == 0 ? 0 : value);
	}
}

struct axis axis_between(double low, double high, double intervals, bool whole)
{
	struct axis axis = {.low = low, .high = high > low ? high : low + 1};
	axis.step = axis_nice_step(axis.high - axis.low, intervals < 1 ? 1 : intervals);
	if (whole && axis.step < 1)
		axis.step = 1;
	add_linear_ticks(&axis);
	return axis;
}

/* Equal or nearly equal ends would make a scale of rounding errors: give them room. */
static void make_room(double *low, double *high)
{
	double size = fmax(fabs(*low), fabs(*high));
	if (*high - *low > size * 1e-6)
		return;
	double room = size > 0 ? size * 0.1 : 1;
	*low -= room;
	*high += room;
}

enum { LIMIT_INTERVALS = 10 }; /* the range is rounded to a tenth: little is wasted and it seldom changes */

struct axis axis_for_values(double low, double high, double intervals)
{
	if (low > high) {
		double other = low;
		low = high;
		high = other;
	}
	make_room(&low, &high);
	if (low > 0 && low < 0.35 * high)
		low = 0;
	if (high < 0 && high > 0.35 * low)
		high = 0;
	double limit = axis_nice_step(high - low, LIMIT_INTERVALS);
	return axis_between(floor(low / limit + 1e-9) * limit, ceil(high / limit - 1e-9) * limit, intervals, false);
}

/* The next 1-2-5 number at or below (up false) or at or above value > 0. */
static double nice_magnitude(double value, bool up)
{
	double unit = pow(10, floor(log10(value) + 1e-9));
	double ratio = value / unit;
	if (up)
		return unit * (ratio <= 1 + 1e-9 ? 1 : ratio <= 2 + 1e-9 ? 2 : ratio <= 5 + 1e-9 ? 5 : 10);
	return unit * (ratio >= 5 - 1e-9 ? 5 : ratio >= 2 - 1e-9 ? 2 : 1);
}

/* Decades (every n-th when there are many); 1-2-5 inside them when there are few. */
static void add_decade_ticks(struct axis *axis, int intervals)
{
	int first = (int)floor(log10(axis->low) + 1e-9), last = (int)ceil(log10(axis->high) - 1e-9);
	int decades = last - first;
	bool inner = decades <= 2 || decades * 3 <= intervals;
	int stride = decades > intervals ? (decades + intervals - 1) / intervals : 1;
	for (int exponent = first; exponent <= last; exponent += stride)
		for (int i = 0; i < (inner ? 3 : 1); i++)
			add_tick(axis, nice[i] * pow(10, exponent));
}

struct axis axis_for_magnitudes(double low, double high, double intervals)
{
	if (high < low * (1 + 1e-6)) {
		low /= 1.5;
		high *= 1.5;
	}
	struct axis axis = {.low = nice_magnitude(low, false), .high = nice_magnitude(high, true), .logarithmic = true};
	add_decade_ticks(&axis, intervals < 1 ? 1 : (int)intervals);
	return axis;
}

double axis_position(const struct axis *axis, double value)
{
	if (!axis->logarithmic)
		return (value - axis->low) / (axis->high - axis->low);
	if (!(value > 0))
		return isnan(value) ? value : -1;
	return log(value / axis->low) / log(axis->high / axis->low);
}

/* Mantissa and exponent without padding: "2e-5", "1.2e8". */
static void scientific(char *target, size_t size, double value, int decimals)
{
	int exponent = (int)floor(log10(fabs(value)) + 1e-9);
	snprintf(target, size, "%.*fe%d", decimals, value / pow(10, exponent), exponent);
}

static int clamp_digits(double digits) { return digits < 0 ? 0 : digits > 7 ? 7 : (int)digits; }

char *axis_label(char *target, size_t size, const struct axis *axis, double value)
{
	double largest = fmax(fabs(axis->low), fabs(axis->high));
	double finest = axis->logarithmic ? value : axis->step;
	double unit = floor(log10(finest) + 1e-9);
	bool plain = axis->logarithmic ? value >= 1e-3 && value < 1e5 : largest >= 1e-3 && largest < 1e5;
	if (value == 0)
		snprintf(target, size, "0");
	else if (plain)
		snprintf(target, size, "%.*f", unit < 0 ? (int)fmin(-unit, 12) : 0, value);
	else
		scientific(target, size, value, clamp_digits(floor(log10(fabs(value)) + 1e-9) - unit));
	return target;
}

char *axis_step_label(char *target, size_t size, const struct axis *axis, double value)
{
	static const struct { double unit; char suffix; } units[] = {{1e12, 'T'}, {1e9, 'G'}, {1e6, 'M'}, {1e3, 'k'}};
	for (int i = 0; i < 4; i++) {
		/* one decimal at most, and only when it is exact */
		bool exact = fmod(value, units[i].unit / 10) == 0 && fmod(axis->step, units[i].unit / 10) == 0;
		if (value >= units[i].unit && exact) {
			snprintf(target, size, "%.*f%c", fmod(value, units[i].unit) != 0, value / units[i].unit, units[i].suffix);
			return target;
		}
	}
	return text_count(target, size, (int64_t)value);
}
