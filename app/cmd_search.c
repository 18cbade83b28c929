/* qgan search: the fewest bits that meet a quality target (the paper's section 4.2). */
#include "app/cmd_study.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/paths.h"
#include "app/settings.h"
#include "app/study_run.h"

struct search_arguments {
	const char *store, *name, *from, *methods, *bits, *recipe, *features, *csv, *report, *cut;
	double fid_max, is_min, fid_ratio;
	int64_t budget, base, samples, evaluations;
	bool scratch, dry_run, results, list, json;
	struct settings_words settings;
};

/* A line of the spec for every option that was given. */
static bool set_text(struct study_spec *spec, const char *name, const char *flag, const char *value, struct error *error)
{
	return !value || study_spec_set(spec, name, flag, value, error);
}

static bool fill_spec(const struct search_arguments *a, struct study_spec *spec, struct error *error)
{
	spec->fid_max = a->fid_max;
	spec->is_min = a->is_min;
	spec->fid_ratio = a->fid_ratio;
	spec->cell_steps = a->budget ? a->budget : spec->cell_steps;
	spec->base_steps = a->base ? a->base : spec->base_steps;
	spec->samples = a->samples;
	spec->evaluations = a->evaluations ? a->evaluations : spec->evaluations;
	return set_text(spec, "kind", "kind", study_kind_names[STUDY_SEARCH], error) &&
	       set_text(spec, "from", "--from", a->from, error) && set_text(spec, "methods", "--methods", a->methods, error) &&
	       set_text(spec, "bits", "--tried", a->bits, error) && set_text(spec, "recipe", "--recipe", a->recipe, error) &&
	       set_text(spec, "cut", "--cut", a->cut, error) &&
	       set_text(spec, "features", "--score-features", a->features, error) &&
	       set_text(spec, "phase", "phase", study_phase_names[a->scratch ? STUDY_SCRATCH : STUDY_FINE_TUNE], error);
}

static bool make_spec(const struct search_arguments *a, struct store *store, struct study_spec *spec, struct error *error)
{
	study_spec_init(spec);
	if (!fill_spec(a, spec, error))
		return false;
	if (a->from && (!study_spec_adopt(store, "", "", spec, error) ||
	                !settings_apply_flags(&a->settings, &spec->settings, NULL, error)))
		return false;
	if (!a->from && !settings_load(&a->settings, &spec->settings, NULL, error))
		return false;
	return study_spec_check(spec, error) && dataset_check(spec->settings.data, error);
}

/* "search-shapes", and a number where that is taken. */
static bool choose_name(const struct search_arguments *a, struct store *store, const struct study_spec *spec,
                        char name[RUN_NAME_SIZE], struct error *error)
{
	if (a->name)
		return text_copy(name, RUN_NAME_SIZE, a->name) ||
		       error_set(error, ERROR_INPUT, "--name: expected at most %d bytes", RUN_NAME_SIZE - 1);
	int kind = (int)strcspn(spec->settings.data, ":");
	kind = kind < 32 ? kind : 32;
	for (int number = 1; ; number++) {
		struct study taken;
		struct error ignored;
		snprintf(name, RUN_NAME_SIZE, number > 1 ? "search-%.*s-%d" : "search-%.*s", kind, spec->settings.data, number);
		if (!store_find_study(store, name, &taken, &ignored))
			return true;
		study_clear(&taken);
	}
}

static int begin(const struct search_arguments *a, const char *store_path, const struct study_output *output)
{
	char name[RUN_NAME_SIZE] = "search";
	struct error error = {0};
	struct study_spec spec;
	struct study study = {0};
	struct store *store = store_open(store_path, STORE_WRITE, &error);
	bool good = store && make_spec(a, store, &spec, &error) && choose_name(a, store, &spec, name, &error);
	if (good && !a->dry_run)
		good = study_create(store, name, &spec, &study, &error);
	study_clear(&study);
	store_close(store);
	if (!good)
		return cli_fail(&error);
	if (a->dry_run)
		return study_tell_plan(store_path, name, &spec, a->json);
	if (!a->json)
		fprintf(stderr, "search %s\n", name);
	return study_work_and_tell(store_path, name, output);
}

/* "no search X; there are A, B". */
static bool refuse_unknown(struct store *store, const char *name, struct error *error)
{
	struct study *studies;
	size_t count, searches = 0;
	struct text names = {0};
	if (!store_list_studies(store, &studies, &count, error))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(studies[i].kind, study_kind_names[STUDY_SEARCH]))
			text_format(&names, "%s%s", searches++ ? ", " : "", studies[i].name);
	free(studies);
	error_set(error, ERROR_INPUT, "no search \"%.40s\"; there %s%.300s", name, searches ? "are " : "is none yet",
	          searches ? names.bytes : "");
	text_clear(&names);
	return false;
}

/* Whether a search of that name is in the store. */
static bool check_name(const char *store_path, const char *name, struct error *error)
{
	struct study study = {0};
	struct error ignored;
	struct store *store = store_open(store_path, STORE_READ, error);
	bool good = store && store_find_study(store, name, &study, &ignored);
	if (store && !good)
		refuse_unknown(store, name, error);
	else if (good && strcmp(study.kind, study_kind_names[STUDY_SEARCH]))
		good = error_set(error, ERROR_INPUT, "%s is no search but a study: qgan study %s goes on with it", study.name, study.name);
	study_clear(&study);
	store_close(store);
	return good;
}

static int run(int argc, char **argv)
{
	struct search_arguments arguments = {0};
	struct cli_words words;
	struct error error = {0};
	char store_path[PATH_SIZE];
	int status;
	if (!cli_parse(&subcommand_search.syntax, subcommand_search.help, argc, argv, &arguments, &words, &status))
		return status;
	const struct study_output output = {arguments.json, arguments.csv, arguments.report};
	if (!path_store(arguments.store, store_path, &error))
		return cli_fail(&error);
	if (arguments.list)
		return study_list(store_path, true, arguments.json);
	if (!words.count)
		return begin(&arguments, store_path, &output);
	if (!check_name(store_path, words.items[0], &error))
		return cli_fail(&error);
	bool asks = arguments.fid_max > 0 || arguments.is_min > 0 || arguments.fid_ratio > 0 || arguments.from ||
	            settings_words_any(&arguments.settings);
	if (asks)
		error_set(&error, ERROR_INPUT, "search %s has begun with what it was asked: leave out target, --from and settings, or the "
		          "name", words.items[0]);
	if (asks)
		return cli_fail(&error);
	return arguments.results ? study_tell(store_path, words.items[0], &output)
	                         : study_work_and_tell(store_path, words.items[0], &output);
}

#define AT(field) offsetof(struct search_arguments, field)

static const char *const cuts[] = {"auto", "yes", "no", NULL};

static const struct cli_option options[] = {
	{.name = "fid-max", .kind = CLI_REAL, .argument = "X", .offset = AT(fid_max), .min = 0, .max = 1e9,
	 .help = "target: a FID of at most X"},
	{.name = "is-min", .kind = CLI_REAL, .argument = "Y", .offset = AT(is_min), .min = 0, .max = 1e9,
	 .help = "target: an Inception Score of at least Y"},
	{.name = "fid-ratio", .kind = CLI_REAL, .argument = "R", .offset = AT(fid_ratio), .min = 0, .max = 1e9,
	 .help = "target: a FID of at most R times the float run's"},
	{.name = "from", .kind = CLI_TEXT, .argument = "RUN[@STEP]", .offset = AT(from),
	 .help = "the float run that cells fine-tune from; without it one is trained first"},
	{.name = "budget", .kind = CLI_INTEGER, .argument = "STEPS", .offset = AT(budget), .min = 1, .max = 1e9, .standard = "2000",
	 .help = "steps of every cell"},
	{.name = "base", .kind = CLI_INTEGER, .argument = "STEPS", .offset = AT(base), .min = 1, .max = 1e9, .standard = "10000",
	 .help = "steps of the float run, where it is trained here"},
	{.name = "scratch", .kind = CLI_FLAG, .offset = AT(scratch), .help = "cells train from fresh weights instead"},
	{.name = "methods", .kind = CLI_TEXT, .argument = "LIST", .offset = AT(methods), .standard = "em",
	 .help = "quantizers, one search each; the smallest model of all wins"},
	{.name = "tried", .kind = CLI_TEXT, .argument = "LIST", .offset = AT(bits), .standard = "1,2,3,4,8",
	 .help = "bits that are tried, upward, then float; --bits is a setting of training"},
	{.name = "cut", .kind = CLI_CHOICE, .argument = "WORD", .offset = AT(cut), .choices = cuts, .standard = "auto",
	 .help = "end cells early that fail by the verdict"},
	{.name = "recipe", .kind = CLI_TEXT, .argument = "NAME", .offset = AT(recipe), .help = "how cells are scored"},
	{.name = "score-features", .kind = CLI_TEXT, .argument = "NETWORK", .offset = AT(features),
	 .help = "the feature network of the scores"},
	{.name = "score-samples", .kind = CLI_INTEGER, .argument = "N", .offset = AT(samples), .min = 0, .max = 1e6,
	 .standard = "as the recipe says", .help = "pictures an evaluation"},
	{.name = "evaluations", .kind = CLI_INTEGER, .argument = "N", .offset = AT(evaluations), .min = 1, .max = 100, .standard = "3",
	 .help = "evaluations a cell that its score is the mean of"},
	{.name = "name", .kind = CLI_TEXT, .argument = "NAME", .offset = AT(name), .help = "call the search so"},
	{.name = "dry-run", .kind = CLI_FLAG, .offset = AT(dry_run), .help = "print the cells it may need and the time, train nothing"},
	{.name = "results", .kind = CLI_FLAG, .offset = AT(results), .help = "print what a search has found so far, train nothing"},
	{.name = "list", .kind = CLI_FLAG, .offset = AT(list), .help = "print the searches of the store"},
	{.name = "csv", .kind = CLI_TEXT, .argument = "FILE", .offset = AT(csv), .help = "write the cells as a table too"},
	{.name = "report", .kind = CLI_TEXT, .argument = "DIR", .offset = AT(report), .help = "write a Markdown report into that folder"},
	CLI_STORE(struct search_arguments, store),
	CLI_JSON(struct search_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_search = {
	.name = "search",
	.help = "Find the fewest bits of D and of G that still meet a quality target.",
	.syntax = {
		.positionals = "[NAME]", .min = 0, .max = 1, .options = options,
		.shared_title = "Settings",
		.shared = settings_options,
		.shared_offset = offsetof(struct search_arguments, settings),
		.notes = "First D's fewest bits with a float G, then G's fewest bits with that D, each upward from 1 bit. NAME goes on with\n"
		         "one that was begun. Ctrl-C or SIGTERM saves and ends (status 130, 143). Status 3: no setting meets the target.\n",
	},
	.run = run,
};
