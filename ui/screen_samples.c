/* The sample grid as large as the terminal allows. */
#include "ui/screen_parts.h"

static const enum action footer[] = {
	ACTION_SAMPLE, ACTION_SAMPLE_NOISE, ACTION_PAUSE, ACTION_SCREEN_TRAIN, ACTION_SCREEN_RUNS, ACTION_D_BITS_DOWN, ACTION_D_BITS_UP,
	ACTION_G_BITS_DOWN, ACTION_G_BITS_UP, ACTION_QUANTIZER, ACTION_CHECKPOINT, ACTION_SCREEN_LOG, ACTION_LAST_SCREEN, ACTION_NONE,
};

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	state->scope = SCOPE_EVERYWHERE;
	if (!screen_has_room(canvas))
		return;
	struct canvas body = screen_draw_surroundings(canvas, view, footer);
	struct rect all = {0, 0, body.clip.width, body.clip.height};
	struct canvas inside = screen_pane(&body, all, "samples", NULL, screen_is_boxed(canvas));
	screen_draw_samples(&inside, view, picture);
}

const struct screen screen_samples = {
	.name = "samples", .title = "Samples", .action = ACTION_SCREEN_SAMPLES, .scope = SCOPE_EVERYWHERE, .draw = draw,
};
