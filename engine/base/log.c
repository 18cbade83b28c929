#include "engine/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards `file` and whole lines in it */
static FILE *file;

bool log_open(const char *path, struct error *error)
{
	FILE *opened = fopen(path, "ae");
	if (!opened)
		return error_set_errno(error, "cannot open the log file %s", path);
	pthread_mutex_lock(&lock);
	if (file)
		fclose(file);
	file = opened;
	pthread_mutex_unlock(&lock);
	return true;
}

void log_close(void)
{
	pthread_mutex_lock(&lock);
	if (file)
		fclose(file);
	file = NULL;
	pthread_mutex_unlock(&lock);
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"info", "warning", "error"};
	pthread_mutex_lock(&lock);
	FILE *target = file ? file : level >= LOG_LEVEL_WARNING ? stderr : NULL;
	if (target) {
		char stamp[32];
		time_t now = time(NULL);
		struct tm utc;
		gmtime_r(&now, &utc);
		strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
		fprintf(target, "%s %s ", stamp, names[level]);
		va_list arguments;
		va_start(arguments, format);
		vfprintf(target, format, arguments);
		va_end(arguments);
		fputc('\n', target);
		fflush(target);
	}
	pthread_mutex_unlock(&lock);
}
