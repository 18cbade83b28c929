/* Time. Any thread. */
#ifndef QGAN_ENGINE_BASE_CLOCK_H
#define QGAN_ENGINE_BASE_CLOCK_H

#include <stddef.h>

double clock_seconds(void);                       /* monotonic, for durations */
double clock_unix(void);                          /* seconds since 1970, for records */
double clock_thread_cpu(void);                    /* CPU seconds of the calling thread */
char *clock_time_of_day(char *target, size_t size, double unix_seconds); /* "23:14:02", local time; returns target */

#endif
