/* app/session for the weights screen: what-if questions on live and past runs, applied or closed; other runs and steps side
 * by side; layers exported. */
#include <unistd.h>

#include "engine/quant/quantizer.h"
#include "tests/session_fixture.h"

static const struct view_what_if *what_if_of(struct session *session) { return &view_of(session)->what_if; }

/* The weights screen sends the layer under its cursor with everything. */
static void press_at(struct session *session, enum action action, enum view_network network, int layer)
{
	request(session, (struct action_request){.action = action, .network = network, .layer = layer});
}

static void open_other(struct session *session, const char *text)
{
	struct action_request open = {.action = ACTION_OTHER_OPEN};
	text_copy(open.text, sizeof open.text, text);
	request(session, open);
}

static bool layers_are_known(struct session *session, int64_t count) { return view_of(session)->layer_count[VIEW_G] == count; }
static bool is_answered(struct session *session, int64_t unused) { (void)unused; return !what_if_of(session)->busy; }

static bool pictures_are_there(struct session *session, int64_t unused)
{
	(void)unused;
	return what_if_of(session)->picture[VIEW_BLINK_QUANTIZED] && what_if_of(session)->picture[VIEW_BLINK_FLOAT];
}

static bool layer_has_bits(struct session *session, int64_t bits) { return view_of(session)->layers[VIEW_D][1].bits == bits; }
static bool layer_is_log(struct session *session, int64_t unused)
{
	(void)unused;
	return !strcmp(view_of(session)->layers[VIEW_D][1].quantizer, "log");
}

static bool is_refused(struct session *session, int64_t unused) { (void)unused; return *view_of(session)->warning; }
static bool is_warned(struct session *session, int64_t unused) { (void)unused; return *what_if_of(session)->message; }
static bool log_says_saved(struct session *session, int64_t unused) { (void)unused; return has_line(view_of(session), "saved "); }
static bool log_says_saved_again(struct session *session, int64_t unused)
{
	(void)unused;
	return has_line(view_of(session), "conv1-em2: .png");
}

static bool other_is_there(struct session *session, int64_t step)
{
	open_other(session, "");
	return view_of(session)->other.shown && view_of(session)->other.step == step;
}

static bool never(void) { return false; }

static struct session *train_paused(const struct scene *scene, const char *name, int steps)
{
	struct training_start start = tiny_start(scene, name);
	start.paused = true;
	struct session *session = open_session(scene, &start);
	wait_until(session, layers_are_known, LAYERS);
	for (int i = 0; i < steps; i++)
		press(session, ACTION_STEP);
	wait_until(session, step_reached, steps);
	wait_until(session, state_is, VIEW_PAUSED);
	return session;
}

static void assert_question(struct session *session, const char *method, int bits)
{
	const struct view_what_if *what_if = what_if_of(session);
	assert_true(what_if->asked);
	assert_string_equal(what_if->method, method);
	assert_int_equal(what_if->bits, bits);
	wait_until(session, is_answered, 0);
	what_if = what_if_of(session);
	assert_string_equal(what_if->message, "");
	assert_string_equal(what_if->answer.quantizer, bits == QUANT_FLOAT_BITS ? "float" : method);
	assert_int_equal(what_if->answer.bits, bits);
	assert_true(what_if->seconds[0] >= 0);
	assert_true(what_if->network_bytes > 0);
}

/* ---- asking ---- */

static void keys_change_the_question_on_a_live_run(void **state)
{
	struct scene *scene = *state;
	struct session *session = train_paused(scene, "alpha", 2);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 1); /* a float layer: the run's method at two bits */
	assert_true(what_if_of(session)->busy);
	assert_question(session, "em", 2);
	const struct view_what_if *what_if = what_if_of(session);
	assert_string_equal(what_if->answer.name, "deconv2");
	assert_int_equal(what_if->step, 2);
	assert_false(what_if->whole_network);
	assert_true(pictures_are_there(session, 0));
	assert_true(what_if->seconds[1] >= 0);
	assert_true(what_if->best_error > 0);
	for (int i = 0; quantizers[i]; i++) {
		assert_string_equal(what_if->methods[i], quantizers[i]->name);
		for (int bits = 1; bits <= VIEW_WHAT_IF_BITS; bits++)
			assert_int_equal(isfinite(what_if->errors[i][bits - 1]), bits >= quantizers[i]->least_bits);
	}
	double one_layer = what_if->network_bytes;
	/* Every method, and around. */
	for (int i = 0; quantizers[i]; i++) {
		assert_question(session, quantizers[i]->name, 2);
		press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 1);
	}
	assert_question(session, "em", 2);
	for (int bits = 3; bits <= QUANT_MAX_BITS; bits++) {
		press_at(session, ACTION_WHAT_IF_BITS_UP, VIEW_G, 1);
		assert_int_equal(what_if_of(session)->bits, bits);
	}
	press_at(session, ACTION_WHAT_IF_BITS_UP, VIEW_G, 1);
	assert_question(session, "em", QUANT_FLOAT_BITS);
	press_at(session, ACTION_WHAT_IF_BITS_UP, VIEW_G, 1);
	assert_question(session, "em", QUANT_FLOAT_BITS);
	for (int bits = QUANT_MAX_BITS; bits >= QUANT_MIN_BITS; bits--)
		press_at(session, ACTION_WHAT_IF_BITS_DOWN, VIEW_G, 1);
	press_at(session, ACTION_WHAT_IF_BITS_DOWN, VIEW_G, 1);
	assert_question(session, "em", 1);
	press_at(session, ACTION_WHAT_IF_BITS_UP, VIEW_G, 1);
	press_at(session, ACTION_WHAT_IF_SCOPE, VIEW_G, 1);
	assert_true(what_if_of(session)->whole_network);
	assert_question(session, "em", 2);
	assert_true(what_if_of(session)->network_bytes < one_layer / 4);
	press_at(session, ACTION_WHAT_IF_CHANNELS, VIEW_G, 1);
	assert_question(session, "em", 2);
	assert_true(what_if_of(session)->per_channel);
	assert_true(what_if_of(session)->answer.groups > 1);
	assert_int_equal(what_if_of(session)->blink, VIEW_BLINK_QUANTIZED);
	press_at(session, ACTION_BLINK, VIEW_G, 1);
	assert_int_equal(what_if_of(session)->blink, VIEW_BLINK_FLOAT);
	press_at(session, ACTION_BLINK, VIEW_G, 1);
	assert_int_equal(what_if_of(session)->blink, VIEW_BLINK_QUANTIZED);
	/* The cursor takes it along, to another network too, where no pictures are drawn. */
	press_at(session, ACTION_LAYER_SHOWN, VIEW_D, 2);
	assert_null(what_if_of(session)->picture[VIEW_BLINK_QUANTIZED]);
	assert_question(session, "em", 2);
	assert_string_equal(what_if_of(session)->answer.name, "conv3");
	assert_null(what_if_of(session)->picture[VIEW_BLINK_QUANTIZED]);
	press_at(session, ACTION_WHAT_IF_CLOSE, VIEW_D, 2);
	assert_false(what_if_of(session)->asked);
	assert_null(what_if_of(session)->picture[VIEW_BLINK_FLOAT]);
	press_at(session, ACTION_LAYER_SHOWN, VIEW_G, 2); /* asks nothing by itself */
	assert_false(what_if_of(session)->asked);
	save_and_leave(session);
}

static void a_question_keeps_its_weights_while_training_goes_on(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, 3);
	press_at(session, ACTION_BLINK, VIEW_G, 0);
	assert_question(session, "em", 2);
	int64_t step = what_if_of(session)->step;
	double bytes = what_if_of(session)->network_bytes;
	wait_until(session, step_reached, step + 20);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 0);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 0);
	wait_until(session, is_answered, 0);
	assert_int_equal(what_if_of(session)->step, step);
	assert_true(what_if_of(session)->network_bytes == bytes);
	/* Asked anew, it is about the weights of now. */
	press_at(session, ACTION_WHAT_IF_CLOSE, VIEW_G, 0);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 0);
	wait_until(session, is_answered, 0);
	assert_true(what_if_of(session)->step >= step + 20);
	/* Closed while the engine's copy is on its way, and while an answer is. */
	press_at(session, ACTION_WHAT_IF_CLOSE, VIEW_G, 0);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 1);
	press_at(session, ACTION_WHAT_IF_CLOSE, VIEW_G, 1);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	wait_until(session, is_answered, 0);
	assert_string_equal(what_if_of(session)->answer.name, "conv2");
	/* The training has ended: its last checkpoint is there. */
	press_at(session, ACTION_WHAT_IF_CLOSE, VIEW_D, 1);
	press(session, ACTION_STOP);
	wait_until(session, state_is, VIEW_STOPPED);
	session_train_headless(session, never); /* nothing is live: it waits for the disk */
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	wait_until(session, is_answered, 0);
	assert_int_equal(what_if_of(session)->step, view_of(session)->run.step);
	assert_int_equal(session_destroy(session, 10), 0);
}

static void a_past_run_answers_as_it_did_live(void **state)
{
	struct scene *scene = *state;
	struct session *session = train_paused(scene, "alpha", 3);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 2);
	wait_until(session, is_answered, 0);
	struct view_what_if live = *what_if_of(session);
	size_t size = (size_t)(live.picture[0]->width * live.picture[0]->height);
	uint8_t *pixels = memory_zeroed(size, 1);
	memcpy(pixels, live.picture[VIEW_BLINK_QUANTIZED]->pixels, size);
	save_and_leave(session);
	session = open_session(scene, NULL);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 2);
	wait_until(session, is_answered, 0);
	const struct view_what_if *past = what_if_of(session);
	assert_int_equal(past->step, 3);
	assert_true(past->answer.alpha == live.answer.alpha && past->answer.mse == live.answer.mse);
	assert_memory_equal(past->answer.counts, live.answer.counts, sizeof live.answer.counts);
	assert_memory_equal(past->errors, live.errors, sizeof live.errors);
	assert_true(past->network_bytes == live.network_bytes && past->best_error == live.best_error);
	assert_memory_equal(past->picture[VIEW_BLINK_QUANTIZED]->pixels, pixels, size);
	press_at(session, ACTION_WHAT_IF_APPLY, VIEW_G, 2);
	assert_true(has_line(view_of(session), "no training is live here"));
	assert_true(what_if_of(session)->asked);
	/* Opening a run closes the question. */
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = view_of(session)->run.id});
	assert_false(what_if_of(session)->asked);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 2);
	request(session, (struct action_request){.action = ACTION_RUN_RESUME, .run = view_of(session)->run.id});
	assert_false(what_if_of(session)->asked);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 2); /* while it loads: answered when it can be */
	wait_until(session, pictures_are_there, 0);
	save_and_leave(session);
	free(pixels);
}

static void what_cannot_be_answered_says_why(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	start.paused = true;
	struct session *session = open_session(scene, &start);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 0);
	assert_non_null(strstr(view_of(session)->warning, "no layer statistics"));
	wait_until(session, layers_are_known, LAYERS);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, LAYERS);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_NETWORKS, 0);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, -1);
	press_at(session, ACTION_EXPORT_LAYER, VIEW_D, LAYERS);
	assert_false(what_if_of(session)->asked);
	press_at(session, ACTION_WHAT_IF_APPLY, VIEW_D, 0);
	assert_non_null(strstr(view_of(session)->warning, "no question is open"));
	session_destroy(session, 10); /* without a checkpoint */
	session = open_session(scene, NULL);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 0);
	wait_until(session, is_warned, 0);
	assert_non_null(strstr(what_if_of(session)->message, "no checkpoint"));
	assert_false(what_if_of(session)->busy);
	session_destroy(session, 0);
	session = train_paused(scene, "beta", 1);
	save_and_leave(session);
	session = open_session(scene, NULL);
	const char *path = temporary_path(&scene->folder, "runs.db-runs/beta/step-000001.safetensors");
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	fseek(file, -5, SEEK_END);
	fputc('x', file);
	fclose(file);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 0);
	wait_until(session, is_warned, 0);
	assert_non_null(strstr(what_if_of(session)->message, "step-000001"));
	session_destroy(session, 0);
}

/* ---- applying ---- */

static void an_answer_is_trained_on_with(void **state)
{
	struct scene *scene = *state;
	struct session *session = train_paused(scene, "alpha", 1);
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_BITS_UP, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_APPLY, VIEW_D, 1); /* before the answer: one need not wait */
	assert_false(what_if_of(session)->asked);
	wait_until(session, layer_has_bits, 3);
	const struct view *view = view_of(session);
	assert_int_equal(view->run.bits[VIEW_D], 32);
	assert_int_equal(view->layers[VIEW_D][0].bits, 32);
	assert_string_equal(view->layers[VIEW_D][1].quantizer, "em");
	assert_int_equal(view->mark_count, 1);
	assert_string_equal(view->marks[0].label, "D.conv2>3");
	double packed = 0;
	for (int i = 0; i < LAYERS; i++)
		packed += view->layers[VIEW_D][i].packed_bytes;
	assert_true(view->run.packed_bytes[VIEW_D] == packed && packed < view->run.float_bytes[VIEW_D]);
	/* The whole network, by another method. */
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 0);
	while (strcmp(what_if_of(session)->method, "log") != 0)
		press_at(session, ACTION_WHAT_IF_METHOD, VIEW_G, 0);
	press_at(session, ACTION_WHAT_IF_BITS_UP, VIEW_G, 0);
	press_at(session, ACTION_WHAT_IF_SCOPE, VIEW_G, 0);
	press_at(session, ACTION_WHAT_IF_APPLY, VIEW_G, 0);
	wait_until(session, layer_is_log, 0);
	assert_int_equal(view_of(session)->run.bits[VIEW_G], 3);
	/* One bit is nothing for Log-Q. */
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_BITS_DOWN, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_BITS_DOWN, VIEW_D, 1);
	wait_until(session, is_answered, 0);
	assert_int_equal(what_if_of(session)->bits, 1);
	assert_true(what_if_of(session)->answer.degenerate);
	press_at(session, ACTION_WHAT_IF_APPLY, VIEW_D, 1);
	wait_until(session, is_refused, 0);
	assert_int_equal(view_of(session)->layers[VIEW_D][1].bits, 3);
	assert_true(has_line(view_of(session), "refused"));
	/* Back to a method that has: it changes first. */
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	while (strcmp(what_if_of(session)->method, "em") != 0)
		press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_BITS_DOWN, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_BITS_DOWN, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_APPLY, VIEW_D, 1);
	wait_until(session, layer_has_bits, 1);
	assert_string_equal(view_of(session)->run.quantizer, "em");
	/* Scales a channel are chosen at the start. */
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_CHANNELS, VIEW_D, 1);
	press_at(session, ACTION_WHAT_IF_APPLY, VIEW_D, 1);
	assert_non_null(strstr(view_of(session)->warning, "when a run begins"));
	assert_true(what_if_of(session)->asked);
	save_and_leave(session);
	/* It is all in the store, and a resumed run goes on with it. */
	session = open_session(scene, NULL);
	assert_int_equal(view_of(session)->layers[VIEW_D][1].bits, 1);
	assert_int_equal(view_of(session)->mark_count, 5);
	request(session, (struct action_request){.action = ACTION_RUN_RESUME, .run = view_of(session)->run.id});
	wait_until(session, step_reached, 3);
	save_and_leave(session);
	session = open_session(scene, NULL);
	assert_int_equal(view_of(session)->layers[VIEW_D][1].bits, 1);
	assert_int_equal(view_of(session)->layers[VIEW_D][2].bits, 32);
	assert_int_equal(view_of(session)->layers[VIEW_G][2].bits, 3);
	session_destroy(session, 0);
}

static void the_method_key_passes_over_what_would_be_refused(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	start.settings.bits[NETWORK_D] = 1;
	start.paused = true;
	struct session *session = open_session(scene, &start);
	wait_until(session, layers_are_known, LAYERS);
	int possible = 0;
	for (int i = 0; quantizers[i]; i++)
		possible += quantizers[i]->least_bits <= 1;
	for (int i = 0; i < possible; i++)
		press(session, ACTION_QUANTIZER);
	press(session, ACTION_STEP);
	wait_until(session, step_reached, 1);
	assert_string_equal(view_of(session)->run.quantizer, "em"); /* around */
	assert_int_equal(view_of(session)->mark_count, possible);
	assert_true(has_line(view_of(session), "passed over"));
	assert_false(has_line(view_of(session), "refused"));
	save_and_leave(session);
}

/* ---- side by side ---- */

static void other_runs_and_steps_stand_beside_the_shown_one(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	start.settings.layers_every = 2;
	start.settings.steps = 5;
	struct session *session = open_session(scene, &start);
	wait_until(session, state_is, VIEW_FINISHED);
	assert_int_equal(session_destroy(session, 10), 0);
	session = train_paused(scene, "beta", 1);
	open_other(session, "alpha@3");
	const struct view_other *other = &view_of(session)->other;
	assert_true(other->shown);
	assert_string_equal(other->run, "alpha");
	assert_int_equal(other->step, 2); /* at or before */
	assert_int_equal(other->layer_count[VIEW_D], LAYERS);
	assert_string_equal(other->layers[VIEW_G][3].name, "deconv4");
	static const struct { enum action action; int64_t step; } walk[] = {
		{ACTION_OTHER_AFTER, 4}, {ACTION_OTHER_AFTER, 5}, {ACTION_OTHER_AFTER, 5}, {ACTION_OTHER_BEFORE, 4},
		{ACTION_OTHER_BEFORE, 2}, {ACTION_OTHER_BEFORE, 0}, {ACTION_OTHER_BEFORE, 0},
	};
	for (size_t i = 0; i < sizeof walk / sizeof *walk; i++) {
		press(session, walk[i].action);
		assert_int_equal(other->step, walk[i].step);
		assert_string_equal(other->run, "alpha");
	}
	assert_true(has_line(view_of(session), "the last recorded of alpha"));
	assert_true(has_line(view_of(session), "the first recorded of alpha"));
	open_other(session, "  alpha ");
	assert_int_equal(other->step, 5);
	/* What is wrong says so and leaves what was there. */
	static const struct { const char *text, *says; } wrong[] = {
		{"gamma", "gamma"}, {"alpha@x", "expected RUN"}, {"@-3", "expected RUN"}, {"alpha@", "expected RUN"}, {"@", "expected RUN"},
		{"a name that is far too long for any run there is, longer than sixty-four letters", "expected RUN"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		open_other(session, wrong[i].text);
		assert_non_null(strstr(view_of(session)->warning, wrong[i].says));
		assert_true(other->shown && other->step == 5);
	}
	/* This run at its first step, which the recorder writes within a second or so. */
	wait_until(session, other_is_there, 0);
	assert_string_equal(other->run, "beta");
	open_other(session, "@0");
	assert_string_equal(other->run, "beta");
	press(session, ACTION_OTHER_CLOSE);
	assert_false(other->shown);
	press(session, ACTION_OTHER_AFTER);
	assert_true(*view_of(session)->warning);
	/* Another run takes its own place. */
	open_other(session, "alpha");
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = 1});
	assert_false(view_of(session)->other.shown);
	open_other(session, "beta");
	assert_string_equal(view_of(session)->other.run, "beta");
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = 2});
	assert_false(view_of(session)->other.shown);
	save_and_leave(session);
}

static void runs_without_layers_stand_beside_nothing(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	struct store *store = store_open(scene->store, STORE_WRITE, &error);
	assert_non_null(store);
	struct run bare = {.status = RUN_FINISHED, .name = "bare", .model = "dcgan", .data = "shapes", .quantizer = "em"};
	assert_true(store_insert_run(store, &bare, true, &error));
	struct run late = {.status = RUN_FINISHED, .name = "late", .model = "dcgan", .data = "shapes", .quantizer = "em"};
	assert_true(store_insert_run(store, &late, true, &error));
	struct layer_stats stats = {.step = 100, .network = 'D', .layer = "conv1", .shape = "1", .quantizer = "float", .bits = 32,
		.groups = 1, .weights = 1, .trace = NULL};
	assert_true(store_insert_layer_stats(store, late.id, &stats, 1, &error));
	store_close(store);
	struct session *session = open_session(scene, NULL);
	open_other(session, "bare");
	assert_non_null(strstr(view_of(session)->warning, "bare has no layer statistics"));
	open_other(session, "bare@7");
	assert_non_null(strstr(view_of(session)->warning, "bare has no layer statistics"));
	open_other(session, "late@99");
	assert_non_null(strstr(view_of(session)->warning, "from step 100 on"));
	assert_false(view_of(session)->other.shown);
	request(session, (struct action_request){.action = ACTION_RUN_OPEN, .run = bare.id});
	open_other(session, "");
	assert_non_null(strstr(view_of(session)->warning, "bare has no layer statistics"));
	open_other(session, "late@100");
	assert_int_equal(view_of(session)->other.layer_count[VIEW_D], 1);
	session_destroy(session, 0);
}

/* ---- export ---- */

static bool holds(const struct scene *scene, const char *name, const char *text)
{
	FILE *file = fopen(temporary_path(&scene->folder, "%s", name), "rb");
	if (!file)
		return false;
	static char bytes[1 << 18];
	size_t length = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	return memmem(bytes, length, text, strlen(text)) != NULL;
}

static void layers_are_exported_with_what_stands_beside_them(void **state)
{
	struct scene *scene = *state;
	char home[STORE_PATH_SIZE];
	assert_non_null(getcwd(home, sizeof home));
	struct session *session = train_paused(scene, "alpha", 2);
	assert_int_equal(chdir(scene->folder.path), 0);
	press_at(session, ACTION_EXPORT_LAYER, VIEW_D, 0);
	wait_until(session, log_says_saved, 0);
	assert_true(has_line(view_of(session), "saved alpha-step0-D.conv1: .png .csv -over-time.csv"));
	assert_true(holds(scene, "alpha-step0-D.conv1.png", "PNG"));
	assert_true(holds(scene, "alpha-step0-D.conv1.csv", "alpha, step 0"));
	assert_false(holds(scene, "alpha-step0-D.conv1.csv", "what if"));
	assert_true(holds(scene, "alpha-step0-D.conv1-over-time.csv", "0,1,32,,,"));
	assert_false(holds(scene, "alpha-step0-D.conv1-pictures.png", "PNG"));
	press_at(session, ACTION_WHAT_IF_METHOD, VIEW_D, 0);
	wait_until(session, is_answered, 0);
	press_at(session, ACTION_EXPORT_LAYER, VIEW_D, 0);
	press_at(session, ACTION_EXPORT_LAYER, VIEW_D, 0);
	wait_until(session, is_refused, 0);
	assert_non_null(strstr(view_of(session)->warning, "still being written"));
	wait_until(session, log_says_saved_again, 0);
	assert_true(holds(scene, "alpha-step0-D.conv1-em2.csv", "what if: em, 2 bits, step 2"));
	assert_true(holds(scene, "alpha-step0-D.conv1-em2.png", "PNG"));
	/* With pictures, and left at once: the files are written before the session is gone. */
	press_at(session, ACTION_LAYER_SHOWN, VIEW_G, 1);
	wait_until(session, is_answered, 0);
	press_at(session, ACTION_EXPORT_LAYER, VIEW_G, 1);
	session_destroy(session, 10);
	assert_true(holds(scene, "alpha-step0-G.deconv2-em2-pictures.png", "PNG"));
	/* Where nothing can be written, the screen says so. */
	session = open_session(scene, NULL);
	assert_int_equal(chdir("/proc"), 0);
	press_at(session, ACTION_EXPORT_LAYER, VIEW_D, 0);
	wait_until(session, is_refused, 0);
	assert_non_null(strstr(view_of(session)->warning, "alpha-step"));
	assert_int_equal(chdir(home), 0);
	session_destroy(session, 0);
}

static void charts_and_curves_are_exported(void **state)
{
	struct scene *scene = *state;
	char home[STORE_PATH_SIZE];
	assert_non_null(getcwd(home, sizeof home));
	assert_int_equal(chdir(scene->folder.path), 0);
	struct session *session = open_session(scene, NULL);
	press(session, ACTION_EXPORT_CHARTS);
	assert_non_null(strstr(view_of(session)->warning, "no run is open"));
	session_destroy(session, 0);
	session = train_paused(scene, "alpha", 4);
	press(session, ACTION_EXPORT_CHARTS);
	wait_until(session, log_says_saved, 0);
	assert_true(has_line(view_of(session), "saved alpha: -loss.png -outputs.png -gradients.png"));
	assert_true(has_line(view_of(session), " .csv"));
	assert_true(holds(scene, "alpha-loss.png", "PNG") && holds(scene, "alpha-outputs.png", "PNG"));
	assert_true(holds(scene, "alpha.csv", "step,timestamp,run,epoch,images,seconds,loss/d") && holds(scene, "alpha.csv", "\r\n3,2"));
	assert_false(holds(scene, "alpha-fid.png", "PNG")); /* never scored */
	assert_int_equal(chdir("/proc"), 0);
	press(session, ACTION_EXPORT_CHARTS);
	wait_until(session, is_refused, 0);
	assert_non_null(strstr(view_of(session)->warning, "alpha-loss.png"));
	assert_int_equal(chdir(home), 0);
	save_and_leave(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(keys_change_the_question_on_a_live_run),
		SCENE(a_question_keeps_its_weights_while_training_goes_on),
		SCENE(a_past_run_answers_as_it_did_live),
		SCENE(what_cannot_be_answered_says_why),
		SCENE(an_answer_is_trained_on_with),
		SCENE(the_method_key_passes_over_what_would_be_refused),
		SCENE(other_runs_and_steps_stand_beside_the_shown_one),
		SCENE(runs_without_layers_stand_beside_nothing),
		SCENE(layers_are_exported_with_what_stands_beside_them),
		SCENE(charts_and_curves_are_exported),
	};
	return cmocka_run_group_tests_name("session_weights", tests, NULL, NULL);
}
