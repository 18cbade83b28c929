/* Zip archives in memory, as numpy and PyTorch write them: members stored or deflated.
 *
 *   local header, name, extra, data    once a member; its sizes may be missing here
 *   central directory                  once more name, method, sizes, CRC-32 and where the local header is: this counts
 *   zip64 end record, its locator      the same as the end record in wider fields; PyTorch writes them always
 *   end record                         where the central directory is, how many members
 *
 * Strict: the end record ends the file and the directory ends at it. Refused by name: several disks, members beyond 4 GB,
 * encryption, other methods, a name twice or with control characters, members that do not lie in the file, more data than
 * the method could give. Contents are checked against size and CRC-32. Any thread. */
#ifndef QGAN_ENGINE_FILE_ZIP_H
#define QGAN_ENGINE_FILE_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/replace_file.h"

enum { ZIP_MAX_MEMBERS = 4096, ZIP_MAX_NAME = 255 };

struct zip_member {
	char name[ZIP_MAX_NAME + 1];
	int method;                /* of compression: 0 stored, 8 deflated */
	size_t size, stored_size;  /* bytes, as they are and as they lie in the archive */
	size_t offset;             /* of the data in the archive */
	uint32_t checksum;         /* CRC-32 */
};

struct zip {
	const uint8_t *bytes; /* borrowed */
	const char *name;     /* of the file, for error texts; borrowed */
	struct zip_member *members; /* owned */
	int count;
};

bool zip_is_at(const char *path); /* whether a regular file there begins as an archive does */

/* On failure *zip is empty. The bytes must outlive it. */
bool zip_parse(const void *bytes, size_t size, const char *name, struct zip *zip, struct error *error);
void zip_clear(struct zip *zip);

const struct zip_member *zip_find(const struct zip *zip, const char *name); /* NULL: no such member */

/* The member's content: member->size bytes, the caller's to free. NULL and an error naming file and member. */
uint8_t *zip_extract(const struct zip *zip, const struct zip_member *member, struct error *error);

/* Writes an archive of stored members as replace_file does; each content is of two parts, either may be empty. */
struct zip_content {
	const char *name;
	struct file_part parts[2];
};
enum { ZIP_MAX_WRITTEN = 8 };
bool zip_write(const char *path, const struct zip_content contents[], int count, struct error *error);

#endif
