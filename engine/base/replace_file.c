#include "engine/base/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"

/* The fixed name is shared by all writers of one file, so each locks it. Between opening and locking another writer may
 * have renamed that file into place; then the lock is on the finished file and a new one is needed. Where locks are not
 * supported writers do without. -1 and errno on failure, EWOULDBLOCK when another writer has it. */
static int open_locked(const char *aside)
{
	for (;;) {
		struct stat opened, named;
		int file = open(aside, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (file < 0)
			return -1;
		if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
			close(file);
			errno = EWOULDBLOCK;
			return -1;
		}
		if (fstat(file, &opened) == 0 && stat(aside, &named) == 0 && opened.st_dev == named.st_dev &&
		    opened.st_ino == named.st_ino)
			return file;
		close(file);
	}
}

static bool write_all(int file, const void *bytes, size_t size)
{
	const char *from = bytes;
	while (size > 0) {
		ssize_t written = write(file, from, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		from += written;
		size -= (size_t)written;
	}
	return true;
}

/* ftruncate comes last: what a killed writer left may be longer. */
static bool write_parts(int file, const struct file_part parts[], int count)
{
	size_t size = 0;
	for (int i = 0; i < count; i++) {
		if (!write_all(file, parts[i].bytes, parts[i].size))
			return false;
		size += parts[i].size;
	}
	return ftruncate(file, (off_t)size) == 0 && fsync(file) == 0;
}

/* Some file systems cannot sync a folder, and some folders may be written but not opened: no failure of ours. */
static bool sync_folder_of(const char *path)
{
	char *copy = memory_text(path);
	int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (folder < 0)
		return errno == EACCES;
	bool synced = fsync(folder) == 0 || errno == EINVAL || errno == ENOTSUP;
	int reason = errno;
	close(folder);
	errno = reason;
	return synced;
}

/* The lock is held until the new name stands. */
static bool replace(const char *target, const char *aside, const struct file_part parts[], int count)
{
	int file = open_locked(aside);
	if (file < 0)
		return false;
	bool good = write_parts(file, parts, count) && rename(aside, target) == 0;
	int reason = errno;
	if (!good)
		unlink(aside);
	close(file); /* nothing is left to fail: fsync has told */
	errno = reason;
	return good;
}

bool replace_file(const char *path, const struct file_part parts[], int count, struct error *error)
{
	struct stat there;
	if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
		return error_set(error, ERROR_INPUT, "%s cannot be written: it is not a regular file", path);
	struct text aside = {0};
	char *resolved = realpath(path, NULL); /* NULL: the file is new */
	const char *target = resolved ? resolved : path;
	text_format(&aside, "%s.tmp", target);
	bool done = replace(target, aside.bytes, parts, count);
	if (!done && errno == EWOULDBLOCK)
		error_set(error, ERROR_STATE, "%s cannot be written: another program is writing it", path);
	else if (!done)
		error_set_errno(error, "%s cannot be written", path);
	else if (!sync_folder_of(target))
		done = error_set_errno(error, "%s is written, but its folder cannot be synced", path);
	text_clear(&aside);
	free(resolved);
	return done;
}
