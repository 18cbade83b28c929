/* What happened, line by line; the newest at the bottom. Scrolled back it stays put while lines are added. */
#include <stdio.h>

#include "engine/base/text.h"
#include "ui/screen_parts.h"

static const enum action footer[] = {
	ACTION_UP, ACTION_DOWN, ACTION_PAGE_UP, ACTION_PAGE_DOWN, ACTION_HOME, ACTION_END, ACTION_SCREEN_TRAIN, ACTION_SCREEN_RUNS,
	ACTION_PAUSE, ACTION_LAST_SCREEN, ACTION_NONE,
};

/* The first page: its last entry is as far back as one can scroll. */
static int64_t first_page_end(const struct screen_state *state, const struct view *view)
{
	int64_t oldest = screen_log_oldest(view);
	return oldest + screen_log_after(view, oldest, state->log_rows, state->log_width);
}

/* The entry after the last one shown: follows the newest unless scrolled back; never beyond what is kept. */
static int64_t shown_end(const struct screen_state *state, const struct view *view)
{
	int64_t first_page = first_page_end(state, view), end = state->log_end;
	if (end < 1 || end > view->log_count)
		return view->log_count;
	return end < first_page ? first_page : end;
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	(void)picture;
	state->scope = SCOPE_EVERYWHERE;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	bool boxed = screen_is_boxed(canvas);
	char note[96], count[32];
	state->log_rows = body.clip.height - (boxed ? 2 : 1);
	state->log_width = body.clip.width - (boxed ? 4 : 2);
	int64_t end = shown_end(state, view), first = end - screen_log_before(view, end, state->log_rows, state->log_width);
	text_count(count, sizeof count, view->log_count);
	snprintf(note, sizeof note, "%s %s, %s", count, view->log_count == 1 ? "line" : "lines",
		end == view->log_count ? "following" : "End follows");
	struct canvas inside = screen_pane(&body, (struct rect){0, 0, body.clip.width, body.clip.height}, "log", note, boxed);
	for (int64_t i = first, y = 0; i < end; i++)
		y += screen_draw_log_entry(&inside, (int)y, state->log_width, &view->log[i % VIEW_LOG_LINES]);
	if (!view->log_count)
		screen_draw_centred(&inside, ROLE_QUIET, "nothing has happened yet");
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	(void)out;
	int64_t end = shown_end(state, view), first_page = first_page_end(state, view);
	int64_t shown = screen_log_before(view, end, state->log_rows, state->log_width), page = shown > 1 ? shown - 1 : 1;
	switch ((int)action) {
	case ACTION_UP: end -= 1; break;
	case ACTION_DOWN: end += 1; break;
	case ACTION_PAGE_UP: end -= page; break;
	case ACTION_PAGE_DOWN: end += page; break;
	case ACTION_HOME: end = 1; break;
	case ACTION_END: end = view->log_count; break;
	default: return false;
	}
	end = end < first_page ? first_page : end;
	state->log_end = end < view->log_count ? end : 0;
	return true;
}

const struct screen screen_log = {
	.name = "log", .title = "Log", .action = ACTION_SCREEN_LOG, .scope = SCOPE_EVERYWHERE, .draw = draw, .act = act,
};
