/* The form over the whole screen: moves among rows, types and picks values, and says what they add up to. It knows names,
 * values and texts only (ui/view_form.h); the session checks every value. While it is shown every key is its own. Main
 * thread. */
#ifndef QGAN_UI_FORM_H
#define QGAN_UI_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/line_edit.h"
#include "ui/mouse.h"
#include "ui/view_form.h"

enum form_mode { FORM_ROWS, FORM_EDIT, FORM_LIST };

struct form {
	bool shown;
	bool started;     /* the last thing sent was to start */
	unsigned serial;  /* of the form looked at: another one begins at its top */
	enum form_mode mode;
	int row, top, rows; /* the row under the cursor, the first line shown, lines shown in the last frame */
	int choice, choice_top; /* LIST: the line under the cursor, the first shown */
	struct line_edit edit;  /* EDIT */
};

/* What the session shows now; NULL: nothing. True: a form that was started has gone: the run is there. */
bool form_follow(struct form *form, const struct view_form *view);

/* A key while it is shown. *out is what to send (ACTION_NONE: nothing). */
void form_key(struct form *form, const struct view_form *view, uint32_t key, struct action_request *out);

/* Likewise the mouse: a click goes to a row, opens the one under the cursor, takes a choice or a key's hint; the wheel moves. */
void form_mouse(struct form *form, const struct view_form *view, const struct mouse_answer *mouse, struct action_request *out);

/* On the whole canvas. */
void form_draw(struct form *form, const struct view_form *view, struct canvas *canvas);

#endif
