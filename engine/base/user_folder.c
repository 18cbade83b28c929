#include "engine/base/user_folder.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The variable's folder when it is absolute, else `fallback` in the home directory. */
static bool base_folder(const char *variable, const char *fallback, char path[USER_FOLDER_PATH], struct error *error)
{
	const char *value = getenv(variable);
	if (value && value[0] == '/') {
		if (snprintf(path, USER_FOLDER_PATH, "%s", value) >= USER_FOLDER_PATH)
			return error_set(error, ERROR_INPUT, "%s is longer than %d bytes", variable, USER_FOLDER_PATH - 1);
		return true;
	}
	const char *home = getenv("HOME");
	if (!home || home[0] != '/') {
		const struct passwd *user = getpwuid(getuid());
		home = user ? user->pw_dir : NULL;
	}
	if (!home || home[0] != '/')
		return error_set(error, ERROR_INPUT, "no home directory is known: set HOME or %s to an absolute path", variable);
	if (snprintf(path, USER_FOLDER_PATH, "%s/%s", home, fallback) >= USER_FOLDER_PATH)
		return error_set(error, ERROR_INPUT, "HOME is longer than %d bytes", USER_FOLDER_PATH - 1);
	return true;
}

bool user_folder_path(const char *variable, const char *fallback, const char *name, char path[USER_FOLDER_PATH],
                      struct error *error)
{
	char base[USER_FOLDER_PATH];
	if (!base_folder(variable, fallback, base, error))
		return false;
	if (snprintf(path, USER_FOLDER_PATH, "%s/qgan/%s", base, name) >= USER_FOLDER_PATH)
		return error_set(error, ERROR_INPUT, "%s makes a path longer than %d bytes", variable, USER_FOLDER_PATH - 1);
	return true;
}

bool user_folder_cache(const char *name, char path[USER_FOLDER_PATH], struct error *error)
{
	return user_folder_path("XDG_CACHE_HOME", ".cache", name, path, error);
}

bool user_folder_make_parents(const char *path, struct error *error)
{
	char folder[USER_FOLDER_PATH];
	if (snprintf(folder, sizeof folder, "%s", path) >= USER_FOLDER_PATH)
		return error_set(error, ERROR_INPUT, "the path is longer than %d bytes", USER_FOLDER_PATH - 1);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) && errno != EEXIST)
			return error_set_errno(error, "cannot make the folder %s", folder);
		*slash = '/';
	}
	return true;
}
