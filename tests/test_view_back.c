/* Looking back at a recorded run: long curves in buckets with every spike, finer ones where a chart is zoomed, samples
 * and layers of earlier steps, the run page; and what keys make of it in a session. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/view_fill.h"
#include "engine/base/memory.h"
#include "engine/data/picture_file.h"
#include "tests/session_fixture.h"
#include "store/store.h"

enum { POINTS = 20000, EVERY = 5, SPIKE = 43210, SAMPLES = 6, IMAGE = 8 };

static struct store *open_store(const struct scene *scene, enum store_mode mode)
{
	struct error error;
	struct store *store = store_open(scene->store, mode, &error);
	if (!store)
		fail_msg("%s", error.text);
	return store;
}

static int64_t insert_run(struct store *store, const char *name, int64_t parent)
{
	struct gan_settings settings;
	struct error error;
	settings_set_defaults(&settings);
	settings.width = 48;
	settings.bits[NETWORK_G] = parent ? 2 : 32;
	struct run run = {.status = RUN_FINISHED, .model = "dcgan", .data = "shapes", .quantizer = "em", .size = 32, .channels = 3,
		.width = 48, .batch = 64, .d_bits = 32, .g_bits = parent ? 2 : 32, .seed = 1, .version = "0.1.0", .machine = "a machine",
		.step = POINTS * EVERY, .last_step = POINTS * EVERY, .loss_d = NAN, .loss_g = NAN, .parent_id = parent,
		.parent_step = parent ? 700 : 0, .config_json = settings_to_text(&settings)};
	text_copy(run.name, sizeof run.name, name);
	bool good = store_insert_run(store, &run, true, &error);
	int64_t id = run.id;
	run_clear(&run);
	if (!good)
		fail_msg("%s", error.text);
	return id;
}

/* A point every five steps, half a second apart; nobody was there for a day in the middle. */
static void insert_points(struct store *store, int64_t run)
{
	static struct metric_point points[POINTS];
	struct error error;
	for (int i = 0; i < POINTS; i++)
		points[i] = (struct metric_point){.step = (i + 1) * EVERY, .time = 1e9 + 0.5 * i + (i >= POINTS / 2 ? 86400 : 0),
			.epochs = i / 100.0, .loss_d = (i + 1) * EVERY == SPIKE ? 50 : 1, .loss_g = 2, .d_real = 0.5, .d_fake = 0.5,
			.gradient_d = 1, .gradient_g = 1, .images_per_second = 640};
	assert_true(store_insert_metrics(store, run, points, POINTS, &error));
}

static void insert_samples(struct store *store, int64_t run)
{
	struct error error;
	for (int i = 0; i < SAMPLES; i++) {
		struct image *image = image_create(IMAGE, IMAGE, 1, NULL);
		struct sample sample = {.step = 100 * (i + 1), .time = 1, .tiles = 1, .columns = 1, .d_bits = 32, .g_bits = 32, .diversity = NAN};
		memset(image->pixels, 40 * i, IMAGE * IMAGE);
		struct text png = {0};
		assert_true(picture_encode_png(image, &png, &error));
		sample.png = (uint8_t *)png.bytes;
		sample.png_size = png.length;
		assert_true(store_insert_sample(store, run, &sample, &error));
		text_clear(&png);
		image_destroy(image);
	}
}

static const struct series_bucket *bucket_of(const struct series *series, int64_t step)
{
	for (int i = 0; i < series->count; i++)
		if (series->buckets[i].first_step <= step && step <= series->buckets[i].last_step)
			return &series->buckets[i];
	return NULL;
}

static void long_curves_keep_spikes_and_zoom_to_points(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	struct store *store = open_store(scene, STORE_WRITE);
	int64_t run = insert_run(store, "long", 0);
	insert_points(store, run);
	struct view *view = view_create();
	assert_true(view_load_past(view, store, run, &error));
	const struct series *loss = &view->loss[VIEW_D];
	assert_in_range(loss->count, 400, SERIES_BUCKETS);
	int64_t points = 0;
	for (int i = 0; i < loss->count; i++)
		points += loss->buckets[i].points;
	assert_int_equal(points, POINTS);
	const struct series_bucket *spike = bucket_of(loss, SPIKE);
	assert_true(spike && spike->points > 1 && spike->max == 50);
	assert_int_equal(loss->buckets[loss->count - 1].last_step, POINTS * EVERY);
	assert_true(view->run.loss_d == 1 && view->run.step == POINTS * EVERY);
	/* the day away is no training */
	assert_true(fabs(view->clock_seconds / (0.5 * POINTS) - 1) < 0.02);
	assert_true(view_load_detail(view, store, SPIKE - 500, SPIKE + 500, &error));
	assert_true(view->detail.known);
	spike = bucket_of(&view->detail.loss[VIEW_D], SPIKE);
	assert_true(spike && spike->points == 1 && spike->first_step == SPIKE && spike->min == 50);
	assert_true(bucket_of(&view->detail.loss[VIEW_D], SPIKE - EVERY)->max == 1);
	assert_null(bucket_of(&view->detail.loss[VIEW_D], SPIKE - 1000));
	view_forget_run(view);
	assert_false(view->detail.known);
	view_destroy(view);
	store_close(store);
}

static void short_curves_are_read_point_by_point(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	struct store *store = open_store(scene, STORE_WRITE);
	int64_t run = insert_run(store, "short", 0);
	struct metric_point points[300];
	for (int i = 0; i < 300; i++)
		points[i] = (struct metric_point){.step = 7 * (i + 1), .time = 1e9 + i, .loss_d = i, .loss_g = 1, .d_real = 1, .d_fake = 0};
	assert_true(store_insert_metrics(store, run, points, 300, &error));
	struct view *view = view_create();
	assert_true(view_load_past(view, store, run, &error));
	assert_int_equal(view->loss[VIEW_D].count, 300);
	assert_true(view_load_detail(view, store, 100, 200, &error));
	assert_false(view->detail.known); /* there is nothing finer */
	view_destroy(view);
	store_close(store);
}

static void samples_are_walked(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	struct store *store = open_store(scene, STORE_WRITE);
	int64_t run = insert_run(store, "pictures", 0), empty = insert_run(store, "empty", 0);
	insert_samples(store, run);
	struct view *view = view_create();
	assert_true(view_load_past(view, store, run, &error));
	static const struct { int64_t by, step; bool on; } walks[] = {
		{-1, 500, true}, {-3, 200, true}, {-3, 100, true}, {-1, 100, true}, {1, 200, true}, {10, 600, false}, {1, 600, false},
		{-INT32_MAX, 100, true}, {INT32_MAX, 600, false},
	};
	assert_true(view->sample_step == 600 && view->sample_back.count == SAMPLES && !view->sample_back.on);
	for (size_t i = 0; i < sizeof walks / sizeof *walks; i++) {
		assert_true(view_walk_samples(view, store, walks[i].by, &error));
		assert_int_equal(view->sample_step, walks[i].step);
		assert_int_equal(view->sample->pixels[0], 40 * (walks[i].step / 100 - 1));
		assert_true(view->sample_back.on == walks[i].on && view->sample_back.position == (int)(walks[i].step / 100 - 1));
	}
	static const struct { int64_t step, shown; bool on; } looks[] = {
		{350, 300, true}, {300, 300, true}, {99, 100, true}, {INT64_MAX, 600, false}, {599, 500, true},
	};
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
		assert_true(view_look_back_to(view, store, looks[i].step, &error));
		assert_true(view->sample_step == looks[i].shown && view->sample_back.on == looks[i].on);
	}
	assert_true(view_walk_samples(view, store, 9, &error));
	/* Another process adds one while one looks back: it is counted, not shown. */
	assert_true(view_walk_samples(view, store, -2, &error));
	insert_samples(store, run);
	assert_true(view_follow_past(view, store, &error));
	assert_true(view->sample_step == 400 && view->sample_back.on);
	assert_true(view_load_past(view, store, empty, &error));
	assert_false(view_walk_samples(view, store, -1, &error));
	assert_non_null(strstr(error.text, "empty"));
	view_destroy(view);
	store_close(store);
}

static const struct view_fact *fact(const struct view_fact *facts, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(facts[i].name, name))
			return &facts[i];
	fail_msg("%s is missing", name);
	return NULL;
}

static void the_page_tells_settings_beside_default_and_parent(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	struct store *store = open_store(scene, STORE_WRITE);
	int64_t parent = insert_run(store, "parent", 0), child = insert_run(store, "child", parent);
	assert_true(store_tag_run(store, child, "paper", true, &error) && store_note_run(store, child, "one bit", &error));
	struct checkpoint_row checkpoint = {.step = 300, .time = 5, .path = "/nowhere", .bytes = 12, .kept = true};
	struct score score = {.step = 300, .time = 4, .features = "classifier/shapes", .fid = 31.4, .is_mean = NAN, .kid = NAN};
	struct run_progress progress = {.status = RUN_FINISHED, .step = 400, .loss_d = 1, .loss_g = 1, .d_bits = 32, .g_bits = 2,
		.quantizer = "em"};
	assert_true(store_insert_checkpoint(store, child, &checkpoint, &error) && store_insert_score(store, child, &score, &error));
	assert_true(store_update_run(store, child, &progress, &error));
	struct view *view = view_create();
	assert_true(view_load_past(view, store, child, &error) && view_load_page(view, store, &error));
	assert_true(has_line(view, "child begins: dcgan 32x32x3 w48 on shapes") && has_line(view, "checkpoint kept, 12 B"));
	assert_true(has_line(view, "finished") && has_line(view, "FID 31.40"));
	for (int64_t i = 1; i < view->log_count; i++)
		assert_true(view->log[i].time >= view->log[i - 1].time);
	const struct view_page *page = &view->page;
	assert_string_equal(fact(page->facts, page->fact_count, "parent")->value, "parent at step 700");
	assert_string_equal(fact(page->facts, page->fact_count, "tags")->value, "paper");
	assert_string_equal(fact(page->facts, page->fact_count, "machine")->value, "a machine");
	assert_string_equal(fact(page->facts, page->fact_count, "checkpoints")->value, "1, 12 B, the newest at step 300");
	assert_int_equal(page->setting_count, setting_count);
	const struct view_fact *width = fact(page->settings, page->setting_count, "width");
	assert_string_equal(width->value, "48");
	assert_string_equal(width->standard, "32");
	assert_string_equal(width->parent, "");
	const struct view_fact *bits = fact(page->settings, page->setting_count, "g-bits");
	assert_true(!strcmp(bits->value, "2") && *bits->standard && *bits->parent);
	assert_string_equal(fact(page->settings, page->setting_count, "seed")->standard, "");
	assert_int_equal(page->differing, 2);
	assert_string_equal(width->origin, ""); /* nobody has told */
	assert_true(store_set_run_origins(store, child, "{\"width\":\"recipe\",\"g_bits\":\"flag\"}", &error));
	assert_true(view_load_page(view, store, &error));
	assert_string_equal(fact(page->settings, page->setting_count, "width")->origin, "recipe");
	assert_string_equal(fact(page->settings, page->setting_count, "g-bits")->origin, "flag");
	assert_string_equal(fact(page->settings, page->setting_count, "seed")->origin, "default");
	view_destroy(view);
	store_close(store);
}

/* ---- a session */

static bool samples_recorded(struct session *session, int64_t count) { return view_of(session)->sample_back.count >= count; }
static bool newest_shown(struct session *session, int64_t nothing) { (void)nothing; return !view_of(session)->sample_plays; }
static bool step_is_beyond(struct session *session, int64_t step) { return view_of(session)->run.step > step; }
static bool has_page(struct session *session, int64_t nothing) { (void)nothing; return view_of(session)->page.fact_count > 0; }

/* As soon as the disk has them. */
static bool looks_back(struct session *session, int64_t nothing)
{
	(void)nothing;
	press(session, ACTION_SAMPLE_FIRST);
	press(session, ACTION_LAYERS_BEFORE);
	return view_of(session)->sample_back.on && view_of(session)->layers_back.on;
}

/* Samples and layers of a live run are looked back at while it trains on and records more. */
static void a_live_run_trains_on_behind_a_look_back(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	start.settings.sample_every = start.settings.layers_every = 4;
	struct session *session = open_session(scene, &start);
	wait_until(session, samples_recorded, 5);
	wait_until(session, has_page, 0);
	press(session, ACTION_PAUSE);
	wait_until(session, state_is, VIEW_PAUSED);
	wait_until(session, looks_back, 0);
	int64_t first = view_of(session)->sample_step, layers = view_of(session)->layers_step, step = view_of(session)->run.step;
	assert_true(view_of(session)->sample_back.on && view_of(session)->sample_back.position == 0 && first < step);
	assert_true(view_of(session)->layers_back.on && view_of(session)->layer_count[VIEW_G] == LAYERS && layers < step);
	press(session, ACTION_PAUSE);
	wait_until(session, step_is_beyond, step + 12);
	assert_int_equal(view_of(session)->sample_step, first);
	assert_int_equal(view_of(session)->layers_step, layers);
	press(session, ACTION_PAUSE);
	wait_until(session, state_is, VIEW_PAUSED);
	press(session, ACTION_SAMPLE_PLAY);
	assert_true(view_of(session)->sample_plays);
	press(session, ACTION_SAMPLE_PLAY);
	assert_false(view_of(session)->sample_plays);
	request(session, (struct action_request){.action = ACTION_SAMPLE_AFTER, .value = 1000});
	request(session, (struct action_request){.action = ACTION_SAMPLE_BEFORE, .value = 2});
	press(session, ACTION_SAMPLE_PLAY); /* to the newest, then it stands */
	wait_until(session, newest_shown, 0);
	assert_false(view_of(session)->sample_back.on);
	press(session, ACTION_LAYERS_NEWEST);
	assert_true(!view_of(session)->layers_back.on && view_of(session)->layers_step > layers);
	request(session, (struct action_request){.action = ACTION_CHART_RANGE, .step = -1}); /* everything */
	request(session, (struct action_request){.action = ACTION_CHART_RANGE, .first_step = 2, .last_step = 6, .step = first});
	assert_false(view_of(session)->detail.known);
	assert_true(view_of(session)->sample_step == first && view_of(session)->sample_back.on); /* the cursor leads back .. */
	assert_true(view_of(session)->layers_step <= first && view_of(session)->layers_back.on);
	request(session, (struct action_request){.action = ACTION_CHART_RANGE, .step = -1});
	assert_true(!view_of(session)->sample_back.on && !view_of(session)->layers_back.on); /* .. and without it they are the newest */
	save_and_leave(session);
}

/* A process that is killed writes nothing; who looks at its run learns of it all the same. */
static void a_run_whose_process_dies_is_seen_to(void **state)
{
	struct scene *scene = *state;
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) { /* no cmocka, no sanitizer at exit: it is killed */
		struct error error;
		struct store *store = store_open(scene->store, STORE_WRITE, &error);
		struct run run = {.status = RUN_LIVE, .name = "mortal", .model = "dcgan", .data = "shapes", .quantizer = "em", .size = 32,
			.channels = 3, .width = 8, .batch = 8, .d_bits = 32, .g_bits = 32};
		bool good = store && store_insert_run(store, &run, true, &error);
		if (write(ready[1], good ? "y" : "n", 1) == 1)
			pause();
		_exit(1);
	}
	assert_true(child > 0 && read(ready[0], &byte, 1) == 1 && byte == 'y');
	struct session *session = open_session(scene, NULL);
	assert_int_equal(view_of(session)->run.state, VIEW_LIVE);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	wait_until(session, state_is, VIEW_CRASHED);
	session_destroy(session, 0);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(long_curves_keep_spikes_and_zoom_to_points),
		SCENE(short_curves_are_read_point_by_point),
		SCENE(samples_are_walked),
		SCENE(the_page_tells_settings_beside_default_and_parent),
		SCENE(a_live_run_trains_on_behind_a_look_back),
		SCENE(a_run_whose_process_dies_is_seen_to),
	};
	return cmocka_run_group_tests_name("view_back", tests, NULL, NULL);
}
