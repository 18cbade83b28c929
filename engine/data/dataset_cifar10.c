#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "engine/data/cifar10.h"
#include "engine/data/dataset_parts.h"
#include "engine/data/file_bytes.h"

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

struct batches {
	struct file_bytes files[MAX_BATCHES];
	size_t counts[MAX_BATCHES], total;
};

static void batches_clear(struct batches *batches)
{
	for (int i = 0; i < MAX_BATCHES; i++)
		file_bytes_clear(&batches->files[i]);
}

static bool read_batches(struct dataset *dataset, const char *folder, const struct split *split, struct batches *batches, struct error *error)
{
	char path[PATH_SIZE + 32];
	for (int i = 0; i < split->batches; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, split->names[i]);
		struct file_bytes *file = &batches->files[i];
		if (!file_bytes_read(path, max_batch_bytes, file, error)
		    || !cifar10_check_batch(file->bytes, file->size, path, &batches->counts[i], error))
			return false;
		dataset_count_file(dataset, file->size);
		batches->total += batches->counts[i];
	}
	return true;
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

static bool make_picture(void *context, struct dataset *dataset, size_t index, struct error *error)
{
	const struct batches *batches = context;
	size_t within = index;
	int batch = 0;
	while (within >= batches->counts[batch])
		within -= batches->counts[batch++];
	const uint8_t *record = batches->files[batch].bytes + within * CIFAR10_RECORD;
	uint8_t rgb[3 * CIFAR10_PLANE];
	cifar10_unpack(record, rgb);
	dataset->labels[index] = record[0];
	return dataset_put(dataset, index, &(struct image){CIFAR10_SIDE, CIFAR10_SIDE, 3, rgb}, error);
}

static bool open_cifar10(const char *directory, const struct dataset_options *options, struct dataset *dataset, struct error *error)
{
	char folder[PATH_SIZE];
	if (!find_folder(directory, folder, error))
		return false;
	text_copy(dataset->directory, sizeof dataset->directory, folder);
	struct batches batches = {0};
	struct dataset_maker maker = {make_picture, &batches};
	bool good = read_batches(dataset, folder, dataset_is_test_split(options) ? &test_split : &train_split, &batches, error)
	            && dataset_reserve(dataset, dataset_limited(options, batches.total), options->size, dataset_channels(options, 3),
	                               CIFAR10_CLASSES, error)
	            && read_names(dataset, folder, error) && dataset_fill(dataset, options, &maker, error);
	batches_clear(&batches);
	return good;
}

const struct dataset_kind dataset_kind_cifar10 = {
	.name = "cifar10",
	.usage = "cifar10:DIR",
	.help = "60,000 colour photographs, 10 classes: the official binary version, unpacked",
	.takes_directory = true,
	.check = check,
	.open = open_cifar10,
};
