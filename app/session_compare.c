/* Marked runs beside each other: reading goes on piece by piece between keys. */
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/session_parts.h"
#include "engine/base/clock.h"

static const double READ_SECONDS = 0.005; /* at a time; a piece that was begun is finished */

static void set_wake(struct session *session, bool readable)
{
	uint64_t number = 1;
	ssize_t moved = readable ? write(session->compare_wake, &number, sizeof number) : read(session->compare_wake, &number, sizeof number);
	(void)moved; /* readable already, or not at all: as wanted */
}

/* NULL where it cannot be had: then only what was recorded is shown. */
static struct inspector *find_inspector(struct session *session)
{
	struct error error;
	if (!session->strip_inspector && (session->strip_inspector = inspector_create(&error)))
		session_watch(session, inspector_wake_descriptor(session->strip_inspector));
	return session->strip_inspector;
}

bool session_compare_runs(struct session *session, const int64_t runs[], size_t count, struct error *error)
{
	if (session->compare_wake < 0) {
		session->compare_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (session->compare_wake < 0)
			return error_set_errno(error, "cannot read runs piece by piece");
		session_watch(session, session->compare_wake);
	}
	struct comparison *comparison = comparison_create(session->reader, find_inspector(session), runs, count, error);
	if (!comparison)
		return false;
	comparison_destroy(session->comparison); /* which leaves the inspector idle */
	session->comparison = comparison;
	set_wake(session, true);
	return true;
}

bool session_pump_compare(struct session *session)
{
	double begun = clock_seconds();
	bool news = false;
	if (session->strip_inspector)
		inspector_drain_wake(session->strip_inspector);
	if (!session->comparison)
		return false;
	while (clock_seconds() - begun < READ_SECONDS && comparison_work(session->comparison))
		news = true;
	if (!comparison_waits(session->comparison))
		set_wake(session, false);
	return news;
}

void session_refresh_compare(struct session *session)
{
	if (!session->comparison)
		return;
	comparison_refresh(session->comparison);
	if (comparison_waits(session->comparison))
		set_wake(session, true);
}

void session_act_scrub(struct session *session, const struct action_request *request)
{
	if (!session->comparison)
		return;
	if (comparison_scrub(session->comparison, request->action))
		set_wake(session, true);
	else
		session_tell(session, false, "no samples are recorded further that way");
}

void session_act_noise(struct session *session, const struct action_request *request)
{
	(void)request;
	struct error error;
	if (!session->comparison)
		return;
	if (comparison_change_noise(session->comparison, &error))
		set_wake(session, true);
	else
		session_tell(session, false, "%s", error.text);
}

void session_destroy_compare(struct session *session)
{
	comparison_destroy(session->comparison);
	inspector_destroy(session->strip_inspector);
	if (session->compare_wake >= 0)
		close(session->compare_wake);
}
