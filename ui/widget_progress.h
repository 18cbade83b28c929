/* A progress bar in eighths of a cell; without Unicode '#' and '-'. */
#ifndef QGAN_UI_WIDGET_PROGRESS_H
#define QGAN_UI_WIDGET_PROGRESS_H

#include "ui/canvas.h"

/* fraction 0..1 (clamped); NaN: unknown, an empty bar. Only a whole job fills the last eighth. */
void progress_draw(struct canvas *canvas, int x, int y, int width, double fraction, enum theme_role role);

#endif
