/* SIGINT and SIGTERM as a wish to stop and save, counted; SIGHUP is survived: a training goes on without its
 * terminal. Process-wide. */
#ifndef QGAN_APP_INTERRUPT_H
#define QGAN_APP_INTERRUPT_H

#include <stdbool.h>

void interrupt_install(void);
int interrupt_count(void);       /* signals so far */
int interrupt_exit_status(void); /* 128 + the first signal's number; 0: there was none */

#endif
