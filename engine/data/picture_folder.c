#include "engine/data/picture_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"

/* Deeper than any real data set, and far from the end of the stack. */
enum { MAX_DEPTH = 64 };

static const char *const endings[] = {".png", ".jpg", ".jpeg"};

struct walk {
	struct picture_folder *folder;
	size_t most;
	bool (*goes_on)(void *context);
	void *context;
	int class;     /* of the first-level folder that is being walked; -1 outside */
	struct seen { /* folders entered so far, so that links in circles end */
		dev_t device;
		ino_t inode;
	} *seen;
	size_t seen_count;
};

static bool has_picture_name(const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t ending = strlen(endings[i]);
		if (length > ending && !strcasecmp(name + length - ending, endings[i]))
			return true;
	}
	return false;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* Adds every name that is not hidden to an empty list, sorted. */
static bool list_names(const char *path, char ***names, size_t *count, struct error *error)
{
	DIR *stream = opendir(path);
	if (!stream)
		return error_set(error, ERROR_INPUT, "folder %.300s cannot be read: %s", path, strerror(errno));
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (entry->d_name[0] == '.')
			continue;
		if ((*count & (*count + 1)) == 0) /* room is one less than a power of two */
			*names = memory_resized(*names, 2 * (*count + 1), sizeof **names);
		(*names)[(*count)++] = memory_text(entry->d_name);
	}
	closedir(stream);
	if (*count)
		qsort(*names, *count, sizeof **names, compare_names);
	return true;
}

static bool was_seen(struct walk *walk, const struct stat *status)
{
	for (size_t i = 0; i < walk->seen_count; i++)
		if (walk->seen[i].device == status->st_dev && walk->seen[i].inode == status->st_ino)
			return true;
	walk->seen = memory_resized(walk->seen, walk->seen_count + 1, sizeof *walk->seen);
	walk->seen[walk->seen_count++] = (struct seen){status->st_dev, status->st_ino};
	return false;
}

/* Takes the path. */
static void add_picture(struct walk *walk, char *path)
{
	struct picture_folder *folder = walk->folder;
	if (folder->count == folder->capacity) {
		folder->capacity = folder->capacity ? 2 * folder->capacity : 256;
		folder->paths = memory_resized(folder->paths, folder->capacity, sizeof *folder->paths);
		folder->classes = memory_resized(folder->classes, folder->capacity, sizeof *folder->classes);
	}
	folder->paths[folder->count] = path;
	folder->classes[folder->count++] = walk->class;
}

static void name_class(struct picture_folder *folder, const char *name)
{
	folder->class_names = memory_resized(folder->class_names, (size_t)folder->class_count + 1, sizeof *folder->class_names);
	folder->class_names[folder->class_count++] = memory_text(name);
}

static bool is_full(const struct walk *walk) { return walk->most && walk->folder->count >= walk->most; }

static bool walk_folder(struct walk *walk, const char *path, int depth, struct error *error);

/* A sub-folder; on the first level it is a class of its own, if it holds a picture. */
static bool enter_folder(struct walk *walk, const char *path, const char *name, int depth, struct error *error)
{
	if (depth > 0)
		return walk_folder(walk, path, depth + 1, error);
	size_t before = walk->folder->count;
	walk->class = walk->folder->class_count;
	bool good = walk_folder(walk, path, depth + 1, error);
	walk->class = -1;
	if (walk->folder->count > before)
		name_class(walk->folder, name);
	return good;
}

static bool visit(struct walk *walk, const char *parent, const char *name, int depth, struct error *error)
{
	struct text path = {0};
	struct stat status;
	text_format(&path, "%s/%s", parent, name);
	bool good = true, found = !stat(path.bytes, &status);
	if (!found && has_picture_name(name)) {
		good = error_set(error, ERROR_INPUT, "%.400s cannot be read: %s", path.bytes, strerror(errno));
	} else if (found && S_ISDIR(status.st_mode) && depth < MAX_DEPTH && !was_seen(walk, &status)) {
		good = enter_folder(walk, path.bytes, name, depth, error);
	} else if (found && S_ISREG(status.st_mode) && has_picture_name(name)) {
		add_picture(walk, path.bytes);
		path.bytes = NULL;
	}
	text_clear(&path);
	return good;
}

static bool walk_folder(struct walk *walk, const char *path, int depth, struct error *error)
{
	char **names = NULL;
	size_t count = 0;
	if (walk->goes_on && !walk->goes_on(walk->context))
		return error_set(error, ERROR_CANCELLED, "looking for pictures was stopped");
	if (!list_names(path, &names, &count, error))
		return false;
	bool good = true;
	for (size_t i = 0; good && i < count && !is_full(walk); i++)
		good = visit(walk, path, names[i], depth, error);
	free_names(names, count);
	return good;
}

bool picture_folder_list(const char *directory, size_t most, bool (*goes_on)(void *context), void *context,
                         struct picture_folder *folder, struct error *error)
{
	struct stat status;
	*folder = (struct picture_folder){0};
	if (stat(directory, &status))
		return error_set(error, ERROR_INPUT, "folder %.300s cannot be read: %s", directory, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return error_set(error, ERROR_INPUT, "%.300s is not a folder", directory);
	struct walk walk = {.folder = folder, .most = most, .goes_on = goes_on, .context = context, .class = -1};
	was_seen(&walk, &status);
	bool good = walk_folder(&walk, directory, 0, error);
	free(walk.seen);
	if (!good)
		picture_folder_clear(folder);
	return good;
}

void picture_folder_clear(struct picture_folder *folder)
{
	free_names(folder->paths, folder->count);
	free_names(folder->class_names, (size_t)folder->class_count);
	free(folder->classes);
	*folder = (struct picture_folder){0};
}
