/* The sample grid as large as the terminal allows, and a scrubber over all that are recorded. */
#include <stdio.h>

#include "ui/screen_parts.h"

enum { SCRUBBER_MIN_WIDTH = 40, SCRUBBER_MIN_HEIGHT = 6, PAGE = 10, KNOB = 0x25CF, LINE = 0x2500, LABEL_SIZE = 64 };

static const enum action footer[] = {
	ACTION_SAMPLE_BEFORE, ACTION_SAMPLE_AFTER, ACTION_SAMPLE_PLAY, ACTION_SAMPLE, ACTION_SAMPLE_NOISE, ACTION_PAUSE,
	ACTION_SCREEN_TRAIN, ACTION_SCREEN_RUNS, ACTION_D_BITS_DOWN, ACTION_D_BITS_UP,
	ACTION_G_BITS_DOWN, ACTION_G_BITS_UP, ACTION_QUANTIZER, ACTION_CHECKPOINT, ACTION_SCREEN_LOG, ACTION_LAST_SCREEN, ACTION_NONE,
};

/* Where the shown samples lie among the recorded ones. Those shown with fresh noise are none of them. */
static void draw_scrubber(struct canvas *row, const struct view *view)
{
	const struct view_back *back = &view->sample_back;
	char label[LABEL_SIZE];
	int position = back->on ? back->position : back->count - 1;
	snprintf(label, sizeof label, " %d of %d recorded%s", position + 1, back->count,
		view->sample_plays ? ", playing" : back->on ? "" : ", newest");
	int width = row->clip.width - canvas_text_width(label) - 1;
	canvas_fill(row, (struct rect){0, 0, width, 1}, LINE, ROLE_FRAME, 0);
	canvas_put(row, back->count > 1 ? (int)((long long)position * (width - 1) / (back->count - 1)) : 0, 0, KNOB, ROLE_FOCUS, CELL_BOLD);
	canvas_text(row, width, 0, ROLE_QUIET, 0, label);
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	state->scope = SCOPE_SAMPLES;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	struct rect all = {0, 0, body.clip.width, body.clip.height};
	struct canvas inside = screen_pane(&body, all, "samples", NULL, screen_is_boxed(canvas));
	int width = inside.clip.width, height = inside.clip.height;
	bool scrubber = view->sample_back.count > 1 && width >= SCRUBBER_MIN_WIDTH - 2 && height >= SCRUBBER_MIN_HEIGHT;
	struct canvas grid = canvas_part(&inside, (struct rect){0, 0, width, height - scrubber});
	struct canvas row = canvas_part(&inside, (struct rect){0, height - 1, width, 1});
	screen_draw_samples(&grid, view, picture);
	canvas_hit(&inside, (struct rect){0, 0, width, height}, (struct hit){.up = ACTION_SAMPLE_BEFORE, .down = ACTION_SAMPLE_AFTER});
	if (scrubber)
		draw_scrubber(&row, view);
}

/* Keys for moving walk the recorded samples. */
static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	static const struct { enum action key, sent; int records; } keys[] = {
		{ACTION_LEFT, ACTION_SAMPLE_BEFORE, 1}, {ACTION_RIGHT, ACTION_SAMPLE_AFTER, 1}, {ACTION_PAGE_UP, ACTION_SAMPLE_BEFORE, PAGE},
		{ACTION_PAGE_DOWN, ACTION_SAMPLE_AFTER, PAGE}, {ACTION_HOME, ACTION_SAMPLE_FIRST, 0}, {ACTION_END, ACTION_SAMPLE_NEWEST, 0},
		{ACTION_SAMPLE_BEFORE, ACTION_SAMPLE_BEFORE, 1}, {ACTION_SAMPLE_AFTER, ACTION_SAMPLE_AFTER, 1},
		{ACTION_SAMPLE_PLAY, ACTION_SAMPLE_PLAY, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].key == action) {
			if (view->run.state != VIEW_NOTHING)
				*out = (struct action_request){.action = keys[i].sent, .value = keys[i].records};
			return true;
		}
	return false;
}

const struct screen screen_samples = {
	.name = "samples", .title = "Samples", .action = ACTION_SCREEN_SAMPLES, .scope = SCOPE_SAMPLES, .draw = draw, .act = act,
};
