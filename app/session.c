/* The session's life and its news; what keys do is in session_actions.c, session_weights.c and session_other.c. */
#include "app/session.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "app/session_parts.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

static const double LIST_SECONDS = 1; /* how often the run list may be read again */
static const double SILENCE_SECONDS = 2; /* a process that dies writes nothing: then its run is looked at all the same */
static const double LEAVING_SECONDS = 0.1; /* waited for the disk at once, before the screen is looked after again */

struct view *session_shown(const struct session *session)
{
	return session->showing_past ? session->past : session->live;
}

bool session_live(const struct session *session)
{
	return session->training && !training_ended(session->training);
}

const struct view_run *session_last_run(const struct session *session)
{
	return session->training ? &session->live->run : NULL;
}

const char *session_store_path(const struct session *session)
{
	return session->store_path;
}

/* ---- telling ---- */

void session_tell(struct session *session, bool warning, const char *format, ...)
{
	char text[192];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	view_log(session_shown(session), clock_unix(), warning, "%s", text);
	if (warning)
		text_copy(session->notice, sizeof session->notice, text);
}

void session_warn(struct session *session, const struct error *error)
{
	session_tell(session, true, "%s", error->text);
}

/* ---- news from engine and recorder ---- */

/* With nothing on its way, what is in effect is what is wanted. */
static void watch_event(void *context, struct event *event)
{
	struct session *session = context;
	view_take_event(session->live, event);
	session_question_event(session, event);
	if (event->kind == EVENT_REPLY && event->error.code != ERROR_NONE && event->command != COMMAND_SNAPSHOT)
		text_copy(session->notice, sizeof session->notice, event->error.text);
	session->unanswered -= event->kind == EVENT_REPLY;
	if (session->unanswered == 0) {
		const struct view_run *run = &session->live->run;
		session->wanted.paused = run->state == VIEW_PAUSED;
		memcpy(session->wanted.bits, run->bits, sizeof session->wanted.bits);
		text_copy(session->wanted.quantizer, sizeof session->wanted.quantizer, run->quantizer);
	}
}

static void watch_report(void *context, const struct recorder_report *report)
{
	struct session *session = context;
	double now = clock_unix();
	char amount[32], step[32];
	switch (report->kind) {
	case RECORDER_CHECKPOINT_WRITTEN:
		view_log(session->live, now, false, "step %s  checkpoint%s saved, %s", text_count(step, sizeof step, report->step),
		         report->best ? " of the lowest FID" : "", text_bytes_amount(amount, sizeof amount, (double)report->bytes));
		break;
	case RECORDER_CHECKPOINT_LOST:
	case RECORDER_FACT_LOST:
		view_log(session->live, now, true, "%.190s", report->text);
		break;
	case RECORDER_TROUBLE:
		text_copy(session->trouble, sizeof session->trouble, report->text);
		view_log(session->live, now, true, "%.190s", report->text);
		log_write(LOG_LEVEL_WARNING, "%s", report->text);
		break;
	case RECORDER_RECOVERED:
		session->trouble[0] = '\0';
		view_log(session->live, now, false, "%.190s", report->text);
		break;
	}
}

void session_stop(struct session *session)
{
	session->stop_wanted = session_live(session) && !session_give(session, (struct command){.kind = COMMAND_STOP});
}

static bool pump(struct session *session)
{
	struct training_watcher watcher = {session, watch_event, watch_report};
	bool news = session->training && training_pump(session->training, &watcher);
	if (session->stop_wanted)
		session_stop(session);
	bool answers = session_pump_question(session), exported = session_pump_export(session), form = session_pump_form(session);
	bool compared = session_pump_compare(session), played = session_pump_play(session), purged = session_pump_purge(session);
	return news || answers || exported || form || compared || played || purged;
}

/* ---- the store, read now and then ---- */

int64_t session_trained_here(const struct session *session)
{
	return session_live(session) ? session->live->run.id : 0;
}

bool session_follows_another(const struct session *session)
{
	enum view_state state = session->past->run.state;
	return session->showing_past && (state == VIEW_LIVE || state == VIEW_PAUSED);
}

static bool read_store(struct session *session)
{
	double now = clock_seconds();
	if (!session->reader || now - session->list_time < LIST_SECONDS)
		return false;
	session->list_time = now;
	int64_t changes = store_changes(session->reader);
	bool changed = changes != session->list_changes, silent = now - session->read_time >= SILENCE_SECONDS;
	if (!changed && !(silent && session_follows_another(session)))
		return false;
	session->list_changes = changes;
	session->read_time = now;
	struct error error = {0};
	bool good = session_read_runs(session, &error);
	if (good && session_follows_another(session))
		good = view_follow_past(session->past, session->reader, &error);
	if (good && session_shown(session)->run.id)
		good = view_load_page(session_shown(session), session->reader, &error) &&
		       view_load_costs(session_shown(session), session->reader, &error);
	if (!good)
		session_warn(session, &error);
	session_refresh_compare(session);
	session_follow_range(session);
	session_refresh_search(session);
	return true;
}

static bool update(void *context)
{
	struct session *session = context;
	bool news = pump(session);
	return read_store(session) || news;
}

static const struct view *host_view(void *context)
{
	struct session *session = context;
	struct view *view = session_shown(session);
	view->runs = session_runs_view(session); /* belongs to the program, not to a run */
	view->search = session_view_search(session);
	view->compare = session->comparison ? comparison_view(session->comparison) : NULL;
	text_copy(view->warning, sizeof view->warning, *session->notice ? session->notice : session->trouble);
	text_copy(view->store_path, sizeof view->store_path, session->store_path);
	view->form = session->form && session->form->open ? &session->form->view : NULL;
	view->now = clock_unix();
	return view;
}

static void act(void *context, const struct action_request *request)
{
	struct session *session = context;
	session_action *action = session_find_action(request->action);
	session->notice[0] = '\0';
	if (action)
		action(session, request);
}

/* ---- leaving ---- */

static bool leaving(void *context)
{
	struct session *session = context;
	if (!session->leaving || session_live(session))
		return false;
	if (recorder_flush(session->recorder, LEAVING_SECONDS))
		return true;
	if (*session->trouble)
		snprintf(session->notice, sizeof session->notice, "leaving when the disk takes what waits; q leaves without it");
	return false;
}

void session_train_headless(struct session *session, bool (*stop_requested)(void))
{
	bool stopping = false;
	session_close_question(session); /* nobody is left to see the answer */
	while (session->training && (session_live(session) || recorder_waiting(session->recorder))) {
		if (session->live->run.state == VIEW_PAUSED)
			session_stop(session);
		if (session_live(session))
			training_wait(session->training, 0.5);
		else
			recorder_flush(session->recorder, 0.5);
		pump(session);
		if (!stop_requested())
			continue;
		if (stopping)
			return;
		stopping = true;
		session_stop(session);
	}
}

struct ui_host session_host(struct session *session)
{
	return (struct ui_host){
		.context = session,
		.view = host_view,
		.update = update,
		.act = act,
		.leaving = leaving,
		.wake_descriptors = {session->wake, -1, -1, -1},
	};
}

/* ---- life ---- */

void session_watch(struct session *session, int descriptor)
{
	struct epoll_event readable = {.events = EPOLLIN};
	epoll_ctl(session->wake, EPOLL_CTL_ADD, descriptor, &readable);
}

/* A new training takes the place of one that has ended, whose engine goes first and frees the cores. A resumed run
 * is read back after the recorder has forgotten what came later than its checkpoint. */
bool session_start_training(struct session *session, const struct training_start *start, struct error *error)
{
	session_close_question(session);
	training_destroy(session->training);
	session->unanswered = 0;
	struct training_start here = *start;
	here.hold = true; /* somebody looks at it */
	session->training = training_create(session->recorder, &here, error);
	if (!session->training)
		return false;
	session_watch(session, training_wake_descriptor(session->training));
	if (start->resume_id && !view_load_past(session->live, session->reader, start->resume_id, error))
		return false;
	if (!start->resume_id)
		view_forget_run(session->live); /* of the run trained before */
	view_set_run(session->live, training_run(session->training), &start->settings);
	if (start->parent_id && !view_load_lineage(session->live, session->reader, start->parent_id, start->parent_step, error))
		return false;
	view_mark_fork(session->live);
	session->live->run.state = VIEW_LOADING;
	session->live->run.steerable = true;
	session->showing_past = false;
	return true;
}

static void show_newest(struct session *session)
{
	size_t count;
	const struct run *const *listed = session_listed_runs(session, &count);
	if (count > 0)
		session_open_run(session, listed[0]->id);
}

static bool open_store(struct session *session, struct error *error)
{
	session->wake = epoll_create1(EPOLL_CLOEXEC);
	if (session->wake < 0)
		return error_set_errno(error, "cannot watch the engine");
	session->recorder = recorder_create(session->store_path, error);
	if (!session->recorder)
		return false;
	session_watch(session, recorder_wake_descriptor(session->recorder));
	session->reader = store_open(session->store_path, STORE_READ, error);
	return session->reader != NULL;
}

struct session *session_create(const char *store_path, const struct training_start *start, struct error *error)
{
	struct session *session = memory_zeroed(1, sizeof *session);
	text_copy(session->store_path, sizeof session->store_path, store_path);
	session->live = view_create();
	session->past = view_create();
	session->list_time = -LIST_SECONDS;
	session->compare_wake = -1;
	session->list_changes = -1;
	session->player = -1;
	if (!open_store(session, error) || !session_create_runs(session, error) ||
	    (start && !session_start_training(session, start, error))) {
		session_destroy(session, 0);
		return NULL;
	}
	read_store(session);
	if (!start)
		show_newest(session);
	return session;
}

size_t session_destroy(struct session *session, double seconds)
{
	if (!session)
		return 0;
	session_destroy_question(session);
	session_destroy_compare(session);
	session_destroy_edits(session);
	session_destroy_runs(session);
	session_destroy_search(session);
	session_destroy_form(session);
	exporter_destroy(session->exporter);
	purger_destroy(session->purger);
	training_destroy(session->training);
	size_t lost = recorder_destroy(session->recorder, seconds);
	store_close(session->reader);
	if (session->player >= 0)
		close(session->player);
	if (session->wake >= 0)
		close(session->wake);
	view_destroy(session->live);
	view_destroy(session->past);
	free(session);
	return lost;
}
