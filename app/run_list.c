#include "app/run_list.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

struct run_list {
	struct run *runs;  /* newest first: ids fall */
	size_t count, capacity;
	const struct run **shown;
	size_t shown_count;
	int64_t seen;      /* the store's number of the latest change in here */
};

bool run_look_parse(const struct run_view *view, struct run_look *look, struct error *error)
{
	*look = (struct run_look){0};
	if (!run_columns_parse(view->columns, &look->columns, error) || !run_sort_parse(view->sort, &look->sort, error))
		return false;
	look->filter = run_filter_create(view->filter, error);
	return look->filter != NULL;
}

void run_look_clear(struct run_look *look)
{
	run_filter_destroy(look->filter);
	look->filter = NULL;
}

struct run_list *run_list_create(void)
{
	return memory_zeroed(1, sizeof(struct run_list));
}

void run_list_destroy(struct run_list *list)
{
	if (!list)
		return;
	store_free_runs(list->runs, list->count);
	free(list->shown);
	free(list);
}

/* Where the run is, or belongs. */
static size_t find_place(const struct run_list *list, int64_t id)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (list->runs[middle].id > id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes what the run owns. */
static void put_run(struct run_list *list, const struct run *run)
{
	size_t place = find_place(list, run->id);
	if (place < list->count && list->runs[place].id == run->id) {
		run_clear(&list->runs[place]);
		list->runs[place] = *run;
		return;
	}
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 64;
		list->runs = memory_resized(list->runs, list->capacity, sizeof *list->runs);
	}
	memmove(&list->runs[place + 1], &list->runs[place], (list->count - place) * sizeof *list->runs);
	list->runs[place] = *run;
	list->count++;
}

static void take_all(struct run_list *list, struct run_changes *changes)
{
	store_free_runs(list->runs, list->count);
	list->runs = changes->runs;
	list->count = list->capacity = changes->count;
}

static void take_some(struct run_list *list, struct run_changes *changes)
{
	for (size_t i = changes->count; i-- > 0;) /* the oldest first: new ones then move nothing twice */
		put_run(list, &changes->runs[i]);
	free(changes->runs);
}

static bool needs_process(const struct run *run)
{
	return run->status == RUN_LIVE || run->status == RUN_PAUSED;
}

/* A process may have died without a word. */
static bool check_living(struct run_list *list)
{
	bool changed = false;
	for (size_t i = 0; i < list->count; i++) {
		if (!needs_process(&list->runs[i]))
			continue;
		store_check_processes(&list->runs[i], 1);
		changed = changed || !needs_process(&list->runs[i]);
	}
	return changed;
}

bool run_list_refresh(struct run_list *list, struct store *store, bool *changed, struct error *error)
{
	struct run_changes changes;
	if (!store_list_changes(store, list->seen, &changes, error))
		return false;
	*changed = changes.all || changes.count > 0;
	list->seen = changes.now;
	if (changes.all)
		take_all(list, &changes);
	else
		take_some(list, &changes);
	*changed = check_living(list) || *changed;
	if (*changed)
		list->shown_count = 0;
	return true;
}

static bool is_on_shelf(const struct run *run, const struct run_look *look, bool archived_too)
{
	if (look->shelf == RUN_SHELF_TRASH)
		return run->trashed > 0;
	return run->trashed == 0 && (archived_too || !run->archived);
}

static bool shows_archived(const struct run_look *look)
{
	return look->shelf == RUN_SHELF_ALL || run_filter_mentions(look->filter, "archived");
}

void run_list_apply(struct run_list *list, const struct run_look *look, double now)
{
	bool archived_too = shows_archived(look);
	free(list->shown);
	list->shown = memory_zeroed(list->count + 1, sizeof *list->shown);
	list->shown_count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (is_on_shelf(&list->runs[i], look, archived_too) && run_filter_matches(look->filter, &list->runs[i], now))
			list->shown[list->shown_count++] = &list->runs[i];
	if (look->sort.count > 0)
		run_sort_apply(&look->sort, list->shown, list->shown_count, now);
}

const struct run *const *run_list_shown(const struct run_list *list, size_t *count)
{
	*count = list->shown_count;
	return list->shown;
}

size_t run_list_on_shelf(const struct run_list *list, const struct run_look *look)
{
	bool archived_too = shows_archived(look);
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		count += is_on_shelf(&list->runs[i], look, archived_too);
	return count;
}

size_t run_list_total(const struct run_list *list)
{
	return list->count;
}

const struct run *run_list_find(const struct run_list *list, int64_t id)
{
	size_t place = find_place(list, id);
	return place < list->count && list->runs[place].id == id ? &list->runs[place] : NULL;
}
