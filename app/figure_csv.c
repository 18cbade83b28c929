/* The numbers of a figure as RFC 4180 CSV: every line has the same five fields, short blocks leave the last ones empty. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/figure.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"

struct sheet {
	struct text lines;
	struct text of; /* the first field of every line, quoted */
};

/* Quotes inside are doubled; a line break inside a name would be legal, but few readers like it. */
static void quote(struct text *target, const char *text)
{
	text_format(target, "\"");
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			text_format(target, "\"\"");
		else
			text_append(target, (unsigned char)*c < ' ' ? " " : c, 1);
	}
	text_format(target, "\"");
}

static void format_real(char target[32], double value)
{
	if (isnan(value))
		*target = '\0';
	else if (isinf(value))
		strcpy(target, value < 0 ? "-inf" : "inf");
	else
		snprintf(target, 32, "%.15g", value);
}

static void add_real(struct sheet *sheet, const char *name, double value)
{
	char number[32];
	format_real(number, value);
	text_format(&sheet->lines, "%s,%s,%s,,\r\n", sheet->of.bytes, name, number);
}

static void add_word(struct sheet *sheet, const char *name, const char *word)
{
	text_format(&sheet->lines, "%s,%s,", sheet->of.bytes, name);
	quote(&sheet->lines, word);
	text_format(&sheet->lines, ",,\r\n");
}

static void add_numbers(struct sheet *sheet, const struct view_layer *layer)
{
	bool quantized = layer->states > 0;
	text_format(&sheet->lines, "layer,name,value,,\r\n");
	add_word(sheet, "shape", layer->shape);
	add_word(sheet, "method", layer->quantizer);
	add_real(sheet, "bits", layer->bits);
	add_real(sheet, "weights", (double)layer->weights);
	add_real(sheet, "scales", quantized ? layer->groups : NAN);
	add_real(sheet, "degenerate", layer->degenerate);
	add_real(sheet, "alpha", layer->alpha);
	add_real(sheet, "beta", layer->beta);
	add_real(sheet, "mse", layer->mse);
	add_real(sheet, "variance", layer->variance);
	add_real(sheet, "sqnr_db", layer->sqnr_db);
	add_real(sheet, "utilization", layer->utilization);
	add_real(sheet, "dead_states", quantized ? layer->dead_states : NAN);
	add_real(sheet, "flips", layer->flips);
	add_real(sheet, "flip_steps", layer->flip_steps > 0 ? (double)layer->flip_steps : NAN);
	add_real(sheet, "iterations", quantized ? layer->iterations : NAN);
	add_real(sheet, "packed_bytes", layer->packed_bytes);
	add_real(sheet, "weight_min", layer->histogram_min);
	add_real(sheet, "weight_max", layer->histogram_max);
}

static void add_states(struct sheet *sheet, const struct view_layer *layer)
{
	text_format(&sheet->lines, "layer,state,level,count,share\r\n");
	for (int z = 0; z < layer->states; z++) {
		char level[32], share[32];
		format_real(level, layer->levels[z]);
		format_real(share, layer->weights ? (double)layer->counts[z] / (double)layer->weights : NAN);
		text_format(&sheet->lines, "%s,%d,%s,%" PRIu64 ",%s\r\n", sheet->of.bytes, z, level, layer->counts[z], share);
	}
}

static void add_histogram(struct sheet *sheet, const struct view_layer *layer)
{
	double low = layer->histogram_min, width = ((double)layer->histogram_max - low) / VIEW_BINS;
	text_format(&sheet->lines, "layer,low,high,count,\r\n");
	for (int bin = 0; bin < VIEW_BINS; bin++) {
		char from[32], to[32];
		format_real(from, low + bin * width);
		format_real(to, bin == VIEW_BINS - 1 ? layer->histogram_max : low + (bin + 1) * width);
		text_format(&sheet->lines, "%s,%s,%s,%" PRIu32 ",\r\n", sheet->of.bytes, from, to, layer->histogram[bin]);
	}
}

static void add_trace(struct sheet *sheet, const struct view_layer *layer)
{
	text_format(&sheet->lines, "layer,iteration,mse,,\r\n");
	for (int i = 0; i < layer->trace_count; i++) {
		char error[32];
		format_real(error, (double)layer->trace[i]);
		text_format(&sheet->lines, "%s,%d,%s,,\r\n", sheet->of.bytes, i, error);
	}
}

static void add_layer(struct sheet *sheet, const struct figure *figure, const struct view_layer *layer, const char *title)
{
	struct text of = {0};
	text_format(&of, "%s%s%s.%s", title ? title : "", title && *title ? ", " : "", figure->network, layer->name);
	text_clear(&sheet->of);
	quote(&sheet->of, of.bytes);
	text_clear(&of);
	add_numbers(sheet, layer);
	add_states(sheet, layer);
	add_histogram(sheet, layer);
	add_trace(sheet, layer);
}

bool figure_write_csv(const struct figure *figure, const char *path, struct error *error)
{
	struct sheet sheet = {0};
	add_layer(&sheet, figure, figure->layer, figure->title);
	if (figure->other)
		add_layer(&sheet, figure, figure->other, figure->other_title);
	bool good = replace_file(path, &(struct file_part){sheet.lines.bytes, sheet.lines.length}, 1, error);
	text_clear(&sheet.lines);
	text_clear(&sheet.of);
	return good;
}
