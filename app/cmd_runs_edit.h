/* What the verbs that change runs share: which runs are meant, all or nothing, and what is said afterwards. Main thread. */
#ifndef QGAN_APP_CMD_RUNS_EDIT_H
#define QGAN_APP_CMD_RUNS_EDIT_H

#include "app/cmd_runs.h"
#include "app/run_choice.h"

struct runs_edit_arguments { /* the options every one of them has; first in its own struct */
	const char *store, *filter;
	bool json;
};

#define RUNS_EDIT_OPTIONS(type, field) \
	CLI_RUN_FILTER(type, field.filter), \
	CLI_STORE(type, field.store), \
	CLI_JSON(type, field.json)

struct runs_edit {
	struct store *store; /* open for writing */
	struct run_choice choice;
};

/* Runs by name or id and by --filter, on that shelf of the list. ERROR_INPUT: one is not there, or none is meant. */
bool runs_edit_begin(struct runs_edit *edit, const struct runs_edit_arguments *arguments, const struct cli_words *words,
                     enum run_shelf shelf, struct error *error);
void runs_edit_end(struct runs_edit *edit); /* a zeroed one is fine */

/* In one transaction: the first refusal undoes all. */
bool runs_edit_each(struct runs_edit *edit, bool (*change)(struct runs_edit *edit, const struct run *run, const void *context,
                                                           struct error *error),
                    const void *context, struct error *error);

/* The whole verb for any number of runs. `arguments` begins the verb's own struct and is what `change` gets as context. */
int runs_edit_many(const struct subcommand *row, int argc, char **argv, struct runs_edit_arguments *arguments, enum run_shelf shelf,
                   bool (*change)(struct runs_edit *edit, const struct run *run, const void *context, struct error *error),
                   const char *(*describe)(const struct run *run));

/* The whole verb for RUN [TEXT], or --filter and [TEXT]; without TEXT nothing is changed. */
int runs_edit_one(const struct subcommand *row, int argc, char **argv,
                  bool (*change)(struct store *store, int64_t run, const char *text, struct error *error),
                  const char *(*describe)(const struct run *run));

/* How the runs are now: JSON on stdout, or for people "NAME: sentence" a line on stderr, without the sentence when NULL
 * comes back. The exit status. */
int runs_edit_report(struct runs_edit *edit, bool json, const char *(*describe)(const struct run *run));

#endif
