#include "ui/ui.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/thread.h"
#include "ui/dialog.h"
#include "ui/form.h"
#include "ui/graphics.h"
#include "ui/input.h"
#include "ui/keymap.h"
#include "ui/palette.h"
#include "ui/mouse.h"
#include "ui/screen.h"
#include "ui/terminal.h"
#include "ui/terminal_guard.h"

enum { HOST_WAKES = 4 };
enum wait { WAIT_KEYS, WAIT_SIGNALS, WAIT_OUTPUT, WAIT_PICTURE, WAIT_HOST, WAITS = WAIT_HOST + HOST_WAKES };

/* Frames that only events ask for; a key is answered at once. */
static const double frame_seconds = 1.0 / 10, tick_seconds = 1;

struct ui {
	const struct ui_host *host;
	const struct ui_options *options;
	struct terminal *terminal;
	struct graphics *graphics;
	struct canvas *canvas;
	struct input input;
	struct hits hits;               /* of the last frame */
	struct mouse mouse;
	struct screen_state *state;
	const struct screen *shown, *before, *overlay; /* overlay: NULL when none is open */
	struct dialog dialog;
	struct form form;
	struct palette palette;
	const struct theme *theme;      /* the chosen one; without colour the terminal shows another */
	bool dirty, urgent;             /* something changed; because of a key */
	double drawn_at, ticked_at, fed_at;
	int frames;
	bool over;
	enum ui_end end;
	int signal_number;
};

static const struct view *view_of(struct ui *ui) { return ui->host->view(ui->host->context); }

static void finish(struct ui *ui, enum ui_end end)
{
	if (!ui->over)
		ui->end = end;
	ui->over = true;
}

static void ask_frame(struct ui *ui, bool urgent)
{
	ui->dirty = true;
	ui->urgent |= urgent;
}

/* --- actions --- */

static const struct screen *screen_of(enum action action)
{
	for (const struct screen *const *screen = screens; *screen; screen++)
		if ((*screen)->action == action)
			return *screen;
	return NULL;
}

static void show(struct ui *ui, const struct screen *screen)
{
	ui->overlay = NULL;
	if (!screen || screen == ui->shown)
		return;
	ui->before = ui->shown;
	ui->shown = screen;
}

static void set_theme(struct ui *ui, const struct theme *theme)
{
	ui->theme = theme;
	terminal_set_theme(ui->terminal, theme);
	graphics_screen_cleared(ui->graphics);
}

/* Where there was something to compare: else the list says why not. */
static void show_compared(struct ui *ui)
{
	const struct view *view = view_of(ui);
	if (view->compare && !view->warning[0])
		show(ui, screen_of(ACTION_SCREEN_COMPARE));
}

static void send(struct ui *ui, const struct action_request *request)
{
	if (request->action == ACTION_SET_THEME && theme_find(request->text))
		set_theme(ui, theme_find(request->text));
	ui->host->act(ui->host->context, request);
	switch ((int)request->action) {
	case ACTION_RUN_OPEN: case ACTION_RUN_RESUME:
		show(ui, screens[0]);
		break;
	case ACTION_RUN_COMPARE:
		show_compared(ui);
		break;
	case ACTION_QUIT_NOW:
		finish(ui, UI_LEFT);
		break;
	case ACTION_QUIT_DETACH:
		finish(ui, UI_DETACHED);
		break;
	}
	if (ui->host->leaving(ui->host->context))
		finish(ui, UI_LEFT);
}

/* The one after the present theme, shown and sent on to be remembered. */
static void next_theme(struct ui *ui)
{
	const struct theme *next = ui->theme[1].name ? ui->theme + 1 : themes;
	struct action_request request = {.action = ACTION_SET_THEME};
	text_copy(request.text, sizeof request.text, next->name);
	send(ui, &request);
}

/* Screen switches, the overlay, redrawing. */
static bool act_here(struct ui *ui, enum action action)
{
	const struct screen *screen = screen_of(action);
	if (screen && screen->overlay)
		ui->overlay = ui->overlay == screen ? NULL : screen;
	else if (screen)
		show(ui, screen);
	else if (action == ACTION_LAST_SCREEN)
		show(ui, ui->before);
	else if (action == ACTION_PALETTE)
		palette_open(&ui->palette, ui->shown->scope);
	else if (action == ACTION_THEME)
		next_theme(ui);
	else if (action == ACTION_BACK && ui->overlay)
		ui->overlay = NULL;
	else if (action == ACTION_REDRAW) {
		terminal_clear(ui->terminal);
		graphics_screen_cleared(ui->graphics);
	} else
		return false;
	return true;
}

static bool handles(struct ui *ui, const struct screen *screen, enum action action, struct action_request *request)
{
	return screen && screen->act && screen->act(ui->state, view_of(ui), action, request);
}

/* An overlay takes what it can; anything the screen below handles is for that, and brings it back into sight. */
static bool act_on_screens(struct ui *ui, enum action action, struct action_request *request)
{
	if (handles(ui, ui->overlay, action, request))
		return true;
	if (!handles(ui, ui->shown, action, request))
		return false;
	ui->overlay = NULL;
	return true;
}

static void ask_or_send(struct ui *ui, const struct action_request *request)
{
	if (!dialog_ask(&ui->dialog, request, view_of(ui)))
		send(ui, request);
}

static void act(struct ui *ui, enum action action)
{
	struct action_request request = {.action = ACTION_NONE};
	if (act_here(ui, action) || dialog_open(&ui->dialog, action, view_of(ui)))
		return;
	if (act_on_screens(ui, action, &request)) {
		if (request.action != ACTION_NONE)
			ask_or_send(ui, &request);
	} else if (action == ACTION_BACK) {
		show(ui, screens[0]);
	} else if (action == ACTION_QUIT) { /* not asked about: nothing is live */
		send(ui, &(struct action_request){.action = ACTION_QUIT_NOW});
	} else if (action >= ACTION_PAUSE) {
		ask_or_send(ui, &(struct action_request){.action = action});
	}
}

/* A run that was started from the form is looked at from the dashboard. */
static void follow_form(struct ui *ui)
{
	if (form_follow(&ui->form, view_of(ui)->form))
		show(ui, screens[0]);
}

/* An action of another screen is done there. */
static void act_from_palette(struct ui *ui, const struct palette_choice *choice)
{
	for (int i = 0; choice->elsewhere && screens[i]; i++)
		if (screens[i]->scope == choice->scope || action_scope_around(screens[i]->scope) == choice->scope) {
			show(ui, screens[i]);
			break;
		}
	act(ui, choice->action);
}

static void take_palette_key(struct ui *ui, uint32_t key)
{
	struct palette_choice choice;
	struct action_request request;
	palette_key(&ui->palette, view_of(ui), key, &choice, &request);
	if (request.action != ACTION_NONE)
		send(ui, &request);
	else if (choice.action != ACTION_NONE)
		act_from_palette(ui, &choice);
}

static void take_key(struct ui *ui, uint32_t key)
{
	struct action_request request = {.action = ACTION_NONE};
	follow_form(ui);
	if (ui->palette.open) {
		take_palette_key(ui, key);
	} else if (ui->form.shown && ui->dialog.asked == ACTION_NONE) {
		form_key(&ui->form, view_of(ui)->form, key, &request);
		if (request.action != ACTION_NONE)
			send(ui, &request);
	} else if (ui->dialog.asked == ACTION_NONE)
		act(ui, keymap_resolve(ui->shown->scope, key)); /* also below the help, which lists that screen's keys */
	else {
		dialog_key(&ui->dialog, view_of(ui), key, &request);
		if (request.action != ACTION_NONE)
			send(ui, &request);
	}
	ask_frame(ui, true);
}

/* Palette and dialogs are turned by keys. */
static void turn_wheel(struct ui *ui, const struct mouse_answer *answer)
{
	uint32_t key = answer->action == ACTION_UP ? KEYMAP_UP : answer->action == ACTION_DOWN ? KEYMAP_DOWN : 0;
	for (int i = 0; key && i < answer->times; i++)
		take_key(ui, key);
}

/* What lies over the screen has left nothing of it to be clicked. */
static void take_mouse_above(struct ui *ui, const struct mouse_answer *answer)
{
	struct action_request request = {.action = ACTION_NONE};
	bool picked = answer->action == ACTION_PICK_ROW;
	follow_form(ui);
	if (picked && ui->palette.open) {
		ui->palette.chosen = answer->pointer.value;
		take_palette_key(ui, KEYMAP_ENTER);
	} else if (picked && ui->dialog.asked != ACTION_NONE)
		dialog_pick(&ui->dialog, view_of(ui), answer->pointer.value, &request);
	else if (ui->palette.open || ui->dialog.asked != ACTION_NONE)
		turn_wheel(ui, answer);
	else if (ui->form.shown)
		form_mouse(&ui->form, view_of(ui)->form, answer, &request);
	if (request.action != ACTION_NONE)
		send(ui, &request);
	ask_frame(ui, true);
}

static void take_mouse(struct ui *ui, const struct input_event *event)
{
	struct mouse_answer answer = mouse_take(&ui->mouse, &ui->hits, event, clock_seconds());
	if (answer.key) {
		take_key(ui, answer.key);
		return;
	}
	if (!answer.action)
		return;
	if (ui->palette.open || ui->dialog.asked != ACTION_NONE || ui->form.shown) {
		take_mouse_above(ui, &answer);
		return;
	}
	screen_state_point(ui->state, &answer.pointer);
	for (int i = 0; i < answer.times; i++)
		act(ui, answer.action);
	screen_state_point(ui->state, NULL);
	ask_frame(ui, true);
}

/* --- what wakes the loop --- */

/* Pasted text is for text fields only: keys in it would steer the run. */
static void take_event(struct ui *ui, const struct input_event *event)
{
	bool typing = ui->dialog.asked != ACTION_NONE || ui->palette.open || (ui->form.shown && ui->form.mode == FORM_EDIT);
	bool wanted = !event->pasted || (typing && event->key >= ' ' && event->key != KEYMAP_BACKSPACE);
	if (event->kind == INPUT_KEY) {
		if (wanted)
			take_key(ui, event->key);
		return;
	}
	if (event->kind == INPUT_MOUSE) {
		take_mouse(ui, event);
		return;
	}
	bool known = terminal_ability(ui->terminal)->known;
	if (event->final == 'n')
		graphics_acknowledge(ui->graphics);
	else
		terminal_take_reply(ui->terminal, event);
	if (event->final == 'n' || known != terminal_ability(ui->terminal)->known || event->final == 't')
		ask_frame(ui, false);
}

static void take_input(struct ui *ui, bool readable)
{
	struct input_event event;
	if (readable) {
		if (input_read(&ui->input, terminal_input(ui->terminal)) < 0) {
			finish(ui, UI_LOST);
			return;
		}
		ui->fed_at = clock_seconds();
	}
	bool waited = ui->input.length && clock_seconds() - ui->fed_at >= input_patience(&ui->input);
	while (!ui->over && input_next(&ui->input, waited, &event))
		take_event(ui, &event);
}

static void resize(struct ui *ui)
{
	int width, height;
	bool unicode = terminal_ability(ui->terminal)->unicode;
	terminal_size(ui->terminal, &width, &height);
	canvas_destroy(ui->canvas);
	ui->canvas = canvas_create(width, height, unicode);
	graphics_screen_cleared(ui->graphics);
	ask_frame(ui, false);
}

/* True: the terminal was left or entered again, which reads and flushes the keyboard: what poll() said of it is old. */
static bool take_signals(struct ui *ui)
{
	struct guard_news news = guard_take_news();
	if (news.hung_up) {
		finish(ui, UI_LOST);
	} else if (news.end_signal) {
		ui->signal_number = news.end_signal;
		finish(ui, UI_SIGNAL);
	} else if (news.suspend) {
		terminal_suspend(ui->terminal);
		resize(ui);
	} else if (news.continued) {
		terminal_reenter(ui->terminal);
		resize(ui);
	} else if (news.resized) {
		terminal_resize(ui->terminal);
		resize(ui);
	}
	return news.suspend || news.continued;
}

static void take_host(struct ui *ui)
{
	if (ui->host->update(ui->host->context))
		ask_frame(ui, false);
	if (ui->host->leaving(ui->host->context))
		finish(ui, UI_LEFT);
}

/* --- a frame --- */

static void compose(struct ui *ui)
{
	struct picture_request picture = {0}, none = {0};
	follow_form(ui);
	const struct view *view = view_of(ui);
	canvas_clear(ui->canvas);
	ui->canvas->hits = &ui->hits;
	hits_clear(&ui->hits);
	ui->shown->draw(ui->state, view, ui->canvas, &picture);
	graphics_compose(ui->graphics, terminal_ability(ui->terminal), &picture, ui->canvas);
	if (ui->overlay) {
		hits_clear(&ui->hits);
		canvas_hit(ui->canvas, (struct rect){0, 0, ui->canvas->width, ui->canvas->height}, (struct hit){.click = ACTION_BACK});
		ui->overlay->draw(ui->state, view, ui->canvas, &none);
	}
	if (ui->form.shown) {
		hits_clear(&ui->hits);
		form_draw(&ui->form, view->form, ui->canvas);
	}
	if (ui->dialog.asked != ACTION_NONE) {
		hits_clear(&ui->hits);
		dialog_draw(&ui->dialog, view, ui->canvas);
	}
	if (ui->palette.open) {
		hits_clear(&ui->hits);
		palette_draw(&ui->palette, ui->canvas);
	}
	graphics_uncover(ui->graphics, ui->canvas);
}

static void draw(struct ui *ui)
{
	struct text before = {0}, after = {0};
	compose(ui);
	graphics_erase(ui->graphics, &before);
	graphics_emit(ui->graphics, &after);
	terminal_begin_frame(ui->terminal);
	terminal_add(ui->terminal, before.bytes, before.length);
	terminal_draw(ui->terminal, ui->canvas);
	terminal_add(ui->terminal, after.bytes, after.length);
	terminal_end_frame(ui->terminal);
	text_clear(&before);
	text_clear(&after);
	ui->dirty = ui->urgent = false;
	ui->drawn_at = clock_seconds();
	ui->frames++;
	if (ui->options->frames && ui->frames >= ui->options->frames)
		finish(ui, UI_LEFT);
	ui->dirty |= ui->options->frames > 0;
}

/* A line that is still busy with the frame before gets no other. */
static void draw_when_due(struct ui *ui)
{
	bool due = ui->urgent || clock_seconds() - ui->drawn_at >= frame_seconds;
	if (ui->dirty && due && !ui->over && !terminal_is_sending(ui->terminal))
		draw(ui);
	if (!terminal_flush(ui->terminal))
		finish(ui, UI_LOST);
}

/* --- the loop --- */

static void sooner(double *seconds, double candidate, bool counts)
{
	if (counts && candidate < *seconds)
		*seconds = candidate;
}

static int patience_ms(struct ui *ui)
{
	double now = clock_seconds(), seconds = ui->ticked_at + tick_seconds - now;
	double picture = graphics_patience(ui->graphics);
	sooner(&seconds, ui->drawn_at + frame_seconds - now, ui->dirty && !terminal_is_sending(ui->terminal));
	sooner(&seconds, ui->fed_at + input_patience(&ui->input) - now, ui->input.length > 0);
	sooner(&seconds, picture, picture >= 0);
	return seconds > 0 ? (int)(seconds * 1000) + 1 : 0;
}

static void wait_for_something(struct ui *ui)
{
	struct pollfd waits[WAITS] = {
		[WAIT_KEYS] = {terminal_input(ui->terminal), POLLIN, 0},
		[WAIT_SIGNALS] = {guard_wake_descriptor(), POLLIN, 0},
		[WAIT_OUTPUT] = {terminal_is_sending(ui->terminal) ? terminal_output(ui->terminal) : -1, POLLOUT, 0},
		[WAIT_PICTURE] = {graphics_wake_descriptor(ui->graphics), POLLIN, 0},
	};
	for (int i = 0; i < HOST_WAKES; i++)
		waits[WAIT_HOST + i] = (struct pollfd){ui->host->wake_descriptors[i], POLLIN, 0};
	int timeout = patience_ms(ui);
	bool picture_due = graphics_patience(ui->graphics) >= 0;
	if (poll(waits, WAITS, timeout) < 0 && errno != EINTR)
		finish(ui, UI_LOST);
	bool entered_again = take_signals(ui);
	if (ui->over)
		return;
	take_input(ui, waits[WAIT_KEYS].revents != 0 && !entered_again);
	bool host = clock_seconds() - ui->ticked_at >= tick_seconds;
	if (host) {
		ui->ticked_at = clock_seconds();
		ask_frame(ui, false);
	}
	for (int i = 0; i < HOST_WAKES; i++)
		host |= waits[WAIT_HOST + i].revents != 0;
	if (host)
		take_host(ui);
	if (graphics_take_ready(ui->graphics) || (picture_due && graphics_patience(ui->graphics) <= 0))
		ask_frame(ui, false);
}

static bool open_all(struct ui *ui, struct error *error)
{
	const char *no_color = getenv("NO_COLOR");
	struct terminal_options options = {
		.no_color = ui->options->no_color || (no_color && *no_color),
		.ascii = ui->options->ascii,
		.no_mouse = ui->options->no_mouse,
		.theme = theme_find(ui->options->theme ? ui->options->theme : themes[0].name),
	};
	if (!options.theme)
		return error_set(error, ERROR_INPUT, "there is no theme \"%s\"", ui->options->theme);
	ui->theme = options.theme;
	ui->terminal = terminal_open(&options, error);
	if (!ui->terminal)
		return false;
	ui->graphics = graphics_create(ui->options->graphics);
	ui->state = screen_state_create();
	ui->shown = screen_of((enum action)ui->options->first_screen);
	if (!ui->shown || ui->shown->overlay)
		ui->shown = screens[0];
	resize(ui);
	ask_frame(ui, true);
	return true;
}

bool ui_run(const struct ui_host *host, const struct ui_options *options, enum ui_end *end, int *signal_number,
	struct error *error)
{
	struct ui ui = {.host = host, .options = options, .end = UI_LEFT};
	if (!open_all(&ui, error))
		return false;
	thread_ask_short_turns();
	draw_when_due(&ui);
	ui.ticked_at = clock_seconds();
	while (!ui.over) {
		wait_for_something(&ui);
		draw_when_due(&ui);
	}
	terminal_close(ui.terminal, ui.end == UI_LOST);
	graphics_destroy(ui.graphics);
	screen_state_destroy(ui.state);
	canvas_destroy(ui.canvas);
	*end = ui.end;
	*signal_number = ui.signal_number;
	return true;
}
