/* qgan bench ui: the workbench as a person meets it. Starts this very program behind a pseudo-terminal, training on
 * every core, presses keys at random moments and takes the time until the screen shows the answer. */
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/interrupt.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"

enum { CELL_WIDTH = 9, CELL_HEIGHT = 19, MOST_KEYS = 8192, TAIL = 64, CHUNK = 65536 };

static const double first_frame_patience = 20, training_patience = 60, key_patience = 2, end_patience = 20;
static const char curves[] = "P(real)"; /* on the first screen once there is something to draw */

struct arguments {
	double seconds;
	int64_t columns, rows;
	const char *graphics, *store;
	bool json;
};

struct bench {
	pid_t program;
	int terminal;
	char folder[64];
	double started, first_frame, first_cpu, last_cpu, keys_began, keys_ended;
	char seen[TAIL + CHUNK]; /* text without control sequences: the last TAIL bytes and what came since */
	size_t seen_length;
	enum { PLAIN, AFTER_ESCAPE, IN_CONTROL, IN_STRING, LAST_BYTE } state;
	char control[32];
	size_t control_length;
	double bytes, frames;
	double latency[MOST_KEYS]; /* ms, sorted in the end */
	int keys, missed;
	uint32_t random;
};

/* ---- the terminal's side ---- */

static void tell(struct bench *bench, const char *answer)
{
	ssize_t written = write(bench->terminal, answer, strlen(answer));
	(void)written;
}

/* A whole control sequence came: counts frames by their synchronized update, answers like a terminal with sixel. */
static void look_at_control(struct bench *bench)
{
	static const struct {
		const char *question, *answer;
	} answers[] = {
		{"c", "\033[?63;1;2;4;6;9;15;22c"}, {"?1;1;0S", "\033[?1;0;256S"}, {"?2;1;0S", "\033[?2;0;4000;4000S"},
		{"16t", "\033[6;19;9t"}, {"?2026$p", "\033[?2026;2$y"}, {"5n", "\033[0n"},
	};
	bench->frames += strcmp(bench->control, "?2026h") == 0;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (strcmp(bench->control, answers[i].question) == 0)
			tell(bench, answers[i].answer);
}

static void take_byte(struct bench *bench, char byte)
{
	switch (bench->state) {
	case PLAIN:
		if (byte == '\033')
			bench->state = AFTER_ESCAPE;
		else if (bench->seen_length + 1 < sizeof bench->seen)
			bench->seen[bench->seen_length++] = byte;
		break;
	case AFTER_ESCAPE:
		bench->state = byte == '[' ? IN_CONTROL : byte == 'P' || byte == ']' ? IN_STRING : byte == '(' ? LAST_BYTE : PLAIN;
		bench->control_length = 0;
		break;
	case IN_CONTROL:
		if (bench->control_length + 1 < sizeof bench->control)
			bench->control[bench->control_length++] = byte;
		if (byte >= '@' && byte <= '~') {
			bench->control[bench->control_length] = '\0';
			bench->state = PLAIN;
			look_at_control(bench);
		}
		break;
	case IN_STRING:
		bench->state = byte == '\033' ? LAST_BYTE : IN_STRING;
		break;
	case LAST_BYTE: /* of ESC \ or ESC ( B */
		bench->state = PLAIN;
		break;
	}
}

/* Reads what comes within `seconds`, at most one portion. False: nothing came. */
static bool listen(struct bench *bench, double seconds)
{
	char bytes[CHUNK];
	struct pollfd wait = {bench->terminal, POLLIN, 0};
	if (poll(&wait, 1, seconds > 0 ? (int)(seconds * 1000) + 1 : 0) <= 0)
		return false;
	ssize_t got = read(bench->terminal, bytes, sizeof bytes);
	if (got <= 0)
		return false;
	if (bench->seen_length > TAIL) {
		memmove(bench->seen, bench->seen + bench->seen_length - TAIL, TAIL);
		bench->seen_length = TAIL;
	}
	bench->bytes += (double)got;
	for (ssize_t i = 0; i < got; i++)
		take_byte(bench, bytes[i]);
	bench->seen[bench->seen_length] = '\0';
	return true;
}

static void listen_until(struct bench *bench, double end)
{
	for (double now = clock_seconds(); now < end && !interrupt_count(); now = clock_seconds())
		listen(bench, end - now);
}

static bool has_seen(const struct bench *bench, const char *text)
{
	return memmem(bench->seen, bench->seen_length, text, strlen(text)) != NULL;
}

/* Seconds until `text` came; negative: it did not. */
static double await(struct bench *bench, const char *text, double since, double patience)
{
	while (!has_seen(bench, text)) {
		double left = since + patience - clock_seconds();
		if (left <= 0 || interrupt_count())
			return -1;
		listen(bench, left);
	}
	return clock_seconds() - since;
}

/* ---- the program's side ---- */

/* CPU seconds of the program's main thread, which is the ui's. */
static double ui_cpu(const struct bench *bench)
{
	char path[64];
	double nanoseconds = 0;
	snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)bench->program, (int)bench->program);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	int read = fscanf(file, "%lf", &nanoseconds);
	fclose(file);
	return read == 1 ? nanoseconds * 1e-9 : 0;
}

/* Dies with the benchmark: a workbench whose terminal is gone would train on. */
static void become_workbench(const struct bench *bench, const struct arguments *arguments)
{
	char own[96];
	static const char *const folders[] = {"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		setenv(folders[i], bench->folder, 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	snprintf(own, sizeof own, "%s/runs.db", bench->folder);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/proc/self/exe", "qgan", "tui", "--data", "shapes", "--graphics", arguments->graphics, "--store",
	      arguments->store ? arguments->store : own, (char *)NULL);
	_exit(127);
}

static bool start(struct bench *bench, const struct arguments *arguments, struct error *error)
{
	struct winsize size = {
		.ws_col = (unsigned short)arguments->columns, .ws_xpixel = (unsigned short)(arguments->columns * CELL_WIDTH),
		.ws_row = (unsigned short)arguments->rows, .ws_ypixel = (unsigned short)(arguments->rows * CELL_HEIGHT),
	};
	snprintf(bench->folder, sizeof bench->folder, "/tmp/qgan-bench-XXXXXX");
	if (!mkdtemp(bench->folder))
		return error_set_errno(error, "cannot make a folder in /tmp");
	bench->started = clock_seconds();
	bench->program = forkpty(&bench->terminal, NULL, NULL, &size);
	if (bench->program < 0)
		return error_set_errno(error, "cannot start the workbench behind a pseudo-terminal");
	if (bench->program == 0)
		become_workbench(bench, arguments);
	interrupt_install();
	bench->first_frame = await(bench, "qgan", bench->started, first_frame_patience);
	if (bench->first_frame < 0)
		return error_set(error, ERROR_STATE, "the workbench showed nothing: %.60s", bench->seen);
	if (await(bench, curves, clock_seconds(), training_patience) < 0)
		return error_set(error, ERROR_STATE, "the workbench did not begin to train");
	return true;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	remove(path);
	return 0;
}

static void end(struct bench *bench)
{
	if (bench->program > 0) {
		double limit = clock_seconds() + end_patience;
		kill(bench->program, SIGTERM);
		while (waitpid(bench->program, NULL, WNOHANG) == 0) {
			if (clock_seconds() > limit)
				kill(bench->program, SIGKILL);
			if (!listen(bench, 0.05))
				poll(NULL, 0, 20);
		}
		close(bench->terminal);
	}
	nftw(bench->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the keys ---- */

static double random_between(struct bench *bench, double low, double high)
{
	bench->random = bench->random * 1664525u + 1013904223u;
	return low + (high - low) * (bench->random >> 8) / (double)(1 << 24);
}

/* What a key brings to the screen that was not there before, in an order that makes it so; NULL: only load. */
static const struct {
	const char *key, *answer;
} round_of_keys[] = {
	{"5", "newest"}, {"1", curves}, {"?", "closes"}, {"?", NULL}, {"]", NULL}, {"5", "newest"}, {"?", "closes"}, {"?", NULL},
	{"1", curves}, {"W", "smooth 0.5"}, {"+", NULL}, {"t", NULL}, {"c", NULL}, {"h", NULL}, {"c", NULL}, {"w", NULL}, {"0", NULL},
	{"[", NULL}, {"8", "differ from"}, {"1", curves}, {"2", NULL},
};
enum { ROUND = sizeof round_of_keys / sizeof *round_of_keys };

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static void press_keys(struct bench *bench, double seconds)
{
	double until = clock_seconds() + seconds;
	bench->keys_began = clock_seconds();
	bench->first_cpu = ui_cpu(bench);
	bench->bytes = bench->frames = 0;
	for (size_t i = 0; clock_seconds() < until && !interrupt_count() && bench->keys < MOST_KEYS; i = (i + 1) % ROUND) {
		listen_until(bench, clock_seconds() + random_between(bench, 0.05, 0.15));
		bench->seen_length = 0;
		double pressed = clock_seconds();
		tell(bench, round_of_keys[i].key);
		if (!round_of_keys[i].answer)
			continue;
		double latency = await(bench, round_of_keys[i].answer, pressed, key_patience);
		bench->missed += latency < 0;
		bench->latency[bench->keys++] = 1e3 * (latency < 0 ? key_patience : latency);
	}
	bench->last_cpu = ui_cpu(bench);
	bench->keys_ended = clock_seconds();
	qsort(bench->latency, (size_t)bench->keys, sizeof *bench->latency, compare_doubles);
}

static double percentile(const struct bench *bench, double share)
{
	int rank = (int)(share * bench->keys + 0.999999);
	return bench->latency[rank < 1 ? 0 : rank > bench->keys ? bench->keys - 1 : rank - 1];
}

static int report(const struct bench *bench, bool json)
{
	double seconds = bench->keys_ended - bench->keys_began, cpu = 100 * (bench->last_cpu - bench->first_cpu) / seconds;
	double p50 = percentile(bench, 0.50), p95 = percentile(bench, 0.95), p99 = percentile(bench, 0.99);
	if (json)
		return cli_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:i, s:i}",
			"first_frame_ms", cli_json_real(bench->first_frame * 1e3), "key_p50_ms", cli_json_real(p50), "key_p95_ms", cli_json_real(p95),
			"key_p99_ms", cli_json_real(p99), "ui_thread_cpu_percent", cli_json_real(cpu), "frames", (int)bench->frames,
			"bytes_per_s", cli_json_real(bench->bytes / seconds), "keys", bench->keys, "keys_missed", bench->missed));
	printf("first frame   %.0f ms after the start\n", bench->first_frame * 1e3);
	printf("key to screen p50 %.1f ms, p95 %.1f ms, p99 %.1f ms (%d keys, %d without an answer)\n", p50, p95, p99, bench->keys,
	       bench->missed);
	printf("ui thread     %.2f %% of a core, %.1f frames and %.0f kB a second\n", cpu, bench->frames / seconds,
	       bench->bytes / seconds / 1000);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {.seconds = 20, .columns = 150, .rows = 44, .graphics = "auto"};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_bench_ui.syntax, subcommand_bench_ui.help, argc, argv, &arguments, &words, &status))
		return status;
	struct bench *bench = memory_zeroed(1, sizeof *bench);
	bench->random = 1;
	bool ok = start(bench, &arguments, &error);
	if (ok)
		press_keys(bench, arguments.seconds);
	end(bench);
	if (ok && bench->keys == bench->missed)
		ok = error_set(&error, ERROR_STATE, "the workbench answered no key");
	status = interrupt_exit_status() ? interrupt_exit_status() : ok ? report(bench, arguments.json) : cli_fail(&error);
	free(bench);
	return status;
}

static const struct cli_option options[] = {
	{.name = "seconds", .kind = CLI_REAL, .argument = "S", .offset = offsetof(struct arguments, seconds), .min = 1, .max = 600,
	 .standard = "20", .help = "how long keys are pressed"},
	{.name = "columns", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, columns), .min = 80, .max = 1000,
	 .standard = "150", .help = "width of the terminal"},
	{.name = "rows", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, rows), .min = 24, .max = 500,
	 .standard = "44", .help = "height of the terminal"},
	{.name = "graphics", .kind = CLI_TEXT, .argument = "HOW", .offset = offsetof(struct arguments, graphics),
	 .standard = "auto", .help = "how pictures are drawn, as in qgan tui; the terminal can do sixel"},
	{.name = "store", .kind = CLI_TEXT, .argument = "FILE", .offset = offsetof(struct arguments, store),
	 .help = "train in this store, which keeps the run; else in an empty one, removed afterwards"},
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_bench_ui = {
	.name = "ui",
	.help = "Start the workbench behind a pseudo-terminal while it trains, and time its answers to keys.",
	.syntax = {.options = options},
	.run = run,
};
