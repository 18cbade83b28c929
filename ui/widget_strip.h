/* A heat strip: how full every state of one layer was over time. One row a state, the highest on top, the newest record
 * at the right. Shades compare with an even spread over the states, so that they mean the same at any number of bits:
 * a dot is a dead state. Below the steps, and where the bits changed. */
#ifndef QGAN_UI_WIDGET_STRIP_H
#define QGAN_UI_WIDGET_STRIP_H

#include "ui/canvas.h"
#include "ui/view.h"

enum { STRIP_AXIS_ROWS = 2 };

/* What the shades mean, for a title. */
const char *strip_legend(bool unicode);

/* Fills the canvas. */
void strip_draw(struct canvas *canvas, const struct view_history *history, enum theme_role role);

bool strip_has_states(const struct view_history *history); /* something to draw */

/* Rows it can use, axis included: one a state of the richest column. */
int strip_height(const struct view_history *history);

#endif
