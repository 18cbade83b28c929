#include "app/background.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app/paths.h"

static pid_t process;

pid_t background_process(void) { return process; }

/* Standard input from nowhere, the rest into the log (or nowhere). */
static void redirect(void)
{
	char path[PATH_SIZE];
	int nothing = open("/dev/null", O_RDWR);
	int log = path_log(path, NULL) ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
	dup2(nothing, STDIN_FILENO);
	dup2(log >= 0 ? log : nothing, STDOUT_FILENO);
	dup2(log >= 0 ? log : nothing, STDERR_FILENO);
}

/* The child's life up to exec; a failure's errno goes back through the pipe, which exec itself closes. */
static _Noreturn void become_training(const char *run, const char *store_path, int failures)
{
	const char *const arguments[] = {"qgan", "train", "--resume", run, "--store", store_path, NULL};
	setsid();
	redirect();
	execv("/proc/self/exe", (char *const *)arguments);
	int number = errno;
	ssize_t written = write(failures, &number, sizeof number);
	_exit(written > 0 ? 127 : 126);
}

bool background_resume(const char *run, const char *store_path, struct error *error)
{
	int failures[2];
	if (pipe2(failures, O_CLOEXEC) != 0)
		return error_set_errno(error, "cannot continue %s in the background", run);
	process = fork();
	if (process == 0)
		become_training(run, store_path, failures[1]);
	close(failures[1]);
	int number = errno;
	bool failed = process < 0 || read(failures[0], &number, sizeof number) > 0;
	close(failures[0]);
	errno = number;
	return !failed || error_set_errno(error, "cannot continue %s in the background (qgan train --resume %s does it)", run, run);
}
