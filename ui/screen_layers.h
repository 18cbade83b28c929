/* One line a layer: how its weights fill their states. On the dashboard, and with a cursor on the weights screen.
 * Private to ui/screen_*.c. */
#ifndef QGAN_UI_SCREEN_LAYERS_H
#define QGAN_UI_SCREEN_LAYERS_H

#include "ui/screen_parts.h"

/* Rows that all layers take, frame and headings included: beside each other, or both networks in one table. */
int layers_height(const struct view *view, bool side_by_side, bool boxed);

/* Fills the canvas. Where it is too low for every layer the worst are shown: dead states first, then the lowest SQNR. */
void layers_draw(struct canvas *canvas, const struct view *view, bool side_by_side, bool boxed);

/* Fills the canvas; scrolls so that the cursor is in sight. */
void layers_draw_list(struct canvas *canvas, const struct view *view, const struct layers_cursor *cursor, bool side_by_side,
	bool boxed);

/* Puts the cursor onto a layer that exists; false: there is none. */
bool layers_clamp(const struct view *view, struct layers_cursor *cursor);

/* Moves it in the order shown. Beside each other it stays in its network. */
void layers_move(const struct view *view, struct layers_cursor *cursor, int rows_down, bool side_by_side);

/* The mouse picked a row of a list. */
bool layers_pick(struct layers_cursor *cursor, int place);

/* Share of the weights that leave their state in 1,000 steps; NaN: not known. */
double layers_flip_rate(const struct view_layer *layer);

#endif
