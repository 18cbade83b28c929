/* qgan eval: FID, KID and Inception Score of a recorded run's generator, or of a folder of pictures. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/paths.h"
#include "app/score_row.h"
#include "app/training.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/base/user_folder.h"
#include "engine/gan/inspection.h"
#include "engine/metric/scorer.h"

struct eval_arguments {
	const char *store, *images, *reference, *split, *recipe, *features;
	int64_t samples, size;
	bool json, all;
};

/* What is scored, against what. One owner. */
struct evaluation_job {
	const struct eval_arguments *arguments;
	const struct evaluation_recipe *recipe;
	struct training_start start;     /* of a run: where its G is */
	struct inspection *inspection;   /* of a run; NULL: a folder */
	struct random noise;
	struct dataset *pictures;        /* of a folder; NULL: a run */
	struct shuffled_pictures order;
	struct dataset *reference;
	struct parallel *parallel;
	struct scorer *scorer;
	struct picture_stream stream;
	uint64_t seed;
};

static bool loading(void *context, size_t done, size_t total)
{
	(void)context;
	(void)done;
	(void)total;
	return !interrupt_count();
}

/* ---- what is scored ---- */

static bool find_run(struct evaluation_job *job, const char *name, struct error *error)
{
	char path[PATH_SIZE];
	if (!path_store(job->arguments->store, path, error))
		return false;
	struct store *store = store_open(path, STORE_READ, error);
	bool good = store && training_prepare_fork(store, name, &job->start, error);
	store_close(store);
	return good;
}

static bool read_drawn(void *context, size_t first, size_t count, uint8_t *pixels, struct error *error)
{
	(void)first; /* in order: the noise goes on */
	struct evaluation_job *job = context;
	return inspection_draw(job->inspection, &job->noise, (int)count, pixels, error);
}

static bool open_run(struct evaluation_job *job, const char *name, struct error *error)
{
	if (!find_run(job, name, error))
		return false;
	inspection_destroy(job->inspection); /* of the checkpoint before */
	job->inspection = NULL;
	struct checkpoint *checkpoint = checkpoint_read(job->start.checkpoint_path, job->start.checkpoint_hash, error);
	if (checkpoint)
		job->inspection = inspection_create(checkpoint, 0, error);
	checkpoint_destroy(checkpoint);
	if (!job->inspection)
		return false;
	int64_t samples = job->arguments->samples ? job->arguments->samples : job->recipe->samples;
	job->stream = (struct picture_stream){.count = (size_t)samples, .read = read_drawn, .context = job};
	inspection_picture(job->inspection, &job->stream.size, &job->stream.channels);
	job->seed = job->start.settings.seed;
	random_start(&job->noise, job->seed, RANDOM_EVALUATION);
	return true;
}

static bool open_folder(struct evaluation_job *job, struct error *error)
{
	char spec[DATASET_SPEC_SIZE];
	const struct dataset_options options = {.size = (int)job->arguments->size, .progress = loading};
	int64_t samples = job->arguments->samples ? job->arguments->samples : job->recipe->samples;
	if (snprintf(spec, sizeof spec, "images:%s", job->arguments->images) >= (int)sizeof spec)
		return error_set(error, ERROR_INPUT, "--images: the path is longer than %d bytes", DATASET_SPEC_SIZE);
	job->pictures = dataset_open(spec, &options, error);
	if (!job->pictures)
		return false;
	if (job->arguments->samples > 0 && (size_t)job->arguments->samples > job->pictures->count)
		return error_set(error, ERROR_INPUT, "--samples %" PRId64 ": %s has %zu pictures", job->arguments->samples,
		                 job->arguments->images, job->pictures->count);
	return picture_stream_shuffle(&job->order, job->pictures, job->parallel, (size_t)samples, 0, &job->stream, error);
}

/* ---- what it is compared with ---- */

static bool open_reference(struct evaluation_job *job, struct error *error)
{
	const struct eval_arguments *arguments = job->arguments;
	const struct gan_settings *settings = job->inspection ? &job->start.settings : NULL;
	const struct dataset_options options = {
		.size = job->stream.size, .channels = job->stream.channels, .split = arguments->split, .progress = loading,
		.seed = settings ? settings->seed : 0, .crop = settings ? settings->crop : 0,
		.memory = settings ? (uint64_t)settings->data_memory << 20 : 0,
	};
	job->reference = dataset_open(arguments->reference ? arguments->reference : settings->data, &options, error);
	return job->reference != NULL;
}

static bool open_scorer(struct evaluation_job *job, struct error *error)
{
	const char *features = strcmp(job->arguments->features, FEATURES_AUTO) != 0 ? job->arguments->features : NULL;
	struct feature_network *network = feature_network_open(features, job->reference->kind, error);
	if (!network)
		return false;
	struct scorer_options options = {.reference = job->reference, .viewer = {.network = network, .parallel = job->parallel}};
	text_copy(options.split, sizeof options.split, job->arguments->split);
	if (!user_folder_cache("references", options.folder, NULL))
		options.folder[0] = '\0';
	job->scorer = scorer_create(&options);
	return true;
}

/* For a first evaluation or one more: what is compared with, and looked through, stays open. */
static bool open_job(struct evaluation_job *job, const char *run, struct error *error)
{
	if (!job->parallel)
		job->parallel = parallel_create(0, error);
	return job->parallel && (run ? open_run(job, run, error) : open_folder(job, error)) &&
	       (job->reference || open_reference(job, error)) && (job->scorer || open_scorer(job, error));
}

static void close_job(struct evaluation_job *job)
{
	scorer_destroy(job->scorer);
	inspection_destroy(job->inspection);
	shuffled_pictures_clear(&job->order);
	dataset_destroy(job->pictures);
	dataset_destroy(job->reference);
	parallel_destroy(job->parallel);
}

/* ---- the work ---- */

static bool measure(struct evaluation_job *job, struct score_report *report, struct error *error)
{
	enum { PERCENT = 100 };
	struct cli_progress bar = {0};
	char label[64] = "scoring", step[32];
	if (job->arguments->all)
		snprintf(label, sizeof label, "scoring step %s", text_count(step, sizeof step, job->start.checkpoint_step));
	bool done = false, good = scorer_begin(job->scorer, job->recipe, &job->stream, job->seed, error);
	cli_progress_begin(&bar, label, "%", 0, PERCENT);
	while (good && !done) {
		struct scorer_progress progress = scorer_progress(job->scorer);
		cli_progress_update(&bar, (int64_t)(PERCENT * progress.share), progress.reference ? "real pictures" : "pictures");
		good = interrupt_count() ? error_set(error, ERROR_CANCELLED, "stopped") : scorer_step(job->scorer, report, &done, error);
	}
	cli_progress_end(&bar);
	struct error unsaved = scorer_take_unsaved(job->scorer);
	if (unsaved.code != ERROR_NONE)
		cli_warn("the reference could not be kept: %s", unsaved.text);
	return good;
}

static bool record(const struct evaluation_job *job, struct score *row, struct error *error)
{
	char path[PATH_SIZE];
	if (!path_store(job->arguments->store, path, error))
		return false;
	struct store *store = store_open(path, STORE_WRITE, error);
	bool good = store && store_insert_score(store, job->start.parent_id, row, error);
	store_close(store);
	return good;
}

/* A folder's pictures have no row: nobody's run made them. */
static bool evaluate(struct evaluation_job *job, const char *run, struct score *row, struct error *error)
{
	struct engine_score score = {0};
	if (!open_job(job, run, error) || !measure(job, &score.report, error))
		return false;
	score.step = job->start.checkpoint_step;
	for (int id = 0; id < NETWORK_COUNT; id++)
		score.bits[id] = job->start.settings.bits[id];
	score_row_fill(row, &score);
	row->time = clock_unix();
	score_identity(row, row->identity);
	return !run || record(job, row, error);
}

static int report(const struct eval_arguments *arguments, const char *run, const struct score *row)
{
	if (arguments->json) {
		json_t *json = score_row_to_json(row);
		json_object_set_new(json, run ? "run" : "images", json_string(run ? run : arguments->images));
		return cli_print_json(json);
	}
	printf("FID  %.6g", row->fid);
	if (isfinite(row->fid_std))
		printf(" +- %.2g", row->fid_std);
	printf("%s\nKID  %.6g +- %.2g\nIS   %.6g +- %.2g\n", row->regularized ? " (regularized)" : "", row->kid, row->kid_std,
	       row->is_mean, row->is_std);
	printf("%s, %.3g s\n", row->identity, row->seconds);
	return CLI_DONE;
}

/* A signal says itself why it ended. */
static int fail(const struct error *error)
{
	return interrupt_exit_status() ? interrupt_exit_status() : cli_fail(error);
}

/* ---- every checkpoint of a run ---- */

/* Those whose files are there, oldest first; free(*steps). */
static bool list_steps(const struct evaluation_job *job, const char *name, int64_t **steps, size_t *count, struct error *error)
{
	char path[PATH_SIZE];
	struct run run = {0};
	struct checkpoint_row *rows = NULL;
	size_t rows_count = 0;
	*count = 0;
	if (!path_store(job->arguments->store, path, error))
		return false;
	struct store *store = store_open(path, STORE_READ, error);
	bool good = store && store_find_run(store, name, &run, error) && store_list_checkpoints(store, run.id, &rows, &rows_count, error);
	*steps = memory_zeroed(rows_count + 1, sizeof **steps);
	for (size_t i = 0; i < rows_count; i++)
		if (access(rows[i].path, R_OK) == 0)
			(*steps)[(*count)++] = rows[i].step;
	if (good && *count == 0)
		good = error_set(error, ERROR_INPUT, "run %s has no checkpoint to score", name);
	free(rows);
	run_clear(&run);
	store_close(store);
	return good;
}

static int report_step(const struct eval_arguments *arguments, const char *run, const struct score *row)
{
	char step[32];
	if (arguments->json)
		return report(arguments, run, row);
	printf("step %-9s  FID %.6g", text_count(step, sizeof step, row->step), row->fid);
	if (isfinite(row->fid_std))
		printf(" +- %.2g", row->fid_std);
	printf("  KID %.6g +- %.2g  IS %.6g +- %.2g\n", row->kid, row->kid_std, row->is_mean, row->is_std);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE; /* nobody reads it any more */
}

/* One after the other, each told and kept as soon as it is known. */
static int evaluate_all(struct evaluation_job *job, const char *name, struct error *error)
{
	int64_t *steps = NULL;
	size_t count;
	struct score row = {0};
	bool good = list_steps(job, name, &steps, &count, error);
	int status = CLI_DONE;
	for (size_t i = 0; good && status == CLI_DONE && i < count; i++) {
		char at[RUN_NAME_SIZE + 24];
		snprintf(at, sizeof at, "%s@%" PRId64, name, steps[i]);
		row = (struct score){0};
		good = evaluate(job, at, &row, error);
		if (good)
			status = report_step(job->arguments, name, &row);
	}
	free(steps);
	if (good && status == CLI_DONE && !job->arguments->json)
		printf("%s\n", row.identity);
	return good ? status : fail(error);
}

static bool check(struct evaluation_job *job, const struct cli_words *words, struct error *error)
{
	const struct eval_arguments *arguments = job->arguments;
	if ((words->count > 0) == (arguments->images != NULL))
		return error_set(error, ERROR_INPUT, "expected RUN or --images DIR, one of them");
	if (arguments->all && (arguments->images || strchr(words->items[0], '@')))
		return error_set(error, ERROR_INPUT, "--all-checkpoints takes a RUN without a step");
	if (arguments->images && !arguments->reference)
		return error_set(error, ERROR_INPUT, "--images needs --reference DATA, a data set to compare with");
	if (strcmp(arguments->split, "train") != 0 && strcmp(arguments->split, "test") != 0)
		return error_set(error, ERROR_INPUT, "--split %.40s: expected train or test", arguments->split);
	job->recipe = evaluation_recipe_find(arguments->recipe);
	if (job->recipe)
		return true;
	struct text known = {0};
	for (const struct evaluation_recipe *row = evaluation_recipes; row->name; row++)
		text_format(&known, "%s%s", known.length ? ", " : "", row->name);
	error_set(error, ERROR_INPUT, "--recipe %.40s: expected one of %s", arguments->recipe, known.bytes);
	text_clear(&known);
	return false;
}

static int run(int argc, char **argv)
{
	struct eval_arguments arguments = {.split = "train", .recipe = "standard", .features = FEATURES_AUTO, .size = 32};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_eval.syntax, subcommand_eval.help, argc, argv, &arguments, &words, &status))
		return status;
	struct evaluation_job job = {.arguments = &arguments};
	struct score row = {0};
	struct error error = {0};
	if (!check(&job, &words, &error))
		return cli_fail(&error);
	const char *name = words.count > 0 ? words.items[0] : NULL;
	interrupt_install();
	if (arguments.all)
		status = evaluate_all(&job, name, &error);
	else
		status = evaluate(&job, name, &row, &error) ? report(&arguments, name, &row) : fail(&error);
	close_job(&job);
	return status;
}

static const struct cli_option options[] = {
	{.name = "images", .kind = CLI_TEXT, .argument = "DIR", .offset = offsetof(struct eval_arguments, images),
	 .help = "score the PNG and JPEG pictures of this folder instead of a run's"},
	{.name = "reference", .kind = CLI_TEXT, .argument = "DATA", .offset = offsetof(struct eval_arguments, reference),
	 .help = "data set to compare with; a run's own unless given"},
	{.name = "split", .kind = CLI_TEXT, .argument = "PART", .offset = offsetof(struct eval_arguments, split), .standard = "train",
	 .help = "part of it: train or test"},
	{.name = "recipe", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(struct eval_arguments, recipe),
	 .standard = "standard", .help = "standard: 5,000 pictures; large: 50,000; live: as while it trains"},
	{.name = "features", .kind = CLI_TEXT, .argument = "NETWORK", .offset = offsetof(struct eval_arguments, features),
	 .standard = FEATURES_AUTO, .help = "what scores look through; auto: the ready-made classifier of the data set"},
	{.name = "samples", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct eval_arguments, samples),
	 .min = 0, .max = EVALUATION_MAX_SAMPLES, .standard = "0", .help = "pictures that are scored, 0: as the recipe says"},
	{.name = "size", .kind = CLI_INTEGER, .argument = "PIXELS", .offset = offsetof(struct eval_arguments, size),
	 .min = DATASET_MIN_SIZE, .max = DATASET_MAX_SIZE, .standard = "32", .help = "of a folder's pictures, to which they are resized"},
	{.name = "all-checkpoints", .kind = CLI_FLAG, .offset = offsetof(struct eval_arguments, all),
	 .help = "every checkpoint of RUN that is still there, oldest first; with --json a line each"},
	CLI_STORE(struct eval_arguments, store),
	CLI_JSON(struct eval_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_eval = {
	.name = "eval",
	.help = "Score a recorded run's generator, or a folder of pictures: FID, KID, Inception Score.",
	.syntax = {
		.positionals = "[RUN[@STEP]]", .min = 0, .max = 1, .options = options,
		.notes = "The score of a run goes into the store, beside those taken while it trained. --all-checkpoints scores the newest ones,\n"
		         "those kept and the best: what is finished when Ctrl-C ends it is in the store. Scores may be compared only when\n"
		         "network, number of pictures, splits and reference are the same: each is told with all of them.\n",
	},
	.run = run,
};
