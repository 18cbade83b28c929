/* qgan report: one run, or several side by side, as a Markdown file with its pictures in a folder of its own. */
#include "app/cmd_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/figure_sizes.h"
#include "app/paths.h"
#include "app/run_choice.h"
#include "app/view_fill.h"
#include "engine/base/memory.h"
#include "engine/base/replace_file.h"

struct report_arguments {
	const char *store, *filter, *output;
	bool json;
};

/* What is written, so that a failure can take it away again. */
struct report_folder {
	char path[PATH_SIZE];
	bool made;     /* by this command: it goes when the report fails */
	json_t *files; /* their names */
};

/* ---- reading ---- */

static void take_score(void *context, const struct score *score)
{
	struct reported_run *reported = context;
	reported->scores = memory_resized(reported->scores, reported->score_count + 1, sizeof *reported->scores);
	reported->scores[reported->score_count++] = *score;
}

static void name_parent(struct store *store, struct reported_run *reported)
{
	char id[24];
	struct run parent = {0};
	snprintf(id, sizeof id, "%" PRId64, reported->report.run.parent_id);
	if (reported->report.run.parent_id > 0 && store_find_run(store, id, &parent, NULL))
		text_copy(reported->parent, sizeof reported->parent, parent.name);
	run_clear(&parent);
}

static bool read_run(struct store *store, const char *name, struct reported_run *reported, struct error *error)
{
	struct error unreadable;
	if (!run_report_read(store, name, &reported->report, error) ||
	    !run_curves_read(store, &reported->report.run, &reported->curves, error) ||
	    !store_visit_scores(store, reported->report.run.id, NULL, take_score, reported, error))
		return false;
	reported->has_settings = settings_from_text(reported->report.run.config_json, &reported->settings, &unreadable);
	name_parent(store, reported);
	return true;
}

/* ---- files ---- */

static bool open_folder(struct report_folder *folder, const char *path, struct error *error)
{
	struct stat status;
	if (!text_copy(folder->path, sizeof folder->path, path))
		return error_set(error, ERROR_INPUT, "the name of the folder is too long");
	folder->made = mkdir(path, 0777) == 0;
	if (folder->made || (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
		return true;
	return error_set_errno(error, "cannot make the folder %s", path);
}

static void name_file(const struct report_folder *folder, const char *name, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%.3900s/%.180s", folder->path, name);
}

static bool write_file(struct report_folder *folder, const char *name, const void *bytes, size_t size, struct error *error)
{
	char path[PATH_SIZE];
	name_file(folder, name, path);
	if (!replace_file(path, &(struct file_part){bytes, size}, 1, error))
		return false;
	json_array_append_new(folder->files, json_string(name));
	return true;
}

/* A report that failed leaves nothing in a folder that was made for it. */
static void take_away(const struct report_folder *folder)
{
	size_t i;
	const json_t *name;
	char path[PATH_SIZE];
	if (!folder->made)
		return;
	json_array_foreach(folder->files, i, name) {
		name_file(folder, json_string_value(name), path);
		unlink(path);
	}
	rmdir(folder->path);
}

/* ---- pictures ---- */

static bool draw_charts(struct store *store, struct reported *reported, struct report_folder *folder, struct error *error)
{
	struct figure_chart_run runs[FIGURE_CHART_RUNS];
	struct view *view = view_create();
	for (int i = 0; i < reported->count; i++)
		runs[i] = (struct figure_chart_run){reported->runs[i].report.run.name, &reported->runs[i].curves, &reported->runs[i].before};
	bool good = view_load_marks(view, store, &reported->runs[0].report.run, error) &&
	            (reported->count > 1 || run_curves_read_before(store, &reported->runs[0].report.run, &reported->runs[0].before, error));
	for (const struct chart_kind *kind = chart_kinds; good && kind->name; kind++) {
		struct figure_chart chart = {kind, runs, reported->count, view->marks, view->mark_count};
		char path[PATH_SIZE];
		if (!figure_chart_has_values(&chart) || reported->chart_count == REPORT_CHARTS)
			continue;
		struct reported_chart *drawn = &reported->charts[reported->chart_count++];
		drawn->kind = kind;
		snprintf(drawn->file, sizeof drawn->file, "%s.png", kind->name);
		name_file(folder, drawn->file, path);
		good = figure_chart_write_png(&chart, path, error);
		if (good)
			json_array_append_new(folder->files, json_string(drawn->file));
	}
	view_destroy(view);
	return good;
}

/* Of several runs, where any has both. */
static bool draw_sizes(struct reported *reported, struct report_folder *folder, struct error *error)
{
	static const char file[] = "sizes.png";
	struct figure_sizes sizes = {0};
	char path[PATH_SIZE];
	for (int i = 0; i < reported->count; i++)
		figure_sizes_add(&sizes, &reported->runs[i].report.run);
	reported->has_sizes = reported->count > 1 && sizes.count > 0;
	name_file(folder, file, path);
	bool good = !reported->has_sizes || figure_sizes_write_png(&sizes, path, error);
	if (good && reported->has_sizes)
		json_array_append_new(folder->files, json_string(file));
	figure_sizes_clear(&sizes);
	return good;
}

static bool write_sample(struct store *store, struct reported_run *run, int64_t step, struct report_folder *folder,
                         struct error *error)
{
	struct sample sample = {0};
	bool found;
	if (!store_find_sample(store, run->report.run.id, step, &sample, &found, error))
		return false;
	struct reported_sample *kept = &run->samples[run->sample_count++];
	*kept = (struct reported_sample){.step = sample.step, .tiles = sample.tiles, .g_bits = sample.g_bits};
	snprintf(kept->file, sizeof kept->file, "samples-%s-step%" PRId64 ".png", run->report.run.name, sample.step);
	bool good = write_file(folder, kept->file, sample.png, sample.png_size, error);
	sample_clear(&sample);
	return good;
}

/* The last one, and before it others at even distances. Several runs: the last one of each. */
static bool write_samples(struct store *store, struct reported_run *run, int most, struct report_folder *folder,
                          struct error *error)
{
	int64_t *steps;
	size_t count;
	if (!store_list_sample_steps(store, run->report.run.id, &steps, &count, error))
		return false;
	bool good = true;
	int shown = count < (size_t)most ? (int)count : most;
	for (int i = 0; good && i < shown; i++)
		good = write_sample(store, run, steps[(size_t)(i + 1) * count / (size_t)shown - 1], folder, error);
	free(steps);
	return good;
}

/* The text comes last: where it is, all it shows is there too. */
static bool write_report(struct store *store, struct reported *reported, struct report_folder *folder, struct error *error)
{
	struct text markdown = {0};
	bool good = draw_charts(store, reported, folder, error) && draw_sizes(reported, folder, error);
	for (int i = 0; good && i < reported->count; i++)
		good = write_samples(store, &reported->runs[i], reported->count == 1 ? REPORT_SAMPLES : 1, folder, error);
	if (good)
		report_write_markdown(&markdown, reported);
	good = good && write_file(folder, "report.md", markdown.bytes, markdown.length, error);
	text_clear(&markdown);
	return good;
}

/* ---- the command ---- */

static bool read_runs(struct store *store, const struct cli_words *words, const char *filter, struct reported *reported,
                      struct error *error)
{
	struct run_choice choice;
	bool good = run_choice_read(store, words, filter, RUN_SHELF_USUAL, &choice, error);
	if (good && choice.count > FIGURE_CHART_RUNS)
		good = error_set(error, ERROR_INPUT, "a report has room for %d runs, not %zu: leave some out", FIGURE_CHART_RUNS, choice.count);
	reported->count = good ? (int)choice.count : 0;
	reported->runs = memory_zeroed(choice.count + 1, sizeof *reported->runs);
	for (int i = 0; good && i < reported->count; i++) {
		char id[24];
		snprintf(id, sizeof id, "%" PRId64, choice.runs[i].id);
		good = read_run(store, id, &reported->runs[i], error);
	}
	run_choice_clear(&choice);
	return good;
}

static bool make_report(const struct report_arguments *arguments, const struct cli_words *words, struct reported *reported,
                        struct report_folder *folder, struct error *error)
{
	char path[PATH_SIZE], standard[PATH_SIZE];
	struct store *store = path_store(arguments->store, path, error) ? store_open(path, STORE_READ, error) : NULL;
	bool good = store && read_runs(store, words, arguments->filter, reported, error);
	if (good) {
		snprintf(standard, sizeof standard, "report%s%s", reported->count == 1 ? "-" : "",
		         reported->count == 1 ? reported->runs[0].report.run.name : "");
		good = open_folder(folder, arguments->output ? arguments->output : standard, error) &&
		       write_report(store, reported, folder, error);
		if (!good)
			take_away(folder);
	}
	store_close(store);
	return good;
}

static int tell(const struct report_arguments *arguments, const struct report_folder *folder)
{
	if (arguments->json)
		return cli_print_json(json_pack("{s:o, s:O}", "folder", cli_json_text(folder->path), "files", folder->files));
	fprintf(stderr, "%s/report.md written, and %zu pictures beside it\n", folder->path, json_array_size(folder->files) - 1);
	return CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct report_arguments arguments = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_report.syntax, subcommand_report.help, argc, argv, &arguments, &words, &status))
		return status;
	struct report_folder folder = {.files = json_array()};
	struct reported reported = {0};
	bool good = make_report(&arguments, &words, &reported, &folder, &error);
	status = good ? tell(&arguments, &folder) : cli_fail(&error);
	for (int i = 0; i < reported.count; i++) {
		run_report_clear(&reported.runs[i].report);
		run_curves_clear(&reported.runs[i].curves);
		run_curves_clear(&reported.runs[i].before);
		free(reported.runs[i].scores);
	}
	free(reported.runs);
	json_decref(folder.files);
	return status;
}

static const struct cli_option options[] = {
	{.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "DIR", .offset = offsetof(struct report_arguments, output),
	 .standard = "report-RUN", .help = "the folder to write into"},
	CLI_RUN_FILTER(struct report_arguments, filter),
	CLI_STORE(struct report_arguments, store),
	CLI_JSON(struct report_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_report = {
	.name = "report",
	.help = "Write a report of recorded runs: Markdown with charts and samples as PNG.",
	.syntax = {
		.positionals = "[RUN...]", .max = -1, .options = options,
		.notes =
			"RUN is a name or an id; of several runs only the settings that differ are listed, and their curves lie over one\n"
			"another. The folder holds report.md and the pictures it shows. Files are written whole or not at all, report.md last.\n",
	},
	.run = run,
};
