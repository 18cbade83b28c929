/* Which runs a command means: names, ids, and --filter as the list has it. Main thread. */
#ifndef QGAN_APP_RUN_CHOICE_H
#define QGAN_APP_RUN_CHOICE_H

#include "app/cli.h"
#include "app/run_list.h"

#define CLI_RUN_FILTER(type, field) \
	{.name = "filter", .kind = CLI_TEXT, .argument = "TEXT", .offset = offsetof(type, field), .hints = run_field_names, \
	 .help = "every run that matches, as in qgan runs list, besides those named"}

struct run_choice {
	struct run *runs; /* each once: those named, in order, then those that match, the newest first; may be without config_json */
	size_t count;
};

/* `filter` may be NULL; it chooses from that shelf of the list. ERROR_INPUT: a run is not there, or none is meant. */
bool run_choice_read(struct store *store, const struct cli_words *words, const char *filter, enum run_shelf shelf,
                     struct run_choice *choice, struct error *error);
void run_choice_clear(struct run_choice *choice); /* a zeroed one is fine */

/* The run as the store has it now, with its settings; the caller's. */
bool run_choice_find(const struct run_choice *choice, size_t index, struct store *store, struct run *run, struct error *error);

#endif
