/* Emptying the trash: runs that are deleted for ever, and what the screen says of it. */
#include <stdlib.h>

#include "app/session_parts.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

static bool have_purger(struct session *session, struct error *error)
{
	if (session->purger)
		return true;
	session->purger = purger_create(session->store_path, error);
	if (session->purger)
		session_watch(session, purger_wake_descriptor(session->purger));
	return session->purger != NULL;
}

/* All that are listed, or the marked ones, or the one under the cursor. */
static size_t purged_runs(const struct session *session, const struct action_request *request, int64_t *ids, size_t most)
{
	size_t count;
	const struct run *const *listed = session_listed_runs(session, &count);
	if (request->value == 0)
		return session_chosen_runs(session, request->run, ids, most);
	for (size_t i = 0; i < count; i++)
		ids[i] = listed[i]->id;
	return count;
}

/* The books of a run that was trained here are open until another takes its place: they are closed while it is there. */
static void close_own(struct session *session, const int64_t *ids, size_t count)
{
	static const double FLUSH_SECONDS = 1;
	bool meant = false;
	for (size_t i = 0; session->training && i < count; i++)
		meant |= ids[i] == training_run(session->training)->id;
	if (!meant || session_live(session))
		return;
	session_close_question(session);
	training_destroy(session->training);
	session->training = NULL;
	recorder_flush(session->recorder, FLUSH_SECONDS);
}

void session_act_purge(struct session *session, const struct action_request *request)
{
	const struct view_runs *view = session_runs_view(session);
	struct error error = {0};
	if (!view->trash) {
		session_tell(session, true, "only runs of the trash are deleted for ever: X shows it, d puts a run there");
		return;
	}
	size_t most = (size_t)view->count + (size_t)view->marked + 1;
	int64_t *ids = memory_zeroed(most, sizeof *ids);
	size_t count = purged_runs(session, request, ids, most);
	close_own(session, ids, count);
	if (count && (!have_purger(session, &error) || !purger_start(session->purger, ids, count, &error)))
		session_warn(session, &error);
	free(ids);
}

bool session_pump_purge(struct session *session)
{
	struct purger_news news;
	char bytes[32], done[32], count[32];
	if (!session->purger || !purger_poll(session->purger, &news))
		return false;
	text_count(done, sizeof done, (int64_t)news.done);
	if (!news.over) {
		session_tell(session, false, "deleting for ever: %s of %s runs", done, text_count(count, sizeof count, (int64_t)news.count));
		return true;
	}
	session_read_again(session);
	session_tell(session, false, "%s run%s deleted for ever, %s of checkpoints freed", done, news.done == 1 ? "" : "s",
	             text_bytes_amount(bytes, sizeof bytes, news.bytes));
	if (news.error.code != ERROR_NONE)
		session_warn(session, &news.error);
	return true;
}
