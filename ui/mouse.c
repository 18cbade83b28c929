#include "ui/mouse.h"

#include <stdlib.h>

enum { LINES_A_TURN = 3, DRAG_COLUMNS = 2 /* less is a click */, DOUBLE_REACH = 1 };
static const double DOUBLE_SECONDS = 0.4;

static struct mouse_answer answer(enum action action, const struct hit *hit, int from, int at)
{
	return (struct mouse_answer){.action = action, .times = 1,
		.pointer = {.value = hit->value, .from = hit_place(hit, from), .at = hit_place(hit, at)}};
}

/* The second click at a place is another thing; the third is a first one again. */
static struct mouse_answer click(struct mouse *mouse, const struct hit *hit, int x, int y, double now)
{
	bool near = abs(x - mouse->clicked_x) <= DOUBLE_REACH && y == mouse->clicked_y;
	bool twice = hit->twice && near && mouse->clicked_at > 0 && now - mouse->clicked_at < DOUBLE_SECONDS;
	mouse->clicked_at = twice ? 0 : now;
	mouse->clicked_x = x;
	mouse->clicked_y = y;
	struct mouse_answer result = answer(twice ? hit->twice : hit->click, hit, x, x);
	result.key = twice ? 0 : hit->key;
	return result;
}

static struct mouse_answer press(struct mouse *mouse, const struct hit *hit, const struct input_event *event, double now)
{
	mouse->held = hit != NULL;
	if (!hit)
		return (struct mouse_answer){0};
	mouse->hit = *hit;
	mouse->x = event->x;
	mouse->y = event->y;
	return hit->drag ? (struct mouse_answer){0} : click(mouse, hit, event->x, event->y, now);
}

static bool is_dragged(const struct mouse *mouse, int x) { return abs(x - mouse->x) >= DRAG_COLUMNS; }

static struct mouse_answer move(const struct mouse *mouse, int x)
{
	bool drags = mouse->held && mouse->hit.drag && is_dragged(mouse, x);
	return drags ? answer(mouse->hit.drag, &mouse->hit, mouse->x, x) : (struct mouse_answer){0};
}

static struct mouse_answer release(struct mouse *mouse, int x, double now)
{
	bool held = mouse->held && mouse->hit.drag;
	mouse->held = false;
	if (!held)
		return (struct mouse_answer){0};
	if (is_dragged(mouse, x))
		return answer(mouse->hit.drop, &mouse->hit, mouse->x, x);
	return click(mouse, &mouse->hit, mouse->x, mouse->y, now);
}

static struct mouse_answer turn(const struct hit *hit, const struct input_event *event)
{
	static const struct hit nothing;
	bool up = event->button == MOUSE_WHEEL_UP;
	enum action own = hit ? (up ? hit->up : hit->down) : ACTION_NONE;
	struct mouse_answer result = answer(own ? own : up ? ACTION_UP : ACTION_DOWN, hit ? hit : &nothing, event->x, event->x);
	result.times = own ? 1 : LINES_A_TURN;
	return result;
}

struct mouse_answer mouse_take(struct mouse *mouse, const struct hits *hits, const struct input_event *event, double now)
{
	const struct hit *hit = hits_at(hits, event->x, event->y);
	switch (event->button) {
	case MOUSE_LEFT:
		if (event->moved)
			return move(mouse, event->x);
		return event->pressed ? press(mouse, hit, event, now) : release(mouse, event->x, now);
	case MOUSE_WHEEL_UP: case MOUSE_WHEEL_DOWN:
		return turn(hit, event);
	case MOUSE_OTHER:
		break;
	}
	return (struct mouse_answer){0};
}
