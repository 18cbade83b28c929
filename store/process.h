/* Who is training a run: the identity of a process, and whether it is still alive. Any thread. */
#ifndef QGAN_STORE_PROCESS_H
#define QGAN_STORE_PROCESS_H

#include "store/store.h"

enum { PROCESS_SILENT_SECONDS = 60 }; /* a heartbeat older than this, where the process itself cannot be asked */

/* Fills host, boot_id, pid and process_start with this process. */
void process_identify(struct run *run);

/* `self` comes from process_identify; now: unix seconds. */
bool process_is_alive(const struct run *run, const struct run *self, double now);

#endif
