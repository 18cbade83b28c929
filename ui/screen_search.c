/* Searches and studies: the map of D and G bits (or the list of cells), the cell under the cursor with its pictures, scores
 * against size, and for a study of layers which of them hurt most. The store is all it knows: another process works. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/screen_parts.h"
#include "ui/view_search.h"
#include "ui/widget_scatter.h"
#include "ui/widget_table.h"

enum {
	FLOAT_BITS = 32, LINE = 256, NUMBER = 24, KEY = 16, CELL_WIDTH = 9, HEAD_WIDTH = 7, LEAST_SIDE = 44, LEAST_LOWER = 9,
	CELL_LINES = 7,
};

static const enum action footer[] = {
	ACTION_SEARCH_OPEN, ACTION_SEARCH_QUEUE, ACTION_SEARCH_CUT, ACTION_SEARCH_EASIER, ACTION_SEARCH_HARDER, ACTION_SEARCH_METHOD,
	ACTION_SEARCH_WORK, ACTION_SEARCH_NEW, ACTION_SEARCH_BEFORE, ACTION_SEARCH_AFTER, ACTION_UP, ACTION_DOWN, ACTION_SCREEN_RUNS,
	ACTION_SCREEN_TRAIN, ACTION_NONE,
};

/* ---- cells ---- */

static const struct view_search_cell *cell_at(const struct view_search *search, int d_bits, int g_bits)
{
	for (int i = 0; i < search->cell_count; i++)
		if (search->cells[i].on_map && search->cells[i].d_bits == d_bits && search->cells[i].g_bits == g_bits)
			return &search->cells[i];
	return NULL;
}

/* The map's rows go from float down to the fewest bits, its columns likewise. */
static int width_at(const struct view_search *search, int place) { return search->widths[search->width_count - 1 - place]; }

static const struct view_search_cell *selected_cell(const struct view_search *search, const struct search_state *state)
{
	if (!search->has_map)
		return state->row < search->cell_count ? &search->cells[state->row] : NULL;
	return cell_at(search, width_at(search, state->row), width_at(search, state->column));
}

static void clamp(const struct view_search *search, struct search_state *state)
{
	int rows = search->has_map ? search->width_count : search->cell_count;
	int columns = search->has_map ? search->width_count : 1;
	state->row = state->row >= rows ? rows - 1 : state->row;
	state->row = state->row < 0 ? 0 : state->row;
	state->column = state->column >= columns ? columns - 1 : state->column;
	state->column = state->column < 0 ? 0 : state->column;
}

/* In a study not looked at before the cursor is put where something happens. */
static void begin_at(const struct view_search *search, struct search_state *state)
{
	if (state->study == search->id)
		return;
	*state = (struct search_state){.study = search->id};
	for (int i = 0; i < search->cell_count; i++) {
		const struct view_search_cell *cell = &search->cells[i];
		if (cell->id != search->first_cell)
			continue;
		state->row = search->has_map ? 0 : i;
		for (int place = 0; search->has_map && place < search->width_count; place++) {
			state->row = width_at(search, place) == cell->d_bits ? place : state->row;
			state->column = width_at(search, place) == cell->g_bits ? place : state->column;
		}
	}
}

/* Colour says it a second time: the letter is the verdict's, the tick says that the target is met. */
static enum theme_role role_of(const struct view_search *search, const struct view_search_cell *cell)
{
	switch (cell->state) {
	case VIEW_CELL_QUEUED: return ROLE_QUIET;
	case VIEW_CELL_RUNNING: return ROLE_FOCUS;
	case VIEW_CELL_CUT: return ROLE_WARNING;
	case VIEW_CELL_FAILED: return ROLE_BAD;
	case VIEW_CELL_DONE: break;
	}
	if (search->has_target && isfinite(search->target))
		return cell->meets ? ROLE_GOOD : ROLE_BAD;
	return screen_verdict_role(cell->verdict);
}

static double score_of(const struct view_search *search, const struct view_search_cell *cell)
{
	return search->higher_is_better ? cell->is_mean : cell->fid;
}

static void describe(const struct view_search *search, const struct view_search_cell *cell, bool unicode, char text[NUMBER])
{
	char number[NUMBER];
	switch (cell->state) {
	case VIEW_CELL_QUEUED:
		snprintf(text, NUMBER, "queued%s", cell->by_hand ? "*" : "");
		return;
	case VIEW_CELL_RUNNING:
		snprintf(text, NUMBER, isfinite(cell->done) ? "%s %2.0f%%" : "%s", search->working ? "run" : "held", 100 * cell->done);
		return;
	case VIEW_CELL_CUT:
		snprintf(text, NUMBER, "cut");
		return;
	case VIEW_CELL_FAILED:
		snprintf(text, NUMBER, "failed");
		return;
	case VIEW_CELL_DONE:
		break;
	}
	screen_number(number, sizeof number, score_of(search, cell), 3);
	const char *tick = !cell->meets ? "" : unicode ? "\u2713" : "+";
	snprintf(text, NUMBER, "%.12s%c%.4s", number, *cell->verdict ? cell->verdict[0] : ' ', tick);
}

/* ---- the map ---- */

static void draw_map_cell(struct canvas *place, const struct view_search *search, const struct view_search_cell *cell,
	bool selected)
{
	char text[NUMBER];
	enum theme_role role = selected ? ROLE_SELECTED : cell ? role_of(search, cell) : ROLE_QUIET;
	int attributes = cell && (cell->chosen || cell->state == VIEW_CELL_RUNNING) ? CELL_BOLD : 0;
	if (selected)
		canvas_fill(place, (struct rect){0, 0, CELL_WIDTH - 1, 1}, ' ', role, 0);
	if (cell)
		describe(search, cell, place->unicode, text);
	canvas_text(place, cell ? 0 : 3, 0, role, attributes, cell ? text : place->unicode ? "\u00B7" : ".");
	if (cell && cell->chosen)
		canvas_put(place, CELL_WIDTH - 2, 0, place->unicode ? 0x25C0 : '<', selected ? role : ROLE_MARK, CELL_BOLD);
}

/* A number under each cell of the walk says when it came. */
static void draw_path(struct canvas *place, const struct view_search_cell *cell)
{
	if (cell && cell->path)
		canvas_format(place, 0, 0, ROLE_MARK, 0, place->unicode ? "\u2514%d" : "`%d", cell->path);
}

/* What the marks mean, and by which recipe the scores were made, where there is room below. */
static void draw_legend(struct canvas *inside, const struct view_search *search)
{
	int y = inside->clip.height - 1;
	if (y < 1 + search->width_count)
		return;
	canvas_text(inside, 0, y, ROLE_QUIET, 0, inside->unicode
		? "letter: verdict  \u2713 target met  \u2514n walk  * by hand  \u25C0 chosen"
		: "letter: verdict  + target met  `n walk  * by hand  < chosen");
	const int map = 1 + search->width_count * (inside->clip.height >= 3 + 2 * search->width_count ? 2 : 1);
	const int lines = screen_draw_wrapped(NULL, 0, 0, inside->clip.width, ROLE_QUIET, search->recipe);
	if (y - lines >= map)
		screen_draw_wrapped(inside, 0, y - lines, inside->clip.width, ROLE_QUIET, search->recipe);
	else if (y - 1 >= map)
		canvas_text(inside, 0, y - 1, ROLE_QUIET, 0, search->recipe);
}

static void draw_map(struct canvas *inside, const struct view_search *search, const struct search_state *state)
{
	int count = search->width_count, tall = inside->clip.height >= 3 + 2 * count ? 2 : 1;
	draw_legend(inside, search);
	for (int column = 0; column < count; column++)
		canvas_format(inside, HEAD_WIDTH + column * CELL_WIDTH, 0, ROLE_G, CELL_BOLD, "G %d", width_at(search, column));
	for (int row = 0; row < count; row++) {
		int y = 1 + row * tall;
		canvas_format(inside, 0, y, ROLE_D, CELL_BOLD, "D %2d", width_at(search, row));
		for (int column = 0; column < count; column++) {
			const struct view_search_cell *cell = cell_at(search, width_at(search, row), width_at(search, column));
			struct rect rect = {HEAD_WIDTH + column * CELL_WIDTH, y, CELL_WIDTH, 1};
			struct canvas place = canvas_part(inside, rect);
			draw_map_cell(&place, search, cell, row == state->row && column == state->column);
			if (tall == 2) {
				struct canvas below = canvas_part(inside, (struct rect){rect.x, y + 1, CELL_WIDTH, 1});
				draw_path(&below, cell);
			}
		}
	}
}

/* ---- the list ---- */

static void draw_list_cell(const void *context, int row, int column, struct canvas *cell, bool selected)
{
	const struct view_search *search = context;
	const struct view_search_cell *shown = &search->cells[row];
	char text[LINE], number[NUMBER], spread[NUMBER];
	describe(search, shown, cell->unicode, number);
	switch (column) {
	case 0:
		table_text(cell, selected, false, ROLE_TEXT, shown->key);
		break;
	case 1:
		table_text(cell, selected, false, role_of(search, shown), shown->state == VIEW_CELL_DONE ? "done" : number);
		break;
	case 2: case 3:
		screen_number(number, sizeof number, column == 2 ? shown->fid : shown->is_mean, 3);
		screen_number(spread, sizeof spread, column == 2 ? shown->fid_spread : shown->is_spread, 2);
		snprintf(text, sizeof text, spread[0] == '-' ? "%s" : "%s \u00B1 %s", number, spread);
		table_text(cell, selected, true, ROLE_TEXT, text);
		break;
	case 4:
		table_text(cell, selected, true, ROLE_TEXT, isfinite(shown->bytes) ? text_bytes_amount(text, sizeof text, shown->bytes) : "-");
		break;
	case 5:
		snprintf(text, sizeof text, isfinite(shown->ratio) ? "%.1fx" : "-", shown->ratio);
		table_text(cell, selected, true, ROLE_TEXT, text);
		break;
	case 6:
		table_text(cell, selected, false, screen_verdict_role(shown->verdict), shown->verdict);
		break;
	default:
		table_text(cell, selected, true, ROLE_QUIET, text_duration(text, sizeof text, shown->seconds > 0 ? shown->seconds : NAN));
		break;
	}
}

static void draw_list(struct canvas *inside, const struct view_search *search, struct search_state *state)
{
	static const struct table_column columns[] = {
		{"cell", 16, 40, 0, false}, {"status", 8, 0, 0, false}, {"FID", 13, 15, 0, true}, {"IS", 13, 14, 1, true},
		{"packed", 8, 0, 2, true}, {"smaller", 7, 0, 4, true}, {"verdict", 10, 0, 3, false}, {"took", 8, 0, 5, true},
	};
	int rows = inside->clip.height - 1;
	state->top = table_scroll(state->top, state->row, search->cell_count, rows);
	state->rows = rows;
	table_draw(inside, &(struct table){
		.columns = columns, .column_count = sizeof columns / sizeof *columns, .row_count = search->cell_count,
		.selected = state->row, .top = state->top, .context = search, .draw_cell = draw_list_cell,
	});
}

/* ---- the cell under the cursor ---- */

/* One evaluation alone has no spread. */
static void draw_score(struct canvas *inside, int y, const char *name, double value, double spread)
{
	char number[NUMBER], around[NUMBER];
	if (!isfinite(value))
		return;
	int x = canvas_format(inside, 0, y, ROLE_TEXT, 0, "%s %s", name, screen_number(number, sizeof number, value, 4));
	if (isfinite(spread))
		canvas_format(inside, x, y, ROLE_TEXT, 0, " \u00B1 %s", screen_number(around, sizeof around, spread, 2));
}

static void draw_cell_words(struct canvas *inside, const struct view_search *search, const struct view_search_cell *cell)
{
	char amount[NUMBER], duration[NUMBER];
	static const char *const states[] = {"queued", "running", "done", "cut", "failed"};
	bool held = cell->state == VIEW_CELL_RUNNING && !search->working;
	canvas_format(inside, 0, 0, role_of(search, cell), CELL_BOLD, "%s%s%s", held ? "held: nobody works on it" : states[cell->state],
		*cell->verdict ? ", " : "", cell->verdict);
	draw_score(inside, 1, "FID", cell->fid, cell->fid_spread);
	draw_score(inside, 2, "IS ", cell->is_mean, cell->is_spread);
	if (isfinite(cell->bytes))
		canvas_format(inside, 0, 3, ROLE_TEXT, 0, "%s packed%s", text_bytes_amount(amount, sizeof amount, cell->bytes),
			isfinite(cell->ratio) ? "" : ", size of float not known");
	if (isfinite(cell->bytes) && isfinite(cell->ratio))
		canvas_format(inside, 0, 4, ROLE_TEXT, 0, "%.1f times smaller than float", cell->ratio);
	if (cell->seconds > 0)
		canvas_format(inside, 0, 5, ROLE_QUIET, 0, "took %s", text_duration(duration, sizeof duration, cell->seconds));
	canvas_text(inside, 0, 6, ROLE_WARNING, 0, cell->message);
}

static void draw_cell(struct canvas *inside, const struct view_search *search, const struct search_state *state,
	struct picture_request *picture)
{
	const struct view_search_cell *cell = selected_cell(search, state);
	char key[KEY];
	if (!cell) {
		canvas_format(inside, 0, 0, ROLE_QUIET, 0, "not asked for: %s queues it",
			keymap_key_of(key, sizeof key, ACTION_SEARCH_QUEUE, inside->unicode));
		return;
	}
	draw_cell_words(inside, search, cell);
	struct canvas below = canvas_part(inside, (struct rect){0, CELL_LINES, inside->clip.width, inside->clip.height - CELL_LINES});
	if (below.clip.height < 4)
		return;
	if (search->picture && search->picture_cell == cell->id) {
		picture_place(picture, &below, search->picture, search->picture_version, cell->run);
		picture->tile = search->picture->width / (search->picture_columns > 0 ? search->picture_columns : 1);
	} else {
		canvas_text(&below, 0, 1, ROLE_QUIET, 0, cell->run ? "no samples are recorded yet" : "it has not begun");
	}
}

static void draw_layers(struct canvas *inside, const struct view_search *search)
{
	char number[NUMBER];
	double worst = 0;
	for (int i = 0; i < search->layer_count; i++)
		worst = fmax(worst, search->layers[i].rise); /* NaN loses */
	for (int i = 0; i < search->layer_count && i < inside->clip.height; i++) {
		const struct view_search_layer *layer = &search->layers[i];
		canvas_format(inside, 0, i, layer->name[0] == 'D' ? ROLE_D : ROLE_G, 0, "%-12s", layer->name);
		canvas_format(inside, 13, i, ROLE_QUIET, 0, "%d bit", layer->bits);
		canvas_format(inside, 20, i, ROLE_TEXT, 0, "%8s",
			isfinite(layer->rise) ? screen_number(number, sizeof number, layer->rise, 3) : "none");
		int room = inside->clip.width - 30, length = worst > 0 && layer->rise > 0 ? (int)lround(layer->rise / worst * room) : 0;
		canvas_fill(inside, (struct rect){30, i, length, 1}, 0x2588, ROLE_BAR, 0);
	}
}

/* ---- scores against size ---- */

static void draw_sizes(struct canvas *inside, const struct view_search *search, const struct search_state *state)
{
	struct scatter_point points[VIEW_SEARCH_CELLS];
	const struct view_search_cell *selected = selected_cell(search, state);
	int count = 0;
	for (int i = 0; i < search->cell_count; i++) {
		const struct view_search_cell *cell = &search->cells[i];
		if (cell->state != VIEW_CELL_DONE)
			continue;
		struct scatter_point *point = &points[count++];
		*point = (struct scatter_point){.bytes = cell->bytes, .score = score_of(search, cell), .role = role_of(search, cell),
			.mark = inside->unicode ? 0x25CF : 'o', .front = cell->front, .selected = cell == selected};
		snprintf(point->label, sizeof point->label, "%dD%dG", cell->d_bits, cell->g_bits);
	}
	scatter_draw(inside, &(struct scatter){points, count, search->has_target ? search->target : NAN,
		search->higher_is_better ? "IS" : "FID"});
}

/* ---- the whole ---- */

/* What is asked, how far it is, how long it takes: two lines. */
static void draw_summary(struct canvas *body, const struct view_search *search)
{
	char text[LINE], target[NUMBER], spent[NUMBER], left[NUMBER];
	int x = canvas_format(body, 1, 0, ROLE_TITLE, CELL_BOLD, "%s", search->name) + 3;
	x += canvas_format(body, x, 0, search->working ? ROLE_FOCUS : ROLE_TEXT, CELL_BOLD, "%s", search->status) + 2;
	if (search->has_target)
		x += canvas_format(body, x, 0, ROLE_TEXT, 0, "target %s %s %s", search->higher_is_better ? "IS" : "FID",
			search->higher_is_better ? (body->unicode ? "\u2265" : ">=") : body->unicode ? "\u2264" : "<=",
			isfinite(search->target) ? screen_number(target, sizeof target, search->target, 4) : "not known yet") + 2;
	if (search->stage)
		x += canvas_text(body, x, 0, ROLE_QUIET, 0,
			search->stage == 1 ? "step 1: lowest D with float G" : "step 2: lowest G with that D") + 2;
	if (search->method_count > 1)
		canvas_format(body, x, 0, ROLE_QUIET, 0, "map of %s", search->method);
	snprintf(text, sizeof text, "cells %d of %s%d   %s worked%s%s", search->cells_done, search->stage ? "at least " : "",
		search->cell_count, text_duration(spent, sizeof spent, search->seconds), isfinite(search->seconds_left) ? "   ETA " : "",
		isfinite(search->seconds_left) ? text_duration(left, sizeof left, search->seconds_left) : "");
	x = canvas_text(body, 1, 1, ROLE_TEXT, 0, text) + 3;
	if (search->scale < 1)
		x += canvas_format(body, x, 1, ROLE_WARNING, 0, "scale %.3g", search->scale) + 2;
	if (search->study_count > 1)
		x += canvas_format(body, x, 1, ROLE_QUIET, 0, "study %d of %d", search->shown + 1, search->study_count) + 2;
	canvas_text(body, x, 1, ROLE_QUIET, 0, *search->message ? search->message : search->title);
}

static void draw_main(struct canvas *body, struct rect rect, const struct view_search *search, struct search_state *state,
	bool boxed)
{
	const char *title = search->has_map ? "D and G bits" : "cells", *note = search->has_map || !*search->recipe ? NULL : search->recipe;
	struct canvas inside = screen_pane(body, rect, title, note, boxed);
	if (search->has_map)
		draw_map(&inside, search, state);
	else
		draw_list(&inside, search, state);
}

static void draw_side(struct canvas *body, struct rect rect, const struct view_search *search, const struct search_state *state,
	struct picture_request *picture, bool boxed)
{
	const struct view_search_cell *cell = selected_cell(search, state);
	struct canvas inside = screen_pane(body, rect, cell ? cell->key : "no cell", NULL, boxed);
	draw_cell(&inside, search, state, picture);
}

static void draw_lower(struct canvas *body, struct rect rect, const struct view_search *search, const struct search_state *state,
	bool boxed)
{
	bool layers = search->layer_count > 0;
	struct canvas inside = screen_pane(body, rect, layers ? "layers by sensitivity: how much the FID rises (beyond the paper)"
		: search->higher_is_better ? "IS against packed bytes" : "FID against packed bytes", NULL, boxed);
	if (layers)
		draw_layers(&inside, search);
	else
		draw_sizes(&inside, search, state);
}

static void draw_panes(struct canvas *body, const struct view_search *search, struct search_state *state,
	struct picture_request *picture, bool boxed)
{
	int width = body->clip.width, height = body->clip.height;
	int needed = search->has_map ? HEAD_WIDTH + search->width_count * CELL_WIDTH + 4 : width * 3 / 5;
	int main_width = width - needed >= LEAST_SIDE ? needed > width / 2 ? needed : width / 2 : width;
	int map_height = search->has_map ? 2 * search->width_count + 5 : height / 2;
	int main_height = height - map_height >= LEAST_LOWER ? map_height : height;
	draw_main(body, (struct rect){0, 0, main_width, main_height}, search, state, boxed);
	if (main_height < height)
		draw_lower(body, (struct rect){0, main_height, main_width, height - main_height}, search, state, boxed);
	if (main_width < width)
		draw_side(body, (struct rect){main_width, 0, width - main_width, height}, search, state, picture, boxed);
}

static void draw_nothing(struct canvas *body)
{
	char text[LINE], key[KEY];
	snprintf(text, sizeof text, "no search and no study yet\n\n%s begins one from the opened run; or outside:\n"
		"qgan search --from RUN --fid-ratio 1.3\nqgan study paper/table2 --scale 0.1",
		keymap_key_of(key, sizeof key, ACTION_SEARCH_NEW, body->unicode));
	screen_draw_centred(body, ROLE_QUIET, text);
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	state->scope = SCOPE_SEARCH;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	if (!view->search || !view->search->id) {
		draw_nothing(&body);
		return;
	}
	begin_at(view->search, &state->search);
	clamp(view->search, &state->search);
	draw_summary(&body, view->search);
	struct canvas below = canvas_part(&body, (struct rect){0, 2, body.clip.width, body.clip.height - 2});
	draw_panes(&below, view->search, &state->search, picture, screen_is_boxed(canvas));
}

/* ---- keys ---- */

/* What the session is told of the cursor: the cell's id, or the bits of an empty place. */
static void fill_request(const struct view_search *search, const struct search_state *state, struct action_request *out)
{
	const struct view_search_cell *cell = selected_cell(search, state);
	out->run = cell ? cell->id : 0;
	out->layer = search->has_map ? width_at(search, state->row) : 0;
	out->value = search->has_map ? width_at(search, state->column) : 0;
}

static bool open_run(const struct view_search *search, const struct search_state *state, struct action_request *out)
{
	const struct view_search_cell *cell = selected_cell(search, state);
	out->action = cell && cell->run ? ACTION_RUN_OPEN : ACTION_NONE;
	out->run = cell ? cell->run : 0;
	return true;
}

static bool act(struct screen_state *screen, const struct view *view, enum action action, struct action_request *out)
{
	const struct view_search *search = view->search;
	struct search_state *state = &screen->search;
	if (!search || !search->id)
		return false;
	int page = state->rows > 1 && !search->has_map ? state->rows - 1 : 1;
	switch ((int)action) {
	case ACTION_UP: state->row -= 1; break;
	case ACTION_DOWN: state->row += 1; break;
	case ACTION_LEFT: state->column -= 1; break;
	case ACTION_RIGHT: state->column += 1; break;
	case ACTION_PAGE_UP: state->row -= page; break;
	case ACTION_PAGE_DOWN: state->row += page; break;
	case ACTION_HOME: state->row = state->column = 0; break;
	case ACTION_END: state->row = VIEW_SEARCH_CELLS; break;
	case ACTION_SEARCH_OPEN: return open_run(search, state, out);
	case ACTION_SEARCH_QUEUE:
		fill_request(search, state, out);
		out->action = action;
		return true;
	default: return false;
	}
	clamp(search, state);
	fill_request(search, state, out);
	out->action = ACTION_SEARCH_CELL;
	return true;
}

const struct screen screen_search = {
	.name = "search", .title = "Search", .action = ACTION_SCREEN_SEARCH, .scope = SCOPE_SEARCH, .draw = draw, .act = act,
};
