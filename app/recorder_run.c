#include "app/recorder_run.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

/* ---- a new run ---- */

static const struct {
	const char *data, *shown;
} short_names[] = {
	{.data = "fashion-mnist", .shown = "fmnist"},
};

/* "fmnist-dcgan-7f3a": what is trained, and four digits that are probably not taken. */
static void make_name(const struct gan_settings *settings, char name[RUN_NAME_SIZE])
{
	char data[24];
	snprintf(data, sizeof data, "%.*s", (int)strcspn(settings->data, ":"), settings->data);
	for (char *c = data; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c))
			*c = '-';
	const char *shown = data;
	for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++)
		if (strcmp(short_names[i].data, data) == 0)
			shown = short_names[i].shown;
	uint16_t digits = 0;
	if (getrandom(&digits, sizeof digits, GRND_NONBLOCK) != sizeof digits)
		digits = (uint16_t)(clock_unix() * 1000);
	snprintf(name, RUN_NAME_SIZE, "%s-%s-%04x", shown[0] != '\0' ? shown : "run", settings->model, digits);
}

static bool insert_run(struct store *store, const struct recorder_run_start *start, int64_t *id, struct error *error)
{
	const struct gan_settings *settings = start->settings;
	struct run run = {
		.status = RUN_LIVE,
		.size = settings->size,
		.channels = settings->channels,
		.width = settings->width,
		.batch = settings->batch,
		.d_bits = settings->bits[NETWORK_D],
		.g_bits = settings->bits[NETWORK_G],
		.seed = settings->seed,
		.version = QGAN_VERSION,
		.last_step = settings->steps,
		.step = start->parent_step,
		.loss_d = NAN,
		.loss_g = NAN,
		.parent_id = start->parent_id,
		.parent_step = start->parent_step,
	};
	bool named = start->name && start->name[0] != '\0';
	if (!named)
		make_name(settings, run.name);
	else if (!text_copy(run.name, sizeof run.name, start->name))
		return error_set(error, ERROR_INPUT, "run name \"%.20s...\": at most %d letters", start->name, RUN_NAME_SIZE - 1);
	text_copy(run.model, sizeof run.model, settings->model);
	text_copy(run.data, sizeof run.data, settings->data);
	text_copy(run.quantizer, sizeof run.quantizer, settings->quantizer);
	text_copy(run.machine, sizeof run.machine, start->machine ? start->machine : "");
	run.config_json = memory_text(start->config_json);
	bool success = store_insert_run(store, &run, named && start->exact_name, error) &&
	               (!start->origins_json || store_set_run_origins(store, run.id, start->origins_json, error));
	*id = run.id;
	run_clear(&run);
	return success;
}

/* ---- an old run ---- */

static void disown(struct store *store, const struct run *run)
{
	struct run_progress progress = {
		.status = RUN_CRASHED, .step = run->step, .epochs = run->epochs, .loss_d = run->loss_d, .loss_g = run->loss_g,
		.train_seconds = run->train_seconds, .d_bits = run->d_bits, .g_bits = run->g_bits,
	};
	text_copy(progress.quantizer, sizeof progress.quantizer, run->quantizer);
	text_copy(progress.message, sizeof progress.message, "could not be resumed");
	store_update_run(store, run->id, &progress, NULL);
}

static bool find_by_id(struct store *store, int64_t id, struct run *run, struct error *error)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRId64, id);
	return store_find_run(store, text, run, error);
}

static bool resume_run(struct store *store, const struct recorder_run_start *start, struct error *error)
{
	struct run run;
	if (!store_claim_run(store, start->resume_id, error) || !find_by_id(store, start->resume_id, &run, error))
		return false;
	bool success = store_rewind_run(store, run.id, start->resume_step, error) &&
	               (!start->config_json ||
	                store_update_run_facts(store, run.id, run.channels, run.last_step, start->config_json, error));
	if (!success)
		disown(store, &run);
	run_clear(&run);
	return success;
}

/* ---- both ---- */

struct recorded_run *recorded_run_begin(struct store *store, const struct recorder_run_start *start, struct error *error)
{
	int64_t id = start->resume_id;
	if (id != 0 ? !resume_run(store, start, error) : !insert_run(store, start, &id, error))
		return NULL;
	struct recorded_run *run = memory_zeroed(1, sizeof *run);
	if (!find_by_id(store, id, &run->run, error)) {
		free(run);
		return NULL;
	}
	run->progress = (struct run_progress){
		.status = RUN_LIVE, .step = run->run.step, .epochs = run->run.epochs, .loss_d = run->run.loss_d, .loss_g = run->run.loss_g,
		.d_bits = start->settings->bits[NETWORK_D], .g_bits = start->settings->bits[NETWORK_G],
	};
	text_copy(run->progress.quantizer, sizeof run->progress.quantizer, start->settings->quantizer);
	run->trained = run->run.train_seconds;
	run->written = clock_seconds();
	return run;
}

void recorded_run_destroy(struct recorded_run *run)
{
	if (!run)
		return;
	run_clear(&run->run);
	free(run);
}
