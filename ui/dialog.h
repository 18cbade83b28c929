/* The one question that may lie over the screen: leave a live run? stop it? which learning rate? what to compare with?
 * While it is open every
 * key is its own. Main thread. */
#ifndef QGAN_UI_DIALOG_H
#define QGAN_UI_DIALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/view.h"

struct dialog {
	enum action asked;   /* what it is about; ACTION_NONE: closed */
	int choice;          /* the row chosen */
	int network;         /* RATES: enum view_network */
	char text[VIEW_TEXT]; /* what was typed */
	bool edited;         /* RATES: text is typed, not the present rate; the first key replaces the present rate */
	int offered;         /* OTHER_OPEN: the run whose name Tab put there; -1: none */
	char complaint[96];  /* why the text was not taken */
};

/* True when `action` is asked about first: the dialog is open now. QUIT and STOP ask while this process trains a run,
 * opened or not; RATES and WHAT_IF_APPLY (with a question open) while the opened run is the one it trains; OTHER_OPEN while
 * any run is open. */
bool dialog_open(struct dialog *dialog, enum action action, const struct view *view);

/* A key (ui/keymap.h) for the open dialog. True: it closed itself; out->action is what to send, ACTION_NONE: nothing. */
bool dialog_key(struct dialog *dialog, const struct view *view, uint32_t key, struct action_request *out);

/* Over the middle of the whole canvas. */
void dialog_draw(const struct dialog *dialog, const struct view *view, struct canvas *canvas);

#endif
