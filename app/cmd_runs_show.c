/* The store's answers become JSON first; the text for people is written from the same JSON, so that both say the same. */
#include "app/cmd_runs_show.h"

#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "app/runs_json.h"
#include "app/text_table.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"

/* ---- reading ---- */

static void add_journal(void *context, const struct journal_entry *entry)
{
	json_array_append_new(context, json_pack("{s:I, s:f, s:s, s:s, s:s, s:s}", "step", (json_int_t)entry->step, "time", entry->time,
		"kind", entry->kind, "field", entry->field, "value", entry->value, "text", entry->text));
}

static void keep_point(void *context, const struct metric_point *point)
{
	*(struct metric_point *)context = *point;
}

static json_t *point_to_json(const struct metric_point *point)
{
	if (point->step == 0)
		return json_null();
	json_t *json = json_pack("{s:I, s:f}", "step", (json_int_t)point->step, "time", point->time);
	json_object_set_new(json, "epochs", cli_json_real(point->epochs));
	json_object_set_new(json, "loss_d", cli_json_real(point->loss_d));
	json_object_set_new(json, "loss_g", cli_json_real(point->loss_g));
	json_object_set_new(json, "d_real", cli_json_real(point->d_real));
	json_object_set_new(json, "d_fake", cli_json_real(point->d_fake));
	json_object_set_new(json, "gradient_d", cli_json_real(point->gradient_d));
	json_object_set_new(json, "gradient_g", cli_json_real(point->gradient_g));
	json_object_set_new(json, "images_per_second", cli_json_real(point->images_per_second));
	return json;
}

static json_t *reals_to_json(const double *values, int count)
{
	json_t *json = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(json, cli_json_real(values[i]));
	return json;
}

static json_t *integers_to_json(const int64_t *values, int count)
{
	json_t *json = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(json, json_integer(values[i]));
	return json;
}

static void add_layer(void *context, const struct layer_stats *stats)
{
	const char network[] = {stats->network, '\0'};
	json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:I, s:i}", "step", (json_int_t)stats->step, "network", network,
		"layer", stats->layer, "shape", stats->shape, "quantizer", stats->quantizer, "bits", stats->bits,
		"weights", (json_int_t)stats->weights, "iterations", stats->iterations);
	json_object_set_new(json, "alpha", cli_json_real(stats->alpha));
	json_object_set_new(json, "beta", cli_json_real(stats->beta));
	json_object_set_new(json, "mse", cli_json_real(stats->mse));
	json_object_set_new(json, "variance", cli_json_real(stats->variance));
	json_object_set_new(json, "sqnr_db", cli_json_real(stats->sqnr_db));
	json_object_set_new(json, "utilization", cli_json_real(stats->utilization));
	json_object_set_new(json, "flips", cli_json_real(stats->flips));
	json_object_set_new(json, "levels", reals_to_json(stats->levels, stats->states));
	json_object_set_new(json, "counts", integers_to_json(stats->counts, stats->states));
	json_object_set_new(json, "histogram", json_pack("{s:o, s:o, s:o}", "min", cli_json_real(stats->histogram_min),
		"max", cli_json_real(stats->histogram_max), "counts", integers_to_json(stats->histogram, stats->bins)));
	json_array_append_new(context, json);
}

static bool read_checkpoints(struct store *store, struct run_report *report, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	if (!store_list_checkpoints(store, report->run.id, &rows, &count, error))
		return false;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(report->checkpoints, json_pack("{s:I, s:f, s:s, s:I, s:s, s:b}", "step", (json_int_t)rows[i].step,
			"time", rows[i].time, "path", rows[i].path, "bytes", (json_int_t)rows[i].bytes, "sha256", rows[i].hash,
			"kept", rows[i].kept));
	free(rows);
	return true;
}

static bool read_samples(struct store *store, struct run_report *report, struct error *error)
{
	int64_t *steps;
	size_t count;
	if (!store_list_sample_steps(store, report->run.id, &steps, &count, error))
		return false;
	report->samples = integers_to_json(steps, (int)count);
	free(steps);
	return true;
}

bool run_report_read(struct store *store, const char *name_or_id, struct run_report *report, struct error *error)
{
	if (!store_find_run(store, name_or_id, &report->run, error))
		return false;
	int64_t id = report->run.id;
	struct metric_point point = {0};
	report->settings = json_loads(report->run.config_json, 0, NULL);
	report->journal = json_array();
	report->layers = json_array();
	report->checkpoints = json_array();
	bool success = store_visit_journal(store, id, add_journal, report->journal, error) &&
	               store_visit_metrics(store, id, 0, keep_point, &point, error) &&
	               store_visit_layer_stats(store, id, -1, add_layer, report->layers, error) &&
	               read_checkpoints(store, report, error) && read_samples(store, report, error);
	report->metrics = point_to_json(&point);
	return success;
}

void run_report_clear(struct run_report *report)
{
	run_clear(&report->run);
	json_decref(report->settings);
	json_decref(report->journal);
	json_decref(report->metrics);
	json_decref(report->layers);
	json_decref(report->checkpoints);
	json_decref(report->samples);
}

json_t *run_report_to_json(const struct run_report *report)
{
	json_t *json = run_to_json(&report->run);
	json_object_set_new(json, "settings", report->settings ? json_incref(report->settings) : json_null());
	json_object_set(json, "journal", report->journal);
	json_object_set(json, "metrics", report->metrics);
	json_object_set(json, "layers", report->layers);
	json_object_set(json, "checkpoints", report->checkpoints);
	json_object_set(json, "sample_steps", report->samples);
	return json;
}

/* ---- for people ---- */

static void print_pair(const char *name, const char *value)
{
	if (value[0] != '\0')
		printf("  %-22s%s\n", name, value);
}

static void print_time(const char *name, double time)
{
	char age[32], text[64];
	snprintf(text, sizeof text, "%s ago", text_age(age, sizeof age, clock_unix() - time));
	print_pair(name, strcmp(age, "now") == 0 ? age : text);
}

static void print_run(const struct run *run)
{
	char text[128], number[32], other[32], d_bits[8], g_bits[8];
	printf("%s  %s\n", run->name, run_status_name(run->status));
	print_pair("message", run->message);
	snprintf(text, sizeof text, "%" PRId64, run->id);
	print_pair("id", text);
	bits_to_text(run->d_bits, d_bits);
	bits_to_text(run->g_bits, g_bits);
	snprintf(text, sizeof text, "D %s, G %s, %s", d_bits, g_bits, run->quantizer);
	print_pair("bits", text);
	bool ends = run->last_step > 0;
	snprintf(text, sizeof text, "%s%s%s, %.2f epochs", text_count(number, sizeof number, run->step), ends ? " of " : "",
	         ends ? text_count(other, sizeof other, run->last_step) : "", run->epochs);
	print_pair("step", text);
	print_pair("trained", text_duration(number, sizeof number, run->train_seconds));
	if (run->parent_id > 0) {
		snprintf(text, sizeof text, "run %" PRId64 " at step %" PRId64, run->parent_id, run->parent_step);
		print_pair("from", text);
	}
	print_time("created", run->created);
	print_time("last sign of life", run->heartbeat);
	print_pair("machine", run->machine);
	snprintf(text, sizeof text, "%s, process %" PRId64, run->host, run->pid);
	print_pair("host", text);
	print_pair("version", run->version);
}

static void print_settings(const json_t *settings)
{
	const char *name;
	json_t *value;
	printf("\nsettings\n");
	json_object_foreach((json_t *)settings, name, value) {
		char *text = json_is_string(value) ? memory_text(json_string_value(value))
		                                   : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
		print_pair(name, text ? text : "");
		free(text);
	}
}

static double real_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_number(value) ? json_number_value(value) : NAN;
}

static int64_t integer_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void print_journal(const json_t *journal)
{
	static const struct text_column columns[] = {
		{.title = "step", .right = true}, {.title = "time"}, {.title = "what"}, {.title = NULL},
	};
	struct text_table *table = text_table_create(columns);
	char step[32], time[32];
	for (size_t i = 0; i < json_array_size(journal); i++) {
		const json_t *entry = json_array_get(journal, i);
		text_table_add(table, "%s", text_count(step, sizeof step, integer_of(entry, "step")));
		text_table_add(table, "%s", clock_time_of_day(time, sizeof time, real_of(entry, "time")));
		text_table_add(table, "%s", text_of(entry, "text"));
	}
	printf("\njournal\n");
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
}

static void print_metrics(const json_t *metrics)
{
	static const struct {
		const char *name, *label;
	} rows[] = {
		{"loss_d", "loss D"}, {"loss_g", "loss G"}, {"d_real", "D(x)"}, {"d_fake", "D(G(z))"},
		{"gradient_d", "gradient norm D"}, {"gradient_g", "gradient norm G"}, {"images_per_second", "images/s"},
	};
	char number[32];
	printf("\nmetrics of step %s\n", text_count(number, sizeof number, integer_of(metrics, "step")));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		print_pair(rows[i].label, text_loss(number, sizeof number, real_of(metrics, rows[i].name)));
}

/* One block a state, as high as its share of the fullest; above 16 states, neighbours stand together. */
static void draw_states(const json_t *counts, char *target, size_t size)
{
	static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const plain[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
	enum { HEIGHTS = 8, MOST_BARS = 16 };
	const char *const *bars = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? blocks : plain;
	size_t states = json_array_size(counts), together = states > MOST_BARS ? states / MOST_BARS : 1;
	double heights[MOST_BARS] = {0}, highest = 1;
	for (size_t i = 0; i < states && i / together < MOST_BARS; i++)
		heights[i / together] += (double)json_integer_value(json_array_get(counts, i));
	for (size_t i = 0; i < MOST_BARS; i++)
		highest = fmax(highest, heights[i]);
	size_t used = 0;
	target[0] = '\0';
	for (size_t i = 0; i * together < states && i < MOST_BARS && used + 4 < size; i++) {
		const char *bar = heights[i] > 0 ? bars[(int)fmin(heights[i] / highest * HEIGHTS, HEIGHTS - 1)] : " ";
		used += (size_t)snprintf(target + used, size - used, "%s", bar);
	}
}

/* "" where the value is not known, or means nothing for a float layer. */
__attribute__((format(printf, 2, 0)))
static void add_real(struct text_table *table, const char *format, double value)
{
	char cell[48] = "";
	if (!isnan(value))
		snprintf(cell, sizeof cell, format, value);
	text_table_add(table, "%s", cell);
}

static void add_layer_row(struct text_table *table, const json_t *layer)
{
	char bars[80], bits[8], weights[32];
	draw_states(json_object_get(layer, "counts"), bars, sizeof bars);
	bits_to_text((int)integer_of(layer, "bits"), bits);
	text_table_add(table, "%s", text_of(layer, "network"));
	text_table_add(table, "%s", text_of(layer, "layer"));
	text_table_add(table, "%s", text_of(layer, "shape"));
	text_table_add(table, "%s", text_count(weights, sizeof weights, integer_of(layer, "weights")));
	text_table_add(table, "%s", bits);
	text_table_add(table, "%s", bars);
	add_real(table, "%.1f %%", 100 * real_of(layer, "utilization"));
	add_real(table, "%.1f", real_of(layer, "sqnr_db"));
	add_real(table, "%.3g", real_of(layer, "alpha"));
	add_real(table, "%.3g", real_of(layer, "beta"));
	add_real(table, "%.3g", real_of(layer, "mse"));
	add_real(table, "%.1f %%", 100 * real_of(layer, "flips"));
}

static void print_layers(const json_t *layers)
{
	static const struct text_column columns[] = {
		{.title = ""}, {.title = "layer"}, {.title = "shape"}, {.title = "weights", .right = true}, {.title = "bits", .right = true},
		{.title = "states"}, {.title = "used", .right = true}, {.title = "SQNR dB", .right = true}, {.title = "alpha", .right = true},
		{.title = "beta", .right = true}, {.title = "MSE", .right = true}, {.title = "flips", .right = true}, {.title = NULL},
	};
	char step[32];
	struct text_table *table = text_table_create(columns);
	for (size_t i = 0; i < json_array_size(layers); i++)
		add_layer_row(table, json_array_get(layers, i));
	printf("\nlayers at step %s\n", text_count(step, sizeof step, integer_of(json_array_get(layers, 0), "step")));
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
}

static void print_checkpoints(const json_t *checkpoints)
{
	static const struct text_column columns[] = {
		{.title = "step", .right = true}, {.title = "size", .right = true}, {.title = ""}, {.title = "file"}, {.title = NULL},
	};
	struct text_table *table = text_table_create(columns);
	char step[32], size[32];
	for (size_t i = 0; i < json_array_size(checkpoints); i++) {
		const json_t *row = json_array_get(checkpoints, i);
		text_table_add(table, "%s", text_count(step, sizeof step, integer_of(row, "step")));
		text_table_add(table, "%s", text_bytes_amount(size, sizeof size, (double)integer_of(row, "bytes")));
		text_table_add(table, "%s", json_is_true(json_object_get(row, "kept")) ? "kept" : "");
		text_table_add(table, "%s", text_of(row, "path"));
	}
	printf("\ncheckpoints\n");
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
}

static void print_samples(const json_t *samples)
{
	size_t count = json_array_size(samples);
	char first[32], last[32];
	printf("\n%zu sample%s of the fixed noise, steps %s to %s\n", count, count == 1 ? "" : "s",
	       text_count(first, sizeof first, json_integer_value(json_array_get(samples, 0))),
	       text_count(last, sizeof last, json_integer_value(json_array_get(samples, count - 1))));
}

int run_report_print(const struct run_report *report)
{
	print_run(&report->run);
	print_settings(report->settings);
	if (json_array_size(report->journal) > 0)
		print_journal(report->journal);
	if (json_is_object(report->metrics))
		print_metrics(report->metrics);
	if (json_array_size(report->layers) > 0)
		print_layers(report->layers);
	if (json_array_size(report->checkpoints) > 0)
		print_checkpoints(report->checkpoints);
	if (json_array_size(report->samples) > 0)
		print_samples(report->samples);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}
