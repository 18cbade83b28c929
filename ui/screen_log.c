/* What happened, line by line; the newest at the bottom. Scrolled back it stays put while lines are added. */
#include <stdio.h>

#include "engine/base/text.h"
#include "ui/screen_parts.h"

static const enum action footer[] = {
	ACTION_UP, ACTION_DOWN, ACTION_PAGE_UP, ACTION_PAGE_DOWN, ACTION_HOME, ACTION_END, ACTION_SCREEN_TRAIN, ACTION_SCREEN_RUNS,
	ACTION_PAUSE, ACTION_LAST_SCREEN, ACTION_NONE,
};

static int64_t oldest_line(const struct view *view)
{
	return view->log_count > VIEW_LOG_LINES ? view->log_count - VIEW_LOG_LINES : 0;
}

/* The line after the last one shown: follows the newest unless scrolled back; never beyond what is kept. */
static int64_t shown_end(const struct screen_state *state, const struct view *view)
{
	int64_t first_page = oldest_line(view) + state->log_rows, end = state->log_end;
	if (end < 1 || end > view->log_count)
		return view->log_count;
	if (end < first_page)
		end = first_page;
	return end < view->log_count ? end : view->log_count;
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
	int64_t end = shown_end(state, view), first = end - state->log_rows;
	first = first > oldest_line(view) ? first : oldest_line(view);
	text_count(count, sizeof count, view->log_count);
	snprintf(note, sizeof note, "%s %s, %s", count, view->log_count == 1 ? "line" : "lines",
		end == view->log_count ? "following" : "End follows");
	struct canvas inside = screen_pane(&body, (struct rect){0, 0, body.clip.width, body.clip.height}, "log", note, boxed);
	for (int64_t i = first; i < end; i++)
		screen_draw_log_line_at(&inside, (int)(i - first), &view->log[i % VIEW_LOG_LINES]);
	if (!view->log_count)
		screen_draw_centred(&inside, ROLE_QUIET, "nothing has happened yet");
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	(void)out;
	int page = state->log_rows > 1 ? state->log_rows - 1 : 1;
	int64_t end = shown_end(state, view);
	switch ((int)action) {
	case ACTION_UP: end -= 1; break;
	case ACTION_DOWN: end += 1; break;
	case ACTION_PAGE_UP: end -= page; break;
	case ACTION_PAGE_DOWN: end += page; break;
	case ACTION_HOME: end = 1; break;
	case ACTION_END: end = view->log_count; break;
	default: return false;
	}
	int64_t first_page = oldest_line(view) + state->log_rows;
	end = end < first_page ? first_page : end;
	state->log_end = end < view->log_count ? end : 0;
	return true;
}

const struct screen screen_log = {
	.name = "log", .title = "Log", .action = ACTION_SCREEN_LOG, .scope = SCOPE_EVERYWHERE, .draw = draw, .act = act,
};
