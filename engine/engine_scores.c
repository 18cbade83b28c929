/* Scores while it trains. What is scored are pictures of one step: they are drawn and rounded to 8 bits at once, between two
 * steps, and looked at later, a chunk now and then, while the training goes on with other weights. Nothing of the training
 * is touched but its pool of threads, and the noise is a stream of its own: with and without scores it is bit for bit the
 * same.
 *
 *   nothing --begin--> drawing --all drawn--> looking --done--> tell, nothing
 *      drawing takes all turns; begins anew when a command changes G
 *      looking takes turn about with the steps, or all turns while the training is paused or waits for it
 *
 * A live score is due at every eval-every'th step, and one that is not done by then is waited for; when that is 0, as soon as
 * the time of all scores together stays within LIVE_SHARE of the time of all steps; making a reference that no file has yet
 * comes on top. The first one is of the untrained G: what
 * noise scores. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/engine_parts.h"

static const double LIVE_SHARE = 0.06; /* of the steps' time: with the reference, made once, still below 10 % of minutes */
static const double TOLD_SHARE = 0.01; /* progress is told in steps of so much */

static const char *const NOISE_RECIPE = "score.noise_recipe", *const NOISE_FID = "score.noise_fid", *const NOISE_IS = "score.noise_is";

/* ---- telling ---- */

/* The training takes no turns beside it. */
static bool is_alone(const struct engine *engine)
{
	const struct scoring *scoring = &engine->scoring;
	return engine->state != ENGINE_RUNNING || scoring->ending || scoring->wanted;
}

static void tell_progress(struct engine *engine, const struct error *error)
{
	struct scoring *scoring = &engine->scoring;
	struct event event = engine_new_event(engine, EVENT_SCORING);
	event.scoring = (struct scoring_progress){
		.active = scoring->active, .live = scoring->live, .held = scoring->held, .samples = scoring->count,
		.step = scoring->step, .seconds_left = NAN,
	};
	if (scoring->active && scorer_is_busy(scoring->scorer)) {
		struct scorer_progress progress = scorer_progress(scoring->scorer);
		event.scoring.share = progress.share;
		event.scoring.seconds_left = progress.seconds_left * (is_alone(engine) ? 1 : 2); /* half of the time is the training's */
		event.scoring.reference = progress.reference;
	}
	if (error)
		event.error = *error;
	scoring->told_share = event.scoring.share;
	engine_tell_merged(engine, &event);
}

/* Scores of one recipe only make one curve: what it depends on, as one text. */
static void format_recipe(const struct engine_score *score, char recipe[SCORE_RECIPE_SIZE])
{
	snprintf(recipe, SCORE_RECIPE_SIZE, "%.16s %.16s %lld %d", score->report.weights_hash, score->report.reference_hash,
	         (long long)score->report.scores.samples, score->report.recipe->splits);
}

static void judge_score(struct engine *engine, const struct engine_score *score)
{
	struct scoring *scoring = &engine->scoring;
	const struct evaluation_scores *scores = &score->report.scores;
	char recipe[SCORE_RECIPE_SIZE], fid[VERDICT_NAME_SIZE], is[VERDICT_NAME_SIZE];
	format_recipe(score, recipe);
	if (score->step == 0) {
		text_copy(scoring->noise_recipe, sizeof scoring->noise_recipe, recipe);
		scoring->noise_fid = scores->fid;
		scoring->noise_is = scores->is_mean;
		return;
	}
	bool known = strcmp(scoring->noise_recipe, recipe) == 0;
	verdict_score_names(score->report.network, fid, is);
	verdict_judge_add_score(engine->judge, &(struct verdict_score){
		.step = score->step, .name = fid, .value = scores->fid, .error = scores->fid_std,
		.noise = known ? scoring->noise_fid : NAN});
	verdict_judge_add_score(engine->judge, &(struct verdict_score){
		.step = score->step, .name = is, .higher_is_better = true, .value = scores->is_mean, .error = scores->is_std,
		.noise = known ? scoring->noise_is : NAN});
	engine_tell_verdict(engine, false);
}

/* As soon as the recorder has room for it. */
static void tell_best(struct engine *engine)
{
	struct scoring *scoring = &engine->scoring;
	if (!scoring->best || atomic_load(&engine->checkpoints_in_flight) >= CHECKPOINTS_IN_FLIGHT)
		return;
	engine_tell_best(engine, scoring->best, scoring->best_step);
	scoring->best = NULL;
}

/* The state of the lowest FID yet is kept; the recorder has the last word, it knows what came before a resumption. */
static void keep_if_best(struct engine *engine, const struct engine_score *score)
{
	struct scoring *scoring = &engine->scoring;
	char recipe[SCORE_RECIPE_SIZE];
	format_recipe(score, recipe);
	if (strcmp(recipe, scoring->best_recipe) != 0)
		scoring->best_fid = INFINITY;
	if (!scoring->state || !(score->report.scores.fid < scoring->best_fid))
		return;
	text_copy(scoring->best_recipe, sizeof scoring->best_recipe, recipe);
	scoring->best_fid = score->report.scores.fid;
	checkpoint_destroy(scoring->best);
	scoring->best = scoring->state;
	scoring->best_step = score->step;
	scoring->state = NULL;
	tell_best(engine);
}

static void tell_score(struct engine *engine, const struct score_report *report)
{
	struct scoring *scoring = &engine->scoring;
	struct event event = engine_new_event(engine, EVENT_SCORE);
	event.score = memory_zeroed(1, sizeof *event.score);
	*event.score = (struct engine_score){
		.report = *report, .step = scoring->step, .live = scoring->live, .bits = {scoring->bits[0], scoring->bits[1]}};
	event.step = scoring->step;
	struct engine_score score = *event.score;
	engine_tell(engine, &event);
	if (score.live) {
		judge_score(engine, &score);
		keep_if_best(engine, &score);
	}
}

/* ---- beginning and giving up ---- */

static void give_up(struct engine *engine)
{
	struct scoring *scoring = &engine->scoring;
	if (scoring->scorer)
		scorer_stop(scoring->scorer);
	free(scoring->pixels);
	checkpoint_destroy(scoring->state);
	scoring->pixels = NULL;
	scoring->state = NULL;
	scoring->active = false;
}

static bool open_scorer(struct engine *engine, struct error *error)
{
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	bool automatic = *settings->features == '\0' || strcmp(settings->features, FEATURES_AUTO) == 0;
	struct feature_network *network = feature_network_open(automatic ? NULL : settings->features, engine->dataset->kind, error);
	if (!network)
		return false;
	struct scorer_options options = {
		.reference = engine->dataset, .split = "train",
		.viewer = {.network = network, .parallel = trainer_parallel(engine->trainer), .cancelled = &engine->cancelled},
	};
	text_copy(options.folder, sizeof options.folder, engine->options.reference_folder);
	engine->scoring.scorer = scorer_create(&options);
	return true;
}

static void begin_drawing(struct engine *engine)
{
	struct scoring *scoring = &engine->scoring;
	const struct gan_settings *settings = trainer_settings(engine->trainer);
	scoring->drawn = 0;
	scoring->step = trainer_steps_done(engine->trainer);
	for (int id = 0; id < NETWORK_COUNT; id++)
		scoring->bits[id] = settings->bits[id];
	random_start(&scoring->noise, settings->seed, RANDOM_EVALUATION);
	checkpoint_destroy(scoring->state);
	scoring->state = scoring->live && scoring->step > 0 ? engine_copy_state(engine, NULL) : NULL;
}

static bool begin_scoring(struct engine *engine, const struct evaluation_recipe *recipe, size_t count, bool live,
                          struct error *error)
{
	struct scoring *scoring = &engine->scoring;
	if (!scoring->scorer && !open_scorer(engine, error))
		return false;
	if (count < EVALUATION_MIN_SAMPLES)
		return error_set(error, ERROR_INPUT, "%zu pictures are too few for a score; expected %d or more", count,
		                 EVALUATION_MIN_SAMPLES);
	give_up(engine);
	scoring->pixels = memory_try_bytes(count * dataset_picture_bytes(engine->dataset), "pictures to be scored", error);
	if (!scoring->pixels)
		return false;
	scoring->recipe = recipe;
	scoring->count = count;
	scoring->live = live;
	scoring->active = true;
	scoring->held = false;
	scoring->owed = scoring->cost = 0;
	begin_drawing(engine);
	tell_progress(engine, NULL);
	return true;
}

/* Without a network, or with pictures that it cannot score, training goes on without scores. */
static void begin_live(struct engine *engine)
{
	struct error error = {0};
	struct scoring *scoring = &engine->scoring;
	scoring->wanted = false;
	if (begin_scoring(engine, evaluation_live, (size_t)trainer_settings(engine->trainer)->eval_samples, true, &error))
		return;
	scoring->off = true;
	tell_progress(engine, &error);
}

static bool is_on(const struct engine *engine)
{
	return trainer_settings(engine->trainer)->eval_samples > 0 && !engine->scoring.off;
}

/* ---- when ---- */

/* Within the share, with what the next one costs. */
static bool can_afford(const struct scoring *scoring)
{
	return scoring->spent + scoring->last_cost <= LIVE_SHARE * scoring->trained;
}

void engine_scores_loaded(struct engine *engine)
{
	engine->scoring.best_fid = INFINITY;
	if (is_on(engine) && trainer_steps_done(engine->trainer) == 0)
		begin_live(engine);
}

void engine_scores_stepped(struct engine *engine, double seconds)
{
	struct scoring *scoring = &engine->scoring;
	int64_t every = trainer_settings(engine->trainer)->eval_every, step = trainer_steps_done(engine->trainer);
	scoring->trained += seconds;
	scoring->owed += seconds;
	tell_best(engine);
	if (!is_on(engine) || engine->steps_asked > 0)
		return;
	scoring->wanted |= every > 0 ? step % every == 0 : !scoring->active && can_afford(scoring);
}

bool engine_scores_end(struct engine *engine)
{
	struct scoring *scoring = &engine->scoring;
	int64_t step = trainer_steps_done(engine->trainer);
	bool every = trainer_settings(engine->trainer)->eval_every > 0;
	bool scored = scoring->active && scoring->live ? scoring->step == step : scoring->last_step == step;
	if (scoring->active && scoring->live && !scored && !every)
		give_up(engine);
	scoring->wanted = !scored && is_on(engine) && (every || can_afford(scoring));
	scoring->ending = scoring->active || scoring->wanted;
	return scoring->ending;
}

void engine_scores_finish(struct engine *engine)
{
	struct scoring *scoring = &engine->scoring;
	if (scoring->active) {
		give_up(engine);
		tell_progress(engine, NULL);
	}
	if (scoring->best)
		engine_tell_best(engine, scoring->best, scoring->best_step);
	scoring->best = NULL;
}

/* ---- a turn ---- */

static bool read_drawn(void *context, size_t first, size_t count, uint8_t *pixels, struct error *error)
{
	(void)error;
	const struct engine *engine = context;
	size_t bytes = dataset_picture_bytes(engine->dataset);
	memcpy(pixels, engine->scoring.pixels + first * bytes, count * bytes);
	return true;
}

static bool draw(struct engine *engine, struct error *error)
{
	struct scoring *scoring = &engine->scoring;
	size_t batch = (size_t)trainer_settings(engine->trainer)->batch, rest = scoring->count - scoring->drawn;
	size_t part = rest < batch ? rest : batch;
	uint8_t *pixels = scoring->pixels + scoring->drawn * dataset_picture_bytes(engine->dataset);
	if (!trainer_draw(engine->trainer, &scoring->noise, (int)part, pixels, error))
		return false;
	scoring->drawn += part;
	if (scoring->drawn < scoring->count)
		return true;
	const struct picture_stream stream = {
		.count = scoring->count, .size = engine->dataset->size, .channels = engine->dataset->channels, .read = read_drawn,
		.context = engine,
	};
	return scorer_begin(scoring->scorer, scoring->recipe, &stream, trainer_settings(engine->trainer)->seed, error);
}

/* Told; after numbers that were not finite another one is tried when it is due. */
static void lose_score(struct engine *engine, const struct error *error)
{
	if (engine->scoring.live && error->code != ERROR_NUMERIC)
		engine->scoring.off = true;
	give_up(engine);
	if (error->code != ERROR_CANCELLED)
		tell_progress(engine, error);
}

static void finish_score(struct engine *engine, const struct score_report *report)
{
	struct scoring *scoring = &engine->scoring;
	struct error unsaved = scorer_take_unsaved(scoring->scorer);
	scoring->last_step = scoring->step;
	if (scoring->live)
		scoring->last_cost = scoring->cost;
	tell_score(engine, report);
	give_up(engine);
	tell_progress(engine, unsaved.code == ERROR_NONE ? NULL : &unsaved);
}

static bool work(struct engine *engine, struct error *error)
{
	struct scoring *scoring = &engine->scoring;
	struct score_report report;
	bool done = false;
	bool reference = scorer_is_busy(scoring->scorer) && scorer_progress(scoring->scorer).reference;
	double start = clock_seconds();
	bool good = scoring->drawn < scoring->count ? draw(engine, error) : scorer_step(scoring->scorer, &report, &done, error);
	double seconds = clock_seconds() - start;
	scoring->owed -= seconds;
	scoring->spent += scoring->live && !reference ? seconds : 0;
	scoring->cost += reference ? 0 : seconds;
	if (done)
		finish_score(engine, &report);
	return good;
}

bool engine_scores_wait(const struct engine *engine)
{
	const struct scoring *scoring = &engine->scoring;
	return !scoring->active || scoring->held;
}

bool engine_scores_turn(struct engine *engine)
{
	struct scoring *scoring = &engine->scoring;
	struct error error = {0};
	if (scoring->wanted && !scoring->active && engine->state == ENGINE_RUNNING)
		begin_live(engine);
	bool alone = is_alone(engine), drawing = scoring->drawn < scoring->count;
	if (engine_scores_wait(engine) || (!alone && !drawing && scoring->owed <= 0))
		return false;
	if (!work(engine, &error))
		lose_score(engine, &error);
	else if (scoring->active && scorer_is_busy(scoring->scorer) &&
	         fabs(scorer_progress(scoring->scorer).share - scoring->told_share) >= TOLD_SHARE)
		tell_progress(engine, NULL);
	return true;
}

/* ---- commands ---- */

bool engine_scores_ask(struct engine *engine, struct error *error)
{
	struct scoring *scoring = &engine->scoring;
	if (!scoring->active || scoring->live)
		return begin_scoring(engine, evaluation_standard, (size_t)evaluation_standard->samples, false, error);
	if (!scoring->held)
		return error_set(error, ERROR_STATE, "an evaluation is running");
	engine_scores_hold(engine, false);
	return true;
}

bool engine_scores_cancel(struct engine *engine, struct error *error)
{
	if (!engine->scoring.active || engine->scoring.live)
		return error_set(error, ERROR_STATE, "no evaluation is running");
	give_up(engine);
	tell_progress(engine, NULL);
	return true;
}

void engine_scores_hold(struct engine *engine, bool hold)
{
	if (!engine->scoring.active || engine->scoring.held == hold)
		return;
	engine->scoring.held = hold;
	tell_progress(engine, NULL);
}

void engine_scores_changed(struct engine *engine)
{
	struct scoring *scoring = &engine->scoring;
	if (scoring->active && scoring->drawn < scoring->count)
		begin_drawing(engine);
}

/* ---- what a checkpoint remembers ---- */

void engine_scores_save(const struct engine *engine, struct checkpoint *checkpoint)
{
	const struct scoring *scoring = &engine->scoring;
	if (*scoring->noise_recipe == '\0')
		return;
	checkpoint_set_text(checkpoint, NOISE_RECIPE, scoring->noise_recipe);
	checkpoint_set_number(checkpoint, NOISE_FID, scoring->noise_fid);
	checkpoint_set_number(checkpoint, NOISE_IS, scoring->noise_is);
}

void engine_scores_restore(struct engine *engine, const struct checkpoint *checkpoint)
{
	struct scoring *scoring = &engine->scoring;
	const char *recipe;
	if (checkpoint_get_text(checkpoint, NOISE_RECIPE, &recipe, NULL) &&
	    checkpoint_get_number(checkpoint, NOISE_FID, &scoring->noise_fid, NULL) &&
	    checkpoint_get_number(checkpoint, NOISE_IS, &scoring->noise_is, NULL))
		text_copy(scoring->noise_recipe, sizeof scoring->noise_recipe, recipe);
}

void engine_scores_clear(struct engine *engine)
{
	give_up(engine);
	checkpoint_destroy(engine->scoring.best);
	scorer_destroy(engine->scoring.scorer);
}
