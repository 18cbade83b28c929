/* The last line: keys of this screen, read from the action table. */
#ifndef QGAN_UI_WIDGET_FOOTER_H
#define QGAN_UI_WIDGET_FOOTER_H

#include "ui/action.h"
#include "ui/canvas.h"

/* `actions` ends with ACTION_NONE, most important first; neighbours with the same brief share an entry ("[ ] D bits").
 * What does not fit is left out from the end; help and quit always stand at the right end. Without `steerable` the
 * run-control keys are absent. */
void footer_draw(struct canvas *canvas, int y, const enum action *actions, bool steerable);

#endif
