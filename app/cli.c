#include "app/cli.h"

#include <math.h>
#include <string.h>

static const struct cli_option help_option =
	{.name = "help", .letter = 'h', .kind = CLI_HELP, .help = "print this help"};

struct option_place {
	const struct cli_option *option;
	size_t base; /* added to the option's offset */
};

/* Every option of the syntax, --help last. */
static int collect_options(const struct cli_syntax *syntax, struct option_place places[], int max)
{
	int count = 0;
	for (const struct cli_option *o = syntax->options; o && o->name && count < max - 1; o++)
		places[count++] = (struct option_place){o, 0};
	for (const struct cli_option *o = syntax->shared ? syntax->shared() : NULL; o && o->name && count < max - 1; o++)
		places[count++] = (struct option_place){o, syntax->shared_offset};
	places[count++] = (struct option_place){&help_option, 0};
	return count;
}

enum { MAX_OPTIONS = 96, MAX_SHOWN = 60 };

static bool refuse_unknown(const struct option_place places[], int count, const char *given, struct error *error)
{
	const char *names[MAX_OPTIONS];
	for (int i = 0; i < count; i++)
		names[i] = places[i].option->name;
	char word[MAX_SHOWN];
	text_copy(word, sizeof word, given + strspn(given, "-"));
	word[strcspn(word, "=")] = '\0';
	const char *near = cli_nearest(word, names, (size_t)count);
	if (near)
		return error_set(error, ERROR_INPUT, "unknown option %s%s; did you mean --%s?", given[1] == '-' ? "--" : "-", word, near);
	return error_set(error, ERROR_INPUT, "unknown option %s%s; --help lists the options", given[1] == '-' ? "--" : "-", word);
}

void cli_describe_expected(const struct cli_option *option, char *target, size_t size)
{
	bool bounded = option->min != 0 || option->max != 0;
	struct text text = {0};
	switch (option->kind) {
	case CLI_INTEGER:
		text_format(&text, "must be an integer");
		break;
	case CLI_NATURAL:
		text_format(&text, "must be an integer of 0 or more");
		bounded = false;
		break;
	case CLI_REAL:
		text_format(&text, "must be a number");
		break;
	case CLI_CHOICE:
		text_format(&text, "must be one of");
		for (int i = 0; option->choices[i]; i++)
			text_format(&text, "%s %s", i ? "," : "", option->choices[i]);
		bounded = false;
		break;
	case CLI_LIST:
		text_format(&text, "must be given %d times at most", CLI_LIST_MAX);
		bounded = false;
		break;
	case CLI_FLAG:
	case CLI_SWITCH:
	case CLI_HELP:
	case CLI_TEXT:
		text_format(&text, "must be a text");
		bounded = false;
		break;
	}
	if (bounded && isinf(option->max))
		text_format(&text, " of %g or more", option->min);
	else if (bounded)
		text_format(&text, " from %.15g to %.15g", option->min, option->max);
	text_copy(target, size, text.bytes);
	text_clear(&text);
}

static bool in_range(const struct cli_option *option, double value)
{
	return (option->min == 0 && option->max == 0) || (value >= option->min && value <= option->max);
}

static bool add_to_list(struct cli_list *list, const char *value)
{
	if (list->count == CLI_LIST_MAX)
		return false;
	list->items[list->count++] = value;
	return true;
}

static bool is_choice(const struct cli_option *option, const char *value)
{
	for (int i = 0; option->choices[i]; i++)
		if (!strcmp(option->choices[i], value))
			return true;
	return false;
}

/* Stores `value` in the field; false: it does not fit the option. */
static bool store_value(const struct cli_option *option, void *field, const char *value)
{
	int64_t integer;
	double real;
	switch (option->kind) {
	case CLI_TEXT:
	case CLI_SWITCH:
		*(const char **)field = value;
		return true;
	case CLI_LIST:
		return add_to_list(field, value);
	case CLI_INTEGER:
		if (!text_to_int64(value, &integer) || !in_range(option, (double)integer))
			return false;
		*(int64_t *)field = integer;
		return true;
	case CLI_NATURAL:
		return text_to_uint64(value, field);
	case CLI_REAL:
		if (!text_to_double(value, &real) || !in_range(option, real))
			return false;
		*(double *)field = real;
		return true;
	case CLI_CHOICE:
		*(const char **)field = value;
		return is_choice(option, value);
	case CLI_FLAG:
	case CLI_HELP:
		break;
	}
	return false;
}

static bool refuse_value(const struct cli_option *option, const char *value, struct error *error)
{
	char expected[ERROR_TEXT_SIZE], shown[MAX_SHOWN];
	cli_describe_expected(option, expected, sizeof expected);
	bool whole = text_copy(shown, sizeof shown, value);
	return error_set(error, ERROR_INPUT, "--%s %s, not \"%s%s\"", option->name, expected, shown, whole ? "" : "...");
}

/* "--name", "--name=value", "-x", "-xvalue": finds the row and where an attached value begins (NULL: none). */
static const struct option_place *find_option(const struct option_place places[], int count, const char *given,
                                              const char **attached)
{
	bool is_long = given[1] == '-';
	const char *name = given + (is_long ? 2 : 1);
	size_t length = is_long ? strcspn(name, "=") : 1;
	*attached = is_long ? (name[length] ? name + length + 1 : NULL) : (name[1] ? name + 1 : NULL);
	for (int i = 0; i < count; i++) {
		const struct cli_option *option = places[i].option;
		if (is_long ? strlen(option->name) == length && !strncmp(option->name, name, length) : option->letter == *name)
			return &places[i];
	}
	return NULL;
}

static bool check_words(const struct cli_syntax *syntax, const struct cli_words *words, struct error *error)
{
	if (words->count < syntax->min)
		return error_set(error, ERROR_INPUT, "%s missing: expected %s",
		                 words->count + 1 == syntax->min ? "a word is" : "words are", syntax->positionals);
	if (syntax->max >= 0 && words->count > syntax->max)
		return error_set(error, ERROR_INPUT, "unexpected word \"%.60s\"%s%s", words->items[syntax->max],
		                 syntax->positionals ? ": expected only " : "", syntax->positionals ? syntax->positionals : "");
	return true;
}

/* One option at argv[*index]; moves *index past a separate value. */
static bool take_option(const struct option_place places[], int count, int argc, char **argv, int *index, void *arguments,
                        bool *wants_help, struct error *error)
{
	const char *given = argv[*index], *attached;
	const struct option_place *place = find_option(places, count, given, &attached);
	if (!place)
		return refuse_unknown(places, count, given, error);
	const struct cli_option *option = place->option;
	if (option->kind == CLI_FLAG || option->kind == CLI_HELP) {
		if (attached)
			return error_set(error, ERROR_INPUT, "--%s takes no value, but \"%.60s\" was given", option->name, given);
		if (option->kind == CLI_HELP)
			*wants_help = true;
		else
			*(bool *)((char *)arguments + place->base + option->offset) = true;
		return true;
	}
	const char *value = attached;
	if (!value && option->kind == CLI_SWITCH)
		value = "yes";
	if (!value && *index + 1 < argc && strncmp(argv[*index + 1], "--", 2))
		value = argv[++*index];
	if (!value)
		return error_set(error, ERROR_INPUT, "--%s needs a value (%s)", option->name, option->argument);
	if (!store_value(option, (char *)arguments + place->base + option->offset, value))
		return refuse_value(option, value, error);
	return true;
}

bool cli_parse_quietly(const struct cli_syntax *syntax, int argc, char **argv, void *arguments, struct cli_words *words,
                       bool *wants_help, struct error *error)
{
	struct option_place places[MAX_OPTIONS];
	int count = collect_options(syntax, places, MAX_OPTIONS);
	bool options_over = false;
	*words = (struct cli_words){0, argv + 1};
	*wants_help = false;
	for (int i = 1; i < argc; i++) {
		if (options_over || argv[i][0] != '-' || !argv[i][1])
			words->items[words->count++] = argv[i];
		else if (!strcmp(argv[i], "--"))
			options_over = true;
		else if (!take_option(places, count, argc, argv, &i, arguments, wants_help, error))
			return false;
		else if (*wants_help)
			return true;
	}
	return check_words(syntax, words, error);
}

bool cli_parse(const struct cli_syntax *syntax, const char *help, int argc, char **argv, void *arguments,
               struct cli_words *words, int *status)
{
	struct error error = {0};
	bool wants_help;
	if (!cli_parse_quietly(syntax, argc, argv, arguments, words, &wants_help, &error)) {
		*status = cli_fail(&error);
		fprintf(stderr, "Try: %s --help\n", argv[0]);
		return false;
	}
	if (!wants_help)
		return true;
	cli_print_help(stdout, syntax, argv[0], help);
	*status = fflush(stdout) ? CLI_FAILED : CLI_DONE;
	return false;
}

static int edit_distance(const char *left, const char *right)
{
	enum { MAX = 40 };
	size_t a = strlen(left), b = strlen(right);
	if (a >= MAX || b >= MAX)
		return MAX;
	int rows[3][MAX + 1];
	int *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b; j++)
		above[j] = (int)j;
	for (size_t i = 1; i <= a; i++) {
		row[0] = (int)i;
		for (size_t j = 1; j <= b; j++) {
			int best = above[j - 1] + (left[i - 1] != right[j - 1]);
			best = above[j] + 1 < best ? above[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1; /* two neighbours swapped count once */
			row[j] = best;
		}
		int *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[b];
}

const char *cli_nearest(const char *word, const char *const names[], size_t count)
{
	const char *nearest = NULL, *begun = NULL;
	size_t length = strlen(word);
	int best = length > 3 ? 3 : 2, begins = 0; /* more than this many mistakes is another word */
	for (size_t i = 0; i < count; i++) {
		int distance = edit_distance(word, names[i]);
		if (distance < best && distance < (int)strlen(names[i])) {
			best = distance;
			nearest = names[i];
		}
		if (length > 1 && !strncmp(word, names[i], length)) {
			begun = names[i];
			begins++;
		}
	}
	return nearest ? nearest : begins == 1 ? begun : NULL;
}

static void print_option(FILE *file, const struct cli_option *option)
{
	struct text left = {0};
	if (option->letter)
		text_format(&left, "-%c, ", option->letter);
	text_format(&left, "--%s", option->name);
	if (option->argument)
		text_format(&left, " %s", option->argument);
	fprintf(file, "  %-28s%s%s", left.bytes, left.length >= 28 ? "\n                              " : "", option->help);
	for (int i = 0; option->choices && option->choices[i]; i++)
		fprintf(file, "%s%s", i ? ", " : ": ", option->choices[i]);
	if (option->standard)
		fprintf(file, " [%s]", option->standard);
	fputc('\n', file);
	text_clear(&left);
}

void cli_print_options(FILE *file, const struct cli_option *options)
{
	for (const struct cli_option *option = options; option && option->name; option++)
		print_option(file, option);
}

void cli_print_help(FILE *file, const struct cli_syntax *syntax, const char *name, const char *help)
{
	fprintf(file, "Usage: %s%s%s%s%s\n%s\n\nOptions:\n", name, syntax->positionals ? " " : "",
	        syntax->positionals ? syntax->positionals : "", syntax->options ? " [options]" : "",
	        syntax->shared ? " [settings]" : "", help);
	cli_print_options(file, syntax->options);
	print_option(file, &help_option);
	if (syntax->shared) {
		fprintf(file, "\n%s:\n", syntax->shared_title);
		cli_print_options(file, syntax->shared());
	}
	if (syntax->notes)
		fprintf(file, "\n%s\n", syntax->notes);
}
