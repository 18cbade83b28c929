#include "ui/screen_layers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/widget_states.h"
#include "ui/widget_table.h"

enum { MAX_ROWS = VIEW_NETWORKS * VIEW_MAX_LAYERS, NUMBER_SIZE = 32, CELL_SIZE = 48, USUAL_LAYERS = 4 };

/* With more bits than these a dead state tells nothing: the tail of a bell curve has no weights for so many. */
enum { TELLING_BITS = 4 };

struct row {
	enum view_network network;
	int position;                   /* in its network */
	const struct view_layer *layer;
};

struct rows {
	struct row items[MAX_ROWS];
	int count;
	bool both; /* of both networks: names carry the network's letter */
};

static const enum theme_role network_roles[VIEW_NETWORKS] = {[VIEW_D] = ROLE_D, [VIEW_G] = ROLE_G};
static const char network_letters[VIEW_NETWORKS] = {[VIEW_D] = 'D', [VIEW_G] = 'G'};

static bool is_float(const struct view_layer *layer) { return layer->states < 1 || layer->states > VIEW_MAX_STATES; }

static int layer_count(const struct view *view, enum view_network network)
{
	int count = view->layer_count[network];
	return count < 0 ? 0 : count > VIEW_MAX_LAYERS ? VIEW_MAX_LAYERS : count;
}

static void add_rows(struct rows *rows, const struct view *view, enum view_network network)
{
	for (int i = 0; i < layer_count(view, network); i++)
		rows->items[rows->count++] = (struct row){network, i, &view->layers[network][i]};
}

static void draw_name(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[CELL_SIZE];
	if (rows->both)
		snprintf(text, sizeof text, "%c %s", network_letters[row->network], row->layer->name);
	else
		text_copy(text, sizeof text, row->layer->name);
	table_text(cell, false, false, network_roles[row->network], text);
}

static void draw_shape(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	table_text(cell, false, false, ROLE_TEXT, row->layer->shape);
}

static void draw_weights(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	char text[NUMBER_SIZE];
	table_text(cell, false, true, ROLE_TEXT, text_short_count(text, sizeof text, (double)row->layer->weights));
}

static void draw_states(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	if (!is_float(row->layer)) {
		states_draw(cell, row->layer->counts, row->layer->states, network_roles[row->network]);
		return;
	}
	int used = canvas_text(cell, 0, 0, ROLE_QUIET, 0, "float") + 1;
	struct canvas rest = canvas_part(cell, (struct rect){used, 0, cell->clip.width - used, 1});
	states_draw_histogram(&rest, row->layer->histogram, VIEW_BINS, ROLE_QUIET);
}

static void draw_utilization(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	char text[NUMBER_SIZE];
	double used = is_float(row->layer) ? NAN : row->layer->utilization;
	table_text(cell, false, true, ROLE_TEXT, screen_percent(text, sizeof text, used, 0));
}

static void draw_sqnr(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	char text[NUMBER_SIZE];
	snprintf(text, sizeof text, isfinite(row->layer->sqnr_db) && !is_float(row->layer) ? "%.1f" : "-", row->layer->sqnr_db);
	table_text(cell, false, true, ROLE_TEXT, text);
}

static void draw_dead(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	char text[NUMBER_SIZE];
	int dead = row->layer->dead_states;
	bool worrying = dead > 0 && row->layer->bits <= TELLING_BITS;
	snprintf(text, sizeof text, is_float(row->layer) ? "-" : "%d", dead);
	table_text(cell, false, true, worrying ? ROLE_WARNING : ROLE_QUIET, text);
}

static void draw_real(const struct row *row, struct canvas *cell, double value, int digits)
{
	char text[NUMBER_SIZE];
	table_text(cell, false, true, ROLE_TEXT, screen_number(text, sizeof text, is_float(row->layer) ? NAN : value, digits));
}

static void draw_alpha(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	draw_real(row, cell, row->layer->alpha, 3);
}

static void draw_beta(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	draw_real(row, cell, row->layer->beta, 3);
}

static void draw_mse(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	draw_real(row, cell, row->layer->mse, 2);
}

static void draw_flips(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	char text[NUMBER_SIZE];
	table_text(cell, false, true, ROLE_TEXT, screen_percent(text, sizeof text, is_float(row->layer) ? NAN : row->layer->flips, 1));
}

static void draw_iterations(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	(void)rows;
	char text[NUMBER_SIZE];
	snprintf(text, sizeof text, row->layer->iterations > 0 && !is_float(row->layer) ? "%d" : "-", row->layer->iterations);
	table_text(cell, false, true, ROLE_QUIET, text);
}

static const struct table_column columns[] = {
	{"layer", 9, 14, 0, false}, {"shape", 11, 13, 5, false}, {"weights", 7, 0, 8, true}, {"states", 6, 0, 0, false},
	{"util %", 6, 0, 2, true}, {"SQNR dB", 7, 0, 1, true}, {"alpha", 7, 8, 4, true}, {"beta", 8, 9, 6, true},
	{"flips %", 7, 0, 3, true}, {"MSE", 7, 0, 7, true}, {"iter", 4, 0, 9, true}, {"dead", 4, 0, 1, true},
};
enum { COLUMNS = sizeof columns / sizeof *columns, STATES_COLUMN = 3 };
static void (*const drawers[COLUMNS])(const struct rows *rows, const struct row *row, struct canvas *cell) = {
	draw_name, draw_shape, draw_weights, draw_states, draw_utilization, draw_sqnr, draw_alpha, draw_beta, draw_flips, draw_mse,
	draw_iterations, draw_dead,
};

static void draw_cell(const void *context, int row, int column, struct canvas *cell, bool selected)
{
	(void)selected;
	const struct rows *rows = context;
	drawers[column](rows, &rows->items[row], cell);
}

/* Float layers have nothing to go wrong. */
static double quality(const struct view_layer *layer)
{
	return is_float(layer) || isnan(layer->sqnr_db) ? INFINITY : layer->sqnr_db;
}

/* Worst first. */
static int compare_badness(const void *left, const void *right)
{
	const struct view_layer *a = ((const struct row *)left)->layer, *b = ((const struct row *)right)->layer;
	int dead = (is_float(b) ? 0 : b->dead_states) - (is_float(a) ? 0 : a->dead_states);
	return dead ? dead : (quality(a) > quality(b)) - (quality(a) < quality(b));
}

static int compare_place(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	return a->network != b->network ? (int)a->network - (int)b->network : a->position - b->position;
}

/* Keeps the `most` worst rows, in the order of the networks. */
static void keep_worst(struct rows *rows, int most)
{
	if (rows->count <= most)
		return;
	qsort(rows->items, (size_t)rows->count, sizeof *rows->items, compare_badness);
	rows->count = most > 0 ? most : 0;
	qsort(rows->items, (size_t)rows->count, sizeof *rows->items, compare_place);
}

static void describe_size(struct text *text, const struct view_run *run, enum view_network network)
{
	char amount[NUMBER_SIZE];
	if (run->bits[network] >= 32)
		text_format(text, "%s", text_bytes_amount(amount, sizeof amount, run->float_bytes[network]));
	else
		text_format(text, "%s packed (%.1fx)", text_bytes_amount(amount, sizeof amount, run->packed_bytes[network]),
			run->float_bytes[network] / run->packed_bytes[network]);
}

static void describe_network(struct text *text, const struct view *view, enum view_network network)
{
	const struct view_run *run = &view->run;
	char weights[NUMBER_SIZE];
	if (run->bits[network] >= 32)
		text_format(text, "%c  float", network_letters[network]);
	else
		text_format(text, "%c  %d bit %s", network_letters[network], run->bits[network], run->quantizer);
	text_format(text, "  %s weights  ", text_count(weights, sizeof weights, (int64_t)run->weights[network]));
	describe_size(text, run, network);
}

static void describe_both(struct text *text, const struct view *view)
{
	text_format(text, "layers");
	for (enum view_network network = VIEW_D; network < VIEW_NETWORKS; network++) {
		text_format(text, "   %c ", network_letters[network]);
		describe_size(text, &view->run, network);
	}
}

/* Room for every state of the richest layer, three columns a bar if it can be; float layers need some for their shape. */
static int states_width(const struct rows *rows, int width)
{
	enum { FLOAT_WIDTH = 30, STEPS = 3 };
	static const int columns_per_bar[STEPS] = {3, 2, 1};
	int most = width / 3, needed = 0, states = 0;
	for (int i = 0; i < rows->count; i++) {
		const struct view_layer *layer = rows->items[i].layer;
		states = !is_float(layer) && layer->states > states ? layer->states : states;
		needed = is_float(layer) ? (FLOAT_WIDTH < most ? FLOAT_WIDTH : most) : needed;
	}
	states = states > STATES_MOST_BARS ? STATES_MOST_BARS : states;
	for (int i = 0; i < STEPS; i++)
		if (states * columns_per_bar[i] <= most || i + 1 == STEPS)
			return states * columns_per_bar[i] > needed ? states * columns_per_bar[i] : needed;
	return needed;
}

static void draw_rows(struct canvas *canvas, const struct view *view, struct rows *rows, const char *title, bool boxed)
{
	char note[2 * CELL_SIZE], step[NUMBER_SIZE];
	int total = rows->count, overhead = boxed ? 3 : 2;
	keep_worst(rows, canvas->clip.height - overhead);
	if (rows->count < total)
		snprintf(note, sizeof note, "worst %d of %d", rows->count, total);
	else
		snprintf(note, sizeof note, "step %s", text_count(step, sizeof step, view->layers_step));
	struct rect all = {0, 0, canvas->clip.width, canvas->clip.height};
	struct canvas inside = screen_pane(canvas, all, title, total ? note : NULL, boxed);
	if (!total) {
		screen_draw_centred(&inside, ROLE_QUIET, "layer statistics come with the first report");
		return;
	}
	struct table_column fitted[COLUMNS];
	memcpy(fitted, columns, sizeof columns);
	fitted[STATES_COLUMN].width = states_width(rows, inside.clip.width);
	struct table table = {.columns = fitted, .column_count = COLUMNS, .row_count = rows->count, .selected = -1,
		.context = rows, .draw_cell = draw_cell};
	table_draw(&inside, &table);
}

int layers_height(const struct view *view, bool side_by_side, bool boxed)
{
	int d = layer_count(view, VIEW_D), g = layer_count(view, VIEW_G);
	int rows = side_by_side ? (d > g ? d : g) : d + g;
	int usual = side_by_side ? USUAL_LAYERS : VIEW_NETWORKS * USUAL_LAYERS; /* until they are known, so that nothing jumps */
	return (rows > 0 ? rows : usual) + (boxed ? 3 : 2);
}

static void draw_network(struct canvas *canvas, const struct view *view, enum view_network network, bool boxed)
{
	struct rows rows = {0};
	struct text title = {0};
	add_rows(&rows, view, network);
	describe_network(&title, view, network);
	draw_rows(canvas, view, &rows, title.bytes, boxed);
	text_clear(&title);
}

static void draw_both(struct canvas *canvas, const struct view *view, bool boxed)
{
	struct rows rows = {.both = true};
	struct text title = {0};
	add_rows(&rows, view, VIEW_D);
	add_rows(&rows, view, VIEW_G);
	describe_both(&title, view);
	draw_rows(canvas, view, &rows, title.bytes, boxed);
	text_clear(&title);
}

void layers_draw(struct canvas *canvas, const struct view *view, bool side_by_side, bool boxed)
{
	int width = canvas->clip.width, half = width / 2, height = canvas->clip.height;
	if (!side_by_side) {
		draw_both(canvas, view, boxed);
		return;
	}
	struct canvas left = canvas_part(canvas, (struct rect){0, 0, half, height});
	struct canvas right = canvas_part(canvas, (struct rect){half, 0, width - half, height});
	draw_network(&left, view, VIEW_D, boxed);
	draw_network(&right, view, VIEW_G, boxed);
}
