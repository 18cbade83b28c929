/* Recipes: named settings of a whole piece of work. A recipe is a config file in two parts,
 *
 *   # One line that says what it is.
 *   #
 *   # More about it: where the numbers come from.
 *
 *   name = value            first part: a training from the beginning
 *   [fine-tune]
 *   name = value            second part, which may be missing: what changes when it goes on with --from RUN
 *
 * read by the config files' own parser. Those of assets/recipes are part of the program; a person's lie in
 * $XDG_CONFIG_HOME/qgan/recipes/NAME.conf (~/.config) and go before one of the same name. Main thread. */
#ifndef QGAN_APP_RECIPES_H
#define QGAN_APP_RECIPES_H

#include "app/settings.h"

enum { RECIPE_NAME_SIZE = 64 };
enum recipe_part { RECIPE_TRAIN, RECIPE_FINE_TUNE, RECIPE_PARTS };

struct recipe {
	char name[RECIPE_NAME_SIZE]; /* "paper/dcgan-cifar10" */
	char *title;                 /* its first comment; "" without one */
	char *notes;                 /* the comment's other lines as paragraphs, a line each; may be "" */
	char *text;                  /* the file */
	char *path;                  /* NULL: part of the program */
	bool has_fine_tune;
};

/* The program's own: written when the program is built (embed_recipes). Ends with a row without a name. */
struct recipe_text {
	const char *name, *text;
};
extern const struct recipe_text recipe_texts[];
bool recipe_from_text(const struct recipe_text *row, struct recipe *recipe, struct error *error);

/* All there are, sorted by name. A person's file that cannot be read is an error that names it. */
bool recipes_list(struct recipe **recipes, size_t *count, struct error *error);
void recipes_free(struct recipe *recipes, size_t count);

/* An unknown name is an error that says what is near, or what is known. */
bool recipe_find(const char *name, struct recipe *recipe, struct error *error);
void recipe_clear(struct recipe *recipe);

/* One part over `settings`; rows that it sets get ORIGIN_RECIPE. A data set without its folder ("cifar10") leaves a folder
 * of that kind alone that is set already. The fine-tuning part must be there when it is asked for. */
bool recipe_apply(const struct recipe *recipe, enum recipe_part part, struct gan_settings *settings,
                  struct settings_origins *origins, struct error *error);

#endif
