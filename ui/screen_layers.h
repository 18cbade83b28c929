/* The tables of layers on the dashboard: a row a layer with exact bars for its 2^k states. Private to the screens. */
#ifndef QGAN_UI_SCREEN_LAYERS_H
#define QGAN_UI_SCREEN_LAYERS_H

#include "ui/screen_parts.h"

/* Lines of panes that show every layer: side by side or one below the other. */
int layers_height(const struct view *view, bool side_by_side, bool boxed);

/* Fills the region. When it is too low for every layer the worst are shown: dead states first, then the lowest SQNR. */
void layers_draw(struct canvas *canvas, const struct view *view, bool side_by_side, bool boxed);

#endif
