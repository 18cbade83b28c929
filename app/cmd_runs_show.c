/* The store's answers become JSON first; the text for people (cmd_runs_show_print.c) is written from the same JSON, so
 * that both say the same. */
#include "app/cmd_runs_show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd_runs.h"
#include "app/run_fields.h"
#include "app/run_verdict.h"
#include "app/score_row.h"
#include "engine/quant/quantizer.h"

/* ---- reading ---- */

static void add_journal(void *context, const struct journal_entry *entry)
{
	json_array_append_new(context, json_pack("{s:I, s:f, s:s, s:s, s:s, s:s}", "step", (json_int_t)entry->step, "time", entry->time,
		"kind", entry->kind, "field", entry->field, "value", entry->value, "text", entry->text));
}

static json_t *point_to_json(const struct metric_point *point)
{
	json_t *json = json_pack("{s:I, s:f}", "step", (json_int_t)point->step, "time", point->time);
	json_object_set_new(json, "epochs", cli_json_real(point->epochs));
	json_object_set_new(json, "loss_d", cli_json_real(point->loss_d));
	json_object_set_new(json, "loss_g", cli_json_real(point->loss_g));
	json_object_set_new(json, "d_real", cli_json_real(point->d_real));
	json_object_set_new(json, "d_fake", cli_json_real(point->d_fake));
	json_object_set_new(json, "wasserstein", cli_json_real(point->wasserstein));
	json_object_set_new(json, "penalty", cli_json_real(point->penalty));
	json_object_set_new(json, "gradient_d", cli_json_real(point->gradient_d));
	json_object_set_new(json, "gradient_g", cli_json_real(point->gradient_g));
	json_object_set_new(json, "images_per_second", cli_json_real(point->images_per_second));
	return json;
}

static json_t *reals_to_json(const double *values, int count, json_t *(*convert)(double value))
{
	json_t *json = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(json, convert(values[i]));
	return json;
}

static json_t *integers_to_json(const int64_t *values, int count)
{
	json_t *json = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(json, json_integer(values[i]));
	return json;
}

/* bytes: of packed codes with their scales, or of floats. */
static void add_sizes(json_t *json, int64_t weights, double bytes)
{
	double floats = (double)weights * sizeof(float);
	json_object_set_new(json, "packed_bytes", cli_json_real(bytes));
	json_object_set_new(json, "float32_bytes", cli_json_real(floats));
	json_object_set_new(json, "bits_per_weight", cli_json_rounded(8 * bytes / (double)weights, 6));
	json_object_set_new(json, "ratio", cli_json_rounded(floats / bytes, 6));
}

static bool is_degenerate(const struct layer_stats *stats)
{
	const struct quantizer *quantizer = quantizer_find(stats->quantizer, NULL);
	return quantizer && stats->bits < quantizer->least_bits;
}

static int64_t count_dead(const struct layer_stats *stats)
{
	int64_t dead = 0;
	for (int i = 0; i < stats->states; i++)
		dead += stats->counts[i] == 0;
	return dead;
}

static void add_layer(void *context, const struct layer_stats *stats)
{
	const char network[] = {stats->network, '\0'};
	json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:b, s:I, s:i, s:i}", "step", (json_int_t)stats->step,
		"network", network, "layer", stats->layer, "shape", stats->shape, "quantizer", stats->quantizer, "bits", stats->bits, "degenerate",
		is_degenerate(stats), "weights", (json_int_t)stats->weights, "scales", stats->states ? stats->groups : 0,
		"iterations", stats->iterations);
	add_sizes(json, stats->weights, stats->packed_bytes);
	json_object_set_new(json, "alpha", cli_json_real(stats->alpha));
	json_object_set_new(json, "beta", cli_json_real(stats->beta));
	json_object_set_new(json, "mse", cli_json_real(stats->mse));
	json_object_set_new(json, "variance", cli_json_real(stats->variance));
	json_object_set_new(json, "sqnr_db", cli_json_level(stats->sqnr_db));
	json_object_set_new(json, "utilization", cli_json_real(stats->utilization));
	json_object_set_new(json, "dead_states", json_integer(count_dead(stats)));
	json_object_set_new(json, "flips", cli_json_real(stats->flips));
	json_object_set_new(json, "flip_steps", json_integer(stats->flip_steps));
	json_object_set_new(json, "levels", reals_to_json(stats->levels, stats->states, cli_json_level));
	json_object_set_new(json, "counts", integers_to_json(stats->counts, stats->states));
	json_object_set_new(json, "trace", reals_to_json(stats->trace, stats->trace_count, cli_json_real));
	json_object_set_new(json, "histogram", json_pack("{s:o, s:o, s:o}", "min", cli_json_real(stats->histogram_min),
		"max", cli_json_real(stats->histogram_max), "counts", integers_to_json(stats->histogram, stats->bins)));
	json_array_append_new(context, json);
}

/* The layers of one network ("D", "G") or of both added up; layers with other bits than the network's are named. */
static void add_network(struct run_report *report, const char *network, int bits)
{
	json_t *exceptions = json_object(), *layer;
	int64_t weights = 0;
	double bytes = 0;
	size_t i;
	json_array_foreach(report->layers, i, layer) {
		if (strcmp(network, "both") != 0 && strcmp(network, json_string_value(json_object_get(layer, "network"))) != 0)
			continue;
		const json_t *packed = json_object_get(layer, "packed_bytes");
		weights += json_integer_value(json_object_get(layer, "weights"));
		bytes += json_is_number(packed) ? json_number_value(packed) : NAN;
		if (json_integer_value(json_object_get(layer, "bits")) != bits)
			json_object_set(exceptions, json_string_value(json_object_get(layer, "layer")), json_object_get(layer, "bits"));
	}
	json_t *json = json_pack("{s:s, s:I}", "network", network, "weights", (json_int_t)weights);
	add_sizes(json, weights, bytes);
	if (strcmp(network, "both") != 0) {
		json_object_set_new(json, "bits", json_integer(bits));
		json_object_set(json, "exceptions", exceptions);
	}
	json_decref(exceptions);
	json_array_append_new(report->networks, json);
}

static void sum_networks(struct run_report *report)
{
	if (json_array_size(report->layers) == 0)
		return;
	add_network(report, "D", report->run.d_bits);
	add_network(report, "G", report->run.g_bits);
	add_network(report, "both", 0);
}

static bool read_checkpoints(struct store *store, struct run_report *report, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	if (!store_list_checkpoints(store, report->run.id, &rows, &count, error))
		return false;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(report->checkpoints, json_pack("{s:I, s:f, s:s, s:I, s:s, s:b, s:b}", "step", (json_int_t)rows[i].step,
			"time", rows[i].time, "path", rows[i].path, "bytes", (json_int_t)rows[i].bytes, "sha256", rows[i].hash,
			"kept", rows[i].kept, "best", rows[i].best));
	free(rows);
	return true;
}

static void add_score(void *context, const struct score *score)
{
	json_array_append_new(context, score_row_to_json(score));
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
	if (!run_verdict_find(store, &report->run, &report->run.verdict, error))
		return false;
	struct metric_point point;
	bool measured = false;
	report->settings = json_loads(report->run.config_json, 0, NULL);
	char *origins = NULL;
	bool found = store_find_run_origins(store, id, &origins, error);
	report->origins = origins ? json_loads(origins, 0, NULL) : NULL;
	free(origins);
	report->journal = json_array();
	report->layers = json_array();
	report->networks = json_array();
	report->checkpoints = json_array();
	report->scores = json_array();
	bool success = found && store_visit_journal(store, id, add_journal, report->journal, error) &&
	               store_find_last_metric(store, id, &point, &measured, error) &&
	               store_visit_layer_stats(store, id, -1, add_layer, report->layers, error) &&
	               store_visit_scores(store, id, NULL, add_score, report->scores, error) &&
	               read_checkpoints(store, report, error) && read_samples(store, report, error);
	report->metrics = measured ? point_to_json(&point) : json_null();
	sum_networks(report);
	return success;
}

void run_report_clear(struct run_report *report)
{
	run_clear(&report->run);
	json_decref(report->settings);
	json_decref(report->origins);
	json_decref(report->journal);
	json_decref(report->metrics);
	json_decref(report->layers);
	json_decref(report->networks);
	json_decref(report->checkpoints);
	json_decref(report->scores);
	json_decref(report->samples);
}

json_t *run_report_to_json(const struct run_report *report)
{
	json_t *json = run_to_json(&report->run);
	json_object_set_new(json, "settings", report->settings ? json_incref(report->settings) : json_null());
	json_object_set_new(json, "origins", report->origins ? json_incref(report->origins) : json_null());
	json_object_set(json, "journal", report->journal);
	json_object_set(json, "metrics", report->metrics);
	json_object_set(json, "networks", report->networks);
	json_object_set(json, "layers", report->layers);
	json_object_set(json, "scores", report->scores);
	json_object_set(json, "checkpoints", report->checkpoints);
	json_object_set(json, "sample_steps", report->samples);
	return json;
}

/* ---- the command ---- */

struct show_arguments {
	const char *store;
	bool json;
};

static int run(int argc, char **argv)
{
	struct show_arguments arguments = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_runs_show.syntax, subcommand_runs_show.help, argc, argv, &arguments, &words, &status))
		return status;
	struct error error = {0};
	struct run_report report = {0};
	struct store *store = runs_open_store(arguments.store, STORE_READ, &error);
	bool success = store && run_report_read(store, words.items[0], &report, &error);
	store_close(store);
	if (!success)
		status = cli_fail(&error);
	else
		status = arguments.json ? cli_print_json(run_report_to_json(&report)) : run_report_print(&report);
	run_report_clear(&report);
	return status;
}

static const struct cli_option options[] = {
	CLI_STORE(struct show_arguments, store),
	CLI_JSON(struct show_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_show = {
	.name = "show",
	.help = "Show one run: settings, journal, last metrics and layer statistics, checkpoints, samples.",
	.syntax = {.positionals = "RUN", .min = 1, .max = 1, .options = options, .notes = "RUN is a name or an id.\n"},
	.run = run,
};
