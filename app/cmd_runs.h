/* The verbs of `qgan runs`, one file each, and what they share. Main thread. */
#ifndef QGAN_APP_CMD_RUNS_H
#define QGAN_APP_CMD_RUNS_H

#include "app/commands.h"
#include "app/paths.h"
#include "store/store.h"

extern const struct subcommand subcommand_runs_archive, subcommand_runs_compare, subcommand_runs_delete, subcommand_runs_export,
	subcommand_runs_list, subcommand_runs_note, subcommand_runs_purge, subcommand_runs_rename, subcommand_runs_restore,
	subcommand_runs_show, subcommand_runs_sql, subcommand_runs_tag, subcommand_runs_views;

/* The store of --store (NULL: not given), open; NULL and an error. */
struct store *runs_open_store(const char *given, enum store_mode mode, struct error *error);

/* No training has made a store yet and none was asked for by name: an empty list, not a mistake. */
bool runs_store_is_untouched(const char *given);

#endif
