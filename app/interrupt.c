#include "app/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "engine/base/clock.h"

static const double TOGETHER_SECONDS = 1; /* nobody asks twice within it */

static volatile sig_atomic_t count, first;
static volatile double first_time, last_time; /* read after `count` only, or by the handler */

static void note(int number)
{
	const double now = clock_seconds(); /* clock_gettime is safe here */
	if (count > 0 && now - last_time < TOGETHER_SECONDS)
		return;
	last_time = now;
	if (count == 0) {
		first = number;
		first_time = now;
	}
	count = count + 1;
}

void interrupt_install(void)
{
	struct sigaction action = {.sa_handler = note};
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGINT); /* neither in the middle of the other */
	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int interrupt_count(void) { return count; }
double interrupt_age(void) { return count ? clock_seconds() - first_time : 0; }
int interrupt_exit_status(void) { return count ? 128 + first : 0; }
