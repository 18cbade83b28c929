/* The keys of the screen below, from the action table. Two columns where there is room; scrolls where there is not. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/screen_parts.h"

enum { COLUMN_WIDTH = 70, KEYS_WIDTH = 13, MAX_LINES = 2 * ACTION_COUNT + 3 * GROUP_COUNT, KEY_SIZE = 16, MARGIN = 2 };

/* A heading (row NULL) or a row of the action table; both empty: a blank line. */
struct line {
	const char *heading;
	const struct action_row *row;
};

struct lines {
	struct line items[MAX_LINES];
	int count;
};

/* The keys that mean this action on this screen, one blank between: a screen's own rows hide those of everywhere. */
static int list_keys(struct text *text, const struct action_row *row, enum action_scope scope, bool unicode)
{
	char name[KEY_SIZE];
	int found = 0;
	for (const char *keys = row->keys; *keys;) {
		size_t length = strcspn(keys, " ");
		uint32_t key = 0;
		char word[KEY_SIZE] = {0};
		memcpy(word, keys, length < sizeof word ? length : sizeof word - 1);
		keys += length + (keys[length] == ' ');
		if (!keymap_parse(word, &key) || keymap_resolve(scope, key) != row->action)
			continue;
		text_format(text, "%s%s", found ? " " : "", keymap_name(name, sizeof name, key, unicode));
		found++;
	}
	return found;
}

static bool has_keys(const struct action_row *row, enum action_scope scope)
{
	struct text text = {0};
	int found = list_keys(&text, row, scope, false);
	text_clear(&text);
	return found > 0;
}

static void collect(struct lines *lines, enum action_scope scope)
{
	for (enum action_group group = 0; group < GROUP_COUNT; group++) {
		bool headed = false;
		for (const struct action_row *row = action_rows; row->name; row++) {
			if (row->group != group || !has_keys(row, scope))
				continue;
			if (!headed && lines->count)
				lines->items[lines->count++] = (struct line){0};
			if (!headed)
				lines->items[lines->count++] = (struct line){.heading = action_group_name(group)};
			headed = true;
			lines->items[lines->count++] = (struct line){.row = row};
		}
	}
}

static void draw_line(struct canvas *canvas, int y, const struct line *line, enum action_scope scope)
{
	struct text keys = {0};
	if (line->heading) {
		canvas_text(canvas, 0, y, ROLE_TITLE, CELL_BOLD, line->heading);
	} else if (line->row) {
		list_keys(&keys, line->row, scope, canvas->unicode);
		canvas_text(canvas, 2, y, ROLE_KEY, CELL_BOLD, keys.bytes);
		canvas_text(canvas, 2 + KEYS_WIDTH, y, ROLE_TEXT, 0, line->row->help);
	}
	text_clear(&keys);
}

/* Two columns break after the blank line nearest to the middle. */
static int column_break(const struct lines *lines)
{
	int middle = lines->count / 2, best = lines->count;
	for (int i = 0; i < lines->count; i++)
		if (!lines->items[i].heading && !lines->items[i].row && abs(i + 1 - middle) < abs(best - middle))
			best = i + 1;
	return best;
}

static void draw_column(struct canvas *canvas, const struct lines *lines, int first, int end, int skip, enum action_scope scope)
{
	for (int i = first + skip; i < end; i++)
		draw_line(canvas, i - first - skip, &lines->items[i], scope);
}

static struct canvas open_box(struct canvas *canvas, int columns, int height, const char *note)
{
	int width = columns * COLUMN_WIDTH + 2 + 2 * MARGIN;
	width = width < canvas->clip.width ? width : canvas->clip.width;
	height = height + 2 < canvas->clip.height ? height + 2 : canvas->clip.height;
	struct rect box = {(canvas->clip.width - width) / 2, (canvas->clip.height - height) / 2, width, height};
	canvas_fill(canvas, box, ' ', ROLE_TEXT, 0);
	struct canvas inside = canvas_frame(canvas, box, "help", note, true);
	return canvas_part(&inside, (struct rect){MARGIN, 0, inside.clip.width - 2 * MARGIN, inside.clip.height});
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	(void)view;
	(void)picture;
	if (!screen_has_room(canvas))
		return;
	struct lines *lines = memory_zeroed(1, sizeof *lines);
	collect(lines, state->scope);
	int columns = canvas->clip.width >= 2 * COLUMN_WIDTH ? 2 : 1, middle = columns == 2 ? column_break(lines) : lines->count;
	int longest = middle > lines->count - middle ? middle : lines->count - middle;
	bool all = longest + 2 <= canvas->clip.height;
	struct canvas inside = open_box(canvas, columns, longest, all ? "Esc closes" : "arrows scroll, Esc closes");
	state->help_lines = longest;
	state->help_rows = inside.clip.height;
	int most = longest - inside.clip.height;
	state->help_top = state->help_top > most ? most : state->help_top;
	state->help_top = state->help_top < 0 ? 0 : state->help_top;
	draw_column(&inside, lines, 0, middle, state->help_top, state->scope);
	struct canvas right = canvas_part(&inside, (struct rect){inside.clip.width / 2, 0, inside.clip.width, inside.clip.height});
	draw_column(&right, lines, middle, lines->count, state->help_top, state->scope);
	free(lines);
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	(void)view;
	(void)out;
	switch ((int)action) {
	case ACTION_UP: state->help_top -= 1; break;
	case ACTION_DOWN: state->help_top += 1; break;
	case ACTION_PAGE_UP: state->help_top -= state->help_rows; break;
	case ACTION_PAGE_DOWN: state->help_top += state->help_rows; break;
	case ACTION_HOME: state->help_top = 0; break;
	case ACTION_END: state->help_top = state->help_lines; break;
	default: return false;
	}
	if (state->help_top < 0)
		state->help_top = 0;
	return true;
}

const struct screen screen_help = {
	.name = "help", .title = "Help", .action = ACTION_HELP, .scope = SCOPE_EVERYWHERE, .overlay = true, .draw = draw, .act = act,
};
