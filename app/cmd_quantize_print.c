#include "app/cmd_quantize.h"

#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/state_table.h"

/* Alpha and beta belong to a formula that has them, or to constant weights, whose value is beta. */
static bool has_scale(const struct quantize_report *report)
{
	return !report->quantizer->without_scale || report->statistics.fit.constant;
}

static double bits_a_weight(const struct quant_statistics *s) { return 8 * s->packed_bytes / (double)s->weights; }

/* ---- JSON ---- */

static json_t *json_scale(const struct quantize_report *report, double value)
{
	return has_scale(report) ? cli_json_real(value) : json_null();
}

/* What the packed codes hold, against float32. */
static void add_sizes(json_t *json, const struct quant_statistics *s)
{
	json_object_set_new(json, "packed_bytes", json_integer((json_int_t)s->packed_bytes));
	json_object_set_new(json, "bits_per_weight", cli_json_real(bits_a_weight(s)));
	json_object_set_new(json, "ratio", cli_json_real(32 / bits_a_weight(s)));
}

static void add_procedure(json_t *json, const struct quantize_report *report)
{
	const struct quant_fit *fit = &report->statistics.fit;
	json_t *trace = json_array();
	for (int i = 0; i < report->trace.count; i++)
		json_array_append_new(trace, cli_json_real(report->trace.errors[i]));
	json_object_set_new(json, "literal", json_boolean(report->literal));
	json_object_set_new(json, "degenerate", json_boolean(report->degenerate));
	json_object_set_new(json, "scales", json_integer(report->statistics.groups));
	json_object_set_new(json, "eps", fit->eps > 0 ? cli_json_real(fit->eps) : json_null());
	json_object_set_new(json, "trace", trace);
	json_object_set_new(json, "best_levels_mse", cli_json_real(report->best_levels_error));
	json_object_set_new(json, "gap", cli_json_real(report->statistics.mean_squared_error / report->best_levels_error));
}

int quantize_report_print_json(const struct quantize_report *report)
{
	const struct quant_statistics *s = &report->statistics;
	json_t *levels = json_array(), *counts = json_array();
	for (int z = 0; z < 1 << s->fit.bits; z++) {
		json_array_append_new(levels, cli_json_level(s->levels[z]));
		json_array_append_new(counts, json_integer((json_int_t)s->counts[z]));
	}
	json_t *json = json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:o, s:o, s:i}",
		"method", report->quantizer->name, "bits", s->fit.bits, "alpha", json_scale(report, s->fit.alpha),
		"beta", json_scale(report, s->fit.beta), "levels", levels, "counts", counts,
		"mse", cli_json_real(s->mean_squared_error), "utilization", cli_json_real(s->utilization),
		"iterations", s->fit.iterations, "weights", (json_int_t)s->weights, "variance", cli_json_real(s->variance),
		"sqnr_db", cli_json_real(s->sqnr_db), "dead_states", s->dead_states);
	add_sizes(json, s);
	add_procedure(json, report);
	return cli_print_json(json);
}

/* ---- for people ---- */

static void print_title(const struct quantize_report *report)
{
	const struct npy *tensor = report->tensor;
	int bits = report->statistics.fit.bits;
	char weights[32];
	printf("%s: %s weight%s", report->path, text_count(weights, sizeof weights, (int64_t)tensor->count),
	       tensor->count == 1 ? "" : "s");
	for (int i = 0; i < tensor->dimensions; i++)
		printf("%s%zu", i ? "x" : ", ", tensor->shape[i]);
	printf(", %s at %d bit%s\n", report->quantizer->label, bits, bits == 1 ? "" : "s");
	if (report->statistics.groups > 1)
		printf("%d channels with a scale each (beyond the paper): alpha, beta and levels are means over them.\n",
		       report->statistics.groups);
	if (report->degenerate)
		printf("%s degenerates at %d bit%s: %s.\n", report->quantizer->label, bits, bits == 1 ? "" : "s",
		       report->quantizer->degeneration);
	putchar('\n');
}

static void print_fit(const struct quantize_report *report)
{
	const struct quant_statistics *s = &report->statistics;
	putchar('\n');
	if (isinf(s->levels[0]))
		printf("inf          training writes %.6g and %.6g instead, and the MSE is of what it writes\n",
		       (double)report->ends[0], (double)report->ends[1]);
	if (has_scale(report))
		printf("alpha        %.9g\nbeta         %.9g\n", s->fit.alpha, s->fit.beta);
	if (s->fit.eps > 0)
		printf("eps          %g\n", s->fit.eps);
}

static void print_error(const struct quant_statistics *s)
{
	printf("MSE          %.6g", s->mean_squared_error);
	if (s->variance > 0)
		printf(" (%.3g of the variance %.6g)", s->mean_squared_error / s->variance, s->variance);
	if (isfinite(s->sqnr_db))
		printf("\nSQNR         %.2f dB\n", s->sqnr_db);
	else
		printf("\nSQNR         without limit: no error\n");
}

static void print_best_levels(const struct quantize_report *report)
{
	double best = report->best_levels_error, error = report->statistics.mean_squared_error;
	if (isnan(best))
		return;
	printf("best levels  MSE %.6g with %d levels wherever they serve best", best, 1 << report->statistics.fit.bits);
	if (best > 0)
		printf("; this is %.4g times that", error / best);
	putchar('\n');
}

static void print_procedure(const struct quantize_report *report)
{
	const struct quant_trace *trace = &report->trace;
	printf("iterations   %d", report->statistics.fit.iterations);
	if (trace->count > 1)
		printf(", MSE from %.6g to %.6g", (double)trace->errors[0], (double)trace->errors[trace->count - 1]);
	putchar('\n');
}

static void print_sizes(const struct quant_statistics *s)
{
	char packed[32], whole[32];
	printf("packed       %s with scales instead of %s: %.4g bits a weight, %.3g of float32\n",
	       text_bytes_amount(packed, sizeof packed, s->packed_bytes),
	       text_bytes_amount(whole, sizeof whole, 4 * (double)s->weights), bits_a_weight(s), bits_a_weight(s) / 32);
}

static void print_sums(const struct quantize_report *report)
{
	const struct quant_statistics *s = &report->statistics;
	print_fit(report);
	print_error(s);
	print_best_levels(report);
	printf("utilization  %.1f %% (entropy of the states over the bits)", 100 * s->utilization);
	if (s->dead_states)
		printf(", %d of %d states without a weight", s->dead_states, 1 << s->fit.bits);
	putchar('\n');
	print_procedure(report);
	print_sizes(s);
}

int quantize_report_print_text(const struct quantize_report *report)
{
	const struct quant_statistics *s = &report->statistics;
	print_title(report);
	if (s->weights == 0) {
		printf("Nothing to quantize.\n");
	} else {
		state_table_print(s->levels, s->counts, 1 << s->fit.bits);
		print_sums(report);
	}
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}
