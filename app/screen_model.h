/* What a terminal shows of the bytes it is sent: cells and their colours, as far as curses makes use of an xterm. Pictures
 * and what else it does not know it passes over. Plain memory; one thread. */
#ifndef QGAN_APP_SCREEN_MODEL_H
#define QGAN_APP_SCREEN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen_cell {
	uint32_t character;             /* code point, ' ' where nothing is; 0: the right half of a wide character */
	int16_t foreground, background; /* index of 256; -1: the terminal's own */
	uint16_t attributes;            /* bit n: SGR n, 1 bold .. 9 */
};

struct screen_model;

/* told, which may be NULL, hears every control sequence without its ESC [ once it is obeyed: questions, ends of frames. */
struct screen_model *screen_model_create(int columns, int rows, void (*told)(void *context, const char *sequence), void *context);
void screen_model_destroy(struct screen_model *model); /* NULL is fine */

void screen_model_take(struct screen_model *model, const char *bytes, size_t length);

int screen_model_columns(const struct screen_model *model);
int screen_model_rows(const struct screen_model *model);
const struct screen_cell *screen_model_row(const struct screen_model *model, int y); /* `columns` cells */
char *screen_model_text(const struct screen_model *model); /* UTF-8, line by line, trailing blanks cut; free() it */

#endif
