#include "engine/file/zip.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "engine/base/memory.h"

enum {
	STORED = 0, DEFLATED = 8,
	FLAG_ENCRYPTED = 1, FLAG_STRONG_ENCRYPTION = 1 << 6, FLAG_HIDDEN = 1 << 13,
	LOCAL_SIZE = 30, DIRECTORY_SIZE = 46, END_SIZE = 22, LOCATOR_SIZE = 20, END64_SIZE = 56, /* fixed parts */
	MAX_COMMENT = 65535,
	MOST_INFLATION = 1032, /* deflate's best: 258 bytes for two bits */
};
static const uint32_t LOCAL_MARK = 0x04034b50, DIRECTORY_MARK = 0x02014b50, END_MARK = 0x06054b50;
static const uint32_t LOCATOR_MARK = 0x07064b50, END64_MARK = 0x06064b50;
static const uint32_t IN_ZIP64 = UINT32_MAX; /* the real number stands in a zip64 field */

static uint32_t u16(const uint8_t *bytes) { return bytes[0] | (uint32_t)bytes[1] << 8; }
static uint32_t u32(const uint8_t *bytes) { return u16(bytes) | u16(bytes + 2) << 16; }
static uint64_t u64(const uint8_t *bytes) { return u32(bytes) | (uint64_t)u32(bytes + 4) << 32; }

bool zip_is_at(const char *path)
{
	uint8_t mark[4];
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make us wait */
	bool begins = file >= 0 && pread(file, mark, sizeof mark, 0) == sizeof mark &&
	              (u32(mark) == LOCAL_MARK || u32(mark) == END_MARK);
	if (file >= 0)
		close(file);
	return begins;
}

void zip_clear(struct zip *zip)
{
	free(zip->members);
	*zip = (struct zip){0};
}

/* What is being read. */
struct reader {
	const uint8_t *bytes;
	size_t size, directory, directory_end;
	struct zip *zip;
	struct error *error;
};

static bool refuse(const struct reader *r, const char *member, const char *what)
{
	if (member)
		return error_set(r->error, ERROR_INPUT, "%s: member %.255s %s", r->zip->name, member, what);
	return error_set(r->error, ERROR_INPUT, "%s %s", r->zip->name, what);
}

/* The last end record whose comment reaches exactly to the end of the file. */
static bool find_end(const struct reader *r, size_t *end)
{
	for (size_t length = 0; length <= MAX_COMMENT && r->size >= END_SIZE + length; length++) {
		size_t at = r->size - END_SIZE - length;
		if (u32(r->bytes + at) == END_MARK && u16(r->bytes + at + 20) == length) {
			*end = at;
			return true;
		}
	}
	return refuse(r, NULL, "is no zip archive or is cut: its end record is missing");
}

/* What the end record says of the directory. */
struct end_facts {
	uint64_t members, size, begin, end; /* end: where the end records begin */
};

/* PyTorch writes zip64 end records always, before the plain one. They must say the same where the plain one can say it. */
static bool read_end64(const struct reader *r, size_t locator, struct end_facts *facts)
{
	const uint8_t *record = r->bytes + (locator < END64_SIZE ? 0 : locator - END64_SIZE);
	if (locator < END64_SIZE || u64(r->bytes + locator + 8) != locator - END64_SIZE || u32(record) != END64_MARK ||
	    u64(record + 4) != END64_SIZE - 12)
		return refuse(r, NULL, "is a zip64 archive whose end record is not where it belongs");
	if (u32(r->bytes + locator + 4) != 0 || u32(r->bytes + locator + 16) > 1 || u32(record + 16) != 0 ||
	    u32(record + 20) != 0 || u64(record + 24) != u64(record + 32))
		return refuse(r, NULL, "is a part of a zip archive on several disks; expected a whole one");
	const struct end_facts large = {u64(record + 32), u64(record + 40), u64(record + 48), locator - END64_SIZE};
	if ((facts->members != UINT16_MAX && facts->members != large.members) ||
	    (facts->size != IN_ZIP64 && facts->size != large.size) ||
	    (facts->begin != IN_ZIP64 && facts->begin != large.begin))
		return refuse(r, NULL, "is a damaged zip archive: its two end records differ");
	*facts = large;
	return true;
}

static bool read_end(struct reader *r, int *count)
{
	size_t end = 0;
	if (!find_end(r, &end))
		return false;
	const uint8_t *record = r->bytes + end;
	struct end_facts facts = {u16(record + 10), u32(record + 12), u32(record + 16), end};
	if (u16(record + 4) != 0 || u16(record + 6) != 0 || u16(record + 8) != facts.members)
		return refuse(r, NULL, "is a part of a zip archive on several disks; expected a whole one");
	if (end >= LOCATOR_SIZE && u32(record - LOCATOR_SIZE) == LOCATOR_MARK) {
		if (!read_end64(r, end - LOCATOR_SIZE, &facts))
			return false;
	} else if (facts.members == UINT16_MAX || facts.size == IN_ZIP64 || facts.begin == IN_ZIP64) {
		return refuse(r, NULL, "is a zip64 archive without the end record of one");
	}
	if (facts.begin > facts.end || facts.end - facts.begin != facts.size)
		return refuse(r, NULL, "is a damaged zip archive: its directory does not end where its end record begins");
	if (facts.members > ZIP_MAX_MEMBERS)
		return error_set(r->error, ERROR_INPUT, "%s has %ju members; expected at most %d", r->zip->name, (uintmax_t)facts.members,
		                 ZIP_MAX_MEMBERS);
	r->directory = (size_t)facts.begin;
	r->directory_end = (size_t)facts.end;
	*count = (int)facts.members;
	return true;
}

static bool read_name(const struct reader *r, const uint8_t *name, size_t length, struct zip_member *member)
{
	if (length == 0 || length > ZIP_MAX_NAME)
		return refuse(r, NULL, "has a member without a name, or with one of more than 255 bytes");
	for (size_t i = 0; i < length; i++)
		if (name[i] < ' ' || name[i] == 0x7F)
			return refuse(r, NULL, "has a member with control characters in its name");
	memcpy(member->name, name, length);
	member->name[length] = '\0';
	return zip_find(r->zip, member->name) == NULL || refuse(r, member->name, "is there twice");
}

static bool check_method(const struct reader *r, const struct zip_member *member, uint32_t flags)
{
	if (flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_HIDDEN))
		return refuse(r, member->name, "is encrypted; expected one that is not");
	if (member->method != STORED && member->method != DEFLATED)
		return error_set(r->error, ERROR_INPUT, "%s: member %s is compressed by method %d; expected stored or deflated",
		                 r->zip->name, member->name, member->method);
	if (member->method == STORED && member->size != member->stored_size)
		return refuse(r, member->name, "is stored, but its two sizes differ");
	if (member->size / MOST_INFLATION > member->stored_size)
		return refuse(r, member->name, "promises more than its compressed data can hold");
	return true;
}

/* The local header says where the data begins; its sizes do not count. */
static bool find_data(const struct reader *r, size_t local, uint32_t method, struct zip_member *member)
{
	const uint8_t *header = r->bytes + local;
	if (local + LOCAL_SIZE > r->directory || u32(header) != LOCAL_MARK)
		return refuse(r, member->name, "does not lie where the directory says");
	size_t name_length = u16(header + 26), length = LOCAL_SIZE + name_length + u16(header + 28);
	if (local + length > r->directory || name_length != strlen(member->name) ||
	    memcmp(header + LOCAL_SIZE, member->name, name_length) != 0 || u16(header + 8) != method)
		return refuse(r, member->name, "has a local header that differs from the directory");
	member->offset = local + length;
	return r->directory - member->offset >= member->stored_size ||
	       refuse(r, member->name, "reaches beyond the members' part of the file");
}

/* One entry of the directory; *at moves behind it. */
static bool read_member(struct reader *r, size_t *at, struct zip_member *member)
{
	const uint8_t *entry = r->bytes + *at;
	if (r->directory_end - *at < DIRECTORY_SIZE || u32(entry) != DIRECTORY_MARK)
		return refuse(r, NULL, "is a damaged zip archive: its directory is cut");
	size_t name_length = u16(entry + 28), length = DIRECTORY_SIZE + name_length + u16(entry + 30) + u16(entry + 32);
	if (r->directory_end - *at < length)
		return refuse(r, NULL, "is a damaged zip archive: its directory is cut");
	*at += length;
	*member = (struct zip_member){.method = (int)u16(entry + 10), .checksum = u32(entry + 16), .stored_size = u32(entry + 20),
	                              .size = u32(entry + 24)};
	if (!read_name(r, entry + DIRECTORY_SIZE, name_length, member))
		return false;
	if (member->size == IN_ZIP64 || member->stored_size == IN_ZIP64 || u32(entry + 42) == IN_ZIP64)
		return refuse(r, member->name, "has zip64 sizes; expected a member below 4 GB without them");
	if (u16(entry + 34) != 0)
		return refuse(r, member->name, "lies on another disk; expected a whole archive");
	return check_method(r, member, u16(entry + 8)) && find_data(r, u32(entry + 42), (uint32_t)member->method, member);
}

static bool read_directory(struct reader *r, int count)
{
	size_t at = r->directory, stored = 0;
	r->zip->members = memory_zeroed((size_t)count, sizeof *r->zip->members);
	for (int i = 0; i < count; i++) {
		if (!read_member(r, &at, &r->zip->members[i]))
			return false;
		stored += r->zip->members[i].stored_size;
		r->zip->count++;
	}
	if (at != r->directory_end)
		return refuse(r, NULL, "is a damaged zip archive: its directory holds more than its members");
	return stored <= r->directory || refuse(r, NULL, "is a damaged zip archive: its members overlap");
}

bool zip_parse(const void *bytes, size_t size, const char *name, struct zip *zip, struct error *error)
{
	struct reader reader = {.bytes = bytes, .size = size, .zip = zip, .error = error};
	int count = 0;
	*zip = (struct zip){.bytes = bytes, .name = name};
	if (read_end(&reader, &count) && read_directory(&reader, count))
		return true;
	zip_clear(zip);
	return false;
}

const struct zip_member *zip_find(const struct zip *zip, const char *name)
{
	for (int i = 0; i < zip->count; i++)
		if (strcmp(zip->members[i].name, name) == 0)
			return &zip->members[i];
	return NULL;
}

/* The deflated data must end exactly where its room and its result do. */
static bool inflate_member(const struct zip *zip, const struct zip_member *member, uint8_t *content)
{
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)(zip->bytes + member->offset), .avail_in = (uInt)member->stored_size,
		.next_out = content, .avail_out = (uInt)member->size,
	};
	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) /* no zlib header */
		return false;
	int status = inflate(&stream, Z_FINISH);
	bool whole = status == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
	inflateEnd(&stream);
	return whole;
}

uint8_t *zip_extract(const struct zip *zip, const struct zip_member *member, struct error *error)
{
	uint8_t *content = memory_try_bytes(member->size, zip->name, error);
	bool whole = true;
	if (!content)
		return NULL;
	if (member->method == STORED)
		memcpy(content, zip->bytes + member->offset, member->size);
	else
		whole = inflate_member(zip, member, content);
	if (whole && crc32_z(0, content, member->size) == member->checksum)
		return content;
	error_set(error, ERROR_INPUT, "%s: member %s is damaged: %s", zip->name, member->name,
	          whole ? "its CRC-32 is wrong" : "its compressed data is wrong");
	free(content);
	return NULL;
}
