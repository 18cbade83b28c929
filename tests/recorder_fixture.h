/* What the suites of the recorder share: settings, and events as the engine would tell them. */
#ifndef QGAN_TESTS_RECORDER_FIXTURE_H
#define QGAN_TESTS_RECORDER_FIXTURE_H

#include "app/recorder.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "tests/store_fixture.h"

static inline struct gan_settings test_settings(void)
{
	return (struct gan_settings){
		.model = "dcgan", .data = "fashion-mnist:/somewhere", .size = 32, .channels = 1, .width = 16, .latent = 100, .batch = 64,
		.bits = {32, 4}, .quantizer = "em", .optimizer = "adam", .seed = 7, .steps = 1000, .metric_every = 1,
	};
}

static inline struct recorder *create_recorder(void **state)
{
	const struct store_folder *folder = *state;
	struct error error;
	struct recorder *recorder = recorder_create(folder->store, &error);
	if (!recorder)
		fail_msg("%s", error.text);
	return recorder;
}

static inline struct run begin_run(struct recorder *recorder, const char *name)
{
	struct gan_settings settings = test_settings();
	const struct recorder_run_start start = {.name = name, .config_json = "{}", .settings = &settings, .machine = "a machine"};
	struct run run;
	struct error error;
	if (!recorder_begin_run(recorder, &start, &run, &error))
		fail_msg("%s", error.text);
	run_clear(&run);
	return run;
}

static inline struct event new_event(enum event_kind kind, int64_t step)
{
	return (struct event){.kind = kind, .step = step, .time = 1e9 + (double)step};
}

static inline void tell_state(struct recorder *recorder, int64_t step, enum engine_state state)
{
	struct event event = new_event(EVENT_STATE, step);
	event.state = state;
	recorder_take_event(recorder, &event);
}

static inline void tell_metric(struct recorder *recorder, int64_t step)
{
	struct event event = new_event(EVENT_METRICS, step);
	event.progress.report = (struct step_report){.step = step, .epochs = (double)step / 100, .loss = {0.5f, (float)step}};
	recorder_take_event(recorder, &event);
}

/* The values say the step, so that a file can be checked. */
static inline struct event new_checkpoint(int64_t step)
{
	struct event event = new_event(EVENT_CHECKPOINT, step);
	const size_t shape[] = {4, 256};
	event.checkpoint = checkpoint_create();
	checkpoint_declare(event.checkpoint, "weights", 2, shape);
	if (!checkpoint_allocate(event.checkpoint, NULL))
		abort();
	float *values = checkpoint_fill(event.checkpoint, "weights");
	for (int i = 0; i < 1024; i++)
		values[i] = (float)step + (float)i;
	checkpoint_set_integer(event.checkpoint, "step", (uint64_t)step);
	return event;
}

static inline void tell_checkpoint(struct recorder *recorder, int64_t step, uint64_t command_id, bool last)
{
	struct event event = new_checkpoint(step);
	event.command_id = command_id;
	event.last = last;
	recorder_take_event(recorder, &event);
}

#endif
