#include "app/cmd_runs_edit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

/* Not made by this: a store that is not there has no runs to change. */
static struct store *open_existing(const char *given, struct error *error)
{
	char path[PATH_SIZE];
	if (!path_store(given, path, error))
		return NULL;
	return store_open(path, access(path, F_OK) == 0 ? STORE_WRITE : STORE_READ, error);
}

/* Takes what the run owns. One that is meant already is not taken twice. */
static void add_run(struct runs_edit *edit, struct run *run)
{
	for (size_t i = 0; i < edit->count; i++)
		if (edit->runs[i].id == run->id) {
			run_clear(run);
			return;
		}
	edit->runs = memory_resized(edit->runs, edit->count + 1, sizeof *edit->runs);
	edit->runs[edit->count++] = *run;
}

static bool add_matching(struct runs_edit *edit, const char *filter, enum run_shelf shelf, struct error *error)
{
	struct run_look look = {.shelf = shelf};
	bool changed;
	look.filter = run_filter_create(filter, error);
	if (!look.filter)
		return false;
	struct run_list *list = run_list_create();
	bool good = run_list_refresh(list, edit->store, &changed, error);
	size_t count = 0;
	run_list_apply(list, &look, clock_unix());
	const struct run *const *runs = run_list_shown(list, &count);
	for (size_t i = 0; i < count; i++) {
		struct run run = *runs[i];
		run.config_json = NULL; /* stays the list's */
		add_run(edit, &run);
	}
	run_list_destroy(list);
	run_look_clear(&look);
	return good && (edit->count > 0 || error_set(error, ERROR_INPUT, "no run matches --filter %.100s", filter));
}

bool runs_edit_begin(struct runs_edit *edit, const struct runs_edit_arguments *arguments, const struct cli_words *words,
                     enum run_shelf shelf, struct error *error)
{
	*edit = (struct runs_edit){0};
	if (words->count == 0 && !arguments->filter)
		return error_set(error, ERROR_INPUT, "which runs? expected names, ids or --filter TEXT");
	edit->store = open_existing(arguments->store, error);
	if (!edit->store)
		return false;
	for (int i = 0; i < words->count; i++) {
		struct run run;
		if (!store_find_run(edit->store, words->items[i], &run, error))
			return false;
		add_run(edit, &run);
	}
	return !arguments->filter || add_matching(edit, arguments->filter, shelf, error);
}

void runs_edit_end(struct runs_edit *edit)
{
	store_free_runs(edit->runs, edit->count);
	store_close(edit->store);
}

bool runs_edit_each(struct runs_edit *edit, bool (*change)(struct runs_edit *edit, const struct run *run, const void *context, struct error *error),
                    const void *context, struct error *error)
{
	if (!store_begin(edit->store, error))
		return false;
	bool good = true;
	for (size_t i = 0; good && i < edit->count; i++)
		good = change(edit, &edit->runs[i], context, error);
	if (good)
		return store_commit(edit->store, error);
	store_rollback(edit->store);
	return false;
}

static bool read_again(struct runs_edit *edit, size_t index, struct run *run, struct error *error)
{
	char id[24];
	snprintf(id, sizeof id, "%" PRId64, edit->runs[index].id);
	return store_find_run(edit->store, id, run, error);
}

int runs_edit_report(struct runs_edit *edit, bool json, const char *(*describe)(const struct run *run))
{
	json_t *list = json_array();
	for (size_t i = 0; i < edit->count; i++) {
		struct run run;
		struct error error;
		if (!read_again(edit, i, &run, &error)) {
			json_decref(list);
			return cli_fail(&error);
		}
		const char *sentence = describe(&run);
		if (json)
			json_array_append_new(list, run_to_json(&run));
		else
			fprintf(stderr, "%s%s%s\n", run.name, sentence ? ": " : "", sentence ? sentence : "");
		run_clear(&run);
	}
	json_t *result = json_pack("{s:o, s:o}", "store", cli_json_text(store_path(edit->store)), "runs", list);
	if (json)
		return cli_print_json(result);
	json_decref(result);
	return CLI_DONE;
}

int runs_edit_many(const struct subcommand *row, int argc, char **argv, struct runs_edit_arguments *arguments, enum run_shelf shelf,
                   bool (*change)(struct runs_edit *edit, const struct run *run, const void *context, struct error *error),
                   const char *(*describe)(const struct run *run))
{
	struct runs_edit edit = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&row->syntax, row->help, argc, argv, arguments, &words, &status))
		return status;
	bool good = runs_edit_begin(&edit, arguments, &words, shelf, &error) && runs_edit_each(&edit, change, arguments, &error);
	status = good ? runs_edit_report(&edit, arguments->json, describe) : cli_fail(&error);
	runs_edit_end(&edit);
	return status;
}

int runs_edit_one(const struct subcommand *row, int argc, char **argv,
                  bool (*change)(struct store *store, int64_t run, const char *text, struct error *error),
                  const char *(*describe)(const struct run *run))
{
	struct runs_edit_arguments arguments = {0};
	struct runs_edit edit = {0};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&row->syntax, row->help, argc, argv, &arguments, &words, &status))
		return status;
	const struct cli_words name = {1, words.items};
	bool good = runs_edit_begin(&edit, &arguments, &name, RUN_SHELF_ALL, &error) &&
	            (words.count == 1 || change(edit.store, edit.runs[0].id, words.items[1], &error));
	status = good ? runs_edit_report(&edit, arguments.json, describe) : cli_fail(&error);
	runs_edit_end(&edit);
	return status;
}
