#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/screen_weights.h"
#include "ui/widget_segments.h"
#include "ui/widget_weights.h"

enum {
	NAME_WIDTH = 8, CELL_WIDTH = 5, TEXT_SIZE = 128, NUMBER_SIZE = 32, KEY_SIZE = 16,
	PICTURE_MIN_WIDTH = 12, PICTURE_MIN_HEIGHT = 4, PAIR_SHAPE = 3, /* columns a row from which on two squares have room */
};

/* ---- the table */

static int method_count(const struct view_what_if *what_if)
{
	int count = 0;
	while (count < VIEW_METHODS && what_if->methods[count][0])
		count++;
	return count;
}

/* In four columns, so that a blank stays between cells: ".361", "8.21", "288", "4e-3"; beyond what four can say "big". */
static void error_text(char *text, size_t size, double error)
{
	char number[NUMBER_SIZE];
	int exponent = error > 0 && isfinite(error) ? (int)floor(log10(error)) : 0;
	int figure = exponent > -300 ? (int)lround(error / pow(10, exponent)) : 0;
	if (figure == 10) {
		figure = 1;
		exponent++;
	}
	if (!(error >= 0) || isinf(error))
		snprintf(text, size, "-");
	else if (error < 0.9995 && error >= 0.0095)
		snprintf(text, size, "%s", snprintf(number, sizeof number, "%.3f", error) > 0 ? number + 1 : "");
	else if (error >= 0.9995 && error < 999.5)
		snprintf(text, size, "%.*f", error < 9.995 ? 2 : error < 99.95 ? 1 : 0, error);
	else if (error == 0 || exponent < -9)
		snprintf(text, size, "0");
	else if (exponent > 9)
		snprintf(text, size, "big");
	else
		snprintf(text, size, "%de%d", figure, exponent);
}

/* The method with the smallest error at these bits; -1: none is known. */
static int best_method(const struct view_what_if *what_if, int methods, int column)
{
	int best = -1;
	for (int i = 0; i < methods; i++) {
		double error = what_if->errors[i][column];
		if (isfinite(error) && (best < 0 || error < what_if->errors[best][column]))
			best = i;
	}
	return best;
}

static void draw_error(struct canvas *canvas, int x, int y, const struct view_what_if *what_if, int method, int column, bool best)
{
	char text[NUMBER_SIZE];
	double error = what_if->errors[method][column];
	bool asked = strcmp(what_if->methods[method], what_if->method) == 0 && what_if->bits == column + 1;
	error_text(text, sizeof text, error);
	if (isnan(error))
		text_copy(text, sizeof text, what_if->busy ? "..." : "");
	else if (isinf(error))
		text_copy(text, sizeof text, "N/A");
	enum theme_role role = asked ? ROLE_SELECTED : !isfinite(error) ? ROLE_QUIET : best ? ROLE_GOOD : ROLE_TEXT;
	if (asked)
		canvas_fill(canvas, (struct rect){x, y, CELL_WIDTH, 1}, ' ', role, 0);
	canvas_text_right(canvas, x + CELL_WIDTH - 1, y, role, best && !asked ? CELL_BOLD : 0, text);
}

static int draw_table(struct canvas *canvas, int y, const struct view_what_if *what_if, const struct view_layer *trained)
{
	int methods = method_count(what_if), room = (canvas->clip.width - NAME_WIDTH) / CELL_WIDTH;
	int columns = room < VIEW_WHAT_IF_BITS ? room : VIEW_WHAT_IF_BITS;
	int first = what_if->bits > columns ? what_if->bits - columns : 0; /* the cell in question stays in sight */
	first = first + columns > VIEW_WHAT_IF_BITS ? VIEW_WHAT_IF_BITS - columns : first;
	canvas_text(canvas, 0, y, ROLE_QUIET, 0, "bits");
	for (int i = 0; i < columns; i++)
		canvas_format(canvas, NAME_WIDTH + i * CELL_WIDTH, y, ROLE_QUIET, 0, "%*d", CELL_WIDTH, first + i + 1);
	for (int method = 0; method < methods; method++) {
		bool present = !weights_is_float(trained) && strcmp(what_if->methods[method], trained->quantizer) == 0;
		canvas_text(canvas, 0, y + 1 + method, ROLE_TEXT, present ? CELL_BOLD : 0, what_if->methods[method]);
		for (int i = 0; i < columns; i++)
			draw_error(canvas, NAME_WIDTH + i * CELL_WIDTH, y + 1 + method, what_if, method, first + i,
				best_method(what_if, methods, first + i) == method);
	}
	return y + 1 + methods;
}

/* ---- the words around it */

static void add_seconds(struct segments *segments, const char *what, double seconds)
{
	if (!(seconds >= 0) || isinf(seconds))
		return;
	if (seconds < 1)
		segments_add(segments, 1, ROLE_QUIET, 0, "%s %.*f ms", what, seconds < 0.0995 ? 1 : 0, 1000 * seconds);
	else
		segments_add(segments, 1, ROLE_QUIET, 0, "%s %.1f s", what, seconds);
}

static void draw_segments(struct canvas *canvas, int y, struct segments *segments)
{
	segments_fit(segments, canvas->clip.width);
	segments_draw(canvas, 0, y, segments);
}

static void draw_asked(struct canvas *canvas, int y, const struct weights_scene *scene)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	struct segments line = {.gap = 2};
	char name[TEXT_SIZE], scope[TEXT_SIZE + 16];
	weights_layer_name(name, sizeof name, scene);
	snprintf(scope, sizeof scope, what_if->whole_network ? "all of %.1s" : "%s only", name);
	segments_add(&line, 0, ROLE_MARK, CELL_BOLD, "%s %d bit", what_if->method, what_if->bits);
	segments_add(&line, 1, ROLE_TEXT, 0, "%s", scope);
	segments_add(&line, 2, ROLE_TEXT, 0, what_if->per_channel ? "a scale a channel" : "a scale a tensor");
	segments_add(&line, 3, ROLE_QUIET, 0, what_if->busy ? "computing" : "not trained");
	draw_segments(canvas, y, &line);
}

/* What an even scale costs against the best levels there are. */
static void draw_cost(struct canvas *canvas, int y, const struct weights_scene *scene)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	const struct view_layer *answer = scene->answer;
	struct segments line = {.gap = 2};
	char best[NUMBER_SIZE];
	bool known = answer && answer->variance > 0 && isfinite(what_if->best_error) && what_if->best_error > 0;
	double cost = known ? answer->mse / answer->variance / what_if->best_error - 1 : NAN;
	if (isfinite(what_if->best_error)) {
		error_text(best, sizeof best, what_if->best_error);
		segments_add(&line, 0, ROLE_TEXT, 0, "best levels of all %s", best);
	}
	if (isfinite(cost) && cost < 1)
		segments_add(&line, 1, ROLE_TEXT, 0, "these +%.1f %% MSE", 100 * fmax(cost, 0));
	else if (isfinite(cost))
		segments_add(&line, 1, ROLE_WARNING, 0, "these %.3g times that", cost + 1);
	draw_segments(canvas, y, &line);
}

static void draw_sizes(struct canvas *canvas, int y, const struct weights_scene *scene)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	struct segments line = {.gap = 2};
	char amount[NUMBER_SIZE];
	double floats = scene->view->run.float_bytes[scene->network];
	const struct view_layer *answer = scene->answer;
	if (answer && answer->packed_bytes >= 1 && isfinite(answer->packed_bytes))
		segments_add(&line, 0, ROLE_TEXT, 0, "layer %s (%.1fx)", text_bytes_amount(amount, sizeof amount, answer->packed_bytes),
			4 * (double)answer->weights / answer->packed_bytes);
	if (what_if->network_bytes >= 1 && isfinite(what_if->network_bytes) && floats > 0 && isfinite(floats))
		segments_add(&line, 1, ROLE_TEXT, 0, "%s then %s (%.1fx)", scene->network == VIEW_D ? "D" : "G",
			text_bytes_amount(amount, sizeof amount, what_if->network_bytes), floats / what_if->network_bytes);
	draw_segments(canvas, y, &line);
}

static void draw_times(struct canvas *canvas, int y, const struct view_what_if *what_if)
{
	struct segments line = {.gap = 2};
	char step[NUMBER_SIZE];
	segments_add(&line, 0, ROLE_QUIET, 0, "step %s", text_count(step, sizeof step, what_if->step));
	add_seconds(&line, "states", what_if->seconds[0]);
	add_seconds(&line, "pictures", what_if->seconds[1]);
	draw_segments(canvas, y, &line);
}

static void draw_invitation(struct canvas *canvas)
{
	char key[KEY_SIZE], text[TEXT_SIZE];
	keymap_key_of(key, sizeof key, ACTION_WHAT_IF_METHOD, canvas->unicode);
	snprintf(text, sizeof text, "%s asks: what would these weights be\nunder another method, at other bits?", key);
	screen_draw_centred(canvas, ROLE_QUIET, text);
}

int weights_what_if_height(const struct view *view)
{
	return view->what_if.asked ? 5 + method_count(&view->what_if) : 3;
}

void weights_draw_what_if(struct canvas *canvas, const struct weights_scene *scene)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	if (!what_if->asked) {
		draw_invitation(canvas);
		return;
	}
	draw_asked(canvas, 0, scene);
	int y = draw_table(canvas, 1, what_if, scene->trained);
	if (what_if->message[0]) {
		canvas_text(canvas, 0, y, ROLE_WARNING, CELL_BOLD, what_if->message);
		return;
	}
	draw_cost(canvas, y, scene);
	draw_sizes(canvas, y + 1, scene);
	draw_times(canvas, y + 2, what_if);
}

/* ---- pictures */

bool weights_has_pictures(const struct weights_scene *scene)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	bool known = what_if->picture[VIEW_BLINK_FLOAT] || what_if->picture[VIEW_BLINK_QUANTIZED];
	return what_if->asked && (known || scene->network == VIEW_G);
}

/* Without the layers where there is no room for them. */
static void name_picture(char *text, size_t size, const struct weights_scene *scene, enum view_blink which, int room)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	char name[TEXT_SIZE / 2];
	weights_layer_name(name, sizeof name, scene);
	if (which == VIEW_BLINK_FLOAT)
		snprintf(text, size, "float");
	else if (what_if->whole_network)
		snprintf(text, size, "%s %d bit, all of G", what_if->method, what_if->bits);
	else
		snprintf(text, size, "%s %d bit, %s only", what_if->method, what_if->bits, name);
	if (which != VIEW_BLINK_FLOAT && canvas_text_width(text) > room)
		snprintf(text, size, "%s %d bit", what_if->method, what_if->bits);
}

/* Different for every picture of this screen, also for the two that blink in one place. */
static unsigned version_of(const struct view_what_if *what_if, enum view_blink which, bool pair)
{
	unsigned versions[2] = {what_if->picture_version[0], what_if->picture_version[1]};
	return pair ? (versions[0] << 12 ^ versions[1] << 2) | 2u | which : versions[which] << 2 | which;
}

static void draw_pair(struct canvas *canvas, const struct weights_scene *scene, enum view_blink right,
	struct picture_request *picture)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	char text[TEXT_SIZE];
	int middle = canvas->clip.width / 2, y = canvas->clip.height - 1;
	struct canvas area = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width, y});
	picture_place(picture, &area, what_if->picture[VIEW_BLINK_FLOAT], version_of(what_if, right, true), scene->view->run.id);
	picture->beside = what_if->picture[right];
	canvas_text_right(canvas, middle - 2, y, ROLE_TEXT, 0, "float");
	name_picture(text, sizeof text, scene, right, canvas->clip.width - middle - 1);
	canvas_text(canvas, middle + 1, y, right == VIEW_BLINK_FLOAT ? ROLE_TEXT : ROLE_MARK, CELL_BOLD, text);
}

static void draw_one(struct canvas *canvas, const struct weights_scene *scene, enum view_blink which,
	struct picture_request *picture)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	char text[TEXT_SIZE];
	int y = canvas->clip.height - 1;
	struct canvas area = canvas_part(canvas, (struct rect){0, 0, canvas->clip.width, y});
	picture_place(picture, &area, what_if->picture[which], version_of(what_if, which, false), scene->view->run.id);
	name_picture(text, sizeof text, scene, which, canvas->clip.width);
	canvas_text(canvas, (canvas->clip.width - canvas_text_width(text)) / 2, y, which == VIEW_BLINK_FLOAT ? ROLE_TEXT : ROLE_MARK,
		CELL_BOLD, text);
}

static bool same_size(const struct image *a, const struct image *b)
{
	return a->width == b->width && a->height == b->height && a->channels == b->channels;
}

void weights_draw_pictures(struct canvas *canvas, const struct weights_scene *scene, struct picture_request *picture)
{
	const struct view_what_if *what_if = &scene->view->what_if;
	const struct image *quantized = what_if->picture[VIEW_BLINK_QUANTIZED], *plain = what_if->picture[VIEW_BLINK_FLOAT];
	enum view_blink blink = what_if->blink == VIEW_BLINK_FLOAT ? VIEW_BLINK_FLOAT : VIEW_BLINK_QUANTIZED;
	bool wide = canvas->clip.width >= PAIR_SHAPE * canvas->clip.height;
	if (canvas->clip.width < PICTURE_MIN_WIDTH || canvas->clip.height < PICTURE_MIN_HEIGHT)
		return;
	if (!quantized && !plain)
		screen_draw_centred(canvas, ROLE_QUIET, what_if->busy ? "drawing the pictures" : "no pictures");
	else if (quantized && plain && wide && same_size(quantized, plain))
		draw_pair(canvas, scene, blink, picture);
	else
		draw_one(canvas, scene, what_if->picture[blink] ? blink : plain ? VIEW_BLINK_FLOAT : VIEW_BLINK_QUANTIZED, picture);
	if (picture->image)
		picture->tile = scene->view->run.size > 0 ? scene->view->run.size : 0;
}
