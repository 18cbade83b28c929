#include "engine/base/thread.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

bool thread_start(pthread_t *thread, void *(*body)(void *), void *context, const char *what, struct error *error)
{
	sigset_t blocked, before;
	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++)
		sigdelset(&blocked, crash_signals[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before); /* the new thread inherits it */
	int failure = pthread_create(thread, NULL, body, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !failure || error_set(error, ERROR_IO, "cannot start %s: %s", what, strerror(failure));
}
