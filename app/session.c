#include "app/session.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "app/view_fill.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/quant/quantizer.h"

/* The keys step through these; other widths can be set by flag. */
static const int BIT_LADDER[] = {1, 2, 3, 4, 8, QUANT_FLOAT_BITS};
enum { BIT_STEPS = sizeof BIT_LADDER / sizeof *BIT_LADDER };
static const double LIST_SECONDS = 1; /* how often the run list may be read again */
static const double LEAVING_SECONDS = 0.1; /* waited for the disk at once, before the screen is looked after again */

struct session {
	char store_path[STORE_PATH_SIZE];
	struct recorder *recorder;
	struct store *reader;
	struct training *training;      /* NULL: nothing was trained here */
	struct view *live, *past;       /* the run trained here; another one from the store */
	bool showing_past;
	bool leaving;                   /* quit was asked for: leave when nothing is live and everything is on disk */
	uint64_t commands;              /* ids given out */
	int unanswered;                 /* commands on their way */
	bool stop_wanted;               /* a stop that found the engine's queue full: sent as soon as there is room */
	struct {                        /* asked for, perhaps not yet in effect: the next key counts from here */
		bool paused;
		int bits[VIEW_NETWORKS];
		char quantizer[GAN_NAME_SIZE];
	} wanted;
	int wake;                       /* an epoll descriptor over recorder and engine: engines come and go */
	char notice[VIEW_TEXT];         /* what was refused last; the next action clears it */
	char trouble[VIEW_TEXT];        /* the store cannot be written: stays until it can */
	double list_time;
	int64_t list_changes;           /* store_changes() when the list was read */
};

static struct view *shown(const struct session *session)
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

/* ---- news from engine and recorder ---- */

/* With nothing on its way, what is in effect is what is wanted. */
static void watch_event(void *context, const struct event *event)
{
	struct session *session = context;
	view_take_event(session->live, event);
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
	char amount[32];
	switch (report->kind) {
	case RECORDER_CHECKPOINT_WRITTEN:
		view_log(session->live, now, false, "step %" PRId64 "  checkpoint saved, %s", report->step,
		         text_bytes_amount(amount, sizeof amount, (double)report->bytes));
		break;
	case RECORDER_CHECKPOINT_LOST:
		view_log(session->live, now, true, "step %" PRId64 "  checkpoint lost: %.140s", report->step, report->text);
		break;
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

static bool give(struct session *session, struct command command)
{
	command.id = ++session->commands;
	bool taken = training_send(session->training, &command);
	session->unanswered += taken;
	return taken;
}

void session_stop(struct session *session)
{
	session->stop_wanted = session_live(session) && !give(session, (struct command){.kind = COMMAND_STOP});
}

static bool pump(struct session *session)
{
	struct training_watcher watcher = {session, watch_event, watch_report};
	bool news = session->training && training_pump(session->training, &watcher);
	if (session->stop_wanted)
		session_stop(session);
	return news;
}

/* ---- the store, read now and then ---- */

static void warn(struct session *session, const struct error *error)
{
	view_log(shown(session), clock_unix(), true, "%.190s", error->text);
	text_copy(session->notice, sizeof session->notice, error->text);
}

static int64_t trained_here(const struct session *session)
{
	return session_live(session) ? session->live->run.id : 0;
}

static bool read_store(struct session *session)
{
	double now = clock_seconds();
	if (!session->reader || now - session->list_time < LIST_SECONDS)
		return false;
	session->list_time = now;
	int64_t changes = store_changes(session->reader);
	if (changes == session->list_changes)
		return false;
	session->list_changes = changes;
	struct error error = {0};
	bool good = view_load_run_list(session->live, session->reader, trained_here(session), &error);
	if (good && session->showing_past && (session->past->run.state == VIEW_LIVE || session->past->run.state == VIEW_PAUSED))
		good = view_follow_past(session->past, session->reader, &error);
	if (!good)
		warn(session, &error);
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
	struct view *view = shown(session);
	/* The list belongs to the program, not to a run. */
	if (session->showing_past) {
		view->runs = session->live->runs;
		view->run_count = session->live->run_count;
	}
	text_copy(view->warning, sizeof view->warning, *session->notice ? session->notice : session->trouble);
	text_copy(view->store_path, sizeof view->store_path, session->store_path);
	view->now = clock_unix();
	return view;
}

/* ---- actions ---- */

/* False: not sent, and the log says why. */
static bool send(struct session *session, struct command command)
{
	if (!session_live(session))
		view_log(shown(session), clock_unix(), true, "no training is live here: r in the run list (5) resumes one");
	else if (session->showing_past)
		view_log(shown(session), clock_unix(), true, "this is a past run; open the live one first (5, Enter)");
	else if (!give(session, command))
		view_log(session->live, clock_unix(), true, "too many commands are waiting; try again");
	else
		return true;
	return false;
}

static void act_pause(struct session *session, const struct action_request *request)
{
	(void)request;
	bool pause = !session->wanted.paused;
	if (send(session, (struct command){.kind = pause ? COMMAND_PAUSE : COMMAND_RESUME}))
		session->wanted.paused = pause;
}

static void act_step(struct session *session, const struct action_request *request)
{
	(void)request;
	send(session, (struct command){.kind = COMMAND_STEP});
}

static void act_stop(struct session *session, const struct action_request *request)
{
	(void)request;
	session_stop(session);
}

/* The next rung below or above; from a width between rungs to the nearest one that way. */
static int next_bits(int bits, int direction)
{
	if (direction > 0) {
		for (int i = 0; i < BIT_STEPS; i++)
			if (BIT_LADDER[i] > bits)
				return BIT_LADDER[i];
	} else {
		for (int i = BIT_STEPS - 1; i >= 0; i--)
			if (BIT_LADDER[i] < bits)
				return BIT_LADDER[i];
	}
	return bits;
}

static void act_bits(struct session *session, const struct action_request *request)
{
	bool d = request->action == ACTION_D_BITS_DOWN || request->action == ACTION_D_BITS_UP;
	bool up = request->action == ACTION_D_BITS_UP || request->action == ACTION_G_BITS_UP;
	enum view_network network = d ? VIEW_D : VIEW_G;
	int bits = next_bits(session->wanted.bits[network], up ? 1 : -1);
	if (bits == session->wanted.bits[network])
		return;
	if (send(session, (struct command){.kind = COMMAND_SET_BITS, .network = d ? NETWORK_D : NETWORK_G, .bits = bits}))
		session->wanted.bits[network] = bits;
}

static void act_quantizer(struct session *session, const struct action_request *request)
{
	(void)request;
	int index = 0, count = 0;
	for (; quantizers[count]; count++)
		if (!strcmp(quantizers[count]->name, session->wanted.quantizer))
			index = count;
	struct command command = {.kind = COMMAND_SET_QUANTIZER};
	text_copy(command.name, sizeof command.name, quantizers[(index + 1) % count]->name);
	if (send(session, command))
		text_copy(session->wanted.quantizer, sizeof session->wanted.quantizer, command.name);
}

static void act_rates(struct session *session, const struct action_request *request)
{
	enum network_id network = request->network == VIEW_D ? NETWORK_D : NETWORK_G;
	send(session, (struct command){.kind = COMMAND_SET_LEARNING_RATE, .network = network, .rate = request->value});
}

static void act_checkpoint(struct session *session, const struct action_request *request)
{
	(void)request;
	send(session, (struct command){.kind = COMMAND_CHECKPOINT});
}

static void act_sample(struct session *session, const struct action_request *request)
{
	bool fresh = request->action == ACTION_SAMPLE_NOISE && session->live->sample_seed == 0;
	uint64_t seed = fresh ? (uint64_t)session->live->run.step * 2 + 1 : 0;
	send(session, (struct command){.kind = COMMAND_SAMPLE, .seed = seed});
}

static void act_open(struct session *session, const struct action_request *request)
{
	session->showing_past = request->run != session->live->run.id;
	struct error error = {0};
	if (session->showing_past && !view_load_past(session->past, session->reader, request->run, &error)) {
		session->showing_past = false;
		warn(session, &error);
	}
}

/* A new training takes the place of one that has ended, whose engine goes first and frees the cores. A resumed run
 * is read back after the recorder has forgotten what came later than its checkpoint. */
static bool start_training(struct session *session, const struct training_start *start, struct error *error)
{
	training_destroy(session->training);
	session->unanswered = 0;
	session->training = training_create(session->recorder, start, error);
	if (!session->training)
		return false;
	struct epoll_event readable = {.events = EPOLLIN};
	epoll_ctl(session->wake, EPOLL_CTL_ADD, training_wake_descriptor(session->training), &readable);
	if (start->resume_id && !view_load_past(session->live, session->reader, start->resume_id, error))
		return false;
	view_set_run(session->live, training_run(session->training), &start->settings);
	session->live->run.state = VIEW_LOADING;
	session->live->run.steerable = true;
	session->showing_past = false;
	return true;
}

static bool resume(struct session *session, int64_t id, struct error *error)
{
	char name[24];
	snprintf(name, sizeof name, "%" PRId64, id);
	struct training_start start;
	return training_prepare_resume(session->reader, name, &start, error) && start_training(session, &start, error);
}

static void act_resume(struct session *session, const struct action_request *request)
{
	struct error error = {0};
	if (session_live(session))
		error_set(&error, ERROR_STATE, "%s is being trained: stop it first (x), then resume another", session->live->run.name);
	else if (resume(session, request->run, &error))
		return;
	warn(session, &error);
}

static void act_quit(struct session *session, const struct action_request *request)
{
	if (request->action == ACTION_QUIT_SAVE)
		session_stop(session);
	session->leaving = true;
}

static void act(void *context, const struct action_request *request)
{
	static void (*const handlers[ACTION_COUNT])(struct session *, const struct action_request *) = {
		[ACTION_PAUSE] = act_pause, [ACTION_STEP] = act_step, [ACTION_STOP] = act_stop,
		[ACTION_D_BITS_DOWN] = act_bits, [ACTION_D_BITS_UP] = act_bits,
		[ACTION_G_BITS_DOWN] = act_bits, [ACTION_G_BITS_UP] = act_bits,
		[ACTION_QUANTIZER] = act_quantizer, [ACTION_RATES] = act_rates, [ACTION_CHECKPOINT] = act_checkpoint,
		[ACTION_SAMPLE] = act_sample, [ACTION_SAMPLE_NOISE] = act_sample,
		[ACTION_RUN_OPEN] = act_open, [ACTION_RUN_RESUME] = act_resume,
		[ACTION_QUIT_SAVE] = act_quit, [ACTION_QUIT_NOW] = act_quit,
	};
	struct session *session = context;
	session->notice[0] = '\0';
	if (handlers[request->action])
		handlers[request->action](session, request);
}

/* ---- leaving ---- */

static bool leaving(void *context)
{
	struct session *session = context;
	return session->leaving && !session_live(session) && recorder_flush(session->recorder, LEAVING_SECONDS);
}

void session_train_headless(struct session *session, bool (*stop_requested)(void))
{
	bool stopping = false;
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

static void show_newest(struct session *session)
{
	if (session->live->run_count == 0)
		return;
	struct action_request newest = {.action = ACTION_RUN_OPEN, .run = session->live->runs[0].id};
	act_open(session, &newest);
}

static bool open_store(struct session *session, struct error *error)
{
	session->wake = epoll_create1(EPOLL_CLOEXEC);
	if (session->wake < 0)
		return error_set_errno(error, "cannot watch the engine");
	session->recorder = recorder_create(session->store_path, error);
	if (!session->recorder)
		return false;
	struct epoll_event readable = {.events = EPOLLIN};
	epoll_ctl(session->wake, EPOLL_CTL_ADD, recorder_wake_descriptor(session->recorder), &readable);
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
	session->list_changes = -1;
	if (!open_store(session, error) || (start && !start_training(session, start, error))) {
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
	training_destroy(session->training);
	size_t lost = recorder_destroy(session->recorder, seconds);
	store_close(session->reader);
	if (session->wake >= 0)
		close(session->wake);
	session->past->runs = NULL; /* were lent by the live view, and may be gone since */
	view_destroy(session->live);
	view_destroy(session->past);
	free(session);
	return lost;
}
