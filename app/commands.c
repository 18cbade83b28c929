#include "app/commands.h"

#include <cairo.h>
#include <png.h>
#include <sixel.h>
#include <sqlite3.h>
#include <string.h>
#include <zlib.h>

#include <curses.h>

#include "engine/tensor/gemm.h"

const struct subcommand *const subcommands[] = {
	&subcommand_tui, &subcommand_train, &subcommand_quantize, &subcommand_weights, &subcommand_metrics, &subcommand_features,
	&subcommand_import, &subcommand_search, &subcommand_study, &subcommand_sample, &subcommand_eval, &subcommand_export, &subcommand_runs,
	&subcommand_report,
	&subcommand_data, &subcommand_recipes, &subcommand_settings,
	&subcommand_bench, &subcommand_doctor, &subcommand_completions, &subcommand_manual, NULL,
};

enum { MAX_CHILDREN = 32, FULL_NAME_SIZE = 64, NAME_COLUMN = 14 };

static void print_children(FILE *file, const struct subcommand *const children[])
{
	for (int i = 0; children[i]; i++)
		if (!children[i]->hidden)
			fprintf(file, "  %-*s%s\n", NAME_COLUMN, children[i]->name, children[i]->help);
}

static int print_group_help(FILE *file, const char *name, const struct subcommand *group)
{
	fprintf(file, "Usage: %s COMMAND [options]\n%s\n\nCommands:\n", name, group->help);
	print_children(file, group->children);
	fprintf(file, "\n%s COMMAND --help describes one of them.\n", name);
	return fflush(file) ? CLI_FAILED : file == stdout ? CLI_DONE : CLI_USAGE;
}

static int refuse_name(const char *parent, const char *word, const struct subcommand *const children[])
{
	const char *names[MAX_CHILDREN];
	size_t count = 0;
	struct text known = {0};
	for (int i = 0; children[i] && count < MAX_CHILDREN; i++) {
		if (children[i]->hidden)
			continue;
		text_format(&known, "%s%s", count ? ", " : "", children[i]->name);
		names[count++] = children[i]->name;
	}
	const char *near = cli_nearest(word, names, count);
	struct error error;
	if (near)
		error_set(&error, ERROR_INPUT, "unknown command \"%s %.40s\"; did you mean %s?", parent, word, near);
	else
		error_set(&error, ERROR_INPUT, "unknown command \"%s %.40s\"; the commands are %s", parent, word, known.bytes);
	text_clear(&known);
	return cli_fail(&error);
}

static const struct subcommand *find_child(const struct subcommand *const children[], const char *word)
{
	for (int i = 0; children[i]; i++)
		if (!strcmp(children[i]->name, word))
			return children[i];
	return NULL;
}

/* argv[0] is the row's full name. */
static int run_row(const struct subcommand *row, int argc, char **argv)
{
	if (!row->children)
		return row->run(argc, argv);
	if (argc < 2)
		return print_group_help(stderr, argv[0], row);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_group_help(stdout, argv[0], row);
	const struct subcommand *child = find_child(row->children, argv[1]);
	if (!child)
		return refuse_name(argv[0], argv[1], row->children);
	char full[FULL_NAME_SIZE];
	snprintf(full, sizeof full, "%s %s", argv[0], child->name);
	argv[1] = full;
	return run_row(child, argc - 1, argv + 1);
}

static int print_help(void)
{
	printf("Usage: qgan [COMMAND] [options]\n"
	       "Trains a DCGAN on the CPU and quantizes its weights to 1..8 bits while one watches.\n"
	       "Without a command: the workbench in the terminal.\n\nCommands:\n");
	print_children(stdout, subcommands);
	printf("\n  -h, --help      print this help\n  -V, --version   print versions of the program and its libraries\n"
	       "\nqgan COMMAND --help describes a command. Exit status: 0 done, 1 failed, 2 usage or bad input,\n"
	       "3 quality target not met, 130 or 143 interrupted after saving.\n");
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int print_version(void)
{
	printf("qgan %s\n", QGAN_VERSION);
	printf("SQLite %s, %s, jansson %s, libpng %s, zlib %s, libsixel %s, cairo %s\n", sqlite3_libversion(), curses_version(),
	       jansson_version_str(), png_get_libpng_ver(NULL), zlibVersion(), LIBSIXEL_VERSION, cairo_version_string());
	printf("BLAS: %s; own kernels: %s\n", gemm_blas_description(), tensor_kernel_name());
	printf("Licence: MIT\n");
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

int subcommands_main(int argc, char **argv)
{
	char name[] = "qgan";
	const char *word = argc > 1 ? argv[1] : NULL;
	if (word && (!strcmp(word, "--help") || !strcmp(word, "-h")))
		return print_help();
	if (word && (!strcmp(word, "--version") || !strcmp(word, "-V")))
		return print_version();
	if (argc > 0)
		argv[0] = name;
	if (!word || *word == '-') /* only options: the workbench with settings */
		return run_row(&subcommand_tui, argc, argv);
	const struct subcommand root = {.name = "qgan", .children = subcommands};
	return run_row(&root, argc, argv);
}
