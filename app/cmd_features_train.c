/* qgan features train: a classifier for a labelled data set, tested on pictures it has not seen. */
#include "app/cmd_features.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "app/interrupt.h"
#include "engine/base/clock.h"
#include "engine/metric/classifier.h"
#include "engine/metric/classifier_training.h"

enum { OUTPUT_SIZE = 4096, NOTE_SIZE = 64 };

struct train_arguments {
	const char *data, *output, *flip;
	int64_t epochs, batch, shift; /* 0 (shift: -1): the data set's own */
	double learning_rate;         /* likewise 0 */
	int64_t samples, threads;
	uint64_t seed;
	bool json;
};

/* Sums over the epoch at work. */
struct epoch {
	int64_t steps, pictures, correct;
	double loss;
};

struct train {
	const struct train_arguments *arguments;
	struct classifier_options options;
	char output[OUTPUT_SIZE];
	struct parallel *parallel;
	struct dataset *dataset;
	struct classifier_training *training;
	struct epoch last;         /* the last one that ended */
	double seconds, accuracy;  /* NaN: no pictures to test with */
	size_t test_count;
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
};

/* ---- training ---- */

static void choose_options(struct train *train)
{
	const struct train_arguments *a = train->arguments;
	struct classifier_options *options = &train->options;
	*options = classifier_options_for(train->dataset->kind);
	options->seed = a->seed;
	options->epochs = a->epochs ? (int)a->epochs : options->epochs;
	options->batch = a->batch ? (int)a->batch : options->batch;
	options->shift = a->shift >= 0 ? (int)a->shift : options->shift;
	options->learning_rate = a->learning_rate > 0 ? a->learning_rate : options->learning_rate;
	options->flip = a->flip ? !strcmp(a->flip, "yes") : options->flip;
	if (a->output)
		text_copy(train->output, sizeof train->output, a->output);
	else
		snprintf(train->output, sizeof train->output, "classifier-%s.safetensors", train->dataset->kind);
}

static void report_epoch(struct train *train, const struct epoch *epoch, int64_t number, struct cli_progress *progress)
{
	train->last = *epoch;
	if (train->arguments->json)
		return;
	cli_progress_end(progress);
	printf("epoch %" PRId64 " of %d: loss %.4f, %.2f %% right\n", number, train->options.epochs,
	       epoch->loss / (double)epoch->steps, 100 * (double)epoch->correct / (double)epoch->pictures);
	fflush(stdout);
}

static bool run_steps(struct train *train, struct cli_progress *progress, struct error *error)
{
	int64_t steps = classifier_training_steps(train->training), an_epoch = steps / train->options.epochs;
	struct epoch epoch = {0};
	for (int64_t step = 1; step <= steps; step++) {
		struct classifier_step result;
		char note[NOTE_SIZE];
		if (interrupt_count())
			return error_set(error, ERROR_CANCELLED, "the training was stopped; nothing is written");
		if (!classifier_training_step(train->training, &result, error))
			return false;
		epoch.steps++;
		epoch.loss += result.loss;
		epoch.pictures += result.pictures;
		epoch.correct += result.correct;
		snprintf(note, sizeof note, "loss %.3f", epoch.loss / (double)epoch.steps);
		cli_progress_update(progress, step, note);
		if (step % an_epoch == 0) {
			report_epoch(train, &epoch, step / an_epoch, progress);
			epoch = (struct epoch){0};
		}
	}
	return true;
}

static bool run_training(struct train *train, struct error *error)
{
	struct cli_progress progress;
	train->training = classifier_training_create(train->dataset, &train->options, train->parallel, error);
	if (!train->training)
		return false;
	cli_progress_begin(&progress, "training", "steps", 0, classifier_training_steps(train->training));
	double start = clock_seconds();
	bool good = run_steps(train, &progress, error);
	train->seconds = clock_seconds() - start;
	cli_progress_end(&progress);
	return good;
}

/* ---- testing and writing ---- */

/* Some data sets have one part only and give it for both: then nothing is known of pictures that were not trained on. */
static bool is_held_out(const struct dataset *dataset, const struct dataset *test)
{
	size_t shared = test->count < dataset->count ? test->count : dataset->count;
	size_t bytes = shared * (size_t)dataset->size * (size_t)dataset->size * (size_t)dataset->channels;
	return memcmp(test->pixels, dataset->pixels, bytes) != 0;
}

/* What is tested is the file as it was written. */
static bool test(struct train *train, const struct dataset *pictures, struct error *error)
{
	char spec[OUTPUT_SIZE + 16];
	double seconds;
	snprintf(spec, sizeof spec, "classifier:%s", train->output);
	struct feature_network *network = feature_network_open(spec, NULL, error);
	bool good = network && features_measure_accuracy(network, train->parallel, pictures, &train->accuracy, &seconds, error);
	feature_network_close(network);
	return good;
}

static bool test_and_write(struct train *train, struct checkpoint *checkpoint, struct error *error)
{
	if (!checkpoint_write(checkpoint, train->output, train->hash, &train->bytes, error))
		return false;
	struct dataset *pictures = features_open_dataset(train->arguments->data, "test", CLASSIFIER_SIZE,
	                                                 (size_t)train->arguments->samples, error);
	bool good = pictures != NULL, held_out = good && is_held_out(train->dataset, pictures);
	if (held_out && (good = test(train, pictures, error))) {
		train->test_count = pictures->count;
		checkpoint_set_number(checkpoint, "accuracy", train->accuracy);
		checkpoint_set_integer(checkpoint, "test_count", pictures->count);
		good = checkpoint_write(checkpoint, train->output, train->hash, &train->bytes, error);
	}
	dataset_destroy(pictures);
	return good;
}

static bool finish(struct train *train, struct error *error)
{
	struct checkpoint *checkpoint = classifier_training_store(train->training, error);
	bool good = checkpoint && test_and_write(train, checkpoint, error);
	checkpoint_destroy(checkpoint);
	return good;
}

/* ---- output ---- */

static int print_result(const struct train *train)
{
	const struct classifier_options *o = &train->options;
	double pictures = (double)classifier_training_steps(train->training) * o->batch;
	char amount[32], duration[32];
	if (train->arguments->json)
		return cli_print_json(json_pack(
			"{s:o, s:o, s:i, s:i, s:o, s:i, s:b, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:i, s:i, s:s}",
			"output", cli_json_text(train->output), "data", cli_json_text(train->dataset->kind), "epochs", o->epochs,
			"batch", o->batch, "learning_rate", cli_json_real(o->learning_rate), "shift", o->shift, "flip", o->flip,
			"seed", (json_int_t)o->seed, "train_count", (json_int_t)train->dataset->count,
			"train_loss", cli_json_rounded(train->last.loss / (double)train->last.steps, 6),
			"train_accuracy", cli_json_rounded((double)train->last.correct / (double)train->last.pictures, 6),
			"accuracy", cli_json_real(train->accuracy), "test_count", (json_int_t)train->test_count,
			"seconds", cli_json_rounded(train->seconds, 4), "images_per_s", cli_json_rounded(pictures / train->seconds, 4),
			"bytes", (json_int_t)train->bytes, "dimensions", CLASSIFIER_FEATURES, "classes", train->dataset->classes,
			"data_hash", train->hash));
	printf("trained for %s, %.0f pictures a second\n", text_duration(duration, sizeof duration, train->seconds),
	       pictures / train->seconds);
	if (isfinite(train->accuracy))
		printf("test accuracy %.2f %% of %zu pictures\n", train->accuracy * 100, train->test_count);
	else
		printf("no test accuracy: this data set has no pictures beside those it trained on\n");
	printf("%s, %s\n", train->output, text_bytes_amount(amount, sizeof amount, (double)train->bytes));
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static bool begin(struct train *train, struct error *error)
{
	const struct train_arguments *a = train->arguments;
	if (!a->data)
		return error_set(error, ERROR_INPUT, "--data is missing: expected a data set as qgan data list writes it");
	if (a->output && strlen(a->output) >= sizeof train->output)
		return error_set(error, ERROR_INPUT, "--output \"%.40s...\" is too long: expected less than %d bytes", a->output,
		                 OUTPUT_SIZE);
	train->parallel = parallel_create((int)a->threads, error);
	train->dataset = train->parallel ? features_open_dataset(a->data, "train", CLASSIFIER_SIZE, (size_t)a->samples, error) : NULL;
	if (!train->dataset)
		return false;
	choose_options(train);
	return true;
}

static int run(int argc, char **argv)
{
	struct train_arguments arguments = {.shift = -1, .seed = 1};
	struct train train = {.arguments = &arguments, .accuracy = NAN};
	struct error error = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&features_train_command.syntax, features_train_command.help, argc, argv, &arguments, &words, &status))
		return status;
	interrupt_install();
	if (begin(&train, &error) && run_training(&train, &error) && finish(&train, &error))
		status = print_result(&train);
	else
		status = features_fail(&error);
	classifier_training_destroy(train.training);
	dataset_destroy(train.dataset);
	parallel_destroy(train.parallel);
	return status;
}

/* ---- row ---- */

static const char *const yes_no[] = {"yes", "no", NULL};

static const struct cli_option options[] = {
	{.name = "data", .kind = CLI_TEXT, .argument = "SPEC", .offset = offsetof(struct train_arguments, data),
	 .help = "labelled pictures: a data set as qgan data list writes it"},
	{.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "FILE", .offset = offsetof(struct train_arguments, output),
	 .standard = "classifier-KIND.safetensors", .help = "where to write the weights"},
	{.name = "epochs", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct train_arguments, epochs), .min = 1,
	 .max = 10000, .standard = "the data set's own", .help = "times through the training pictures"},
	{.name = "batch", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct train_arguments, batch), .min = 2,
	 .max = 4096, .standard = "64", .help = "pictures a step"},
	{.name = "learning-rate", .kind = CLI_REAL, .argument = "X", .offset = offsetof(struct train_arguments, learning_rate),
	 .min = 1e-7, .max = 1, .standard = "0.003", .help = "the highest, a fifth into the training"},
	{.name = "shift", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct train_arguments, shift), .min = 0,
	 .max = CLASSIFIER_SIZE - 1, .standard = "the data set's own", .help = "move pictures at random by up to N pixels"},
	{.name = "flip", .kind = CLI_CHOICE, .argument = "WORD", .offset = offsetof(struct train_arguments, flip), .choices = yes_no,
	 .standard = "the data set's own", .help = "mirror every second picture"},
	{.name = "seed", .kind = CLI_NATURAL, .argument = "N", .offset = offsetof(struct train_arguments, seed), .standard = "1",
	 .help = "of weights, order and moves"},
	{.name = "samples", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct train_arguments, samples), .min = 0,
	 .max = 1e9, .standard = "0", .help = "train on the first N pictures and test on as many, 0: all"},
	{.name = "threads", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct train_arguments, threads), .min = 0,
	 .max = PARALLEL_MAX_THREADS, .standard = "0", .help = "threads, 0: one a usable core"},
	CLI_JSON(struct train_arguments, json),
	{.name = NULL},
};

const struct subcommand features_train_command = {
	.name = "train",
	.help = "Train the classifier that scores look through, and test it on the data set's test pictures.",
	.syntax = {
		.options = options,
		.notes = "The weights go to qgan features test, extract and to scores as classifier:FILE. What comes out depends on the\n"
		         "pictures, the options and the processor's instruction set, not on the number of threads. Ctrl-C or SIGTERM\n"
		         "ends without writing (status 130, 143).\n",
	},
	.run = run,
};
