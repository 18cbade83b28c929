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
	UNIT_MIN_WIDTH = 24,   /* narrower: the unit is not written */
	SCALE_MIN_WIDTH = 16,  /* narrower: no scale at the left */
	AXIS_MIN_HEIGHT = 4,   /* lower: no steps below */
	VERTICAL_DOTS = 0x250A, TICK = 0x2534, ARROW_UP = 0x25B4, ARROW_DOWN = 0x25BE,
};
static const double OUTLIERS = 0.02; /* of the columns may reach beyond the scale, either way */

struct layout {
	struct canvas plot;
	struct axis values;
	struct chart_scale across;
	int scale_width; /* columns left of the vertical line, 0: no scale */
	bool axis_below;
};

static enum chart_unit unit_of(const struct chart *chart) { return chart->look ? chart->look->unit : CHART_STEPS; }

static const struct chart_clock *clock_of(const struct chart *chart, const struct chart_line *line)
{
	return line->clock ? line->clock : chart->clock;
}

static struct plot_source source_of(const struct chart *chart, const struct chart_line *line)
{
	return (struct plot_source){.series = line->series, .detail = line->detail, .clock = clock_of(chart, line),
		.smoothing = line->sparse ? 0 : chart_look_smoothing(chart->look)};
}

static void widen(double *first, double *last, double from, double to, bool any)
{
	*first = any && *first < from ? *first : from;
	*last = any && *last > to ? *last : to;
}

/* From the beginning of the earliest line to the end of the latest; from 0 when that is near. */
static bool own_range(const struct chart *chart, double *first, double *last)
{
	bool any = false;
	for (int i = 0; i < chart->line_count; i++) {
		const struct series *series = chart->lines[i].series;
		const struct chart_clock *clock = clock_of(chart, &chart->lines[i]);
		if (!series->count)
			continue;
		widen(first, last, chart_clock_at(clock, unit_of(chart), (double)series->buckets[0].first_step),
			chart_clock_at(clock, unit_of(chart), (double)series->buckets[series->count - 1].last_step), any);
		any = true;
	}
	if (any && *first > 0 && *first <= *last / 4)
		*first = 0;
	return any;
}

/* What is shown: the look's range, all that the look covers, or all there is here. */
static bool shown_range(const struct chart *chart, double *first, double *last)
{
	const struct chart_look *look = chart->look;
	if (!own_range(chart, first, last))
		return false;
	if (look && look->data_last > look->data_first) {
		*first = look->data_first > 0 && look->data_first <= look->data_last / 4 ? 0 : look->data_first;
		*last = look->data_last;
	}
	if (look && chart_look_zoomed(look)) {
		*first = look->first;
		*last = look->last;
	}
	return true;
}

static int compare_floats(const void *left, const void *right)
{
	float a = *(const float *)left, b = *(const float *)right;
	return (a > b) - (a < b);
}

/* What the scale must hold: every mean but the score of noise, and all reaches but the outermost OUTLIERS. */
struct extent {
	double low, high;
	float *lows, *highs; /* one a filled column, owned */
	int count;
};

static float column_mean(const struct plot_column *column)
{
	return column->points ? (float)(column->sum / (double)column->points) : column->passes ? (float)column->sum : NAN;
}

/* The column of what noise scored, at step 0, where it lies further from all other scores than three of them or more from each
 * other: it would make a flat line of those. -1: there is none. */
static int column_of_noise(const struct chart_line *line, const struct plot_column *columns, int count)
{
	const struct series *series = line->series;
	if (!line->sparse || series->count < 4 || series->buckets[0].first_step > 0)
		return -1;
	const float noise = (float)(series->buckets[0].sum / (double)series->buckets[0].points);
	int first = 0, others = 0;
	double low = INFINITY, high = -INFINITY;
	while (first < count && columns[first].points == 0)
		first++;
	if (first == count || !(column_mean(&columns[first]) == noise)) /* it is out of sight, or shares its column */
		return -1;
	for (int x = first + 1; x < count; x++) {
		if (columns[x].points == 0 || !isfinite(column_mean(&columns[x])))
			continue;
		low = fmin(low, column_mean(&columns[x]));
		high = fmax(high, column_mean(&columns[x]));
		others++;
	}
	return others >= 3 && fmax(noise - high, low - noise) > high - low ? first : -1;
}

static void extend(struct extent *extent, const struct plot_column *columns, int count, bool positive_only, bool means_only, int noise)
{
	for (int x = 0; x < count; x++) {
		float mean = column_mean(&columns[x]);
		if (!isfinite(mean) || x <= noise || (noise >= 0 && columns[x].points == 0) || (positive_only && !(mean > 0)))
			continue;
		extent->low = fmin(extent->low, mean);
		extent->high = fmax(extent->high, mean);
		bool mean_only = means_only || !columns[x].points;
		float min = mean_only ? mean : columns[x].min, max = mean_only ? mean : columns[x].max;
		extent->lows[extent->count] = !isfinite(min) || (positive_only && !(min > 0)) ? mean : min;
		extent->highs[extent->count++] = isfinite(max) ? max : mean;
	}
}

static bool value_extent(const struct chart *chart, const struct chart_scale *across, struct plot_column *columns, int count,
	bool positive_only, double *low, double *high)
{
	size_t room = (size_t)count * (size_t)chart->line_count;
	struct extent extent = {INFINITY, -INFINITY, memory_zeroed(room, sizeof(float)), memory_zeroed(room, sizeof(float)), 0};
	for (int i = 0; i < chart->line_count; i++) {
		struct plot_source source = source_of(chart, &chart->lines[i]);
		plot_gather(&source, across, columns, count);
		extend(&extent, columns, count, positive_only, chart->means_only, column_of_noise(&chart->lines[i], columns, count));
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

static bool is_logarithmic(const struct chart *chart)
{
	return chart->log_scale || (chart->look && chart->look->log_scale && !(chart->low < chart->high));
}

static struct axis choose_values(const struct chart *chart, const struct chart_scale *across, struct plot_column *columns,
	int count, int rows)
{
	double intervals = fmax(1, fmin(MAX_INTERVALS, (rows - 1.0) / ROWS_PER_TICK));
	double low = 0, high = 1;
	if (chart->low < chart->high)
		return axis_between(chart->low, chart->high, intervals, false);
	if (is_logarithmic(chart) && value_extent(chart, across, columns, count, true, &low, &high))
		return axis_for_magnitudes(low, high, intervals);
	value_extent(chart, across, columns, count, false, &low, &high);
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

/* The column of a position 0..1 across the plot. */
static int column_at(const struct layout *layout, double position)
{
	int across = layout->plot.unicode ? 2 : 1, last = layout->plot.clip.width * across - 1;
	return (int)lround(last * position) / across;
}

static int tick_column(const struct layout *layout, int tick)
{
	return column_at(layout, axis_position(&layout->across.axis, layout->across.axis.ticks[tick]));
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
static void draw_tick_labels(struct canvas *row, const struct layout *layout, int offset)
{
	const struct chart_scale *across = &layout->across;
	int free_from = 0, end = row->clip.width, unit = canvas_text_width(across->name) + 1;
	char label[LABEL_SIZE];
	if (row->clip.width >= UNIT_MIN_WIDTH) {
		end -= unit;
		canvas_text(row, end + 1, 0, ROLE_QUIET, 0, across->name);
	}
	for (int i = 0; i < across->axis.tick_count; i++) {
		chart_scale_label(label, sizeof label, across, across->axis.ticks[i]);
		int width = (int)strlen(label), column = offset + tick_column(layout, i), x = column - width / 2;
		x = x < free_from ? free_from : x;
		if (x + width > end || x > column)
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
	for (int i = 0; i < layout->across.axis.tick_count; i++)
		canvas_put(canvas, offset + tick_column(layout, i), rows, TICK, ROLE_FRAME, 0);
	struct canvas labels = canvas_part(canvas, (struct rect){0, rows + 1, canvas->clip.width, 1});
	draw_tick_labels(&labels, layout, offset);
}

/* Faint points where the ticks cross, as on an oscilloscope. */
static void draw_graticule(struct layout *layout)
{
	for (int i = 0; i < layout->values.tick_count; i++)
		for (int k = 0; k < layout->across.axis.tick_count; k++)
			canvas_put(&layout->plot, tick_column(layout, k),
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
		double at = chart_clock_at(chart->clock, layout->across.unit, (double)chart->marks[i].step);
		double position = chart_scale_position(&layout->across, at);
		if (!(position >= 0 && position <= 1))
			continue;
		int x = column_at(layout, position);
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
	static const char pens[PLOT_PENS + 1] = "*o=-";
	int columns = dots->columns, cells = columns * dots->rows;
	for (int cell = 0; cell < cells; cell++) {
		struct cell_of found = gather_cell(dots, chart->line_count, (size_t)cell, reach);
		const struct chart_line *line = &chart->lines[found.line];
		if (found.mask)
			canvas_put(&layout->plot, cell % columns, cell / columns,
				plot_character(dots, found.mask, reach ? ':' : line->mark ? line->mark : pens[line->pen]), line->role,
				reach ? CELL_DIM : 0);
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

/* The line's own mark on it, every so many columns, each line at columns of its own; on every point of a sparse one. */
static void draw_line_marks(struct layout *layout, const struct chart *chart, const struct plot_dots *dots,
	const struct plot_column *columns, int index)
{
	const struct chart_line *line = &chart->lines[index];
	bool smooth = source_of(chart, line).smoothing > 0;
	int every = line->sparse ? 1 : LINE_MARK_EVERY, last = -every;
	int first = line->sparse ? 0 : (2 * index + 1) * every / (2 * chart->line_count);
	uint32_t mark = line->mark ? (uint32_t)line->mark : line->sparse ? 'o' : 0;
	for (int x = first; mark && x < dots->columns; x++) {
		const struct plot_column *column = &columns[x * dots->across];
		column += line->sparse && !column->points ? dots->across - 1 : 0;
		if (!column->points || x - last < every)
			continue;
		int row = plot_row(dots, &layout->values, (smooth ? column->smooth : column->sum) / (double)column->points);
		if (row >= 0 && row < dots->rows * dots->down)
			canvas_put(&layout->plot, x, row / dots->down, mark, line->role, CELL_BOLD);
		last = x;
	}
}

/* Where the cursor is, among the labels of the axis; those it would cut in two give way. */
static void draw_cursor_label(struct canvas *row, const struct layout *layout, int x, double at)
{
	char label[LABEL_SIZE], text[2 * LABEL_SIZE];
	snprintf(text, sizeof text, " %s %s ", chart_scale_value(label, sizeof label, &layout->across, at), layout->across.name);
	int width = (int)strlen(text), left = x - width / 2, right;
	left = left + width > row->clip.width ? row->clip.width - width : left;
	left = left < 0 ? 0 : left;
	right = left + width;
	for (int i = left - 1; i >= 0 && canvas_get(row, i, 0).character != ' '; i--)
		canvas_put(row, i, 0, ' ', ROLE_TEXT, 0);
	for (int i = right; i < row->clip.width && canvas_get(row, i, 0).character != ' '; i++)
		canvas_put(row, i, 0, ' ', ROLE_TEXT, 0);
	canvas_text(row, left, 0, ROLE_SELECTED, 0, text);
}

/* The cursor and the range being marked: a line and a background under what is there. */
static void draw_cursor(struct canvas *canvas, struct layout *layout, const struct chart *chart)
{
	const struct chart_look *look = chart->look;
	double position = look && look->cursor ? chart_scale_position(&layout->across, look->at) : NAN;
	if (!(position >= 0 && position <= 1))
		return;
	int x = column_at(layout, position), rows = layout->plot.clip.height;
	for (int y = 0; y < rows; y++)
		if (canvas_get(&layout->plot, x, y).character == ' ' || canvas_get(&layout->plot, x, y).role == ROLE_BAR_EMPTY)
			canvas_put(&layout->plot, x, y, 0x2502, ROLE_FOCUS, 0);
	if (!layout->axis_below)
		return;
	struct canvas labels = canvas_part(canvas, (struct rect){0, rows + 1, canvas->clip.width, 1});
	draw_cursor_label(&labels, layout, canvas->clip.width - layout->plot.clip.width + x, look->at);
}

static void draw_marked_range(struct layout *layout, const struct chart_look *look)
{
	if (!look || !look->marking)
		return;
	double from = fmax(0, chart_scale_position(&layout->across, look->mark_from));
	double to = fmin(1, chart_scale_position(&layout->across, look->mark_to));
	for (int x = column_at(layout, from); from < to && x <= column_at(layout, to); x++)
		for (int y = 0; y < layout->plot.clip.height; y++) {
			struct cell cell = canvas_get(&layout->plot, x, y);
			canvas_put(&layout->plot, x, y, cell.character, ROLE_SELECTED, cell.attributes & CELL_DIM);
		}
}

/* From behind: reaches, marks, cursor, lines, markers, arrows. */
static void draw_curves(struct canvas *canvas, struct layout *layout, const struct chart *chart, struct plot_column *columns,
	int count)
{
	struct plot_dots dots[CHART_MAX_LINES];
	for (int i = 0; i < chart->line_count; i++) {
		const struct chart_line *line = &chart->lines[i];
		struct plot_source source = source_of(chart, line);
		plot_init(&dots[i], layout->plot.clip.width, layout->plot.clip.height, layout->plot.unicode);
		plot_gather(&source, &layout->across, columns + (size_t)i * (size_t)count, count);
		plot_draw(&dots[i], columns + (size_t)i * (size_t)count, &layout->values, line->pen, chart->means_only ? -1 : i % 2,
			source.smoothing > 0);
	}
	draw_cells(layout, chart, dots, true);
	draw_marks(canvas, layout, chart);
	draw_cells(layout, chart, dots, false);
	for (int i = 0; i < chart->line_count; i++) {
		const struct chart_line *line = &chart->lines[i];
		draw_arrows(layout, line->role, &dots[i]);
		draw_line_marks(layout, chart, &dots[i], columns + (size_t)i * (size_t)count, i);
		plot_clear(&dots[i]);
	}
	draw_cursor(canvas, layout, chart);
	draw_marked_range(layout, chart->look);
}

static void draw_empty(struct canvas *canvas, const char *text)
{
	int x = (canvas->clip.width - canvas_text_width(text)) / 2;
	canvas_text(canvas, x > 0 ? x : 0, canvas->clip.height / 2, ROLE_QUIET, 0, text);
}

/* The scale decides how wide the plot is, and the plot's width which values share a column: the scale is chosen for the
 * full width, which differs from the plot's by a few columns only. */
static struct layout lay_out(struct canvas *canvas, const struct chart *chart, struct plot_column *columns, double first,
	double last)
{
	int width = canvas->clip.width, height = canvas->clip.height;
	struct layout layout = {.axis_below = height >= AXIS_MIN_HEIGHT};
	int rows = layout.axis_below ? height - 2 : height;
	layout.across = chart_scale_between(unit_of(chart), first, last, width / COLUMNS_PER_TICK);
	layout.values = choose_values(chart, &layout.across, columns, width * (canvas->unicode ? 2 : 1), rows);
	layout.scale_width = width >= SCALE_MIN_WIDTH ? widest_label(&layout.values) : 0;
	int left = layout.scale_width ? layout.scale_width + 1 : 0;
	layout.plot = canvas_part(canvas, (struct rect){left, 0, width - left, rows});
	return layout;
}

/* What the keys and the mouse need to know of this frame. */
static void tell_look(const struct layout *layout, struct chart_look *look, double first, double last)
{
	int width = layout->plot.clip.width;
	if (!look)
		return;
	look->columns = width > look->columns ? width : look->columns;
	canvas_hit(&layout->plot, (struct rect){0, 0, width, layout->plot.clip.height}, (struct hit){
		.click = ACTION_CHART_POINT, .twice = ACTION_FIT, .up = ACTION_ZOOM_IN, .down = ACTION_ZOOM_OUT,
		.drag = ACTION_CHART_DRAG, .drop = ACTION_CHART_DROP, .low = first, .high = last});
}

void chart_draw(struct canvas *canvas, const struct chart *chart)
{
	double first = 0, last = 0;
	if (canvas->clip.width < 1 || canvas->clip.height < 1)
		return;
	if (!shown_range(chart, &first, &last)) {
		draw_empty(canvas, chart->empty ? chart->empty : "");
		return;
	}
	struct plot_column *columns = memory_zeroed((size_t)canvas->clip.width * 2 * (size_t)chart->line_count, sizeof *columns);
	struct layout layout = lay_out(canvas, chart, columns, first, last);
	if (layout.scale_width)
		draw_scale(canvas, &layout);
	if (layout.axis_below)
		draw_axis_below(canvas, &layout);
	draw_graticule(&layout);
	draw_curves(canvas, &layout, chart, columns, layout.plot.clip.width * (canvas->unicode ? 2 : 1));
	tell_look(&layout, chart->look, first, last);
	free(columns);
}

char *chart_title(char *target, size_t size, const char *what, const struct chart *chart)
{
	const struct chart_look *look = chart->look;
	double smoothing = chart_look_smoothing(look);
	size_t used = (size_t)snprintf(target, size, "%s%s", what, is_logarithmic(chart) ? ", log scale" : "");
	if (smoothing > 0 && used < size)
		used += (size_t)snprintf(target + used, size - used, ", smooth %.3g", smoothing);
	if (look && chart_look_zoomed(look) && used < size)
		snprintf(target + used, size - used, ", %.0fx", (look->data_last - look->data_first) / (look->last - look->first));
	return target;
}

/* ---- legend */

/* What the cursor is on: the line, or what came before it. */
static struct plot_source source_under_cursor(const struct chart *chart, const struct chart_line *line)
{
	struct plot_source source = source_of(chart, line);
	const struct series *own = line->series;
	if (line->before && line->before->count &&
	    (!own->count || chart->look->at < chart_clock_at(source.clock, unit_of(chart), (double)own->buckets[0].first_step))) {
		source.series = line->before;
		source.detail = NULL;
	}
	return source;
}

/* The newest value, or the one under the cursor; smoothed it is told as well. */
static void legend_value(char *text, size_t size, const struct chart *chart, const struct chart_line *line)
{
	const struct series_bucket *bucket = NULL;
	double smoothed = NAN;
	if (chart->look && chart->look->cursor) {
		struct plot_source source = source_under_cursor(chart, line);
		bucket = plot_nearest(&source, unit_of(chart), chart->look->at, &smoothed);
	}
	char value[LABEL_SIZE], smooth[LABEL_SIZE];
	text_loss(value, sizeof value, bucket ? series_mean(bucket) : line->series->count ? line->series->last : NAN);
	if (isfinite(smoothed))
		snprintf(text, size, "%s ~%s", value, text_loss(smooth, sizeof smooth, smoothed));
	else
		text_copy(text, size, value);
}

/* A piece of each pen, with the mark in its middle. */
static int draw_pen(struct canvas *canvas, int x, int y, const struct chart_line *line)
{
	static const char *const pens[PLOT_PENS][2] = {
		[PLOT_SOLID] = {"***", "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"},
		[PLOT_DOTTED] = {"ooo", "\xe2\x94\x84\xe2\x94\x84\xe2\x94\x84"},
		[PLOT_DASHED] = {"===", "\xe2\x95\x8c\xe2\x95\x8c\xe2\x95\x8c"},
		[PLOT_DASH_DOTTED] = {"---", "\xe2\x94\x80\xc2\xb7\xe2\x94\x80"},
	};
	int width = canvas_text(canvas, x, y, line->role, 0, pens[line->pen][canvas->unicode]);
	if (line->mark)
		canvas_put(canvas, x + 1, y, (uint32_t)line->mark, line->role, CELL_BOLD);
	return width;
}

static int legend_entry(struct canvas *canvas, int x, int y, const struct chart *chart, int index, bool draw)
{
	const struct chart_line *line = &chart->lines[index];
	char value[2 * LABEL_SIZE + 2];
	legend_value(value, sizeof value, chart, line);
	if (!draw)
		return canvas_text_width(line->name) + 5 + (int)strlen(value);
	int used = canvas_text(canvas, x, y, line->role, CELL_BOLD, line->name) + 1;
	used += draw_pen(canvas, x + used, y, line) + 1;
	return used + canvas_text(canvas, x + used, y, ROLE_TEXT, 0, value);
}

int chart_draw_legend(struct canvas *canvas, int right_x, int y, int room, const struct chart *chart)
{
	enum { GAP = 3 };
	int shown = 0, width = 0;
	for (int i = 0; i < chart->line_count && chart->lines[i].name; i++) {
		int more = legend_entry(canvas, 0, 0, chart, i, false) + (i ? GAP : 0);
		if (width + more > room)
			break;
		width += more;
		shown++;
	}
	int x = right_x - width;
	for (int i = 0; i < shown; i++)
		x += legend_entry(canvas, x, y, chart, i, true) + GAP;
	return width;
}
