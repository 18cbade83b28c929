/* CelebA, aligned and cropped: 178 x 218 pixels a picture, one face each. The parts are as its list says; without the list
 * every picture is for training. Its 40 attributes are no classes (a face has several), so the set has no labels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file_bytes.h"
#include "engine/base/text.h"
#include "engine/data/celeba.h"
#include "engine/data/dataset_pictures.h"

enum { WIDTH = 178, HEIGHT = 218, PATH_SIZE = DATASET_SPEC_SIZE + 64 };

static const size_t max_list_bytes = (size_t)64 << 20;

/* As the official archives unpack, and as copies of the set have them. */
static const char *const picture_places[] = {"img_align_celeba", "Img/img_align_celeba"};
static const char *const list_places[] = {
	"list_eval_partition.txt", "Eval/list_eval_partition.txt", "list_eval_partition.csv",
};

/* The first of the places that is there. */
static bool find(const char *directory, const char *const places[], size_t count, char path[PATH_SIZE])
{
	for (size_t i = 0; i < count; i++) {
		snprintf(path, PATH_SIZE, "%s/%s", directory, places[i]);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static bool find_pictures(const char *directory, char path[PATH_SIZE], struct error *error)
{
	return find(directory, picture_places, sizeof picture_places / sizeof *picture_places, path)
	       || error_set(error, ERROR_INPUT, "folder %.300s has no folder %s with CelebA's pictures", directory, picture_places[0]);
}

static bool find_list(const char *directory, char path[PATH_SIZE])
{
	return find(directory, list_places, sizeof list_places / sizeof *list_places, path);
}

static bool refuse_empty(const char *folder, struct error *error)
{
	return error_set(error, ERROR_INPUT, "folder %.300s holds no picture; expected 000001.jpg and so on", folder);
}

static bool check(const char *directory, struct error *error)
{
	char path[PATH_SIZE];
	struct picture_folder folder;
	if (!find_pictures(directory, path, error) || !picture_folder_list(path, 1, NULL, NULL, &folder, error))
		return false;
	bool found = folder.count > 0;
	picture_folder_clear(&folder);
	return found || refuse_empty(path, error);
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Keeps the pictures of one part. One that is not listed belongs nowhere and is refused; listed ones may be missing. */
static bool keep_part(struct picture_folder *folder, const struct celeba_list *list, enum celeba_part wanted,
                      const char *list_path, struct error *error)
{
	size_t kept = 0, count = folder->count;
	bool good = true;
	for (size_t i = 0; i < count; i++) {
		enum celeba_part part = celeba_list_find(list, last_name(folder->paths[i]));
		if (part == CELEBA_UNLISTED && good)
			good = error_set(error, ERROR_INPUT, "%s does not list %s", list_path, folder->paths[i]);
		if (part == wanted)
			folder->paths[kept++] = folder->paths[i];
		else
			free(folder->paths[i]);
	}
	folder->count = kept;
	if (good && kept == 0)
		return error_set(error, ERROR_INPUT, "by %s none of the %zu pictures is for %s", list_path, count,
		                 wanted == CELEBA_TEST ? "testing" : "training");
	return good;
}

static bool choose(struct picture_folder *folder, const char *directory, bool test, struct dataset *dataset, struct error *error)
{
	char path[PATH_SIZE];
	struct file_bytes file;
	struct celeba_list list;
	if (!find_list(directory, path))
		return !test || error_set(error, ERROR_INPUT, "folder %.300s has no file %s, so nothing says which pictures are for testing",
		                          directory, list_places[0]);
	if (!file_bytes_read(path, max_list_bytes, &file, error))
		return false;
	dataset_count_file(dataset, file.size);
	bool good = celeba_list_parse(file.bytes, file.size, path, &list, error);
	file_bytes_clear(&file);
	if (!good)
		return false;
	good = keep_part(folder, &list, test ? CELEBA_TEST : CELEBA_TRAIN, path, error);
	celeba_list_clear(&list);
	return good;
}

static bool goes_on(void *context) { return dataset_report(context, 0, 0, NULL); }

static bool open_celeba(const char *directory, const struct dataset_options *options, struct dataset *dataset,
                        struct error *error)
{
	char path[PATH_SIZE];
	struct picture_folder folder;
	if (!find_pictures(directory, path, error) || !picture_folder_list(path, 0, goes_on, (void *)options, &folder, error))
		return false;
	if (folder.count == 0)
		return refuse_empty(path, error);
	if (!choose(&folder, directory, dataset_is_test_split(options), dataset, error)) {
		picture_folder_clear(&folder);
		return false;
	}
	struct picture_rule rule = {options->crop ? options->crop : DATASET_USUAL_CROP, WIDTH, HEIGHT};
	return dataset_take_pictures(dataset, options, &folder, &rule, false, error);
}

const struct dataset_kind dataset_kind_celeba = {
	.name = "celeba",
	.usage = "celeba:DIR",
	.help = "202,599 faces: img_align_celeba and list_eval_partition.txt; cropped to a middle square and resized",
	.takes_directory = true,
	.check = check,
	.open = open_celeba,
};
