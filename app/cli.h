/* The command line, from tables: parsing, help, near misses, exit statuses, JSON on stdout, progress on stderr.
 *
 * A subcommand describes its options once, as rows that name a field of its own arguments struct; parsing, --help,
 * completions and the manual read the same rows:
 *
 *	struct quantize_arguments { const char *method; int64_t bits; bool json; };
 *	static const struct cli_option options[] = {
 *		{.name = "method", .argument = "NAME", .kind = CLI_TEXT, .offset = offsetof(struct quantize_arguments, method), ...},
 *		CLI_JSON(struct quantize_arguments, json),
 *		{.name = NULL},
 *	};
 *	const struct cli_syntax syntax = {.positionals = "FILE.npy", .min = 1, .max = 1, .options = options};
 *
 * Main thread only. Data goes to stdout, everything for people to stderr. */
#ifndef QGAN_APP_CLI_H
#define QGAN_APP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "engine/base/error.h"
#include "engine/base/text.h"

/* Exit statuses (the contract with scripts). */
enum {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,         /* usage or bad input */
	CLI_TARGET_MISSED = 3, /* a quality target was not met */
	CLI_INTERRUPTED = 130, /* after saving, on SIGINT; 143 on SIGTERM */
	CLI_TERMINATED = 143,
};

enum cli_kind {      /* type of the field at `offset` */
	CLI_FLAG,    /* bool, no argument */
	CLI_SWITCH,  /* const char *: "yes" when it stands alone, else what is attached: --name=no */
	CLI_LIST,    /* struct cli_list: may be given several times */
	CLI_TEXT,    /* const char *, into argv */
	CLI_INTEGER, /* int64_t */
	CLI_NATURAL, /* uint64_t */
	CLI_REAL,    /* double, finite */
	CLI_CHOICE,  /* const char *: one of `choices` */
	CLI_HELP,    /* --help itself: no field */
};

enum { CLI_LIST_MAX = 32 };
struct cli_list {
	int count;
	const char *items[CLI_LIST_MAX]; /* into argv, in order */
};

struct cli_option {
	const char *name;           /* without dashes; NULL ends a table */
	char letter;                /* short form; 0: none */
	enum cli_kind kind;
	const char *argument;       /* what --help calls the value: "N", "FILE" */
	size_t offset;              /* of the field in the arguments struct */
	double min, max;            /* range of INTEGER and REAL; both 0: any */
	const char *const *choices; /* NULL-terminated; CHOICE, and a hint to completion for TEXT */
	const char *const *(*hints)(void); /* NULL-terminated; what a completion offers besides, too many for --help; NULL: none */
	const char *standard;       /* default as shown; NULL: not shown. The struct's initial value is what counts */
	const char *help;           /* one line, no full stop */
};

#define CLI_JSON(type, field) \
	{.name = "json", .kind = CLI_FLAG, .offset = offsetof(type, field), .help = "print JSON on stdout and nothing else there"}
#define CLI_STORE(type, field) \
	{.name = "store", .kind = CLI_TEXT, .argument = "FILE", .offset = offsetof(type, field), \
	 .help = "use this store (QGAN_STORE; else runs.db in the data directory)"}

struct cli_syntax {
	const char *positionals;          /* as shown: "RUN [NAME]"; NULL: none */
	int min, max;                     /* how many words; max -1: any number */
	const struct cli_option *options; /* NULL: only --help */
	const char *shared_title;         /* heading of a second group, "Settings" */
	const struct cli_option *(*shared)(void); /* the second group; NULL: none */
	size_t shared_offset;             /* its struct inside the arguments struct */
	const char *notes;                /* printed after the options; NULL: nothing */
};

struct cli_words {
	int count;
	char **items; /* positionals, in order, inside argv */
};

/* Fills `arguments` and `words` from argv[1..]; argv[0] is the full name ("qgan runs list") and `help` one sentence about it.
 * false: the command is over and returns *status, because help was printed (0) or a sentence about the mistake (2).
 * "--" ends options, "-" is a word, values may stand as --name=value or --name value; words may stand between options. */
bool cli_parse(const struct cli_syntax *syntax, const char *help, int argc, char **argv, void *arguments,
               struct cli_words *words, int *status);

/* The same without printing: `*wants_help` is set when --help was met (the rest is then not looked at). */
bool cli_parse_quietly(const struct cli_syntax *syntax, int argc, char **argv, void *arguments, struct cli_words *words,
                       bool *wants_help, struct error *error);

void cli_print_help(FILE *file, const struct cli_syntax *syntax, const char *name, const char *help);
void cli_print_options(FILE *file, const struct cli_option *options);

/* "must be an integer from 1 to 8" and the like, for sentences about a value of that option. */
void cli_describe_expected(const struct cli_option *option, char *target, size_t size);

/* The name most like `word` within two typing mistakes, or the only one that begins with it; NULL: none is near. */
const char *cli_nearest(const char *word, const char *const names[], size_t count);

/* Prints "qgan: sentence" to stderr. Returns the exit status: CLI_USAGE for ERROR_INPUT, else CLI_FAILED. */
int cli_fail(const struct error *error);
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* JSON. Numbers that are not finite become null; cli_json_rounded keeps so many significant digits (of what was
 * measured). cli_json_level is for levels of states: infinite ones become the texts "inf" and "-inf". cli_json_text: NULL
 * becomes null; JSON has no bytes that are not UTF-8, such as file names may hold: in such a text every byte beyond ASCII
 * becomes "?". cli_print_json prints one line, flushes, releases `value` and returns CLI_DONE, or prints why stdout cannot be
 * written and returns CLI_FAILED. */
json_t *cli_json_real(double value);
json_t *cli_json_rounded(double value, int digits);
json_t *cli_json_text(const char *text);
json_t *cli_json_level(double value);
int cli_print_json(json_t *value);

/* A progress line on stderr with rate and time left: only when stderr is a terminal, redrawn ten times a second at
 * most. total 0: unknown. `note` (may be NULL) stands at the end; it is cut to the terminal's width. */
struct cli_progress {
	bool visible;
	const char *label, *unit; /* borrowed: "training", "steps" */
	int64_t first, total;     /* where the count began (a resumed run) and where it ends */
	double started, drawn;
};
void cli_progress_begin(struct cli_progress *progress, const char *label, const char *unit, int64_t first, int64_t total);
void cli_progress_update(struct cli_progress *progress, int64_t done, const char *note);
void cli_progress_end(struct cli_progress *progress); /* wipes the line */

#endif
