#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file_bytes.h"
#include "engine/base/text.h"
#include "engine/data/cifar10.h"
#include "engine/data/dataset_parts.h"

enum { MAX_BATCHES = 5, PATH_SIZE = DATASET_SPEC_SIZE + 64, MAX_NAMES_BYTES = 1 << 16 };

static const size_t max_batch_bytes = (size_t)1 << 30;

static const struct split {
	int batches;
	const char *names[MAX_BATCHES];
} train_split = {5, {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}},
  test_split = {1, {"test_batch.bin"}};

static const char names_file[] = "batches.meta.txt";
static const char archive_folder[] = "/cifar-10-batches-bin"; /* what the official archive unpacks to */

static const char *const usual_names[CIFAR10_CLASSES] = {
	"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
};

/* The folder with the batches: `directory` itself or the archive's folder inside it. */
static bool find_folder(const char *directory, char folder[PATH_SIZE], struct error *error)
{
	static const char *const inside[] = {"", archive_folder};
	char path[PATH_SIZE + 32];
	for (int i = 0; i < 2; i++) {
		snprintf(folder, PATH_SIZE, "%s%s", directory, inside[i]);
		snprintf(path, sizeof path, "%s/%s", folder, train_split.names[0]);
		if (!access(path, F_OK))
			return true;
	}
	return error_set(error, ERROR_INPUT, "folder %.300s has no file %s (CIFAR-10, binary version), nor has its %s", directory,
	                 train_split.names[0], archive_folder + 1);
}

static bool check(const char *directory, struct error *error)
{
	char folder[PATH_SIZE], path[PATH_SIZE + 32];
	if (!find_folder(directory, folder, error))
		return false;
	for (int i = 0; i < train_split.batches; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, train_split.names[i]);
		if (access(path, F_OK))
			return error_set(error, ERROR_INPUT, "folder %.300s has no file %s", folder, train_split.names[i]);
	}
	return true;
}

/* Pictures of the split, from the lengths of its files. */
static bool count_pictures(const char *folder, const struct split *split, size_t *count, struct error *error)
{
	char path[PATH_SIZE + 32];
	*count = 0;
	for (int i = 0; i < split->batches; i++) {
		struct stat status;
		size_t more;
		snprintf(path, sizeof path, "%s/%s", folder, split->names[i]);
		if (stat(path, &status))
			return error_set(error, ERROR_INPUT, "%s cannot be read: %s", path, strerror(errno));
		if (!cifar10_check_size((size_t)status.st_size, path, &more, error))
			return false;
		*count += more;
	}
	return true;
}

static bool count(const char *directory, size_t *pictures, int *channels, struct error *error)
{
	char folder[PATH_SIZE];
	*channels = 3;
	return find_folder(directory, folder, error) && count_pictures(folder, &train_split, pictures, error);
}

/* The usual names when there is no names file. */
static bool read_names(struct dataset *dataset, const char *folder, struct error *error)
{
	char path[PATH_SIZE + 32];
	struct file_bytes file;
	snprintf(path, sizeof path, "%s/%s", folder, names_file);
	for (int i = 0; i < CIFAR10_CLASSES; i++)
		text_copy(dataset->class_names[i], DATASET_CLASS_NAME_SIZE, usual_names[i]);
	if (access(path, F_OK))
		return true;
	if (!file_bytes_read(path, MAX_NAMES_BYTES, &file, error))
		return false;
	dataset_count_file(dataset, file.size);
	bool good = cifar10_read_names(file.bytes, file.size, path, *dataset->class_names, DATASET_CLASS_NAME_SIZE, error);
	file_bytes_clear(&file);
	return good;
}

struct batch {
	const uint8_t *records;
	size_t first; /* picture of the set that the first record is */
};

static bool make_picture(void *context, const struct dataset *dataset, size_t index, uint8_t *target, struct error *error)
{
	const struct batch *batch = context;
	const uint8_t *record = batch->records + (index - batch->first) * CIFAR10_RECORD;
	uint8_t rgb[3 * CIFAR10_PLANE];
	cifar10_unpack(record, rgb);
	dataset->labels[index] = record[0];
	return dataset_put(dataset, target, &(struct image){CIFAR10_SIDE, CIFAR10_SIDE, 3, rgb}, 0, error);
}

/* Moves *filled on by the batch's pictures, or to the end of the set. */
static bool read_batch(struct dataset *dataset, const struct dataset_options *options, const char *path, size_t *filled,
                       struct error *error)
{
	struct file_bytes file;
	size_t count;
	if (!file_bytes_read(path, max_batch_bytes, &file, error))
		return false;
	dataset_count_file(dataset, file.size);
	struct batch batch = {file.bytes, *filled};
	struct dataset_maker maker = {make_picture, &batch};
	bool good = cifar10_check_batch(file.bytes, file.size, path, &count, error);
	if (good) {
		size_t room = dataset->count - *filled;
		*filled += count < room ? count : room;
		good = dataset_fill_range(dataset, batch.first, *filled, options, &maker, error);
	}
	file_bytes_clear(&file);
	return good;
}

/* One batch in memory at a time, beside the pictures. */
static bool read_batches(struct dataset *dataset, const struct dataset_options *options, const char *folder,
                         const struct split *split, struct error *error)
{
	char path[PATH_SIZE + 32];
	size_t filled = 0;
	for (int i = 0; i < split->batches && filled < dataset->count; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, split->names[i]);
		if (!read_batch(dataset, options, path, &filled, error))
			return false;
	}
	return filled == dataset->count || error_set(error, ERROR_INPUT, "the files in %.300s became shorter while they were read",
	                                             folder);
}

static bool open_cifar10(const char *directory, const struct dataset_options *options, struct dataset *dataset,
                         struct error *error)
{
	const struct split *split = dataset_is_test_split(options) ? &test_split : &train_split;
	char folder[PATH_SIZE];
	size_t count;
	if (!find_folder(directory, folder, error) || !count_pictures(folder, split, &count, error))
		return false;
	text_copy(dataset->directory, sizeof dataset->directory, folder);
	return dataset_reserve(dataset, dataset_limited(options, count), options->size, dataset_channels(options, 3),
	                       CIFAR10_CLASSES, error)
	       && read_names(dataset, folder, error) && read_batches(dataset, options, folder, split, error);
}

const struct dataset_kind dataset_kind_cifar10 = {
	.name = "cifar10",
	.usage = "cifar10:DIR",
	.help = "60,000 colour photographs, 10 classes: the official binary version, unpacked",
	.takes_directory = true,
	.check = check,
	.count = count,
	.open = open_cifar10,
};
