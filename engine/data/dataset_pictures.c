#include "engine/data/dataset_pictures.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/picture_file.h"

/* What a set without pixels lives on. */
struct files {
	struct picture_folder folder;
	struct picture_rule rule;
	atomic_bool coloured; /* at least one picture is stored in colour */
	atomic_ullong bytes;  /* of the files */
};

static void release_files(void *context)
{
	struct files *files = context;
	picture_folder_clear(&files->folder);
	free(files);
}

static size_t nth_of(const struct files *files, const struct dataset *dataset, size_t index)
{
	return (size_t)((unsigned __int128)index * files->folder.count / dataset->count);
}

static bool check_sides(const struct picture_rule *rule, const char *path, int width, int height, struct error *error)
{
	if (!rule->width || (width == rule->width && height == rule->height))
		return true;
	return error_set(error, ERROR_INPUT, "%s has %d x %d pixels; expected %d x %d", path, width, height, rule->width,
	                 rule->height);
}

static void note(struct files *files, int channels, uint64_t bytes)
{
	if (channels == 3)
		atomic_store(&files->coloured, true);
	atomic_fetch_add(&files->bytes, bytes);
}

/* A first look at files that are to be decoded later. */
static bool look_at(void *context, const struct dataset *dataset, size_t index, uint8_t *target, struct error *error)
{
	(void)target;
	struct files *files = context;
	const char *path = files->folder.paths[nth_of(files, dataset, index)];
	struct picture_outline outline;
	if (!picture_read_outline(path, &outline, error) ||
	    !check_sides(&files->rule, path, outline.width, outline.height, error))
		return false;
	note(files, outline.channels, outline.file_bytes);
	return true;
}

static bool make(const struct files *files, const struct dataset *dataset, const char *path, uint8_t *target, int *stored_channels,
                 struct error *error)
{
	struct image *picture = picture_read(path, 0, error);
	bool good = picture && check_sides(&files->rule, path, picture->width, picture->height, error)
	            && dataset_put(dataset, target, picture, files->rule.crop, error);
	*stored_channels = good ? picture->channels : 0;
	image_destroy(picture);
	return good;
}

static bool make_again(void *context, const struct dataset *dataset, size_t index, uint8_t *target, struct error *error)
{
	const struct files *files = context;
	int channels;
	return make(files, dataset, files->folder.paths[nth_of(files, dataset, index)], target, &channels, error);
}

static bool make_once(void *context, const struct dataset *dataset, size_t index, uint8_t *target, struct error *error)
{
	struct files *files = context;
	const char *path = files->folder.paths[nth_of(files, dataset, index)];
	struct stat status;
	int channels;
	if (!make(files, dataset, path, target, &channels, error))
		return false;
	note(files, channels, stat(path, &status) ? 0 : (uint64_t)status.st_size);
	return true;
}

/* A folder's name as people see it: no control characters, which a terminal would obey. */
static void name_class(char target[DATASET_CLASS_NAME_SIZE], const char *folder)
{
	text_copy(target, DATASET_CLASS_NAME_SIZE, folder);
	for (; *target; target++)
		if ((unsigned char)*target < ' ' || *target == 0x7f)
			*target = '?';
}

static void take_labels(struct dataset *dataset, const struct files *files)
{
	for (int i = 0; i < dataset->classes; i++)
		name_class(dataset->class_names[i], files->folder.class_names[i]);
	for (size_t i = 0; dataset->classes && i < dataset->count; i++)
		dataset->labels[i] = (uint16_t)files->folder.classes[nth_of(files, dataset, i)];
}

static bool fits(const struct dataset *dataset, const struct dataset_options *options)
{
	return !options->memory || dataset->count * dataset_picture_bytes(dataset) <= options->memory;
}

/* All pictures are grey: the three channels are equal and one is enough. */
static void keep_one_channel(struct dataset *dataset)
{
	size_t pixels = dataset->count * (size_t)dataset->size * (size_t)dataset->size;
	for (size_t i = 0; dataset->pixels && i < pixels; i++)
		dataset->pixels[i] = dataset->pixels[3 * i];
	if (dataset->pixels)
		dataset->pixels = memory_resized(dataset->pixels, pixels, 1);
	dataset->channels = 1;
}

/* One pass over the files: all pictures are made, or merely looked at. */
static bool pass(struct dataset *dataset, const struct dataset_options *options, struct files *files, bool keep,
                 struct error *error)
{
	struct dataset_maker maker = {keep ? make_once : look_at, files};
	if ((keep && !dataset_reserve_pixels(dataset, error)) || !dataset_fill(dataset, options, &maker, error))
		return false;
	if (options->channels == 0 && dataset->channels == 3 && !atomic_load(&files->coloured))
		keep_one_channel(dataset);
	return true;
}

static bool build(struct dataset *dataset, const struct dataset_options *options, struct files *files, bool labelled,
                  struct error *error)
{
	size_t count = dataset_limited(options, files->folder.count);
	int classes = labelled ? files->folder.class_count : 0;
	if (!dataset_describe(dataset, count, options->size, dataset_channels(options, 3), classes, error))
		return false;
	take_labels(dataset, files);
	dataset->files += count;
	bool keep = fits(dataset, options);
	if (!pass(dataset, options, files, keep, error))
		return false;
	dataset->file_bytes += atomic_load(&files->bytes);
	if (keep)
		return true;
	if (fits(dataset, options)) /* they turned out to be grey */
		return pass(dataset, options, files, true, error);
	dataset->source = memory_zeroed(1, sizeof *dataset->source);
	*dataset->source = (struct dataset_source){{make_again, files}, release_files};
	return true;
}

bool dataset_take_pictures(struct dataset *dataset, const struct dataset_options *options, struct picture_folder *folder,
                           const struct picture_rule *rule, bool labelled, struct error *error)
{
	struct files *files = memory_zeroed(1, sizeof *files);
	files->folder = *folder;
	files->rule = *rule;
	*folder = (struct picture_folder){0};
	bool good = build(dataset, options, files, labelled, error);
	if (!dataset->source)
		release_files(files);
	return good;
}
