#include "app/background.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app/paths.h"

static pid_t process;

pid_t background_process(void) { return process; }

/* Where a child's output goes: into the log, or nowhere. Opened before there is a child, in which little may be done. */
static int open_log(void)
{
	char path[PATH_SIZE];
	int log = path_log(path, NULL) ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	return log >= 0 ? log : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* The child's life up to exec; a failure's errno goes back through the pipe, which exec itself closes. */
static _Noreturn void become(const char *const arguments[], int log, int failures)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	setsid();
	dup2(nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv("/proc/self/exe", (char *const *)arguments);
	int number = errno;
	ssize_t written = write(failures, &number, sizeof number);
	_exit(written > 0 ? 127 : 126);
}

bool background_start(const char *const arguments[], struct error *error)
{
	int failures[2];
	if (pipe2(failures, O_CLOEXEC) != 0)
		return error_set_errno(error, "cannot start qgan %s in the background", arguments[1]);
	int log = open_log();
	process = fork();
	if (process == 0)
		become(arguments, log, failures[1]);
	int number = errno;
	close(log);
	close(failures[1]);
	bool failed = process < 0 || read(failures[0], &number, sizeof number) > 0;
	close(failures[0]);
	errno = number;
	return !failed || error_set_errno(error, "cannot start qgan %s in the background", arguments[1]);
}

bool background_resume(const char *run, const char *store_path, struct error *error)
{
	const char *const arguments[] = {"qgan", "train", "--resume", run, "--store", store_path, NULL};
	return background_start(arguments, error) || error_prefix(error, "%s", run);
}
