/* app/session: keys become commands, events and stored rows become the view; runs are left, found again and resumed. */
#include "tests/session_fixture.h"

static bool d_bits_are(struct session *session, int64_t bits) { return view_of(session)->run.bits[VIEW_D] == bits; }
static bool layers_of_step(struct session *session, int64_t step) { return view_of(session)->layers_step >= step; }
static bool points_are(struct session *session, int64_t count) { return view_of(session)->loss[VIEW_D].count >= count; }
static bool picture_newer(struct session *session, int64_t version) { return view_of(session)->sample_version > version; }
static bool runs_listed(struct session *session, int64_t count) { return view_run_count(view_of(session)) == count; }

static bool checkpoint_saved(struct session *session, int64_t step)
{
	char text[64];
	snprintf(text, sizeof text, "step %lld  checkpoint saved", (long long)step);
	return has_line(view_of(session), text);
}

/* Every step once, in order, as long as no two had to share a bucket. */
static void assert_unbroken(const struct series *series, int64_t first, int64_t last)
{
	if (last - first >= SERIES_BUCKETS)
		return;
	assert_int_equal(series->count, last - first + 1);
	for (int i = 0; i < series->count; i++) {
		assert_int_equal(series->buckets[i].first_step, first + i);
		assert_int_equal(series->buckets[i].points, 1);
	}
}

static void assert_same_curve(const struct series *a, const struct series *b)
{
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->buckets, b->buckets, (size_t)a->count * sizeof *a->buckets);
}

static void assert_same_number(double a, double b)
{
	assert_true(a == b || (isnan(a) && isnan(b)));
}

/* A recorded layer shows what the live one showed, whatever it is. */
static void assert_same_layer(const struct view_layer *a, const struct view_layer *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->shape, b->shape);
	assert_string_equal(a->quantizer, b->quantizer);
	assert_true(a->bits == b->bits && a->states == b->states && a->groups == b->groups && a->degenerate == b->degenerate);
	assert_int_equal(a->weights, b->weights);
	assert_memory_equal(a->counts, b->counts, sizeof a->counts);
	assert_memory_equal(a->levels, b->levels, sizeof a->levels);
	assert_same_number(a->alpha, b->alpha);
	assert_same_number(a->beta, b->beta);
	assert_same_number(a->mse, b->mse);
	assert_same_number(a->variance, b->variance);
	assert_same_number(a->sqnr_db, b->sqnr_db);
	assert_same_number(a->utilization, b->utilization);
	assert_same_number(a->flips, b->flips);
	assert_int_equal(a->flip_steps, b->flip_steps);
	assert_same_number(a->packed_bytes, b->packed_bytes);
	assert_true(a->dead_states == b->dead_states && a->iterations == b->iterations && a->trace_count == b->trace_count);
	assert_memory_equal(a->trace, b->trace, sizeof a->trace);
	assert_memory_equal(a->histogram, b->histogram, sizeof a->histogram);
	assert_true(a->histogram_min == b->histogram_min && a->histogram_max == b->histogram_max);
}

static void assert_same_history(const struct view_history *a, const struct view_history *b)
{
	assert_true(a->count == b->count && a->merged == b->merged && a->open == b->open);
	for (int i = 0; i < a->count; i++) {
		assert_int_equal(a->columns[i].step, b->columns[i].step);
		assert_int_equal(a->columns[i].bits, b->columns[i].bits);
		assert_memory_equal(a->columns[i].shares, b->columns[i].shares, sizeof a->columns[i].shares);
	}
}

static void assert_layers(const struct view *view, enum view_network network, int bits)
{
	uint64_t all = 0;
	assert_int_equal(view->layer_count[network], LAYERS);
	for (int i = 0; i < LAYERS; i++) {
		const struct view_layer *layer = &view->layers[network][i];
		uint64_t counted = 0;
		assert_int_equal(layer->bits, bits);
		assert_int_equal(layer->states, bits == 32 ? 0 : 1 << bits);
		for (int s = 0; s < layer->states; s++)
			counted += layer->counts[s];
		if (layer->states)
			assert_int_equal(counted, layer->weights);
		uint64_t drawn = 0;
		for (int bin = 0; bin < VIEW_BINS; bin++)
			drawn += layer->histogram[bin];
		assert_int_equal(drawn, layer->weights);
		all += layer->weights;
	}
	assert_int_equal(all, view->run.weights[network]);
}

/* ---- a live run ---- */

static void keys_steer_the_training(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	struct session *session = open_session(scene, &start);
	assert_int_equal(view_of(session)->run.state, VIEW_LOADING);
	assert_string_equal(view_of(session)->run.name, "alpha");
	wait_until(session, points_are, 3);
	assert_true(session_live(session));
	assert_true(view_of(session)->run.steerable);
	assert_int_equal(view_of(session)->run.channels, 1);
	assert_layers(view_of(session), VIEW_D, 32);
	/* Faster than the engine answers: every press counts from the one before. */
	for (int i = 0; i < 3; i++)
		press(session, ACTION_D_BITS_DOWN);
	press(session, ACTION_G_BITS_DOWN);
	press(session, ACTION_G_BITS_DOWN);
	press(session, ACTION_G_BITS_UP);
	press(session, ACTION_QUANTIZER);
	press(session, ACTION_PAUSE);
	wait_until(session, state_is, VIEW_PAUSED);
	const struct view *view = view_of(session);
	assert_int_equal(view->run.bits[VIEW_D], 3);
	assert_int_equal(view->run.bits[VIEW_G], 8);
	assert_string_equal(view->run.quantizer, "minmax");
	static const char *const marks[] = {"D>8", "D>4", "D>3", "G>8", "G>4", "G>8", "Q>minmax"};
	assert_int_equal(view->mark_count, sizeof marks / sizeof *marks);
	for (int i = 0; i < view->mark_count; i++)
		assert_string_equal(view->marks[i].label, marks[i]);
	assert_true(view->marks[0].step >= 3);
	/* two presses take back each other */
	press(session, ACTION_PAUSE);
	press(session, ACTION_PAUSE);
	int64_t paused_at = view->run.step;
	for (int i = 0; i < 3; i++)
		press(session, ACTION_STEP);
	wait_until(session, step_reached, paused_at + 3);
	wait_until(session, state_is, VIEW_PAUSED);
	assert_true(has_line(view_of(session), "resumed"));
	view = view_of(session);
	int64_t here = view->run.step;
	wait_until(session, layers_of_step, view->marks[0].step + 1);
	assert_layers(view_of(session), VIEW_D, 3);
	assert_layers(view_of(session), VIEW_G, 8);
	assert_true(view->run.packed_bytes[VIEW_G] == (double)(view->run.weights[VIEW_G] + 16 * LAYERS));
	assert_true(view->run.float_bytes[VIEW_G] == 4.0 * (double)view->run.weights[VIEW_G]);
	/* fresh noise and back */
	unsigned version = view->sample_version;
	press(session, ACTION_SAMPLE_NOISE);
	wait_until(session, picture_newer, version);
	assert_int_not_equal(view_of(session)->sample_seed, 0);
	version = view_of(session)->sample_version;
	press(session, ACTION_SAMPLE_NOISE);
	wait_until(session, picture_newer, version);
	assert_int_equal(view_of(session)->sample_seed, 0);
	assert_int_equal(view_of(session)->sample_step, here);
	assert_int_equal(view_of(session)->sample_tiles, 4);
	request(session, (struct action_request){.action = ACTION_RATES, .network = VIEW_G, .value = 0.003});
	press(session, ACTION_CHECKPOINT);
	wait_until(session, checkpoint_saved, here);
	assert_true(view_of(session)->run.learning_rate[VIEW_G] == 0.003);
	assert_true(view_of(session)->run.step == here);
	wait_until(session, runs_listed, 1);
	assert_true(view_run_at(view_of(session), 0).here);
	assert_string_equal(view_run_at(view_of(session), 0).name, "alpha");
	assert_string_equal(view_of(session)->runs->here, "alpha");
	save_and_leave(session);
}

static bool list_shows(struct session *session, int64_t bits)
{
	const struct view *view = view_of(session);
	char cell[VIEW_CELL], wanted[8];
	snprintf(wanted, sizeof wanted, "%d", (int)bits);
	for (int i = 0; i < view->runs->column_count && view_run_count(view) > 0; i++)
		if (!strcmp(view->runs->columns[i].name, "bits.d")) {
			view->runs->cell(view->runs->context, 0, i, cell);
			struct view_run_row row = view_run_at(view, 0);
			return !strcmp(cell, wanted) && !strcmp(row.status, "stopped") && !row.here;
		}
	return false;
}

static void a_stop_leaves_the_session_open(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	start.settings.bits[NETWORK_D] = 5; /* between the rungs of the keys */
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, 2);
	press(session, ACTION_D_BITS_UP);
	wait_until(session, d_bits_are, 8);
	press(session, ACTION_STOP);
	wait_until(session, state_is, VIEW_STOPPED);
	assert_false(session_live(session));
	assert_false(view_of(session)->run.steerable);
	wait_until(session, list_shows, 8);
	int64_t lines = view_of(session)->log_count;
	press(session, ACTION_PAUSE);
	press(session, ACTION_CHECKPOINT);
	assert_int_equal(view_of(session)->log_count, lines + 2);
	assert_true(has_line(view_of(session), "no training is live here"));
	press(session, ACTION_QUIT_NOW);
	wait_until(session, is_leaving, 0);
	assert_int_equal(session_destroy(session, 0), 0);
}

static void a_wrong_data_set_is_shown_as_a_failure(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	text_copy(start.settings.data, sizeof start.settings.data, "mnist:/nowhere");
	struct session *session = open_session(scene, &start);
	wait_until(session, state_is, VIEW_FAILED);
	assert_non_null(strstr(view_of(session)->run.message, "/nowhere"));
	assert_true(has_line(view_of(session), "/nowhere"));
	press(session, ACTION_QUIT_NOW);
	wait_until(session, is_leaving, 0);
	session_destroy(session, 0);
	session = open_session(scene, NULL);
	assert_int_equal(view_of(session)->run.state, VIEW_FAILED);
	assert_non_null(strstr(view_of(session)->run.message, "/nowhere"));
	session_destroy(session, 0);
}

/* ---- the same store again ---- */

/* Trains a little, with changes, and leaves; a copy of the view as it was then. */
static struct view *train_and_leave(const struct scene *scene, const char *name, int64_t steps, struct image **sample)
{
	struct training_start start = tiny_start(scene, name);
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, steps / 2);
	press(session, ACTION_D_BITS_DOWN);
	press(session, ACTION_QUANTIZER);
	request(session, (struct action_request){.action = ACTION_RATES, .network = VIEW_D, .value = 0.0007});
	wait_until(session, step_reached, steps);
	press(session, ACTION_QUIT_SAVE);
	wait_until(session, is_leaving, 0);
	struct view *copy = memory_zeroed(1, sizeof *copy);
	memcpy(copy, view_of(session), sizeof *copy);
	*sample = image_copy(copy->sample, NULL);
	assert_int_equal(session_destroy(session, 0), 0);
	return copy;
}

static void a_left_run_looks_the_same_from_the_store(void **state)
{
	struct scene *scene = *state;
	struct image *sample;
	struct view *before = train_and_leave(scene, "alpha", 12, &sample);
	assert_int_equal(before->run.state, VIEW_STOPPED);
	struct session *session = open_session(scene, NULL);
	const struct view *now = view_of(session);
	assert_int_equal(now->run.state, VIEW_STOPPED);
	assert_false(now->run.steerable);
	assert_string_equal(now->run.name, "alpha");
	assert_int_equal(now->run.step, before->run.step);
	assert_int_equal(now->run.bits[VIEW_D], 8);
	assert_string_equal(now->run.quantizer, "minmax");
	assert_true(now->run.learning_rate[VIEW_D] == 0.0007);
	assert_true(now->run.learning_rate[VIEW_G] == before->run.learning_rate[VIEW_G]);
	assert_unbroken(&now->loss[VIEW_D], 1, before->run.step);
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		assert_same_curve(&now->loss[network], &before->loss[network]);
		assert_layers(now, network, now->run.bits[network]);
		for (int i = 0; i < LAYERS; i++)
			assert_same_layer(&now->layers[network][i], &before->layers[network][i]);
		for (int i = 0; i < VIEW_MAX_LAYERS; i++)
			assert_same_history(&now->history[network][i], &before->history[network][i]);
		assert_true(now->history[network][LAYERS - 1].count >= 2);
		assert_int_equal(now->run.weights[network], before->run.weights[network]);
		assert_true(now->run.packed_bytes[network] == before->run.packed_bytes[network]);
		assert_true(now->run.float_bytes[network] == before->run.float_bytes[network]);
	}
	assert_same_curve(&now->d_real, &before->d_real);
	assert_same_curve(&now->d_fake, &before->d_fake);
	assert_int_equal(now->mark_count, before->mark_count);
	for (int i = 0; i < now->mark_count; i++)
		assert_memory_equal(&now->marks[i], &before->marks[i], sizeof now->marks[i]);
	assert_int_equal(now->layers_step, before->run.step);
	assert_non_null(now->sample);
	assert_int_equal(now->sample_step, before->run.step);
	assert_int_equal(now->sample->width, sample->width);
	assert_memory_equal(now->sample->pixels, sample->pixels, (size_t)(sample->width * sample->height * sample->channels));
	session_destroy(session, 0);
	image_destroy(sample);
	free(before);
}

static void a_resumed_run_goes_on_where_it_was(void **state)
{
	struct scene *scene = *state;
	struct image *sample;
	struct view *before = train_and_leave(scene, "alpha", 12, &sample);
	struct session *session = open_session(scene, NULL);
	request(session, (struct action_request){.action = ACTION_RUN_RESUME, .run = before->run.id});
	assert_int_equal(view_of(session)->run.state, VIEW_LOADING);
	assert_same_curve(&view_of(session)->loss[VIEW_G], &before->loss[VIEW_G]);
	wait_until(session, step_reached, before->run.step + 5);
	press(session, ACTION_D_BITS_DOWN); /* counts from the bits of the resumed run */
	wait_until(session, d_bits_are, 4);
	request(session, (struct action_request){.action = ACTION_RUN_RESUME, .run = before->run.id});
	assert_non_null(strstr(view_of(session)->warning, "is being trained"));
	press(session, ACTION_QUIT_SAVE);
	wait_until(session, is_leaving, 0);
	const struct view *now = view_of(session);
	assert_string_equal(now->run.quantizer, "minmax");
	assert_true(now->run.learning_rate[VIEW_D] == 0.0007);
	assert_unbroken(&now->loss[VIEW_D], 1, now->run.step);
	int64_t step = now->run.step;
	/* What was recorded before, and what has come since. */
	struct view_history history = now->history[VIEW_D][1];
	assert_int_equal(history.columns[0].step, 0);
	assert_int_equal(history.columns[history.count - 1].step, step);
	assert_int_equal(history.columns[history.count - 1].bits, 4);
	assert_true(history.count > before->history[VIEW_D][1].count);
	assert_int_equal(session_destroy(session, 0), 0);
	session = open_session(scene, NULL);
	assert_same_history(&view_of(session)->history[VIEW_D][1], &history);
	assert_unbroken(&view_of(session)->loss[VIEW_D], 1, step);
	assert_memory_equal(view_of(session)->loss[VIEW_D].buckets, before->loss[VIEW_D].buckets,
	                    (size_t)before->loss[VIEW_D].count * sizeof *before->loss[VIEW_D].buckets);
	assert_int_equal(view_run_count(view_of(session)), 1);
	session_destroy(session, 0);
	image_destroy(sample);
	free(before);
}

static void a_past_run_is_looked_at_while_another_trains(void **state)
{
	struct scene *scene = *state;
	struct image *sample;
	struct view *past = train_and_leave(scene, "alpha", 4, &sample);
	struct training_start start = tiny_start(scene, "beta");
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, 2);
	int64_t live = view_of(session)->run.id;
	wait_until(session, runs_listed, 2);
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = past->run.id});
	assert_string_equal(view_of(session)->run.name, "alpha");
	assert_false(view_of(session)->run.steerable);
	assert_int_equal(view_run_count(view_of(session)), 2);
	press(session, ACTION_D_BITS_DOWN);
	assert_true(has_line(view_of(session), "past run"));
	assert_int_equal(view_of(session)->run.bits[VIEW_D], 8);
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = 4711});
	assert_true(*view_of(session)->warning);
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = past->run.id});
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = live});
	assert_string_equal(view_of(session)->run.name, "beta");
	assert_int_equal(view_of(session)->run.bits[VIEW_D], 32);
	press(session, ACTION_STOP);
	wait_until(session, list_shows, 32); /* the list has been read anew since the past run was left */
	session_destroy(session, 10);
	image_destroy(sample);
	free(past);
}

/* ---- two at once, and rough ends ---- */

static bool last_point_is(struct session *session, int64_t step)
{
	const struct series *series = &view_of(session)->loss[VIEW_D];
	return series->count > 0 && series->buckets[series->count - 1].last_step >= step;
}

static void a_run_trained_elsewhere_is_followed(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha"), again;
	start.paused = true;
	struct session *trains = open_session(scene, &start);
	for (int i = 0; i < 5; i++)
		press(trains, ACTION_STEP);
	wait_until(trains, points_are, 5);
	struct session *looks = open_session(scene, NULL);
	wait_until(looks, last_point_is, 5);
	assert_false(view_of(looks)->run.steerable);
	press(trains, ACTION_D_BITS_DOWN);
	for (int i = 0; i < 4; i++)
		press(trains, ACTION_STEP);
	wait_until(trains, points_are, 9);
	wait_until(looks, last_point_is, 9);
	assert_unbroken(&view_of(looks)->loss[VIEW_D], 1, 9);
	assert_same_curve(&view_of(looks)->loss[VIEW_G], &view_of(trains)->loss[VIEW_G]);
	assert_int_equal(view_of(looks)->mark_count, 1);
	assert_int_equal(view_of(looks)->run.bits[VIEW_D], 8);
	/* It cannot be taken away from its owner. */
	request(looks, (struct action_request){.action = ACTION_RUN_RESUME, .run = view_of(trains)->run.id});
	assert_false(session_live(looks));
	assert_true(*view_of(looks)->warning);
	struct error error = {0};
	struct store *reader = store_open(scene->store, STORE_READ, &error);
	assert_non_null(reader);
	assert_true(training_prepare_resume(reader, "alpha", &again, &error));
	store_close(reader);
	assert_null(session_create(scene->store, &again, &error));
	assert_int_equal(error.code, ERROR_STATE);
	save_and_leave(trains);
	wait_until(looks, state_is, VIEW_STOPPED);
	session_destroy(looks, 0);
}

static void leaving_without_saving_reads_as_a_crash(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, 3);
	assert_int_equal(session_destroy(session, 10), 0);
	session = open_session(scene, NULL);
	assert_int_equal(view_of(session)->run.state, VIEW_CRASHED);
	/* Nothing was saved: it starts anew from its seed, and forgets what it had trained. */
	request(session, (struct action_request){.action = ACTION_RUN_RESUME, .run = view_of(session)->run.id});
	wait_until(session, step_reached, 2);
	assert_int_equal(view_of(session)->loss[VIEW_D].buckets[0].first_step, 1);
	save_and_leave(session);
}

static bool never(void) { return false; }
static bool always(void) { return true; }

static void training_on_without_a_screen(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	start.settings.steps = 15;
	struct session *session = open_session(scene, &start);
	session_train_headless(session, never);
	assert_int_equal(session_last_run(session)->state, VIEW_FINISHED);
	assert_int_equal(session_last_run(session)->step, 15);
	assert_int_equal(session_destroy(session, 0), 0);
	start = tiny_start(scene, "beta");
	session = open_session(scene, &start);
	wait_until(session, step_reached, 1);
	session_stop(session);
	session_train_headless(session, never);
	assert_int_equal(session_last_run(session)->state, VIEW_STOPPED);
	assert_int_equal(session_destroy(session, 0), 0);
	start = tiny_start(scene, "gamma");
	start.paused = true; /* and nobody will ever press p */
	session = open_session(scene, &start);
	session_train_headless(session, never);
	assert_int_equal(session_last_run(session)->state, VIEW_STOPPED);
	assert_int_equal(session_destroy(session, 0), 0);
	start = tiny_start(scene, "delta");
	session = open_session(scene, &start);
	session_train_headless(session, always); /* the second time it means now */
	session_destroy(session, 0);
}

static void leaving_while_the_data_set_is_loaded(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	text_copy(start.settings.data, sizeof start.settings.data, "shapes");
	struct session *session = open_session(scene, &start);
	assert_int_equal(view_of(session)->run.state, VIEW_LOADING);
	save_and_leave(session);
	session = open_session(scene, NULL);
	assert_int_equal(view_of(session)->run.state, VIEW_STOPPED);
	request(session, (struct action_request){.action = ACTION_RUN_RESUME, .run = view_of(session)->run.id});
	wait_until(session, step_reached, 2);
	save_and_leave(session);
}

static void a_store_that_cannot_be_had_is_an_error(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	assert_null(session_create("/proc/nowhere/runs.db", NULL, &error));
	assert_non_null(strstr(error.text, "/proc/nowhere"));
	temporary_write(scene->store, "this is no database, and long enough to be told from an empty one", 64);
	error = (struct error){0};
	assert_null(session_create(scene->store, NULL, &error));
	assert_non_null(strstr(error.text, scene->store));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(keys_steer_the_training),
		SCENE(a_stop_leaves_the_session_open),
		SCENE(a_wrong_data_set_is_shown_as_a_failure),
		SCENE(a_left_run_looks_the_same_from_the_store),
		SCENE(a_resumed_run_goes_on_where_it_was),
		SCENE(a_past_run_is_looked_at_while_another_trains),
		SCENE(a_run_trained_elsewhere_is_followed),
		SCENE(leaving_without_saving_reads_as_a_crash),
		SCENE(training_on_without_a_screen),
		SCENE(leaving_while_the_data_set_is_loaded),
		SCENE(a_store_that_cannot_be_had_is_an_error),
	};
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
