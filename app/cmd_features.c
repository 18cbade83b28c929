/* qgan features list | test | extract: the networks that scores look through. Training is in cmd_features_train.c. */
#include "app/cmd_features.h"

#include <math.h>
#include <stdlib.h>

#include "app/interrupt.h"
#include "app/text_table.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/file/npy.h"

enum { STANDARD_SEED = 1, STANDARD_SIZE = 32, FEATURE_SPEC_SIZE = 4200 }; /* of data sets: seed and pixels, as of a training's */
static const struct subcommand list_command, test_command, extract_command;

/* ---- shared ---- */

int features_fail(const struct error *error)
{
	int status = cli_fail(error);
	return error->code == ERROR_CANCELLED && interrupt_exit_status() ? interrupt_exit_status() : status;
}

bool features_show_progress(void *context, size_t done, size_t total)
{
	struct cli_progress *progress = context;
	progress->total = (int64_t)total;
	cli_progress_update(progress, (int64_t)done, NULL);
	return !interrupt_count();
}

struct dataset *features_open_dataset(const char *spec, const char *split, int size, size_t limit, struct error *error)
{
	struct cli_progress progress;
	const struct dataset_options options = {
		.size = size, .seed = STANDARD_SEED, .split = split, .limit = limit,
		.progress = features_show_progress, .progress_context = &progress,
	};
	cli_progress_begin(&progress, "reading", "pictures", 0, 0);
	struct dataset *dataset = dataset_open(spec, &options, error);
	cli_progress_end(&progress);
	return dataset;
}

struct feature_pictures features_of_dataset(const struct dataset *dataset)
{
	return (struct feature_pictures){dataset->pixels, dataset->count, dataset->size, dataset->channels};
}

bool features_measure_accuracy(struct feature_network *network, struct parallel *parallel, const struct dataset *dataset,
                               double *accuracy, double *seconds, struct error *error)
{
	struct cli_progress progress;
	const struct feature_run run = {.progress = features_show_progress, .context = &progress};
	const struct feature_pictures pictures = features_of_dataset(dataset);
	size_t correct = 0;
	if (!dataset->labels)
		return error_set(error, ERROR_INPUT, "data set \"%.200s\" has no labels to compare with", dataset->spec);
	if (dataset->classes != network->facts.classes)
		return error_set(error, ERROR_INPUT, "data set \"%.200s\" has %d classes; %.100s knows %d", dataset->spec,
		                 dataset->classes, network->facts.weights, network->facts.classes);
	cli_progress_begin(&progress, "testing", "pictures", 0, (int64_t)dataset->count);
	double start = clock_seconds();
	bool good = feature_network_count_correct(network, parallel, &pictures, dataset->labels, &run, &correct, error);
	*seconds = clock_seconds() - start;
	cli_progress_end(&progress);
	*accuracy = (double)correct / (double)dataset->count;
	return good;
}

/* A ready-made name or a file, given as a word, is the classifier's; "NAME:WEIGHTS" says it in full. */
static struct feature_network *open_network(const char *given, const char *data_kind, struct error *error)
{
	char spec[FEATURE_SPEC_SIZE];
	if (!given || feature_network_kind_of(given))
		return feature_network_open(given, data_kind, error);
	if (snprintf(spec, sizeof spec, "%s:%s", feature_network_kinds[0]->name, given) >= (int)sizeof spec) {
		error_set(error, ERROR_INPUT, "the weights' name \"%.40s...\" is too long", given);
		return NULL;
	}
	return feature_network_open(spec, data_kind, error);
}

/* ---- list ---- */

struct list_arguments {
	bool json;
};

static json_t *facts_to_json(const struct feature_network *network)
{
	const struct feature_facts *facts = &network->facts;
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:s, s:i, s:i, s:i, s:i, s:o, s:I, s:s}",
		"network", network->kind->name, "weights", facts->weights, "data", cli_json_text(facts->data),
		"accuracy", cli_json_real(facts->accuracy), "test_count", json_integer((json_int_t)facts->test_count),
		"multiply_adds", (json_int_t)facts->multiply_adds, "hash", facts->hash, "dimensions", facts->dimensions,
		"classes", facts->classes, "size", facts->size, "channels", facts->channels, "recipe", cli_json_text(facts->recipe),
		"bytes", (json_int_t)facts->weight_bytes, "resize", facts->resize);
}

static void add_facts(struct text_table *table, const struct feature_network *network)
{
	const struct feature_facts *facts = &network->facts;
	char amount[32];
	text_table_add(table, "%s:%s", network->kind->name, facts->weights);
	text_table_add(table, "%d", facts->dimensions);
	text_table_add(table, "%d", facts->classes);
	text_table_add(table, "%d x %d x %d", facts->size, facts->size, facts->channels);
	text_table_add(table, isfinite(facts->accuracy) ? "%.2f %%" : "-", facts->accuracy * 100);
	text_table_add(table, "%s", text_bytes_amount(amount, sizeof amount, (double)facts->weight_bytes));
	text_table_add(table, "%.12s", facts->hash);
}

/* Calls visit with every network that needs no file. */
static bool visit_ready(void (*visit)(void *context, const struct feature_network *network), void *context, struct error *error)
{
	for (int k = 0; feature_network_kinds[k]; k++) {
		const struct feature_network_kind *kind = feature_network_kinds[k];
		for (int i = 0; kind->ready && kind->ready(i); i++) {
			char spec[FEATURE_SPEC_SIZE];
			snprintf(spec, sizeof spec, "%s:%s", kind->name, kind->ready(i));
			struct feature_network *network = feature_network_open(spec, NULL, error);
			if (!network)
				return false;
			visit(context, network);
			feature_network_close(network);
		}
	}
	return true;
}

static void visit_json(void *context, const struct feature_network *network)
{
	json_array_append_new(context, facts_to_json(network));
}

static void visit_text(void *context, const struct feature_network *network) { add_facts(context, network); }

static json_t *kinds_to_json(void)
{
	json_t *kinds = json_array();
	for (int i = 0; feature_network_kinds[i]; i++) {
		const struct feature_network_kind *kind = feature_network_kinds[i];
		struct text words = {0};
		bool there = !kind->tell_weights || kind->tell_weights(&words);
		json_array_append_new(kinds, json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", kind->name, "usage", kind->usage, "help",
			kind->help, "available", there, "weights", words.bytes ? cli_json_text(words.bytes) : json_null()));
		text_clear(&words);
	}
	return kinds;
}

/* Kinds and what they do; below those whose weights come from elsewhere, where these are. */
static void print_kinds(void)
{
	for (int i = 0; feature_network_kinds[i]; i++) {
		const struct feature_network_kind *kind = feature_network_kinds[i];
		struct text words = {0};
		printf("%-22s %s\n", kind->usage, kind->help);
		if (kind->tell_weights) {
			kind->tell_weights(&words);
			printf("%-22s %s\n", "", words.bytes);
		}
		text_clear(&words);
	}
	printf("\n");
}

static int print_json_list(struct error *error)
{
	json_t *ready = json_array();
	if (!visit_ready(visit_json, ready, error)) {
		json_decref(ready);
		return cli_fail(error);
	}
	return cli_print_json(json_pack("{s:s, s:o, s:o}", "default", feature_network_kinds[0]->name, "networks", kinds_to_json(),
	                                "ready", ready));
}

static int print_list(struct error *error)
{
	static const struct text_column columns[] = {
		{"ready", false}, {"features", true}, {"classes", true}, {"pictures", true}, {"test accuracy", true}, {"size", true},
		{"SHA-256", false}, {NULL, false},
	};
	print_kinds();
	struct text_table *table = text_table_create(columns);
	bool good = visit_ready(visit_text, table, error);
	if (good)
		text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return !good ? cli_fail(error) : fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run_list(int argc, char **argv)
{
	struct list_arguments arguments = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&list_command.syntax, list_command.help, argc, argv, &arguments, &words, &status))
		return status;
	return arguments.json ? print_json_list(&error) : print_list(&error);
}

/* ---- what test and extract share: a network and pictures ---- */

struct look_arguments {
	const char *data, *split, *weights, *features, *logits;
	int64_t threads, samples, size;
	bool json;
};

struct look {
	const struct look_arguments *arguments;
	struct parallel *parallel;
	struct dataset *dataset;
	struct feature_network *network;
	double seconds;
};

static bool begin_look(struct look *look, const struct look_arguments *arguments, struct error *error)
{
	*look = (struct look){.arguments = arguments};
	if (!arguments->data)
		return error_set(error, ERROR_INPUT, "--data is missing: expected a data set as qgan data list writes it");
	look->parallel = parallel_create((int)arguments->threads, error);
	look->dataset = look->parallel ? features_open_dataset(arguments->data, arguments->split, (int)arguments->size,
	                                                       (size_t)arguments->samples, error)
	                               : NULL;
	look->network = look->dataset ? open_network(arguments->weights, look->dataset->kind, error) : NULL;
	return look->network != NULL;
}

static void end_look(struct look *look)
{
	feature_network_close(look->network);
	dataset_destroy(look->dataset);
	parallel_destroy(look->parallel);
}

static json_t *look_to_json(const struct look *look)
{
	json_t *object = facts_to_json(look->network);
	double rate = (double)look->dataset->count / look->seconds;
	json_object_del(object, "test_count");
	json_object_del(object, "accuracy");
	json_object_set_new(object, "trained_on", cli_json_text(look->network->facts.data));
	json_object_set_new(object, "data", cli_json_text(look->dataset->kind));
	json_object_set_new(object, "split", json_string(look->arguments->split));
	json_object_set_new(object, "samples", json_integer((json_int_t)look->dataset->count));
	json_object_set_new(object, "seconds", cli_json_rounded(look->seconds, 4));
	json_object_set_new(object, "images_per_s", cli_json_rounded(rate, 4));
	return object;
}

/* ---- test ---- */

static int run_test(int argc, char **argv)
{
	struct look_arguments arguments = {.split = "test", .size = STANDARD_SIZE};
	struct look look = {0};
	struct error error = {0};
	struct cli_words words;
	int status;
	double accuracy;
	if (!cli_parse(&test_command.syntax, test_command.help, argc, argv, &arguments, &words, &status))
		return status;
	arguments.weights = words.count ? words.items[0] : NULL;
	interrupt_install();
	if (!begin_look(&look, &arguments, &error) ||
	    !features_measure_accuracy(look.network, look.parallel, look.dataset, &accuracy, &look.seconds, &error))
		status = features_fail(&error);
	else if (arguments.json) {
		json_t *object = look_to_json(&look);
		json_object_set_new(object, "accuracy", cli_json_real(accuracy));
		status = cli_print_json(object);
	} else {
		printf("%s: %.2f %% of %zu pictures of %s (%s) named rightly, in %.2f s\n", look.network->facts.recipe, accuracy * 100,
		       look.dataset->count, look.dataset->spec, arguments.split, look.seconds);
		status = fflush(stdout) ? CLI_FAILED : CLI_DONE;
	}
	end_look(&look);
	return status;
}

/* ---- extract ---- */

static bool write_table(const char *path, float *values, size_t rows, size_t columns, struct error *error)
{
	const struct npy npy = {.dimensions = 2, .shape = {rows, columns}, .count = rows * columns, .values = values};
	return !path || npy_write(path, &npy, error);
}

static bool extract(struct look *look, struct error *error)
{
	struct cli_progress progress;
	const struct feature_run run = {.progress = features_show_progress, .context = &progress};
	const struct feature_pictures pictures = features_of_dataset(look->dataset);
	size_t count = pictures.count, dimensions = (size_t)look->network->facts.dimensions;
	size_t classes = (size_t)look->network->facts.classes;
	float *features = memory_try_floats(count * dimensions, "the features", error);
	float *logits = features ? memory_try_floats(count * classes, "the logits", error) : NULL;
	cli_progress_begin(&progress, "features", "pictures", 0, (int64_t)count);
	double start = clock_seconds();
	bool good = logits && feature_network_compute(look->network, look->parallel, &pictures, &run, features, logits, error);
	look->seconds = clock_seconds() - start;
	cli_progress_end(&progress);
	good = good && write_table(look->arguments->features, features, count, dimensions, error) &&
	       write_table(look->arguments->logits, logits, count, classes, error);
	free(features);
	free(logits);
	return good;
}

static int report_extract(const struct look *look)
{
	const struct look_arguments *arguments = look->arguments;
	if (arguments->json)
		return cli_print_json(look_to_json(look));
	fprintf(stderr, "%s: %zu pictures of %s (%s) in %.2f s\n", look->network->facts.recipe, look->dataset->count,
	        look->dataset->spec, arguments->split, look->seconds);
	return CLI_DONE;
}

static int run_extract(int argc, char **argv)
{
	struct look_arguments arguments = {.split = "train", .size = STANDARD_SIZE};
	struct look look = {0};
	struct error error = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&extract_command.syntax, extract_command.help, argc, argv, &arguments, &words, &status))
		return status;
	arguments.weights = words.count ? words.items[0] : NULL;
	interrupt_install();
	bool wanted = arguments.features || arguments.logits ||
	              error_set(&error, ERROR_INPUT, "nothing to write: expected --output FILE.npy, --logits FILE.npy or both");
	status = wanted && begin_look(&look, &arguments, &error) && extract(&look, &error) ? report_extract(&look)
	                                                                                  : features_fail(&error);
	end_look(&look);
	return status;
}

/* ---- rows ---- */

static const char *const splits[] = {"train", "test", NULL};

#define LOOK_OPTIONS(split_standard) \
	{.name = "data", .kind = CLI_TEXT, .argument = "SPEC", .offset = offsetof(struct look_arguments, data), \
	 .help = "the pictures: a data set as qgan data list writes it"}, \
	{.name = "split", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct look_arguments, split), \
	 .choices = splits, .standard = split_standard, .help = "which part of the set, where it has parts"}, \
	{.name = "samples", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct look_arguments, samples), .min = 0, \
	 .max = 1e9, .standard = "0", .help = "only the first N pictures, 0: all"}, \
	{.name = "size", .kind = CLI_INTEGER, .argument = "PIXELS", .offset = offsetof(struct look_arguments, size), \
	 .min = DATASET_MIN_SIZE, .max = DATASET_MAX_SIZE, .standard = "32", \
	 .help = "of the data set's pictures, before the network resizes them to its own"}, \
	{.name = "threads", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct look_arguments, threads), .min = 0, \
	 .max = PARALLEL_MAX_THREADS, .standard = "0", .help = "threads, 0: one a usable core"}, \
	CLI_JSON(struct look_arguments, json)

static const struct cli_option list_options[] = {
	CLI_JSON(struct list_arguments, json),
	{.name = NULL},
};

static const struct cli_option test_options[] = {
	LOOK_OPTIONS("test"),
	{.name = NULL},
};

static const struct cli_option extract_options[] = {
	{.name = "output", .kind = CLI_TEXT, .argument = "A.npy", .offset = offsetof(struct look_arguments, features),
	 .help = "write the features, a row a picture"},
	{.name = "logits", .kind = CLI_TEXT, .argument = "L.npy", .offset = offsetof(struct look_arguments, logits),
	 .help = "write the logits, a row a picture"},
	LOOK_OPTIONS("train"),
	{.name = NULL},
};

static const char weights_note[] =
	"NETWORK is inception-v3, or weights of the classifier: some that qgan features list names as ready, such as cifar10, or\n"
	"a file that qgan features train wrote. Without it the data set chooses.\n";

static const struct subcommand list_command = {
	.name = "list",
	.help = "Say which feature networks there are, and what weights are part of the program.",
	.syntax = {.options = list_options},
	.run = run_list,
};

static const struct subcommand test_command = {
	.name = "test",
	.help = "Measure the accuracy of a feature network on labelled pictures of its classes.",
	.syntax = {.positionals = "[NETWORK]", .max = 1, .options = test_options, .notes = weights_note},
	.run = run_test,
};

static const struct subcommand extract_command = {
	.name = "extract",
	.help = "Write features and logits of a data set's pictures as npy files, for qgan metrics.",
	.syntax = {.positionals = "[NETWORK]", .max = 1, .options = extract_options, .notes = weights_note},
	.run = run_extract,
};

static const struct subcommand *const children[] = {
	&list_command, &features_train_command, &test_command, &extract_command, NULL,
};

const struct subcommand subcommand_features = {
	.name = "features",
	.help = "Networks that scores look through: list, train, test, or extract their features.",
	.children = children,
};
