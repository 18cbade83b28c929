#include "ui/widget_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/widget_plot.h"

enum {
	LABEL_SIZE = 24,
	ROWS_PER_TICK = 2,     /* at least: labels never touch */
	MAX_INTERVALS = 8,
	COLUMNS_PER_TICK = 12,
	COLUMNS_PER_MARK = 5,  /* more marks than that are drawn only where their names fit */
	LINE_MARK_EVERY = 24,  /* columns between the marks on a line */
	SCALE_MIN_WIDTH = 16,  /* narrower: no scale at the left */
	AXIS_MIN_HEIGHT = 4,   /* lower: no steps below */
	VERTICAL_DOTS = 0x250A, TICK = 0x2534, ARROW_UP = 0x25B4, ARROW_DOWN = 0x25BE,
};
static const double OUTLIERS = 0.02; /* of the columns may reach beyond the scale, either way */

struct layout {
	struct canvas plot;
	struct axis values, steps;
	int scale_width; /* columns left of the vertical line, 0: no scale */
	bool axis_below;
};

static bool step_range(const struct chart *chart, int64_t *first, int64_t *last)
{
	bool any = false;
	for (int i = 0; i < chart->line_count; i++) {
		const struct series *series = chart->lines[i].series;
		if (!series->count)
			continue;
		int64_t from = series->buckets[0].first_step, to = series->buckets[series->count - 1].last_step;
		*first = any && *first < from ? *first : from;
		*last = any && *last > to ? *last : to;
		any = true;
	}
	if (any && *first > 0 && *first <= *last / 4)
		*first = 0;
	return any;
}

static int compare_floats(const void *left, const void *right)
{
	float a = *(const float *)left, b = *(const float *)right;
	return (a > b) - (a < b);
}

/* What the scale must hold: every mean, and all reaches but the outermost OUTLIERS. */
struct extent {
	double low, high;
	float *lows, *highs; /* one a filled column, owned */
	int count;
};

static void extend(struct extent *extent, const struct plot_column *columns, int count, bool positive_only, bool means_only)
{
	for (int x = 0; x < count; x++) {
		float mean = columns[x].points ? (float)(columns[x].sum / (double)columns[x].points) : NAN;
		if (!isfinite(mean) || (positive_only && !(mean > 0)))
			continue;
		extent->low = fmin(extent->low, mean);
		extent->high = fmax(extent->high, mean);
		float min = means_only ? mean : columns[x].min, max = means_only ? mean : columns[x].max;
		extent->lows[extent->count] = !isfinite(min) || (positive_only && !(min > 0)) ? mean : min;
		extent->highs[extent->count++] = isfinite(max) ? max : mean;
	}
}

static bool value_extent(const struct chart *chart, const struct axis *steps, struct plot_column *columns, int count,
	bool positive_only, double *low, double *high)
{
	size_t room = (size_t)count * (size_t)chart->line_count;
	struct extent extent = {INFINITY, -INFINITY, memory_zeroed(room, sizeof(float)), memory_zeroed(room, sizeof(float)), 0};
	for (int i = 0; i < chart->line_count; i++) {
		plot_gather(chart->lines[i].series, steps, columns, count);
		extend(&extent, columns, count, positive_only, chart->means_only);
	}
	if (extent.count) {
		qsort(extent.lows, (size_t)extent.count, sizeof(float), compare_floats);
		qsort(extent.highs, (size_t)extent.count, sizeof(float), compare_floats);
		int outside = (int)(extent.count * OUTLIERS);
		*low = fmin(extent.low, extent.lows[outside]);
		*high = fmax(extent.high, extent.highs[extent.count - 1 - outside]);
	}
	free(extent.lows);
	free(extent.highs);
	return extent.count > 0;
}

static struct axis choose_values(const struct chart *chart, const struct axis *steps, struct plot_column *columns, int count,
	int rows)
{
	double intervals = fmax(1, fmin(MAX_INTERVALS, (rows - 1.0) / ROWS_PER_TICK));
	double low = 0, high = 1;
	if (chart->low < chart->high)
		return axis_between(chart->low, chart->high, intervals, false);
	if (chart->log_scale && value_extent(chart, steps, columns, count, true, &low, &high))
		return axis_for_magnitudes(low, high, intervals);
	value_extent(chart, steps, columns, count, false, &low, &high);
	return axis_for_values(low, high, intervals);
}

static int widest_label(const struct axis *axis)
{
	int widest = 0;
	char label[LABEL_SIZE];
	for (int i = 0; i < axis->tick_count; i++) {
		int width = (int)strlen(axis_label(label, sizeof label, axis, axis->ticks[i]));
		widest = width > widest ? width : widest;
	}
	return widest;
}

/* The label of a tick goes where a value of that height is drawn: the cell that holds its dot. */
static int tick_row(const struct layout *layout, int rows, double value)
{
	int down = layout->plot.unicode ? 4 : 1, last = rows * down - 1;
	return (int)lround(last * (1 - axis_position(&layout->values, value))) / down;
}

static int step_column(const struct layout *layout, double step)
{
	int across = layout->plot.unicode ? 2 : 1, last = layout->plot.clip.width * across - 1;
	return (int)lround(last * axis_position(&layout->steps, step)) / across;
}

static void draw_scale(struct canvas *canvas, const struct layout *layout)
{
	int rows = layout->plot.clip.height, x = layout->scale_width;
	char label[LABEL_SIZE];
	canvas_fill(canvas, (struct rect){x, 0, 1, rows}, 0x2502, ROLE_FRAME, 0);
	for (int i = 0, last = rows + 1; i < layout->values.tick_count; i++) {
		int y = tick_row(layout, rows, layout->values.ticks[i]);
		if (last - y < ROWS_PER_TICK && rows > ROWS_PER_TICK)
			continue;
		last = y;
		canvas_text_right(canvas, x - 1, y, ROLE_QUIET, 0, axis_label(label, sizeof label, &layout->values, layout->values.ticks[i]));
		canvas_put(canvas, x, y, 0x2524, ROLE_FRAME, 0);
	}
}

/* Labels centred under their ticks, the ends pushed inside, none touching the one before or the unit at the right. */
static void draw_step_labels(struct canvas *row, const struct layout *layout, int offset)
{
	static const char unit[] = "steps";
	int free_from = 0, end = row->clip.width;
	char label[LABEL_SIZE];
	if (row->clip.width >= 24) {
		end -= (int)sizeof unit;
		canvas_text(row, end + 1, 0, ROLE_QUIET, 0, unit);
	}
	for (int i = 0; i < layout->steps.tick_count; i++) {
		axis_step_label(label, sizeof label, &layout->steps, layout->steps.ticks[i]);
		int width = (int)strlen(label), x = offset + step_column(layout, layout->steps.ticks[i]) - width / 2;
		x = x < free_from ? free_from : x;
		if (x + width > end || x > offset + step_column(layout, layout->steps.ticks[i]))
			continue;
		canvas_text(row, x, 0, ROLE_QUIET, 0, label);
		free_from = x + width + 1;
	}
}

static void draw_axis_below(struct canvas *canvas, const struct layout *layout)
{
	int rows = layout->plot.clip.height, offset = canvas->clip.width - layout->plot.clip.width;
	canvas_fill(canvas, (struct rect){offset, rows, layout->plot.clip.width, 1}, 0x2500, ROLE_FRAME, 0);
	if (offset > 0)
		canvas_put(canvas, offset - 1, rows, 0x2514, ROLE_FRAME, 0);
	for (int i = 0; i < layout->steps.tick_count; i++)
		canvas_put(canvas, offset + step_column(layout, layout->steps.ticks[i]), rows, TICK, ROLE_FRAME, 0);
	struct canvas labels = canvas_part(canvas, (struct rect){0, rows + 1, canvas->clip.width, 1});
	draw_step_labels(&labels, layout, offset);
}

/* Faint points where the ticks cross, as on an oscilloscope. */
static void draw_graticule(struct layout *layout)
{
	for (int i = 0; i < layout->values.tick_count; i++)
		for (int k = 0; k < layout->steps.tick_count; k++)
			canvas_put(&layout->plot, step_column(layout, layout->steps.ticks[k]),
				tick_row(layout, layout->plot.clip.height, layout->values.ticks[i]), 0xB7, ROLE_BAR_EMPTY, 0);
}

/* "D>2" is drawn with a real arrow where there is one. */
static void draw_mark_name(struct canvas *axis, int x, const char *label)
{
	for (; *label; label++)
		x += canvas_text(axis, x, 0, ROLE_MARK, 0, *label == '>' && axis->unicode ? "\xe2\x96\xb8" : (char[]){*label, 0});
}

/* Nothing is written there, nor right beside it (the mark's own column x apart). */
static bool is_free(const struct canvas *axis, const bool *taken, int left, int width, int x)
{
	if (left < 0 || left + width > axis->clip.width)
		return false;
	for (int i = left - 1; i <= left + width; i++)
		if (i >= 0 && i < axis->clip.width && i != x && taken[i])
			return false;
	return true;
}

/* To the right of the mark, else to the left, else nowhere. */
static bool name_mark(struct canvas *axis, bool *taken, int x, const char *label)
{
	int width = (int)strlen(label), left = is_free(axis, taken, x + 1, width, x) ? x + 1 : x - width;
	if (taken[x] || !width || !is_free(axis, taken, left, width, x))
		return false;
	for (int i = left; i < left + width; i++)
		taken[i] = true;
	taken[x] = true;
	draw_mark_name(axis, left, label);
	canvas_put(axis, x, 0, TICK, ROLE_MARK, 0);
	return true;
}

/* Newest first, so that when names collide the newest is readable. A crowd keeps only the lines that have a name. */
static void draw_marks(struct canvas *canvas, struct layout *layout, const struct chart *chart)
{
	struct canvas *plot = &layout->plot;
	struct canvas axis = canvas_part(canvas,
		(struct rect){canvas->clip.width - plot->clip.width, plot->clip.height, plot->clip.width, layout->axis_below});
	bool *taken = memory_zeroed((size_t)plot->clip.width, sizeof *taken);
	bool crowd = chart->mark_count > plot->clip.width / COLUMNS_PER_MARK;
	for (int i = chart->mark_count - 1; i >= 0; i--) {
		double position = axis_position(&layout->steps, (double)chart->marks[i].step);
		if (position < 0 || position > 1)
			continue;
		int x = step_column(layout, (double)chart->marks[i].step);
		bool named = axis.clip.height > 0 && name_mark(&axis, taken, x, chart->marks[i].label);
		if (!named && crowd)
			continue;
		if (!taken[x])
			canvas_put(&axis, x, 0, TICK, ROLE_MARK, 0);
		for (int y = 0; y < plot->clip.height; y++)
			canvas_put(plot, x, y, VERTICAL_DOTS, ROLE_MARK, CELL_DIM);
	}
	free(taken);
}

struct cell_of {
	int line;      /* whose colour the cell takes */
	uint8_t mask;
};

/* Dots of all lines in one cell; it takes the colour of the line with most of them. */
static struct cell_of gather_cell(const struct plot_dots *dots, int lines, size_t cell, bool reach)
{
	struct cell_of result = {0};
	int most = 0;
	for (int i = 0; i < lines; i++) {
		uint8_t mask = reach ? dots[i].reach[cell] : dots[i].line[cell];
		int count = __builtin_popcount(mask);
		if (count > most) {
			most = count;
			result.line = i;
		}
		result.mask |= mask;
	}
	return result;
}

static void draw_cells(struct layout *layout, const struct chart *chart, const struct plot_dots *dots, bool reach)
{
	static const char pens[] = {[CHART_SOLID] = '*', [CHART_DOTTED] = 'o', [CHART_DASHED] = '=', [CHART_DASH_DOTTED] = '-'};
	int columns = dots->columns, cells = columns * dots->rows;
	for (int cell = 0; cell < cells; cell++) {
		struct cell_of found = gather_cell(dots, chart->line_count, (size_t)cell, reach);
		const struct chart_line *line = &chart->lines[found.line];
		if (found.mask)
			canvas_put(&layout->plot, cell % columns, cell / columns,
				plot_character(dots, found.mask, reach ? ':' : line->mark ? line->mark : pens[line->pen]), line->role, reach ? CELL_DIM : 0);
	}
}

static void draw_arrows(struct layout *layout, enum theme_role role, const struct plot_dots *dots)
{
	for (int x = 0; x < dots->columns; x++) {
		if (dots->above[x])
			canvas_put(&layout->plot, x, 0, ARROW_UP, role, CELL_BOLD);
		if (dots->below[x])
			canvas_put(&layout->plot, x, dots->rows - 1, ARROW_DOWN, role, CELL_BOLD);
	}
}

/* The line's own mark on it, every so many columns, each line at columns of its own. */
static void draw_line_marks(struct layout *layout, const struct chart *chart, const struct plot_dots *dots,
	struct plot_column *columns, int index)
{
	const struct chart_line *line = &chart->lines[index];
	int last = -LINE_MARK_EVERY, first = (2 * index + 1) * LINE_MARK_EVERY / (2 * chart->line_count);
	plot_gather(line->series, &layout->steps, columns, dots->columns * dots->across);
	for (int x = first; x < dots->columns; x++) {
		const struct plot_column *column = &columns[x * dots->across];
		if (!column->points || x - last < LINE_MARK_EVERY)
			continue;
		int row = plot_row(dots, &layout->values, column->sum / (double)column->points);
		if (row >= 0 && row < dots->rows * dots->down)
			canvas_put(&layout->plot, x, row / dots->down, (uint32_t)line->mark, line->role, CELL_BOLD);
		last = x;
	}
}

/* From behind: reaches, marks, lines, arrows. */
static void draw_curves(struct canvas *canvas, struct layout *layout, const struct chart *chart, struct plot_column *columns,
	int count)
{
	struct plot_dots dots[CHART_MAX_LINES];
	for (int i = 0; i < chart->line_count; i++) {
		const struct chart_line *line = &chart->lines[i];
		plot_init(&dots[i], layout->plot.clip.width, layout->plot.clip.height, layout->plot.unicode);
		plot_gather(line->series, &layout->steps, columns, count);
		plot_draw(&dots[i], columns, &layout->values, (enum plot_pen)line->pen, i % 2);
	}
	if (!chart->means_only)
		draw_cells(layout, chart, dots, true);
	draw_marks(canvas, layout, chart);
	draw_cells(layout, chart, dots, false);
	for (int i = 0; i < chart->line_count; i++) {
		if (!chart->means_only)
			draw_arrows(layout, chart->lines[i].role, &dots[i]);
		if (chart->lines[i].mark)
			draw_line_marks(layout, chart, &dots[i], columns, i);
	}
	for (int i = 0; i < chart->line_count; i++)
		plot_clear(&dots[i]);
}

static void draw_empty(struct canvas *canvas, const char *text)
{
	int x = (canvas->clip.width - canvas_text_width(text)) / 2;
	canvas_text(canvas, x > 0 ? x : 0, canvas->clip.height / 2, ROLE_QUIET, 0, text);
}

/* The scale decides how wide the plot is, and the plot's width which values share a column: the scale is chosen for the
 * full width, which differs from the plot's by a few columns only. */
static struct layout lay_out(struct canvas *canvas, const struct chart *chart, struct plot_column *columns, int64_t first,
	int64_t last)
{
	int width = canvas->clip.width, height = canvas->clip.height;
	struct layout layout = {.axis_below = height >= AXIS_MIN_HEIGHT};
	int rows = layout.axis_below ? height - 2 : height;
	layout.steps = axis_between((double)first, (double)last, width / COLUMNS_PER_TICK, true);
	layout.values = choose_values(chart, &layout.steps, columns, width * (canvas->unicode ? 2 : 1), rows);
	layout.scale_width = width >= SCALE_MIN_WIDTH ? widest_label(&layout.values) : 0;
	int left = layout.scale_width ? layout.scale_width + 1 : 0;
	layout.plot = canvas_part(canvas, (struct rect){left, 0, width - left, rows});
	return layout;
}

void chart_draw(struct canvas *canvas, const struct chart *chart)
{
	int64_t first = 0, last = 0;
	if (canvas->clip.width < 1 || canvas->clip.height < 1)
		return;
	if (!step_range(chart, &first, &last)) {
		draw_empty(canvas, chart->empty ? chart->empty : "");
		return;
	}
	struct plot_column *columns = memory_zeroed((size_t)canvas->clip.width * 2, sizeof *columns);
	struct layout layout = lay_out(canvas, chart, columns, first, last);
	if (layout.scale_width)
		draw_scale(canvas, &layout);
	if (layout.axis_below)
		draw_axis_below(canvas, &layout);
	draw_graticule(&layout);
	draw_curves(canvas, &layout, chart, columns, layout.plot.clip.width * (canvas->unicode ? 2 : 1));
	free(columns);
}

static int legend_entry(struct canvas *canvas, int x, int y, const struct chart_line *line, bool draw)
{
	static const char *const pens[][2] = {
		[CHART_SOLID] = {"***", "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"},
		[CHART_DOTTED] = {"ooo", "\xe2\x94\x84\xe2\x94\x84\xe2\x94\x84"},
		[CHART_DASHED] = {"===", "\xe2\x95\x8c\xe2\x95\x8c\xe2\x95\x8c"},
		[CHART_DASH_DOTTED] = {"---", "\xe2\x94\x80\xc2\xb7\xe2\x94\x80"},
	};
	char value[LABEL_SIZE];
	text_loss(value, sizeof value, line->series->count ? line->series->last : NAN);
	if (!draw)
		return canvas_text_width(line->name) + 5 + (int)strlen(value);
	int used = canvas_text(canvas, x, y, line->role, CELL_BOLD, line->name) + 1;
	used += canvas_text(canvas, x + used, y, line->role, 0, pens[line->pen][canvas->unicode]) + 1;
	return used + canvas_text(canvas, x + used, y, ROLE_TEXT, 0, value);
}

int chart_draw_legend(struct canvas *canvas, int right_x, int y, int room, const struct chart *chart)
{
	enum { GAP = 3 };
	int shown = 0, width = 0;
	for (int i = 0; i < chart->line_count; i++) {
		int more = legend_entry(canvas, 0, 0, &chart->lines[i], false) + (i ? GAP : 0);
		if (width + more > room)
			break;
		width += more;
		shown++;
	}
	int x = right_x - width;
	for (int i = 0; i < shown; i++)
		x += legend_entry(canvas, x, y, &chart->lines[i], true) + GAP;
	return width;
}
