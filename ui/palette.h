/* The command palette: every action by name, the few commands that take words, found by a few letters of them. While it is
 * open every key is its own. The actions are the rows of the action table, the commands those of palette_commands. Main
 * thread. */
#ifndef QGAN_UI_PALETTE_H
#define QGAN_UI_PALETTE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/line_edit.h"
#include "ui/view.h"

/* A command with words behind it: "bits d 2". */
struct palette_command {
	const char *name, *words; /* "bits", "[d|g] K" */
	const char *help;         /* one line for palette and man page */
	/* False, and a sentence: what was expected. `words` are the blanks-separated ones behind the name; count ones. */
	bool (*read)(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint, size_t size);
};
extern const struct palette_command palette_commands[]; /* ends with name NULL */
void palette_print_manual(FILE *file); /* the commands as scdoc text */

enum { PALETTE_ENTRIES = 256, PALETTE_COMPLAINT = 128 };

struct palette {
	bool open;
	enum action_scope scope;   /* of the screen below: its own actions are offered first */
	struct line_edit edit;
	int chosen, top;           /* the line under the cursor, the first shown */
	char complaint[PALETTE_COMPLAINT];
};

/* What is offered for what was typed, the best first. */
struct palette_entry {
	const struct action_row *action;        /* either one .. */
	const struct palette_command *command;  /* .. or the other */
	int score;                              /* higher: a better match */
	bool elsewhere;                         /* of another screen: choosing it goes there first */
};
int palette_find(const struct palette *palette, struct palette_entry entries[PALETTE_ENTRIES]);

void palette_open(struct palette *palette, enum action_scope scope);

/* A key while it is open. *chosen: the action to do as if its key had been pressed, on its screen when `elsewhere`; *out: what
 * to send instead. Both ACTION_NONE: nothing yet, or it was closed. */
struct palette_choice {
	enum action action;
	enum action_scope scope;
	bool elsewhere;
};
void palette_key(struct palette *palette, const struct view *view, uint32_t key, struct palette_choice *chosen,
	struct action_request *out);

/* Over the upper middle of the whole canvas. */
void palette_draw(struct palette *palette, struct canvas *canvas);

#endif
