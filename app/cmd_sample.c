/* qgan sample: pictures of a recorded run's generator, or of one that qgan export packed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/paths.h"
#include "app/training.h"
#include "engine/data/picture_file.h"
#include "engine/gan/inspection.h"
#include "engine/gan/packed_generator.h"

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

static struct image *generate_from_run(const struct sample_arguments *arguments, const char *run, int64_t *step, struct error *error)
{
	struct training_start start;
	if (!find_checkpoint(arguments, run, &start, error))
		return NULL;
	*step = start.checkpoint_step;
	return generate(&start, arguments, error);
}

/* A packed model says by its name that it is one: names of runs may be anything else. */
static bool is_packed_model(const char *word)
{
	const char *end = strrchr(word, '.');
	return end && strcmp(end, ".qgan") == 0;
}

static struct image *generate_from_file(const struct sample_arguments *arguments, const char *path, int64_t *step, struct error *error)
{
	enum { BATCH = 16 };
	struct packed_model *model = packed_model_read(path, error);
	if (!model)
		return NULL;
	*step = model->step;
	struct packed_generator *generator = packed_generator_create(model, BATCH, 0, error);
	packed_model_destroy(model);
	struct image *picture = generator ? packed_generator_sample(generator, (int)arguments->count, arguments->seed, error) : NULL;
	if (!generator)
		error_prefix(error, "%s", path);
	packed_generator_destroy(generator);
	return picture;
}

static int report(const struct sample_arguments *arguments, int64_t step, const struct image *picture)
{
	if (arguments->json)
		return cli_print_json(json_pack("{s:o, s:I, s:I, s:i, s:i}", "output", cli_json_text(arguments->output),
		                                "step", (json_int_t)step, "count", (json_int_t)arguments->count,
		                                "width", picture->width, "height", picture->height));
	fprintf(stderr, "%s: %" PRId64 " pictures of step %" PRId64 ", %d x %d pixels\n", arguments->output, arguments->count, step,
	        picture->width, picture->height);
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
	const char *word = words.items[0];
	int64_t step = 0;
	struct image *picture = (is_packed_model(word) ? generate_from_file : generate_from_run)(&arguments, word, &step, &error);
	bool good = picture && picture_write_png(picture, arguments.output, &error);
	status = good ? report(&arguments, step, picture) : cli_fail(&error);
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
	.help = "Draw pictures with a recorded run's generator, or with one that qgan export packed.",
	.syntax = {.positionals = "RUN[@STEP]|FILE.qgan", .min = 1, .max = 1, .options = options,
	           .notes = "A packed generator draws in float32 what its run draws, bit for bit, while its weights stay codes in memory.\n"},
	.run = run,
};
