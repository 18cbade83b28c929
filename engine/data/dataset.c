#include "engine/data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/dataset_parts.h"

const struct dataset_kind *const dataset_kinds[] = {
	&dataset_kind_fashion_mnist, &dataset_kind_mnist, &dataset_kind_cifar10, &dataset_kind_celeba, &dataset_kind_images,
	&dataset_kind_shapes, NULL,
};

const int dataset_crops[] = {108, 128, 140, 160, 178, -1};

static const char *const splits[] = {"train", "test"};

const struct dataset_kind *dataset_kind_find(const char *name)
{
	for (int i = 0; dataset_kinds[i]; i++)
		if (!strcmp(dataset_kinds[i]->name, name))
			return dataset_kinds[i];
	return NULL;
}

const char *dataset_default_spec(void)
{
	const struct dataset_kind *packaged = &dataset_kind_fashion_mnist;
	return packaged->check(packaged->default_directory, NULL) ? packaged->name : dataset_kind_shapes.name;
}

static bool refuse_kind(const char *spec, struct error *error)
{
	struct stat status;
	if (!stat(spec, &status) && S_ISDIR(status.st_mode))
		return error_set(error, ERROR_INPUT,
		                 "\"%.200s\" is a folder and no data set; for a folder of pictures write images:%.200s", spec, spec);
	struct text known = {0};
	for (int i = 0; dataset_kinds[i]; i++)
		text_format(&known, "%s%s", i ? ", " : "", dataset_kinds[i]->usage);
	error_set(error, ERROR_INPUT, "unknown data set \"%.200s\": expected one of %s", spec, known.bytes);
	text_clear(&known);
	return false;
}

/* "~/x" to the home folder's x; a shell does that only at the start of a word. */
static bool expand_home(const char *given, char directory[DATASET_SPEC_SIZE])
{
	const char *home = getenv("HOME");
	bool short_form = given[0] == '~' && (given[1] == '/' || !given[1]) && home;
	int length = snprintf(directory, DATASET_SPEC_SIZE, "%s%s", short_form ? home : "", given + short_form);
	return length >= 0 && length < DATASET_SPEC_SIZE;
}

/* Spec to row and folder ("" when there is none). */
static const struct dataset_kind *parse_spec(const char *spec, char directory[DATASET_SPEC_SIZE], struct error *error)
{
	char name[DATASET_SPEC_SIZE];
	if (!text_copy(name, sizeof name, spec)) {
		error_set(error, ERROR_INPUT, "the data set's name \"%.40s...\" is too long; expected less than %d bytes", spec,
		          DATASET_SPEC_SIZE);
		return NULL;
	}
	char *colon = strchr(name, ':');
	if (colon)
		*colon = '\0';
	const struct dataset_kind *kind = dataset_kind_find(name);
	const char *given = colon ? colon + 1 : kind && kind->default_directory ? kind->default_directory : "";
	if (!kind)
		refuse_kind(spec, error);
	else if (colon && !kind->takes_directory)
		error_set(error, ERROR_INPUT, "data set \"%.200s\": %s takes no folder", spec, kind->name);
	else if (kind->takes_directory && !*given)
		error_set(error, ERROR_INPUT, "data set \"%.200s\" needs a folder: expected %s", spec, kind->usage);
	else if (!expand_home(given, directory))
		error_set(error, ERROR_INPUT, "the folder \"%.40s...\" has too long a name", given);
	else
		return kind;
	return NULL;
}

static bool check_options(const struct dataset_options *options, struct error *error)
{
	if (options->size < DATASET_MIN_SIZE || options->size > DATASET_MAX_SIZE)
		return error_set(error, ERROR_INPUT, "size is %d; expected %d..%d pixels", options->size, DATASET_MIN_SIZE,
		                 DATASET_MAX_SIZE);
	if (options->channels != 0 && options->channels != 1 && options->channels != 3)
		return error_set(error, ERROR_INPUT, "channels is %d; expected 1, 3, or 0 for the set's own", options->channels);
	int known = 0;
	while (dataset_crops[known] >= 0 && dataset_crops[known] != options->crop)
		known++;
	if (options->crop && dataset_crops[known] < 0)
		return error_set(error, ERROR_INPUT, "crop is %d; expected 108, 128, 140, 160, 178, or 0 for the usual one", options->crop);
	if (options->split && strcmp(options->split, splits[0]) && strcmp(options->split, splits[1]))
		return error_set(error, ERROR_INPUT, "unknown split \"%.40s\": expected one of %s, %s", options->split, splits[0],
		                 splits[1]);
	return true;
}

bool dataset_check(const char *spec, struct error *error)
{
	char directory[DATASET_SPEC_SIZE];
	const struct dataset_kind *kind = parse_spec(spec, directory, error);
	return kind && (!kind->check || kind->check(directory, error));
}

bool dataset_count(const char *spec, size_t *pictures, int *channels, struct error *error)
{
	char directory[DATASET_SPEC_SIZE];
	const struct dataset_kind *kind = parse_spec(spec, directory, error);
	*pictures = 0;
	return kind && (!kind->count || kind->count(directory, pictures, channels, error));
}

struct dataset *dataset_open(const char *spec, const struct dataset_options *options, struct error *error)
{
	char directory[DATASET_SPEC_SIZE];
	const struct dataset_kind *kind = parse_spec(spec, directory, error);
	if (!kind || !check_options(options, error))
		return NULL;
	struct dataset *dataset = memory_zeroed(1, sizeof *dataset);
	text_copy(dataset->spec, sizeof dataset->spec, spec);
	text_copy(dataset->kind, sizeof dataset->kind, kind->name);
	text_copy(dataset->directory, sizeof dataset->directory, directory);
	if (kind->open(directory, options, dataset, error))
		return dataset;
	dataset_destroy(dataset);
	return NULL;
}

void dataset_destroy(struct dataset *dataset)
{
	if (!dataset)
		return;
	if (dataset->source)
		dataset->source->release(dataset->source->maker.context);
	free(dataset->source);
	free(dataset->pixels);
	free(dataset->labels);
	free(dataset->class_names);
	free(dataset);
}
