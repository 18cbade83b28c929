/* Subcommands as a table: one const row each, at the end of its own file app/cmd_NAME.c, listed in commands.c.
 * A row either runs or has children ("runs list", "bench step"). Help, completions and the manual read the rows. */
#ifndef QGAN_APP_COMMANDS_H
#define QGAN_APP_COMMANDS_H

#include "app/cli.h"

struct subcommand {
	const char *name;
	const char *help;                          /* one sentence, capital first, full stop */
	struct cli_syntax syntax;
	int (*run)(int argc, char **argv);         /* argv[0] is the full name, "qgan runs list"; returns the exit status */
	const struct subcommand *const *children;  /* NULL-terminated; NULL: this one runs */
	bool hidden;                               /* works, but help does not list it */
};

extern const struct subcommand *const subcommands[]; /* NULL-terminated, in the order of help */

extern const struct subcommand subcommand_bench, subcommand_completions, subcommand_data, subcommand_doctor, subcommand_export,
	subcommand_features, subcommand_import, subcommand_manual, subcommand_metrics, subcommand_quantize, subcommand_recipes,
	subcommand_eval, subcommand_report, subcommand_runs, subcommand_sample, subcommand_search, subcommand_settings, subcommand_study,
	subcommand_train, subcommand_tui, subcommand_weights;
extern const struct subcommand subcommand_bench_generate, subcommand_bench_layers, subcommand_bench_metrics,
	subcommand_bench_quantize, subcommand_bench_store,
	subcommand_bench_ui; /* a file each */

/* The whole program: argv as main got it. No word, or only settings: the workbench. Returns the exit status. */
int subcommands_main(int argc, char **argv);

#endif
