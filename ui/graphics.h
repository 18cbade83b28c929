/* Pictures on the terminal: one contract, several ways (sixel, half blocks, characters, none), the best one the
 * terminal can do. A text way draws into the canvas. The sixel way leaves blanks in a colour pair used for nothing
 * else, has the picture encoded elsewhere, and keeps account of what the terminal shows:
 *
 *   wanted ──compose, not encoded yet──▶ ordered ──encoder──▶ ready ──emit──▶ shown ──version changes──▶ ordered, old one stays
 *      shown ──place given up or moved──▶ erased with spaces ──▶ nothing         shown ──screen cleared──▶ ready
 *
 * Main thread. */
#ifndef QGAN_UI_GRAPHICS_H
#define QGAN_UI_GRAPHICS_H

#include "engine/base/text.h"
#include "ui/screen.h"
#include "ui/terminal.h"
#include "ui/ui.h"

struct graphics_backend {
	enum ui_graphics kind;
	const char *name, *help;
	/* Whether the terminal can, by its own word; also what `--graphics` overrides. */
	bool (*can)(const struct terminal_ability *ability);
	/* Draws the picture into the canvas. NULL: sixel, or nothing at all. */
	void (*draw)(const struct terminal_ability *ability, const struct picture_request *request, struct canvas *canvas);
};
extern const struct graphics_backend graphics_backends[]; /* best first; ends with a row whose name is NULL */

struct graphics;
struct graphics *graphics_create(enum ui_graphics wanted);
void graphics_destroy(struct graphics *graphics); /* NULL is fine */

/* The way pictures are shown now. NULL: not known yet (the terminal has not answered). */
const struct graphics_backend *graphics_backend(struct graphics *graphics, const struct terminal_ability *ability);

/* Puts what the screen asked for into the frame: before anything is drawn over the screen. */
void graphics_compose(struct graphics *graphics, const struct terminal_ability *ability, const struct picture_request *request,
	struct canvas *canvas);
/* After the rest of the frame was drawn: a sixel picture with something over it is left out. */
void graphics_uncover(struct graphics *graphics, struct canvas *canvas);

/* Bytes that go before the frame's text: takes away a picture that has lost its place. */
void graphics_erase(struct graphics *graphics, struct text *out);
/* Bytes that go after it: the picture, if one is ready and not shown. */
void graphics_emit(struct graphics *graphics, struct text *out);

void graphics_screen_cleared(struct graphics *graphics); /* the terminal shows no picture any more */
void graphics_acknowledge(struct graphics *graphics);    /* the terminal has drawn the last one (CSI 0n) */
int graphics_wake_descriptor(const struct graphics *graphics); /* readable when a picture is ready; -1: never */
bool graphics_take_ready(struct graphics *graphics);           /* after a wake; true: emit has something to do */
double graphics_patience(const struct graphics *graphics);     /* seconds until emit should be tried again; negative: no need */
bool graphics_awaits(const struct graphics *graphics);         /* an acknowledgement may be on its way */

#endif
