/* Pictures drawn into the canvas itself: rows of the table in ui/graphics.c. Main thread. */
#ifndef QGAN_UI_GRAPHICS_TEXT_H
#define QGAN_UI_GRAPHICS_TEXT_H

#include "ui/graphics.h"

/* Half blocks in 256 colours, or in greys (one channel, NO_COLOR). */
void graphics_draw_blocks(const struct terminal_ability *ability, const struct picture_request *request, struct canvas *canvas);

/* Ten characters from dark to light. */
void graphics_draw_ascii(const struct terminal_ability *ability, const struct picture_request *request, struct canvas *canvas);

#endif
