/* The search screen: studies of the store as they stand, read when the store has changed. What is worked on is worked on by a
 * process of its own; this one looks on, queues cells, asks for one to be cut, moves the target and starts such processes. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/background.h"
#include "app/session_parts.h"
#include "app/study_results.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/picture_file.h"
#include "engine/quant/quantizer.h"

struct session_search {
	struct view_search view;
	struct study_results results; /* of the study shown */
	char name[RUN_NAME_SIZE];     /* it; empty: none yet */
	char method[STUDY_WORD_SIZE]; /* whose map is shown */
	int64_t cell;                 /* under the cursor */
	struct image *picture;
	unsigned versions;            /* pictures there have been */
	int64_t picture_sample;       /* the sample shown */
	struct study *studies;        /* of the store, newest first */
	size_t study_count;
};

/* ---- cells ---- */

static double share_done(struct session *session, const struct study_cell *cell)
{
	char id[24];
	struct run run = {0};
	struct error ignored;
	snprintf(id, sizeof id, "%" PRId64, cell->run);
	if (cell->status != CELL_RUNNING || !cell->run || !store_find_run(session->reader, id, &run, &ignored))
		return NAN;
	double first = (double)run.parent_step, steps = (double)run.last_step - first;
	run_clear(&run);
	return steps > 0 ? fmin(1, fmax(0, ((double)run.step - first) / steps)) : NAN;
}

static bool meets_target(const struct session_search *search, const struct study_cell *cell)
{
	const struct study_spec *spec = &search->results.spec;
	if (cell->status != CELL_DONE || !search->view.has_target || !isfinite(search->view.target))
		return false;
	return spec->is_min > 0 ? cell->is_mean >= search->view.target : cell->fid <= search->view.target;
}

static void fill_cell(struct session *session, const struct study_cell *cell, struct view_search_cell *shown)
{
	struct session_search *search = session->search;
	*shown = (struct view_search_cell){
		.id = cell->id, .run = cell->run, .d_bits = cell->d_bits, .g_bits = cell->g_bits,
		.state = (enum view_cell_state)cell->status, .by_hand = cell->by_hand, .fid = cell->fid, .fid_spread = cell->fid_spread,
		.is_mean = cell->is_mean, .is_spread = cell->is_spread, .bytes = cell->bytes,
		.ratio = study_cell_ratio(&search->results, cell), .seconds = cell->seconds, .done = share_done(session, cell),
		.meets = meets_target(search, cell),
		.on_map = !study_cell_is_base(cell) && !*cell->overrides &&
		          (!strcmp(cell->method, search->method) || !strcmp(cell->method, "float")),
	};
	text_copy(shown->key, sizeof shown->key, cell->key);
	text_copy(shown->method, sizeof shown->method, cell->method);
	text_copy(shown->verdict, sizeof shown->verdict, cell->verdict);
	text_copy(shown->message, sizeof shown->message, cell->message);
}

static double score_of(const struct view_search *view, const struct view_search_cell *cell)
{
	return view->higher_is_better ? -cell->is_mean : cell->fid;
}

/* Nothing scored is both smaller and better, or as good in one and better in the other. */
static void mark_front(struct view_search *view)
{
	for (int i = 0; i < view->cell_count; i++) {
		struct view_search_cell *cell = &view->cells[i];
		cell->front = cell->state == VIEW_CELL_DONE && isfinite(cell->bytes) && isfinite(score_of(view, cell));
		for (int k = 0; cell->front && k < view->cell_count; k++) {
			const struct view_search_cell *other = &view->cells[k];
			if (k == i || other->state != VIEW_CELL_DONE || !(other->bytes <= cell->bytes) ||
			    !(score_of(view, other) <= score_of(view, cell)))
				continue;
			bool same = other->bytes == cell->bytes && score_of(view, other) == score_of(view, cell);
			cell->front = same && i < k;
		}
	}
}

/* ---- the map ---- */

static struct view_search_cell *cell_at(struct view_search *view, struct search_cell place)
{
	for (int i = 0; i < view->cell_count; i++)
		if (view->cells[i].on_map && view->cells[i].d_bits == place.d_bits && view->cells[i].g_bits == place.g_bits)
			return &view->cells[i];
	return NULL;
}

/* The walk is what the planner asked for, one after the other, with nothing but the measures before it. */
static void number_path(struct session_search *search, const struct search_rules *rules)
{
	struct view_search *view = &search->view;
	struct search_measure measures[VIEW_SEARCH_CELLS];
	struct search_step step;
	for (int place = 1, known = 0; place <= VIEW_SEARCH_CELLS; place++) {
		search_next(rules, measures, (size_t)known, &step);
		struct view_search_cell *cell = cell_at(view, step.cell);
		if (step.kind != SEARCH_MEASURE) {
			if (cell && step.kind == SEARCH_MET)
				cell->chosen = true;
			view->stage = 0;
			return;
		}
		view->stage = step.stage;
		if (!cell || cell->state < VIEW_CELL_DONE) {
			if (cell)
				cell->path = place;
			return;
		}
		cell->path = place;
		measures[known++] = (struct search_measure){step.cell, cell->state != VIEW_CELL_DONE,
			view->higher_is_better ? cell->is_mean : cell->fid};
	}
}

static void fill_widths(struct session_search *search)
{
	struct view_search *view = &search->view;
	bool wanted[QUANT_FLOAT_BITS + 1] = {[QUANT_FLOAT_BITS] = true};
	for (int i = 0; i < view->cell_count; i++)
		if (view->cells[i].on_map)
			wanted[view->cells[i].d_bits] = wanted[view->cells[i].g_bits] = true;
	for (int i = 0; i < search->results.spec.bit_count; i++)
		wanted[search->results.spec.bits[i]] = true;
	view->width_count = 0;
	for (int bits = 1; bits <= QUANT_FLOAT_BITS && view->width_count < VIEW_SEARCH_WIDTHS; bits++)
		if (wanted[bits])
			view->widths[view->width_count++] = bits;
}

/* ---- the whole view ---- */

static void fill_layers(struct session_search *search)
{
	struct study_layer layers[VIEW_SEARCH_LAYERS];
	size_t count = study_rank_layers(&search->results, layers, VIEW_SEARCH_LAYERS);
	search->view.layer_count = (int)count;
	for (size_t i = 0; i < count; i++) {
		search->view.layers[i] = (struct view_search_layer){.bits = layers[i].bits, .rise = layers[i].rise};
		text_copy(search->view.layers[i].name, sizeof search->view.layers[i].name, layers[i].name);
	}
}

/* Cells still to come take what those done took on the average. */
static double seconds_left(const struct view_search *view)
{
	double spent = 0;
	int done = 0, waiting = 0;
	for (int i = 0; i < view->cell_count; i++) {
		done += view->cells[i].state == VIEW_CELL_DONE;
		spent += view->cells[i].state == VIEW_CELL_DONE ? view->cells[i].seconds : 0;
		waiting += view->cells[i].state < VIEW_CELL_DONE;
	}
	return done && waiting ? spent / done * waiting : NAN;
}

static void fill_words(struct session_search *search)
{
	struct view_search *view = &search->view;
	const struct study *study = &search->results.study;
	const struct study_spec *spec = &search->results.spec;
	view->id = study->id;
	view->working = study->status == STUDY_RUNNING;
	view->seconds = study->seconds;
	view->scale = spec->scale;
	view->cells_done = (int)study->cells_done;
	view->method_count = spec->methods.count;
	text_copy(view->name, sizeof view->name, study->name);
	text_copy(view->kind, sizeof view->kind, study->kind);
	text_copy(view->status, sizeof view->status, study_status_name(study->status));
	text_copy(view->title, sizeof view->title, spec->title);
	text_copy(view->message, sizeof view->message, study->message);
	text_copy(view->method, sizeof view->method, search->method);
	for (size_t i = 0; i < search->results.count; i++)
		if (*search->results.cells[i].identity)
			text_copy(view->recipe, sizeof view->recipe, search->results.cells[i].identity);
}

static void fill_view(struct session *session)
{
	struct session_search *search = session->search;
	struct view_search *view = &search->view;
	struct search_rules rules;
	const struct study_spec *spec = &search->results.spec;
	bool is_search = !strcmp(spec->kind, study_kind_names[STUDY_SEARCH]);
	view->stage = 0;
	view->recipe[0] = '\0';
	bool is_grid = !strcmp(spec->kind, study_kind_names[STUDY_GRID]);
	view->has_map = is_search || (is_grid && spec->seed_count < 2 && spec->models.count < 2);
	view->has_target = is_search;
	view->higher_is_better = spec->is_min > 0;
	bool known = is_search && study_plan_rules(spec, search->results.cells, search->results.count, &rules);
	view->target = known ? rules.target : NAN;
	view->cell_count = search->results.count < VIEW_SEARCH_CELLS ? (int)search->results.count : VIEW_SEARCH_CELLS;
	for (int i = 0; i < view->cell_count; i++)
		fill_cell(session, &search->results.cells[i], &view->cells[i]);
	fill_words(search);
	fill_widths(search);
	fill_layers(search);
	mark_front(view);
	if (known)
		number_path(search, &rules);
	view->seconds_left = seconds_left(view);
}

/* Where something happens, or happened last. */
static int64_t find_first(const struct session_search *search)
{
	const struct view_search *view = &search->view;
	int64_t last = 0;
	for (int i = 0; i < view->cell_count; i++) {
		if (view->has_map && !view->cells[i].on_map)
			continue;
		if (view->cells[i].state == VIEW_CELL_RUNNING || view->cells[i].chosen)
			return view->cells[i].id;
		last = view->cells[i].state == VIEW_CELL_DONE || !last ? view->cells[i].id : last;
	}
	return last;
}

/* ---- pictures ---- */

static void show_picture(struct session *session, int64_t run)
{
	struct session_search *search = session->search;
	struct sample sample = {0};
	struct error ignored;
	bool found = false;
	if (run && !store_find_sample(session->reader, run, -1, &sample, &found, &ignored))
		found = false;
	if (found && sample.id == search->picture_sample)
		return sample_clear(&sample);
	image_destroy(search->picture);
	search->picture = found ? picture_decode(sample.png, sample.png_size, 0, "a cell's sample", &ignored) : NULL;
	search->picture_sample = found ? sample.id : 0;
	search->view.picture = search->picture;
	search->view.picture_version = ++search->versions;
	search->view.picture_step = sample.step;
	search->view.picture_columns = sample.columns;
	sample_clear(&sample);
}

static const struct study_cell *cell_of(const struct session_search *search, int64_t id)
{
	for (size_t i = 0; i < search->results.count; i++)
		if (search->results.cells[i].id == id)
			return &search->results.cells[i];
	return NULL;
}

/* ---- reading ---- */

static void choose_study(struct session_search *search)
{
	search->view.study_count = (int)search->study_count;
	search->view.shown = 0;
	for (size_t i = 0; i < search->study_count; i++)
		if (!strcmp(search->studies[i].name, search->name))
			search->view.shown = (int)i;
	if (search->study_count)
		text_copy(search->name, sizeof search->name, search->studies[search->view.shown].name);
}

static void choose_method(struct session_search *search)
{
	const struct study_names *methods = &search->results.spec.methods;
	for (int i = 0; i < methods->count; i++)
		if (!strcmp(methods->items[i], search->method))
			return;
	text_copy(search->method, sizeof search->method, methods->count ? methods->items[0] : "em");
}

static bool read_study(struct session *session, struct error *error)
{
	struct session_search *search = session->search;
	free(search->studies);
	search->studies = NULL;
	if (!store_list_studies(session->reader, &search->studies, &search->study_count, error))
		return false;
	choose_study(search);
	study_results_clear(&search->results);
	search->view.id = 0;
	if (!search->study_count)
		return true;
	if (!study_results_read(session->reader, search->name, &search->results, error))
		return false;
	choose_method(search);
	fill_view(session);
	if (!search->cell) /* nobody has moved the cursor in it */
		search->cell = search->view.first_cell = find_first(search);
	const struct study_cell *cell = cell_of(search, search->cell);
	show_picture(session, cell ? cell->run : 0);
	search->view.picture_cell = search->cell;
	return true;
}

void session_refresh_search(struct session *session)
{
	struct error error = {0};
	if (!session->search)
		session->search = memory_zeroed(1, sizeof *session->search);
	if (session->reader && !read_study(session, &error))
		session_warn(session, &error);
}

const struct view_search *session_view_search(const struct session *session)
{
	return session->search ? &session->search->view : NULL;
}

void session_destroy_search(struct session *session)
{
	if (!session->search)
		return;
	image_destroy(session->search->picture);
	study_results_clear(&session->search->results);
	free(session->search->studies);
	free(session->search);
}

/* ---- actions ---- */

typedef bool store_change(struct store *store, struct session *session, const struct action_request *request, struct error *error);

/* A short change of the store by a connection of its own; false and the screen says why. */
static bool change(struct session *session, store_change *work, const struct action_request *request)
{
	struct error error = {0};
	struct store *store = store_open(session->store_path, STORE_WRITE, &error);
	bool good = store && work(store, session, request, &error);
	store_close(store);
	if (good)
		session_refresh_search(session);
	else
		session_warn(session, &error);
	return good;
}

static bool queue_cell(struct store *store, struct session *session, const struct action_request *request, struct error *error)
{
	struct session_search *search = session->search;
	const struct study_cell *known = cell_of(search, request->run);
	struct study_cell fresh = study_spec_cell(&search->results.spec, search->method, request->layer, (int)request->value);
	struct study_cell cell = known ? *known : fresh;
	if (known && known->status != CELL_QUEUED)
		return error_set(error, ERROR_STATE, "%s is %s: nothing is to be queued", known->key, cell_status_name(known->status));
	cell.by_hand = true;
	return store_add_cell(store, search->results.study.id, &cell, NULL, error);
}

void session_act_search_queue(struct session *session, const struct action_request *request)
{
	if (!session->search || !session->search->view.id || !change(session, queue_cell, request))
		return;
	bool working = session->search->view.working;
	session_tell(session, false, "queued%s", working ? "" : "; nobody works on this study: g goes on with it");
}

static bool cut_cell(struct store *store, struct session *session, const struct action_request *request, struct error *error)
{
	const struct study_cell *cell = cell_of(session->search, session->search->cell);
	(void)request;
	if (!cell || cell->status != CELL_RUNNING)
		return error_set(error, ERROR_STATE, "only a cell that is being trained can be cut");
	return store_ask_cut(store, cell->id, error);
}

void session_act_search_cut(struct session *session, const struct action_request *request)
{
	if (session->search && session->search->view.id && change(session, cut_cell, request))
		session_tell(session, false, "the cell will be cut at its next step");
}

/* The target by 5 %, in the direction of what is easier to meet, or harder. */
static bool move_target(struct store *store, struct session *session, const struct action_request *request, struct error *error)
{
	static const double STEP = 1.05;
	struct study_spec spec = session->search->results.spec;
	bool easier = request->action == ACTION_SEARCH_EASIER;
	if (!session->search->view.has_target)
		return error_set(error, ERROR_STATE, "this study has no target");
	double factor = easier == (spec.is_min > 0) ? 1 / STEP : STEP;
	spec.fid_max *= factor;
	spec.is_min *= factor;
	spec.fid_ratio *= factor;
	char *text = study_spec_text(&spec);
	bool good = store_set_study_spec(store, session->search->results.study.id, text, error);
	free(text);
	return good;
}

void session_act_search_target(struct session *session, const struct action_request *request)
{
	if (session->search && session->search->view.id)
		change(session, move_target, request);
}

void session_act_search_method(struct session *session, const struct action_request *request)
{
	struct session_search *search = session->search;
	const struct study_names *methods = search ? &search->results.spec.methods : NULL;
	(void)request;
	for (int i = 0; methods && i < methods->count; i++)
		if (!strcmp(methods->items[i], search->method)) {
			text_copy(search->method, sizeof search->method, methods->items[(i + 1) % methods->count]);
			break;
		}
	session_refresh_search(session);
}

void session_act_search_walk(struct session *session, const struct action_request *request)
{
	struct session_search *search = session->search;
	if (!search || !search->study_count)
		return;
	int shown = search->view.shown + (request->action == ACTION_SEARCH_BEFORE ? 1 : -1); /* the newest is the first */
	if (shown < 0 || shown >= (int)search->study_count)
		return session_tell(session, false, "there is no %s study", shown < 0 ? "newer" : "older");
	text_copy(search->name, sizeof search->name, search->studies[shown].name);
	search->cell = 0;
	session_refresh_search(session);
}

void session_act_search_cell(struct session *session, const struct action_request *request)
{
	if (!session->search)
		return;
	session->search->cell = request->run;
	session_refresh_search(session);
}

/* Two trainings would share the cores, and a person who trains here wants them. */
static bool may_work(struct session *session, struct error *error)
{
	if (session_live(session))
		return error_set(error, ERROR_STATE, "%s is being trained here: stop it first (x), then let the study have the cores",
		                 session->live->run.name);
	if (session->search && session->search->view.working)
		return error_set(error, ERROR_STATE, "study %s is being worked on already", session->search->view.name);
	return true;
}

void session_act_search_work(struct session *session, const struct action_request *request)
{
	struct error error = {0};
	struct session_search *search = session->search;
	(void)request;
	if (!search || !search->view.id)
		return;
	const char *const arguments[] = {"qgan", "study", search->name, "--store", session->store_path, NULL};
	if (may_work(session, &error) && background_start(arguments, &error))
		session_tell(session, false, "study %s is worked on in the background; it goes on when you leave", search->name);
	else
		session_warn(session, &error);
}

/* From the opened run's newest checkpoint; text is the ratio, 1.3 where nothing was typed. */
void session_act_search_new(struct session *session, const struct action_request *request)
{
	struct error error = {0};
	const struct view *view = session_shown(session);
	char ratio[32], run[24];
	char *end;
	double value = strtod(*request->text ? request->text : "1.3", &end);
	snprintf(ratio, sizeof ratio, "%.6g", value);
	snprintf(run, sizeof run, "%" PRId64, view->run.id);
	const char *const arguments[] = {"qgan", "search", "--from", run, "--fid-ratio", ratio, "--store", session->store_path, NULL};
	bool good = may_work(session, &error);
	if (good && (*end || !(value > 0)))
		good = error_set(&error, ERROR_INPUT, "the ratio must be a number above 0, not \"%.20s\"", request->text);
	if (good && view->run.state == VIEW_NOTHING)
		good = error_set(&error, ERROR_STATE, "open the float run to search from first (5, Enter)");
	if (!good || !background_start(arguments, &error))
		return session_warn(session, &error);
	session_tell(session, false, "a search from %s begins in the background: a FID of at most %s times its own", view->run.name,
	             ratio);
	if (session->search)
		session->search->name[0] = '\0'; /* the newest is shown, once it is there */
}
