/* Signals while the screen is up, and what must happen to the terminal whatever ends the program. Handlers only set
 * flags and write a byte to a pipe, except the fatal ones, which put the terminal right with write() and tcsetattr()
 * alone and let the signal do its work. One guard a process; main thread. */
#ifndef QGAN_UI_TERMINAL_GUARD_H
#define QGAN_UI_TERMINAL_GUARD_H

#include <stdbool.h>
#include <termios.h>

#include "engine/base/error.h"

struct guard_news {
	bool resized, suspend, continued, hung_up;
	int end_signal; /* SIGINT, SIGTERM or SIGQUIT came; 0: none */
};

/* `line`: the settings to come back to; `descriptor`: the terminal, for writing. stderr goes to a buffer from now on. */
bool guard_install(int descriptor, const struct termios *line, struct error *error);

/* Old handlers back, and what was written to stderr is shown there. After `lost` (the terminal is gone) SIGHUP stays
 * ignored and nothing is shown. */
void guard_remove(bool lost);

void guard_arm(bool armed);               /* the terminal is (not) in our hands: a fatal signal has to (need not) restore it */
void guard_restore_registers(int number); /* give the terminal so many colour registers back at the end; 0: leave them */
int guard_wake_descriptor(void);          /* readable when there is news */
struct guard_news guard_take_news(void);

/* Stops this process as Ctrl-Z would, returns when it goes on. */
void guard_suspend(void);

#endif
