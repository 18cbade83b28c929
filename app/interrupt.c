#include "app/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t count, first;

static void note(int number)
{
	if (count == 0)
		first = number;
	count = count + 1;
}

void interrupt_install(void)
{
	struct sigaction action = {.sa_handler = note};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int interrupt_count(void) { return count; }
int interrupt_exit_status(void) { return count ? 128 + first : 0; }
