/* Work in a process of its own, without terminal: what detaching the workbench ends in, and what works studies off. */
#ifndef QGAN_APP_BACKGROUND_H
#define QGAN_APP_BACKGROUND_H

#include <sys/types.h>

#include "engine/base/error.h"

/* Starts this program anew with those arguments (NULL-terminated, the first is its name) as a session leader with its output
 * in the log file. The child only execs, so other threads do no harm. False when the process cannot be made or the program
 * cannot be started again. */
bool background_start(const char *const arguments[], struct error *error);

/* Starts `qgan train --resume RUN` so. */
bool background_resume(const char *run, const char *store_path, struct error *error);
pid_t background_process(void); /* of the last one started */

#endif
