/* qgan weights: the weights screen without a screen. Rebuilds a checkpoint's networks and tells of every layer what it is,
 * or what it would be under another quantizer; as text, JSON, figures and pictures. */
#include "app/cmd_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/figure.h"
#include "app/paths.h"
#include "app/training.h"
#include "app/view_fill.h"
#include "engine/base/memory.h"
#include "engine/data/picture_file.h"
#include "engine/quant/best_levels.h"

enum { BEST_LEVELS_BITS = 4 }; /* so far the best levels are looked for: beyond, every method comes near them */

struct weights_arguments {
	const char *store, *layer, *method, *png, *csv, *pictures;
	int64_t bits, samples, threads;
	uint64_t seed;
	bool literal, per_channel, json;
};

/* ---- the checkpoint ---- */

static bool find_checkpoint(const struct weights_arguments *arguments, const char *word, struct training_start *start,
                            char name[RUN_NAME_SIZE], struct error *error)
{
	char path[PATH_SIZE], id[32];
	struct run run = {0};
	if (!path_store(arguments->store, path, error))
		return false;
	struct store *store = store_open(path, STORE_READ, error);
	if (!store)
		return false;
	bool good = training_prepare_fork(store, word, start, error);
	snprintf(id, sizeof id, "%" PRId64, start->parent_id);
	good = good && store_find_run(store, id, &run, error);
	if (good)
		text_copy(name, RUN_NAME_SIZE, run.name);
	run_clear(&run);
	store_close(store);
	return good;
}

static struct inspection *open_checkpoint(const struct training_start *start, int threads, struct error *error)
{
	struct checkpoint *checkpoint = checkpoint_read(start->checkpoint_path, start->checkpoint_hash, error);
	if (!checkpoint)
		return NULL;
	struct inspection *inspection = inspection_create(checkpoint, threads, error);
	checkpoint_destroy(checkpoint);
	return inspection;
}

/* ---- the question ---- */

const char *weights_network_name(enum network_id network)
{
	static const char *const names[NETWORK_COUNT] = {[NETWORK_D] = "D", [NETWORK_G] = "G"};
	return names[network];
}

static bool refuse_layer(struct inspection *inspection, const char *name, struct error *error)
{
	struct text known = {0};
	struct layer_report *report = memory_zeroed(1, sizeof *report);
	for (int network = 0; network < NETWORK_COUNT; network++)
		for (int i = 0; i < inspection_layers(inspection, network); i++) {
			const struct what_if as_trained = {.network = network};
			if (inspection_describe(inspection, &as_trained, i, report, NULL))
				text_format(&known, "%s%s.%s", known.length ? ", " : "", weights_network_name(network), report->name);
		}
	error_set(error, ERROR_INPUT, "--layer %.40s: must be one of %s", name, known.bytes ? known.bytes : "none");
	text_clear(&known);
	free(report);
	return false;
}

/* "G.deconv1"; without --layer *layer is -1 and every network is meant. */
static bool find_layer(struct inspection *inspection, const char *name, enum network_id *network, int *layer, struct error *error)
{
	*layer = -1;
	*network = NETWORK_G;
	if (!name)
		return true;
	for (int id = 0; id < NETWORK_COUNT && *layer < 0; id++) {
		size_t length = strlen(weights_network_name(id));
		if (strncmp(name, weights_network_name(id), length) || name[length] != '.')
			continue;
		*network = id;
		*layer = inspection_find_layer(inspection, id, name + length + 1);
	}
	return *layer >= 0 || refuse_layer(inspection, name, error);
}

static bool check_files(const struct weights_arguments *arguments, enum network_id network, struct error *error)
{
	if (!arguments->layer && (arguments->png || arguments->csv))
		return error_set(error, ERROR_INPUT, "--%s draws one layer: say which one by --layer", arguments->png ? "png" : "csv");
	if (arguments->pictures && network != NETWORK_G)
		return error_set(error, ERROR_INPUT, "--pictures: D draws none; expected a layer of G, or no --layer for all of G");
	return true;
}

static bool check_bits(int bits, struct error *error)
{
	if (quant_bits_valid(bits))
		return true;
	return error_set(error, ERROR_INPUT, "--bits must be an integer from %d to %d, or %d for float, not %d", QUANT_MIN_BITS,
	                 QUANT_MAX_BITS, QUANT_FLOAT_BITS, bits);
}

/* What is not said is as the network was trained. */
static bool ask_network(const struct weights_arguments *arguments, const struct gan_settings *settings, enum network_id network,
                        struct what_if *what_if, struct error *error)
{
	*what_if = (struct what_if){.network = network, .layer = -1};
	if (!arguments->method && !arguments->bits && !arguments->literal && !arguments->per_channel)
		return true;
	what_if->quantizer = quantizer_find(arguments->method ? arguments->method : settings->quantizer, error);
	what_if->bits = arguments->bits ? (int)arguments->bits : settings->bits[network];
	what_if->literal = arguments->literal;
	what_if->per_channel = arguments->per_channel;
	if (!what_if->quantizer || !check_bits(what_if->bits, error))
		return false;
	if (arguments->bits || what_if->bits != QUANT_FLOAT_BITS)
		return true;
	return error_set(error, ERROR_INPUT, "--bits is missing: the weights of %s are float, so an integer from %d to %d is needed",
	                 weights_network_name(network), QUANT_MIN_BITS, QUANT_MAX_BITS);
}

/* ---- answers ---- */

static bool find_best(struct inspection *inspection, struct weights_row *row, struct error *error)
{
	double levels[1 << BEST_LEVELS_BITS];
	int used;
	size_t count;
	row->best_mse = NAN;
	if (row->layer.bits > BEST_LEVELS_BITS)
		return true;
	const float *weights = inspection_weights(inspection, row->network, row->index, &count);
	return best_levels_find(weights, count, 1 << row->layer.bits, levels, &used, &row->best_mse, NULL, error);
}

static bool add_row(struct inspection *inspection, int index, const struct what_if *what_if, struct weights_report *report,
                    struct error *error)
{
	struct layer_report *found = memory_zeroed(1, sizeof *found);
	struct weights_row *row = &report->rows[report->row_count];
	bool good = inspection_describe(inspection, what_if, index, found, error);
	if (good) {
		row->network = what_if->network;
		row->index = index;
		view_fill_layer(&row->layer, found);
		good = find_best(inspection, row, error);
		report->row_count++;
	}
	free(found);
	return good;
}

static bool answer(struct inspection *inspection, const struct weights_arguments *arguments, struct weights_report *report,
                   struct error *error)
{
	enum network_id chosen;
	int layer;
	if (!find_layer(inspection, arguments->layer, &chosen, &layer, error) || !check_files(arguments, chosen, error))
		return false;
	for (int network = 0; network < NETWORK_COUNT; network++) {
		struct what_if *what_if = &report->what_if[network];
		if (layer >= 0 && network != (int)chosen)
			continue;
		if (!ask_network(arguments, inspection_settings(inspection), network, what_if, error))
			return false;
		report->asked |= what_if->quantizer != NULL;
		what_if->layer = layer;
		for (int i = 0; i < inspection_layers(inspection, network); i++)
			if ((layer < 0 || layer == i) && !add_row(inspection, i, what_if, report, error))
				return false;
	}
	return true;
}

/* ---- files ---- */

static bool write_figures(const struct weights_report *report, struct error *error)
{
	char title[RUN_NAME_SIZE + 64], step[32];
	snprintf(title, sizeof title, "%s, step %s%s", report->run, text_count(step, sizeof step, report->step),
	         report->asked ? ", what if" : "");
	const struct weights_row *row = &report->rows[0];
	const struct figure figure = {.title = title, .network = weights_network_name(row->network), .layer = &row->layer};
	return (!report->png || figure_write_png(&figure, report->png, error)) &&
	       (!report->csv || figure_write_csv(&figure, report->csv, error));
}

static bool write_pictures(struct inspection *inspection, const struct weights_arguments *arguments,
                           const struct weights_report *report, struct error *error)
{
	if (!report->pictures)
		return true;
	struct image *picture = inspection_sample(inspection, &report->what_if[NETWORK_G], (int)arguments->samples, arguments->seed,
	                                          error);
	bool good = picture && picture_write_png(picture, report->pictures, error);
	image_destroy(picture);
	return good;
}

/* ---- row ---- */

static bool look(const struct weights_arguments *arguments, const char *word, struct weights_report *report, struct error *error)
{
	struct training_start start;
	if (!find_checkpoint(arguments, word, &start, report->run, error))
		return false;
	struct inspection *inspection = open_checkpoint(&start, (int)arguments->threads, error);
	if (!inspection)
		return false;
	report->step = inspection_step(inspection);
	report->png = arguments->png;
	report->csv = arguments->csv;
	report->pictures = arguments->pictures;
	bool good = answer(inspection, arguments, report, error) && write_figures(report, error) &&
	            write_pictures(inspection, arguments, report, error);
	inspection_destroy(inspection);
	return good;
}

static int run(int argc, char **argv)
{
	struct weights_arguments arguments = {.samples = 64};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_weights.syntax, subcommand_weights.help, argc, argv, &arguments, &words, &status))
		return status;
	struct error error = {0};
	struct weights_report *report = memory_zeroed(1, sizeof *report);
	if (!look(&arguments, words.items[0], report, &error))
		status = cli_fail(&error);
	else
		status = arguments.json ? weights_report_print_json(report) : weights_report_print(report);
	free(report);
	return status;
}

static const struct cli_option options[] = {
	{.name = "layer", .kind = CLI_TEXT, .argument = "LAYER", .offset = offsetof(struct weights_arguments, layer),
	 .help = "one layer in full, such as G.deconv1 [every layer of D and G]"},
	{.name = "method", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(struct weights_arguments, method),
	 .choices = quantizer_names, .help = "what if: this quantizer"},
	{.name = "bits", .kind = CLI_INTEGER, .argument = "K", .offset = offsetof(struct weights_arguments, bits),
	 .min = 1, .max = 32, .help = "what if: so many bits a weight, 1 to 8, or 32 for float"},
	{.name = "literal", .kind = CLI_FLAG, .offset = offsetof(struct weights_arguments, literal),
	 .help = "what if: the paper's procedure to the letter"},
	{.name = "per-channel", .kind = CLI_FLAG, .offset = offsetof(struct weights_arguments, per_channel),
	 .help = "what if: alpha and beta for each output channel (beyond the paper)"},
	{.name = "png", .kind = CLI_TEXT, .argument = "FILE.png", .offset = offsetof(struct weights_arguments, png),
	 .help = "draw the layer: histogram, levels, counts of all states"},
	{.name = "csv", .kind = CLI_TEXT, .argument = "FILE.csv", .offset = offsetof(struct weights_arguments, csv),
	 .help = "write the layer's numbers, states, histogram and errors as a table"},
	{.name = "pictures", .kind = CLI_TEXT, .argument = "FILE.png", .offset = offsetof(struct weights_arguments, pictures),
	 .help = "what G draws under the question, of --layer alone or as a whole"},
	{.name = "samples", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct weights_arguments, samples),
	 .min = 1, .max = 4096, .standard = "64", .help = "how many tiles of pictures"},
	{.name = "seed", .kind = CLI_NATURAL, .argument = "S", .offset = offsetof(struct weights_arguments, seed),
	 .standard = "0", .help = "fresh noise of this seed for the pictures; 0: the run's fixed noise"},
	{.name = "threads", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct weights_arguments, threads),
	 .min = 0, .max = 256, .standard = "0", .help = "compute threads, 0: one per usable core"},
	CLI_STORE(struct weights_arguments, store),
	CLI_JSON(struct weights_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_weights = {
	.name = "weights",
	.help = "Tell of a recorded run's weights: states, errors, sizes, as trained or under another quantizer.",
	.syntax = {.positionals = "RUN[@STEP]", .min = 1, .max = 1, .options = options},
	.run = run,
};
