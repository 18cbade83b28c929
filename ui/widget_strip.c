#include "ui/widget_strip.h"

#include <math.h>
#include <stdio.h>

#include "engine/base/text.h"
#include "ui/widget_axis.h"

enum {
	MOST_CELLS = 4, /* wider columns say nothing more */
	NAME_WIDTH = 8, SHARE_WIDTH = 5, LABEL_SIZE = 32, LABEL_GAP = 2,
	FLOAT_BITS = 32, DEAD = 0xB7, LINE = 0x2500, TICK = 0x2534,
};

/* Shares as multiples of an even spread, from the shade's lower end on. */
static const struct {
	double from;
	uint32_t shade;
	bool quiet;
} shades[] = {{1.75, 0x2588, false}, {1.25, 0x2593, false}, {0.5, 0x2592, false}, {0, 0x2591, true}};
enum { SHADES = sizeof shades / sizeof *shades };

const char *strip_legend(bool unicode)
{
	return unicode ? "\xc2\xb7 dead  \xe2\x96\x91 under half of even  \xe2\x96\x92 even  \xe2\x96\x93 1.3x  \xe2\x96\x88 1.8x"
		: "x dead  . under half of even  : even  % 1.3x  # 1.8x";
}

/* How columns lie on the canvas: `each` cells wide, or `merged` of them in one cell; the newest at the right end. */
struct fit {
	int first, cells, each, merged, left;
};

static struct fit fit_columns(int count, int width)
{
	struct fit fit = {.each = 1, .merged = 1};
	if (count > width)
		fit.merged = (count + width - 1) / width;
	else
		fit.each = width / count < MOST_CELLS ? width / count : MOST_CELLS;
	fit.cells = (count + fit.merged - 1) / fit.merged;
	fit.first = count - fit.cells * fit.merged; /* negative: the oldest cell stands for fewer */
	fit.left = width - fit.cells * fit.each;
	return fit;
}

static int states_of(const struct view_history_column *column)
{
	if (column->bits < 1 || column->bits >= FLOAT_BITS)
		return 0;
	return column->bits > 4 ? VIEW_HISTORY_STATES : 1 << column->bits;
}

static int column_count(const struct view_history *history)
{
	return history->count < 0 ? 0 : history->count > VIEW_HISTORY ? VIEW_HISTORY : history->count;
}

static int most_states(const struct view_history *history)
{
	int most = 0;
	for (int i = 0; i < column_count(history); i++)
		most = states_of(&history->columns[i]) > most ? states_of(&history->columns[i]) : most;
	return most;
}

bool strip_has_states(const struct view_history *history) { return most_states(history) > 0; }

int strip_height(const struct view_history *history)
{
	int states = most_states(history);
	return (states ? states : 2) + STRIP_AXIS_ROWS;
}

/* The newest column of a cell: cells of several columns show their mean over those that have its bits. */
static const struct view_history_column *newest_of(const struct view_history *history, const struct fit *fit, int cell)
{
	return &history->columns[fit->first + (cell + 1) * fit->merged - 1];
}

/* The mean share of a state; NaN: not known. */
static double share_of(const struct view_history *history, const struct fit *fit, int cell, int state)
{
	int last = fit->first + (cell + 1) * fit->merged - 1, columns = 0;
	double sum = 0;
	for (int i = last; i > last - fit->merged && i >= 0; i--)
		if (history->columns[i].bits == history->columns[last].bits) {
			sum += history->columns[i].shares[state];
			columns++;
		}
	return columns ? sum / columns : NAN;
}

/* Row 0 is the lowest. With fewer states than rows a state takes several; with more, neighbours are added up. */
static double row_share(const struct view_history *history, const struct fit *fit, int cell, int row, int rows, int *states)
{
	double share = 0;
	*states = states_of(newest_of(history, fit, cell));
	if (!*states)
		return NAN;
	if (*states <= rows)
		return share_of(history, fit, cell, row * *states / rows);
	for (int z = row * *states / rows; z < (row + 1) * *states / rows; z++)
		share += share_of(history, fit, cell, z);
	*states = rows;
	return share;
}

static void draw_cell(struct canvas *canvas, struct rect rect, double share, int states, enum theme_role role)
{
	double ratio = share * states;
	int shade = 0;
	if (!isfinite(share))
		return;
	if (!(share > 0)) {
		canvas_fill(canvas, rect, canvas->unicode ? DEAD : 'x', ROLE_WARNING, 0);
		return;
	}
	while (shade + 1 < SHADES && ratio < shades[shade].from)
		shade++;
	canvas_fill(canvas, rect, shades[shade].shade, shades[shade].quiet ? ROLE_QUIET : role, 0);
}

static void name_row(char *name, size_t size, int row, int rows, int bits)
{
	int states = bits >= 1 && bits <= 8 ? 1 << bits : 0;
	name[0] = '\0';
	if (!states)
		return;
	int first = row * states / rows, last = (row + 1) * states / rows - 1;
	bool upper = states < rows && (row + 1) * states / rows == row * states / rows; /* not the last row of its state */
	if (!upper && last <= first)
		snprintf(name, size, "z%d", states < rows ? row * states / rows : first);
	else if (!upper)
		snprintf(name, size, "z%d-%d", first, last);
}

/* The word over the columns that had no states, in the topmost row. */
static void name_floats(struct canvas *canvas, const struct view_history *history, const struct fit *fit)
{
	static const char word[] = "float";
	for (int cell = 0, first; cell < fit->cells; cell++) {
		for (first = cell; cell < fit->cells && !states_of(newest_of(history, fit, cell));)
			cell++;
		int width = (cell - first) * fit->each, length = (int)sizeof word - 1;
		if (width >= length)
			canvas_text(canvas, NAME_WIDTH + fit->left + first * fit->each + (width - length) / 2, 0, ROLE_QUIET, 0, word);
	}
}

static void draw_row(struct canvas *canvas, int y, const struct view_history *history, const struct fit *fit, int row, int rows,
	enum theme_role role)
{
	char name[LABEL_SIZE];
	int states, right = canvas->clip.width - SHARE_WIDTH;
	name_row(name, sizeof name, row, rows, newest_of(history, fit, fit->cells - 1)->bits);
	canvas_text(canvas, 0, y, role, 0, name);
	for (int cell = 0; cell < fit->cells; cell++) {
		double share = row_share(history, fit, cell, row, rows, &states);
		struct rect rect = {NAME_WIDTH + fit->left + cell * fit->each, y, fit->each, 1};
		draw_cell(canvas, rect, share, states, role);
		if (cell == fit->cells - 1 && isfinite(share) && name[0]) {
			snprintf(name, sizeof name, "%.0f %%", 100 * share);
			canvas_text_right(canvas, right + SHARE_WIDTH - 1, y, ROLE_TEXT, 0, name);
		}
	}
}

static int bits_before(const struct view_history *history, const struct fit *fit, int cell)
{
	return cell ? newest_of(history, fit, cell - 1)->bits : newest_of(history, fit, cell)->bits;
}

/* Steps below the columns, as many as have room, the newest first; changes of bits go before plain steps. */
static void draw_steps(struct canvas *canvas, int y, const struct view_history *history, const struct fit *fit)
{
	char label[LABEL_SIZE], step[LABEL_SIZE];
	int right = canvas->clip.width - SHARE_WIDTH, free_to[2] = {right, right};
	canvas_fill(canvas, (struct rect){NAME_WIDTH, y, right - NAME_WIDTH, 1}, LINE, ROLE_FRAME, 0);
	canvas_text(canvas, 0, y + 1, ROLE_QUIET, 0, "steps");
	for (int cell = fit->cells - 1; cell >= 0; cell--) {
		const struct view_history_column *column = newest_of(history, fit, cell);
		int before = bits_before(history, fit, cell), x = NAME_WIDTH + fit->left + cell * fit->each;
		if (before != column->bits) {
			snprintf(label, sizeof label, column->bits < FLOAT_BITS ? "\xe2\x96\xb8%d bit" : "\xe2\x96\xb8" "float", column->bits);
			canvas_put(canvas, x, y, TICK, ROLE_MARK, CELL_BOLD);
			if (x + 1 + canvas_text_width(label) <= free_to[0])
				canvas_text(canvas, x + 1, y, ROLE_MARK, 0, label);
			free_to[0] = x;
		}
		text_count(step, sizeof step, column->step);
		int width = canvas_text_width(step), start = x + width > right ? right - width : x;
		if (start + width <= free_to[1] && (cell == 0 || cell == fit->cells - 1 || before != column->bits || cell % 16 == 0)) {
			canvas_text(canvas, start, y + 1, ROLE_QUIET, 0, step);
			free_to[1] = start - LABEL_GAP;
		}
	}
}

void strip_draw(struct canvas *canvas, const struct view_history *history, enum theme_role role)
{
	int width = canvas->clip.width - NAME_WIDTH - SHARE_WIDTH, room = canvas->clip.height - STRIP_AXIS_ROWS;
	int rows = most_states(history), count = column_count(history);
	while (rows > room)
		rows /= 2;
	if (width < 1 || rows < 1 || count < 1)
		return;
	struct fit fit = fit_columns(count, width);
	struct canvas body = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width, rows + STRIP_AXIS_ROWS});
	for (int row = 0; row < rows; row++)
		draw_row(&body, rows - 1 - row, history, &fit, row, rows, role);
	name_floats(&body, history, &fit);
	draw_steps(&body, rows, history, &fit);
}
