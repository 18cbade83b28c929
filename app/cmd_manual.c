/* qgan manual: the parts of the man page that tables know, in scdoc's notation; assets/ holds the rest. */
#include <string.h>

#include "app/commands.h"
#include "app/recipes.h"
#include "app/run_fields.h"
#include "app/settings.h"
#include "app/study_builtin.h"
#include "app/study_spec.h"
#include "engine/gan/verdict.h"
#include "store/store.h"
#include "ui/action.h"
#include "ui/palette.h"

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
	       "Without scores the diversity of the fixed samples against real pictures and the margin D(x) - D(G(z)) stand in; scores of "
	       "other models than dcgan are first put on its scale, and where there is none (wgan-gp) only the samples are judged. "
	       "A change of bits, method or rates begins anew. The limits:\n\n");
	for (const struct verdict_threshold *row = verdict_thresholds; row->name; row++) {
		printf("*%s* %g ", row->name, row->value);
		print_escaped(row->unit);
		printf("\n\t");
		print_escaped(row->reason);
		printf("\n\n");
	}
}

static void print_filters(void)
{
	printf("# RUN FIELDS AND FILTERS\n\n*qgan runs list* shows, sorts by and filters these fields of a run, and the settings above "
	       "as it was started with (with *cfg.* before a name that is a field too). A filter is words and comparisons; those that "
	       "stand side by side must all hold; *or*, *not*, a dash before a term, and parentheses make others:\n\n"
	       "\t");
	print_escaped("bits.g<=2 (fid<60 or tag:paper) -status:crashed age<3d name~^fmnist");
	printf("\n\nA word alone is looked for in name, tags, data and note. *:* on a text means contains, *=* equals, *~* matches the "
	       "extended regular expression; none minds case. Several values may follow *:* with commas between, any will do. Numbers take k, M, "
	       "G; durations s, m, h, d, w; dates are 2026-11-26 or 2026-11-26T10:30. Values with blanks stand in double quotes. *none* is "
	       "what is not known or not there; it matches no other comparison but *!=*.\n\n");
	for (const struct run_field *field = run_fields; field->name; field++) {
		printf("*");
		print_escaped(field->name);
		printf("*");
		if (field->unit)
			printf(" (%s)", field->unit);
		printf("\n\t");
		print_escaped(field->help);
		if (field->aliases) {
			printf("; also: ");
			print_escaped(field->aliases);
		}
		printf("\n\n");
	}
}

static void print_studies(void)
{
	printf("# STUDIES\n\n*qgan study* _FILE_ trains every cell of a grid, *qgan search* the cells on the way to the fewest bits that "
	       "meet a target. A file has lines \"name = value\", \"#\" begins a comment; the names are those below and every setting. "
	       "Cells are runs of the store like any other; scores are means over several evaluations of a cell's last step. A cell's "
	       "training that fails by the verdict is cut in a search. The text is kept in the store: a study goes on by its name alone, "
	       "after an interruption or a crash too.\n\n");
	for (const struct study_row *row = study_spec_rows(); row->name; row++) {
		printf("*%s* = _", row->name);
		print_escaped(row->argument);
		printf("_\n\t");
		print_escaped(row->help);
		printf("\n\n");
	}
	printf("Built in are the paper's own:\n\n");
	for (const struct study_builtin *row = study_builtins; row->name; row++) {
		printf("*%s*\n\t", row->name);
		print_escaped(row->help);
		printf("\n\n");
	}
}

static void print_store(void)
{
	printf("# STORE\n\nThe store is one SQLite file in WAL mode; *qgan runs sql* and *sqlite3 -readonly* ask it, and reading it while "
	       "a run is training does no harm. On a network file system (told at the start, and by *qgan doctor*) it keeps a rollback "
	       "journal instead, and only one machine should write it. Times are seconds since 1970 in UTC, steps count from 1, step 0 is "
	       "the untrained network, NULL in a REAL column means \"not known\", bits are 1..8, or 32 for weights that are not "
	       "quantized.\n\n");
	for (const struct schema_row *row = schema_rows; row->table; row++) {
		if (!row->column) {
			printf("## %s\n\n", row->table);
			print_escaped(row->help);
		} else {
			printf("*");
			print_escaped(row->column);
			printf("*\n\t");
			print_escaped(row->help);
		}
		printf("\n\n");
	}
	printf("The best runs of at most two bits, for instance:\n\n\t");
	print_escaped("qgan runs sql \"SELECT name, d_bits, g_bits, best_fid FROM runs WHERE g_bits <= 2 ORDER BY best_fid\"");
	printf("\n\n");
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
	print_studies();
	print_filters();
	print_store();
	printf("# KEYS\n\n");
	action_print_manual(stdout);
	printf("## Commands of the palette\n\n");
	palette_print_manual(stdout);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

const struct subcommand subcommand_manual = {
	.name = "manual",
	.help = "Print the tables of the man page: commands, settings, recipes, verdicts, fields of runs, the store, keys.",
	.run = run,
	.hidden = true,
};
