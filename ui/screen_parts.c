#include "ui/screen_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "ui/keymap.h"
#include "ui/widget_footer.h"
#include "ui/widget_segments.h"

enum {
	BOXED_WIDTH = 100, BOXED_HEIGHT = 30, /* below: rules instead of boxes */
	HEADER_GAP = 3,
	BAR_WIDTH = 15, NUMBER_SIZE = 48,
};

struct screen_state *screen_state_create(void) { return memory_zeroed(1, sizeof(struct screen_state)); }

void screen_state_destroy(struct screen_state *state) { free(state); }

bool screen_has_room(struct canvas *canvas)
{
	int width = canvas->clip.width, height = canvas->clip.height;
	if (width >= SCREEN_MIN_WIDTH && height >= SCREEN_MIN_HEIGHT)
		return true;
	char text[96];
	snprintf(text, sizeof text, "too small: needs %dx%d, is %dx%d", SCREEN_MIN_WIDTH, SCREEN_MIN_HEIGHT, width, height);
	screen_draw_centred(canvas, ROLE_WARNING, text);
	return false;
}

void screen_state_point(struct screen_state *state, const struct pointer *pointer)
{
	state->pointed = pointer != NULL;
	if (pointer)
		state->pointer = *pointer;
}

/* ---- charts of the opened run */

void screen_look_at(struct screen_state *state, const struct view *view)
{
	const struct series *series = &view->loss[VIEW_D];
	if (state->look_run != view->run.id)
		state->look.first = state->look.last = state->look.cursor = 0;
	state->look_run = view->run.id;
	state->clock = chart_clock_of(view);
	state->look.columns = 0;
	const struct series *oldest = view->before.known && view->before.loss[VIEW_D].count ? &view->before.loss[VIEW_D] : series;
	int64_t first = oldest->count ? oldest->buckets[0].first_step : 0;
	int64_t last = series->count ? series->buckets[series->count - 1].last_step : 0;
	chart_look_cover(&state->look, &state->clock, first, last);
}

const struct view_detail *screen_detail(const struct screen_state *state, const struct view *view)
{
	return view->detail.known && chart_look_zoomed(&state->look) ? &view->detail : NULL;
}

bool screen_act_charts(struct screen_state *state, const struct view *view, enum action action, struct action_request *out)
{
	struct chart_look before = state->look;
	if (action == ACTION_EXPORT_CHARTS) {
		*out = (struct action_request){.action = action, .value = state->look.unit};
		return true;
	}
	if (view->run.state == VIEW_NOTHING ||
	    !chart_look_act(&state->look, &state->clock, action, state->pointed ? &state->pointer : NULL))
		return false;
	const struct chart_look *look = &state->look;
	bool moved = before.cursor != look->cursor || (look->cursor && before.at != look->at && before.unit == look->unit);
	if (before.first != look->first || before.last != look->last || moved) {
		out->action = ACTION_CHART_RANGE;
		out->step = look->cursor ? llround(chart_clock_step(&state->clock, look->unit, look->at)) : -1;
		if (!chart_look_steps(&state->look, &state->clock, &out->first_step, &out->last_step))
			out->first_step = out->last_step = 0;
	}
	return true;
}

bool screen_steerable(const struct view *view)
{
	return view->run.steerable && view->run.state != VIEW_NOTHING;
}

char *screen_number(char *target, size_t size, double value, int digits)
{
	double magnitude = fabs(value);
	if (!isfinite(value)) {
		snprintf(target, size, "-");
	} else if (magnitude == 0 || (magnitude >= 1e-3 && magnitude < 1e5)) {
		int whole = magnitude > 0 ? (int)floor(log10(magnitude)) + 1 : 0; /* digits before the point; negative: zeros after it */
		snprintf(target, size, "%.*f", digits > whole ? digits - whole : 0, value);
	} else {
		int exponent = (int)floor(log10(magnitude) + 1e-9);
		snprintf(target, size, "%.*fe%d", digits - 1, value / pow(10, exponent), exponent);
	}
	return target;
}

char *screen_percent(char *target, size_t size, double fraction, int decimals)
{
	snprintf(target, size, isfinite(fraction) ? "%.*f" : "-", decimals, 100 * fraction);
	return target;
}

/* Colour and weight of the state word; the word itself says it without colour. */
static void add_state(struct segments *segments, const struct view_run *run)
{
	static const struct { enum theme_role role; int attributes; } looks[] = {
		[VIEW_NOTHING] = {ROLE_QUIET, 0},
		[VIEW_LOADING] = {ROLE_FOCUS, CELL_BOLD},
		[VIEW_LIVE] = {ROLE_GOOD, CELL_BOLD},
		[VIEW_PAUSED] = {ROLE_WARNING, CELL_BOLD | CELL_REVERSE},
		[VIEW_STOPPING] = {ROLE_WARNING, CELL_BOLD},
		[VIEW_FINISHED] = {ROLE_GOOD, 0},
		[VIEW_STOPPED] = {ROLE_QUIET, CELL_BOLD},
		[VIEW_CRASHED] = {ROLE_BAD, CELL_BOLD},
		[VIEW_FAILED] = {ROLE_BAD, CELL_BOLD | CELL_REVERSE},
	};
	unsigned state = (unsigned)run->state < sizeof looks / sizeof *looks ? run->state : VIEW_NOTHING;
	bool reversed = looks[state].attributes & CELL_REVERSE;
	segments_add(segments, 0, looks[state].role, looks[state].attributes, reversed ? " %s " : "%s", view_state_name(run->state));
}

static struct segments identity(const struct view *view)
{
	const struct view_run *run = &view->run;
	struct segments segments = {.gap = 2};
	segments_add(&segments, 6, ROLE_TITLE, CELL_BOLD, "qgan");
	segments_add(&segments, 1, ROLE_TITLE, 0, "%s", run->name);
	add_state(&segments, run);
	if (run->state == VIEW_NOTHING)
		return segments;
	if (run->size > 0)
		segments_add(&segments, 3, ROLE_TEXT, 0, "%s %dx%dx%d w%d", run->model, run->size, run->size, run->channels, run->width);
	segments_add(&segments, 2, ROLE_TEXT, 0, "%s", run->data);
	segments_add(&segments, 5, ROLE_QUIET, 0, "seed %" PRIu64, run->seed);
	return segments;
}

static void add_bits(struct segments *segments, const struct view_run *run, enum view_network network)
{
	static const char letters[VIEW_NETWORKS] = {[VIEW_D] = 'D', [VIEW_G] = 'G'};
	static const enum theme_role roles[VIEW_NETWORKS] = {[VIEW_D] = ROLE_D, [VIEW_G] = ROLE_G};
	int bits = run->bits[network];
	if (bits >= 32)
		segments_add(segments, 0, roles[network], CELL_BOLD, "%c float", letters[network]);
	else
		segments_add(segments, 0, roles[network], CELL_BOLD, "%c %d bit", letters[network], bits);
}

/* How much of the run is done; NaN when it has no end. */
static double progress(const struct view_run *run)
{
	if (run->state == VIEW_LOADING)
		return run->loading;
	if (run->last_step > 0)
		return (double)run->step / (double)run->last_step;
	return run->last_epoch > 0 ? run->epochs / run->last_epoch : NAN;
}

static void add_position(struct segments *segments, const struct view_run *run)
{
	char step[NUMBER_SIZE];
	segments_add(segments, 0, ROLE_TEXT, 0, "step %s", text_count(step, sizeof step, run->step));
	if (isfinite(run->epochs) && run->last_epoch > 0 && isfinite(run->last_epoch))
		segments_add(segments, 3, ROLE_TEXT, 0, "epoch %.1f/%.0f", run->epochs, run->last_epoch);
	else if (isfinite(run->epochs))
		segments_add(segments, 3, ROLE_TEXT, 0, "epoch %.1f", run->epochs);
}

static struct segments advance(const struct view *view)
{
	const struct view_run *run = &view->run;
	struct segments segments = {.gap = 2};
	if (run->state == VIEW_NOTHING)
		return segments;
	add_bits(&segments, run, VIEW_D);
	add_bits(&segments, run, VIEW_G);
	if (run->bits[VIEW_D] < 32 || run->bits[VIEW_G] < 32)
		segments_add(&segments, 2, ROLE_TEXT, 0, "%s", run->quantizer);
	if (isfinite(run->images_per_second))
		segments_add(&segments, 2, ROLE_TEXT, 0, "%.*f img/s", run->images_per_second < 100 ? 1 : 0, run->images_per_second);
	add_position(&segments, run);
	double done = progress(run);
	if (isfinite(done)) {
		segments_add_bar(&segments, 4, BAR_WIDTH, done);
		segments_add(&segments, 1, ROLE_TEXT, 0, "%.0f %%", floor(100 * done));
	}
	char eta[NUMBER_SIZE];
	bool advancing = run->state == VIEW_LIVE || run->state == VIEW_PAUSED;
	if (isfinite(run->eta_seconds) && advancing)
		segments_add(&segments, 1, ROLE_TITLE, 0, "ETA %s", text_duration(eta, sizeof eta, run->eta_seconds));
	return segments;
}

int screen_draw_header(struct canvas *canvas, const struct view *view)
{
	struct segments left = identity(view), right = advance(view);
	int room = canvas->clip.width - 2;
	if (segments_width(&left) + HEADER_GAP + segments_width(&right) <= room) {
		segments_draw(canvas, 1, 0, &left);
		segments_draw(canvas, 1 + room - segments_width(&right), 0, &right);
		return 1;
	}
	segments_fit(&left, room);
	segments_fit(&right, room);
	segments_draw(canvas, 1, 0, &left);
	segments_draw(canvas, 1, 1, &right);
	return 2;
}

/* Bytes of the longest beginning of `text` that fits into `width` columns, cut at a blank if there is one. */
static size_t line_length(const char *text, int width)
{
	const char *at = text, *blank = NULL;
	int used = 0;
	while (*at && *at != '\n') {
		const char *start = at;
		used += canvas_character_width(canvas_next_character(&at));
		if (used > width)
			return blank ? (size_t)(blank - text) : start > text ? (size_t)(start - text) : (size_t)(at - text);
		if (*at == ' ')
			blank = at;
	}
	return (size_t)(at - text);
}

/* Takes the next wrapped line off *text; false at the end. */
static bool next_line(const char **text, int width, char *line, size_t size)
{
	if (!**text || width < 1)
		return false;
	size_t length = line_length(*text, width);
	snprintf(line, size, "%.*s", (int)length, *text);
	*text += length;
	*text += **text == ' ' || **text == '\n';
	return true;
}

static int count_lines(const char *text, int width)
{
	char line[ERROR_TEXT_SIZE];
	int lines = 0;
	while (next_line(&text, width, line, sizeof line))
		lines++;
	return lines;
}

void screen_draw_centred(struct canvas *canvas, enum theme_role role, const char *text)
{
	char line[ERROR_TEXT_SIZE];
	int width = canvas->clip.width, y = (canvas->clip.height - count_lines(text, width)) / 2;
	for (y = y > 0 ? y : 0; next_line(&text, width, line, sizeof line); y++)
		canvas_text(canvas, (width - canvas_text_width(line)) / 2, y, role, 0, line);
}

int screen_draw_wrapped(struct canvas *canvas, int x, int y, int width, enum theme_role role, const char *text)
{
	char line[ERROR_TEXT_SIZE];
	int lines = 0;
	for (; next_line(&text, width, line, sizeof line); lines++)
		if (canvas)
			canvas_text(canvas, x, y + lines, role, 0, line);
	return lines;
}

enum theme_role screen_verdict_role(const char *kind)
{
	static const struct { const char *kind; enum theme_role role; } roles[] = {
		{"convergent", ROLE_GOOD}, {"unstable", ROLE_WARNING}, {"failed", ROLE_BAD},
	};
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (!strcmp(roles[i].kind, kind))
			return roles[i].role;
	return ROLE_QUIET;
}

int screen_draw_failure(struct canvas *canvas, int y, int most_lines, const struct view *view)
{
	char text[ERROR_TEXT_SIZE + 96], line[ERROR_TEXT_SIZE];
	const char *rest = text;
	int lines = 0;
	bool held = view->run.state == VIEW_PAUSED;
	if ((view->run.state != VIEW_FAILED && !held) || !view->run.message[0])
		return 0;
	if (held)
		snprintf(text, sizeof text, "paused: %s%s", view->run.message,
			view->run.steerable ? "\nu goes back to the checkpoint before it; p tries the next batch" : "");
	else
		snprintf(text, sizeof text, "failed: %s", view->run.message);
	while (lines < most_lines && next_line(&rest, canvas->clip.width - 2, line, sizeof line))
		canvas_text(canvas, 1, y + lines++, ROLE_BAD, CELL_BOLD, line);
	return lines;
}

void screen_draw_log_line(struct canvas *canvas, int y, const struct view *view)
{
	if (view->warning[0]) {
		canvas_format(canvas, 1, y, ROLE_WARNING, CELL_BOLD, "! %s", view->warning);
		return;
	}
	if (view->log_count < 1)
		return;
	const struct view_log_line *line = &view->log[(view->log_count - 1) % VIEW_LOG_LINES];
	char time[16];
	int x = 1 + canvas_text(canvas, 1, y, ROLE_QUIET, 0, clock_time_of_day(time, sizeof time, line->time)) + 1;
	canvas_format(canvas, x, y, line->warning ? ROLE_WARNING : ROLE_TEXT, 0, "%s%s", line->warning ? "! " : "", line->text);
}

int screen_draw_log_entry(struct canvas *inside, int y, int width, const struct view_log_line *line)
{
	enum { INDENT = 11 }; /* "23:14:02 ! " */
	const enum theme_role role = line->warning ? ROLE_WARNING : ROLE_TEXT;
	char time[16];
	if (inside) {
		canvas_text(inside, 0, y, ROLE_QUIET, 0, clock_time_of_day(time, sizeof time, line->time));
		canvas_text(inside, INDENT - 2, y, ROLE_WARNING, CELL_BOLD, line->warning ? "!" : " ");
	}
	return screen_draw_wrapped(inside, INDENT, y, width > INDENT ? width - INDENT : 1, role, line->text);
}

int64_t screen_log_oldest(const struct view *view)
{
	return view->log_count > VIEW_LOG_LINES ? view->log_count - VIEW_LOG_LINES : 0;
}

static int entry_rows(const struct view *view, int64_t number, int width)
{
	return screen_draw_log_entry(NULL, 0, width, &view->log[number % VIEW_LOG_LINES]);
}

int64_t screen_log_before(const struct view *view, int64_t end, int rows, int width)
{
	int64_t first = end;
	while (first > screen_log_oldest(view) && (rows -= entry_rows(view, first - 1, width)) >= 0)
		first--;
	return first == end && end > screen_log_oldest(view) ? 1 : end - first;
}

int64_t screen_log_after(const struct view *view, int64_t first, int rows, int width)
{
	int64_t end = first;
	while (end < view->log_count && (rows -= entry_rows(view, end, width)) >= 0)
		end++;
	return end == first && first < view->log_count ? 1 : end - first;
}

void screen_draw_log_tail(struct canvas *inside, const struct view *view)
{
	const int width = inside->clip.width;
	int64_t shown = screen_log_before(view, view->log_count, inside->clip.height, width);
	for (int64_t i = view->log_count - shown, y = 0; i < view->log_count; i++)
		y += screen_draw_log_entry(inside, (int)y, width, &view->log[i % VIEW_LOG_LINES]);
	if (!view->log_count)
		screen_draw_centred(inside, ROLE_QUIET, "nothing has happened yet");
}

struct canvas screen_draw_surroundings(struct canvas *canvas, const struct view *view, const enum action *footer)
{
	int width = canvas->clip.width, height = canvas->clip.height, top = screen_draw_header(canvas, view);
	top += screen_draw_failure(canvas, top, height / 6, view);
	screen_draw_log_line(canvas, height - 2, view);
	footer_draw(canvas, height - 1, footer, screen_steerable(view));
	return canvas_part(canvas, (struct rect){0, top, width, height - 2 - top});
}

bool screen_is_boxed(const struct canvas *canvas)
{
	return canvas->clip.width >= BOXED_WIDTH && canvas->clip.height >= BOXED_HEIGHT;
}

struct canvas screen_pane(struct canvas *canvas, struct rect rect, const char *title, const char *note, bool boxed)
{
	if (boxed) {
		struct canvas inside = canvas_frame(canvas, rect, title, note, false);
		return canvas_part(&inside, (struct rect){1, 0, inside.clip.width - 2, inside.clip.height});
	}
	struct canvas pane = canvas_part(canvas, rect);
	int width = pane.clip.width, title_width = canvas_text_width(title), note_width = note ? canvas_text_width(note) : 0;
	canvas_fill(&pane, (struct rect){0, 0, width, 1}, 0x2500, ROLE_FRAME, 0);
	canvas_format(&pane, 1, 0, ROLE_TITLE, 0, " %s ", title);
	if (note_width && title_width + note_width + 8 <= width)
		canvas_format(&pane, width - note_width - 3, 0, ROLE_QUIET, 0, " %s ", note);
	return canvas_part(&pane, (struct rect){1, 1, width - 2, pane.clip.height - 1});
}

void screen_draw_nothing(struct canvas *canvas)
{
	char text[160], list[16], start[16];
	keymap_key_of(list, sizeof list, ACTION_SCREEN_RUNS, canvas->unicode);
	keymap_key_of(start, sizeof start, ACTION_NEW_RUN, canvas->unicode);
	snprintf(text, sizeof text, "no run is open\n\n%s lists the runs of the store\n%s starts a new one", list, start);
	screen_draw_centred(canvas, ROLE_QUIET, text);
}

/* The longest caption that fits. */
static void draw_caption(struct canvas *inside, const struct view *view)
{
	char noise[40], step[NUMBER_SIZE], count[NUMBER_SIZE], bits[24];
	snprintf(noise, sizeof noise, view->sample_seed ? "fresh noise %" PRIu64 : "noise #0", view->sample_seed);
	snprintf(step, sizeof step, "step %s", text_count(count, sizeof count, view->sample_step));
	if (view->sample_g_bits >= 32)
		snprintf(bits, sizeof bits, "G float");
	else
		snprintf(bits, sizeof bits, "G %d bit", view->sample_g_bits);
	struct segments caption = {.gap = 2};
	segments_add(&caption, 2, ROLE_QUIET, 0, "%s", noise);
	segments_add(&caption, 1, ROLE_G, 0, "%s", bits);
	segments_add(&caption, 0, ROLE_TEXT, 0, "%s", step);
	segments_fit(&caption, inside->clip.width);
	segments_draw(inside, (inside->clip.width - segments_width(&caption)) / 2, inside->clip.height - 1, &caption);
}

void screen_draw_samples(struct canvas *inside, const struct view *view, struct picture_request *picture)
{
	char text[96], key[16];
	canvas_hit(inside, (struct rect){0, 0, inside->clip.width, inside->clip.height}, (struct hit){.twice = ACTION_SCREEN_SAMPLES});
	if (!view->sample) {
		keymap_key_of(key, sizeof key, ACTION_SAMPLE, inside->unicode);
		snprintf(text, sizeof text, "no samples yet\n%s draws them now", key);
		screen_draw_centred(inside, ROLE_QUIET, screen_steerable(view) ? text : "no samples stored");
		return;
	}
	struct canvas area = canvas_part(inside, (struct rect){0, 0, inside->clip.width, inside->clip.height - 1});
	picture_place(picture, &area, view->sample, view->sample_version, view->run.id);
	picture->tile = view->sample_tiles > 1 ? view->run.size : 0;
	draw_caption(inside, view);
}
