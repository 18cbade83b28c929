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
	return option->kind != CLI_FLAG && option->kind != CLI_SWITCH && option->kind != CLI_HELP;
}

/* What may stand for the value; NULL: not known. */
static const char *const *values_of(const struct cli_option *option)
{
	return option->hints ? option->hints() : option->choices;
}

static void print_values(const char *const values[])
{
	for (int i = 0; values[i]; i++)
		printf("%s%s", i ? " " : "", values[i]);
}

static void print_names(const struct subcommand *const children[])
{
	bool first = true;
	for (int i = 0; children[i]; i++) {
		if (children[i]->hidden)
			continue;
		printf("%s%s", first ? "" : " ", children[i]->name);
		first = false;
	}
}

/* Calls tell for every row of the tree, parents first, with the words that lead to it: "runs list". */
static void each_row(const struct subcommand *const rows[], const char *before,
                     void (*tell)(const char *words, const struct subcommand *row))
{
	for (int i = 0; rows[i]; i++) {
		if (rows[i]->hidden)
			continue;
		struct text words = {0};
		text_format(&words, "%s%s%s", before, *before ? " " : "", rows[i]->name);
		tell(words.bytes, rows[i]);
		if (rows[i]->children)
			each_row(rows[i]->children, words.bytes, tell);
		text_clear(&words);
	}
}

/* What leads to the row whose options are being printed; empty for the workbench without its name. */
static const char *leading;

static void known_pattern(const char *words, const struct subcommand *row)
{
	(void)row;
	printf("|\"%s\"", words);
}

static void bash_word(const struct subcommand *row, const struct cli_option *option)
{
	(void)row;
	printf(" --%s", option->name);
}

/* A leaf offers options where a dash is typed, else files. */
static void bash_leaf(const char *words, const struct subcommand *row)
{
	printf("\t\"%s\") ", words);
	if (row->children) {
		printf("words=\"");
		print_names(row->children);
	} else {
		printf("[[ $word == -* ]] && words=\"");
		each_option(row, bash_word);
	}
	printf("\" ;;\n");
}

static void bash_value(const struct subcommand *row, const struct cli_option *option)
{
	(void)row;
	if (!takes_value(option))
		return;
	printf("\t\"%s --%s\") ", leading, option->name);
	if (values_of(option)) {
		printf("COMPREPLY=($(compgen -W \"");
		print_values(values_of(option));
		printf("\" -- \"$word\")); ");
	}
	printf("return ;;\n");
}

static void bash_values(const char *words, const struct subcommand *row)
{
	leading = words;
	if (!row->children)
		each_option(row, bash_value);
}

static void print_bash(void)
{
	printf("# bash completion for qgan, written by: qgan completions bash\n_qgan()\n{\n"
	       "\tlocal word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" command=\"\" words=\"\" i next\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tnext=\"${command:+$command }${COMP_WORDS[i]}\"\n"
	       "\t\tcase \"$next\" in\n\t\t\"\"");
	each_row(subcommands, "", known_pattern);
	printf(") command=\"$next\" ;;\n\t\t*) break ;;\n\t\tesac\n\tdone\n\tcase \"$command $before\" in\n");
	each_row(subcommands, "", bash_values);
	bash_values("", &subcommand_tui);
	printf("\tesac\n\tcase \"$command\" in\n");
	each_row(subcommands, "", bash_leaf);
	printf("\t\"\") words=\"");
	print_names(subcommands);
	printf("\"; [[ $word == -* ]] && words=\"--version");
	each_option(&subcommand_tui, bash_word);
	printf("\" ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
	       "complete -o bashdefault -o default -F _qgan qgan\n");
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
	if (values_of(option)) {
		printf("(");
		print_values(values_of(option));
		printf(")'");
	} else {
		printf("%s'", takes_value(option) ? "_files" : "");
	}
}

static void zsh_names(const struct subcommand *const children[], const char *end)
{
	printf("_values command");
	for (int i = 0; children[i]; i++) {
		if (children[i]->hidden)
			continue;
		printf(" '%s[", children[i]->name);
		print_quoted(children[i]->help, "[]:\\");
		printf("]'");
	}
	printf("%s", end);
}

static void zsh_arguments(const struct subcommand *row)
{
	printf("_arguments");
	each_option(row, zsh_option);
	printf(" \\\n\t\t\t'*:file:_files' ;;\n");
}

static void zsh_leaf(const char *words, const struct subcommand *row)
{
	printf("\"%s\") ", words);
	if (row->children)
		zsh_names(row->children, " ;;\n");
	else
		zsh_arguments(row);
}

static void print_zsh(void)
{
	printf("#compdef qgan\n# zsh completion for qgan, written by: qgan completions zsh\n"
	       "local command=\"\" next i\nfor ((i = 2; i < CURRENT; i++)); do\n\tnext=\"${command:+$command }${words[i]}\"\n"
	       "\tcase \"$next\" in\n\t\"\"");
	each_row(subcommands, "", known_pattern);
	printf(") command=\"$next\" ;;\n\t*) break ;;\n\tesac\ndone\ncase \"$command\" in\n");
	each_row(subcommands, "", zsh_leaf);
	printf("\"\") if [[ $CURRENT -gt 2 || ${words[CURRENT]} == -* ]]; then\n\t\t_arguments '--version[print versions]'");
	each_option(&subcommand_tui, zsh_option);
	printf("\n\telse\n\t\t");
	zsh_names(subcommands, "\n\tfi ;;\n");
	printf("esac\n");
}

static void fish_option(const struct subcommand *row, const struct cli_option *option)
{
	(void)row;
	printf("complete -c qgan -n '__qgan_at \"%s\"' -l %s%s", leading, option->name, takes_value(option) ? " -r" : "");
	if (values_of(option)) {
		printf(" -f -a '");
		print_values(values_of(option));
		printf("'");
	}
	printf(" -d '");
	print_quoted(option->help, "\\");
	printf("'\n");
}

/* What __qgan_at compares: the command so far, a blank, the next word. */
static void fish_known(const char *words, const struct subcommand *row)
{
	(void)row;
	printf(" '%s%s'", strchr(words, ' ') ? "" : " ", words);
}

static void fish_children(const char *words, const struct subcommand *const children[])
{
	for (int i = 0; children[i]; i++) {
		if (children[i]->hidden)
			continue;
		printf("complete -c qgan -n '__qgan_at \"%s\"' -f -a %s -d '", words, children[i]->name);
		print_quoted(children[i]->help, "\\");
		printf("'\n");
	}
}

static void fish_leaf(const char *words, const struct subcommand *row)
{
	leading = words;
	if (row->children)
		fish_children(words, row->children);
	else
		each_option(row, fish_option);
}

static void print_fish(void)
{
	printf("# fish completion for qgan, written by: qgan completions fish\n"
	       "function __qgan_at\n\tset -l given (commandline -opc)[2..-1]\n\tset -l command\n"
	       "\tfor word in $given\n\t\tswitch \"$command $word\"\n\t\tcase");
	each_row(subcommands, "", fish_known);
	printf("\n\t\t\tset command $command $word\n\t\tcase '*'\n\t\t\tbreak\n\t\tend\n\tend\n"
	       "\ttest \"$command\" = \"$argv[1]\"\nend\n");
	fish_children("", subcommands);
	fish_leaf("", &subcommand_tui);
	each_row(subcommands, "", fish_leaf);
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
