/* What the run list asks: a filter being typed, a name, tags or a note, columns and saved views to choose from, and whether
 * runs shall go to the trash. Used by ui/dialog.c only. Main thread. */
#ifndef QGAN_UI_DIALOG_RUNS_H
#define QGAN_UI_DIALOG_RUNS_H

#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/line_edit.h"
#include "ui/view.h"

struct run_dialog {
	struct action_request request; /* what asked, with what it was about */
	struct line_edit edit;
	int choice, top, rows;         /* lists: the line under the cursor, the first shown, lines in the last frame */
};

/* True when the request is asked about: the dialog is open now. */
bool run_dialog_open(struct run_dialog *dialog, const struct action_request *request, const struct view *view);
/* True: it closes. *out is to be sent in any case, ACTION_NONE: nothing. */
bool run_dialog_key(struct run_dialog *dialog, const struct view *view, uint32_t key, struct action_request *out);
void run_dialog_draw(struct run_dialog *dialog, const struct view *view, struct canvas *canvas);

#endif
