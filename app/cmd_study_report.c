#include "app/cmd_study_report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/cmd_study_pictures.h"
#include "app/figure_bits.h"
#include "app/paths.h"
#include "app/study_paper.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"
#include "engine/metric/evaluation.h"
#include "engine/quant/quantizer.h"

/* The groups of cells that have a chart of their own. */
static const struct {
	const char *group, *title, *file;
} charts[] = {
	{"both", "D and G quantized", "both"}, {"D", "D alone quantized", "d"}, {"G", "G alone quantized", "g"},
};

/* ---- charts ---- */

/* Of the cell's model and seed; NaN: not known. */
static double float_score(const struct study_results *results, const struct study_cell *cell, bool is)
{
	const struct study_cell *base = study_float_cell(results, cell);
	return !base ? NAN : is ? base->is_mean : base->fid;
}

/* Charts show one model and seed: those of the first cell. */
static bool is_charted(const struct study_results *results, const struct study_cell *cell)
{
	return cell->seed == results->cells[0].seed && !strcmp(cell->model, results->cells[0].model);
}

static struct figure_bits_line *line_of(struct figure_bits *figure, const char *method)
{
	for (int l = 0; l < figure->count; l++)
		if (!strcmp(figure->lines[l].name, method))
			return &figure->lines[l];
	if (figure->count == FIGURE_BITS_LINES)
		return NULL;
	figure->lines[figure->count].name = method;
	return &figure->lines[figure->count++];
}

/* Cells come in the order of rising bits. */
static void add_point(struct figure_bits *figure, const struct study_cell *cell, bool is)
{
	double value = is ? cell->is_mean : cell->fid;
	int bits = cell->d_bits < cell->g_bits ? cell->d_bits : cell->g_bits;
	struct figure_bits_line *line = isfinite(value) ? line_of(figure, cell->method) : NULL;
	if (!line || line->count == FIGURE_BITS_POINTS || (line->count && line->points[line->count - 1].bits >= bits))
		return;
	line->points[line->count].bits = bits;
	line->points[line->count].value = value;
	line->points[line->count++].spread = is ? cell->is_spread : cell->fid_spread;
}

/* Both networks at the same bits, or one alone; a group with nothing scored has no chart. */
static bool write_chart(const struct study_results *results, const char *folder, size_t chart, bool is, bool *written,
                        struct error *error)
{
	char path[PATH_SIZE];
	struct figure_bits figure = {.title = charts[chart].title, .log_scale = !is,
		.baseline = results->count ? float_score(results, &results->cells[0], is) : NAN,
		.axis = is ? "Inception Score, higher is better" : "FID, lower is better"};
	for (size_t i = 0; i < results->count; i++) {
		const struct study_cell *cell = &results->cells[i];
		bool alike = chart || cell->d_bits == cell->g_bits;
		if (!strcmp(cell->group, charts[chart].group) && cell->status == CELL_DONE && alike && is_charted(results, cell))
			add_point(&figure, cell, is);
	}
	*written = figure.count > 0;
	snprintf(path, sizeof path, "%.3900s/%s-%s.png", folder, is ? "is" : "fid", charts[chart].file);
	return !figure.count || figure_bits_write_png(&figure, path, error);
}

static bool write_charts(const struct study_results *results, const char *folder, struct text *text, struct error *error)
{
	for (size_t chart = 0; chart < sizeof charts / sizeof *charts; chart++)
		for (int is = 0; is < 2; is++) {
			bool written;
			if (!write_chart(results, folder, chart, is, &written, error))
				return false;
			if (written)
				text_format(text, "![%s over bits, %s](%s-%s.png)\n", is ? "Inception Score" : "FID", charts[chart].title,
				            is ? "is" : "fid", charts[chart].file);
		}
	return true;
}

/* ---- text ---- */

static void add_number(struct text *text, double value, double spread, int digits)
{
	if (!isfinite(value))
		text_format(text, " – |");
	else if (isfinite(spread))
		text_format(text, " %.*f ± %.*f |", digits, value, digits, spread);
	else
		text_format(text, " %.*f |", digits, value);
}

static void add_ratio(struct text *text, double value, double baseline)
{
	if (isfinite(value) && isfinite(baseline) && baseline > 0)
		text_format(text, " %.2fx |", value / baseline);
	else
		text_format(text, " – |");
}

static void add_row(const struct study_results *results, const struct study_cell *cell, struct text *text)
{
	struct study_published published;
	char amount[32];
	bool known = study_paper_find(&results->spec, cell, &published);
	text_format(text, "| %s | %s |", cell->key, cell_status_name(cell->status));
	add_number(text, cell->fid, cell->fid_spread, 2);
	add_ratio(text, cell->fid, float_score(results, cell, false));
	add_number(text, cell->is_mean, cell->is_spread, 2);
	text_format(text, " %s |", isfinite(cell->bytes) ? text_bytes_amount(amount, sizeof amount, cell->bytes) : "–");
	text_format(text, " %s |", *cell->verdict ? cell->verdict : "–");
	if (study_paper_has_scores(&results->spec)) {
		add_number(text, known ? published.fid : NAN, NAN, 1);
		add_ratio(text, known ? published.fid : NAN, known ? published.fid_baseline : NAN);
		add_number(text, known ? published.is : NAN, NAN, 2);
	}
	text_format(text, " %s |\n", cell->message);
}

static void add_table(const struct study_results *results, struct text *text)
{
	bool paper = study_paper_has_scores(&results->spec);
	text_format(text, "\n| cell | status | FID | to float | IS | packed | verdict |%s |\n",
	            paper ? " published FID | to its float | published IS |" : "");
	text_format(text, "|---|---|---:|---:|---:|---:|---|%s---|\n", paper ? "---:|---:|---:|" : "");
	for (size_t i = 0; i < results->count; i++)
		add_row(results, &results->cells[i], text);
}

static void add_layers(const struct study_results *results, struct text *text)
{
	struct study_layer layers[64];
	size_t count = study_rank_layers(results, layers, 64);
	if (!count)
		return;
	text_format(text, "\n## Layers by sensitivity\n\nBeyond the paper: each layer lowered alone, the worst first.\n\n"
	            "| layer | bits | FID rises by |\n|---|---:|---:|\n");
	for (size_t i = 0; i < count; i++) {
		text_format(text, "| %s | %d |", layers[i].name, layers[i].bits);
		add_number(text, layers[i].rise, NAN, 2);
		text_format(text, "\n");
	}
}

/* The feature network of the scores: what stands first in their identity; empty: there are none. */
static void name_features(const struct study_results *results, char features[96])
{
	features[0] = '\0';
	for (size_t i = 0; i < results->count && !*features; i++)
		snprintf(features, 96, "%.*s", (int)strcspn(results->cells[i].identity, ","), results->cells[i].identity);
}

/* `theirs` NULL: the paper does not tell. */
static void add_difference(struct text *text, const char *what, const char *ours, const char *theirs, bool same)
{
	const char *differs = !theirs ? "not known" : same ? "no" : "yes";
	text_format(text, "| %s | %s | %s | %s |\n", what, ours, theirs ? theirs : "not told", differs);
}

static void add_number_asked(struct text *text, const char *what, int64_t ours, int64_t theirs)
{
	char here[24], there[24];
	snprintf(here, sizeof here, "%" PRId64, ours);
	snprintf(there, sizeof there, "%" PRId64, theirs);
	add_difference(text, what, here, theirs ? there : NULL, ours == theirs);
}

/* What of the set-up is not the paper's (its sections 3 to 5). */
static void add_differences(const struct study_results *results, struct text *text)
{
	const struct study_spec *spec = &results->spec;
	const struct gan_settings *settings = &spec->settings;
	char features[96], data[128];
	bool faces = settings->size > 32;
	const char *theirs = faces ? "celeba" : "cifar10";
	int kind = (int)strcspn(settings->data, ":");
	bool same_data = (int)strlen(theirs) == kind && !strncmp(settings->data, theirs, (size_t)kind);
	name_features(results, features);
	text_format(text, "| | here | the paper | differs |\n|---|---|---|---|\n");
	snprintf(data, sizeof data, "%.*s at %d x %d", kind < 64 ? kind : 64, settings->data, settings->size, settings->size);
	add_difference(text, "data", data, faces ? "CelebA" : "CIFAR-10 at 32 x 32", same_data);
	if (*features)
		add_difference(text, "feature network", features, "Inception-v3", strstr(features, "nception") != NULL);
	add_number_asked(text, "features of the first layer", settings->width, faces ? 0 : 128);
	add_number_asked(text, "steps of the float run", spec->base_steps, 0);
	add_number_asked(text, "steps of a cell", spec->cell_steps, 0);
	add_number_asked(text, "pictures an evaluation", spec->samples ? spec->samples : evaluation_standard->samples, 5000);
	add_number_asked(text, "evaluations a cell", spec->evaluations, 0);
}

static void add_setup(const struct study_results *results, struct text *text)
{
	const struct study_spec *spec = &results->spec;
	char *lines = study_spec_text(spec);
	text_format(text, "\n## Set-up\n\n");
	if (spec->scale < 1)
		text_format(text, "Scale %.3g: the float run and every cell have that share of the full number of steps.\n\n",
		            spec->scale);
	for (size_t i = 0; i < results->count; i++)
		if (*results->cells[i].identity) {
			text_format(text, "Scores: %s", results->cells[i].identity);
			if (results->cells[i].evaluations > 1)
				text_format(text, "; means of %d evaluations ± their standard deviation", results->cells[i].evaluations);
			text_format(text, ".\n\n");
			break;
		}
	if (*spec->paper) {
		text_format(text, "What differs in the set-up from the paper's:\n\n");
		add_differences(results, text);
		text_format(text, "\nScores through another feature network, or of other data or length, are on another scale: only ratios to "
		            "the float run of the same column, and orders, can be compared.\n\n");
	}
	text_format(text, "What was asked, as `qgan study` reads it:\n\n```\n%s```\n", lines);
	free(lines);
}

bool study_report_write(struct store *store, const struct study_results *results, const char *folder, struct error *error)
{
	struct text text = {0};
	char path[PATH_SIZE], duration[32];
	const struct study *study = &results->study;
	const struct study_report report = {store, results, folder, &text};
	if (mkdir(folder, 0777) && errno != EEXIST)
		return error_set_errno(error, "cannot make the folder %s", folder);
	text_format(&text, "# %s\n\n%s: %s%s%s. ", *results->spec.title ? results->spec.title : study->name, study->name,
	            study_status_name(study->status), *study->message ? ", " : "", study->message);
	text_format(&text, "%" PRId64 " of %" PRId64 " cells in %s of work.\n\n", study->cells_done, study->cells,
	            text_duration(duration, sizeof duration, study->seconds));
	if (results->count && (results->spec.models.count > 1 || results->spec.seed_count > 1))
		text_format(&text, "The charts over bits are of %s, seed %" PRIu64 ".\n\n", results->cells[0].model, results->cells[0].seed);
	bool good = write_charts(results, folder, &text, error);
	good = good && (strcmp(results->spec.paper, "figure2") || study_report_curves(&report, error));
	add_table(results, &text);
	add_layers(results, &text);
	good = good && (strcmp(results->spec.paper, "figure1") || study_report_states(&report, error));
	good = good && study_report_samples(&report, error);
	add_setup(results, &text);
	snprintf(path, sizeof path, "%.3900s/report.md", folder);
	good = good && replace_file(path, &(struct file_part){text.bytes, text.length}, 1, error);
	text_clear(&text);
	snprintf(path, sizeof path, "%.3900s/results.csv", folder);
	return good && study_results_write_csv(results, path, error);
}
