/* What comes from the terminal: bytes become keys, mouse events (SGR encoding, mode 1006) and answers. A lone Escape is told
 * from the start of a sequence by time; answers to the program's questions are recognised whenever they come, so that they
 * never look like keys; unknown sequences are swallowed whole. Plain data, no thread. */
#ifndef QGAN_UI_INPUT_H
#define QGAN_UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { INPUT_BUFFER = 1024, INPUT_VALUES = 16 };

struct input {
	unsigned char bytes[INPUT_BUFFER];
	size_t length;
	bool pasting; /* between the marks of a bracketed paste */
};

enum input_kind { INPUT_KEY, INPUT_REPLY, INPUT_MOUSE };
enum mouse_button { MOUSE_OTHER, MOUSE_LEFT, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct input_event {
	enum input_kind kind;
	uint32_t key;   /* INPUT_KEY: as in ui/keymap.h */
	bool pasted;    /* the key comes from a paste */
	char mark, intermediate, final; /* INPUT_REPLY: "?63;4c" is '?', 0, 'c'; "?2026;2$y" is '?', '$', 'y' */
	int values[INPUT_VALUES], count;
	enum mouse_button button; /* INPUT_MOUSE */
	bool pressed, moved; /* else it was let go; moved while held */
	int x, y;       /* the cell, from 0 */
};

/* Reads what is there. Positive: bytes read; 0: nothing now; -1: the terminal is gone. */
int input_read(struct input *input, int descriptor);

/* Adds bytes; what does not fit is dropped. */
void input_feed(struct input *input, const void *bytes, size_t length);

/* Takes the next event. False: none is whole. With `waited` true an unfinished sequence is not waited for any more:
 * a lone Escape is the key, anything else is dropped. */
bool input_next(struct input *input, bool waited, struct input_event *event);

/* Seconds until input_next should be called with `waited`; negative: nothing is unfinished. */
double input_patience(const struct input *input);

#endif
