#include "app/study_cell_run.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/interrupt.h"
#include "app/study_score.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/gan/layer_bits.h"
#include "engine/quant/quantizer.h"

#define LOOK_SECONDS 2.0 /* between looks at what other processes ask for */

bool cell_work_open(struct cell_work *work, const char *store_path, struct error *error)
{
	work->recorder = recorder_create(store_path, error);
	work->store = work->recorder ? store_open(store_path, STORE_WRITE, error) : NULL;
	return work->store != NULL;
}

void cell_work_close(struct cell_work *work)
{
	if (work->recorder)
		recorder_destroy(work->recorder, interrupt_count() > 1 ? 0 : TRAINING_SAVE_SECONDS);
	store_close(work->store);
}

/* ---- where a cell's training begins ---- */

static bool is_scratch(const struct study_spec *spec)
{
	return !strcmp(spec->phase, study_phase_names[STUDY_SCRATCH]);
}

/* "paper-table2-em-D1-G32": the letters that runs' names may have. */
static void name_run(const struct cell_work *work, struct training_start *start)
{
	snprintf(start->name, sizeof start->name, "%.31s-%.31s", work->moment.study->name, work->cell->key);
	for (char *c = start->name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '-';
}

/* What a cell trains with, but for its end. */
static bool make_settings(const struct study_spec *spec, const struct study_cell *cell, struct gan_settings *settings,
                          struct error *error)
{
	*settings = spec->settings;
	settings->seed = cell->seed;
	settings->epochs = 0;
	settings->bits[NETWORK_D] = cell->d_bits;
	settings->bits[NETWORK_G] = cell->g_bits;
	if (study_cell_is_base(cell))
		settings->layer_bits[0] = '\0';
	else if (strcmp(cell->method, "float"))
		text_copy(settings->quantizer, sizeof settings->quantizer, cell->method);
	return settings_set(settings, setting_find("model"), "model", cell->model, error) &&
	       settings_parse_config(cell->key, cell->overrides, strlen(cell->overrides), ORIGIN_RUN, settings, NULL, error) &&
	       settings_check(settings, error) && layer_bits_settle(settings, error);
}

/* The run a cell forks from, as "RUN@STEP". */
static bool find_origin(const struct study_spec *spec, const struct study_cell *base, char origin[RUN_NAME_SIZE + 24],
                        struct error *error)
{
	if (*spec->from) {
		text_copy(origin, RUN_NAME_SIZE + 24, spec->from);
		return true;
	}
	if (!base || base->status != CELL_DONE || !base->run)
		return error_set(error, ERROR_STATE, "the float run it starts from %s",
		                 base && *base->message ? base->message : "is missing");
	snprintf(origin, RUN_NAME_SIZE + 24, "%" PRId64, base->run);
	return true;
}

static bool begin_anew(struct cell_work *work, const struct study_spec *spec, const struct study_cell *base,
                       struct training_start *start, struct error *error)
{
	char origin[RUN_NAME_SIZE + 24];
	*start = (struct training_start){0};
	bool fork = !study_cell_is_base(work->cell) && !is_scratch(spec);
	if (fork && (!find_origin(spec, base, origin, error) || !training_prepare_fork(work->store, origin, start, error)))
		return false;
	if (!make_settings(spec, work->cell, &start->settings, error))
		return false;
	start->settings.steps = start->checkpoint_step + (study_cell_is_base(work->cell) ? spec->base_steps : spec->cell_steps);
	name_run(work, start);
	return true;
}

/* The run a cell has begun already. *trained: it needs no more training. False: it is gone, begin anew. */
static bool find_begun(struct cell_work *work, bool *trained, struct training_start *start)
{
	char number[24];
	struct run run = {0};
	struct error ignored;
	*trained = false;
	snprintf(number, sizeof number, "%" PRId64, work->cell->run);
	if (!work->cell->run || !store_find_run(work->store, number, &run, &ignored))
		return false;
	*trained = run.status == RUN_FINISHED;
	bool good = *trained || training_prepare_resume(work->store, number, start, &ignored);
	run_clear(&run);
	return good;
}

/* ---- training ---- */

static void tell(struct cell_work *work)
{
	if (work->watcher && work->watcher->progress)
		work->watcher->progress(work->watcher->context, &work->moment);
}

static void watch_event(void *context, struct event *event)
{
	struct cell_work *work = context;
	struct study_moment *moment = &work->moment;
	if (event->kind == EVENT_STARTED) {
		moment->first_step = event->step;
		moment->last_step = event->facts.last_step;
	} else if (event->kind == EVENT_PROGRESS) {
		moment->step = event->progress.report.step;
		moment->loss_d = event->progress.report.loss[NETWORK_D];
		moment->loss_g = event->progress.report.loss[NETWORK_G];
		moment->images_per_second = event->progress.images_per_second;
		tell(work);
	} else if (event->kind == EVENT_VERDICT) {
		work->verdict = event->verdict;
	} else if (event->kind == EVENT_STATE && event->state == ENGINE_FAILED) {
		work->failure = event->error;
	}
}

static void watch_report(void *context, const struct recorder_report *report)
{
	struct cell_work *work = context;
	bool checkpoint = report->kind == RECORDER_CHECKPOINT_WRITTEN;
	if (!checkpoint && work->watcher && work->watcher->warn)
		work->watcher->warn(work->watcher->context, report->text);
}

/* Ends the training before its time and says why. */
static void cut(struct cell_work *work, const char *why)
{
	const struct command stop = {.kind = COMMAND_STOP};
	if (work->stopping || training_ended(work->training))
		return;
	work->stopping = training_send(work->training, &stop);
	if (work->stopping && why) {
		work->cell->status = CELL_CUT;
		text_copy(work->cell->message, sizeof work->cell->message, why);
	}
}

/* Now and then: does somebody want it cut; and a sign of life. */
static void look_around(struct cell_work *work)
{
	bool asked = false;
	struct error ignored;
	if (clock_seconds() - work->looked < LOOK_SECONDS)
		return;
	work->looked = clock_seconds();
	store_update_study(work->store, work->moment.study->id, STUDY_RUNNING, work->cell->key, 0, &ignored);
	if (store_cut_asked(work->store, work->cell->id, &asked, &ignored) && asked)
		cut(work, "cut by hand");
}

static void train_to_the_end(struct cell_work *work)
{
	const struct training_watcher watcher = {work, watch_event, watch_report};
	while (training_go_on(work->training, &watcher)) {
		if (interrupt_count())
			cut(work, NULL);
		if (work->may_cut && work->verdict.kind == VERDICT_FAILED)
			cut(work, work->verdict.reason);
		look_around(work);
	}
}

/* False: the cell has failed, or its training was interrupted; what there is to say is in *error. */
static bool train(struct cell_work *work, const struct training_start *start, struct error *error)
{
	work->training = training_create(work->recorder, start, error);
	if (!work->training)
		return false;
	work->cell->run = training_run(work->training)->id;
	work->failure = (struct error){0};
	work->verdict = (struct verdict){0};
	work->stopping = false;
	bool good = store_update_cell(work->store, work->cell, error);
	if (good)
		train_to_the_end(work);
	training_destroy(work->training);
	work->training = NULL;
	recorder_flush(work->recorder, interrupt_count() > 1 ? 0 : TRAINING_SAVE_SECONDS);
	text_copy(work->cell->verdict, sizeof work->cell->verdict, verdict_kind_name(work->verdict.kind));
	if (good && work->failure.code != ERROR_NONE) {
		*error = work->failure;
		return false;
	}
	return good;
}

/* ---- the whole cell ---- */

static bool fail_cell(struct cell_work *work, const struct error *error)
{
	work->cell->status = CELL_FAILED;
	text_copy(work->cell->message, sizeof work->cell->message, error->text);
	return true;
}

static bool interrupted(const struct cell_work *work)
{
	return interrupt_count() && work->cell->status == CELL_RUNNING;
}

static void train_and_score(struct cell_work *work, const struct study_spec *spec, const struct study_cell *base)
{
	struct training_start start;
	struct error error = {0};
	bool trained = false, given = study_cell_is_base(work->cell) && *spec->from, good = true;
	if (!given && !find_begun(work, &trained, &start))
		good = begin_anew(work, spec, base, &start, &error);
	if (good && !given && !trained)
		good = train(work, &start, &error);
	if (good && work->cell->status == CELL_RUNNING && !interrupt_count())
		good = study_score_cell(work, spec, &error);
	if (!good && !interrupted(work))
		fail_cell(work, &error);
	else if (good && work->cell->status == CELL_RUNNING && !interrupt_count())
		work->cell->status = CELL_DONE;
}

bool cell_work_run(struct cell_work *work, const struct study_spec *spec, const struct study_cell cells[], size_t count,
                   struct study_cell *cell, struct error *error)
{
	double begun = clock_seconds();
	work->cell = cell;
	work->may_cut = study_spec_cuts(spec) && !study_cell_is_base(cell);
	work->moment = (struct study_moment){.study = work->moment.study, .cell = cell, .cells = work->moment.cells,
		.cells_done = work->moment.cells_done, .seconds_left = work->moment.seconds_left, .loss_d = NAN, .loss_g = NAN};
	cell->status = CELL_RUNNING;
	cell->message[0] = '\0';
	if (!store_update_cell(work->store, cell, error))
		return false;
	tell(work);
	train_and_score(work, spec, study_plan_base(spec, cells, count, cell->model, cell->seed));
	cell->seconds += clock_seconds() - begun;
	if (!store_update_cell(work->store, cell, error))
		return false;
	if (study_cell_is_over(cell) && work->watcher && work->watcher->cell)
		work->watcher->cell(work->watcher->context, cell);
	return true;
}
