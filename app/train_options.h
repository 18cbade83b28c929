/* What `qgan train` and the workbench have in common on the command line: settings, store, where weights come from. */
#ifndef QGAN_APP_TRAIN_OPTIONS_H
#define QGAN_APP_TRAIN_OPTIONS_H

#include "app/cli.h"
#include "app/paths.h"
#include "app/replay.h"
#include "app/settings.h"
#include "app/training.h"

struct train_options {
	const char *store, *name, *from, *resume, *replay;
	struct settings_words settings;
};

/* Rows for an arguments struct that embeds `struct train_options` as `field`. */
#define TRAIN_OPTIONS(type, field) \
	CLI_STORE(type, field.store), \
	{.name = "run-name", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(type, field.name), \
	 .help = "call the run so (a number is added when the name is taken)"}, \
	{.name = "from", .kind = CLI_TEXT, .argument = "RUN[@STEP]", .offset = offsetof(type, field.from), \
	 .help = "a new run from a recorded checkpoint and its settings; --steps and --epochs count from there"}, \
	{.name = "resume", .kind = CLI_TEXT, .argument = "RUN", .offset = offsetof(type, field.resume), \
	 .help = "continue a recorded run exactly where it was saved"}

/* Fills the store's path and what to train. ERROR_INPUT says which words do not fit together. `replay` is needed for .replay
 * only (replay_clear), and lends its cues to *start. */
bool train_options_resolve(const struct train_options *options, char store_path[PATH_SIZE], struct training_start *start,
                           struct replay *replay, struct error *error);

/* A fork trains as much again as its settings say: its end counts from its checkpoint. */
void train_options_count_from_checkpoint(struct training_start *start);

#endif
