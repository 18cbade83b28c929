#include "ui/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ui/canvas.h"
#include "ui/keymap.h"

enum { ESCAPE = 0x1B, LONGEST_SEQUENCE = 64, SHIFT = 1 };

/* An Escape key is felt at once; a sequence whose start has come is all but certain to be completed. */
static const double escape_seconds = 0.025, sequence_seconds = 0.5;

enum outcome { NOTHING_YET, SWALLOWED, EVENT };

int input_read(struct input *input, int descriptor)
{
	size_t room = sizeof input->bytes - input->length;
	if (!room) {
		input->length = 0; /* only rubbish stays unfinished for so long */
		room = sizeof input->bytes;
	}
	ssize_t got = read(descriptor, input->bytes + input->length, room);
	if (got > 0) {
		input->length += (size_t)got;
		return (int)got;
	}
	return got < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -1;
}

void input_feed(struct input *input, const void *bytes, size_t length)
{
	size_t room = sizeof input->bytes - input->length;
	length = length < room ? length : room;
	memcpy(input->bytes + input->length, bytes, length);
	input->length += length;
}

static void drop(struct input *input, size_t count)
{
	input->length -= count;
	memmove(input->bytes, input->bytes + count, input->length);
}

static enum outcome give_key(struct input_event *event, uint32_t key)
{
	event->kind = INPUT_KEY;
	event->key = key;
	return key ? EVENT : SWALLOWED;
}

/* "ESC [ A" and "ESC O A", with modifiers "ESC [ 1;2A". */
static uint32_t letter_key(char letter, int modifiers)
{
	static const struct {
		char letter;
		uint32_t key;
	} keys[] = {
		{'A', KEYMAP_UP}, {'B', KEYMAP_DOWN}, {'C', KEYMAP_RIGHT}, {'D', KEYMAP_LEFT}, {'H', KEYMAP_HOME}, {'F', KEYMAP_END},
		{'Z', KEYMAP_BACK_TAB}, {'M', KEYMAP_ENTER},
	};
	if (letter >= 'P' && letter <= 'S')
		return (modifiers & SHIFT ? KEYMAP_SHIFT_F1 : KEYMAP_F1) + (uint32_t)(letter - 'P');
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].letter == letter)
			return keys[i].key;
	return 0;
}

/* "ESC [ 18~" is F7, "ESC [ 18;2~" with Shift; the Linux console sends 25 .. 34 for shifted function keys. */
static uint32_t numbered_key(int number, int modifiers)
{
	static const signed char function[] = {
		[11] = 1, [12] = 2, [13] = 3, [14] = 4, [15] = 5, [17] = 6, [18] = 7, [19] = 8, [20] = 9, [21] = 10, [23] = 11, [24] = 12,
		[25] = -1, [26] = -2, [28] = -3, [29] = -4, [31] = -5, [32] = -6, [33] = -7, [34] = -8,
	};
	static const uint32_t others[] = {
		[1] = KEYMAP_HOME, [2] = KEYMAP_INSERT, [3] = KEYMAP_DELETE, [4] = KEYMAP_END,
		[5] = KEYMAP_PAGE_UP, [6] = KEYMAP_PAGE_DOWN, [7] = KEYMAP_HOME, [8] = KEYMAP_END,
	};
	if (number > 0 && number < (int)(sizeof others / sizeof *others))
		return others[number];
	int n = number > 0 && number < (int)sizeof function ? function[number] : 0;
	if (n < 0 || (n > 0 && modifiers & SHIFT))
		return KEYMAP_SHIFT_F1 + (uint32_t)(n < 0 ? -n : n) - 1;
	return n ? KEYMAP_F1 + (uint32_t)n - 1 : 0;
}

/* Parses "?63;1;4c" after the bracket into the event's mark, values, intermediate and final. */
static void parse_control(const unsigned char *bytes, size_t length, struct input_event *event)
{
	size_t at = 0;
	if (bytes[0] >= '<' && bytes[0] <= '?')
		event->mark = (char)bytes[at++];
	for (int value = 0; at < length; at++) {
		unsigned char byte = bytes[at];
		if (byte >= '0' && byte <= '9') {
			value = value < 100000 ? value * 10 + byte - '0' : value;
			continue;
		}
		if (event->count < INPUT_VALUES && !event->intermediate)
			event->values[event->count++] = value;
		value = 0;
		if (byte >= 0x20 && byte <= 0x2F)
			event->intermediate = (char)byte;
	}
	event->final = (char)bytes[length - 1];
}

static bool is_reply(const struct input_event *event)
{
	if (event->mark == '?')
		return event->final == 'c' || event->final == 'S' || event->final == 'y' || event->final == 'n';
	return !event->mark && (event->final == 't' || event->final == 'n');
}

/* "ESC [ < 0;10;20M": the button's number with bits for Shift and its like, motion and the wheel; columns and rows from 1. */
static enum outcome give_mouse(struct input_event *event)
{
	enum { BUTTON = 3, MOTION = 32, WHEEL = 64, MORE_BUTTONS = 128 };
	int code = event->values[0], button = code & BUTTON;
	if (event->count < 3 || event->values[1] < 1 || event->values[2] < 1)
		return SWALLOWED;
	event->kind = INPUT_MOUSE;
	event->button = code & MORE_BUTTONS ? MOUSE_OTHER
		: code & WHEEL ? (button == 0 ? MOUSE_WHEEL_UP : button == 1 ? MOUSE_WHEEL_DOWN : MOUSE_OTHER)
		: button == 0 ? MOUSE_LEFT : MOUSE_OTHER;
	event->moved = code & MOTION;
	event->pressed = event->final == 'M';
	event->x = event->values[1] - 1;
	event->y = event->values[2] - 1;
	return EVENT;
}

static enum outcome take_control(struct input *input, const unsigned char *bytes, size_t length, struct input_event *event)
{
	parse_control(bytes, length, event);
	int modifiers = event->count > 1 && event->values[1] > 0 ? event->values[1] - 1 : 0;
	if (is_reply(event)) {
		event->kind = INPUT_REPLY;
		return EVENT;
	}
	if (event->mark == '<' && (event->final == 'M' || event->final == 'm'))
		return give_mouse(event);
	if (event->mark || event->intermediate)
		return SWALLOWED;
	if (event->final == '~' && (event->values[0] == 200 || event->values[0] == 201)) {
		input->pasting = event->values[0] == 200;
		return SWALLOWED;
	}
	return give_key(event, event->final == '~' ? numbered_key(event->values[0], modifiers) : letter_key(event->final, modifiers));
}

/* ESC [ ...; *used is the length of the whole. */
static enum outcome control_sequence(struct input *input, struct input_event *event, size_t *used)
{
	const unsigned char *bytes = input->bytes;
	if (input->length > 2 && bytes[2] == '[') { /* the Linux console's F1 .. F5: ESC [ [ A */
		*used = 4;
		return input->length < 4 ? NOTHING_YET : give_key(event, bytes[3] >= 'A' && bytes[3] <= 'E' ? KEYMAP_F1 + bytes[3] - 'A' : 0);
	}
	for (size_t i = 2; i < input->length; i++) {
		*used = i + 1;
		if (bytes[i] >= 0x40 && bytes[i] <= 0x7E)
			return take_control(input, bytes + 2, i - 1, event);
		if (bytes[i] < 0x20 || bytes[i] > 0x7E || i > LONGEST_SEQUENCE) {
			*used = i;
			return SWALLOWED;
		}
	}
	return NOTHING_YET;
}

/* ESC P, ESC ] and their like: a text up to ESC \ or BEL. None is asked for; all are swallowed. */
static enum outcome control_string(const struct input *input, size_t *used)
{
	for (size_t i = 2; i < input->length; i++) {
		*used = i + 1;
		if (input->bytes[i] == 7 || (input->bytes[i] == '\\' && input->bytes[i - 1] == ESCAPE))
			return SWALLOWED;
	}
	*used = input->length;
	return input->length >= INPUT_BUFFER ? SWALLOWED : NOTHING_YET;
}

static enum outcome escape_sequence(struct input *input, struct input_event *event, size_t *used)
{
	if (input->length < 2)
		return NOTHING_YET;
	switch (input->bytes[1]) {
	case '[':
		return control_sequence(input, event, used);
	case 'O':
		*used = 3;
		return input->length < 3 ? NOTHING_YET : give_key(event, letter_key((char)input->bytes[2], 0));
	case 'P': case ']': case '_': case '^': case 'X':
		return control_string(input, used);
	default: /* Escape and then a key */
		*used = 1;
		return give_key(event, KEYMAP_ESCAPE);
	}
}

static enum outcome character(const struct input *input, struct input_event *event, size_t *used)
{
	unsigned char first = input->bytes[0];
	size_t length = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1;
	if (input->length < length)
		return NOTHING_YET;
	char bytes[5] = {0};
	const char *at = bytes;
	memcpy(bytes, input->bytes, length);
	*used = 1;
	if (first < 0x80)
		return give_key(event, first == 8 ? KEYMAP_BACKSPACE : first == '\n' ? KEYMAP_ENTER : first);
	uint32_t code = canvas_next_character(&at);
	if (code == '?') /* broken */
		return SWALLOWED;
	*used = length;
	return give_key(event, code);
}

/* The sequence is not completed by now. */
static enum outcome give_up(struct input *input, struct input_event *event, size_t *used)
{
	bool lone = input->bytes[0] == ESCAPE && input->length == 1;
	*used = input->length;
	return lone ? give_key(event, KEYMAP_ESCAPE) : SWALLOWED;
}

bool input_next(struct input *input, bool waited, struct input_event *event)
{
	while (input->length) {
		size_t used = 0;
		*event = (struct input_event){.pasted = input->pasting};
		enum outcome outcome = input->bytes[0] == ESCAPE ? escape_sequence(input, event, &used) : character(input, event, &used);
		if (outcome == NOTHING_YET) {
			if (!waited)
				return false;
			outcome = give_up(input, event, &used);
		}
		drop(input, used);
		if (outcome == EVENT)
			return true;
	}
	return false;
}

double input_patience(const struct input *input)
{
	if (!input->length)
		return -1;
	return input->length == 1 && input->bytes[0] == ESCAPE ? escape_seconds : sequence_seconds;
}
