#include "app/cmd_study.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd_study_report.h"
#include "app/interrupt.h"
#include "app/run_plan.h"
#include "app/study_builtin.h"
#include "app/study_run.h"
#include "app/text_table.h"
#include "engine/base/memory.h"

/* ---- while it works ---- */

struct show {
	struct cli_progress bar;
	bool json, open;
	int64_t cell;     /* whose progress the line shows */
	bool scoring;
};

static void close_line(struct show *show)
{
	if (show->open)
		cli_progress_end(&show->bar);
	show->open = false;
}

static void show_progress(void *context, const struct study_moment *moment)
{
	struct show *show = context;
	char note[160], left[32];
	if (!show->open || show->cell != moment->cell->id || show->scoring != moment->scoring) {
		close_line(show);
		cli_progress_begin(&show->bar, moment->cell->key, moment->scoring ? "%" : "steps",
		                   moment->scoring ? 0 : moment->first_step, moment->scoring ? 100 : moment->last_step);
		show->open = true;
		show->cell = moment->cell->id;
		show->scoring = moment->scoring;
	}
	snprintf(note, sizeof note, "%scell %zu of %zu, %s to go for those known", moment->scoring ? "scoring, " : "",
	         moment->cells_done + 1, moment->cells, text_duration(left, sizeof left, moment->seconds_left));
	cli_progress_update(&show->bar, moment->scoring ? (int64_t)(100 * moment->share) : moment->step, note);
}

/* One evaluation alone has no spread. */
static void show_score(const char *name, double value, double spread)
{
	fprintf(stderr, ", %s %.2f", name, value);
	if (isfinite(spread))
		fprintf(stderr, " ± %.2f", spread);
}

static void show_cell(void *context, const struct study_cell *cell)
{
	struct show *show = context;
	char duration[32];
	close_line(show);
	if (show->json)
		return;
	fprintf(stderr, "%s: %s", cell->key, cell_status_name(cell->status));
	if (cell->status == CELL_DONE) {
		show_score("FID", cell->fid, cell->fid_spread);
		show_score("IS", cell->is_mean, cell->is_spread);
	}
	fprintf(stderr, "%s%s, took %s\n", *cell->message ? ": " : "", cell->message,
	        text_duration(duration, sizeof duration, cell->seconds));
}

static void show_warning(void *context, const char *text)
{
	close_line(context);
	cli_warn("%s", text);
}

/* ---- results ---- */

static int tell(struct store *store, const struct study_results *results, const struct study_output *output)
{
	struct error error = {0};
	if (output->csv && !study_results_write_csv(results, output->csv, &error))
		return cli_fail(&error);
	if (output->report && !study_report_write(store, results, output->report, &error))
		return cli_fail(&error);
	if (output->json)
		return cli_print_json(study_results_to_json(results));
	study_results_print(results, stdout);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int tell_from(struct store *store, const char *name, const struct study_output *output, struct error *error)
{
	struct study_results results;
	int status = study_results_read(store, name, &results, error) ? tell(store, &results, output) : cli_fail(error);
	study_results_clear(&results);
	return status;
}

int study_tell(const char *store_path, const char *name, const struct study_output *output)
{
	struct error error = {0};
	struct store *store = store_open(store_path, STORE_READ, &error);
	int status = store ? tell_from(store, name, output, &error) : cli_fail(&error);
	store_close(store);
	return status;
}

int study_work_and_tell(const char *store_path, const char *name, const struct study_output *output)
{
	struct show show = {.json = output->json};
	const struct study_watcher watcher = {&show, show_progress, show_cell, show_warning};
	struct study study;
	struct error error = {0};
	interrupt_install();
	bool good = study_work(store_path, name, &watcher, &study, &error);
	close_line(&show);
	if (!good)
		return cli_fail(&error);
	bool missed = study.status == STUDY_MISSED;
	study_clear(&study);
	int status = study_tell(store_path, name, output);
	if (status != CLI_DONE)
		return status;
	return interrupt_exit_status() ? interrupt_exit_status() : missed ? CLI_TARGET_MISSED : CLI_DONE;
}

/* ---- before it works ---- */

/* Seconds of so many steps with the spec's settings; NaN: nothing is known of this machine. */
static double time_of(const struct study_spec *spec, const struct study_cell *cell, int64_t steps,
                      struct run_speeds *speeds)
{
	struct gan_settings settings = spec->settings;
	struct run_plan plan;
	struct error ignored;
	if (!settings_set(&settings, setting_find("model"), "model", cell->model, &ignored) ||
	    !run_plan_make(&settings, speeds, &plan, &ignored))
		return NAN;
	return plan.step_seconds * (double)steps;
}

static void read_speeds(const char *store_path, struct run_speeds *speeds)
{
	struct error ignored;
	struct run *runs;
	size_t count;
	struct store *store = store_open(store_path, STORE_READ, &ignored);
	if (store && store_list_runs(store, &runs, &count, &ignored)) {
		for (size_t i = 0; i < count && run_speeds_add(speeds, store, runs[i].id); i++)
			;
		store_free_runs(runs, count);
	}
	store_close(store);
	bool known = false;
	for (int i = 0; i < speeds->count; i++)
		known = known || isfinite(speeds->runs[i].gflops);
	if (!known)
		speeds->measured_gflops = run_speeds_measure(0.5);
}

struct planned {
	struct study_cell *cells;
	size_t count;
	double *seconds; /* a cell */
	double total;
};

static json_t *plan_to_json(const char *name, const struct study_spec *spec, const struct planned *planned)
{
	json_t *cells = json_array();
	for (size_t i = 0; i < planned->count; i++) {
		const struct study_cell *cell = &planned->cells[i];
		json_array_append_new(cells, json_pack("{s:o, s:s, s:i, s:i, s:I, s:o}", "cell", cli_json_text(cell->key), "method",
		                                       cell->method, "d_bits", cell->d_bits, "g_bits", cell->g_bits, "seed",
		                                       (json_int_t)cell->seed, "seconds", cli_json_rounded(planned->seconds[i], 3)));
	}
	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:o, s:o}", "study", name, "kind", spec->kind, "scale", cli_json_real(spec->scale),
	                 "base_steps", (json_int_t)spec->base_steps, "cell_steps", (json_int_t)spec->cell_steps, "seconds",
	                 cli_json_rounded(planned->total, 4), "cells", cells);
}

static void print_plan(const char *name, const struct study_spec *spec, const struct planned *planned)
{
	static const struct text_column columns[] = {
		{"cell", false}, {"method", false}, {"D", true}, {"G", true}, {"training", true}, {NULL},
	};
	struct text_table *table = text_table_create(columns);
	char duration[32];
	for (size_t i = 0; i < planned->count; i++) {
		text_table_add(table, "%s", planned->cells[i].key);
		text_table_add(table, "%s", planned->cells[i].method);
		text_table_add(table, "%d", planned->cells[i].d_bits);
		text_table_add(table, "%d", planned->cells[i].g_bits);
		text_table_add(table, "%s", text_duration(duration, sizeof duration, planned->seconds[i]));
	}
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	bool search = !strcmp(spec->kind, study_kind_names[STUDY_SEARCH]);
	printf("\n%s: %zu cells of %" PRId64 " steps, about %s of training without the scoring%s\n", name, planned->count,
	       spec->cell_steps, text_duration(duration, sizeof duration, planned->total),
	       search ? "; a search stops when it has found" : "");
}

int study_tell_plan(const char *store_path, const char *name, const struct study_spec *spec, bool json)
{
	struct planned planned = {0};
	struct run_speeds speeds = {0};
	struct study_spec all = *spec;
	struct error error = {0};
	if (!strcmp(all.kind, study_kind_names[STUDY_SEARCH])) { /* at most: D's bits with a float G, then G's with one D */
		snprintf(all.kind, sizeof all.kind, "%s", study_kind_names[STUDY_GRID]);
		snprintf(all.networks.items[0], STUDY_WORD_SIZE, "D");
		snprintf(all.networks.items[1], STUDY_WORD_SIZE, "G");
		all.networks.count = 2;
	}
	if (!study_spec_cells(&all, &planned.cells, &planned.count, &error))
		return cli_fail(&error);
	read_speeds(store_path, &speeds);
	planned.seconds = memory_zeroed(planned.count + 1, sizeof *planned.seconds);
	for (size_t i = 0; i < planned.count; i++) {
		bool base = study_cell_is_base(&planned.cells[i]);
		int64_t steps = !base ? spec->cell_steps : *spec->from ? 0 : spec->base_steps;
		planned.seconds[i] = time_of(spec, &planned.cells[i], steps, &speeds);
		planned.total += planned.seconds[i];
	}
	int status = CLI_DONE;
	if (json)
		status = cli_print_json(plan_to_json(name, spec, &planned));
	else
		print_plan(name, spec, &planned);
	free(planned.cells);
	free(planned.seconds);
	return status;
}

/* ---- what there is ---- */

struct listing {
	struct text_table *table;
	json_t *rows;
};

static void list_study(struct listing *listing, const struct study *study)
{
	json_array_append_new(listing->rows, json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "study", study->name, "kind", study->kind,
	                                               "status", study_status_name(study->status), "cells", (json_int_t)study->cells,
	                                               "cells_done", (json_int_t)study->cells_done, "message",
	                                               cli_json_text(study->message)));
	text_table_add(listing->table, "%s", study->name);
	text_table_add(listing->table, "%s", study->kind);
	text_table_add(listing->table, "%s", study_status_name(study->status));
	text_table_add(listing->table, "%" PRId64 "/%" PRId64, study->cells_done, study->cells);
	text_table_add(listing->table, "%s", study->message);
}

static void list_builtin(struct listing *listing, const struct study_builtin *builtin)
{
	json_array_append_new(listing->rows, json_pack("{s:s, s:s, s:s, s:n, s:n, s:s}", "study", builtin->name, "kind", "built-in",
	                                               "status", "", "cells", "cells_done", "message", builtin->help));
	text_table_add(listing->table, "%s", builtin->name);
	text_table_add(listing->table, "built-in");
	text_table_add(listing->table, "%s", "");
	text_table_add(listing->table, "%s", "");
	text_table_add(listing->table, "%s", builtin->help);
}

/* A store that is not there yet has none; one that cannot be read is told. */
static bool read_studies(const char *store_path, struct study **studies, size_t *count, struct error *error)
{
	*studies = NULL;
	*count = 0;
	if (access(store_path, F_OK))
		return true;
	struct store *store = store_open(store_path, STORE_READ, error);
	bool good = store && store_list_studies(store, studies, count, error);
	store_close(store);
	return good;
}

int study_list(const char *store_path, bool searches, bool json)
{
	const struct text_column columns[] = {
		{searches ? "search" : "study", false}, {"kind", false}, {"status", false}, {"cells", true}, {"", false}, {NULL},
	};
	struct error error = {0};
	struct study *studies;
	size_t count;
	if (!read_studies(store_path, &studies, &count, &error))
		return cli_fail(&error);
	struct listing listing = {text_table_create(columns), json_array()};
	for (size_t i = 0; i < count; i++)
		if (!searches || !strcmp(studies[i].kind, study_kind_names[STUDY_SEARCH]))
			list_study(&listing, &studies[i]);
	for (const struct study_builtin *builtin = study_builtins; builtin->name && !searches; builtin++)
		list_builtin(&listing, builtin);
	free(studies);
	bool none = json_array_size(listing.rows) == 0;
	if (!json && none)
		printf("no search has been begun in %s yet\n", store_path);
	else if (!json)
		text_table_print(listing.table, stdout, 0);
	text_table_destroy(listing.table);
	if (json)
		return cli_print_json(json_pack("{s:o}", searches ? "searches" : "studies", listing.rows));
	json_decref(listing.rows);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}
