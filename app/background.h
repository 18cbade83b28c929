/* Continuing a saved run in a process of its own, without terminal: what detaching the workbench ends in. Call it
 * only when no other thread runs. */
#ifndef QGAN_APP_BACKGROUND_H
#define QGAN_APP_BACKGROUND_H

#include <sys/types.h>

#include "engine/base/error.h"

/* Starts `qgan train --resume RUN` as a session leader with its output in the log file. False when the process cannot
 * be made or the program cannot be started again. */
bool background_resume(const char *run, const char *store_path, struct error *error);
pid_t background_process(void); /* of the last one started */

#endif
