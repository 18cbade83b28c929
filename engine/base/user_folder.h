/* The folders of a user's files (XDG base directories), and making them. Any thread. */
#ifndef QGAN_ENGINE_BASE_USER_FOLDER_H
#define QGAN_ENGINE_BASE_USER_FOLDER_H

#include "engine/base/error.h"

enum { USER_FOLDER_PATH = 4096 }; /* bytes of a path, its end included */

/* "$VARIABLE/qgan/NAME"; "~/FALLBACK/qgan/NAME" when the variable is not set to an absolute path, as the specification
 * says. Touches nothing on disk. ERROR_INPUT when no home is known or the path is too long. */
bool user_folder_path(const char *variable, const char *fallback, const char *name, char path[USER_FOLDER_PATH],
                      struct error *error);

/* Below XDG_CACHE_HOME (~/.cache): what can be made again. */
bool user_folder_cache(const char *name, char path[USER_FOLDER_PATH], struct error *error);

/* Makes the missing folders above `path`, each with mode 0700. */
bool user_folder_make_parents(const char *path, struct error *error);

#endif
