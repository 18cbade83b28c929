/* Threads that leave signals to the main thread. Any thread. */
#ifndef QGAN_ENGINE_BASE_THREAD_H
#define QGAN_ENGINE_BASE_THREAD_H

#include <pthread.h>

#include "engine/base/error.h"

/* pthread_create with every signal blocked but those of a crash: their handler must run wherever the crash happens, or
 * the terminal is left as it is. ERROR_IO, naming `what`, when the system refuses. */
bool thread_start(pthread_t *thread, void *(*body)(void *), void *context, const char *what, struct error *error);

/* For the calling thread, which mostly waits: it gets its turn at once when it wakes, even while others compute on every
 * core, at the price of shorter turns. Policy and niceness stay; threads it starts are usual ones. Linux 6.12 knows how; an
 * older one changes nothing. */
void thread_ask_short_turns(void);

#endif
