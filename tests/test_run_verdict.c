/* Verdicts of whole runs: told live, stored, worked out again from the stored curve; and going back when numbers are lost. */
#include <sys/wait.h>

#include "app/run_verdict.h"
#include "app/training.h"
#include "tests/session_fixture.h"

static bool is_held(struct session *session, int64_t nothing)
{
	(void)nothing;
	const struct view_run *run = &view_of(session)->run;
	return run->state == VIEW_PAUSED && run->message[0] != '\0';
}

static bool is_back(struct session *session, int64_t step)
{
	const struct view_run *run = &view_of(session)->run;
	return run->state == VIEW_PAUSED && run->message[0] == '\0' && run->step == step;
}

static bool checkpoint_saved(struct session *session, int64_t nothing)
{
	(void)nothing;
	return has_line(view_of(session), "checkpoint saved");
}

/* Pauses the training at whatever step. */
static int64_t pause_at(struct session *session, int64_t least)
{
	wait_until(session, step_reached, least);
	press(session, ACTION_PAUSE);
	wait_until(session, state_is, VIEW_PAUSED);
	return view_of(session)->run.step;
}

static void break_it(struct session *session)
{
	request(session, (struct action_request){.action = ACTION_RATES, .network = VIEW_D, .value = 1e38});
	press(session, ACTION_PAUSE);
	wait_until(session, is_held, 0);
}

struct journal_search {
	const char *text;
	int found;
};

static void visit_entry(void *context, const struct journal_entry *entry)
{
	struct journal_search *search = context;
	search->found += strstr(entry->text, search->text) != NULL;
}

static int journal_lines(struct store *store, int64_t run, const char *text)
{
	struct journal_search search = {.text = text};
	assert_true(store_visit_journal(store, run, visit_entry, &search, NULL));
	return search.found;
}

static void lost_numbers_can_be_gone_back_from(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	struct session *session = open_session(scene, &start);
	int64_t good = pause_at(session, 5);
	press(session, ACTION_CHECKPOINT);
	wait_until(session, checkpoint_saved, 0);
	press(session, ACTION_STEP);
	press(session, ACTION_STEP);
	wait_until(session, step_reached, good + 2);
	wait_until(session, state_is, VIEW_PAUSED);
	break_it(session);
	const struct view *view = view_of(session);
	assert_true(view->run.steerable && session_live(session));
	assert_non_null(strstr(view->run.message, "not finite"));
	assert_string_equal(view->run.verdict.kind, "failed");
	assert_true(view->run.verdict.warned && view->run.step >= good + 2);
	/* trying again is of no use here */
	press(session, ACTION_PAUSE);
	wait_until(session, is_held, 0);
	press(session, ACTION_ROLLBACK);
	wait_until(session, is_back, good);
	view = view_of(session);
	assert_true(view->run.learning_rate[VIEW_D] == 2e-4); /* it was changed later */
	assert_string_equal(view->run.verdict.kind, "undecided");
	assert_non_null(strstr(view->warning, "back at step"));
	press(session, ACTION_PAUSE);
	wait_until(session, step_reached, good + 10);
	save_and_leave(session);
	struct store *store = store_open(scene->store, STORE_READ, NULL);
	struct run run;
	assert_true(store_find_run(store, "alpha", &run, NULL));
	assert_int_equal(run.status, RUN_STOPPED);
	assert_string_equal(run.message, "");
	assert_string_equal(run.verdict.kind, "undecided");
	assert_int_equal(journal_lines(store, run.id, "back from step"), 1);
	assert_int_equal(journal_lines(store, run.id, "not finite"), 0); /* forgotten with the steps */
	run_clear(&run);
	store_close(store);
}

static void without_a_checkpoint_it_begins_again(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	start.settings.checkpoint_every = 0;
	struct session *session = open_session(scene, &start);
	pause_at(session, 3);
	break_it(session);
	press(session, ACTION_ROLLBACK);
	wait_until(session, is_back, 0);
	assert_int_equal(view_of(session)->loss[VIEW_D].count, 0);
	press(session, ACTION_PAUSE);
	wait_until(session, step_reached, 5);
	save_and_leave(session);
}

/* Nobody is left to go back: what was reached is saved and the training ends. */
static bool never(void) { return false; }

static void a_held_training_without_a_screen_is_saved(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	struct session *session = open_session(scene, &start);
	pause_at(session, 3);
	break_it(session);
	session_train_headless(session, never);
	assert_false(session_live(session));
	assert_int_equal(session_destroy(session, 60), 0);
	struct store *store = store_open(scene->store, STORE_READ, NULL);
	struct run run;
	struct checkpoint_row row;
	assert_true(store_find_run(store, "alpha", &run, NULL));
	assert_true(store_find_checkpoint(store, run.id, -1, &row, NULL));
	assert_string_equal(run.verdict.kind, "failed");
	assert_string_equal(run.verdict.warnings, "not-finite");
	run_clear(&run);
	store_close(store);
}

/* ---- from the store ---- */

static void stored_curves_give_the_verdict_again(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, 60);
	press(session, ACTION_D_BITS_DOWN);
	wait_until(session, step_reached, 130);
	save_and_leave(session);
	struct store *store = store_open(scene->store, STORE_WRITE, NULL);
	struct run run;
	assert_true(store_find_run(store, "alpha", &run, NULL));
	assert_string_equal(run.verdict.kind, "undecided");
	assert_non_null(strstr(run.verdict.reason, "judged from step 1,"));
	assert_null(strstr(run.verdict.reason, "step 1,000")); /* the change began it anew */
	struct run_verdict live = run.verdict, found;
	const struct run_verdict nothing = {{0}};
	assert_true(store_set_verdict(store, run.id, &nothing, NULL));
	run.verdict = nothing;
	assert_true(run_verdict_find(store, &run, &found, NULL));
	assert_string_equal(found.kind, live.kind);
	assert_string_equal(found.warnings, live.warnings);
	assert_string_equal(found.reason, live.reason);
	assert_string_equal(found.action, live.action);
	/* shown for a run that was never judged, too */
	session = open_session(scene, NULL);
	assert_string_equal(view_of(session)->run.verdict.reason, live.reason);
	session_destroy(session, 0);
	run_clear(&run);
	store_close(store);
}

struct diversities {
	int count;
	int64_t last;
};

static void visit_diversity(void *context, int64_t step, double diversity)
{
	struct diversities *seen = context;
	assert_true(diversity >= 0 && diversity < 10 && step >= seen->last);
	seen->last = step;
	seen->count++;
}

static void samples_carry_their_diversity(void **state)
{
	struct scene *scene = *state;
	struct training_start start = tiny_start(scene, "alpha");
	struct session *session = open_session(scene, &start);
	wait_until(session, step_reached, 110);
	save_and_leave(session);
	struct store *store = store_open(scene->store, STORE_READ, NULL);
	struct run run;
	struct diversities seen = {0};
	assert_true(store_find_run(store, "alpha", &run, NULL));
	assert_true(store_visit_diversities(store, run.id, visit_diversity, &seen, NULL));
	assert_in_range(seen.count, 4, 1000); /* steps 0, 50, 100 and the last */
	assert_true(seen.last >= 110);
	run_clear(&run);
	store_close(store);
}

/* ---- without a screen ---- */

static int run_program(const struct scene *scene, const char *arguments, char *output, size_t size)
{
	char command[2 * STORE_PATH_SIZE];
	snprintf(command, sizeof command, "QGAN_STORE='%s' '%s' %s 2>&1", scene->store, QGAN_PROGRAM, arguments);
	FILE *pipe = popen(command, "re");
	assert_non_null(pipe);
	size_t used = fread(output, 1, size - 1, pipe);
	output[used] = '\0';
	int status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_failed_training_says_how_to_go_on(void **state)
{
	struct scene *scene = *state;
	char arguments[2048], output[8192];
	snprintf(arguments, sizeof arguments, "train --data '%s' --width 4 --latent 10 --batch 8 --threads 1 --steps 900 --run-name bad"
	         " --checkpoint-every 1 --d-learning-rate 10 --g-learning-rate 10 --beta2 0", scene->spec);
	assert_int_equal(run_program(scene, arguments, output, sizeof output), 1);
	if (!strstr(output, "not finite") || !strstr(output, "qgan train --from bad@"))
		fail_msg("%s", output);
	assert_int_equal(run_program(scene, "runs list --json", output, sizeof output), 0);
	if (!strstr(output, "\"verdict\":\"failed\"") || !strstr(output, "\"verdict_warnings\":[\"not-finite\"]"))
		fail_msg("%s", output);
	assert_int_equal(run_program(scene, "runs show bad", output, sizeof output), 0);
	if (!strstr(output, "verdict               failed") || !strstr(output, "go back to a checkpoint before it"))
		fail_msg("%s", output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(lost_numbers_can_be_gone_back_from),
		SCENE(without_a_checkpoint_it_begins_again),
		SCENE(a_held_training_without_a_screen_is_saved),
		SCENE(stored_curves_give_the_verdict_again),
		SCENE(samples_carry_their_diversity),
		SCENE(a_failed_training_says_how_to_go_on),
	};
	return cmocka_run_group_tests_name("run_verdict", tests, NULL, NULL);
}
