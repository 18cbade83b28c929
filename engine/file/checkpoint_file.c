/* Checkpoints on disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/replace_file.h"
#include "engine/base/sha256.h"
#include "engine/base/text.h"
#include "engine/file/checkpoint_data.h"
#include "engine/file/safetensors.h"

_Static_assert((int)CHECKPOINT_HASH_SIZE == (int)SHA256_TEXT_SIZE, "the hash is a SHA-256 in hex");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as they lie in memory");

bool checkpoint_write(const struct checkpoint *checkpoint, const char *path, char hash[CHECKPOINT_HASH_SIZE], uint64_t *bytes,
                      struct error *error)
{
	struct text header = {0};
	sha256_text(checkpoint->data, checkpoint->size, hash);
	safetensors_format(checkpoint, hash, &header);
	*bytes = header.length + checkpoint->size;
	const struct file_part parts[] = {{header.bytes, header.length}, {checkpoint->data, checkpoint->size}};
	bool done = replace_file(path, parts, 2, error) || error_prefix(error, "the checkpoint");
	text_clear(&header);
	return done;
}

/* The stored hash and the caller's, if any, against the data. */
static bool check_hash(const struct checkpoint *checkpoint, const char *expected, const char *name, struct error *error)
{
	char hash[CHECKPOINT_HASH_SIZE];
	const char *stored;
	if (!checkpoint_get_text(checkpoint, SAFETENSORS_HASH_KEY, &stored, error))
		return error_prefix(error, "%s", name);
	sha256_text(checkpoint->data, checkpoint->size, hash);
	if (strcmp(hash, stored) != 0)
		return error_set(error, ERROR_INPUT, "%s is damaged: its data has the SHA-256 %.12s.., its header says %.12s..", name,
		                 hash, stored);
	if (expected && strcmp(hash, expected) != 0)
		return error_set(error, ERROR_INPUT,
		                 "%s is another file than was recorded: its data has the SHA-256 %.12s.., expected %.12s..",
		                 name, hash, expected);
	return true;
}

static bool has_hash(const struct checkpoint *checkpoint)
{
	const char *hash;
	return checkpoint_get_text(checkpoint, SAFETENSORS_HASH_KEY, &hash, NULL);
}

/* Bytes from memory or from a file, so that both ways of reading share one parser. */
struct source {
	const uint8_t *bytes; /* or NULL: */
	int file;
	const char *name;
	bool foreign; /* need not have a hash */
};

static bool take(struct source *source, void *target, size_t size, struct error *error)
{
	char *to = target;
	if (source->bytes) {
		memcpy(to, source->bytes, size);
		source->bytes += size;
		return true;
	}
	while (size > 0) {
		ssize_t got = read(source->file, to, size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(error, "cannot read %s", source->name);
		if (got == 0)
			return error_set(error, ERROR_INPUT, "%s is cut: it became shorter while it was read", source->name);
		to += got;
		size -= (size_t)got;
	}
	return true;
}

static struct checkpoint *parse_tensors(struct source *source, size_t header_size, uint64_t data_size, struct error *error)
{
	char *header = memory_try_bytes(header_size, "the header of a checkpoint", error);
	struct checkpoint *checkpoint = NULL;
	if (header && take(source, header, header_size, error))
		checkpoint = safetensors_parse_header(header, header_size, data_size, source->name, error);
	free(header);
	if (!checkpoint)
		return NULL;
	if (checkpoint_allocate(checkpoint, error) && take(source, checkpoint->data, (size_t)data_size, error))
		return checkpoint;
	checkpoint_destroy(checkpoint);
	return NULL;
}

static struct checkpoint *parse(struct source *source, uint64_t size, const char *expected_hash, struct error *error)
{
	uint8_t prefix[SAFETENSORS_PREFIX];
	size_t header_size;
	if (size < sizeof prefix) {
		error_set(error, ERROR_INPUT, "%s is no checkpoint: it has only %llu bytes", source->name, (unsigned long long)size);
		return NULL;
	}
	if (!take(source, prefix, sizeof prefix, error) ||
	    !safetensors_header_size(prefix, size, source->name, &header_size, error))
		return NULL;
	struct checkpoint *checkpoint = parse_tensors(source, header_size, size - sizeof prefix - header_size, error);
	if (checkpoint && (!source->foreign || has_hash(checkpoint)) && !check_hash(checkpoint, expected_hash, source->name, error)) {
		checkpoint_destroy(checkpoint);
		return NULL;
	}
	return checkpoint;
}

struct checkpoint *checkpoint_parse(const void *bytes, size_t size, const char *name, struct error *error)
{
	struct source source = {.bytes = bytes, .file = -1, .name = name};
	return parse(&source, size, NULL, error);
}

struct checkpoint *checkpoint_parse_foreign(const void *bytes, size_t size, const char *name, struct error *error)
{
	struct source source = {.bytes = bytes, .file = -1, .name = name, .foreign = true};
	return parse(&source, size, NULL, error);
}

struct checkpoint *checkpoint_read(const char *path, const char *expected_hash, struct error *error)
{
	struct source source = {.file = open(path, O_RDONLY | O_CLOEXEC), .name = path};
	if (source.file < 0) {
		error_set_errno(error, "cannot open the checkpoint %s", path);
		return NULL;
	}
	struct checkpoint *checkpoint = NULL;
	struct stat status;
	if (fstat(source.file, &status) != 0)
		error_set_errno(error, "cannot read the checkpoint %s", path);
	else if (!S_ISREG(status.st_mode))
		error_set(error, ERROR_INPUT, "%s is no regular file", path);
	else
		checkpoint = parse(&source, (uint64_t)status.st_size, expected_hash, error);
	close(source.file);
	return checkpoint;
}
