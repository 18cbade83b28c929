/* app/session: the key that evaluates, pressed until the scores of 5,000 pictures are there. */
#include "store/store.h"
#include "tests/session_fixture.h"

static bool evaluates(struct session *session, int64_t wanted)
{
	const struct view_scoring *now = &view_of(session)->scores.now;
	return (now->active && !now->live) == (wanted != 0);
}

static bool pictures_are_scored(struct session *session, int64_t nothing)
{
	(void)nothing;
	const struct view_scoring *now = &view_of(session)->scores.now;
	return now->active && !now->reference && now->share > 0;
}

static bool answer_is_shown(struct session *session, int64_t nothing)
{
	(void)nothing;
	return view_of(session)->scores.asked[0] != '\0';
}

static struct session *open_scored(const struct scene *scene)
{
	struct training_start start = tiny_start(scene, "alpha");
	start.settings.eval_samples = 0; /* none but those asked for */
	text_copy(start.settings.features, sizeof start.settings.features, "classifier:fashion-mnist");
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, 3);
	return session;
}

static void keep_score(void *context, const struct score *score)
{
	struct score *kept = context;
	assert_int_equal(kept->samples, 0); /* one only */
	*kept = *score;
}

static struct score find_score(const struct scene *scene)
{
	struct error error = {0};
	struct run run = {0};
	struct score score = {0};
	struct store *store = store_open(scene->store, STORE_READ, &error);
	assert_true(store && store_find_run(store, "alpha", &run, &error));
	assert_true(store_visit_scores(store, run.id, NULL, keep_score, &score, &error));
	run_clear(&run);
	store_close(store);
	return score;
}

static void an_evaluation_is_seen_through(void **state)
{
	struct scene *scene = *state;
	struct session *session = open_scored(scene);
	press(session, ACTION_EVALUATE);
	wait_until(session, evaluates, 1);
	const int64_t step = view_of(session)->scores.now.step;
	assert_int_equal(view_of(session)->scores.now.samples, 5000);
	wait_until(session, pictures_are_scored, 0);
	wait_until(session, step_reached, step + 2); /* the training goes on beside it */
	press(session, ACTION_PAUSE);                /* which holds it */
	wait_until(session, state_is, VIEW_PAUSED);
	press(session, ACTION_EVALUATE);             /* it goes on, with all turns to itself */
	wait_until(session, answer_is_shown, 0);
	wait_until(session, evaluates, 0);
	assert_non_null(strstr(view_of(session)->scores.asked, "N 5,000"));
	assert_true(has_line(view_of(session), "evaluation  FID "));
	save_and_leave(session);
	const struct score score = find_score(scene);
	assert_true(score.step == step && score.samples == 5000 && !score.live && score.fid > 0 && score.is_mean >= 1);
}

static void an_evaluation_is_given_up(void **state)
{
	struct scene *scene = *state;
	struct session *session = open_scored(scene);
	press(session, ACTION_EVALUATE);
	wait_until(session, pictures_are_scored, 0);
	press(session, ACTION_EVALUATE);
	wait_until(session, evaluates, 0);
	assert_string_equal(view_of(session)->scores.asked, "");
	save_and_leave(session);
	assert_int_equal(find_score(scene).samples, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(an_evaluation_is_seen_through),
		SCENE(an_evaluation_is_given_up),
	};
	return cmocka_run_group_tests_name("session_scores", tests, NULL, NULL);
}
