/* SIGINT and SIGTERM as a wish to stop and save, counted; SIGHUP is survived: a training goes on without its
 * terminal. Signals that come together are one wish: timeout(1) and batch systems signal the program and then its whole
 * group. Process-wide. */
#ifndef QGAN_APP_INTERRUPT_H
#define QGAN_APP_INTERRUPT_H

#include <stdbool.h>

void interrupt_install(void);
int interrupt_count(void);       /* wishes so far */
double interrupt_age(void);      /* seconds since the first one; 0: there was none */
int interrupt_exit_status(void); /* 128 + the first signal's number; 0: there was none */

#endif
