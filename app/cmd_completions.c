/* qgan completions SHELL: completion scripts made from the tables of subcommands and options. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"

static const struct cli_option help_row = {.name = "help", .letter = 'h', .kind = CLI_HELP, .help = "print this help"};

/* Calls tell for every option of a subcommand. */
static void each_option(const struct subcommand *row, void (*tell)(const struct subcommand *, const struct cli_option *))
{
	for (const struct cli_option *o = row->syntax.options; o && o->name; o++)
		tell(row, o);
	for (const struct cli_option *o = row->syntax.shared ? row->syntax.shared() : NULL; o && o->name; o++)
		tell(row, o);
	tell(row, &help_row);
}

static bool takes_value(const struct cli_option *option)
{
	return option->kind != CLI_FLAG && option->kind != CLI_HELP;
}

static void print_names(const struct subcommand *const children[], const char *gap)
{
	for (int i = 0; children[i]; i++)
		printf("%s%s", i ? gap : "", children[i]->name);
}

/* Calls tell for every row of the tree, parents first, with the words that lead to it: "runs list". */
static void each_leaf(const struct subcommand *const rows[], const char *before,
                      void (*tell)(const char *words, const struct subcommand *row))
{
	for (int i = 0; rows[i]; i++) {
		struct text words = {0};
		text_format(&words, "%s%s%s", before, *before ? " " : "", rows[i]->name);
		tell(words.bytes, rows[i]);
		if (rows[i]->children)
			each_leaf(rows[i]->children, words.bytes, tell);
		text_clear(&words);
	}
}

static void bash_word(const struct subcommand *row, const struct cli_option *option)
{
	(void)row;
	printf(" --%s", option->name);
}

static void bash_leaf(const char *words, const struct subcommand *row)
{
	printf("\t\t\"%s\") words=\"", words);
	if (row->children)
		print_names(row->children, " ");
	else
		each_option(row, bash_word);
	printf("\" ;;\n");
}

static void bash_choices(const struct subcommand *row, const struct cli_option *option)
{
	(void)row;
	if (!option->choices)
		return;
	printf("\t\t--%s) COMPREPLY=($(compgen -W \"", option->name);
	for (int i = 0; option->choices[i]; i++)
		printf("%s%s", i ? " " : "", option->choices[i]);
	printf("\" -- \"$word\")); return ;;\n");
}

static void bash_row_choices(const char *words, const struct subcommand *row)
{
	(void)words;
	if (!row->children)
		each_option(row, bash_choices);
}

static void print_bash(void)
{
	printf("# bash completion for qgan, written by: qgan completions bash\n_qgan()\n{\n"
	       "\tlocal word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" command=\"\" words i\n"
	       "\tfor ((i = 1; i < COMP_CWORD && i < 3; i++)); do\n"
	       "\t\tcase \"${COMP_WORDS[i]}\" in -*) break ;; esac\n"
	       "\t\tcommand=\"${command:+$command }${COMP_WORDS[i]}\"\n\tdone\n\tcase \"$before\" in\n");
	each_leaf(subcommands, "", bash_row_choices);
	printf("\tesac\n\twhile :; do\n\t\tcase \"$command\" in\n");
	each_leaf(subcommands, "", bash_leaf);
	printf("\t\t\"\") words=\"");
	print_names(subcommands, " ");
	printf(" --help --version\" ;;\n\t\t*) case \"$command\" in *\" \"*) command=\"${command%% *}\"; continue ;; esac; return ;;\n"
	       "\t\tesac\n\t\tbreak\n\tdone\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -o bashdefault -o default -F _qgan qgan\n");
}

/* Help as it may stand between single quotes and zsh's brackets. */
static void print_quoted(const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\'");
		else if (strchr(escaped, *text))
			putchar('\\');
		putchar(*text);
	}
}

static void zsh_option(const struct subcommand *row, const struct cli_option *option)
{
	(void)row;
	printf(" \\\n\t\t\t'--%s%s[", option->name, takes_value(option) ? "=" : "");
	print_quoted(option->help, "[]:\\");
	printf("]");
	if (takes_value(option))
		printf(":%s:", option->argument);
	for (int i = 0; option->choices && option->choices[i]; i++)
		printf("%s%s", i ? " " : "(", option->choices[i]);
	printf("%s'", option->choices ? ")" : takes_value(option) ? "_files" : "");
}

static void zsh_leaf(const char *words, const struct subcommand *row)
{
	printf("\t\"%s\")\n\t\t", words);
	if (row->children) {
		printf("_values command");
		for (int i = 0; row->children[i]; i++) {
			printf(" '%s[", row->children[i]->name);
			print_quoted(row->children[i]->help, "[]:\\");
			printf("]'");
		}
	} else {
		printf("_arguments");
		each_option(row, zsh_option);
		printf(" \\\n\t\t\t'*:file:_files'");
	}
	printf(" ;;\n");
}

static void print_zsh(void)
{
	printf("#compdef qgan\n# zsh completion for qgan, written by: qgan completions zsh\n"
	       "local command=\"\" i\n"
	       "for ((i = 2; i < CURRENT && i < 4; i++)); do\n"
	       "\t[[ ${words[i]} == -* ]] && break\n\tcommand=\"${command:+$command }${words[i]}\"\ndone\n"
	       "while :; do\n\tcase \"$command\" in\n");
	each_leaf(subcommands, "", zsh_leaf);
	printf("\t\"\")\n\t\t_values command");
	for (int i = 0; subcommands[i]; i++) {
		printf(" '%s[", subcommands[i]->name);
		print_quoted(subcommands[i]->help, "[]:\\");
		printf("]'");
	}
	printf(" ;;\n\t*\" \"*) command=\"${command%% *}\"; continue ;;\n\tesac\n\tbreak\ndone\n");
}

static const char *fish_words; /* what leads to the row whose options are being printed */

static void fish_option(const struct subcommand *row, const struct cli_option *option)
{
	(void)row;
	printf("complete -c qgan -n '__qgan_at \"%s\"' -l %s%s", fish_words, option->name, takes_value(option) ? " -r" : "");
	if (option->choices) {
		printf(" -f -a '");
		for (int i = 0; option->choices[i]; i++)
			printf("%s%s", i ? " " : "", option->choices[i]);
		printf("'");
	}
	printf(" -d '");
	print_quoted(option->help, "\\");
	printf("'\n");
}

static void fish_children(const char *words, const struct subcommand *const children[])
{
	for (int i = 0; children[i]; i++) {
		printf("complete -c qgan -n '__qgan_at \"%s\"' -f -a %s -d '", words, children[i]->name);
		print_quoted(children[i]->help, "\\");
		printf("'\n");
	}
}

static void fish_leaf(const char *words, const struct subcommand *row)
{
	fish_words = words;
	if (row->children)
		fish_children(words, row->children);
	else
		each_option(row, fish_option);
}

static void print_fish(void)
{
	printf("# fish completion for qgan, written by: qgan completions fish\n"
	       "function __qgan_at\n\tset -l given (string match -v -- '-*' (commandline -opc)[2..-1])\n"
	       "\tset -l wanted (string split -n ' ' -- $argv[1])\n"
	       "\ttest \"$argv[1]\" = \"\"; and begin; test (count $given) -eq 0; return; end\n"
	       "\ttest (count $given) -ge (count $wanted); and test \"$given[1..\"(count $wanted)\"]\" = \"$wanted\"\nend\n");
	fish_children("", subcommands);
	each_leaf(subcommands, "", fish_leaf);
}

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

static int run(int argc, char **argv)
{
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_completions.syntax, subcommand_completions.help, argc, argv, NULL, &words, &status))
		return status;
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (!strcmp(shells[i].name, words.items[0])) {
			shells[i].print();
			return fflush(stdout) ? CLI_FAILED : CLI_DONE;
		}
	struct error error;
	error_set(&error, ERROR_INPUT, "unknown shell \"%.40s\": must be one of bash, zsh, fish", words.items[0]);
	return cli_fail(&error);
}

const struct subcommand subcommand_completions = {
	.name = "completions",
	.help = "Print the completion script of a shell.",
	.syntax = {.positionals = "bash|zsh|fish", .min = 1, .max = 1},
	.run = run,
};
