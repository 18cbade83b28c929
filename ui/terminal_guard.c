#include "ui/terminal_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALTERNATE_STACK = 65536, RESTORE_SIZE = 192, SHOWN_MOST = 65536, WRITE_PATIENCE_MS = 1000 };

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static const int quiet_signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};
enum { FATAL = sizeof fatal_signals / sizeof *fatal_signals, QUIET = sizeof quiet_signals / sizeof *quiet_signals };

/* CAN and ST end a half-sent picture; then synchronized update, mouse, paste, colours, character set, wrap,
 * cursor keys, keypad, cursor, alternate screen. */
static const char restoring[] =
	"\030\033\\\033[?2026l\033[?1006l\033[?1003l\033[?1002l\033[?1000l\033[?2004l\033[0m\033(B\017\033[?7h\033[?1l\033>"
	"\033[?25h\033[?1049l";

/* Handlers read this; it changes only while no handler can run on it or by single atomic stores. */
static struct {
	int descriptor, pipe[2], stderr_before, stderr_buffer;
	struct termios line;
	struct sigaction fatal_before[FATAL], quiet_before[QUIET];
	stack_t stack, stack_before;
	char restore[RESTORE_SIZE];
	size_t restore_length;
	atomic_bool armed, resized, suspend, continued, hung_up;
	atomic_int end_signal;
} guard;

static void wake(void)
{
	int before = errno;
	ssize_t written = write(guard.pipe[1], "", 1); /* a full pipe wakes as well */
	(void)written;
	errno = before;
}

static void on_quiet_signal(int number)
{
	switch (number) {
	case SIGWINCH: atomic_store(&guard.resized, true); break;
	case SIGTSTP: atomic_store(&guard.suspend, true); break;
	case SIGCONT: atomic_store(&guard.continued, true); break;
	case SIGHUP: atomic_store(&guard.hung_up, true); break;
	default: atomic_store(&guard.end_signal, number); break;
	}
	wake();
}

/* Async-signal-safe, and never for long: a line that takes nothing is left alone. */
static void write_patiently(int descriptor, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(descriptor, bytes, length);
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) {
			if (poll(&(struct pollfd){descriptor, POLLOUT, 0}, 1, WRITE_PATIENCE_MS) <= 0)
				return;
		} else if (errno != EINTR) {
			return;
		}
	}
}

/* The end of what was written to stderr meanwhile. */
static void show_stderr(int target)
{
	char bytes[4096];
	off_t end = lseek(guard.stderr_buffer, 0, SEEK_END);
	off_t at = end > SHOWN_MOST ? end - SHOWN_MOST : 0;
	for (ssize_t got; at < end && (got = pread(guard.stderr_buffer, bytes, sizeof bytes, at)) > 0; at += got)
		write_patiently(target, bytes, (size_t)got);
}

static void on_fatal_signal(int number)
{
	if (atomic_exchange(&guard.armed, false)) {
		write_patiently(guard.descriptor, guard.restore, guard.restore_length);
		tcsetattr(guard.descriptor, TCSANOW, &guard.line);
		show_stderr(guard.stderr_before);
	}
	for (int i = 0; i < FATAL; i++)
		if (fatal_signals[i] == number)
			sigaction(number, &guard.fatal_before[i], NULL);
	raise(number); /* waits until this handler returns, then ends the process as it should */
}

void guard_restore_registers(int number)
{
	bool armed = atomic_exchange(&guard.armed, false);
	int length = number > 0 ? snprintf(guard.restore, RESTORE_SIZE, "%s\033[?1;3;%dS", restoring, number)
	                        : snprintf(guard.restore, RESTORE_SIZE, "%s", restoring);
	guard.restore_length = (size_t)length;
	atomic_store(&guard.armed, armed);
}

static void install_handlers(void)
{
	guard.stack = (stack_t){.ss_sp = malloc(ALTERNATE_STACK), .ss_size = ALTERNATE_STACK};
	if (guard.stack.ss_sp)
		sigaltstack(&guard.stack, &guard.stack_before);
	struct sigaction fatal = {.sa_handler = on_fatal_signal, .sa_flags = SA_ONSTACK};
	struct sigaction quiet = {.sa_handler = on_quiet_signal}; /* no SA_RESTART: poll() returns */
	sigfillset(&fatal.sa_mask);
	sigfillset(&quiet.sa_mask);
	for (int i = 0; i < FATAL; i++)
		sigaction(fatal_signals[i], &fatal, &guard.fatal_before[i]);
	for (int i = 0; i < QUIET; i++)
		sigaction(quiet_signals[i], &quiet, &guard.quiet_before[i]);
}

bool guard_install(int descriptor, const struct termios *line, struct error *error)
{
	guard.descriptor = descriptor;
	guard.line = *line;
	atomic_store(&guard.resized, false);
	atomic_store(&guard.suspend, false);
	atomic_store(&guard.continued, false);
	atomic_store(&guard.hung_up, false);
	atomic_store(&guard.end_signal, 0);
	guard_restore_registers(0);
	if (pipe2(guard.pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return error_set_errno(error, "cannot make a pipe for signals");
	guard.stderr_buffer = memfd_create("stderr", MFD_CLOEXEC);
	guard.stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (guard.stderr_buffer < 0 || guard.stderr_before < 0) {
		error_set_errno(error, "cannot set stderr aside");
		close(guard.pipe[0]);
		close(guard.pipe[1]);
		close(guard.stderr_buffer);
		close(guard.stderr_before);
		return false;
	}
	fflush(stderr);
	dup2(guard.stderr_buffer, STDERR_FILENO);
	install_handlers();
	return true;
}

void guard_remove(bool lost)
{
	for (int i = 0; i < FATAL; i++)
		sigaction(fatal_signals[i], &guard.fatal_before[i], NULL);
	for (int i = 0; i < QUIET; i++)
		if (!(lost && quiet_signals[i] == SIGHUP))
			sigaction(quiet_signals[i], &guard.quiet_before[i], NULL);
	if (lost)
		signal(SIGHUP, SIG_IGN);
	if (guard.stack.ss_sp) {
		sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
		if (!(guard.stack_before.ss_flags & SS_DISABLE))
			sigaltstack(&guard.stack_before, NULL);
		free(guard.stack.ss_sp);
	}
	fflush(stderr);
	dup2(guard.stderr_before, STDERR_FILENO);
	if (!lost)
		show_stderr(STDERR_FILENO);
	close(guard.stderr_before);
	close(guard.stderr_buffer);
	close(guard.pipe[0]);
	close(guard.pipe[1]);
}

void guard_arm(bool armed) { atomic_store(&guard.armed, armed); }
int guard_wake_descriptor(void) { return guard.pipe[0]; }

struct guard_news guard_take_news(void)
{
	char bytes[64];
	while (read(guard.pipe[0], bytes, sizeof bytes) > 0)
		;
	return (struct guard_news){
		.resized = atomic_exchange(&guard.resized, false),
		.suspend = atomic_exchange(&guard.suspend, false),
		.continued = atomic_exchange(&guard.continued, false),
		.hung_up = atomic_exchange(&guard.hung_up, false),
		.end_signal = atomic_exchange(&guard.end_signal, 0),
	};
}

void guard_suspend(void)
{
	struct sigaction standard = {.sa_handler = SIG_DFL}, ours;
	sigaction(SIGTSTP, &standard, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
	atomic_store(&guard.continued, false); /* the caller knows */
}
