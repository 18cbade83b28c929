/* The session's search screen: studies of the store as it shows them, and what it does to them. */
#include "app/session_parts.h"
#include "app/study_run.h"
#include "tests/session_fixture.h"

static struct store *open_store(const struct scene *scene)
{
	struct error error;
	struct store *store = store_open(scene->store, STORE_WRITE, &error);
	if (!store)
		fail_msg("%s", error.text);
	return store;
}

static int64_t make_study(struct store *store, const char *name, const char *text)
{
	struct study_spec spec;
	struct study study;
	struct error error;
	study_spec_init(&spec);
	if (!study_spec_parse(name, text, &spec, &error) || !study_create(store, name, &spec, &study, &error))
		fail_msg("%s", error.text);
	study_clear(&study);
	return study.id;
}

/* A cell that is over, or at work. */
static int64_t add_cell(struct store *store, int64_t study, const char *key, int d, int g, enum cell_status status, double fid,
                        double bytes)
{
	struct study_cell cell = {.d_bits = d, .g_bits = g, .seed = 7, .status = status, .fid = NAN, .fid_spread = NAN, .is_mean = NAN,
	                          .is_spread = NAN, .bytes = NAN};
	text_copy(cell.key, sizeof cell.key, key);
	text_copy(cell.group, sizeof cell.group, !strcmp(key, "base") ? "base" : "D");
	text_copy(cell.method, sizeof cell.method, d == 32 && g == 32 ? "float" : "em");
	text_copy(cell.model, sizeof cell.model, "dcgan");
	assert_true(store_add_cell(store, study, &cell, NULL, NULL));
	cell.fid = fid;
	cell.bytes = bytes;
	cell.seconds = 10;
	assert_true(store_update_cell(store, &cell, NULL));
	return cell.id;
}

static bool shows_study(struct session *session, int64_t study)
{
	const struct view *view = view_of(session);
	return view->search && view->search->id == study;
}

static const struct view_search_cell *shown_cell(struct session *session, const char *key)
{
	const struct view_search *search = view_of(session)->search;
	for (int i = 0; i < search->cell_count; i++)
		if (!strcmp(search->cells[i].key, key))
			return &search->cells[i];
	fail_msg("%s is not shown", key);
	return NULL;
}

static struct session *browse(const struct scene *scene)
{
	struct error error = {0};
	struct session *session = session_create(scene->store, NULL, &error);
	if (!session)
		fail_msg("%s", error.text);
	return session;
}

static void leave(struct session *session)
{
	press(session, ACTION_QUIT_NOW);
	assert_int_equal(session_destroy(session, 5), 0);
}

/* The float run, D's first width missing the target, its second one meeting it, G's first width at work. */
static int64_t make_search(struct store *store)
{
	int64_t study = make_study(store, "finding", "kind = search\nfid-ratio = 1.5\nbits = 1, 2\ndata = shapes\n");
	add_cell(store, study, "base", 32, 32, CELL_DONE, 20, 4000);
	add_cell(store, study, "em D1 G32", 1, 32, CELL_DONE, 31, 2100);
	add_cell(store, study, "em D2 G32", 2, 32, CELL_DONE, 29, 2200);
	add_cell(store, study, "em D2 G1", 2, 1, CELL_RUNNING, NAN, NAN);
	return study;
}

static void a_search_is_shown_as_the_planner_walks(void **state)
{
	struct scene *scene = *state;
	struct store *store = open_store(scene);
	int64_t study = make_search(store);
	struct session *session = browse(scene);
	wait_until(session, shows_study, study);
	const struct view_search *search = view_of(session)->search;
	assert_true(search->has_map && search->has_target && search->target == 30 && search->stage == 2);
	assert_true(search->width_count == 3 && search->widths[2] == 32);
	assert_true(shown_cell(session, "em D1 G32")->path == 1 && !shown_cell(session, "em D1 G32")->meets);
	assert_true(shown_cell(session, "em D2 G32")->path == 2 && shown_cell(session, "em D2 G32")->meets);
	assert_true(shown_cell(session, "em D2 G1")->path == 3 && search->first_cell == shown_cell(session, "em D2 G1")->id);
	assert_false(shown_cell(session, "base")->on_map);
	assert_true(shown_cell(session, "base")->front && shown_cell(session, "em D2 G32")->front && shown_cell(session, "em D1 G32")->front);
	assert_true(shown_cell(session, "em D2 G32")->ratio > 1.8);
	assert_true(search->seconds_left == 10 && search->cells_done == 3 && !search->working);
	leave(session);
	store_close(store);
}

static void cells_are_queued_and_cut_by_hand(void **state)
{
	struct scene *scene = *state;
	struct store *store = open_store(scene);
	int64_t study = make_search(store);
	struct session *session = browse(scene);
	wait_until(session, shows_study, study);
	request(session, (struct action_request){.action = ACTION_SEARCH_QUEUE, .layer = 1, .value = 2});
	assert_true(shown_cell(session, "em D1 G2")->by_hand && shown_cell(session, "em D1 G2")->state == VIEW_CELL_QUEUED);
	int64_t running = shown_cell(session, "em D2 G1")->id;
	request(session, (struct action_request){.action = ACTION_SEARCH_CELL, .run = running});
	press(session, ACTION_SEARCH_CUT);
	bool asked;
	assert_true(store_cut_asked(store, running, &asked, NULL) && asked);
	/* One that is done is neither queued nor cut. */
	request(session, (struct action_request){.action = ACTION_SEARCH_CELL, .run = shown_cell(session, "base")->id});
	press(session, ACTION_SEARCH_CUT);
	assert_non_null(strstr(view_of(session)->warning, "only a cell that is being trained"));
	request(session, (struct action_request){.action = ACTION_SEARCH_QUEUE, .run = shown_cell(session, "base")->id});
	assert_non_null(strstr(view_of(session)->warning, "nothing is to be queued"));
	leave(session);
	store_close(store);
}

static void the_target_moves_for_everybody(void **state)
{
	struct scene *scene = *state;
	struct store *store = open_store(scene);
	int64_t id = make_search(store);
	struct session *session = browse(scene);
	struct study_spec spec;
	struct study study;
	wait_until(session, shows_study, id);
	press(session, ACTION_SEARCH_EASIER);
	assert_true(fabs(view_of(session)->search->target - 31.5) < 1e-9);
	assert_true(shown_cell(session, "em D1 G32")->meets);
	assert_int_equal(view_of(session)->search->stage, 2); /* D at 1 bit now, then G */
	assert_true(store_find_study(store, "finding", &study, NULL) && study_read_spec(&study, &spec, NULL));
	assert_true(fabs(spec.fid_ratio - 1.575) < 1e-9);
	study_clear(&study);
	press(session, ACTION_SEARCH_HARDER);
	press(session, ACTION_SEARCH_HARDER);
	assert_true(view_of(session)->search->target < 29);
	leave(session);
	store_close(store);
}

static void studies_are_walked_through(void **state)
{
	struct scene *scene = *state;
	struct store *store = open_store(scene);
	int64_t first = make_search(store);
	int64_t second = make_study(store, "lists", "methods = em\nbits = 1\nseeds = 1, 2\ndata = shapes\n");
	struct session *session = browse(scene);
	wait_until(session, shows_study, second); /* the newest */
	assert_false(view_of(session)->search->has_map);
	assert_int_equal(view_of(session)->search->cell_count, 6);
	press(session, ACTION_SEARCH_BEFORE);
	assert_true(shows_study(session, first));
	press(session, ACTION_SEARCH_BEFORE);
	assert_true(shows_study(session, first));
	press(session, ACTION_SEARCH_AFTER);
	assert_true(shows_study(session, second));
	leave(session);
	store_close(store);
}

static void without_a_study_nothing_is_shown(void **state)
{
	struct scene *scene = *state;
	struct store *store = open_store(scene);
	struct session *session = browse(scene);
	press(session, ACTION_SEARCH_WORK);
	press(session, ACTION_SEARCH_CUT);
	request(session, (struct action_request){.action = ACTION_SEARCH_QUEUE, .layer = 1, .value = 2});
	press(session, ACTION_SEARCH_EASIER);
	press(session, ACTION_SEARCH_METHOD);
	press(session, ACTION_SEARCH_NEW); /* no run is open */
	assert_non_null(strstr(view_of(session)->warning, "open the float run"));
	leave(session);
	store_close(store);
}

static bool shows_costs(struct session *session, int64_t wanted)
{
	return view_of(session)->costs.count == (int)wanted;
}

/* A study of layers whose float run is opened says what each layer costs; another run's does not. */
static void the_opened_run_is_told_what_its_layers_cost(void **state)
{
	struct scene *scene = *state;
	struct store *store = open_store(scene);
	struct run run = {.name = "base-run"}, other = {.name = "other-run"};
	struct error error;
	if (!store_insert_run(store, &run, true, &error) || !store_insert_run(store, &other, true, &error))
		fail_msg("%s", error.text);
	int64_t study = make_study(store, "sensitive", "kind = layers\nbits = 2\ndata = shapes\n");
	struct study_cell *cells;
	size_t count;
	assert_true(store_list_cells(store, study, &cells, &count, NULL));
	for (size_t i = 0; i < count; i++) {
		cells[i].status = CELL_DONE;
		cells[i].run = study_cell_is_base(&cells[i]) ? run.id : 0;
		cells[i].fid = !strcmp(cells[i].group, "G.deconv4") ? 33 : 20;
		assert_true(store_update_cell(store, &cells[i], NULL));
	}
	free(cells);
	struct session *session = browse(scene);
	session_open_run(session, run.id);
	assert_true(shows_costs(session, 0)); /* not finished: no ranking yet */
	assert_true(store_update_study(store, study, STUDY_FINISHED, "", 1, NULL));
	session_open_run(session, run.id);
	const struct view *view = view_of(session);
	assert_true(view->costs.count == 8);
	assert_string_equal(view->costs.study, "sensitive");
	const struct view_search_layer *cost = view_layer_cost(view, VIEW_G, "deconv4");
	assert_true(cost && cost->rise == 13 && cost->bits == 2);
	assert_true(view_layer_cost(view, VIEW_D, "conv1")->rise == 0);
	assert_null(view_layer_cost(view, VIEW_D, "deconv4"));
	session_open_run(session, other.id);
	assert_true(shows_costs(session, 0));
	leave(session);
	run_clear(&run);
	run_clear(&other);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_search_is_shown_as_the_planner_walks), SCENE(cells_are_queued_and_cut_by_hand), SCENE(the_target_moves_for_everybody),
		SCENE(studies_are_walked_through), SCENE(without_a_study_nothing_is_shown),
		SCENE(the_opened_run_is_told_what_its_layers_cost),
	};
	return cmocka_run_group_tests_name("session_search", tests, NULL, NULL);
}
