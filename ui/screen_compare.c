/* Two to eight marked runs beside each other, in six panes: scores and settings, curves, samples, states of a layer,
 * journals, scores against size. As many panes as have room are shown, the chosen one among them; Tab chooses. */
#include "ui/screen_compare.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"

enum { PANE_WIDTH = 64, PANE_HEIGHT = 12, MOST_COLUMNS = 3, NAMES_GAP = 3, SHORTEST_NAME = 4, KEY_SIZE = 16, ELLIPSIS = 0x2026 };

static const enum action footer[] = {
	ACTION_NEXT_PANE, ACTION_COMPARE_PANE_BEFORE, ACTION_COMPARE_SETTINGS, ACTION_COMPARE_QUANTITY, ACTION_COMPARE_BEFORE,
	ACTION_COMPARE_AFTER, ACTION_COMPARE_NOISE, ACTION_COMPARE_SEEDS, ACTION_COMPARE_ZOOM, ACTION_SCREEN_RUNS, ACTION_SMOOTH_LESS,
	ACTION_SMOOTH_MORE,
	ACTION_CURSOR, ACTION_ZOOM_IN, ACTION_ZOOM_OUT, ACTION_FIT, ACTION_X_AXIS, ACTION_LOG_SCALE, ACTION_COMPARE_EXPORT, ACTION_SCREEN_TRAIN,
	ACTION_NONE,
};

/* ---- what the panes share */

int compare_count(const struct view_compare *compare)
{
	return compare->count < 0 ? 0 : compare->count > VIEW_COMPARED ? VIEW_COMPARED : compare->count;
}

enum theme_role compare_role(int index) { return (enum theme_role)(ROLE_RUN_1 + index % VIEW_COMPARED); }

int compare_group_size(const struct view_compare *compare, int index)
{
	int size = 0;
	for (int i = 0; i < compare_count(compare); i++)
		size += compare->runs[i].group == compare->runs[index].group;
	return size;
}

bool compare_leads_group(const struct view_compare *compare, int index)
{
	for (int i = 0; i < index; i++)
		if (compare->runs[i].group == compare->runs[index].group)
			return false;
	return true;
}

bool compare_has_seeds(const struct view_compare *compare)
{
	for (int i = 0; i < compare_count(compare); i++)
		if (compare_group_size(compare, i) > 1)
			return true;
	return false;
}

bool compare_recipes_differ(const struct view_compare *compare)
{
	int first = 0;
	for (int i = 0; i < compare_count(compare); i++) {
		int number = compare->runs[i].recipe_number;
		if (number && first && number != first)
			return true;
		first = first ? first : number;
	}
	return false;
}

int compare_draw_name(struct canvas *canvas, int x, int y, int width, enum theme_role role, int attributes, const char *name)
{
	struct canvas place = canvas_part(canvas, (struct rect){x, y, width, 1});
	int needed = canvas_text_width(name);
	canvas_text(&place, needed > width ? width - needed : 0, 0, role, attributes, name);
	if (needed > width)
		canvas_put(&place, 0, 0, ELLIPSIS, role, attributes);
	return needed < width ? needed : width;
}

/* The longest name that every run may have so that all fit; they are cut alike. */
static int names_width(const struct view_compare *compare, int room, int notes)
{
	int longest = 0, count = compare_count(compare);
	for (int i = 0; i < count; i++) {
		int width = canvas_text_width(compare->runs[i].name);
		longest = width > longest ? width : longest;
	}
	int most = count ? (room - notes) / count - NAMES_GAP - 1 : 0;
	return longest < most ? longest : most < SHORTEST_NAME ? SHORTEST_NAME : most;
}

void compare_draw_names(struct canvas *canvas, int y, const struct view_compare *compare,
	void (*note)(const struct view_compare *compare, int index, char *text, size_t size))
{
	char notes[VIEW_COMPARED][COMPARE_NUMBER];
	int x = 0, room = 0, count = compare_count(compare);
	for (int i = 0; i < count; i++) {
		notes[i][0] = '\0';
		if (note)
			note(compare, i, notes[i], sizeof notes[i]);
		room += canvas_text_width(notes[i]) + (notes[i][0] != '\0');
	}
	int width = names_width(compare, canvas->clip.width, room);
	for (int i = 0; i < count && x < canvas->clip.width; i++) {
		canvas_put(canvas, x, y, (uint32_t)('1' + i), compare_role(i), CELL_BOLD);
		x += 2 + compare_draw_name(canvas, x + 2, y, width, compare_role(i), 0, compare->runs[i].name);
		if (notes[i][0])
			x += 1 + canvas_text(canvas, x + 1, y, ROLE_QUIET, 0, notes[i]);
		x += NAMES_GAP - 1;
	}
}

/* ---- panes */

typedef void pane_title(const struct view_compare *compare, const struct compare_state *state, char *title, char *note);

static void title_samples(const struct view_compare *compare, const struct compare_state *state, char *title, char *note)
{
	(void)state;
	snprintf(title, COMPARE_TEXT, "%s", compare->drawn ? "samples drawn from checkpoints" : "samples");
	snprintf(note, COMPARE_TEXT, "%s", compare->drawing ? "drawing ..." : !compare->strips ? "" :
		compare->drawn ? "noise of 1 for all, n: as recorded" : compare->same_noise ? "the same noise" :
		compare->may_draw ? "noise differs with the seed, n: the same" : "noise differs with the seed");
}

static void title_journal(const struct view_compare *compare, const struct compare_state *state, char *title, char *note)
{
	(void)compare;
	(void)state;
	snprintf(title, COMPARE_TEXT, "changes made while training");
	note[0] = '\0';
}

static void title_sizes(const struct view_compare *compare, const struct compare_state *state, char *title, char *note)
{
	(void)state;
	snprintf(title, COMPARE_TEXT, "best FID against packed bytes of G");
	snprintf(note, COMPARE_TEXT, "%d of %d marked", compare->point_count, compare->marked);
}

static const struct {
	const char *name;
	pane_title *title;
} panes[COMPARE_PANES] = {
	[COMPARE_SETTINGS] = {"settings", compare_title_settings}, [COMPARE_CURVES] = {"curves", compare_title_curves},
	[COMPARE_SAMPLES] = {"samples", title_samples}, [COMPARE_STATES] = {"states", compare_title_states},
	[COMPARE_JOURNAL] = {"journal", title_journal}, [COMPARE_SIZES] = {"sizes", title_sizes},
};

static void draw_inside(enum compare_pane pane, struct canvas *inside, const struct view_compare *compare,
	struct compare_state *state, struct picture_request *picture)
{
	switch (pane) {
	case COMPARE_SETTINGS: compare_draw_settings(inside, compare, state); break;
	case COMPARE_CURVES: compare_draw_curves(inside, compare, state); break;
	case COMPARE_SAMPLES: compare_draw_samples(inside, compare, picture); break;
	case COMPARE_STATES: compare_draw_states(inside, compare, state); break;
	case COMPARE_JOURNAL: compare_draw_journal(inside, compare, state); break;
	case COMPARE_SIZES: compare_draw_sizes(inside, compare); break;
	case COMPARE_PANES: break;
	}
}

static void draw_pane(enum compare_pane pane, struct rect rect, struct canvas *body, const struct view_compare *compare,
	struct compare_state *state, struct picture_request *picture, bool boxed, bool alone)
{
	char title[COMPARE_TEXT], note[COMPARE_TEXT], head[COMPARE_TEXT + 16];
	panes[pane].title(compare, state, title, note);
	bool chosen = state->pane == pane;
	if (alone)
		snprintf(head, sizeof head, "%d/%d %s", pane + 1, COMPARE_PANES, title);
	else
		snprintf(head, sizeof head, "%s%s", chosen ? "> " : "", title);
	struct canvas inside = screen_pane(body, rect, head, note[0] ? note : NULL, boxed);
	if (chosen && !alone)
		canvas_put(body, rect.x + (boxed ? 3 : 2), rect.y, '>', ROLE_FOCUS, CELL_BOLD);
	draw_inside(pane, &inside, compare, state, picture);
}

struct grid {
	int columns, rows, first; /* the first pane shown */
};

/* How many panes have room, and which: pages of them, the page of the chosen one. */
static struct grid lay_out(const struct canvas *body, const struct compare_state *state)
{
	int columns = body->clip.width / PANE_WIDTH, rows = body->clip.height / PANE_HEIGHT;
	columns = columns < 1 ? 1 : columns > MOST_COLUMNS ? MOST_COLUMNS : columns;
	int most = COMPARE_PANES / columns;
	rows = rows < 1 ? 1 : rows > most ? most : rows;
	if (state->zoomed)
		return (struct grid){1, 1, (int)state->pane};
	return (struct grid){columns, rows, (int)state->pane / (columns * rows) * columns * rows};
}

static void draw_panes(struct canvas *body, const struct view_compare *compare, struct compare_state *state,
	struct picture_request *picture, bool boxed)
{
	struct grid grid = lay_out(body, state);
	int width = body->clip.width, height = body->clip.height;
	for (int i = 0; i < grid.columns * grid.rows && grid.first + i < COMPARE_PANES; i++) {
		int row = i / grid.columns, column = i % grid.columns;
		int left = width * column / grid.columns, right = width * (column + 1) / grid.columns;
		int top = height * row / grid.rows, bottom = height * (row + 1) / grid.rows;
		draw_pane((enum compare_pane)(grid.first + i), (struct rect){left, top, right - left, bottom - top}, body, compare, state,
			picture, boxed, grid.columns * grid.rows == 1);
	}
}

static void draw_nothing(struct canvas *body, const struct view *view)
{
	char text[COMPARE_TEXT], key[KEY_SIZE];
	keymap_key_of(key, sizeof key, ACTION_SCREEN_RUNS, body->unicode);
	snprintf(text, sizeof text,
	         view_run_count(view) > 1 ? "nothing is compared yet\n\n%s lists the runs: mark 2 to %d of them with Space,\n"
		"then c puts them beside each other" : "nothing to compare: the store holds fewer than two runs\n\n%s lists the runs",
		key, VIEW_COMPARED);
	screen_draw_centred(body, ROLE_QUIET, text);
}

/* The line above the panes: what is compared. */
static void draw_summary(struct canvas *body, const struct view_compare *compare)
{
	char text[COMPARE_TEXT] = "";
	int count = compare_count(compare);
	if (compare->message[0])
		snprintf(text, sizeof text, "! %s", compare->message);
	else if (compare->loading)
		snprintf(text, sizeof text, "reading ...");
	else if (compare->marked > count)
		snprintf(text, sizeof text, "%d of %d marked", count, compare->marked);
	int width = canvas_text_width(text), right = body->clip.width - 1;
	struct canvas names = canvas_part(body, (struct rect){1, 0, right - 1 - (width ? width + 2 : 0), 1});
	compare_draw_names(&names, 0, compare, NULL);
	canvas_text_right(body, right - 1, 0, compare->message[0] ? ROLE_WARNING : ROLE_QUIET, 0, text);
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	state->scope = SCOPE_COMPARE;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	if (!view->compare || compare_count(view->compare) < 1) {
		draw_nothing(&body, view);
		return;
	}
	compare_clamp_layer(view->compare, &state->compare);
	draw_summary(&body, view->compare);
	struct canvas below = canvas_part(&body, (struct rect){0, 1, body.clip.width, body.clip.height - 1});
	draw_panes(&below, view->compare, &state->compare, picture, screen_is_boxed(canvas));
}

/* ---- keys */

static void scroll(struct compare_state *state, int lines)
{
	int *top = &state->top[state->pane], most = state->lines[state->pane] - state->rows[state->pane];
	*top = *top + lines > most ? most : *top + lines;
	*top = *top < 0 ? 0 : *top;
}

/* Arrows in the chosen pane: lines and columns of tables, layers and networks, steps of samples, quantities. */
static bool move(const struct view_compare *compare, struct compare_state *state, enum action action,
	struct action_request *out)
{
	int down = action == ACTION_DOWN ? 1 : action == ACTION_UP ? -1 : 0;
	int right = action == ACTION_RIGHT ? 1 : action == ACTION_LEFT ? -1 : 0;
	switch (state->pane) {
	case COMPARE_SETTINGS: case COMPARE_JOURNAL:
		scroll(state, down);
		state->left += right;
		state->left = state->left < 0 ? 0 : state->left >= compare_count(compare) ? compare_count(compare) - 1 : state->left;
		break;
	case COMPARE_CURVES:
		if (right)
			return chart_look_act(&state->look, &state->clock, action, NULL);
		state->quantity = down ? compare_next_quantity(compare, state->quantity, down) : state->quantity;
		break;
	case COMPARE_SIZES:
		break;
	case COMPARE_SAMPLES:
		out->action = right > 0 ? ACTION_COMPARE_AFTER : right < 0 ? ACTION_COMPARE_BEFORE : ACTION_NONE;
		break;
	case COMPARE_STATES:
		state->network = right ? state->network == VIEW_D ? VIEW_G : VIEW_D : state->network;
		state->layer += down;
		break;
	case COMPARE_PANES:
		return false;
	}
	return true;
}

/* Pages and ends of what the chosen pane scrolls. */
static bool leap(struct compare_state *state, enum action action, struct action_request *out)
{
	int page = state->rows[state->pane] > 1 ? state->rows[state->pane] - 1 : 1, all = state->lines[state->pane];
	bool home = action == ACTION_HOME;
	if (state->pane == COMPARE_CURVES)
		chart_look_act(&state->look, &state->clock, action, NULL);
	else if (state->pane == COMPARE_SAMPLES && (home || action == ACTION_END))
		out->action = home ? ACTION_COMPARE_FIRST : ACTION_COMPARE_LAST;
	else
		scroll(state, home ? -all : action == ACTION_END ? all : action == ACTION_PAGE_UP ? -page : page);
	return true;
}

static bool act(struct screen_state *screen, const struct view *view, enum action action, struct action_request *out)
{
	struct compare_state *state = &screen->compare;
	if (!view->compare)
		return false;
	switch ((int)action) {
	case ACTION_NEXT_PANE: state->pane = (state->pane + 1) % COMPARE_PANES; break;
	case ACTION_COMPARE_PANE_BEFORE: state->pane = (state->pane + COMPARE_PANES - 1) % COMPARE_PANES; break;
	case ACTION_COMPARE_SETTINGS: state->all_settings = !state->all_settings; break;
	case ACTION_COMPARE_SEEDS: state->by_seed = !state->by_seed; break;
	case ACTION_COMPARE_QUANTITY: state->quantity = compare_next_quantity(view->compare, state->quantity, 1); break;
	case ACTION_COMPARE_ZOOM: state->zoomed = !state->zoomed; break;
	case ACTION_COMPARE_EXPORT: *out = (struct action_request){.action = action, .value = state->look.unit}; break;
	case ACTION_UP: case ACTION_DOWN: case ACTION_LEFT: case ACTION_RIGHT: return move(view->compare, state, action, out);
	case ACTION_PAGE_UP: case ACTION_PAGE_DOWN: case ACTION_HOME: case ACTION_END: return leap(state, action, out);
	default: return chart_look_act(&state->look, &state->clock, action, screen->pointed ? &screen->pointer : NULL);
	}
	return true;
}

const struct screen screen_compare = {
	.name = "compare", .title = "Compare", .action = ACTION_SCREEN_COMPARE, .scope = SCOPE_COMPARE, .draw = draw, .act = act,
};
