/* A folder of PNG and JPEG files. Sub-folders are classes: labels are given when no picture lies outside of them and
 * there are at most DATASET_MAX_CLASSES; otherwise the set has no labels. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/dataset_parts.h"
#include "engine/data/picture_file.h"
#include "engine/data/picture_folder.h"

struct gathering {
	const struct picture_folder *folder;
	atomic_bool coloured; /* at least one picture is stored in colour */
	atomic_ullong file_bytes;
};

static bool refuse_empty(const char *directory, struct error *error)
{
	return error_set(error, ERROR_INPUT, "folder %.300s holds no picture; expected files ending in .png, .jpg or .jpeg",
	                 directory);
}

static bool check(const char *directory, struct error *error)
{
	struct picture_folder folder;
	if (!picture_folder_list(directory, 1, NULL, NULL, &folder, error))
		return false;
	bool found = folder.count > 0;
	picture_folder_clear(&folder);
	return found || refuse_empty(directory, error);
}

static bool has_labels(const struct picture_folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		if (folder->classes[i] < 0)
			return false;
	return folder->class_count <= DATASET_MAX_CLASSES;
}

/* With a limit the pictures are taken evenly, so that every class keeps its share. */
static size_t nth_of(const struct picture_folder *folder, const struct dataset *dataset, size_t index)
{
	return (size_t)((unsigned __int128)index * folder->count / dataset->count);
}

static bool make_picture(void *context, struct dataset *dataset, size_t index, struct error *error)
{
	struct gathering *gathering = context;
	const char *path = gathering->folder->paths[nth_of(gathering->folder, dataset, index)];
	struct stat status;
	struct image *picture = picture_read(path, 0, error);
	if (!picture)
		return false;
	if (picture->channels == 3)
		atomic_store(&gathering->coloured, true);
	if (!stat(path, &status))
		atomic_fetch_add(&gathering->file_bytes, (unsigned long long)status.st_size);
	bool good = dataset_put(dataset, index, picture, error);
	image_destroy(picture);
	return good;
}

/* All pictures are grey: the three channels are equal and one is enough. */
static void keep_one_channel(struct dataset *dataset)
{
	size_t pixels = dataset->count * (size_t)dataset->size * (size_t)dataset->size;
	for (size_t i = 0; i < pixels; i++)
		dataset->pixels[i] = dataset->pixels[3 * i];
	dataset->pixels = memory_resized(dataset->pixels, pixels, 1);
	dataset->channels = 1;
}

/* A folder's name as people see it: no control characters, which a terminal would obey. */
static void name_class(char target[DATASET_CLASS_NAME_SIZE], const char *folder)
{
	text_copy(target, DATASET_CLASS_NAME_SIZE, folder);
	for (; *target; target++)
		if ((unsigned char)*target < ' ' || *target == 0x7f)
			*target = '?';
}

static bool build(const struct picture_folder *folder, const struct dataset_options *options, struct dataset *dataset,
                  struct error *error)
{
	if (folder->count == 0)
		return refuse_empty(dataset->directory, error);
	int classes = has_labels(folder) ? folder->class_count : 0;
	if (!dataset_reserve(dataset, dataset_limited(options, folder->count), options->size, dataset_channels(options, 3), classes,
	                     error))
		return false;
	for (int i = 0; i < classes; i++)
		name_class(dataset->class_names[i], folder->class_names[i]);
	for (size_t i = 0; classes && i < dataset->count; i++)
		dataset->labels[i] = (uint16_t)folder->classes[nth_of(folder, dataset, i)];
	struct gathering gathering = {.folder = folder};
	struct dataset_maker maker = {make_picture, &gathering};
	if (!dataset_fill(dataset, options, &maker, error))
		return false;
	dataset->files = dataset->count;
	dataset->file_bytes = atomic_load(&gathering.file_bytes);
	if (options->channels == 0 && !atomic_load(&gathering.coloured))
		keep_one_channel(dataset);
	return true;
}

static bool goes_on(void *context) { return dataset_report(context, 0, 0, NULL); }

static bool open_images(const char *directory, const struct dataset_options *options, struct dataset *dataset,
                        struct error *error)
{
	struct picture_folder folder;
	if (!picture_folder_list(directory, 0, goes_on, (void *)options, &folder, error))
		return false;
	bool good = build(&folder, options, dataset, error);
	picture_folder_clear(&folder);
	return good;
}

const struct dataset_kind dataset_kind_images = {
	.name = "images",
	.usage = "images:DIR",
	.help = "a folder of PNG and JPEG pictures; sub-folders are classes; cropped to the middle square and resized",
	.takes_directory = true,
	.check = check,
	.open = open_images,
};
