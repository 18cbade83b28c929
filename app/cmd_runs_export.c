/* qgan runs export: recorded curves as files other tools read, and as charts. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/cmd_runs.h"
#include "app/figure_chart.h"
#include "app/figure_sizes.h"
#include "app/run_choice.h"
#include "app/run_export.h"
#include "app/view_fill.h"
#include "engine/base/memory.h"
#include "engine/base/replace_file.h"

struct runs_export_arguments {
	const char *store, *filter, *format, *chart, *over, *output;
	bool json;
};

/* A run and what was read of it. */
struct exported_run {
	struct run run;
	struct run_curves curves, before;
};

struct export_context {
	const struct runs_export_arguments *arguments;
	struct store *store;
	struct exported_run *runs;
	int count;
	json_t *files; /* written */
};

/* How a format is written: everything is read by then. */
struct export_format {
	const char *name;
	bool to_stdout; /* where no --output is given */
	bool (*write)(struct export_context *context, struct error *error);
};

static void add_file(struct export_context *context, const char *path)
{
	json_array_append_new(context->files, cli_json_text(path));
}

/* ---- lines ---- */

static bool write_lines(struct export_context *context, const struct text *lines, struct error *error)
{
	const char *output = context->arguments->output;
	if (output && strcmp(output, "-") != 0) {
		add_file(context, output);
		return replace_file(output, &(struct file_part){lines->bytes, lines->length}, 1, error);
	}
	if (fwrite(lines->bytes, 1, lines->length, stdout) == lines->length && fflush(stdout) == 0)
		return true;
	return error_set_errno(error, "cannot write to standard output");
}

static bool write_csv(struct export_context *context, struct error *error)
{
	struct text lines = {0};
	run_export_csv_header(&lines, &context->runs[0].curves);
	for (int i = 0; i < context->count; i++)
		run_export_csv(&lines, context->runs[i].run.name, &context->runs[i].curves);
	bool good = write_lines(context, &lines, error);
	text_clear(&lines);
	return good;
}

static bool write_jsonl(struct export_context *context, struct error *error)
{
	struct text lines = {0};
	text_append(&lines, "", 0);
	for (int i = 0; i < context->count; i++)
		run_export_jsonl(&lines, context->runs[i].run.name, &context->runs[i].curves);
	bool good = write_lines(context, &lines, error);
	text_clear(&lines);
	return good;
}

/* ---- TensorBoard ---- */

static bool make_folder(const char *path, struct error *error)
{
	struct stat status;
	if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
		return true;
	return error_set_errno(error, "cannot make the folder %s", path);
}

/* FOLDER/RUN/events.out.tfevents.TIME.HOST: a folder a run is how TensorBoard tells runs apart. The time is the run's
 * beginning, so that the same run exported again takes the place of its older file. */
static bool write_events(struct export_context *context, struct exported_run *exported, const char *folder, struct error *error)
{
	struct text file = {0}, path = {0};
	text_format(&path, "%s/%s", folder, exported->run.name);
	bool good = make_folder(path.bytes, error) &&
	            run_export_events(context->store, &exported->run, &exported->curves, &file, error);
	text_format(&path, "/events.out.tfevents.%" PRId64 ".%s", (int64_t)exported->run.created,
	            *exported->run.host ? exported->run.host : "qgan");
	good = good && replace_file(path.bytes, &(struct file_part){file.bytes, file.length}, 1, error);
	if (good)
		add_file(context, path.bytes);
	text_clear(&file);
	text_clear(&path);
	return good;
}

static bool write_tensorboard(struct export_context *context, struct error *error)
{
	const char *folder = context->arguments->output ? context->arguments->output : "tensorboard";
	bool good = make_folder(folder, error);
	for (int i = 0; good && i < context->count; i++)
		good = write_events(context, &context->runs[i], folder, error);
	return good;
}

/* ---- charts ---- */

static const char SIZES[] = "sizes";

static const char *const unit_choices[] = {[CHART_STEPS] = "steps", [CHART_EPOCHS] = "epochs", [CHART_IMAGES] = "images",
	[CHART_TIME] = "time", [CHART_UNITS] = NULL};

static enum chart_unit find_unit(const char *name)
{
	enum chart_unit unit = CHART_STEPS;
	while (unit < CHART_UNITS - 1 && strcmp(unit_choices[unit], name) != 0)
		unit++;
	return unit;
}

static bool draw_chart(struct export_context *context, const char *path, struct error *error)
{
	struct figure_chart_run runs[FIGURE_CHART_RUNS];
	struct view *view = view_create();
	for (int i = 0; i < context->count; i++)
		runs[i] = (struct figure_chart_run){context->runs[i].run.name, &context->runs[i].curves, &context->runs[i].before};
	bool good = view_load_marks(view, context->store, &context->runs[0].run, error) &&
	            (context->count > 1 || run_curves_read_before(context->store, &context->runs[0].run, &context->runs[0].before, error));
	struct figure_chart chart = {chart_kind_find(context->arguments->chart), runs, context->count, view->marks, view->mark_count,
		find_unit(context->arguments->over)};
	if (good && !figure_chart_has_values(&chart))
		good = error_set(error, ERROR_INPUT, "nothing to draw: %s%s values for the chart %s", context->count == 1 ? runs[0].name : "",
		                 context->count == 1 ? " has no" : "none of the runs has", chart.kind->name);
	good = good && figure_chart_write_png(&chart, path, error);
	view_destroy(view);
	return good;
}

/* Of as many runs as there are, without their curves. */
static bool shows_sizes(const struct runs_export_arguments *arguments)
{
	return strcmp(arguments->format, "png") == 0 && strcmp(arguments->chart, SIZES) == 0;
}

static bool draw_sizes(struct export_context *context, const char *path, struct error *error)
{
	struct figure_sizes sizes = {0};
	for (int i = 0; i < context->count; i++)
		figure_sizes_add(&sizes, &context->runs[i].run);
	bool good = sizes.count > 0 || error_set(error, ERROR_INPUT, "nothing to draw: none of the runs has both a FID and a recorded "
	                                                             "size; qgan eval RUN takes scores");
	good = good && figure_sizes_write_png(&sizes, path, error);
	figure_sizes_clear(&sizes);
	return good;
}

static bool write_png(struct export_context *context, struct error *error)
{
	struct text path = {0};
	bool sizes = shows_sizes(context->arguments);
	if (!sizes && context->count > FIGURE_CHART_RUNS)
		return error_set(error, ERROR_INPUT, "a chart has room for %d runs, not %d: leave some out", FIGURE_CHART_RUNS, context->count);
	if (context->arguments->output)
		text_format(&path, "%s", context->arguments->output);
	else
		text_format(&path, "%s%s%s.png", context->count == 1 ? context->runs[0].run.name : "", context->count == 1 ? "-" : "",
		            context->arguments->chart);
	add_file(context, path.bytes);
	bool good = (sizes ? draw_sizes : draw_chart)(context, path.bytes, error);
	text_clear(&path);
	return good;
}

/* ---- the command ---- */

static const struct export_format formats[] = {
	{"csv", true, write_csv}, {"jsonl", true, write_jsonl}, {"tensorboard", false, write_tensorboard}, {"png", false, write_png},
};
static const char *const format_choices[] = {"csv", "jsonl", "tensorboard", "png", NULL};

static const struct export_format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static bool check_arguments(const struct runs_export_arguments *arguments, const struct export_format *format, struct error *error)
{
	bool to_stdout = format->to_stdout && (!arguments->output || strcmp(arguments->output, "-") == 0);
	if (arguments->json && to_stdout)
		return error_set(error, ERROR_INPUT, "--json and %s both want standard output: give --output FILE too", format->name);
	if (!format->to_stdout && arguments->output && strcmp(arguments->output, "-") == 0)
		return error_set(error, ERROR_INPUT, "--output - is for csv and jsonl: %s needs a name", format->name);
	return true;
}

/* All runs are known before the first file is written. */
static bool read_runs(struct export_context *context, const struct cli_words *words, struct error *error)
{
	struct run_choice choice;
	bool good = run_choice_read(context->store, words, context->arguments->filter, RUN_SHELF_USUAL, &choice, error);
	context->count = good ? (int)choice.count : 0;
	context->runs = memory_zeroed(choice.count + 1, sizeof *context->runs);
	for (int i = 0; good && i < context->count; i++)
		good = run_choice_find(&choice, (size_t)i, context->store, &context->runs[i].run, error) &&
		       (shows_sizes(context->arguments) ||
		        run_curves_read(context->store, &context->runs[i].run, &context->runs[i].curves, error));
	run_choice_clear(&choice);
	return good;
}

static int report(const struct export_context *context)
{
	size_t i;
	const json_t *file;
	if (context->arguments->json) {
		json_t *runs = json_array();
		for (int run = 0; run < context->count; run++)
			json_array_append_new(runs, json_pack("{s:s, s:I}", "run", context->runs[run].run.name, "rows",
			                                      (json_int_t)context->runs[run].curves.count));
		return cli_print_json(json_pack("{s:s, s:O, s:o}", "format", context->arguments->format, "files", context->files, "runs", runs));
	}
	json_array_foreach(context->files, i, file)
		fprintf(stderr, "%s written\n", json_string_value(file));
	return CLI_DONE;
}

static bool export_runs(struct export_context *context, const struct export_format *format, const struct cli_words *words,
                        struct error *error)
{
	if (!check_arguments(context->arguments, format, error))
		return false;
	context->store = runs_open_store(context->arguments->store, STORE_READ, error);
	return context->store && read_runs(context, words, error) && format->write(context, error);
}

static int run(int argc, char **argv)
{
	struct runs_export_arguments arguments = {.format = "csv", .chart = "loss", .over = "steps"};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_runs_export.syntax, subcommand_runs_export.help, argc, argv, &arguments, &words, &status))
		return status;
	struct export_context context = {.arguments = &arguments, .files = json_array()};
	bool good = export_runs(&context, find_format(arguments.format), &words, &error);
	status = good ? report(&context) : cli_fail(&error);
	for (int i = 0; i < context.count; i++) {
		run_clear(&context.runs[i].run);
		run_curves_clear(&context.runs[i].curves);
		run_curves_clear(&context.runs[i].before);
	}
	free(context.runs);
	json_decref(context.files);
	store_close(context.store);
	return status;
}

static const char *const chart_choices[] = {"loss", "outputs", "wasserstein", "penalty", "gradients", "fid", "kid", "is", "diversity",
	"speed", SIZES, NULL};

static const struct cli_option options[] = {
	{.name = "format", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct runs_export_arguments, format),
	 .choices = format_choices, .standard = "csv", .help = "csv and jsonl: a line a step; tensorboard: event files; png: a chart"},
	{.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "PATH", .offset = offsetof(struct runs_export_arguments, output),
	 .help = "file to write, for tensorboard a folder (csv, jsonl: standard output)"},
	{.name = "chart", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct runs_export_arguments, chart),
	 .choices = chart_choices, .standard = "loss",
	 .help = "what png shows; several runs lie over one another; sizes: best FID against bytes of G"},
	{.name = "over", .kind = CLI_CHOICE, .argument = "UNIT", .offset = offsetof(struct runs_export_arguments, over),
	 .choices = unit_choices, .standard = "steps", .help = "the x axis of png; a fork goes on where its ancestors were"},
	CLI_RUN_FILTER(struct runs_export_arguments, filter),
	CLI_STORE(struct runs_export_arguments, store),
	CLI_JSON(struct runs_export_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_export = {
	.name = "export",
	.help = "Write what runs recorded as CSV, JSON lines, TensorBoard event files, or a chart as PNG.",
	.syntax = {
		.positionals = "[RUN...]", .max = -1, .options = options,
		.notes =
			"RUN is a name or an id. Every line has the step first, the time second (RFC 3339, UTC), the run third; what was not\n"
			"recorded at a step is empty (csv) or left out (jsonl). images and seconds are those of the training up to the step, of a\n"
			"fork with its ancestors'. Scores are those of one recipe, which stands beside them in\n"
			"the column scores: the run's live one. tensorboard writes FOLDER/RUN/events.out.tfevents.*: curves,\n"
			"samples, histograms of every layer's weights, settings and journal; without --output into the folder tensorboard.\n"
			"png goes to RUN-CHART.png. Files are written whole or not at all.\n",
	},
	.run = run,
};
