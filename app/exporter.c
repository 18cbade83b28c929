#include "app/exporter.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/figure.h"
#include "app/figure_chart.h"
#include "app/figure_sizes.h"
#include "app/run_export.h"
#include "engine/base/memory.h"
#include "engine/base/queue.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"
#include "engine/data/picture_file.h"

struct exporter {
	struct queue *results;
	pthread_t thread;
	bool running;          /* there is a thread to be joined */
	struct export_job job; /* the thread's while it runs */
};

struct exporter *exporter_create(struct error *error)
{
	struct queue *results = queue_create(sizeof(struct export_result), 0, error);
	if (!results)
		return NULL;
	struct exporter *exporter = memory_zeroed(1, sizeof *exporter);
	exporter->results = results;
	return exporter;
}

void exporter_destroy(struct exporter *exporter)
{
	if (!exporter)
		return;
	if (exporter->running)
		pthread_join(exporter->thread, NULL);
	image_destroy(exporter->job.pictures);
	queue_destroy(exporter->results);
	free(exporter);
}

static bool write_figure(const struct export_job *job, const char *path, struct error *error)
{
	const struct figure figure = {
		.title = job->title,
		.network = job->network,
		.layer = &job->layer,
		.other = *job->other_title ? &job->other : NULL,
		.other_title = *job->other_title ? job->other_title : NULL,
	};
	bool picture = strcmp(path + strlen(path) - 4, ".png") == 0;
	return picture ? figure_write_png(&figure, path, error) : figure_write_csv(&figure, path, error);
}

/* Records that share a column of the screen share lines here; a float layer has one line, without a state. */
static void add_column(struct text *lines, const struct view_history *history, int index)
{
	const struct view_history_column *column = &history->columns[index];
	int records = index == history->count - 1 ? 1 : index == history->count - 2 ? history->open : history->merged;
	bool in_float = column->bits > 8;
	int states = in_float ? 1 : 1 << column->bits, parts = states < VIEW_HISTORY_STATES ? states : VIEW_HISTORY_STATES;
	for (int i = 0; i < parts; i++) {
		text_format(lines, "%" PRId64 ",%d,%d,", column->step, records, column->bits);
		if (in_float)
			text_format(lines, ",,\r\n");
		else
			text_format(lines, "%d,%d,%.7g\r\n", i * states / parts, (i + 1) * states / parts - 1, (double)column->shares[i]);
	}
}

static bool write_history(const struct export_job *job, const char *path, struct error *error)
{
	struct text lines = {0};
	text_format(&lines, "step,records,bits,first state,last state,share\r\n");
	for (int i = 0; i < job->history.count; i++)
		add_column(&lines, &job->history, i);
	bool good = replace_file(path, &(struct file_part){lines.bytes, lines.length}, 1, error);
	text_clear(&lines);
	return good;
}

static bool write_pictures(const struct export_job *job, const char *path, struct error *error)
{
	return picture_write_png(job->pictures, path, error);
}

static void add_ending(struct export_result *result, const char *ending)
{
	size_t length = strlen(result->endings);
	snprintf(result->endings + length, sizeof result->endings - length, " %s", ending);
}

/* ---- charts of runs ---- */

struct exported {
	struct run runs[VIEW_COMPARED]; /* owned, as their curves */
	struct run_curves curves[VIEW_COMPARED], before; /* before: of a single run */
	int count;
	struct figure_sizes sizes;
};

static bool write_charts(const struct export_job *job, const struct exported *exported, struct export_result *result)
{
	struct figure_chart_run runs[VIEW_COMPARED];
	bool good = true;
	for (int i = 0; i < exported->count; i++)
		runs[i] = (struct figure_chart_run){exported->runs[i].name, &exported->curves[i], &exported->before};
	for (const struct chart_kind *kind = chart_kinds; good && kind->name; kind++) {
		const struct figure_chart chart = {kind, runs, exported->count, job->marks, job->mark_count, job->over};
		char path[EXPORT_STEM_SIZE + 40], ending[40];
		if (!figure_chart_has_values(&chart))
			continue;
		snprintf(ending, sizeof ending, "-%s.png", kind->name);
		snprintf(path, sizeof path, "%s%s", job->stem, ending);
		good = figure_chart_write_png(&chart, path, &result->error);
		if (good)
			add_ending(result, ending);
	}
	return good;
}

static bool write_sizes(const struct export_job *job, struct exported *exported, struct export_result *result)
{
	char path[EXPORT_STEM_SIZE + 16];
	if (job->run_count < 2 || exported->sizes.count == 0)
		return true;
	snprintf(path, sizeof path, "%s-sizes.png", job->stem);
	bool good = figure_sizes_write_png(&exported->sizes, path, &result->error);
	if (good)
		add_ending(result, "-sizes.png");
	return good;
}

static bool write_samples(const struct export_job *job, struct export_result *result)
{
	char path[EXPORT_STEM_SIZE + 16];
	if (!job->pictures)
		return true;
	snprintf(path, sizeof path, "%s-samples.png", job->stem);
	bool good = picture_write_png(job->pictures, path, &result->error);
	if (good)
		add_ending(result, "-samples.png");
	return good;
}

static bool write_curves(const struct export_job *job, const struct exported *exported, struct export_result *result)
{
	struct text lines = {0};
	char path[EXPORT_STEM_SIZE + 8];
	snprintf(path, sizeof path, "%s.csv", job->stem);
	run_export_csv_header(&lines, &exported->curves[0]);
	for (int i = 0; i < exported->count; i++)
		run_export_csv(&lines, exported->runs[i].name, &exported->curves[i]);
	bool good = replace_file(path, &(struct file_part){lines.bytes, lines.length}, 1, &result->error);
	text_clear(&lines);
	if (good)
		add_ending(result, ".csv");
	return good;
}

static bool read_run(struct store *store, int64_t id, struct exported *exported, struct error *error)
{
	struct run run = {0};
	char text[24];
	snprintf(text, sizeof text, "%" PRId64, id);
	if (!store_find_run(store, text, &run, error))
		return false;
	figure_sizes_add(&exported->sizes, &run);
	if (exported->count == VIEW_COMPARED) {
		run_clear(&run);
		return true;
	}
	exported->runs[exported->count] = run;
	return run_curves_read(store, &run, &exported->curves[exported->count++], error);
}

static bool write_runs(const struct export_job *job, struct export_result *result)
{
	struct exported exported = {0};
	struct store *store = store_open(job->store, STORE_READ, &result->error);
	size_t points = 0;
	bool good = store != NULL;
	for (int i = 0; good && i < job->run_count; i++)
		good = read_run(store, job->runs[i], &exported, &result->error);
	if (good && exported.count == 1)
		good = run_curves_read_before(store, &exported.runs[0], &exported.before, &result->error);
	for (int i = 0; i < exported.count; i++)
		points += exported.curves[i].count;
	if (good && points == 0)
		good = error_set(&result->error, ERROR_STATE, "%s no points yet", exported.count == 1 ? "the run has" : "the runs have");
	good = good && write_charts(job, &exported, result) && write_sizes(job, &exported, result) && write_samples(job, result) &&
	       write_curves(job, &exported, result);
	for (int i = 0; i < exported.count; i++) {
		run_curves_clear(&exported.curves[i]);
		run_clear(&exported.runs[i]);
	}
	run_curves_clear(&exported.before);
	figure_sizes_clear(&exported.sizes);
	store_close(store);
	return good;
}

/* ---- files ---- */

static bool write_files(const struct export_job *job, struct export_result *result)
{
	if (job->run_count)
		return write_runs(job, result);
	const struct {
		const char *ending;
		bool wanted, (*write)(const struct export_job *job, const char *path, struct error *error);
	} files[] = {
		{".png", true, write_figure}, {".csv", true, write_figure}, {"-over-time.csv", job->history.count > 0, write_history},
		{"-pictures.png", job->pictures != NULL, write_pictures},
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char path[EXPORT_STEM_SIZE + 24];
		snprintf(path, sizeof path, "%s%s", job->stem, files[i].ending);
		if (!files[i].wanted)
			continue;
		if (!files[i].write(job, path, &result->error))
			return false;
		add_ending(result, files[i].ending);
	}
	return true;
}

static void *export_main(void *context)
{
	struct exporter *exporter = context;
	struct export_result result = {0};
	text_copy(result.stem, sizeof result.stem, exporter->job.stem);
	if (write_files(&exporter->job, &result))
		result.error.code = ERROR_NONE;
	queue_push(exporter->results, &result);
	return NULL;
}

bool exporter_start(struct exporter *exporter, const struct export_job *job, struct error *error)
{
	if (exporter->running) {
		image_destroy(job->pictures);
		return error_set(error, ERROR_STATE, "%s is still being written", exporter->job.stem);
	}
	image_destroy(exporter->job.pictures);
	exporter->job = *job;
	exporter->running = thread_start(&exporter->thread, export_main, exporter, "the thread that writes figures", error);
	return exporter->running;
}

bool exporter_poll(struct exporter *exporter, struct export_result *result)
{
	queue_drain_wake(exporter->results);
	if (!queue_pop(exporter->results, result))
		return false;
	pthread_join(exporter->thread, NULL);
	exporter->running = false;
	return true;
}

int exporter_wake_descriptor(const struct exporter *exporter)
{
	return queue_wake_descriptor(exporter->results);
}
