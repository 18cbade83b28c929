#include "engine/base/thread.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* struct sched_attr of the kernel, which the C library does not have everywhere. */
struct turns {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* nanoseconds; of a usual thread the length of its turns */
};

void thread_ask_short_turns(void)
{
	enum { RESET_ON_FORK = 1, TURN_NANOSECONDS = 100 * 1000 /* the least there is */ };
	struct turns turns = {
		.size = sizeof turns, .policy = SCHED_OTHER, .flags = RESET_ON_FORK, .nice = getpriority(PRIO_PROCESS, 0),
		.runtime = TURN_NANOSECONDS,
	};
	if (sched_getscheduler(0) == SCHED_OTHER)
		syscall(SYS_sched_setattr, 0, &turns, 0);
}
