#include "ui/widget_table.h"

enum { WIDE_GAP = 2, THUMB = 0x2590, ELLIPSIS = 0x2026 };

static int total_width(const struct table *table, const int widths[], int gap)
{
	int total = 0, shown = 0;
	for (int i = 0; i < table->column_count; i++) {
		total += widths[i];
		shown += widths[i] > 0;
	}
	return total + (shown > 1 ? (shown - 1) * gap : 0);
}

/* The shown column with the highest priority number; the rightmost of equals; -1: none may go. */
static int first_to_leave(const struct table *table, const int widths[])
{
	int worst = -1;
	for (int i = 0; i < table->column_count; i++)
		if (widths[i] > 0 && table->columns[i].priority > 0
		    && (worst < 0 || table->columns[i].priority >= table->columns[worst].priority))
			worst = i;
	return worst;
}

int table_layout(const struct table *table, int width, int widths[TABLE_MAX_COLUMNS])
{
	int gap = 1, leaving;
	for (int i = 0; i < table->column_count; i++)
		widths[i] = table->columns[i].width;
	while (total_width(table, widths, gap) > width && (leaving = first_to_leave(table, widths)) >= 0)
		widths[leaving] = 0;
	if (total_width(table, widths, WIDE_GAP) <= width)
		gap = WIDE_GAP;
	bool grown = true;
	for (int left = width - total_width(table, widths, gap); left > 0 && grown;) {
		grown = false;
		for (int i = 0; i < table->column_count && left > 0; i++)
			if (widths[i] > 0 && widths[i] < table->columns[i].most) {
				widths[i]++;
				left--;
				grown = true;
			}
	}
	return gap;
}

int table_scroll(int top, int selected, int row_count, int rows)
{
	if (selected >= 0 && selected < top)
		top = selected;
	if (selected >= top + rows)
		top = selected - rows + 1;
	if (top > row_count - rows)
		top = row_count - rows;
	return top < 0 ? 0 : top;
}

void table_text(struct canvas *cell, bool selected, bool right, enum theme_role role, const char *text)
{
	int width = canvas_text_width(text), room = cell->clip.width;
	canvas_text(cell, right && width < room ? room - width : 0, 0, selected ? ROLE_SELECTED : role, 0, text);
	if (width > room && room > 1)
		canvas_put(cell, room - 1, 0, ELLIPSIS, selected ? ROLE_SELECTED : role, 0);
}

static void draw_heading(struct canvas *canvas, const struct table *table, const int widths[], int gap)
{
	for (int i = 0, x = 0; i < table->column_count; i++) {
		if (!widths[i])
			continue;
		struct canvas cell = canvas_part(canvas, (struct rect){x, 0, widths[i], 1});
		table_text(&cell, false, table->columns[i].right, ROLE_QUIET, table->columns[i].title);
		if (table->sort)
			canvas_hit(canvas, (struct rect){x, 0, widths[i] + gap, 1}, (struct hit){.click = table->sort, .value = i});
		x += widths[i] + gap;
	}
}

static void draw_row(struct canvas *canvas, const struct table *table, int row, int y, const int widths[], int gap)
{
	bool selected = row == table->selected;
	if (table->pick)
		canvas_hit(canvas, (struct rect){0, y, canvas->clip.width, 1},
			(struct hit){.click = table->pick, .twice = table->open, .value = table->values ? table->values[row] : row});
	if (selected)
		canvas_fill(canvas, (struct rect){0, y, canvas->clip.width, 1}, ' ', ROLE_SELECTED, 0);
	for (int i = 0, x = 0; i < table->column_count; i++) {
		if (!widths[i])
			continue;
		struct canvas cell = canvas_part(canvas, (struct rect){x, y, widths[i], 1});
		table->draw_cell(table->context, row, i, &cell, selected);
		x += widths[i] + gap;
	}
}

/* Where in the list one is, at the right edge; only when not everything is in sight. */
static void draw_thumb(struct canvas *canvas, const struct table *table, int rows)
{
	int length = rows * rows / table->row_count, range = table->row_count - rows;
	if (length < 1)
		length = 1;
	int start = range > 0 ? (int)((long long)table->top * (rows - length) / range) : 0;
	canvas_fill(canvas, (struct rect){canvas->clip.width - 1, 1 + start, 1, length}, THUMB, ROLE_QUIET, 0);
}

void table_draw(struct canvas *canvas, const struct table *table)
{
	int widths[TABLE_MAX_COLUMNS], rows = canvas->clip.height - 1;
	bool thumb = table->row_count > rows && rows > 0;
	struct canvas body = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width - 2 * thumb, canvas->clip.height});
	int gap = table_layout(table, body.clip.width, widths);
	draw_heading(&body, table, widths, gap);
	for (int y = 0; y < rows && table->top + y < table->row_count; y++)
		draw_row(&body, table, table->top + y, y + 1, widths, gap);
	if (thumb)
		draw_thumb(canvas, table, rows);
}
