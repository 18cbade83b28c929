/* Where files live (XDG base directories; relative values of the variables are ignored, as the specification says).
 *
 *	store    --store, else QGAN_STORE, else $XDG_DATA_HOME/qgan/runs.db    (~/.local/share)
 *	config   $XDG_CONFIG_HOME/qgan/config                                  (~/.config)
 *	recipes  $XDG_CONFIG_HOME/qgan/recipes                                 (~/.config)
 *	log      $XDG_STATE_HOME/qgan/qgan.log                                 (~/.local/state)
 *	theme    $XDG_STATE_HOME/qgan/theme                                    (likewise)
 *	list     $XDG_STATE_HOME/qgan/run-list                                 (likewise)
 *
 * Main thread. */
#ifndef QGAN_APP_PATHS_H
#define QGAN_APP_PATHS_H

#include "engine/base/error.h"

enum { PATH_SIZE = 4096 };

/* Each fills `path` and touches nothing on disk. ERROR_INPUT when neither the variable nor a home directory is known
 * or the path is too long. `flag` may be NULL. */
bool path_store(const char *flag, char path[PATH_SIZE], struct error *error);
bool path_config(char path[PATH_SIZE], struct error *error);
bool path_recipes(char path[PATH_SIZE], struct error *error); /* a folder */
bool path_theme(char path[PATH_SIZE], struct error *error); /* the chosen theme's name */
bool path_list(char path[PATH_SIZE], struct error *error);  /* the run list's columns and sorting */
bool path_log(char path[PATH_SIZE], struct error *error);

/* Makes the missing folders above `path`, each with mode 0700. */
bool path_make_parents(const char *path, struct error *error);

#endif
