/* The mouse: presses, moves and wheel turns become actions and keys of what lies there (ui/hit.h). A thing that can be
 * dragged over is clicked when the button is let go, any other when it is pressed. Plain data; main thread. */
#ifndef QGAN_UI_MOUSE_H
#define QGAN_UI_MOUSE_H

#include "ui/hit.h"
#include "ui/input.h"

struct mouse {
	bool held;               /* the left button, on something; what, and where: */
	struct hit hit;
	int x, y;
	double clicked_at;       /* when this was clicked last; 0: not yet */
	int clicked_x, clicked_y;
};

struct mouse_answer {
	enum action action;      /* ACTION_NONE: nothing */
	uint32_t key;            /* instead of an action; 0: none */
	int times;               /* the wheel turns several lines */
	struct pointer pointer;
};

struct mouse_answer mouse_take(struct mouse *mouse, const struct hits *hits, const struct input_event *event, double now);

#endif
