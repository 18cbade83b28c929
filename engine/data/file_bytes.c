#include "engine/data/file_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"

void file_bytes_clear(struct file_bytes *file)
{
	free(file->bytes);
	*file = (struct file_bytes){0};
}

static bool read_all(int descriptor, const char *path, struct file_bytes *file, struct error *error)
{
	size_t done = 0;
	while (done < file->size) {
		ssize_t got = read(descriptor, file->bytes + done, file->size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(error, "%s cannot be read", path);
		if (got == 0)
			return error_set(error, ERROR_INPUT, "%s became shorter while it was read", path);
		done += (size_t)got;
	}
	return true;
}

static bool read_open_file(int descriptor, const char *path, size_t limit, struct file_bytes *file, struct error *error)
{
	struct stat status;
	if (fstat(descriptor, &status))
		return error_set_errno(error, "%s cannot be read", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_INPUT, "%s is not a regular file", path);
	if ((uintmax_t)status.st_size > limit)
		return error_set(error, ERROR_INPUT, "%s has %jd bytes; expected at most %zu", path, (intmax_t)status.st_size, limit);
	struct file_bytes read = {memory_try_bytes((size_t)status.st_size, path, error), (size_t)status.st_size};
	if (!read.bytes)
		return false;
	if (!read_all(descriptor, path, &read, error)) {
		file_bytes_clear(&read);
		return false;
	}
	*file = read;
	return true;
}

bool file_bytes_read(const char *path, size_t limit, struct file_bytes *file, struct error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return error_set(error, ERROR_INPUT, "%s cannot be read: %s", path, strerror(errno));
	bool good = read_open_file(descriptor, path, limit, file, error);
	close(descriptor);
	return good;
}

static bool write_all(int descriptor, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(descriptor, bytes, size);
		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			bytes += put;
			size -= (size_t)put;
		}
	}
	return true;
}

/* Makes the rename itself durable; a file system that cannot sync a folder is left alone. */
static void sync_folder_of(const char *path)
{
	char *folder = memory_text(path), *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor >= 0) {
		fsync(descriptor);
		close(descriptor);
	}
	free(folder);
}

bool file_bytes_write(const char *path, const void *bytes, size_t size, struct error *error)
{
	char aside[PATH_MAX];
	int length = snprintf(aside, sizeof aside, "%s.%ld.part", path, (long)getpid());
	if (length < 0 || (size_t)length >= sizeof aside)
		return error_set(error, ERROR_INPUT, "%.200s... is too long for a file name", path);
	int descriptor = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (descriptor < 0)
		return error_set_errno(error, "%s cannot be written", path);
	bool good = write_all(descriptor, bytes, size) && !fsync(descriptor);
	int number = errno;
	if (close(descriptor) && good) {
		number = errno;
		good = false;
	}
	if (good && rename(aside, path)) {
		number = errno;
		good = false;
	}
	if (!good) {
		unlink(aside);
		errno = number;
		return error_set_errno(error, "%s cannot be written", path);
	}
	sync_folder_of(path);
	return true;
}
