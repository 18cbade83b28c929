#include "app/cmd_weights.h"

#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/run_fields.h"
#include "app/state_table.h"
#include "app/text_table.h"

/* ---- JSON ---- */

static json_t *reals_to_json(const double *values, int count, json_t *(*convert)(double))
{
	json_t *json = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(json, convert(values[i]));
	return json;
}

static json_t *trace_to_json(const struct view_layer *layer)
{
	json_t *json = json_array();
	for (int i = 0; i < layer->trace_count; i++)
		json_array_append_new(json, cli_json_rounded((double)layer->trace[i], 9));
	return json;
}

static json_t *counts_to_json(const struct view_layer *layer)
{
	json_t *json = json_array();
	for (int z = 0; z < layer->states; z++)
		json_array_append_new(json, json_integer((json_int_t)layer->counts[z]));
	return json;
}

static json_t *histogram_to_json(const struct view_layer *layer)
{
	json_t *counts = json_array();
	for (int bin = 0; bin < VIEW_BINS; bin++)
		json_array_append_new(counts, json_integer(layer->histogram[bin]));
	return json_pack("{s:o, s:o, s:o}", "min", cli_json_real((double)layer->histogram_min),
	                 "max", cli_json_real((double)layer->histogram_max), "counts", counts);
}

/* How much larger the error is than that of the best levels of all; NaN: not known. */
static double gap_of(const struct weights_row *row)
{
	return row->best_mse > 0 ? row->layer.mse / row->best_mse - 1 : NAN;
}

static json_t *row_to_json(const struct weights_row *row)
{
	const struct view_layer *layer = &row->layer;
	json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:s, s:i, s:i, s:b}", "network", weights_network_name(row->network),
		"layer", layer->name, "shape", layer->shape, "weights", (json_int_t)layer->weights, "method", layer->quantizer,
		"bits", layer->bits, "scales", layer->states ? layer->groups : 0, "degenerate", layer->degenerate);
	json_object_set_new(json, "alpha", cli_json_real(layer->alpha));
	json_object_set_new(json, "beta", cli_json_real(layer->beta));
	json_object_set_new(json, "mse", cli_json_real(layer->mse));
	json_object_set_new(json, "variance", cli_json_real(layer->variance));
	json_object_set_new(json, "sqnr_db", cli_json_real(layer->sqnr_db));
	json_object_set_new(json, "utilization", cli_json_real(layer->utilization));
	json_object_set_new(json, "dead_states", layer->states ? json_integer(layer->dead_states) : json_null());
	json_object_set_new(json, "best_mse", cli_json_real(row->best_mse));
	json_object_set_new(json, "best_gap", cli_json_real(gap_of(row)));
	json_object_set_new(json, "packed_bytes", cli_json_real(layer->packed_bytes));
	json_object_set_new(json, "bits_per_weight", cli_json_real(8 * layer->packed_bytes / (double)layer->weights));
	json_object_set_new(json, "iterations", layer->states ? json_integer(layer->iterations) : json_null());
	json_object_set_new(json, "trace", trace_to_json(layer));
	json_object_set_new(json, "levels", reals_to_json(layer->levels, layer->states, cli_json_level));
	json_object_set_new(json, "counts", counts_to_json(layer));
	json_object_set_new(json, "histogram", histogram_to_json(layer));
	return json;
}

static json_t *question_to_json(const struct weights_report *report)
{
	if (!report->asked)
		return json_null();
	const struct what_if *what_if = &report->what_if[report->rows[0].network];
	return json_pack("{s:s, s:b, s:b}", "method", what_if->quantizer->name, "literal", what_if->literal,
	                 "per_channel", what_if->per_channel);
}

int weights_report_print_json(const struct weights_report *report)
{
	json_t *layers = json_array();
	for (int i = 0; i < report->row_count; i++)
		json_array_append_new(layers, row_to_json(&report->rows[i]));
	return cli_print_json(json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "run", cli_json_text(report->run),
		"step", (json_int_t)report->step, "what_if", question_to_json(report), "png", cli_json_text(report->png),
		"csv", cli_json_text(report->csv), "pictures", cli_json_text(report->pictures), "layers", layers));
}

/* ---- for people ---- */

static const struct text_column columns[] = {
	{.title = "layer"}, {.title = "shape"}, {.title = "weights", .right = true}, {.title = "method"},
	{.title = "bits", .right = true}, {.title = "alpha", .right = true}, {.title = "beta", .right = true},
	{.title = "MSE/var", .right = true}, {.title = "SQNR dB", .right = true}, {.title = "util", .right = true},
	{.title = "dead", .right = true}, {.title = "best levels", .right = true}, {.title = "iter", .right = true},
	{.title = "bytes", .right = true}, {.title = "smaller", .right = true}, {.title = NULL},
};

/* The number, or "-" where there is none. */
static void add_number(struct text_table *table, const char *format, double value)
{
	char text[32];
	if (isnan(value))
		snprintf(text, sizeof text, "-");
	else
		snprintf(text, sizeof text, format, value);
	text_table_add(table, "%s", text);
}

static double error_share(const struct view_layer *layer)
{
	return layer->variance > 0 ? layer->mse / layer->variance : NAN;
}

static void add_row(struct text_table *table, const struct weights_row *row)
{
	const struct view_layer *layer = &row->layer;
	char text[32];
	text_table_add(table, "%s.%s", weights_network_name(row->network), layer->name);
	text_table_add(table, "%s", layer->shape);
	text_table_add(table, "%s", text_count(text, sizeof text, (int64_t)layer->weights));
	text_table_add(table, "%s%s", layer->states ? layer->quantizer : "-", layer->degenerate ? " (degenerate)" : "");
	run_bits_text(text, sizeof text, layer->bits);
	text_table_add(table, "%s", text);
	add_number(table, "%.4g", layer->alpha);
	add_number(table, "%.4g", layer->beta);
	add_number(table, "%.3g", error_share(layer));
	add_number(table, "%.1f", layer->sqnr_db);
	add_number(table, "%.1f %%", 100 * layer->utilization);
	add_number(table, "%.0f", layer->states ? layer->dead_states : NAN);
	add_number(table, "%+.1f %%", layer->mse > 0 ? 100 * (row->best_mse / layer->mse - 1) : NAN);
	add_number(table, "%.0f", layer->states ? layer->iterations : NAN);
	text_table_add(table, "%s", text_bytes_amount(text, sizeof text, layer->packed_bytes));
	add_number(table, "%.1fx", layer->states ? 4 * (double)layer->weights / layer->packed_bytes : NAN);
}

/* What all shown weights of a network take, packed and as float32. */
static void print_sizes(const struct weights_report *report)
{
	for (int network = 0; network < NETWORK_COUNT; network++) {
		double packed = 0, whole = 0;
		char packed_text[32], whole_text[32];
		for (int i = 0; i < report->row_count; i++)
			if (report->rows[i].network == (enum network_id)network) {
				packed += report->rows[i].layer.packed_bytes;
				whole += 4 * (double)report->rows[i].layer.weights;
			}
		if (packed > 0)
			printf("%s: %s instead of %s, %.1f times smaller\n", weights_network_name(network),
			       text_bytes_amount(packed_text, sizeof packed_text, packed),
			       text_bytes_amount(whole_text, sizeof whole_text, whole), whole / packed);
	}
}

static void print_table(const struct weights_report *report)
{
	struct text_table *table = text_table_create(columns);
	for (int i = 0; i < report->row_count; i++)
		add_row(table, &report->rows[i]);
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
}

/* What the latest iterations of the fit have brought; all of them are in the JSON and CSV. */
static void print_trace(const struct view_layer *layer)
{
	if (layer->trace_count >= 2)
		printf("\nMSE %.6g, %.6g at the end of the last %d iterations\n", (double)layer->trace[0],
		       (double)layer->trace[layer->trace_count - 1], layer->trace_count - 1);
}

int weights_report_print(const struct weights_report *report)
{
	char step[32];
	printf("%s, step %s%s\n\n", report->run, text_count(step, sizeof step, report->step),
	       report->asked ? ", what if (nothing is trained)" : "");
	print_table(report);
	printf("\n");
	if (report->row_count == 1 && report->rows[0].layer.states)
		state_table_print(report->rows[0].layer.levels, report->rows[0].layer.counts, report->rows[0].layer.states);
	else
		print_sizes(report);
	if (report->row_count == 1)
		print_trace(&report->rows[0].layer);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}
