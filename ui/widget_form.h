/* Parts of a form: a line with name, value and note, a list of choices over it, words wrapped into a box, hints about keys.
 * Names, values and texts only. */
#ifndef QGAN_UI_WIDGET_FORM_H
#define QGAN_UI_WIDGET_FORM_H

#include <stdbool.h>

#include "ui/canvas.h"
#include "ui/line_edit.h"

struct form_line {
	const char *name, *value, *note;
	int name_width, note_width;    /* columns; note_width 0: without it */
	bool focused, marked, wrong, quiet; /* marked: changed; wrong: the value is not taken; quiet: cannot be changed */
	const struct line_edit *edit;  /* the value being typed; NULL: it is not */
};
void form_draw_line(struct canvas *canvas, const struct form_line *line);

/* The first of `count` lines to show so that `at` is among the `height` shown, starting from where it was. */
int form_scroll(int top, int at, int count, int height);
void form_draw_scrollbar(struct canvas *canvas, int top, int count); /* at the right edge; all is shown: nothing */

/* A box over the canvas; `other` (NULL: none) is one more line at the end. A click on line i is ACTION_ACCEPT with that value. */
void form_draw_choices(struct canvas *canvas, const char *title, const char *const *choices, int count, const char *other,
	int chosen, int *top);

/* Wrapped at blanks, a long word where it must be; what does not fit ends in "...". Returns the lines used. */
int form_draw_wrapped(struct canvas *canvas, struct rect rect, enum theme_role role, const char *words);

/* A box in the middle. */
void form_draw_message(struct canvas *canvas, const char *title, const char *words);
void form_draw_rule(struct canvas *canvas, int y, const char *title);

struct form_hint { const char *key, *means; }; /* key NULL ends them */
void form_draw_hints(struct canvas *canvas, int y, const struct form_hint *hints); /* those that fit; a click on one is its key */

#endif
