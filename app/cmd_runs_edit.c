#include "app/cmd_runs_edit.h"

#include <unistd.h>

/* Not made by this: a store that is not there has no runs to change. */
static struct store *open_existing(const char *given, struct error *error)
{
	char path[PATH_SIZE];
	if (!path_store(given, path, error))
		return NULL;
	return store_open(path, access(path, F_OK) == 0 ? STORE_WRITE : STORE_READ, error);
}

bool runs_edit_begin(struct runs_edit *edit, const struct runs_edit_arguments *arguments, const struct cli_words *words,
                     enum run_shelf shelf, struct error *error)
{
	*edit = (struct runs_edit){.store = open_existing(arguments->store, error)};
	return edit->store && run_choice_read(edit->store, words, arguments->filter, shelf, &edit->choice, error);
}

void runs_edit_end(struct runs_edit *edit)
{
	run_choice_clear(&edit->choice);
	store_close(edit->store);
}

bool runs_edit_each(struct runs_edit *edit, bool (*change)(struct runs_edit *edit, const struct run *run, const void *context,
                                                           struct error *error),
                    const void *context, struct error *error)
{
	if (!store_begin(edit->store, error))
		return false;
	bool good = true;
	for (size_t i = 0; good && i < edit->choice.count; i++)
		good = change(edit, &edit->choice.runs[i], context, error);
	if (good)
		return store_commit(edit->store, error);
	store_rollback(edit->store);
	return false;
}

int runs_edit_report(struct runs_edit *edit, bool json, const char *(*describe)(const struct run *run))
{
	json_t *list = json_array();
	for (size_t i = 0; i < edit->choice.count; i++) {
		struct run run;
		struct error error;
		if (!run_choice_find(&edit->choice, i, edit->store, &run, &error)) {
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

/* RUN [TEXT], or with a filter [TEXT] alone. */
static bool split_words(const struct cli_words *words, bool filtered, struct cli_words *names, const char **text, struct error *error)
{
	int named = filtered ? 0 : 1;
	if (words->count > named + 1)
		return error_set(error, ERROR_INPUT, "with --filter no RUN is named: expected at most one text, not %d words", words->count);
	*names = (struct cli_words){words->count < named ? words->count : named, words->items};
	*text = words->count > named ? words->items[named] : NULL;
	return true;
}

struct one_change {
	bool (*change)(struct store *store, int64_t run, const char *text, struct error *error);
	const char *text; /* NULL: nothing is changed */
};

static bool change_one(struct runs_edit *edit, const struct run *run, const void *context, struct error *error)
{
	const struct one_change *one = context;
	return one->change(edit->store, run->id, one->text, error);
}

/* A single one without a transaction around it: a new name moves files, which are no part of one. */
static bool change_chosen(struct runs_edit *edit, const struct one_change *one, bool filtered, struct error *error)
{
	if (!one->text)
		return true;
	return filtered ? runs_edit_each(edit, change_one, one, error) : change_one(edit, &edit->choice.runs[0], one, error);
}

int runs_edit_one(const struct subcommand *row, int argc, char **argv,
                  bool (*change)(struct store *store, int64_t run, const char *text, struct error *error),
                  const char *(*describe)(const struct run *run))
{
	struct runs_edit_arguments arguments = {0};
	struct runs_edit edit = {0};
	struct one_change one = {.change = change};
	struct cli_words words, names;
	struct error error = {0};
	int status;
	if (!cli_parse(&row->syntax, row->help, argc, argv, &arguments, &words, &status))
		return status;
	bool good = split_words(&words, arguments.filter != NULL, &names, &one.text, &error) &&
	            runs_edit_begin(&edit, &arguments, &names, RUN_SHELF_ALL, &error) && change_chosen(&edit, &one, arguments.filter, &error);
	status = good ? runs_edit_report(&edit, arguments.json, describe) : cli_fail(&error);
	runs_edit_end(&edit);
	return status;
}
