/* The theme a person has chosen, kept between workbenches in a file of its own. Main thread. */
#ifndef QGAN_APP_THEME_CHOICE_H
#define QGAN_APP_THEME_CHOICE_H

#include "engine/base/error.h"
#include "ui/theme.h"

bool theme_remember(const char *name, struct error *error);
const struct theme *theme_remembered(void); /* NULL: none was chosen, or one that is no more */

#endif
