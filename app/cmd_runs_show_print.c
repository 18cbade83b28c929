/* qgan runs show for people, from the report's JSON. */
#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "app/cmd_runs_show.h"
#include "app/run_fields.h"
#include "app/text_table.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"

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

/* "2", or "2 (conv4 float)" where layers have bits of their own. */
static void describe_bits(const json_t *networks, int index, int bits, char *target, size_t size)
{
	const char *layer;
	json_t *own;
	run_bits_text(target, size, bits);
	size_t used = strlen(target);
	const char *before = " (";
	json_object_foreach(json_object_get(json_array_get(networks, (size_t)index), "exceptions"), layer, own) {
		char word[8];
		run_bits_text(word, sizeof word, (double)json_integer_value(own));
		used += (size_t)snprintf(target + used, size - used, "%s%s %s", before, layer, word);
		used = used < size ? used : size - 1;
		before = ", ";
	}
	if (*before == ',')
		snprintf(target + used, size - used, ")");
}

static void print_bits(const struct run_report *report)
{
	char text[STORE_TEXT_SIZE + 64], d_bits[STORE_TEXT_SIZE / 2], g_bits[STORE_TEXT_SIZE / 2];
	describe_bits(report->networks, 0, report->run.d_bits, d_bits, sizeof d_bits);
	describe_bits(report->networks, 1, report->run.g_bits, g_bits, sizeof g_bits);
	snprintf(text, sizeof text, "D %s, G %s, %s", d_bits, g_bits, report->run.quantizer);
	print_pair("bits", text);
}

static void print_run(const struct run_report *report)
{
	const struct run *run = &report->run;
	char text[128], number[32], other[32];
	printf("%s  %s\n", run->name, run_status_name(run->status));
	print_pair("tags", run->tags);
	print_pair("note", run->note);
	if (run->trashed > 0 || run->archived)
		print_pair("kept", run->trashed > 0 ? "in the trash" : "in the archive");
	print_pair("message", run->message);
	print_pair("verdict", run->verdict.kind);
	print_pair("because", run->verdict.reason);
	print_pair("try", run->verdict.action);
	snprintf(text, sizeof text, "%" PRId64, run->id);
	print_pair("id", text);
	print_bits(report);
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
		{"wasserstein", "Wasserstein estimate"}, {"penalty", "gradient penalty"},
		{"gradient_d", "gradient norm D"}, {"gradient_g", "gradient norm G"}, {"images_per_second", "images/s"},
	};
	char number[32];
	printf("\nmetrics of step %s\n", text_count(number, sizeof number, integer_of(metrics, "step")));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (json_is_number(json_object_get(metrics, rows[i].name)))
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
	run_bits_text(bits, sizeof bits, (double)integer_of(layer, "bits"));
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
	int64_t flip_steps = integer_of(layer, "flip_steps");
	add_real(table, "%.1f %%", flip_steps > 0 ? 100 * 1000 * real_of(layer, "flips") / (double)flip_steps : NAN);
}

static void print_layers(const json_t *layers)
{
	static const struct text_column columns[] = {
		{.title = ""}, {.title = "layer"}, {.title = "shape"}, {.title = "weights", .right = true}, {.title = "bits", .right = true},
		{.title = "states"}, {.title = "used", .right = true}, {.title = "SQNR dB", .right = true}, {.title = "alpha", .right = true},
		{.title = "beta", .right = true}, {.title = "MSE", .right = true}, {.title = "flips/1k steps", .right = true}, {.title = NULL},
	};
	char step[32];
	struct text_table *table = text_table_create(columns);
	for (size_t i = 0; i < json_array_size(layers); i++)
		add_layer_row(table, json_array_get(layers, i));
	printf("\nlayers at step %s\n", text_count(step, sizeof step, integer_of(json_array_get(layers, 0), "step")));
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
}

static void add_size_row(struct text_table *table, const json_t *row, const char *layer, const char *method, const char *bits)
{
	char weights[32], bytes[32];
	double packed = real_of(row, "packed_bytes");
	text_table_add(table, "%s", text_of(row, "network"));
	text_table_add(table, "%s", layer);
	text_table_add(table, "%s", method);
	text_table_add(table, "%s", bits);
	text_table_add(table, "%s", text_count(weights, sizeof weights, integer_of(row, "weights")));
	text_table_add(table, "%s", isnan(packed) ? "" : text_bytes_amount(bytes, sizeof bytes, packed));
	add_real(table, "%.2f", real_of(row, "bits_per_weight"));
	add_real(table, "%.1f", real_of(row, "ratio"));
}

/* What the layers take packed, with their scales; float layers at 32 bits. */
static void print_sizes(const json_t *layers, const json_t *networks)
{
	static const struct text_column columns[] = {
		{.title = ""}, {.title = "layer"}, {.title = "method"}, {.title = "bits", .right = true}, {.title = "weights", .right = true},
		{.title = "size", .right = true}, {.title = "bits/weight", .right = true}, {.title = "times smaller", .right = true},
		{.title = NULL},
	};
	struct text_table *table = text_table_create(columns);
	for (size_t i = 0; i < json_array_size(layers); i++) {
		const json_t *layer = json_array_get(layers, i);
		char bits[8];
		snprintf(bits, sizeof bits, "%d", (int)integer_of(layer, "bits"));
		add_size_row(table, layer, text_of(layer, "layer"), text_of(layer, "quantizer"), bits);
	}
	for (size_t i = 0; i < json_array_size(networks); i++)
		add_size_row(table, json_array_get(networks, i), "all", "", "");
	printf("\npacked weights\n");
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
		text_table_add(table, "%s", json_is_true(json_object_get(row, "best"))   ? "lowest FID"
			                             : json_is_true(json_object_get(row, "kept")) ? "kept" : "");
		text_table_add(table, "%s", text_of(row, "path"));
	}
	printf("\ncheckpoints\n");
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
}

static void add_score_row(struct text_table *table, const json_t *row)
{
	char step[32];
	text_table_add(table, "%s", text_count(step, sizeof step, integer_of(row, "step")));
	text_table_add(table, "%s", json_is_true(json_object_get(row, "live")) ? "live" : text_of(row, "recipe"));
	add_real(table, "%.4g", real_of(row, "fid"));
	add_real(table, "%.2g", real_of(row, "fid_std"));
	add_real(table, "%.4g", real_of(row, "kid"));
	add_real(table, "%.2g", real_of(row, "kid_std"));
	add_real(table, "%.4g", real_of(row, "is_mean"));
	add_real(table, "%.2g", real_of(row, "is_std"));
}

static bool of_recipe(const json_t *row, const char *identity)
{
	return strcmp(text_of(row, "identity"), identity) == 0;
}

/* The newest ones of a recipe: what it is stands above them, and no other is among them. */
static void print_recipe(const json_t *scores, const char *identity)
{
	static const struct text_column columns[] = {
		{.title = "step", .right = true}, {.title = "recipe"}, {.title = "FID", .right = true}, {.title = "+-", .right = true},
		{.title = "KID", .right = true}, {.title = "+-", .right = true}, {.title = "IS", .right = true},
		{.title = "+-", .right = true}, {.title = NULL},
	};
	enum { MOST = 10 };
	struct text_table *table = text_table_create(columns);
	size_t count = 0, skipped = 0;
	for (size_t i = 0; i < json_array_size(scores); i++)
		count += of_recipe(json_array_get(scores, i), identity);
	for (size_t i = 0; i < json_array_size(scores); i++) {
		const json_t *row = json_array_get(scores, i);
		if (of_recipe(row, identity) && skipped++ + MOST >= count)
			add_score_row(table, row);
	}
	printf("\nscores: %s\n", identity);
	text_table_print(table, stdout, 2);
	text_table_destroy(table);
	if (count > MOST)
		printf("  and %zu earlier ones: --json has all\n", count - MOST);
}

static void print_scores(const json_t *scores)
{
	for (size_t i = 0; i < json_array_size(scores); i++) {
		const char *identity = text_of(json_array_get(scores, i), "identity");
		bool told = false;
		for (size_t k = 0; k < i && !told; k++)
			told = of_recipe(json_array_get(scores, k), identity);
		if (!told)
			print_recipe(scores, identity);
	}
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
	print_run(report);
	print_settings(report->settings);
	if (json_array_size(report->journal) > 0)
		print_journal(report->journal);
	if (json_is_object(report->metrics))
		print_metrics(report->metrics);
	if (json_array_size(report->layers) > 0)
		print_layers(report->layers);
	if (json_array_size(report->layers) > 0)
		print_sizes(report->layers, report->networks);
	print_scores(report->scores);
	if (json_array_size(report->checkpoints) > 0)
		print_checkpoints(report->checkpoints);
	if (json_array_size(report->samples) > 0)
		print_samples(report->samples);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}
