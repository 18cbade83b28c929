/* What the suites of the session share: a store and tiny pictures in folders of their own, a training on them, keys
 * pressed and things waited for. */
#ifndef QGAN_TESTS_SESSION_FIXTURE_H
#define QGAN_TESTS_SESSION_FIXTURE_H

#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/session.h"
#include "app/settings.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "tests/tiny_pictures.h"

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

enum { BATCH = 8, LAYERS = 4 };
static const double PATIENCE = 60; /* seconds; only a hung program needs them */

struct scene {
	struct temporary_folder data, folder;
	char store[STORE_PATH_SIZE];
	char spec[DATASET_SPEC_SIZE];
};

static inline int set_up(void **state)
{
	struct scene *scene = memory_zeroed(1, sizeof *scene);
	temporary_folder_create(&scene->data);
	temporary_folder_create(&scene->folder);
	tiny_pictures_write(&scene->data, scene->spec, sizeof scene->spec);
	text_copy(scene->store, sizeof scene->store, temporary_path(&scene->folder, "runs.db"));
	setenv("XDG_STATE_HOME", scene->folder.path, 1); /* what a workbench remembers is no person's */
	setenv("XDG_CACHE_HOME", scene->folder.path, 1);
	*state = scene;
	return 0;
}

static inline int tear_down(void **state)
{
	struct scene *scene = *state;
	temporary_folder_remove(&scene->data);
	temporary_folder_remove(&scene->folder);
	free(scene);
	return 0;
}

/* A training without end that tells much. */
static inline struct training_start tiny_start(const struct scene *scene, const char *name)
{
	struct training_start start = {0};
	struct gan_settings *settings = &start.settings;
	settings_set_defaults(settings);
	text_copy(settings->data, sizeof settings->data, scene->spec);
	text_copy(start.name, sizeof start.name, name);
	settings->width = 4;
	settings->latent = 10;
	settings->batch = BATCH;
	settings->threads = 1;
	settings->steps = settings->epochs = 0;
	settings->metric_every = 1;
	settings->layers_every = 25;
	settings->sample_every = 50;
	settings->samples = 4;
	return start;
}

static inline struct session *open_session(const struct scene *scene, const struct training_start *start)
{
	struct error error = {0};
	struct session *session = session_create(scene->store, start, &error);
	if (!session)
		fail_msg("%s", error.text);
	return session;
}

static inline const struct view *view_of(struct session *session)
{
	struct ui_host host = session_host(session);
	return host.view(host.context);
}

static inline void request(struct session *session, struct action_request request)
{
	struct ui_host host = session_host(session);
	host.act(host.context, &request);
}

static inline void press(struct session *session, enum action action)
{
	request(session, (struct action_request){.action = action});
}

typedef bool condition(struct session *session, int64_t number);

/* As the screen does it: woken by the session's descriptor, and once a second without that. */
#define wait_until(session, condition, number) wait_for(session, condition, number, #condition)
static inline void wait_for(struct session *session, condition *holds, int64_t number, const char *name)
{
	struct ui_host host = session_host(session);
	double end = clock_seconds() + PATIENCE;
	while (!holds(session, number)) {
		struct pollfd wake = {.fd = host.wake_descriptors[0], .events = POLLIN};
		poll(&wake, 1, 1000);
		host.update(host.context);
		if (clock_seconds() > end)
			fail_msg("waited in vain for %s(%lld); %s", name, (long long)number, view_of(session)->run.message);
	}
}

static inline bool state_is(struct session *session, int64_t state)
{
	return view_of(session)->run.state == (enum view_state)state;
}

static inline bool step_reached(struct session *session, int64_t step) { return view_of(session)->run.step >= step; }

static inline bool is_leaving(struct session *session, int64_t nothing)
{
	(void)nothing;
	struct ui_host host = session_host(session);
	return host.leaving(host.context);
}

static inline bool has_line(const struct view *view, const char *text)
{
	int64_t first = view->log_count > VIEW_LOG_LINES ? view->log_count - VIEW_LOG_LINES : 0;
	for (int64_t i = first; i < view->log_count; i++)
		if (strstr(view->log[i % VIEW_LOG_LINES].text, text))
			return true;
	return false;
}

static inline void save_and_leave(struct session *session)
{
	press(session, ACTION_QUIT_SAVE);
	wait_until(session, is_leaving, 0);
	assert_int_equal(session_destroy(session, 0), 0);
}

#endif
