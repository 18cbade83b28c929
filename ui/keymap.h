/* Keys: how they are numbered, spelled and turned into actions. A key is a code point, a control code (1..26: Ctrl-A
 * .. Ctrl-Z), or one of KEYMAP_*; ui/terminal.c translates what curses reports. Spelled: "p" "]" "Space" "Enter"
 * "Esc" "Tab" "S-Tab" "Up" "PgDn" "F1" "S-F7" "Ctrl-L". Any thread. */
#ifndef QGAN_UI_KEYMAP_H
#define QGAN_UI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/action.h"

enum {
	KEYMAP_TAB = 9, KEYMAP_ENTER = 13, KEYMAP_ESCAPE = 27, KEYMAP_SPACE = 32, KEYMAP_BACKSPACE = 127,
	KEYMAP_UP = 0x200000, /* beyond every code point */
	KEYMAP_DOWN, KEYMAP_LEFT, KEYMAP_RIGHT, KEYMAP_PAGE_UP, KEYMAP_PAGE_DOWN, KEYMAP_HOME, KEYMAP_END,
	KEYMAP_DELETE, KEYMAP_INSERT, KEYMAP_BACK_TAB,
	KEYMAP_F1 = 0x200100,       /* KEYMAP_F1 + n - 1 is Fn, n = 1..12 */
	KEYMAP_SHIFT_F1 = 0x200200, /* likewise with Shift */
};

bool keymap_parse(const char *name, uint32_t *key); /* false: no such key */

/* The spelling of a key; with unicode true arrows are drawn as arrows. Returns target. */
char *keymap_name(char *target, size_t size, uint32_t key, bool unicode);

/* What a key means on a screen: the rows of its scope first, then those that work everywhere. ACTION_NONE: nothing. */
enum action keymap_resolve(enum action_scope scope, uint32_t key);

/* The first default key of an action, spelled for the screen; empty when it has none. Returns target. */
char *keymap_key_of(char *target, size_t size, enum action action, bool unicode);

#endif
