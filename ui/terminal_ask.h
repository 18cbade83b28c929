/* Asks the terminal what it can do without starting a screen: for a report, not for drawing. */
#ifndef QGAN_UI_TERMINAL_ASK_H
#define QGAN_UI_TERMINAL_ASK_H

#include <stdbool.h>

#include "ui/terminal.h"

/* Fills sixel, synchronized, registers, largest_* and cell_* of *ability; `known` stays false for a terminal that kept
 * silent for a second. Leaves the terminal as it was; keys typed meanwhile are lost. False, with nothing asked, when
 * standard input and output are not this process's own terminal, in the foreground. Main thread. */
bool terminal_ask(struct terminal_ability *ability);

#endif
