/* qgan train: the same training without a screen. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/score_row.h"
#include "app/train_options.h"
#include "engine/base/clock.h"
#include "engine/gan/gan_size.h"
#include "engine/gan/model.h"

struct train_arguments {
	struct train_options train;
	bool json;
};

struct train_state {
	struct training *training;
	bool json, visible;
	struct cli_progress bar;
	struct progress last;  /* the newest step */
	struct verdict verdict;
	struct error failure;
	bool output_lost;      /* stdout is gone (| head): stop and save */
	char checkpoint[STORE_PATH_SIZE];
	double fid, is;        /* the newest; NaN: none yet */
	bool scores_refused;   /* it was told why there are none */
	int64_t good_step;     /* of the newest checkpoint before the end; -1: none */
	struct replay replay;  /* run 0: this is none */
	struct replay_result replayed;
	struct trainer_facts facts; /* zeros until the training is built */
	bool began;                 /* it was built */
};

static json_t *step_to_json(const struct train_state *state, const struct progress *progress)
{
	const struct step_report *report = &progress->report;
	const struct model_family *family = model_family_find(training_run(state->training)->model, NULL);
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	                 "run", training_run(state->training)->name,
	                 "step", (json_int_t)report->step,
	                 "epoch", cli_json_real(report->epochs),
	                 "loss_d", cli_json_real(report->loss[NETWORK_D]),
	                 "loss_g", cli_json_real(report->loss[NETWORK_G]),
	                 "d_real", cli_json_real(report->d_real),
	                 "d_fake", cli_json_real(report->d_fake),
	                 "d_says", family ? family->score_name : "score",
	                 "wasserstein", cli_json_real(report->wasserstein),
	                 "penalty", cli_json_real(report->penalty),
	                 "gradient_norm_d", cli_json_real(report->gradient_norm[NETWORK_D]),
	                 "gradient_norm_g", cli_json_real(report->gradient_norm[NETWORK_G]),
	                 "images_per_s", cli_json_real(progress->images_per_second),
	                 "gflops", cli_json_real(progress->gflops),
	                 "eta_s", cli_json_real(progress->eta_seconds),
	                 "memory_bytes", cli_json_real(state->facts.memory_bytes),
	                 "picture_bytes", cli_json_real(state->facts.pictures_kept ? state->facts.picture_bytes : 0));
}

static void print_line(struct train_state *state, json_t *line)
{
	if (state->output_lost)
		json_decref(line); /* said once is enough */
	else if (cli_print_json(line) != CLI_DONE)
		state->output_lost = true;
}

static void watch_progress(struct train_state *state, const struct event *event)
{
	state->last = event->progress;
	const struct step_report *report = &event->progress.report;
	char note[160], loss_d[24], loss_g[24], scores[48] = "";
	if (isfinite(state->fid))
		snprintf(scores, sizeof scores, "  FID %.4g IS %.3g", state->fid, state->is);
	snprintf(note, sizeof note, "epoch %.2f  loss D %s G %s%s  %.0f images/s", report->epochs,
	         text_loss(loss_d, sizeof loss_d, report->loss[NETWORK_D]),
	         text_loss(loss_g, sizeof loss_g, report->loss[NETWORK_G]), scores, event->progress.images_per_second);
	cli_progress_update(&state->bar, report->step, note);
}

static void watch_state(struct train_state *state, const struct event *event)
{
	if (event->state == ENGINE_FAILED)
		state->failure = event->error;
}

/* A line of its own kind: "score" is 1, the metric points' lines have no such name. */
static void print_score(struct train_state *state, const struct event *event)
{
	struct score row = {0};
	score_row_fill(&row, event->score);
	json_t *line = score_row_to_json(&row);
	json_object_set_new(line, "run", json_string(training_run(state->training)->name));
	json_object_set_new(line, "score", json_true());
	print_line(state, line);
}

static void watch_score(struct train_state *state, const struct event *event)
{
	const struct evaluation_scores *scores = &event->score->report.scores;
	state->fid = scores->fid;
	state->is = scores->is_mean;
	if (state->json)
		print_score(state, event);
}

/* Once: a training goes on without scores. */
static void watch_scoring(struct train_state *state, const struct event *event)
{
	if (event->error.code == ERROR_NONE || state->scores_refused)
		return;
	state->scores_refused = true;
	cli_warn("scores: %s", event->error.text);
}

/* What it will take, said before anything is read or asked for; an upper bound as long as the data set is not known. */
static bool print_needs(const struct gan_settings *settings, struct error *error)
{
	enum { MOST_CHANNELS = 3 };
	char memory[32], saving[32], pictures[32], d[32], g[32];
	struct gan_size size;
	if (!gan_size_of(settings, MOST_CHANNELS, &size, error))
		return false;
	text_bytes_amount(memory, sizeof memory, size.memory_bytes);
	text_bytes_amount(saving, sizeof saving, size.saving_bytes);
	text_bytes_amount(pictures, sizeof pictures, (double)settings->data_memory * (1 << 20));
	fprintf(stderr, "parameters: D %s, G %s; memory: %s for networks and batches, %s more while saving, for pictures from files "
	                "%s%s\n",
	        text_count(d, sizeof d, (int64_t)size.parameters[NETWORK_D]),
	        text_count(g, sizeof g, (int64_t)size.parameters[NETWORK_G]), memory, saving,
	        settings->data_memory ? "at most " : "what they need", settings->data_memory ? pictures : "");
	return true;
}

/* What was found when it was built. */
static void print_facts(const struct train_state *state)
{
	char pictures[32], bytes[32];
	const struct trainer_facts *facts = &state->facts;
	if (!state->json)
		fprintf(stderr, "%s pictures, %s, %s\n", text_count(pictures, sizeof pictures, (int64_t)facts->pictures),
		        text_bytes_amount(bytes, sizeof bytes, facts->picture_bytes),
		        facts->pictures_kept ? "in memory" : "read from the files as they are needed");
}

static void watch_event(void *context, struct event *event)
{
	struct train_state *state = context;
	switch (event->kind) {
	case EVENT_STARTED:
		state->facts = event->facts;
		state->began = true;
		print_facts(state);
		cli_progress_begin(&state->bar, "training", "steps", event->step, event->facts.last_step);
		break;
	case EVENT_PROGRESS:
		watch_progress(state, event);
		break;
	case EVENT_METRICS:
		if (state->json)
			print_line(state, step_to_json(state, &event->progress));
		break;
	case EVENT_VERDICT:
		state->verdict = event->verdict;
		break;
	case EVENT_STATE:
		watch_state(state, event);
		break;
	case EVENT_SCORE:
		watch_score(state, event);
		break;
	case EVENT_SCORING:
		watch_scoring(state, event);
		break;
	case EVENT_LOADING: case EVENT_LAYERS: case EVENT_SAMPLE: case EVENT_CHECKPOINT: case EVENT_JOURNAL: case EVENT_REPLY:
	case EVENT_SNAPSHOT:
		break;
	}
}

static void watch_report(void *context, const struct recorder_report *report)
{
	struct train_state *state = context;
	if (report->kind == RECORDER_CHECKPOINT_WRITTEN && report->best)
		return; /* of an earlier step than the newest one */
	if (report->kind == RECORDER_CHECKPOINT_WRITTEN) {
		text_copy(state->checkpoint, sizeof state->checkpoint, report->path);
		state->good_step = report->last ? state->good_step : report->step;
	} else {
		cli_warn("%s", report->text);
	}
}

/* Until the end, or until a signal asked for it: one signal saves, a second one leaves. */
static void run_training(struct train_state *state)
{
	struct training_watcher watcher = {state, watch_event, watch_report};
	bool stopping = false;
	while (training_go_on(state->training, &watcher)) {
		if ((interrupt_count() || state->output_lost) && !stopping && !training_ended(state->training)) {
			struct command stop = {.kind = COMMAND_STOP};
			stopping = training_send(state->training, &stop);
		}
	}
}

/* Everything is on disk by now. */
static void check_replay(struct train_state *state, const char *store_path)
{
	struct error error;
	if (state->replay.run == 0)
		return;
	struct store *store = store_open(store_path, STORE_READ, &error);
	if (!store || !replay_compare(store, &state->replay, training_run(state->training)->id, &state->replayed, &error))
		cli_warn("the replay could not be compared: %s", error.text);
	store_close(store);
}

static void print_replay(const struct train_state *state)
{
	const struct replay_result *result = &state->replayed;
	if (result->differs_at)
		fprintf(stderr, "replay of %s: not the same from step %" PRId64 " on (another processor or program?)\n", state->replay.name,
		        result->differs_at);
	else
		fprintf(stderr, "replay of %s: all %" PRId64 " metric points are the same\n", state->replay.name, result->points);
}

static void add_replay(const struct train_state *state, json_t *line)
{
	const struct replay_result *result = &state->replayed;
	json_object_set_new(line, "replay_of", json_string(state->replay.name));
	json_object_set_new(line, "replay_points", json_integer(result->points));
	json_object_set_new(line, "replay_differs_at", result->differs_at ? json_integer(result->differs_at) : json_null());
}

static void print_summary(struct train_state *state)
{
	const char *status = engine_state_name(training_state(state->training));
	if (state->json) {
		json_t *line = step_to_json(state, &state->last);
		json_object_set_new(line, "status", json_string(status));
		json_object_set_new(line, "verdict", json_string(verdict_kind_name(state->verdict.kind)));
		json_object_set_new(line, "verdict_reason", json_string(state->verdict.reason));
		if (*state->checkpoint)
			json_object_set_new(line, "checkpoint", json_string(state->checkpoint));
		if (state->replay.run)
			add_replay(state, line);
		print_line(state, line);
		return;
	}
	fprintf(stderr, "%s %s at step %" PRId64 "\n", training_run(state->training)->name, status, state->last.report.step);
	fprintf(stderr, "%s: %s%s%s\n", verdict_kind_name(state->verdict.kind), state->verdict.reason,
	        *state->verdict.action ? "; try: " : "", state->verdict.action);
	if (*state->checkpoint)
		fprintf(stderr, "checkpoint %s\n", state->checkpoint);
	if (state->replay.run)
		print_replay(state);
}

/* Nobody is here to go back: say how, to before the trouble began if something was saved there. */
static void advise(const struct train_state *state)
{
	char at[32] = "";
	if (state->good_step >= 0)
		snprintf(at, sizeof at, "@%" PRId64, state->good_step);
	if (!*state->checkpoint)
		cli_warn("nothing was saved before it; start again with lower rates");
	else
		cli_warn("to go on with lower rates: qgan train --from %s%s --d-learning-rate RATE --g-learning-rate RATE",
		         training_run(state->training)->name, at);
}

static int exit_status(const struct train_state *state, size_t lost)
{
	if (state->failure.code != ERROR_NONE)
		return cli_fail(&state->failure);
	if (lost) {
		cli_warn("%zu facts could not be written to the store", lost);
		return CLI_FAILED;
	}
	if (interrupt_exit_status())
		return interrupt_exit_status();
	if (state->replayed.differs_at)
		return CLI_TARGET_MISSED;
	return state->output_lost ? CLI_FAILED : CLI_DONE;
}

/* Wrong input that only the loading found, a batch of more than all pictures, say: it leaves no run. */
static void forget_run(const char *store_path, int64_t run)
{
	struct error kept; /* it stays as a failed one then, and says why itself */
	double bytes;
	struct store *store = store_open(store_path, STORE_WRITE, &kept);
	if (store && store_trash_run(store, run, true, &kept))
		store_purge_run(store, run, &bytes, &kept);
	store_close(store);
}

static int train(struct train_state *state, const char *store_path, const struct training_start *start)
{
	struct error error = {0};
	if (!state->json && !print_needs(&start->settings, &error))
		return cli_fail(&error);
	struct recorder *recorder = recorder_create(store_path, &error);
	if (!recorder)
		return cli_fail(&error);
	interrupt_install();
	state->training = training_create(recorder, start, &error);
	if (!state->training) {
		recorder_destroy(recorder, 0);
		return cli_fail(&error);
	}
	if (!state->json)
		fprintf(stderr, "run %s\n", training_run(state->training)->name);
	run_training(state);
	cli_progress_end(&state->bar);
	check_replay(state, store_path);
	if (state->failure.code == ERROR_NONE)
		print_summary(state);
	else if (state->failure.code == ERROR_NUMERIC)
		advise(state);
	const bool nothing = state->failure.code == ERROR_INPUT && !start->resume_id && !state->began;
	const int64_t run = training_run(state->training)->id;
	training_destroy(state->training);
	const size_t lost = recorder_destroy(recorder, interrupt_count() > 1 ? 0 : TRAINING_SAVE_SECONDS);
	if (nothing)
		forget_run(store_path, run);
	return exit_status(state, lost);
}

static int run(int argc, char **argv)
{
	struct train_arguments arguments = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_train.syntax, subcommand_train.help, argc, argv, &arguments, &words, &status))
		return status;
	char store_path[PATH_SIZE];
	struct training_start start;
	struct error error = {0};
	struct train_state state = {.json = arguments.json, .good_step = -1, .fid = NAN, .is = NAN};
	if (!train_options_resolve(&arguments.train, store_path, &start, &state.replay, &error)) {
		replay_clear(&state.replay);
		return cli_fail(&error);
	}
	state.last.report = (struct step_report){.step = start.checkpoint_step, .epochs = NAN, .loss = {NAN, NAN},
		.d_real = NAN, .d_fake = NAN, .wasserstein = NAN, .penalty = NAN, .gradient_norm = {NAN, NAN}}; /* until a step is made */
	status = train(&state, store_path, &start);
	replay_clear(&state.replay);
	return status;
}

static const struct cli_option options[] = {
	TRAIN_OPTIONS(struct train_arguments, train),
	{.name = "replay", .kind = CLI_TEXT, .argument = "RUN", .offset = offsetof(struct train_arguments, train.replay),
	 .help = "a new run that repeats a recorded one, with every change of its journal, and compares the losses"},
	CLI_JSON(struct train_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_train = {
	.name = "train",
	.help = "Train without a screen: a progress line, or JSON lines with --json.",
	.syntax = {
		.options = options,
		.shared_title = "Settings",
		.shared = settings_options,
		.shared_offset = offsetof(struct train_arguments, train.settings),
		.notes = "Ctrl-C or SIGTERM saves a checkpoint and ends (status 130, 143); another one, a second or more later, leaves at\n"
		         "once. A lost terminal (SIGHUP) does not end the training.\n\n"
		         "Other bits or another quantizer, by --from or live, keep the float weights, the optimizer's moments and\n"
		         "counts, and batch norm's running statistics, which adapt. --bits is stronger than --exempt, and that than\n"
		         "--d-bits and --g-bits.\n\n"
		         "--replay ends where RUN has come to and exits with 3 when a metric point is not the same to the last bit,\n"
		         "which another kind of processor may cause.\n\n"
		         "Live scores (FID, KID, Inception Score) are of the quantized G's pictures, drawn between two steps, rounded to\n"
		         "8 bits and looked at while the training goes on, which they do not change. Without --eval-every one is taken\n"
		         "whenever all of them together stay within 6 % of the steps' time; making the reference, once for a data set and\n"
		         "then kept in the cache folder, comes on top. The checkpoint of the lowest FID is kept. With --json a score is\n"
		         "a line of its own, with \"score\": true, and says all it depends on.\n",
	},
	.run = run,
};
