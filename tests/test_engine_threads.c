/* engine: the protocol across threads, for the thread sanitizer above all. */
#include <poll.h>
#include <string.h>

#include "engine/tensor/random.h"
#include "tests/engine_fixture.h"

static const int PATIENCE_MS = 60000; /* of a wait for the engine thread: only a hung one takes so long */


static void wait_for_news(struct watched *watched)
{
	struct pollfd wake = {.fd = engine_wake_descriptor(watched->engine), .events = POLLIN};
	if (poll(&wake, 1, PATIENCE_MS) != 1)
		fail_msg("the engine has said nothing for %d ms", PATIENCE_MS);
	collect(watched);
}

static void wait_for_state(struct watched *watched, enum engine_state state)
{
	for (;;) {
		const struct event *last = find_last(watched, EVENT_STATE);
		if (last && last->state == state)
			return;
		if (last && last->state == ENGINE_FAILED)
			fail_msg("%s", last->error.text);
		wait_for_news(watched);
	}
}

static struct engine_options threaded_options(void)
{
	struct engine_options options = small_options(0);
	options.no_thread = false;
	options.settings.threads = 2;
	options.settings.metric_every = 1;
	options.settings.checkpoint_every = 5;
	return options;
}

static struct command random_command(struct random *random, uint64_t id)
{
	static const char *const names[] = {"em", "minmax", "wishful", ""};
	uint32_t draw[4];
	for (int i = 0; i < 4; i++) {
		float value;
		random_fill_uniform(random, &value, 1);
		draw[i] = (uint32_t)(value * 65536);
	}
	struct command command = {
		.kind = (enum command_kind)(draw[0] % (COMMAND_SAMPLE + 1)), .network = (enum network_id)(draw[1] % NETWORK_COUNT),
		.bits = (int)(draw[2] % 11), .rate = (double)draw[2] / 65536 * 1e-3 - 1e-4, .seed = draw[3] % 3, .id = id,
	};
	text_copy(command.name, sizeof command.name, names[draw[3] % 4]);
	if (command.kind == COMMAND_STOP)
		command.kind = COMMAND_SET_BITS;
	return command;
}

static void many_commands_across_threads(void **state)
{
	(void)state;
	enum { COMMANDS = 300 };
	struct engine_options options = threaded_options();
	struct watched watched = watch(&options);
	struct random random;
	random_start(&random, 9, RANDOM_LATENT);
	for (uint64_t id = 1; id <= COMMANDS; id++) {
		struct command command = random_command(&random, id);
		while (!engine_send(watched.engine, &command))
			wait_for_news(&watched);
		collect(&watched);
		for (size_t i = 0; i < watched.count; i++)
			if (watched.events[i].checkpoint) {
				event_release(&watched.events[i]);
				engine_checkpoint_done(watched.engine);
			}
	}
	struct command stop = {.kind = COMMAND_STOP, .id = COMMANDS + 1};
	while (!engine_send(watched.engine, &stop))
		wait_for_news(&watched);
	wait_for_state(&watched, ENGINE_STOPPED);
	while (find_last(&watched, EVENT_REPLY)->command_id <= COMMANDS)
		wait_for_news(&watched);
	uint64_t answered = 0;
	for (size_t i = 0; i < watched.count; i++)
		if (watched.events[i].kind == EVENT_REPLY)
			assert_int_equal(watched.events[i].command_id, ++answered);
	assert_int_equal(answered, COMMANDS + 1);
	unwatch(&watched);
}

static void commands_that_meet_the_end_are_answered(void **state)
{
	(void)state;
	for (int64_t steps = 1; steps <= 8; steps++) {
		struct engine_options options = threaded_options();
		options.settings.steps = steps;
		struct watched watched = watch(&options);
		uint64_t sent = 0, replies = 0;
		for (;;) {
			const struct event *last = find_last(&watched, EVENT_STATE);
			bool over = last && last->state == ENGINE_FINISHED;
			struct command command = {.kind = COMMAND_RESUME, .id = sent + 1};
			sent += engine_send(watched.engine, &command);
			collect(&watched);
			if (over)
				break;
		}
		while ((replies = (uint64_t)count_kind(&watched, EVENT_REPLY)) < sent)
			wait_for_news(&watched);
		assert_int_equal(replies, sent);
		unwatch(&watched);
	}
}

static void destroyed_at_any_moment(void **state)
{
	(void)state;
	struct engine_options options = threaded_options();
	struct watched watched = watch(&options);
	unwatch(&watched); /* at once */
	watched = watch(&options);
	wait_for_state(&watched, ENGINE_RUNNING);
	unwatch(&watched);
	options.start_paused = true;
	watched = watch(&options);
	wait_for_state(&watched, ENGINE_PAUSED);
	unwatch(&watched);
	text_copy(options.settings.data, sizeof options.settings.data, "shapes");
	watched = watch(&options);
	while (!find(&watched, EVENT_LOADING, 0))
		wait_for_news(&watched);
	unwatch(&watched);
}

static void a_stop_ends_the_loading(void **state)
{
	(void)state;
	struct engine_options options = threaded_options();
	text_copy(options.settings.data, sizeof options.settings.data, "shapes");
	struct watched watched = watch(&options);
	while (!find(&watched, EVENT_LOADING, 0))
		wait_for_news(&watched);
	const struct event *loading = find(&watched, EVENT_LOADING, 0);
	assert_true(loading->done <= loading->total);
	send(&watched, (struct command){.kind = COMMAND_STOP, .id = 1});
	wait_for_state(&watched, ENGINE_STOPPED);
	while (!find(&watched, EVENT_REPLY, 0))
		wait_for_news(&watched);
	assert_int_equal(reply_to(&watched, 1)->error.code, ERROR_NONE);
	unwatch(&watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_commands_across_threads),
		cmocka_unit_test(commands_that_meet_the_end_are_answered),
		cmocka_unit_test(destroyed_at_any_moment),
		cmocka_unit_test(a_stop_ends_the_loading),
	};
	return cmocka_run_group_tests_name("engine_threads", tests, prepare, clean_up);
}
