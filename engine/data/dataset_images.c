/* A folder of PNG and JPEG files. Sub-folders are classes: labels are given when no picture lies outside of them and
 * there are at most DATASET_MAX_CLASSES; otherwise the set has no labels. */
#include "engine/data/dataset_pictures.h"

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

static bool goes_on(void *context) { return dataset_report(context, 0, 0, NULL); }

static bool open_images(const char *directory, const struct dataset_options *options, struct dataset *dataset,
                        struct error *error)
{
	struct picture_folder folder;
	if (!picture_folder_list(directory, 0, goes_on, (void *)options, &folder, error))
		return false;
	if (folder.count == 0)
		return refuse_empty(directory, error);
	return dataset_take_pictures(dataset, options, &folder, &(struct picture_rule){0}, has_labels(&folder), error);
}

const struct dataset_kind dataset_kind_images = {
	.name = "images",
	.usage = "images:DIR",
	.help = "a folder of PNG and JPEG pictures; sub-folders are classes; cropped to the middle square and resized",
	.takes_directory = true,
	.check = check,
	.open = open_images,
};
