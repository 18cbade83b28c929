/* The store's runs as the session chose, sorted and marked them; the cursor stays on its run when the list changes. Only
 * rows in sight are written. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/screen_parts.h"
#include "ui/widget_table.h"

enum { TITLE_SIZE = 160, NUMBER_SIZE = 32, KEY_SIZE = 16, MARK_COLUMN = 0 };

static const enum action footer[] = {
	ACTION_RUN_OPEN, ACTION_RUN_MARK, ACTION_RUN_COMPARE, ACTION_RUNS_FILTER, ACTION_RUNS_SORT_BEFORE, ACTION_RUNS_SORT_AFTER,
	ACTION_RUNS_REVERSE, ACTION_RUNS_COLUMNS, ACTION_RUN_FORK, ACTION_RUN_RESUME, ACTION_RUN_TAGS, ACTION_RUN_DELETE,
	ACTION_RUN_UNDO, ACTION_RUN_RENAME, ACTION_RUN_NOTE, ACTION_RUN_ARCHIVE, ACTION_RUNS_VIEW, ACTION_RUN_MARK_RANGE,
	ACTION_SCREEN_TRAIN, ACTION_SCREEN_COMPARE, ACTION_NONE,
};

static const enum action trash_footer[] = {
	ACTION_RUN_PURGE, ACTION_RUNS_TRASH, ACTION_RUN_MARK, ACTION_RUN_MARK_ALL, ACTION_RUN_OPEN, ACTION_RUNS_FILTER,
	ACTION_RUN_UNDO, ACTION_NONE,
};

/* What a status is worth a colour for; others are plain. The word stands there in any case. */
static enum theme_role status_role(const char *status)
{
	static const struct { const char *status; enum theme_role role; } roles[] = {
		{"live", ROLE_GOOD}, {"paused", ROLE_WARNING}, {"crashed", ROLE_BAD}, {"failed", ROLE_BAD}, {"stopped", ROLE_QUIET},
	};
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (strcmp(roles[i].status, status) == 0)
			return roles[i].role;
	return ROLE_TEXT;
}

static enum theme_role cell_role(const struct view_run_row *row, const char *column)
{
	if (strcmp(column, "status") == 0)
		return status_role(row->status);
	if (strcmp(column, "verdict") == 0)
		return screen_verdict_role(row->verdict);
	return strcmp(column, "bits.d") == 0 ? ROLE_D : strcmp(column, "bits.g") == 0 ? ROLE_G : ROLE_TEXT;
}

/* ---- the table */

struct list {
	const struct screen_state *state;
	const struct view *view;
	struct table_column columns[TABLE_MAX_COLUMNS]; /* the mark, then those shown */
	char titles[TABLE_MAX_COLUMNS][NUMBER_SIZE];
	int indices[TABLE_MAX_COLUMNS]; /* among the view's columns */
	int count;
};

static int column_index(const struct view_runs *runs, int place)
{
	int index = runs->shown[place];
	return index >= 0 && index < runs->column_count ? index : -1;
}

static int shown_count(const struct view_runs *runs)
{
	int most = TABLE_MAX_COLUMNS - 1 < VIEW_RUN_SHOWN ? TABLE_MAX_COLUMNS - 1 : VIEW_RUN_SHOWN;
	return runs->shown_count < 0 ? 0 : runs->shown_count > most ? most : runs->shown_count;
}

static void list_columns(struct list *list)
{
	const struct view_runs *runs = list->view->runs;
	list->columns[list->count++] = (struct table_column){.title = "", .width = 1};
	for (int i = 0; i < shown_count(runs); i++) {
		int index = column_index(runs, i);
		if (index < 0)
			continue;
		const struct view_run_column *column = &runs->columns[index];
		const char *arrow = runs->falling ? "\xe2\x96\xbe" : "\xe2\x96\xb4";
		snprintf(list->titles[list->count], NUMBER_SIZE, "%s%s", column->title, index == runs->sorted ? arrow : "");
		list->columns[list->count] = (struct table_column){list->titles[list->count], column->width, column->most, column->priority,
			column->right};
		list->indices[list->count++] = index;
	}
}

/* Marked, being marked, or opened. */
static void draw_mark(const struct list *list, int row, const struct view_run_row *run, struct canvas *cell, bool selected)
{
	const struct screen_state *state = list->state;
	int low = state->runs_anchor_row < state->runs_cursor ? state->runs_anchor_row : state->runs_cursor;
	int high = state->runs_anchor_row < state->runs_cursor ? state->runs_cursor : state->runs_anchor_row;
	bool opened = run->id == list->view->run.id && list->view->run.state != VIEW_NOTHING;
	bool range = state->runs_ranging && row >= low && row <= high;
	uint32_t mark = run->marked ? '*' : range ? '+' : opened ? 0x25B8 : ' ';
	canvas_put(cell, 0, 0, mark, selected ? ROLE_SELECTED : ROLE_FOCUS, CELL_BOLD);
}

static void draw_cell(const void *context, int row, int column, struct canvas *cell, bool selected)
{
	const struct list *list = context;
	const struct view_runs *runs = list->view->runs;
	struct view_run_row run = view_run_at(list->view, row);
	char text[VIEW_CELL] = "";
	if (column == MARK_COLUMN) {
		draw_mark(list, row, &run, cell, selected);
		return;
	}
	int index = list->indices[column];
	runs->cell(runs->context, row, index, text);
	table_text(cell, selected, list->columns[column].right, cell_role(&run, runs->columns[index].name), text);
}

/* The row of the remembered run; when it is gone, the row where it was. */
static int find_cursor(struct screen_state *state, const struct view *view)
{
	int count = view_run_count(view), cursor = state->runs_cursor;
	if (state->runs_selected && cursor >= 0 && cursor < count && view_run_at(view, cursor).id == state->runs_selected)
		return cursor;
	for (int i = 0; i < count && state->runs_selected; i++)
		if (view_run_at(view, i).id == state->runs_selected)
			return state->runs_cursor = i;
	if (state->runs_cursor >= count)
		state->runs_cursor = count - 1;
	if (state->runs_cursor < 0)
		state->runs_cursor = 0;
	return state->runs_cursor;
}

static void find_anchor(struct screen_state *state, const struct view *view)
{
	for (int i = 0; state->runs_ranging && i < view_run_count(view); i++)
		if (view_run_at(view, i).id == state->runs_anchor) {
			state->runs_anchor_row = i;
			return;
		}
	state->runs_ranging = false;
}

/* ---- around the table */

static void write_title(const struct view_runs *runs, char *title)
{
	char count[NUMBER_SIZE], total[NUMBER_SIZE], order[TITLE_SIZE / 2] = "newest first";
	text_count(count, sizeof count, runs->count);
	if (runs->sorted >= 0 && runs->sorted < runs->column_count)
		snprintf(order, sizeof order, "by %.40s %s", runs->columns[runs->sorted].name, runs->falling ? "falling" : "rising");
	if (runs->trash && runs->count > 0)
		snprintf(order, sizeof order, "%s brings back", keymap_key_of(total, sizeof total, ACTION_RUN_DELETE, false));
	text_count(total, sizeof total, runs->total);
	if (runs->count == runs->total)
		snprintf(title, TITLE_SIZE, "%s%s run%s, %s", runs->trash ? "trash: " : "", count, runs->count == 1 ? "" : "s", order);
	else
		snprintf(title, TITLE_SIZE, "%s%s of %s runs, %s", runs->trash ? "trash: " : "", count, total, order);
}

static void write_note(const struct view_runs *runs, char *note)
{
	char bytes[NUMBER_SIZE], marked[NUMBER_SIZE + 8] = "", number[NUMBER_SIZE];
	if (runs->marked > 0)
		snprintf(marked, sizeof marked, "%s marked", text_count(number, sizeof number, runs->marked));
	note[0] = '\0';
	if (isfinite(runs->store_bytes) && runs->store_bytes > 0)
		snprintf(note, TITLE_SIZE, "%s%sstore %s", marked, runs->marked > 0 ? ", " : "",
		         text_bytes_amount(bytes, sizeof bytes, runs->store_bytes));
	else
		text_copy(note, TITLE_SIZE, marked);
}

/* "filter: bits.g<=2", where there is one; the note of the run under the cursor, where there is none. */
static bool draw_filter(struct canvas *body, const struct view_runs *runs)
{
	if (!runs->filter[0])
		return false;
	int used = 1 + canvas_text(body, 1, 0, ROLE_QUIET, 0, "filter: ");
	canvas_text(body, used, 0, ROLE_TITLE, 0, runs->filter);
	if (runs->view[0]) {
		char text[TITLE_SIZE];
		snprintf(text, sizeof text, "view %s", runs->view);
		canvas_text_right(body, body->clip.width - 2, 0, ROLE_QUIET, 0, text);
	}
	return true;
}

static void draw_nothing(struct canvas *inside, const struct view_runs *runs)
{
	char text[TITLE_SIZE * 2], filter[KEY_SIZE], trash[KEY_SIZE], start[KEY_SIZE];
	keymap_key_of(filter, sizeof filter, ACTION_RUNS_FILTER, inside->unicode);
	keymap_key_of(trash, sizeof trash, ACTION_RUNS_TRASH, inside->unicode);
	keymap_key_of(start, sizeof start, ACTION_NEW_RUN, inside->unicode);
	if (runs && runs->filter[0])
		snprintf(text, sizeof text, "no run matches the filter\n\n%s changes it; an empty one shows every run", filter);
	else if (runs && runs->trash)
		snprintf(text, sizeof text, "the trash is empty\n\n%s goes back to the list", trash);
	else
		snprintf(text, sizeof text, "the store holds no run yet\n\n%s starts one here\n`qgan train` starts one without a screen", start);
	screen_draw_centred(inside, ROLE_QUIET, text);
}

/* Tags and note of the run under the cursor, below the table. */
static void draw_detail(struct canvas *line, const struct view_run_row *run)
{
	int x = 0;
	if (run->tags && run->tags[0])
		x += canvas_text(line, x, 0, ROLE_MARK, 0, run->tags) + 2;
	if (run->note && run->note[0])
		canvas_text(line, x, 0, ROLE_QUIET, 0, run->note);
}

static void draw_rows(struct screen_state *state, const struct view *view, struct canvas *inside)
{
	struct list list = {.state = state, .view = view};
	int cursor = find_cursor(state, view), count = view_run_count(view);
	struct view_run_row run = view_run_at(view, cursor);
	bool detail = (run.note && run.note[0]) || (run.tags && run.tags[0]);
	state->runs_rows = inside->clip.height - 1 - detail > 1 ? inside->clip.height - 1 - detail : 1;
	state->runs_top = table_scroll(state->runs_top, cursor, count, state->runs_rows);
	find_anchor(state, view);
	list_columns(&list);
	struct table table = {.pick = ACTION_PICK_ROW, .open = ACTION_RUN_OPEN, .sort = ACTION_PICK_COLUMN, .columns = list.columns,
		.column_count = list.count, .row_count = count, .selected = cursor, .top = state->runs_top, .context = &list,
		.draw_cell = draw_cell};
	struct canvas rows = canvas_part(inside, (struct rect){0, 0, inside->clip.width, inside->clip.height - detail});
	table_draw(&rows, &table);
	struct canvas line = canvas_part(inside, (struct rect){0, inside->clip.height - 1, inside->clip.width, detail});
	draw_detail(&line, &run);
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	(void)picture;
	state->scope = SCOPE_RUNS;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, view->runs && view->runs->trash ? trash_footer : footer);
	char title[TITLE_SIZE] = "runs", note[TITLE_SIZE] = "";
	int top = view->runs && draw_filter(&body, view->runs);
	if (view->runs) {
		write_title(view->runs, title);
		write_note(view->runs, note);
	}
	struct canvas inside = screen_pane(&body, (struct rect){0, top, body.clip.width, body.clip.height - top}, title,
		note[0] ? note : NULL, screen_is_boxed(canvas));
	if (view_run_count(view) < 1)
		draw_nothing(&inside, view->runs);
	else
		draw_rows(state, view, &inside);
}

/* ---- keys */

static void put_cursor(struct screen_state *state, const struct view *view, int cursor)
{
	int count = view_run_count(view);
	cursor = cursor >= count ? count - 1 : cursor;
	state->runs_cursor = cursor < 0 ? 0 : cursor;
	state->runs_selected = count > 0 ? view_run_at(view, state->runs_cursor).id : 0;
}

static bool move_cursor(struct screen_state *state, const struct view *view, enum action action)
{
	int cursor = find_cursor(state, view), page = state->runs_rows > 1 ? state->runs_rows - 1 : 1;
	switch ((int)action) {
	case ACTION_UP: cursor -= 1; break;
	case ACTION_DOWN: cursor += 1; break;
	case ACTION_PAGE_UP: cursor -= page; break;
	case ACTION_PAGE_DOWN: cursor += page; break;
	case ACTION_HOME: cursor = 0; break;
	case ACTION_END: cursor = view_run_count(view) - 1; break;
	case ACTION_PICK_ROW: cursor = state->pointer.value; break;
	default: return false;
	}
	put_cursor(state, view, cursor);
	return true;
}

static void sort_by(const struct view_runs *runs, int column, bool falling, struct action_request *out)
{
	out->action = ACTION_RUNS_SORT;
	if (column >= 0 && column < runs->column_count)
		snprintf(out->text, sizeof out->text, "%s%s", falling ? "-" : "", runs->columns[column].name);
}

/* From newest first through the shown columns and around; reversed, newest first is oldest first. */
static void change_order(const struct view_runs *runs, enum action action, struct action_request *out)
{
	int count = shown_count(runs), place = -1;
	for (int i = 0; i < count; i++)
		if (column_index(runs, i) == runs->sorted)
			place = i;
	if (action == ACTION_RUNS_REVERSE && runs->sorted < 0) {
		out->action = ACTION_RUNS_SORT;
		text_copy(out->text, sizeof out->text, "id");
	} else if (action == ACTION_RUNS_REVERSE) {
		sort_by(runs, runs->sorted, !runs->falling, out);
	} else {
		place = action == ACTION_RUNS_SORT_AFTER ? place + 1 : place < 0 ? count - 1 : place - 1;
		sort_by(runs, place >= 0 && place < count ? column_index(runs, place) : -1, false, out);
	}
}

/* A heading: sorted by it, or the other way round. */
static void pick_column(const struct view_runs *runs, int column, struct action_request *out)
{
	int place = column - 1, index = place >= 0 && place < shown_count(runs) ? column_index(runs, place) : -1;
	if (index >= 0)
		sort_by(runs, index, index == runs->sorted && !runs->falling, out);
}

static void mark_range(struct screen_state *state, const struct view_run_row *run, struct action_request *out)
{
	if (state->runs_ranging) {
		out->action = ACTION_RUN_MARK_RANGE;
		out->run = state->runs_anchor;
		out->other = run->id;
	}
	state->runs_anchor = run->id;
	state->runs_ranging = !state->runs_ranging;
}

/* What is about the run under the cursor; prompts begin with what it has now. */
static bool act_on_run(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	static const enum action about_runs[] = {
		ACTION_RUN_OPEN, ACTION_RUN_RESUME, ACTION_RUN_FORK, ACTION_RUN_MARK, ACTION_RUN_COMPARE, ACTION_RUN_RENAME, ACTION_RUN_TAGS,
		ACTION_RUN_NOTE, ACTION_RUN_ARCHIVE, ACTION_RUN_DELETE, ACTION_RUN_PURGE, ACTION_RUN_MARK_RANGE,
	};
	bool mine = false;
	for (size_t i = 0; i < sizeof about_runs / sizeof *about_runs; i++)
		mine |= about_runs[i] == action;
	if (!mine || view_run_count(view) < 1)
		return mine;
	int cursor = find_cursor(state, view);
	struct view_run_row run = view_run_at(view, cursor);
	if (action == ACTION_RUN_MARK_RANGE) {
		mark_range(state, &run, out);
		return true;
	}
	const char *text = action == ACTION_RUN_RENAME ? run.name : action == ACTION_RUN_TAGS ? run.tags :
		action == ACTION_RUN_NOTE ? run.note : "";
	*out = (struct action_request){.action = action, .run = run.id, .step = -1};
	text_copy(out->text, sizeof out->text, text ? text : "");
	if (action == ACTION_RUN_MARK)
		put_cursor(state, view, cursor + 1);
	return true;
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	const struct view_runs *runs = view->runs;
	if (act_on_run(state, view, action, out) || move_cursor(state, view, action))
		return true;
	if (action == ACTION_BACK && state->runs_ranging) {
		state->runs_ranging = false;
		return true;
	}
	if (!runs)
		return false;
	switch ((int)action) {
	case ACTION_RUNS_SORT_BEFORE: case ACTION_RUNS_SORT_AFTER: case ACTION_RUNS_REVERSE: change_order(runs, action, out); break;
	case ACTION_PICK_COLUMN: pick_column(runs, state->pointer.value, out); break;
	case ACTION_RUNS_FILTER:
		out->action = action;
		text_copy(out->text, sizeof out->text, runs->filter);
		break;
	default: return false;
	}
	return true;
}

const struct screen screen_runs = {
	.name = "runs", .title = "Runs", .action = ACTION_SCREEN_RUNS, .scope = SCOPE_RUNS, .draw = draw, .act = act,
};
