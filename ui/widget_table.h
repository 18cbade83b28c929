/* A table: a heading line and rows, drawn cell by cell by its owner, and known to the mouse. Columns that do not fit
 * are left out, those with the highest priority number first; the width left over goes to the columns that can use it. */
#ifndef QGAN_UI_WIDGET_TABLE_H
#define QGAN_UI_WIDGET_TABLE_H

#include "ui/canvas.h"

enum { TABLE_MAX_COLUMNS = 24 };

struct table_column {
	const char *title;
	int width, most;  /* columns it needs, and can use (0: no more than it needs) */
	int priority;     /* 0: never left out */
	bool right;       /* numbers: heading at the right */
};

struct table {
	const struct table_column *columns;
	int column_count, row_count;
	int selected;     /* row, -1: no cursor */
	int top;          /* first row shown; see table_scroll */
	enum action pick, open; /* a click on a row, a second one: sent with its value; ACTION_NONE: none */
	const int *values; /* of the rows; NULL: their numbers */
	enum action sort; /* a click on a heading: sent with the column; ACTION_NONE: none */
	const void *context;
	/* Draws one cell on a canvas of its size; attributes: of the selected row (role ROLE_SELECTED then). */
	void (*draw_cell)(const void *context, int row, int column, struct canvas *cell, bool selected);
};

/* Widths for `width` columns; 0: left out. A gap of one column (two where there is room) lies between. Returns the gap. */
int table_layout(const struct table *table, int width, int widths[TABLE_MAX_COLUMNS]);

/* The first row to show so that `selected` is visible among `rows`, starting from where it was. */
int table_scroll(int top, int selected, int row_count, int rows);

void table_draw(struct canvas *canvas, const struct table *table);

/* Text for a cell in the colours of its row. */
void table_text(struct canvas *cell, bool selected, bool right, enum theme_role role, const char *text);

#endif
