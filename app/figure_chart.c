#include "app/figure_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/figure_paint.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

const struct chart_kind chart_kinds[] = {
	{"loss", "Losses", "loss", {"loss/d", "loss/g"}, {"D", "G"}},
	{"outputs", "What D says", "P(real) by D, or a critic's score", {"d/real", "d/fake"}, {"D(x)", "D(G(z))"}},
	{"wasserstein", "Wasserstein estimate", "D(x) - D(G(z))", {"d/wasserstein"}, {"W"}},
	{"penalty", "Gradient penalty", "gradient penalty", {"d/penalty"}, {"penalty"}},
	{"gradients", "Gradient norms", "norm of the gradient", {"gradient/d", "gradient/g"}, {"D", "G"}, .log_scale = true},
	{"fid", "FID", "FID, lower is better", {"fid"}, {"FID"}, .scored = true},
	{"kid", "KID", "KID, lower is better", {"kid"}, {"KID"}, .scored = true},
	{"is", "Inception Score", "Inception Score, higher is better", {"is"}, {"IS"}, .scored = true},
	{"diversity", "Diversity of the samples", "diversity, real pictures = 1", {"samples/diversity"}, {"diversity"}},
	{"speed", "Speed", "pictures a second", {"speed/images_per_second"}, {"pictures/s"}},
	{0},
};

const struct chart_kind *chart_kind_find(const char *name)
{
	for (const struct chart_kind *kind = chart_kinds; kind->name; kind++)
		if (strcmp(kind->name, name) == 0)
			return kind;
	return NULL;
}

enum {
	LEFT = 96, RIGHT = 44, TOP = 62, BOTTOM = 62, LEGEND_LINE = 24, LEGEND_GAP = 26, PEN_LENGTH = 34, PEN_GAP = 8,
	FEW_POINTS = 120, /* fewer are drawn as they are, without a mean */
	END_LABEL_HEIGHT = 15,
};
static const double SMOOTHED_SHARE = 1.0 / 50, RAW_OPACITY = 0.28, OUTLIERS = 0.01;

/* One curve, gathered into columns of one pixel. */
struct column {
	double sum, min, max;
	int64_t points;
};

struct line {
	const struct run_curves *curves;
	int column, run, which;
	bool before;            /* of the ancestors */
	double *places;         /* of the rows on the x axis; owned */
	struct column *columns; /* one a pixel of the box; owned */
	double *means;          /* NaN where nothing is near; owned */
	size_t points;
	double last;
};

struct drawing {
	cairo_t *cairo;
	const struct figure_chart *chart;
	struct line lines[FIGURE_CHART_RUNS * CHART_KIND_LINES];
	int line_count, pixels;
	const char *scores_of;      /* a chart of scores: what all of them depend on */
	int left_out;               /* runs that were scored otherwise */
	struct paint_box box;
	struct chart_scale across;
	struct axis values;
};

static bool usable(const struct drawing *drawing, double value)
{
	return isfinite(value) && (!drawing->values.logarithmic || value > 0);
}

/* ---- gathering ---- */

/* Scores of different recipes must not share a scale. */
static bool takes_part(struct drawing *drawing, const struct run_curves *curves)
{
	if (!drawing->chart->kind->scored)
		return true;
	if (!drawing->scores_of && *curves->scores_of)
		drawing->scores_of = curves->scores_of;
	if (drawing->scores_of && strcmp(drawing->scores_of, curves->scores_of) == 0)
		return true;
	drawing->left_out += *curves->scores_of != '\0';
	return false;
}

/* Of a single run, what it was forked from: behind its own lines. */
static void add_before(struct drawing *drawing)
{
	const struct figure_chart *chart = drawing->chart;
	const struct run_curves *before = chart->run_count == 1 ? chart->runs[0].before : NULL;
	for (int which = 0; before && before->count > 0 && which < CHART_KIND_LINES && chart->kind->columns[which]; which++) {
		int column = run_curves_find(before, chart->kind->columns[which]);
		if (column >= 0)
			drawing->lines[drawing->line_count++] =
				(struct line){.curves = before, .column = column, .which = which, .before = true, .last = NAN};
	}
}

static void add_lines(struct drawing *drawing)
{
	add_before(drawing);
	const struct figure_chart *chart = drawing->chart;
	for (int run = 0; run < chart->run_count; run++) {
		const struct run_curves *curves = chart->runs[run].curves;
		bool takes = takes_part(drawing, curves);
		for (int which = 0; takes && which < CHART_KIND_LINES && chart->kind->columns[which]; which++) {
			int column = run_curves_find(curves, chart->kind->columns[which]);
			if (column >= 0)
				drawing->lines[drawing->line_count++] =
					(struct line){.curves = curves, .column = column, .run = run, .which = which, .last = NAN};
		}
	}
}

bool figure_chart_has_values(const struct figure_chart *chart)
{
	struct drawing drawing = {.chart = chart};
	add_lines(&drawing);
	for (int i = 0; i < drawing.line_count; i++)
		for (size_t row = 0; row < drawing.lines[i].curves->count; row++)
			if (isfinite(run_curves_value(drawing.lines[i].curves, row, drawing.lines[i].column)))
				return true;
	return false;
}

/* From nothing to the end of the line that reaches farthest. */
static void choose_across(struct drawing *drawing)
{
	double last = 0;
	for (int i = 0; i < drawing->line_count; i++) {
		struct line *line = &drawing->lines[i];
		line->places = memory_zeroed(line->curves->count + 1, sizeof *line->places);
		run_curves_place(line->curves, drawing->chart->over, line->places);
		for (size_t row = 0; row < line->curves->count; row++)
			last = fmax(last, line->places[row]); /* NaN loses */
	}
	drawing->across = chart_scale_between(drawing->chart->over, 0, last > 0 ? last : 1, 10);
}

static void gather(struct drawing *drawing, struct line *line)
{
	line->columns = memory_zeroed((size_t)drawing->pixels, sizeof *line->columns);
	for (size_t row = 0; row < line->curves->count; row++) {
		double value = run_curves_value(line->curves, row, line->column);
		double place = chart_scale_position(&drawing->across, line->places[row]) * (drawing->pixels - 1);
		if (!isfinite(value) || !(place >= 0))
			continue;
		struct column *column = &line->columns[(int)(place + 0.5)];
		column->min = column->points ? fmin(column->min, value) : value;
		column->max = column->points ? fmax(column->max, value) : value;
		column->sum += value;
		column->points++;
		line->points++;
		line->last = value;
	}
}

/* The mean of what lies around each column that has a point. */
static void smooth(struct drawing *drawing, struct line *line)
{
	int reach = line->points > FEW_POINTS ? (int)(drawing->pixels * SMOOTHED_SHARE / 2) : 0;
	line->means = memory_zeroed((size_t)drawing->pixels, sizeof *line->means);
	double sum = 0;
	int64_t points = 0;
	for (int enters = 0, leaves = -2 * reach - 1, at = -reach; at < drawing->pixels; enters++, leaves++, at++) {
		if (enters < drawing->pixels) {
			sum += line->columns[enters].sum;
			points += line->columns[enters].points;
		}
		if (leaves >= 0) {
			sum -= line->columns[leaves].sum;
			points -= line->columns[leaves].points;
		}
		if (at >= 0)
			line->means[at] = line->columns[at].points > 0 && points > 0 ? sum / (double)points : NAN;
	}
}

/* ---- the scale ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

struct range { double low, high; };

/* All means, and what the columns reach but for the utmost hundredth: one spike does not press the rest flat. */
static struct range find_range(const struct drawing *drawing)
{
	size_t count = 0;
	double *reaches = memory_zeroed(2 * (size_t)drawing->line_count * (size_t)drawing->pixels + 1, sizeof *reaches);
	struct range range = {INFINITY, -INFINITY};
	for (int i = 0; i < drawing->line_count; i++)
		for (int at = 0; at < drawing->pixels; at++) {
			const struct column *column = &drawing->lines[i].columns[at];
			if (column->points == 0)
				continue;
			reaches[count++] = column->min;
			reaches[count++] = column->max;
			range.low = fmin(range.low, drawing->lines[i].means[at]);
			range.high = fmax(range.high, drawing->lines[i].means[at]);
		}
	qsort(reaches, count, sizeof *reaches, by_value);
	size_t left_out = count > FEW_POINTS ? (size_t)((double)count * OUTLIERS) : 0;
	if (count > 0) {
		range.low = fmin(range.low, reaches[left_out]);
		range.high = fmax(range.high, reaches[count - 1 - left_out]);
	}
	free(reaches);
	return range;
}

static void choose_values(struct drawing *drawing)
{
	const struct chart_kind *kind = drawing->chart->kind;
	struct range range = find_range(drawing);
	if (kind->high > kind->low)
		drawing->values = axis_between(kind->low, kind->high, 5, false);
	else if (kind->log_scale && range.low > 0)
		drawing->values = axis_for_magnitudes(range.low, range.high, 6);
	else
		drawing->values = axis_for_values(range.low, range.high, 6);
}

/* ---- lines ---- */

/* Told apart by every kind of eye (Okabe and Ito), dark enough for white paper. */
static void choose_pen(const struct drawing *drawing, const struct line *line, double opacity)
{
	static const double colours[FIGURE_CHART_RUNS][3] = {
		{0, 0.447, 0.698}, {0.835, 0.369, 0}, {0, 0.62, 0.451}, {0.8, 0.475, 0.655}, {0.902, 0.624, 0}, {0.337, 0.706, 0.914},
		{0.35, 0.35, 0.35}, {0.6, 0.5, 0},
	};
	static const double dashes[][4] = {{0}, {7, 4}, {2, 3}, {9, 3, 2, 3}};
	static const int lengths[] = {0, 2, 2, 4};
	bool single = drawing->chart->run_count == 1, one_line = !drawing->chart->kind->columns[1];
	static const double grey[3] = {0.5, 0.5, 0.5};
	const double *colour = line->before ? grey : colours[single ? line->which : line->run];
	int dash = one_line && !single ? line->run % 4 : line->which;
	cairo_set_source_rgba(drawing->cairo, colour[0], colour[1], colour[2], opacity);
	cairo_set_dash(drawing->cairo, dashes[dash], opacity < 1 ? 0 : lengths[dash], 0);
}

static double x_of(const struct drawing *drawing, int column) { return drawing->box.left + column; }

static double y_of(const struct drawing *drawing, double value)
{
	return paint_bottom(&drawing->box) - axis_position(&drawing->values, value) * drawing->box.height;
}

static void paint_raw(struct drawing *drawing, const struct line *line)
{
	choose_pen(drawing, line, RAW_OPACITY);
	cairo_set_line_width(drawing->cairo, 1);
	for (int at = 0; at < drawing->pixels; at++) {
		const struct column *column = &line->columns[at];
		if (column->points == 0 || !usable(drawing, column->min))
			continue;
		cairo_line_to(drawing->cairo, x_of(drawing, at), y_of(drawing, column->min));
		cairo_line_to(drawing->cairo, x_of(drawing, at), y_of(drawing, column->max));
	}
	cairo_stroke(drawing->cairo);
}

static void paint_mean(struct drawing *drawing, const struct line *line)
{
	choose_pen(drawing, line, 1);
	cairo_set_line_width(drawing->cairo, 2);
	for (int at = 0; at < drawing->pixels; at++)
		if (usable(drawing, line->means[at]))
			cairo_line_to(drawing->cairo, x_of(drawing, at), y_of(drawing, line->means[at]));
	cairo_stroke(drawing->cairo);
	for (int at = 0; line->points <= FEW_POINTS && at < drawing->pixels; at++) /* measured there, and nowhere between */
		if (usable(drawing, line->means[at]))
			cairo_rectangle(drawing->cairo, x_of(drawing, at) - 2.5, y_of(drawing, line->means[at]) - 2.5, 5, 5);
	cairo_fill(drawing->cairo);
}

static void paint_lines(struct drawing *drawing)
{
	cairo_save(drawing->cairo);
	cairo_rectangle(drawing->cairo, drawing->box.left, drawing->box.top - 1, drawing->box.width + 1, drawing->box.height + 2);
	cairo_clip(drawing->cairo);
	cairo_set_line_join(drawing->cairo, CAIRO_LINE_JOIN_ROUND);
	for (int i = 0; i < drawing->line_count; i++)
		if (drawing->lines[i].points > FEW_POINTS)
			paint_raw(drawing, &drawing->lines[i]);
	for (int i = 0; i < drawing->line_count; i++)
		paint_mean(drawing, &drawing->lines[i]);
	cairo_restore(drawing->cairo);
}

/* ---- words ---- */

/* The run's number where its line ends; labels that would lie on one another are moved apart downwards. */
struct end_label { double x, y; int run; };

static int by_height(const void *a, const void *b)
{
	const struct end_label *x = a, *y = b;
	return (x->y > y->y) - (x->y < y->y);
}

static int find_ends(const struct drawing *drawing, struct end_label labels[])
{
	int count = 0;
	for (int i = 0; i < drawing->line_count; i++) {
		const struct line *line = &drawing->lines[i];
		for (int at = drawing->pixels - 1; at >= 0; at--)
			if (usable(drawing, line->means[at])) {
				double y = fmax(fmin(y_of(drawing, line->means[at]), paint_bottom(&drawing->box)), drawing->box.top);
				labels[count++] = (struct end_label){x_of(drawing, at) + 6, y + 4, line->run};
				break;
			}
	}
	qsort(labels, (size_t)count, sizeof *labels, by_height);
	return count;
}

static void paint_ends(struct drawing *drawing)
{
	struct end_label labels[FIGURE_CHART_RUNS * CHART_KIND_LINES];
	int count = drawing->chart->run_count > 1 ? find_ends(drawing, labels) : 0;
	for (int i = 0; i < count; i++) {
		char number[16];
		if (i > 0 && labels[i].y < labels[i - 1].y + END_LABEL_HEIGHT && fabs(labels[i].x - labels[i - 1].x) < RIGHT)
			labels[i].y = labels[i - 1].y + END_LABEL_HEIGHT;
		snprintf(number, sizeof number, "%d", labels[i].run + 1);
		paint_text(drawing->cairo, labels[i].x, labels[i].y,
		           (struct paint_style){.size = PAINT_TINY, .colour = PAINT_INK, .bold = true, .halo = true}, number);
	}
}

/* Where a step lies by the rows around it; NaN: outside of all. */
static double place_of_step(const struct line *line, int64_t step)
{
	const struct run_curves *curves = line->curves;
	for (size_t row = 0; row < curves->count; row++) {
		if (curves->steps[row] < step)
			continue;
		double span = row > 0 ? (double)(curves->steps[row] - curves->steps[row - 1]) : 0;
		double share = span > 0 ? (double)(step - curves->steps[row - 1]) / span : 1;
		return row == 0 && curves->steps[row] > step ? NAN :
		       share * line->places[row] + (share < 1 ? (1 - share) * line->places[row - 1] : 0);
	}
	return NAN;
}

/* On the run's own line, on that of its ancestors, or between the two. */
static double place_of_mark(const struct drawing *drawing, int64_t step)
{
	for (int i = drawing->line_count - 1; i >= 0; i--) {
		double place = place_of_step(&drawing->lines[i], step);
		if (isfinite(place))
			return place;
	}
	for (int i = 0; i < drawing->line_count; i++) /* a fork, before the first point that came after it */
		if (!drawing->lines[i].before && drawing->lines[i].curves->count > 0 && drawing->lines[i].curves->steps[0] >= step)
			return drawing->lines[i].places[0];
	return NAN;
}

static void paint_marks(struct drawing *drawing)
{
	const struct figure_chart *chart = drawing->chart;
	double free_from = 0; /* a label that would lie on the one before is left out; its line stays */
	for (int i = 0; chart->run_count == 1 && i < chart->mark_count; i++) {
		double place = chart_scale_position(&drawing->across, place_of_mark(drawing, chart->marks[i].step));
		double x = floor(drawing->box.left + place * drawing->box.width) + 0.5;
		if (!(place >= 0 && place <= 1))
			continue;
		paint_dashes(drawing->cairo, x, drawing->box.top, x, paint_bottom(&drawing->box), PAINT_QUIET);
		struct paint_style style = {.size = PAINT_TINY, .colour = PAINT_QUIET, .halo = true};
		if (x < free_from)
			continue;
		paint_text(drawing->cairo, x + 4, drawing->box.top + 12, style, chart->marks[i].label);
		free_from = x + 8 + paint_text_width(drawing->cairo, style, chart->marks[i].label);
	}
}

static void name_line(const struct drawing *drawing, const struct line *line, char *target, size_t size)
{
	char last[32];
	const struct chart_kind *kind = drawing->chart->kind;
	snprintf(last, sizeof last, "%.4g", line->last);
	if (drawing->chart->run_count == 1)
		snprintf(target, size, "%s, last %s", kind->labels[line->which], isfinite(line->last) ? last : "unknown");
	else
		snprintf(target, size, "%d  %s%s%s, last %s", line->run + 1, drawing->chart->runs[line->run].name,
		         kind->columns[1] ? "  " : "", kind->columns[1] ? kind->labels[line->which] : "",
		         isfinite(line->last) ? last : "unknown");
}

/* Draws the legend, or (paint false) counts its lines. */
static int paint_legend(struct drawing *drawing, bool paint)
{
	const struct paint_style style = {.size = PAINT_SMALL, .colour = PAINT_INK};
	double x = LEFT;
	int row = 0;
	for (int i = 0; i < drawing->line_count; i++) {
		char name[160];
		if (drawing->lines[i].before)
			continue;
		name_line(drawing, &drawing->lines[i], name, sizeof name);
		double width = PEN_LENGTH + PEN_GAP + paint_text_width(drawing->cairo, style, name);
		if (x > LEFT && x + width > FIGURE_CHART_WIDTH - RIGHT) {
			x = LEFT;
			row++;
		}
		double y = TOP + LEGEND_LINE * row;
		if (paint) {
			choose_pen(drawing, &drawing->lines[i], 1);
			cairo_set_line_width(drawing->cairo, 2.5);
			cairo_move_to(drawing->cairo, x, y - 5);
			cairo_line_to(drawing->cairo, x + PEN_LENGTH, y - 5);
			cairo_stroke(drawing->cairo);
			cairo_set_dash(drawing->cairo, NULL, 0, 0);
			paint_text(drawing->cairo, x + PEN_LENGTH + PEN_GAP, y, style, name);
		}
		x += width + LEGEND_GAP;
	}
	return row + 1;
}

static void paint_title(struct drawing *drawing)
{
	const struct figure_chart *chart = drawing->chart;
	struct text title = {0}, note = {0};
	bool smoothed = false;
	for (int i = 0; i < drawing->line_count; i++)
		smoothed |= drawing->lines[i].points > FEW_POINTS;
	text_format(&title, "%s%s%s", chart->kind->title, chart->run_count == 1 ? ": " : "",
	            chart->run_count == 1 ? chart->runs[0].name : "");
	paint_text(drawing->cairo, LEFT, 34, (struct paint_style){.size = PAINT_TITLE, .colour = PAINT_INK, .bold = true}, title.bytes);
	if (smoothed)
		text_format(&note, "mean over %.3g %s; every value behind it", drawing->across.axis.high * SMOOTHED_SHARE, drawing->across.name);
	if (smoothed)
		paint_text(drawing->cairo, FIGURE_CHART_WIDTH - RIGHT, 34,
		           (struct paint_style){.size = PAINT_TINY, .align = PAINT_RIGHT, .colour = PAINT_QUIET}, note.bytes);
	text_clear(&title);
	text_clear(&note);
}

/* At the foot: what scores depend on, and who is not there for having been scored otherwise. */
static void paint_recipe(struct drawing *drawing)
{
	struct text words = {0};
	if (!drawing->scores_of)
		return;
	text_format(&words, "%s", drawing->scores_of);
	if (drawing->left_out)
		text_format(&words, "; %d run%s scored otherwise: not shown", drawing->left_out, drawing->left_out == 1 ? "" : "s");
	paint_text(drawing->cairo, LEFT, FIGURE_CHART_HEIGHT - 14, (struct paint_style){.size = PAINT_TINY, .colour = PAINT_QUIET},
	           words.bytes);
	text_clear(&words);
}

/* ---- the picture ---- */

static void paint_chart(struct drawing *drawing)
{
	paint_set_colour(drawing->cairo, PAINT_PAPER);
	cairo_paint(drawing->cairo);
	add_lines(drawing);
	choose_across(drawing);
	drawing->pixels = FIGURE_CHART_WIDTH - LEFT - RIGHT;
	for (int i = 0; i < drawing->line_count; i++) {
		gather(drawing, &drawing->lines[i]);
		smooth(drawing, &drawing->lines[i]);
	}
	double top = TOP + LEGEND_LINE * paint_legend(drawing, false);
	drawing->box = (struct paint_box){LEFT, top, drawing->pixels - 1, FIGURE_CHART_HEIGHT - BOTTOM - top};
	choose_values(drawing);
	paint_title(drawing);
	paint_legend(drawing, true);
	paint_recipe(drawing);
	paint_left_scale(drawing->cairo, &drawing->box, &drawing->values, drawing->chart->kind->axis);
	paint_marks(drawing);
	paint_lines(drawing);
	paint_ends(drawing);
	bool counts = chart_scale_counts(&drawing->across);
	(counts ? paint_bottom_scale : paint_bottom_axis)(drawing->cairo, &drawing->box, &drawing->across.axis, drawing->across.name);
	for (int i = 0; i < drawing->line_count; i++) {
		free(drawing->lines[i].places);
		free(drawing->lines[i].columns);
		free(drawing->lines[i].means);
	}
}

static void paint_in(cairo_t *cairo, void *chart)
{
	struct drawing drawing = {.cairo = cairo, .chart = chart};
	paint_chart(&drawing);
}

bool figure_chart_write_png(const struct figure_chart *chart, const char *path, struct error *error)
{
	struct figure_chart copy = *chart;
	return paint_write_png(FIGURE_CHART_WIDTH, FIGURE_CHART_HEIGHT, paint_in, &copy, path, error);
}
