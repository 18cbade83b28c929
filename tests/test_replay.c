/* replay: a run that was changed while it trained comes out again, to the last bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/replay.h"
#include "app/settings.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "tests/tiny_pictures.h"

struct scene {
	struct temporary_folder data, folder;
	char spec[DATASET_SPEC_SIZE], store[TEMPORARY_PATH_SIZE];
	struct recorder *recorder;
};

static int set_up(void **state)
{
	struct scene *scene = memory_zeroed(1, sizeof *scene);
	temporary_folder_create(&scene->data);
	temporary_folder_create(&scene->folder);
	tiny_pictures_write(&scene->data, scene->spec, sizeof scene->spec);
	text_copy(scene->store, sizeof scene->store, temporary_path(&scene->folder, "runs.db"));
	scene->recorder = recorder_create(scene->store, NULL);
	*state = scene;
	return scene->recorder ? 0 : -1;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	recorder_destroy(scene->recorder, 30);
	temporary_folder_remove(&scene->data);
	temporary_folder_remove(&scene->folder);
	free(scene);
	return 0;
}

static struct training_start new_start(const struct scene *scene, const char *name)
{
	struct training_start start = {0};
	settings_set_defaults(&start.settings);
	text_copy(start.settings.data, sizeof start.settings.data, scene->spec);
	text_copy(start.name, sizeof start.name, name);
	start.settings.width = 4;
	start.settings.latent = 10;
	start.settings.batch = 8;
	start.settings.threads = 1;
	start.settings.steps = 0;
	start.settings.epochs = 0;
	start.settings.metric_every = 3;
	start.settings.sample_every = start.settings.layers_every = 0;
	start.settings.checkpoint_every = 15;
	return start;
}

/* A person at the keys: a change every few steps, at whatever step that turns out to be, then an end to a training that has
 * none. Steps follow each change, also where events come late and many at once: a change after the last step is no part of a replay. */
struct person {
	struct training *training;
	const struct command *commands;
	int count, sent, taken; /* taken: changes that the journal has */
	int64_t next; /* step of the next change */
	struct error refused;
};

static void press(struct person *person, int64_t step)
{
	const struct command stop = {.kind = COMMAND_STOP};
	if (step < person->next || person->sent > person->taken || person->sent > person->count)
		return;
	training_send(person->training, person->sent < person->count ? &person->commands[person->sent] : &stop);
	person->sent++;
}

static void watch(void *context, struct event *event)
{
	struct person *person = context;
	if (event->kind == EVENT_METRICS && person->count > 0)
		press(person, event->step);
	if (event->kind == EVENT_JOURNAL && person->sent > person->taken) {
		person->taken++;
		person->next = event->step + 8;
	}
	if ((event->kind == EVENT_REPLY || event->kind == EVENT_STATE) && event->error.code != ERROR_NONE)
		person->refused = event->error;
}

/* To its end; returns the run's id. */
static int64_t train(struct scene *scene, const struct training_start *start, const struct command *commands, int count,
                     struct error *refused)
{
	struct error error = {0};
	struct person person = {.commands = commands, .count = count};
	person.training = training_create(scene->recorder, start, &error);
	if (!person.training)
		fail_msg("%s", error.text);
	const struct training_watcher watcher = {&person, watch, NULL};
	while (!training_ended(person.training) || recorder_waiting(scene->recorder)) {
		if (training_ended(person.training))
			recorder_flush(scene->recorder, 0.5);
		else
			training_wait(person.training, 0.5);
		training_pump(person.training, &watcher);
	}
	int64_t run = training_run(person.training)->id;
	training_destroy(person.training);
	assert_true(recorder_flush(scene->recorder, 30));
	if (refused)
		*refused = person.refused;
	else if (person.refused.code != ERROR_NONE)
		fail_msg("%s", person.refused.text);
	return run;
}

static const struct command some_changes[] = {
	{.kind = COMMAND_SET_BITS, .network = NETWORK_G, .bits = 2},
	{.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_D, .rate = 1.2345678901234567e-4},
	{.kind = COMMAND_SET_LAYER_BITS, .network = NETWORK_D, .bits = 4, .name = "conv1"},
	{.kind = COMMAND_SET_QUANTIZER, .name = "minmax"},
	{.kind = COMMAND_SET_LAYER_BITS, .network = NETWORK_D, .bits = 0, .name = "conv1"},
	{.kind = COMMAND_SET_BITS, .network = NETWORK_D, .bits = 3},
};
enum { CHANGES = sizeof some_changes / sizeof *some_changes };

static struct replay_result replay_it(struct scene *scene, const char *name, int changes)
{
	struct replay replay;
	struct training_start start;
	struct replay_result result;
	struct error error = {0};
	struct store *store = store_open(scene->store, STORE_READ, &error);
	if (!replay_prepare(store, name, &replay, &start, &error))
		fail_msg("%s", error.text);
	assert_int_equal(replay.count, changes);
	int64_t copy = train(scene, &start, NULL, 0, NULL);
	assert_true(replay_compare(store, &replay, copy, &result, &error));
	replay_clear(&replay);
	store_close(store);
	return result;
}

static int64_t count_changes(struct scene *scene, int64_t run);

static void every_change_comes_again_at_its_step(void **state)
{
	struct scene *scene = *state;
	struct training_start start = new_start(scene, "original");
	int64_t run = train(scene, &start, some_changes, CHANGES, NULL);
	assert_int_equal(count_changes(scene, run), CHANGES);
	struct replay_result result = replay_it(scene, "original", CHANGES);
	assert_true(result.points > 10 && result.differs_at == 0);
	/* Without the changes it would not have been the same: the comparison sees it. */
	start = new_start(scene, "unchanged");
	start.settings.steps = 40;
	struct replay replay = {.run = run};
	int64_t unchanged = train(scene, &start, NULL, 0, NULL);
	struct store *store = store_open(scene->store, STORE_READ, NULL);
	assert_true(replay_compare(store, &replay, unchanged, &result, NULL) && result.differs_at > 3);
	store_close(store);
}

static void add_change(void *context, const struct journal_entry *entry)
{
	*(int64_t *)context += setting_find(entry->field) != NULL;
}

static int64_t count_changes(struct scene *scene, int64_t run)
{
	int64_t count = 0;
	struct store *store = store_open(scene->store, STORE_READ, NULL);
	assert_true(store_visit_journal(store, run, add_change, &count, NULL));
	store_close(store);
	return count;
}

static void forks_begin_at_their_parent(void **state)
{
	struct scene *scene = *state;
	struct training_start start = new_start(scene, "parent");
	train(scene, &start, some_changes, 1, NULL);
	struct store *store = store_open(scene->store, STORE_WRITE, NULL);
	assert_true(training_prepare_fork(store, "parent", &start, NULL));
	text_copy(start.name, sizeof start.name, "child");
	int64_t child = train(scene, &start, some_changes + 1, 2, NULL);
	assert_int_equal(count_changes(scene, child), 2);
	struct replay_result result = replay_it(scene, "child", 2);
	assert_true(result.points > 4 && result.differs_at == 0);
	/* Its parent gone, it cannot begin again. */
	struct replay replay;
	struct error error = {0};
	struct run run;
	assert_true(store_find_run(store, "parent", &run, NULL));
	run_clear(&run);
	assert_true(store_trash_run(store, run.id, true, NULL) && store_purge_run(store, run.id, NULL, NULL));
	assert_false(replay_prepare(store, "child", &replay, &start, &error));
	assert_non_null(strstr(error.text, "forked from a run that has been deleted"));
	replay_clear(&replay);
	store_close(store);
}

static void what_cannot_be_replayed_says_so(void **state)
{
	struct scene *scene = *state;
	struct training_start start = new_start(scene, "original");
	start.settings.steps = 20;
	int64_t id = train(scene, &start, NULL, 0, NULL);
	struct store *store = store_open(scene->store, STORE_WRITE, NULL);
	struct replay replay;
	struct error error = {0};
	struct journal_entry entry = {.step = 10, .kind = "set", .field = "batch", .value = "5", .text = "batch 8 > 5"};
	assert_false(replay_prepare(store, "missing", &replay, &start, &error));
	replay_clear(&replay);
	assert_true(store_insert_journal(store, id, &entry, NULL));
	assert_false(replay_prepare(store, "original", &replay, &start, &error));
	assert_non_null(strstr(error.text, "changes batch, which cannot be replayed"));
	replay_clear(&replay);
	/* A change that is refused now fails the replay instead of being left out. */
	start = new_start(scene, "refused");
	start.settings.steps = 20;
	const struct engine_cue cue = {.step = 7, .command = {.kind = COMMAND_SET_QUANTIZER, .name = "unknown"}};
	start.cues = &cue;
	start.cue_count = 1;
	train(scene, &start, NULL, 0, &error);
	assert_non_null(strstr(error.text, "replaying the change after step 7: "));
	struct run run;
	assert_true(store_find_run(store, "refused", &run, NULL) && run.status == RUN_FAILED && run.step == 7);
	run_clear(&run);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_change_comes_again_at_its_step, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forks_begin_at_their_parent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_replayed_says_so, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
