/* Names, tags, notes, archive and trash of recorded runs, and taking such changes back. A connection of its own writes them:
 * the recorder's is busy with the training. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/session_parts.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

enum { KEPT_EDITS = 1 << 14, MOST_AT_ONCE = KEPT_EDITS };

/* What a run was like before. Edits of one press share a number and are taken back together. */
struct edit {
	unsigned number;
	enum action action;
	int64_t run;
	bool flag;                  /* ARCHIVE, DELETE: it was so before */
	char text[RUN_NOTE_SIZE];   /* RENAME, TAGS, NOTE */
};

struct session_edits {
	struct store *store;        /* NULL: nothing was edited yet */
	struct edit *items;
	size_t count, capacity;
	unsigned number;
};

static struct session_edits *edits_of(struct session *session)
{
	if (!session->edits)
		session->edits = memory_zeroed(1, sizeof *session->edits);
	return session->edits;
}

struct store *session_editor(struct session *session, struct error *error)
{
	struct session_edits *edits = edits_of(session);
	if (!edits->store)
		edits->store = store_open(session->store_path, STORE_WRITE, error);
	return edits->store;
}

/* ---- one run ---- */

static bool has_word(const char *words, const char *word, size_t length)
{
	for (const char *at = words; *(at += strspn(at, " ")); at += strcspn(at, " "))
		if (strcspn(at, " ") == length && !strncmp(at, word, length))
			return true;
	return false;
}

/* Adds or removes every tag of `words` that `others` does not have. */
static bool change_tags(struct store *store, int64_t run, const char *words, const char *others, bool add, struct error *error)
{
	for (const char *at = words; *(at += strspn(at, " ")); at += strcspn(at, " ")) {
		char tag[RUN_NOTE_SIZE];
		size_t length = strcspn(at, " ");
		snprintf(tag, sizeof tag, "%.*s", (int)length, at);
		if (!has_word(others, at, length) && !store_tag_run(store, run, tag, add, error))
			return false;
	}
	return true;
}

static bool set_tags(struct store *store, const struct run *run, const char *tags, struct error *error)
{
	return change_tags(store, run->id, tags, run->tags, true, error) && change_tags(store, run->id, run->tags, tags, false, error);
}

static bool set_value(struct store *store, const struct run *run, enum action action, const char *text, bool flag, struct error *error)
{
	switch ((int)action) {
	case ACTION_RUN_RENAME: return store_rename_run(store, run->id, text, error);
	case ACTION_RUN_TAGS: return set_tags(store, run, text, error);
	case ACTION_RUN_NOTE: return store_note_run(store, run->id, text, error);
	case ACTION_RUN_ARCHIVE: return store_archive_run(store, run->id, flag, error);
	case ACTION_RUN_DELETE: return store_trash_run(store, run->id, flag, error);
	}
	return false;
}

/* For so many more; the oldest are for ever then. */
static void make_room(struct session_edits *edits, size_t more)
{
	size_t over = edits->count + more > KEPT_EDITS ? edits->count + more - KEPT_EDITS : 0;
	edits->count -= over;
	if (over > 0)
		memmove(edits->items, edits->items + over, edits->count * sizeof *edits->items);
	if (edits->capacity < edits->count + more) {
		edits->capacity = edits->count + more;
		edits->items = memory_resized(edits->items, edits->capacity, sizeof *edits->items);
	}
}

static void remember(struct session_edits *edits, const struct run *run, enum action action)
{
	struct edit edit = {.number = edits->number, .action = action, .run = run->id,
		.flag = action == ACTION_RUN_ARCHIVE ? run->archived : run->trashed > 0};
	const char *text = action == ACTION_RUN_RENAME ? run->name : action == ACTION_RUN_TAGS ? run->tags : run->note;
	text_copy(edit.text, sizeof edit.text, text);
	edits->items[edits->count++] = edit;
}

/* ---- keys ---- */

/* The list shows it at once; a run that is shown takes its new name. */
void session_read_again(struct session *session)
{
	struct error error = {0};
	if (!session_read_runs(session, &error))
		session_warn(session, &error);
	struct view *views[] = {session->live, session->past};
	for (int i = 0; i < 2; i++) {
		const struct run *run = session_find_run(session, views[i]->run.id);
		if (run)
			text_copy(views[i]->run.name, sizeof views[i]->run.name, run->name);
	}
	session_refresh_compare(session);
}

/* Rename and note are about the run under the cursor; the others about the marked ones, if there are any. */
static size_t edited_runs(struct session *session, const struct action_request *request, int64_t *ids)
{
	if (request->action == ACTION_RUN_RENAME || request->action == ACTION_RUN_NOTE) {
		ids[0] = request->run;
		return request->run > 0;
	}
	return session_chosen_runs(session, request->run, ids, MOST_AT_ONCE);
}

static const char *verb_of(enum action action, bool flag)
{
	switch ((int)action) {
	case ACTION_RUN_RENAME: return "renamed";
	case ACTION_RUN_TAGS: return "tagged";
	case ACTION_RUN_NOTE: return "noted";
	case ACTION_RUN_ARCHIVE: return flag ? "archived" : "brought back from the archive";
	case ACTION_RUN_DELETE: return flag ? "moved to the trash" : "brought back from the trash";
	}
	return "";
}

/* All of it or nothing; a name moves files along, which no transaction takes back: one run's only. */
static bool begin_together(struct store *store, enum action action, struct error *error)
{
	return action == ACTION_RUN_RENAME || store_begin(store, error);
}

static bool end_together(struct store *store, enum action action, bool good, struct error *error)
{
	if (action == ACTION_RUN_RENAME)
		return good;
	if (!good)
		store_rollback(store);
	return good && store_commit(store, error);
}

static bool edit_runs(struct session *session, struct store *store, const struct action_request *request, const int64_t *ids,
                      size_t count, bool flag, struct error *error)
{
	struct session_edits *edits = edits_of(session);
	bool good = true;
	if (!begin_together(store, request->action, error))
		return false;
	make_room(edits, count);
	size_t before = edits->count;
	for (size_t i = 0; good && i < count; i++) {
		const struct run *run = session_find_run(session, ids[i]);
		good = run && set_value(store, run, request->action, request->text, flag, error);
		if (good)
			remember(edits, run, request->action);
	}
	good = end_together(store, request->action, good, error);
	edits->count = good ? edits->count : before;
	return good;
}

void session_act_edit(struct session *session, const struct action_request *request)
{
	int64_t *ids = memory_zeroed(MOST_AT_ONCE, sizeof *ids);
	size_t count = edited_runs(session, request, ids);
	struct error error = {0};
	struct store *store = session_editor(session, &error);
	const struct run *first = count ? session_find_run(session, ids[0]) : NULL;
	bool flag = first && (request->action == ACTION_RUN_ARCHIVE ? !first->archived : !(first->trashed > 0));
	char name[RUN_NAME_SIZE];
	text_copy(name, sizeof name, first ? first->name : "");
	edits_of(session)->number++;
	bool good = store && edit_runs(session, store, request, ids, count, flag, &error);
	free(ids);
	session_read_again(session);
	if (error.code != ERROR_NONE)
		session_warn(session, &error);
	else if (good && count == 1)
		session_tell(session, false, "%s %s; u takes it back", name, verb_of(request->action, flag));
	else if (good && count > 1)
		session_tell(session, false, "%zu runs %s; u takes it back", count, verb_of(request->action, flag));
}

const char *session_undo_name(const struct session *session)
{
	const struct session_edits *edits = session->edits;
	return edits && edits->count ? verb_of(edits->items[edits->count - 1].action, !edits->items[edits->count - 1].flag) : "";
}

void session_act_undo(struct session *session, const struct action_request *request)
{
	struct session_edits *edits = edits_of(session);
	struct error error = {0};
	size_t done = 0;
	(void)request;
	if (!edits->count) {
		session_tell(session, false, "nothing to take back");
		return;
	}
	unsigned number = edits->items[edits->count - 1].number;
	enum action action = edits->items[edits->count - 1].action;
	bool good = begin_together(edits->store, action, &error);
	if (!good) {
		session_warn(session, &error);
		return;
	}
	while (edits->count && edits->items[edits->count - 1].number == number) {
		const struct edit *edit = &edits->items[--edits->count];
		const struct run *run = session_find_run(session, edit->run); /* NULL: deleted for ever since */
		good = good && (!run || set_value(edits->store, run, edit->action, edit->text, edit->flag, &error));
		done += run && good;
	}
	end_together(edits->store, action, good, &error);
	session_read_again(session);
	if (error.code != ERROR_NONE)
		session_warn(session, &error);
	else
		session_tell(session, false, "taken back, for %zu run%s", done, done == 1 ? "" : "s");
}

void session_destroy_edits(struct session *session)
{
	if (!session->edits)
		return;
	store_close(session->edits->store);
	free(session->edits->items);
	free(session->edits);
}
