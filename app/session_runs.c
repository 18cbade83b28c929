/* The list of runs: which, in what order, with what columns, which are marked. Edits are in session_edit.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/choices.h"
#include "app/run_list.h"
#include "app/session_parts.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

struct session_runs {
	struct session *session;
	struct run_list *list;
	struct run_look look;
	struct run_view texts;              /* the look in words, as it would be saved */
	struct run_view remembered;         /* columns and sorting that it began with */
	int64_t *marks;                     /* ids, rising */
	size_t mark_count, mark_capacity;
	double now;                         /* when cells are written: ages count from here */
	struct view_run_column columns[VIEW_RUN_COLUMNS];
	struct view_runs view;
};

static const struct run *const *listed(const struct session_runs *runs, size_t *count)
{
	return run_list_shown(runs->list, count);
}

/* ---- marks ---- */

/* Where the id is, or belongs. */
static size_t mark_place(const struct session_runs *runs, int64_t id)
{
	size_t low = 0, high = runs->mark_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (runs->marks[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_marked(const struct session_runs *runs, int64_t id)
{
	size_t place = mark_place(runs, id);
	return place < runs->mark_count && runs->marks[place] == id;
}

static void set_mark(struct session_runs *runs, int64_t id, bool marked)
{
	size_t place = mark_place(runs, id);
	if (is_marked(runs, id) == marked)
		return;
	if (!marked) {
		memmove(runs->marks + place, runs->marks + place + 1, (--runs->mark_count - place) * sizeof *runs->marks);
		return;
	}
	if (runs->mark_count == runs->mark_capacity) {
		runs->mark_capacity = runs->mark_capacity ? 2 * runs->mark_capacity : 64;
		runs->marks = memory_resized(runs->marks, runs->mark_capacity, sizeof *runs->marks);
	}
	memmove(runs->marks + place + 1, runs->marks + place, (runs->mark_count++ - place) * sizeof *runs->marks);
	runs->marks[place] = id;
}

/* What is not in the store any more, or not on this shelf, cannot be marked. */
static void drop_lost_marks(struct session_runs *runs)
{
	size_t kept = 0;
	for (size_t i = 0; i < runs->mark_count; i++) {
		const struct run *run = run_list_find(runs->list, runs->marks[i]);
		if (run && (run->trashed > 0) == (runs->look.shelf == RUN_SHELF_TRASH))
			runs->marks[kept++] = runs->marks[i];
	}
	runs->mark_count = kept;
}

/* ---- the view ---- */

static void write_row(const void *context, int row, struct view_run_row *out)
{
	const struct session_runs *runs = context;
	size_t count;
	const struct run *const *shown = listed(runs, &count);
	*out = (struct view_run_row){.name = "", .status = "", .verdict = "", .tags = "", .note = ""};
	if (row < 0 || (size_t)row >= count)
		return;
	const struct run *run = shown[row];
	*out = (struct view_run_row){.id = run->id, .name = run->name, .status = run_status_name(run->status), .verdict = run->verdict.kind,
		.tags = run->tags, .note = run->note, .marked = is_marked(runs, run->id),
		.here = run->id == session_trained_here(runs->session)};
}

static void write_cell(const void *context, int row, int column, char text[VIEW_CELL])
{
	const struct session_runs *runs = context;
	size_t count;
	const struct run *const *shown = listed(runs, &count);
	char cell[RUN_CELL_SIZE];
	text[0] = '\0';
	if (row < 0 || (size_t)row >= count || column < 0 || column >= run_field_count)
		return;
	text_copy(text, VIEW_CELL, run_field_cell(&run_fields[column], shown[row], runs->now, cell));
	if (run_fields[column].format == run_bits_text && !strcmp(text, "float"))
		text_copy(text, VIEW_CELL, "32"); /* has room in a narrow column */
}

static void describe_columns(struct session_runs *runs)
{
	for (int i = 0; i < run_field_count && i < VIEW_RUN_COLUMNS; i++) {
		const struct run_field *field = &run_fields[i];
		bool number = run_field_is_number(field) && field->kind != RUN_FIELD_SWITCH;
		runs->columns[i] = (struct view_run_column){field->name, field->title, field->help, field->width, field->most, field->priority,
			number};
	}
	runs->view.columns = runs->columns;
	runs->view.column_count = run_field_count < VIEW_RUN_COLUMNS ? run_field_count : VIEW_RUN_COLUMNS;
}

/* Runs of this shelf, whatever the filter says. */
static int count_shelf(const struct session_runs *runs)
{
	return (int)run_list_on_shelf(runs->list, &runs->look);
}

static double file_bytes(const char *path)
{
	char log[STORE_PATH_SIZE + 8];
	struct stat file, wal;
	snprintf(log, sizeof log, "%s-wal", path);
	if (stat(path, &file))
		return NAN;
	return (double)file.st_size + (stat(log, &wal) ? 0 : (double)wal.st_size);
}

static void fill_view(struct session_runs *runs)
{
	struct view_runs *view = &runs->view;
	const struct session *session = runs->session;
	size_t count;
	const struct run *const *shown = listed(runs, &count);
	view->count = (int)count;
	view->total = count_shelf(runs);
	view->marked = view->hidden = (int)runs->mark_count;
	for (size_t i = 0; i < count && view->hidden > 0; i++)
		view->hidden -= is_marked(runs, shown[i]->id);
	view->trash = runs->look.shelf == RUN_SHELF_TRASH;
	view->shown_count = 0;
	for (int i = 0; i < runs->look.columns.count && view->shown_count < VIEW_RUN_SHOWN; i++)
		view->shown[view->shown_count++] = (int)(runs->look.columns.fields[i] - run_fields);
	view->sorted = runs->look.sort.count ? (int)(runs->look.sort.keys[0].field - run_fields) : -1;
	view->falling = runs->look.sort.count && runs->look.sort.keys[0].falling;
	text_copy(view->filter, sizeof view->filter, runs->texts.filter);
	view->store_bytes = file_bytes(session->store_path);
	text_copy(view->here, sizeof view->here, session_live(session) ? session->live->run.name : "");
	text_copy(view->undo, sizeof view->undo, session_undo_name(session));
}

static void apply(struct session_runs *runs)
{
	runs->now = clock_unix();
	run_list_apply(runs->list, &runs->look, runs->now);
	drop_lost_marks(runs);
	fill_view(runs);
}

const struct view_runs *session_runs_view(struct session *session)
{
	struct session_runs *runs = session->runs;
	runs->now = clock_unix();
	text_copy(runs->view.here, sizeof runs->view.here, session_live(session) ? session->live->run.name : "");
	return &runs->view;
}

/* ---- changing the look ---- */

/* Takes it as a whole or not at all. */
static bool set_look(struct session_runs *runs, const struct run_view *texts, enum run_shelf shelf, struct error *error)
{
	struct run_look look;
	if (!run_look_parse(texts, &look, error)) {
		run_look_clear(&look);
		return false;
	}
	look.shelf = shelf;
	run_look_clear(&runs->look);
	runs->look = look;
	if (&runs->texts != texts)
		runs->texts = *texts;
	apply(runs);
	return true;
}

static void change_look(struct session *session, const struct run_view *texts, enum run_shelf shelf)
{
	struct error error = {0};
	if (!set_look(session->runs, texts, shelf, &error))
		session_warn(session, &error);
}

/* What is typed is looked at with every key; while it is no filter the last good one stays. */
void session_act_filter(struct session *session, const struct action_request *request)
{
	struct session_runs *runs = session->runs;
	struct run_view texts = runs->texts;
	struct error error = {0};
	int place;
	text_copy(texts.filter, sizeof texts.filter, request->text);
	runs->view.complaint[0] = '\0';
	runs->view.complaint_at = -1;
	if (set_look(runs, &texts, runs->look.shelf, &error))
		return;
	text_copy(runs->view.complaint, sizeof runs->view.complaint, error.text);
	if (sscanf(error.text, "filter, character %d", &place) == 1)
		runs->view.complaint_at = place - 1;
}

void session_act_sort(struct session *session, const struct action_request *request)
{
	struct run_view texts = session->runs->texts;
	text_copy(texts.sort, sizeof texts.sort, request->text);
	change_look(session, &texts, session->runs->look.shelf);
}

void session_act_columns(struct session *session, const struct action_request *request)
{
	struct run_view texts = session->runs->texts;
	text_copy(texts.columns, sizeof texts.columns, request->text);
	change_look(session, &texts, session->runs->look.shelf);
}

void session_act_trash_shelf(struct session *session, const struct action_request *request)
{
	struct session_runs *runs = session->runs;
	(void)request;
	change_look(session, &runs->texts, runs->look.shelf == RUN_SHELF_TRASH ? RUN_SHELF_USUAL : RUN_SHELF_TRASH);
}

/* ---- saved views ---- */

static void list_views(struct session_runs *runs)
{
	struct run_view *views;
	size_t count;
	struct error error = {0};
	runs->view.view_count = 0;
	if (!store_list_views(runs->session->reader, &views, &count, &error)) {
		session_warn(runs->session, &error);
		return;
	}
	for (size_t i = 0; i < count && i < VIEW_RUN_VIEWS; i++)
		text_copy(runs->view.views[runs->view.view_count++], sizeof *runs->view.views, views[i].name);
	free(views);
}

void session_act_view(struct session *session, const struct action_request *request)
{
	struct run_view view = {0};
	struct error error = {0};
	if (request->text[0] && !store_find_view(session->reader, request->text, &view, &error)) {
		session_warn(session, &error);
		return;
	}
	change_look(session, &view, RUN_SHELF_USUAL);
	text_copy(session->runs->view.view, sizeof session->runs->view.view, view.name);
}

void session_act_view_save(struct session *session, const struct action_request *request)
{
	struct session_runs *runs = session->runs;
	struct run_view view = runs->texts;
	struct error error = {0};
	struct store *store = session_editor(session, &error);
	text_copy(view.name, sizeof view.name, request->text);
	if (!store || !store_save_view(store, &view, &error)) {
		session_warn(session, &error);
		return;
	}
	text_copy(runs->view.view, sizeof runs->view.view, view.name);
	session_tell(session, false, "view %s saved: V chooses it", view.name);
	list_views(runs);
}

void session_act_view_delete(struct session *session, const struct action_request *request)
{
	struct error error = {0};
	struct store *store = session_editor(session, &error);
	if (!store || !store_delete_view(store, request->text, &error))
		session_warn(session, &error);
	list_views(session->runs);
}

/* ---- marking and comparing ---- */

void session_act_mark(struct session *session, const struct action_request *request)
{
	set_mark(session->runs, request->run, !is_marked(session->runs, request->run));
	fill_view(session->runs);
}

void session_act_mark_range(struct session *session, const struct action_request *request)
{
	size_t count;
	const struct run *const *shown = listed(session->runs, &count);
	bool inside = false;
	for (size_t i = 0; i < count; i++) {
		bool end = shown[i]->id == request->run || shown[i]->id == request->other;
		if (inside || end)
			set_mark(session->runs, shown[i]->id, true);
		inside = end && request->run != request->other ? !inside : inside;
	}
	fill_view(session->runs);
}

void session_act_mark_all(struct session *session, const struct action_request *request)
{
	size_t count;
	const struct run *const *shown = listed(session->runs, &count);
	if (request->action == ACTION_RUN_MARK_NONE)
		session->runs->mark_count = 0;
	for (size_t i = 0; i < count && request->action == ACTION_RUN_MARK_ALL; i++)
		set_mark(session->runs, shown[i]->id, true);
	fill_view(session->runs);
}

size_t session_chosen_runs(const struct session *session, int64_t cursor, int64_t *ids, size_t most)
{
	const struct session_runs *runs = session->runs;
	size_t count, found = 0;
	const struct run *const *shown = listed(runs, &count);
	bool *taken = memory_zeroed(runs->mark_count + 1, sizeof *taken);
	for (size_t i = 0; i < count && found < most; i++) { /* as they are listed */
		size_t place = mark_place(runs, shown[i]->id);
		if (!is_marked(runs, shown[i]->id))
			continue;
		taken[place] = true;
		ids[found++] = shown[i]->id;
	}
	for (size_t i = 0; i < runs->mark_count && found < most; i++) /* then those that the filter hides */
		if (!taken[i])
			ids[found++] = runs->marks[i];
	free(taken);
	if (!found && cursor > 0 && most > 0)
		ids[found++] = cursor;
	return found;
}

void session_act_compare(struct session *session, const struct action_request *request)
{
	int64_t ids[VIEW_POINTS];
	struct error error = {0};
	size_t count = session_chosen_runs(session, request->run, ids, VIEW_POINTS);
	if (count == 1 && ids[0] != request->run)
		ids[count++] = request->run;
	if (count < 2)
		session_tell(session, true, "mark 2 to %d runs with Space, then c puts them beside each other", VIEW_COMPARED);
	else if (!session_compare_runs(session, ids, count, &error))
		session_warn(session, &error);
}

/* ---- life ---- */

/* Deleted for ever, here or by another program: there is nothing to look at any more. */
static void close_deleted(struct session *session)
{
	struct view *shown = session_shown(session);
	char name[VIEW_TEXT];
	bool ours = !session->showing_past && session_live(session);
	if (ours || !shown->run.id || run_list_find(session->runs->list, shown->run.id))
		return;
	text_copy(name, sizeof name, shown->run.name);
	session_close_question(session);
	view_forget_run(shown);
	session->showing_past = false;
	session_tell(session, false, "%s was open, but is deleted for ever", name);
}

bool session_read_runs(struct session *session, struct error *error)
{
	bool changed;
	if (!run_list_refresh(session->runs->list, session->reader, &changed, error))
		return false;
	if (changed)
		apply(session->runs);
	close_deleted(session);
	return true;
}

const struct run *const *session_listed_runs(const struct session *session, size_t *count)
{
	return listed(session->runs, count);
}

const struct run *session_find_run(const struct session *session, int64_t id)
{
	return run_list_find(session->runs->list, id);
}

bool session_create_runs(struct session *session, struct error *error)
{
	struct session_runs *runs = session->runs = memory_zeroed(1, sizeof *runs);
	runs->session = session;
	runs->list = run_list_create();
	runs->view.context = runs;
	runs->view.row = write_row;
	runs->view.cell = write_cell;
	runs->view.complaint_at = -1;
	describe_columns(runs);
	list_views(runs);
	list_remembered(&runs->remembered);
	return set_look(runs, &runs->remembered, RUN_SHELF_USUAL, error) || set_look(runs, &runs->texts, RUN_SHELF_USUAL, error);
}

/* Once, in the end: a key never waits for the disk. */
static void remember_look(const struct session_runs *runs)
{
	struct error error = {0};
	bool same = !strcmp(runs->texts.columns, runs->remembered.columns) && !strcmp(runs->texts.sort, runs->remembered.sort);
	if (!same && !list_remember(&runs->texts, &error))
		log_write(LOG_LEVEL_WARNING, "the run list's columns cannot be remembered: %s", error.text);
}

void session_destroy_runs(struct session *session)
{
	struct session_runs *runs = session->runs;
	if (!runs)
		return;
	remember_look(runs);
	run_list_destroy(runs->list);
	run_look_clear(&runs->look);
	free(runs->marks);
	free(runs);
}
