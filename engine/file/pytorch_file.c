#include "engine/file/pytorch_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/file/zip.h"

enum { MAX_STORAGES = 8192, MAX_FILE_NAME = ZIP_MAX_NAME + 1, TAR_MARK_AT = 257 };

/* 0x1950a86a20f9469cfc6c, as LONG1 has it. */
static const char MAGIC[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
enum { MAGIC_SIZE = 10, PROTOCOL = 1001 };

/* Where a storage's values lie in a file of old. */
struct place {
	struct pickle_text key;
	enum pytorch_type type;
	const uint8_t *values;
	uint64_t count;
};

struct pytorch_file {
	const char *name;
	struct zip zip;    /* empty: a file of old */
	char top[MAX_FILE_NAME];
	uint8_t *content;  /* of data.pkl; the pickle's texts lie in it */
	struct pickle pickle;
	const struct pickle_value *dict;
	struct place *places;
	int place_count;
};

static const struct pickle_value *value_of(const struct pickle *pickle, pickle_index index) { return &pickle->values[index]; }

static bool same_text(struct pickle_text a, struct pickle_text b)
{
	return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

bool pytorch_is(const void *bytes, size_t size)
{
	static const char old[] = "\x80\x02\x8a\x0a"; /* PROTO 2, LONG1 of 10 bytes */
	return size > sizeof MAGIC + 4 && (!memcmp(bytes, "PK", 2) || (!memcmp(bytes, old, 4) &&
	       !memcmp((const char *)bytes + 4, MAGIC, MAGIC_SIZE)));
}

static bool find_dict(struct pytorch_file *file, struct error *error)
{
	const struct pickle_value *top = value_of(&file->pickle, file->pickle.top);
	const struct pickle_value *inner = pickle_get(&file->pickle, top, "state_dict");
	file->dict = inner && inner->kind == PICKLE_DICT ? inner : top;
	return file->dict->kind == PICKLE_DICT ||
	       error_set(error, ERROR_INPUT, "%s holds no dict of tensors; expected what torch.save(model.state_dict(), FILE) writes",
	                 file->name);
}

/* ---- zip ---- */

/* The one member TOP/data.pkl. */
static const struct zip_member *find_pickle(struct pytorch_file *file, struct error *error)
{
	static const char suffix[] = "/data.pkl";
	for (int i = 0; i < file->zip.count; i++) {
		const char *name = file->zip.members[i].name, *slash = strchr(name, '/');
		if (slash && strcmp(slash, suffix) == 0) {
			snprintf(file->top, sizeof file->top, "%.*s", (int)(slash - name), name);
			return &file->zip.members[i];
		}
	}
	error_set(error, ERROR_INPUT, "%s is a zip archive, but none of PyTorch's: it has no data.pkl in a folder", file->name);
	return NULL;
}

static bool check_byte_order(const struct pytorch_file *file, struct error *error)
{
	char name[MAX_FILE_NAME + 16];
	snprintf(name, sizeof name, "%s/byteorder", file->top);
	const struct zip_member *member = zip_find(&file->zip, name);
	if (!member)
		return true;
	uint8_t *order = zip_extract(&file->zip, member, error);
	const bool little = order && member->size == 6 && !memcmp(order, "little", 6);
	if (order && !little)
		error_set(error, ERROR_INPUT, "%s has values that are not little-endian; expected a file of such a machine", file->name);
	free(order);
	return little;
}

static bool parse_zip(struct pytorch_file *file, const void *bytes, size_t size, struct error *error)
{
	if (!zip_parse(bytes, size, file->name, &file->zip, error))
		return false;
	const struct zip_member *member = find_pickle(file, error);
	if (!member || !check_byte_order(file, error))
		return false;
	if (member->size > PYTORCH_MAX_PICKLE)
		return error_set(error, ERROR_INPUT, "%s: member %s has %zu bytes; expected at most %d", file->name, member->name,
		                 member->size, PYTORCH_MAX_PICKLE);
	file->content = zip_extract(&file->zip, member, error);
	return file->content && pickle_read(file->content, member->size, file->name, &file->pickle, error) && find_dict(file, error);
}

/* ---- files of old ---- */

struct cursor {
	const uint8_t *bytes;
	size_t size, at;
};

/* The pickle at the cursor, to be cleared by the caller. */
static bool next_pickle(const struct pytorch_file *file, struct cursor *cursor, struct pickle *pickle, struct error *error)
{
	if (!pickle_read(cursor->bytes + cursor->at, cursor->size - cursor->at, file->name, pickle, error))
		return false;
	cursor->at += pickle->size;
	return true;
}

static bool refuse_old(const struct pytorch_file *file, const char *what, struct error *error)
{
	return error_set(error, ERROR_INPUT, "%s, of the layout before PyTorch 1.6, %s", file->name, what);
}

/* Magic number, protocol, facts. */
static bool skip_head(const struct pytorch_file *file, struct cursor *cursor, struct error *error)
{
	bool good = true;
	for (int i = 0; good && i < 3; i++) {
		struct pickle head;
		if (!next_pickle(file, cursor, &head, error))
			return false;
		const struct pickle_value *top = value_of(&head, head.top);
		const struct pickle_value *little = pickle_get(&head, top, "little_endian");
		if (i == 0)
			good = top->kind == PICKLE_LARGE && top->text.length == MAGIC_SIZE && !memcmp(top->text.bytes, MAGIC, MAGIC_SIZE);
		else if (i == 1)
			good = top->kind == PICKLE_INTEGER && top->integer == PROTOCOL;
		else
			good = !little || (little->kind == PICKLE_BOOLEAN && little->integer);
		pickle_clear(&head);
	}
	return good || refuse_old(file, "begins otherwise than expected: magic number, protocol 1001, a little-endian machine", error);
}

/* The storage of that key among the dict's tensors; NULL: nobody needs it. */
static const struct pickle_storage *find_storage(const struct pytorch_file *file, struct pickle_text key)
{
	for (uint32_t i = 0; i < file->pickle.count; i++) {
		const struct pickle_value *value = &file->pickle.values[i];
		if (value->kind == PICKLE_STORAGE && same_text(value->storage.key, key))
			return &value->storage;
	}
	return NULL;
}

static bool take_storage(struct pytorch_file *file, struct cursor *cursor, const struct pickle_value *key, struct error *error)
{
	const struct pickle_storage *storage = key->kind == PICKLE_TEXT ? find_storage(file, key->text) : NULL;
	uint64_t count = 0;
	if (!storage)
		return refuse_old(file, "lists a storage that none of its tensors has", error);
	if (cursor->size - cursor->at < 8)
		return refuse_old(file, "is cut", error);
	for (int i = 0; i < 8; i++)
		count |= (uint64_t)cursor->bytes[cursor->at + (size_t)i] << (8 * i);
	cursor->at += 8;
	if (count != storage->count)
		return refuse_old(file, "has a storage of another length than its tensors say", error);
	if ((cursor->size - cursor->at) / pytorch_types[storage->type].size < count)
		return refuse_old(file, "is cut", error);
	file->places[file->place_count++] = (struct place){storage->key, storage->type, cursor->bytes + cursor->at, count};
	cursor->at += (size_t)count * pytorch_types[storage->type].size;
	return true;
}

static bool take_storages(struct pytorch_file *file, struct cursor *cursor, struct error *error)
{
	struct pickle keys;
	if (!next_pickle(file, cursor, &keys, error))
		return false;
	const struct pickle_value *list = value_of(&keys, keys.top);
	bool good = (list->kind == PICKLE_LIST && list->items.count <= MAX_STORAGES) ||
	            refuse_old(file, "has no list of storages, or too long a one", error);
	if (good)
		file->places = memory_zeroed(list->items.count + 1, sizeof *file->places);
	for (uint32_t i = 0; good && i < list->items.count; i++)
		good = take_storage(file, cursor, value_of(&keys, list->items.items[i]), error);
	pickle_clear(&keys);
	return good && (cursor->at == cursor->size || refuse_old(file, "goes on after its storages", error));
}

static bool parse_old(struct pytorch_file *file, const void *bytes, size_t size, struct error *error)
{
	struct cursor cursor = {.bytes = bytes, .size = size};
	return skip_head(file, &cursor, error) && next_pickle(file, &cursor, &file->pickle, error) && find_dict(file, error) &&
	       take_storages(file, &cursor, error);
}

/* ---- both ---- */

static bool refuse_kind(const char *name, const void *bytes, size_t size, struct error *error)
{
	if (size > TAR_MARK_AT + 5 && !memcmp((const char *)bytes + TAR_MARK_AT, "ustar", 5))
		return error_set(error, ERROR_INPUT, "%s is a tar archive, the layout of PyTorch before 0.1.10; load it in a later PyTorch and "
		                 "save its state dict again", name);
	return error_set(error, ERROR_INPUT, "%s is no file of PyTorch: it begins neither as a zip archive nor with its magic number",
	                 name);
}

struct pytorch_file *pytorch_file_parse(const void *bytes, size_t size, const char *name, struct error *error)
{
	if (!pytorch_is(bytes, size)) {
		refuse_kind(name, bytes, size, error);
		return NULL;
	}
	struct pytorch_file *file = memory_zeroed(1, sizeof *file);
	file->name = name;
	if ((memcmp(bytes, "PK", 2) == 0 ? parse_zip : parse_old)(file, bytes, size, error))
		return file;
	pytorch_file_destroy(file);
	return NULL;
}

void pytorch_file_destroy(struct pytorch_file *file)
{
	if (!file)
		return;
	pickle_clear(&file->pickle);
	zip_clear(&file->zip);
	free(file->content);
	free(file->places);
	free(file);
}

const char *pytorch_file_layout(const struct pytorch_file *file) { return file->content ? "zip" : "before 1.6"; }

int pytorch_file_tensor_count(const struct pytorch_file *file)
{
	int count = 0;
	for (uint32_t i = 1; i < file->dict->items.count; i += 2)
		count += value_of(&file->pickle, file->dict->items.items[i])->kind == PICKLE_TENSOR;
	return count;
}

const struct pickle_tensor *pytorch_file_find(const struct pytorch_file *file, const char *tensor)
{
	const struct pickle_value *value = pickle_get(&file->pickle, file->dict, tensor);
	return value && value->kind == PICKLE_TENSOR ? value->tensor : NULL;
}

/* The storage's bytes; *owned is to be freed by the caller, when not NULL. */
static const uint8_t *find_values(const struct pytorch_file *file, const struct pickle_storage *storage, uint8_t **owned,
                                  struct error *error)
{
	const size_t size = pytorch_types[storage->type].size;
	char name[MAX_FILE_NAME + 80];
	for (int i = 0; i < file->place_count; i++)
		if (same_text(file->places[i].key, storage->key) && file->places[i].count == storage->count &&
		    file->places[i].type == storage->type)
			return file->places[i].values;
	snprintf(name, sizeof name, "%s/data/%.*s", file->top, (int)(storage->key.length < 64 ? storage->key.length : 64),
	         storage->key.bytes);
	const struct zip_member *member = zip_find(&file->zip, name);
	if (!member || member->size % size != 0 || member->size / size != storage->count) {
		error_set(error, ERROR_INPUT, "%s: a storage is missing or of another length: expected a %s of %ju values", file->name,
		          pytorch_types[storage->type].storage, (uintmax_t)storage->count);
		return NULL;
	}
	return *owned = zip_extract(&file->zip, member, error);
}

static float read_value(const uint8_t *bytes, enum pytorch_type type)
{
	float single;
	double wide;
	if (type == PYTORCH_FLOAT) {
		memcpy(&single, bytes, sizeof single);
		return single;
	}
	memcpy(&wide, bytes, sizeof wide);
	return (float)wide;
}

static void copy_strided(const struct pickle_tensor *tensor, const uint8_t *bytes, float *values)
{
	const size_t size = pytorch_types[tensor->storage.type].size;
	uint64_t index[PYTORCH_MAX_DIMENSIONS] = {0}, count = 1, place = tensor->offset;
	for (int i = 0; i < tensor->dimensions; i++)
		count *= tensor->shape[i];
	for (uint64_t n = 0; n < count; n++) {
		values[n] = read_value(bytes + place * size, tensor->storage.type);
		for (int i = tensor->dimensions - 1; i >= 0; i--) { /* the last index runs fastest */
			place += tensor->strides[i];
			if (++index[i] < tensor->shape[i])
				break;
			place -= tensor->strides[i] * tensor->shape[i];
			index[i] = 0;
		}
	}
}

bool pytorch_file_copy(const struct pytorch_file *file, const struct pickle_tensor *tensor, float *values, struct error *error)
{
	const struct pickle_storage *storage = &tensor->storage;
	uint8_t *owned = NULL;
	if (storage->type != PYTORCH_FLOAT && storage->type != PYTORCH_DOUBLE)
		return error_set(error, ERROR_INPUT, "%s: a tensor is made of a %s; expected FloatStorage or DoubleStorage", file->name,
		                 pytorch_types[storage->type].storage);
	const uint8_t *bytes = find_values(file, storage, &owned, error);
	if (bytes)
		copy_strided(tensor, bytes, values);
	free(owned);
	return bytes != NULL;
}
