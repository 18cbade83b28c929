#include "engine/base/file_bytes.h"

#include <errno.h>
#include <fcntl.h>
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
