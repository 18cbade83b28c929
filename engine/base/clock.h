/* Time. Any thread. */
#ifndef QGAN_ENGINE_BASE_CLOCK_H
#define QGAN_ENGINE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

double clock_seconds(void);                       /* monotonic, for durations */
double clock_unix(void);                          /* seconds since 1970, for records */
double clock_thread_cpu(void);                    /* CPU seconds of the calling thread */
char *clock_time_of_day(char *target, size_t size, double unix_seconds); /* "23:14:02", local time; returns target */

/* What a piece of work has taken since the beginning. */
struct work_clock {
	double seconds;
	int64_t calls;
};
void work_clock_add(struct work_clock *clock, double start); /* one call more, begun when clock_seconds() was `start` */

#endif
