/* The one question that may lie over the screen: leave a live run? stop it? which learning rate? what to compare with? which
 * runs (ui/dialog_runs.h)? While it is open every key is its own. Main thread. */
#ifndef QGAN_UI_DIALOG_H
#define QGAN_UI_DIALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/dialog_runs.h"
#include "ui/view.h"

struct dialog {
	enum action asked;   /* what it is about; ACTION_NONE: closed */
	int choice;          /* the row chosen */
	int network;         /* RATES: enum view_network */
	char text[VIEW_TEXT]; /* what was typed */
	bool edited;         /* RATES: text is typed, not the present rate; the first key replaces the present rate */
	int offered;         /* OTHER_OPEN: the run whose name Tab put there; -1: none */
	char complaint[96];  /* why the text was not taken */
	struct run_dialog runs; /* what the run list asks, while `asked` is one of its actions */
};

/* True when `action` is asked about first: the dialog is open now. QUIT and STOP ask while this process trains a run,
 * opened or not; RATES and WHAT_IF_APPLY (with a question open) while the opened run is the one it trains; OTHER_OPEN while
 * any run is open; what the search screen asks, always. */
bool dialog_open(struct dialog *dialog, enum action action, const struct view *view);

/* Likewise for what a screen is about to send: true, it is asked about first, and sent when the dialog says so. */
bool dialog_ask(struct dialog *dialog, const struct action_request *request, const struct view *view);

/* A key (ui/keymap.h) for the open dialog. True: it closed itself. out->action is what to send in any case, ACTION_NONE:
 * nothing. */
bool dialog_key(struct dialog *dialog, const struct view *view, uint32_t key, struct action_request *out);

/* A click on a line of a list the dialog shows (ACTION_PICK_ROW). As dialog_key. */
bool dialog_pick(struct dialog *dialog, const struct view *view, int line, struct action_request *out);

/* Over the middle of the whole canvas. */
void dialog_draw(struct dialog *dialog, const struct view *view, struct canvas *canvas);

/* A box for so many lines over the middle; returns its inside. */
struct canvas dialog_box(struct canvas *canvas, int lines, const char *title);

#endif
