/* A folder that a test fills and removes again. Abort on failure: a test cannot go on without it. */
#ifndef QGAN_TESTS_TEMPORARY_FOLDER_H
#define QGAN_TESTS_TEMPORARY_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_PATH_SIZE = 512 };

struct temporary_folder {
	char path[64];
};

static inline void temporary_folder_create(struct temporary_folder *folder)
{
	snprintf(folder->path, sizeof folder->path, "/tmp/qgan-test-XXXXXX");
	if (!mkdtemp(folder->path))
		abort();
}

static inline int temporary_remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

/* A process that has just told its end may still close its files there: they come and go under the walk. */
static inline void temporary_folder_remove(struct temporary_folder *folder)
{
	enum { TRIES = 100, PAUSE_MICROSECONDS = 50000 };
	for (int try = 0; nftw(folder->path, temporary_remove_one, 16, FTW_DEPTH | FTW_PHYS); try++) {
		if (try == TRIES)
			abort();
		usleep(PAUSE_MICROSECONDS);
	}
}

/* "folder/name" in one of a few static buffers, used in turn; the folders in between are made. */
__attribute__((format(printf, 2, 3)))
static inline const char *temporary_path(const struct temporary_folder *folder, const char *format, ...)
{
	static char buffers[8][TEMPORARY_PATH_SIZE];
	static int turn;
	char *path = buffers[turn = (turn + 1) % 8];
	int length = snprintf(path, TEMPORARY_PATH_SIZE, "%s/", folder->path);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(path + length, TEMPORARY_PATH_SIZE - (size_t)length, format, arguments);
	va_end(arguments);
	for (char *slash = path + length; *slash; slash++)
		if (*slash == '/') {
			*slash = '\0';
			mkdir(path, 0777);
			*slash = '/';
		}
	return path;
}

static inline void temporary_write(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file))
		abort();
}

#endif
