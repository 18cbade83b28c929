/* What the suites of the engine share: small trainings, and an engine with every event it has told. */
#ifndef QGAN_TESTS_ENGINE_FIXTURE_H
#define QGAN_TESTS_ENGINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/engine.h"
#include "tests/tiny_pictures.h"

enum { BATCH = 8, STEPS_PER_EPOCH = TINY_PICTURES / BATCH };

static struct temporary_folder folder;
static char tiny_spec[DATASET_SPEC_SIZE];

static inline int prepare(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	tiny_pictures_write(&folder, tiny_spec, sizeof tiny_spec);
	return 0;
}

static inline int clean_up(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static inline struct engine_options small_options(int64_t steps)
{
	struct engine_options options = {.no_thread = true, .settings = {
		.model = "dcgan", .size = 32, .width = 4, .latent = 10, .batch = BATCH, .bits = {32, 32}, .quantizer = "em",
		.optimizer = "adam",
		.critic_steps = 1, .loss_b = 1, .loss_c = 1, .learning_rate = {2e-4, 2e-4}, .beta1 = 0.5, .beta2 = 0.999, .seed = 5, .threads = 1,
		.steps = steps, .metric_every = 10, .samples = 4,
	}};
	text_copy(options.settings.data, sizeof options.settings.data, tiny_spec);
	return options;
}

/* An engine and every event it has told, in order. */
struct watched {
	struct engine *engine;
	struct event *events; /* owned, with what they own */
	size_t count, capacity;
};

static inline struct watched watch(const struct engine_options *options)
{
	struct error error = {0};
	struct watched watched = {.engine = engine_create(options, &error)};
	if (!watched.engine)
		fail_msg("%s", error.text);
	return watched;
}

static inline void collect(struct watched *watched)
{
	struct event event;
	engine_drain_wake(watched->engine);
	while (engine_poll(watched->engine, &event)) {
		if (watched->count == watched->capacity) {
			watched->capacity = watched->capacity ? 2 * watched->capacity : 64;
			watched->events = memory_resized(watched->events, watched->capacity, sizeof *watched->events);
		}
		watched->events[watched->count++] = event;
	}
}

static inline void unwatch(struct watched *watched)
{
	engine_destroy(watched->engine);
	for (size_t i = 0; i < watched->count; i++)
		event_release(&watched->events[i]);
	free(watched->events);
	*watched = (struct watched){0};
}

static inline const struct event *find(const struct watched *watched, enum event_kind kind, size_t from)
{
	for (size_t i = from; i < watched->count; i++)
		if (watched->events[i].kind == kind)
			return &watched->events[i];
	return NULL;
}

static inline const struct event *find_last(const struct watched *watched, enum event_kind kind)
{
	for (size_t i = watched->count; i-- > 0;)
		if (watched->events[i].kind == kind)
			return &watched->events[i];
	return NULL;
}

static inline int count_kind(const struct watched *watched, enum event_kind kind)
{
	int count = 0;
	for (size_t i = 0; i < watched->count; i++)
		count += watched->events[i].kind == kind;
	return count;
}

static inline void send(struct watched *watched, struct command command)
{
	assert_true(engine_send(watched->engine, &command));
}

/* The one reply to a command. */
static inline const struct event *reply_to(const struct watched *watched, uint64_t id)
{
	const struct event *reply = NULL;
	for (size_t i = 0; i < watched->count; i++)
		if (watched->events[i].kind == EVENT_REPLY && watched->events[i].command_id == id) {
			assert_null(reply);
			reply = &watched->events[i];
		}
	assert_non_null(reply);
	return reply;
}

#endif
