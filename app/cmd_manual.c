/* qgan manual: the parts of the man page that tables know, in scdoc's notation; assets/ holds the rest. */
#include <string.h>

#include "app/commands.h"
#include "app/recipes.h"
#include "app/settings.h"
#include "engine/gan/verdict.h"
#include "ui/action.h"

/* scdoc gives meaning to these, and to a dash that begins a line; a backslash takes it away. */
static void print_escaped(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (strchr("\\*_~#|[]<>.", *c) || (*c == '-' && (c == text || c[-1] == '\n')))
			putchar('\\');
		putchar(*c);
	}
}

static void print_option(const struct cli_option *option)
{
	if (option->letter)
		printf("*-%c*, ", option->letter);
	printf("*--%s*", option->name);
	if (option->argument) {
		printf(" _");
		print_escaped(option->argument);
		printf("_");
	}
	printf("\n\t");
	print_escaped(option->help);
	for (int i = 0; option->choices && option->choices[i]; i++)
		printf("%s%s", i ? ", " : ": ", option->choices[i]);
	if (option->standard) {
		printf(" (default ");
		print_escaped(option->standard);
		printf(")");
	}
	printf("\n\n");
}

static void print_command(const char *before, const struct subcommand *row)
{
	char name[64];
	snprintf(name, sizeof name, "%s %s", before, row->name);
	if (row->hidden)
		return;
	for (int i = 0; row->children && row->children[i]; i++)
		print_command(name, row->children[i]);
	if (row->children)
		return;
	printf("## %s%s%s\n\n", name, row->syntax.positionals ? " " : "", /* scdoc takes headings as they are */
	       row->syntax.positionals ? row->syntax.positionals : "");
	print_escaped(row->help);
	if (row->syntax.shared == settings_options)
		printf(" Takes the settings below.");
	printf("\n\n");
	for (const struct cli_option *option = row->syntax.options; option && option->name; option++)
		print_option(option);
	for (const struct cli_option *option = row->syntax.shared && row->syntax.shared != settings_options ? row->syntax.shared() : NULL;
	     option && option->name; option++)
		print_option(option);
	if (row->syntax.notes) {
		print_escaped(row->syntax.notes);
		printf("\n\n");
	}
}

static void print_settings(void)
{
	printf("# SETTINGS\n\nFlags of the commands that train, names in config files, and, in capitals with QGAN\\_ before them and "
	       "\\_ for -, environment variables (QGAN\\_D\\_BITS).\n\n");
	for (const struct cli_option *option = settings_options(); option->name; option++) {
		struct cli_option shown = *option;
		if (!strcmp(option->name, "data"))
			shown.standard = "fashion-mnist where its package is installed, else shapes"; /* not what this machine happens to have */
		print_option(&shown);
	}
}

static void print_recipes(void)
{
	printf("# RECIPES\n\nSettings that belong together. *--recipe* _NAME_ trains from the beginning; *--from* _RUN_ *--recipe* "
	       "_NAME_ goes on from a run with the recipe's part for fine-tuning. A recipe is stronger than the user's configuration "
	       "file and weaker than *--config*, the environment and flags. *qgan recipes show* says what one sets, and why. A "
	       "file _NAME.conf_ in _$XDG\\_CONFIG\\_HOME/qgan/recipes_ (_~/.config_) is a recipe too: lines of a configuration file, "
	       "then, after a line \"[fine-tune]\", what changes with *--from*.\n\n");
	for (const struct recipe_text *row = recipe_texts; row->name; row++) {
		struct recipe recipe;
		struct error unused; /* the tests read every one */
		if (!recipe_from_text(row, &recipe, &unused))
			continue;
		printf("*%s*\n\t", row->name);
		print_escaped(recipe.title);
		printf("\n\n");
		recipe_clear(&recipe);
	}
}

static void print_verdicts(void)
{
	printf("# VERDICTS\n\nEvery training is judged while it runs: _convergent_ when its score has risen from the level of noise and "
	       "settles, _unstable_ when it swings or has lost much of what it had, _failed_ when it never left that level or its samples "
	       "or numbers are gone, _undecided_ when it is too early or the score still rises. The later half of the curve decides. "
	       "Without scores the diversity of the fixed samples against real pictures and the margin D(x) - D(G(z)) stand in. "
	       "A change of bits, method or rates begins anew. The limits:\n\n");
	for (const struct verdict_threshold *row = verdict_thresholds; row->name; row++) {
		printf("*%s* %g ", row->name, row->value);
		print_escaped(row->unit);
		printf("\n\t");
		print_escaped(row->reason);
		printf("\n\n");
	}
}

static int run(int argc, char **argv)
{
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_manual.syntax, subcommand_manual.help, argc, argv, NULL, &words, &status))
		return status;
	printf("# COMMANDS\n\n");
	for (int i = 0; subcommands[i]; i++)
		print_command("qgan", subcommands[i]);
	print_settings();
	print_recipes();
	print_verdicts();
	printf("# KEYS\n\n");
	action_print_manual(stdout);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

const struct subcommand subcommand_manual = {
	.name = "manual",
	.help = "Print the tables of the man page: commands, settings, recipes, verdicts, keys.",
	.run = run,
	.hidden = true,
};
