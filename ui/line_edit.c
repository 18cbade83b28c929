#include "ui/line_edit.h"

#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"

void line_edit_begin(struct line_edit *edit, const char *text)
{
	text_copy(edit->text, sizeof edit->text, text);
	edit->cursor = strlen(edit->text);
	edit->selected = true;
}

static bool is_continuation(char byte) { return ((unsigned char)byte & 0xC0) == 0x80; }

static size_t before(const struct line_edit *edit, size_t at)
{
	do
		at -= at > 0;
	while (at > 0 && is_continuation(edit->text[at]));
	return at;
}

static size_t after(const struct line_edit *edit, size_t at)
{
	do
		at += edit->text[at] != '\0';
	while (is_continuation(edit->text[at]));
	return at;
}

static void cut(struct line_edit *edit, size_t from, size_t to)
{
	memmove(edit->text + from, edit->text + to, strlen(edit->text + to) + 1);
	edit->cursor = from;
}

static void insert(struct line_edit *edit, uint32_t key)
{
	char character[8];
	if (edit->selected)
		edit->text[edit->cursor = 0] = '\0';
	keymap_name(character, sizeof character, key, false);
	if (key == KEYMAP_SPACE)
		strcpy(character, " ");
	size_t length = strlen(character), behind = strlen(edit->text + edit->cursor) + 1;
	if (edit->cursor + length + behind > sizeof edit->text)
		return;
	memmove(edit->text + edit->cursor + length, edit->text + edit->cursor, behind);
	memcpy(edit->text + edit->cursor, character, length);
	edit->cursor += length;
}

bool line_edit_key(struct line_edit *edit, uint32_t key)
{
	enum { CTRL_A = 1, CTRL_E = 5, CTRL_U = 21, CTRL_W = 23 };
	size_t word = edit->cursor;
	switch (key) {
	case KEYMAP_LEFT: edit->cursor = before(edit, edit->cursor); break;
	case KEYMAP_RIGHT: edit->cursor = after(edit, edit->cursor); break;
	case KEYMAP_HOME: case CTRL_A: edit->cursor = 0; break;
	case KEYMAP_END: case CTRL_E: edit->cursor = strlen(edit->text); break;
	case KEYMAP_BACKSPACE: cut(edit, before(edit, edit->cursor), edit->cursor); break;
	case KEYMAP_DELETE: cut(edit, edit->cursor, after(edit, edit->cursor)); break;
	case CTRL_U: cut(edit, 0, edit->cursor); break;
	case CTRL_W:
		while (word > 0 && edit->text[word - 1] == ' ')
			word--;
		while (word > 0 && edit->text[word - 1] != ' ')
			word--;
		cut(edit, word, edit->cursor);
		break;
	default:
		if (key < ' ' || key >= KEYMAP_UP)
			return false;
		insert(edit, key);
	}
	edit->selected = false;
	return true;
}

void line_edit_draw(const struct line_edit *edit, struct canvas *canvas, enum theme_role role)
{
	char head[LINE_EDIT_SIZE];
	text_copy(head, sizeof head, edit->text);
	head[edit->cursor] = '\0';
	int before_cursor = canvas_text_width(head), width = canvas->clip.width;
	int hidden = before_cursor + 1 > width ? before_cursor + 1 - width : 0;
	canvas_text(canvas, -hidden, 0, edit->selected ? ROLE_SELECTED : role, CELL_UNDERLINE, edit->text);
	if (edit->text[edit->cursor]) {
		struct cell under = canvas_get(canvas, before_cursor - hidden, 0);
		canvas_put(canvas, before_cursor - hidden, 0, under.character, ROLE_FOCUS, CELL_BOLD | CELL_REVERSE);
	} else {
		canvas_put(canvas, before_cursor - hidden, 0, '_', ROLE_FOCUS, CELL_BOLD);
	}
}
