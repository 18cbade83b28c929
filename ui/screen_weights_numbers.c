#include "ui/screen_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/screen_layers.h"
#include "ui/widget_histogram.h"
#include "ui/widget_table.h"
#include "ui/widget_weights.h"

enum {
	WEIGHTS_NUMBERS = 18, MOST_COLUMNS = 3,
	NAME_WIDTH = 12, PIECE_GAP = 3, COURSE_WIDTH = 12,
	TEXT_SIZE = 96, NUMBER_SIZE = 32,
};

char *weights_layer_name(char *target, size_t size, const struct weights_scene *scene)
{
	snprintf(target, size, "%s.%s", scene->network == VIEW_D ? "D" : "G", scene->trained->name);
	return target;
}

char *weights_method(char *target, size_t size, const struct view_layer *layer)
{
	if (weights_is_float(layer))
		text_copy(target, size, "float");
	else
		snprintf(target, size, "%s%s%d bit", layer->quantizer, layer->quantizer[0] ? " " : "", layer->bits);
	return target;
}

enum theme_role weights_role(const struct weights_scene *scene, const struct view_layer *layer)
{
	return layer == scene->answer ? ROLE_MARK : scene->network == VIEW_D ? ROLE_D : ROLE_G;
}

/* ---- one writer a number; nothing written: not known */

static void write_real(char *text, double value, int digits)
{
	if (isfinite(value))
		screen_number(text, TEXT_SIZE, value, digits);
}

static void write_method(const struct view_layer *layer, char *text)
{
	weights_method(text, TEXT_SIZE, layer);
	if (layer->degenerate && !weights_is_float(layer))
		strncat(text, ", N/A", TEXT_SIZE - strlen(text) - 1);
}

static void write_scales(const struct view_layer *layer, char *text)
{
	if (!weights_is_float(layer))
		snprintf(text, TEXT_SIZE, layer->groups > 1 ? "%d channels" : "one", layer->groups);
}

/* Methods without alpha and beta have zeros there. */
static bool has_scale(const struct view_layer *layer)
{
	return !weights_is_float(layer) && (layer->alpha != 0 || layer->beta != 0);
}

static void write_alpha(const struct view_layer *layer, char *text)
{
	if (has_scale(layer))
		write_real(text, layer->alpha, 3);
}

static void write_beta(const struct view_layer *layer, char *text)
{
	if (has_scale(layer))
		write_real(text, layer->beta, 3);
}

static void write_mse(const struct view_layer *layer, char *text)
{
	if (!weights_is_float(layer))
		write_real(text, layer->mse, 3);
}

static void write_relative(const struct view_layer *layer, char *text)
{
	if (!weights_is_float(layer) && layer->variance > 0)
		write_real(text, layer->mse / layer->variance, 3);
}

static void write_sqnr(const struct view_layer *layer, char *text)
{
	if (!weights_is_float(layer) && isinf(layer->sqnr_db) && layer->sqnr_db > 0)
		text_copy(text, TEXT_SIZE, "exact");
	else if (!weights_is_float(layer) && isfinite(layer->sqnr_db) && fabs(layer->sqnr_db) < 1e4)
		snprintf(text, TEXT_SIZE, "%.1f dB", layer->sqnr_db);
}

static void write_utilization(const struct view_layer *layer, char *text)
{
	if (!weights_is_float(layer) && layer->utilization >= 0 && layer->utilization <= 1 + 1e-6)
		snprintf(text, TEXT_SIZE, "%.0f %%", 100 * layer->utilization);
}

static void write_dead(const struct view_layer *layer, char *text)
{
	weights_dead(text, TEXT_SIZE, layer);
}

static bool has_size(const struct view_layer *layer)
{
	return layer->packed_bytes >= 1 && isfinite(layer->packed_bytes) && layer->weights > 0;
}

static void write_packed(const struct view_layer *layer, char *text)
{
	if (has_size(layer))
		text_bytes_amount(text, TEXT_SIZE, layer->packed_bytes);
}

static void write_effective_bits(const struct view_layer *layer, char *text)
{
	if (has_size(layer) && !weights_is_float(layer))
		write_real(text, 8 * layer->packed_bytes / (double)layer->weights, 3);
}

static void write_ratio(const struct view_layer *layer, char *text)
{
	if (has_size(layer) && !weights_is_float(layer))
		snprintf(text, TEXT_SIZE, "%.1fx", 4 * (double)layer->weights / layer->packed_bytes);
}

static void write_flips(const struct view_layer *layer, char *text)
{
	double rate = weights_is_float(layer) ? NAN : layers_flip_rate(layer);
	if (isfinite(rate))
		snprintf(text, TEXT_SIZE, "%.*f %%", rate < 0.1 ? 1 : 0, 100 * rate);
}

static void write_iterations(const struct view_layer *layer, char *text)
{
	if (!weights_is_float(layer) && layer->iterations > 0)
		snprintf(text, TEXT_SIZE, "%d", layer->iterations);
}

static int trace_count(const struct view_layer *layer)
{
	int count = layer->trace_count > VIEW_TRACE ? VIEW_TRACE : layer->trace_count;
	return weights_is_float(layer) || count < 2 ? 0 : count;
}

static void write_trace(const struct view_layer *layer, char *text)
{
	char first[NUMBER_SIZE], last[NUMBER_SIZE];
	int count = trace_count(layer);
	if (!count)
		return;
	screen_number(first, sizeof first, (double)layer->trace[0], 2);
	screen_number(last, sizeof last, (double)layer->trace[count - 1], 2);
	snprintf(text, TEXT_SIZE, "%s \xe2\x96\xb8 %s", first, last);
}

static void write_lowest(const struct view_layer *layer, char *text)
{
	write_real(text, (double)layer->histogram_min, 3);
}

static void write_highest(const struct view_layer *layer, char *text)
{
	write_real(text, (double)layer->histogram_max, 3);
}

static void write_deviation(const struct view_layer *layer, char *text)
{
	if (layer->variance > 0)
		write_real(text, sqrt(layer->variance), 3);
}

/* In the order of the pane; `importance` orders them in running text, 0 stays out of it. */
static const struct number {
	const char *name, *brief;
	int importance;
	void (*write)(const struct view_layer *layer, char *text); /* at most TEXT_SIZE */
} numbers[WEIGHTS_NUMBERS] = {
	{"method", "", 0, write_method},
	{"scales", "scales", 12, write_scales},
	{"alpha", "\xce\xb1", 5, write_alpha},
	{"beta", "\xce\xb2", 6, write_beta},
	{"MSE", "MSE", 7, write_mse},
	{"MSE/variance", "MSE/var", 4, write_relative},
	{"SQNR", "SQNR", 2, write_sqnr},
	{"utilization", "util", 1, write_utilization},
	{"dead states", "dead", 3, write_dead},
	{"packed", "packed", 8, write_packed},
	{"bits/weight", "bits/weight", 10, write_effective_bits},
	{"smaller by", "smaller by", 9, write_ratio},
	{"flips in 1k", "flips in 1k steps", 11, write_flips},
	{"iterations", "iterations", 13, write_iterations},
	{"error", "error", 14, write_trace},
	{"lowest", "lowest", 15, write_lowest},
	{"highest", "highest", 16, write_highest},
	{"deviation", "deviation", 17, write_deviation},
};

static enum theme_role role_of_number(const struct number *number, const struct view_layer *layer, const char *text)
{
	bool bad = (number->write == write_dead && strcmp(text, "none") != 0) || (number->write == write_method && layer->degenerate);
	return bad && text[0] ? ROLE_WARNING : ROLE_TEXT;
}

/* ---- a column for each layer */

struct column {
	const struct view_layer *layer;
	const char *title;
};

static void draw_number(struct canvas *cell, const struct number *number, const struct view_layer *layer)
{
	char text[TEXT_SIZE] = "";
	number->write(layer, text);
	int width = canvas_text_width(text), count = trace_count(layer), room = cell->clip.width - width - 1;
	bool course = number->write == write_trace && count && room >= 4;
	table_text(cell, false, false, text[0] ? role_of_number(number, layer, text) : ROLE_QUIET, text[0] ? text : "-");
	if (course)
		histogram_draw_course(cell, width + 1, 0, room < COURSE_WIDTH ? room : COURSE_WIDTH, layer->trace, count, ROLE_BAR);
}

static int list_columns(const struct weights_scene *scene, struct column columns[MOST_COLUMNS])
{
	const struct column all[MOST_COLUMNS] = {{scene->trained, "trained"}, {scene->answer, "what if"}, {scene->other, "other"}};
	int count = 0;
	for (int i = 0; i < MOST_COLUMNS; i++)
		if (all[i].layer)
			columns[count++] = all[i];
	return count;
}

static bool any_known(const struct number *number, const struct column *columns, int count)
{
	char text[TEXT_SIZE] = "";
	for (int i = 0; i < count && !text[0]; i++)
		number->write(columns[i].layer, text);
	return text[0] != '\0';
}

/* ---- what no single layer record holds */

static const struct view_search_layer *cost_of(const struct weights_scene *scene)
{
	return view_layer_cost(scene->view, scene->network, scene->trained->name);
}

/* A study of layers is not the paper's. */
static void draw_cost(struct canvas *canvas, int y, const struct view_search_layer *cost)
{
	canvas_text(canvas, 0, y, ROLE_QUIET, 0, "FID alone");
	if (isfinite(cost->rise))
		canvas_format(canvas, NAME_WIDTH + 1, y, ROLE_TEXT, 0, "%+.2f at %d bit  (beyond the paper)", cost->rise, cost->bits);
	else
		canvas_format(canvas, NAME_WIDTH + 1, y, ROLE_WARNING, 0, "fails at %d bit  (beyond the paper)", cost->bits);
}

int weights_number_rows(const struct weights_scene *scene)
{
	struct column columns[MOST_COLUMNS];
	int count = list_columns(scene, columns), rows = (count > 1) + (cost_of(scene) != NULL);
	for (int i = 0; i < WEIGHTS_NUMBERS; i++)
		rows += any_known(&numbers[i], columns, count);
	return rows;
}

void weights_draw_numbers(struct canvas *canvas, const struct weights_scene *scene)
{
	struct column columns[MOST_COLUMNS];
	int count = list_columns(scene, columns), width = (canvas->clip.width - NAME_WIDTH - 1) / count, y = 0;
	for (int i = 0; count > 1 && i < count; i++) {
		struct canvas cell = canvas_part(canvas, (struct rect){NAME_WIDTH + 1 + i * width, 0, width - 1, 1});
		table_text(&cell, false, false, weights_role(scene, columns[i].layer), columns[i].title);
	}
	y += count > 1;
	for (int row = 0; row < WEIGHTS_NUMBERS; row++) {
		if (!any_known(&numbers[row], columns, count))
			continue;
		canvas_text(canvas, 0, y, ROLE_QUIET, 0, numbers[row].name);
		for (int i = 0; i < count; i++) {
			struct rect place = {NAME_WIDTH + 1 + i * width, y, width - (i + 1 < count), 1};
			struct canvas cell = canvas_part(canvas, place);
			draw_number(&cell, &numbers[row], columns[i].layer);
		}
		y++;
	}
	if (cost_of(scene))
		draw_cost(canvas, y, cost_of(scene));
}

/* ---- running text */

void weights_draw_number_lines(struct canvas *canvas, const struct view_layer *layer)
{
	int x = 0, y = 0, width = canvas->clip.width;
	for (int importance = 1; importance <= WEIGHTS_NUMBERS && y < canvas->clip.height; importance++)
		for (int i = 0; i < WEIGHTS_NUMBERS; i++) {
			char text[TEXT_SIZE] = "";
			if (numbers[i].importance != importance)
				continue;
			numbers[i].write(layer, text);
			int length = canvas_text_width(numbers[i].brief) + 1 + canvas_text_width(text);
			if (!text[0])
				continue;
			if (x && x + length > width) {
				x = 0;
				y++;
			}
			int used = canvas_text(canvas, x, y, ROLE_QUIET, 0, numbers[i].brief) + 1;
			canvas_text(canvas, x + used, y, role_of_number(&numbers[i], layer, text), 0, text);
			x += length + PIECE_GAP;
		}
}
