/* The command line: parsing from rows, sentences about mistakes, near misses, help; and qgan doctor, which asks the
 * terminal, the store and the files. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "app/cli.h"
#include "app/interrupt.h"
#include "engine/base/memory.h"
#include "tests/pty_terminal.h"
#include "tests/temporary_folder.h"

struct shared_arguments {
	const char *size;
};

struct arguments {
	bool json;
	const char *name, *method;
	int64_t bits;
	uint64_t seed;
	double rate;
	const char *polite;
	struct cli_list parts;
	struct shared_arguments shared;
};

static const char *const methods[] = {"em", "minmax", NULL};

static const struct cli_option options[] = {
	{.name = "name", .letter = 'n', .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(struct arguments, name),
	 .help = "a name"},
	{.name = "method", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct arguments, method), .choices = methods,
	 .standard = "em", .help = "a method"},
	{.name = "bits", .kind = CLI_INTEGER, .argument = "K", .offset = offsetof(struct arguments, bits), .min = 1, .max = 8,
	 .help = "bits"},
	{.name = "seed", .kind = CLI_NATURAL, .argument = "N", .offset = offsetof(struct arguments, seed), .help = "a seed"},
	{.name = "rate", .kind = CLI_REAL, .argument = "R", .offset = offsetof(struct arguments, rate), .help = "a rate"},
	{.name = "polite", .kind = CLI_SWITCH, .offset = offsetof(struct arguments, polite), .help = "yes or no"},
	{.name = "part", .kind = CLI_LIST, .argument = "P", .offset = offsetof(struct arguments, parts), .help = "a part of several"},
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

static const struct cli_option *shared_options(void)
{
	static const struct cli_option rows[] = {
		{.name = "size", .kind = CLI_TEXT, .argument = "PIXELS", .offset = offsetof(struct shared_arguments, size), .help = "pixels"},
		{.name = NULL},
	};
	return rows;
}

static const struct cli_syntax syntax = {
	.positionals = "FILE [MORE]", .min = 1, .max = 2, .options = options, .shared_title = "Settings", .shared = shared_options,
	.shared_offset = offsetof(struct arguments, shared), .notes = "A note.",
};

/* One command line, parsed: its words live as long as this. */
struct line {
	char bytes[512];
	char *words[32];
	struct arguments arguments;
	struct cli_words positionals;
	bool wants_help;
	struct error error;
};

static bool parse(struct line *line, const char *text)
{
	*line = (struct line){0};
	int count = 0;
	text_copy(line->bytes, sizeof line->bytes, text);
	line->words[count++] = (char *)"qgan test";
	for (char *word = strtok(line->bytes, " "); word; word = strtok(NULL, " "))
		line->words[count++] = word;
	return cli_parse_quietly(&syntax, count, line->words, &line->arguments, &line->positionals, &line->wants_help, &line->error);
}

static void options_reach_their_fields(void **state)
{
	(void)state;
	struct line line;
	assert_true(parse(&line, "--bits 2 in.npy --method=minmax -n first --seed 18446744073709551615 --rate -1e-3 --json"
	                         " --size=64 out.npy"));
	assert_int_equal(line.arguments.bits, 2);
	assert_string_equal(line.arguments.method, "minmax");
	assert_string_equal(line.arguments.name, "first");
	assert_true(line.arguments.seed == UINT64_MAX);
	assert_true(line.arguments.rate == -1e-3);
	assert_true(line.arguments.json);
	assert_string_equal(line.arguments.shared.size, "64");
	assert_int_equal(line.positionals.count, 2);
	assert_string_equal(line.positionals.items[0], "in.npy");
	assert_string_equal(line.positionals.items[1], "out.npy");
}

static void the_last_of_two_wins_and_letters_take_their_value_attached(void **state)
{
	(void)state;
	struct line line;
	assert_true(parse(&line, "f -nfirst --bits=1 --bits=8 -nlast --name="));
	assert_int_equal(line.arguments.bits, 8);
	assert_string_equal(line.arguments.name, "");
	assert_true(parse(&line, "f -nlast"));
	assert_string_equal(line.arguments.name, "last");
	assert_false(line.arguments.json);
}

static void switches_stand_alone_and_lists_grow(void **state)
{
	(void)state;
	struct line line;
	assert_true(parse(&line, "--part a=1 --polite f --part=b"));
	assert_string_equal(line.arguments.polite, "yes");
	assert_string_equal(line.positionals.items[0], "f");
	assert_int_equal(line.arguments.parts.count, 2);
	assert_string_equal(line.arguments.parts.items[0], "a=1");
	assert_string_equal(line.arguments.parts.items[1], "b");
	assert_true(parse(&line, "f --polite --polite=no"));
	assert_string_equal(line.arguments.polite, "no");
	assert_true(parse(&line, "f") && !line.arguments.polite && line.arguments.parts.count == 0);
	assert_false(parse(&line, "f --part"));
	assert_string_equal(line.error.text, "--part needs a value (P)");
	struct text many = {0};
	for (int i = 0; i <= CLI_LIST_MAX; i++)
		text_format(&many, "--part=%d ", i);
	char *words[CLI_LIST_MAX + 2] = {(char *)"qgan test"};
	int count = 1;
	for (char *word = strtok(many.bytes, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	assert_false(cli_parse_quietly(&syntax, count, words, &line.arguments, &line.positionals, &line.wants_help, &line.error));
	assert_string_equal(line.error.text, "--part must be given 32 times at most, not \"32\"");
	text_clear(&many);
}

static void two_dashes_end_options_and_one_is_a_word(void **state)
{
	(void)state;
	struct line line;
	assert_true(parse(&line, "- -- --json"));
	assert_int_equal(line.positionals.count, 2);
	assert_string_equal(line.positionals.items[0], "-");
	assert_string_equal(line.positionals.items[1], "--json");
	assert_false(line.arguments.json);
}

static void help_wins_over_what_follows(void **state)
{
	(void)state;
	struct line line;
	assert_true(parse(&line, "--help --nonsense"));
	assert_true(line.wants_help);
	assert_true(parse(&line, "-h"));
	assert_true(line.wants_help);
}

static void mistakes_get_one_sentence(void **state)
{
	(void)state;
	static const struct { const char *line, *sentence; } cases[] = {
		{"f --bit 2", "unknown option --bit; did you mean --bits?"},
		{"f --jsno", "unknown option --jsno; did you mean --json?"},
		{"f --met em", "unknown option --met; did you mean --method?"},
		{"f --siez=3", "unknown option --siez; did you mean --size?"},
		{"f --colour red", "unknown option --colour; --help lists the options"},
		{"f -x", "unknown option -x; --help lists the options"},
		{"f --bits", "--bits needs a value (K)"},
		{"f --bits --json", "--bits needs a value (K)"},
		{"f --bits 9", "--bits must be an integer from 1 to 8, not \"9\""},
		{"f --bits 2.0", "--bits must be an integer from 1 to 8, not \"2.0\""},
		{"f --bits=", "--bits must be an integer from 1 to 8, not \"\""},
		{"f --seed -1", "--seed must be an integer of 0 or more, not \"-1\""},
		{"f --seed 18446744073709551616", "--seed must be an integer of 0 or more, not \"18446744073709551616\""},
		{"f --rate nan", "--rate must be a number, not \"nan\""},
		{"f --method log", "--method must be one of em, minmax, not \"log\""},
		{"f --json=yes", "--json takes no value, but \"--json=yes\" was given"},
		{"--json", "a word is missing: expected FILE [MORE]"},
		{"a b c", "unexpected word \"c\": expected only FILE [MORE]"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct line line;
		assert_false(parse(&line, cases[i].line));
		assert_int_equal(line.error.code, ERROR_INPUT);
		assert_string_equal(line.error.text, cases[i].sentence);
	}
}

static void long_values_are_shown_in_part(void **state)
{
	(void)state;
	struct line line;
	char text[400] = "f --bits ";
	memset(text + strlen(text), 'y', 300);
	assert_false(parse(&line, text));
	assert_non_null(strstr(line.error.text, "yyy...\""));
	assert_true(strlen(line.error.text) < 150);
}

static void near_misses(void **state)
{
	(void)state;
	static const char *const names[] = {"train", "sample", "runs", "d-bits", "g-bits"};
	static const struct { const char *word, *nearest; } cases[] = {
		{"trian", "train"}, {"tra", "train"}, {"smaple", "sample"}, {"run", "runs"}, {"d-bit", "d-bits"}, {"quantize", NULL},
		{"", NULL}, {"x", NULL}, {"dbits", "d-bits"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *nearest = cli_nearest(cases[i].word, names, sizeof names / sizeof *names);
		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
	char long_word[300] = {0};
	memset(long_word, 't', sizeof long_word - 1);
	assert_null(cli_nearest(long_word, names, sizeof names / sizeof *names));
}

static void help_shows_every_row(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	cli_print_help(file, &syntax, "qgan test", "Tests.");
	fclose(file);
	static const char *const parts[] = {
		"Usage: qgan test FILE [MORE] [options] [settings]\nTests.\n", "  -n, --name NAME", "  --method NAME",
		"a method: em, minmax [em]\n",
		"  --bits K", "  --seed N", "  --rate R", "  --json", "  -h, --help", "\nSettings:\n  --size PIXELS", "\nA note.\n",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(text, parts[i]))
			fail_msg("\"%s\" is not in the help:\n%s", parts[i], text);
	free(text);
}

static void json_has_no_other_numbers(void **state)
{
	(void)state;
	json_t *list = json_pack("[o, o, o, o, o, o]", cli_json_real(NAN), cli_json_real(-INFINITY), cli_json_rounded(1.23456, 3),
	                         cli_json_rounded(INFINITY, 3), cli_json_text(NULL), cli_json_text("\xff/a"));
	char *text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));
	assert_string_equal(text, "[null,null,1.23,null,null,\"?/a\"]");
	free(text);
	json_decref(list);
}

/* ---- qgan doctor ---- */

struct scene {
	struct temporary_folder folder;
	char variables[2][160];
	const char *environment[3];
};

static int set_up(void **state)
{
	struct scene *scene = memory_zeroed(1, sizeof *scene);
	temporary_folder_create(&scene->folder);
	snprintf(scene->variables[0], sizeof scene->variables[0], "HOME=%s", scene->folder.path);
	snprintf(scene->variables[1], sizeof scene->variables[1], "QGAN_STORE=%s/runs.db", scene->folder.path);
	for (int i = 0; i < 2; i++)
		scene->environment[i] = scene->variables[i];
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	temporary_folder_remove(&scene->folder);
	free(scene);
	return 0;
}

/* Runs doctor behind a terminal and gives its exit status; `expected` must be on the screen. */
static int examine(struct scene *scene, struct pty_options terminal, const char *expected)
{
	char *words[] = {(char *)QGAN_PROGRAM, (char *)"doctor", NULL};
	int status;
	terminal.environment = scene->environment;
	terminal.rows = 60;
	struct pty_terminal *pty = pty_start(&terminal, words);
	assert_non_null(pty);
	assert_true(pty_wait_exit(pty, &status, 60));
	if (!pty_has_text(pty, expected)) {
		char *screen = pty_text(pty);
		fail_msg("\"%s\" is not on the screen:\n%s", expected, screen);
	}
	assert_null(pty_disorder(pty));
	pty_destroy(pty);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void doctor_asks_the_terminal(void **state)
{
	assert_int_equal(examine(*state, (struct pty_options){.sixel = true, .registers = 16}, "sixel               yes"), 0);
	assert_int_equal(examine(*state, (struct pty_options){.sixel = false}, "sixel               no"), 0);
	assert_int_equal(examine(*state, (struct pty_options){.silent = true}, "sixel               -"), 0);
}

static void doctor_finds_a_broken_store(void **state)
{
	struct scene *scene = *state;
	temporary_write(temporary_path(&scene->folder, "runs.db"), "this is no database", 19);
	assert_int_equal(examine(scene, (struct pty_options){0}, "healthy             no"), 1);
}

static void doctor_reads_the_config_file(void **state)
{
	struct scene *scene = *state;
	static const char wrong[] = "width = 64\nd-bits = 9\n";
	temporary_write(temporary_path(&scene->folder, ".config/qgan/config"), wrong, sizeof wrong - 1);
	assert_int_equal(examine(scene, (struct pty_options){.columns = 200}, ".config/qgan/config:2: d-bits must be one of"), 1);
}

/* Within a second: nobody asks twice as fast, but timeout(1) does. */
static void signals_that_come_together_are_one_wish(void **state)
{
	(void)state;
	interrupt_install();
	assert_int_equal(interrupt_count(), 0);
	assert_true(interrupt_age() == 0);
	raise(SIGTERM);
	raise(SIGTERM);
	raise(SIGINT);
	assert_int_equal(interrupt_count(), 1);
	assert_int_equal(interrupt_exit_status(), 128 + SIGTERM);
	assert_true(interrupt_age() >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_reach_their_fields),
		cmocka_unit_test(the_last_of_two_wins_and_letters_take_their_value_attached),
		cmocka_unit_test(switches_stand_alone_and_lists_grow),
		cmocka_unit_test(two_dashes_end_options_and_one_is_a_word),
		cmocka_unit_test(help_wins_over_what_follows),
		cmocka_unit_test(mistakes_get_one_sentence),
		cmocka_unit_test(long_values_are_shown_in_part),
		cmocka_unit_test(near_misses),
		cmocka_unit_test(help_shows_every_row),
		cmocka_unit_test(json_has_no_other_numbers),
		cmocka_unit_test(signals_that_come_together_are_one_wish),
		cmocka_unit_test_setup_teardown(doctor_asks_the_terminal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(doctor_finds_a_broken_store, set_up, tear_down),
		cmocka_unit_test_setup_teardown(doctor_reads_the_config_file, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
