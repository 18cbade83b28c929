/* qgan export: a recorded network as the small file it is when its codes are packed; read back and compared with what
 * training used before it counts as written. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/paths.h"
#include "app/text_table.h"
#include "app/training.h"
#include "engine/gan/inspection.h"
#include "engine/gan/packed_model.h"

struct export_arguments {
	const char *store, *output, *format, *network;
	bool json;
};

/* What is exported. */
struct exported {
	char run[RUN_NAME_SIZE];
	struct training_start start;
	struct packed_model *model; /* owned: as read back from the file */
	uint64_t file_bytes;
};

static const char *const network_choices[] = {"D", "G", "both", NULL};
static const char *const format_choices[] = {"qgan", NULL};

static bool wants(const struct export_arguments *arguments, enum network_id id)
{
	return strcmp(arguments->network, "both") == 0 || strcmp(arguments->network, id == NETWORK_D ? "D" : "G") == 0;
}

static bool find_run(const struct export_arguments *arguments, const char *run_at_step, struct exported *exported,
                     struct error *error)
{
	char path[PATH_SIZE], name[STORE_TEXT_SIZE];
	struct run run = {0};
	if (!path_store(arguments->store, path, error))
		return false;
	struct store *store = store_open(path, STORE_READ, error);
	if (!store)
		return false;
	text_copy(name, sizeof name, run_at_step);
	name[strcspn(name, "@")] = '\0';
	bool good = training_prepare_fork(store, run_at_step, &exported->start, error) && store_find_run(store, name, &run, error);
	text_copy(exported->run, sizeof exported->run, run.name);
	run_clear(&run);
	store_close(store);
	return good;
}

/* ---- writing ---- */

/* A file that does not give what training used must not stay. */
static bool read_back(const char *path, const struct packed_source *source, struct exported *exported, struct error *error)
{
	exported->model = packed_model_read(path, error);
	if (exported->model && packed_model_check(exported->model, source, error))
		return true;
	unlink(path);
	return error_prefix(error, "%s is not what training used and has been deleted", path);
}

static bool write_model(const struct export_arguments *arguments, const struct packed_source *source, struct exported *exported,
                        struct error *error)
{
	char hash[CHECKPOINT_HASH_SIZE];
	struct checkpoint *file = packed_model_make(source, error);
	bool written = file && checkpoint_write(file, arguments->output, hash, &exported->file_bytes, error);
	checkpoint_destroy(file);
	return written && read_back(arguments->output, source, exported, error);
}

static bool export_run(const struct export_arguments *arguments, struct exported *exported, struct error *error)
{
	const struct training_start *start = &exported->start;
	struct checkpoint *checkpoint = checkpoint_read(start->checkpoint_path, start->checkpoint_hash, error);
	struct inspection *inspection = checkpoint ? inspection_create(checkpoint, 0, error) : NULL;
	bool good = inspection != NULL;
	checkpoint_destroy(checkpoint);
	struct packed_source source = {.step = start->checkpoint_step};
	if (good)
		source.settings = inspection_settings(inspection);
	for (int id = 0; good && id < NETWORK_COUNT; id++)
		if (wants(arguments, id)) {
			source.networks[id] = inspection_as_trained(inspection, id, error);
			good = source.networks[id] != NULL;
		}
	good = good && write_model(arguments, &source, exported, error);
	inspection_destroy(inspection);
	return good;
}

/* ---- what the file holds ---- */

/* One layer's weights, or the sum over a network's; all of it counted in the file that was read back. */
struct weighed {
	char layer[CHECKPOINT_NAME_SIZE], shape[64];
	const char *method;
	int bits;
	size_t scales;
	double weights, bytes;
};

static double float_bytes(const struct weighed *weighed) { return weighed->weights * (double)sizeof(float); }

static void name_layer(struct weighed *weighed, const char *tensor, int dimensions, const size_t shape[])
{
	struct text text = {0};
	text_copy(weighed->layer, sizeof weighed->layer, tensor + 2); /* without "G." */
	weighed->layer[strcspn(weighed->layer, ".")] = '\0';
	for (int i = 0; i < dimensions; i++)
		text_format(&text, "%s%zu", i ? "x" : "", shape[i]);
	text_copy(weighed->shape, sizeof weighed->shape, text.bytes ? text.bytes : "");
	text_clear(&text);
}

static struct weighed weigh_packed(const struct packed_tensor *tensor)
{
	struct weighed weighed = {
		.method = tensor->codes.quantizer->name, .bits = tensor->codes.bits, .scales = tensor->codes.layout.groups,
		.weights = (double)quant_layout_count(tensor->codes.layout), .bytes = (double)packed_codes_size(&tensor->codes),
	};
	name_layer(&weighed, tensor->name, tensor->dimensions, tensor->shape);
	return weighed;
}

static struct weighed weigh_float(const struct checkpoint_tensor *tensor)
{
	struct weighed weighed = {.method = "float", .bits = QUANT_FLOAT_BITS, .weights = (double)tensor->count};
	weighed.bytes = float_bytes(&weighed);
	name_layer(&weighed, tensor->name, tensor->dimensions, tensor->shape);
	return weighed;
}

static bool is_of(const char *tensor, enum network_id id)
{
	return tensor[0] == (id == NETWORK_D ? 'D' : 'G');
}

enum { MOST_LAYERS = 2 * TRAINER_MAX_LAYERS };

/* The file has codes behind floats; layers are numbered as they stand in the network. */
static int by_number(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;
	size_t long_x = strlen(x->layer), long_y = strlen(y->layer);
	return long_x != long_y ? (long_x > long_y) - (long_x < long_y) : strcmp(x->layer, y->layer);
}

/* The layers of one network. rest: values that are no weights. */
static int weigh_layers(const struct packed_model *model, enum network_id id, struct weighed layers[MOST_LAYERS], double *rest)
{
	int count = 0;
	for (int i = 0; i < model->count && count < MOST_LAYERS; i++)
		if (model->tensors[i].network == id)
			layers[count++] = weigh_packed(&model->tensors[i]);
	*rest = 0;
	for (int i = 0; i < checkpoint_tensor_count(model->file); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(model->file, i);
		if (tensor->type != CHECKPOINT_F32 || !is_of(tensor->name, id))
			continue;
		if (tensor->dimensions > 1 && count < MOST_LAYERS)
			layers[count++] = weigh_float(tensor);
		else
			*rest += (double)tensor->count;
	}
	qsort(layers, (size_t)count, sizeof *layers, by_number);
	return count;
}

static struct weighed sum_layers(const struct weighed layers[], int count)
{
	struct weighed sum = {.layer = "all"};
	for (int i = 0; i < count; i++) {
		sum.weights += layers[i].weights;
		sum.bytes += layers[i].bytes;
		sum.scales += layers[i].scales;
	}
	return sum;
}

/* ---- JSON ---- */

static void add_size(json_t *json, const struct weighed *weighed)
{
	json_object_set_new(json, "weights", json_integer((json_int_t)weighed->weights));
	json_object_set_new(json, "packed_bytes", json_integer((json_int_t)weighed->bytes));
	json_object_set_new(json, "float32_bytes", json_integer((json_int_t)float_bytes(weighed)));
	json_object_set_new(json, "bits_per_weight", cli_json_rounded(8 * weighed->bytes / weighed->weights, 6));
	json_object_set_new(json, "ratio", cli_json_rounded(float_bytes(weighed) / weighed->bytes, 6));
}

static json_t *network_to_json(const struct packed_model *model, enum network_id id)
{
	struct weighed layers[MOST_LAYERS];
	double rest;
	int count = weigh_layers(model, id, layers, &rest);
	json_t *list = json_array();
	for (int i = 0; i < count; i++) {
		json_t *layer = json_pack("{s:s, s:s, s:s, s:i, s:I}", "layer", layers[i].layer, "shape", layers[i].shape, "method",
		                          layers[i].method, "bits", layers[i].bits, "scales", (json_int_t)layers[i].scales);
		add_size(layer, &layers[i]);
		json_array_append_new(list, layer);
	}
	json_t *network = json_pack("{s:s, s:o, s:I}", "network", id == NETWORK_D ? "D" : "G", "layers", list, "other_values",
	                            (json_int_t)rest);
	struct weighed sum = sum_layers(layers, count);
	add_size(network, &sum);
	return network;
}

static int print_json(const struct export_arguments *arguments, const struct exported *exported)
{
	json_t *networks = json_array();
	for (int id = 0; id < NETWORK_COUNT; id++)
		if (exported->model->holds[id])
			json_array_append_new(networks, network_to_json(exported->model, id));
	return cli_print_json(json_pack("{s:o, s:s, s:s, s:I, s:I, s:b, s:o}", "output", cli_json_text(arguments->output), "format",
		arguments->format, "run", exported->run, "step", (json_int_t)exported->start.checkpoint_step, "file_bytes",
		(json_int_t)exported->file_bytes, "verified", true, "networks", networks));
}

/* ---- for people ---- */

static void add_cells(struct text_table *table, const struct weighed *weighed)
{
	char weights[32], bytes[32];
	text_table_add(table, "%s", text_count(weights, sizeof weights, (int64_t)weighed->weights));
	text_table_add(table, "%s", text_bytes_amount(bytes, sizeof bytes, weighed->bytes));
	text_table_add(table, "%.2f", 8 * weighed->bytes / weighed->weights);
	text_table_add(table, "%.1f", float_bytes(weighed) / weighed->bytes);
}

static void print_network(const struct packed_model *model, enum network_id id)
{
	static const struct text_column columns[] = {
		{.title = ""}, {.title = "layer"}, {.title = "shape"}, {.title = "method"}, {.title = "bits", .right = true},
		{.title = "scales", .right = true}, {.title = "weights", .right = true}, {.title = "size", .right = true},
		{.title = "bits/weight", .right = true}, {.title = "times smaller", .right = true}, {.title = NULL},
	};
	struct weighed layers[MOST_LAYERS];
	double rest;
	int count = weigh_layers(model, id, layers, &rest);
	struct text_table *table = text_table_create(columns);
	for (int i = 0; i <= count; i++) {
		struct weighed row = i < count ? layers[i] : sum_layers(layers, count);
		text_table_add(table, "%s", id == NETWORK_D ? "D" : "G");
		text_table_add(table, "%s", row.layer);
		text_table_add(table, "%s", row.shape);
		text_table_add(table, "%s", row.method ? row.method : "");
		if (row.bits)
			text_table_add(table, "%d", row.bits);
		else
			text_table_add(table, "%s", "");
		text_table_add(table, "%zu", row.scales);
		add_cells(table, &row);
	}
	text_table_print(table, stderr, 2);
	text_table_destroy(table);
	fprintf(stderr, "  %c also holds %.0f values of batch norm in float32\n", id == NETWORK_D ? 'D' : 'G', rest);
}

static int print_text(const struct export_arguments *arguments, const struct exported *exported)
{
	char step[32], bytes[32];
	for (int id = 0; id < NETWORK_COUNT; id++)
		if (exported->model->holds[id])
			print_network(exported->model, id);
	fprintf(stderr, "%s: %s at step %s, %s, verified: read back, every value is bit for bit what training used\n", arguments->output,
	        exported->run, text_count(step, sizeof step, exported->start.checkpoint_step),
	        text_bytes_amount(bytes, sizeof bytes, (double)exported->file_bytes));
	return CLI_DONE;
}

/* A name that says another format would be a file that its reader refuses. */
static bool check_suffix(const struct export_arguments *arguments, struct error *error)
{
	static const char *const others[] = {".onnx", ".pt", ".pth", ".pb", ".tflite", ".gguf", ".h5", ".c", ".h", ".npy", ".npz", NULL};
	const char *suffix = strrchr(arguments->output, '.');
	for (int i = 0; suffix && others[i]; i++)
		if (strcmp(suffix, others[i]) == 0)
			return error_set(error, ERROR_INPUT, "--output %s: %s is another format; export writes packed codes in a safetensors file, "
			                 "so name it .qgan or .safetensors", arguments->output, suffix);
	return true;
}

static int run(int argc, char **argv)
{
	struct export_arguments arguments = {.output = "model.qgan", .format = "qgan", .network = "G"};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_export.syntax, subcommand_export.help, argc, argv, &arguments, &words, &status))
		return status;
	struct error error = {0};
	struct exported exported = {0};
	bool good = check_suffix(&arguments, &error) && find_run(&arguments, words.items[0], &exported, &error) && export_run(&arguments, &exported, &error);
	status = !good ? cli_fail(&error) : arguments.json ? print_json(&arguments, &exported) : print_text(&arguments, &exported);
	packed_model_destroy(exported.model);
	return status;
}

static const struct cli_option options[] = {
	{.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "FILE", .offset = offsetof(struct export_arguments, output),
	 .standard = "model.qgan", .help = "the file to write: whole or not at all"},
	{.name = "network", .kind = CLI_CHOICE, .argument = "NETWORK", .offset = offsetof(struct export_arguments, network),
	 .choices = network_choices, .standard = "G", .help = "what to write: the generator, the discriminator or both"},
	{.name = "format", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct export_arguments, format),
	 .choices = format_choices, .standard = "qgan", .help = "how: qgan is packed codes in a safetensors file"},
	CLI_STORE(struct export_arguments, store),
	CLI_JSON(struct export_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_export = {
	.name = "export",
	.help = "Write a recorded network as packed k-bit codes, read it back and compare it with what training used.",
	.syntax = {
		.positionals = "RUN[@STEP]", .min = 1, .max = 1, .options = options,
		.notes =
			"The file is a safetensors file. A layer's weights are NAME.codes (U8: k bits a weight without gaps, in the order of\n"
			"PyTorch's tensor, code i in bits i k .. i k + k - 1, the least significant bit of a byte first) and NAME.scales (F64:\n"
			"alpha and beta, one pair or one for each output channel); state z stands for alpha z + beta under em and minmax, in\n"
			"double, rounded to float32. Method, bits and shape are in the metadata. Layers that stay float, batch norm and its\n"
			"running statistics are F32.\n",
	},
	.run = run,
};
