#include "ui/terminal_ask.h"

#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "ui/terminal_probe.h"

enum { LOOK_MS = 50 }; /* how often the probe's own time limit is looked at */

static bool is_own_terminal(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void send_questions(struct text *out)
{
	for (size_t sent = 0; sent < out->length;) {
		ssize_t wrote = write(STDOUT_FILENO, out->bytes + sent, out->length - sent);
		if (wrote <= 0)
			break;
		sent += (size_t)wrote;
	}
	text_clear(out);
}

static void converse(struct terminal_ability *ability)
{
	struct terminal_probe probe = {0};
	struct input input = {0};
	struct input_event event;
	struct text out = {0};
	terminal_probe_start(&probe, &out);
	for (bool given_back = false; terminal_probe_expects(&probe);) {
		send_questions(&out);
		if (poll(&(struct pollfd){STDIN_FILENO, POLLIN, 0}, 1, LOOK_MS) > 0 && input_read(&input, STDIN_FILENO) < 0)
			break;
		while (input_next(&input, false, &event))
			if (event.kind == INPUT_REPLY)
				terminal_probe_take(&probe, ability, &event, &out);
		if (ability->known && !given_back) {
			terminal_probe_restore(&probe, &out);
			given_back = true;
		}
	}
	send_questions(&out);
}

bool terminal_ask(struct terminal_ability *ability)
{
	struct termios line;
	*ability = (struct terminal_ability){0};
	if (!is_own_terminal() || tcgetattr(STDIN_FILENO, &line))
		return false;
	sigset_t deadly, before; /* a signal in this second waits, so that the line is put back first */
	sigemptyset(&deadly);
	sigaddset(&deadly, SIGINT);
	sigaddset(&deadly, SIGQUIT);
	sigaddset(&deadly, SIGTERM);
	sigaddset(&deadly, SIGTSTP);
	sigprocmask(SIG_BLOCK, &deadly, &before);
	struct termios raw = line;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	converse(ability);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &line);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return true;
}
