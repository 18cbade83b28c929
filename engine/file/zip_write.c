#include <string.h>

#include <zlib.h>

#include "engine/base/text.h"
#include "engine/file/zip.h"

enum { VERSION_NEEDED = 20, DATE_1980 = 1 << 5 | 1 }; /* 1980-01-01: the same content gives the same file */

static void append_u16(struct text *text, uint32_t value)
{
	const char bytes[2] = {(char)(value & 255), (char)(value >> 8 & 255)};
	text_append(text, bytes, sizeof bytes);
}

static void append_u32(struct text *text, uint32_t value)
{
	append_u16(text, value);
	append_u16(text, value >> 16);
}

static uint32_t checksum_of(const struct zip_content *content)
{
	uLong checksum = 0;
	for (int i = 0; i < 2; i++)
		if (content->parts[i].size)
			checksum = crc32_z(checksum, content->parts[i].bytes, content->parts[i].size);
	return (uint32_t)checksum;
}

/* From "version needed" to the length of the extra field: the same in both headers. */
static void append_common(struct text *text, const struct zip_content *content, uint32_t checksum)
{
	uint32_t size = (uint32_t)(content->parts[0].size + content->parts[1].size);
	append_u16(text, VERSION_NEEDED);
	append_u32(text, 0); /* flags, method: stored */
	append_u16(text, 0); /* time */
	append_u16(text, DATE_1980);
	append_u32(text, checksum);
	append_u32(text, size);
	append_u32(text, size);
	append_u16(text, (uint32_t)strlen(content->name));
	append_u16(text, 0);
}

static void append_local(struct text *text, const struct zip_content *content, uint32_t checksum)
{
	append_u32(text, 0x04034b50);
	append_common(text, content, checksum);
	text_append(text, content->name, strlen(content->name));
}

static void append_entry(struct text *text, const struct zip_content *content, uint32_t checksum, uint32_t local)
{
	append_u32(text, 0x02014b50);
	append_u16(text, VERSION_NEEDED); /* made by */
	append_common(text, content, checksum);
	append_u16(text, 0); /* comment */
	append_u16(text, 0); /* disk */
	append_u16(text, 0); /* attributes, inner and outer */
	append_u32(text, 0);
	append_u32(text, local);
	text_append(text, content->name, strlen(content->name));
}

static void append_end(struct text *text, int count, uint32_t directory_size, uint32_t directory)
{
	append_u32(text, 0x06054b50);
	append_u32(text, 0); /* disks */
	append_u16(text, (uint32_t)count);
	append_u16(text, (uint32_t)count);
	append_u32(text, directory_size);
	append_u32(text, directory);
	append_u16(text, 0);
}

bool zip_write(const char *path, const struct zip_content contents[], int count, struct error *error)
{
	struct text locals[ZIP_MAX_WRITTEN] = {0}, directory = {0};
	struct file_part parts[3 * ZIP_MAX_WRITTEN + 1];
	size_t offset = 0, most = UINT32_MAX - ((size_t)1 << 16);
	int used = 0;
	for (int i = 0; i < count; i++) {
		uint32_t checksum = checksum_of(&contents[i]);
		append_local(&locals[i], &contents[i], checksum);
		append_entry(&directory, &contents[i], checksum, (uint32_t)offset);
		parts[used++] = (struct file_part){locals[i].bytes, locals[i].length};
		parts[used++] = contents[i].parts[0];
		parts[used++] = contents[i].parts[1];
		offset += locals[i].length + contents[i].parts[0].size + contents[i].parts[1].size;
	}
	append_end(&directory, count, (uint32_t)directory.length, (uint32_t)offset);
	parts[used++] = (struct file_part){directory.bytes, directory.length};
	bool done = offset <= most ? replace_file(path, parts, used, error)
	                           : error_set(error, ERROR_INPUT, "%s would be larger than 4 GB, the most of a zip archive", path);
	for (int i = 0; i < count; i++)
		text_clear(&locals[i]);
	text_clear(&directory);
	return done;
}
