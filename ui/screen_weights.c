/* One layer's weights and every one of their states: as trained, as they would be under another method, beside another run
 * or step, and over time; below, one line a layer. Wide terminals show all at once; narrow ones the figure and, below it,
 * one pane after another. */
#include "ui/screen_weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/screen_layers.h"
#include "ui/widget_strip.h"
#include "ui/widget_weights.h"

enum {
	WIDE_WIDTH = 130, WIDE_HEIGHT = 33,  /* of the body: everything at once */
	SIDE_WIDTH = 56,                     /* numbers and what-if table beside the figure */
	SIDE_BY_SIDE_TABLES = 110,           /* narrower: one table for both networks */
	SIDE_BY_SIDE_FIGURES = 92,           /* narrower: one below the other */
	FIGURE_HEIGHT = 11, FIGURE_GOOD_HEIGHT = 22, LOWER_MIN_HEIGHT = 4,
	WHAT_IF_WIDTH = 50, PICTURES_MIN_WIDTH = 24, FULL_TITLE_WIDTH = 70,
	TEXT_SIZE = 256, NUMBER_SIZE = 32, NAME_SIZE = 64, KEY_SIZE = 16,
};
/* Of the height beside numbers and table, what goes to pictures, and at most to the strip. */
static const double PICTURES_SHARE = 0.5, STRIP_SHARE = 0.4;

enum lower_pane { LOWER_FIRST, LOWER_WHAT_IF, LOWER_PICTURES, LOWER_LAYERS, LOWER_TIME, LOWER_PANES };

static const enum action footer[] = {
	ACTION_WHAT_IF_METHOD, ACTION_EXPORT_LAYER, ACTION_OTHER_OPEN, ACTION_OTHER_BEFORE, ACTION_OTHER_AFTER, ACTION_SORT_LAYERS,
	ACTION_UP, ACTION_DOWN, ACTION_LEFT,
	ACTION_RIGHT, ACTION_LOWER_PANE, ACTION_SCREEN_TRAIN, ACTION_SCREEN_RUNS, ACTION_D_BITS_DOWN, ACTION_D_BITS_UP,
	ACTION_G_BITS_DOWN, ACTION_G_BITS_UP, ACTION_NONE,
};
static const enum action footer_asked[] = {
	ACTION_WHAT_IF_METHOD, ACTION_WHAT_IF_BITS_DOWN, ACTION_WHAT_IF_BITS_UP, ACTION_WHAT_IF_APPLY, ACTION_BLINK,
	ACTION_WHAT_IF_SCOPE, ACTION_WHAT_IF_CHANNELS, ACTION_BACK, ACTION_LOWER_PANE, ACTION_EXPORT_LAYER, ACTION_OTHER_OPEN,
	ACTION_UP, ACTION_DOWN, ACTION_NONE,
};
static const enum action footer_other[] = {
	ACTION_WHAT_IF_METHOD, ACTION_OTHER_BEFORE, ACTION_OTHER_AFTER, ACTION_OTHER_OPEN, ACTION_OTHER_CLOSE, ACTION_EXPORT_LAYER,
	ACTION_UP, ACTION_DOWN, ACTION_LOWER_PANE, ACTION_SORT_LAYERS, ACTION_NONE,
};

/* ---- what is shown */

/* The same layer by name, else by place when that network has no names in common. */
static const struct view_layer *find_other(const struct view *view, enum view_network network, int index)
{
	const struct view_other *other = &view->other;
	int count = other->layer_count[network] > VIEW_MAX_LAYERS ? VIEW_MAX_LAYERS : other->layer_count[network];
	for (int i = 0; other->shown && i < count; i++)
		if (strcmp(other->layers[network][i].name, view->layers[network][index].name) == 0)
			return &other->layers[network][i];
	return NULL;
}

static struct weights_scene compose_scene(const struct view *view, const struct layers_cursor *cursor, bool boxed)
{
	const struct view_what_if *what_if = &view->what_if;
	enum view_network network = cursor->network;
	bool answered = what_if->asked && what_if->network == network && what_if->layer == cursor->layer && what_if->answer.name[0];
	return (struct weights_scene){
		.view = view, .network = network, .index = cursor->layer, .boxed = boxed,
		.trained = &view->layers[network][cursor->layer],
		.answer = answered ? &what_if->answer : NULL,
		.other = find_other(view, network, cursor->layer),
		.history = &view->history[network][cursor->layer],
	};
}

/* ---- figures */

/* What is out of the ordinary about its quantization. */
static const char *special(const struct view_layer *layer)
{
	if (layer->degenerate && !weights_is_float(layer))
		return ", too few bits for the method";
	return layer->groups > 1 ? ", a scale a channel" : "";
}

static void title_figure(char *title, char *note, const struct weights_scene *scene, const struct view_layer *layer, int width)
{
	char name[NAME_SIZE], method[NAME_SIZE], weights[NUMBER_SIZE], step[NUMBER_SIZE];
	const struct view *view = scene->view;
	int64_t at = layer == scene->answer ? view->what_if.step : view->layers_step;
	note[0] = '\0';
	weights_layer_name(name, sizeof name, scene);
	weights_method(method, sizeof method, layer);
	text_count(weights, sizeof weights, layer->weights > INT64_MAX ? INT64_MAX : (int64_t)layer->weights);
	if (layer == scene->answer)
		snprintf(title, TEXT_SIZE, "what if  %s  %s%s  not trained", name, method, special(layer));
	else if (layer == scene->other)
		snprintf(title, TEXT_SIZE, "%.99s@%" PRId64 "  %s%s", view->other.run, view->other.step, method, special(layer));
	else if (width < FULL_TITLE_WIDTH)
		snprintf(title, TEXT_SIZE, "%s  %s%s", name, method, special(layer));
	else
		snprintf(title, TEXT_SIZE, "%s  %s%s  %s  %s weights", name, method, special(layer), layer->shape, weights);
	if (layer != scene->other)
		snprintf(note, TEXT_SIZE, "step %s", text_count(step, sizeof step, at));
}

/* The head of a what-if figure in its own colour: nobody shall take it for trained. */
static void mark_title(struct canvas *canvas, struct rect rect, const struct weights_scene *scene)
{
	canvas_text(canvas, rect.x + (scene->boxed ? 3 : 2), rect.y, ROLE_MARK, CELL_BOLD, "what if");
}

static int number_rows(int height)
{
	return height < WEIGHTS_MIN_HEIGHT ? height : height >= 15 ? 3 : height >= 10 ? 2 : height >= 8 ? 1 : 0;
}

static void draw_figure(struct canvas *canvas, struct rect rect, const struct weights_scene *scene,
	const struct view_layer *layer, const struct axis *axis, bool reserve, bool numbers)
{
	char title[TEXT_SIZE], note[TEXT_SIZE], key[KEY_SIZE];
	title_figure(title, note, scene, layer, rect.width);
	struct canvas inside = screen_pane(canvas, rect, title, note[0] ? note : NULL, scene->boxed);
	if (layer == scene->answer)
		mark_title(canvas, rect, scene);
	int width = inside.clip.width, height = inside.clip.height, lines = numbers ? number_rows(height) : 0;
	bool invites = weights_is_float(layer) && layer == scene->trained && !scene->view->what_if.asked && height > WEIGHTS_MIN_HEIGHT;
	struct canvas lower = canvas_part(&inside, (struct rect){0, height - lines - invites, width, lines});
	struct canvas upper = canvas_part(&inside, (struct rect){0, 0, width, height - lines - invites});
	weights_draw(&upper, layer, axis, weights_role(scene, layer), reserve);
	weights_draw_number_lines(&lower, layer);
	if (invites)
		canvas_format(&inside, 0, height - 1, ROLE_QUIET, 0, "float: no states. %s asks what they would be",
			keymap_key_of(key, sizeof key, ACTION_WHAT_IF_METHOD, canvas->unicode));
}

static void draw_missing(struct canvas *canvas, struct rect rect, const struct weights_scene *scene)
{
	char text[TEXT_SIZE];
	struct canvas inside = screen_pane(canvas, rect, scene->view->other.run, NULL, scene->boxed);
	snprintf(text, sizeof text, "no layer %.23s is recorded there", scene->trained->name);
	screen_draw_centred(&inside, ROLE_QUIET, text);
}

/* The layer as in question, else as trained; beside it, or below, the other run's, on the same axis. */
static void draw_figures(struct canvas *canvas, struct rect rect, const struct weights_scene *scene, bool numbers)
{
	const struct view_layer *shown = scene->answer ? scene->answer : scene->trained;
	struct weights_span span = {0};
	struct rect first = rect, second = rect;
	bool beside = rect.width >= SIDE_BY_SIDE_FIGURES, two = scene->view->other.shown;
	if (two && beside) {
		first.width = rect.width / 2;
		second.x += first.width;
		second.width -= first.width;
	} else if (two) {
		first.height = rect.height / 2;
		second.y += first.height;
		second.height -= first.height;
	}
	weights_span_add(&span, scene->trained);
	weights_span_add(&span, shown);
	if (scene->other)
		weights_span_add(&span, scene->other);
	struct axis axis = weights_span_axis(&span, first.width);
	bool reserve = scene->other && weights_is_float(scene->other) != weights_is_float(shown);
	draw_figure(canvas, first, scene, shown, &axis, reserve, numbers);
	if (scene->other)
		draw_figure(canvas, second, scene, scene->other, &axis, reserve, numbers);
	else if (two)
		draw_missing(canvas, second, scene);
}

/* ---- panes below */

static void draw_strip(struct canvas *canvas, struct rect rect, const struct weights_scene *scene)
{
	char name[NAME_SIZE], title[TEXT_SIZE];
	snprintf(title, sizeof title, "states of %s over time", weights_layer_name(name, sizeof name, scene));
	struct canvas inside = screen_pane(canvas, rect, title, strip_legend(canvas->unicode), scene->boxed);
	if (strip_has_states(scene->history))
		strip_draw(&inside, scene->history, weights_role(scene, scene->trained));
	else
		screen_draw_centred(&inside, ROLE_QUIET, weights_is_float(scene->trained) ? "float: no states to follow"
			: "the first column comes with the next report");
}

static void draw_pictures(struct canvas *canvas, struct rect rect, const struct weights_scene *scene,
	struct picture_request *picture)
{
	char key[KEY_SIZE], note[NAME_SIZE];
	keymap_key_of(key, sizeof key, ACTION_BLINK, canvas->unicode);
	snprintf(note, sizeof note, "%s blinks", key);
	struct canvas inside = screen_pane(canvas, rect, "pictures, same noise", note, scene->boxed);
	weights_draw_pictures(&inside, scene, picture);
}

/* Where it is wide enough the pictures stand beside the table. */
static void draw_question(struct canvas *canvas, struct rect rect, const struct weights_scene *scene,
	struct picture_request *picture)
{
	int width = WHAT_IF_WIDTH + 2 * scene->boxed;
	bool pictures = picture && weights_has_pictures(scene) && rect.width >= width + PICTURES_MIN_WIDTH;
	struct rect table = rect, beside = {rect.x + width, rect.y, rect.width - width, rect.height};
	if (pictures)
		table.width = width;
	const char *title = scene->view->what_if.asked ? "what if, untrained: MSE/variance" : "what if";
	struct canvas inside = screen_pane(canvas, table, title, NULL, scene->boxed);
	weights_draw_what_if(&inside, scene);
	if (pictures)
		draw_pictures(canvas, beside, scene, picture);
}

static void draw_lower(struct canvas *canvas, struct rect rect, const struct screen_state *state,
	const struct weights_scene *scene, enum lower_pane pane, struct picture_request *picture)
{
	struct canvas part = canvas_part(canvas, rect);
	switch (pane) {
	case LOWER_WHAT_IF: draw_question(canvas, rect, scene, picture); break;
	case LOWER_PICTURES: draw_pictures(canvas, rect, scene, picture); break;
	case LOWER_LAYERS: layers_draw_list(&part, scene->view, &state->weights, !state->weights_stacked, scene->boxed); break;
	case LOWER_TIME: draw_strip(canvas, rect, scene); break;
	case LOWER_FIRST: case LOWER_PANES: break;
	}
}

static int wanted_height(const struct weights_scene *scene, const struct screen_state *state, enum lower_pane pane, int height)
{
	int overhead = scene->boxed ? 2 : 1;
	switch (pane) {
	case LOWER_WHAT_IF: return weights_what_if_height(scene->view) + overhead;
	case LOWER_PICTURES: return height / 2;
	case LOWER_LAYERS: return layers_height(scene->view, !state->weights_stacked, scene->boxed);
	case LOWER_TIME: return strip_height(scene->history) + overhead;
	case LOWER_FIRST: case LOWER_PANES: break;
	}
	return 0;
}

/* The panes that do not always have room, the first one first. Wide: the others have places of their own. */
static int list_panes(const struct view *view, bool pictures, bool wide, enum lower_pane panes[LOWER_PANES])
{
	int count = 0;
	if (view->what_if.asked && !wide)
		panes[count++] = LOWER_WHAT_IF;
	if (pictures && wide)
		panes[count++] = LOWER_PICTURES;
	if (!wide)
		panes[count++] = LOWER_LAYERS;
	panes[count++] = LOWER_TIME;
	if (pictures && !wide)
		panes[count++] = LOWER_PICTURES;
	return count;
}

static int chosen_pane(const struct screen_state *state, const enum lower_pane panes[], int count)
{
	for (int i = 0; i < count; i++)
		if ((int)panes[i] == state->weights_lower)
			return i;
	return 0;
}

/* ---- layouts */

static void draw_side(struct canvas *canvas, struct rect rect, const struct weights_scene *scene)
{
	char name[NAME_SIZE], title[TEXT_SIZE];
	int numbers = weights_number_rows(scene) + 2;
	struct rect upper = {rect.x, rect.y, rect.width, numbers}, lower = {rect.x, rect.y + numbers, rect.width, rect.height - numbers};
	snprintf(title, sizeof title, "numbers of %s", weights_layer_name(name, sizeof name, scene));
	struct canvas inside = screen_pane(canvas, upper, title, NULL, scene->boxed);
	weights_draw_numbers(&inside, scene);
	draw_question(canvas, lower, scene, NULL);
}

static void draw_wide(struct screen_state *state, const struct weights_scene *scene, struct canvas *body,
	struct picture_request *picture)
{
	enum lower_pane panes[LOWER_PANES];
	int tables = layers_height(scene->view, true, scene->boxed), height = body->clip.height - tables;
	int count = list_panes(scene->view, weights_has_pictures(scene), true, panes), width = body->clip.width - SIDE_WIDTH;
	enum lower_pane pane = panes[chosen_pane(state, panes, count)];
	int most = (int)(height * (pane == LOWER_TIME ? STRIP_SHARE : PICTURES_SHARE));
	int lower = wanted_height(scene, state, pane, height);
	state->weights_stacked = false;
	lower = lower < most ? lower : most;
	draw_figures(body, (struct rect){0, 0, width, height - lower}, scene, false);
	draw_lower(body, (struct rect){0, height - lower, width, lower}, state, scene, pane, picture);
	draw_side(body, (struct rect){width, 0, SIDE_WIDTH, height}, scene);
	draw_lower(body, (struct rect){0, height, body->clip.width, tables}, state, scene, LOWER_LAYERS, NULL);
}

/* The figure, and below it the chosen pane; more of them while the figure keeps a good height. */
static void draw_narrow(struct screen_state *state, const struct weights_scene *scene, struct canvas *body,
	struct picture_request *picture)
{
	enum lower_pane panes[LOWER_PANES];
	int width = body->clip.width, height = body->clip.height;
	int figures = scene->view->other.shown && width < SIDE_BY_SIDE_FIGURES ? 2 : 1;
	state->weights_stacked = width < SIDE_BY_SIDE_TABLES;
	int count = list_panes(scene->view, weights_has_pictures(scene), false, panes), first = chosen_pane(state, panes, count);
	int heights[LOWER_PANES] = {0}, left = height - figures * (FIGURE_HEIGHT + 2 * scene->boxed);
	for (int i = 0; i < count; i++) {
		int wanted = wanted_height(scene, state, panes[(first + i) % count], height);
		int most = i ? left - figures * (FIGURE_GOOD_HEIGHT - FIGURE_HEIGHT) : left;
		bool twice = i && panes[(first + i) % count] == LOWER_PICTURES && panes[first] == LOWER_WHAT_IF;
		heights[i] = twice || most < (i ? wanted : LOWER_MIN_HEIGHT) ? 0 : wanted < most ? wanted : most;
		left -= heights[i];
	}
	int y = figures * (FIGURE_HEIGHT + 2 * scene->boxed) + left;
	y = y > height ? height : y;
	draw_figures(body, (struct rect){0, 0, width, y}, scene, true);
	for (int i = 0; i < count; i++, y += heights[i - 1])
		if (heights[i])
			draw_lower(body, (struct rect){0, y, width, heights[i]}, state, scene, panes[(first + i) % count], picture);
}

static void draw_empty(const struct view *view, struct canvas *body)
{
	if (view->run.state == VIEW_NOTHING)
		screen_draw_nothing(body);
	else
		screen_draw_centred(body, ROLE_QUIET, screen_steerable(view) ? "the weights come with the first report"
			: "no layer statistics are stored with this run");
}

static void draw(struct screen_state *state, const struct view *view, struct canvas *canvas, struct picture_request *picture)
{
	state->scope = SCOPE_WEIGHTS;
	if (!screen_has_room(canvas))
		return;
	const enum action *keys = view->what_if.asked ? footer_asked : view->other.shown ? footer_other : footer;
	struct canvas body = screen_draw_surroundings(canvas, view, keys);
	if (view->run.state == VIEW_NOTHING || !layers_clamp(view, &state->weights)) {
		draw_empty(view, &body);
		return;
	}
	struct weights_scene scene = compose_scene(view, &state->weights, screen_is_boxed(canvas));
	if (body.clip.width >= WIDE_WIDTH && body.clip.height >= WIDE_HEIGHT)
		draw_wide(state, &scene, &body, picture);
	else
		draw_narrow(state, &scene, &body, picture);
}

/* ---- keys */

static bool move_cursor(struct screen_state *state, const struct view *view, enum action action)
{
	enum { PAGE = 4 };
	bool side_by_side = !state->weights_stacked;
	switch ((int)action) {
	case ACTION_UP: layers_move(view, &state->weights, -1, side_by_side); break;
	case ACTION_DOWN: layers_move(view, &state->weights, 1, side_by_side); break;
	case ACTION_PAGE_UP: layers_move(view, &state->weights, -PAGE, side_by_side); break;
	case ACTION_PAGE_DOWN: layers_move(view, &state->weights, PAGE, side_by_side); break;
	case ACTION_HOME: layers_move(view, &state->weights, INT32_MIN / 2, side_by_side); break;
	case ACTION_END: layers_move(view, &state->weights, INT32_MAX / 2, side_by_side); break;
	case ACTION_LEFT: case ACTION_RIGHT: case ACTION_NEXT_PANE:
		state->weights.network = state->weights.network == VIEW_D ? VIEW_G : VIEW_D;
		break;
	case ACTION_PICK_ROW: layers_pick(&state->weights, state->pointer.value); break;
	default: return false;
	}
	return layers_clamp(view, &state->weights) || true;
}

static void turn_pane(struct screen_state *state, const struct view *view)
{
	enum lower_pane panes[LOWER_PANES];
	struct weights_scene scene = compose_scene(view, &state->weights, false);
	int count = list_panes(view, weights_has_pictures(&scene), false, panes);
	state->weights_lower = (int)panes[(chosen_pane(state, panes, count) + 1) % count];
}

static bool is_sent(enum action action)
{
	bool walks = action >= ACTION_LAYERS_BEFORE && action <= ACTION_LAYERS_NEWEST;
	return walks || (action >= ACTION_WHAT_IF_METHOD && action <= ACTION_EXPORT_LAYER);
}

/* Means something only while a question is open. */
static bool needs_question(enum action action)
{
	return action == ACTION_WHAT_IF_APPLY || action == ACTION_WHAT_IF_CLOSE || action == ACTION_BLINK;
}

static bool needs_other(enum action action)
{
	return action == ACTION_OTHER_BEFORE || action == ACTION_OTHER_AFTER || action == ACTION_OTHER_CLOSE;
}

/* With nothing beside this run its own recorded steps are walked. */
static enum action own_step(const struct view *view, enum action action)
{
	switch ((int)action) {
	case ACTION_OTHER_BEFORE: return ACTION_LAYERS_BEFORE;
	case ACTION_OTHER_AFTER: return ACTION_LAYERS_AFTER;
	case ACTION_OTHER_CLOSE: return view->layers_back.on ? ACTION_LAYERS_NEWEST : action;
	case ACTION_BACK: return view->layers_back.on && !view->what_if.asked ? ACTION_LAYERS_NEWEST : action;
	default: return action;
	}
}

static void send(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	bool useless = (needs_question(action) && !view->what_if.asked) || (needs_other(action) && !view->other.shown);
	if (useless || !layers_clamp(view, &state->weights))
		return;
	if (!view->what_if.asked && action < ACTION_WHAT_IF_APPLY)
		state->weights_lower = LOWER_FIRST; /* the answer comes into sight */
	*out = (struct action_request){.action = action, .network = state->weights.network, .layer = state->weights.layer};
}

static bool act(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	struct layers_cursor before = state->weights;
	if (!view->other.shown)
		action = own_step(view, action);
	if (action == ACTION_BACK && (view->what_if.asked || view->other.shown))
		send(state, view, view->what_if.asked ? ACTION_WHAT_IF_CLOSE : ACTION_OTHER_CLOSE, out);
	else if (is_sent(action))
		send(state, view, action, out);
	else if (action == ACTION_SORT_LAYERS)
		state->weights.by_utilization = !state->weights.by_utilization;
	else if (action == ACTION_LOWER_PANE)
		turn_pane(state, view);
	else if (!move_cursor(state, view, action))
		return false;
	bool moved = before.network != state->weights.network || before.layer != state->weights.layer;
	if (moved && view->what_if.asked)
		send(state, view, ACTION_LAYER_SHOWN, out);
	return true;
}

const struct screen screen_weights = {
	.name = "weights", .title = "Weights", .action = ACTION_SCREEN_WEIGHTS, .scope = SCOPE_WEIGHTS, .draw = draw, .act = act,
};
