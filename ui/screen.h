/* Screens: each draws the whole canvas from a view and answers actions; ui/ui.c holds which one is shown.
 *
 * A frame: screens[shown]->draw() on the whole canvas (header and footer lines included), then, if open, an overlay
 * screen (help) and the dialog (ui/dialog.h) over it. A key: the dialog takes it if one is open; else the keymap turns it
 * into an action by the scope of the screen shown; ui.c handles screen switches, redraw and whatever dialog_open() takes;
 * the rest goes to act() of the overlay, then of the screen (and closes the overlay); what they leave goes to the session
 * unchanged. Main thread. */
#ifndef QGAN_UI_SCREEN_H
#define QGAN_UI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/image.h"
#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/view.h"

/* How a screen says "put this picture here"; one a frame. ui.c shows it as sixel, half blocks or plain characters and
 * leaves it out where an overlay or dialog lies over it. Zeroed: no picture. */
struct picture_request {
	const struct image *image; /* borrowed until draw's caller is done with the frame */
	const struct image *beside; /* likewise: shown at its right, of the same size and channels; NULL: none */
	unsigned version;          /* changes when the pixels do */
	int64_t run;               /* colours are kept while this stays the same */
	struct rect cells;         /* on the whole canvas; the picture is centred in it */
	int tile;                  /* it is a grid of squares of so many pixels, and fewer of them are shown rather than none
	                              to be recognised; 0: one picture */
};

/* Asks for the picture to fill `inside` (as much as its proportions and whole multiples of its size allow). */
void picture_place(struct picture_request *request, const struct canvas *inside, const struct image *image,
	unsigned version, int64_t run);

/* What the screens remember between frames: selections, scroll positions, chart options. One for all screens. */
struct screen_state;
struct screen_state *screen_state_create(void);
void screen_state_destroy(struct screen_state *state); /* NULL is fine */
/* The next actions come from the mouse, which is there; NULL: from keys again. */
void screen_state_point(struct screen_state *state, const struct pointer *pointer);

struct screen {
	const char *name, *title;
	enum action action;      /* the one that shows it */
	enum action_scope scope; /* which keys work on it */
	bool overlay;            /* lies over the screen before; its action or ACTION_BACK closes it */
	void (*draw)(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture);
	/* True: the action was handled here, and *out (ACTION_NONE when it comes) is sent on if it was set. False: not mine.
	 * May be NULL. */
	bool (*act)(struct screen_state *state, const struct view *view, enum action action, struct action_request *out);
};

/* Display order, ends with NULL. The first is where ACTION_BACK leads. */
extern const struct screen *const screens[];

#endif
