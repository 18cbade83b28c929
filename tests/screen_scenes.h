/* Views as the golden screens show them: the fixture's training in full swing, and what is changed in it. */
#ifndef QGAN_TESTS_SCREEN_SCENES_H
#define QGAN_TESTS_SCREEN_SCENES_H

#include "tests/golden_screens.h"
#include "ui/keymap.h"

static inline void make_paused(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->run.state = VIEW_PAUSED;
	fixture_layers(view, 8, 4);
}

static inline void make_float(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	struct action_request out = {0};
	fixture_layers(view, 32, 32);
	assert_true(screen_named("train")->act(state, view, ACTION_LOG_SCALE, &out));
}

static inline void make_past(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	struct action_request out = {0};
	view->run.state = VIEW_FINISHED;
	view->run.steerable = false;
	assert_true(screen_named("train")->act(state, view, ACTION_NEXT_PANE, &out));
}

static inline void empty_run(struct view *view)
{
	for (int network = 0; network < VIEW_NETWORKS; network++) {
		series_reset(&view->loss[network]);
		view->layer_count[network] = 0;
	}
	series_reset(&view->d_real);
	series_reset(&view->d_fake);
	view->run.step = 0;
	view->run.epochs = view->run.images_per_second = view->run.eta_seconds = view->run.gflops = NAN;
	view->run.d_real = view->run.d_fake = view->run.wasserstein = view->run.penalty = view->run.quantize_share = view->run.diversity = NAN;
	view->run.verdict = (struct view_verdict){0};
	view->run.gradient_norm[VIEW_D] = view->run.gradient_norm[VIEW_G] = NAN;
	view->mark_count = 0;
	view->sample = NULL;
}

/* A critic whose estimate of the distance falls. */
static inline void make_critic(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	struct view_run *run = &view->run;
	(void)state;
	(void)dialog;
	text_copy(run->model, sizeof run->model, "wgan-gp");
	text_copy(run->d_says, sizeof run->d_says, "score");
	text_copy(run->loss_unit, sizeof run->loss_unit, "score");
	run->estimates_distance = true;
	for (int network = 0; network < VIEW_NETWORKS; network++)
		series_reset(&view->loss[network]);
	series_reset(&view->d_real);
	series_reset(&view->d_fake);
	for (int64_t step = 1; step <= run->step; step++) {
		double distance = 4 + 14 * exp(-(double)step / 500) + 0.4 * sin((double)step / 90);
		double penalty = 0.8 + 3 * exp(-(double)step / 200) + 0.2 * sin((double)step / 37);
		double middle = -3 - (double)step / 500;
		fixture_append(&view->wasserstein, step, distance);
		fixture_append(&view->penalty, step, penalty);
		fixture_append(&view->d_real, step, middle + distance / 2);
		fixture_append(&view->d_fake, step, middle - distance / 2);
		fixture_append(&view->loss[VIEW_D], step, penalty - distance);
		fixture_append(&view->loss[VIEW_G], step, distance / 2 - middle);
	}
	run->wasserstein = view->wasserstein.last;
	run->penalty = view->penalty.last;
	run->d_real = view->d_real.last;
	run->d_fake = view->d_fake.last;
	run->loss_d = view->loss[VIEW_D].last;
	run->loss_g = view->loss[VIEW_G].last;
	run->verdict = (struct view_verdict){"convergent", false, "diversity has settled at 0.94, swing 0.021", ""};
}

/* Scores that are no probabilities, without a distance. */
static inline void make_least_squares(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	text_copy(view->run.model, sizeof view->run.model, "lsgan");
	text_copy(view->run.d_says, sizeof view->run.d_says, "score");
	text_copy(view->run.loss_unit, sizeof view->run.loss_unit, "squared score");
}

static inline void make_loading(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	empty_run(view);
	view->run.state = VIEW_LOADING;
	view->run.loading = 0.43;
}

static inline void make_fresh(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	empty_run(view);
}

static inline void make_held(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->run.state = VIEW_PAUSED;
	text_copy(view->run.message, sizeof view->run.message, "step 3121: D's loss is not finite (its learning rate is 0.02)");
	view->run.verdict = (struct view_verdict){"failed", true, "step 3121: D's loss is not finite (its learning rate is 0.02)",
		"go back to a checkpoint before it, then halve the learning rates or turn bits up"};
}

static inline void make_failed(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->run.state = VIEW_FAILED;
	text_copy(view->run.message, sizeof view->run.message,
		"/data/faces/000017.jpg: not a JPEG picture (its first bytes are 00 00, expected FF D8): take it out of the folder");
	text_copy(view->warning, sizeof view->warning, "the store cannot be written (disk full): 132 facts wait");
}

static inline void make_nothing(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	empty_run(view);
	view->run = (struct view_run){.state = VIEW_NOTHING};
	fixture_list(view)->view.count = fixture_list(view)->view.total = 0;
	view->log_count = 0;
}

/* Live scores every 100 steps, falling towards 19 and rising when G's bits went down. */
static inline void make_scored(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	struct view_scores *scores = &view->scores;
	text_copy(scores->recipe, sizeof scores->recipe, "classifier/fashion-mnist, N 1,000");
	scores->best_fid = INFINITY;
	scores->best_is = 0;
	for (int64_t step = 0; step <= view->run.step; step += 100) {
		double t = (double)step / 500, fid = 170 / (1 + t * t) + 19 + 3 * sin((double)step) + (step > 2400 ? 9 : 0);
		double is = 1 + 4 * t / (1 + t) + 0.1 * sin((double)step);
		fid = round(1000 * fid) / 1000;
		is = round(1000 * is) / 1000;
		series_append_bucket(&scores->fid_curve, &(struct series_bucket){step, step, (float)(fid - 2), (float)(fid + 2), fid, 1});
		series_append_bucket(&scores->is_curve, &(struct series_bucket){step, step, (float)(is - 0.1), (float)(is + 0.1), is, 1});
		scores->fid = fid;
		scores->is = is;
		scores->best_fid_step = fid < scores->best_fid ? step : scores->best_fid_step;
		scores->best_is_step = is > scores->best_is ? step : scores->best_is_step;
		scores->best_fid = fmin(fid, scores->best_fid);
		scores->best_is = fmax(is, scores->best_is);
	}
	scores->fid_std = 2.1;
	scores->is_std = 0.12;
}

static inline void show_fid(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	struct action_request out = {0};
	make_scored(view, state, dialog);
	assert_true(screen_named("train")->act(state, view, ACTION_NEXT_PANE, &out));
}

static inline void evaluate(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	make_scored(view, state, dialog);
	view->scores.now = (struct view_scoring){.active = true, .samples = 5000, .step = view->run.step, .share = 0.42, .seconds_left = 7};
}

static inline void finish_evaluation(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	evaluate(view, state, dialog);
	view->scores.now.share = 1;
	view->scores.now.seconds_left = 0;
}

static inline void hold_evaluation(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	evaluate(view, state, dialog);
	make_paused(view, state, dialog);
	view->scores.now.held = true;
}

static inline void make_first_score(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	make_fresh(view, state, dialog);
	view->scores.now = (struct view_scoring){.active = true, .live = true, .reference = true, .samples = 1000, .share = 0.1,
		.seconds_left = NAN};
}

static inline void ask_to_quit(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	assert_true(dialog_open(dialog, ACTION_QUIT, view));
}

static inline void ask_to_go_back(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	text_copy(view->run.name, sizeof view->run.name, "a-name-that-leaves-little-room");
	assert_true(dialog_open(dialog, ACTION_ROLLBACK, view));
}

static inline void ask_rates(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	struct action_request out;
	assert_true(dialog_open(dialog, ACTION_RATES, view));
	dialog_key(dialog, view, 'g', &out);
	for (const char *key = "3e"; *key; key++)
		dialog_key(dialog, view, (uint32_t)*key, &out);
	assert_false(dialog_key(dialog, view, KEYMAP_ENTER, &out));
}

static inline void zoom_charts(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	static const enum action keys[] = {ACTION_ZOOM_IN, ACTION_ZOOM_IN, ACTION_SMOOTH_MORE, ACTION_SMOOTH_MORE, ACTION_SMOOTH_MORE,
		ACTION_CURSOR, ACTION_LEFT, ACTION_LEFT, ACTION_LEFT, ACTION_LEFT, ACTION_LEFT, ACTION_LOG_SCALE};
	struct canvas *canvas = canvas_create(120, 36, true);
	struct picture_request picture = {0};
	struct action_request out = {0};
	screen_named("train")->draw(state, view, canvas, &picture); /* the look learns what there is */
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		assert_true(screen_named("train")->act(state, view, keys[i], &out));
	canvas_destroy(canvas);
}

static inline void look_over_time(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	struct canvas *canvas = canvas_create(120, 36, true);
	struct picture_request picture = {0};
	struct action_request out = {0};
	for (int64_t step = 1; step <= view->run.step; step++)
		series_append(&view->seconds, step, 2.5 * (double)step);
	screen_named("train")->draw(state, view, canvas, &picture);
	for (int i = 0; i < 3; i++)
		assert_true(screen_named("train")->act(state, view, ACTION_X_AXIS, &out));
	canvas_destroy(canvas);
}

static inline void look_back(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->sample_back = (struct view_back){.on = true, .position = 4, .count = 32};
	view->layers_back = (struct view_back){.on = true, .position = 7, .count = 41};
	view->sample_step = 500;
	view->sample_g_bits = 32;
	view->layers_step = 800;
}

static inline void all_settings(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)dialog;
	struct action_request out = {0};
	assert_true(screen_named("run")->act(state, view, ACTION_DIFFERENCES, &out));
}

static inline void forget_page(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	view->page = (struct view_page){0};
}

/* Forked at step 1,500: what came before is another run's. */
static inline void make_fork(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	struct series *own[] = {&view->loss[VIEW_D], &view->loss[VIEW_G], &view->d_real, &view->d_fake};
	struct series *before[] = {&view->before.loss[VIEW_D], &view->before.loss[VIEW_G], &view->before.d_real, &view->before.d_fake};
	for (int i = 0; i < 4; i++) {
		struct series whole = *own[i];
		series_reset(own[i]);
		for (int k = 0; k < whole.count; k++)
			series_append_bucket(whole.buckets[k].last_step <= 1500 ? before[i] : own[i], &whole.buckets[k]);
		own[i]->last = whole.last;
	}
	view->before.known = true;
	view->before.fork_step = 1500;
	memmove(view->marks + 1, view->marks, (size_t)view->mark_count++ * sizeof *view->marks);
	view->marks[0].step = 1500;
	text_copy(view->marks[0].label, sizeof view->marks[0].label, "fork");
}

/* A child that took four times as long for a step as its parent, scored as it was, with the cursor before the fork. */
static inline void fork_over_time(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	struct action_request out = {0};
	struct canvas *canvas = canvas_create(150, 44, true);
	struct picture_request picture = {0};
	make_scored(view, state, dialog);
	make_fork(view, state, dialog);
	text_copy(view->scores.identity, sizeof view->scores.identity, "a recipe");
	text_copy(view->before.identity, sizeof view->before.identity, "a recipe");
	for (int64_t step = 1; step <= 1500; step++)
		series_append(&view->before.seconds, step, (double)step);
	for (int64_t step = 1501; step <= view->run.step; step++)
		series_append(&view->seconds, step, 4 * (double)(step - 1501));
	struct series whole = view->scores.fid_curve;
	series_reset(&view->scores.fid_curve);
	for (int i = 0; i < whole.count; i++)
		series_append_bucket(whole.buckets[i].last_step <= 1500 ? &view->before.fid_curve : &view->scores.fid_curve, &whole.buckets[i]);
	screen_named("train")->draw(state, view, canvas, &picture);
	for (int i = 0; i < 3; i++)
		assert_true(screen_named("train")->act(state, view, ACTION_X_AXIS, &out));
	screen_named("train")->draw(state, view, canvas, &picture);
	assert_true(screen_named("train")->act(state, view, ACTION_CURSOR, &out) && screen_named("train")->act(state, view, ACTION_HOME, &out));
	for (int i = 0; i < 5; i++)
		assert_true(screen_named("train")->act(state, view, ACTION_RIGHT, &out));
	canvas_destroy(canvas);
}

/* ---- the run list */

static inline void ask_list(struct view *view, struct screen_state *state, struct dialog *dialog, enum action action)
{
	struct action_request out = {.action = action};
	struct canvas *canvas = canvas_create(80, 24, true);
	struct picture_request picture = {0};
	screen_named("runs")->draw(state, view, canvas, &picture);
	canvas_destroy(canvas);
	screen_named("runs")->act(state, view, action, &out);
	assert_true(dialog_ask(dialog, &out, view));
}

static inline void type_keys(struct view *view, struct dialog *dialog, const char *text)
{
	struct action_request out;
	for (; *text; text++)
		dialog_key(dialog, view, (uint32_t)*text, &out);
}

static inline void runs_filtered(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	struct view_runs *runs = &fixture_list(view)->view;
	runs->sorted = 11;
	text_copy(runs->filter, sizeof runs->filter, "data:cifar10 bits.g<=2 fid<80 -status:crashed");
	text_copy(runs->view, sizeof runs->view, "paper");
}

static inline void runs_typing(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	ask_list(view, state, dialog, ACTION_RUNS_FILTER);
	type_keys(view, dialog, "bits.g<=2 tag:paper");
}

static inline void runs_wrong_filter(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	ask_list(view, state, dialog, ACTION_RUNS_FILTER);
	type_keys(view, dialog, "bits.g<=two");
	text_copy(fixture_list(view)->view.complaint, sizeof fixture_list(view)->view.complaint,
		"filter, character 9: expected a number after <=, such as 5, 10k or 1.5M");
	fixture_list(view)->view.complaint_at = 8;
}

static inline void runs_none_match(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_list(view)->view.count = 0;
	text_copy(fixture_list(view)->view.filter, sizeof fixture_list(view)->view.filter, "fid<1");
}

static inline void runs_trash(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	(void)state;
	(void)dialog;
	fixture_list(view)->view.count = fixture_list(view)->view.total = 0;
	fixture_list(view)->view.trash = true;
}

static inline void runs_purge(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	fixture_list(view)->view.total = fixture_list(view)->view.count;
	fixture_list(view)->view.trash = true;
	ask_list(view, state, dialog, ACTION_RUN_PURGE);
}

static inline void runs_tags(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	struct action_request out = {0};
	screen_named("runs")->act(state, view, ACTION_DOWN, &out);
	screen_named("runs")->act(state, view, ACTION_DOWN, &out);
	ask_list(view, state, dialog, ACTION_RUN_TAGS);
	type_keys(view, dialog, " best");
}

static inline void runs_columns(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	ask_list(view, state, dialog, ACTION_RUNS_COLUMNS);
	type_keys(view, dialog, "jjj");
}

static inline void runs_views(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	ask_list(view, state, dialog, ACTION_RUNS_VIEW);
	type_keys(view, dialog, "j");
}

static inline void runs_delete(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	fixture_list(view)->view.hidden = 1;
	ask_list(view, state, dialog, ACTION_RUN_DELETE);
}

/* From the second run to the fourth, the cursor on the last. */
static inline void runs_range(struct view *view, struct screen_state *state, struct dialog *dialog)
{
	static const enum action keys[] = {ACTION_DOWN, ACTION_RUN_MARK_RANGE, ACTION_DOWN, ACTION_DOWN};
	(void)dialog;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct action_request out = {0};
		screen_named("runs")->act(state, view, keys[i], &out);
	}
}

#endif
