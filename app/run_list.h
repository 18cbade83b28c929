/* The store's runs in memory, brought up to date at the price of what changed, and the look at them: which, in what
 * order, with what columns. The list of the workbench and `qgan runs list` are both this. Main thread. */
#ifndef QGAN_APP_RUN_LIST_H
#define QGAN_APP_RUN_LIST_H

#include "app/run_fields.h"
#include "app/run_filter.h"

enum run_shelf {
	RUN_SHELF_USUAL, /* neither archived nor in the trash; archived ones when the filter speaks of `archived` */
	RUN_SHELF_ALL,   /* the archived ones too */
	RUN_SHELF_TRASH, /* only the trash */
};

struct run_look {
	struct run_filter *filter; /* owned */
	struct run_columns columns;
	struct run_sort sort;
	enum run_shelf shelf;
};
/* From texts as a view keeps them; its name does not matter. ERROR_INPUT names what is wrong with which of them. */
bool run_look_parse(const struct run_view *view, struct run_look *look, struct error *error);
void run_look_clear(struct run_look *look); /* a zeroed one is fine */

struct run_list;
struct run_list *run_list_create(void);
void run_list_destroy(struct run_list *list); /* NULL is fine */

/* Reads what is new. *changed: something is; pointers from before are not valid then. */
bool run_list_refresh(struct run_list *list, struct store *store, bool *changed, struct error *error);

/* Chooses and sorts; after every refresh that changed something, and when the look changes. now: unix seconds. */
void run_list_apply(struct run_list *list, const struct run_look *look, double now);

const struct run *const *run_list_shown(const struct run_list *list, size_t *count); /* of the last apply */
/* On the shelf of the look, whatever its filter says. */
size_t run_list_on_shelf(const struct run_list *list, const struct run_look *look);
size_t run_list_total(const struct run_list *list); /* in the store, the trash among them */
const struct run *run_list_find(const struct run_list *list, int64_t id); /* NULL: there is none */

#endif
