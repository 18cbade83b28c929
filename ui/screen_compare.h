/* The panes of the comparison, each filling the canvas it is given. Private to ui/screen_compare*.c. */
#ifndef QGAN_UI_SCREEN_COMPARE_H
#define QGAN_UI_SCREEN_COMPARE_H

#include "ui/screen_parts.h"

enum { COMPARE_TEXT = 192, COMPARE_NUMBER = 48 };

/* Runs that are shown, however odd the numbers of the view. */
int compare_count(const struct view_compare *compare);

/* Run `index` has one colour and one number, everywhere the same. */
enum theme_role compare_role(int index);

/* A name in so many columns: of a long one the end, which tells runs of a family apart. Returns the columns used. */
int compare_draw_name(struct canvas *canvas, int x, int y, int width, enum theme_role role, int attributes, const char *name);

/* "1 cifar-a  2 cifar-b", names shortened alike so that all fit. `note` (may be NULL) writes what stands behind a name. */
void compare_draw_names(struct canvas *canvas, int y, const struct view_compare *compare,
	void (*note)(const struct view_compare *compare, int index, char *text, size_t size));

/* How many runs share the group of run `index`; whether it is the first of them. */
int compare_group_size(const struct view_compare *compare, int index);
bool compare_leads_group(const struct view_compare *compare, int index);
bool compare_has_seeds(const struct view_compare *compare); /* some differ in nothing but the seed */

/* Scores of more than one recipe are among them: no FID may be held against another. */
bool compare_recipes_differ(const struct view_compare *compare);

/* ---- screen_compare_table.c: scores and settings, one column a run; journals, one line a step ---- */

void compare_title_settings(const struct view_compare *compare, const struct compare_state *state, char *title, char *note);
void compare_draw_settings(struct canvas *canvas, const struct view_compare *compare, struct compare_state *state);
void compare_draw_journal(struct canvas *canvas, const struct view_compare *compare, struct compare_state *state);

/* ---- screen_compare_curves.c ---- */

/* The next one that is offered, one way (1) or the other (-1). */
enum view_quantity compare_next_quantity(const struct view_compare *compare, enum view_quantity quantity, int direction);
void compare_title_curves(const struct view_compare *compare, const struct compare_state *state, char *title, char *note);
void compare_draw_curves(struct canvas *canvas, const struct view_compare *compare, struct compare_state *state);
void compare_draw_sizes(struct canvas *canvas, const struct view_compare *compare);

/* ---- screen_compare_layers.c ---- */

/* Puts the cursor onto a layer that some run has; false: there is none. */
bool compare_clamp_layer(const struct view_compare *compare, struct compare_state *state);
void compare_title_states(const struct view_compare *compare, const struct compare_state *state, char *title, char *note);
void compare_draw_states(struct canvas *canvas, const struct view_compare *compare, const struct compare_state *state);
void compare_draw_samples(struct canvas *canvas, const struct view_compare *compare, struct picture_request *picture);

#endif
