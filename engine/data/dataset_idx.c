/* Fashion-MNIST and MNIST: two IDX files a split, pictures and labels, plain or gzip. 28x28 pictures get a frame of
 * two background pixels, so that they are 32x32 and keep their resolution; other sizes are scaled. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file_bytes.h"
#include "engine/base/text.h"
#include "engine/data/dataset_parts.h"
#include "engine/data/idx.h"

enum { PADDED_FROM = 28, PADDED_TO = 32, FRAME = (PADDED_TO - PADDED_FROM) / 2, BACKGROUND = 0, CLASSES = 10, MAX_SIDE = 1024 };

static const size_t max_file_bytes = (size_t)5 << 30;

static const char *const fashion_names[CLASSES] = {
	"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
};
static const char *const digit_names[CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

/* [train, test][pictures, labels] */
static const char *const stems[2][2] = {
	{"train-images", "train-labels"},
	{"t10k-images", "t10k-labels"},
};
static const char *const endings[2][4] = {
	{"-idx3-ubyte.gz", "-idx3-ubyte", ".idx3-ubyte", ".idx3-ubyte.gz"},
	{"-idx1-ubyte.gz", "-idx1-ubyte", ".idx1-ubyte", ".idx1-ubyte.gz"},
};

enum { PATH_SIZE = DATASET_SPEC_SIZE + 64 };

/* The first of the usual names that is there. */
static bool find_file(const char *directory, bool test, bool labels, char path[PATH_SIZE], struct error *error)
{
	for (int i = 0; i < 4; i++) {
		snprintf(path, PATH_SIZE, "%s/%s%s", directory, stems[test][labels], endings[labels][i]);
		if (!access(path, F_OK))
			return true;
	}
	return error_set(error, ERROR_INPUT, "folder %.300s has no file %s%s (plain or .gz)", directory, stems[test][labels],
	                 endings[labels][1]);
}

static bool check(const char *directory, struct error *error)
{
	char path[PATH_SIZE];
	return find_file(directory, false, false, path, error) && find_file(directory, false, true, path, error);
}

static bool read_file(struct dataset *dataset, const char *path, int dimensions, struct idx *idx, struct error *error)
{
	struct file_bytes file;
	if (!file_bytes_read(path, max_file_bytes, &file, error))
		return false;
	dataset_count_file(dataset, file.size);
	bool good = idx_decode(file.bytes, file.size, dimensions, path, idx, error);
	file_bytes_clear(&file);
	return good;
}

/* The labels tell: their file is small. */
static bool count(const char *directory, size_t *pictures, int *channels, struct error *error)
{
	char path[PATH_SIZE];
	struct file_bytes file;
	struct idx labels = {0};
	if (!find_file(directory, false, true, path, error) || !file_bytes_read(path, max_file_bytes, &file, error))
		return false;
	bool good = idx_decode(file.bytes, file.size, 1, path, &labels, error);
	*pictures = labels.count;
	*channels = 1;
	idx_clear(&labels);
	file_bytes_clear(&file);
	return good;
}

static bool check_files(const struct idx files[2], const char paths[2][PATH_SIZE], struct error *error)
{
	const struct idx *pictures = &files[0], *labels = &files[1];
	if (pictures->sizes[1] > MAX_SIDE || pictures->sizes[2] > MAX_SIDE)
		return error_set(error, ERROR_INPUT, "%s holds pictures of %u x %u pixels; expected sides of at most %d", paths[0],
		                 pictures->sizes[2], pictures->sizes[1], MAX_SIDE);
	if (labels->sizes[0] != pictures->sizes[0])
		return error_set(error, ERROR_INPUT, "%s holds %u labels; expected %u, one for each picture", paths[1], labels->sizes[0],
		                 pictures->sizes[0]);
	for (size_t i = 0; i < labels->count; i++)
		if (labels->values[i] >= CLASSES)
			return error_set(error, ERROR_INPUT, "%s: label %zu is %d; expected 0..%d", paths[1], i, labels->values[i],
			                 CLASSES - 1);
	return true;
}

static bool make_picture(void *context, const struct dataset *dataset, size_t index, uint8_t *target, struct error *error)
{
	const struct idx *pictures = context;
	int height = (int)pictures->sizes[1], width = (int)pictures->sizes[2];
	uint8_t *values = pictures->values + index * (size_t)height * (size_t)width;
	if (height != PADDED_FROM || width != PADDED_FROM)
		return dataset_put(dataset, target, &(struct image){width, height, 1, values}, 0, error);
	uint8_t padded[PADDED_TO * PADDED_TO];
	memset(padded, BACKGROUND, sizeof padded);
	for (int y = 0; y < PADDED_FROM; y++)
		memcpy(padded + (y + FRAME) * PADDED_TO + FRAME, values + y * PADDED_FROM, PADDED_FROM);
	return dataset_put(dataset, target, &(struct image){PADDED_TO, PADDED_TO, 1, padded}, 0, error);
}

static bool build(struct dataset *dataset, const struct dataset_options *options, const struct idx files[2],
                  const char *const names[CLASSES], struct error *error)
{
	struct dataset_maker maker = {make_picture, (void *)&files[0]};
	if (!dataset_reserve(dataset, dataset_limited(options, files[0].sizes[0]), options->size, dataset_channels(options, 1),
	                     CLASSES, error))
		return false;
	for (int i = 0; i < CLASSES; i++)
		text_copy(dataset->class_names[i], DATASET_CLASS_NAME_SIZE, names[i]);
	for (size_t i = 0; i < dataset->count; i++)
		dataset->labels[i] = files[1].values[i];
	return dataset_fill(dataset, options, &maker, error);
}

static bool open_named(const char *directory, const struct dataset_options *options, const char *const names[CLASSES],
                       struct dataset *dataset, struct error *error)
{
	char paths[2][PATH_SIZE];
	bool test = dataset_is_test_split(options);
	if (!find_file(directory, test, false, paths[0], error) || !find_file(directory, test, true, paths[1], error))
		return false;
	struct idx files[2] = {0};
	bool good = read_file(dataset, paths[1], 1, &files[1], error) && read_file(dataset, paths[0], 3, &files[0], error)
	            && check_files(files, (const char (*)[PATH_SIZE])paths, error) && build(dataset, options, files, names, error);
	idx_clear(&files[0]);
	idx_clear(&files[1]);
	return good;
}

static bool open_fashion(const char *directory, const struct dataset_options *options, struct dataset *dataset,
                         struct error *error)
{
	return open_named(directory, options, fashion_names, dataset, error);
}

static bool open_digits(const char *directory, const struct dataset_options *options, struct dataset *dataset,
                        struct error *error)
{
	return open_named(directory, options, digit_names, dataset, error);
}

const struct dataset_kind dataset_kind_fashion_mnist = {
	.name = "fashion-mnist",
	.usage = "fashion-mnist[:DIR]",
	.help = "70,000 grey pictures of clothes, 10 classes (Debian package dataset-fashion-mnist)",
	.default_directory = "/usr/share/datasets/fashion-mnist",
	.takes_directory = true,
	.check = check,
	.count = count,
	.open = open_fashion,
};

const struct dataset_kind dataset_kind_mnist = {
	.name = "mnist",
	.usage = "mnist:DIR",
	.help = "grey handwritten digits, 10 classes: the IDX files, plain or .gz",
	.takes_directory = true,
	.check = check,
	.count = count,
	.open = open_digits,
};
