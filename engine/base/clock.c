#include "engine/base/clock.h"

#include <time.h>

static double read_clock(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double clock_seconds(void) { return read_clock(CLOCK_MONOTONIC); }
double clock_unix(void) { return read_clock(CLOCK_REALTIME); }
double clock_thread_cpu(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

void work_clock_add(struct work_clock *clock, double start)
{
	clock->seconds += clock_seconds() - start;
	clock->calls++;
}

char *clock_time_of_day(char *target, size_t size, double unix_seconds)
{
	time_t whole = (time_t)unix_seconds;
	struct tm local;
	localtime_r(&whole, &local);
	if (strftime(target, size, "%H:%M:%S", &local) == 0 && size)
		target[0] = '\0';
	return target;
}
