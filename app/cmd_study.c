/* qgan study: grids of trainings, from a file or one of the paper's. */
#include "app/cmd_study.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/paths.h"
#include "app/study_builtin.h"
#include "app/study_run.h"
#include "app/text_table.h"
#include "engine/base/file_bytes.h"

enum { SPEC_BYTES = 1 << 20 };

struct study_arguments {
	const char *store, *name, *data, *csv, *report;
	struct cli_list set;
	double scale;
	bool list, results, dry_run, json;
};

/* What a word on the command line stands for. */
struct source {
	char name[RUN_NAME_SIZE]; /* of the study */
	char *text;               /* of its spec; NULL: the store has it already */
	const char *place;        /* how errors call the text */
};

/* "paper/table2" becomes paper-table2, "studies/a.conf" a. */
static void name_after(const char *word, bool file, char name[RUN_NAME_SIZE])
{
	const char *slash = strrchr(word, '/');
	text_copy(name, RUN_NAME_SIZE, file && slash ? slash + 1 : word);
	char *dot = file ? strrchr(name, '.') : NULL;
	if (dot && dot != name)
		*dot = '\0';
	for (char *c = name; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '-';
}

static bool read_file(const char *path, struct source *source, struct error *error)
{
	struct file_bytes file;
	if (!file_bytes_read(path, SPEC_BYTES, &file, error))
		return false;
	if (memchr(file.bytes, '\0', file.size)) {
		file_bytes_clear(&file);
		return error_set(error, ERROR_INPUT, "%s: a zero byte: this is not a text file", path);
	}
	struct text text = {0};
	text_append(&text, (const char *)file.bytes, file.size);
	file_bytes_clear(&file);
	source->text = text.bytes;
	source->place = path;
	return true;
}

static bool is_known(const char *store_path, const char *name)
{
	struct error ignored;
	struct study study;
	struct store *store = store_open(store_path, STORE_READ, &ignored);
	bool known = store && store_find_study(store, name, &study, &ignored);
	if (known)
		study_clear(&study);
	store_close(store);
	return known;
}

static bool find_source(const struct study_arguments *arguments, const char *store_path, const char *word, struct source *source,
                        struct error *error)
{
	const struct study_builtin *builtin = study_builtin_find(word);
	bool file = !builtin && (strchr(word, '/') || strchr(word, '.'));
	*source = (struct source){.place = word};
	name_after(word, file, source->name);
	if (arguments->name && !text_copy(source->name, sizeof source->name, arguments->name))
		return error_set(error, ERROR_INPUT, "--name: expected at most %d bytes", RUN_NAME_SIZE - 1);
	if (is_known(store_path, source->name))
		return true;
	if (file)
		return read_file(word, source, error);
	if (!builtin)
		return error_set(error, ERROR_INPUT, "\"%.60s\" is no study in the store, no file, and none of the built-in ones, which "
		                 "qgan study --list names", word);
	struct text text = {0};
	text_format(&text, "%s", builtin->text);
	source->text = text.bytes;
	return true;
}

static bool apply_flags(const struct study_arguments *arguments, struct study_spec *spec, struct error *error)
{
	if (arguments->data && !study_spec_set(spec, "data", "--data", arguments->data, error))
		return false;
	for (int i = 0; i < arguments->set.count; i++) {
		char name[STUDY_WORD_SIZE];
		const char *equals = strchr(arguments->set.items[i], '=');
		if (!equals || (size_t)(equals - arguments->set.items[i]) >= sizeof name)
			return error_set(error, ERROR_INPUT, "--set must be NAME=VALUE, not \"%.60s\"", arguments->set.items[i]);
		snprintf(name, sizeof name, "%.*s", (int)(equals - arguments->set.items[i]), arguments->set.items[i]);
		if (!study_spec_set(spec, name, name, equals + 1, error))
			return error_prefix(error, "--set");
	}
	if (arguments->scale > 0)
		study_spec_scale(spec, arguments->scale);
	return true;
}

/* The text is read twice: once to know where the settings come from, once to win over them. */
static bool make_spec(const struct study_arguments *arguments, struct store *store, const struct source *source,
                      struct study_spec *spec, struct error *error)
{
	study_spec_init(spec);
	if (!study_spec_parse(source->place, source->text, spec, error))
		return false;
	if (*spec->from && !store)
		return error_set(error, ERROR_INPUT, "from: there is no store yet that could hold %s", spec->from);
	if (*spec->from && !study_spec_adopt(store, source->place, source->text, spec, error))
		return false;
	return apply_flags(arguments, spec, error) && study_spec_check(spec, error) && dataset_check(spec->settings.data, error);
}

static bool has_changes(const struct study_arguments *arguments)
{
	return arguments->data || arguments->set.count || arguments->scale > 0;
}

static int work(const struct study_arguments *arguments, const char *store_path, const struct source *source)
{
	struct error error = {0};
	struct study_spec spec;
	struct study study;
	const struct study_output output = {arguments->json, arguments->csv, arguments->report};
	if (!source->text && (arguments->results || !has_changes(arguments)) && !arguments->dry_run)
		return arguments->results ? study_tell(store_path, source->name, &output)
		                          : study_work_and_tell(store_path, source->name, &output);
	if (!source->text)
		error_set(&error, ERROR_INPUT, "study %s has begun with what it was asked: to ask something else, give it another --name",
		          source->name);
	else if (arguments->results)
		error_set(&error, ERROR_INPUT, "there is no study %s in the store yet", source->name);
	if (error.code)
		return cli_fail(&error);
	struct store *store = store_open(store_path, arguments->dry_run ? STORE_READ : STORE_WRITE, &error);
	bool good = (store || arguments->dry_run) && make_spec(arguments, store, source, &spec, &error);
	if (good && !arguments->dry_run) {
		good = study_create(store, source->name, &spec, &study, &error);
		study_clear(&study);
	}
	store_close(store);
	if (!good)
		return cli_fail(&error);
	return arguments->dry_run ? study_tell_plan(store_path, source->name, &spec, arguments->json)
	                          : study_work_and_tell(store_path, source->name, &output);
}

static int run(int argc, char **argv)
{
	struct study_arguments arguments = {0};
	struct cli_words words;
	struct error error = {0};
	struct source source = {0};
	char store_path[PATH_SIZE];
	int status;
	if (!cli_parse(&subcommand_study.syntax, subcommand_study.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!path_store(arguments.store, store_path, &error))
		return cli_fail(&error);
	if (arguments.list || !words.count)
		return study_list(store_path, false, arguments.json);
	if (!find_source(&arguments, store_path, words.items[0], &source, &error))
		return cli_fail(&error);
	status = work(&arguments, store_path, &source);
	free(source.text);
	return status;
}

static const struct cli_option options[] = {
	{.name = "name", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(struct study_arguments, name),
	 .help = "call the study so"},
	{.name = "scale", .kind = CLI_REAL, .argument = "X", .offset = offsetof(struct study_arguments, scale), .min = 1e-6, .max = 1,
	 .help = "steps of the float run and of cells times X; results state it"},
	{.name = "data", .kind = CLI_TEXT, .argument = "SPEC", .offset = offsetof(struct study_arguments, data),
	 .help = "another data set than the study names"},
	{.name = "set", .kind = CLI_LIST, .argument = "NAME=VALUE", .offset = offsetof(struct study_arguments, set),
	 .help = "one line of the study, or a setting, otherwise; may be given several times"},
	{.name = "dry-run", .kind = CLI_FLAG, .offset = offsetof(struct study_arguments, dry_run),
	 .help = "print the cells and the time they would take, train nothing"},
	{.name = "results", .kind = CLI_FLAG, .offset = offsetof(struct study_arguments, results),
	 .help = "print what there is, train nothing"},
	{.name = "list", .kind = CLI_FLAG, .offset = offsetof(struct study_arguments, list),
	 .help = "print the studies of the store and those built in"},
	{.name = "csv", .kind = CLI_TEXT, .argument = "FILE", .offset = offsetof(struct study_arguments, csv),
	 .help = "write the results as a table too"},
	{.name = "report", .kind = CLI_TEXT, .argument = "DIR", .offset = offsetof(struct study_arguments, report),
	 .help = "write a Markdown report with charts, beside the paper's figures, into that folder"},
	CLI_STORE(struct study_arguments, store),
	CLI_JSON(struct study_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_study = {
	.name = "study",
	.help = "Train a grid of settings: a file, one of the paper's (paper/table2), or one begun before.",
	.syntax = {
		.positionals = "[NAME|FILE]", .min = 0, .max = 1, .options = options,
		.notes = "A file has lines name = value. Names are settings and those of studies, which man qgan lists. Ctrl-C or SIGTERM\n"
		         "saves and ends (status 130, 143); the same command goes on, even after a crash. Every cell is a run of the store.\n",
	},
	.run = run,
};
