/* engine: scores while it trains, without a thread: turn by turn. */
#include <math.h>
#include <string.h>

#include "engine/engine_parts.h"
#include "tests/engine_fixture.h"

enum { SAMPLES = EVALUATION_MIN_SAMPLES, STEPS = 40, EVERY = 20 };

static struct engine_options scored_options(int64_t steps)
{
	struct engine_options options = small_options(steps);
	options.settings.eval_samples = SAMPLES;
	options.settings.eval_every = EVERY;
	text_copy(options.settings.features, sizeof options.settings.features, "classifier:fashion-mnist");
	return options;
}

static void run(struct watched *watched, int turns)
{
	for (bool more = true; more && turns > 0; turns--) {
		more = engine_run_inline(watched->engine);
		collect(watched);
	}
}

static struct watched train(const struct engine_options *options)
{
	struct watched watched = watch(options);
	run(&watched, 1000000);
	return watched;
}

/* Turns until `step` steps are done. */
static void run_to(struct watched *watched, int64_t step)
{
	for (int turns = 0; turns < 100000; turns++) {
		const struct event *progress = find_last(watched, EVENT_PROGRESS);
		if (progress && progress->progress.report.step >= step)
			return;
		run(watched, 1);
	}
	fail_msg("step %d was not reached", (int)step);
}

static void file_hash(const struct event *event, char hash[CHECKPOINT_HASH_SIZE])
{
	uint64_t bytes;
	assert_true(checkpoint_write(event->checkpoint, temporary_path(&folder, "state"), hash, &bytes, NULL));
}

static const struct event *score_of(const struct watched *watched, int64_t step)
{
	for (size_t i = 0; i < watched->count; i++)
		if (watched->events[i].kind == EVENT_SCORE && watched->events[i].score->step == step)
			return &watched->events[i];
	return NULL;
}

static const struct scoring_progress *scoring(const struct watched *watched)
{
	const struct event *event = find_last(watched, EVENT_SCORING);
	assert_non_null(event);
	return &event->scoring;
}

/* ---- the training is the same ---- */

static void expect_same_metrics(const struct watched *a, const struct watched *b)
{
	size_t i = 0, j = 0;
	const struct event *one, *other;
	while ((one = find(a, EVENT_METRICS, i)) && (other = find(b, EVENT_METRICS, j))) {
		assert_int_equal(one->progress.report.step, other->progress.report.step);
		assert_memory_equal(one->progress.report.loss, other->progress.report.loss, sizeof one->progress.report.loss);
		i = (size_t)(one - a->events) + 1;
		j = (size_t)(other - b->events) + 1;
	}
	assert_int_equal(count_kind(a, EVENT_METRICS), count_kind(b, EVENT_METRICS));
}

static void scores_change_nothing_of_the_training(void **state)
{
	(void)state;
	char plain_hash[CHECKPOINT_HASH_SIZE], scored_hash[CHECKPOINT_HASH_SIZE];
	struct engine_options options = scored_options(STEPS);
	options.settings.bits[NETWORK_D] = options.settings.bits[NETWORK_G] = 2;
	struct watched scored = train(&options);
	options.settings.eval_samples = 0;
	struct watched plain = train(&options);
	assert_true(count_kind(&scored, EVENT_SCORE) > 2 && count_kind(&plain, EVENT_SCORE) == 0);
	expect_same_metrics(&plain, &scored);
	file_hash(find_last(&plain, EVENT_CHECKPOINT), plain_hash);
	file_hash(find_last(&scored, EVENT_CHECKPOINT), scored_hash);
	assert_string_equal(plain_hash, scored_hash);
	unwatch(&plain);
	unwatch(&scored);
}

/* ---- live ---- */

static void scores_come_at_their_steps(void **state)
{
	(void)state;
	struct engine_options options = scored_options(STEPS);
	struct watched watched = train(&options);
	int64_t last = -1;
	for (size_t i = 0; i < watched.count; i++) {
		if (watched.events[i].kind != EVENT_SCORE)
			continue;
		const struct engine_score *score = watched.events[i].score;
		const struct evaluation_scores *scores = &score->report.scores;
		assert_true(score->live && score->step > last && score->step % EVERY == 0 && watched.events[i].step == score->step);
		assert_true(scores->samples == SAMPLES && scores->reference_samples == TINY_PICTURES && score->report.recipe == evaluation_live);
		assert_true(isfinite(scores->fid) && isfinite(scores->fid_std) && scores->is_mean >= 1 && isfinite(scores->kid));
		assert_int_equal(score->bits[NETWORK_G], 32);
		last = score->step;
	}
	assert_true(score_of(&watched, 0) && last == STEPS); /* the untrained G, and the last one: it is waited for */
	assert_false(scoring(&watched)->active);
	unwatch(&watched);
}

/* The first ones are drawn from weights that anybody can draw from again. */
static void pictures_are_of_the_step_that_is_named(void **state)
{
	(void)state;
	struct engine_options options = scored_options(STEPS), again = scored_options(2 * STEPS);
	struct watched first = train(&options), second = train(&again);
	for (int64_t step = 0; step <= STEPS; step += EVERY) {
		const struct event *a = score_of(&first, step), *b = score_of(&second, step);
		assert_true(a && b && a->score->report.scores.fid == b->score->report.scores.fid);
	}
	assert_true(score_of(&first, 0)->score->report.scores.fid != score_of(&first, STEPS)->score->report.scores.fid);
	unwatch(&first);
	unwatch(&second);
}

/* Each lower than those before; its state is the one of the step it is told for. */
static void the_state_of_the_lowest_fid_is_told(void **state)
{
	(void)state;
	struct engine_options options = scored_options(STEPS);
	struct watched watched = train(&options);
	double lowest = INFINITY;
	int64_t best = 0;
	for (size_t i = 0; i < watched.count; i++) {
		const struct event *event = &watched.events[i];
		if (event->kind == EVENT_SCORE && event->score->step > 0 && event->score->report.scores.fid < lowest) {
			lowest = event->score->report.scores.fid;
			best = event->score->step;
		}
		if (event->kind == EVENT_CHECKPOINT && event->best) {
			uint64_t step;
			assert_true(checkpoint_get_integer(event->checkpoint, "step", &step, NULL));
			assert_true(event->step == best && (int64_t)step == best && !event->last && event->command_id == 0);
			best = -best;
		}
	}
	assert_true(best < 0); /* the lowest one was told */
	unwatch(&watched);
}

static void the_share_decides_when_no_number_does(void **state)
{
	(void)state;
	struct engine_options options = scored_options(100000);
	options.settings.eval_every = 0;
	struct watched watched = watch(&options);
	while (count_kind(&watched, EVENT_SCORE) == 0)
		run(&watched, 1);
	assert_int_equal(find(&watched, EVENT_SCORE, 0)->score->step, 0);
	/* What a score takes is set, not measured: more than all the training before, then nothing. */
	watched.engine->scoring.last_cost = 1e9;
	watched.engine->scoring.wanted = false;
	run_to(&watched, find_last(&watched, EVENT_PROGRESS)->progress.report.step + 20);
	assert_int_equal(count_kind(&watched, EVENT_SCORE), 1);
	assert_false(watched.engine->scoring.active);
	watched.engine->scoring.last_cost = watched.engine->scoring.spent = 0;
	run(&watched, 2);
	assert_true(watched.engine->scoring.active && scoring(&watched)->live);
	unwatch(&watched);
}

/* Told once; nothing else changes. */
static void a_training_without_weights_goes_on(void **state)
{
	(void)state;
	struct engine_options options = scored_options(STEPS);
	text_copy(options.settings.features, sizeof options.settings.features, "classifier:/no/such/file");
	struct watched watched = train(&options);
	int told = 0;
	for (size_t i = 0; i < watched.count; i++)
		told += watched.events[i].kind == EVENT_SCORING && watched.events[i].error.code != ERROR_NONE;
	assert_int_equal(told, 1);
	assert_int_equal(count_kind(&watched, EVENT_SCORE), 0);
	assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_FINISHED);
	unwatch(&watched);
}

static void too_few_pictures_are_told(void **state)
{
	(void)state;
	struct engine_options options = scored_options(10);
	options.settings.eval_samples = SAMPLES - 1;
	struct watched watched = train(&options);
	assert_non_null(strstr(find(&watched, EVENT_SCORING, 0)->error.text, "expected 100 or more"));
	assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_FINISHED);
	unwatch(&watched);
}

/* ---- asked for ---- */

static void an_evaluation_runs_beside_the_training(void **state)
{
	(void)state;
	struct engine_options options = scored_options(100000);
	options.settings.eval_samples = 0;
	struct watched watched = watch(&options);
	run_to(&watched, 3);
	send(&watched, (struct command){.kind = COMMAND_EVALUATE, .id = 1});
	send(&watched, (struct command){.kind = COMMAND_EVALUATE, .id = 2});
	run(&watched, 1);
	assert_int_equal(reply_to(&watched, 1)->error.code, ERROR_NONE);
	assert_int_equal(reply_to(&watched, 2)->error.code, ERROR_STATE);
	assert_true(scoring(&watched)->active && !scoring(&watched)->live && scoring(&watched)->samples == 5000);
	while (scoring(&watched)->share == 0)
		run(&watched, 1);
	assert_true(find_last(&watched, EVENT_PROGRESS)->progress.report.step > 3); /* it has not stood still */
	assert_true(scoring(&watched)->step == 3 && scoring(&watched)->seconds_left > 0);
	send(&watched, (struct command){.kind = COMMAND_STOP_EVALUATION, .id = 3});
	send(&watched, (struct command){.kind = COMMAND_STOP_EVALUATION, .id = 4});
	run(&watched, 1);
	assert_int_equal(reply_to(&watched, 3)->error.code, ERROR_NONE);
	assert_int_equal(reply_to(&watched, 4)->error.code, ERROR_STATE);
	assert_false(scoring(&watched)->active);
	unwatch(&watched);
}

/* A pause holds it; asked for again it goes on, and has all turns then. */
static void a_pause_holds_an_evaluation(void **state)
{
	(void)state;
	struct engine_options options = scored_options(100000);
	options.settings.eval_samples = 0;
	struct watched watched = watch(&options);
	run_to(&watched, 3);
	send(&watched, (struct command){.kind = COMMAND_EVALUATE, .id = 1});
	run(&watched, 5);
	send(&watched, (struct command){.kind = COMMAND_PAUSE, .id = 2});
	run(&watched, 1);
	int64_t step = find_last(&watched, EVENT_PROGRESS)->progress.report.step;
	size_t told = watched.count;
	run(&watched, 50);
	assert_true(scoring(&watched)->held && watched.count == told);
	send(&watched, (struct command){.kind = COMMAND_EVALUATE, .id = 3});
	while (scoring(&watched)->share == 0)
		run(&watched, 1);
	assert_int_equal(reply_to(&watched, 3)->error.code, ERROR_NONE);
	assert_true(!scoring(&watched)->held && find_last(&watched, EVENT_PROGRESS)->progress.report.step == step);
	send(&watched, (struct command){.kind = COMMAND_RESUME, .id = 4});
	run_to(&watched, step + 1);
	assert_true(scoring(&watched)->active);
	send(&watched, (struct command){.kind = COMMAND_STOP, .id = 5});
	run(&watched, 1);
	assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_STOPPED); /* a stop does not wait for it */
	assert_false(scoring(&watched)->active);
	unwatch(&watched);
}

/* Bits that change while pictures are drawn: all are of the new ones. */
static void a_change_of_bits_draws_anew(void **state)
{
	(void)state;
	struct engine_options options = scored_options(STEPS);
	struct watched watched = watch(&options);
	run(&watched, 2); /* loaded, and a batch of the first pictures */
	assert_true(scoring(&watched)->active);
	send(&watched, (struct command){.kind = COMMAND_SET_BITS, .network = NETWORK_G, .bits = 1, .id = 1});
	run(&watched, 1000000);
	assert_int_equal(score_of(&watched, 0)->score->bits[NETWORK_G], 1);
	options.settings.bits[NETWORK_G] = 1;
	struct watched quantized = train(&options);
	assert_true(score_of(&quantized, 0)->score->report.scores.fid == score_of(&watched, 0)->score->report.scores.fid);
	unwatch(&watched);
	unwatch(&quantized);
}

/* What noise scores goes with the state, for a training that goes on from there. */
static void a_checkpoint_remembers_the_untrained_score(void **state)
{
	(void)state;
	struct engine_options options = scored_options(STEPS);
	struct watched watched = train(&options);
	const struct event *last = find_last(&watched, EVENT_CHECKPOINT);
	double fid, again;
	assert_true(checkpoint_get_number(last->checkpoint, "score.noise_fid", &fid, NULL));
	assert_true(fid == score_of(&watched, 0)->score->report.scores.fid);
	char hash[CHECKPOINT_HASH_SIZE];
	file_hash(last, hash);
	text_copy(options.start_path, sizeof options.start_path, temporary_path(&folder, "state"));
	options.settings.steps = STEPS + 10;
	struct watched resumed = train(&options);
	assert_null(score_of(&resumed, 0));
	assert_true(checkpoint_get_number(find_last(&resumed, EVENT_CHECKPOINT)->checkpoint, "score.noise_fid", &again, NULL));
	assert_true(fid == again);
	unwatch(&watched);
	unwatch(&resumed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores_change_nothing_of_the_training),
		cmocka_unit_test(scores_come_at_their_steps),
		cmocka_unit_test(pictures_are_of_the_step_that_is_named),
		cmocka_unit_test(the_state_of_the_lowest_fid_is_told),
		cmocka_unit_test(the_share_decides_when_no_number_does),
		cmocka_unit_test(a_training_without_weights_goes_on),
		cmocka_unit_test(too_few_pictures_are_told),
		cmocka_unit_test(an_evaluation_runs_beside_the_training),
		cmocka_unit_test(a_pause_holds_an_evaluation),
		cmocka_unit_test(a_change_of_bits_draws_anew),
		cmocka_unit_test(a_checkpoint_remembers_the_untrained_score),
	};
	return cmocka_run_group_tests_name("engine_scores", tests, prepare, clean_up);
}
