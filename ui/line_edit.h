/* One line of text being typed: UTF-8, a cursor between characters. Plain data; main thread. */
#ifndef QGAN_UI_LINE_EDIT_H
#define QGAN_UI_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/canvas.h"

enum { LINE_EDIT_SIZE = 1024 };

struct line_edit {
	char text[LINE_EDIT_SIZE];
	size_t cursor;  /* bytes before it */
	bool selected;  /* all of it: the first character typed replaces it */
};

void line_edit_begin(struct line_edit *edit, const char *text); /* selected */
/* True: the key (ui/keymap.h) was one of typing or moving. Enter, Esc, Tab, Up and Down never are. */
bool line_edit_key(struct line_edit *edit, uint32_t key);
/* On the first line of the canvas, scrolled so that the cursor shows. */
void line_edit_draw(const struct line_edit *edit, struct canvas *canvas, enum theme_role role);

#endif
