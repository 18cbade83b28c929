#include "app/cmd_study_pictures.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/figure.h"
#include "app/figure_chart.h"
#include "app/paths.h"
#include "app/view_fill.h"
#include "engine/base/replace_file.h"

enum { FILE_NAME_SIZE = STUDY_KEY_SIZE + 32 };

/* "samples-em-D1-G32.png" and where it lies. */
static void name_file(const struct study_report *report, const char *what, const char *key, char file[FILE_NAME_SIZE],
                      char path[PATH_SIZE])
{
	snprintf(file, FILE_NAME_SIZE, "%.24s-%s.png", what, key);
	for (char *c = file; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '-';
	snprintf(path, PATH_SIZE, "%.3900s/%s", report->folder, file);
}

/* A row of a table for every cell that has begun; the first one written brings the heading, by *rows. */
static bool add_rows(const struct study_report *report,
                     bool (*add)(const struct study_report *report, const struct study_cell *cell, int *rows, struct error *error),
                     struct error *error)
{
	bool good = true;
	int rows = 0;
	for (size_t i = 0; good && i < report->results->count; i++)
		good = !report->results->cells[i].run || add(report, &report->results->cells[i], &rows, error);
	return good;
}

/* ---- samples ---- */

static bool add_sample(const struct study_report *report, const struct study_cell *cell, int *rows, struct error *error)
{
	struct sample sample = {0};
	bool found = false;
	char file[FILE_NAME_SIZE], path[PATH_SIZE];
	if (!store_find_sample(report->store, cell->run, -1, &sample, &found, error))
		return false;
	if (!found)
		return true;
	name_file(report, "samples", cell->key, file, path);
	bool good = replace_file(path, &(struct file_part){sample.png, sample.png_size}, 1, error);
	if (!(*rows)++)
		text_format(report->text, "\n## Samples\n\nThe newest of each run's fixed noise.\n\n"
		            "| cell | step | samples |\n|---|---:|---|\n");
	text_format(report->text, "| %s | %" PRId64 " | ![samples of %s](%s) |\n", cell->key, sample.step, cell->key, file);
	sample_clear(&sample);
	return good;
}

bool study_report_samples(const struct study_report *report, struct error *error)
{
	return add_rows(report, add_sample, error);
}

/* ---- states of weights ---- */

/* The two layers that the paper shows. */
struct ends {
	bool known[VIEW_NETWORKS];
	struct view_layer layer[VIEW_NETWORKS]; /* D's first, G's last */
	int64_t step;
};

static void visit_layer(void *context, const struct layer_stats *stats)
{
	struct ends *ends = context;
	int network = stats->network == 'D' ? VIEW_D : VIEW_G;
	if (network == VIEW_D && ends->known[VIEW_D])
		return;
	view_fill_stored_layer(&ends->layer[network], stats);
	ends->known[network] = true;
	ends->step = stats->step;
}

static bool add_layer(const struct study_report *report, const struct study_cell *cell, const struct ends *ends, int network,
                      struct error *error)
{
	static const char *const files[VIEW_NETWORKS] = {[VIEW_D] = "states-d", [VIEW_G] = "states-g"};
	static const char *const names[VIEW_NETWORKS] = {[VIEW_D] = "D", [VIEW_G] = "G"};
	char file[FILE_NAME_SIZE], path[PATH_SIZE], title[STUDY_KEY_SIZE + 48];
	const struct figure figure = {.title = title, .network = names[network], .layer = &ends->layer[network]};
	if (!ends->known[network]) {
		text_format(report->text, " – |");
		return true;
	}
	name_file(report, files[network], cell->key, file, path);
	snprintf(title, sizeof title, "%s, step %" PRId64, cell->key, ends->step);
	text_format(report->text, " ![%s of %s](%s) |", ends->layer[network].name, cell->key, file);
	return figure_write_png(&figure, path, error);
}

static bool add_states(const struct study_report *report, const struct study_cell *cell, int *rows, struct error *error)
{
	struct ends ends = {0};
	if (!store_visit_layer_stats(report->store, cell->run, -1, visit_layer, &ends, error))
		return false;
	if (!ends.known[VIEW_D] && !ends.known[VIEW_G])
		return true;
	if (!(*rows)++)
		text_format(report->text, "\n## States of the weights\n\nThe float weights as a histogram, the levels as ticks, and how "
		            "many weights each state has.\n\n"
		            "| cell | step | D's first layer | G's last layer |\n|---|---:|---|---|\n");
	text_format(report->text, "| %s | %" PRId64 " |", cell->key, ends.step);
	bool good = add_layer(report, cell, &ends, VIEW_D, error) && add_layer(report, cell, &ends, VIEW_G, error);
	text_format(report->text, "\n");
	return good;
}

bool study_report_states(const struct study_report *report, struct error *error)
{
	return add_rows(report, add_states, error);
}

/* ---- scores over the steps ---- */

struct curves {
	int count, floats; /* float cells come first */
	struct figure_chart_run runs[FIGURE_CHART_RUNS];
	struct run_curves curves[FIGURE_CHART_RUNS];
};

/* A run that has been deleted since is left out. */
static bool read_curves(const struct study_report *report, const struct study_cell *cell, struct curves *curves,
                        struct error *error)
{
	char number[24];
	struct run run = {0};
	struct error ignored;
	snprintf(number, sizeof number, "%" PRId64, cell->run);
	if (!cell->run || !store_find_run(report->store, number, &run, &ignored))
		return true;
	struct run_curves *read = &curves->curves[curves->count];
	curves->runs[curves->count++] = (struct figure_chart_run){.name = cell->key, .curves = read};
	bool good = run_curves_read(report->store, &run, read, error);
	run_clear(&run);
	return good;
}

/* From cell *next on what fits into one chart, below the float cells. */
static bool gather(const struct study_report *report, const char *group, size_t *next, struct curves *curves, struct error *error)
{
	const struct study_results *results = report->results;
	bool good = true;
	for (size_t i = 0; good && i < results->count && curves->count < FIGURE_CHART_RUNS - 1; i++)
		if (!strcmp(results->cells[i].group, "float"))
			good = read_curves(report, &results->cells[i], curves, error);
	curves->floats = curves->count;
	for (; good && *next < results->count && curves->count < FIGURE_CHART_RUNS; ++*next)
		if (!strcmp(results->cells[*next].group, group))
			good = read_curves(report, &results->cells[*next], curves, error);
	return good;
}

static bool draw_curves(const struct study_report *report, const char *group, const char *title, int part,
                        const struct curves *curves, struct error *error)
{
	char key[32], file[FILE_NAME_SIZE], path[PATH_SIZE];
	struct chart_kind kind = *chart_kind_find("is");
	const struct figure_chart chart = {.kind = &kind, .runs = curves->runs, .run_count = curves->count};
	kind.title = title;
	if (curves->count == curves->floats || !figure_chart_has_values(&chart))
		return true;
	snprintf(key, sizeof key, part ? "%s-%d" : "%s", group, part + 1);
	name_file(report, "is-steps", key, file, path);
	text_format(report->text, "![Inception Score over the steps, %s](%s)\n", title, file);
	return figure_chart_write_png(&chart, path, error);
}

static bool add_group(const struct study_report *report, const char *group, const char *title, struct error *error)
{
	bool good = true;
	size_t next = 0;
	for (int part = 0; good && next < report->results->count; part++) {
		struct curves curves = {0};
		good = gather(report, group, &next, &curves, error) && draw_curves(report, group, title, part, &curves, error);
		for (int i = 0; i < curves.count; i++)
			run_curves_clear(&curves.curves[i]);
	}
	return good;
}

bool study_report_curves(const struct study_report *report, struct error *error)
{
	static const char *const groups[][2] = {
		{"D", "D alone quantized"}, {"both", "D and G quantized"}, {"G", "G alone quantized"},
	};
	bool good = true;
	for (size_t i = 0; good && i < sizeof groups / sizeof *groups; i++)
		good = add_group(report, groups[i][0], groups[i][1], error);
	return good;
}
