#include "ui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"

enum { REPLACEMENT = '?', FORMAT_SIZE = 1024 };

static const struct cell blank = {.character = ' ', .role = ROLE_TEXT};

static int larger(int a, int b) { return a > b ? a : b; }
static int smaller(int a, int b) { return a < b ? a : b; }

struct canvas *canvas_create(int width, int height, bool unicode)
{
	struct canvas *canvas = memory_zeroed(1, sizeof *canvas);
	canvas->width = larger(width, 1);
	canvas->height = larger(height, 1);
	canvas->cells = memory_zeroed((size_t)canvas->width * (size_t)canvas->height, sizeof *canvas->cells);
	canvas->clip = (struct rect){0, 0, canvas->width, canvas->height};
	canvas->unicode = unicode;
	canvas_clear(canvas);
	return canvas;
}

void canvas_destroy(struct canvas *canvas)
{
	if (canvas)
		free(canvas->cells);
	free(canvas);
}

void canvas_clear(struct canvas *canvas)
{
	canvas_fill(canvas, (struct rect){0, 0, canvas->clip.width, canvas->clip.height}, ' ', ROLE_TEXT, 0);
}

struct canvas canvas_part(const struct canvas *canvas, struct rect rect)
{
	struct canvas part = *canvas;
	int left = larger(rect.x, 0), top = larger(rect.y, 0);
	int right = smaller(rect.x + rect.width, canvas->clip.width), bottom = smaller(rect.y + rect.height, canvas->clip.height);
	part.clip = (struct rect){canvas->clip.x + left, canvas->clip.y + top, larger(right - left, 0), larger(bottom - top, 0)};
	return part;
}

void canvas_hit(const struct canvas *canvas, struct rect rect, struct hit hit)
{
	hit.cells = canvas_part(canvas, rect).clip;
	hits_add(canvas->hits, &hit);
}

static bool inside(const struct canvas *canvas, int x, int y)
{
	return x >= 0 && y >= 0 && x < canvas->clip.width && y < canvas->clip.height;
}

static struct cell *cell_at(const struct canvas *canvas, int x, int y)
{
	return canvas->cells + (size_t)(canvas->clip.y + y) * (size_t)canvas->width + (size_t)(canvas->clip.x + x);
}

struct cell canvas_get(const struct canvas *canvas, int x, int y)
{
	return inside(canvas, x, y) ? *cell_at(canvas, x, y) : blank;
}

static void set_cell(struct canvas *canvas, struct cell *cell, struct cell value)
{
	int column = (int)((size_t)(cell - canvas->cells) % (size_t)canvas->width);
	if (cell->character == 0 && value.character != 0 && column > 0)
		cell[-1].character = ' '; /* half a wide character cannot stay */
	if (column + 1 < canvas->width && cell[1].character == 0)
		cell[1].character = ' ';
	*cell = value;
}

static void put_cell(struct canvas *canvas, int x, int y, struct cell cell)
{
	if (!inside(canvas, x, y))
		return;
	int width = canvas_character_width(cell.character);
	if (!canvas->unicode && cell.character > '~') {
		cell.character = (uint32_t)canvas_ascii_twin(cell.character);
	} else if (width == 0 || (width == 2 && !inside(canvas, x + 1, y))) {
		cell.character = ' ';
	}
	set_cell(canvas, cell_at(canvas, x, y), cell);
	if (width == 2 && inside(canvas, x + 1, y)) {
		bool twin = cell.character <= '~';
		cell.character = twin ? ' ' : 0;
		struct cell *right = cell_at(canvas, x + 1, y);
		if (twin)
			set_cell(canvas, right, cell);
		else {
			if (x + 2 + canvas->clip.x < canvas->width && right[1].character == 0)
				right[1].character = ' ';
			*right = cell;
		}
	}
}

void canvas_put(struct canvas *canvas, int x, int y, uint32_t character, enum theme_role role, int attributes)
{
	put_cell(canvas, x, y, (struct cell){.character = character, .role = (uint8_t)role, .attributes = (uint8_t)attributes});
}

void canvas_put_colours(struct canvas *canvas, int x, int y, uint32_t character, uint8_t foreground, uint8_t background)
{
	put_cell(canvas, x, y, (struct cell){character, ROLE_PICTURE, CELL_OWN_COLOURS, foreground, background});
}

int canvas_text(struct canvas *canvas, int x, int y, enum theme_role role, int attributes, const char *utf8)
{
	int column = x;
	while (*utf8) {
		uint32_t character = canvas_next_character(&utf8);
		int width = canvas_character_width(character);
		if (width)
			canvas_put(canvas, column, y, character, role, attributes);
		column += width;
	}
	return column - x;
}

int canvas_format(struct canvas *canvas, int x, int y, enum theme_role role, int attributes, const char *format, ...)
{
	char text[FORMAT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return canvas_text(canvas, x, y, role, attributes, text);
}

void canvas_text_right(struct canvas *canvas, int right_x, int y, enum theme_role role, int attributes, const char *utf8)
{
	canvas_text(canvas, right_x - canvas_text_width(utf8) + 1, y, role, attributes, utf8);
}

void canvas_fill(struct canvas *canvas, struct rect rect, uint32_t character, enum theme_role role, int attributes)
{
	int step = larger(canvas_character_width(character), 1);
	for (int y = larger(rect.y, 0); y < smaller(rect.y + rect.height, canvas->clip.height); y++)
		for (int x = larger(rect.x, 0); x + step <= smaller(rect.x + rect.width, canvas->clip.width); x += step)
			canvas_put(canvas, x, y, character, role, attributes);
}

static void draw_box(struct canvas *frame, enum theme_role role)
{
	int right = frame->clip.width - 1, bottom = frame->clip.height - 1;
	canvas_fill(frame, (struct rect){0, 0, right + 1, 1}, 0x2500, role, 0);
	canvas_fill(frame, (struct rect){0, bottom, right + 1, 1}, 0x2500, role, 0);
	canvas_fill(frame, (struct rect){0, 0, 1, bottom + 1}, 0x2502, role, 0);
	canvas_fill(frame, (struct rect){right, 0, 1, bottom + 1}, 0x2502, role, 0);
	canvas_put(frame, 0, 0, 0x250C, role, 0);
	canvas_put(frame, right, 0, 0x2510, role, 0);
	canvas_put(frame, 0, bottom, 0x2514, role, 0);
	canvas_put(frame, right, bottom, 0x2518, role, 0);
}

struct canvas canvas_frame(struct canvas *canvas, struct rect rect, const char *title, const char *note, bool focused)
{
	struct canvas frame = canvas_part(canvas, rect);
	draw_box(&frame, focused ? ROLE_FOCUS : ROLE_FRAME);
	struct canvas edge = canvas_part(&frame, (struct rect){2, 0, frame.clip.width - 4, 1});
	int used = 0;
	if (title && *title) {
		used = canvas_text(&edge, 1, 0, focused ? ROLE_FOCUS : ROLE_TITLE, focused ? CELL_BOLD : 0, title) + 2;
		canvas_put(&edge, 0, 0, ' ', ROLE_TEXT, 0);
		canvas_put(&edge, used - 1, 0, ' ', ROLE_TEXT, 0);
	}
	int note_width = note ? canvas_text_width(note) + 2 : 0;
	if (note_width > 2 && used + note_width < edge.clip.width) {
		canvas_text_right(&edge, edge.clip.width - 2, 0, ROLE_QUIET, 0, note);
		canvas_put(&edge, edge.clip.width - 1, 0, ' ', ROLE_TEXT, 0);
		canvas_put(&edge, edge.clip.width - note_width, 0, ' ', ROLE_TEXT, 0);
	}
	return canvas_part(&frame, (struct rect){1, 1, frame.clip.width - 2, frame.clip.height - 2});
}

int canvas_text_width(const char *utf8)
{
	int width = 0;
	while (*utf8)
		width += canvas_character_width(canvas_next_character(&utf8));
	return width;
}

static void append_utf8(struct text *text, uint32_t code)
{
	char bytes[4];
	int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char first[4] = {0, 0xC0, 0xE0, 0xF0};
	for (int i = more; i > 0; i--, code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3F));
	bytes[0] = (char)(first[more] | code);
	text_append(text, bytes, (size_t)more + 1);
}

char *canvas_to_text(const struct canvas *canvas)
{
	struct text text = {0};
	for (int y = 0; y < canvas->clip.height; y++) {
		int width = canvas->clip.width;
		while (width > 0 && cell_at(canvas, width - 1, y)->character == ' ')
			width--;
		for (int x = 0; x < width; x++)
			if (cell_at(canvas, x, y)->character)
				append_utf8(&text, cell_at(canvas, x, y)->character);
		text_append(&text, "\n", 1);
	}
	return text.bytes ? text.bytes : memory_text("");
}
