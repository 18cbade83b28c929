#include "engine/file/npy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"

bool npy_file_read(int file, size_t offset, void *target, size_t size, const char *path, struct error *error)
{
	for (uint8_t *to = target; size > 0;) {
		ssize_t got = pread(file, to, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(error, "%s cannot be read", path);
		if (got == 0)
			return error_set(error, ERROR_INPUT, "%s became shorter while it was read", path);
		to += got;
		offset += (size_t)got;
		size -= (size_t)got;
	}
	return true;
}

static bool read_header(int file, const char *path, struct npy_header *header, struct error *error)
{
	struct stat status;
	if (fstat(file, &status) != 0)
		return error_set_errno(error, "%s cannot be read", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_INPUT, "%s is not a regular file", path);
	size_t size = (size_t)status.st_size, first = size < NPY_MAX_DATA_OFFSET ? size : NPY_MAX_DATA_OFFSET;
	uint8_t *bytes = memory_try_bytes(first, path, error);
	bool done = bytes && npy_file_read(file, 0, bytes, first, path, error) &&
	            npy_header_parse(bytes, first, size, path, header, error);
	free(bytes);
	return done;
}

/* O_NONBLOCK: opening a pipe must not wait for its writer. */
bool npy_file_open(const char *path, int *file, struct npy_header *header, struct error *error)
{
	*file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*file < 0)
		return error_set(error, ERROR_INPUT, "%s cannot be read: %s", path, strerror(errno));
	if (read_header(*file, path, header, error))
		return true;
	close(*file);
	return false;
}
