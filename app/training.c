#include "app/training.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/interrupt.h"
#include "app/run_verdict.h"
#include "app/settings.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/base/user_folder.h"
#include "engine/tensor/parallel.h"
#include "engine/tensor/precision.h"

struct training {
	struct recorder *recorder; /* borrowed */
	struct engine *engine;
	struct run run;
	enum engine_state state;
	double ended_at;           /* when somebody began to wait for the disk; 0: nobody has */
	bool waiting_told;
};

/* Read once: the system asks every core, which takes a millisecond. */
static const char *processor_name(void)
{
	static char name[160];
	char line[256];
	FILE *file = *name ? NULL : fopen("/proc/cpuinfo", "re");
	while (file && !*name && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		text_copy(name, sizeof name, colon + 2);
	}
	if (file)
		fclose(file);
	return *name ? name : "unknown processor";
}

void machine_describe(const char *precision, char *target, size_t size)
{
	char kernel[48];
	int cores = parallel_usable_cores();
	precision_describe(precision, kernel, sizeof kernel);
	snprintf(target, size, "%s, %d core%s, %s", processor_name(), cores, cores == 1 ? "" : "s", kernel);
}

/* ---- where a run continues ---- */

static bool take_checkpoint(struct store *store, const struct run *run, int64_t step, struct training_start *start,
                            struct error *error)
{
	struct checkpoint_row row;
	if (!store_find_checkpoint(store, run->id, step, &row, error))
		return false;
	start->checkpoint_step = row.step;
	text_copy(start->checkpoint_path, sizeof start->checkpoint_path, row.path);
	text_copy(start->checkpoint_hash, sizeof start->checkpoint_hash, row.hash);
	return true;
}

/* The settings as configured, with the changes that were made live up to the checkpoint: the journal says them. */
struct journal_replay {
	struct gan_settings *settings;
	int64_t last_step;
	struct error *error;
	bool good;
};

static void replay_entry(void *context, const struct journal_entry *entry)
{
	struct journal_replay *replay = context;
	const struct setting_row *row = setting_find(entry->field);
	if (row && entry->step <= replay->last_step && replay->good)
		replay->good = settings_set(replay->settings, row, "the run's journal", entry->value, replay->error);
}

static bool take_settings(struct store *store, const struct run *run, struct training_start *start, struct error *error)
{
	if (!settings_from_text(run->config_json, &start->configured, error))
		return error_prefix(error, "run %s", run->name);
	start->settings = start->configured;
	struct journal_replay replay = {&start->settings, start->checkpoint_step, error, true};
	return store_visit_journal(store, run->id, replay_entry, &replay, error) && replay.good;
}

/* The newest checkpoint before `step` whose file is there. */
static bool find_before(struct store *store, int64_t run, int64_t step, int64_t *found, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	if (!store_list_checkpoints(store, run, &rows, &count, error))
		return false;
	*found = -1;
	for (size_t i = 0; i < count; i++)
		if (rows[i].step < step && rows[i].step > *found && access(rows[i].path, R_OK) == 0)
			*found = rows[i].step;
	free(rows);
	return true;
}

bool training_take_origin(struct store *store, const struct run *run, struct training_start *start, struct error *error)
{
	if (!run->parent_id && run->parent_step > 0)
		return error_set(error, ERROR_INPUT, "run \"%s\" was forked from a run that has been deleted: it cannot begin again", run->name);
	if (!run->parent_id)
		return true;
	char parent[24];
	snprintf(parent, sizeof parent, "%lld", (long long)run->parent_id);
	struct run origin = {0};
	bool good = store_find_run(store, parent, &origin, error) && take_checkpoint(store, &origin, run->parent_step, start, error);
	run_clear(&origin);
	return good;
}

/* At the newest checkpoint before `step`; -1: at the newest. */
static bool prepare_resume(struct store *store, const char *name, int64_t step, struct training_start *start, struct error *error)
{
	struct run run = {0};
	if (!store_find_run(store, name, &run, error))
		return false;
	*start = (struct training_start){.resume_id = run.id};
	int64_t found = -1;
	struct error missing = {0};
	bool good = step < 0 || find_before(store, run.id, step, &found, error);
	if (good && ((step >= 0 && found < 0) || !take_checkpoint(store, &run, found, start, &missing)))
		good = training_take_origin(store, &run, start, error); /* it begins again */
	good = good && take_settings(store, &run, start, error);
	text_copy(start->name, sizeof start->name, run.name);
	run_clear(&run);
	return good;
}

bool training_prepare_resume(struct store *store, const char *name, struct training_start *start, struct error *error)
{
	return prepare_resume(store, name, -1, start, error);
}

bool training_prepare_rollback(struct store *store, const char *name, int64_t step, struct training_start *start,
                               struct error *error)
{
	return prepare_resume(store, name, step < 0 ? 0 : step, start, error);
}

bool training_prepare_fork(struct store *store, const char *run_at_step, struct training_start *start, struct error *error)
{
	char name[RUN_NAME_SIZE];
	int64_t step = -1;
	const char *at = strrchr(run_at_step, '@');
	size_t length = at ? (size_t)(at - run_at_step) : strlen(run_at_step);
	if (length >= sizeof name || (at && (!text_to_int64(at + 1, &step) || step < 0)))
		return error_set(error, ERROR_INPUT, "%s: expected RUN or RUN@STEP, a name or id and a step number", run_at_step);
	memcpy(name, run_at_step, length);
	name[length] = '\0';
	struct run run = {0};
	if (!store_find_run(store, name, &run, error))
		return false;
	*start = (struct training_start){.parent_id = run.id};
	bool good = take_checkpoint(store, &run, step, start, error) && take_settings(store, &run, start, error);
	start->parent_step = start->checkpoint_step;
	start->checkpoint_epochs = run.step > 0 ? run.epochs * (double)start->checkpoint_step / (double)run.step : 0;
	run_clear(&run);
	return good;
}

/* ---- life ---- */

static bool begin_run(struct training *training, const struct training_start *start, struct error *error)
{
	char machine[STORE_TEXT_SIZE];
	machine_describe(start->settings.precision, machine, sizeof machine);
	char *origins = start->origins_known ? settings_origins_to_text(&start->origins) : NULL;
	char *config = settings_to_text(start->resume_id ? &start->configured : &start->settings);
	struct recorder_run_start wanted = {
		.name = start->name,
		.config_json = config,
		.origins_json = origins,
		.settings = &start->settings,
		.machine = machine,
		.parent_id = start->parent_id,
		.parent_step = start->parent_step,
		.resume_id = start->resume_id,
		.resume_step = start->checkpoint_step,
	};
	bool good = recorder_begin_run(training->recorder, &wanted, &training->run, error);
	free(config);
	free(origins);
	return good;
}

/* What the run's curve tells so far, after the recorder has cut it to the checkpoint. The judge is not worth a refusal:
 * one that cannot be fed begins anew. */
static struct verdict_judge *judge_so_far(struct training *training)
{
	struct store *store = store_open(recorder_store_path(training->recorder), STORE_READ, NULL);
	struct verdict_judge *judge = store ? run_verdict_judge(store, &training->run, NULL) : NULL;
	store_close(store);
	return judge;
}

struct training *training_create(struct recorder *recorder, const struct training_start *wanted, struct error *error)
{
	struct training_start settled = *wanted;
	const struct training_start *start = &settled;
	precision_settle(settled.settings.precision, sizeof settled.settings.precision); /* so that the run's row says which it was */
	text_copy(settled.configured.precision, sizeof settled.configured.precision, settled.settings.precision);
	struct training *training = memory_zeroed(1, sizeof *training);
	training->recorder = recorder;
	if (!begin_run(training, start, error)) {
		free(training);
		return NULL;
	}
	struct engine_options options = {.settings = start->settings, .start_paused = start->paused, .hold = start->hold,
		.cues = start->cues, .cue_count = start->cue_count};
	if (!user_folder_cache("references", options.reference_folder, NULL))
		options.reference_folder[0] = '\0'; /* no home: they are measured again each time */
	options.judge = start->resume_id ? judge_so_far(training) : NULL;
	text_copy(options.start_path, sizeof options.start_path, start->checkpoint_path);
	text_copy(options.start_hash, sizeof options.start_hash, start->checkpoint_hash);
	training->engine = engine_create(&options, error);
	if (!training->engine) {
		verdict_judge_destroy(options.judge);
		recorder_end_run(recorder, RUN_FAILED, error ? error->text : NULL);
		run_clear(&training->run);
		free(training);
		return NULL;
	}
	return training;
}

void training_destroy(struct training *training)
{
	if (!training)
		return;
	engine_destroy(training->engine);
	if (training_ended(training))
		recorder_end_run(training->recorder, RUN_STOPPED, NULL);
	else
		recorder_end_run(training->recorder, RUN_CRASHED, "left without saving");
	run_clear(&training->run);
	free(training);
}

/* ---- news ---- */

static bool pump_events(struct training *training, const struct training_watcher *watcher)
{
	bool any = false;
	struct event event;
	engine_drain_wake(training->engine);
	while (engine_poll(training->engine, &event)) {
		any = true;
		if (event.kind == EVENT_STATE)
			training->state = event.state;
		if (watcher->event)
			watcher->event(watcher->context, &event);
		recorder_take_event(training->recorder, &event);
	}
	return any;
}

static bool pump_reports(struct training *training, const struct training_watcher *watcher)
{
	bool any = false;
	struct recorder_report report;
	recorder_drain_wake(training->recorder);
	while (recorder_poll_report(training->recorder, &report)) {
		any = true;
		bool checkpoint = report.kind == RECORDER_CHECKPOINT_WRITTEN || report.kind == RECORDER_CHECKPOINT_LOST;
		if (checkpoint && report.run == training->run.id)
			engine_checkpoint_done(training->engine);
		if (watcher->report)
			watcher->report(watcher->context, &report);
	}
	return any;
}

bool training_pump(struct training *training, const struct training_watcher *watcher)
{
	bool events = pump_events(training, watcher);
	bool reports = pump_reports(training, watcher);
	return events || reports;
}

void training_wait(struct training *training, double seconds)
{
	struct pollfd wakes[] = {
		{.fd = engine_wake_descriptor(training->engine), .events = POLLIN},
		{.fd = recorder_wake_descriptor(training->recorder), .events = POLLIN},
	};
	poll(wakes, 2, seconds < 0 ? -1 : (int)(seconds * 1000));
}

/* Once, when it lasts: why the prompt does not come back. */
static void tell_waiting(struct training *training, const struct training_watcher *watcher)
{
	static const double PATIENCE = 1;
	if (training->ended_at == 0)
		training->ended_at = clock_seconds();
	if (training->waiting_told || clock_seconds() - training->ended_at < PATIENCE)
		return;
	training->waiting_told = true;
	struct recorder_report report = {.kind = RECORDER_TROUBLE, .waiting = recorder_waiting(training->recorder)};
	text_copy(report.text, sizeof report.text, "the training has ended: waiting until the disk takes what is left, which Ctrl-C gives up");
	if (watcher->report)
		watcher->report(watcher->context, &report);
}

bool training_go_on(struct training *training, const struct training_watcher *watcher)
{
	const bool ended = training_ended(training);
	if (ended)
		recorder_flush(training->recorder, 0.5);
	else
		training_wait(training, 0.5);
	training_pump(training, watcher);
	if (!ended)
		return interrupt_count() < 2;
	if (recorder_waiting(training->recorder) == 0) {
		training_pump(training, watcher);
		return false;
	}
	tell_waiting(training, watcher);
	return interrupt_count() < 2 && interrupt_age() < TRAINING_SAVE_SECONDS;
}

bool training_send(struct training *training, const struct command *command)
{
	return engine_send(training->engine, command);
}

const struct run *training_run(const struct training *training) { return &training->run; }
enum engine_state training_state(const struct training *training) { return training->state; }

bool training_ended(const struct training *training)
{
	return training->state == ENGINE_FINISHED || training->state == ENGINE_STOPPED || training->state == ENGINE_FAILED;
}

int training_wake_descriptor(const struct training *training)
{
	return engine_wake_descriptor(training->engine);
}
