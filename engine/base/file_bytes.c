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

/* Its first `most` bytes; `whole` is how many there are. */
static bool read_open_file(int descriptor, const char *path, size_t limit, size_t most, struct file_bytes *file, uint64_t *whole,
                           struct error *error)
{
	struct stat status;
	if (fstat(descriptor, &status))
		return error_set_errno(error, "%s cannot be read", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_INPUT, "%s is not a regular file", path);
	if ((uintmax_t)status.st_size > limit)
		return error_set(error, ERROR_INPUT, "%s has %jd bytes; expected at most %zu", path, (intmax_t)status.st_size, limit);
	*whole = (uint64_t)status.st_size;
	size_t size = *whole < most ? (size_t)*whole : most;
	struct file_bytes read = {memory_try_bytes(size, path, error), size};
	if (!read.bytes)
		return false;
	if (!read_all(descriptor, path, &read, error)) {
		file_bytes_clear(&read);
		return false;
	}
	*file = read;
	return true;
}

static bool read_path(const char *path, size_t limit, size_t most, struct file_bytes *file, uint64_t *whole, struct error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return error_set(error, ERROR_INPUT, "%s cannot be read: %s", path, strerror(errno));
	bool good = read_open_file(descriptor, path, limit, most, file, whole, error);
	close(descriptor);
	return good;
}

bool file_bytes_read(const char *path, size_t limit, struct file_bytes *file, struct error *error)
{
	uint64_t whole;
	return read_path(path, limit, SIZE_MAX, file, &whole, error);
}

bool file_bytes_read_start(const char *path, size_t most, struct file_bytes *file, uint64_t *whole, struct error *error)
{
	return read_path(path, SIZE_MAX, most, file, whole, error);
}
