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
	const struct view *view;
	struct row items[MAX_ROWS];
	int count;
	bool both;     /* of both networks: names carry the network's letter */
	int selected;  /* -1: no cursor */
};

/* How the weights screen and the dashboard differ. */
struct list {
	const struct layers_cursor *cursor; /* NULL: the dashboard, which shows the worst where not all have room */
	bool boxed;
};

static const enum theme_role network_roles[VIEW_NETWORKS] = {[VIEW_D] = ROLE_D, [VIEW_G] = ROLE_G};
static const char network_letters[VIEW_NETWORKS] = {[VIEW_D] = 'D', [VIEW_G] = 'G'};

static bool is_float(const struct view_layer *layer) { return layer->states < 1 || layer->states > VIEW_MAX_STATES; }

static bool chosen(const struct rows *rows, const struct row *row) { return row - rows->items == rows->selected; }

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
	table_text(cell, chosen(rows, row), false, network_roles[row->network], text);
}

static void draw_shape(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	table_text(cell, chosen(rows, row), false, ROLE_TEXT, row->layer->shape);
}

static void draw_weights(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	table_text(cell, chosen(rows, row), true, ROLE_TEXT, text_short_count(text, sizeof text, (double)row->layer->weights));
}

static void draw_states(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	enum theme_role quiet = chosen(rows, row) ? ROLE_SELECTED : ROLE_QUIET;
	if (!is_float(row->layer)) {
		states_draw(cell, row->layer->counts, row->layer->states,
			chosen(rows, row) ? ROLE_SELECTED : network_roles[row->network]);
		return;
	}
	int used = canvas_text(cell, 0, 0, quiet, 0, "float") + 1;
	struct canvas rest = canvas_part(cell, (struct rect){used, 0, cell->clip.width - used, 1});
	states_draw_histogram(&rest, row->layer->histogram, VIEW_BINS, quiet);
}

static void draw_utilization(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	double used = is_float(row->layer) ? NAN : row->layer->utilization;
	table_text(cell, chosen(rows, row), true, ROLE_TEXT, screen_percent(text, sizeof text, used, 0));
}

static void draw_sqnr(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	snprintf(text, sizeof text, isfinite(row->layer->sqnr_db) && !is_float(row->layer) ? "%.1f" : "-", row->layer->sqnr_db);
	table_text(cell, chosen(rows, row), true, ROLE_TEXT, text);
}

static void draw_dead(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	int dead = row->layer->dead_states;
	bool worrying = dead > 0 && row->layer->bits <= TELLING_BITS;
	snprintf(text, sizeof text, is_float(row->layer) ? "-" : "%d", dead);
	table_text(cell, chosen(rows, row), true, worrying ? ROLE_WARNING : ROLE_QUIET, text);
}

static void draw_real(const struct rows *rows, const struct row *row, struct canvas *cell, double value, int digits)
{
	char text[NUMBER_SIZE];
	screen_number(text, sizeof text, is_float(row->layer) ? NAN : value, digits);
	table_text(cell, chosen(rows, row), true, ROLE_TEXT, text);
}

static void draw_alpha(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	draw_real(rows, row, cell, row->layer->alpha, 3);
}

static void draw_beta(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	draw_real(rows, row, cell, row->layer->beta, 3);
}

static void draw_mse(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	draw_real(rows, row, cell, row->layer->mse, 2);
}

static void draw_flips(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	double flips = is_float(row->layer) ? NAN : layers_flip_rate(row->layer);
	table_text(cell, chosen(rows, row), true, ROLE_TEXT, screen_percent(text, sizeof text, flips, 1));
}

static void draw_error(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	draw_real(rows, row, cell, row->layer->variance > 0 ? row->layer->mse / row->layer->variance : NAN, 3);
}

static void draw_bits(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	snprintf(text, sizeof text, is_float(row->layer) ? "32" : "%d", row->layer->bits);
	table_text(cell, chosen(rows, row), true, ROLE_TEXT, text);
}

static void draw_packed(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	bool known = isfinite(row->layer->packed_bytes) && row->layer->packed_bytes > 0;
	table_text(cell, chosen(rows, row), true, ROLE_TEXT,
		known ? text_bytes_amount(text, sizeof text, row->layer->packed_bytes) : "-");
}

static void draw_iterations(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	snprintf(text, sizeof text, row->layer->iterations > 0 && !is_float(row->layer) ? "%d" : "-", row->layer->iterations);
	table_text(cell, chosen(rows, row), true, ROLE_QUIET, text);
}

/* By how much the FID rose when this layer alone was lowered. */
static void draw_cost(const struct rows *rows, const struct row *row, struct canvas *cell)
{
	char text[NUMBER_SIZE];
	const struct view_search_layer *cost = view_layer_cost(rows->view, row->network, row->layer->name);
	if (!cost)
		text_copy(text, sizeof text, "-");
	else if (isfinite(cost->rise))
		snprintf(text, sizeof text, "%+.1f at %d", cost->rise, cost->bits);
	else
		snprintf(text, sizeof text, "fails at %d", cost->bits);
	table_text(cell, chosen(rows, row), true, cost && !isfinite(cost->rise) ? ROLE_WARNING : ROLE_TEXT, text);
}

static const struct table_column columns[] = {
	{"layer", 9, 14, 0, false}, {"bits", 4, 0, 3, true}, {"shape", 11, 13, 6, false}, {"weights", 7, 0, 9, true},
	{"states", 6, 0, 0, false}, {"util %", 6, 0, 2, true}, {"SQNR dB", 7, 0, 1, true}, {"alpha", 7, 8, 5, true},
	{"beta", 8, 9, 7, true}, {"flip%/1k", 8, 0, 4, true}, {"MSE", 7, 0, 8, true}, {"MSE/var", 7, 0, 10, true},
	{"packed", 7, 0, 11, true}, {"iter", 4, 0, 12, true}, {"dead", 4, 0, 1, true},
	{"FID alone", 11, 0, 1, true}, /* the last one: absent where no study has measured it */
};
enum { COLUMNS = sizeof columns / sizeof *columns, BITS_COLUMN = 1, STATES_COLUMN = 4 };
static void (*const drawers[COLUMNS])(const struct rows *rows, const struct row *row, struct canvas *cell) = {
	draw_name, draw_bits, draw_shape, draw_weights, draw_states, draw_utilization, draw_sqnr, draw_alpha, draw_beta, draw_flips,
	draw_mse, draw_error, draw_packed, draw_iterations, draw_dead, draw_cost,
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

static double used_share(const struct view_layer *layer)
{
	return is_float(layer) || isnan(layer->utilization) ? INFINITY : layer->utilization;
}

/* Worst used first; equals as they lie in the networks. */
static int compare_use(const void *left, const void *right)
{
	double a = used_share(((const struct row *)left)->layer), b = used_share(((const struct row *)right)->layer);
	return a != b ? (a > b) - (a < b) : compare_place(left, right);
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

/* Of all weights as they are packed, and as float; false: the layers do not tell. */
static bool measure_layers(const struct view *view, enum view_network network, double *packed, double *plain)
{
	*packed = *plain = 0;
	for (int i = 0; i < layer_count(view, network); i++) {
		const struct view_layer *layer = &view->layers[network][i];
		if (!isfinite(layer->packed_bytes) || layer->packed_bytes <= 0)
			return false;
		*packed += layer->packed_bytes;
		*plain += 4.0 * (double)layer->weights;
	}
	return *packed > 0;
}

static void describe_size(struct text *text, const struct view *view, enum view_network network)
{
	char amount[NUMBER_SIZE];
	double packed = view->run.packed_bytes[network], plain = view->run.float_bytes[network], from_layers, float_layers;
	if (measure_layers(view, network, &from_layers, &float_layers)) {
		packed = from_layers;
		plain = float_layers;
	}
	if (!isfinite(packed) || !isfinite(plain) || packed < 1)
		text_format(text, "size unknown");
	else if (!(packed < plain))
		text_format(text, "%s", text_bytes_amount(amount, sizeof amount, plain));
	else
		text_format(text, "%s packed (%.1fx)", text_bytes_amount(amount, sizeof amount, packed), plain / packed);
}

/* Bits as most of its weights have them: "2 bit em", and the layers that differ: "(deconv4 32)". */
static void describe_bits(struct text *text, const struct view *view, enum view_network network)
{
	const struct view_run *run = &view->run;
	bool first = true;
	if (run->bits[network] >= 32)
		text_format(text, "float");
	else
		text_format(text, "%d bit %s", run->bits[network], run->quantizer);
	for (int i = 0; i < layer_count(view, network); i++) {
		const struct view_layer *layer = &view->layers[network][i];
		int bits = is_float(layer) ? 32 : layer->bits;
		if (bits == (run->bits[network] >= 32 ? 32 : run->bits[network]))
			continue;
		text_format(text, first ? " (%s %d" : ", %s %d", layer->name, bits);
		first = false;
	}
	text_format(text, first ? "" : ")");
}

static void describe_network(struct text *text, const struct view *view, enum view_network network)
{
	char weights[NUMBER_SIZE];
	text_format(text, "%c  ", network_letters[network]);
	describe_bits(text, view, network);
	text_format(text, "  %s weights  ", text_count(weights, sizeof weights, (int64_t)view->run.weights[network]));
	describe_size(text, view, network);
}

static void describe_both(struct text *text, const struct view *view)
{
	text_format(text, "layers");
	for (enum view_network network = VIEW_D; network < VIEW_NETWORKS; network++) {
		text_format(text, "   %c ", network_letters[network]);
		describe_size(text, view, network);
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

/* Within a network; otherwise its title says it. */
static bool bits_differ(const struct rows *rows)
{
	for (int i = 1; i < rows->count; i++)
		if (rows->items[i].network == rows->items[i - 1].network && rows->items[i].layer->bits != rows->items[i - 1].layer->bits)
			return true;
	return false;
}

/* What stands at the right of the title. */
static void describe_rows(char *note, size_t size, const struct view *view, const struct list *list, int shown, int total)
{
	char step[NUMBER_SIZE];
	if (shown < total)
		snprintf(note, size, "worst %d of %d", shown, total);
	else if (list->cursor && list->cursor->by_utilization)
		snprintf(note, size, "worst used first");
	else if (view->layers_back.on)
		snprintf(note, size, "step %s, %d of %d", text_count(step, sizeof step, view->layers_step), view->layers_back.position + 1,
			view->layers_back.count);
	else
		snprintf(note, size, "step %s", text_count(step, sizeof step, view->layers_step));
}

static void order_rows(struct rows *rows, const struct list *list, int most)
{
	rows->selected = -1;
	if (!list->cursor) {
		keep_worst(rows, most);
		return;
	}
	if (list->cursor->by_utilization)
		qsort(rows->items, (size_t)rows->count, sizeof *rows->items, compare_use);
	for (int i = 0; i < rows->count; i++)
		if (rows->items[i].network == list->cursor->network && rows->items[i].position == list->cursor->layer)
			rows->selected = i;
}

static void draw_rows(struct canvas *canvas, const struct view *view, struct rows *rows, const char *title,
	const struct list *list)
{
	char note[2 * CELL_SIZE];
	int total = rows->count, most = canvas->clip.height - (list->boxed ? 3 : 2);
	order_rows(rows, list, most);
	describe_rows(note, sizeof note, view, list, rows->count, total);
	struct rect all = {0, 0, canvas->clip.width, canvas->clip.height};
	struct canvas inside = screen_pane(canvas, all, title, total ? note : NULL, list->boxed);
	if (!total) {
		screen_draw_centred(&inside, ROLE_QUIET, "layer statistics come with the first report");
		return;
	}
	struct table_column fitted[COLUMNS];
	memcpy(fitted, columns, sizeof columns);
	fitted[STATES_COLUMN].width = states_width(rows, inside.clip.width);
	fitted[BITS_COLUMN].width *= list->cursor || bits_differ(rows);
	bool measured = list->cursor && view->costs.count > 0;
	int places[MAX_ROWS];
	for (int i = 0; i < rows->count; i++)
		places[i] = (int)rows->items[i].network * VIEW_MAX_LAYERS + rows->items[i].position;
	struct table table = {.pick = ACTION_PICK_ROW, .open = ACTION_SCREEN_WEIGHTS, .values = places, .columns = fitted,
		.column_count = COLUMNS - !measured, .row_count = rows->count, .selected = rows->selected,
		.top = list->cursor ? table_scroll(0, rows->selected, rows->count, most) : 0, .context = rows, .draw_cell = draw_cell};
	table_draw(&inside, &table);
}

int layers_height(const struct view *view, bool side_by_side, bool boxed)
{
	int d = layer_count(view, VIEW_D), g = layer_count(view, VIEW_G);
	int rows = side_by_side ? (d > g ? d : g) : d + g;
	int usual = side_by_side ? USUAL_LAYERS : VIEW_NETWORKS * USUAL_LAYERS; /* until they are known, so that nothing jumps */
	return (rows > 0 ? rows : usual) + (boxed ? 3 : 2);
}

static void draw_network(struct canvas *canvas, const struct view *view, enum view_network network, const struct list *list)
{
	struct rows rows = {.view = view};
	struct text title = {0};
	add_rows(&rows, view, network);
	describe_network(&title, view, network);
	draw_rows(canvas, view, &rows, title.bytes, list);
	text_clear(&title);
}

static void draw_both(struct canvas *canvas, const struct view *view, const struct list *list)
{
	struct rows rows = {.view = view, .both = true};
	struct text title = {0};
	add_rows(&rows, view, VIEW_D);
	add_rows(&rows, view, VIEW_G);
	describe_both(&title, view);
	draw_rows(canvas, view, &rows, title.bytes, list);
	text_clear(&title);
}

static void draw_list(struct canvas *canvas, const struct view *view, bool side_by_side, const struct list *list)
{
	int width = canvas->clip.width, half = width / 2, height = canvas->clip.height;
	if (!side_by_side) {
		draw_both(canvas, view, list);
		return;
	}
	struct canvas left = canvas_part(canvas, (struct rect){0, 0, half, height});
	struct canvas right = canvas_part(canvas, (struct rect){half, 0, width - half, height});
	draw_network(&left, view, VIEW_D, list);
	draw_network(&right, view, VIEW_G, list);
}

void layers_draw(struct canvas *canvas, const struct view *view, bool side_by_side, bool boxed)
{
	draw_list(canvas, view, side_by_side, &(struct list){.boxed = boxed});
}

void layers_draw_list(struct canvas *canvas, const struct view *view, const struct layers_cursor *cursor, bool side_by_side,
	bool boxed)
{
	draw_list(canvas, view, side_by_side, &(struct list){.cursor = cursor, .boxed = boxed});
}

bool layers_clamp(const struct view *view, struct layers_cursor *cursor)
{
	if (!layer_count(view, cursor->network))
		cursor->network = cursor->network == VIEW_D ? VIEW_G : VIEW_D;
	int count = layer_count(view, cursor->network);
	cursor->layer = cursor->layer >= count ? count - 1 : cursor->layer;
	cursor->layer = cursor->layer < 0 ? 0 : cursor->layer;
	return count > 0;
}

void layers_move(const struct view *view, struct layers_cursor *cursor, int rows_down, bool side_by_side)
{
	struct rows rows = {.view = view};
	if (!layers_clamp(view, cursor))
		return;
	for (enum view_network network = VIEW_D; network < VIEW_NETWORKS; network++)
		if (!side_by_side || network == cursor->network)
			add_rows(&rows, view, network);
	order_rows(&rows, &(struct list){.cursor = cursor}, rows.count);
	int row = rows.selected + (rows_down > MAX_ROWS ? MAX_ROWS : rows_down < -MAX_ROWS ? -MAX_ROWS : rows_down);
	row = row < 0 ? 0 : row >= rows.count ? rows.count - 1 : row;
	cursor->network = rows.items[row].network;
	cursor->layer = rows.items[row].position;
}

bool layers_pick(struct layers_cursor *cursor, int place)
{
	cursor->network = place < VIEW_MAX_LAYERS ? VIEW_D : VIEW_G;
	cursor->layer = place % VIEW_MAX_LAYERS;
	return true;
}

double layers_flip_rate(const struct view_layer *layer)
{
	return layer->flip_steps > 0 ? layer->flips * 1000 / (double)layer->flip_steps : NAN;
}
