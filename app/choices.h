/* What a person has chosen in the workbench, kept between starts in files of its own: the theme, and how the list of runs
 * looks. Main thread. */
#ifndef QGAN_APP_CHOICES_H
#define QGAN_APP_CHOICES_H

#include "engine/base/error.h"
#include "store/store.h"
#include "ui/theme.h"

bool theme_remember(const char *name, struct error *error);
const struct theme *theme_remembered(void); /* NULL: none was chosen, or one that is no more */

/* Columns and sorting, no name and no filter: a list that leaves out runs is asked for each time. */
bool list_remember(const struct run_view *look, struct error *error);
void list_remembered(struct run_view *look); /* empty texts: nothing was chosen. They may be of another qgan: not checked */

#endif
