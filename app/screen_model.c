#include "app/screen_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/canvas.h"

enum { SEQUENCE_SIZE = 64, MOST_PARAMETERS = 16, TAB = 8, LONGEST_CHARACTER = 4 };

struct screen_model {
	int columns, rows;
	struct screen_cell *cells;
	struct screen_cell pen;   /* a blank in the present colours */
	uint32_t repeated;        /* what REP repeats; 0: nothing */
	int x, y;
	int top, bottom;          /* the lines that scroll, bottom among them */
	bool wraps;               /* the last column is written: the next character begins a line */
	enum { PLAIN, ESCAPED, CONTROL, STRING, STRING_ESCAPED, ONE_MORE } state;
	char sequence[SEQUENCE_SIZE];
	size_t sequence_length;
	char character[LONGEST_CHARACTER + 1]; /* UTF-8, until it is whole */
	size_t character_length, character_wanted;
	void (*told)(void *context, const char *sequence);
	void *context;
};

static const struct screen_cell usual = {.character = ' ', .foreground = -1, .background = -1};

static int between(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

/* ---- cells ---- */

static struct screen_cell *cell_at(struct screen_model *model, int x, int y)
{
	return &model->cells[(size_t)y * (size_t)model->columns + (size_t)x];
}

/* Half of a wide character is no character: what is written over takes the other half along. */
static void put_cell(struct screen_model *model, int x, int y, struct screen_cell cell)
{
	struct screen_cell *place = cell_at(model, x, y);
	if (place->character == 0 && x > 0)
		place[-1].character = ' ';
	if (x + 1 < model->columns && place[1].character == 0)
		place[1].character = ' ';
	*place = cell;
}

/* Erased cells have the present background and nothing else of the pen. */
static void erase(struct screen_model *model, int from, int to)
{
	struct screen_cell blank = usual;
	blank.background = model->pen.background;
	for (int i = from; i < to; i++)
		put_cell(model, i % model->columns, i / model->columns, blank);
}

static void move_to(struct screen_model *model, int x, int y)
{
	model->x = between(x, 0, model->columns - 1);
	model->y = between(y, 0, model->rows - 1);
	model->wraps = false;
}

/* The lines that scroll move up (lines > 0) or down; blank ones come in. */
static void scroll(struct screen_model *model, int lines)
{
	int height = model->bottom - model->top + 1, by = between(abs(lines), 0, height), columns = model->columns;
	int first = model->top * columns, moved = (height - by) * columns, shift = by * columns;
	struct screen_cell *cells = model->cells + first;
	if (lines > 0)
		memmove(cells, cells + shift, (size_t)moved * sizeof *cells);
	else
		memmove(cells + shift, cells, (size_t)moved * sizeof *cells);
	int blank = lines > 0 ? first + moved : first;
	erase(model, blank, blank + shift);
}

static void move_down(struct screen_model *model, int x)
{
	if (model->y == model->bottom)
		scroll(model, 1);
	move_to(model, x, model->y == model->bottom ? model->y : model->y + 1);
}

static void move_up(struct screen_model *model)
{
	if (model->y == model->top)
		scroll(model, -1);
	move_to(model, model->x, model->y == model->top ? model->y : model->y - 1);
}

static void write_character(struct screen_model *model, uint32_t character)
{
	int width = canvas_character_width(character);
	if (width == 0)
		return; /* the workbench draws no combining marks */
	if (model->wraps || model->x + width > model->columns)
		move_down(model, 0);
	struct screen_cell cell = model->pen;
	cell.character = character;
	put_cell(model, model->x, model->y, cell);
	model->repeated = character;
	cell.character = 0;
	for (int i = 1; i < width; i++)
		put_cell(model, model->x + i, model->y, cell);
	int next = model->x + width;
	move_to(model, next, model->y);
	model->wraps = next == model->columns;
}

static void repeat(struct screen_model *model, int times)
{
	for (int i = 0; i < times && model->repeated; i++)
		write_character(model, model->repeated);
}

/* ---- control sequences ---- */

/* 38;5;N and 48;5;N. Returns the parameters used. */
static int set_indexed(const int *parameters, int count, int16_t *colour)
{
	if (count < 3 || parameters[1] != 5)
		return count;
	*colour = (int16_t)parameters[2];
	return 3;
}

static int set_one_attribute(struct screen_cell *pen, const int *parameters, int count)
{
	int code = parameters[0];
	if (code == 0)
		*pen = usual;
	else if (code <= 9)
		pen->attributes |= (uint16_t)(1u << code);
	else if (code == 22)
		pen->attributes &= (uint16_t)~(1u << 1 | 1u << 2);
	else if (code > 22 && code <= 29)
		pen->attributes &= (uint16_t)~(1u << (code - 20));
	else if (code == 38)
		return set_indexed(parameters, count, &pen->foreground);
	else if (code == 48)
		return set_indexed(parameters, count, &pen->background);
	else if (code >= 30 && code <= 39)
		pen->foreground = (int16_t)(code == 39 ? -1 : code - 30);
	else if (code >= 40 && code <= 49)
		pen->background = (int16_t)(code == 49 ? -1 : code - 40);
	else if (code >= 90 && code <= 97)
		pen->foreground = (int16_t)(code - 90 + 8);
	else if (code >= 100 && code <= 107)
		pen->background = (int16_t)(code - 100 + 8);
	return 1;
}

static void set_attributes(struct screen_model *model, const int *parameters, int count)
{
	for (int i = 0; i < count;)
		i += set_one_attribute(&model->pen, parameters + i, count - i);
}

/* J and K: 0 to the end, 1 from the beginning, 2 all. */
static void erase_part(struct screen_model *model, int which, int begin, int end)
{
	int here = model->y * model->columns + model->x;
	erase(model, which == 0 ? here : begin, which == 1 ? here + 1 : end);
}

static void set_scrolling(struct screen_model *model, int top, int bottom)
{
	if (top >= bottom || bottom >= model->rows)
		return;
	model->top = top;
	model->bottom = bottom;
	move_to(model, 0, 0);
}

/* Semicolons between numbers; none is as 0. Returns how many. */
static int read_parameters(const char *sequence, int parameters[MOST_PARAMETERS])
{
	int count = 0;
	for (const char *at = sequence; count < MOST_PARAMETERS; at++) {
		char *end;
		parameters[count++] = (int)between((int)strtol(at, &end, 10), 0, INT16_MAX);
		at = end;
		if (*at != ';')
			break;
	}
	return count;
}

static void obey(struct screen_model *model)
{
	int parameters[MOST_PARAMETERS], count = read_parameters(model->sequence, parameters), first = parameters[0];
	int times = first > 0 ? first : 1, line = model->y * model->columns, all = model->rows * model->columns;
	switch (model->sequence[model->sequence_length - 1]) {
	case 'A': move_to(model, model->x, model->y - times); break;
	case 'B': move_to(model, model->x, model->y + times); break;
	case 'C': move_to(model, model->x + times, model->y); break;
	case 'D': move_to(model, model->x - times, model->y); break;
	case 'G': move_to(model, times - 1, model->y); break;
	case 'd': move_to(model, model->x, times - 1); break;
	case 'H': move_to(model, count > 1 && parameters[1] > 0 ? parameters[1] - 1 : 0, times - 1); break;
	case 'Z': move_to(model, (model->x - 1) / TAB * TAB, model->y); break;
	case 'J': erase_part(model, first, 0, all); break;
	case 'K': erase_part(model, first, line, line + model->columns); break;
	case 'X': erase(model, line + model->x, line + between(model->x + times, 0, model->columns)); break;
	case 'S': scroll(model, times); break;
	case 'T': scroll(model, -times); break;
	case 'r': set_scrolling(model, times - 1, count > 1 && parameters[1] > 0 ? parameters[1] - 1 : model->rows - 1); break;
	case 'b': repeat(model, times); break;
	case 'm': set_attributes(model, parameters, count); break;
	}
}

/* Sequences with a private mark or an intermediate are questions and modes; the other screen begins empty. */
static void end_sequence(struct screen_model *model)
{
	const char *sequence = model->sequence;
	model->sequence[model->sequence_length] = '\0';
	if (strcmp(sequence, "?1049h") == 0)
		erase(model, 0, model->rows * model->columns);
	else if (strpbrk(sequence, "<=>? !\"#$%&'*+") == NULL)
		obey(model);
	if (model->told)
		model->told(model->context, sequence);
}

/* ---- bytes ---- */

static void take_plain(struct screen_model *model, char byte)
{
	unsigned char value = (unsigned char)byte;
	const char *whole = model->character;
	if (model->character_length == 0)
		model->character_wanted = value >= 0xF0 ? 4 : value >= 0xE0 ? 3 : value >= 0xC0 ? 2 : 1;
	model->character[model->character_length++] = byte;
	if (model->character_length < model->character_wanted)
		return;
	model->character[model->character_length] = '\0';
	model->character_length = 0;
	write_character(model, canvas_next_character(&whole));
}

static void take_control(struct screen_model *model, char byte)
{
	switch (byte) {
	case '\033': model->state = ESCAPED; break;
	case '\b': move_to(model, model->x - 1, model->y); break;
	case '\t': move_to(model, (model->x / TAB + 1) * TAB, model->y); break;
	case '\n': move_down(model, model->x); break;
	case '\r': move_to(model, 0, model->y); break;
	}
}

static void take_escaped(struct screen_model *model, char byte)
{
	model->sequence_length = 0;
	model->state = byte == '[' ? CONTROL : byte == 'P' || byte == ']' || byte == '_' || byte == '^' ? STRING :
		strchr("()*+#%", byte) ? ONE_MORE : PLAIN;
	if (byte == 'M')
		move_up(model);
}

static void take_byte(struct screen_model *model, char byte)
{
	switch (model->state) {
	case PLAIN:
		if ((unsigned char)byte < ' ')
			take_control(model, byte);
		else if (byte != 0x7F)
			take_plain(model, byte);
		break;
	case ESCAPED:
		take_escaped(model, byte);
		break;
	case CONTROL:
		if (model->sequence_length + 1 < SEQUENCE_SIZE)
			model->sequence[model->sequence_length++] = byte;
		if (byte >= '@' && byte <= '~') {
			model->state = PLAIN;
			end_sequence(model);
		}
		break;
	case STRING:
		model->state = byte == '\033' ? STRING_ESCAPED : byte == '\a' ? PLAIN : STRING;
		break;
	case STRING_ESCAPED: case ONE_MORE:
		model->state = PLAIN;
		break;
	}
}

void screen_model_take(struct screen_model *model, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		take_byte(model, bytes[i]);
}

/* ---- questions ---- */

int screen_model_columns(const struct screen_model *model) { return model->columns; }
int screen_model_rows(const struct screen_model *model) { return model->rows; }

const struct screen_cell *screen_model_row(const struct screen_model *model, int y)
{
	return model->cells + (size_t)y * (size_t)model->columns;
}

static void append_character(struct text *text, uint32_t code)
{
	char bytes[LONGEST_CHARACTER];
	int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned first[] = {0, 0xC0, 0xE0, 0xF0};
	bytes[0] = (char)(first[more] | code >> 6 * more);
	for (int i = 1; i <= more; i++)
		bytes[i] = (char)(0x80 | (code >> 6 * (more - i) & 0x3F));
	text_append(text, bytes, (size_t)more + 1);
}

char *screen_model_text(const struct screen_model *model)
{
	struct text text = {0};
	for (int y = 0; y < model->rows; y++) {
		const struct screen_cell *row = screen_model_row(model, y);
		int end = model->columns;
		while (end > 0 && row[end - 1].character == ' ')
			end--;
		for (int x = 0; x < end; x++)
			if (row[x].character)
				append_character(&text, row[x].character);
		text_append(&text, "\n", 1);
	}
	return text.bytes;
}

/* ---- life ---- */

struct screen_model *screen_model_create(int columns, int rows, void (*told)(void *context, const char *sequence), void *context)
{
	struct screen_model *model = memory_zeroed(1, sizeof *model);
	model->columns = columns;
	model->rows = rows;
	model->bottom = rows - 1;
	model->cells = memory_zeroed((size_t)columns * (size_t)rows, sizeof *model->cells);
	model->pen = usual;
	model->told = told;
	model->context = context;
	for (int i = 0; i < columns * rows; i++)
		model->cells[i] = usual;
	return model;
}

void screen_model_destroy(struct screen_model *model)
{
	if (!model)
		return;
	free(model->cells);
	free(model);
}
