#include "app/run_choice.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

/* Takes what the run owns. One that is meant already is not taken twice. */
static void add_run(struct run_choice *choice, struct run *run)
{
	for (size_t i = 0; i < choice->count; i++)
		if (choice->runs[i].id == run->id) {
			run_clear(run);
			return;
		}
	choice->runs = memory_resized(choice->runs, choice->count + 1, sizeof *choice->runs);
	choice->runs[choice->count++] = *run;
}

static bool add_matching(struct run_choice *choice, struct store *store, const char *filter, enum run_shelf shelf,
                         struct error *error)
{
	struct run_look look = {.shelf = shelf};
	bool changed;
	look.filter = run_filter_create(filter, error);
	if (!look.filter)
		return false;
	struct run_list *list = run_list_create();
	bool good = run_list_refresh(list, store, &changed, error);
	size_t count = 0;
	run_list_apply(list, &look, clock_unix());
	const struct run *const *runs = run_list_shown(list, &count);
	for (size_t i = 0; i < count; i++) {
		struct run run = *runs[i];
		run.config_json = NULL; /* stays the list's */
		add_run(choice, &run);
	}
	run_list_destroy(list);
	run_look_clear(&look);
	return good && (choice->count > 0 || error_set(error, ERROR_INPUT, "no run matches --filter %.100s", filter));
}

bool run_choice_read(struct store *store, const struct cli_words *words, const char *filter, enum run_shelf shelf,
                     struct run_choice *choice, struct error *error)
{
	*choice = (struct run_choice){0};
	if (words->count == 0 && !filter)
		return error_set(error, ERROR_INPUT, "which runs? expected names, ids or --filter TEXT");
	for (int i = 0; i < words->count; i++) {
		struct run run;
		if (!store_find_run(store, words->items[i], &run, error))
			return false;
		add_run(choice, &run);
	}
	return !filter || add_matching(choice, store, filter, shelf, error);
}

void run_choice_clear(struct run_choice *choice)
{
	store_free_runs(choice->runs, choice->count);
	*choice = (struct run_choice){0};
}

bool run_choice_find(const struct run_choice *choice, size_t index, struct store *store, struct run *run, struct error *error)
{
	char id[24];
	snprintf(id, sizeof id, "%" PRId64, choice->runs[index].id);
	return store_find_run(store, id, run, error);
}
