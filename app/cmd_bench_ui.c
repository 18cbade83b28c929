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

#include "app/bench_store.h"
#include "app/bench_walk.h"
#include "app/commands.h"
#include "app/interrupt.h"
#include "app/paths.h"
#include "app/run_list.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/thread.h"
#include "ui/theme.h"

enum { CELL_WIDTH = 9, CELL_HEIGHT = 19, MOST_PRESSES = 8192, CHUNK = 65536, OWN_RUNS = 500, OWN_POINTS = 100000, SLOWEST_SHOWN = 5 };

static const double first_frame_patience = 20, training_patience = 60, key_patience = 2, home_patience = 5, end_patience = 20;
static const double still_seconds = 0.06, still_patience = 2, home_pause = 0.15;

struct arguments {
	double seconds;
	int64_t columns, rows;
	const char *graphics, *store;
	bool json;
};

struct bench {
	pid_t program;
	int terminal;
	char folder[64], store[PATH_SIZE];
	double started, first_frame, first_cpu, last_cpu, keys_began, keys_ended;
	struct screen_model *screen;
	const struct bench_key *awaited; /* NULL: none, or answered */
	struct bench_before before;
	double answered;                 /* when: the end of the frame that showed it */
	double bytes, frames;
	struct press {
		int key;                     /* of the walk */
		double ms;
		bool missed;
	} presses[MOST_PRESSES];
	int pressed, missed;
	uint32_t random;
};

/* ---- the terminal's side ---- */

static void tell(struct bench *bench, const char *bytes)
{
	ssize_t written = write(bench->terminal, bytes, strlen(bytes));
	(void)written;
}

/* A frame is a synchronized update; what is asked is answered as by a terminal with sixel. */
static void hear(void *context, const char *sequence)
{
	static const struct {
		const char *question, *answer;
	} answers[] = {
		{"c", "\033[?63;1;2;4;6;9;15;22c"}, {"?1;1;0S", "\033[?1;0;256S"}, {"?2;1;0S", "\033[?2;0;4000;4000S"},
		{"16t", "\033[6;19;9t"}, {"?2026$p", "\033[?2026;2$y"}, {"5n", "\033[0n"},
	};
	struct bench *bench = context;
	bool frame = strcmp(sequence, "?2026l") == 0;
	bench->frames += frame;
	if (frame && bench->awaited && bench_walk_answered(bench->awaited, &bench->before, bench->screen)) {
		bench->awaited = NULL;
		bench->answered = clock_seconds();
	}
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (strcmp(sequence, answers[i].question) == 0)
			tell(bench, answers[i].answer);
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
	bench->bytes += (double)got;
	screen_model_take(bench->screen, bytes, (size_t)got);
	return true;
}

static void listen_until(struct bench *bench, double end)
{
	for (double now = clock_seconds(); now < end && !interrupt_count(); now = clock_seconds())
		listen(bench, end - now);
}

/* Until the key is answered; false: it is not, in this time. */
static bool await(struct bench *bench, double patience)
{
	for (double end = clock_seconds() + patience; bench->awaited && !interrupt_count();) {
		double left = end - clock_seconds();
		if (left <= 0)
			break;
		listen(bench, left);
	}
	return !bench->awaited;
}

/* Until a frame shows the text; false: none does, in this time. */
static bool await_text(struct bench *bench, const char *text, double patience)
{
	const struct bench_key key = {.answer = BENCH_TEXT, .text = text};
	bench->awaited = &key;
	bool came = await(bench, patience);
	bench->awaited = NULL;
	return came;
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
	static const char *const folders[] = {"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		setenv(folders[i], bench->folder, 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/proc/self/exe", "qgan", "tui", "--data", "shapes", "--graphics", arguments->graphics, "--theme", themes[0].name,
	      "--store", bench->store, (char *)NULL);
	_exit(127);
}

static bool go_on(void *context, int64_t done)
{
	(void)context, (void)done;
	return !interrupt_count();
}

/* The store asked for, which must have enough to walk through; else one in our folder, of made-up runs. */
static bool prepare_store(struct bench *bench, const char *asked, struct error *error)
{
	bool changed;
	if (asked)
		text_copy(bench->store, sizeof bench->store, asked);
	else
		snprintf(bench->store, sizeof bench->store, "%s/runs.db", bench->folder);
	struct store *store = store_open(bench->store, STORE_WRITE, error);
	if (!store)
		return false;
	struct run_list *list = run_list_create();
	bool good = (asked || bench_store_fill(store, OWN_RUNS, OWN_POINTS, go_on, NULL, error)) &&
	            run_list_refresh(list, store, &changed, error);
	size_t runs = run_list_total(list);
	if (good && runs < BENCH_WALK_RUNS)
		good = error_set(error, ERROR_INPUT, "--store %s holds %zu runs, but keys walk through %d: leave --store out, or make one with "
			"qgan bench store", asked, runs, BENCH_WALK_RUNS);
	run_list_destroy(list);
	store_close(store);
	return good;
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
	interrupt_install();
	if (!prepare_store(bench, arguments->store, error))
		return false;
	bench->screen = screen_model_create(size.ws_col, size.ws_row, hear, bench);
	bench->started = clock_seconds();
	bench->program = forkpty(&bench->terminal, NULL, NULL, &size);
	if (bench->program < 0)
		return error_set_errno(error, "cannot start the workbench behind a pseudo-terminal");
	if (bench->program == 0)
		become_workbench(bench, arguments);
	if (!await_text(bench, "qgan", first_frame_patience))
		return error_set(error, ERROR_STATE, "the workbench showed nothing");
	bench->first_frame = bench->answered - bench->started;
	if (!await_text(bench, BENCH_DASHBOARD, training_patience))
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
	screen_model_destroy(bench->screen);
	if (*bench->folder)
		nftw(bench->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the keys ---- */

static double random_between(struct bench *bench, double low, double high)
{
	bench->random = bench->random * 1664525u + 1013904223u;
	return low + (high - low) * (bench->random >> 8) / (double)(1 << 24);
}

/* What an earlier key asked for may still come: then it is no answer to the next one. */
static void await_still(struct bench *bench)
{
	double end = clock_seconds() + still_patience;
	for (uint64_t before, after = bench_walk_look(bench->screen).body; clock_seconds() < end && !interrupt_count();) {
		before = after;
		listen_until(bench, clock_seconds() + still_seconds);
		after = bench_walk_look(bench->screen).body;
		if (after == before)
			return;
	}
}

/* False: no answer came. One that was there before says as little. */
static bool press(struct bench *bench, int index)
{
	const struct bench_key *key = &bench_walk[index];
	if (key->answer == BENCH_BODY)
		await_still(bench);
	bench->before = bench_walk_look(bench->screen);
	bool told = key->answer != BENCH_UNASKED && bench_walk_answered(key, &bench->before, bench->screen);
	bench->awaited = key->answer == BENCH_UNASKED ? NULL : key;
	double pressed = clock_seconds();
	tell(bench, key->bytes);
	bool answered = !told && await(bench, key_patience);
	bench->awaited = NULL;
	if (key->answer == BENCH_UNASKED || interrupt_count())
		return true;
	bench->missed += !answered;
	bench->presses[bench->pressed++] = (struct press){index, 1e3 * (answered ? bench->answered - pressed : key_patience), !answered};
	return answered;
}

/* After a key without an answer nobody knows where the walk is. */
static bool go_home(struct bench *bench, struct error *error)
{
	for (int i = 0; bench_walk_home[i]; i++) {
		tell(bench, bench_walk_home[i]);
		listen_until(bench, clock_seconds() + home_pause);
	}
	return await_text(bench, BENCH_DASHBOARD, home_patience) || error_set(error, ERROR_STATE, "the workbench does not answer any more");
}

static bool press_keys(struct bench *bench, double seconds, struct error *error)
{
	double until = clock_seconds() + seconds;
	bool good = true;
	thread_ask_short_turns(); /* what is timed is the workbench, not how long we wait to read from it */
	bench->keys_began = clock_seconds();
	bench->first_cpu = ui_cpu(bench);
	bench->bytes = bench->frames = 0;
	for (int i = 0; good && clock_seconds() < until && !interrupt_count() && bench->pressed < MOST_PRESSES;) {
		listen_until(bench, clock_seconds() + random_between(bench, 0.05, 0.15));
		bool answered = press(bench, i);
		i = answered ? (i + 1) % bench_walk_length : 0;
		good = answered || go_home(bench, error);
	}
	bench->last_cpu = ui_cpu(bench);
	bench->keys_ended = clock_seconds();
	if (good && bench->pressed == bench->missed)
		good = error_set(error, ERROR_STATE, "the workbench answered no key");
	return good;
}

/* ---- what came out ---- */

/* Presses of one key on one screen. */
struct tally {
	const struct bench_key *key;
	int presses, missed;
	double worst;
};

static bool is_same_key(const struct bench_key *left, const struct bench_key *right)
{
	return strcmp(left->name, right->name) == 0 && strcmp(left->where, right->where) == 0;
}

static int compare_tallies(const void *left, const void *right)
{
	double a = ((const struct tally *)left)->worst, b = ((const struct tally *)right)->worst;
	return (a < b) - (a > b);
}

/* The slowest first. Returns how many; one a key of the walk at most. */
static int sum_up(const struct bench *bench, struct tally *tallies)
{
	int count = 0;
	for (int i = 0; i < bench->pressed; i++) {
		const struct press *press = &bench->presses[i];
		const struct bench_key *key = &bench_walk[press->key];
		int k = 0;
		while (k < count && !is_same_key(tallies[k].key, key))
			k++;
		if (k == count)
			tallies[count++] = (struct tally){.key = key};
		tallies[k].presses++;
		tallies[k].missed += press->missed;
		tallies[k].worst = press->ms > tallies[k].worst ? press->ms : tallies[k].worst;
	}
	qsort(tallies, (size_t)count, sizeof *tallies, compare_tallies);
	return count;
}

static int compare_presses(const void *left, const void *right)
{
	double a = ((const struct press *)left)->ms, b = ((const struct press *)right)->ms;
	return (a > b) - (a < b);
}

/* Presses are sorted. */
static double percentile(const struct bench *bench, double share)
{
	int rank = (int)(share * bench->pressed + 0.999999);
	return bench->presses[rank < 1 ? 0 : rank > bench->pressed ? bench->pressed - 1 : rank - 1].ms;
}

static json_t *tallies_json(const struct tally *tallies, int count)
{
	json_t *list = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:o, s:i}", "key", tallies[i].key->name, "screen", tallies[i].key->where,
			"presses", tallies[i].presses, "worst_ms", cli_json_real(tallies[i].worst), "missed", tallies[i].missed));
	return list;
}

static void print_tallies(const struct tally *tallies, int count)
{
	for (int i = 0; i < count && i < SLOWEST_SHOWN; i++)
		printf("%s%s in %s %.1f ms", i ? ", " : "slowest       ", tallies[i].key->name, tallies[i].key->where, tallies[i].worst);
	printf("\n");
	for (int i = 0; i < count; i++)
		if (tallies[i].missed)
			printf("no answer     %s in %s: %d of %d times (nothing new within %.0f s)\n", tallies[i].key->name, tallies[i].key->where,
			       tallies[i].missed,
			       tallies[i].presses, key_patience);
}

static int report(struct bench *bench, bool json)
{
	double seconds = bench->keys_ended - bench->keys_began, cpu = 100 * (bench->last_cpu - bench->first_cpu) / seconds;
	struct tally *tallies = memory_zeroed((size_t)bench_walk_length, sizeof *tallies);
	int count = sum_up(bench, tallies);
	qsort(bench->presses, (size_t)bench->pressed, sizeof *bench->presses, compare_presses);
	double p50 = percentile(bench, 0.50), p95 = percentile(bench, 0.95), p99 = percentile(bench, 0.99), worst = percentile(bench, 1);
	int status = CLI_DONE;
	if (json) {
		status = cli_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:i, s:i, s:o}",
			"first_frame_ms", cli_json_real(bench->first_frame * 1e3), "key_p50_ms", cli_json_real(p50), "key_p95_ms", cli_json_real(p95),
			"key_p99_ms", cli_json_real(p99), "key_worst_ms", cli_json_real(worst), "ui_thread_cpu_percent", cli_json_real(cpu),
			"frames", (int)bench->frames, "bytes_per_s", cli_json_real(bench->bytes / seconds), "keys", bench->pressed,
			"keys_missed", bench->missed, "by_key", tallies_json(tallies, count)));
	} else {
		printf("first frame   %.0f ms after the start\n", bench->first_frame * 1e3);
		printf("key to screen p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, worst %.1f ms (%d keys, %d without an answer)\n", p50, p95, p99, worst,
		       bench->pressed, bench->missed);
		print_tallies(tallies, count);
		printf("ui thread     %.2f %% of a core, %.1f frames and %.0f kB a second\n", cpu, bench->frames / seconds,
		       bench->bytes / seconds / 1000);
		status = fflush(stdout) ? CLI_FAILED : CLI_DONE;
	}
	free(tallies);
	return status;
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
	bool ok = start(bench, &arguments, &error) && press_keys(bench, arguments.seconds, &error);
	end(bench);
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
	 .help = "train in this store, which keeps the run; else in one of 500 made-up runs, removed afterwards"},
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_bench_ui = {
	.name = "ui",
	.help = "Start the workbench behind a pseudo-terminal while it trains, and time its answers to keys.",
	.syntax = {.options = options},
	.run = run,
};
