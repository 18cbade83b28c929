/* Looking back at what is recorded of the shown run: finer curves for the part the charts show, samples and layers of
 * earlier steps. */
#include <inttypes.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "app/session_parts.h"

enum { FAR = INT32_MAX, PLAY_MS = 250 };

/* ---- the charts' range ---- */

static int64_t newest_step(const struct view *view)
{
	const struct series *series = &view->loss[VIEW_D];
	return series->count ? series->buckets[series->count - 1].last_step : 0;
}

static void load_range(struct session *session)
{
	struct session_range *range = &session->range;
	struct view *view = session_shown(session);
	struct error error = {0};
	if (range->view != view || range->last <= range->first)
		view->detail.known = false;
	else if (!view_load_detail(view, session->reader, range->first, range->last, &error))
		session_warn(session, &error);
}

/* Samples and layers are those of the step under the cursor; without one the newest. */
static void follow_cursor(struct session *session, struct view *view, int64_t step)
{
	struct error error = {0};
	bool led = session->range.view == view && session->range.cursor >= 0;
	if (step < 0 && !led)
		return;
	view->sample_plays = false;
	if (!view_look_back_to(view, session->reader, step < 0 ? INT64_MAX : step, &error))
		session_warn(session, &error);
}

void session_act_range(struct session *session, const struct action_request *request)
{
	struct view *view = session_shown(session);
	const struct session_range *before = &session->range;
	bool same = before->view == view && before->first == request->first_step && before->last == request->last_step;
	follow_cursor(session, view, request->step);
	session->range = (struct session_range){.view = view, .first = request->first_step, .last = request->last_step,
	                                        .newest = same ? before->newest : newest_step(view), .cursor = request->step};
	if (!same)
		load_range(session);
}

/* A range that reaches the newest step moves along with it. */
void session_follow_range(struct session *session)
{
	struct session_range *range = &session->range;
	int64_t newest = newest_step(session_shown(session));
	if (range->view != session_shown(session) || range->last < range->newest || newest <= range->newest)
		return;
	range->first += newest - range->newest;
	range->last += newest - range->newest;
	range->newest = newest;
	load_range(session);
}

/* ---- samples ---- */

static void walk_samples(struct session *session, int64_t by)
{
	struct view *view = session_shown(session);
	struct error error = {0};
	if (!view_walk_samples(view, session->reader, by, &error)) {
		view->sample_plays = false;
		session_warn(session, &error);
	}
}

static int64_t records(const struct action_request *request, int direction)
{
	return direction * (request->value >= 1 ? (int64_t)request->value : 1);
}

void session_act_samples(struct session *session, const struct action_request *request)
{
	session_shown(session)->sample_plays = false;
	switch ((int)request->action) {
	case ACTION_SAMPLE_BEFORE: walk_samples(session, records(request, -1)); break;
	case ACTION_SAMPLE_AFTER: walk_samples(session, records(request, 1)); break;
	case ACTION_SAMPLE_FIRST: walk_samples(session, -FAR); break;
	case ACTION_SAMPLE_NEWEST: walk_samples(session, FAR); break;
	}
}

static bool set_timer(struct session *session, int ms)
{
	struct itimerspec every = {.it_interval.tv_nsec = ms * 1000000L, .it_value.tv_nsec = ms * 1000000L};
	if (session->player < 0 && (session->player = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) >= 0)
		session_watch(session, session->player);
	return session->player >= 0 && timerfd_settime(session->player, 0, &every, NULL) == 0;
}

/* From the newest it begins again at the first. */
void session_act_play(struct session *session, const struct action_request *request)
{
	(void)request;
	struct view *view = session_shown(session);
	if (view->sample_plays) {
		view->sample_plays = false;
		return;
	}
	if (!view->sample_back.on)
		walk_samples(session, -FAR);
	view->sample_plays = view->sample_back.on && set_timer(session, PLAY_MS);
}

bool session_pump_play(struct session *session)
{
	uint64_t turns;
	struct view *view = session_shown(session);
	if (session->player < 0 || read(session->player, &turns, sizeof turns) != sizeof turns)
		return false;
	if (view->sample_plays) {
		walk_samples(session, 1);
		view->sample_plays &= view->sample_back.on;
	}
	if (!view->sample_plays)
		set_timer(session, 0);
	return true;
}

/* ---- layers ---- */

void session_act_layers(struct session *session, const struct action_request *request)
{
	struct view *view = session_shown(session);
	struct error error = {0};
	int64_t by = request->action == ACTION_LAYERS_NEWEST ? FAR : records(request, request->action == ACTION_LAYERS_AFTER ? 1 : -1);
	int64_t before = view->layers_step;
	if (!view_walk_layers(view, session->reader, by, &error))
		session_warn(session, &error);
	else if (before == view->layers_step && request->action != ACTION_LAYERS_NEWEST)
		session_tell(session, false, "step %" PRId64 " is the %s recorded", before, by > 0 ? "newest" : "first");
}
