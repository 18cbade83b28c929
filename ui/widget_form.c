#include "ui/widget_form.h"

#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"

static const uint32_t MARK = 0x2022, POINTER = 0x25B8, RULE = 0x2500, ELLIPSIS = 0x2026, BAR = 0x2588;

/* Cut with an ellipsis. */
static void draw_cut(struct canvas *canvas, int x, int y, int width, enum theme_role role, int attributes, const char *text)
{
	struct canvas part = canvas_part(canvas, (struct rect){x, y, width, 1});
	canvas_text(&part, 0, 0, role, attributes, text);
	if (width > 0 && canvas_text_width(text) > width)
		canvas_put(&part, part.clip.width - 1, 0, ELLIPSIS, role, attributes);
}

void form_draw_line(struct canvas *canvas, const struct form_line *line)
{
	int width = canvas->clip.width, note = line->note_width, value_x = 3 + line->name_width;
	int value_width = width - value_x - 1 - (note ? note + 1 : 0);
	enum theme_role plain = line->focused ? ROLE_SELECTED : line->quiet ? ROLE_QUIET : ROLE_TEXT;
	if (line->focused)
		canvas_fill(canvas, (struct rect){0, 0, width - 1, 1}, ' ', ROLE_SELECTED, 0);
	canvas_put(canvas, 0, 0, line->focused ? POINTER : ' ', plain, CELL_BOLD);
	canvas_put(canvas, 1, 0, line->wrong ? '!' : line->marked ? MARK : ' ', line->wrong && !line->focused ? ROLE_BAD : plain, CELL_BOLD);
	draw_cut(canvas, 3, 0, line->name_width - 1, plain, line->focused ? CELL_BOLD : 0, line->name);
	if (line->edit) {
		struct canvas field = canvas_part(canvas, (struct rect){value_x, 0, value_width, 1});
		canvas_fill(&field, (struct rect){0, 0, value_width, 1}, ' ', ROLE_TEXT, 0);
		line_edit_draw(line->edit, &field, ROLE_TEXT);
	} else {
		draw_cut(canvas, value_x, 0, value_width, line->wrong && !line->focused ? ROLE_BAD : plain, line->marked ? CELL_BOLD : 0,
			*line->value ? line->value : "-");
	}
	if (note)
		draw_cut(canvas, value_x + value_width + 1, 0, note, line->focused ? ROLE_SELECTED : ROLE_QUIET, 0, line->note);
}

int form_scroll(int top, int at, int count, int height)
{
	top = top > at ? at : top;
	top = at >= top + height ? at - height + 1 : top;
	top = top > count - height ? count - height : top;
	return top < 0 ? 0 : top;
}

void form_draw_scrollbar(struct canvas *canvas, int top, int count)
{
	int height = canvas->clip.height, x = canvas->clip.width - 1;
	if (count <= height || height < 2)
		return;
	int size = height * height / count, begin = top * (height - (size > 0 ? size : 1)) / (count - height);
	for (int y = 0; y < height; y++) {
		bool full = y >= begin && y < begin + (size > 0 ? size : 1);
		canvas_put(canvas, x, y, full ? BAR : 0x2502, full ? ROLE_BAR : ROLE_BAR_EMPTY, 0);
	}
}

void form_draw_choices(struct canvas *canvas, const char *title, const char *const *choices, int count, const char *other,
	int chosen, int *top)
{
	int lines = count + (other != NULL), widest = other ? canvas_text_width(other) : 0;
	for (int i = 0; i < count; i++)
		widest = canvas_text_width(choices[i]) > widest ? canvas_text_width(choices[i]) : widest;
	int width = widest + 7 > canvas->clip.width ? canvas->clip.width : widest + 7;
	int height = lines + 2 > canvas->clip.height ? canvas->clip.height : lines + 2;
	width = width < 24 ? 24 : width;
	struct rect box = {(canvas->clip.width - width) / 2, (canvas->clip.height - height) / 2, width, height};
	canvas_fill(canvas, box, ' ', ROLE_TEXT, 0);
	struct canvas inside = canvas_frame(canvas, box, title, NULL, true);
	*top = form_scroll(*top, chosen, lines, inside.clip.height);
	for (int y = 0; y < inside.clip.height && *top + y < lines; y++) {
		bool here = *top + y == chosen;
		enum theme_role role = here ? ROLE_SELECTED : *top + y == count ? ROLE_QUIET : ROLE_TEXT;
		if (here)
			canvas_fill(&inside, (struct rect){0, y, inside.clip.width - 1, 1}, ' ', ROLE_SELECTED, 0);
		canvas_put(&inside, 0, y, here ? POINTER : ' ', role, CELL_BOLD);
		draw_cut(&inside, 2, y, inside.clip.width - 4, role, here ? CELL_BOLD : 0, *top + y < count ? choices[*top + y] : other);
		canvas_hit(&inside, (struct rect){0, y, inside.clip.width, 1}, (struct hit){.click = ACTION_ACCEPT, .value = *top + y});
	}
	form_draw_scrollbar(&inside, *top, lines);
}

/* Bytes of the next line of at most `width` columns, and of the blanks behind it. */
static size_t fit_line(const char *words, int width, size_t *blanks)
{
	size_t length = 0, last_blank = 0;
	int columns = 0;
	*blanks = 0;
	for (const char *c = words; *c;) {
		const char *next = c;
		columns += canvas_character_width(canvas_next_character(&next));
		if (columns > width)
			break;
		c = next;
		length = (size_t)(c - words);
		if (*c == ' ' || *c == '\0')
			last_blank = length;
	}
	if (words[length] && last_blank > 0)
		length = last_blank;
	while (words[length + *blanks] == ' ')
		++*blanks;
	return length;
}

int form_draw_wrapped(struct canvas *canvas, struct rect rect, enum theme_role role, const char *words)
{
	struct canvas part = canvas_part(canvas, rect);
	int y = 0;
	for (; *words && y < part.clip.height && part.clip.width > 1; y++) {
		size_t blanks, length = fit_line(words, part.clip.width, &blanks);
		struct text line = {0};
		if (length == 0)
			break;
		text_append(&line, words, length);
		canvas_text(&part, 0, y, role, 0, line.bytes);
		words += length + blanks;
		if (*words && y == part.clip.height - 1) {
			int end = canvas_text_width(line.bytes);
			canvas_put(&part, end < part.clip.width ? end : part.clip.width - 1, y, ELLIPSIS, role, 0);
		}
		text_clear(&line);
	}
	return y;
}

void form_draw_message(struct canvas *canvas, const char *title, const char *words)
{
	enum { WIDTH = 58, LINES = 3 };
	int width = WIDTH < canvas->clip.width ? WIDTH : canvas->clip.width;
	int height = LINES + 2 < canvas->clip.height ? LINES + 2 : canvas->clip.height;
	struct rect box = {(canvas->clip.width - width) / 2, (canvas->clip.height - height) / 2, width, height};
	canvas_fill(canvas, box, ' ', ROLE_TEXT, 0);
	struct canvas inside = canvas_frame(canvas, box, title, NULL, true);
	form_draw_wrapped(&inside, (struct rect){1, 1, inside.clip.width - 2, inside.clip.height - 1}, ROLE_TEXT, words);
}

void form_draw_rule(struct canvas *canvas, int y, const char *title)
{
	canvas_fill(canvas, (struct rect){0, y, canvas->clip.width, 1}, RULE, ROLE_FRAME, 0);
	int used = canvas_text(canvas, 2, y, ROLE_TITLE, 0, title);
	canvas_put(canvas, 1, y, ' ', ROLE_FRAME, 0);
	canvas_put(canvas, 2 + used, y, ' ', ROLE_FRAME, 0);
}

void form_draw_hints(struct canvas *canvas, int y, const struct form_hint *hints)
{
	enum { GAP = 2 };
	uint32_t key;
	for (int x = 1; hints->key; hints++) {
		int width = canvas_text_width(hints->key) + 1 + canvas_text_width(hints->means);
		if (x + width > canvas->clip.width)
			return;
		int used = canvas_text(canvas, x, y, ROLE_KEY, CELL_BOLD, hints->key);
		canvas_text(canvas, x + used + 1, y, ROLE_QUIET, 0, hints->means);
		if (keymap_parse(hints->key, &key)) /* arrows are two keys */
			canvas_hit(canvas, (struct rect){x, y, width, 1}, (struct hit){.key = key});
		x += width + GAP;
	}
}
