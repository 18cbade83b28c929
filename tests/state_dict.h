/* State dicts as torch.save writes them, of a checkpoint's tensors: every one a view of one storage. Only what differs from
 * real ones by being small is left out (tests/fuzz/corpus/pytorch has real ones). */
#ifndef QGAN_TESTS_STATE_DICT_H
#define QGAN_TESTS_STATE_DICT_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/file/checkpoint.h"
#include "engine/file/zip.h"

static inline void state_dict_integer(struct text *pickle, size_t value)
{
	const char bytes[] = {'J', (char)value, (char)(value >> 8), (char)(value >> 16), (char)(value >> 24)};
	text_append(pickle, bytes, sizeof bytes);
}

static inline void state_dict_text(struct text *pickle, const char *text)
{
	const char head[] = {'X', (char)strlen(text), 0, 0, 0};
	text_append(pickle, head, sizeof head);
	text_append(pickle, text, strlen(text));
}

/* torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks) */
static inline void state_dict_tensor(struct text *pickle, const struct checkpoint_tensor *tensor, const char *storage,
                                     size_t offset, size_t all)
{
	state_dict_text(pickle, tensor->name);
	text_format(pickle, "ctorch._utils\n_rebuild_tensor_v2\n((");
	state_dict_text(pickle, "storage");
	text_format(pickle, "ctorch\n%s\n", storage);
	state_dict_text(pickle, "0");
	state_dict_text(pickle, "cpu");
	state_dict_integer(pickle, all);
	text_format(pickle, "tQ");
	state_dict_integer(pickle, offset);
	text_format(pickle, "(");
	for (int i = 0; i < tensor->dimensions; i++)
		state_dict_integer(pickle, tensor->shape[i]);
	text_format(pickle, "t(");
	for (int i = 0; i < tensor->dimensions; i++) {
		size_t stride = 1;
		for (int j = i + 1; j < tensor->dimensions; j++)
			stride *= tensor->shape[j];
		state_dict_integer(pickle, stride);
	}
	text_format(pickle, "t\x89" "ccollections\nOrderedDict\n)RtR");
}

/* The pickle of the dict; *bytes: of all values, which lie one behind the other from *values on. storage: "FloatStorage". */
static inline struct text state_dict_pickle(const struct checkpoint *checkpoint, const char *storage, const void **values,
                                            size_t *bytes)
{
	struct text pickle = {0};
	size_t all = 0, offset = 0;
	for (int i = 0; i < checkpoint_tensor_count(checkpoint); i++)
		all += checkpoint_tensor_at(checkpoint, i)->count;
	text_format(&pickle, "\x80\x02" "ccollections\nOrderedDict\n)R(");
	for (int i = 0; i < checkpoint_tensor_count(checkpoint); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(checkpoint, i);
		state_dict_tensor(&pickle, tensor, storage, offset, all);
		offset += tensor->count;
	}
	text_format(&pickle, "u.");
	*values = checkpoint_tensor_at(checkpoint, 0)->data;
	*bytes = all * sizeof(float);
	return pickle;
}

static inline bool state_dict_write_zip(const struct checkpoint *checkpoint, const char *storage, const char *path)
{
	const void *values;
	size_t bytes;
	struct text pickle = state_dict_pickle(checkpoint, storage, &values, &bytes);
	const struct zip_content contents[] = {
		{"net/data.pkl", {{pickle.bytes, pickle.length}}}, {"net/byteorder", {{"little", 6}}},
		{"net/data/0", {{values, bytes}}}, {"net/version", {{"3\n", 2}}},
	};
	bool done = zip_write(path, contents, 4, NULL);
	text_clear(&pickle);
	return done;
}

/* The layout before PyTorch 1.6: magic number, protocol, facts, the dict, the keys of storages, and the storages. */
static inline bool state_dict_write_old(const struct checkpoint *checkpoint, const char *path)
{
	static const char magic[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";
	static const char keys[] = "\x80\x02](X\x01\0\0\0" "0e.";
	const void *values;
	size_t bytes;
	struct text pickle = state_dict_pickle(checkpoint, "FloatStorage", &values, &bytes);
	const uint64_t count = bytes / sizeof(float);
	const struct file_part parts[] = {
		{magic, sizeof magic - 1}, {pickle.bytes, pickle.length}, {keys, sizeof keys - 1}, {&count, sizeof count}, {values, bytes},
	};
	bool done = replace_file(path, parts, 5, NULL);
	text_clear(&pickle);
	return done;
}

#endif
