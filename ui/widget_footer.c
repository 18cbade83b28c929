#include "ui/widget_footer.h"

#include <string.h>

#include "ui/keymap.h"

enum { GAP = 2, KEY_SIZE = 16 };

static int draw_key(struct canvas *canvas, int x, int y, enum action action, bool draw)
{
	char key[KEY_SIZE];
	keymap_key_of(key, sizeof key, action, canvas->unicode);
	int width = canvas_text_width(key) + 1;
	if (draw) {
		canvas_text(canvas, x, y, ROLE_KEY, CELL_BOLD, key);
		canvas_hit(canvas, (struct rect){x, y, width, 1}, (struct hit){.click = action});
	}
	return width;
}

/* One entry: the keys of actions[0 .. count), then their common brief. Returns its width. */
static int draw_entry(struct canvas *canvas, int x, int y, const enum action *actions, int count, bool draw)
{
	int used = 0;
	for (int i = 0; i < count; i++)
		used += draw_key(canvas, x + used, y, actions[i], draw);
	const char *brief = action_find(actions[0])->brief;
	if (draw) {
		canvas_text(canvas, x + used, y, ROLE_QUIET, 0, brief);
		canvas_hit(canvas, (struct rect){x + used, y, canvas_text_width(brief), 1}, (struct hit){.click = actions[count - 1]});
	}
	return used + canvas_text_width(brief);
}

static int same_brief(const enum action *actions)
{
	int count = 1;
	while (actions[count] && strcmp(action_find(actions[count])->brief, action_find(actions[0])->brief) == 0)
		count++;
	return count;
}

void footer_draw(struct canvas *canvas, int y, const enum action *actions, bool steerable)
{
	static const enum action help = ACTION_HELP, quit = ACTION_QUIT;
	int end = canvas->clip.width - 1;
	end -= draw_entry(canvas, 0, y, &quit, 1, false);
	draw_entry(canvas, end, y, &quit, 1, true);
	end -= GAP + draw_entry(canvas, 0, y, &help, 1, false);
	draw_entry(canvas, end, y, &help, 1, true);
	for (int x = 1; *actions;) {
		int count = same_brief(actions);
		bool useful = steerable || !action_find(actions[0])->run_control;
		int width = draw_entry(canvas, x, y, actions, count, false);
		if (useful && x + width + GAP > end)
			break;
		if (useful)
			x += draw_entry(canvas, x, y, actions, count, true) + GAP;
		actions += count;
	}
}
