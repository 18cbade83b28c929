/* Marked runs beside each other, read from the store piece by piece: what the comparison screen shows. Every piece takes
 * some milliseconds, whatever the length of the runs, so that keys are answered in between. Main thread. */
#ifndef QGAN_APP_COMPARISON_H
#define QGAN_APP_COMPARISON_H

#include "store/store.h"
#include "ui/action.h"
#include "ui/view.h"

struct comparison;
struct inspector;

/* The first VIEW_COMPARED of `runs` are compared, the others are only points of the chart of sizes. Borrows the store, and
 * the inspector, which draws samples from checkpoints (NULL: only what was recorded is shown); it is this comparison's alone.
 * NULL and an error when one of those runs cannot be read. */
struct comparison *comparison_create(struct store *store, struct inspector *inspector, const int64_t runs[], size_t count,
                                     struct error *error);
void comparison_destroy(struct comparison *comparison); /* NULL is fine */

/* Reads the next piece; false: there was nothing to be done. */
bool comparison_work(struct comparison *comparison);
bool comparison_waits(const struct comparison *comparison); /* a piece is to be read */

/* The store has changed: what can still grow is read again. */
void comparison_refresh(struct comparison *comparison);

/* ACTION_COMPARE_BEFORE, _AFTER, _FIRST, _LAST: another step of the strips. False: there is none that way. */
bool comparison_scrub(struct comparison *comparison, enum action action);

/* The strips are drawn from checkpoints, all from the same noise, or are those recorded again. False: they cannot be drawn. */
bool comparison_change_noise(struct comparison *comparison, struct error *error);

/* The marked runs, those compared first; at most so many. Returns how many. */
size_t comparison_runs(const struct comparison *comparison, int64_t runs[], size_t most);

const struct view_compare *comparison_view(const struct comparison *comparison); /* borrowed */

#endif
