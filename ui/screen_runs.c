/* Every run of the store, newest first; the cursor stays on its run when the list changes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/screen_parts.h"
#include "ui/widget_table.h"

enum { CELL_SIZE = 96, PATH_WIDTH = 100 /* narrower: the store's path gives way to the count */ };

static const enum action footer[] = {
	ACTION_RUN_OPEN, ACTION_RUN_RESUME, ACTION_UP, ACTION_DOWN, ACTION_PAGE_UP, ACTION_PAGE_DOWN, ACTION_SCREEN_TRAIN,
	ACTION_SCREEN_SAMPLES, ACTION_SCREEN_LOG, ACTION_LAST_SCREEN, ACTION_NONE,
};

enum column {
	NAME, STATUS, VERDICT, MODEL, SIZE, DATA, D_BITS, G_BITS, METHOD, STEP, EPOCHS, LOSS_D, LOSS_G, TRAINED, AGE, COLUMNS
};

static const struct table_column columns[COLUMNS] = {
	[NAME] = {"name", 18, 40, 0, false},   [STATUS] = {"status", 9, 0, 0, false},
	[VERDICT] = {"verdict", 10, 0, 4, false}, [MODEL] = {"model", 6, 8, 7, false},
	[SIZE] = {"size", 8, 9, 8, false},     [DATA] = {"data", 13, 28, 3, false},   [D_BITS] = {"D", 2, 3, 1, true},
	[G_BITS] = {"G", 2, 3, 1, true},       [METHOD] = {"method", 6, 8, 4, false}, [STEP] = {"step", 7, 10, 1, true},
	[EPOCHS] = {"epochs", 6, 0, 6, true},  [LOSS_D] = {"loss D", 6, 7, 2, true},  [LOSS_G] = {"loss G", 6, 7, 2, true},
	[TRAINED] = {"trained", 9, 0, 5, true}, [AGE] = {"age", 6, 0, 2, true},
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

/* "live 28 %" while it trains; otherwise the step says how far it came. */
static void status_text(char *text, const struct view_run_row *run)
{
	if (run->last_step > 0 && strcmp(run->status, "live") == 0)
		snprintf(text, CELL_SIZE, "%s %.0f %%", run->status, floor(100.0 * (double)run->step / (double)run->last_step));
	else
		snprintf(text, CELL_SIZE, "%s", run->status);
}

static void cell_text(char *text, const struct view_run_row *run, enum column column, bool opened)
{
	text[0] = '\0';
	switch (column) {
	case NAME: snprintf(text, CELL_SIZE, "%s%s", opened ? "\xe2\x96\xb8" : " ", run->name); break;
	case STATUS: status_text(text, run); break;
	case VERDICT: snprintf(text, CELL_SIZE, "%s", run->verdict[0] ? run->verdict : "-"); break;
	case MODEL: snprintf(text, CELL_SIZE, "%s", run->model); break;
	case SIZE: snprintf(text, CELL_SIZE, "%dpx w%d", run->size, run->width); break;
	case DATA: snprintf(text, CELL_SIZE, "%s", run->data); break;
	case D_BITS: snprintf(text, CELL_SIZE, "%d", run->d_bits); break;
	case G_BITS: snprintf(text, CELL_SIZE, "%d", run->g_bits); break;
	case METHOD: snprintf(text, CELL_SIZE, "%s", run->d_bits >= 32 && run->g_bits >= 32 ? "-" : run->quantizer); break;
	case STEP: text_count(text, CELL_SIZE, run->step); break;
	case EPOCHS: snprintf(text, CELL_SIZE, "%.1f", run->epochs); break;
	case LOSS_D: text_loss(text, CELL_SIZE, run->loss_d); break;
	case LOSS_G: text_loss(text, CELL_SIZE, run->loss_g); break;
	case TRAINED: text_duration(text, CELL_SIZE, run->train_seconds); break;
	case AGE: text_age(text, CELL_SIZE, run->age_seconds); break;
	case COLUMNS: break;
	}
}

static void draw_cell(const void *context, int row, int column, struct canvas *cell, bool selected)
{
	const struct view *view = context;
	const struct view_run_row *run = &view->runs[row];
	char text[CELL_SIZE];
	enum theme_role role = column == D_BITS ? ROLE_D : column == G_BITS ? ROLE_G : ROLE_TEXT;
	if (column == STATUS)
		role = status_role(run->status);
	if (column == VERDICT)
		role = screen_verdict_role(run->verdict);
	cell_text(text, run, (enum column)column, run->id == view->run.id && view->run.state != VIEW_NOTHING);
	table_text(cell, selected, columns[column].right, role, text);
}

/* The row of the remembered run; when it is gone, the row where it was. */
static int find_cursor(struct screen_state *state, const struct view *view)
{
	for (int i = 0; i < view->run_count; i++)
		if (view->runs[i].id == state->runs_selected && state->runs_selected)
			return state->runs_cursor = i;
	if (state->runs_cursor >= view->run_count)
		state->runs_cursor = view->run_count - 1;
	if (state->runs_cursor < 0)
		state->runs_cursor = 0;
	return state->runs_cursor;
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	(void)picture;
	state->scope = SCOPE_RUNS;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	char note[VIEW_TEXT + 32];
	snprintf(note, sizeof note, "%d run%s%s%s", view->run_count, view->run_count == 1 ? "" : "s",
		canvas->clip.width >= PATH_WIDTH ? "  " : "", canvas->clip.width >= PATH_WIDTH ? view->store_path : "");
	struct rect all = {0, 0, body.clip.width, body.clip.height};
	struct canvas inside = screen_pane(&body, all, "runs, newest first (D, G: bits)", note, screen_is_boxed(canvas));
	if (!view->run_count) {
		screen_draw_centred(&inside, ROLE_QUIET, "the store holds no run yet\n\n"
			"a starts one here: data, settings, what it takes\n`qgan train` starts one without a screen");
		return;
	}
	state->runs_rows = inside.clip.height > 1 ? inside.clip.height - 1 : 1;
	int cursor = find_cursor(state, view);
	state->runs_top = table_scroll(state->runs_top, cursor, view->run_count, state->runs_rows);
	struct table table = {.pick = ACTION_PICK_ROW, .open = ACTION_RUN_OPEN, .columns = columns, .column_count = COLUMNS,
		.row_count = view->run_count, .selected = cursor,
		.top = state->runs_top, .context = view, .draw_cell = draw_cell};
	table_draw(&inside, &table);
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
	case ACTION_END: cursor = view->run_count - 1; break;
	case ACTION_PICK_ROW: cursor = state->pointer.value; break;
	default: return false;
	}
	cursor = cursor >= view->run_count ? view->run_count - 1 : cursor;
	state->runs_cursor = cursor < 0 ? 0 : cursor;
	state->runs_selected = view->run_count ? view->runs[state->runs_cursor].id : 0;
	return true;
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	if (action != ACTION_RUN_OPEN && action != ACTION_RUN_RESUME)
		return move_cursor(state, view, action);
	if (view->run_count) {
		out->action = action;
		out->run = view->runs[find_cursor(state, view)].id;
	}
	return true;
}

const struct screen screen_runs = {
	.name = "runs", .title = "Runs", .action = ACTION_SCREEN_RUNS, .scope = SCOPE_RUNS, .draw = draw, .act = act,
};
