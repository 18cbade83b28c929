/* qgan data list | info: what data sets there are, and what one of them holds. */
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>

#include "app/text_table.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/data/dataset.h"
#include "engine/tensor/parallel.h"

enum { MAX_CHANNELS = 3, STANDARD_SIZE = 32, STANDARD_SEED = 1, STANDARD_MEMORY_MB = 2048, MOST_MEMORY_MB = 1 << 30 };

static const struct subcommand list_command, info_command;

/* ---- list ---- */

struct list_arguments {
	bool json;
};

static bool is_found(const struct dataset_kind *kind)
{
	return (!kind->takes_directory || kind->default_directory) && dataset_check(kind->name, NULL);
}

/* Where it was found, or why not. */
static const char *describe_place(const struct dataset_kind *kind)
{
	if (!kind->takes_directory)
		return "built in";
	if (!kind->default_directory)
		return "needs a folder";
	return is_found(kind) ? kind->default_directory : "not on this machine";
}

static json_t *kind_to_json(const struct dataset_kind *kind)
{
	bool found = is_found(kind);
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:o}", "name", kind->name, "usage", kind->usage, "help", kind->help,
	                 "takes_directory", kind->takes_directory, "found", found,
	                 "directory", found && kind->default_directory ? json_string(kind->default_directory) : json_null());
}

static int print_json_list(void)
{
	json_t *kinds = json_array();
	for (int i = 0; dataset_kinds[i]; i++)
		json_array_append_new(kinds, kind_to_json(dataset_kinds[i]));
	return cli_print_json(json_pack("{s:s, s:o}", "default", dataset_default_spec(), "kinds", kinds));
}

static int print_list(void)
{
	static const struct text_column columns[] = {{.title = "data set"}, {.title = "found"}, {.title = "holds"}, {.title = NULL}};
	struct text_table *table = text_table_create(columns);
	for (int i = 0; dataset_kinds[i]; i++) {
		text_table_add(table, "%s", dataset_kinds[i]->usage);
		text_table_add(table, "%s", describe_place(dataset_kinds[i]));
		text_table_add(table, "%s", dataset_kinds[i]->help);
	}
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	printf("\nWithout --data: %s\n", dataset_default_spec());
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run_list(int argc, char **argv)
{
	struct list_arguments arguments = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&list_command.syntax, list_command.help, argc, argv, &arguments, &words, &status))
		return status;
	return arguments.json ? print_json_list() : print_list();
}

/* ---- info ---- */

struct info_arguments {
	int64_t size, channels, crop, memory_mb;
	uint64_t seed;
	const char *split;
	bool json;
};

struct channel_statistics {
	double mean, deviation; /* of values in 0..1 */
};

/* Exact: 2^64 is far above 255^2 times any number of bytes on a disk. */
struct channel_sums {
	uint64_t sum, squares;
};

static void add_pixels(const uint8_t *pixels, size_t count, size_t channels, struct channel_sums sums[MAX_CHANNELS])
{
	for (size_t i = 0; i < count; i++)
		for (size_t c = 0; c < channels; c++) {
			uint64_t value = pixels[i * channels + c];
			sums[c].sum += value;
			sums[c].squares += value * value;
		}
}

static bool show_progress(void *context, size_t done, size_t total)
{
	struct cli_progress *progress = context;
	progress->total = (int64_t)total;
	cli_progress_update(progress, (int64_t)done, NULL);
	return true;
}

/* Sees every picture: a damaged file does not stay unnoticed. */
static bool sum_channels(const struct dataset *dataset, struct channel_sums sums[MAX_CHANNELS], struct cli_progress *progress,
                         struct error *error)
{
	enum { CHUNK = 256 };
	struct parallel *parallel = parallel_create(0, error);
	uint8_t *pixels = parallel ? memory_try_bytes(CHUNK * dataset_picture_bytes(dataset), "some pictures", error) : NULL;
	bool good = pixels;
	for (size_t first = 0; good && first < dataset->count; first += CHUNK) {
		size_t count = dataset->count - first < CHUNK ? dataset->count - first : CHUNK;
		good = dataset_read(dataset, parallel, first, count, pixels, error);
		if (good)
			add_pixels(pixels, count * (size_t)dataset->size * (size_t)dataset->size, (size_t)dataset->channels, sums);
		show_progress(progress, first + count, dataset->count);
	}
	free(pixels);
	parallel_destroy(parallel);
	return good;
}

static bool measure_channels(const struct dataset *dataset, struct channel_statistics statistics[MAX_CHANNELS],
                             struct error *error)
{
	struct channel_sums sums[MAX_CHANNELS] = {0};
	struct cli_progress progress;
	cli_progress_begin(&progress, "measuring", "pictures", 0, (int64_t)dataset->count);
	bool good = sum_channels(dataset, sums, &progress, error);
	cli_progress_end(&progress);
	double pixels = (double)dataset->count * dataset->size * dataset->size;
	for (int c = 0; good && c < dataset->channels; c++) {
		double mean = (double)sums[c].sum / pixels, variance = (double)sums[c].squares / pixels - mean * mean;
		statistics[c] = (struct channel_statistics){mean / 255, sqrt(fmax(variance, 0)) / 255};
	}
	return good;
}

/* `classes` counts; to be freed. */
static size_t *count_classes(const struct dataset *dataset)
{
	size_t *counts = memory_zeroed((size_t)dataset->classes, sizeof *counts);
	for (size_t i = 0; dataset->labels && i < dataset->count; i++)
		counts[dataset->labels[i]]++;
	return counts;
}

static json_t *classes_to_json(const struct dataset *dataset)
{
	json_t *classes = json_array();
	size_t *counts = count_classes(dataset);
	for (int i = 0; i < dataset->classes; i++)
		json_array_append_new(classes, json_pack("{s:o, s:I}", "name", cli_json_text(dataset->class_names[i]),
		                                         "count", (json_int_t)counts[i]));
	free(counts);
	return classes;
}

static json_t *info_to_json(const struct dataset *dataset, const char *split, double seconds,
                            const struct channel_statistics statistics[MAX_CHANNELS])
{
	json_t *means = json_array(), *deviations = json_array();
	for (int c = 0; c < dataset->channels; c++) {
		json_array_append_new(means, cli_json_real(statistics[c].mean));
		json_array_append_new(deviations, cli_json_real(statistics[c].deviation));
	}
	return json_pack("{s:o, s:s, s:s, s:I, s:i, s:i, s:o, s:o, s:o, s:I, s:b, s:o, s:I, s:I, s:o}",
		"spec", cli_json_text(dataset->spec), "kind", dataset->kind, "split", split,
		"count", (json_int_t)dataset->count, "size", dataset->size, "channels", dataset->channels,
		"classes", classes_to_json(dataset), "mean", means, "deviation", deviations,
		"bytes", (json_int_t)(dataset->count * dataset_picture_bytes(dataset)), "in_memory", dataset->pixels != NULL,
		"directory", cli_json_text(*dataset->directory ? dataset->directory : NULL),
		"files", (json_int_t)dataset->files, "file_bytes", (json_int_t)dataset->file_bytes,
		"load_seconds", cli_json_real(seconds));
}

static void print_source(const struct dataset *dataset)
{
	char amount[32], count[32];
	if (dataset->files)
		printf("source    %s (%s files, %s)\n", dataset->directory, text_count(count, sizeof count, (int64_t)dataset->files),
		       text_bytes_amount(amount, sizeof amount, (double)dataset->file_bytes));
	else
		printf("source    generated\n");
}

static void print_classes(const struct dataset *dataset)
{
	static const struct text_column columns[] = {{.title = "class"}, {.title = "pictures", .right = true}, {.title = NULL}};
	char count[32];
	if (!dataset->classes) {
		printf("classes   none\n");
		return;
	}
	printf("classes   %d\n", dataset->classes);
	size_t *counts = count_classes(dataset);
	struct text_table *table = text_table_create(columns);
	for (int i = 0; i < dataset->classes; i++) {
		text_table_add(table, "%s", dataset->class_names[i]);
		text_table_add(table, "%s", text_count(count, sizeof count, (int64_t)counts[i]));
	}
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
	free(counts);
}

static int print_info(const struct dataset *dataset, const char *split, double seconds,
                      const struct channel_statistics statistics[MAX_CHANNELS])
{
	char count[32], amount[32];
	text_bytes_amount(amount, sizeof amount, (double)dataset->count * (double)dataset_picture_bytes(dataset));
	printf("data set  %s (%s)\n", dataset->spec, split);
	printf("pictures  %s of %d x %d pixels, %d channel%s, %s, %s, opened in %.2f s\n",
	       text_count(count, sizeof count, (int64_t)dataset->count), dataset->size, dataset->size, dataset->channels,
	       dataset->channels == 1 ? "" : "s", amount, dataset->pixels ? "kept in memory" : "read from the files as needed", seconds);
	printf("mean     ");
	for (int c = 0; c < dataset->channels; c++)
		printf(" %.4f", statistics[c].mean);
	printf(" (of 0..1)\ndeviation");
	for (int c = 0; c < dataset->channels; c++)
		printf(" %.4f", statistics[c].deviation);
	putchar('\n');
	print_source(dataset);
	print_classes(dataset);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static struct dataset *open_with_progress(const char *spec, const struct info_arguments *arguments, struct error *error)
{
	struct cli_progress progress;
	struct dataset_options options = {
		.size = (int)arguments->size, .channels = (int)arguments->channels, .crop = (int)arguments->crop,
		.memory = (uint64_t)arguments->memory_mb << 20, .seed = arguments->seed, .split = arguments->split,
		.progress = show_progress, .progress_context = &progress,
	};
	cli_progress_begin(&progress, "reading", "pictures", 0, 0);
	struct dataset *dataset = dataset_open(spec, &options, error);
	cli_progress_end(&progress);
	return dataset;
}

static int run_info(int argc, char **argv)
{
	struct info_arguments arguments = {
		.size = STANDARD_SIZE, .seed = STANDARD_SEED, .split = "train", .memory_mb = STANDARD_MEMORY_MB,
	};
	struct channel_statistics statistics[MAX_CHANNELS];
	struct cli_words words;
	struct error error;
	int status;
	if (!cli_parse(&info_command.syntax, info_command.help, argc, argv, &arguments, &words, &status))
		return status;
	double start = clock_seconds();
	struct dataset *dataset = open_with_progress(words.items[0], &arguments, &error);
	if (!dataset)
		return cli_fail(&error);
	double seconds = clock_seconds() - start;
	if (!measure_channels(dataset, statistics, &error))
		status = cli_fail(&error);
	else
		status = arguments.json ? cli_print_json(info_to_json(dataset, arguments.split, seconds, statistics))
		                        : print_info(dataset, arguments.split, seconds, statistics);
	dataset_destroy(dataset);
	return status;
}

/* ---- rows ---- */

static const struct cli_option list_options[] = {
	CLI_JSON(struct list_arguments, json),
	{.name = NULL},
};

static const char *const splits[] = {"train", "test", NULL};

static const struct cli_option info_options[] = {
	{.name = "size", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct info_arguments, size),
	 .min = DATASET_MIN_SIZE, .max = DATASET_MAX_SIZE, .standard = "32", .help = "side of the pictures in pixels"},
	{.name = "channels", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct info_arguments, channels),
	 .max = MAX_CHANNELS, .standard = "0", .help = "1 grey, 3 colour, 0 as the set has them"},
	{.name = "crop", .kind = CLI_INTEGER, .argument = "PIXELS", .offset = offsetof(struct info_arguments, crop), .max = 178,
	 .standard = "178", .help = "CelebA only: the middle square that is used, 108, 128, 140, 160 or 178"},
	{.name = "data-memory", .kind = CLI_INTEGER, .argument = "MB", .offset = offsetof(struct info_arguments, memory_mb),
	 .max = MOST_MEMORY_MB, .standard = "2048", .help = "keep pictures from files in memory up to so many MB; 0: any number"},
	{.name = "split", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct info_arguments, split), .choices = splits,
	 .standard = "train", .help = "which part of the set, where it has parts"},
	{.name = "seed", .kind = CLI_NATURAL, .argument = "N", .offset = offsetof(struct info_arguments, seed), .standard = "1",
	 .help = "of generated pictures"},
	CLI_JSON(struct info_arguments, json),
	{.name = NULL},
};

static const struct subcommand list_command = {
	.name = "list",
	.help = "Say which data sets there are, and which of them are on this machine.",
	.syntax = {.options = list_options},
	.run = run_list,
};

static const struct subcommand info_command = {
	.name = "info",
	.help = "Read a data set and say what it holds.",
	.syntax = {.positionals = "SPEC", .min = 1, .max = 1, .options = info_options,
	           .notes = "SPEC is a data set as `qgan data list` writes it, such as fashion-mnist or images:DIR.\n"},
	.run = run_info,
};

static const struct subcommand *const children[] = {&list_command, &info_command, NULL};

const struct subcommand subcommand_data = {
	.name = "data",
	.help = "List data sets, or say what one holds.",
	.children = children,
};
