#include "app/study_results.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "app/study_run.h"
#include "app/text_table.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"
#include "engine/quant/quantizer.h"

bool study_results_read(struct store *store, const char *name, struct study_results *results, struct error *error)
{
	*results = (struct study_results){0};
	return store_find_study(store, name, &results->study, error) && study_read_spec(&results->study, &results->spec, error) &&
	       store_list_cells(store, results->study.id, &results->cells, &results->count, error);
}

void study_results_clear(struct study_results *results)
{
	study_clear(&results->study);
	free(results->cells);
	*results = (struct study_results){0};
}

const struct study_cell *study_float_cell(const struct study_results *results, const struct study_cell *cell)
{
	const struct study_cell *base = NULL;
	for (size_t i = 0; i < results->count; i++) {
		const struct study_cell *other = &results->cells[i];
		if (other->status != CELL_DONE || other->seed != cell->seed || strcmp(other->model, cell->model))
			continue;
		if (!strcmp(other->group, "float"))
			return other;
		base = study_cell_is_base(other) ? other : base;
	}
	return base;
}

/* A float cell's bytes are those of every weight in four, whatever it was trained for. */
double study_cell_ratio(const struct study_results *results, const struct study_cell *cell)
{
	for (size_t i = 0; i < results->count; i++)
		if (results->cells[i].d_bits == QUANT_FLOAT_BITS && results->cells[i].g_bits == QUANT_FLOAT_BITS &&
		    !*results->cells[i].overrides && !strcmp(results->cells[i].model, cell->model) && results->cells[i].bytes > 0)
			return results->cells[i].bytes / cell->bytes;
	return NAN;
}

/* ---- layers ---- */

static struct study_layer *find_layer(struct study_layer layers[], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(layers[i].name, name))
			return &layers[i];
	return NULL;
}

static int by_rise(const void *left, const void *right)
{
	const struct study_layer *a = left, *b = right;
	if (isnan(a->rise) || isnan(b->rise))
		return isnan(b->rise) - isnan(a->rise);
	return a->rise > b->rise ? -1 : a->rise < b->rise;
}

size_t study_rank_layers(const struct study_results *results, struct study_layer layers[], size_t room)
{
	const struct study_cell *base = results->count ? study_float_cell(results, &results->cells[0]) : NULL; /* all of one model */
	size_t count = 0;
	for (size_t i = 0; i < results->count; i++) {
		const struct study_cell *cell = &results->cells[i];
		int bits;
		bool of_layer = strchr(cell->group, '.') && sscanf(cell->key + strlen(cell->group), " %d bit", &bits) == 1;
		if (!of_layer || !study_cell_is_over(cell))
			continue;
		struct study_layer *known = find_layer(layers, count, cell->group);
		if (!known && count == room)
			continue;
		if (known && known->bits <= bits)
			continue;
		struct study_layer *layer = known ? known : &layers[count++];
		text_copy(layer->name, sizeof layer->name, cell->group);
		layer->bits = bits;
		layer->rise = cell->status == CELL_DONE && base ? cell->fid - base->fid : NAN;
	}
	qsort(layers, count, sizeof *layers, by_rise);
	return count;
}

/* ---- for people ---- */

static void print_bits(struct text_table *table, int bits)
{
	if (bits == QUANT_FLOAT_BITS)
		text_table_add(table, "float");
	else
		text_table_add(table, "%d", bits);
}

static void print_score(struct text_table *table, double value, double spread, int digits)
{
	if (!isfinite(value))
		text_table_add(table, "-");
	else if (isfinite(spread))
		text_table_add(table, "%.*f ± %.*f", digits, value, digits, spread);
	else
		text_table_add(table, "%.*f", digits, value);
}

static void print_cell(struct text_table *table, const struct study_results *results, const struct study_cell *cell)
{
	char amount[32], duration[32];
	double ratio = study_cell_ratio(results, cell);
	text_table_add(table, "%s", cell->key);
	text_table_add(table, "%s", cell->method);
	print_bits(table, cell->d_bits);
	print_bits(table, cell->g_bits);
	text_table_add(table, "%s%s", cell_status_name(cell->status), cell->by_hand ? " *" : "");
	print_score(table, cell->fid, cell->fid_spread, 2);
	print_score(table, cell->is_mean, cell->is_spread, 2);
	text_table_add(table, "%s", isfinite(cell->bytes) ? text_bytes_amount(amount, sizeof amount, cell->bytes) : "-");
	if (isfinite(ratio))
		text_table_add(table, "%.1fx", ratio);
	else
		text_table_add(table, "-");
	text_table_add(table, "%s", *cell->verdict ? cell->verdict : "-");
	text_table_add(table, "%s", cell->seconds > 0 ? text_duration(duration, sizeof duration, cell->seconds) : "-");
	text_table_add(table, "%s", cell->message);
}

static void print_layers(const struct study_results *results, FILE *file)
{
	static const struct text_column columns[] = {{"layer", false}, {"bits", true}, {"FID rises by", true}, {NULL}};
	struct study_layer layers[64];
	size_t count = study_rank_layers(results, layers, 64);
	if (!count)
		return;
	struct text_table *table = text_table_create(columns);
	fprintf(file, "\nmost sensitive layers first (beyond the paper)\n");
	for (size_t i = 0; i < count; i++) {
		text_table_add(table, "%s", layers[i].name);
		text_table_add(table, "%d", layers[i].bits);
		if (isfinite(layers[i].rise))
			text_table_add(table, "%+.2f", layers[i].rise);
		else
			text_table_add(table, "no score");
	}
	text_table_print(table, file, 2);
	text_table_destroy(table);
}

static void print_recipe(const struct study_results *results, FILE *file)
{
	for (size_t i = 0; i < results->count; i++)
		if (*results->cells[i].identity) {
			fprintf(file, "scores: %s", results->cells[i].identity);
			if (results->cells[i].evaluations > 1)
				fprintf(file, ", means of %d evaluations ± their standard deviation", results->cells[i].evaluations);
			fprintf(file, "\n");
			return;
		}
}

void study_results_print(const struct study_results *results, FILE *file)
{
	static const struct text_column columns[] = {
		{"cell", false}, {"method", false}, {"D", true}, {"G", true}, {"status", false}, {"FID", true}, {"IS", true}, {"packed", true},
		{"smaller", true}, {"verdict", false}, {"took", true}, {"", false}, {NULL},
	};
	const struct study *study = &results->study;
	char duration[32];
	struct text_table *table = text_table_create(columns);
	fprintf(file, "%s: %s, %s%s%s\n", study->name, study->kind, study_status_name(study->status), *study->message ? ": " : "",
	        study->message);
	if (*results->spec.title)
		fprintf(file, "%s\n", results->spec.title);
	fprintf(file, "%" PRId64 " of %" PRId64 " cells done in %s; %" PRId64 " steps a cell\n", study->cells_done, study->cells,
	        text_duration(duration, sizeof duration, study->seconds), results->spec.cell_steps);
	if (results->spec.scale < 1)
		fprintf(file, "scale %.3g: steps are that share of the full length\n", results->spec.scale);
	print_recipe(results, file);
	fprintf(file, "\n");
	for (size_t i = 0; i < results->count; i++)
		print_cell(table, results, &results->cells[i]);
	text_table_print(table, file, 0);
	text_table_destroy(table);
	print_layers(results, file);
}

/* ---- for programs ---- */

static json_t *cell_to_json(const struct study_results *results, const struct study_cell *cell)
{
	json_t *json = json_pack("{s:o, s:s, s:s, s:s, s:i, s:i, s:I, s:s, s:b, s:i}", "cell", cli_json_text(cell->key), "group",
	                         cell->group, "method", cell->method, "model", cell->model, "d_bits", cell->d_bits, "g_bits",
	                         cell->g_bits, "seed", (json_int_t)cell->seed, "status", cell_status_name(cell->status), "by_hand",
	                         cell->by_hand, "evaluations", cell->evaluations);
	json_object_set_new(json, "overrides", cli_json_text(cell->overrides));
	json_object_set_new(json, "run", cell->run ? json_integer(cell->run) : json_null());
	json_object_set_new(json, "fid", cli_json_real(cell->fid));
	json_object_set_new(json, "fid_spread", cli_json_real(cell->fid_spread));
	json_object_set_new(json, "is_mean", cli_json_real(cell->is_mean));
	json_object_set_new(json, "is_spread", cli_json_real(cell->is_spread));
	json_object_set_new(json, "recipe", cli_json_text(cell->identity));
	json_object_set_new(json, "packed_bytes", cli_json_real(cell->bytes));
	json_object_set_new(json, "ratio", cli_json_rounded(study_cell_ratio(results, cell), 4));
	json_object_set_new(json, "verdict", cli_json_text(cell->verdict));
	json_object_set_new(json, "seconds", cli_json_rounded(cell->seconds, 4));
	json_object_set_new(json, "message", cli_json_text(cell->message));
	return json;
}

/* The chosen cell of a search that met its target, or the nearest one. */
static json_t *result_to_json(const struct study_results *results)
{
	struct study_result result;
	const struct search_step *step = &result.step;
	if (strcmp(results->spec.kind, study_kind_names[STUDY_SEARCH]) ||
	    !study_plan_result(&results->spec, results->cells, results->count, &result) || step->kind == SEARCH_MEASURE || step->none)
		return json_null();
	return json_pack("{s:b, s:s, s:i, s:i, s:o, s:s, s:o, s:o}", "met", step->kind == SEARCH_MET, "method", result.method, "d_bits",
	                 step->cell.d_bits, "g_bits", step->cell.g_bits, "score", cli_json_real(step->score), "of",
	                 results->spec.is_min > 0 ? "is" : "fid", "target", cli_json_real(result.target), "packed_bytes",
	                 cli_json_real(result.bytes));
}

json_t *study_results_to_json(const struct study_results *results)
{
	const struct study *study = &results->study;
	json_t *cells = json_array(), *layers = json_array();
	struct study_layer ranked[64];
	size_t count = study_rank_layers(results, ranked, 64);
	for (size_t i = 0; i < results->count; i++)
		json_array_append_new(cells, cell_to_json(results, &results->cells[i]));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(layers, json_pack("{s:s, s:i, s:o}", "layer", ranked[i].name, "bits", ranked[i].bits, "fid_rise",
		                                        cli_json_real(ranked[i].rise)));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "study", study->name, "kind", study->kind,
	                 "status", study_status_name(study->status), "title", cli_json_text(results->spec.title), "scale",
	                 cli_json_real(results->spec.scale), "base_steps", (json_int_t)results->spec.base_steps, "cell_steps",
	                 (json_int_t)results->spec.cell_steps, "cells_done", (json_int_t)study->cells_done, "seconds",
	                 cli_json_rounded(study->seconds, 6), "message", cli_json_text(study->message), "result",
	                 result_to_json(results), "cells", cells, "layers", layers);
}

static void append_number(struct text *text, double value)
{
	if (isfinite(value))
		text_format(text, ",%.9g", value);
	else
		text_format(text, ",");
}

bool study_results_write_csv(const struct study_results *results, const char *path, struct error *error)
{
	struct text text = {0};
	text_format(&text, "cell,group,method,model,d_bits,g_bits,seed,status,evaluations,fid,fid_spread,is_mean,is_spread,packed_bytes,"
	            "ratio,verdict,seconds,recipe\n");
	for (size_t i = 0; i < results->count; i++) {
		const struct study_cell *cell = &results->cells[i];
		text_format(&text, "%s,%s,%s,%s,%d,%d,%" PRIu64 ",%s,%d", cell->key, cell->group, cell->method, cell->model, cell->d_bits,
		            cell->g_bits, cell->seed, cell_status_name(cell->status), cell->evaluations);
		append_number(&text, cell->fid);
		append_number(&text, cell->fid_spread);
		append_number(&text, cell->is_mean);
		append_number(&text, cell->is_spread);
		append_number(&text, cell->bytes);
		append_number(&text, study_cell_ratio(results, cell));
		text_format(&text, ",%s", cell->verdict);
		append_number(&text, cell->seconds);
		text_format(&text, ",\"%s\"\n", cell->identity);
	}
	bool good = replace_file(path, &(struct file_part){text.bytes, text.length}, 1, error);
	text_clear(&text);
	return good;
}
