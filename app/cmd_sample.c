/* qgan sample: pictures of a recorded run's generator. */
#include <inttypes.h>
#include <stdio.h>

#include "app/commands.h"
#include "app/paths.h"
#include "app/training.h"
#include "engine/data/picture_file.h"
#include "engine/gan/inspection.h"

struct sample_arguments {
	const char *store, *output;
	int64_t count;
	uint64_t seed;
	bool json;
};

static struct image *generate(const struct training_start *start, const struct sample_arguments *arguments, struct error *error)
{
	struct checkpoint *checkpoint = checkpoint_read(start->checkpoint_path, start->checkpoint_hash, error);
	if (!checkpoint)
		return NULL;
	struct inspection *inspection = inspection_create(checkpoint, 0, error);
	checkpoint_destroy(checkpoint);
	const struct what_if as_trained = {.network = NETWORK_G, .layer = -1};
	struct image *picture = NULL;
	if (inspection)
		picture = inspection_sample(inspection, &as_trained, (int)arguments->count, arguments->seed, error);
	inspection_destroy(inspection);
	return picture;
}

static bool find_checkpoint(const struct sample_arguments *arguments, const char *run, struct training_start *start,
                            struct error *error)
{
	char path[PATH_SIZE];
	if (!path_store(arguments->store, path, error))
		return false;
	struct store *store = store_open(path, STORE_READ, error);
	if (!store)
		return false;
	bool good = training_prepare_fork(store, run, start, error);
	store_close(store);
	return good;
}

static int report(const struct sample_arguments *arguments, const struct training_start *start, const struct image *picture)
{
	if (arguments->json)
		return cli_print_json(json_pack("{s:s, s:I, s:I, s:i, s:i}", "output", arguments->output,
		                                "step", (json_int_t)start->checkpoint_step, "count", (json_int_t)arguments->count,
		                                "width", picture->width, "height", picture->height));
	fprintf(stderr, "%s: %" PRId64 " pictures of step %" PRId64 ", %d x %d pixels\n", arguments->output, arguments->count,
	        start->checkpoint_step, picture->width, picture->height);
	return CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct sample_arguments arguments = {.output = "samples.png", .count = 64};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_sample.syntax, subcommand_sample.help, argc, argv, &arguments, &words, &status))
		return status;
	struct error error = {0};
	struct training_start start;
	if (!find_checkpoint(&arguments, words.items[0], &start, &error))
		return cli_fail(&error);
	struct image *picture = generate(&start, &arguments, &error);
	bool good = picture && picture_write_png(picture, arguments.output, &error);
	status = good ? report(&arguments, &start, picture) : cli_fail(&error);
	image_destroy(picture);
	return status;
}

static const struct cli_option options[] = {
	{.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "FILE.png",
	 .offset = offsetof(struct sample_arguments, output), .standard = "samples.png", .help = "the picture to write"},
	{.name = "count", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct sample_arguments, count),
	 .min = 1, .max = 4096, .standard = "64", .help = "how many tiles"},
	{.name = "seed", .kind = CLI_NATURAL, .argument = "S", .offset = offsetof(struct sample_arguments, seed),
	 .standard = "0", .help = "fresh noise of this seed; 0: the run's fixed noise"},
	CLI_STORE(struct sample_arguments, store),
	CLI_JSON(struct sample_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_sample = {
	.name = "sample",
	.help = "Draw pictures with a recorded run's generator.",
	.syntax = {.positionals = "RUN[@STEP]", .min = 1, .max = 1, .options = options},
	.run = run,
};
