/* The run page: what is written down about the opened run, and its settings beside their defaults and its parent's. */
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/screen_parts.h"
#include "ui/widget_table.h"

enum { WIDE_WIDTH = 120, FACTS_WIDTH = 58, NAME_WIDTH = 19, FEWEST_SETTINGS = 6, LOG_LINES = 4, NOTE_SIZE = 96 };

static const enum action footer[] = {
	ACTION_DIFFERENCES, ACTION_NEXT_PANE, ACTION_UP, ACTION_DOWN, ACTION_SCREEN_TRAIN, ACTION_SCREEN_SAMPLES, ACTION_SCREEN_WEIGHTS,
	ACTION_SCREEN_RUNS, ACTION_SCREEN_LOG, ACTION_RUN_RENAME, ACTION_RUN_TAGS, ACTION_RUN_NOTE, ACTION_RUN_UNDO, ACTION_RUN_FORK,
	ACTION_PAUSE,
	ACTION_LAST_SCREEN, ACTION_NONE,
};

enum column { NAME, VALUE, ORIGIN, STANDARD, PARENT, HELP, COLUMNS };

static const struct table_column columns[COLUMNS] = {
	[NAME] = {"setting", 16, 22, 0, false}, [VALUE] = {"value", 12, 30, 0, false}, [ORIGIN] = {"from", 11, 11, 2, false},
	[STANDARD] = {"default", 10, 16, 1, false},
	[PARENT] = {"parent", 8, 16, 3, false}, [HELP] = {"", 20, 90, 4, false},
};

/* ---- what is written down */

/* Rows it takes, drawn or not (canvas NULL). */
static int draw_facts(struct canvas *canvas, const struct view_page *page, int width)
{
	int y = 0, room = width - NAME_WIDTH;
	for (int i = 0; i < page->fact_count; i++) {
		bool warning = strcmp(page->facts[i].name, "message") == 0;
		if (canvas)
			canvas_text(canvas, 0, y, ROLE_QUIET, 0, page->facts[i].name);
		y += screen_draw_wrapped(canvas, NAME_WIDTH, y, room, warning ? ROLE_BAD : ROLE_TEXT, page->facts[i].value);
	}
	if (*page->note) {
		if (canvas)
			canvas_text(canvas, 0, y, ROLE_QUIET, 0, "note");
		y += screen_draw_wrapped(canvas, NAME_WIDTH, y, room, ROLE_TITLE, page->note);
	}
	return y;
}

/* ---- settings */

struct listed {
	const struct view_fact *rows[VIEW_FACTS];
	int count;
};

static bool differs(const struct view_fact *fact) { return *fact->standard || *fact->parent; }

/* Runs of older versions do not tell. */
static bool has_origins(const struct view_page *page) { return page->setting_count > 0 && *page->settings[0].origin; }

static bool has_parent(const struct view_page *page)
{
	for (int i = 0; i < page->setting_count; i++)
		if (*page->settings[i].parent)
			return true;
	return false;
}

static struct listed list_settings(const struct screen_state *state, const struct view_page *page)
{
	struct listed listed = {0};
	for (int i = 0; i < page->setting_count; i++)
		if (state->page_all || differs(&page->settings[i]))
			listed.rows[listed.count++] = &page->settings[i];
	return listed;
}

static void draw_cell(const void *context, int row, int column, struct canvas *cell, bool selected)
{
	const struct view_fact *fact = ((const struct listed *)context)->rows[row];
	const char *const texts[COLUMNS] = {[NAME] = fact->name, [VALUE] = fact->value, [ORIGIN] = fact->origin, [STANDARD] = fact->standard,
		[PARENT] = fact->parent, [HELP] = fact->help};
	const enum theme_role roles[COLUMNS] = {[NAME] = ROLE_TEXT, [VALUE] = differs(fact) ? ROLE_TITLE : ROLE_TEXT,
		[ORIGIN] = ROLE_QUIET, [STANDARD] = ROLE_QUIET, [PARENT] = ROLE_QUIET, [HELP] = ROLE_QUIET};
	table_text(cell, selected, false, roles[column], texts[column]);
}

static void draw_settings(struct screen_state *state, const struct view_page *page, struct canvas *inside)
{
	struct listed listed = list_settings(state, page);
	int rows = inside->clip.height - 1, most = listed.count - rows;
	state->page_rows = rows > 1 ? rows : 1;
	state->page_lines = listed.count;
	state->page_top = state->page_top > most ? most : state->page_top;
	state->page_top = state->page_top < 0 ? 0 : state->page_top;
	if (!listed.count) {
		screen_draw_centred(inside, ROLE_QUIET, page->setting_count ? "every setting is at its default\nd shows them all"
			: "its settings cannot be read");
		return;
	}
	struct table_column fitted[COLUMNS];
	memcpy(fitted, columns, sizeof columns);
	if (!has_parent(page))
		fitted[PARENT].width = fitted[PARENT].most = 0;
	if (!has_origins(page))
		fitted[ORIGIN].width = fitted[ORIGIN].most = 0;
	struct table table = {.columns = fitted, .column_count = COLUMNS, .row_count = listed.count, .selected = -1,
		.top = state->page_top, .context = &listed, .draw_cell = draw_cell};
	table_draw(inside, &table);
}

/* ---- the screen */

static void draw_settings_pane(struct screen_state *state, const struct view_page *page, struct canvas *body, struct rect rect,
	bool boxed)
{
	char note[NOTE_SIZE];
	snprintf(note, sizeof note, "%d of %d differ from the defaults", page->differing, page->setting_count);
	struct canvas inside = screen_pane(body, rect, state->page_all ? "all settings" : "settings that differ", note, boxed);
	draw_settings(state, page, &inside);
}

static void draw_facts_pane(const struct view_page *page, struct canvas *body, struct rect rect, bool boxed)
{
	struct canvas inside = screen_pane(body, rect, "run", NULL, boxed);
	draw_facts(&inside, page, inside.clip.width);
}

/* Facts at the left; settings at the right, and below them as much of the log as there is room for. */
static void draw_wide(struct screen_state *state, const struct view *view, struct canvas *body, bool boxed)
{
	int width = body->clip.width - FACTS_WIDTH, height = body->clip.height, frame = boxed ? 2 : 1;
	int wanted = list_settings(state, &view->page).count + 1 + frame, least = FEWEST_SETTINGS + frame;
	int upper = wanted < least ? least : wanted, lower = height - upper;
	lower = lower < LOG_LINES + frame ? LOG_LINES + frame : lower;
	lower = height - lower < least ? 0 : lower;
	draw_facts_pane(&view->page, body, (struct rect){0, 0, FACTS_WIDTH, height}, boxed);
	draw_settings_pane(state, &view->page, body, (struct rect){FACTS_WIDTH, 0, width, height - lower}, boxed);
	if (!lower)
		return;
	struct canvas log = screen_pane(body, (struct rect){FACTS_WIDTH, height - lower, width, lower}, "log", NULL, boxed);
	screen_draw_log_tail(&log, view);
}

/* Facts above, as far as they leave the settings some rows. */
static void draw_narrow(struct screen_state *state, const struct view *view, struct canvas *body, bool boxed)
{
	int width = body->clip.width, height = body->clip.height, frame = boxed ? 2 : 1;
	int inside = width - (boxed ? 4 : 2), most = height - FEWEST_SETTINGS - frame;
	int upper = draw_facts(NULL, &view->page, inside) + frame;
	upper = state->page_facts ? height : upper > most ? most : upper;
	upper = upper > frame ? upper : 0;
	if (upper)
		draw_facts_pane(&view->page, body, (struct rect){0, 0, width, upper}, boxed);
	if (upper < height)
		draw_settings_pane(state, &view->page, body, (struct rect){0, upper, width, height - upper}, boxed);
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	(void)picture;
	state->scope = SCOPE_RUN;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	if (view->run.state == VIEW_NOTHING)
		screen_draw_nothing(&body);
	else if (!view->page.fact_count)
		screen_draw_centred(&body, ROLE_QUIET, "the run is not in the store yet");
	else
		(body.clip.width >= WIDE_WIDTH ? draw_wide : draw_narrow)(state, view, &body, screen_is_boxed(canvas));
}

/* Prompts begin with what the run has now. */
static bool edit(const struct view *view, enum action action, const char *now, struct action_request *out)
{
	if (view->run.id == 0)
		return true;
	*out = (struct action_request){.action = action, .run = view->run.id, .step = -1};
	text_copy(out->text, sizeof out->text, now);
	return true;
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	switch ((int)action) {
	case ACTION_RUN_RENAME: return edit(view, action, view->run.name, out);
	case ACTION_RUN_TAGS: return edit(view, action, view->page.tags, out);
	case ACTION_RUN_NOTE: return edit(view, action, view->page.note, out);
	case ACTION_DIFFERENCES: state->page_all = !state->page_all; break;
	case ACTION_NEXT_PANE: state->page_facts = !state->page_facts; break;
	case ACTION_UP: state->page_top -= 1; break;
	case ACTION_DOWN: state->page_top += 1; break;
	case ACTION_PAGE_UP: state->page_top -= state->page_rows; break;
	case ACTION_PAGE_DOWN: state->page_top += state->page_rows; break;
	case ACTION_HOME: state->page_top = 0; break;
	case ACTION_END: state->page_top = state->page_lines; break;
	default: return false;
	}
	return true;
}

const struct screen screen_run = {
	.name = "run", .title = "Run", .action = ACTION_SCREEN_RUN, .scope = SCOPE_RUN, .draw = draw, .act = act,
};
